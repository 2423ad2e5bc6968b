"""The streams of parts: `stream` and `astream`, over any source of bytes.

A payload stream yields the data of events as bytes, a decoder without I/O makes parts of them. The sync and the async
shell here are all that waits; the objects of each API use them with another decoder. Knows no wire format.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from .._generic import E_co, Subscriptable
from ..errors import UnexpectedContentType, UnexpectedStatus, UnknownFormat
from ..outcome import Outcome
from ..scanner import Comment, EventReader, UnknownLine
from ..scanner._shared import ALREADY_READING, DEFAULT_MAX_EVENT_SIZE, STREAM_IS_NO_VALUE
from ..sources import async_byte_source_of, byte_source_of
from ..stalls import checked_stall
from ..streams import AsyncEventStream, EventStream
from .formats import Api, checked_api
from .message_decoder import MessageDecoder
from .parts import Part, TextDelta
from .payloads import event_bytes
from .think_tags import checked_think_tags

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
    from typing import Literal, NoReturn, Self, TypeAlias

    from ..scanner import ServerSentEvent
    from ..sources import AsyncSource, SyncSource
    from ..stalls import Stall
    from .message import Message

    Item: TypeAlias = ServerSentEvent | Comment | UnknownLine
    SyncEvents: TypeAlias = SyncSource | Iterable[Item]
    AsyncEvents: TypeAlias = AsyncSource | AsyncIterable[Item]
    NewDecoder: TypeAlias = Callable[[EventReader[Any], int | None], MessageDecoder]

# A body that is one JSON value is read as an event: between its tokens, a line end is as good as a space.
BEFORE_A_BODY, AFTER_A_BODY = b"data: ", b"\n\n"
ADDED_READS, ADDED_BYTES = 2, len(BEFORE_A_BODY + AFTER_A_BODY)
LINE_ENDS_TO_SPACES = bytes.maketrans(b"\r\n", b"  ")

REFUSALS = (UnexpectedStatus, UnexpectedContentType, UnknownFormat)
"""Errors for streams that we refuse: such a stream has no parts, not even an End."""
OVER = (Outcome.CLOSED, Outcome.FAILED)
"""Outcomes after which no part comes any more."""


class _PayloadReader(EventReader[Any]):
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


def _body(chunks: Iterator[Any]) -> Iterator[bytes]:
    yield BEFORE_A_BODY
    for chunk in chunks:
        yield bytes(chunk).translate(LINE_ENDS_TO_SPACES)
    yield AFTER_A_BODY


async def _abody(chunks: AsyncIterator[Any]) -> AsyncIterator[bytes]:
    yield BEFORE_A_BODY
    async for chunk in chunks:
        yield bytes(chunk).translate(LINE_ENDS_TO_SPACES)
    yield AFTER_A_BODY


class _Payloads:
    """The methods with which an event stream, sync or async, yields the data of events as bytes."""

    __slots__ = ()

    _content_types: tuple[str, ...] = ("text/event-stream", "application/json")
    _event_stream: type[Any]
    _byte_source_of: Any
    _as_event: Any

    if TYPE_CHECKING:

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
        return cls(byte_source, stall or given, True, options)

    @property
    def reader(self) -> EventReader[Any]:
        return self._reader

    @property
    def max_event_size(self) -> int | None:
        size: int | None = self._options.get("max_event_size", DEFAULT_MAX_EVENT_SIZE)
        return size

    def _new_reader(self, scanner: Any, timing: bool) -> EventReader[Any]:
        return _PayloadReader(scanner, timing, True)

    def _adapted(self, chunks: Any) -> Any:
        if self._byte_source.media_type != "application/json":
            return chunks
        self._reader.whole_body = True
        return self._as_event(chunks)


class _PayloadStream(_Payloads, EventStream[Any]):
    __slots__ = ()

    _event_stream = EventStream
    _byte_source_of = staticmethod(byte_source_of)
    _as_event = staticmethod(_body)

    def end(self) -> None:
        """End the stream where the answer in it ended."""
        self._end()

    def fail(self, error: BaseException) -> None:
        """End the stream with an error about its content. Does nothing if it has ended."""
        self._fail(error)


class _AsyncPayloadStream(_Payloads, AsyncEventStream[Any]):
    __slots__ = ()

    _called = "astream"
    _event_stream = AsyncEventStream
    _byte_source_of = staticmethod(async_byte_source_of)
    _as_event = staticmethod(_abody)

    # The slot itself: a property would be a call for each event.
    is_reading: ClassVar[Any] = AsyncEventStream._reading  # type: ignore[misc]  # noqa: SLF001

    async def end(self) -> None:
        await self._end()

    async def fail(self, error: BaseException) -> None:
        if self.outcome is None:
            await self._fail(error)


def checked_bool(value: Any, name: str) -> bool:
    """Return an argument as it was passed. TypeError if it is not a bool."""
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be a bool, not {type(value).__name__}")
    return value


def checked_strict(strict: Any) -> bool:
    """Return `strict` as it was passed. TypeError if it is not a bool."""
    return checked_bool(strict, "strict")


class _Shell(Subscriptable[E_co]):
    """The attributes that the sync and the async shell share."""

    __slots__ = ("_decoder", "_events")

    _events: Any
    _payloads: type[_Payloads]

    def __init__(self, source: Any, stall: Stall | None, name: str, new_decoder: NewDecoder) -> None:
        checked_stall(stall)
        self._events = self._payloads.of(source, stall, name)
        self._decoder = new_decoder(self._events.reader, self._events.max_event_size)

    def __reduce__(self) -> NoReturn:
        raise TypeError(STREAM_IS_NO_VALUE)

    @property
    def api(self) -> str | None:
        """The format: as named, until the first event shows which it is; None until then, if none was named."""
        return self._decoder.api

    @property
    def message(self) -> Message:
        """The message so far: at any time, also after an error."""
        return self._decoder.message

    @property
    def outcome(self) -> Outcome | None:
        """How the stream of events ended, None while it is open. `message.complete` says it of the answer."""
        outcome: Outcome | None = self._events.outcome
        return outcome

    @property
    def received_ns(self) -> int | None:
        """time.perf_counter_ns() of the read that brought the part yielded last, taken before any parsing."""
        received: int | None = self._events.received_ns
        return received

    @property
    def reads(self) -> int:
        """How many reads there were."""
        reader: EventReader[Any] = self._events.reader
        return max(reader.reads - ADDED_READS, 0) if reader.whole_body else reader.reads

    @property
    def bytes_read(self) -> int:
        """How many bytes came."""
        reader: EventReader[Any] = self._events.reader
        return max(reader.bytes_read - ADDED_BYTES, 0) if reader.whole_body else reader.bytes_read

    @property
    def events(self) -> int:
        """How many events came, signs of life not counted."""
        events: int = self._events.reader.progress
        return events

    @property
    def response(self) -> Any:
        """The response that the stream comes from, None where it comes from something else."""
        return self._events.response


class Shell(_Shell[E_co]):
    """A payload stream and a decoder, read together: an iterator, and a context manager that closes the source."""

    __slots__ = ("_items",)

    _payloads = _PayloadStream

    def __init__(self, source: SyncEvents, stall: Stall | None, name: str, new_decoder: NewDecoder) -> None:
        super().__init__(source, stall, name, new_decoder)
        # Not a method: a generator that held this object, which holds it, would outlive the program's last use of both.
        self._items: Iterator[E_co] = _items(self._events, self._decoder)

    def __iter__(self) -> Iterator[E_co]:
        return self._items

    def __next__(self) -> E_co:
        return next(self._items)

    def open(self) -> None:
        """Check the response now, as entering a `with` block does: a refusal is raised before the first part."""
        self._events.open()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the source, if it is a response or a generator. A second close does nothing."""
        self._events.close()


def _items(events: _PayloadStream, decoder: MessageDecoder) -> Iterator[Any]:
    """Yield what the decoder makes of the events. Twin of AsyncShell.__anext__."""
    feed: Any = decoder.feed
    is_fast = False
    try:
        for item in events:
            parts = feed(item)
            # Streams are full of single deltas, and of pairs: they come without a list around them.
            if type(parts) is TextDelta:
                yield parts
                continue
            if type(parts) is tuple:
                first, second = parts
                yield first
                yield second
                continue
            if parts is None:
                parts = decoder.feed(item)
            yield from parts
            if decoder.done:
                break
            if not is_fast and (fast_feed := decoder.fast_feed):
                feed, is_fast = fast_feed, True
        if decoder.done:
            yield from decoder.feed_rest()
            if failure := decoder.pop_failure():
                raise failure  # noqa: TRY301 - the source is closed as for any error
            events.end()
    except Exception as error:
        events.fail(error)
        if not isinstance(error, REFUSALS):
            yield from decoder.fail(error)
            if decoder.builder.complete:
                return  # the connection broke after the provider's last word
        raise
    yield from decoder.close(events.outcome)
    if failure := decoder.pop_failure():
        raise failure


class AsyncShell(_Shell[E_co]):
    """Shell for asyncio and trio. `async with` closes the source."""

    __slots__ = ("_failure", "_feed", "_is_fast", "_ready")

    _payloads = _AsyncPayloadStream

    def __init__(self, source: AsyncEvents, stall: Stall | None, name: str, new_decoder: NewDecoder) -> None:
        super().__init__(source, stall, name, new_decoder)
        self._feed: Callable[[Any], Any] = self._decoder.feed
        self._is_fast = False
        self._ready: Iterator[E_co] = iter(())
        self._failure: BaseException | None = None  # raised when the ready parts were returned

    def __aiter__(self) -> AsyncIterator[E_co]:
        return self

    async def __anext__(self) -> E_co:
        for part in self._ready:
            return part
        events = self._events
        decoder: Any = self._decoder
        if events.is_reading:
            raise ValueError(ALREADY_READING)
        while not decoder.closed and events.outcome not in OVER:
            # All in this function: each coroutine on the way is a tenth of an event's time.
            try:
                try:
                    item = await anext(events)
                except StopAsyncIteration:
                    self._ready = iter(decoder.close(events.outcome))
                    self._failure = decoder.pop_failure()
                else:
                    parts = self._feed(item)
                    if type(parts) is TextDelta:
                        return parts  # type: ignore[return-value]  # the parts of a MessageStream
                    if parts is None:
                        parts = decoder.feed(item)
                    if not self._is_fast and (fast_feed := decoder.fast_feed):
                        self._feed, self._is_fast = fast_feed, True
                    if decoder.done:
                        parts = await self._end([*parts, *decoder.feed_rest()])
                    self._ready = iter(parts)
            except Exception as error:
                await events.fail(error)
                if isinstance(error, REFUSALS) or decoder.closed:
                    raise
                self._ready = iter(decoder.fail(error))
                # A connection that broke after the provider's last word is no error.
                self._failure = None if decoder.builder.complete else error
            for part in self._ready:
                return part
        failure, self._failure = self._failure, None
        raise failure or StopAsyncIteration

    async def _end(self, parts: list[Any]) -> list[Any]:
        """End where the decoder is done; return its last parts. If this is cancelled, the next read has them."""
        failure = self._failure = self._decoder.pop_failure()
        if failure is None:
            parts += self._decoder.close(None)
            self._failure = self._decoder.pop_failure()
        try:
            await (self._events.end() if failure is None else self._events.fail(failure))
        except BaseException:
            self._ready = iter(parts)
            raise
        return parts

    async def open(self) -> None:
        """Check the response now, as entering an `async with` block does."""
        await self._events.open()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the source, if it is a response or an async generator. A second close does nothing."""
        self._ready = iter(())
        await self._events.aclose()


class MessageStream(Shell[Part]):
    """What `stream` returns: an iterator of parts, and a context manager that closes the source."""

    __slots__ = ()

    def text(self) -> Iterator[str]:
        """Iterate over the text of choice 0 alone, piece by piece."""
        for part in self._items:
            if type(part) is TextDelta and not part.choice:
                yield part.text

    def collect(self) -> Message:
        """Read to the end, and return the message."""
        for _ in self._items:
            pass
        return self.message


class AsyncMessageStream(AsyncShell[Part]):
    """What `astream` returns: MessageStream for asyncio and trio. `async with` closes the source."""

    __slots__ = ()

    async def text(self) -> AsyncIterator[str]:
        """Iterate over the text of choice 0 alone, piece by piece."""
        async for part in self:
            if type(part) is TextDelta and not part.choice:
                yield part.text

    async def collect(self) -> Message:
        """Read to the end, and return the message."""
        async for _ in self:
            pass
        return self.message


def _new_message_decoder(api: Any, strict: Any, accept_done: Any, think_tags: Any) -> NewDecoder:
    return partial(
        MessageDecoder,
        checked_api(api),
        strict=checked_strict(strict),
        accept_done=checked_bool(accept_done, "accept_done"),
        think_tags=checked_think_tags(think_tags),
    )


def stream(
    source: SyncEvents,
    api: Api | None = None,
    *,
    strict: bool = True,
    stall: Stall | None = None,
    accept_done: bool = False,
    think_tags: bool | Literal["open"] = False,
) -> MessageStream:
    """Read what a model says, in parts that are the same for every API.

    `source`: all that iter_events takes, also an EventStream that was not read yet (its options are kept), or an
    iterable of events. A response may be `application/json` as well: an error, or an answer that was not streamed.
    `api`: "openai-chat" (any server that speaks it), "openai-responses", "anthropic", "gemini", "gemini-interactions";
    None: found from the first event. If that event is unmistakably of another format than the named one, that format
    is read, see the stream's `api`. `strict`: after its last part, End, a stream that is not a success (it was cut,
    the provider reported an error, an event was damaged) raises; otherwise it ends quietly, and `message.complete`
    is False. `stall`: a Stall, as for iter_events; pings are no progress. `accept_done`: for servers that never give a
    finish reason, only `[DONE]`: take that as the end of an answer that has no error and no finish reason at all. The
    reason is then "stop", or "tool_calls"; a call whose arguments are not whole JSON is cut, the message incomplete.
    `think_tags`: for models that write `<think>…</think>` as text before their answer. True: what is between the tags,
    at the start of an answer, is reasoning. "open": the same, and the opening tag may be missing, because it is part of
    the prompt.

    Returns a MessageStream. Raises, here, TypeError and ValueError for wrong use; in the reading, UnknownFormat for a
    first event of no known format, ProviderError if the provider reported an error, StreamCut if the stream ended
    before the answer, and the errors of iter_events. The message so far is on the stream, and on the first two. If the
    connection breaks after the provider's last word (`[DONE]`, `message_stop`, `response.completed` and its like,
    `interaction.completed`), nothing is raised: the message is complete, and `outcome` is "failed".
    """
    return MessageStream(source, stall, "stream", _new_message_decoder(api, strict, accept_done, think_tags))


def astream(
    source: AsyncEvents,
    api: Api | None = None,
    *,
    strict: bool = True,
    stall: Stall | None = None,
    accept_done: bool = False,
    think_tags: bool | Literal["open"] = False,
) -> AsyncMessageStream:
    """Read what a model says asynchronously, under asyncio or trio.

    `source`: all that aiter_events takes, or an async iterable of events. All else as for stream().
    """
    return AsyncMessageStream(source, stall, "astream", _new_message_decoder(api, strict, accept_done, think_tags))


for _public in (MessageStream, AsyncMessageStream, stream, astream):
    _public.__module__ = "ssescan.providers" if isinstance(_public, type) else "ssescan"
