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

NOTHING: Iterator[Any] = iter(())  # what a chunk that completes nothing gives

_END = object()
_NAME = "ssescan.scanner.EventReader"


class EventReader:
    """Chunks to events, one at a time: an iterator that takes a chunk only when it has no event left.

    A chunk is scanned only as far as it is asked for, so `last_event_id` is that of the event given last, and not of
    one that came in the same chunk and was not given yet.

    Two ways to use it. As a base class of what is iterated over: `_open` gives the iterator of chunks; `_finish` is
    called when all has been given (None, and whether the stream was cut), when something was raised (the exception; it
    is raised on, unless this returns True), or when a read returned after `_stop` (None, False). Or from outside, with
    chunks from elsewhere: `_feed` one, `_pop` until it returns None, and at the end `_close_input`.

    With `payloads`, the data of an event is given in place of the event, as the bytes that came, and no str is made of
    it; `_event_name` is then the name that the event had, None if it had none.

    Twin of EventReader in `_compiled_reader.pxi`.
    """

    __module__ = "ssescan.scanner"
    __slots__ = (
        "_bytes_read",
        "_ended",
        "_events",
        "_events_before_end",
        "_items",
        "_over",
        "_reading",
        "_reads",
        "_received_ns",
        "_scanner",
        "_source",
        "_timing",
    )

    if not TYPE_CHECKING:
        __class_getitem__ = classmethod(GenericAlias)

    def __init__(self, /, scanner: Scanner, timing: bool = False, payloads: bool = False) -> None:
        self._scanner = scanner
        scanner._payloads = payloads
        self._timing = timing
        self._source: Iterator[Any] | None = None
        self._items: Iterator[Any] = NOTHING
        self._reading = False
        self._over = False  # no chunk will be taken any more
        self._ended = False  # the source ended, and _finish was not told of it yet
        self._reads = 0
        self._bytes_read = 0
        self._events = 0  # events given so far
        self._events_before_end = 0  # of these, before the source ended
        self._received_ns: int | None = None

    reads = read_only(_NAME, "reads")
    bytes_read = read_only(_NAME, "bytes_read")
    received_ns = read_only(_NAME, "received_ns")

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
    def _event_name(self) -> str | None:
        return self._scanner._event_name

    @property
    def _cut_in_line(self) -> bool:
        return self._scanner._cut_in_line

    def __reduce__(self) -> NoReturn:
        raise TypeError(STREAM_IS_NO_VALUE)

    def _open(self) -> Iterator[Any]:
        """Give the iterator of chunks: a subclass's to say. Who pushes chunks does not iterate."""
        raise TypeError(NO_SOURCE)

    def _finish(self, error: BaseException | None, cut: bool) -> bool:
        """Do what is to be done at the end: nothing, unless a subclass says so."""
        return False

    def _bytes_of(self, chunk: Any) -> bytes:
        """Give the bytes of a chunk that is not exactly bytes; a subclass may know more kinds. TypeError for others."""
        return chunk_bytes(chunk)

    def _asked_bytes(self, chunk: Any) -> bytes | None:
        """Return the bytes of a chunk; None if the reader was stopped meanwhile."""
        reading, over = self._reading, self._over
        self._reading = True
        try:
            asked = asked_bytes(self._scanner, self._bytes_of, chunk)
        finally:
            self._reading = reading
        return None if self._over != over else asked

    def _check_idle(self) -> None:
        if self._reading:
            raise ValueError(ALREADY_READING)

    def _feed(self, chunk: Any) -> None:
        """Take the next chunk. What is left of the one before is dropped: pop until there is None."""
        self._check_idle()
        if self._timing:
            self._received_ns = perf_counter_ns()
        self._reads += 1
        if type(chunk) is not bytes:
            chunk = self._asked_bytes(chunk)
            if chunk is None:
                return
        self._bytes_read += len(chunk)
        self._items = self._scanner._scan(chunk)

    def _pop(self) -> Any:
        """Give the next thing in the chunk, None if there is none. Raises EventTooLarge."""
        if self._reading:
            raise ValueError(ALREADY_READING)
        try:
            for item in self._items:
                if type(item) is ServerSentEvent or type(item) is bytes:
                    self._events += 1
                return item
        except EventTooLarge:
            self._over = True
            raise
        return None

    def _close_input(self) -> bool:
        """Take the end of the stream, which may leave something to pop; tell whether it was cut."""
        self._check_idle()
        return self._end_of_chunks()

    def _end_of_chunks(self) -> bool:
        self._over = self._ended = True
        self._events_before_end = self._events
        self._items = iter(self._scanner.close())
        return self._scanner._cut

    def _stop(self) -> None:
        """Drop what is left, and take no more."""
        self._over = True
        self._ended = False
        self._items = NOTHING
        self._scanner._abandon()

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        if self._reading:
            raise ValueError(ALREADY_READING)
        self._reading = True
        try:
            for item in self._items:
                if type(item) is ServerSentEvent or type(item) is bytes:
                    self._events += 1
                return item
            item = self._advance()
        except BaseException as error:
            self._stop()
            if not self._finish(error, False):
                raise
            item = None
        finally:
            self._reading = False
        if item is None:
            raise StopIteration
        return item

    def _advance(self) -> Any:
        """Take chunks until one completes something; None at the end."""
        while not self._over:
            if self._source is None:
                self._source = checked_source(self._open())
            chunk = next(self._source, _END)
            if self._over:
                # Stopped meanwhile, by another thread or by the source itself, which could not be closed while it ran.
                self._finish(None, False)  # type: ignore[unreachable]  # so it seems, to who knows of no such thing
                break
            if chunk is _END:
                self._end_of_chunks()
            else:
                # As _feed, without the call.
                if self._timing:
                    self._received_ns = perf_counter_ns()
                self._reads += 1
                if type(chunk) is not bytes:
                    chunk = self._asked_bytes(chunk)
                    if chunk is None:
                        self._finish(None, False)
                        break
                self._bytes_read += len(chunk)
                self._items = self._scanner._scan(chunk)
                if self._items is NOTHING:
                    continue
            for item in self._items:
                if type(item) is ServerSentEvent or type(item) is bytes:
                    self._events += 1
                return item
        if self._ended:
            self._ended = False
            self._finish(None, self._scanner._cut)
        return None
