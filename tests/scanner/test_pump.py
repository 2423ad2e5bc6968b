"""EventPump, which reads chunk by chunk: overrides, and calls that come while it is at work."""

from __future__ import annotations

from typing import Any

import pytest

READS = {
    "next": lambda pump: next(pump),
    "push": lambda pump: pump._push(bytearray(b"data: x\n\n")),
}
NO_BYTES = [
    None, "data: x\n\n", 7, [1], object(), bytearray(b"data: x\n\n"), type("Bytes", (bytes,), {})(b"data: x\n\n"),
]  # fmt: skip


def kind(value: object) -> str:
    return type(value).__name__


@pytest.mark.parametrize("read", READS.values(), ids=READS)
@pytest.mark.parametrize("made", NO_BYTES, ids=kind)
def test_bytes_of_must_return_bytes(scanners: Any, read: Any, made: Any) -> None:
    class Pump(scanners.EventPump):  # type: ignore[misc]  # a base class known only now
        def _open(self) -> Any:
            return iter([bytearray(b"data: x\n\n")])

        def _bytes_of(self, chunk: Any) -> Any:
            return made

    pump = Pump(scanners.Scanner())
    with pytest.raises(TypeError) as caught:
        read(pump)
    assert str(caught.value) == f"_bytes_of must return bytes, not {kind(made)}"
    assert (pump.reads, pump.bytes_read) == (1, 0)


@pytest.mark.parametrize("source", [None, [b"data: x\n\n"], b"data: x\n\n"], ids=kind)
def test_open_must_return_an_iterator(scanners: Any, source: Any) -> None:
    class Pump(scanners.EventPump):  # type: ignore[misc]
        def _open(self) -> Any:
            return source

    with pytest.raises(TypeError) as caught:
        next(Pump(scanners.Scanner()))
    assert str(caught.value) == f"_open must return an iterator of chunks, not {kind(source)}"
