"""Options and cuts, taken from the end of a fuzzer's input: what stands before them is the stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


class Choices:
    """Read choices from the end of some bytes. When they are used up, each choice is the first one."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def number(self, end: int) -> int:
        """Return a number from 0 to end, without end (at most 256)."""
        if not self._data:
            return 0
        last = self._data[-1]
        self._data = self._data[:-1]
        return last % end

    def flag(self) -> bool:
        return self.number(2) == 1

    def one_of(self, values: Sequence[T]) -> T:
        return values[self.number(len(values))]

    def rest(self) -> bytes:
        """Return the bytes that no choice has taken."""
        data, self._data = self._data, b""
        return data

    def chunks(self) -> list[bytes]:
        """Return the rest in chunks: whole, in chunks of one size, or with sizes that vary. Some may be empty."""
        way, size = self.number(4), self.number(64)
        sizes = [self.number(48) for _ in range(4)] if way == 3 else [size + 1]
        data = self.rest()
        return [data] if way == 0 else cut(data, sizes)


def cut(data: bytes, sizes: Sequence[int]) -> list[bytes]:
    """Return data in chunks of these sizes, again and again."""
    chunks, begin, turn = [], 0, 0
    if not any(sizes):
        return [data]
    while begin < len(data):
        size = sizes[turn % len(sizes)]
        chunks.append(data[begin : begin + size])
        begin, turn = begin + size, turn + 1
    return chunks
