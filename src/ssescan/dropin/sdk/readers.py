"""Readers of the events in a body, which the modules of all libraries share. Know no library.

A reader yields the data of each event as bytes. An item that is not bytes is an event without data, or an unknown line,
if the scanner was asked for those.
"""

from __future__ import annotations

from typing import Any

from ...scanner import EventIterator, EventReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from ...scanner import Scanner


class BodyReader(EventIterator[Any]):
    """The events of a body whose chunks come from an iterator. `reader` has the name and the ID of the last event.

    With `payloads=False`, it yields whole events.
    """

    __slots__ = ("reader",)

    def __init__(self, chunks: Iterator[bytes], scanner: Scanner[Any], payloads: bool = True) -> None:
        self.reader: EventReader[Any] = EventReader(scanner, False, payloads)
        super().__init__(self.reader, iter(chunks))


class AsyncBodyReader:
    """The same for an asynchronous iterator.

    A class and not an async generator, which would need closing.
    """

    __slots__ = ("_chunks", "_pop", "reader")

    def __init__(self, chunks: AsyncIterator[bytes], scanner: Scanner[Any]) -> None:
        self.reader: EventReader[Any] = EventReader(scanner, False, True)
        self._pop: Callable[[], Any] = self.reader.pop
        self._chunks = aiter(chunks)

    def __aiter__(self) -> AsyncBodyReader:
        return self

    async def __anext__(self) -> Any:
        while (item := self._pop()) is None:
            try:
                chunk = await anext(self._chunks)
            except StopAsyncIteration:
                if self.reader.is_over:
                    raise
                self.reader.close()
            else:
                self.reader.feed(chunk)
        return item
