"""Bodies that unfold to a thousand times their size, or a million times: memory stays within the limit and a bit.

Each way to read is a process of its own, which tells by how much it has grown: see reader.py.
"""

from __future__ import annotations

import gzip
import zlib
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from ssescan.content_encoding import why_unsupported

from .reader import WAYS
from .results import read

if TYPE_CHECKING:
    from streams.server import Server

MIB = 2**20
ALLOWED = 64 * MIB  # over the limit
LIMIT = 100_000  # bytes, of one event
SIZE = 192 * MIB  # of what unfolds; one read of httpx, 64 KiB of gzip, is a third of it
DROP_IN_LIMIT = 64 * MIB  # they have no option for it


@cache
def bomb(coding: str, line: bytes) -> bytes:
    """The same line again and again, encoded; "gzip, gzip": twice."""
    block = line * (MIB // len(line))
    if coding == "br":
        import brotli

        press: Any = brotli.Compressor(quality=5)
        return b"".join([*(press.process(block) for _ in range(SIZE // MIB)), press.finish()])
    if coding == "zstd":
        import zstandard

        press = zstandard.ZstdCompressor(level=3).compressobj()
    else:
        press = zlib.compressobj(9, wbits=zlib.MAX_WBITS if coding == "deflate" else 31)
    once = b"".join([*(press.compress(block) for _ in range(SIZE // MIB)), press.flush()])
    return gzip.compress(once) if coding == "gzip, gzip" else once


ENDLESS_LINE = b"a" * 4096
COMMENTS = b": " + b"a" * 4093 + b"\n"
CODINGS = [
    "gzip",
    "gzip, gzip",
    "deflate",
    pytest.param("br", marks=pytest.mark.skipif(bool(why_unsupported(["br"])), reason="no package for br")),
    pytest.param("zstd", marks=pytest.mark.skipif(bool(why_unsupported(["zstd"])), reason="no package for zstd")),
]


def offer(server: Server, coding: str, line: bytes, status: int) -> str:
    headers = (f"Content-Encoding: {coding}",)
    return server.offers(bomb(coding, line), status=status, headers=headers, framing="length").url


@pytest.mark.parametrize("way", [way for way in WAYS if not way.endswith(", httpx2")])
@pytest.mark.parametrize("coding", CODINGS)
def test_a_bomb_stays_small(server: Server, way: str, coding: str) -> None:
    assert len(bomb(coding, ENDLESS_LINE)) < SIZE / 1000 or coding == "deflate"
    limit = DROP_IN_LIMIT if "sse" in way else LIMIT
    urls = [
        offer(server, coding, ENDLESS_LINE, 200),
        offer(server, coding, COMMENTS, 200),
        offer(server, coding, ENDLESS_LINE, 500),
    ]
    line, comments, refused = read(way, LIMIT, 0, *urls)
    stacked = "," in coding
    assert line["error"] == ("UnsupportedEncoding" if stacked else "EventTooLarge"), line
    answer = "StreamCut" if way in ("stream", "astream") else None  # comments are no answer
    assert comments["error"] == ("UnsupportedEncoding" if stacked else answer), comments
    if "sse" not in way and way != "urllib.request":
        assert refused["error"] == "UnexpectedStatus", refused
        assert refused["body"] == (len(bomb(coding, ENDLESS_LINE)[:65536]) if stacked else 65536), refused
    assert max(told["grown"] for told in (line, comments, refused)) < limit + ALLOWED, (line, comments, refused)
