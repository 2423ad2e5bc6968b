"""The readers of events that `ssescan bench` and benchmarks/ compare: each reads `data` of every event.

A reader is a function of chunks. It does what programs that use the library do for those chunks, and not less: the
library's own classes read, `data` is read from each event, and it is a str. With `seen`, a reader appends each `data`
to it, so that all can be compared before any is timed. The docstring of a reader says what it leaves out of the
standard and of ssescan's limits; the page prints that beside the figures.

Libraries that want str get it from the incremental decoder beneath httpx's `iter_text`, and from nothing else of httpx.
"""

from __future__ import annotations

import os
import sys
from codecs import IncrementalDecoder, getincrementaldecoder
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

from .. import iter_events

EventReader = Callable[..., None]
Seen = list[str] | None

new_text_decoder: Callable[[str], IncrementalDecoder] = getincrementaldecoder("utf-8")


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
    if package.backend != "python":
        raise ImportError("expected the backend in pure Python, got the compiled one")
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
    drain(iter_events(chunks), seen)


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
