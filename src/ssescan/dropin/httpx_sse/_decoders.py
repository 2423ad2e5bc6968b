"""Text to lines, and lines to events: for programs that use httpx-sse's decoders by themselves.

EventSource does not go this way: it hands bytes to the scanner. The rules are the same (WHATWG HTML section 9.2.6), and
tests hold the two ways together.
"""

import re
from typing import List, Optional

from ._models import ServerSentEvent

_LINE_END = re.compile("\r\n|\r|\n")  # no others: str.splitlines() knows eight more
_MAX_RETRY_DIGITS = 15  # as the scanner


def _splitlines_sse(text: str) -> List[str]:
    """Split at LF, CR and CRLF; what follows the last line end is a line unless it is empty."""
    lines = _LINE_END.split(text)
    if not lines[-1]:
        lines.pop()
    return lines


class SSELineDecoder:
    """Text in, lines out: without their line ends, and wherever the text was cut.

    A CR that ends a text ends its line there and then, and an LF that opens the next belongs to it. httpx-sse holds the
    line back until the next text comes.
    """

    def __init__(self) -> None:
        self.buffer: list[str] = []
        self._after_cr = False

    def decode(self, text: str) -> list[str]:
        """Take the next text; return the lines that it ends."""
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
        """Take the end of the text; return the line that it cut short, if there is one."""
        lines = ["".join(self.buffer)] if self.buffer else []
        self.buffer = []
        self._after_cr = False
        return lines


class SSEDecoder:
    """Lines in, events out, one line at a time. A byte order mark before the first line is dropped."""

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
        """Take a line without its line end; return the event if it is the blank line that ends one."""
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
            return None  # nothing was set: a second blank line, or one after comments
        self._begin_block()
        return ServerSentEvent(event, "\n".join(data), self._last_event_id, retry)
