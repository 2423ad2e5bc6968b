"""Output formats for an answer, for pipes and files: its text, JSON lines of its parts, or one JSON document.

The output is UTF-8. `answers_terminal.py` has the format for a terminal. Needs msgspec.
"""

from abc import ABC, abstractmethod

import msgspec

from .. import Outcome
from ..providers import End, MessageStream, Part, RefusalDelta, TextDelta
from .exits import print_error
from .output import Format, write, write_json
from .summaries import Summary


class Answer(Format, ABC):
    """The base of the formats that print choice 0 of an answer for people, and its summary on standard error."""

    def __init__(self, summary: Summary) -> None:
        self._summary = summary

    def show(self, part: Part, stream: MessageStream) -> None:
        """Print a part of choice 0, and note its time."""
        self._summary.note(part, stream)
        if not part.choice:
            self.print_part(part)

    @abstractmethod
    def print_part(self, part: Part) -> None:
        """Print a part of choice 0, if there is anything to print."""


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
        for line in self._summary.lines(stream):
            print_error(line)


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


class WithSummary(Format):
    """Another format, and after it the summary on standard error."""

    def __init__(self, inner: Format, summary: Summary) -> None:
        self._inner = inner
        self._summary = summary

    def show(self, part: Part, stream: MessageStream) -> None:
        """Note the time of the part, and print it."""
        self._summary.note(part, stream)
        self._inner.show(part, stream)

    def end(self, stream: MessageStream) -> None:
        self._inner.end(stream)
        for line in self._summary.lines(stream):
            print_error(line)
