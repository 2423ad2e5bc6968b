"""The drop-ins beside the originals, on streams that the originals read as the standard says."""

from __future__ import annotations

from typing import Any

import httpx
import httpx_sse
import sseclient

from ssescan.dropin import httpx_sse as our_httpx_sse
from ssescan.dropin import sseclient as our_sseclient

from ..choices import Choices, cut

NAMES = (b"data", b"event", b"retry", b"id", b"foo", b"")


def check(data: bytes) -> int:
    """Build a stream of whole blocks, and read it with each drop-in and its original."""
    chosen = Choices(data)
    size, with_ids, line_end = chosen.number(16) + 1, chosen.flag(), chosen.one_of((b"\n", b"\r\n"))
    body = _stream(chosen, with_ids=with_ids, line_end=line_end)
    chunks = [piece for piece in cut(body, [size]) if not piece.endswith(b"\r")] if b"\r" not in body else [body]
    ours = _httpx_events(our_httpx_sse, chunks)
    assert ours == _httpx_events(httpx_sse, chunks), chunks
    if not with_ids:
        assert _client_events(our_sseclient, chunks) == _client_events(sseclient, chunks), chunks
    return 4


def _stream(chosen: Choices, *, with_ids: bool, line_end: bytes) -> bytes:
    """Return blocks with data; text without line ends, NUL, and what is not UTF-8, which the originals read otherwise."""
    blocks = []
    while rest := chosen.rest():
        lines = []
        for line in rest[:400].split(b"\n"):
            text = line.decode("utf-8", "ignore").translate(dict.fromkeys(map(ord, "\0\r\ufeff"))).encode()
            name = NAMES[line[0] % len(NAMES)] if line else b"data"
            if name == b"retry":
                text = b"%d" % len(text)
            if name == b"id" and not with_ids:
                name = b"foo"
            lines.append(name + b": " + text)
        blocks.append(line_end.join([*lines, b"data: x"]) + line_end * 2)
    return b"".join(blocks)


def _httpx_events(library: Any, chunks: list[bytes]) -> list[Any]:
    response = httpx.Response(200, headers={"content-type": "text/event-stream"}, content=iter(chunks))
    events = library.EventSource(response).iter_sse()
    return [(event.event, event.data, event.id, event.retry) for event in events]


def _client_events(library: Any, chunks: list[bytes]) -> list[Any]:
    return [(event.id, event.event, event.data, event.retry) for event in library.SSEClient(iter(chunks)).events()]


def seeds() -> list[bytes]:
    """Return texts to make lines of."""
    return [b"data", "é\n\u2028x\n".encode(), b"event a\nretry\nid 7\n" + bytes([5, 1, 0]), bytes(range(256))]
