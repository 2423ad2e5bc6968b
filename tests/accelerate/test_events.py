"""httpx2 and httpx-sse, accelerated: the same events for all streams that they read correctly."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

import httpx
import httpx2
import httpx_sse
import pytest

import ssescan

from .sdks import HEADERS, Body, error_snapshot, snapshot
from .test_equal import cut


def of_httpx2(chunks: list[bytes], limit: int | None = 2**20, **headers: str) -> list[Any]:
    response = httpx2.Response(
        200, headers={**HEADERS, **headers}, stream=Body(chunks), request=httpx2.Request("GET", "http://a")
    )
    found: list[Any] = []
    try:
        found.extend(snapshot(event) for event in httpx2.EventSource(response, max_event_size=limit))
    except Exception as error:
        found.append(error_snapshot(error))

    async def main() -> list[Any]:
        response = httpx2.Response(
            200, headers={**HEADERS, **headers}, stream=Body(chunks), request=httpx2.Request("GET", "http://a")
        )
        others = []
        try:
            async for event in httpx2.EventSource(response, max_event_size=limit):
                others.append(snapshot(event))
        except Exception as error:
            others.append(error_snapshot(error))
        return others

    assert asyncio.run(main()) == found
    return found


class Stream(httpx.SyncByteStream, httpx.AsyncByteStream):
    def __init__(self, chunks: list[bytes]) -> None:
        self.chunks = chunks

    def __iter__(self) -> Any:
        return iter(self.chunks)

    async def __aiter__(self) -> Any:
        for chunk in self.chunks:
            yield chunk


def event_of_httpx_sse(event: httpx_sse.ServerSentEvent) -> Any:
    return type(event), event.event, event.data, event.id, event.retry


def of_httpx_sse(chunks: list[bytes], **headers: str) -> list[Any]:
    def source() -> httpx_sse.EventSource:
        return httpx_sse.EventSource(httpx.Response(200, headers={**HEADERS, **headers}, stream=Stream(chunks)))

    found: list[Any] = []
    try:
        found.extend(event_of_httpx_sse(event) for event in source().iter_sse())
    except Exception as error:
        found.append(error_snapshot(error))

    async def main() -> list[Any]:
        others = []
        try:
            async for event in source().aiter_sse():
                others.append(event_of_httpx_sse(event))
        except Exception as error:
            others.append(error_snapshot(error))
        return others

    assert asyncio.run(main()) == found
    return found


READERS: dict[str, Any] = {"httpx2": of_httpx2, "httpx-sse": of_httpx_sse}

# Bodies that both read by the standard, or in a way that acceleration keeps.
BODIES = (
    b"", b"\n\n", b"data: a\n\n", b"data\n\n", b"data:\n\n", b"data:  a\n\n", b"data: a\ndata: b\ndata\n\n", b"data: a",
    b"data: a\n", b"event: e\ndata: a\n\ndata: b\n\n", b"id: 1\ndata: a\n\ndata: b\n\n", b"retry: 50\ndata: a\n\ndata: b\n\n",
    b"retry: 50\n\n", b"event: e\n\n", b"id: 7\n\n", b"id: 7\nretry: 3\n\n", b": comment\n\ndata: a\n\n", b"data: a\r\rdata: b\r\r",
    b"data: a\r\n\r\ndata: b\r\n\r\n", b"data: a\n\r\n\rdata: b\n\n", b"id: a\0b\ndata: a\n\n", b"unknown: x\nunknown\ndata: a\n\n",
    b"data: \xe2\x80\xa8\xc2\x85\x0b\x0c\x1c\n\n", b"data: \xff\xc3\n\n", "data: \u4f60\u597d \U0001f600\n\n".encode(), b"retry: x\ndata: a\n\n",
    b"event:\ndata: a\n\n", b"data: a\n\n\n\ndata: b\n\n\n", b" data: a\n\n", b"Data: a\n\ndata: b\n\n", b"data : a\n\n",
    b"id: 1\ndata: a\n\nid\ndata: b\n\nid: 2\n\ndata: c\n\n",
)  # fmt: skip


@pytest.mark.parametrize("name", READERS)
def test_events_are_the_same_in_any_chunks(name: str) -> None:
    read = READERS[name]
    plain = [read([body]) for body in BODIES]
    with ssescan.accelerate(name):
        for body, expected in zip(BODIES, plain, strict=True):
            for size in (len(body) or 1, 1, 2, 5):
                assert read([body[at : at + size] for at in range(0, len(body), size)]) == expected, (body, size)


@pytest.mark.parametrize("name", READERS)
def test_events_of_recorded_bodies_are_the_same(name: str, bodies: list[tuple[str, str, bytes]]) -> None:
    read, random = READERS[name], Random(7)
    chosen = [(file, body) for _, file, body in bodies if len(body) < 100_000]
    plain = [read([body]) for _, body in chosen]
    with ssescan.accelerate(name) as acceleration:
        before = acceleration.events[name]
        for (file, body), expected in zip(chosen, plain, strict=True):
            assert read(cut(body, random)) == expected, file
        assert acceleration.events[name] > before + 10_000


# Bodies that they misread, as the docs list, and a body that they read as the standard reads the first.
WRONG = (
    ("a mark at the start", ("httpx2", "httpx-sse"), b"\xef\xbb\xbfdata: a\n\n", b"data: a\n\n"),
    ("a retry that is not only digits", ("httpx2", "httpx-sse"), b"retry: -5\ndata: a\n\n", b"data: a\n\n"),
    ("a retry with an underscore", ("httpx2", "httpx-sse"), b"retry: 1_000\ndata: a\n\n", b"data: a\n\n"),
    ("a blank line after an id", ("httpx-sse",), b"id: 1\ndata: a\n\n\n", b"id: 1\ndata: a\n\n"),
    ("a comment after an id", ("httpx-sse",), b"id: 1\ndata: a\n\n: ping\n\n", b"id: 1\ndata: a\n\n"),
)


@pytest.mark.parametrize(("names", "body", "readable"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_misread_streams_are_read_by_the_standard(names: tuple[str, ...], body: bytes, readable: bytes) -> None:
    for name in names:
        read = READERS[name]
        expected = read([readable])
        assert read([body]) != expected, "it reads this now: remove it from the docs"
        with ssescan.accelerate(name):
            assert read([body]) == expected


def test_httpx2_keeps_its_limit() -> None:
    bodies = (
        b"data: " + b"x" * 94 + b"\n\n", b"data: " + b"x" * 95 + b"\n\n", b"data: a\n\ndata: " + b"x" * 200 + b"\n\n",
        b"data: " + b"x" * 40 + b"\ndata: " + b"x" * 49 + b"\n\n", b"data: " + b"x" * 120, "data: \u4f60".encode() * 9 + b"\n\n",
        b"data: a\n\n: " + b"x" * 90 + b"\ndata: b\n\n",
    )  # fmt: skip
    plain = [of_httpx2([body], 100) for body in bodies]
    unlimited = [of_httpx2([body], None) for body in bodies]
    with ssescan.accelerate("httpx2"):
        for body, expected, everything in zip(bodies, plain, unlimited, strict=True):
            for size in (len(body), 1, 30):
                chunks = [body[at : at + size] for at in range(0, len(body), size)]
                assert of_httpx2(chunks, 100) == expected, (body, size)
                assert of_httpx2(chunks, None) == everything


@pytest.mark.parametrize("limit", [0, -1, True, 2.5])
def test_limits_of_httpx2_that_a_scanner_refuses(limit: Any) -> None:
    bodies = (b"", b"\n", b"data: a\n\n", b"data: aaaa\n\n")
    plain = [of_httpx2([body], limit) for body in bodies]
    with ssescan.accelerate("httpx2"):
        assert [of_httpx2([body], limit) for body in bodies] == plain


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("content_type", ["text/html", "", "text/event-stream; charset=latin-1", "text/event-stream-x"])
def test_other_content_types_do_the_same(name: str, content_type: str) -> None:
    read = READERS[name]
    chunks = [b"data: \xe9\n\n", b"data: b\n\n"]
    plain = read(chunks, **{"content-type": content_type})
    with ssescan.accelerate(name):
        assert read(chunks, **{"content-type": content_type}) == plain
