"""Output formats for an answer, for pipes and files: its text, JSON lines of its parts, or one JSON document.

The output is UTF-8. `answers_terminal.py` has the format for a terminal. Needs msgspec.
"""

from abc import ABC, abstractmethod

import msgspec

from .. import Outcome
from ..providers import End, Message, MessageStream, Part, Ping, Raw, RefusalDelta, TextDelta, Usage
from .exits import print_error
from .output import Format, counted, write, write_json
from .visible import visible

MIN_WHOLE_RATE = 10  # tokens a second; a lower rate is printed with a decimal


class Answer(Format, ABC):
    """The base of the formats that print choice 0 of an answer for people, and a summary on standard error.

    `asked_ns`: the `time.perf_counter_ns()` of the request. `is_file`: of a file, the time says nothing of the model.
    """

    def __init__(self, asked_ns: int, is_file: bool) -> None:
        self._asked_ns = asked_ns
        self._is_file = is_file
        self._last_ns = asked_ns  # when the last part arrived
        self._milliseconds: float | None = None  # from the request to the first part
        self._revised = False  # the final text differs from the text that was streamed

    def show(self, part: Part, stream: MessageStream) -> None:
        """Print a part of choice 0, and note the time of the first part."""
        if stream.received_ns is not None:
            self._last_ns = stream.received_ns
        if self._milliseconds is None and stream.received_ns is not None and not isinstance(part, (Ping, Raw, End)):
            self._milliseconds = (stream.received_ns - self._asked_ns) / 1e6
        if not part.choice:
            self._revised |= isinstance(part, Raw) and part.name == "mismatch"
            self.print_part(part)

    @abstractmethod
    def print_part(self, part: Part) -> None:
        """Print a part of choice 0, if there is anything to print."""

    def summary(self, stream: MessageStream) -> str | None:
        """Return a summary: finish reason, tokens, tool calls, events, times, end. None if no part came."""
        if self._milliseconds is None:
            return None
        message = stream.message
        words = [finish_reason_of(message), usage_of(message.usage)]
        if message.tool_calls:
            cut = sum(call.cut for call in message.tool_calls)
            words.append(counted(len(message.tool_calls), "tool call") + (f" ({cut} cut, do not run)" if cut else ""))
        if (choices := len(message.choices)) > 1:
            words.append(f"only choice 0 of {choices} (--message has all)")
        if self._revised:
            words.append("text revised after it was streamed (--message has the final text)")
        words += [counted(stream.events, "event"), f"first part after {self._milliseconds:,.0f} ms"]
        words += times_of(None if self._is_file else message.usage, self._last_ns - self._asked_ns)
        return f"-- {', '.join([*words, end_of(stream, message)])}"


class TextOnly(Answer):
    """The text and the refusal, with a line feed at the end."""

    _in_line = False

    def print_part(self, part: Part) -> None:
        if isinstance(part, (TextDelta, RefusalDelta)):
            self._in_line = not part.text.endswith("\n")
            write(part.text.encode())

    def end(self, stream: MessageStream) -> None:
        # After Ctrl-C the reader is often gone as well, and the line feed would fail.
        if self._in_line and stream.outcome is not Outcome.CLOSED:
            write(b"\n")
        if summary := self.summary(stream):
            print_error(summary)


class PartLines(Format):
    """One JSON object a line: a part as msgspec encodes it, and the stream's received_ns."""

    def __init__(self) -> None:
        self._encode = msgspec.json.Encoder().encode

    def show(self, part: Part, stream: MessageStream) -> None:
        received_ns = b"null" if stream.received_ns is None else b"%d" % stream.received_ns
        # Before the closing brace: every part has at least its type.
        write_json(self._encode(part)[:-1] + b',"received_ns":' + received_ns + b"}")


class WholeMessage(Format):
    """The message as one JSON document at the end of the stream, also if it was cut or reports an error."""

    def __init__(self) -> None:
        self._ended = False

    def show(self, part: Part, stream: MessageStream) -> None:
        self._ended |= isinstance(part, End)

    def end(self, stream: MessageStream) -> None:
        """Print the message, unless the response was refused or its format is unknown."""
        if self._ended or stream.outcome is Outcome.CLOSED:
            write_json(stream.message.to_json())


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


def times_of(usage: Usage | None, total_ns: int) -> list[str]:
    """Return the time from the request to the last part, and the tokens of output in a second of it, if known."""
    seconds = max(total_ns, 1) / 1e9
    words = [f"{seconds:,.2f} s in total"]
    if usage is not None and usage.output:
        rate = usage.output / seconds
        words.append(f"{rate:,.{0 if rate >= MIN_WHOLE_RATE else 1}f} tokens/s")
    return words


def end_of(stream: MessageStream, message: Message) -> str:
    """Return how the answer ended, in a word."""
    if message.complete:
        return "complete"
    if stream.outcome in (Outcome.FAILED, Outcome.CLOSED):
        return str(stream.outcome)
    return "error" if message.errors else "cut"
