"""The times of the reads and of the parts of an answer, for a plot.

Knows parts, reads and tapes. `plots.py` draws.
"""

from dataclasses import dataclass, field
from statistics import median

import click

from ..providers import MessageStream, Part, parts
from ..testing import Tape
from .noted_reads import NotedReads
from .sources import Source
from .summaries import end_of, finish_reason_of

KINDS: dict[type[Part], str] = {
    parts.TextDelta: "text", parts.RefusalDelta: "text", parts.ReasoningDelta: "reasoning",
    parts.RedactedReasoning: "reasoning", parts.ToolCallStart: "tool call", parts.ToolCallDelta: "tool call",
    parts.ToolCallEnd: "tool call", parts.ServerToolResult: "tool call", parts.Media: "media", parts.Ping: "ping",
    parts.Error: "error",
}  # fmt: skip
CONTENT = ("text", "reasoning", "tool call", "media")
MIN_STALL = 0.5  # seconds
TIMES_MEDIAN = 10


@dataclass
class Timeline:
    """The times of one answer, in seconds since its request.

    `reads`: the time and the bytes of each. `parts`: the times of each kind. `end`: of the last read, or when an
    incomplete answer ended. `verdict`: the finish reason, and how it ended.
    """

    name: str
    reads: list[tuple[float, int]] = field(default_factory=list)
    parts: dict[str, list[float]] = field(default_factory=dict)
    end: float = 0.0
    verdict: str = ""

    @property
    def first(self) -> float | None:
        """The time of the first part with content, None if there is none."""
        return min((self.parts[kind][0] for kind in CONTENT if kind in self.parts), default=None)

    def stalls(self) -> list[tuple[float, float]]:
        """Return the long gaps between reads: of half a second or more, and of ten times the median gap."""
        moments = [time for time, _ in self.reads]
        gaps = list(zip(moments, [*moments[1:], self.end], strict=True))
        lengths = [after - before for before, after in gaps]
        limit = max(MIN_STALL, TIMES_MEDIAN * median(lengths)) if len(lengths) > 2 else MIN_STALL
        return [gap for gap, length in zip(gaps, lengths, strict=True) if length >= limit]


class TimelineRecorder:
    """Notes the parts of an answer with the read that brought each, then makes the Timeline.

    A tape has its own times. A click.UsageError for a file without any.
    """

    def __init__(self, opened: Source) -> None:
        self._opened = opened
        self._tape = opened.stream if isinstance(opened.stream, Tape) else None
        has_times = self._tape is not None and all(chunk.time_ns is not None for chunk in self._tape.chunks)
        if opened.is_file and not has_times:
            text = f"expected times for --plot, {opened.name} has none"
            raise click.UsageError(f"{text}; plot a URL, or a tape of ssescan record")
        self.source: NotedReads = NotedReads(opened.stream)
        self._parts: list[tuple[int, str]] = []  # the number of the read, and the kind

    def note(self, part: Part) -> None:
        """Note a part, which the last read brought."""
        if (kind := KINDS.get(type(part))) is not None:
            self._parts.append((len(self.source.reads) - 1, kind))

    def timeline(self, stream: MessageStream, now_ns: int) -> Timeline:
        """Return the timeline; `now_ns`: the `time.perf_counter_ns()` of the end of an incomplete answer."""
        sizes = [size for _, size in self.source.reads]
        if self._tape is None:
            moments = [(ns - self._opened.asked_ns) / 1e9 for ns, _ in self.source.reads]
        else:
            moments = [(chunk.time_ns or 0) / 1e9 for chunk in self._tape.chunks[: len(sizes)]]
        verdict = f"{finish_reason_of(stream.message)}, {end_of(stream, stream.message)}"
        made = Timeline(self._opened.name, list(zip(moments, sizes, strict=True)), verdict=verdict)
        made.end = moments[-1] if moments else 0.0
        if self._tape is None and not stream.message.complete:
            made.end = (now_ns - self._opened.asked_ns) / 1e9
        for number, kind in self._parts:
            if 0 <= number < len(moments):
                made.parts.setdefault(kind, []).append(moments[number])
        return made
