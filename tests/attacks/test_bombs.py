"""Compression bombs of a thousand or a million times their size: memory stays near the limit.

Each reader runs in a separate process that measures its memory: see reader.py.
"""

from __future__ import annotations

import gzip
import zlib
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from ssescan.content_encoding import why_unsupported

from .reader import DIGEST_READERS, READERS
from .results import read

if TYPE_CHECKING:
    from streams.server import Server

MIB = 2**20
ALLOWED = 64 * MIB  # over the limit
LIMIT = 100_000  # bytes, of one event
SIZE = 128 * MIB  # of a decoded body; one read of httpx, 64 KiB of gzip, decodes to half of it
DROP_IN_LIMIT = 96 * MIB  # of the drop-ins, which have no option for it


@cache
def bomb(coding: str, line: bytes) -> bytes:
    """Return an encoded body of one line, repeated. "gzip, gzip" is encoded twice."""
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
    coding for coding in ("gzip", "gzip, gzip", "deflate", "br", "zstd") if not why_unsupported(coding.split(", ")[:1])
]


# The errors for a stream of comments only.
WITHOUT_EVENT = dict.fromkeys(("stream", "astream"), "StreamCut") | dict.fromkeys(
    ("EventSource", "AsyncEventSource"), "ReconnectsExhausted"
)


def offer(server: Server, coding: str, line: bytes, status: int) -> str:
    headers = (f"Content-Encoding: {coding}",)
    return server.offers(bomb(coding, line), status=status, headers=headers, framing="length").url


@pytest.mark.parametrize("reader", [reader for reader in READERS if not reader.endswith(", httpx2")])
def test_bombs_stay_small(server: Server, reader: str) -> None:
    is_drop_in = "sse" in reader
    checks_status = not is_drop_in
    allowed = (DROP_IN_LIMIT if is_drop_in else LIMIT) + ALLOWED
    kinds = ((ENDLESS_LINE, 200), (COMMENTS, 200), (ENDLESS_LINE, 500))
    urls = [offer(server, coding, line, status) for coding in CODINGS for line, status in kinds]
    results = iter(read(reader, LIMIT, 0, *urls))
    for coding in CODINGS:
        endless, comments, refused = next(results), next(results), next(results)
        is_stacked = "," in coding
        assert endless["error"] == ("UnsupportedEncoding" if is_stacked else "EventTooLarge"), (coding, endless)
        without_event = "UnsupportedEncoding" if is_stacked else WITHOUT_EVENT.get(reader)
        assert comments["error"] == without_event, (coding, comments)
        if checks_status and reader != "urllib.request":  # urllib raises its own error
            assert refused["error"] == "UnexpectedStatus", (coding, refused)
            encoded = bomb(coding, ENDLESS_LINE)
            assert refused["body"] == min(65536, len(encoded) if is_stacked else SIZE), (coding, refused)
        three = (endless, comments, refused)
        assert max(result["grown"] for result in three) < allowed, (coding, *three)


@pytest.mark.parametrize("reader", DIGEST_READERS)
def test_bombs_between_two_requests_of_an_auth(server: Server, reader: str) -> None:
    challenge = 'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth", algorithm=MD5'
    urls = [
        server.offers(
            bomb(coding, ENDLESS_LINE), status=401, headers=(f"Content-Encoding: {coding}", challenge), framing="length"
        ).url
        for coding in ("gzip", "gzip, gzip")
    ]
    for result in read(reader, LIMIT, 0, *urls):
        assert result["error"] == "UnexpectedStatus"
        assert result["grown"] < LIMIT + ALLOWED, result


@pytest.mark.parametrize("coding", CODINGS)
def test_bomb_ratio(coding: str) -> None:
    # The best ratio of deflate and gzip is 1:1032.
    assert len(bomb(coding, ENDLESS_LINE)) < SIZE / 1000
