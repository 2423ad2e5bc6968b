"""EventSource and AsyncEventSource, which send their request again when the stream ends.

WHATWG HTML section 9.2; a client of httpx or httpx2 does the HTTP, and is never closed. These classes send, read and
wait; `event_source_core.py` decides what comes next. Knows nothing of JSON or providers.
"""

from __future__ import annotations

from .._generic import E_co
from ..outcome import Outcome
from ..scanner._shared import ALREADY_READING
from ..stalls import running_trio
from ..streams import AsyncEventStream, EventStream
from .event_source_core import EventSourceCore, clear_frames, outcome_of
from .sending import AsyncRequest, Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from typing import Any, Required, Self, overload

    from typing_extensions import Unpack

    from ..scanner import ServerSentEvent
    from ..scanner._shared import StreamOptions
    from .sending import AsyncHttpClient, ConnectOptions, HttpClient, Item, Url

    class SourceOptions(ConnectOptions, total=False):
        """The options of an EventSource except `scanner`, on which the type of its items depends."""

        method: str
        retry: int
        min_retry: int
        backoff: float
        max_retry: int
        max_reconnects: int | None
        last_event_id: str
        on_reconnect: Callable[[int, int, Exception | None], object] | None
        sleep: Callable[[float], object] | None
        random: Callable[[], float] | None
        retry_statuses: Collection[int]

    class EventOptions(SourceOptions, total=False):
        """The options of an EventSource that returns only events."""

        scanner: StreamOptions | None

    class ItemOptions(SourceOptions, total=False):
        """The options of an EventSource that may return other items."""

        scanner: Required[Mapping[str, Any]]


class _Connection(EventStream[E_co]):
    """One connection of an EventSource, which accepts no status but 200."""

    __slots__ = ()
    _statuses = (200,)

    @property
    def brought_event(self) -> bool:
        return self._reader.progress > 0

    @property
    def has_set_id(self) -> bool:
        return self._reader.has_set_id


class _AsyncConnection(AsyncEventStream[E_co]):
    """One connection of an AsyncEventSource."""

    __slots__ = ()
    _statuses = (200,)
    _called = "AsyncEventSource"

    @property
    def brought_event(self) -> bool:
        return self._reader.progress > 0

    @property
    def has_set_id(self) -> bool:
        return self._reader.has_set_id


class EventSource(EventSourceCore[E_co]):
    """An event stream that connects again when it ends: an iterator of events, and a context manager.

    WHATWG HTML section 9.2. `client`: a Client of httpx or httpx2, which stays open. `url`, `method`,
    `request_options`: as for connect; it must be possible to send `content` more than once. The first read sends the
    first request.

    After the end of a stream, a failed connection or a stall, the request is sent again with the last event ID. The
    wait before that is the reconnection time, in ms: the server's `retry`, but no less than `min_retry` and no more
    than `max_retry` (which wins); `retry` if the server sent none. After the n-th failure in a row (n >= 2) the wait is
    between the reconnection time and `min(max_retry, reconnection time * backoff ** (n - 1))`, as `random()` from
    [0, 1) decides. A response with an event stream ends a row of failures. Status 204 ends the iteration.
    `max_reconnects` attempts in a row without an event, the first one included, raise ReconnectsExhausted; 0: never
    connect again; None: no limit. `last_event_id`: the ID to begin with. `on_reconnect(attempt, delay_ms, error)` is
    called before each wait: the number of the attempt since the last connection that worked, the wait, and the error
    (None: the stream ended). `sleep(seconds)` waits; without it, close() ends a wait. `stall`: a Stall, for each
    connection. `scanner`: a mapping of options of Scanner. `retry_statuses`: the HTTP statuses that count as a failed
    connection, such as (429, 503): the wait is then no less than Retry-After asks (seconds, or a date), and if that is
    over `max_retry`, UnexpectedStatus is raised.

    No event that arrived whole is lost, and none is filtered by its ID.

    `last_event_id`: as of the last event returned. `retry`: the reconnection time, ms. `response`: the one being read,
    or None. `outcome`: None while open, then an Outcome: "ended" (status 204), "failed" (it raised), "closed" (by
    close(), or a read was cancelled).

    Raises TypeError and ValueError for wrong use, when it is made. The iteration raises UnexpectedStatus for any status
    but 200, 204 and `retry_statuses`, UnexpectedContentType, ReconnectsExhausted from the last error, EventTooLarge,
    and unchanged every error of the client that is not a failed connection.
    """

    __module__ = "ssescan"
    __slots__ = ()
    _public_name = "EventSource"

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: EventSource[ServerSentEvent], client: HttpClient, url: Url, **options: Unpack[EventOptions]
        ) -> None: ...
        @overload
        def __init__(self: EventSource[Item], client: HttpClient, url: Url, **options: Unpack[ItemOptions]) -> None: ...
        def __init__(self, client: Any, url: Any, **options: Any) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> E_co:
        if not self._reading.acquire(blocking=False):
            raise ValueError(ALREADY_READING)
        error: Exception | None = None
        try:
            while not self._closed:
                try:
                    stream: _Connection[E_co] = self._stream or self._connect()
                    return next(stream)
                except StopIteration:
                    error = None
                except Exception as raised:  # noqa: BLE001 - _next_delay raises it again if it must be
                    error = raised
                if (delay := self._next_delay(error)) is None:
                    break
                self._wait(delay, error)
                clear_frames(error)
            self.close()
        except BaseException as raised:
            self._end(outcome_of(raised))
            self.close()
            raise
        finally:
            error = None
            self._reading.release()
        raise StopIteration

    def close(self) -> None:
        """Close the response, end the wait, end the iteration. A second call does nothing.

        Another thread may call it: that ends a read or a wait at once, but a request without a response only when the
        client gives up (`timeout=`, or `stall=Stall(idle=...)`).
        """
        self._end(Outcome.CLOSED)
        if (stream := self._stream) is not None:
            stream.close()

    def _connect(self) -> _Connection[E_co]:
        request = Request(self._sender, self._next_last_event_id())
        stream: _Connection[E_co] = _Connection(request, self._stall, False, {}, self._scanner)
        self._stream = stream
        if self._closed:  # by another thread, which may not have seen the stream
            stream.close()
        stream.__enter__()
        self._reconnecting.connected()
        return stream

    def _wait(self, delay: int, error: Exception | None) -> None:
        if self._on_reconnect is not None:
            _check_done("on_reconnect", self._on_reconnect(self._reconnecting.attempt, delay, error))
        if self._sleep is not None:
            _check_done("sleep", self._sleep(delay / 1000))
        else:
            self._sleep_unless_closed(delay / 1000)

    def _sleep_unless_closed(self, seconds: float) -> None:
        from threading import TIMEOUT_MAX, Event

        event = Event()
        self._wake = event.set
        if not self._closed:  # by another thread, which may not have seen the event
            event.wait(min(seconds, TIMEOUT_MAX))
        self._wake = None


class AsyncEventSource(EventSourceCore[E_co]):
    """EventSource for asyncio and trio: an async iterator of events, and an async context manager.

    The same options and attributes. `client`: an AsyncClient of httpx or httpx2. `sleep` and `on_reconnect` may be
    async. Cancelling a read closes it. If it is collected while open, a ResourceWarning says so.
    """

    __module__ = "ssescan"
    __slots__ = ()
    _public_name = "AsyncEventSource"

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: AsyncEventSource[ServerSentEvent], client: AsyncHttpClient, url: Url, **options: Unpack[EventOptions]
        ) -> None: ...
        @overload
        def __init__(
            self: AsyncEventSource[Item], client: AsyncHttpClient, url: Url, **options: Unpack[ItemOptions]
        ) -> None: ...
        def __init__(self, client: Any, url: Any, **options: Any) -> None: ...

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> E_co:
        if not self._reading.acquire(blocking=False):
            raise ValueError(ALREADY_READING)
        error: Exception | None = None
        try:
            while not self._closed:
                try:
                    stream: _AsyncConnection[E_co] = self._stream or await self._connect()
                    return await anext(stream)
                except StopAsyncIteration:
                    error = None
                except Exception as raised:  # noqa: BLE001 - _next_delay raises it again if it must be
                    error = raised
                if (delay := self._next_delay(error)) is None:
                    break
                await self._wait(delay, error)
                clear_frames(error)
            await self.aclose()
        except GeneratorExit:  # the coroutine is closed: it must not await any more
            self._end(Outcome.CLOSED)
            raise
        except BaseException as raised:
            self._end(outcome_of(raised))
            await self.aclose()
            raise
        finally:
            error = None
            self._reading.release()
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Close the response, end the wait, end the iteration. A second call does nothing.

        Another task may call it: that ends a wait at once.
        """
        self._end(Outcome.CLOSED)
        if (stream := self._stream) is not None:
            await stream.aclose()

    async def _connect(self) -> _AsyncConnection[E_co]:
        request = AsyncRequest(self._sender, self._next_last_event_id())
        stream: _AsyncConnection[E_co] = _AsyncConnection(request, self._stall, False, {}, self._scanner)
        self._stream = stream
        await stream.__aenter__()
        self._reconnecting.connected()
        return stream

    async def _wait(self, delay: int, error: Exception | None) -> None:
        if self._on_reconnect is not None:
            await _done(self._on_reconnect(self._reconnecting.attempt, delay, error))
        if self._sleep is not None:
            await _done(self._sleep(delay / 1000))
        elif not self._closed:
            await self._sleep_unless_closed(delay / 1000)

    async def _sleep_unless_closed(self, seconds: float) -> None:
        try:
            if trio := running_trio():
                event = trio.Event()
                self._wake = event.set
                with trio.move_on_after(seconds):
                    await event.wait()
            else:
                import asyncio

                event = asyncio.Event()
                self._wake = event.set
                try:
                    async with asyncio.timeout(seconds):
                        await event.wait()
                except TimeoutError:
                    pass
        finally:
            self._wake = None


def _check_done(name: str, result: Any) -> None:
    """Refuse an awaitable: without an await, an async sleep would not wait."""
    if hasattr(result, "__await__"):
        if hasattr(result, "close"):
            result.close()
        raise TypeError(f"{name} must not be async where EventSource blocks: pass a function that does its work itself")


async def _done(result: Any) -> None:
    """Wait for a result that may be awaitable."""
    if hasattr(result, "__await__"):
        await result
