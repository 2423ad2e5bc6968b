"""The bytes of a stream that passes unchanged, in whole events."""

from __future__ import annotations

from typing import Any


class WholeEvents:
    """Bytes in, the same bytes out up to the last blank line. `reader`: it scans the same bytes, and has `pending`."""

    __slots__ = ("_chunks", "_reader", "_size", "_stopped")

    def __init__(self, reader: Any) -> None:
        self._reader = reader
        self._chunks: list[bytes] = []
        self._size = 0
        self._stopped = False

    def add(self, chunk: bytes) -> None:
        if not self._stopped:
            self._chunks.append(chunk)
            self._size += len(chunk)

    def pop(self) -> bytes:
        """Return the bytes up to the last blank line that the reader has seen."""
        pending = self._reader.pending
        if self._size <= pending:
            return b""
        held = b"".join(self._chunks)
        at = self._size - pending
        self._chunks = [held[at:]] if pending else []
        self._size = pending
        return held[:at]

    def rest(self, *, drop_unfinished: bool) -> bytes:
        """Return the bytes after the last blank line. `drop_unfinished`: return none: something follows them."""
        held = b"" if drop_unfinished else b"".join(self._chunks)
        self.stop()
        return held

    def stop(self) -> None:
        """Hold nothing any more."""
        self._stopped = True
        self._chunks = []
        self._size = 0
