"""Counts of what acceleration did: streams, streams that were cut off, events, events that went the slow way.

Streams are counted when they end, and slow events where they are slow: nothing is added to the work for an event. All
without a lock: on a free-threaded interpreter, streams that end at the same time may lose a few.
"""

from dataclasses import dataclass, field

from ...errors import SsescanError

# Reasons that a library keeps, and the characters of each.
MAX_REASONS = 8
MAX_REASON_LENGTH = 100


@dataclass(frozen=True, slots=True)
class StreamCounts:
    """The streams of a library that ended, as a value of `Acceleration.streams`.

    `read`: the number of streams that were read, to the end or not. `cut`: how many of them ended too early: without a
    finish reason, `[DONE]` or another last event, or by an error of the connection. A stream that the program stops
    reading is not cut, nor is one with an error of the server. `slow_events`: the number of events for which the
    library's own code built the object, or a part of it. `reasons`: the first reasons for that, in a few words each.
    """

    read: int
    cut: int
    slow_events: int
    reasons: tuple[str, ...]


@dataclass(slots=True)
class Counts:
    """The counts of one library in this process."""

    read: int = 0
    cut: int = 0
    events: int = 0
    slow_events: int = 0
    # By reason: `slow_events` when it was last given, so that an Acceleration finds those since its own start.
    reasons: dict[str, int] = field(default_factory=dict)

    def end_stream(self, events: int, is_cut: bool) -> None:
        self.events += events
        self.read += 1
        self.cut += is_cut

    def go_slow(self, reason: str, events: int = 1) -> None:
        """Count events for which the library's own code built the object. `reason`: why, in a few words."""
        self.slow_events += events
        reason = reason[:MAX_REASON_LENGTH]
        if reason in self.reasons or len(self.reasons) < MAX_REASONS:
            self.reasons[reason] = self.slow_events

    def copy(self) -> "Counts":
        return Counts(self.read, self.cut, self.events, self.slow_events, self.reasons.copy())

    def streams_since(self, start: "Counts") -> StreamCounts:
        """Return the counts since the copy `start` was made."""
        reasons = [reason for reason, slow_events in list(self.reasons.items()) if slow_events > start.slow_events]
        slow_events = self.slow_events - start.slow_events
        return StreamCounts(self.read - start.read, self.cut - start.cut, slow_events, tuple(reasons))


class StreamEnd:
    """The end of one stream. Counts the stream as cut if the connection failed, or if the body ended too early.

    The states: the body is being read; over (`over`); or failed (`error`). A stream that is closed while its body is
    being read was stopped by the program.
    """

    __slots__ = ("error", "over")

    def __init__(self) -> None:
        self.over: bool = False
        self.error: Exception | None = None

    def is_broken(self, reported: tuple[type[Exception], ...] = ()) -> bool:
        """Return whether the connection failed. `reported`: the errors that a library raises for what it has read."""
        return self.error is not None and not isinstance(self.error, (SsescanError, ValueError, *reported))
