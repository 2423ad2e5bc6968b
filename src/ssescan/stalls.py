"""Time limits while reading: a stream that brings no bytes, or no events, for too long.

Knows nothing of events but their number, and imports neither asyncio nor trio before a stream with a limit is read in
one of them.
"""

from __future__ import annotations

import sys
from time import monotonic

from .errors import StreamStalled

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Iterator
    from typing import Any, Literal

    from .scanner import EventReader

END: Any = object()
"""The result of a read when the source has ended."""


class Stall:
    """Time limits for a stream without bytes or events, in seconds; None: no limit.

    `idle`: no bytes. `progress`: no event, although comments or pings may arrive. Only time spent waiting for the
    source counts, not what the program does with an event. A stream that exceeds a limit raises StreamStalled.
    """

    __module__ = "ssescan"
    __slots__ = ("idle", "progress")
    __match_args__ = ("idle", "progress")

    idle: float | None
    progress: float | None

    def __init__(self, idle: float | None = None, progress: float | None = None) -> None:
        for name, seconds in (("idle", idle), ("progress", progress)):
            if seconds is not None:
                if isinstance(seconds, bool) or not isinstance(seconds, int | float):
                    raise TypeError(f"{name} must be a number (seconds) or None, not {type(seconds).__name__}")
                if not seconds > 0:
                    raise ValueError(f"{name} must be positive (seconds) or None, not {seconds!r}")
            object.__setattr__(self, name, seconds)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"Stall is immutable, its attribute {name!r} cannot be set")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Stall) and (self.idle, self.progress) == (other.idle, other.progress)

    def __hash__(self) -> int:
        return hash((self.idle, self.progress))

    def __repr__(self) -> str:
        return f"Stall(idle={self.idle!r}, progress={self.progress!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Stall, (self.idle, self.progress)


class StallTimer:
    """The arithmetic of Stall for one stream: how long the next read may take. Does not wait."""

    __slots__ = ("_events_seen", "_waited", "stall")

    def __init__(self, stall: Stall) -> None:
        self.stall: Stall = stall
        self._waited = 0.0  # seconds spent in reads since the last event
        self._events_seen = 0

    def next_limit(self, events: int) -> tuple[float, Literal["idle", "progress"]]:
        """Return the seconds that the next read may take, and which limit it would reach then."""
        if events != self._events_seen:
            self._events_seen = events
            self._waited = 0.0
        idle, progress = self.stall.idle, self.stall.progress
        left = float("inf") if progress is None else max(0.0, progress - self._waited)
        if idle is not None and idle <= left:
            return idle, "idle"
        return left, "progress"

    def add(self, seconds: float) -> None:
        """Count the time of a read, seconds."""
        self._waited += seconds

    def error(self, reason: Literal["idle", "progress"]) -> StreamStalled:
        seconds = getattr(self.stall, reason)
        return StreamStalled(reason, seconds, self._events_seen)


def watch(chunks: Iterator[Any], stall_timer: StallTimer, reader: EventReader[Any]) -> Iterator[Any]:
    """Yield chunks until no event has come for too long. The reader has scanned each before it asks for the next."""
    while True:
        left, reason = stall_timer.next_limit(reader.progress)
        if left <= 0:
            raise stall_timer.error(reason)
        began = monotonic()
        chunk = next(chunks, END)
        stall_timer.add(monotonic() - began)
        if chunk is END:
            return
        yield chunk


def waiter(stall: Stall) -> AsyncioWait | TrioWait:
    """Return the waiter of the running event loop: trio in a trio task, else asyncio. Neither is imported before."""
    trio = running_trio()
    return AsyncioWait(StallTimer(stall)) if trio is None else TrioWait(StallTimer(stall), trio)


def running_trio() -> Any:
    """Return the module trio within a trio task, else None: then asyncio runs."""
    if trio := sys.modules.get("trio"):
        try:
            trio.lowlevel.current_task()
        except RuntimeError:
            return None
    return trio


class TrioWait:
    """Reads under a cancel scope. trio keeps all deadlines in one heap: a scope starts no timer of its own."""

    __slots__ = ("_stall_timer", "_trio")

    def __init__(self, stall_timer: StallTimer, trio: Any) -> None:
        self._stall_timer = stall_timer
        self._trio = trio

    async def next_chunk(self, chunks: AsyncIterator[Any], events: int) -> Any:
        limit, reason = self._stall_timer.next_limit(events)
        began = self._trio.current_time()
        with self._trio.move_on_at(began + limit) as scope:
            chunk = await anext(chunks, END)
        if scope.cancelled_caught:
            raise self._stall_timer.error(reason)
        self._stall_timer.add(self._trio.current_time() - began)
        return chunk

    def stop(self) -> None:
        """Do nothing: a scope starts no timer."""


class AsyncioWait:
    """Reads with one timer a stream: a read only notes its deadline, and the timer, when it fires, looks at that."""

    __slots__ = ("_deadline", "_expired", "_loop", "_stall_timer", "_task", "_timer")

    def __init__(self, stall_timer: StallTimer) -> None:
        import asyncio

        self._stall_timer = stall_timer
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._deadline = 0.0
        self._task: asyncio.Task[Any] | None = None  # the one that waits in a read, if any does
        self._expired = False

    async def next_chunk(self, chunks: AsyncIterator[Any], events: int) -> Any:
        import asyncio

        limit, reason = self._stall_timer.next_limit(events)
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a stall limit needs a task to interrupt: read the stream from within a task")
        began = self._loop.time()
        self._deadline = began + limit
        if self._timer is None or self._timer.when() > self._deadline:
            self._arm()
        cancelling = task.cancelling()
        self._task = task
        self._expired = False
        try:
            chunk = await anext(chunks, END)
        except BaseException as error:
            # The cancellation is ours, unless other code cancelled the task as well (the check of asyncio.timeout). The
            # source may have made another exception of it.
            if self._expired and task.uncancel() <= cancelling:
                if isinstance(error, asyncio.CancelledError):
                    raise self._stall_timer.error(reason) from None
                if isinstance(error, Exception):
                    raise self._stall_timer.error(reason) from error
            raise
        finally:
            self._task = None
        if self._expired:
            # The source swallowed our cancellation. A chunk that it returned counts, but its end does not.
            task.uncancel()
            if chunk is END:
                raise self._stall_timer.error(reason)
        self._stall_timer.add(self._loop.time() - began)
        return chunk

    def stop(self) -> None:
        # A blocked read goes on: it may wait for a generator, which cannot be closed while it runs.
        if self._timer is not None and self._task is None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._deadline, self._fire)

    def _fire(self) -> None:
        self._timer = None
        if self._task is None:
            return  # no read waits; the next one arms the timer again
        if self._loop.time() < self._deadline:
            self._arm()
        else:
            self._expired = True
            self._task.cancel()


def checked_stall(stall: Any) -> Stall | None:
    """Return a stream's `stall`; None if it sets no limit. TypeError for anything else."""
    if stall is None or (isinstance(stall, Stall) and stall.idle is None and stall.progress is None):
        return None
    if not isinstance(stall, Stall):
        raise TypeError(
            f"stall must be a Stall or None, not {type(stall).__name__}: pass Stall(idle=..., progress=...)"
        )
    return stall
