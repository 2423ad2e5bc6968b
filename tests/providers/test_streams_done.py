"""stream() and astream(): [DONE] ends them, and the connection is used again or closed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from typing import TYPE_CHECKING, Any

import pytest
import requests
import trio
from streams.clients import AsyncClient, Client, async_clients, httpx_leaves_generators, pause, sync_clients
from streams.server import WAIT_LIMIT, Do

from ssescan import Outcome, StreamCut
from ssescan.providers import AsyncMessageStream, astream, stream

from .assertions import framed, in_few_words
from .reading import CUT, LONG, SHORT, read_to_error
from .test_tables_chat import PLAIN

if TYPE_CHECKING:
    from streams.server import Server


@sync_clients
def test_done_ends_a_stream_with_open_connection(server: Server, client: Client) -> None:
    exchange = server.offers(PLAIN, Do.HOLD)
    with client.opens(exchange.url) as response:
        reading = stream(response)
        assert in_few_words(reading.collect()) == {"text": "hi", "finish": "stop"}
        assert reading.outcome is Outcome.ENDED
        assert exchange.is_hung_up()


@httpx_leaves_generators
@async_clients
def test_done_ends_a_stream_with_open_connection_async(server: Server, client: AsyncClient) -> None:
    exchange = server.offers(PLAIN, Do.HOLD)

    async def main() -> None:
        async with client.opens(exchange.url) as response:
            async with astream(response) as reading:
                assert in_few_words(await reading.collect()) == {"text": "hi", "finish": "stop"}
            assert reading.outcome is Outcome.ENDED
            assert await client.in_thread(exchange.is_hung_up)

    client.run(main)


@sync_clients
def test_connection_is_used_again_after_done(server: Server, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ssescan.streams.AFTER_END_TIMEOUT", WAIT_LIMIT)  # the machine may be busy
    exchange = server.offers(PLAIN)
    with client.session() as get:
        for _ in range(3):
            with stream(get(exchange.url)) as reading:
                assert reading.collect().complete
    assert len(exchange.connections) == 3
    assert len(set(exchange.connections)) == 1


@async_clients
def test_connection_is_used_again_after_done_async(
    server: Server, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ssescan.streams.AFTER_END_TIMEOUT", WAIT_LIMIT)
    exchange = server.offers(PLAIN)

    async def main() -> None:
        async with client.session() as get:
            for _ in range(3):
                async with astream(await get(exchange.url)) as reading:
                    assert (await reading.collect()).complete

    client.run(main)
    assert len(exchange.connections) == 3
    assert len(set(exchange.connections)) == 1


@pytest.mark.parametrize("api", [None, "openai-chat", "gemini"])
def test_done_without_an_answer_is_a_cut(api: Any) -> None:
    reading = stream(b"data: [DONE]\n\n" + PLAIN, api)
    parts, error = read_to_error(reading)
    assert isinstance(error, StreamCut)
    assert parts == [CUT]


@httpx_leaves_generators
@async_clients
def test_cancelled_wait_after_done_closes_the_connection(
    server: Server, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ssescan.streams.AFTER_END_TIMEOUT", LONG)
    exchange = server.offers(PLAIN + framed({"error": {"message": "late"}}), Do.HOLD)

    async def main() -> None:
        async with client.opens(exchange.url) as response:
            reading = astream(response, strict=False)
            assert (await anext(reading)).type == "Start"
            if client.loop == "trio":
                with trio.move_on_after(SHORT):
                    await reading.collect()
            else:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(reading.collect(), SHORT)
            assert await client.in_thread(exchange.is_hung_up)
            assert reading.outcome is Outcome.ENDED
            assert [part.type async for part in reading] == ["Error", "Finish", "End"]

    client.run(main)


@httpx_leaves_generators
@async_clients
def test_wait_after_done_refuses_a_second_reader(
    server: Server, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ssescan.streams.AFTER_END_TIMEOUT", LONG)
    exchange = server.offers(PLAIN, Do.HOLD)

    async def other(reading: AsyncMessageStream) -> None:
        while reading.outcome is None:
            await pause(client.loop)
        with pytest.raises(ValueError, match="one reader at a time"):
            await anext(reading)
        await reading.aclose()

    async def main() -> None:
        async with client.opens(exchange.url) as response:
            reading = astream(response)
            if client.loop == "trio":
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(other, reading)
                    message = await reading.collect()
            else:
                _, message = await asyncio.gather(other(reading), reading.collect())
            assert message.complete

    client.run(main)


def test_done_ends_a_response_without_a_socket() -> None:
    # We cannot interrupt a read of a pipe, so we must not start one.
    reader, writer = os.pipe()
    os.write(writer, PLAIN)
    response = requests.Response()
    response.status_code = 200
    response.headers["Content-Type"] = "text/event-stream"
    with open(writer, "wb") as end, open(reader, "rb") as response.raw:
        giving_up = threading.Timer(WAIT_LIMIT, end.close)
        giving_up.start()
        assert stream(response).collect().complete
        giving_up.cancel()
        assert not end.closed
