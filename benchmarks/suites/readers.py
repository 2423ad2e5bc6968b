"""The readers of events that are compared: each reads the `data` of every event from the same chunks of bytes.

A reader is a function of chunks. It does what programs that use the library do for those chunks, and not less: the
library's own classes read, `data` is read from each event, and it is a str. With `seen`, a reader appends each `data`
to it, so that all can be compared before any is timed. The docstring of a reader says what it leaves out of the
standard and of ssescan's limits; the page prints that beside the figures.

Libraries that want str get it from the incremental decoder beneath httpx's `iter_text`, and from nothing else of httpx.
"""

from __future__ import annotations

import inspect
import os
import sys
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any, NamedTuple

import ssescan

EventReader = Callable[..., None]
Seen = list[str] | None

new_text_decoder = getincrementaldecoder("utf-8")


@cache
def pure_ssescan() -> Any:
    """Import a second copy of the package, with the backend in pure Python."""

    def modules() -> dict[str, Any]:
        return {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "ssescan"}

    loaded, backend = modules(), os.environ.get("SSESCAN_BACKEND")
    for name in loaded:
        del sys.modules[name]
    os.environ["SSESCAN_BACKEND"] = "python"
    try:
        package: Any = import_module("ssescan")
        list(package.iter_events([b"data: loads what is imported at the first use\n\n"]))
    finally:
        for name in modules():
            del sys.modules[name]
        sys.modules.update(loaded)
        os.environ.pop("SSESCAN_BACKEND")
        if backend is not None:
            os.environ["SSESCAN_BACKEND"] = backend
    assert package.backend == "python"
    return package


def drain(events: Iterable[Any], seen: Seen = None) -> None:
    """Read `data` of each event: the loop for all libraries whose interface is an iterator."""
    if seen is None:
        for event in events:
            event.data  # noqa: B018 - reading it is what is measured
    else:
        seen.extend(event.data for event in events)


def read_compiled(chunks: Iterable[bytes], seen: Seen = None) -> None:
    """Chunks by iter_events, with the backend that was loaded.

    Left out: nothing.
    """
    drain(ssescan.iter_events(chunks), seen)


def read_python(chunks: Iterable[bytes], seen: Seen = None) -> None:
    """Chunks by iter_events, with the backend in pure Python.

    Left out: nothing.
    """
    drain(pure_ssescan().iter_events(chunks), seen)


def httpx_sse(chunks: Iterable[bytes], seen: Seen = None) -> None:
    """Text by its decoders of lines and of events.

    Left out: a BOM (the first field is lost); a limit; CR at the end of a chunk (the line is held back); blocks
    without data (yielded, as events); `retry` to the letter (all that int() accepts is accepted).
    """
    decoders: Any = import_module("httpx_sse._decoders")
    decode_text, lines, events = new_text_decoder("replace").decode, decoders.SSELineDecoder(), decoders.SSEDecoder()
    for chunk in chunks:
        for line in lines.decode(decode_text(chunk)):
            event = events.decode(line)
            if event is not None:
                data = event.data
                if seen is not None:
                    seen.append(data)


def httpx2(chunks: Iterable[bytes], seen: Seen = None) -> None:
    """Text by the parser beneath its EventSource.

    Left out: a BOM (the first field is lost); CR at the end of a chunk (the line is held back); blocks without data
    (yielded, as events); `retry` to the letter (all that int() accepts is accepted). It counts bytes for a limit, as
    ssescan does.
    """
    decode_text = new_text_decoder("replace").decode
    # Its default limit is 1 MiB; this is ssescan's, so that large events can be measured too.
    decode: Any = import_module("httpx2._sse")._SSEParser(64 * 2**20).decode  # noqa: SLF001
    for chunk in chunks:
        for event in decode(decode_text(chunk)):
            data = event.data
            if seen is not None:
                seen.append(data)


def openai(chunks: Iterable[bytes], seen: Seen = None) -> None:
    """Chunks by the SDK's decoder, before any JSON.

    Left out: a BOM (the first field is lost); a limit; invalid UTF-8 (it raises); blocks without data (yielded, as
    events); `retry` to the letter (all that int() accepts is accepted).
    """
    drain(import_module("openai._streaming").SSEDecoder().iter_bytes(iter(chunks)), seen)


def anthropic(chunks: Iterable[bytes], seen: Seen = None) -> None:
    """Chunks by the SDK's decoder, before any JSON; it keeps the lines of each event as well.

    Left out: a BOM (the first field is lost); a limit; invalid UTF-8 (it raises); blocks without data (yielded, as
    events); mixed line ends (held back until others come); `retry` to the letter (all that int() accepts is accepted).
    Quadratic in the length of an event.
    """
    drain(import_module("anthropic._streaming").SSEDecoder().iter_bytes(iter(chunks)), seen)


def sseclient(chunks: Iterable[bytes], seen: Seen = None) -> None:
    """Chunks by its client, which accepts any iterable.

    Left out: a BOM (the first field is lost); a limit; invalid UTF-8 (it raises); mixed line ends (events are
    merged); the last event ID (forgotten); `retry` (any text is accepted); an unfinished block at the end (yielded, as
    an event). Quadratic in the length of an event.
    """
    drain(import_module("sseclient").SSEClient(chunks).events(), seen)


def requests_sse(chunks: Iterable[bytes], seen: Seen = None) -> None:
    """Chunks by its client, from a response without HTTP; requests makes lines of them.

    Left out: a BOM (the first field is lost); a limit; invalid UTF-8 (it raises); CRLF in two chunks (two line
    ends); spaces before data, and line ends after it (dropped); NUL in an ID (kept); `retry` to the letter (all that
    int() accepts is accepted). Quadratic in the length of an event.
    """
    response: Any = import_module("requests").Response()
    response.status_code, response.url = 200, "http://mock/"
    response.headers["Content-Type"] = "text/event-stream"
    # requests itself would read 512 bytes at a time. There is no connection to close.
    response.iter_content, response.close = lambda *sizes, **options: iter(chunks), lambda: None
    session = SimpleNamespace(request=lambda **options: response)

    def end() -> None:
        # At every end, it would wait ten seconds and connect again.
        raise StopAsyncIteration

    source: Any = import_module("requests_sse").EventSource
    with suppress(StopAsyncIteration), source("", session=session, on_error=end) as events:
        drain(events, seen)


def google_genai(chunks: Iterable[bytes], seen: Seen = None) -> None:
    """Chunks by the SDK's decoder of lines; for its client, each line that begins with `data: ` is an event.

    Left out: events. It does not know names, IDs, data of several lines, comments, a BOM or a limit.
    """
    client: Any = import_module("google.genai._api_client")
    for line in client._iter_sse_lines(chunks):  # noqa: SLF001
        if line.startswith("data: "):
            data = line[6:]
            if seen is not None:
                seen.append(data)


def by_hand(chunks: Iterable[bytes], seen: Seen = None) -> None:
    """Chunks by `split` and `startswith`.

    Left out: all but blocks of one data line, with LF and one space. Quadratic in the length of an event.
    """
    # The quickest form that is common: `*blocks, buffer =` costs a quarter more; asking `in` first, or splitting off
    # one block at a time, costs twice as much.
    buffer = b""
    for chunk in chunks:
        buffer += chunk
        blocks = buffer.split(b"\n\n")
        buffer = blocks.pop()
        for block in blocks:
            if block.startswith(b"data: "):
                data = block[6:].decode()
                if seen is not None:
                    seen.append(data)


OURS, PURE, BY_HAND = "ssescan", "ssescan python", "by hand"

# The reader and the module of each package, by its name on PyPI.
LIBRARIES: dict[str, tuple[EventReader, str]] = {
    "httpx-sse": (httpx_sse, "httpx_sse"),
    "httpx2": (httpx2, "httpx2"),
    "openai": (openai, "openai"),
    "anthropic": (anthropic, "anthropic"),
    "sseclient-py": (sseclient, "sseclient"),
    "requests-sse": (requests_sse, "requests_sse"),
    "google-genai": (google_genai, "google"),
}
READERS: dict[str, EventReader] = {
    OURS: read_compiled,
    PURE: read_python,
    **{name: reader for name, (reader, module) in LIBRARIES.items() if find_spec(module)},
    BY_HAND: by_hand,
}

# Splitting by hand, as above, knows no CRLF, and wants `data: ` at the begin of a block.
NOT_READ_BY = {"openai_responses": {BY_HAND}, "anthropic_messages": {BY_HAND}, "gemini": {BY_HAND}}

# Readers that look at the whole event so far with each piece of it. For an event of 4 MiB, the slowest needs two
# seconds in pieces of 4 KiB, eight in pieces of 1 KiB, and minutes in pieces of 64 bytes.
QUADRATIC = {"anthropic", "sseclient-py", "requests-sse", BY_HAND}
TOO_SLOW = {("image", "4 KiB"): {BY_HAND}, ("image", "1 KiB"): QUADRATIC, ("image", "64 B"): QUADRATIC}


def able(stream: str, size: str = "") -> dict[str, EventReader]:
    """Return the readers that can read a kind of stream; with the name of a cut, those that need only seconds."""
    left_out = NOT_READ_BY.get(stream, set()) | TOO_SLOW.get((stream, size), set())
    return {name: read for name, read in READERS.items() if name not in left_out}


class Work(NamedTuple):
    """The description of a reader on the page, beside its figures."""

    reads: str
    leaves_out: str


def work_of(reader: object) -> Work:
    """Parse the docstring of a reader."""
    reads, _, leaves_out = (inspect.getdoc(reader) or "").partition("\n\nLeft out: ")
    return Work(reads, " ".join(leaves_out.split()))


def versions(names: Iterable[str] = LIBRARIES) -> dict[str, str]:
    """Return the installed versions."""
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found
