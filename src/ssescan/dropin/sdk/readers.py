"""The reader of the events in a body, which the modules of all libraries share. Knows no library."""

from typing import Any

from ...scanner import EventIterator, EventReader, Scanner


class BodyReader(EventIterator[Any]):
    """The events of a body, for `for` or `async for`. `reader` has the name and the ID of the last event.

    `chunks`: an iterable, or an asynchronous one; may be set until the first read. Yields the data of each event as
    bytes; an item that is not bytes is an event without data, or an unknown line, if the scanner was asked for those.
    With `payloads=False`, yields whole events.
    """

    # Not an async generator, which would need closing.
    __slots__ = ("_pop", "chunks", "reader")

    def __init__(self, chunks: Any, scanner: Scanner[Any], payloads: bool = True) -> None:
        self.reader: EventReader[Any] = EventReader(scanner, False, payloads)
        super().__init__(self.reader)
        self._pop = self.reader.pop
        self.chunks: Any = chunks

    def _open(self) -> Any:
        return iter(self.chunks)

    def __aiter__(self) -> "BodyReader":
        self.chunks = aiter(self.chunks)
        return self

    async def __anext__(self) -> Any:
        while (item := self._pop()) is None:
            try:
                chunk = await anext(self.chunks)
            except StopAsyncIteration:
                if self.reader.is_over:
                    raise
                self.reader.close()
            else:
                self.reader.feed(chunk)
        return item


def is_utf8(response: Any) -> bool:
    """Return whether a response of httpx or httpx2 has bytes, and its charset is UTF-8, which a scanner decodes."""
    if not hasattr(response, "iter_bytes"):
        return False
    return str(getattr(response, "encoding", None)).lower().replace("_", "-") in ("utf-8", "utf8")
