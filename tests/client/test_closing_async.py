"""What closes the connection of an AsyncEventSource, and of what aconnect gives; what cancels a read or a wait."""

from __future__ import annotations

import asyncio
import gc
import warnings
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import trio
import trio.testing

from .clients import Way, every_way_async, pause, run_in
from .server import Do

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from .server import EventServer, Exchange

ONE, TWO = b"id: 1\ndata: 1\n\n", b"id: 2\ndata: 2\n\n"
YEARS = 10**14  # ms: a wait that nobody waits for


class Boom(Exception):
    """Raised by the program, in the middle of things."""


def opened(package: Any, client: Any, url: str, how: str, **options: Any) -> Any:
    """An AsyncEventSource or what aconnect gives: either is closed in the same ways."""
    if how == "aconnect":
        return package.aconnect(client, "GET", url, **options)
    return package.AsyncEventSource(client, url, **options)


either = pytest.mark.parametrize("how", ["aconnect", "AsyncEventSource"])
with_or_without_stall = pytest.mark.parametrize("stalls", [False, True], ids=["no stall", "stall"])


def far(package: Any, stalls: bool) -> Any:
    """A limit that is far away, or none."""
    return package.Stall(idle=600, progress=600) if stalls else None


async def begin_and_cancel(way: Way, work: Callable[[], Coroutine[Any, Any, None]], waits: Callable[[], bool]) -> None:
    """Begin the work in a task, cancel that once `waits` says so, and see that the cancellation passed."""

    async def until_it_waits() -> None:
        while not waits():  # what is waited for happens in another thread, the server's
            await pause(way.loop, 0.001)
        await pause(way.loop, 0.01)

    if way.loop == "trio":
        async with trio.open_nursery() as nursery:
            nursery.start_soon(work)
            await until_it_waits()
            nursery.cancel_scope.cancel()
        assert nursery.cancel_scope.cancelled_caught
    else:
        task: asyncio.Task[None] = asyncio.create_task(work())
        await until_it_waits()
        task.cancel("enough")
        with pytest.raises(asyncio.CancelledError):
            await task
        assert task.cancelled()


async def is_alone(way: Way, *exchanges: Exchange) -> bool:
    """Tell whether the server saw the connections closed, and no task is left but this one."""
    closed = all([await way.in_thread(exchange.is_hung_up) for exchange in exchanges])
    return closed and (way.loop == "trio" or tasks() == {asyncio.current_task()})


def tasks() -> set[Any]:
    """Give asyncio's tasks, less those in which it closes the inner generators that httpx leaves behind."""
    return {task for task in asyncio.all_tasks() if type(task.get_coro()).__name__ != "async_generator_athrow"}


@every_way_async
@either
def test_leaving_the_with_block_early_closes_the_connection(
    package: Any, server: EventServer, way: Way, how: str
) -> None:
    stream = server.offers(ONE, Do.HOLD)

    async def main() -> None:
        async with way.async_client() as client:
            async with opened(package, client, server.endpoint(stream).url, how) as source:
                async for _ in source:
                    break
                response = source.response
            assert response.is_closed
            assert await is_alone(way, stream)
            assert await anext(source, "the end") == "the end"
            assert not client.is_closed

    run_in(way.loop, main)


@every_way_async
@either
def test_an_error_in_the_with_block_closes_the_connection(
    package: Any, server: EventServer, way: Way, how: str
) -> None:
    stream = server.offers(ONE, Do.HOLD)

    async def main() -> None:
        async with way.async_client() as client:
            with pytest.raises(Boom):
                async with opened(package, client, server.endpoint(stream).url, how) as source:
                    await anext(source)
                    raise Boom
            assert await is_alone(way, stream)

    run_in(way.loop, main)


@every_way_async
@either
def test_aclose_may_be_called_again(package: Any, server: EventServer, way: Way, how: str) -> None:
    stream = server.offers(ONE, Do.HOLD)

    async def main() -> None:
        async with way.async_client() as client:
            source = opened(package, client, server.endpoint(stream).url, how)
            await anext(source)
            await source.aclose()
            await source.aclose()
            assert await is_alone(way, stream)
            async with source:
                assert [event async for event in source] == []
            await source.aclose()

    run_in(way.loop, main)


@every_way_async
@either
def test_what_was_closed_before_it_was_read_sends_nothing(
    package: Any, server: EventServer, way: Way, how: str
) -> None:
    endpoint = server.gives(ONE)

    async def main() -> None:
        async with way.async_client() as client:
            source = opened(package, client, endpoint.url, how)
            await source.aclose()
            async with source:
                assert [event async for event in source] == []
            assert source.response is None

    run_in(way.loop, main)
    assert endpoint.requests == []


@every_way_async
@either
@with_or_without_stall
def test_a_read_that_is_cancelled_closes_the_connection(
    package: Any, server: EventServer, way: Way, how: str, stalls: bool
) -> None:
    stream = server.offers(ONE, Do.HOLD)

    async def main() -> None:
        seen = []
        async with way.async_client() as client:
            source = opened(package, client, server.endpoint(stream).url, how, stall=far(package, stalls))

            async def read() -> None:
                async for event in source:
                    seen.append(event.data)

            await begin_and_cancel(way, read, lambda: bool(seen))
            assert await is_alone(way, stream)
            assert await anext(source, "the end") == "the end"
        assert seen == ["1"]

    run_in(way.loop, main)


@every_way_async
@either
@with_or_without_stall
def test_a_request_that_is_cancelled_before_the_answer_closes_the_connection(
    package: Any, server: EventServer, way: Way, how: str, stalls: bool
) -> None:
    silent = server.raw(Do.HOLD)
    endpoint = server.endpoint(silent)

    async def main() -> None:
        async with way.async_client() as client:
            source = opened(package, client, endpoint.url, how, stall=far(package, stalls))

            async def read() -> None:
                async with source:
                    await anext(source)

            await begin_and_cancel(way, read, lambda: bool(endpoint.requests))
            assert await is_alone(way, silent)
            assert await anext(source, "the end") == "the end"
            assert source.response is None

    run_in(way.loop, main)


@every_way_async
@pytest.mark.parametrize("failed", [False, True], ids=["after a stream", "after a failure"])
def test_a_wait_that_is_cancelled_ends_the_iteration(package: Any, server: EventServer, way: Way, failed: bool) -> None:
    endpoint = server.endpoint(server.raw(Do.DROP) if failed else server.offers(ONE))

    async def main() -> None:
        told: list[Any] = []
        async with way.async_client() as client:
            source = package.AsyncEventSource(
                client, endpoint.url, retry=YEARS, on_reconnect=lambda *reconnect: told.append(reconnect)
            )

            async def read() -> None:
                async for _ in source:
                    pass

            await begin_and_cancel(way, read, lambda: bool(told))
            assert await is_alone(way)
            assert await anext(source, "the end") == "the end"
        assert len(told) == len(endpoint.requests) == 1

    run_in(way.loop, main)


@every_way_async
def test_a_timeout_around_a_wait_ends_the_iteration(package: Any, server: EventServer, way: Way) -> None:
    endpoint = server.endpoint(server.raw(Do.DROP))

    async def main() -> None:
        async with way.async_client() as client, package.AsyncEventSource(client, endpoint.url, retry=YEARS) as source:
            if way.loop == "trio":
                with trio.move_on_after(0.05) as scope:
                    await anext(source)
                assert scope.cancelled_caught
            else:
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.05):
                        await anext(source)
            assert await anext(source, "the end") == "the end"

    run_in(way.loop, main)


async def beside(
    way: Way, work: Callable[[], Coroutine[Any, Any, None]], then: Callable[[], Coroutine[Any, Any, None]]
) -> None:
    """Run the work in a task, and `then` when that waits for something; return when both have ended."""
    if way.loop == "trio":
        async with trio.open_nursery() as nursery:
            nursery.start_soon(work)
            await trio.testing.wait_all_tasks_blocked(0.01)
            await then()
    else:
        async with asyncio.TaskGroup() as group:
            group.create_task(work())
            await asyncio.sleep(0.01)
            await then()


@every_way_async
def test_aclose_in_another_task_ends_a_wait(package: Any, server: EventServer, way: Way) -> None:
    endpoint = server.gives(ONE)

    async def main() -> None:
        seen: list[str] = []
        async with way.async_client() as client:
            source = package.AsyncEventSource(client, endpoint.url, retry=YEARS)
            assert (await anext(source)).data == "1"

            async def read() -> None:
                seen.append(await anext(source, "the end"))

            async def close() -> None:
                while source._stream is not None:
                    await pause(way.loop, 0.001)
                await source.aclose()

            await beside(way, read, close)
            assert seen == ["the end"]
            assert await is_alone(way)
        assert len(endpoint.requests) == 1

    run_in(way.loop, main)


@every_way_async
def test_aclose_in_another_task_ends_a_read(package: Any, server: EventServer, way: Way) -> None:
    stream = server.offers(ONE, Do.HOLD)
    endpoint = server.endpoint(stream)

    async def main() -> None:
        ended: list[Any] = []
        async with way.async_client() as client:
            source = package.AsyncEventSource(client, endpoint.url)
            assert (await anext(source)).data == "1"

            async def read() -> None:
                ended.append(await anext(source, "the end"))

            # Who closes a connection of asyncio's under its reader leaves that one waiting, with some versions; what
            # ends the wait then is the server, which gives up.
            await beside(way, read, source.aclose)
            assert ended == ["the end"]
            assert await is_alone(way, stream)
        assert len(endpoint.requests) == 1

    run_in(way.loop, main)


@every_way_async
@either
def test_aclose_in_another_task_while_no_answer_came_ends_it_when_one_comes(
    package: Any, server: EventServer, way: Way, how: str
) -> None:
    stream = server.raw(Do.WAIT, b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + ONE, Do.HOLD)
    endpoint = server.endpoint(stream)

    async def main() -> None:
        ended: list[Any] = []
        async with way.async_client() as client:
            source = opened(package, client, endpoint.url, how)

            async def read() -> None:
                ended.append(await anext(source, "the end"))

            async def close() -> None:
                while not endpoint.requests:
                    await pause(way.loop, 0.001)
                await source.aclose()
                stream.go()

            await beside(way, read, close)
            assert ended == ["the end"]
            assert await is_alone(way, stream)

    run_in(way.loop, main)


@every_way_async
def test_a_second_reader_is_refused_and_the_first_reads_on(package: Any, server: EventServer, way: Way) -> None:
    stream = server.offers(ONE, Do.WAIT, TWO, Do.HOLD)

    async def main() -> None:
        seen = []
        async with way.async_client() as client:
            async with package.AsyncEventSource(client, server.endpoint(stream).url) as source:
                assert (await anext(source)).data == "1"

                async def read() -> None:
                    seen.append((await anext(source)).data)

                async def second() -> None:
                    with pytest.raises(ValueError, match="one reader at a time"):
                        await anext(source)
                    stream.go()

                await beside(way, read, second)
        assert seen == ["2"]

    run_in(way.loop, main)


@every_way_async
@either
def test_a_source_that_is_collected_half_read_is_one_warning_that_names_async_with(
    package: Any, server: EventServer, way: Way, how: str
) -> None:
    stream = server.offers(ONE, Do.HOLD)

    async def main() -> None:
        async with way.async_client() as client:
            source = opened(package, client, server.endpoint(stream).url, how)
            await anext(source)
            with pytest.warns(ResourceWarning) as warned:
                del source
                gc.collect()
            ours = [str(one.message) for one in warned if "Async generator 'http" not in str(one.message)]
            assert len(ours) == 1
            assert f"async with {how}(...)" in ours[0]

    run_in(way.loop, main)


@every_way_async
def test_a_source_that_was_never_read_or_has_ended_is_collected_in_silence(
    package: Any, server: EventServer, way: Way
) -> None:
    no_more = server.offers(status=204, content_type=None, framing="length")
    endpoint = server.endpoint(server.offers(ONE), server.raw(Do.DROP), no_more)
    refused = server.endpoint(server.offers(b"no", status=500))

    async def main() -> None:
        async with way.async_client() as client:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                package.AsyncEventSource(client, endpoint.url)
                package.aconnect(client, "GET", endpoint.url)
                source = package.AsyncEventSource(client, endpoint.url, retry=0)
                assert [event.data async for event in source] == ["1"]
                other = package.AsyncEventSource(client, refused.url)
                with pytest.raises(package.UnexpectedStatus):
                    await anext(other)
                del source, other
                gc.collect()
        assert len(endpoint.requests) == 3

    run_in(way.loop, main)


@every_way_async
def test_sources_that_wait_cost_no_task(package: Any, server: EventServer, way: Way) -> None:
    stream = server.offers(ONE, Do.HOLD)

    async def main() -> None:
        async with way.async_client() as client:
            source = package.AsyncEventSource(client, server.endpoint(stream).url, stall=far(package, True))
            async with source:
                await anext(source)
                # trio has no tasks but those of a nursery.
                assert way.loop == "trio" or tasks() == {asyncio.current_task()}

    run_in(way.loop, main)


def test_a_read_that_is_thrown_away_in_a_wait_closes_the_source(package: Any) -> None:
    class Never:
        def __await__(self) -> Any:
            yield

    def refuse(request: Any) -> Any:
        raise httpx.ConnectError("no")

    async def main() -> None:
        # No server, as who drives a coroutine by hand cannot wait for one.
        async with httpx.AsyncClient(transport=httpx.MockTransport(refuse), verify=False) as client:
            source = package.AsyncEventSource(client, "http://127.0.0.1:1/", sleep=lambda seconds: Never())
            reading = source.__anext__()
            reading.send(None)
            reading.close()
            assert await anext(source, "the end") == "the end"

    run_in("asyncio", main)
