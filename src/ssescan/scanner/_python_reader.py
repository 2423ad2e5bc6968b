"""Chunks to events, one at a time, in pure Python.

Twin of `_compiled_reader.pxi`.
"""

from __future__ import annotations

from time import perf_counter_ns
from types import GenericAlias

from ..errors import EventTooLarge
from ._python_events import ServerSentEvent, read_only
from ._shared import ALREADY_READING, NO_SOURCE, STREAM_IS_NO_VALUE, asked_bytes, checked_source, chunk_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, NoReturn

    from ._python import Scanner

NOTHING: Iterator[Any] = iter(())  # of a chunk that completes no event

_END = object()
_NAME = "ssescan.scanner.EventReader"


class EventReader:
    """Chunks in, events out, one at a time: `feed` a chunk, `pop` until it returns None, and at the end `close`.

    A chunk is scanned only as far as events are popped, so `last_event_id` is that of the event popped last, and not of
    a later one in the same chunk.

    `payloads`: pop the data of an event in place of the event, as the bytes that came; no str is made of it, and
    `event_name` is the name that the event had, None if it had none. `timing`: note the time of each feed, see
    `received_ns`.

    `events`: how many were popped; `events_before_close`: of these, before close(). `keep_alives`: of these, signs of
    life, as the code that reads them counts; `progress`: the others. `whole_body`: whether the body is one JSON value,
    as the code that feeds it knows. `is_over`: nothing can be fed any more. `cut_in_line`, `cut`: close() came within a
    line, within a block.

    Twin of EventReader in `_compiled_reader.pxi`.
    """

    __module__ = "ssescan.scanner"
    __slots__ = (
        "_bytes_read",
        "_events",
        "_events_before_close",
        "_items",
        "_over",
        "_reading",
        "_reads",
        "_received_ns",
        "_scanner",
        "_stopped",
        "_timing",
        "keep_alives",
        "whole_body",
    )

    if not TYPE_CHECKING:
        __class_getitem__ = classmethod(GenericAlias)

    def __init__(self, /, scanner: Scanner, timing: bool = False, payloads: bool = False) -> None:
        self._scanner = scanner
        scanner._payloads = payloads
        self._timing = timing
        self._items: Iterator[Any] = NOTHING
        self._reading = False  # a caller is at work: it waits for a chunk, or code of the program's runs
        self._over = self._stopped = False
        self._reads = self._bytes_read = self._events = self._events_before_close = 0
        self._received_ns: int | None = None
        self.keep_alives = 0
        self.whole_body = False

    reads = read_only(_NAME, "reads")
    bytes_read = read_only(_NAME, "bytes_read")
    received_ns = read_only(_NAME, "received_ns")
    events = read_only(_NAME, "events")
    events_before_close = read_only(_NAME, "events_before_close")

    @property
    def last_event_id(self) -> str:
        return self._scanner._last_event_id

    @property
    def retry(self) -> int | None:
        return self._scanner._retry

    @property
    def skipped(self) -> int:
        return self._scanner._skipped

    @property
    def is_over(self) -> bool:
        return self._over

    @property
    def event_name(self) -> str | None:
        return self._scanner._event_name

    @property
    def progress(self) -> int:
        return self._events - self.keep_alives

    @property
    def cut(self) -> bool:
        return self._scanner._cut

    @property
    def cut_in_line(self) -> bool:
        return self._scanner._cut_in_line

    def __reduce__(self) -> NoReturn:
        raise TypeError(STREAM_IS_NO_VALUE)

    def bytes_of(self, chunk: Any) -> bytes:
        """Return the bytes of a chunk that is not exactly bytes. A subclass may know more kinds of chunks."""
        return chunk_bytes(chunk)

    def feed(self, chunk: Any) -> None:
        """Accept the next chunk. What is left of the one before is dropped: pop until there is None."""
        if self._reading:
            raise ValueError(ALREADY_READING)
        self._begin_chunk(chunk)

    def pop(self) -> Any:
        """Return the next event in the chunk, None if there is none. Raises EventTooLarge."""
        if self._reading:
            raise ValueError(ALREADY_READING)
        return self._next_item()

    def close(self) -> None:
        """End the stream, which may leave an event to pop."""
        if self._reading:
            raise ValueError(ALREADY_READING)
        self._end_stream()

    def stop(self) -> None:
        """Drop what is left; nothing can be fed or popped any more."""
        self._over = self._stopped = True
        self._items = NOTHING
        self._scanner._abandon()

    def _next_item(self) -> Any:
        try:
            for item in self._items:
                if type(item) is ServerSentEvent or type(item) is bytes:
                    self._events += 1
                return item
        except EventTooLarge:
            self._over = True
            raise
        return None

    def _begin_chunk(self, chunk: Any) -> bool:
        """Pass a chunk to the scanner. Returns False if code of the chunk's own stopped the reader."""
        if self._timing:
            self._received_ns = perf_counter_ns()
        self._reads += 1
        if type(chunk) is not bytes:
            chunk = self._asked_bytes(chunk)
            if chunk is None:
                return False
        self._bytes_read += len(chunk)
        self._items = self._scanner._scan(chunk)
        return True

    def _asked_bytes(self, chunk: Any) -> bytes | None:
        """Return the bytes of a chunk; None if the reader was stopped meanwhile."""
        reading, over = self._reading, self._over
        self._reading = True
        try:
            asked = asked_bytes(self._scanner, self.bytes_of, chunk)
        finally:
            self._reading = reading
        return None if self._over != over else asked

    def _end_stream(self) -> None:
        self._over = True
        self._events_before_close = self._events
        self._items = iter(self._scanner.close())


class ReaderState:
    """A base class of streams: the attributes that a stream has from its reader.

    Twin of ReaderState in `_compiled_reader.pxi`.
    """

    __module__ = "ssescan.scanner"
    __slots__ = ("_reader",)

    if not TYPE_CHECKING:
        __class_getitem__ = classmethod(GenericAlias)

    def __init__(self, /, reader: EventReader) -> None:
        self._reader = reader

    def __reduce__(self) -> NoReturn:
        raise TypeError(STREAM_IS_NO_VALUE)

    @property
    def last_event_id(self) -> str:
        return self._reader.last_event_id

    @property
    def retry(self) -> int | None:
        return self._reader.retry

    @property
    def received_ns(self) -> int | None:
        return self._reader._received_ns

    @property
    def skipped(self) -> int:
        return self._reader.skipped

    @property
    def reads(self) -> int:
        return self._reader._reads

    @property
    def bytes_read(self) -> int:
        return self._reader._bytes_read


class EventIterator(ReaderState):
    """An iterator of events that asks for a chunk only when its reader has no event left. A base class of streams.

    `chunks`: their iterator; if there is none, `_open` of a subclass returns it at the first read.
    `_finish(error, cut)` is called when all events were yielded (None, and whether the stream was cut), when something
    was raised (the exception; it is raised on, unless this returns True), or when a read returned after the reader was
    stopped (None, False).

    Twin of EventIterator in `_compiled_reader.pxi`.
    """

    __module__ = "ssescan.scanner"
    __slots__ = ("_ended", "_opened")

    def __init__(self, /, reader: EventReader, chunks: Iterator[Any] | None = None) -> None:
        self._reader = reader
        self._opened = chunks
        self._ended = False  # the chunks ended, and _finish was not called yet

    def _open(self) -> Iterator[Any]:
        """Return the iterator of chunks."""
        raise TypeError(NO_SOURCE)

    def _finish(self, error: BaseException | None, cut: bool) -> bool:
        """Clean up at the end: a subclass may."""
        return False

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        reader = self._reader
        if reader._reading:
            raise ValueError(ALREADY_READING)
        reader._reading = True
        try:
            for item in reader._items:
                if type(item) is ServerSentEvent or type(item) is bytes:
                    reader._events += 1
                return item
            item = self._advance(reader)
        except BaseException as error:
            reader.stop()
            if not self._finish(error, False):
                raise
            item = None
        finally:
            reader._reading = False
        if item is None:
            raise StopIteration
        return item

    def _advance(self, reader: EventReader) -> Any:
        """Ask for chunks until one completes an event; None at the end."""
        while not reader._over:
            if self._opened is None:
                self._opened = checked_source(self._open())
            chunk = next(self._opened, _END)
            if chunk is _END and not reader._over:
                reader._end_stream()
                self._ended = True
            elif reader._over or not reader._begin_chunk(chunk):
                # Stopped meanwhile, by another thread or by the source itself, which could not be closed while it ran.
                self._finish(None, False)
                break
            for item in reader._items:
                if type(item) is ServerSentEvent or type(item) is bytes:
                    reader._events += 1
                return item
        if self._ended and not reader._stopped:
            self._finish(None, reader._scanner._cut)
        self._ended = False
        return None
