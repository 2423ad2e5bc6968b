"""Who is measured beside us: each reads the `data` of every event from the same chunks of bytes.

A reader is a function of chunks. It does what its users' code does for those chunks, and not less: the reading is by
the peer's own classes, `data` is taken from each event, and it is a str. Where `seen` is given, a reader appends each
`data` to it, so that a test can tell that all read the same before any is timed.

Peers that want str get it from the incremental decoder that is beneath httpx's `iter_text`, and from nothing else of
httpx. So each is measured at its best: what its users run has a layer or two more.
"""

from __future__ import annotations

from codecs import getincrementaldecoder
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from ssescan.scanner import _python
from ssescan.streams import iter_events

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Reader = Callable[..., None]

_new_text_decoder = getincrementaldecoder("utf-8")


class PythonStream(_python.EventPump):
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
    """Read by ssescan, with the backend that was loaded. Nothing is left undone."""
    drain(iter_events(chunks), seen)


def read_python(chunks: Iterable[bytes], seen: list[str] | None = None) -> None:
    """Read by ssescan in pure Python. Nothing is left undone."""
    drain(PythonStream(chunks), seen)


def httpx_sse_reader() -> Reader:
    """Left undone: BOM, the limit, `retry` to the letter (it takes what int() takes), CR that ends a chunk (held)."""
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
    """Left undone: BOM, `retry` and CR as httpx-sse. It counts bytes for its limit, as we do."""
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
    """Left undone: BOM, the limit, UTF-8 that is invalid (it raises), blocks without data (it dispatches them)."""
    streaming: Any = import_module("openai._streaming")

    def read(chunks: Iterable[bytes], seen: list[str] | None = None) -> None:
        drain(streaming.SSEDecoder().iter_bytes(iter(chunks)), seen)

    return read


def anthropic_reader() -> Reader:
    """Left undone: as openai, and mixed line ends; quadratic in the length of an event. It keeps the raw lines too."""
    streaming: Any = import_module("anthropic._streaming")

    def read(chunks: Iterable[bytes], seen: list[str] | None = None) -> None:
        drain(streaming.SSEDecoder().iter_bytes(iter(chunks)), seen)

    return read


def sseclient_reader() -> Reader:
    """Left undone: as anthropic, and the last event ID, which it forgets; quadratic as that."""
    sseclient: Any = import_module("sseclient")

    def read(chunks: Iterable[bytes], seen: list[str] | None = None) -> None:
        drain(sseclient.SSEClient(chunks).events(), seen)

    return read


def google_genai_reader() -> Reader:
    """Left undone: events. It gives lines; its client takes those that begin with `data: ` for an event each."""
    client: Any = import_module("google.genai._api_client")

    def read(chunks: Iterable[bytes], seen: list[str] | None = None) -> None:
        for line in client._iter_sse_lines(chunks):
            if line.startswith("data: "):
                data = line[6:]
                if seen is not None:
                    seen.append(data)

    return read


def by_hand_reader() -> Reader:
    """Left undone: all but blocks of one data line, with LF and one space; quadratic in the length of an event.

    This is the quickest that people write: `*blocks, buffer =` takes a quarter more time, to ask `in` first twice as
    much, and so does to take a block at a time.
    """

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
    "google-genai": google_genai_reader,
}

# Splitting by hand, as above, knows no CRLF. It and google-genai want `data: ` to be what a block begins with.
NOT_READ_BY = {"anthropic_messages": {BY_HAND}, "gemini": {BY_HAND}}


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


def able(workload: str) -> dict[str, Reader]:
    """Give the readers that can read a workload, ours first."""
    readers = {OURS: read_compiled, PURE: read_python, **load()[0]}
    return {name: read for name, read in readers.items() if name not in NOT_READ_BY.get(workload, ())}


def versions() -> str:
    """Name what is installed, with versions, for the head of a report."""
    found = []
    for name in LIBRARIES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} not installed")
    return ", ".join(found)
