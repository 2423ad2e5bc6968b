"""Encoded bodies: every client decodes them, and each event arrives with its bytes."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import aiohttp
import brotli
import httpx
import httpx2
import pytest
import requests
import urllib3

import ssescan
from ssescan.dropin import httpx_sse

from .cases import ONE, THREE, TWO
from .clients import CLIENTS, AsyncClient, Client, async_clients, run_in, sync_clients
from .encoded import DATA, ENCODED, EVENTS, frames, members, offer
from .server import Do

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .server import Server

AIOHTTP_IS_OLD = tuple(map(int, aiohttp.__version__.split(".")[:2])) < (3, 13)
encoded = pytest.mark.parametrize("name", ENCODED)


@sync_clients
@encoded
def test_encoded_stream(server: Server, client: Client, name: str) -> None:
    with client.opens(offer(server, *ENCODED[name]).url) as response, ssescan.iter_events(response) as stream:
        assert [event.data for event in stream] == DATA
        assert stream.outcome == "ended"


@async_clients
@encoded
def test_encoded_stream_async(server: Server, client: AsyncClient, name: str) -> None:
    if client.name == "aiohttp" and ENCODED[name][0] in ("gzip", "deflate") and "then other bytes" in name:
        pytest.skip("aiohttp raises an error here")
    if client.name == "aiohttp" and ENCODED[name][0] == "deflate" and "bodies" in name:
        pytest.skip("aiohttp reads one body only")
    if client.name == "aiohttp" and "member" in name and AIOHTTP_IS_OLD:
        pytest.skip("aiohttp reads one member only, before 3.13")
    exchange = offer(server, *ENCODED[name])

    async def main() -> None:
        async with client.opens(exchange.url) as response, ssescan.aiter_events(response) as stream:
            assert [event.data async for event in stream] == DATA

    client.run(main)


def test_we_decode_responses_of_urllib(server: Server) -> None:
    with urlopen(offer(server, "gzip", gzip.compress(EVENTS)).url) as response:
        assert [event.data for event in ssescan.iter_events(response)] == DATA


@pytest.mark.skipif(AIOHTTP_IS_OLD, reason="aiohttp does not say whether it decodes, before 3.13")
def test_aiohttp_session_without_decoding(server: Server) -> None:
    exchange = offer(server, "gzip", gzip.compress(EVENTS))

    async def main() -> None:
        async with aiohttp.ClientSession(auto_decompress=False) as session, session.get(exchange.url) as response:
            async with ssescan.aiter_events(response) as stream:
                assert [event.data async for event in stream] == DATA

    run_in("asyncio", main)


def test_urllib3_response_without_decoding(server: Server) -> None:
    exchange = offer(server, "gzip", gzip.compress(EVENTS))
    with urllib3.PoolManager() as pool:
        response = pool.request("GET", exchange.url, preload_content=False, decode_content=False)
        assert [event.data for event in ssescan.iter_events(response)] == DATA


@sync_clients
@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_encoded_events_arrive_with_their_bytes(server: Server, client: Client, coding: str) -> None:
    press: dict[str, Callable[[bytes], bytes]] = {
        "gzip": lambda piece: members(piece)[0],
        "zstd": frames,
        "br": _flushed(brotli.Compressor()),
        "deflate": _flushed(zlib.compressobj()),
    }
    steps = (press[coding](ONE), Do.WAIT, press[coding](TWO), Do.WAIT, press[coding](THREE))
    exchange = server.offers(*steps, headers=(f"Content-Encoding: {coding}",))
    seen = []
    with client.opens(exchange.url) as response, ssescan.iter_events(response) as stream:
        for event in stream:
            seen.append(event.data)
            exchange.go()
    assert seen == DATA


def _flushed(compressor: Any) -> Callable[[bytes], bytes]:
    if hasattr(compressor, "process"):
        return lambda piece: compressor.process(piece) + compressor.flush()
    return lambda piece: compressor.compress(piece) + compressor.flush(zlib.Z_SYNC_FLUSH)


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_patched_iter_bytes_sees_the_chunks(server: Server, library: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bytes] = []
    plain = library.Response.iter_bytes

    def iter_bytes(response: Any, chunk_size: int | None = None) -> Iterator[bytes]:
        for chunk in plain(response, chunk_size):
            seen.append(chunk)
            yield chunk

    monkeypatch.setattr(library.Response, "iter_bytes", iter_bytes)
    for coding, body in (ENCODED["gzip, three members"], ENCODED["zstd"], ENCODED["not a coding"]):
        seen.clear()
        with library.stream("GET", offer(server, coding, body).url) as response:
            assert [event.data for event in ssescan.iter_events(response)] == DATA
            assert response.num_bytes_downloaded == len(body)
            assert "iter_raw" not in vars(response)
        assert b"".join(seen) == EVENTS


@pytest.mark.parametrize("read", [httpx.get, httpx2.get, requests.get, urllib3.PoolManager().request])
def test_response_with_decoded_body(server: Server, read: Any) -> None:
    url = offer(server, "gzip", gzip.compress(EVENTS)).url
    response = read("GET", url) if "urllib3" in read.__module__ else read(url)
    assert [event.data for event in ssescan.iter_events(response)] == DATA


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_nested_stream_is_decoded_once(server: Server, library: Any) -> None:
    pytest.importorskip("msgspec", reason="ssescan.stream needs msgspec, which this environment does not have")
    chunk = {"choices": [{"index": 0, "delta": {"content": "hi"}, "finish_reason": "stop"}]}
    body = gzip.compress(b"data: " + json.dumps(chunk).encode() + b"\n\ndata: [DONE]\n\n")
    with library.stream("GET", offer(server, "gzip", body).url) as response:
        events = ssescan.iter_events(response)
        events.open()
        assert ssescan.stream(events, "openai-chat").collect().text == "hi"


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_httpx_sse_drop_in_decodes_and_refuses(server: Server, library: Any) -> None:
    with library.stream("GET", offer(server, "gzip", ENCODED["gzip, three members"][1]).url) as response:
        assert [sse.data for sse in httpx_sse.EventSource(response).iter_sse()] == DATA
    with library.stream("GET", offer(server, "gzip, gzip", b"").url) as response:
        with pytest.raises(ssescan.UnsupportedEncoding):
            list(httpx_sse.EventSource(response).iter_sse())


class OwnResponse(httpx.Response):
    """A subclass in another module, which also has a DecodingError."""


DecodingError = httpx.DecodingError


def test_subclass_of_response() -> None:
    headers = {"content-type": "text/event-stream", "content-encoding": "gzip"}
    response = OwnResponse(200, headers=headers, content=iter([gzip.compress(EVENTS)]))
    assert [event.data for event in ssescan.iter_events(response)] == DATA


@pytest.mark.parametrize("client", CLIENTS[2:], ids=str)
def test_partly_read_response(server: Server, client: Client) -> None:
    exchange = server.offers(gzip.compress(EVENTS), headers=("Content-Encoding: gzip",))
    with client.opens(exchange.url) as response:
        raw = getattr(response, "raw", response)
        if not hasattr(raw, "read1"):
            pytest.skip("urllib3 cannot continue, before 2.2")
        assert raw.read(len(ONE), decode_content=True) == ONE
        assert [event.data for event in ssescan.iter_events(response)] == DATA[1:]
