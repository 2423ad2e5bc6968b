"""transcode() and atranscode(): the sources that they read, what they raise, and what they write instead."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import TYPE_CHECKING, Any

import pytest
from streams.clients import CLIENTS, AsyncClient, Client, async_clients, httpx_leaves_generators, sync_clients
from streams.server import Do

from ssescan import (
    Outcome,
    ProviderError,
    ServerSentEvent,
    Stall,
    StreamCut,
    StreamStalled,
    UnexpectedContentType,
    UnexpectedStatus,
    atranscode,
    iter_events,
    transcode,
)

from .formats import FIXED, check, read_again
from .test_transcoder import CHAT, chat

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from streams.server import Server

EVENTS = [ServerSentEvent(data=block.removeprefix("data: ")) for block in CHAT.decode().split("\n\n")[:-1]]
COMPLETION = (
    b'{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"a-model","choices":'
    b'[{"index":0,"message":{"role":"assistant","content":"Hello you"},"finish_reason":"stop"}]}'
)


def of_iterable() -> Any:
    return iter([CHAT[:100], CHAT[100:]])


def of_events() -> Any:
    return iter(EVENTS)


def of_event_stream() -> Any:
    return iter_events(CHAT)


@pytest.mark.parametrize("make", [lambda: CHAT, of_iterable, of_events, of_event_stream])
def test_sources_of_stream_are_sources_of_transcode(make: Any) -> None:
    with transcode(make(), "anthropic", **FIXED) as given:
        data = b"".join(given)
    assert check("anthropic", data)
    assert given.message.text == "Hello you"
    assert (given.api, given.outcome, given.error) == ("openai-chat", Outcome.ENDED, None)
    assert given.headers["content-type"].startswith("text/event-stream")


@pytest.mark.parametrize("make", [of_iterable, of_events, of_event_stream])
def test_the_same_format_passes_unchanged(make: Any) -> None:
    assert b"".join(transcode(make(), "openai-chat")) == CHAT


@sync_clients
def test_responses_are_read_as_they_arrive(client: Client, server: Server) -> None:
    exchange = server.offers(CHAT[:400], Do.WAIT, CHAT[400:])
    with client.opens(exchange.url) as response, transcode(response, "anthropic", **FIXED) as given:
        data = next(given)
        assert b"Hello" in data
        exchange.go()
        data += b"".join(given)
    assert check("anthropic", data)
    assert given.outcome is Outcome.ENDED


@httpx_leaves_generators
@async_clients
def test_async_responses_are_read_as_they_arrive(client: AsyncClient, server: Server) -> None:
    exchange = server.offers(CHAT[:400], Do.WAIT, CHAT[400:])

    async def main() -> None:
        async with client.opens(exchange.url) as response, atranscode(response, "anthropic", **FIXED) as given:
            data = await anext(given)
            assert b"Hello" in data
            exchange.go()
            data += b"".join([piece async for piece in given])
        assert check("anthropic", data)
        assert given.outcome is Outcome.ENDED

    client.run(main)


def test_a_body_of_json_is_written_as_a_stream(server: Server) -> None:
    for to in ("anthropic", "openai-chat"):
        exchange = server.offers(COMPLETION, content_type="application/json", framing="length")
        with CLIENTS[0].opens(exchange.url) as response, transcode(response, to, **FIXED) as given:
            data = b"".join(given)
        assert check(to, data)
        assert read_again(to, data).text == "Hello you"


@pytest.mark.parametrize("opens", [True, False])
def test_a_refusal_is_raised_before_the_first_byte(server: Server, opens: bool) -> None:
    busy = server.offers(b'{"error":{"message":"busy"}}', status=429, content_type="application/json")
    page = server.offers(b"<html>", content_type="text/html")
    for exchange, error in ((busy, UnexpectedStatus), (page, UnexpectedContentType)):
        with CLIENTS[0].opens(exchange.url) as response:
            given = transcode(response, "anthropic")
            with pytest.raises(error):
                given.open() if opens else next(given)
            assert given.outcome is Outcome.FAILED
            assert list(given) == []


def test_a_broken_connection_ends_in_an_error(server: Server) -> None:
    exchange = server.offers(CHAT[:400], Do.RESET)
    with CLIENTS[0].opens(exchange.url) as response, transcode(response, "anthropic", **FIXED) as given:
        data = b"".join(given)
    assert not check("anthropic", data)
    assert isinstance(given.error, CLIENTS[0].broken)
    assert given.outcome is Outcome.FAILED
    assert exchange.url.encode() not in data


def test_the_text_of_a_source_s_exception_is_not_sent() -> None:
    def chunks() -> Iterator[bytes]:
        yield CHAT[:400]
        raise OSError("https://upstream/?key=SECRET")

    with transcode(chunks(), "anthropic", **FIXED) as given:
        data = b"".join(given)
    assert not check("anthropic", data)
    assert b"SECRET" not in data
    assert isinstance(given.error, OSError)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (chat("Hello", end=False), StreamCut),
        (chat("Hello", end=False) + b'data: {"error":{"message":"busy"}}\n\n', ProviderError),
        (chat("Hello", end=False) + b'data: {"id"\n\n' + chat("x"), ProviderError),
    ],
)
def test_the_exception_is_kept(body: bytes, error: type[Exception]) -> None:
    for to in ("anthropic", "openai-chat"):
        with transcode(body, to, **(FIXED if to == "anthropic" else {})) as given:
            data = b"".join(given)
        assert isinstance(given.error, error)
        if to == "anthropic":
            assert not check(to, data)


def test_a_stall_ends_in_an_error() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield CHAT[:400]
        await asyncio.Event().wait()

    async def main() -> tuple[bytes, Any]:
        async with atranscode(chunks(), "anthropic", stall=Stall(idle=0.2), **FIXED) as given:
            return b"".join([piece async for piece in given]), given.error

    data, error = asyncio.run(main())
    assert not check("anthropic", data)
    assert isinstance(error, StreamStalled)


def test_a_cancelled_read_closes_the_source() -> None:
    closed = []

    async def chunks() -> AsyncIterator[bytes]:
        try:
            yield CHAT[:400]
            await asyncio.Event().wait()
        finally:
            closed.append(True)

    async def main() -> None:
        given = atranscode(chunks(), "anthropic", **FIXED)
        await anext(given)
        reading = asyncio.ensure_future(anext(given))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert closed
        assert given.outcome is Outcome.CLOSED
        with pytest.raises(StopAsyncIteration):
            await anext(given)

    asyncio.run(main())


def test_leaving_the_block_closes_the_source(server: Server) -> None:
    exchange = server.offers(CHAT[:400], Do.HOLD)
    with CLIENTS[0].opens(exchange.url) as response:
        with transcode(response, "anthropic", **FIXED) as given:
            assert next(given)
        assert given.outcome is Outcome.CLOSED
        assert list(given) == []
        assert exchange.is_hung_up()


def test_nothing_is_read_after_done() -> None:
    read = []

    def chunks() -> Iterator[bytes]:
        yield CHAT
        read.append(True)
        yield CHAT

    assert check("anthropic", b"".join(transcode(chunks(), "anthropic", **FIXED)))
    assert not read


def test_a_stream_is_freed_without_the_collector() -> None:
    gc.disable()
    try:
        given = transcode(iter([CHAT]), "anthropic", **FIXED)
        next(given)
        gone = weakref.ref(given)
        del given
        assert gone() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("source", ["data: {}", 3, None])
def test_wrong_sources_are_refused_at_the_call(source: Any) -> None:
    with pytest.raises(TypeError, match="transcode"):
        transcode(source, "anthropic")
