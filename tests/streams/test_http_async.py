"""aiter_events over the responses of async HTTP clients: the events, when they arrive, and how the stream ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .cases import ONE, THREE, TWO, events, every_cut, every_framing, numbered
from .clients import AsyncClient, async_clients
from .server import Do

if TYPE_CHECKING:
    from .server import Framing, Server


@async_clients
@every_framing
@every_cut
def test_events_in_every_cut_and_framing(
    package: Any, server: Server, client: AsyncClient, framing: Framing, gzip: bool, pieces: list[bytes]
) -> None:
    exchange = server.offers(*pieces, framing=framing, gzip=gzip)

    async def main() -> None:
        async with client.opens(exchange.url) as response, package.aiter_events(response) as stream:
            assert [event async for event in stream] == events(package)
            assert stream.outcome == "ended"
            assert (stream.last_event_id, stream.retry) == ("3", 1500)

    client.run(main)


@async_clients
@every_framing
def test_event_arrives_before_the_next_is_sent(
    package: Any, server: Server, client: AsyncClient, framing: Framing, gzip: bool
) -> None:
    # Each piece also has the start of the next event, which must not hold back the one before.
    pieces = ONE, Do.WAIT, TWO + b"data: ", Do.WAIT, b"3\r\n\r", Do.WAIT, b"\ndata: 4\n\n"
    exchange = server.offers(*pieces, framing=framing, gzip=gzip)

    async def main() -> None:
        arrived = []
        async with client.opens(exchange.url) as response, package.aiter_events(response) as stream:
            async for event in stream:
                arrived.append(event.data)
                exchange.go()
        assert arrived == ["1", "2", "3", "4"]

    client.run(main)


@async_clients
def test_comment_arrives_before_the_next_event_is_sent(package: Any, server: Server, client: AsyncClient) -> None:
    exchange = server.offers(b": ping\n", Do.WAIT, ONE)

    async def main() -> None:
        async with client.opens(exchange.url) as response, package.aiter_events(response, comments=True) as stream:
            assert await anext(stream) == package.Comment("ping")
            exchange.go()
            assert [event async for event in stream] == [numbered(package, 1)]

    client.run(main)


@async_clients
def test_outcome_is_none_while_open_then_ended(package: Any, server: Server, client: AsyncClient) -> None:
    exchange = server.offers(ONE, Do.WAIT, TWO)

    async def main() -> None:
        async with client.opens(exchange.url) as response:
            stream = package.aiter_events(response)
            assert stream.outcome is None
            await anext(stream)
            assert stream.outcome is None
            exchange.go()
            await anext(stream)
            assert stream.outcome is None
            assert await anext(stream, "the end") == "the end"
            assert stream.outcome is package.Outcome.ENDED
            assert await anext(stream, "the end") == "the end"
            await stream.aclose()
            assert stream.outcome is package.Outcome.ENDED

    client.run(main)


@async_clients
@pytest.mark.parametrize("framing", ["chunked", "close", "length"])
def test_end_within_a_block_is_a_cut(package: Any, server: Server, client: AsyncClient, framing: Framing) -> None:
    exchange = server.offers(ONE, b"data: ha", framing=framing)

    async def main() -> None:
        async with client.opens(exchange.url) as response, package.aiter_events(response) as stream:
            assert [event async for event in stream] == [numbered(package, 1)]
        assert stream.outcome is package.Outcome.CUT

    client.run(main)


@async_clients
@pytest.mark.parametrize("framing", ["chunked", "length"])
@pytest.mark.parametrize("drop", [Do.DROP, Do.RESET])
def test_broken_connection_raises_the_clients_error(
    package: Any, server: Server, client: AsyncClient, framing: Framing, drop: Do
) -> None:
    exchange = server.offers(ONE, Do.WAIT, b"data: ha", drop, b"lf", framing=framing)

    async def main() -> None:
        async with client.opens(exchange.url) as response:
            stream = package.aiter_events(response)
            assert await anext(stream) == numbered(package, 1)
            exchange.go()
            with pytest.raises(client.broken):
                await anext(stream)
            assert stream.outcome is package.Outcome.FAILED
            assert await anext(stream, "the end") == "the end"
            await stream.aclose()
            assert stream.outcome is package.Outcome.FAILED

    client.run(main)


@async_clients
def test_response_attribute(package: Any, server: Server, client: AsyncClient) -> None:
    exchange = server.offers(ONE)

    async def main() -> None:
        async with client.opens(exchange.url) as response:
            stream = package.aiter_events(response)
            assert stream.response is response
            async with stream:
                assert [event async for event in stream] == [numbered(package, 1)]
            assert stream.response is response

    client.run(main)


@async_clients
def test_reads_and_bytes_are_counted(package: Any, server: Server, client: AsyncClient) -> None:
    exchange = server.offers(ONE, Do.WAIT, TWO + THREE)

    async def main() -> None:
        async with client.opens(exchange.url) as response, package.aiter_events(response) as stream:
            assert (stream.reads, stream.bytes_read) == (0, 0)
            await anext(stream)
            assert (stream.reads, stream.bytes_read) == (1, 9)
            exchange.go()
            await anext(stream)
            assert (stream.reads, stream.bytes_read) == (2, 27)
            assert [event async for event in stream] == [numbered(package, 3)]
            assert (stream.reads, stream.bytes_read) == (2, 27)

    client.run(main)


@async_clients
def test_ended_stream_returns_its_connection_to_the_pool(package: Any, server: Server, client: AsyncClient) -> None:
    exchange = server.offers(ONE)

    async def main() -> None:
        async with client.session() as get:
            for _ in range(3):
                stream = package.aiter_events(await get(exchange.url))
                assert [event async for event in stream] == [numbered(package, 1)]

    client.run(main)
    assert len(exchange.connections) == 3
    assert len(set(exchange.connections)) == 1
