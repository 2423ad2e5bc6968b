"""Chunks to events, one at a time, in pure Python.

Twin of `_compiled_reader.pxi`.
"""

from __future__ import annotations

from operator import attrgetter
from time import perf_counter_ns
from types import GenericAlias

from ..errors import EventTooLarge
from . import _shared as shared
from ._python_core import NOTHING
from ._python_events import ServerSentEvent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, NoReturn

    from ._python import Scanner
    from ._python_core import ScannerCore

_END = object()
core_of = attrgetter("_core")  # of a Scanner: the scanner's own code and a reader may use it, a program may not


class EventReader:
    """Chunks in, events out, one at a time: `feed` a chunk, `pop` until it returns None, and at the end `close`.

    A chunk is scanned only as far as events are popped, so `last_event_id` is that of the event popped last, and not of
    a later one in the same chunk.

    `payloads`: pop the data of an event in place of the event, as the bytes that came; no str is made of it, and
    `event_name` is the name that the event had, None if it had none. `timing`: note the time of each feed, see
    `received_ns`.

    `events`: how many were popped; `events_before_close`: of these, before close(). `keep_alives`: of these,
    as the code that reads them counts; `progress`: the others. `whole_body`: whether the body is one JSON value,
    as the code that feeds it knows. `is_over`: nothing can be fed any more. `cut_in_line`, `cut`: close() came within a
    line, within a block.
    """

    __module__ = "ssescan.scanner"
    # EventIterator uses these, so they have no underscore; no other code may set them.
    __slots__ = (
        "bytes_read", "core", "events", "events_before_close", "is_over", "items", "keep_alives", "reading", "reads",
        "received_ns", "timing", "whole_body",
    )  # fmt: skip

    __class_getitem__: Any = classmethod(GenericAlias)

    def __init__(self, /, scanner: Scanner, timing: bool = False, payloads: bool = False) -> None:
        self.core: ScannerCore = core_of(scanner)
        self.core.payloads = payloads
        self.timing = timing
        self.items: Iterator[Any] = NOTHING
        self.reading = False  # a caller is at work: it waits for a chunk, or code of the program's runs
        self.is_over = self.whole_body = False
        self.reads = self.bytes_read = self.events = self.events_before_close = self.keep_alives = 0
        self.received_ns: int | None = None

    last_event_id = property(attrgetter("core.last_event_id"))
    retry = property(attrgetter("core.retry"))
    skipped = property(attrgetter("core.skipped"))
    event_name = property(attrgetter("core.event_name"))
    has_set_id = property(attrgetter("core.has_set_id"))
    cut = property(attrgetter("core.cut"))
    cut_in_line = property(attrgetter("core.cut_in_line"))

    @property
    def progress(self) -> int:
        return self.events - self.keep_alives

    def __reduce__(self) -> NoReturn:
        raise TypeError(shared.STREAM_IS_NO_VALUE)

    def bytes_of(self, chunk: Any) -> bytes:
        """Return the bytes of a chunk that is not exactly bytes. A subclass may know more kinds of chunks."""
        return shared.chunk_bytes(chunk)

    def feed(self, chunk: Any) -> None:
        """Accept the next chunk. Drops the rest of the one before: pop until there is None."""
        if self.reading:
            raise ValueError(shared.ALREADY_READING)
        self.begin_chunk(chunk)

    def pop(self) -> Any:
        """Return the next event in the chunk, None if there is none. Raises EventTooLarge."""
        if self.reading:
            raise ValueError(shared.ALREADY_READING)
        try:
            for item in self.items:
                if type(item) is ServerSentEvent or type(item) is bytes:
                    self.events += 1
                return item
        except EventTooLarge:
            self.is_over = True
            raise
        except BaseException:
            self.stop()  # memory ran out: an event is lost, and the next one must not follow the gap
            raise
        return None

    def close(self) -> None:
        """End the stream, which may leave an event to pop."""
        if self.reading:
            raise ValueError(shared.ALREADY_READING)
        self.end_stream()

    def stop(self) -> None:
        """Drop the rest; nothing can be fed or popped any more."""
        self.is_over = True
        self.items = NOTHING
        self.core.abandon()

    def begin_chunk(self, chunk: Any) -> bool:
        """Pass a chunk to the scanner. Returns False if code of the chunk's own stopped the reader."""
        if self.timing:
            self.received_ns = perf_counter_ns()
        self.reads += 1
        if type(chunk) is not bytes:
            reading, was_over = self.reading, self.is_over
            self.reading = True
            try:
                chunk = shared.asked_bytes(self.core, self.bytes_of, chunk)
            finally:
                self.reading = reading
            if self.is_over != was_over:
                return False
        self.bytes_read += len(chunk)
        try:
            self.items = self.core.scan(chunk)
        except BaseException:
            self.stop()
            raise
        return True

    def end_stream(self) -> None:
        self.is_over = True
        self.events_before_close = self.events
        self.items = iter(self.core.end_stream())


class ReaderState:
    """A base class of streams: the attributes that a stream has from its reader."""

    __module__ = "ssescan.scanner"
    __slots__ = ("_reader",)

    __class_getitem__: Any = classmethod(GenericAlias)

    def __init__(self, /, reader: EventReader) -> None:
        self._reader = reader

    def __reduce__(self) -> NoReturn:
        raise TypeError(shared.STREAM_IS_NO_VALUE)

    last_event_id = property(attrgetter("_reader.last_event_id"))
    retry = property(attrgetter("_reader.retry"))
    received_ns = property(attrgetter("_reader.received_ns"))
    skipped = property(attrgetter("_reader.skipped"))
    reads = property(attrgetter("_reader.reads"))
    bytes_read = property(attrgetter("_reader.bytes_read"))


class EventIterator(ReaderState):
    """An iterator of events that asks for a chunk only when its reader has no event left. A base class of streams.

    `chunks`: their iterator; if there is none, `_open` of a subclass returns it at the first read.
    `_finish(error, cut)` is called when all events were yielded (None, and whether the stream was cut), when something
    was raised (the exception; it is raised on, unless this returns True), or when a read returned after the reader was
    stopped (None, False).
    """

    __module__ = "ssescan.scanner"
    __slots__ = ("_ended", "_opened")

    def __init__(self, /, reader: EventReader, chunks: Iterator[Any] | None = None) -> None:
        self._reader = reader
        self._opened = chunks
        self._ended = False  # the chunks ended, and _finish was not called yet

    def _open(self) -> Iterator[Any]:
        """Return the iterator of chunks."""
        raise TypeError(shared.NO_SOURCE)

    def _finish(self, error: BaseException | None, cut: bool) -> bool:
        """Clean up at the end: a subclass may."""
        return False

    def _start(self) -> None:
        """Open the chunks before the first read."""
        reader = self._reader
        if reader.reading:
            raise ValueError(shared.ALREADY_READING)
        reader.reading = True
        try:
            if self._opened is None:
                self._opened = shared.checked_source(self._open())
        except BaseException as error:
            reader.stop()
            self._finish(error, False)
            raise
        finally:
            reader.reading = False

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        reader = self._reader
        if reader.reading:
            raise ValueError(shared.ALREADY_READING)
        reader.reading = True
        try:
            for item in reader.items:
                if type(item) is ServerSentEvent or type(item) is bytes:
                    reader.events += 1
                return item
            item = self._advance(reader)
        except BaseException as error:
            reader.stop()
            if not self._finish(error, False):
                raise
            item = None
        finally:
            reader.reading = False
        if item is None:
            raise StopIteration
        return item

    def _advance(self, reader: EventReader) -> Any:
        """Ask for chunks until one completes an event; None at the end."""
        while not reader.is_over:
            if self._opened is None:
                self._opened = shared.checked_source(self._open())
            chunk = next(self._opened, _END)
            if chunk is _END and not reader.is_over:
                reader.end_stream()
                self._ended = True
            elif reader.is_over or not reader.begin_chunk(chunk):
                # Stopped meanwhile, by another thread or by the source itself, which could not be closed while it ran.
                self._finish(None, False)
                break
            for item in reader.items:
                if type(item) is ServerSentEvent or type(item) is bytes:
                    reader.events += 1
                return item
        if self._ended and reader.items is not NOTHING:  # else it was stopped
            self._finish(None, reader.core.cut)
        self._ended = False
        return None
