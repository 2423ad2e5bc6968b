"""EventReader: overridden methods, counters, the end, and the state between items."""

from __future__ import annotations

import copy
import pickle
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from ssescan import EventTooLarge
from ssescan.scanner import _python, _shared
from ssescan.scanner._python_core import ScannerCore

if TYPE_CHECKING:
    from collections.abc import Iterator

READS = {
    "next": lambda scanners, reader: next(scanners.EventIterator(reader, iter([bytearray(b"data: x\n\n")]))),
    "feed": lambda scanners, reader: reader.feed(bytearray(b"data: x\n\n")),
}
NO_BYTES = [
    None, "data: x\n\n", 7, [1], object(), bytearray(b"data: x\n\n"), type("Bytes", (bytes,), {})(b"data: x\n\n"),
]  # fmt: skip


def kind(value: object) -> str:
    return type(value).__name__


@pytest.mark.parametrize("read", READS.values(), ids=READS)
@pytest.mark.parametrize("made", NO_BYTES, ids=kind)
def test_bytes_of_must_return_bytes(scanners: Any, read: Any, made: Any) -> None:
    class Reader(scanners.EventReader):  # type: ignore[misc]  # the base class is dynamic
        def bytes_of(self, chunk: Any) -> Any:
            return made

    reader = Reader(scanners.Scanner())
    with pytest.raises(TypeError) as caught:
        read(scanners, reader)
    assert str(caught.value) == f"bytes_of must return bytes, not {kind(made)}"
    assert (reader.reads, reader.bytes_read) == (1, 0)


@pytest.mark.parametrize("source", [None, [b"data: x\n\n"], b"data: x\n\n"], ids=kind)
def test_open_must_return_an_iterator(scanners: Any, source: Any) -> None:
    class Events(scanners.EventIterator):  # type: ignore[misc]
        def _open(self) -> Any:
            return source

    with pytest.raises(TypeError) as caught:
        next(Events(scanners.EventReader(scanners.Scanner())))
    assert str(caught.value) == f"_open must return an iterator of chunks, not {kind(source)}"


def opened(scanners: Any, chunks: list[Any], scanner: Any, payloads: bool = False) -> Any:
    """Return an iterator of these chunks' events, which raises the exceptions among the chunks. `ends`: _finish's arguments."""

    class Events(scanners.EventIterator):  # type: ignore[misc]
        def __init__(self) -> None:
            self.reader = scanners.EventReader(scanner, False, payloads)
            super().__init__(self.reader)
            self.ends: list[Any] = []

        def start(self) -> None:
            self._start()

        def _open(self) -> Any:
            for chunk in chunks:
                if isinstance(chunk, Exception):
                    raise chunk
                yield chunk

        def _finish(self, error: BaseException | None, cut: bool) -> bool:
            self.ends.append((error, cut))
            return False

    return Events()


ENDS: list[tuple[str, list[bytes], int, bool]] = [  # name, chunks, number of reads before the stop, cut
    ("ended_then_stopped", [b"data: a\n\n"], 2, False),
    ("cut_then_stopped", [b"data: a\n\ndata: b"], 2, True),
    ("stopped_early", [b"data: a\n\n", b"data: b\n\n"], 1, True),
    ("too_large", [b"data: a\n\n", b"data: " + b"x" * 20, b"\n\n"], 2, True),
]


@pytest.mark.parametrize(("chunks", "reads", "cut"), [row[1:] for row in ENDS], ids=[row[0] for row in ENDS])
def test_cut_of_a_scanner_under_a_reader(scanners: Any, chunks: list[bytes], reads: int, cut: bool) -> None:
    scanner = scanners.Scanner(max_event_size=10)
    events = opened(scanners, chunks, scanner)
    for _ in range(reads):
        with suppress(EventTooLarge):
            next(events, None)
    for _ in range(2):
        events.reader.stop()
        assert scanner.cut is cut
    assert scanner.close() == []
    assert scanner.cut is cut


EVENTS: list[tuple[list[bytes], int, int]] = [  # chunks, events before the end of the source, all events
    ([b"data: a\n\ndata: b\n\n", b": c\n\nx\ndata: c"], 2, 3),
    ([b"data: a\n\nda", b"ta: b\n\n"], 2, 2),
    ([b"data: a"], 0, 1),
    ([b": c\n", b"x"], 0, 0),
    ([], 0, 0),
]


@pytest.mark.parametrize("payloads", [False, True])
@pytest.mark.parametrize(("chunks", "before", "whole"), EVENTS)
def test_events_before_the_end_are_counted(
    scanners: Any, chunks: list[bytes], before: int, whole: int, payloads: bool
) -> None:
    scanner = scanners.Scanner(unterminated="dispatch", comments=True, unknown=True)
    events = opened(scanners, chunks, scanner, payloads)
    for _ in events:
        assert events.reader.is_over or events.reader.events_before_close == 0
    assert (events.reader.events_before_close, events.reader.events) == (before, whole)


@pytest.mark.parametrize(
    ("stream", "in_line"),
    [(b"data: a", True), (b"data: a\n", False), (b"data: a\r", False), (b"data: a\n\n", False), (b": c", True),
     (b"x", True), (b"\xef\xbb", True), (b"\xef\xbb\xbf", False), (b"", False), (b"data: 123456789", True)],
)  # fmt: skip
def test_cut_in_line_means_an_unfinished_line(scanners: Any, stream: bytes, in_line: bool) -> None:
    for unterminated in ("drop", "dispatch"):
        for chunks in ([stream], [stream[i : i + 1] for i in range(len(stream))]):
            scanner = scanners.Scanner(unterminated=unterminated, max_event_size=10, oversize="skip")
            events = opened(scanners, chunks, scanner)
            assert events.reader.cut_in_line is False
            list(events)
            assert events.reader.cut_in_line is in_line
            scanner.reset()
            assert events.reader.cut_in_line is False


def test_event_name_belongs_to_the_payload(scanners: Any) -> None:
    stream = b"event: x\ndata: a\n\ndata: b\n\nevent: y\ndata: c\n\ndata\n\nevent: z\nid: 1\ndata: d\n\ndata: e\n\nevent: \xff\ndata: f\n\n"
    for end in (b"\n", b"\r\n", b"\r"):
        whole = stream.replace(b"\n", end)
        for size in range(1, len(whole) + 1):
            chunks = [whole[at : at + size] for at in range(0, len(whole), size)]
            events = opened(scanners, chunks, scanners.Scanner(), payloads=True)
            names = [(item, events.reader.event_name) for item in events]
            assert names == [
                (b"a", "x"),
                (b"b", None),
                (b"c", "y"),
                (b"", None),
                (b"d", "z"),
                (b"e", None),
                (b"f", "\ufffd"),
            ]


GONE = OSError("gone")
FINISHES: list[tuple[str, list[Any], int, list[Any]]] = [  # name, chunks, number of reads before the stop, _finish
    ("ended", [b"data: a\n\n"], 9, [(None, False)]),
    ("cut", [b"data: a\n\ndata: b"], 9, [(None, True)]),
    ("failed", [b"data: a\n\n", GONE], 9, [(GONE, False)]),
    ("stopped", [b"data: a\n\n", b"data: b\n\n"], 1, []),
    ("stopped_at_the_end", [b"data: a\n\ndata: b"], 2, []),
]


@pytest.mark.parametrize(("chunks", "reads", "ends"), [row[1:] for row in FINISHES], ids=[row[0] for row in FINISHES])
def test_finish_is_called_once_with_the_ending(scanners: Any, chunks: list[Any], reads: int, ends: list[Any]) -> None:
    events = opened(scanners, chunks, scanners.Scanner(unterminated="dispatch"))
    for _ in range(reads):
        with suppress(OSError):
            next(events, None)
    events.reader.stop()
    assert list(events) == []
    assert events.ends == ends


@pytest.mark.parametrize("payloads", [False, True])
@pytest.mark.parametrize("fed", [False, True])
def test_reads_and_bytes_are_counted(scanners: Any, fed: bool, payloads: bool) -> None:
    chunks = [b"data: a\n\ndata: b\n\n", b"", bytearray(b"data: c\r\n"), b"\r\n: c", memoryview(b"\n")]
    events = opened(scanners, chunks, scanners.Scanner(comments=True), payloads)
    reader, seen = events.reader, []

    def see(item: Any) -> None:
        text = item.decode() if payloads and item != scanners.Comment("c") else getattr(item, "data", item)
        seen.append((text, reader.reads, reader.bytes_read, reader.events))

    if fed:
        for chunk in chunks:
            reader.feed(chunk)
            while (item := reader.pop()) is not None:
                see(item)
    else:
        for item in events:
            see(item)
    comment = scanners.Comment("c")
    assert seen == [("a", 1, 18, 1), ("b", 1, 18, 2), ("c", 4, 32, 3), (comment, 5, 33, 3)]
    state = scanners.ReaderState(reader)
    for counts in (reader, state):
        assert (counts.reads, counts.bytes_read, counts.skipped, counts.last_event_id) == (5, 33, 0, "")
        assert (counts.retry, counts.received_ns) == (None, None)
    assert reader.events == 3


def test_bytes_are_not_asked_for_their_bytes(scanners: Any) -> None:
    class Reader(scanners.EventReader):  # type: ignore[misc]
        def bytes_of(self, chunk: Any) -> bytes:
            return b"data: " + bytes(chunk)

    reader = Reader(scanners.Scanner())
    assert (reader.is_over, reader.whole_body) == (False, False)
    for chunk in (b"data: a\n\n", bytearray(b"a\n\n")):
        reader.feed(chunk)
        assert reader.pop().data == "a"
        assert reader.received_ns is None


def test_finish_is_not_called_after_another_end(scanners: Any) -> None:
    events = opened(scanners, [b"data: a\n\n"], scanners.Scanner())
    events.reader.close()
    assert (list(events), events.ends, events.reader.is_over) == ([], [], True)


def test_iterator_needs_a_source(scanners: Any) -> None:
    with pytest.raises(TypeError) as caught:
        next(scanners.EventIterator(scanners.EventReader(scanners.Scanner())))
    assert str(caught.value) == _shared.NO_SOURCE


def test_reader_without_memory_ends_its_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    # Of the pure scanner: test_allocation.py lets each allocation of the compiled one fail.
    def fail(*args: object) -> None:
        raise MemoryError

    for method, chunk in (("make_event", b"data: b\n\ndata: c\n\n"), ("skip_byte_order_mark", b"data: b\n\n")):
        reader = _python.EventReader(_python.Scanner())
        with monkeypatch.context() as patch:
            patch.setattr(ScannerCore, method, fail)
            with pytest.raises(MemoryError):
                reader.feed(chunk)
                reader.pop()
        assert (reader.pop(), reader.is_over, reader.cut) == (None, True, True)
        scanner = _python.Scanner()
        with monkeypatch.context() as patch:
            patch.setattr(ScannerCore, method, fail)
            with pytest.raises(MemoryError):
                scanner.feed(chunk)
        assert scanner.cut
        with pytest.raises(ValueError, match="after close"):
            scanner.feed(chunk)


LINES = [  # lines, and whether each makes an item
    (b": a", True), (b"x", True), (b"data: b", False), (b": c", True), (b"", True), (b": d", True), (b"", False),
    (b"data: e", False), (b"", True), (b"data: f", False), (b"x", True), (b": g", True), (b"", True),
    (b"data: h", False), (b"", True), (b"event", False), (b"data: i", False), (b"", True), (b"x", True),
]  # fmt: skip


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("limit", [12, 1000])  # with 12, the pure scanner looks at each line
def test_pending_between_the_items_of_a_chunk(scanners: Any, end: bytes, limit: int) -> None:
    expected, pending = [], 0
    for line, gives in LINES:
        pending = pending + len(line + end) if line else 0
        if gives:
            expected.append(pending)
    stream = b"".join(line + end for line, _ in LINES)
    # No cuts within a CRLF: there the line ends at the CR, and the LF counts for the next.
    for size in [len(stream)] if end == b"\r\n" else range(1, 40):
        for first in [0] if end == b"\r\n" else range(size):
            chunks = [stream[:first], *(stream[at : at + size] for at in range(first, len(stream), size))]
            scanner = scanners.Scanner(comments=True, unknown=True, max_event_size=limit)
            assert [scanner.pending for _ in opened(scanners, chunks, scanner)] == expected, chunks


@pytest.mark.parametrize("timing", [False, True])
def test_time_of_a_read_is_kept_if_asked(scanners: Any, timing: bool) -> None:
    reader = scanners.EventReader(scanners.Scanner(), timing)
    assert reader.received_ns is None
    reader.feed(b"data: a\n\n")
    assert (reader.received_ns is not None) is timing


def test_keep_alives_are_no_progress(scanners: Any) -> None:
    reader = scanners.EventReader(scanners.Scanner())
    reader.feed(b"data: a\n\ndata: b\n\n")
    assert reader.pop()
    reader.keep_alives += 1
    assert reader.pop()
    assert (reader.events, reader.progress) == (2, 1)


def test_readers_cannot_be_pickled_or_copied(scanners: Any) -> None:
    reader = scanners.EventReader(scanners.Scanner())
    for value in (reader, scanners.ReaderState(reader), scanners.EventIterator(reader)):
        for function in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="a stream cannot be pickled or copied"):
                function(value)


def test_id_of_an_earlier_stream_was_not_set_by_this_one(scanners: Any) -> None:
    scanner = scanners.Scanner()
    reader = scanners.EventReader(scanner)
    reader.feed(b"id: 1\ndata: a\n")
    assert reader.pop() is None
    assert (reader.has_set_id, reader.last_event_id) == (False, "")
    reader.feed(b"\n")
    assert reader.pop()
    assert (reader.has_set_id, reader.last_event_id) == (True, "1")
    scanner.reset()
    assert (reader.has_set_id, reader.last_event_id) == (False, "1")


def test_too_large_is_raised_once(scanners: Any) -> None:
    reader = scanners.EventReader(scanners.Scanner(max_event_size=10))
    reader.feed(b"data: a\n\ndata: 123456789\n\ndata: b\n\n")
    assert reader.pop().data == "a"
    with pytest.raises(EventTooLarge):
        reader.pop()
    assert reader.is_over
    assert reader.pop() is None


def test_items_of_the_end_keep_their_order(scanners: Any) -> None:
    scanner = scanners.Scanner(unterminated="dispatch", comments=True)
    reader = scanners.EventReader(scanner)
    reader.feed(b"data: a\n: c")
    assert reader.pop() is None
    reader.close()
    assert [reader.pop(), reader.pop(), reader.pop()] == [
        scanners.Comment("c"), scanners.ServerSentEvent(data="a"), None,
    ]  # fmt: skip


@pytest.mark.parametrize("rest", [b"data: a\n\ndata: b\n\n", b"data: a\n\ndata: b"])
def test_stop_drops_the_rest(scanners: Any, rest: bytes) -> None:
    reader = scanners.EventReader(scanners.Scanner(unterminated="dispatch"))
    reader.feed(rest)
    assert reader.pop().data == "a"
    if not rest.endswith(b"\n"):
        assert reader.pop() is None
        reader.close()
    reader.stop()
    assert (reader.pop(), reader.is_over) == (None, True)


def test_start_opens_once(scanners: Any) -> None:
    events = opened(scanners, [b"data: a\n\n"], scanners.Scanner())
    events.start()
    events.start()
    assert [event.data for event in events] == ["a"]
    assert events.ends == [(None, False)]


def test_start_that_fails_ends_the_stream(scanners: Any) -> None:
    class Events(scanners.EventIterator):  # type: ignore[misc]
        opens = 0
        ends: tuple[BaseException | None, bool] | None = None

        def start(self) -> None:
            self._start()

        def _open(self) -> Any:
            self.opens += 1
            with pytest.raises(ValueError, match="read already"):
                self.start()
            raise GONE

        def _finish(self, error: BaseException | None, cut: bool) -> bool:
            self.ends = (error, cut)
            return True

    events = Events(scanners.EventReader(scanners.Scanner()))
    with pytest.raises(OSError, match="gone"):
        events.start()
    assert events.ends == (GONE, False)
    assert list(events) == []
    assert events.opens == 1


def test_next_of_a_subclass_is_called(scanners: Any) -> None:
    class Events(scanners.EventIterator):  # type: ignore[misc]
        def __next__(self) -> Any:
            return super().__next__().data

    assert list(Events(scanners.EventReader(scanners.Scanner()), iter([b"data: a\n\n"]))) == ["a"]


@pytest.mark.parametrize("forgives", [False, True])
def test_error_of_a_source_ends_the_stream(scanners: Any, forgives: bool) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"data: a\n\ndata: b"
        raise GONE

    class Events(scanners.EventIterator):  # type: ignore[misc]
        def _finish(self, error: BaseException | None, cut: bool) -> bool:
            with pytest.raises(ValueError, match="read already"):
                next(self)
            return forgives

    events = Events(scanners.EventReader(scanners.Scanner(unterminated="dispatch")), chunks())
    assert next(events).data == "a"
    with pytest.raises(StopIteration if forgives else OSError):
        next(events)
    assert list(events) == []


@pytest.mark.parametrize(
    ("chunks", "events", "reads"),
    [([b"data: a\n\ndata: 123456789\n\n", b"data: b\n\n"], ["a"], 1), ([b"data: a\n\n", b"data: 12", b"3456789"], ["a"], 3),
     ([b"data: 123456789", b"\n\n", b"data: b\n\n"], [], 1), ([b"data: 12", b"3456789\ndata: b\n\n"], [], 2)],
)  # fmt: skip
def test_too_large_is_raised_before_the_next_read(
    scanners: Any, chunks: list[bytes], events: list[str], reads: int
) -> None:
    iterator = opened(scanners, [*chunks, b"data: c\n\n"], scanners.Scanner(max_event_size=10))
    seen: list[str] = []
    with pytest.raises(EventTooLarge) as caught:
        seen.extend(event.data for event in iterator)  # the list keeps what came before the error
    assert (seen, iterator.reader.reads) == (events, reads)
    assert iterator.ends == [(caught.value, False)]
    assert list(iterator) == []


def test_source_that_stops_its_reader_gives_no_event(scanners: Any) -> None:
    class Events(scanners.EventIterator):  # type: ignore[misc]
        def _open(self) -> Any:
            yield b"data: a\n\ndata: b"
            reader.stop()
            yield b"\n\ndata: c\n\n"

        def _finish(self, error: BaseException | None, cut: bool) -> bool:
            ends.append((error, cut))
            return False

    ends: list[Any] = []
    reader = scanners.EventReader(scanners.Scanner())
    assert [event.data for event in Events(reader)] == ["a"]
    assert ends == [(None, False)]
    assert (reader.reads, reader.cut) == (1, True)


def test_half_a_block_outlives_its_chunk(both: tuple[Any, Any]) -> None:
    # The pure scanner drops it. AddressSanitizer sees whether the compiled one reads the chunk that is gone.
    reader = both[0].EventReader(both[0].Scanner(comments=True))
    for size in (10, 1000, 2**20):
        reader.feed(b"data: " + b"x" * size + b"\n: c\n\n")
        assert reader.pop().text == "c"
        reader.feed(b"data: y\n\n")
        assert reader.pop().data == "x" * size + "\ny"


def test_reader_is_busy_while_a_chunk_gives_its_bytes(scanners: Any) -> None:
    class Reader(scanners.EventReader):  # type: ignore[misc]
        def bytes_of(self, chunk: Any) -> bytes:
            for call in (self.pop, self.close, lambda: self.feed(b"data: b\n\n")):
                with pytest.raises(ValueError, match="read already"):
                    call()
            return bytes(chunk)

    reader = Reader(scanners.Scanner())
    reader.feed(bytearray(b"data: a\n\n"))
    assert [reader.pop().data, reader.pop(), reader.reads] == ["a", None, 1]


def test_reader_stays_busy_after_a_chunk_of_another_type(scanners: Any) -> None:
    class Events(scanners.EventIterator):  # type: ignore[misc]
        def _open(self) -> Any:
            yield bytearray(b"data: a\n\ndata: b")
            yield bytearray(b"c")
            with pytest.raises(ValueError, match="read already"):
                reader.pop()
            yield b"\n\n"

    reader = scanners.EventReader(scanners.Scanner())
    assert [event.data for event in Events(reader)] == ["a", "bc"]
