"""iter_events over the responses of sync HTTP clients: the events, when they arrive, and how the stream ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .cases import ONE, THREE, TWO, events, every_cut, every_framing, numbered
from .clients import Client, sync_clients
from .server import Do

if TYPE_CHECKING:
    from .server import Framing, Server


@sync_clients
@every_framing
@every_cut
def test_events_in_every_cut_and_framing(
    package: Any, server: Server, client: Client, framing: Framing, gzip: bool, pieces: list[bytes]
) -> None:
    exchange = server.offers(*pieces, framing=framing, gzip=gzip)
    with client.opens(exchange.url) as response, package.iter_events(response) as stream:
        assert list(stream) == events(package)
        assert stream.outcome == "ended"
        assert (stream.last_event_id, stream.retry) == ("3", 1500)


@sync_clients
@every_framing
def test_event_arrives_before_the_next_is_sent(
    package: Any, server: Server, client: Client, framing: Framing, gzip: bool
) -> None:
    # Each piece also has the start of the next event, which must not hold back the one before.
    pieces = ONE, Do.WAIT, TWO + b"data: ", Do.WAIT, b"3\r\n\r", Do.WAIT, b"\ndata: 4\n\n"
    exchange = server.offers(*pieces, framing=framing, gzip=gzip)
    arrived = []
    with client.opens(exchange.url) as response, package.iter_events(response) as stream:
        for event in stream:
            arrived.append(event.data)
            exchange.go()
    assert arrived == ["1", "2", "3", "4"]


@sync_clients
def test_comment_arrives_before_the_next_event_is_sent(package: Any, server: Server, client: Client) -> None:
    exchange = server.offers(b": ping\n", Do.WAIT, ONE)
    with client.opens(exchange.url) as response, package.iter_events(response, comments=True) as stream:
        assert next(stream) == package.Comment("ping")
        exchange.go()
        assert list(stream) == [numbered(package, 1)]


@sync_clients
def test_outcome_is_none_while_open_then_ended(package: Any, server: Server, client: Client) -> None:
    exchange = server.offers(ONE, Do.WAIT, TWO)
    with client.opens(exchange.url) as response:
        stream = package.iter_events(response)
        assert stream.outcome is None
        next(stream)
        assert stream.outcome is None
        exchange.go()
        next(stream)
        assert stream.outcome is None
        assert next(stream, "the end") == "the end"
        assert stream.outcome is package.Outcome.ENDED
        assert next(stream, "the end") == "the end"
        stream.close()
        assert stream.outcome is package.Outcome.ENDED


@sync_clients
@pytest.mark.parametrize("framing", ["chunked", "close", "length"])
def test_end_within_a_block_is_a_cut(package: Any, server: Server, client: Client, framing: Framing) -> None:
    exchange = server.offers(ONE, b"data: ha", framing=framing)
    with client.opens(exchange.url) as response, package.iter_events(response) as stream:
        assert list(stream) == [numbered(package, 1)]
    assert stream.outcome is package.Outcome.CUT


@sync_clients
@pytest.mark.parametrize("framing", ["chunked", "length"])
@pytest.mark.parametrize("drop", [Do.DROP, Do.RESET])
def test_broken_connection_raises_the_clients_error(
    package: Any, server: Server, client: Client, framing: Framing, drop: Do
) -> None:
    exchange = server.offers(ONE, Do.WAIT, b"data: ha", drop, b"lf", framing=framing)
    with client.opens(exchange.url) as response:
        stream = package.iter_events(response)
        assert next(stream) == numbered(package, 1)
        exchange.go()
        with pytest.raises(client.broken):
            next(stream)
        assert stream.outcome is package.Outcome.FAILED
        assert next(stream, "the end") == "the end"
        stream.close()
        assert stream.outcome is package.Outcome.FAILED


@sync_clients
def test_reset_is_a_failure_where_a_close_is_the_end(package: Any, server: Server, client: Client) -> None:
    exchange = server.offers(ONE, Do.WAIT, Do.RESET, framing="close")
    with client.opens(exchange.url) as response, package.iter_events(response) as stream:
        assert next(stream) == numbered(package, 1)
        exchange.go()
        with pytest.raises(client.broken):
            next(stream)
    assert stream.outcome is package.Outcome.FAILED


@sync_clients
def test_response_attribute(package: Any, server: Server, client: Client) -> None:
    exchange = server.offers(ONE)
    with client.opens(exchange.url) as response:
        stream = package.iter_events(response)
        assert stream.response is response
        with stream:
            list(stream)
        assert stream.response is response


@sync_clients
def test_reads_and_bytes_are_counted(package: Any, server: Server, client: Client) -> None:
    exchange = server.offers(ONE, Do.WAIT, TWO + THREE)
    with client.opens(exchange.url) as response, package.iter_events(response) as stream:
        assert (stream.reads, stream.bytes_read) == (0, 0)
        next(stream)
        assert (stream.reads, stream.bytes_read) == (1, 9)
        exchange.go()
        next(stream)
        assert (stream.reads, stream.bytes_read) == (2, 27)
        assert len(list(stream)) == 1
        assert (stream.reads, stream.bytes_read) == (2, 27)


@sync_clients
def test_ended_stream_returns_its_connection_to_the_pool(package: Any, server: Server, client: Client) -> None:
    exchange = server.offers(ONE)
    with client.session() as get:
        for _ in range(3):
            stream = package.iter_events(get(exchange.url))
            assert list(stream) == [numbered(package, 1)]
    assert len(exchange.connections) == 3
    assert len(set(exchange.connections)) == 1


@sync_clients
def test_response_with_loaded_body(package: Any, server: Server, client: Client) -> None:
    exchange = server.offers(ONE, TWO)
    with client.opens(exchange.url) as response:
        # Read the body into memory, in the way of each client.
        body = response.read() if hasattr(response, "iter_bytes") else getattr(response, "content", None)
        assert (response.data if body is None else body) == ONE + TWO
        assert list(package.iter_events(response)) == [numbered(package, 1), numbered(package, 2)]
