"""The argument `FILE | URL | -` and curl's options -H, -d, -X: from the command line to a stream of bytes.

For every command that reads a stream. Knows nothing of events and of how they are printed.
"""

import contextlib
import functools
import io
import math
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import click

from .._secrets import argument_without_secrets, error_without_secrets, url_without_secrets
from ..client.redirects import send
from ..streams import iter_events
from .exits import Exit, Failure, failure_of
from .visible import visible

if TYPE_CHECKING:
    import httpx

CHUNK = 64 * 1024  # bytes, the most that one read of a file or a pipe returns
HEADER = re.compile(r"\s*([^\s:;]+)(?:\s*:\s*(?P<value>[^\r\n\0]*?)\s*|;\s*)\Z")
METHOD = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)  # a token of RFC 9110
FORM = "application/x-www-form-urlencoded"


def positive_seconds(context: click.Context, option: click.Parameter, seconds: float | None) -> float | None:
    """Return the value of an option, None without one; a click callback that accepts only finite positive numbers."""
    if seconds is not None and not 0 < seconds < math.inf:
        raise click.BadParameter(f"expected a finite number of seconds over zero, got {seconds}", context, option)
    return seconds


def source_options(command: Callable[..., object]) -> Callable[..., object]:
    """Add the argument SOURCE and the options of a Request to a command, which gets them as `source` and `request`."""
    headers_help = "Send this header; 'NAME:' leaves one out, 'NAME;' sends it empty."
    data_help = "POST this; @FILE and @- read it. Several are joined with &."
    idle_help = "Fail if the server sends no byte for so long."

    @click.argument("source", default="-", metavar="[FILE | URL | -]")
    @click.option("-H", "headers", multiple=True, metavar="'NAME: VALUE'", help=headers_help)
    @click.option("-d", "data", multiple=True, metavar="DATA", help=data_help)
    @click.option("-X", "method", metavar="METHOD", help="The method of the request.")
    @click.option("--idle", type=float, callback=positive_seconds, metavar="SECONDS", help=idle_help)
    @functools.wraps(command)
    def with_request(
        *, headers: tuple[str, ...], data: tuple[str, ...], method: str | None, idle: float | None, **others: Any
    ) -> object:
        return command(request=Request(headers, data, method, idle), **others)

    return with_request


@dataclass(frozen=True)
class Request:
    """The request of the options -H, -d, -X and --idle, which need a URL."""

    headers: tuple[str, ...]
    data: tuple[str, ...]
    method: str | None
    idle: float | None  # seconds

    def used_options(self) -> list[str]:
        options = {"-H": self.headers, "-d": self.data, "-X": self.method is not None, "--idle": self.idle is not None}
        return [name for name, used in options.items() if used]

    def body(self) -> bytes | None:
        """Return the body, each -d joined with & as curl does; None without -d."""
        return b"&".join(map(data_of, self.data)) if self.data else None

    def header_lines(self) -> tuple[list[tuple[bytes, bytes]], list[str]]:
        """Return the headers to send, and the names of the headers to leave out."""
        defaults = {"accept": b"text/event-stream"} | ({"content-type": FORM.encode()} if self.data else {})
        lines, removed = [], []
        for text in self.headers:
            match = HEADER.match(text)
            if not match or not match[1].isascii():
                raise click.UsageError(f"expected -H 'Name: value' (or 'Name:', 'Name;'), got {without_value(text)}")
            name, value = match[1], match["value"]
            defaults.pop(name.lower(), None)
            if value == "":
                removed.append(name)
            else:
                lines.append((name.encode(), os.fsencode(value or "")))
        return [(name.encode(), value) for name, value in defaults.items()] + lines, removed


@dataclass(frozen=True)
class Source:
    """An open stream of bytes.

    `stream` is a source for iter_events, `name` its name in messages. Two times of time.perf_counter_ns(): `asked_ns`,
    when the request was sent or the file opened; `began_ns`, when the response began to arrive, None for files and
    pipes.
    """

    name: str
    stream: "io.BufferedReader | httpx.Response"
    asked_ns: int
    began_ns: int | None = None

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes as they arrive; a response is checked as by iter_events."""
        if isinstance(self.stream, io.BufferedReader):
            while chunk := self.stream.read1(CHUNK):
                yield chunk
        else:
            with iter_events(self.stream):  # entering it checks the response; nothing is read through it
                yield from self.stream.iter_bytes()


@contextlib.contextmanager
def open_source(target: str, request: Request) -> Iterator[Source]:
    """Open a file, a URL or standard input ("-"), and close it at the end.

    Wrong arguments and a file that cannot be opened raise a click.UsageError, a URL that cannot be reached a Failure.
    """
    if target.lower().startswith(("http://", "https://")):
        with open_url(target, request) as source:
            yield source
        return
    if options := request.used_options():
        text = f"{', '.join(options)} need a URL (http:// or https://), got {argument_without_secrets(target)!r}"
        raise click.UsageError(text)
    if target == "-":
        if sys.stdin is None:
            raise click.UsageError("expected an open standard input, it is closed; name a FILE or a URL")
        yield Source("standard input", cast("io.BufferedReader", sys.stdin.buffer), time.perf_counter_ns())
        return
    with open_file(target) as file:
        yield Source(visible(target), file, time.perf_counter_ns())


@contextlib.contextmanager
def open_url(url: str, request: Request) -> Iterator[Source]:
    """Send the request and yield its response as soon as its headers have come, with the body unread."""
    name = url_name(url)
    import httpx

    lines, removed = request.header_lines()
    body = request.body()
    # Only reading has no limit: a model may think for minutes between two events, but connecting never takes that long.
    timeout = httpx.Timeout(10.0, read=request.idle)
    answers: list[httpx.Response] = []
    try:
        client = httpx.Client(timeout=timeout, event_hooks={"response": [answers.append]})
    except (ImportError, ValueError, httpx.InvalidURL) as error:  # for the proxies in the environment
        text = f"expected a proxy that httpx can use, got: {error_without_secrets(error)}"
        raise Failure(Exit.OTHER, f"{text}; see HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY") from error
    method = request.method or ("GET" if body is None else "POST")
    if not METHOD.fullmatch(method):
        text = f"expected a request that HTTP allows, got method {argument_without_secrets(method)!r}"
        raise click.UsageError(f"{text}; check -X and -H")
    with client:
        try:
            built = client.build_request(method, url, headers=lines, content=body)
        except (httpx.InvalidURL, UnicodeError) as error:
            raise click.UsageError(f"expected a URL, got {name!r}: {error_without_secrets(error)}") from error
        for header in removed:
            built.headers.pop(header, None)
        asked_ns = time.perf_counter_ns()
        try:
            response, refused_redirect = send(client, built, {})
        except Exception as error:
            if failure := failure_of(error, name, "before a response came"):
                raise failure from error
            if isinstance(error, httpx.InvalidURL | UnicodeError):  # UnicodeError: an impossible name of a host
                raise invalid_url(error, name, answers) from error
            raise
        with contextlib.closing(response):
            if refused_redirect:
                text = f"expected an event stream from {name}, got status {response.status_code}"
                raise Failure(Exit.REFUSED, f"{text}; {refused_redirect}; name that URL if you trust it")
            yield Source(name, response, asked_ns, time.perf_counter_ns())


def invalid_url(error: Exception, name: str, answers: "list[httpx.Response]") -> click.ClickException:
    """Return the error for a URL that the client refused: the user's, or that of a redirect, if a response came."""
    text = error_without_secrets(error)
    if not answers:
        return click.UsageError(f"expected a URL, got {name!r}: {text}")
    got = f"got status {answers[-1].status_code}, a redirect to an invalid URL"
    return Failure(Exit.REFUSED, f"expected an event stream from {name}, {got}: {text}")


def open_file(path: str) -> io.BufferedReader:
    """Open a file for reading bytes; a usage error if that fails."""
    try:
        return Path(path).open("rb")
    except (OSError, ValueError) as error:  # ValueError: a path with NUL
        reason = getattr(error, "strerror", None) or error
        text = f"expected a file to read, a URL or -, got {argument_without_secrets(path)!r}: {reason}"
        raise click.UsageError(text) from error


def data_of(text: str) -> bytes:
    """Return the bytes of one -d: its text, or for @FILE and @- the content without CR, LF and NUL."""
    if not text.startswith("@"):
        return os.fsencode(text)
    if text == "@-":
        if sys.stdin is None:
            raise click.UsageError("expected an open standard input for -d @-, it is closed; name a file: -d @FILE")
        content = sys.stdin.buffer.read()
    else:
        with open_file(text[1:]) as file:
            content = file.read()
    return content.translate(None, b"\r\n\0")


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


def without_value(header: str) -> str:
    """Return a description of an invalid argument of -H: its name at most, as the rest may be a misplaced key."""
    name, colon, _ = header.partition(":")
    if not colon:
        return f"{len(header)} characters without a colon"
    if METHOD.fullmatch(name.strip()):
        return f"a value with a line end or NUL in it, for {name.strip()!r}"
    return f"{len(name)} characters before the colon that are not the name of a header"
