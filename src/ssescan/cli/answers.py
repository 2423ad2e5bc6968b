"""How an answer looks when nobody watches: its text alone, JSON lines of its parts, and the message as one document.

Like the formats of events in `formats.py`: each is given every part as it arrives and flushes after it, and the output
is bytes in UTF-8. The format for a terminal is in `answers_terminal.py`. Needs msgspec.
"""

import msgspec

from .. import Outcome
from ..providers import End, Message, MessageStream, Part, Ping, Raw, RefusalDelta, TextDelta, Usage
from .exits import tell
from .output import counted
from .visible import json_output, output, visible


class Clock:
    """Measures how long the first part of an answer took; signs of life, and what no API knows, are no part of one."""

    def __init__(self, asked_ns: int) -> None:
        """Take the `time.perf_counter_ns()` at which the answer was asked for."""
        self._asked_ns = asked_ns
        self.milliseconds: float | None = None  # None: nothing came so far

    def note(self, part: Part, stream: MessageStream) -> None:
        """Look at a part; the first one stops the clock."""
        if self.milliseconds is None and stream.received_ns is not None and not isinstance(part, (Ping, Raw, End)):
            self.milliseconds = (stream.received_ns - self._asked_ns) / 1e6


class TextAlone:
    """The text of choice 0, refusals included, and nothing else; if it does not end its last line, a line feed does.

    Whatever else there is to say goes to standard error, in one line, when the stream is over.
    """

    def __init__(self, asked_ns: int) -> None:
        """Write to standard output."""
        self._out = output()
        self._clock = Clock(asked_ns)
        self._in_line = False
        self._revised = False

    def show(self, part: Part, stream: MessageStream) -> None:
        """Print the text of a part, if it has any."""
        self._clock.note(part, stream)
        if part.choice:
            return
        if isinstance(part, (TextDelta, RefusalDelta)):
            self._in_line = not part.text.endswith("\n")
            self._out.write(part.text.encode())
            self._out.flush()
        elif isinstance(part, Raw):
            self._revised |= is_revision(part)

    def end(self, stream: MessageStream) -> None:
        """End the last line; print the summary on standard error, unless nothing came."""
        # After Ctrl-C the reader is often gone as well, and the line feed would only fail.
        if self._in_line and stream.outcome is not Outcome.CLOSED:
            self._out.write(b"\n")
            self._out.flush()
        if self._clock.milliseconds is not None:
            tell(f"-- {summary(stream, self._clock.milliseconds, revised=self._revised)}")


class PartLines:
    """One JSON object a line: a part as msgspec writes it, and received_ns (as the stream's attribute)."""

    def __init__(self) -> None:
        """Write to standard output."""
        self._out = json_output()
        self._encode = msgspec.json.Encoder().encode

    def show(self, part: Part, stream: MessageStream) -> None:
        """Print the line of one part."""
        received_ns = b"null" if stream.received_ns is None else b"%d" % stream.received_ns
        # A part is an object with at least its type.
        self._out.write(self._encode(part)[:-1] + b',"received_ns":' + received_ns + b"}\n")
        self._out.flush()

    def end(self, stream: MessageStream) -> None:
        """Print nothing: the part End has said it."""


class WholeMessage:
    """The message as one JSON document, when the stream is over: whole, cut, or with the provider's error."""

    def __init__(self) -> None:
        """Write to standard output."""
        self._ended = False

    def show(self, part: Part, stream: MessageStream) -> None:
        """Print nothing yet."""
        self._ended |= isinstance(part, End)

    def end(self, stream: MessageStream) -> None:
        """Print the message, unless there was no stream of a known format: refused, or unknown."""
        if self._ended or stream.outcome is Outcome.CLOSED:
            out = json_output()
            out.write(stream.message.to_json() + b"\n")
            out.flush()


def is_revision(part: Raw) -> bool:
    """Return whether the part says that the whole text is another one than the one that was streamed."""
    return part.name == "mismatch"


def summary(stream: MessageStream, milliseconds: float, *, revised: bool) -> str:
    """Return what there is to say of an answer besides its text: why it ended, tokens, calls, events, time, outcome."""
    message = stream.message
    words = [finish_of(message), usage_of(message.usage)]
    if message.tool_calls:
        cut = sum(call.cut for call in message.tool_calls)
        words.append(counted(len(message.tool_calls), "tool call") + (f" ({cut} cut, not to be made)" if cut else ""))
    if (choices := len(message.choices)) > 1:
        words.append(f"only choice 0 of {choices} (--message has all)")
    if revised:
        words.append("text revised after it was streamed (--message has what counts)")
    words += [counted(stream.events, "event"), f"first part after {milliseconds:,.0f} ms", end_of(stream, message)]
    return ", ".join(words)


def finish_of(message: Message) -> str:
    """Return the finish reason, and the provider's word where ours says less."""
    if message.finish_reason is None:
        return "no finish reason"
    if message.finish_reason == "other" and message.raw_finish_reason:
        return f"other ({visible(message.raw_finish_reason)})"
    return message.finish_reason


def usage_of(usage: Usage | None) -> str:
    """Return the tokens, as far as the provider counted them."""
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
    """Return how the answer ended, in a word; of the stream alone its outcome tells less."""
    if message.complete:
        return "complete"
    if stream.outcome in (Outcome.FAILED, Outcome.CLOSED):
        return str(stream.outcome)
    return "error" if message.errors else "cut"
