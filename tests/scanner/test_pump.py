"""EventPump, which reads chunk by chunk: overrides, and calls that come while it is at work."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from ssescan import EventTooLarge

READS = {
    "next": next,
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


ENDS: list[tuple[str, list[bytes], int, bool]] = [  # name, chunks, how many events are read before it is stopped, cut
    ("ended_then_stopped", [b"data: a\n\n"], 2, False),
    ("cut_then_stopped", [b"data: a\n\ndata: b"], 2, True),
    ("stopped_early", [b"data: a\n\n", b"data: b\n\n"], 1, True),
    ("too_large", [b"data: a\n\n", b"data: " + b"x" * 20, b"\n\n"], 2, True),
]


@pytest.mark.parametrize(("chunks", "reads", "cut"), [row[1:] for row in ENDS], ids=[row[0] for row in ENDS])
def test_cut_of_a_scanner_under_a_pump(scanners: Any, chunks: list[bytes], reads: int, cut: bool) -> None:
    class Pump(scanners.EventPump):  # type: ignore[misc]
        def _open(self) -> Any:
            return iter(chunks)

    scanner = scanners.Scanner(max_event_size=10)
    pump = Pump(scanner)
    for _ in range(reads):
        with suppress(EventTooLarge):
            next(pump, None)
    for _ in range(2):
        pump._stop()
        assert scanner.cut is cut
    assert scanner.close() == []
    assert scanner.cut is cut
