"""Closing an EventSource and the stream of connect."""

from __future__ import annotations

import gc
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from streams.cases import Boom
from streams.test_threads import Thread

from .clients import ClientKind, connect_or_event_source, every_sync_client
from .server import WAIT_LIMIT, Do

if TYPE_CHECKING:
    from collections.abc import Callable

    from .server import EventServer

ONE, TWO = b"id: 1\ndata: 1\n\n", b"id: 2\ndata: 2\n\n"
YEARS = 10**14  # ms


def opened(package: Any, client: Any, url: str, how: str, **options: Any) -> Any:
    """Return an EventSource or the stream of connect."""
    if how == "connect":
        return package.connect(client, "GET", url, **options)
    return package.EventSource(client, url, **options)


def wait_until(happened: Callable[[], bool]) -> None:
    """Wait until another thread has done something."""
    deadline = time.monotonic() + WAIT_LIMIT
    while not happened():
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.001)


@every_sync_client
@connect_or_event_source
def test_leaving_the_with_block_closes_the_connection(
    package: Any, server: EventServer, kind: ClientKind, how: str
) -> None:
    stream = server.offers(ONE, Do.HOLD)
    endpoint = server.endpoint(stream)
    with kind.client() as client:
        with opened(package, client, endpoint.url, how) as source:
            for _ in source:
                break
            response = source.response
            assert not response.is_closed
        assert response.is_closed
        assert stream.is_hung_up()
        assert next(source, "the end") == "the end"
        assert not client.is_closed
    assert len(endpoint.requests) == 1


@every_sync_client
@connect_or_event_source
def test_error_in_the_with_block_closes_the_connection(
    package: Any, server: EventServer, kind: ClientKind, how: str
) -> None:
    stream = server.offers(ONE, Do.HOLD)
    with kind.client() as client:
        with pytest.raises(Boom), opened(package, client, server.endpoint(stream).url, how) as source:
            next(source)
            raise Boom
        assert stream.is_hung_up()


@every_sync_client
@connect_or_event_source
def test_close_is_idempotent(package: Any, server: EventServer, kind: ClientKind, how: str) -> None:
    stream = server.offers(ONE, Do.HOLD)
    with kind.client() as client:
        source = opened(package, client, server.endpoint(stream).url, how)
        next(source)
        source.close()
        source.close()
        assert stream.is_hung_up()
        with source:
            assert list(source) == []
        source.close()


@every_sync_client
@connect_or_event_source
def test_closed_before_reading_sends_nothing(package: Any, server: EventServer, kind: ClientKind, how: str) -> None:
    endpoint = server.repeats(ONE)
    with kind.client() as client:
        source = opened(package, client, endpoint.url, how)
        source.close()
        with source:
            assert list(source) == []
        assert source.response is None
    assert endpoint.requests == []


@every_sync_client
@connect_or_event_source
def test_never_read_sends_nothing_and_does_not_warn(
    package: Any, server: EventServer, kind: ClientKind, how: str
) -> None:
    endpoint = server.repeats(ONE)
    with kind.client() as client:
        source = opened(package, client, endpoint.url, how)
        assert source.response is None
        del source
        gc.collect()
    assert endpoint.requests == []


@every_sync_client
@connect_or_event_source
def test_collected_half_read_closes_the_connection_at_once(
    package: Any, server: EventServer, kind: ClientKind, how: str
) -> None:
    stream = server.offers(TWO, Do.HOLD)
    # Earlier errors must not leave reference cycles.
    before = [] if how == "connect" else [server.raw(Do.DROP), server.offers(ONE, Do.DROP)]
    endpoint = server.endpoint(*before, stream)
    gc.collect()
    gc.disable()
    try:
        with kind.client() as client:
            source = opened(
                package, client, endpoint.url, how, **({} if how == "connect" else {"retry": 0, "backoff": 1})
            )
            while next(source).data != "2":
                pass
            del source
            assert stream.is_hung_up()
    finally:
        gc.enable()


@every_sync_client
def test_second_loop_continues_where_the_first_stopped(package: Any, server: EventServer, kind: ClientKind) -> None:
    endpoint = server.endpoint(server.offers(ONE + TWO), server.offers(ONE + TWO))
    seen: list[str] = []
    with kind.client() as client, package.EventSource(client, endpoint.url, retry=0) as source:
        while len(seen) < 4:
            for event in source:
                seen.append(event.data)
                break
    assert seen == ["1", "2", "1", "2"]
    assert len(endpoint.requests) == 2


@every_sync_client
def test_loop_ends_when_its_body_closes_the_source(package: Any, server: EventServer, kind: ClientKind) -> None:
    stream = server.offers(ONE + TWO, Do.HOLD)
    seen = []
    with kind.client() as client:
        source = package.EventSource(client, server.endpoint(stream).url)
        for event in source:
            seen.append(event.data)
            source.close()
        assert stream.is_hung_up()
    assert seen == ["1"]


@every_sync_client
@pytest.mark.parametrize("where", ["sleep", "on_reconnect"])
def test_iteration_ends_when_a_callback_closes_the_source(
    package: Any, server: EventServer, kind: ClientKind, where: str
) -> None:
    endpoint = server.repeats(ONE)
    with kind.client() as client:
        options: dict[str, Any] = {where: lambda *arguments: source.close()}
        source: Any = package.EventSource(client, endpoint.url, retry=YEARS, **options)
        assert [event.data for event in source] == ["1"]
    assert len(endpoint.requests) == 1


@every_sync_client
@pytest.mark.parametrize("started", [True, False], ids=["after an event", "at the first read"])
def test_close_in_another_thread_ends_a_read(
    package: Any, server: EventServer, kind: ClientKind, started: bool
) -> None:
    stream = server.offers(*([ONE] if started else [b":"]), Do.HOLD)
    with kind.client() as client:
        source = package.EventSource(client, server.endpoint(stream).url)
        reading = Thread(lambda: [event.data for event in source])
        wait_until(lambda: source.response is not None and source.response.is_stream_consumed)
        source.close()
        assert reading.ends(WAIT_LIMIT)
        assert reading.error is None
        assert reading.result == (["1"] if started else [])
        assert stream.is_hung_up()
        source.close()


@every_sync_client
def test_close_in_another_thread_ends_a_wait(package: Any, server: EventServer, kind: ClientKind) -> None:
    endpoint = server.repeats(ONE)
    waits = threading.Event()
    with kind.client() as client:
        source = package.EventSource(client, endpoint.url, retry=YEARS, on_reconnect=lambda *arguments: waits.set())
        reading = Thread(lambda: [event.data for event in source])
        assert waits.wait(WAIT_LIMIT)
        source.close()
        assert reading.ends(WAIT_LIMIT)
        assert reading.result == ["1"]
        assert next(source, "the end") == "the end"
    assert len(endpoint.requests) == 1


@every_sync_client
@connect_or_event_source
def test_close_in_another_thread_before_the_answer(
    package: Any, server: EventServer, kind: ClientKind, how: str
) -> None:
    stream = server.raw(Do.WAIT, b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + ONE, Do.HOLD)
    endpoint = server.endpoint(stream)
    with kind.client() as client:
        source = opened(package, client, endpoint.url, how)
        reading = Thread(lambda: list(source))
        wait_until(lambda: bool(endpoint.requests))
        source.close()
        stream.go()
        assert reading.ends(WAIT_LIMIT)
        assert reading.error is None
        assert reading.result == []
        assert stream.is_hung_up()
        assert next(source, "the end") == "the end"


@every_sync_client
def test_second_reader_is_refused_and_first_reads_on(package: Any, server: EventServer, kind: ClientKind) -> None:
    stream = server.offers(ONE, Do.WAIT, TWO, Do.HOLD)
    with kind.client() as client, package.EventSource(client, server.endpoint(stream).url) as source:
        assert next(source).data == "1"
        reading = Thread(lambda: next(source).data)
        wait_until(source._reading.locked)  # noqa: SLF001
        with pytest.raises(ValueError, match="one reader at a time"):
            next(source)
        stream.go()
        assert reading.ends(WAIT_LIMIT)
        assert reading.result == "2"


@every_sync_client
def test_interrupted_wait_closes_the_source(package: Any, server: EventServer, kind: ClientKind) -> None:
    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    endpoint = server.repeats(ONE)
    with kind.client() as client:
        source = package.EventSource(client, endpoint.url, sleep=interrupt)
        next(source)
        with pytest.raises(KeyboardInterrupt):
            next(source)
        assert next(source, "the end") == "the end"
        assert source.response is None
        assert source.outcome == "closed"


@every_sync_client
def test_source_uses_no_thread(package: Any, server: EventServer, kind: ClientKind) -> None:
    before = threading.active_count()
    answers = [server.offers(ONE, Do.HOLD) for _ in range(5)]
    threads = []
    with kind.client() as client:
        sources = [package.EventSource(client, server.endpoint(answer).url) for answer in answers]
        assert [next(source).data for source in sources] == ["1"] * 5
        threads = [thread.name for thread in threading.enumerate() if not thread.name.startswith(("server", "to "))]
        for source in sources:
            source.close()
    assert len(threads) <= before


@pytest.mark.parametrize("name", ["EventSource", "AsyncEventSource"])
def test_source_has_no_dict(package: Any, name: str) -> None:
    assert not hasattr(getattr(package, name).__new__(getattr(package, name)), "__dict__")
