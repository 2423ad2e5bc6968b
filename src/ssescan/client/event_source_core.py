"""The common part of EventSource and AsyncEventSource: everything but sending, reading and waiting.

Decides what follows when a connection has ended: another one, after how long, or the end of the iteration. Keeps the
last event ID and the origin that issued it. Does no I/O.
"""

from __future__ import annotations

from _thread import allocate_lock

from .._generic import E_co, Subscriptable
from ..errors import EventTooLarge, UnexpectedStatus
from ..outcome import Outcome
from ..scanner import Scanner
from ..stalls import checked_stall
from .reconnecting import MAX_ID_SIZE, Reconnecting, checked_last_event_id, checked_statuses, header_value
from .redirects import origin_of
from .sending import Sender, check_sent_again, checked_scanner_options, is_transport_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import Any

    from ..stalls import Stall
    from .redirects import LastEventId

NO_CONTENT = 204  # with this status, a server asks not to be connected to again (section 9.2.3)


class EventSourceCore(Subscriptable[E_co]):
    """The options and the state of an EventSource.

    It is open until `_closed` is set, and `_outcome` says why. While it is open, it reads from `_stream`. Without a
    stream, it connects, or waits for the time of the next attempt; calling `_wake` ends the wait.
    """

    __slots__ = (
        "__weakref__", "_closed", "_id", "_id_issuer", "_on_reconnect", "_outcome", "_reading", "_reconnecting",
        "_retry_statuses", "_scanner", "_sender", "_sleep", "_stall", "_stream", "_wake", "_warned",
    )  # fmt: skip

    _public_name: str  # in error messages, also of subclasses
    _stream: Any
    _wake: Callable[[], object] | None

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
        retry_statuses: Collection[int] = (),
        stall: Stall | None = None,
        scanner: Any = None,
        **request_options: Any,
    ) -> None:
        self._closed = True  # until every argument was checked
        self._outcome: Outcome | None = None
        self._stream = self._wake = None
        self._reading = allocate_lock()  # no caller waits for it
        self._reconnecting = Reconnecting(retry, min_retry, backoff, max_retry, max_reconnects, random)
        for name, function in (("on_reconnect", on_reconnect), ("sleep", sleep), ("random", random)):
            if function is not None and not callable(function):
                raise TypeError(f"{name} must be a function or None, not {type(function).__name__}")
        self._on_reconnect = on_reconnect
        self._retry_statuses = checked_statuses(retry_statuses)
        self._sleep = sleep
        self._stall = checked_stall(stall)
        self._scanner: Scanner[Any] = Scanner(**checked_scanner_options(scanner))
        check_sent_again(self._public_name, request_options)
        self._sender = Sender(self._public_name, client, method, url, self._stall, request_options)
        header = self._sender.pop_last_event_id()
        self._id = checked_last_event_id(last_event_id or header)
        self._feed_last_event_id()
        # Building a request checks the rest, so that wrong use raises here and not in the first read.
        self._id_issuer = origin_of(self._sender.build().url)
        self._warned = False
        self._closed = False

    @property
    def last_event_id(self) -> str:
        return self._scanner.last_event_id

    @property
    def retry(self) -> int:
        return self._reconnecting.retry(self._scanner.retry)

    @property
    def outcome(self) -> Outcome | None:
        return self._outcome

    @property
    def response(self) -> Any:
        stream = self._stream
        return None if stream is None or self._closed else stream.response

    def _feed_last_event_id(self) -> None:
        """Feed the scanner a block with the caller's last event ID, as if an earlier stream had sent it."""
        if self._id:
            try:
                self._scanner.feed(b"id: " + self._id.encode("utf-8") + b"\n\n")
            except EventTooLarge as error:
                raise ValueError(
                    f"last_event_id must pass max_event_size, as one that came in a stream would: {error}"
                ) from None
            self._scanner.reset()

    def _next_last_event_id(self) -> LastEventId | None:
        """Return the ID for the next request, and reset the scanner for its response."""
        self._scanner.reset()
        if not self._id:
            return None
        value = header_value(self._id)
        if value is not None:
            return value, self._id_issuer
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

    def _next_delay(self, error: Exception | None) -> int | None:
        """Return the wait before the next connection, ms; None at the end of the iteration.

        `error`: what ended the connection; None if its stream ended. Raises it if connecting again would not help, and
        ReconnectsExhausted after too many attempts.
        """
        if self._closed:  # an error that close() caused is not the caller's concern
            return None
        if isinstance(error, UnexpectedStatus) and error.status == NO_CONTENT:
            self._end(Outcome.ENDED)
            return None
        least = 0
        if isinstance(error, UnexpectedStatus) and error.status in self._retry_statuses:
            least = self._reconnecting.least_delay(error)
        elif error is not None and not is_transport_error(error, self._reconnecting.has_connected):
            raise error
        stream, self._stream = self._stream, None
        if stream is None:
            return self._reconnecting.next_delay(False, self._scanner.retry, error, least)
        if stream.has_set_id and stream.response is not None:
            # Also if the stream set it to the value that it had: another origin has issued it now.
            self._id = self._scanner.last_event_id
            self._id_issuer = origin_of(stream.response.url)
        return self._reconnecting.next_delay(stream.brought_event, self._scanner.retry, error, least)

    def _end(self, outcome: Outcome) -> None:
        """End the iteration, and a wait. The first outcome stays."""
        self._closed = True
        if self._outcome is None:
            self._outcome = outcome
        if (wake := self._wake) is not None:
            wake()


# A wrong call is an error of the public class.
EventSourceCore.__init__.__qualname__ = "EventSource.__init__"


def outcome_of(error: BaseException) -> Outcome:
    """Return the outcome after an exception: as for a stream, one that is not an Exception (Ctrl-C) is the caller's."""
    return Outcome.FAILED if isinstance(error, Exception) else Outcome.CLOSED


def clear_frames(error: BaseException | None) -> None:
    """Clear the frames of the tracebacks of an error that is dropped, and of its causes.

    They hold the EventSource, and the frames of libraries hold the error itself: the connection of an EventSource that
    is no longer used would stay open until the next garbage collection.
    """
    seen: set[int] = set()  # causes may form a cycle
    while error is not None and id(error) not in seen:
        import traceback

        seen.add(id(error))
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__
