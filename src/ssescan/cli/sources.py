"""The argument `FILE | URL | -`: from the command line to a stream of bytes.

For every command that reads a stream; `curl.py` has the options of a request. Knows nothing of events and of how they
are printed.
"""

import contextlib
import io
import os
import re
import stat
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

import click

from .._secrets import argument_without_secrets, error_without_secrets, url_without_secrets
from ..client.redirects import MAX_PORT, has_port, send
from ..sources import byte_source_of
from ..streams import iter_events
from .curl import Request
from .exits import NO_RESPONSE, Exit, Failure, failure_of, print_note
from .visible import visible

if TYPE_CHECKING:
    import httpx

    from ..testing import Tape

CHUNK = 64 * 1024  # bytes, the most that one read of a file or a pipe returns
# A host with a port, and what may follow it in a URL. A drive (C:) has no digits.
HOST_AND_PORT = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[\w-][\w.-]*):\d{1,5}(?:[/?#].*)?", re.DOTALL)


@dataclass(frozen=True)
class Source:
    """An open stream of bytes.

    `stream` is a source for iter_events (a file, a response, a tape), `name` its name in messages. Two times of
    time.perf_counter_ns(): `asked_ns`, when the request was sent or the file opened; `began_ns`, when the response
    began to arrive, None for files, pipes and tapes.
    """

    name: str
    stream: "io.BufferedReader | httpx.Response | Tape"
    asked_ns: int
    began_ns: int | None = None

    @property
    def is_file(self) -> bool:
        """Whether all of it was there before it was asked for."""
        if isinstance(self.stream, io.BufferedReader):
            return stat.S_ISREG(os.fstat(self.stream.fileno()).st_mode)
        return self.began_ns is None  # a tape

    @property
    def recorded(self) -> list[int]:
        """Of a tape with times, the nanoseconds from its request to each of its reads; else empty."""
        times: list[int | None] = [chunk.time_ns for chunk in getattr(self.stream, "chunks", ())]
        return [time_ns for time_ns in times if time_ns is not None] if None not in times else []

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes as they arrive; a response is checked as by iter_events."""
        if isinstance(self.stream, io.BufferedReader):
            while chunk := self.stream.read1(CHUNK):
                yield chunk
        else:
            with iter_events(self.stream):  # entering it checks the response; nothing is read through it
                yield from byte_source_of(self.stream, "chunks").open()


@contextlib.contextmanager
def open_source(target: str, request: Request) -> Iterator[Source]:
    """Open a file, a URL or standard input ("-"), and close it at the end.

    Wrong arguments and a file that cannot be opened raise a click.UsageError, a URL that cannot be reached a Failure.
    """
    if url := url_of(target):
        with open_url(url, request) as source:
            yield source
        return
    if options := request.used_options():
        need = f"{', '.join(options)} need{'s' * (len(options) == 1)} a URL (http://, https:// or HOST:PORT)"
        raise click.UsageError(f"{need}, got {argument_without_secrets(target)!r}")
    if target == "-":
        if sys.stdin is None:
            raise click.UsageError("expected an open standard input, it is closed; name a FILE or a URL")
        yield Source("standard input", cast("io.BufferedReader", sys.stdin.buffer), time.perf_counter_ns())
        return
    with open_file(target) as file:
        yield Source(visible(target), tape_in(file, target) or file, time.perf_counter_ns())


@contextlib.contextmanager
def open_url(url: str, request: Request) -> Iterator[Source]:
    """Send the request and yield its response as soon as its headers have come, with the body unread."""
    name = url_name(url)
    import httpx

    prepared = request.prepared(url)
    # Only reading has no limit: a model may think for minutes between two events, but connecting never takes that long.
    timeout = httpx.Timeout(10.0, connect=request.connect_timeout or 10.0, read=request.read_timeout)
    answers: list[httpx.Response] = []
    try:
        client = httpx.Client(verify=not request.insecure, timeout=timeout, event_hooks={"response": [answers.append]})
    except (ImportError, ValueError, httpx.InvalidURL) as error:  # for the proxies in the environment
        text = f"expected a proxy that httpx can use, got: {error_without_secrets(error)}"
        raise Failure(Exit.OTHER, f"{text}; see HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY") from error
    with client:
        try:
            built = client.build_request(
                prepared.method, prepared.url, headers=prepared.headers, content=prepared.content
            )
        except (httpx.InvalidURL, UnicodeError) as error:
            raise click.UsageError(f"expected a URL, got {name!r}: {error_without_secrets(error)}") from error
        if not has_port(built.url):
            raise click.UsageError(f"expected a URL with a port of up to {MAX_PORT}, got {name!r}")
        for header in prepared.removed:
            built.headers.pop(header, None)
        asked_ns = time.perf_counter_ns()
        try:
            response, refused_redirect = send(client, built, {})
        except Exception as error:
            if failure := failure_of(error, name, NO_RESPONSE):
                raise failure from error
            if isinstance(error, httpx.InvalidURL | UnicodeError):  # UnicodeError: an impossible name of a host
                raise invalid_url(error, name, answers) from error
            raise
        with contextlib.closing(response):
            if refused_redirect:
                text = f"expected an event stream from {name}, got status {response.status_code}"
                raise Failure(Exit.REFUSED, f"{text}; {refused_redirect}; name that URL if you trust it")
            try:
                yield Source(name, response, asked_ns, time.perf_counter_ns())
            except Failure as failure:  # it may quote a body in which the server quotes a key
                from .noted_reads import text_without_keys

                raise Failure(failure.status, text_without_keys(str(failure), response)) from failure.__cause__


def invalid_url(error: Exception, name: str, answers: "list[httpx.Response]") -> click.ClickException:
    """Return the error for a URL that the client refused: the user's, or that of a redirect, if a response came."""
    text = error_without_secrets(error)
    if not answers:
        return click.UsageError(f"expected a URL, got {name!r}: {text}")
    got = f"got status {answers[-1].status_code}, a redirect to an invalid URL"
    return Failure(Exit.REFUSED, f"expected an event stream from {name}, {got}: {text}")


def url_of(target: str) -> str | None:
    """Return the URL of a target, None for a file. A host with a port is one too, unless a file has that name."""
    if target.lower().startswith(("http://", "https://")):
        return target
    # Not Path.exists(), which raises for a name that is too long.
    if not HOST_AND_PORT.fullmatch(target) or os.path.exists(target):
        return None
    url = f"http://{target}"
    print_note(f"no file has that name, so this is read: {url_without_secrets(url)}")
    return url


def open_file(path: str) -> io.BufferedReader:
    """Open a file for reading bytes; a usage error if that fails."""
    try:
        return Path(path).open("rb")
    except (OSError, ValueError) as error:  # ValueError: a path with NUL
        reason = getattr(error, "strerror", None) or error
        text = f"expected a file to read, a URL or -, got {argument_without_secrets(path)!r}: {reason}"
        raise click.UsageError(text) from error


def tape_in(file: io.BufferedReader, path: str) -> "Tape | None":
    """Return the tape in a file, None if it is any other file; a usage error for a tape that is damaged."""
    # A pipe has not been written yet, perhaps.
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode) or file.peek(1)[:1] not in (b"{", b"\xef"):
        return None
    from ..testing import Tape
    from ..testing.tape_format import is_tape

    if not is_tape(file.peek()):
        return None
    try:
        tape = Tape.open(path)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    if tape.note:
        print_note(f"the tape {visible(tape.name)} is not whole, {tape.note}")
    return tape


def url_name(url: str) -> str:
    """Return a URL as messages show it; a click.UsageError if it is invalid or has no host."""
    name = visible(url_without_secrets(url))
    try:
        host = urlsplit(url).hostname
    except ValueError as error:  # its text may quote a password
        raise click.UsageError(f"expected a URL, got {name!r}; check its host and its brackets") from error
    if not host:
        raise click.UsageError(f"expected a URL with a host, got {name!r}")
    return name
