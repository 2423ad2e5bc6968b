"""The attributes of a stream while it is read: ID, reconnection time, time of arrival, counts."""

from __future__ import annotations

import asyncio
import sys
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

import pytest

from .cases import ONE, THREE, TWO, async_chunks
from .clients import AsyncClient, Client, async_clients, httpx_leaves_generators, sync_clients
from .server import Do

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .server import Server

# Two events in one chunk, and the fields of blocks without data.
NUMBERED = b"id: 1\nretry: 10\ndata: a\n\nid: 2\nretry: 20\ndata: b\n\nid: 3\nretry: 30\n\nid: 4\n"


def test_id_and_retry_follow_the_returned_event(package: Any) -> None:
    stream = package.iter_events([NUMBERED])
    assert (stream.last_event_id, stream.retry) == ("", None)
    seen = [(event.data, stream.last_event_id, stream.retry) for event in stream]
    assert seen == [("a", "1", 10), ("b", "2", 20)]
    assert (stream.last_event_id, stream.retry) == ("3", 30)


def test_id_and_retry_follow_the_returned_event_async(package: Any) -> None:
    async def main() -> None:
        async with package.aiter_events(async_chunks([NUMBERED])) as stream:
            assert (stream.last_event_id, stream.retry) == ("", None)
            seen = [(event.data, stream.last_event_id, stream.retry) async for event in stream]
        assert seen == [("a", "1", 10), ("b", "2", 20)]
        assert (stream.last_event_id, stream.retry) == ("3", 30)

    asyncio.run(main())


def test_id_and_retry_stay_after_closing_within_a_chunk(package: Any) -> None:
    with package.iter_events([NUMBERED]) as stream:
        next(stream)
    assert (stream.last_event_id, stream.retry) == ("1", 10)


@sync_clients
def test_received_ns_is_the_time_of_the_read(package: Any, server: Server, client: Client) -> None:
    exchange = server.offers(ONE + TWO, Do.WAIT, THREE)
    with client.opens(exchange.url) as response, package.iter_events(response, timing=True) as stream:
        assert stream.received_ns is None
        before = perf_counter_ns()
        next(stream)
        first: Any = stream.received_ns
        assert before <= first <= perf_counter_ns()
        next(stream)
        assert stream.received_ns == first
        before_third = perf_counter_ns()
        exchange.go()
        next(stream)
        third: Any = stream.received_ns
        assert before_third <= third <= perf_counter_ns()
        assert list(stream) == []
        assert stream.received_ns == third


@httpx_leaves_generators
@async_clients
def test_received_ns_is_the_time_of_the_read_async(package: Any, server: Server, client: AsyncClient) -> None:
    exchange = server.offers(ONE + TWO, Do.WAIT, THREE)

    async def main() -> None:
        async with client.opens(exchange.url) as response, package.aiter_events(response, timing=True) as stream:
            assert stream.received_ns is None
            before = perf_counter_ns()
            await anext(stream)
            first: Any = stream.received_ns
            assert before <= first <= perf_counter_ns()
            await anext(stream)
            assert stream.received_ns == first
            before_third = perf_counter_ns()
            exchange.go()
            await anext(stream)
            third: Any = stream.received_ns
            assert before_third <= third <= perf_counter_ns()

    client.run(main)


def test_received_ns_is_none_without_timing(package: Any) -> None:
    stream = package.iter_events([ONE])
    next(stream)
    assert stream.received_ns is None


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Python classes cannot have a buffer before 3.12")
def test_received_ns_is_measured_before_parsing(package: Any) -> None:
    class Chunk:
        used_at: int | None = None

        def __buffer__(self, flags: int) -> memoryview:
            if self.used_at is None:
                self.used_at = perf_counter_ns()
            return memoryview(ONE)

    sent = []

    def source() -> Iterator[Any]:
        for _ in range(3):
            sent.append((Chunk(), perf_counter_ns()))
            yield sent[-1][0]

    with package.iter_events(source(), timing=True) as stream:
        for _ in stream:
            chunk, sent_at = sent[-1]
            assert sent_at <= stream.received_ns <= chunk.used_at


@pytest.mark.parametrize("make", [bytes, bytearray, memoryview], ids=lambda make: make.__name__)
def test_bytes_are_counted_for_all_types_of_chunks(package: Any, make: Callable[[bytes], Any]) -> None:
    stream = package.iter_events([make(ONE), make(b""), make(TWO)])
    assert len(list(stream)) == 2
    assert (stream.reads, stream.bytes_read) == (3, 18)
