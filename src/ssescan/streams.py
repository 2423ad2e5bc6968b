"""Chunks to events: iter_events and aiter_events, and how a stream ended.

Knows scanners, and sources as `sources.py` understands them. Knows nothing of JSON or providers, and sends nothing.
"""

from __future__ import annotations

from enum import StrEnum
from types import GenericAlias

from .errors import UnexpectedContentType, UnexpectedStatus
from .scanner import EventReader, Scanner
from .scanner._shared import ALREADY_READING
from .sources import async_byte_source_of, byte_source_of, check_encoding, limited_reads
from .stalls import END, AsyncioWait, Stall, StallTimer, checked_stall, waiter, watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Container, Iterator
    from typing import Any, Generic, Literal, Self, overload

    from typing_extensions import TypeVar, Unpack

    from .scanner import Comment, ServerSentEvent, UnknownLine
    from .scanner._shared import StreamOptions
    from .sources import AsyncSource, ByteSource, SyncSource

    E_co = TypeVar("E_co", covariant=True, default=ServerSentEvent)

    class Subscriptable(Generic[E_co]):
        pass

else:
    E_co = object  # never looked at: `EventReader[E_co]` is EventReader when the program runs

    class Subscriptable:
        __slots__ = ()
        __class_getitem__ = classmethod(GenericAlias)


__all__ = ["AsyncEventStream", "EventStream", "Outcome", "Stall", "aiter_events", "iter_events"]

# What a refusal shows of the body, and how long it waits for that: a body may stay open for ever.
MAX_REFUSED_BODY = 65536  # bytes
REFUSED_BODY_TIMEOUT = 1.0  # seconds
# How long the end of a body is waited for when the stream in it has ended: to connect anew takes about as long.
AFTER_END_TIMEOUT = 0.1  # seconds
EVENT_STREAM = ("text/event-stream",)
BELOW_400 = range(400)
READ_ALREADY = "this stream was read already, or closed: pass one that was not, or its source"


class Outcome(StrEnum):
    """How a stream ended."""

    __module__ = "ssescan"

    ENDED = "ended"
    """The source ended, after a blank line."""
    CUT = "cut"
    """The source ended within a block."""
    FAILED = "failed"
    """Something was raised: by the transport, for a stall, for an event over the limit, for a refusal."""
    CLOSED = "closed"
    """We ended it: by close(), by leaving the `with` block, by cancelling the read."""


class EventStream(EventReader[E_co]):
    """What iter_events returns: an iterator of events, and a context manager that closes the source.

    `outcome`: None while open, then an Outcome. `response`: the response that the events come from, or None.
    `last_event_id`, `retry`: as of the event given last (see Scanner). `received_ns`: with `timing`,
    time.perf_counter_ns() of the read that brought that event, taken before any parsing. `reads`, `bytes_read`: so far.
    `skipped`: events that oversize="skip" dropped.
    """

    __module__ = "ssescan"
    __slots__ = ("__weakref__", "_byte_source", "_chunks", "_options", "_stall", "outcome", "response")

    outcome: Outcome | None
    response: Any

    _payloads = False  # see EventReader

    def __init__(
        self, source: ByteSource, stall: Stall | None, timing: bool, options: dict[str, Any], scanner: Any = None
    ) -> None:
        if scanner is None:  # else one that goes on: it keeps the last event ID
            scanner = Scanner(**options)
        super().__init__(scanner, _checked_timing(timing), self._payloads)
        self._options = options
        self._stall = checked_stall(stall)
        self._byte_source = source
        self._chunks: Iterator[Any] | None = None
        self.outcome = None
        self.response = source.response

    def open(self) -> None:
        """Check the response now, as entering a `with` block does, so that a refusal is raised before the first event.

        Of a stream that is open already, or closed, it does nothing.
        """
        if self._chunks is None and self.outcome is None:
            try:
                self._open()
            except BaseException as error:
                self._stop()
                self._finish(error, False)
                raise

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "outcome", END) is None:
            self.close()

    def close(self) -> None:
        """Close the source, if it is a response or a generator. To do so twice does nothing more."""
        if self.outcome is None:
            self.outcome = Outcome.CLOSED
        self._stop()
        self._byte_source.close()

    def _open(self) -> Iterator[Any]:
        """Give the iterator of chunks. A response is looked at first, and refused if it is no event stream."""
        if self._chunks is not None:
            return self._chunks
        chunks: Iterator[Any] = self._byte_source.open()
        self.response = self._byte_source.response
        if self.outcome is not None:  # closed by another thread, while the source waited for the response
            self._byte_source.close()
            return iter(())
        if _is_refused(self._byte_source, self._statuses, self._content_types):
            body = _read_body(chunks, self._byte_source, REFUSED_BODY_TIMEOUT)
            raise _refusal(self._byte_source, self._statuses, body)
        if self.response is not None:
            check_encoding(self.response)
        chunks = self._adapted(chunks)
        if self._stall is not None and self._stall.progress is not None:
            chunks = self._watched(chunks, self._stall)
        self._chunks = chunks
        return chunks

    _statuses: Container[int] = BELOW_400
    _content_types: tuple[str, ...] = EVENT_STREAM

    def _adapted(self, chunks: Iterator[Any]) -> Iterator[Any]:
        """Make of what the source gives what is to be scanned: nothing else, unless a subclass says so."""
        return chunks

    @property
    def _progress(self) -> int:
        """How many events have come that count against `progress`."""
        return self._events

    def _hand_over(self) -> tuple[ByteSource, Stall | None, dict[str, Any]]:
        """Give up the source to another stream, with the options, before anything was read of it.

        That it may have been opened does no harm: what is opened anew begins where nothing was read.
        """
        if self.outcome is not None or self.reads:
            raise ValueError(READ_ALREADY)
        self.outcome = Outcome.CLOSED
        self._stop()
        return self._byte_source, self._stall, self._options

    def _end(self) -> None:
        """Take it that the stream has ended, though the source may have more to give.

        Of a response, the end of the body is read, if it comes at once: else its connection could not be used again.
        """
        if self.outcome is None:
            self.outcome = Outcome.ENDED
        self._stop()
        try:
            if self._chunks is not None and self._byte_source.has_connection and self._byte_source.can_end_read:
                _read_body(self._chunks, self._byte_source, AFTER_END_TIMEOUT)
        finally:
            self._byte_source.close()

    def _watched(self, chunks: Iterator[Any], stall: Stall) -> Iterator[Any]:
        from weakref import ref

        # Not the stream itself: what it reads from would keep it alive.
        return watch(chunks, StallTimer(Stall(progress=stall.progress)), ref(self))

    def _finish(self, error: BaseException | None, cut: bool) -> bool:
        # What a read raises once we have closed what it reads from is our own doing, and no news to the reader.
        expected = self.outcome is Outcome.CLOSED and isinstance(error, Exception)
        if self.outcome is None:
            self.outcome = _outcome_of(error, cut)
        try:
            self._byte_source.close()
        except Exception:
            if error is None:
                raise
            # else: what was raised first is what the caller is to see
        return expected


class AsyncEventStream(Subscriptable[E_co]):
    """What aiter_events returns: EventStream for asyncio and trio. `async with` closes the source.

    The same attributes. A read that is cancelled closes the stream: there is no telling what the source lost.
    """

    __module__ = "ssescan"
    __slots__ = (
        "__weakref__",
        "_byte_source",
        "_chunks",
        "_cut",
        "_options",
        "_reader",
        "_reading",
        "_stall",
        "_wait",
        "outcome",
        "response",
    )  # fmt: skip

    outcome: Outcome | None
    response: Any

    def __init__(
        self, source: ByteSource, stall: Stall | None, timing: bool, options: dict[str, Any], scanner: Any = None
    ) -> None:
        if scanner is None:
            scanner = Scanner(**options)
        self._reader: EventReader[E_co] = self._new_reader(scanner, _checked_timing(timing))
        self._options = options
        self._stall = stall = checked_stall(stall)
        self._wait: Any = None if stall is None else StallTimer(stall)
        self._byte_source = source
        self._chunks: AsyncIterator[Any] | None = None
        self._cut = False
        self._reading = False
        self.response = source.response
        self.outcome = None

    @property
    def last_event_id(self) -> str:
        return self._reader.last_event_id

    @property
    def retry(self) -> int | None:
        return self._reader.retry

    @property
    def received_ns(self) -> int | None:
        return self._reader.received_ns

    @property
    def skipped(self) -> int:
        return self._reader.skipped

    @property
    def reads(self) -> int:
        return self._reader.reads

    @property
    def bytes_read(self) -> int:
        return self._reader.bytes_read

    async def open(self) -> None:
        """Check the response now, as entering an `async with` block does."""
        if self._chunks is None and self.outcome is None:
            try:
                await self._open()
            except BaseException as error:
                await self._fail(error)
                raise

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.aclose()

    def __del__(self) -> None:
        if getattr(self, "outcome", END) is None and not self._byte_source.asks:
            try:
                import warnings
            except ImportError:  # the interpreter is going down, and everything with it
                return
            warnings.warn(
                f"{self!r} was not closed: read it in `async with {self._called}(...) as stream:`",
                ResourceWarning,
                stacklevel=2,
                source=self,
            )

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> E_co:
        if self._reading:
            raise ValueError(ALREADY_READING)
        self._reading = True
        reader = self._reader
        try:
            item = reader._pop()
            while item is None and not reader._over:
                # All here, and no `anext(..., END)`: each coroutine on the way is a tenth of an event's time.
                if self._wait is None and self._chunks is not None:
                    try:
                        chunk = await anext(self._chunks)
                    except StopAsyncIteration:
                        chunk = END
                else:
                    chunk = await self._first_or_watched_chunk()
                if self.outcome is not None:
                    # Closed by another task meanwhile, which could not close a generator while it ran.
                    await self._close_source()
                    break
                if chunk is END:
                    self._cut = reader._close_input()
                else:
                    reader._feed(chunk)
                item = reader._pop()
            if item is None and self.outcome is None:
                self.outcome = _outcome_of(None, self._cut)
                await self._close_source()
        except BaseException as error:
            # What a read raises once we have closed what it reads from is our own doing, and no news to the reader.
            expected = self.outcome is Outcome.CLOSED and isinstance(error, Exception)
            await self._fail(error)
            if not expected:
                raise
            item = None
        finally:
            self._reading = False
        if item is None:
            raise StopAsyncIteration
        return item

    async def aclose(self) -> None:
        """Close the source, if it is a response or an async generator. To do so twice does nothing more."""
        if self.outcome is None:
            self.outcome = Outcome.CLOSED
        self._reader._stop()
        await self._close_source()

    async def _first_or_watched_chunk(self) -> Any:
        if self._chunks is None:
            await self._open()
        return END if self._chunks is None else await self._next_chunk(self._chunks)

    async def _next_chunk(self, chunks: Any) -> Any:
        if self._wait is None:
            return await anext(chunks, END)
        if isinstance(self._wait, StallTimer):
            self._wait = waiter(self._wait)
        return await self._wait.next_chunk(chunks, self._progress)

    async def _open(self) -> None:
        if self._byte_source.asks:
            await self._next_chunk(self._byte_source)
            self.response = self._byte_source.response
            if self.outcome is not None:  # closed by another task meanwhile
                await self._close_source()
                return
        chunks: AsyncIterator[Any] = self._byte_source.open()
        self._chunks = chunks
        if _is_refused(self._byte_source, self._statuses, self._content_types):
            body = await self._read_body(chunks, REFUSED_BODY_TIMEOUT)
            raise _refusal(self._byte_source, self._statuses, body)
        if self.response is not None:
            check_encoding(self.response)
        self._chunks = self._adapted(chunks)

    async def _read_body(self, chunks: AsyncIterator[Any], patience: float) -> bytes:
        """Read what comes within so many seconds, as far as somebody may want to look at it."""
        body = bytearray()
        if isinstance(self._wait, AsyncioWait):
            self._wait.stop()
        self._wait = StallTimer(Stall(progress=patience))
        try:
            while len(body) < MAX_REFUSED_BODY and (chunk := await self._next_chunk(chunks)) is not END:
                body += chunk
        except Exception:  # noqa: BLE001, S110 - it is the end that is the news, and it goes out with what came
            pass
        return bytes(body)

    # As in EventStream.

    _statuses: Container[int] = BELOW_400
    _content_types: tuple[str, ...] = EVENT_STREAM

    _called = "aiter_events"

    def _new_reader(self, scanner: Any, timing: bool) -> EventReader[E_co]:
        return EventReader(scanner, timing)

    def _adapted(self, chunks: AsyncIterator[Any]) -> AsyncIterator[Any]:
        return chunks

    @property
    def _progress(self) -> int:
        return self._reader._events

    def _hand_over(self) -> tuple[ByteSource, Stall | None, dict[str, Any]]:
        if self.outcome is not None or self.reads:
            raise ValueError(READ_ALREADY)
        self.outcome = Outcome.CLOSED
        self._reader._stop()
        return self._byte_source, self._stall, self._options

    async def _end(self) -> None:
        if self.outcome is None:
            self.outcome = Outcome.ENDED
        self._reader._stop()
        self._reading = True
        try:
            if self._chunks is not None and self._byte_source.has_connection:
                await self._read_body(self._chunks, AFTER_END_TIMEOUT)
        finally:
            self._reading = False
            await self._close_source()

    async def _close_source(self) -> None:
        if isinstance(self._wait, AsyncioWait):
            self._wait.stop()
        await self._byte_source.aclose()

    async def _fail(self, error: BaseException) -> None:
        self._reader._stop()
        if self.outcome is None:
            self.outcome = _outcome_of(error, False)
        if isinstance(error, GeneratorExit):
            return  # the coroutine is thrown away: it may not wait any more
        try:
            await self._close_source()
        except Exception:  # noqa: BLE001, S110 - what was raised first is what the caller is to see
            pass


def _checked_timing(timing: Any) -> bool:
    if not isinstance(timing, bool):
        raise TypeError(f"timing must be a bool, not {type(timing).__name__}")
    return timing


def _outcome_of(error: BaseException | None, cut: bool) -> Outcome:
    if error is None:
        return Outcome.CUT if cut else Outcome.ENDED
    # What is no Exception (cancellation, interruption, GeneratorExit) is our own wish, not the stream's failure.
    return Outcome.FAILED if isinstance(error, Exception) else Outcome.CLOSED


def _is_refused(source: ByteSource, statuses: Container[int], content_types: tuple[str, ...]) -> bool:
    if source.status is None:
        return False
    return source.status not in statuses or bool(source.refused_redirect) or source.media_type not in content_types


def _read_body(chunks: Iterator[Any], source: ByteSource, patience: float) -> bytes:
    from time import monotonic

    body = bytearray()
    # A read that waits is ended from without, where the response has a socket of its own. Where it shares one, as with
    # HTTP/2, httpx limits the read; else the clock is looked at between two reads.
    deadline = monotonic() + patience
    timer = None
    if source.can_end_read:
        from threading import Timer

        timer = Timer(patience, source.end_read)
        timer.daemon = True
        try:
            timer.start()
        except RuntimeError:  # there are too many threads
            return b""
    try:
        with limited_reads(source.response, patience):
            while len(body) < MAX_REFUSED_BODY and (chunk := next(chunks, END)) is not END:
                body += chunk
                if monotonic() > deadline:
                    break
    except Exception:  # noqa: BLE001, S110 - it is the end that is the news, and it goes out with what came
        pass
    finally:
        if timer is not None:
            timer.cancel()
            timer.join()  # once the response is closed, the number of its socket may be another's
    return bytes(body)


def _refusal(source: ByteSource, statuses: Container[int], body: bytes) -> UnexpectedStatus | UnexpectedContentType:
    body = body[:MAX_REFUSED_BODY]
    if source.status is not None and (source.status not in statuses or source.refused_redirect):
        refused = UnexpectedStatus(source.status, body, source.response)
        refused.reason = source.refused_redirect
        return refused
    return UnexpectedContentType(source.content_type or "", body, source.response)


if TYPE_CHECKING:
    # The literal defaults decide what is iterated over, so that ordinary use needs no narrowing.

    @overload
    def iter_events(
        source: SyncSource,
        *,
        stall: Stall | None = None,
        timing: bool = False,
        comments: Literal[False] = False,
        unknown: Literal[False] = False,
        **scanner_options: Unpack[StreamOptions],
    ) -> EventStream[ServerSentEvent]: ...
    @overload
    def iter_events(
        source: SyncSource,
        *,
        stall: Stall | None = None,
        timing: bool = False,
        comments: Literal[True],
        unknown: Literal[False] = False,
        **scanner_options: Unpack[StreamOptions],
    ) -> EventStream[ServerSentEvent | Comment]: ...
    @overload
    def iter_events(
        source: SyncSource,
        *,
        stall: Stall | None = None,
        timing: bool = False,
        comments: Literal[False] = False,
        unknown: Literal[True],
        **scanner_options: Unpack[StreamOptions],
    ) -> EventStream[ServerSentEvent | UnknownLine]: ...
    @overload
    def iter_events(
        source: SyncSource,
        *,
        stall: Stall | None = None,
        timing: bool = False,
        comments: bool = False,
        unknown: bool = False,
        **scanner_options: Unpack[StreamOptions],
    ) -> EventStream[ServerSentEvent | Comment | UnknownLine]: ...
    def iter_events(source: Any, **options: Any) -> Any:
        """Read the events of a source of chunks."""

    @overload
    def aiter_events(
        source: AsyncSource,
        *,
        stall: Stall | None = None,
        timing: bool = False,
        comments: Literal[False] = False,
        unknown: Literal[False] = False,
        **scanner_options: Unpack[StreamOptions],
    ) -> AsyncEventStream[ServerSentEvent]: ...
    @overload
    def aiter_events(
        source: AsyncSource,
        *,
        stall: Stall | None = None,
        timing: bool = False,
        comments: Literal[True],
        unknown: Literal[False] = False,
        **scanner_options: Unpack[StreamOptions],
    ) -> AsyncEventStream[ServerSentEvent | Comment]: ...
    @overload
    def aiter_events(
        source: AsyncSource,
        *,
        stall: Stall | None = None,
        timing: bool = False,
        comments: Literal[False] = False,
        unknown: Literal[True],
        **scanner_options: Unpack[StreamOptions],
    ) -> AsyncEventStream[ServerSentEvent | UnknownLine]: ...
    @overload
    def aiter_events(
        source: AsyncSource,
        *,
        stall: Stall | None = None,
        timing: bool = False,
        comments: bool = False,
        unknown: bool = False,
        **scanner_options: Unpack[StreamOptions],
    ) -> AsyncEventStream[ServerSentEvent | Comment | UnknownLine]: ...
    def aiter_events(source: Any, **options: Any) -> Any:
        """Read the events of an asynchronous source of chunks."""

else:

    def iter_events(source, *, stall=None, timing=False, **scanner_options):
        """Read the events of a source of chunks, as they arrive.

        `source`: a response of httpx, httpx2, requests, urllib3 or niquests; a binary file; an iterable of bytes-like
        chunks; or one bytes-like object. A response with a status of 400 and up, or of another content type than
        `text/event-stream`, is refused when the `with` block is entered or at the first read; to read it all the same,
        pass `response.iter_bytes()`. `stall`: a Stall; here `progress` is looked at after each read, `idle` is left
        to the read timeout of the transport. `timing`: note when each event came, see `received_ns`.
        `scanner_options`: see Scanner.

        Returns an EventStream. Raises, here, TypeError and ValueError for wrong use; in the reading, UnexpectedStatus,
        UnexpectedContentType, StreamStalled, EventTooLarge (after the events before it), and whatever the source
        raises, unchanged (for requests, whose bytes come from urllib3, what urllib3 raises). A stream that was cut
        raises nothing: see `outcome`.
        """
        return EventStream(byte_source_of(source, "iter_events"), stall, timing, scanner_options)

    def aiter_events(source, *, stall=None, timing=False, **scanner_options):
        """Read the events of an asynchronous source of chunks, as they arrive, under asyncio or trio.

        `source`: an asynchronous response of httpx, httpx2 or aiohttp, an async iterable of bytes-like chunks, or one
        bytes-like object. `stall`: a Stall, both parts of which are enforced. All else as for iter_events.

        Returns an AsyncEventStream.
        """
        return AsyncEventStream(async_byte_source_of(source, "aiter_events"), stall, timing, scanner_options)

    iter_events.__module__ = aiter_events.__module__ = "ssescan"
