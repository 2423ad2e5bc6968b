"""The summary of an answer: finish reason, tokens, events, times, how it ended.

Knows parts and the clock. Knows nothing of output.
"""

import math
import time
from array import array
from collections.abc import Sequence

from .. import Outcome
from ..providers import End, Error, Finish, Message, MessageStream, Part, Ping, Raw, Start, Usage
from .output import counted
from .visible import visible

MIN_WHOLE_RATE = 10  # tokens a second; a lower rate is printed with a decimal
MIN_WHOLE_MS = 10  # the same, of milliseconds
NOT_ARRIVED = (Ping, Raw, End)  # parts that do not count as the first one
WITHOUT_CONTENT = (*NOT_ARRIVED, Start, Usage, Finish, Error)
PERCENTILES = (50, 90, 99)


class Summary:
    """The summary of an answer that is read, in one line.

    `asked_ns`: the `time.perf_counter_ns()` of the request. `is_file`: of a file, the time says nothing of the model.
    `recorded`: of a tape, the nanoseconds from its request to each of its reads, which replace those of this reading.
    """

    def __init__(self, asked_ns: int, is_file: bool = False, recorded: Sequence[int] = ()) -> None:
        self._asked_ns = asked_ns
        self._is_file = is_file and not recorded
        self._recorded = recorded
        self._first_ns: int | None = None  # when the first part arrived
        self._last_ns = asked_ns
        self._revised = False  # the final text differs from the text that was streamed

    def note(self, part: Part, stream: MessageStream) -> None:
        """Note the time of a part."""
        arrived_ns = stream.received_ns
        if arrived_ns is not None:
            if self._recorded:
                arrived_ns = self._asked_ns + self._recorded[stream.reads - 1]
            self._last_ns = arrived_ns
            if self._first_ns is None and not isinstance(part, NOT_ARRIVED):
                self._first_ns = arrived_ns
        self._revised |= not part.choice and isinstance(part, Raw) and part.name == "mismatch"

    def lines(self, stream: MessageStream) -> list[str]:
        """Return the lines, none if no part came."""
        if self._first_ns is None:
            return []
        words = [*self._answer(stream), f"first part after {(self._first_ns - self._asked_ns) / 1e6:,.0f} ms"]
        words.append(f"{max(self._last_ns - self._asked_ns, 1) / 1e9:,.2f} s in total")
        words += [] if self._is_file else self._rate(stream.message.usage)
        return [f"-- {', '.join([*words, end_of(stream, stream.message)])}"]

    def _answer(self, stream: MessageStream) -> list[str]:
        message = stream.message
        words = [finish_reason_of(message), usage_of(message.usage)]
        if message.tool_calls:
            cut = sum(call.cut for call in message.tool_calls)
            words.append(counted(len(message.tool_calls), "tool call") + (f" ({cut} cut, do not run)" if cut else ""))
        if (choices := len(message.choices)) > 1:
            words.append(f"only choice 0 of {choices} (--message has all)")
        if self._revised:
            words.append("text revised after it was streamed (--message has the final text)")
        return [*words, counted(stream.events, "event")]

    def _rate(self, usage: Usage | None) -> list[str]:
        """Return the tokens of output in a second of the time from the request to the last part, if known."""
        if usage is None or not usage.output:
            return []
        rate = usage.output / (max(self._last_ns - self._asked_ns, 1) / 1e9)
        return [f"{rate:,.{0 if rate >= MIN_WHOLE_RATE else 1}f} tokens/s"]


class TimedSummary(Summary):
    """The summary of an answer that was asked for, in three lines: the answer, its times, the gaps between its parts.

    `began_ns`: the `time.perf_counter_ns()` of the response's first byte. The gaps are those between parts with
    content (text, reasoning, calls, media); parts of one read have no time between them.
    """

    def __init__(self, asked_ns: int, began_ns: int) -> None:
        super().__init__(asked_ns)
        self._began_ns = began_ns
        self._content_ns: int | None = None  # when the last part with content arrived
        self._gaps = array("q")  # ns

    def note(self, part: Part, stream: MessageStream) -> None:
        super().note(part, stream)
        if stream.received_ns is None or isinstance(part, WITHOUT_CONTENT):
            return
        if self._content_ns is not None:
            self._gaps.append(stream.received_ns - self._content_ns)
        self._content_ns = stream.received_ns

    def lines(self, stream: MessageStream) -> list[str]:
        """Return the lines, none if no part came."""
        if self._first_ns is None:
            return []
        # A complete answer ends with its last part; the response may stay open.
        end_ns = self._last_ns if stream.message.complete else time.perf_counter_ns()
        moments = {"first byte": self._began_ns, "first part": self._first_ns, "end": end_ns}
        times = [f"{name} after {in_ms(ns - self._asked_ns)}" for name, ns in moments.items()]
        times += self._rate(stream.message.usage)
        lines = [", ".join([*self._answer(stream), end_of(stream, stream.message)]), ", ".join(times)]
        if self._gaps:
            ordered = sorted(self._gaps)
            words = [f"p{percent} {in_ms(percentile(ordered, percent))}" for percent in PERCENTILES]
            words.append(f"largest {in_ms(ordered[-1])}")
            lines.append(f"gaps between {counted(len(ordered) + 1, 'part')}: {', '.join(words)}")
        return [f"-- {line}" for line in lines]


def percentile(ordered: list[int], percent: int) -> int:
    """Return the least value that so many percent of the ordered values do not exceed (the nearest rank)."""
    return ordered[math.ceil(len(ordered) * percent / 100) - 1]


def in_ms(ns: int) -> str:
    """Return a time in milliseconds, a short one with a decimal."""
    milliseconds = ns / 1e6
    return f"{milliseconds:,.{0 if milliseconds >= MIN_WHOLE_MS else 1}f} ms"


def finish_reason_of(message: Message) -> str:
    """Return the finish reason, with the provider's word for "other"."""
    if message.finish_reason is None:
        return "no finish reason"
    if message.finish_reason == "other" and message.raw_finish_reason:
        return f"other ({visible(message.raw_finish_reason)})"
    return message.finish_reason


def usage_of(usage: Usage | None) -> str:
    """Return the numbers of tokens that the provider reported."""
    if usage is None or (usage.input is None and usage.output is None):
        return "no usage"
    words = []
    if usage.input is not None:
        cached = f" ({usage.cache_read:,} from cache)" if usage.cache_read else ""
        words.append(f"{counted(usage.input, 'token')} in{cached}")
    if usage.output is not None:
        reasoning = f" ({usage.reasoning:,} reasoning)" if usage.reasoning else ""
        words.append((f"{usage.output:,}" if words else counted(usage.output, "token")) + f" out{reasoning}")
    return ", ".join(words)


def end_of(stream: MessageStream, message: Message) -> str:
    """Return how the answer ended, in a word."""
    if message.complete:
        return "complete"
    if stream.outcome in (Outcome.FAILED, Outcome.CLOSED):
        return str(stream.outcome)
    return "error" if message.errors else "cut"
