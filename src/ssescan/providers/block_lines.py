"""Lines that lack their `data:`: JSON over several lines, of which only the first is a data line.

Knows nothing of what the JSON means.
"""

from __future__ import annotations

from .payloads import NotJson, load

CONTINUES = ' \t"{}[],-0123456789'
"""The first characters of lines within JSON."""
MAX_LINE_END = 2  # bytes


class BlockLines:
    """The lines of no field that follow a field in its block, kept until the data of the block came.

    `limit`: of a block, bytes. `other_at`: the number of events before the last line that cannot continue JSON.
    """

    __slots__ = ("_begin", "_free_until", "_limit", "_size", "events", "lines", "other_at")

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self.lines: list[str] = []
        self.other_at: int = -1
        self.events: int = 0  # the number of events before their block
        self._free_until = 0  # how far the block had only lines of no field, bytes
        self._begin = 0  # how many bytes of their block come before them
        self._size = 0

    def add(self, line: str, pending: int, events: int) -> bool:
        """Add a line that begins as in CONTINUES, if it may continue the data of its block; return whether it may.

        `pending`: the bytes of the block so far, with the line. `events`: the number of events before it.
        """
        if events == self.other_at:
            return False
        if events != self.events:
            self.events = events
            self._free_until = 0
        size = len(line.encode("utf-8", "replace"))
        if not self.lines and pending - self._free_until <= size + MAX_LINE_END:
            self._free_until = pending  # no field came before it
            return False
        if self._limit is not None and self._size + size > self._limit:
            return False
        if not self.lines:
            self._begin = pending - size
        self._size += size
        self.lines.append(line)
        return True

    def pop(self) -> list[str]:
        """Return the lines, and begin again."""
        lines, self.lines = self.lines, []
        self._size = 0
        return lines

    def follow(self, payload: bytes) -> bool:
        """Return whether the lines come after the data of their block, and not before it: there is room for it."""
        return self._begin > len(payload) + len(b"data:")

    def joined(self, payload: bytes, events: int) -> bytes | None:
        """Return the data with the lines that follow it, if they are JSON only together; else None.

        `events`: the number of events, with the one of this data.
        """
        if events != self.events + 1 or not payload.strip().startswith((b"{", b"[")):
            return None
        whole = b"\n".join([payload, *(line.encode("utf-8", "replace") for line in self.lines)])
        return whole if _is_json(whole) and not _is_json(payload) else None


def _is_json(data: bytes) -> bool:
    try:
        load(data)
    except NotJson:
        return False
    return True
