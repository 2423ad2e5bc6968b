"""The streams of parts: `stream` and `astream`, over any source of bytes.

A payload stream yields the data of events as bytes, and a decoder without I/O makes parts of them. Only the classes
here read and wait, sync or async; the objects of each API use them with another decoder. Knows no wire format.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from .._generic import E_co, Subscriptable
from ..errors import UnexpectedContentType, UnexpectedStatus, UnknownFormat
from ..outcome import Outcome
from ..scanner._shared import ALREADY_READING, STREAM_IS_NO_VALUE
from ..stalls import checked_stall
from .formats import Api, checked_api
from .message_decoder import MessageDecoder
from .parts import Part, TextDelta
from .payload_streams import AsyncPayloadStream, PayloadStream
from .think_tags import checked_think_tags

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
    from typing import Literal, NoReturn, Self, TypeAlias

    from ..scanner import Comment, EventReader, ServerSentEvent, UnknownLine
    from ..sources import AsyncSource, SyncSource
    from ..stalls import Stall
    from .bodies import Body
    from .message import Message
    from .payload_streams import Payloads

    Item: TypeAlias = ServerSentEvent | Comment | UnknownLine
    SyncEvents: TypeAlias = SyncSource | Iterable[Item]
    AsyncEvents: TypeAlias = AsyncSource | AsyncIterable[Item]
    NewDecoder: TypeAlias = Callable[[EventReader[Any], int | None], MessageDecoder]

REFUSALS = (UnexpectedStatus, UnexpectedContentType, UnknownFormat)
"""Errors for streams that we refuse: such a stream has no parts, not even an End."""
OVER = (Outcome.CLOSED, Outcome.FAILED)
"""Outcomes after which no part comes any more."""


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
    _payloads: type[Payloads]

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
        """The outcome of the stream of events, None while it is open. For the answer, see `message.complete`."""
        outcome: Outcome | None = self._events.outcome
        return outcome

    @property
    def received_ns(self) -> int | None:
        """time.perf_counter_ns() of the read that brought the part yielded last, taken before any parsing."""
        received: int | None = self._events.received_ns
        return received

    @property
    def reads(self) -> int:
        """The number of reads so far."""
        reads: int = (self._events.body or self._events.reader).reads
        return reads

    @property
    def bytes_read(self) -> int:
        """The number of bytes so far."""
        body: Body | None = self._events.body
        size: int = self._events.reader.bytes_read if body is None else body.size
        return size

    @property
    def events(self) -> int:
        """The number of events so far, without keep-alives."""
        events: int = self._events.reader.progress
        return events

    @property
    def response(self) -> Any:
        """The response that the stream comes from, None if it comes from another source."""
        return self._events.response


class Shell(_Shell[E_co]):
    """A payload stream and a decoder, read together: an iterator, and a context manager that closes the source."""

    __slots__ = ("_items",)

    _payloads = PayloadStream

    def __init__(self, source: SyncEvents, stall: Stall | None, name: str, new_decoder: NewDecoder) -> None:
        super().__init__(source, stall, name, new_decoder)
        # Not a method: the generator and this object would refer to each other, and the source would stay open longer.
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


def _items(events: PayloadStream, decoder: MessageDecoder) -> Iterator[Any]:
    """Yield the parts (or objects) of the events. Twin of AsyncShell.__anext__."""
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

    _payloads = AsyncPayloadStream

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
            # All in one coroutine: each further one adds a tenth to the time of an event.
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
                # A connection that broke after the provider's last word is not an error.
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
    """An iterator of parts, and a context manager that closes the source. `stream` returns it."""

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
    """MessageStream for asyncio and trio; `async with` closes the source. `astream` returns it."""

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
    is False. `stall`: a Stall, as for iter_events; pings are not progress. `accept_done`: for servers that never give a
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
    """Read the answer of a model asynchronously, under asyncio or trio.

    `source`: any source of aiter_events, or an async iterable of events. Everything else as for stream().
    """
    return AsyncMessageStream(source, stall, "astream", _new_message_decoder(api, strict, accept_done, think_tags))


for _public in (MessageStream, AsyncMessageStream, stream, astream):
    _public.__module__ = "ssescan.providers" if isinstance(_public, type) else "ssescan"
