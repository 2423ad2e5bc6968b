"""Responses of niquests, sync and async.

Installing niquests replaces urllib3 with a fork of it. So the other tests do not install it: `.ci/run` runs this file
in a separate environment.
"""

from __future__ import annotations

import asyncio
import gzip
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from .server import Do

if TYPE_CHECKING:
    from .server import Server

niquests: Any = pytest.importorskip(
    "niquests", reason="niquests replaces urllib3, so its tests run in a separate environment"
)

BODY = (b"id: 1\ndata: a\n\nda", Do.WAIT, b"ta: b\r\n\r", Do.WAIT, b"\ndata: \xe6\xbc", Do.WAIT, b"\xa2\n\n")
EVENTS = ["a", "b", "漢"]


def test_events_arrive_while_the_connection_is_open(package: Any, server: Server) -> None:
    exchange = server.offers(*BODY)
    with niquests.Session() as session:
        response = session.get(exchange.url, stream=True)
        seen = []
        with package.iter_events(response, timing=True) as stream:
            for event in stream:
                seen.append(event.data)
                exchange.go(2 if event.data == "b" else 1)
        assert seen == EVENTS
        assert (stream.outcome, stream.response, stream.last_event_id) == ("ended", response, "1")


def test_dropped_connection_is_an_error(package: Any, server: Server) -> None:
    exchange = server.offers(b"data: a\n\ndata: b", Do.DROP)
    with niquests.Session() as session:
        stream = package.iter_events(session.get(exchange.url, stream=True))
        assert next(stream).data == "a"
        with pytest.raises(Exception, match=r"incomplete|closed|broken"):
            next(stream)
        assert stream.outcome == "failed"


def test_refusal_has_the_body(package: Any, server: Server) -> None:
    exchange = server.offers(b"no", status=401, content_type="application/json")
    with niquests.Session() as session:
        stream = package.iter_events(session.get(exchange.url, stream=True))
        with pytest.raises(package.UnexpectedStatus) as caught, stream:
            pass
        assert (caught.value.status, caught.value.body) == (401, b"no")


def test_refusal_does_not_wait_for_the_body(package: Any, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ssescan.streams.REFUSED_BODY_TIMEOUT", 0.05)
    exchange = server.offers(b"no", Do.HOLD, status=500)
    with niquests.Session() as session:
        with pytest.raises(package.UnexpectedStatus) as caught:
            package.iter_events(session.get(exchange.url, stream=True)).open()
        assert caught.value.body == b"no"
        assert exchange.is_hung_up()


@pytest.mark.parametrize("status", [200, 500])
def test_close_in_another_thread_ends_a_read(package: Any, server: Server, status: int) -> None:
    exchange = server.offers(b"data: a\n\n", Do.HOLD, status=status)
    with niquests.Session() as session:
        stream = package.iter_events(session.get(exchange.url, stream=True))
        if status == 200:
            assert next(stream).data == "a"

        def read() -> None:
            with suppress(package.UnexpectedStatus):
                next(stream, None)

        reader = threading.Thread(target=read)
        reader.start()
        while reader.is_alive():  # the read may not have started yet
            stream.close()
            reader.join(0.01)
        assert exchange.is_hung_up()


@pytest.mark.parametrize("coding", ["gzip", "gzip, gzip"])
def test_encodings(package: Any, server: Server, coding: str) -> None:
    body = gzip.compress(b"data: a\n\n") + gzip.compress(b"data: b\n\n")
    exchange = server.offers(body, headers=(f"Content-Encoding: {coding}",))

    async def aread() -> list[str]:
        async with niquests.AsyncSession() as session:
            async with package.aiter_events(await session.get(exchange.url, stream=True)) as stream:
                return [event.data async for event in stream]

    def read() -> list[str]:
        with niquests.Session() as session:
            return [event.data for event in package.iter_events(session.get(exchange.url, stream=True))]

    for function in (read, lambda: asyncio.run(aread())):
        if coding == "gzip":
            assert function() == ["a", "b"]
        else:
            with pytest.raises(package.UnsupportedEncoding):
                function()


def test_async_response(package: Any, server: Server) -> None:
    exchange = server.offers(*BODY)

    async def read() -> None:
        async with niquests.AsyncSession() as session:
            response = await session.get(exchange.url, stream=True)
            with pytest.raises(TypeError, match="call aiter_events"):
                package.iter_events(response)
            seen = []
            async with package.aiter_events(response) as stream:
                async for event in stream:
                    seen.append(event.data)
                    exchange.go(2 if event.data == "b" else 1)
            assert (seen, stream.outcome) == (EVENTS, "ended")

    asyncio.run(read())
