"""From text to lines, and from lines to events: for programs that use httpx-sse's decoders by themselves.

EventSource uses the scanner instead. The rules are the same (WHATWG HTML section 9.2.6); tests compare the two.
"""

import re
from typing import List, Optional

from ._models import ServerSentEvent

_LINE_END = re.compile("\r\n|\r|\n")  # no others: str.splitlines() knows eight more
_MAX_RETRY_DIGITS = 15  # as the scanner


def _splitlines_sse(text: str) -> List[str]:
    """Split at LF, CR and CRLF; the text after the last line end is a line unless it is empty."""
    lines = _LINE_END.split(text)
    if not lines[-1]:
        lines.pop()
    return lines


class SSELineDecoder:
    """Splitter of text that arrives in pieces, into lines without their line ends.

    A CR at the end of a piece ends its line at once, and an LF at the start of the next piece belongs to it. httpx-sse
    holds the line back until the next piece comes.
    """

    def __init__(self) -> None:
        self.buffer: list[str] = []
        self._after_cr = False

    def decode(self, text: str) -> list[str]:
        """Return the lines that the next text ends."""
        if self._after_cr and text:
            self._after_cr = False
            if text[0] == "\n":
                text = text[1:]
        if not text:
            return []
        self._after_cr = text[-1] == "\r"
        lines = _LINE_END.split(text) if "\r" in text else text.split("\n")
        unfinished = lines.pop()
        if lines and self.buffer:
            self.buffer.append(lines[0])
            lines[0] = "".join(self.buffer)
            self.buffer = []
        if unfinished:
            self.buffer.append(unfinished)
        return lines

    def flush(self) -> list[str]:
        """Return the line that the end of the text cuts short, if there is one."""
        lines = ["".join(self.buffer)] if self.buffer else []
        self.buffer = []
        self._after_cr = False
        return lines


class SSEDecoder:
    """Decoder of events from single lines. A byte order mark before the first line is dropped."""

    def __init__(self) -> None:
        self._begun = False
        self._last_event_id = ""
        self._begin_block()

    def _begin_block(self) -> None:
        self._event: Optional[str] = None
        self._data: List[str] = []
        self._id: Optional[str] = None
        self._retry: Optional[int] = None

    def decode(self, line: str) -> Optional[ServerSentEvent]:
        """Process a line without its line end; return the event that it ends if it is blank."""
        if not self._begun:
            self._begun = True
            line = line.removeprefix("\ufeff")
        if not line:
            return self._end_block()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._event = value
        elif name == "id":
            if "\0" not in value:
                self._id = value
        elif name == "retry" and value.isascii() and value.isdigit() and len(value) <= _MAX_RETRY_DIGITS:
            self._retry = int(value)
        return None

    def _end_block(self) -> Optional[ServerSentEvent]:
        event, data, retry = self._event, self._data, self._retry
        if self._id is not None:
            self._last_event_id = self._id
        elif event is None and not data and retry is None:
            return None  # nothing was set since the last blank line
        self._begin_block()
        return ServerSentEvent(event, "\n".join(data), self._last_event_id, retry)
