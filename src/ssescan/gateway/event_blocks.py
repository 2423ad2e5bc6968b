"""The events of a stream as the bytes that they came in: found as the standard says, changed only where asked.

Twin of the scanner in what a line, a field and a blank line are. Knows nothing of what the data means.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from ..scanner._shared import BYTE_ORDER_MARK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .json_spans import Span

LINE_ENDS = (b"\n", b"\r\n", b"\r")


class EventBlocks:
    """Chunks in, whole events out, each with the blank line that ends it; any cuts give the same events."""

    __slots__ = ("_after_cr", "_begun", "_in_line")

    def __init__(self) -> None:
        self._begun = bytearray()  # what came since the last blank line
        self._in_line = False  # the unfinished line has something in it
        self._after_cr = False  # an LF that comes now belongs to the CR before it

    def split(self, chunk: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Yield the pieces of a chunk, each with the event that it completes; b"" if it completes none."""
        start = at = 0
        for line in chunk.splitlines(keepends=True):
            at += len(line)
            belongs_to_cr, self._after_cr = self._after_cr and line == b"\n", line[-1:] == b"\r"
            if belongs_to_cr and not self._begun:  # the event before has passed on already
                yield chunk[start:at], line
                start = at
                continue
            self._begun += line
            is_blank = line in LINE_ENDS and not self._in_line
            self._in_line = line[-1:] not in LINE_ENDS
            if is_blank and not belongs_to_cr:
                yield chunk[start:at], bytes(self._begun)
                self._begun.clear()
                start = at
        if start < len(chunk):
            yield chunk[start:], b""

    def rest(self) -> bytes:
        """Return what came after the last blank line, and start over."""
        rest = bytes(self._begun)
        self._begun.clear()
        self._in_line = self._after_cr = False
        return rest


class EventBlock:
    """One event: `name`, None if it has none; `payload`, its data; `line_end`, of its last line. `raw`: as it came."""

    __slots__ = ("_places", "_starts", "has_data", "line_end", "name", "payload", "raw")

    def __init__(self, raw: bytes) -> None:
        self.raw: bytes = raw
        self.name: str | None = None
        self.line_end: bytes = b"\r\n" if raw.endswith(b"\r\n") else b"\r" if raw.endswith(b"\r") else b"\n"
        self._starts: list[int] = []  # of each line of data in the payload
        self._places: list[int] = []  # of the same in `raw`
        lines: list[bytes] = []
        at = len(BYTE_ORDER_MARK) if raw.startswith(BYTE_ORDER_MARK) else 0
        size = 0
        for line in raw[at:].splitlines(keepends=True):
            field, _, value = line.rstrip(b"\r\n").partition(b":")
            begin = 1 if value[:1] == b" " else 0
            if field == b"data":
                lines.append(value[begin:])
                self._starts.append(size)
                self._places.append(at + len(field) + 1 + begin)
                size += len(value) - begin + 1
            elif field == b"event":
                self.name = value[begin:].decode("utf-8", "replace") or None
            at += len(line)
        self.has_data: bool = bool(lines)
        self.payload: bytes = b"\n".join(lines)

    def edited(self, edits: Iterable[tuple[Span, bytes]]) -> bytes:
        """Return the event with other bytes, which have no line end, at these places of its payload."""
        made, at = [], 0
        for (start, end), new in sorted(edits):
            made += [self.raw[at : self._place(start)], new]
            at = self._place(end)
        return b"".join([*made, self.raw[at:]])

    def lines(self) -> list[Span]:
        """Return where in the payload its lines stand."""
        ends = [*(start - 1 for start in self._starts[1:]), len(self.payload)]
        return list(zip(self._starts, ends, strict=True))

    def _place(self, at: int) -> int:
        line = bisect_right(self._starts, at) - 1
        return self._places[line] + at - self._starts[line]


def event_frame(name: str | None, payload: bytes, line_end: bytes) -> bytes:
    """Return an event with one line of data."""
    head = b"" if name is None else b"event: " + name.encode("utf-8", "replace") + line_end
    return head + b"data: " + payload + 2 * line_end
