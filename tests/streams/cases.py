"""The streams that the tests send: one with everything in it, the ways to cut it, and small events."""

from __future__ import annotations

import io
import os
import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from .server import Framing


class Boom(Exception):
    """An error of the caller."""


ONE, TWO, THREE = (f"data: {number}\n\n".encode() for number in (1, 2, 3))

STREAM = (
    b"\xef\xbb\xbf: hello\r\nevent: first\r\nid: 1\r\ndata: \xe2\x82\xac 5\r\n\r\n"
    b"retry: 1500\r\rdata: two\rdata: lines\r\r"
    b'id: 3\ndata: {"t": "\xf0\x9f\xab\x96"}\n\n: ping\n\ndata\n\n' + b"data: " + b"long " * 20_000 + b"\r\n\r\n"
)


def events(package: Any) -> list[Any]:
    """Return the events of STREAM."""
    event = package.ServerSentEvent
    return [
        event("first", "\u20ac 5", "1"),
        event("message", "two\nlines", "1"),
        event("message", '{"t": "\U0001fad6"}', "3"),
        event("message", "", "3"),
        event("message", "long " * 20_000, "3"),
    ]


HEAD = STREAM[:200]  # the part that is cut into bytes; the rest is one long event
REST = STREAM[200:]
CUTS = {
    "in one piece": [STREAM],
    "within lines": [STREAM[start : start + 1000] for start in range(0, len(STREAM), 1000)],
    "between CR and LF": re.findall(rb"[^\r]*\r|[^\r]+\Z", STREAM),
    "within characters": re.split(rb"(?<=[\xc0-\xff])", STREAM),
    "one byte at a time": [*(HEAD[at : at + 1] for at in range(len(HEAD))), REST],
}
FRAMES: dict[str, tuple[Framing, bool]] = {
    "chunked": ("chunked", False),
    "chunked and gzipped": ("chunked", True),
    "to the close": ("close", False),
    "to the close, gzipped": ("close", True),
    "of known length": ("length", False),
}

every_cut = pytest.mark.parametrize("pieces", CUTS.values(), ids=CUTS)
every_framing = pytest.mark.parametrize(("framing", "gzip"), FRAMES.values(), ids=FRAMES)


def numbered(package: Any, number: int) -> Any:
    """Return the event of ONE, TWO or THREE."""
    return package.ServerSentEvent(data=str(number))


async def async_chunks(chunks: list[Any]) -> AsyncIterator[Any]:
    for chunk in chunks:
        yield chunk


def bytes_io(path: Path) -> Any:
    return io.BytesIO(path.read_bytes())


def buffered(path: Path) -> Any:
    return path.open("rb")


def raw(path: Path) -> Any:
    return path.open("rb", buffering=0)


def pipe(path: Path) -> Any:
    reading, writing = os.pipe()
    os.write(writing, path.read_bytes())
    os.close(writing)
    return os.fdopen(reading, "rb")


every_file = pytest.mark.parametrize("opened", [bytes_io, buffered, raw, pipe])
