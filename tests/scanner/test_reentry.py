"""Code of the program's that runs in the middle of a read, and uses the reader or its scanner from there."""

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

# What is done there: to the reader, to the scanner.
TO_PUMP = {
    "next": lambda reader, scanner: next(reader.events_of_it),
    "push": lambda reader, scanner: reader.feed(b"data: x\n\n"),
    "push_other": lambda reader, scanner: reader.feed(bytearray(b"data: x\n\n")),
    "pop": lambda reader, scanner: reader.pop(),
    "take_end": lambda reader, scanner: reader.close(),
}
TO_SCANNER = {
    "feed": lambda reader, scanner: scanner.feed(b"data: x\n\n"),
    "feed_other": lambda reader, scanner: scanner.feed(bytearray(b"data: x\n\n")),
    "close": lambda reader, scanner: scanner.close(),
    "reset": lambda reader, scanner: scanner.reset(),
}
DONE = "'done'"  # as it stands in the log


def nothing(reader: Any, scanner: Any) -> str:
    return "done"


def stop(reader: Any, scanner: Any) -> str:
    reader.stop()
    return "done"


# Where: while a chunk is asked for its bytes; elsewhere in a read.
ASKED = ["chunk", "bytes_of"]
READ = ["source", "open", "finish", "finish_error"]


class Run:
    """A read of a few chunks that does one thing, once, at one place; `log` has all that came of it."""

    def __init__(self, module: Any, place: str, act: Any, chunk_kind: str = "class") -> None:
        self.place, self.act = place, act
        self.log: list[Any] = []
        self.scanner = module.Scanner(comments=True)
        self.chunks = iter([STREAM, chunk_of(chunk_kind, lambda: self.at("chunk")), b"data: z\n\n"])
        self.reader = reader_of(module, self)

    def at(self, place: str) -> None:
        if place == self.place:
            self.place = "was there"
            try:
                self.log.append(repr(self.act(self.reader, self.scanner)))
            except Exception as error:
                self.log.append((type(error), str(error)))

    def read(self) -> list[Any]:
        for _ in range(12):
            try:
                self.log.append(repr(next(self.reader.events_of_it)))
            except Exception as error:
                self.log.append((type(error), str(error)))
            self.note()
        return self.log

    def feed(self) -> list[Any]:
        for chunk in self.chunks:
            try:
                self.log.append(repr(self.scanner.feed(chunk)))
            except Exception as error:
                self.log.append((type(error), str(error)))
            self.note()
        return self.log

    def note(self) -> None:
        scanner, reader = self.scanner, self.reader
        self.log.append(
            (scanner.last_event_id, scanner.pending, scanner.cut, reader.reads, reader.bytes_read, reader.is_over)
        )


def chunk_of(kind: str, asked: Any) -> Any:
    """Return a chunk that runs code when it is asked for its bytes."""
    data = b"data: chunk\n\n"
    if kind == "buffer":

        class Chunk:
            def __buffer__(self, flags: int) -> memoryview:
                asked()
                return memoryview(data)

        return Chunk()

    class Disguised(bytearray):
        @property  # type: ignore[misc]  # a class that is not the object's own: isinstance() looks at it
        def __class__(self) -> Any:
            asked()
            return bytearray

    return Disguised(data)


def reader_of(module: Any, run: Run) -> Any:
    def source() -> Iterator[Any]:
        run.at("source")
        yield from run.chunks
        if run.place == "finish_error":
            raise RuntimeError

    class Reader(module.EventReader):  # type: ignore[misc]  # a base class known only now
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
    reader.events_of_it = Events(reader)
    return reader


@pytest.fixture(params=["class", "buffer"])
def chunk_kind(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    if kind == "buffer" and sys.version_info < (3, 12):
        pytest.skip("before 3.12, no class written in Python has a buffer")
    return kind


def refused(undisturbed: list[Any], text: str) -> list[Any]:
    """Return the log of a read in which one call was refused, and all else is as if it had not been made."""
    return [(ValueError, text) if item == DONE else item for item in undisturbed]


@pytest.mark.parametrize("place", [*ASKED, *READ])
@pytest.mark.parametrize("act", TO_PUMP.values(), ids=TO_PUMP)
def test_a_reader_at_work_is_not_read(scanners: Any, place: str, act: Any, chunk_kind: str) -> None:
    undisturbed = Run(scanners, place, nothing, chunk_kind).read()
    assert Run(scanners, place, act, chunk_kind).read() == refused(undisturbed, READING)


@pytest.mark.parametrize("place", ASKED)
@pytest.mark.parametrize("act", TO_SCANNER.values(), ids=TO_SCANNER)
def test_a_scanner_at_work_is_not_used(scanners: Any, place: str, act: Any, chunk_kind: str) -> None:
    undisturbed = Run(scanners, place, nothing, chunk_kind).read()
    assert Run(scanners, place, act, chunk_kind).read() == refused(undisturbed, FEEDING)


@pytest.mark.parametrize("act", TO_SCANNER.values(), ids=TO_SCANNER)
def test_a_scanner_that_is_fed_is_not_used(scanners: Any, act: Any, chunk_kind: str) -> None:
    undisturbed = Run(scanners, "chunk", nothing, chunk_kind).feed()
    assert Run(scanners, "chunk", act, chunk_kind).feed() == refused(undisturbed, FEEDING)


@pytest.mark.parametrize("place", [*ASKED, *READ])
def test_a_reader_may_be_stopped_at_work(scanners: Any, place: str, chunk_kind: str) -> None:
    log = Run(scanners, place, stop, chunk_kind).read()
    rest = [item for item in log[log.index(DONE) + 1 :] if len(item) == 2]
    told = [] if place.startswith("finish") else [("None", False)]
    assert rest == [*told, *[(StopIteration, "")] * (len(rest) - len(told))]


@pytest.mark.skipif(sys.platform == "emscripten", reason="a browser starts no threads for us")
def test_another_thread_may_feed_meanwhile(scanners: Any) -> None:
    # Nothing of the chunk was taken yet, so that its events come first.
    def feed() -> None:
        thread = threading.Thread(target=lambda: events.extend(scanner.feed(bytearray(b"data: other\n\n"))))
        thread.start()
        thread.join()

    scanner = scanners.Scanner()
    events: list[Any] = []
    events += scanner.feed(chunk_of("class", feed))
    assert [event.data for event in events] == ["other", "chunk"]


ACTS = {**TO_PUMP, **TO_SCANNER, "stop": stop}


@pytest.mark.parametrize("place", [*ASKED, *READ])
@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_backends_agree_on_code_in_a_read(both: tuple[Any, Any], place: str, act: Any, chunk_kind: str) -> None:
    compiled, python = both
    assert Run(compiled, place, act, chunk_kind).read() == Run(python, place, act, chunk_kind).read()
