"""Encoded bodies: every client decodes them in small steps, or the error says what to do."""

from __future__ import annotations

import asyncio
import gzip
import json
import subprocess
import sys
import zlib
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import aiohttp
import brotli
import httpx
import httpx2
import pytest
import requests
import trio
import urllib3
import zstandard

import ssescan
import ssescan.content_encoding as codings
from ssescan.dropin import httpx_sse

from .cases import ONE, THREE, TWO
from .clients import (
    CLIENTS,
    AsyncClient,
    Client,
    async_clients,
    httpx_leaves_generators,
    pause,
    run_in,
    sync_clients,
)
from .server import Do

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

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


AIOHTTP_IS_OLD = tuple(map(int, aiohttp.__version__.split(".")[:2])) < (3, 13)
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
encoded = pytest.mark.parametrize("name", ENCODED)


def offer(server: Server, coding: str, body: bytes, size: int = 7, **options: Any) -> Any:
    pieces = (body[at : at + size] for at in range(0, len(body), size))
    return server.offers(*pieces, headers=(f"Content-Encoding: {coding}",), **options)


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


@sync_clients
@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_damaged_body_raises_the_clients_error(server: Server, client: Client, coding: str) -> None:
    errors = {"httpx": httpx.DecodingError, "httpx2": httpx2.DecodingError}
    with client.opens(offer(server, coding, b"data: not encoded at all\n\n").url) as response:
        stream = ssescan.iter_events(response)
        with pytest.raises(errors.get(client.name, urllib3.exceptions.DecodeError), match=coding):
            list(stream)
        assert stream.outcome == "failed"


def test_damaged_gzip_member_is_an_error(server: Server) -> None:
    body = gzip.compress(ONE) + gzip.compress(TWO)[:-8] + bytes(8)
    with httpx.stream("GET", offer(server, "gzip", body).url) as response:
        stream = ssescan.iter_events(response)
        assert next(stream).data == "1"
        with pytest.raises(httpx.DecodingError):
            list(stream)


def test_zstd_window_over_the_limit_is_an_error(server: Server) -> None:
    # RFC 9659 allows 8 MiB. The frame asks for 128 MiB, and a decoder would allocate that much.
    parameters = zstandard.ZstdCompressionParameters(window_log=27)
    press = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    body = press.compress(EVENTS) + press.flush()
    with httpx.stream("GET", offer(server, "zstd", body).url) as response:
        with pytest.raises(httpx.DecodingError, match="zstd"):
            list(ssescan.iter_events(response))


REFUSED = ["gzip, gzip", "deflate, gzip", "gzip, br, gzip", "compress", "dcb", "gzip,gzip"]


@sync_clients
@pytest.mark.parametrize("coding", REFUSED)
def test_other_encodings_are_refused(server: Server, client: Client, coding: str) -> None:
    exchange = offer(server, coding, gzip.compress(gzip.compress(EVENTS)))
    with client.opens(exchange.url) as response:
        stream = ssescan.iter_events(response)
        with pytest.raises(ssescan.UnsupportedEncoding, match="Accept-Encoding: identity") as caught:
            stream.open()
        assert caught.value.encoding == coding.replace(",", ", ").replace("  ", " ")
        assert caught.value.response is response
        assert stream.outcome == "failed"


@async_clients
@pytest.mark.parametrize("coding", REFUSED)
def test_other_encodings_are_refused_async(server: Server, client: AsyncClient, coding: str) -> None:
    exchange = offer(server, coding, gzip.compress(gzip.compress(EVENTS)))

    async def main() -> None:
        async with client.opens(exchange.url) as response:
            with pytest.raises(ssescan.UnsupportedEncoding):
                await ssescan.aiter_events(response).open()

    client.run(main)


UNKNOWN = {
    "lz4": b"\x04\x22\x4d\x18" + EVENTS,
    "snappy": b"\xff\x06\x00\x00sNaPpY" + EVENTS,
    "br2": brotli.compress(EVENTS),
    "x-lzma": b"]\x00\x00\x80\x00" + EVENTS,
    "utf-8, none": gzip.compress(EVENTS),
    "latin-1": b": cr\xe8me\n" + EVENTS,
}
unknown = pytest.mark.parametrize("coding", UNKNOWN)


@sync_clients
@unknown
def test_unknown_encoding_is_refused_by_its_bytes(server: Server, client: Client, coding: str) -> None:
    with client.opens(offer(server, coding, UNKNOWN[coding]).url) as response:
        stream = ssescan.iter_events(response)
        with pytest.raises(ssescan.UnsupportedEncoding, match="gzip, deflate, br or zstd was expected") as caught:
            list(stream)
        assert (caught.value.encoding, caught.value.response) == (coding, response)
        assert stream.outcome == "failed"


@async_clients
@httpx_leaves_generators
@unknown
def test_unknown_encoding_is_refused_by_its_bytes_async(server: Server, client: AsyncClient, coding: str) -> None:
    exchange = offer(server, coding, UNKNOWN[coding])

    async def main() -> None:
        async with client.opens(exchange.url) as response:
            stream = ssescan.aiter_events(response)
            with pytest.raises(ssescan.UnsupportedEncoding):
                [event async for event in stream]
            assert stream.outcome == "failed"

    client.run(main)


@pytest.mark.parametrize("read", [httpx.get, httpx2.get, requests.get, urllib3.PoolManager().request])
@pytest.mark.parametrize("coding", ["brotli", "br2"])
def test_body_that_its_client_read_undecoded(server: Server, read: Any, coding: str) -> None:
    url = offer(server, coding, brotli.compress(EVENTS)).url
    response = read("GET", url) if "urllib3" in read.__module__ else read(url)
    with pytest.raises(ssescan.UnsupportedEncoding):
        list(ssescan.iter_events(response))


@pytest.mark.parametrize("status", [403, 200])
@pytest.mark.parametrize(("coding", "shown"), [("compress", False), ("lz4", False), ("none", True), ("gzip", True)])
def test_refused_body_that_is_not_decoded_is_not_shown(server: Server, status: int, coding: str, shown: bool) -> None:
    page = b"<p>No.</p>"
    body = {"none": page, "gzip": gzip.compress(page)}.get(coding, b"\x1f\x9d\x90<" + page)
    exchange = server.offers(body, headers=(f"Content-Encoding: {coding}",), status=status, content_type="text/html")
    with httpx.stream("GET", exchange.url) as response:
        with pytest.raises((ssescan.UnexpectedStatus, ssescan.UnexpectedContentType)) as caught:
            ssescan.iter_events(response).open()
    error: Any = caught.value
    assert error.body == (page if shown else body)
    assert ("No." in str(caught.value)) is shown
    assert (f"Content-Encoding {coding}" in str(caught.value)) is not shown


@sync_clients
def test_two_headers_are_two_encodings(server: Server, client: Client) -> None:
    exchange = server.offers(ONE, headers=("Content-Encoding: gzip", "content-encoding: gzip"))
    with client.opens(exchange.url) as response, pytest.raises(ssescan.UnsupportedEncoding):
        ssescan.iter_events(response).open()


@sync_clients
def test_refused_body_stays_encoded(server: Server, client: Client) -> None:
    body = gzip.compress(gzip.compress(b"no"))
    with client.opens(offer(server, "gzip, gzip", body, status=503).url) as response:
        with pytest.raises(ssescan.UnexpectedStatus) as caught:
            ssescan.iter_events(response).open()
        assert caught.value.body == body


WITHOUT = """
import json, sys
for name in ("brotli", "brotlicffi", "zstandard", "backports", "backports.zstd", "compression.zstd"):
    sys.modules[name] = None
import httpx, httpx2, requests, urllib3, ssescan
url = sys.argv[1]
responses = [
    httpx.Client().send(httpx.Request("GET", url), stream=True),
    httpx2.Client().send(httpx2.Request("GET", url), stream=True),
    requests.get(url, stream=True),
    urllib3.request("GET", url, preload_content=False),
]
for response in responses:
    try:
        print(list(ssescan.iter_events(response)))
    except ssescan.UnsupportedEncoding as error:
        print(error)
"""


@pytest.mark.parametrize(("coding", "package_name"), [("br", "brotli"), ("zstd", "backports.zstd")])
def test_error_names_the_missing_package(server: Server, coding: str, package_name: str) -> None:
    url = offer(server, coding, ENCODED[coding][1]).url
    ended = subprocess.run([sys.executable, "-c", WITHOUT, url], capture_output=True, text=True, check=True, timeout=60)
    lines = ended.stdout.splitlines()
    assert len(lines) == len(CLIENTS)
    assert all(repr(coding) in line and package_name in line and "install" in line for line in lines), lines


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


class Wrapper:
    """A wrapper of a response, like those of instrumentation tools."""

    def __init__(self, response: Any) -> None:
        self.response = response
        self.largest = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.response, name)

    def iter_bytes(self) -> Iterator[bytes]:
        for chunk in self.response.iter_bytes():
            self.largest = max(self.largest, len(chunk))
            yield chunk


class OwnResponse(httpx.Response):
    """A subclass in another module, which also has a DecodingError."""


DecodingError = httpx.DecodingError


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_wrapped_response_decodes_in_small_steps(server: Server, library: Any) -> None:
    bomb = gzip.compress(b": " + b"a" * 2**22 + b"\n" + EVENTS)
    with library.stream("GET", offer(server, "gzip", bomb, size=65536).url) as response:
        wrapper = Wrapper(response)
        assert [event.data for event in ssescan.iter_events(wrapper)] == DATA
        assert 0 < wrapper.largest <= codings.STEP


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


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
@pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
def test_bomb_does_not_block_the_event_loop(loop: str, coding: str) -> None:
    # One chunk decodes to 64 MiB of comments. Other tasks must still run, and time limits must hold.
    plain = (b": " + b"a" * 4093 + b"\n") * 2**14
    press: Any = {
        "gzip": gzip.compress,
        "br": lambda body: brotli.compress(body, quality=3),
        "zstd": zstandard.compress,
    }
    turns = 0

    async def other_task(done: list[bool]) -> None:
        nonlocal turns
        while not done:
            turns += 1
            await pause(loop)

    async def chunks() -> AsyncIterator[bytes]:
        yield press[coding](plain)

    async def main() -> None:
        done: list[bool] = []
        headers = {"content-type": "text/event-stream", "content-encoding": coding}
        response = httpx.Response(200, headers=headers, content=chunks())

        async def read() -> None:
            async with ssescan.aiter_events(response) as stream:
                assert [event async for event in stream] == []
            done.append(True)

        if loop == "trio":
            async with trio.open_nursery() as nursery:
                nursery.start_soon(read)
                nursery.start_soon(other_task, done)
        else:
            await asyncio.gather(read(), other_task(done))

    run_in(loop, main)
    assert turns > 4  # brotli before 1.2 has no limit, and returns 16 MiB at once


PACKAGES = [
    ("br", "brotli"),
    ("br", "brotlicffi"),
    ("zstd", "compression.zstd"),
    ("zstd", "backports.zstd"),
    ("zstd", "zstandard"),
]


@pytest.mark.parametrize(("coding", "name"), PACKAGES)
@pytest.mark.parametrize("size", [1, 5, 1000])
@pytest.mark.parametrize("limited", [True, False])
def test_each_package_decodes(
    coding: str, name: str, size: int, limited: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(name, reason="not installed; one of the packages is enough")
    monkeypatch.setitem(codings.PACKAGES, coding, (name,))
    decoder = codings.BodyDecoder([coding], OSError)
    if coding == "br" and not limited:  # as before version 1.2
        monkeypatch.setattr(type(decoder._decoder), "_is_limited", False, raising=False)  # noqa: SLF001
    body = ENCODED[coding][1]
    chunks = (body[at : at + size] for at in range(0, len(body), size))
    assert b"".join(piece for chunk in chunks for piece in decoder.decode(chunk)) == EVENTS
    decoder.flush()


def test_decoding_steps_are_small() -> None:
    for coding in ("gzip", "deflate", "br", "zstd"):
        press: Any = {
            "gzip": gzip.compress,
            "deflate": zlib.compress,
            "br": brotli.compress,
            "zstd": zstandard.compress,
        }
        decoder = codings.BodyDecoder([coding], OSError)
        steps = list(decoder.decode(press[coding](bytes(2**22))))
        assert sum(map(len, steps)) == 2**22
        limited = coding not in codings.SLICE or getattr(decoder._decoder, "_is_limited", True)  # noqa: SLF001
        assert max(map(len, steps)) <= (2 * codings.STEP if limited else 2**24)
