"""The cases in which an EventStream closes its source."""

from __future__ import annotations

import gc
import inspect
from typing import TYPE_CHECKING, Any

import pytest

from .cases import ONE, THREE, TWO, Boom, every_file, numbered
from .clients import Client, sync_clients
from .server import Do

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from .server import Server


@sync_clients
def test_leaving_the_with_block_closes_the_connection(package: Any, server: Server, client: Client) -> None:
    exchange = server.offers(ONE, Do.HOLD)
    with client.opens(exchange.url) as response:
        with package.iter_events(response) as stream:
            for _ in stream:
                break
        assert stream.outcome is package.Outcome.CLOSED
        assert exchange.is_hung_up()
        assert next(stream, "the end") == "the end"


@sync_clients
def test_unread_with_block_closes_the_connection(package: Any, server: Server, client: Client) -> None:
    exchange = server.offers(ONE, Do.HOLD)
    with client.opens(exchange.url) as response:
        with package.iter_events(response) as stream:
            pass
        assert stream.outcome is package.Outcome.CLOSED
        assert exchange.is_hung_up()


@sync_clients
def test_error_in_the_with_block_closes_the_connection(package: Any, server: Server, client: Client) -> None:
    exchange = server.offers(ONE, Do.HOLD)
    with client.opens(exchange.url) as response:
        with pytest.raises(Boom), package.iter_events(response) as stream:
            next(stream)
            raise Boom
        assert stream.outcome is package.Outcome.CLOSED
        assert exchange.is_hung_up()


@sync_clients
def test_stream_error_closes_the_connection_without_with(package: Any, server: Server, client: Client) -> None:
    exchange = server.offers(ONE + b"data: " + b"x" * 100, Do.HOLD)
    with client.opens(exchange.url) as response:
        stream = package.iter_events(response, max_event_size=50)
        next(stream)
        with pytest.raises(package.EventTooLarge):
            next(stream)
        assert stream.outcome is package.Outcome.FAILED
        assert exchange.is_hung_up()


@sync_clients
@pytest.mark.parametrize("started", [True, False], ids=["half read", "not read"])
def test_collected_stream_closes_the_connection(package: Any, server: Server, client: Client, started: bool) -> None:
    exchange = server.offers(ONE, Do.HOLD)
    with client.opens(exchange.url) as response:
        stream = package.iter_events(response)
        if started:
            next(stream)
        del stream
        gc.collect()
        assert exchange.is_hung_up()


@sync_clients
def test_close_closes_the_connection_and_is_idempotent(package: Any, server: Server, client: Client) -> None:
    exchange = server.offers(ONE, Do.HOLD)
    with client.opens(exchange.url) as response:
        stream = package.iter_events(response)
        next(stream)
        stream.close()
        stream.close()
        assert stream.outcome is package.Outcome.CLOSED
        assert exchange.is_hung_up()
        with stream:
            assert list(stream) == []
        stream.close()
        assert stream.outcome is package.Outcome.CLOSED


@sync_clients
def test_second_loop_continues_where_the_first_stopped(package: Any, server: Server, client: Client) -> None:
    exchange = server.offers(ONE + TWO, Do.WAIT, THREE)
    seen: list[Any] = []
    with client.opens(exchange.url) as response, package.iter_events(response) as stream:
        while len(seen) < 3:
            for event in stream:
                seen.append(event)
                break
            if len(seen) == 2:
                exchange.go()
            assert stream.outcome is None
    assert seen == [numbered(package, 1), numbered(package, 2), numbered(package, 3)]


def test_loop_ends_when_its_body_closes_the_stream(package: Any) -> None:
    stream = package.iter_events([ONE + TWO, THREE])
    seen = []
    for event in stream:
        seen.append(event)
        stream.close()
    assert seen == [numbered(package, 1)]
    assert stream.outcome is package.Outcome.CLOSED


def end_by_with(stream: Any) -> None:
    with stream:
        next(stream)


def end_by_close(stream: Any) -> None:
    next(stream)
    stream.close()


def end_by_close_before_the_first_read(stream: Any) -> None:
    stream.close()


def end_by_an_error(stream: Any) -> None:
    with pytest.raises(Boom), stream:
        next(stream)
        raise Boom


def end_by_the_limit(stream: Any) -> None:
    with pytest.raises(Exception, match="event of at least"):
        list(stream)


def end_by_collection(stream: Any) -> None:
    next(stream)


def collect_after(end: Callable[[Any], None]) -> None:
    if end is end_by_collection:
        gc.collect()


LIMIT = 20
LARGE = b"data: " + b"x" * 100
ends = pytest.mark.parametrize(
    "end",
    [
        end_by_with,
        end_by_close,
        end_by_close_before_the_first_read,
        end_by_an_error,
        end_by_the_limit,
        end_by_collection,
    ],
    ids=lambda end: end.__name__.removeprefix("end_").replace("_", " "),
)


@ends
def test_generator_is_closed(package: Any, end: Callable[[Any], None]) -> None:
    def source() -> Iterator[bytes]:
        yield ONE
        yield LARGE
        yield TWO

    chunks: Any = source()
    end(package.iter_events(chunks, max_event_size=LIMIT))
    collect_after(end)
    assert inspect.getgeneratorstate(chunks) == inspect.GEN_CLOSED


@ends
def test_nested_generator_is_closed(package: Any, end: Callable[[Any], None]) -> None:
    done = []

    def source() -> Iterator[bytes]:
        try:
            yield ONE
            yield LARGE
        finally:
            done.append(True)

    chunks = source()
    next(chunks)  # started before the stream reads it
    stream = package.iter_events((ONE + LARGE for _ in chunks), max_event_size=LIMIT)
    end(stream)
    del stream, chunks
    collect_after(end)
    assert done == [True]


def test_error_of_a_generator_passes(package: Any) -> None:
    def source() -> Iterator[bytes]:
        yield ONE
        raise Boom

    with package.iter_events(source()) as stream:
        next(stream)
        with pytest.raises(Boom):
            next(stream)
        assert stream.outcome is package.Outcome.FAILED
        assert next(stream, "the end") == "the end"


def test_interrupted_source_is_closed(package: Any) -> None:
    def source() -> Iterator[bytes]:
        yield ONE
        raise KeyboardInterrupt

    stream = package.iter_events(source())
    next(stream)
    with pytest.raises(KeyboardInterrupt):
        next(stream)
    assert stream.outcome is package.Outcome.CLOSED


def test_error_from_closing_a_generator_passes(package: Any) -> None:
    def source() -> Iterator[bytes]:
        try:
            yield ONE
        finally:
            raise Boom

    stream = package.iter_events(source())
    next(stream)
    with pytest.raises(Boom):
        stream.close()
    stream.close()
    assert stream.outcome is package.Outcome.CLOSED


def end_by_its_end(stream: Any) -> None:
    list(stream)


@every_file
@pytest.mark.parametrize("end", [*ends.args[1], end_by_its_end])
def test_file_is_never_closed(
    package: Any, tmp_path: Path, opened: Callable[[Path], Any], end: Callable[[Any], None]
) -> None:
    path = tmp_path / "stream"
    path.write_bytes(ONE + TWO + (LARGE if end is end_by_the_limit else b""))
    with opened(path) as file:
        end(package.iter_events(file, max_event_size=LIMIT))
        collect_after(end)
        assert not file.closed
        file.read()


def test_list_of_chunks_is_not_changed(package: Any) -> None:
    chunks = [ONE, TWO]
    for _ in range(2):
        with package.iter_events(chunks) as stream:
            assert list(stream) == [numbered(package, 1), numbered(package, 2)]
    assert chunks == [ONE, TWO]
