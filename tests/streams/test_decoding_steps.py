"""Encoded bodies are decoded in small steps, with each of the packages for br and zstd."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from typing import TYPE_CHECKING, Any

import brotli
import httpx
import httpx2
import pytest
import trio
import zstandard

import ssescan
import ssescan.content_encoding as codings

from .clients import pause, run_in
from .encoded import DATA, ENCODED, EVENTS, offer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from .server import Server


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


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_wrapped_response_decodes_in_small_steps(server: Server, library: Any) -> None:
    bomb = gzip.compress(b": " + b"a" * 2**22 + b"\n" + EVENTS)
    with library.stream("GET", offer(server, "gzip", bomb, size=65536).url) as response:
        wrapper = Wrapper(response)
        assert [event.data for event in ssescan.iter_events(wrapper)] == DATA
        assert 0 < wrapper.largest <= codings.STEP


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


@pytest.mark.parametrize(("coding", "press"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_no_decodable_byte_is_held_back(coding: str, press: Callable[[bytes], bytes]) -> None:
    for size in range(codings.STEP, codings.STEP + 300, 25):  # zlib itself keeps up to 258 bytes at the end of a step
        body = press(b"a" * size)
        for end in range(1, len(body)):
            decoder = codings.BodyDecoder([coding], OSError)
            pieces = b"".join(decoder.decode(body[:end]))
            assert len(pieces) == len(zlib.decompressobj(32 + zlib.MAX_WBITS).decompress(body[:end]))


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
