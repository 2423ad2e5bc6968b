"""Event streams that yield the data of events as bytes, from event streams and from bodies that hold JSON.

Knows nothing of what the data means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ..errors import UnexpectedContentType
from ..refusals import MAX_REFUSED_BODY, REFUSED_BODY_TIMEOUT, read_body_async, read_body_in_time
from ..scanner import EventReader
from ..scanner._shared import ALREADY_READING, DEFAULT_MAX_EVENT_SIZE
from ..sources import async_byte_source_of, byte_source_of
from ..stalls import END
from ..streams import AsyncEventStream, EventStream
from .bodies import CONTENT_TYPES, EVENT_STREAM, Body
from .payloads import event_bytes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from ..byte_source import ByteSource
    from ..stalls import Stall


class PayloadReader(EventReader[Any]):
    """A reader of payloads; its chunks may be events as well."""

    __slots__ = ("_scanner",)

    def __init__(self, scanner: Any, timing: bool, payloads: bool) -> None:
        super().__init__(scanner, timing, payloads)
        self._scanner = scanner

    @property
    def pending(self) -> int:
        """The bytes since the last blank line, as Scanner counts them."""
        pending: int = self._scanner.pending
        return pending

    def bytes_of(self, chunk: Any) -> bytes:
        return event_bytes(chunk) or super().bytes_of(chunk)


def _body(chunks: Iterator[Any], body: Body, reader: EventReader[Any], source: ByteSource) -> Iterator[bytes]:
    """Yield a body of any type as an event stream. Raises UnexpectedContentType if it holds neither events nor JSON."""
    for chunk in chunks:
        made = body.feed(bytes(chunk))
        reader.whole_body = body.is_value
        if body.is_refused:
            break
        yield made
    made = body.close()
    reader.whole_body = body.is_value
    if body.is_refused:
        rest = read_body_in_time(chunks, source, REFUSED_BODY_TIMEOUT)
        raise UnexpectedContentType(source.content_type or "", (body.head + rest)[:MAX_REFUSED_BODY], source.response)
    yield made


async def _abody(
    chunks: AsyncIterator[Any], body: Body, reader: EventReader[Any], source: ByteSource
) -> AsyncIterator[bytes]:
    """Twin of _body."""
    async for chunk in chunks:
        made = body.feed(bytes(chunk))
        reader.whole_body = body.is_value
        if body.is_refused:
            break
        yield made
    made = body.close()
    reader.whole_body = body.is_value
    if body.is_refused:
        rest = await read_body_async(chunks, REFUSED_BODY_TIMEOUT)
        raise UnexpectedContentType(source.content_type or "", (body.head + rest)[:MAX_REFUSED_BODY], source.response)
    yield made


class Payloads:
    """The methods with which an event stream, sync or async, yields the data of events as bytes."""

    __slots__ = ()

    _content_types: tuple[str, ...] = CONTENT_TYPES
    _event_stream: type[Any]
    _byte_source_of: Any
    _as_event: Any

    if TYPE_CHECKING:
        body: Body | None  # of a response of another type than that of an event stream

        @property
        def _reader(self) -> EventReader[Any]: ...

        _byte_source: Any
        _options: dict[str, Any]

    @classmethod
    def of(cls: Any, source: Any, stall: Stall | None, name: str) -> Any:
        """Return a stream over a source. An event stream that was not read yet hands over its own, and its options."""
        if isinstance(source, cls._event_stream):
            byte_source, given, options = cls._hand_over(source)
        else:
            byte_source, given, options = cls._byte_source_of(source, name), None, {}
        # Lines that are not events may hold an error, and an unfinished block may be a whole event.
        options = {**options, "comments": True, "unknown": True, "unterminated": "dispatch", "empty_events": False}
        stream = cls(byte_source, stall or given, True, options)
        stream.body = None
        return stream

    @property
    def reader(self) -> EventReader[Any]:
        return self._reader

    @property
    def max_event_size(self) -> int | None:
        size: int | None = self._options.get("max_event_size", DEFAULT_MAX_EVENT_SIZE)
        return size

    def _new_reader(self, scanner: Any, timing: bool) -> EventReader[Any]:
        return PayloadReader(scanner, timing, True)

    def _adapted(self, chunks: Any) -> Any:
        source = self._byte_source
        if source.response is None or source.media_type == EVENT_STREAM:
            return chunks
        self.body = Body(source.media_type)  # type: ignore[misc]  # a slot of the subclasses
        return self._as_event(chunks, self.body, self._reader, source)


class PayloadStream(Payloads, EventStream[Any]):
    """An iterator of payloads, comments and lines of no field."""

    __slots__ = ("body",)

    _event_stream = EventStream
    _byte_source_of = staticmethod(byte_source_of)
    _as_event = staticmethod(_body)

    def read_chunk(self) -> Any:
        """Return the next chunk of the source, END at its end. The caller feeds it to the reader."""
        self.open()
        return END if self._chunks is None or self.outcome is not None else next(self._chunks, END)

    def finish(self) -> None:
        """End the stream after its last chunk."""
        self._finish(None, self._reader.cut)

    def end(self) -> None:
        """End the stream where the answer in it ended."""
        self._end()

    def fail(self, error: BaseException) -> None:
        """End the stream with an error about its content. Does nothing if it has ended."""
        self._fail(error)


class AsyncPayloadStream(Payloads, AsyncEventStream[Any]):
    """PayloadStream for asyncio and trio."""

    __slots__ = ("body",)

    _called = "astream"
    _event_stream = AsyncEventStream
    _byte_source_of = staticmethod(async_byte_source_of)
    _as_event = staticmethod(_abody)

    # The slot itself: a property would be a call for each event.
    is_reading: ClassVar[Any] = AsyncEventStream._reading  # type: ignore[misc]  # noqa: SLF001

    async def read_chunk(self) -> Any:
        """Return the next chunk of the source, END at its end. The caller feeds it to the reader."""
        await self.open()
        if self._reading:
            raise ValueError(ALREADY_READING)
        if self._chunks is None or self.outcome is not None:
            return END
        self._reading = True
        try:
            return await self._next_chunk(self._chunks)
        finally:
            self._reading = False

    async def finish(self) -> None:
        """End the stream after its last chunk."""
        self._note_end(self._reader.cut)
        await self._close_source()

    async def end(self) -> None:
        await self._end()

    async def fail(self, error: BaseException) -> None:
        if self.outcome is None:
            await self._fail(error)
