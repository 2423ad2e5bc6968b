"""Who is measured beside us: each reads the `data` of every event from the same chunks of bytes.

A reader is a function of chunks. It does what its users' code does for those chunks, and not less: the reading is by
the peer's own classes, `data` is taken from each event, and it is a str. Where `seen` is given, a reader appends each
`data` to it, so that a test can tell that all read the same before any is timed. What of the standard and of our limits
a peer leaves undone, the docstring of its reader says, and `work` to who prints it beside the figures.

Peers that want str get it from the incremental decoder that is beneath httpx's `iter_text`, and from nothing else of
httpx. So each is measured at its best: what its users run has a layer or two more.
"""

from __future__ import annotations

import inspect
from codecs import getincrementaldecoder
from contextlib import suppress
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, NamedTuple

from ssescan.scanner import _python
from ssescan.streams import iter_events

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Reader = Callable[..., None]

_new_text_decoder = getincrementaldecoder("utf-8")


class PythonStream(_python.EventReader):
    """What iter_events returns, over the backend in pure Python: one process cannot hold both under that name."""

    __slots__ = ("_chunks",)

    def __init__(self, chunks: Iterable[bytes]) -> None:
        super().__init__(_python.Scanner(), False)
        self._chunks = chunks

    def _open(self) -> Iterator[bytes]:
        return iter(self._chunks)

    def _finish(self, error: BaseException | None, cut: bool) -> bool:
        return False


def drain(events: Iterable[Any], seen: list[str] | None = None) -> None:
    """Read `data` of each event: the loop of all whose interface is an iterator."""
    if seen is None:
        for event in events:
            event.data  # noqa: B018 - reading it is what is measured
    else:
        seen.extend(event.data for event in events)


def read_compiled(chunks: Iterable[bytes], seen: list[str] | None = None) -> None:
    """Chunks by iter_events, with the backend that was loaded.

    Left undone: nothing.
    """
    drain(iter_events(chunks), seen)


def read_python(chunks: Iterable[bytes], seen: list[str] | None = None) -> None:
    """Chunks by what iter_events returns, in pure Python.

    Left undone: nothing.
    """
    drain(PythonStream(chunks), seen)


def httpx_sse_reader() -> Reader:
    """Text by its decoders of lines and of events.

    Left undone: a BOM (the first field is lost); a limit; CR at the end of a chunk (the line is held back); blocks
    without data (given, as events); `retry` to the letter (what int() takes is taken).
    """
    decoders: Any = import_module("httpx_sse._decoders")

    def read(chunks: Iterable[bytes], seen: list[str] | None = None) -> None:
        decode_text = _new_text_decoder("replace").decode
        lines = decoders.SSELineDecoder()
        events = decoders.SSEDecoder()
        for chunk in chunks:
            for line in lines.decode(decode_text(chunk)):
                event = events.decode(line)
                if event is not None:
                    data = event.data
                    if seen is not None:
                        seen.append(data)

    return read


def httpx2_reader() -> Reader:
    """Text by the parser beneath its EventSource.

    Left undone: a BOM (the first field is lost); CR at the end of a chunk (the line is held back); blocks without data
    (given, as events); `retry` to the letter (what int() takes is taken). It counts bytes for a limit, as we do.
    """
    sse: Any = import_module("httpx2._sse")

    def read(chunks: Iterable[bytes], seen: list[str] | None = None) -> None:
        decode_text = _new_text_decoder("replace").decode
        # Its default limit is 1 MiB; ours is given, so that large events can be measured too.
        decode = sse._SSEParser(64 * 2**20).decode
        for chunk in chunks:
            for event in decode(decode_text(chunk)):
                data = event.data
                if seen is not None:
                    seen.append(data)

    return read


def openai_reader() -> Reader:
    """Chunks by the SDK's decoder, before any JSON.

    Left undone: a BOM (the first field is lost); a limit; invalid UTF-8 (it raises); blocks without data (given, as
    events); `retry` to the letter (what int() takes is taken).
    """
    streaming: Any = import_module("openai._streaming")

    def read(chunks: Iterable[bytes], seen: list[str] | None = None) -> None:
        drain(streaming.SSEDecoder().iter_bytes(iter(chunks)), seen)

    return read


def anthropic_reader() -> Reader:
    """Chunks by the SDK's decoder, before any JSON; it keeps the lines of each event as well.

    Left undone: a BOM (the first field is lost); a limit; invalid UTF-8 (it raises); blocks without data (given, as
    events); mixed line ends (held back until others come); `retry` to the letter (what int() takes is taken). Quadratic
    in the length of an event.
    """
    streaming: Any = import_module("anthropic._streaming")

    def read(chunks: Iterable[bytes], seen: list[str] | None = None) -> None:
        drain(streaming.SSEDecoder().iter_bytes(iter(chunks)), seen)

    return read


def sseclient_reader() -> Reader:
    """Chunks by its client, which takes any iterable.

    Left undone: a BOM (the first field is lost); a limit; invalid UTF-8 (it raises); mixed line ends (events are
    merged); the last event ID (forgotten); `retry` (any text is taken); an unfinished block at the end (given, as an
    event). Quadratic in the length of an event.
    """
    sseclient: Any = import_module("sseclient")

    def read(chunks: Iterable[bytes], seen: list[str] | None = None) -> None:
        drain(sseclient.SSEClient(chunks).events(), seen)

    return read


def requests_sse_reader() -> Reader:
    """Chunks by its client, from a response without HTTP; requests makes lines of them.

    Left undone: a BOM (the first field is lost); a limit; invalid UTF-8 (it raises); CRLF in two chunks (two line
    ends); spaces before data, and line ends after it (dropped); NUL in an ID (kept); `retry` to the letter (what int()
    takes is taken). Quadratic in the length of an event.
    """
    library: Any = import_module("requests_sse")
    requests: Any = import_module("requests")

    class Body(requests.Response):  # type: ignore[misc]
        """What its lines are taken from. requests itself would read 512 bytes at a time."""

        def __init__(self, chunks: Iterable[bytes]) -> None:
            super().__init__()
            self.status_code = 200
            self.headers["Content-Type"] = "text/event-stream"
            self.url = "http://mock/"
            self.chunks = chunks

        def iter_content(self, *sizes: object, **options: object) -> Iterator[bytes]:
            return iter(self.chunks)

        def close(self) -> None:
            """There is no connection."""

    class Session:
        def __init__(self, chunks: Iterable[bytes]) -> None:
            self.chunks = chunks

        def request(self, **options: object) -> Body:
            return Body(self.chunks)

    class EndedError(Exception):
        pass

    def end() -> None:
        # It is told of every end, and would wait ten seconds and connect again.
        raise EndedError

    def read(chunks: Iterable[bytes], seen: list[str] | None = None) -> None:
        with suppress(EndedError), library.EventSource("", session=Session(chunks), on_error=end) as events:
            drain(events, seen)

    return read


def google_genai_reader() -> Reader:
    """Chunks by the SDK's decoder of lines; of those, its client takes each that begins with `data: ` for an event.

    Left undone: events. Names, IDs, data of several lines, comments and a BOM are not known to it, nor is a limit.
    """
    client: Any = import_module("google.genai._api_client")

    def read(chunks: Iterable[bytes], seen: list[str] | None = None) -> None:
        for line in client._iter_sse_lines(chunks):
            if line.startswith("data: "):
                data = line[6:]
                if seen is not None:
                    seen.append(data)

    return read


def by_hand_reader() -> Reader:
    """Chunks by `split` and `startswith`.

    Left undone: all but blocks of one data line, with LF and one space. Quadratic in the length of an event.
    """
    # This is the quickest that people write: `*blocks, buffer =` takes a quarter more time, to ask `in` first twice as
    # much, and so does to take a block at a time.

    def read(chunks: Iterable[bytes], seen: list[str] | None = None) -> None:
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

    return read


OURS, PURE, BY_HAND = "ssescan", "ssescan python", "by hand"

# How the reader of each package is made. In the package's name, as pip knows it.
LIBRARIES: dict[str, Callable[[], Reader]] = {
    "httpx-sse": httpx_sse_reader,
    "httpx2": httpx2_reader,
    "openai": openai_reader,
    "anthropic": anthropic_reader,
    "sseclient-py": sseclient_reader,
    "requests-sse": requests_sse_reader,
    "google-genai": google_genai_reader,
}

# Splitting by hand, as above, knows no CRLF. It and google-genai want `data: ` to be what a block begins with.
NOT_READ_BY = {"openai_responses": {BY_HAND}, "anthropic_messages": {BY_HAND}, "gemini": {BY_HAND}}

# To some, all that came of an event is work again with each piece of it. An event of 4 MiB is two seconds of that for
# the slowest in pieces of 4 KiB, eight in pieces of 1 KiB, and minutes in pieces of 64 bytes.
QUADRATIC = {"anthropic", "sseclient-py", "requests-sse", BY_HAND}
TOO_SLOW = {
    ("image", "4 KiB"): {BY_HAND},
    ("image", "1 KiB"): {BY_HAND, "requests-sse"},
    ("image", "64 B"): QUADRATIC,
}


class Work(NamedTuple):
    """What is said of a reader beside its figures."""

    does: str
    left_undone: str


@cache
def load() -> tuple[dict[str, Reader], list[str]]:
    """Give the readers of what is installed and of splitting by hand, by name, and a line for each that is not."""
    readers = {}
    missing = []
    for name, make_reader in LIBRARIES.items():
        try:
            readers[name] = make_reader()
        except ImportError as error:
            missing.append(f"{name} is left out: {error}")
    readers[BY_HAND] = by_hand_reader()
    return readers, missing


def able(workload: str, size: str = "") -> dict[str, Reader]:
    """Give the readers that can read a workload, ours first; with the name of a cut, those that do so in seconds."""
    readers = {OURS: read_compiled, PURE: read_python, **load()[0]}
    left_out = NOT_READ_BY.get(workload, set()) | TOO_SLOW.get((workload, size), set())
    return {name: read for name, read in readers.items() if name not in left_out}


def work_of(reader: object) -> Work:
    """Read the docstring of a reader, or of what makes it."""
    does, _, left_undone = (inspect.getdoc(reader) or "").partition("\n\nLeft undone: ")
    return Work(does, " ".join(left_undone.split()))


def work() -> dict[str, Work]:
    """Tell of each reader what it does and leaves undone, whether it is installed or not."""
    made = {OURS: read_compiled, PURE: read_python, **LIBRARIES, BY_HAND: by_hand_reader}
    return {name: work_of(reader) for name, reader in made.items()}


def versions() -> str:
    """Name what is installed, with versions, for the head of a report."""
    found = []
    for name in LIBRARIES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} not installed")
    return ", ".join(found)
