"""Encoded bodies of three events, and a server that sends them in small pieces."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING, Any

import brotli
import zstandard

from .cases import ONE, THREE, TWO

if TYPE_CHECKING:
    from .server import Server

EVENTS = ONE + TWO + THREE
DATA = ["1", "2", "3"]


def members(*pieces: bytes) -> list[bytes]:
    return [gzip.compress(piece) for piece in pieces]


def deflated(wbits: int, body: bytes = EVENTS) -> bytes:
    press = zlib.compressobj(wbits=wbits)
    return press.compress(body) + press.flush()


def frames(*pieces: bytes) -> bytes:
    return b"".join(map(zstandard.compress, pieces))


ENCODED = {
    "gzip": ("gzip", gzip.compress(EVENTS)),
    "gzip, three members": ("gzip", b"".join(members(ONE, TWO, THREE))),
    "gzip, a member within an event": ("gzip", b"".join(members(ONE + TWO[:4], TWO[4:], b"", THREE))),
    "gzip, then other bytes": ("gzip", gzip.compress(EVENTS) + b"\0\0\0\0"),
    "gzip, then half of a magic number": ("gzip", gzip.compress(EVENTS) + b"\x1f"),
    "x-gzip": ("x-gzip", gzip.compress(EVENTS)),
    "GZIP and identity": ("identity, GZIP", gzip.compress(EVENTS)),
    "deflate": ("deflate", deflated(15)),
    "deflate without its header": ("deflate", deflated(-15)),
    "br": ("br", brotli.compress(EVENTS)),
    "zstd": ("zstd", frames(EVENTS)),
    "zstd, three frames": ("zstd", frames(ONE, TWO, THREE)),
    "not a coding": ("utf-8", EVENTS),
    "deflate, three bodies": ("deflate", b"".join(map(zlib.compress, (ONE, TWO, THREE)))),
    "deflate without its header, two bodies": ("deflate", deflated(-15, ONE + TWO) + deflated(-15, THREE)),
    "deflate, then other bytes": ("deflate", deflated(15) + b"\0\0\0\0"),
    "deflate, then other bytes that are not deflate": ("deflate", deflated(15) + bytes(8)),
    "deflate without its header, then other bytes": ("deflate", deflated(-15) + b"\0\0\0\0"),
    "another name of br": ("brotli", brotli.compress(EVENTS)),
    "x-br": ("X-BR", brotli.compress(EVENTS)),
    "another name of deflate": ("zlib", deflated(15)),
    "x-deflate": ("x-deflate", deflated(15)),
    "with a parameter": ("gzip;q=1.0", gzip.compress(EVENTS)),
    "with quotes": ('"gzip"', gzip.compress(EVENTS)),
    "two words, one a coding": ("utf-8, gzip", gzip.compress(EVENTS)),
    "none": ("none", EVENTS),
    "aws-chunked": ("aws-chunked", EVENTS),
    "not a coding, and a character in two chunks": ("none", b": 12345\xc3\xa9\n" + EVENTS),
    "not a coding, with a byte order mark": ("none", b"\xef\xbb\xbf" + EVENTS),
}


def offer(server: Server, coding: str, body: bytes, size: int = 7, **options: Any) -> Any:
    pieces = (body[at : at + size] for at in range(0, len(body), size))
    return server.offers(*pieces, headers=(f"Content-Encoding: {coding}",), **options)
