"""The streams of parts: `stream` and `astream`, over any source of bytes.

An event stream gives the data of its events as bytes, a MessageDecoder makes parts of them; sync and async differ in
how they wait and in nothing else. Knows no wire format.
"""

from __future__ import annotations

import re
from types import GenericAlias
from typing import TYPE_CHECKING, Any

from ..errors import UnexpectedContentType, UnexpectedStatus, UnknownFormat
from ..scanner import Comment, EventReader, UnknownLine
from ..scanner._shared import ALREADY_READING, STREAM_IS_NO_VALUE
from ..sources import async_byte_source_of, byte_source_of
from ..stalls import checked_stall
from ..streams import AsyncEventStream, EventStream, Outcome
from .formats import checked_api
from .message_builder import Notes
from .message_decoder import MessageDecoder
from .parts import TextDelta

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
    from typing import Literal, NoReturn, Self, TypeAlias

    from ..scanner import ServerSentEvent
    from ..sources import AsyncSource, SyncSource
    from ..stalls import Stall
    from .message import Message
    from .parts import Part

    Item: TypeAlias = ServerSentEvent | Comment | UnknownLine
    SyncEvents: TypeAlias = SyncSource | Iterable[Item]
    AsyncEvents: TypeAlias = AsyncSource | AsyncIterable[Item]
    Api: TypeAlias = Literal["openai-chat", "openai-responses", "anthropic", "gemini", "gemini-interactions"]

__all__ = ["AsyncMessageStream", "MessageStream", "astream", "stream"]

CONTENT_TYPES = ("text/event-stream", "application/json")
# One JSON value that is a whole body is read as an event: between its tokens, a line end is as good as a space.
BEFORE_A_BODY, AFTER_A_BODY = b"data: ", b"\n\n"
LINE_ENDS_TO_SPACES = bytes.maketrans(b"\r\n", b"  ")

REFUSALS = (UnexpectedStatus, UnexpectedContentType, UnknownFormat)
"""What is raised of a stream that is none of ours to read: nothing of it is told, not even that it ended."""
OVER = (Outcome.CLOSED, Outcome.FAILED)
"""How a stream ends that has nothing more to tell, once what was raised has been raised."""
LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class _Payloads(EventStream[Any]):
    """An event stream that gives the data of events as bytes; its chunks may be events as well."""

    __slots__ = ("framing", "notes")

    _payloads = True
    _content_types = CONTENT_TYPES

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.framing = 0  # bytes that were added to what came
        self.notes = Notes()

    def _adapted(self, chunks: Iterator[Any]) -> Iterator[Any]:
        if self._byte_source.media_type == "application/json":
            self.framing = len(BEFORE_A_BODY + AFTER_A_BODY)
            self.notes.whole_body = True
            return _body(chunks)
        return chunks

    def _bytes_of(self, chunk: Any) -> bytes:
        return _event_bytes(chunk) or super()._bytes_of(chunk)

    @property
    def _progress(self) -> int:
        return self._events - self.notes.pings


class _PayloadReader(EventReader[Any]):
    __slots__ = ()

    def _bytes_of(self, chunk: Any) -> bytes:
        return _event_bytes(chunk) or super()._bytes_of(chunk)


class _AsyncPayloads(AsyncEventStream[Any]):
    """As _Payloads."""

    __slots__ = ("framing", "notes")

    _content_types = CONTENT_TYPES
    _called = "astream"

    def __init__(self, *arguments: Any) -> None:
        self.framing = 0
        self.notes = Notes()
        super().__init__(*arguments)

    def _new_reader(self, scanner: Any, timing: bool) -> EventReader[Any]:
        return _PayloadReader(scanner, timing, True)

    def _adapted(self, chunks: AsyncIterator[Any]) -> AsyncIterator[Any]:
        if self._byte_source.media_type == "application/json":
            self.framing = len(BEFORE_A_BODY + AFTER_A_BODY)
            self.notes.whole_body = True
            return _abody(chunks)
        return chunks

    @property
    def _progress(self) -> int:
        return self._reader._events - self.notes.pings


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


def _event_bytes(event: Any) -> bytes:
    """Give an event as the bytes that it may have come from; b"" for what is no event."""
    if type(event) in (Comment, UnknownLine):
        return f"{': ' if type(event) is Comment else ''}{event.text}\n".encode("utf-8", "replace")
    name, data = getattr(event, "event", None), getattr(event, "data", None)
    if not isinstance(data, str) or not (name is None or isinstance(name, str)):
        return b""
    data = LONE_SURROGATE.sub("\ufffd", data).replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\ndata: ")
    head = "" if name in (None, "", "message") else "event: " + " ".join(name.splitlines()) + "\n"
    return f"{head}data: {data}\n\n".encode("utf-8", "replace")


def _options(options: dict[str, Any]) -> dict[str, Any]:
    # What is no event may still tell of an error, and an unfinished block may be a whole event.
    return {**options, "comments": True, "unknown": True, "unterminated": "dispatch", "empty_events": False}


def _limit(options: dict[str, Any]) -> int | None:
    limit: int | None = options.get("max_event_size", 64 * 2**20)
    return limit


def _checked_strict(strict: Any) -> bool:
    if not isinstance(strict, bool):
        raise TypeError(f"strict must be a bool, not {type(strict).__name__}")
    return strict


class _Stream:
    """What the streams of either colour have in common."""

    __slots__ = ("_decoder", "_events", "_strict")

    _events: Any
    _decoder: MessageDecoder

    if not TYPE_CHECKING:
        __class_getitem__ = classmethod(GenericAlias)

    def __reduce__(self) -> NoReturn:
        raise TypeError(STREAM_IS_NO_VALUE)

    @property
    def api(self) -> str | None:
        """The format: as it was named, until the first event shows which it is; None until then, if none was named."""
        return self._decoder.api

    @property
    def message(self) -> Message:
        """The message so far: at any time, also after an error."""
        return self._decoder.message

    @property
    def outcome(self) -> Outcome | None:
        """How the stream of events ended, None while it is open. Of the answer, `message.complete` tells."""
        outcome: Outcome | None = self._events.outcome
        return outcome

    @property
    def received_ns(self) -> int | None:
        """time.perf_counter_ns() of the read that brought the part given last, taken before any parsing."""
        received: int | None = self._events.received_ns
        return received

    @property
    def reads(self) -> int:
        """How many reads there were."""
        reads: int = self._events.reads
        return max(reads - 2, 0) if self._events.framing else reads

    @property
    def bytes_read(self) -> int:
        """How many bytes came."""
        size: int = self._events.bytes_read
        framing: int = self._events.framing
        return max(size - framing, 0)

    @property
    def events(self) -> int:
        """How many events came, signs of life not counted."""
        events: int = self._events._progress
        return events

    @property
    def response(self) -> Any:
        """The response that the stream comes from, None where it comes from something else."""
        return self._events.response


class MessageStream(_Stream):
    """What `stream` returns: an iterator of parts, and a context manager that closes the source."""

    __slots__ = ("_parts",)

    def __init__(self, source: SyncEvents, api: str | None, strict: bool, stall: Stall | None, name: str) -> None:
        checked_api(api)
        self._strict = _checked_strict(strict)
        checked_stall(stall)
        if isinstance(source, EventStream):
            byte_source, given, options = source._hand_over()
        else:
            byte_source, given, options = byte_source_of(source, name), None, {}
        self._events = _Payloads(byte_source, stall or given, True, _options(options))
        self._decoder = MessageDecoder(api, self._events, _limit(options))
        self._decoder.builder.notes = self._events.notes
        # Not a method: a generator that held this object, which holds it, would outlive the program's last use of both.
        self._parts = self._run()(self._events, self._decoder, self._strict)

    def _run(self) -> Callable[..., Iterator[Any]]:
        return _parts

    def __iter__(self) -> Iterator[Part]:
        return self._parts

    def __next__(self) -> Part:
        part: Part = next(self._parts)
        return part

    def text(self) -> Iterator[str]:
        """Iterate over the text of choice 0 alone, piece by piece."""
        for part in self._parts:
            if type(part) is TextDelta and not part.choice:
                yield part.text

    def collect(self) -> Message:
        """Read to the end, and give the message."""
        for _ in self._parts:
            pass
        return self.message

    def open(self) -> None:
        """Check the response now, as entering a `with` block does: a refusal is raised before the first part."""
        self._events.open()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the source, if it is a response or a generator. To do so twice does nothing more."""
        self._events.close()


def _parts(events: _Payloads, message_decoder: MessageDecoder, strict: bool) -> Iterator[Part]:
    try:
        for item in events:
            # Until the first event has told the format.
            yield from message_decoder.feed(item) if type(item) is bytes else message_decoder.feed_line(item)
            if message_decoder.format_decoder is not None or message_decoder.done:
                break
        if message_decoder.format_decoder is not None and not message_decoder.done:
            format_decoder: Any = message_decoder.format_decoder
            handle = format_decoder.handle
            parts: Any
            for item in events:
                if type(item) is bytes:
                    try:
                        event = format_decoder.decode(item)
                    except (ValueError, RecursionError):
                        parts = message_decoder.feed(item)
                    else:
                        parts = handle(event)
                        # What streams are full of comes without a list around it: one delta, or two parts.
                        if type(parts) is TextDelta:
                            yield parts
                            continue
                        if type(parts) is tuple:
                            first, second = parts
                            yield first
                            yield second
                            continue
                        if parts is None:
                            parts = message_decoder.feed(item)
                else:
                    parts = message_decoder.feed_line(item)
                yield from parts
                if message_decoder.done:
                    break  # type: ignore[unreachable]  # so it seems: mypy cannot see that feed() sets it
        if message_decoder.done:
            yield from message_decoder.feed_rest()
            events._end()
    except Exception as error:
        if events.outcome is None:  # not the source's, but what we have to say of what it gave
            events._stop()
            events._finish(error, False)
        if not isinstance(error, REFUSALS):
            yield from message_decoder.end(cut=False, failed=True)
        raise
    outcome: Any = events.outcome
    if outcome in OVER:
        return
    yield from message_decoder.end(cut=outcome is Outcome.CUT)
    if strict and (failure := message_decoder.failure()):
        raise failure


class AsyncMessageStream(_Stream):
    """What `astream` returns: MessageStream for asyncio and trio. `async with` closes the source."""

    __slots__ = ("_failure", "_given")

    def __init__(self, source: AsyncEvents, api: str | None, strict: bool, stall: Stall | None, name: str) -> None:
        # First, as what is made is to be closed.
        checked_api(api)
        self._strict = _checked_strict(strict)
        checked_stall(stall)
        if isinstance(source, AsyncEventStream):
            byte_source, given, options = source._hand_over()
        else:
            byte_source, given, options = async_byte_source_of(source, name), None, {}
        self._events = _AsyncPayloads(byte_source, stall or given, True, _options(options))
        self._decoder = MessageDecoder(api, self._events._reader, _limit(options))
        self._decoder.builder.notes = self._events.notes
        self._given: Iterator[Part] = iter(())  # parts that are ready
        self._failure: BaseException | None = None

    def __aiter__(self) -> AsyncIterator[Part]:
        return self

    async def __anext__(self) -> Part:
        for part in self._given:
            return part
        events, message_decoder = self._events, self._decoder
        if events._reading:
            raise ValueError(ALREADY_READING)  # the one who reads goes on
        while not message_decoder.over and (events.outcome is None or events.outcome not in OVER):
            # All in this function: each coroutine on the way is a tenth of an event's time.
            try:
                try:
                    item = await anext(events)
                except StopAsyncIteration:
                    item = None
                if item is not None:
                    parts = self._parts_of(item)
                    # What streams are full of comes without a list around it.
                    if type(parts) is TextDelta:
                        return parts
                    if message_decoder.done:
                        parts = [*parts, *message_decoder.feed_rest(), *self._end()]
                        try:
                            await events._end()
                        except BaseException:  # cancelled, mostly: who reads on gets what is there
                            self._given = iter(self._told(parts))
                            raise
                else:
                    parts = () if events.outcome in OVER else self._end()
            except Exception as error:
                if events.outcome is None:
                    await events._fail(error)
                if isinstance(error, REFUSALS) or message_decoder.over:
                    raise
                self._failure = error
                parts = message_decoder.end(cut=False, failed=True)
            self._given = iter(self._told(parts))
            if self._failure is not None and events.outcome is None:
                await events._fail(self._failure)
            for part in self._given:
                return part
        failure, self._failure = self._failure, None
        raise failure or StopAsyncIteration

    def _parts_of(self, item: Any) -> Any:
        message_decoder = self._decoder
        if type(item) is not bytes:
            return message_decoder.feed_line(item)
        format_decoder = message_decoder.format_decoder
        if format_decoder is None:
            return message_decoder.feed(item)
        try:
            event = format_decoder.decode(item)
        except (ValueError, RecursionError):
            return message_decoder.feed(item)
        parts = format_decoder.handle(event)
        if parts is None:
            return message_decoder.feed(item)
        return parts

    def _told(self, parts: Any) -> Iterable[Any]:
        """Give, of parts, what is told: all, unless a subclass says so, which may have found a failure in them."""
        given: Iterable[Any] = parts
        return given

    def _end(self) -> list[Part]:
        try:
            parts = self._decoder.end(cut=self._events.outcome is Outcome.CUT)
        except UnknownFormat as error:
            self._failure = error
            return []
        if self._strict:
            self._failure = self._decoder.failure()
        return parts

    async def text(self) -> AsyncIterator[str]:
        """Iterate over the text of choice 0 alone, piece by piece."""
        async for part in self:
            if type(part) is TextDelta and not part.choice:
                yield part.text

    async def collect(self) -> Message:
        """Read to the end, and give the message."""
        async for _ in self:
            pass
        return self.message

    async def open(self) -> None:
        """Check the response now, as entering an `async with` block does."""
        await self._events.open()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the source, if it is a response or an async generator. To do so twice does nothing more."""
        self._given = iter(())
        await self._events.aclose()


def stream(
    source: SyncEvents, api: Api | None = None, *, strict: bool = True, stall: Stall | None = None
) -> MessageStream:
    """Read what a model says, in parts that are the same for every API.

    `source`: all that iter_events takes, also an EventStream that was not read yet (its options are kept), or an
    iterable of events. A response may be `application/json` as well: an error, or an answer that was not streamed.
    `api`: "openai-chat" (whoever speaks it), "openai-responses", "anthropic", "gemini", "gemini-interactions"; None:
    found from the first event. One that is named stands until that event, if it is unmistakably of another format: then
    that is read, see the stream's `api`. `strict`: after its last part, End, a stream that is no success (it was cut,
    the provider reported an error, an event was damaged) raises; else it ends quietly, and `message.complete` tells.
    `stall`: a Stall, as for iter_events; pings are no progress.

    Returns a MessageStream. Raises, here, TypeError and ValueError for wrong use; in the reading, UnknownFormat for a
    first event of no known format, ProviderError where the provider reported an error, StreamCut where the stream ended
    before the answer, and whatever iter_events raises. The message so far is on the stream, and on the first two.
    """
    return MessageStream(source, api, strict, stall, "stream")


def astream(
    source: AsyncEvents, api: Api | None = None, *, strict: bool = True, stall: Stall | None = None
) -> AsyncMessageStream:
    """Read what a model says asynchronously, under asyncio or trio.

    `source`: all that aiter_events takes, or an async iterable of events. All else as for stream().
    """
    return AsyncMessageStream(source, api, strict, stall, "astream")


for _public in (MessageStream, AsyncMessageStream, stream, astream):
    _public.__module__ = "ssescan.providers" if isinstance(_public, type) else "ssescan"
