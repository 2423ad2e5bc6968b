"""EventSource, which sends its request again when the stream ends, and AsyncEventSource, its twin.

WHATWG HTML section 9.2, with a client of httpx or httpx2 doing the HTTP. Knows streams, what `sending.py` sends, and
when `reconnecting.py` says to connect again. Knows nothing of JSON or providers, and never closes the client.
"""

from __future__ import annotations

from _thread import allocate_lock

from .._generic import E_co, Subscriptable
from ..errors import EventTooLarge, UnexpectedStatus
from ..outcome import Outcome
from ..scanner import Scanner, ServerSentEvent
from ..scanner._shared import ALREADY_READING
from ..stalls import checked_stall, running_trio
from ..streams import AsyncEventStream, EventStream
from .reconnecting import MAX_ID_SIZE, Reconnecting, checked_last_event_id, header_value
from .redirects import LastEventId, origin_of
from .sending import AsyncRequest, Request, Sender, check_sent_again, checked_scanner_options, is_transport_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Self, TypeAlias, overload

    from typing_extensions import Unpack

    from ..scanner import Comment, UnknownLine
    from ..scanner._shared import StreamOptions
    from ..stalls import Stall
    from .sending import AsyncHttpClient, HttpClient, RequestOptions, Url

    Anything: TypeAlias = ServerSentEvent | Comment | UnknownLine

    class SourceOptions(RequestOptions, total=False):
        """The options of an EventSource but `scanner`, which tells what kinds of things it gives."""

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
        stall: Stall | None


__all__ = ["AsyncEventSource", "EventSource"]

NO_CONTENT = 204  # by which a server says: do not connect again (section 9.2.3)


class _Connection(EventStream[E_co]):
    """One connection of an EventSource, to which any status but 200 is a refusal."""

    __slots__ = ()
    _statuses = (200,)

    @property
    def brought_event(self) -> bool:
        return self._reader.progress > 0


class _AsyncConnection(AsyncEventStream[E_co]):
    """_Connection for asyncio and trio."""

    __slots__ = ()
    _statuses = (200,)
    _called = "AsyncEventSource"

    @property
    def brought_event(self) -> bool:
        return self._reader.progress > 0


class _Source(Subscriptable[E_co]):
    """What EventSource and AsyncEventSource share: all but the waiting."""

    __slots__ = (
        "__weakref__", "_closed", "_id", "_id_issuer", "_on_reconnect", "_outcome", "_reading", "_row", "_scanner",
        "_sender", "_sleep", "_stall", "_stream", "_wake", "_warned",
    )  # fmt: skip

    _called: str  # for errors; a subclass may have any name
    _stream: Any  # the connection at hand, or None
    _wake: Any  # what ends the wait at hand, or None

    def __init__(
        self,
        client: Any,
        url: Any,
        *,
        method: str = "GET",
        retry: int = 3000,
        min_retry: int = 100,
        backoff: float = 2.0,
        max_retry: int = 60_000,
        max_reconnects: int | None = 10,
        last_event_id: str = "",
        on_reconnect: Any = None,
        sleep: Any = None,
        random: Callable[[], float] | None = None,
        stall: Stall | None = None,
        scanner: Any = None,
        **request_options: Any,
    ) -> None:
        self._closed = True  # until all is well
        self._outcome: Outcome | None = None
        self._stream = self._wake = None
        self._reading = allocate_lock()  # never waited for
        self._row = Reconnecting(retry, min_retry, backoff, max_retry, max_reconnects, random)
        self._on_reconnect = _checked_callable("on_reconnect", on_reconnect)
        self._sleep = _checked_callable("sleep", sleep)
        _checked_callable("random", random)
        self._stall = checked_stall(stall)
        self._scanner: Scanner[Any] = Scanner(**checked_scanner_options(scanner))
        check_sent_again(self._called, request_options)
        self._sender = Sender(self._called, client, method, url, self._stall, request_options)
        given = self._sender.pop_last_event_id()
        self._id = checked_last_event_id(last_event_id or given)
        self._remember(self._id)
        # Wrong use is refused here, and not in the first read.
        self._id_issuer = origin_of(self._sender.build().url)
        self._warned = False
        self._closed = False

    @property
    def last_event_id(self) -> str:
        return self._scanner.last_event_id

    @property
    def retry(self) -> int:
        return self._row.retry(self._scanner.retry)

    @property
    def outcome(self) -> Outcome | None:
        return self._outcome

    @property
    def response(self) -> Any:
        stream = self._stream
        return None if stream is None or self._closed else stream.response

    def _remember(self, last_event_id: str) -> None:
        """Let the scanner begin with that ID: as if it had come in a stream before."""
        if last_event_id:
            try:
                self._scanner.feed(b"id: " + last_event_id.encode("utf-8") + b"\n\n")
            except EventTooLarge as error:
                raise ValueError(
                    f"last_event_id must pass max_event_size, as one that came in a stream would: {error}"
                ) from None
            self._scanner.reset()

    def _next_last_event_id(self) -> LastEventId | None:
        """Return the ID for the next request, and let the scanner expect a new stream."""
        self._scanner.reset()
        if not self._id:
            return None
        value = header_value(self._id)
        if value is not None:
            return LastEventId(value, self._id_issuer)
        if not self._warned:
            self._warned = True
            import warnings

            warnings.warn(
                f"the last event ID ({len(self._id)} characters) is not sent: a header can carry up to "
                f"{MAX_ID_SIZE} bytes without control characters; the server cannot resume the stream there",
                RuntimeWarning,
                stacklevel=4,
            )
        return None

    def _note_last_event_id(self, stream: Any) -> None:
        """Note which origin issued the last event ID, if this connection set it: perhaps to what it was."""
        if self._scanner._has_set_id and stream.response is not None:  # noqa: SLF001 - nothing public says it
            self._id = self._scanner.last_event_id
            self._id_issuer = origin_of(stream.response.url)

    def _is_over(self, error: Exception) -> bool:
        """Tell whether what a connection raised is the end of the iteration. Raises it, if it is for the reader."""
        if self._closed:  # our own doing, and no news
            return True
        if isinstance(error, UnexpectedStatus) and error.status == NO_CONTENT:
            self._end(Outcome.ENDED)
            return True
        if not is_transport_error(error, self._row.worked):
            raise error
        return False

    def _end(self, outcome: Outcome) -> None:
        """Take it that nothing more comes. How it ended first is how it ended."""
        self._closed = True
        if self._outcome is None:
            self._outcome = outcome

    def _next_delay(self, error: Exception | None) -> int:
        """Put the connection at hand away, and give the wait before the next, ms."""
        stream, self._stream = self._stream, None
        if stream is not None:
            self._note_last_event_id(stream)
        brought_event = stream is not None and stream.brought_event
        return self._row.next_delay(brought_event, self._scanner.retry, error)


class EventSource(_Source[E_co]):
    """An event stream that is connected to again when it ends: an iterator of events, and a context manager.

    WHATWG HTML section 9.2. `client`: a Client of httpx or httpx2, which stays open. `url`, `method`,
    `request_options`: as for connect; `content` must be such that it can be sent again. Nothing is sent before the
    first event is asked for.

    A stream that ends, a connection that fails and a stall are followed by another attempt, with the last event ID.
    The wait before it is the reconnection time, in ms. That is what the server's `retry` said, but no less than
    `min_retry` and no more than `max_retry` (which wins). If it said nothing, it is `retry`. After the
    n-th failure in a row (n >= 2) it is between that and `min(max_retry, that * backoff ** (n - 1))`, as
    `random()` from [0, 1) decides. A connection that the server answered with an event stream ends a row of failures.
    Status 204 ends the iteration. `max_reconnects` attempts in a row without an event, the very first included, raise
    ReconnectsExhausted; 0: never connect again; None: no limit. `last_event_id`: what to begin with.
    `on_reconnect(attempt, delay_ms, error)` is called before each wait: the attempt's number, from the last connection
    that worked on, the wait, and what was raised (None: the stream ended). `sleep(seconds)` does the waiting; if none
    is given, close() ends a wait. `stall`: a Stall, for each connection. `scanner`: a mapping of options of Scanner.

    No event that arrived whole is lost, and none is filtered by its ID.

    `last_event_id`: as of the event given last. `retry`: the reconnection time, ms. `response`: the one being read, or
    None. `outcome`: None while open, then an Outcome: "ended" (status 204), "failed" (it raised), "closed" (by us, or a
    read was cancelled).

    Raises, here, TypeError and ValueError for wrong use; in the iteration, UnexpectedStatus for any status but 200 and
    204, UnexpectedContentType, ReconnectsExhausted from what the last attempt raised, EventTooLarge, and what of the
    client is no failing connection, unchanged.
    """

    __module__ = "ssescan"
    __slots__ = ()
    _called = "EventSource"

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: EventSource[ServerSentEvent],
            client: HttpClient,
            url: Url,
            *,
            scanner: StreamOptions | None = None,
            **options: Unpack[SourceOptions],
        ) -> None: ...
        @overload
        def __init__(
            self: EventSource[Anything],
            client: HttpClient,
            url: Url,
            *,
            scanner: Mapping[str, Any],
            **options: Unpack[SourceOptions],
        ) -> None: ...
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
                error = None
                try:
                    stream = self._stream
                    if stream is None:
                        stream = self._connect()
                    event: E_co = next(stream)
                    return event  # noqa: TRY300 - in `else` it would cost each event
                except StopIteration:
                    pass
                except Exception as raised:  # noqa: BLE001 - looked at by _is_over
                    if self._is_over(raised):
                        break
                    error = raised
                if not self._closed:
                    self._wait(error)
                if error is not None:
                    _clear_frames(error)
            self.close()
        except BaseException as raised:
            self._end(_outcome_of(raised))
            self.close()
            raise
        finally:
            error = None
            self._reading.release()
        raise StopIteration

    def close(self) -> None:
        """Close the response, end the wait, end the iteration. To do so twice does nothing more.

        Another thread may do it: a read or a wait ends there and then, a request that was not answered yet when the
        client gives up (`timeout=`, or `stall=Stall(idle=...)`).
        """
        self._end(Outcome.CLOSED)
        wake, stream = self._wake, self._stream
        if wake is not None:
            wake.set()
        if stream is not None:
            stream.close()

    def _connect(self) -> _Connection[E_co]:
        request = Request(self._sender, self._next_last_event_id())
        stream: _Connection[E_co] = _Connection(request, self._stall, False, {}, self._scanner)
        self._stream = stream
        if self._closed:  # by another thread, which may not have seen the stream
            stream.close()
        stream.__enter__()
        self._row.begin_row()
        return stream

    def _wait(self, error: Exception | None) -> None:
        delay = self._next_delay(error)
        if self._on_reconnect is not None:
            _check_done("on_reconnect", self._on_reconnect(self._row.attempt, delay, error))
        if self._sleep is not None:
            _check_done("sleep", self._sleep(delay / 1000))
        else:
            self._sleep_unless_closed(delay / 1000)

    def _sleep_unless_closed(self, seconds: float) -> None:
        from threading import TIMEOUT_MAX, Event

        self._wake = wake = Event()
        if not self._closed:  # by another thread, which may not have seen the event
            wake.wait(min(seconds, TIMEOUT_MAX))
        self._wake = None


class AsyncEventSource(_Source[E_co]):
    """EventSource for asyncio and trio: an async iterator of events, and an async context manager.

    The same options and attributes. `client`: an AsyncClient of httpx or httpx2. `sleep` and `on_reconnect` may be
    async. A read that is cancelled closes it. One that is collected half read gives a ResourceWarning.
    """

    __module__ = "ssescan"
    __slots__ = ()
    _called = "AsyncEventSource"

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: AsyncEventSource[ServerSentEvent],
            client: AsyncHttpClient,
            url: Url,
            *,
            scanner: StreamOptions | None = None,
            **options: Unpack[SourceOptions],
        ) -> None: ...
        @overload
        def __init__(
            self: AsyncEventSource[Anything],
            client: AsyncHttpClient,
            url: Url,
            *,
            scanner: Mapping[str, Any],
            **options: Unpack[SourceOptions],
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
                error = None
                try:
                    stream = self._stream
                    if stream is None:
                        stream = await self._connect()
                    event: E_co = await anext(stream)
                    return event  # noqa: TRY300 - as in EventSource
                except StopAsyncIteration:
                    pass
                except Exception as raised:  # noqa: BLE001 - looked at by _is_over
                    if self._is_over(raised):
                        break
                    error = raised
                if not self._closed:
                    await self._wait(error)
                if error is not None:
                    _clear_frames(error)
            await self.aclose()
        except GeneratorExit:  # the coroutine is thrown away: it may not wait any more
            self._end(Outcome.CLOSED)
            raise
        except BaseException as raised:
            self._end(_outcome_of(raised))
            await self.aclose()
            raise
        finally:
            error = None
            self._reading.release()
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Close the response, end the wait, end the iteration. To do so twice does nothing more.

        Another task may do it: a wait ends there and then.
        """
        self._end(Outcome.CLOSED)
        wake, stream = self._wake, self._stream
        if wake is not None:
            wake()
        if stream is not None:
            await stream.aclose()

    async def _connect(self) -> _AsyncConnection[E_co]:
        request = AsyncRequest(self._sender, self._next_last_event_id())
        stream: _AsyncConnection[E_co] = _AsyncConnection(request, self._stall, False, {}, self._scanner)
        self._stream = stream
        await stream.__aenter__()
        self._row.begin_row()
        return stream

    async def _wait(self, error: Exception | None) -> None:
        delay = self._next_delay(error)
        if self._on_reconnect is not None:
            called: Any = self._on_reconnect(self._row.attempt, delay, error)
            if hasattr(called, "__await__"):
                await called
        if self._sleep is not None:
            slept: Any = self._sleep(delay / 1000)
            if hasattr(slept, "__await__"):
                await slept
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

                loop = asyncio.get_running_loop()
                future: asyncio.Future[None] = loop.create_future()
                self._wake = wake = lambda: None if future.done() else future.set_result(None)
                timer = loop.call_later(seconds, wake)
                try:
                    await future
                finally:
                    timer.cancel()
        finally:
            self._wake = None


def _check_done(name: str, result: Any) -> None:
    """Refuse what is to be awaited: not awaited, an async sleep would be no wait at all."""
    if hasattr(result, "__await__"):
        if hasattr(result, "close"):
            result.close()
        raise TypeError(f"{name} must not be async where EventSource blocks: pass a function that does its work itself")


# What a wrong call is refused by is what was called.
_Source.__init__.__qualname__ = "EventSource.__init__"


def _checked_callable(name: str, given: Any) -> Any:
    if given is not None and not callable(given):
        raise TypeError(f"{name} must be a function or None, not {type(given).__name__}")
    return given


def _outcome_of(error: BaseException) -> Outcome:
    # As of a stream: what is no Exception is our own wish.
    return Outcome.FAILED if isinstance(error, Exception) else Outcome.CLOSED


def _clear_frames(error: BaseException) -> None:
    """Empty the frames of a traceback that nobody will look at.

    They hold the source, and the libraries' frames hold the error that holds them: a source that is not used any more
    would keep its connection open until the garbage collector comes along.
    """
    cause: BaseException | None = error
    seen: set[int] = set()  # causes may form a cycle
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        traceback = cause.__traceback__
        while traceback is not None:
            try:
                traceback.tb_frame.clear()
            except RuntimeError:  # it still runs
                pass
            traceback = traceback.tb_next
        cause = cause.__cause__
