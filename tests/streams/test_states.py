"""Every transition in the table of ssescan.outcome."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from ssescan.outcome import STREAM_INPUTS, STREAM_STATES

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENT = b"data: a\n\n"
# The input, the chunks that lead to it, and the state after it.
ENDS: list[tuple[str, list[Any], str]] = [
    ("end of the source", [EVENT], "ended"),
    ("end of the source", [EVENT, b"data"], "cut"),
    ("error", [EVENT, OSError()], "failed"),
    ("interruption", [EVENT, KeyboardInterrupt()], "closed"),
    ("close()", [EVENT, EVENT], "closed"),
]


def source(chunks: list[Any]) -> Iterator[bytes]:
    for chunk in chunks:
        if isinstance(chunk, BaseException):
            raise chunk
        yield chunk


def state(stream: Any) -> str:
    return str(stream.outcome or ("open" if stream.reads else "new"))


def step(stream: Any, name: str) -> None:
    with suppress(BaseException):
        stream.close() if name == "close()" else next(stream)


@pytest.mark.parametrize(("name", "chunks", "end"), ENDS)
def test_states(package: Any, name: str, chunks: list[Any], end: str) -> None:
    column = STREAM_INPUTS.index(name)
    stream = package.iter_events(source(chunks))
    assert state(stream) == "new"
    step(stream, "read")
    assert state(stream) == STREAM_STATES["new"][0] == "open"
    step(stream, name)
    assert state(stream) == end
    assert end in str(STREAM_STATES["open"][column]).split(" or ")
    for final in ("read", "close()"):
        step(stream, final)
        assert state(stream) == end == STREAM_STATES[end][0] == STREAM_STATES[end][-1]
    if STREAM_STATES["new"][column] is not None:
        stream = package.iter_events(source(chunks[1:]))
        step(stream, name)
        assert state(stream) == STREAM_STATES["new"][column]


@pytest.mark.parametrize(("name", "chunks", "end"), ENDS)
def test_closed_during_a_read(package: Any, name: str, chunks: list[Any], end: str) -> None:
    def closing() -> Iterator[bytes]:
        yield chunks[0]
        stream.close()
        yield from source(chunks[1:])

    stream = package.iter_events(closing())
    step(stream, "read")
    step(stream, name if name == "close()" else "read")
    assert state(stream) == "closed" == STREAM_STATES["closed"][STREAM_INPUTS.index(name)]
