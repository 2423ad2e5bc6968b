"""Chunks to events, one at a time, in pure Python.

Twin of `_compiled_pump.pxi`.
"""

from __future__ import annotations

from time import perf_counter_ns
from types import GenericAlias

from ._python_events import ServerSentEvent
from ._shared import ALREADY_READING, chunk_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ._python import Scanner

_END = object()
_NOTHING: Iterator[Any] = iter(())


class EventPump:
    """Chunks to events, one at a time: an iterator that takes a chunk only when it has no event left.

    A chunk is scanned only as far as it is asked for, so `last_event_id` is that of the event given last, and not of
    one that came in the same chunk and was not given yet.

    Two ways to use it. As a base class of what is iterated over: `_open` gives the iterator of chunks, `_finish` is
    called once, when that has ended (None, and whether it was cut) or something was raised (the exception). Or from
    outside, by one who fetches the chunks himself: `push` one, `pop` until there is None, and in the end `finish`.

    Twin of EventPump in `_compiled.pyx`.
    """

    __slots__ = (
        "_items",
        "_reading",
        "_scanner",
        "_source",
        "bytes_read",
        "events",
        "over",
        "reads",
        "received_ns",
        "timing",
    )

    if not TYPE_CHECKING:
        __class_getitem__ = classmethod(GenericAlias)

    def __init__(self, scanner: Scanner, timing: bool = False) -> None:
        self._scanner = scanner
        self._source: Iterator[Any] | None = None
        self._items: Iterator[Any] = _NOTHING
        self._reading = False
        self.over = False  # no chunk will be taken any more
        self.timing = timing
        self.reads = 0
        self.bytes_read = 0
        self.events = 0
        self.received_ns: int | None = None

    @property
    def last_event_id(self) -> str:
        return self._scanner.last_event_id  # type: ignore[no-any-return]

    @property
    def retry(self) -> int | None:
        return self._scanner.retry  # type: ignore[no-any-return]

    def _open(self) -> Iterator[Any]:
        raise NotImplementedError("a subclass says where chunks come from")

    def _finish(self, error: BaseException | None, cut: bool) -> None:
        raise NotImplementedError("a subclass says what to do at the end")

    def push(self, chunk: Any) -> None:
        """Take the next chunk. What is left of the one before is dropped: pop until there is None."""
        if self.timing:
            self.received_ns = perf_counter_ns()
        self.reads += 1
        if type(chunk) is not bytes:
            chunk = chunk_bytes(chunk)
        self.bytes_read += len(chunk)
        self._items = self._scanner._scan(chunk)

    def pop(self) -> Any:
        """Give the next thing in the chunk, None if there is none. Raises EventTooLarge."""
        for item in self._items:
            if type(item) is ServerSentEvent:
                self.events += 1
            return item
        return None

    def finish(self) -> bool:
        """Take the end of the stream, which may leave something to pop; tell whether it was cut."""
        self.over = True
        self._items = iter(self._scanner.close())
        return self._scanner._cut

    def stop(self) -> None:
        """Drop what is left, and take no more."""
        self.over = True
        self._items = _NOTHING

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        if self._reading:
            raise ValueError(ALREADY_READING)
        self._reading = True
        try:
            for item in self._items:
                if type(item) is ServerSentEvent:
                    self.events += 1
                return item
            item = self._advance()
        except BaseException as error:
            self.stop()
            self._finish(error, False)
            raise
        finally:
            self._reading = False
        if item is None:
            raise StopIteration
        return item

    def _advance(self) -> Any:
        """Take chunks until one completes something; None at the end."""
        while not self.over:
            if self._source is None:
                self._source = self._open()
            chunk = next(self._source, _END)
            if self.over:
                break  # type: ignore[unreachable]  # not so: another thread, or the source itself, may have stopped us
            if chunk is _END:
                self._finish(None, self.finish())
            else:
                self.push(chunk)
            for item in self._items:
                if type(item) is ServerSentEvent:
                    self.events += 1
                return item
        return None
