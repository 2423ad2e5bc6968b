"""Chunks to events: iter_events and aiter_events, and how a stream ended.

Knows readers, and byte sources. Knows nothing of JSON or providers, and sends nothing.
"""

from __future__ import annotations

from . import refusals
from ._generic import E_co
from .outcome import Outcome
from .refusals import AFTER_END_TIMEOUT, REFUSED_BODY_TIMEOUT
from .scanner import EventIterator, EventReader, ReaderState, Scanner
from .scanner._shared import ALREADY_READING
from .sources import async_byte_source_of, byte_source_of, check_encoding
from .stalls import END, Stall, StallTimer, checked_stall, waiter, watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Container, Iterator
    from typing import Any, Literal, Self, TypeAlias, overload

    from typing_extensions import Unpack

    from .byte_source import ByteSource
    from .scanner import Comment, ServerSentEvent, UnknownLine
    from .scanner._shared import StreamOptions
    from .sources import AsyncSource, SyncSource

    class Options(StreamOptions, total=False):
        """The options of a stream that do not change the types of its items."""

        stall: Stall | None
        timing: bool

    Yes: TypeAlias = Literal[True]
    No: TypeAlias = Literal[False]

READ_ALREADY = "this stream was read already, or closed: pass one that was not, or its source"


class _StreamCore(ReaderState[E_co]):
    """The start and the end of a stream, sync or async."""

    __slots__ = ()

    outcome: Outcome | None
    response: Any

    _statuses: Container[int] = refusals.BELOW_400
    _content_types: tuple[str, ...] = refusals.EVENT_STREAM

    def __init__(
        self, source: ByteSource, stall: Stall | None, timing: bool, options: dict[str, Any], scanner: Any = None
    ) -> None:
        if scanner is None:  # else one that goes on: it keeps the last event ID
            scanner = Scanner(**options)
        if not isinstance(timing, bool):
            raise TypeError(f"timing must be a bool, not {type(timing).__name__}")
        super().__init__(self._new_reader(scanner, timing))
        self._options = options
        self._stall = checked_stall(stall)
        self._byte_source = source
        self._chunks: Any = None  # until the stream is open
        self.response = source.response
        self.outcome = None

    def _new_reader(self, scanner: Any, timing: bool) -> EventReader[E_co]:
        return EventReader(scanner, timing)

    def _adapted(self, chunks: Any) -> Any:
        """Return the chunks to scan, made from those of the source: the same, unless a subclass overrides this."""
        return chunks

    def _hand_over(self) -> tuple[ByteSource, Stall | None, dict[str, Any]]:
        """Close the stream, and return its open source and its options for another one. ValueError after a read.

        The other stream opens the source again, which does no harm before a read.
        """
        if self.outcome is not None or self.reads:
            raise ValueError(READ_ALREADY)
        self._stop(Outcome.CLOSED)
        return self._byte_source, self._stall, self._options

    def _stop(self, outcome: Outcome) -> None:
        """Stop reading. The first outcome stays."""
        if self.outcome is None:
            self.outcome = outcome
        self._reader.stop()


class EventStream(_StreamCore[E_co], EventIterator[E_co]):
    """The iterator that iter_events returns, also a context manager that closes the source.

    `outcome`: None while open, then an Outcome. `response`: the response that the events come from, or None.
    `last_event_id`, `retry`: as of the event yielded last (see Scanner). `received_ns`: with `timing`,
    time.perf_counter_ns() of the read that brought that event, taken before any parsing. `reads`, `bytes_read`: so far.
    `skipped`: events that oversize="skip" dropped.
    """

    __module__ = "ssescan"
    __slots__ = ("__weakref__", "_byte_source", "_chunks", "_options", "_stall", "outcome", "response")

    outcome: Outcome | None
    response: Any

    def open(self) -> None:
        """Check the response now, as entering a `with` block does, so that a refusal is raised before the first event.

        Does nothing if the stream is open already, or closed.
        """
        if self._chunks is None and self.outcome is None:
            self._start()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "outcome", END) is None:
            self.close()

    def close(self) -> None:
        """Close the source, if it is a response or a generator. A second close does nothing."""
        self._stop(Outcome.CLOSED)
        self._byte_source.close()

    def _open(self) -> Any:
        """Return the iterator of chunks; check the response first, and refuse one that is not an event stream."""
        if self._chunks is not None:
            return self._chunks
        source = self._byte_source
        chunks: Iterator[Any] = source.open()
        self.response = source.response
        if self.outcome is not None:  # another thread closed the stream while the source waited for the response
            source.close()
            return iter(())
        if refusals.is_refused(source, self._statuses, self._content_types):
            body = refusals.read_body_in_time(chunks, source, REFUSED_BODY_TIMEOUT)
            raise refusals.error_for(source, self._statuses, body)
        if self.response is not None:
            chunks = check_encoding(self.response, chunks)
        chunks = self._adapted(chunks)
        if self._stall is not None and self._stall.progress is not None:
            chunks = watch(chunks, StallTimer(Stall(progress=self._stall.progress)), self._reader)
        self._chunks = chunks
        return chunks

    def _end(self) -> None:
        """End the stream, though the source may have more to give.

        The rest of a response's body is read, if it comes at once: else its connection could not be used again.
        """
        self._stop(Outcome.ENDED)
        try:
            if self._chunks is not None and self._byte_source.has_connection and self._byte_source.can_end_read:
                refusals.read_body_in_time(self._chunks, self._byte_source, AFTER_END_TIMEOUT)
        finally:
            self._byte_source.close()

    def _fail(self, error: BaseException) -> None:
        """End the stream with an error that is not the source's. Does nothing if it has ended."""
        if self.outcome is None:
            self._reader.stop()
            self._finish(error, False)

    def _finish(self, error: BaseException | None, cut: bool) -> bool:
        # An error of a read that we closed ourselves says nothing to the caller.
        expected = self.outcome is Outcome.CLOSED and isinstance(error, Exception)
        if self.outcome is None:
            self.outcome = Outcome.of(error, cut)
        try:
            self._byte_source.close()
        except Exception:
            if error is None:
                raise
            # else: the caller gets the first error
        return expected


class AsyncEventStream(_StreamCore[E_co]):
    """The iterator that aiter_events returns: EventStream for asyncio and trio. `async with` closes the source.

    The same attributes. A read that is cancelled closes the stream: the source may have lost a part of it.
    """

    __module__ = "ssescan"
    __slots__ = (
        "__weakref__", "_byte_source", "_chunks", "_fast_reader", "_options", "_reading", "_stall", "_wait", "outcome",
        "response",
    )  # fmt: skip

    outcome: Outcome | None
    response: Any
    _called = "aiter_events"

    def __init__(
        self, source: ByteSource, stall: Stall | None, timing: bool, options: dict[str, Any], scanner: Any = None
    ) -> None:
        super().__init__(source, stall, timing, options, scanner)
        # In a slot of Python: `_reader`, an attribute of a class in C, takes three times as long to read.
        self._fast_reader = self._reader
        self._wait: Any = None  # until a stream with a limit is open
        self._reading = False

    async def open(self) -> None:
        """Check the response now, as entering an `async with` block does."""
        if self._chunks is None and self.outcome is None:
            if self._reading:
                raise ValueError(ALREADY_READING)
            self._reading = True
            try:
                await self._open()
            except BaseException as error:
                await self._fail(error)
                raise
            finally:
                self._reading = False

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.aclose()

    def __del__(self) -> None:
        if getattr(self, "outcome", END) is None and not self._byte_source.asks:
            try:
                import warnings
            except ImportError:  # the interpreter is shutting down
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
        reader = self._fast_reader
        try:
            item = reader.pop()
            while item is None and not reader.is_over:
                # All in one coroutine, and no `anext(..., END)`: each further one adds a tenth to the time of an event.
                if self._wait is None and self._chunks is not None:
                    try:
                        chunk = await anext(self._chunks)
                    except StopAsyncIteration:
                        chunk = END
                else:
                    chunk = await self._first_or_watched_chunk()
                if self.outcome is not None:
                    # Another task closed the stream meanwhile. It could not close a generator while that ran.
                    await self._close_source()
                    break
                if chunk is END:
                    reader.close()
                else:
                    reader.feed(chunk)
                item = reader.pop()
            if item is None and self.outcome is None:
                self.outcome = Outcome.of(None, reader.cut)
                await self._close_source()
        except BaseException as error:
            # An error of a read that we closed ourselves says nothing to the caller.
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
        """Close the source, if it is a response or an async generator. A second close does nothing."""
        self._stop(Outcome.CLOSED)
        await self._close_source()

    async def _first_or_watched_chunk(self) -> Any:
        if self._chunks is None:
            await self._open()
        return END if self._chunks is None else await self._next_chunk(self._chunks)

    async def _next_chunk(self, chunks: Any) -> Any:
        if self._wait is None:
            return await anext(chunks, END)
        return await self._wait.next_chunk(chunks, self._reader.progress)

    async def _open(self) -> None:
        source = self._byte_source
        if self._stall is not None:
            self._wait = waiter(self._stall)
        if source.asks:
            await self._next_chunk(source)
            self.response = source.response
            if self.outcome is not None:  # another task closed the stream meanwhile
                await self._close_source()
                return
        chunks: AsyncIterator[Any] = source.open()
        if refusals.is_refused(source, self._statuses, self._content_types):
            body = await refusals.read_body_async(chunks, REFUSED_BODY_TIMEOUT)
            raise refusals.error_for(source, self._statuses, body)
        if self.response is not None:
            chunks = check_encoding(self.response, chunks)
        self._chunks = self._adapted(chunks)

    async def _end(self) -> None:
        self._stop(Outcome.ENDED)
        self._reading = True
        try:
            if self._chunks is not None and self._byte_source.has_connection:
                await refusals.read_body_async(self._chunks, AFTER_END_TIMEOUT)
        finally:
            self._reading = False
            await self._close_source()

    def _note_end(self, cut: bool) -> None:
        if self.outcome is None:
            self.outcome = Outcome.of(None, cut)

    async def _close_source(self) -> None:
        if self._wait is not None:
            self._wait.stop()
        await self._byte_source.aclose()

    async def _fail(self, error: BaseException) -> None:
        self._reader.stop()
        if self.outcome is None:
            self.outcome = Outcome.of(error, False)
        if isinstance(error, GeneratorExit):
            return  # the coroutine is closed: it must not await any more
        try:
            await self._close_source()
        except Exception:  # noqa: BLE001, S110 - the caller gets the first error
            pass


if TYPE_CHECKING:
    # The literal defaults decide the types of the items, so that ordinary use needs no narrowing.

    @overload
    def iter_events(
        source: SyncSource, *, comments: No = False, unknown: No = False, **options: Unpack[Options]
    ) -> EventStream[ServerSentEvent]: ...
    @overload
    def iter_events(
        source: SyncSource, *, comments: Yes, unknown: No = False, **options: Unpack[Options]
    ) -> EventStream[ServerSentEvent | Comment]: ...
    @overload
    def iter_events(
        source: SyncSource, *, comments: No = False, unknown: Yes, **options: Unpack[Options]
    ) -> EventStream[ServerSentEvent | UnknownLine]: ...
    @overload
    def iter_events(
        source: SyncSource, *, comments: bool = False, unknown: bool = False, **options: Unpack[Options]
    ) -> EventStream[ServerSentEvent | Comment | UnknownLine]: ...
    def iter_events(source: Any, **options: Any) -> Any:
        """Read the events of a source of chunks."""

    @overload
    def aiter_events(
        source: AsyncSource, *, comments: No = False, unknown: No = False, **options: Unpack[Options]
    ) -> AsyncEventStream[ServerSentEvent]: ...
    @overload
    def aiter_events(
        source: AsyncSource, *, comments: Yes, unknown: No = False, **options: Unpack[Options]
    ) -> AsyncEventStream[ServerSentEvent | Comment]: ...
    @overload
    def aiter_events(
        source: AsyncSource, *, comments: No = False, unknown: Yes, **options: Unpack[Options]
    ) -> AsyncEventStream[ServerSentEvent | UnknownLine]: ...
    @overload
    def aiter_events(
        source: AsyncSource, *, comments: bool = False, unknown: bool = False, **options: Unpack[Options]
    ) -> AsyncEventStream[ServerSentEvent | Comment | UnknownLine]: ...
    def aiter_events(source: Any, **options: Any) -> Any:
        """Read the events of an asynchronous source of chunks."""

else:

    def iter_events(source, *, stall=None, timing=False, **scanner_options):
        """Read the events of a source of chunks, as they arrive.

        `source`: a response of an HTTP client that docs/streams.md lists; a binary file; an iterable of bytes-like
        chunks; or one bytes-like object. A response with a status of 400 and up, or of another content type than
        `text/event-stream`, is refused when the `with` block is entered or at the first read; to read it anyway,
        pass `response.iter_bytes()`. `stall`: a Stall; here `progress` is looked at after each read, `idle` is left
        to the read timeout of the transport. `timing`: note when each event came, see `received_ns`.
        `scanner_options`: see Scanner.

        Returns an EventStream. The call raises TypeError and ValueError for wrong use. Reading raises UnexpectedStatus,
        UnexpectedContentType, StreamStalled, EventTooLarge (after the events before it), and the exceptions of the
        source, unchanged (for requests, whose bytes come from urllib3, those of urllib3). A stream that was cut raises
        nothing: see `outcome`.
        """
        return EventStream(byte_source_of(source, "iter_events"), stall, timing, scanner_options)

    def aiter_events(source, *, stall=None, timing=False, **scanner_options):
        """Read the events of an asynchronous source of chunks, as they arrive, under asyncio or trio.

        `source`: an asynchronous response of an HTTP client that docs/streams.md lists, an async iterable of bytes-like
        chunks, or one bytes-like object. `stall`: a Stall, both parts of which are enforced. All else as for
        iter_events.

        Returns an AsyncEventStream.
        """
        return AsyncEventStream(async_byte_source_of(source, "aiter_events"), stall, timing, scanner_options)

    iter_events.__module__ = aiter_events.__module__ = "ssescan"
