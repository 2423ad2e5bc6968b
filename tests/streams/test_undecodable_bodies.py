"""Encoded bodies that are damaged, or that nothing here decodes: the error says what to do."""

from __future__ import annotations

import gzip
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import brotli
import httpx
import httpx2
import pytest
import requests
import urllib3
import zstandard

import ssescan

from .cases import ONE, TWO
from .clients import CLIENTS, AsyncClient, Client, async_clients, httpx_leaves_generators, sync_clients
from .encoded import ENCODED, EVENTS, offer

if TYPE_CHECKING:
    from .server import Server


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
