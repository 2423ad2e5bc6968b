"""The rules for connecting again: after which wait, and until which attempt.

WHATWG HTML section 9.2.3, "reestablish the connection", with the wait that it leaves open. Knows nothing of HTTP, and
does not wait.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil

from ..errors import ReconnectsExhausted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..errors import UnexpectedStatus

MAX_ID_SIZE = 4096  # bytes; servers refuse headers of 8 KiB and more


class Reconnecting:
    """Counter of attempts, from which the waits follow; EventSource explains the options.

    `attempt`: the number of the next attempt since the last connection that worked. `has_connected`: whether one ever
    worked. TypeError and ValueError for invalid options.
    """

    __slots__ = (
        "_attempts_without_event", "_backoff", "_failures", "_max_reconnects", "_max_retry", "_min_retry", "_random",
        "_retry", "attempt", "has_connected",
    )  # fmt: skip

    def __init__(
        self, retry: int, min_retry: int, backoff: float, max_retry: int, max_reconnects: int | None, random: Any
    ) -> None:
        self._retry = _checked_count("retry", retry, "ms")
        self._min_retry = _checked_count("min_retry", min_retry, "ms")
        self._max_retry = _checked_count("max_retry", max_retry, "ms")
        self._backoff = _checked_backoff(backoff)
        if max_reconnects is not None:
            _checked_count("max_reconnects", max_reconnects, "attempts, or None")
        self._max_reconnects = max_reconnects
        self._random: Callable[[], float] | None = random
        self._attempts_without_event = 0  # in a row
        self._failures = 0  # in a row: connections that could not be made, or broke; not those that the server ended
        self.attempt: int = 0
        self.has_connected: bool = False

    def retry(self, servers: int | None) -> int:
        """Return the reconnection time, ms: the server's, if it sent one, within the caller's bounds."""
        return self._retry if servers is None else min(max(servers, self._min_retry), self._max_retry)

    def connected(self) -> None:
        """Count from here: the server answered with an event stream."""
        self.attempt = self._failures = 0
        self.has_connected = True

    def least_delay(self, refusal: UnexpectedStatus) -> int:
        """Return the wait that a refused response asks for, ms. Raises the refusal if that is over `max_retry`."""
        wait = (refusal.retry_after or 0.0) * 1000
        if wait > self._max_retry:
            raise refusal
        return ceil(wait)

    def next_delay(self, brought_event: bool, servers: int | None, error: Exception | None, least: int = 0) -> int:
        """Count an attempt that is over, and return the wait before the next one, ms, no less than `least`.

        Raises ReconnectsExhausted from `error` if there are to be no more.
        """
        self.attempt += 1
        self._failures += error is not None
        self._attempts_without_event = 0 if brought_event else self._attempts_without_event + 1
        if self._max_reconnects is not None and self._attempts_without_event >= self._max_reconnects:
            raise ReconnectsExhausted(self._attempts_without_event) from error
        shortest = self.retry(servers)
        if self._failures < 2:
            return max(shortest, least)
        longest = max(shortest, min(self._max_retry, self._grown(shortest)))
        if self._random is None:
            from random import random

            self._random = random
        return max(round(shortest + self._random() * (longest - shortest)), least)

    def _grown(self, shortest: int) -> float:
        try:
            return float(shortest) * self._backoff ** (self._failures - 1)
        except OverflowError:
            return float("inf") if shortest else 0.0


def checked_statuses(statuses: Any) -> frozenset[int]:
    """Return HTTP statuses from 400 to 599. TypeError and ValueError for anything else."""
    if isinstance(statuses, (str, bytes)) or not isinstance(statuses, Iterable):
        raise TypeError(
            f"retry_statuses must be a collection of int, such as (429, 503), not {type(statuses).__name__}"
        )
    found = list(statuses)
    for status in found:
        if isinstance(status, bool) or not isinstance(status, int):
            raise TypeError(f"retry_statuses must be HTTP statuses (int), not {type(status).__name__}")
        if not 400 <= status <= 599:
            raise ValueError(f"retry_statuses must be from 400 to 599, the statuses of a failure; {status} is not")
    return frozenset(found)


def checked_last_event_id(last_event_id: Any) -> str:
    """Return a last event ID that a stream can have sent. TypeError and ValueError for any other."""
    if not isinstance(last_event_id, str):
        raise TypeError(f"last_event_id must be a str, not {type(last_event_id).__name__}")
    for at, character in enumerate(last_event_id):
        if character in "\0\r\n" or "\ud800" <= character <= "\udfff":
            # The ID itself may be secret: some servers identify their clients by it.
            raise ValueError(
                f"last_event_id must be one line without NUL and lone surrogates, not {len(last_event_id)} characters "
                f"with {character!r} at {at}: no stream can send that"
            )
    return last_event_id


def header_value(last_event_id: str) -> str | None:
    """Return a last event ID as a header carries it (RFC 9110 section 5.5); None if it cannot, or is too long."""
    # HTTP ignores white space around a value (Fetch, "normalize" a header value).
    value = last_event_id.strip(" \t")
    has_controls = any((character < " " and character != "\t") or character == "\x7f" for character in value)
    return None if has_controls or len(value.encode("utf-8")) > MAX_ID_SIZE else value


def _checked_count(name: str, value: Any, unit: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int ({unit}), not {type(value).__name__}")
    if value < 0:
        raise ValueError(f"{name} must not be negative ({unit}), as {value} is")
    return value


def _checked_backoff(backoff: Any) -> float:
    if isinstance(backoff, bool) or not isinstance(backoff, int | float):
        raise TypeError(f"backoff must be a number, not {type(backoff).__name__}")
    if not 1 <= backoff < float("inf"):
        raise ValueError(f"backoff must be a finite number, 1 or more, not {backoff!r}: waits grow by that factor")
    return float(backoff)
