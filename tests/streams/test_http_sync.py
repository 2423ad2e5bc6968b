"""iter_events over the responses of HTTP clients that block: what arrives, when, and how it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .cases import ONE, THREE, TWO, cut_anywhere, events, framed_anyhow, one
from .clients import Client, sync_clients
from .server import Do

if TYPE_CHECKING:
    from .server import Framing, Server


@sync_clients
@framed_anyhow
@cut_anywhere
def test_the_events_are_those_that_were_sent(
    package: Any, server: Server, client: Client, framing: Framing, gzip: bool, pieces: list[bytes]
) -> None:
    exchange = server.offers(*pieces, framing=framing, gzip=gzip)
    with client.opens(exchange.url) as response, package.iter_events(response) as stream:
        assert list(stream) == events(package)
        assert stream.outcome == "ended"
        assert (stream.last_event_id, stream.retry) == ("3", 1500)


@sync_clients
@framed_anyhow
def test_an_event_arrives_before_the_next_is_sent(
    package: Any, server: Server, client: Client, framing: Framing, gzip: bool
) -> None:
    # Within the piece after a WAIT stands the beginning of an event to come: it holds nothing back.
    pieces = ONE, Do.WAIT, TWO + b"data: ", Do.WAIT, b"3\r\n\r", Do.WAIT, b"\ndata: 4\n\n"
    exchange = server.offers(*pieces, framing=framing, gzip=gzip)
    arrived = []
    with client.opens(exchange.url) as response, package.iter_events(response) as stream:
        for event in stream:
            arrived.append(event.data)
            exchange.go()
    assert arrived == ["1", "2", "3", "4"]


@sync_clients
def test_a_comment_arrives_before_the_next_event_is_sent(package: Any, server: Server, client: Client) -> None:
    exchange = server.offers(b": ping\n", Do.WAIT, ONE)
    with client.opens(exchange.url) as response, package.iter_events(response, comments=True) as stream:
        assert next(stream) == package.Comment("ping")
        exchange.go()
        assert list(stream) == [one(package, 1)]


@sync_clients
def test_the_outcome_is_none_while_the_stream_is_open_and_then_ended(
    package: Any, server: Server, client: Client
) -> None:
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
def test_an_end_within_a_block_is_a_cut(package: Any, server: Server, client: Client, framing: Framing) -> None:
    exchange = server.offers(ONE, b"data: ha", framing=framing)
    with client.opens(exchange.url) as response, package.iter_events(response) as stream:
        assert list(stream) == [one(package, 1)]
    assert stream.outcome is package.Outcome.CUT


@sync_clients
@pytest.mark.parametrize("framing", ["chunked", "length"])
@pytest.mark.parametrize("drop", [Do.DROP, Do.RESET])
def test_a_connection_that_breaks_raises_what_the_client_raises(
    package: Any, server: Server, client: Client, framing: Framing, drop: Do
) -> None:
    exchange = server.offers(ONE, Do.WAIT, b"data: ha", drop, b"lf", framing=framing)
    with client.opens(exchange.url) as response:
        stream = package.iter_events(response)
        assert next(stream) == one(package, 1)
        exchange.go()
        with pytest.raises(client.broken):
            next(stream)
        assert stream.outcome is package.Outcome.FAILED
        assert next(stream, "the end") == "the end"
        stream.close()
        assert stream.outcome is package.Outcome.FAILED


@sync_clients
def test_a_connection_that_is_reset_is_a_failure_though_its_close_would_be_the_end(
    package: Any, server: Server, client: Client
) -> None:
    exchange = server.offers(ONE, Do.WAIT, Do.RESET, framing="close")
    with client.opens(exchange.url) as response, package.iter_events(response) as stream:
        assert next(stream) == one(package, 1)
        exchange.go()
        with pytest.raises(client.broken):
            next(stream)
    assert stream.outcome is package.Outcome.FAILED


@sync_clients
def test_response_is_the_response(package: Any, server: Server, client: Client) -> None:
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
def test_a_stream_that_was_read_to_its_end_leaves_its_connection_to_the_next(
    package: Any, server: Server, client: Client
) -> None:
    exchange = server.offers(ONE)
    with client.session() as get:
        for _ in range(3):
            stream = package.iter_events(get(exchange.url))
            assert list(stream) == [one(package, 1)]
    assert len(exchange.connections) == 3
    assert len(set(exchange.connections)) == 1


@sync_clients
def test_a_response_that_was_read_already_is_read_all_the_same(package: Any, server: Server, client: Client) -> None:
    exchange = server.offers(ONE, TWO)
    with client.opens(exchange.url) as response:
        # What each of them calls to have the body in memory.
        body = response.read() if hasattr(response, "iter_bytes") else getattr(response, "content", None)
        assert (response.data if body is None else body) == ONE + TWO
        assert list(package.iter_events(response)) == [one(package, 1), one(package, 2)]
