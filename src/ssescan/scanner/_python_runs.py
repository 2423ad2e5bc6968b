"""Runs of events that are alike, in pure Python.

Twin of `_compiled_runs.pxi`.
"""

from __future__ import annotations

from ._shared import chunk_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Callable
    from typing import Any, TypeAlias

    Shape: TypeAlias = tuple[bytes, list[tuple[int, int, int]]]

MAX_GAPS = 8
MAX_RUN = 24 * 2**10
"""The text of a run, and the size of an event in it; bytes."""
_CHARACTER = rb'(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u(?![dD][89a-fA-F])[0-9a-fA-F]{4})'
# By the kind of the gap: TEXT, STRING, NUMBER, SPACES.
_GAPS = (b"(?P<text>%b++)" % _CHARACTER, b"%b*+" % _CHARACTER, b"(?:0|[1-9][0-9]*+)", b" *+")


def _end_of_event(data: bytes, at: int) -> int:
    """Return where the first blank line ends, CR alone aside; the end of all if there is none."""
    while at := data.find(b"\n", at) + 1:
        for blank in (b"\n", b"\r\n"):
            if data.startswith(blank, at):
                return at + len(blank)
    return len(data)


class EventRun:
    """Passes chunks on, and joins the events in them that follow each other and differ in one text only.

    `read(data, is_alike)`: called with every other event, or piece of one. It returns the shape of the events that may
    be joined to this one, None if none may: an event and its gaps, in order, each a kind, a start and an end. Kinds: 0
    the text, the inside of a JSON string; 1 the inside of another, 2 a number, 3 spaces: what stands there is dropped.
    `is_alike`: the event has the shape that was returned last, so that anything but None means the same again.
    Of the events of a run, `read` gets one that has all their texts, before the next other event, or at flush().

    A text with half a character in it, or one that is not UTF-8, is not joined. `joined`: how many events were, less
    those that were read in their place. `unsent`: the chunk that was not returned, as `read` raised.
    """

    __module__ = "ssescan.scanner"
    __slots__ = ("_goes_on", "_pattern", "_pieces", "_read", "_shape", "_size", "_text_gap", "joined", "unsent")

    def __init__(self, read: Callable[[bytes, bool], Shape | None]) -> None:
        self._read = read
        self._pattern: re.Pattern[bytes] | None = None
        self._goes_on = False  # an event of this shape may be joined to the one before
        self._pieces: list[bytes] = []  # the texts of the events that were joined
        self._size = 0
        self.joined = 0
        self.unsent = b""

    def feed(self, chunk: Any) -> bytes:
        """Accept the next chunk; return it."""
        data = chunk if type(chunk) is bytes else chunk_bytes(chunk)
        self.unsent = data
        at = 0
        while at < len(data):
            found = self._match(data, at)
            if found and self._goes_on and self._size + len(found["text"]) <= MAX_RUN:
                self._pieces.append(found["text"])
                self._size += len(found["text"])
                self.joined += 1
                at = found.end()
                continue
            at = self._read_event(data, at, found)
        self.unsent = b""
        return data

    def flush(self) -> None:
        """Read what was joined."""
        if self._pieces:
            start, end = self._text_gap
            joined = b"".join([self._shape[:start], *self._pieces, self._shape[end:]])
            self._pieces, self._size = [], 0
            self.joined -= 1
            self._read(joined, True)

    def _read_event(self, data: bytes, at: int, found: re.Match[bytes] | None) -> int:
        """Read an event, or the rest of a chunk that has no end of one; return where it ends."""
        self.flush()
        self._goes_on = False
        end = found.end() if found else _end_of_event(data, at)
        shape = self._read(data[at:end], found is not None)
        if shape is not None:
            if found is None:
                self._set_shape(*shape)
            self._goes_on = True
        return end

    def _set_shape(self, event: bytes, gaps: list[tuple[int, int, int]]) -> None:
        if event is None:
            raise TypeError("the event must be bytes, not None")
        self._pattern = None  # nothing is alike, should the gaps be wrong
        import re  # not above: `import ssescan` does without it

        pattern, done = b"", 0
        for kind, start, end in gaps:
            if len(gaps) > MAX_GAPS or not done <= start <= end <= len(event):
                raise ValueError("gaps within the event were expected")
            pattern += re.escape(event[done:start]) + _GAPS[kind]
            done = end
            if kind == 0:
                self._text_gap = start, end
        self._pattern = re.compile(pattern + re.escape(event[done:]))
        self._shape = event

    def _match(self, data: bytes, at: int) -> re.Match[bytes] | None:
        """Return the event that begins there, if it has the shape."""
        found = None if self._pattern is None else self._pattern.match(data, at, at + MAX_RUN)
        if found is None or found[0].isascii():
            return found
        try:
            found[0].decode()
        except UnicodeDecodeError:
            return None
        return found
