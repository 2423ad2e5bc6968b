"""The events that pass a relay unchanged: read on the way, or shortly after; those that are alike as one.

Most events of a stream differ in a piece of text alone. An EventRun joins these, once an event has shown the places
where they differ. The others wait until there are a few of them, or until the message is asked for: of many streams,
nobody asks.
"""

from __future__ import annotations

import re
from operator import itemgetter
from typing import TYPE_CHECKING

from ..errors import SsescanError
from ..providers.parts import TextDelta

if TYPE_CHECKING:
    from typing import TypeAlias

    from ..providers.parts import Part
    from .answer_reader import AnswerReader

    Shape: TypeAlias = tuple[bytes, list[tuple[int, int, int]]]

TEXT, STRING, NUMBER, SPACES = range(4)  # kinds of gaps, as EventRun knows them
UNREAD = re.compile(
    rb'"(?:created|created_at|timestamp|sequence_number|obfuscation|p)": ?(?:"([^"]*)"|([0-9]+)(?=[,}]))'
)
"""The fields that may differ from event to event, and that no decoder reads, in any place. In JSON without escapes."""
MAX_UNREAD = 6
EVENT = re.compile(rb"(?:(?:event|id):[^\r\n]*\r?\n)*data: ?(\{[^\r\n\\]*\}) *\r?\n\r?\n")
MAX_WAITING = 4
"""The number of events that wait to be read: at the end of a stream, text, its end, a finish reason, `[DONE]`."""
MAX_WAITING_SIZE = 2**15  # bytes


class PassedEvents:
    """Reads the events that an EventRun does not join. `failure`: nothing is read any more."""

    __slots__ = ("_answer", "_may_wait", "_size", "_waiting", "failure")

    def __init__(self, answer: AnswerReader) -> None:
        self._answer = answer
        self._waiting: list[bytes] = []
        self._size = 0
        self._may_wait = False  # the format and the shape of its events are known
        self.failure: SsescanError | None = None

    def read(self, data: bytes, is_alike: bool) -> Shape | None:
        """Read an event, or let it wait; see EventRun."""
        if self._may_wait and len(self._waiting) < MAX_WAITING and self._size + len(data) <= MAX_WAITING_SIZE:
            self._waiting.append(data)
            self._size += len(data)
            return None
        self.read_waiting()
        reader = self._answer.reader
        begins, events = reader.pending == 0, reader.events
        last = self._read(data)
        if type(last) is not TextDelta or not begins or reader.pending or reader.events != events + 1:
            return None
        found = (data, []) if is_alike else shape_of(data, last.text)
        self._may_wait |= found is not None
        return found

    def read_waiting(self) -> None:
        """Read the events that wait."""
        if self._waiting:
            data, self._waiting, self._size = b"".join(self._waiting), [], 0
            self._read(data)

    def _read(self, data: bytes) -> Part | None:
        """Return what AnswerReader.feed() returns. An event that is too large ends the message, not the stream."""
        last: Part | None = None
        if self.failure is None:
            try:
                last = self._answer.feed(data, ignore)
            except SsescanError as error:
                self.failure = error
        return last


def shape_of(event: bytes, text: str) -> Shape | None:
    """Return the shape of an event, which is a piece of text and nothing else, if it plainly shows where that is.

    Without escapes, every quote begins or ends a string, and a string is spelled as it is read. So if the bytes of the
    text in quotes are there once, they are the text.
    """
    found = EVENT.fullmatch(event)
    if found is None:
        return None
    quoted = b'"%b"' % text.encode()
    place = event.find(quoted, found.start(1))
    if place < 0 or event.find(quoted, place + 1) >= 0:
        return None
    others = [(STRING if one[2] is None else NUMBER, *one.span(one.lastindex or 0)) for one in UNREAD.finditer(event)]
    if len(others) > MAX_UNREAD or any(start == place + 1 for _, start, _ in others):
        return None
    last_brace = found.end(1) - 1  # some providers have spaces before it
    spaces = len(event[:last_brace].rstrip(b" "))
    gaps = [(TEXT, place + 1, place + len(quoted) - 1), *others, (SPACES, spaces, last_brace)]
    return event, sorted(gaps, key=itemgetter(1))


def ignore(part: Part) -> None:
    """Do nothing with a part."""
