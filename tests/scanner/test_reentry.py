"""Callbacks that run within a read, and use the reader or its scanner."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

STREAM = b"id: 1\ndata: a\n\n: c\ndata: b\n\n"
READING = "this stream is being read already: a stream has one reader at a time"
FEEDING = "this scanner is being fed already: a chunk that is asked for its bytes must not use the scanner"

# Calls to the reader, and to the scanner.
READER_CALLS = {
    "next": lambda reader, scanner: next(reader.iterator),
    "feed_reader": lambda reader, scanner: reader.feed(b"data: x\n\n"),
    "feed_reader_other": lambda reader, scanner: reader.feed(bytearray(b"data: x\n\n")),
    "pop": lambda reader, scanner: reader.pop(),
    "close_reader": lambda reader, scanner: reader.close(),
}
SCANNER_CALLS = {
    "feed": lambda reader, scanner: scanner.feed(b"data: x\n\n"),
    "feed_other": lambda reader, scanner: scanner.feed(bytearray(b"data: x\n\n")),
    "close": lambda reader, scanner: scanner.close(),
    "reset": lambda reader, scanner: scanner.reset(),
}
DONE = "'done'"  # its form in the log


def nothing(reader: Any, scanner: Any) -> str:
    return "done"


def stop(reader: Any, scanner: Any) -> str:
    reader.stop()
    return "done"


# The places: while the scanner gets the bytes of a chunk, and other parts of a read.
BYTES = ["chunk", "bytes_of"]
READ = ["source", "open", "finish", "finish_error"]


class Run:
    """A read of a few chunks with one call at one place. `log` has all results."""

    def __init__(self, module: Any, place: str, act: Any, chunk_kind: str = "class") -> None:
        self.place, self.act = place, act
        self.log: list[Any] = []
        self.scanner = module.Scanner(comments=True)
        self.chunks = iter([STREAM, chunk_of(chunk_kind, lambda: self.at("chunk")), b"data: z\n\n"])
        self.reader = reader_of(module, self)

    def at(self, place: str) -> None:
        if place == self.place:
            self.place = "done"
            try:
                self.log.append(repr(self.act(self.reader, self.scanner)))
            except Exception as error:
                self.log.append((type(error), str(error)))

    def read(self) -> list[Any]:
        for _ in range(12):
            try:
                self.log.append(repr(next(self.reader.iterator)))
            except Exception as error:
                self.log.append((type(error), str(error)))
            self.log_state()
        return self.log

    def feed(self) -> list[Any]:
        for chunk in self.chunks:
            try:
                self.log.append(repr(self.scanner.feed(chunk)))
            except Exception as error:
                self.log.append((type(error), str(error)))
            self.log_state()
        return self.log

    def log_state(self) -> None:
        scanner, reader = self.scanner, self.reader
        self.log.append(
            (scanner.last_event_id, scanner.pending, scanner.cut, reader.reads, reader.bytes_read, reader.is_over)
        )


def chunk_of(kind: str, callback: Any) -> Any:
    """Return a chunk that calls a function when the scanner gets its bytes."""
    data = b"data: chunk\n\n"
    if kind == "buffer":

        class Chunk:
            def __buffer__(self, flags: int) -> memoryview:
                callback()
                return memoryview(data)

        return Chunk()

    class Disguised(bytearray):
        @property  # type: ignore[misc]  # isinstance() reads it
        def __class__(self) -> Any:
            callback()
            return bytearray

    return Disguised(data)


def reader_of(module: Any, run: Run) -> Any:
    def source() -> Iterator[Any]:
        run.at("source")
        yield from run.chunks
        if run.place == "finish_error":
            raise RuntimeError

    class Reader(module.EventReader):  # type: ignore[misc]  # the base class is dynamic
        def bytes_of(self, chunk: Any) -> Any:
            run.at("bytes_of")
            return super().bytes_of(chunk)

    class Events(module.EventIterator):  # type: ignore[misc]
        def _open(self) -> Any:
            run.at("open")
            return source()

        def _finish(self, error: BaseException | None, cut: bool) -> bool:
            run.log.append((repr(error), cut))
            run.at("finish_error" if error else "finish")
            return isinstance(error, RuntimeError)

    reader = Reader(run.scanner)
    reader.iterator = Events(reader)
    return reader


@pytest.fixture(params=["class", "buffer"])
def chunk_kind(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    if kind == "buffer" and sys.version_info < (3, 12):
        pytest.skip("Python classes cannot have a buffer before 3.12")
    return kind


def with_error(log: list[Any], text: str) -> list[Any]:
    """Return the log of a read in which the call raises a ValueError, and has no other effect."""
    return [(ValueError, text) if item == DONE else item for item in log]


@pytest.mark.parametrize("place", [*BYTES, *READ])
@pytest.mark.parametrize("act", READER_CALLS.values(), ids=READER_CALLS)
def test_active_reader_refuses_calls(scanners: Any, place: str, act: Any, chunk_kind: str) -> None:
    expected = Run(scanners, place, nothing, chunk_kind).read()
    assert Run(scanners, place, act, chunk_kind).read() == with_error(expected, READING)


@pytest.mark.parametrize("place", BYTES)
@pytest.mark.parametrize("act", SCANNER_CALLS.values(), ids=SCANNER_CALLS)
def test_scanner_refuses_calls_within_a_read(scanners: Any, place: str, act: Any, chunk_kind: str) -> None:
    expected = Run(scanners, place, nothing, chunk_kind).read()
    assert Run(scanners, place, act, chunk_kind).read() == with_error(expected, FEEDING)


@pytest.mark.parametrize("act", SCANNER_CALLS.values(), ids=SCANNER_CALLS)
def test_scanner_refuses_calls_within_feed(scanners: Any, act: Any, chunk_kind: str) -> None:
    expected = Run(scanners, "chunk", nothing, chunk_kind).feed()
    assert Run(scanners, "chunk", act, chunk_kind).feed() == with_error(expected, FEEDING)


@pytest.mark.parametrize("place", [*BYTES, *READ])
def test_active_reader_can_be_stopped(scanners: Any, place: str, chunk_kind: str) -> None:
    log = Run(scanners, place, stop, chunk_kind).read()
    rest = [item for item in log[log.index(DONE) + 1 :] if len(item) == 2]
    finishes = [] if place.startswith("finish") else [("None", False)]
    assert rest == [*finishes, *[(StopIteration, "")] * (len(rest) - len(finishes))]


@pytest.mark.skipif(sys.platform == "emscripten", reason="no threads in a browser")
def test_another_thread_may_feed_at_the_same_time(scanners: Any) -> None:
    # The other thread's events come first, as the scanner does not have the bytes of this chunk yet.
    def feed() -> None:
        thread = threading.Thread(target=lambda: events.extend(scanner.feed(bytearray(b"data: other\n\n"))))
        thread.start()
        thread.join()

    scanner = scanners.Scanner()
    events: list[Any] = []
    events += scanner.feed(chunk_of("class", feed))
    assert [event.data for event in events] == ["other", "chunk"]


ACTS = {**READER_CALLS, **SCANNER_CALLS, "stop": stop}


@pytest.mark.parametrize("place", [*BYTES, *READ])
@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_backends_agree_on_calls_within_a_read(both: tuple[Any, Any], place: str, act: Any, chunk_kind: str) -> None:
    compiled, python = both
    assert Run(compiled, place, act, chunk_kind).read() == Run(python, place, act, chunk_kind).read()
