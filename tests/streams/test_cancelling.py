"""A cancelled read closes the stream: the cancellation passes, and no task is left behind."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
import trio
import trio.testing

from .cases import ONE, TWO, numbered
from .clients import ASYNC_CLIENTS, AsyncClient
from .server import Do

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .server import Server

asyncio_clients = pytest.mark.parametrize("client", [one for one in ASYNC_CLIENTS if one.loop == "asyncio"], ids=str)
trio_clients = pytest.mark.parametrize("client", [one for one in ASYNC_CLIENTS if one.loop == "trio"], ids=str)
with_or_without_stall = pytest.mark.parametrize("stalls", [False, True], ids=["no stall", "stall"])
SOON = 0.05  # seconds: the timeout around a read that waits for ever


def long_stall(package: Any, stalls: bool) -> Any:
    """Return a limit that no test reaches, or None."""
    return package.Stall(idle=600, progress=600) if stalls else None


async def is_alone(client: AsyncClient, exchange: Any) -> bool:
    """Return whether the server saw the connection closed, and only this task is left."""
    closed = await client.in_thread(exchange.is_hung_up)
    return closed and asyncio.all_tasks() == {asyncio.current_task()}


@asyncio_clients
@with_or_without_stall
@pytest.mark.parametrize("started", [True, False], ids=["after an event", "at the first read"])
def test_cancelled_task_closes_the_stream(
    package: Any, server: Server, client: AsyncClient, stalls: bool, started: bool
) -> None:
    exchange = server.offers(ONE, Do.HOLD) if started else server.offers(Do.HOLD)

    async def main() -> None:
        async with client.opens(exchange.url) as response:
            stream = package.aiter_events(response, stall=long_stall(package, stalls))
            waits = asyncio.Event()

            async def read() -> None:
                if started:
                    await anext(stream)
                waits.set()
                await anext(stream)

            reading = asyncio.create_task(read())
            await waits.wait()
            reading.cancel("enough")
            with pytest.raises(asyncio.CancelledError):
                await reading
            assert reading.cancelled()
            assert stream.outcome is package.Outcome.CLOSED
            assert await is_alone(client, exchange)
            assert await anext(stream, "the end") == "the end"

    client.run(main)


@asyncio_clients
@with_or_without_stall
def test_asyncio_timeout_around_a_read(package: Any, server: Server, client: AsyncClient, stalls: bool) -> None:
    exchange = server.offers(ONE, Do.HOLD)

    async def main() -> None:
        async with client.opens(exchange.url) as response:
            async with package.aiter_events(response, stall=long_stall(package, stalls)) as stream:
                await anext(stream)
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(SOON):
                        await anext(stream)
                assert stream.outcome is package.Outcome.CLOSED
            task = asyncio.current_task()
            assert task is not None
            assert task.cancelling() == 0
            assert await is_alone(client, exchange)

    client.run(main)


@asyncio_clients
@with_or_without_stall
def test_failing_task_group_cancels_its_readers(
    package: Any, server: Server, client: AsyncClient, stalls: bool
) -> None:
    exchange = server.offers(ONE, Do.HOLD)

    async def main() -> None:
        async with client.opens(exchange.url) as response:
            stream = package.aiter_events(response, stall=long_stall(package, stalls))

            async def read(waits: asyncio.Event) -> None:
                async with stream:
                    async for _ in stream:
                        waits.set()

            with pytest.raises(ExceptionGroup) as caught:
                async with asyncio.TaskGroup() as group:
                    waits = asyncio.Event()
                    group.create_task(read(waits))
                    await waits.wait()
                    raise KeyError
            assert [type(error) for error in caught.value.exceptions] == [KeyError]
            assert stream.outcome is package.Outcome.CLOSED
            assert await is_alone(client, exchange)

    client.run(main)


@trio_clients
@with_or_without_stall
@pytest.mark.parametrize("started", [True, False], ids=["after an event", "at the first read"])
def test_cancelled_scope_closes_the_stream(
    package: Any, server: Server, client: AsyncClient, stalls: bool, started: bool
) -> None:
    exchange = server.offers(ONE, Do.HOLD) if started else server.offers(Do.HOLD)

    async def main() -> None:
        async with client.opens(exchange.url) as response:
            stream = package.aiter_events(response, stall=long_stall(package, stalls))
            async with trio.open_nursery() as nursery:

                async def read() -> None:
                    if started:
                        await anext(stream)
                    await anext(stream)

                nursery.start_soon(read)
                await trio.testing.wait_all_tasks_blocked(0.01)
                nursery.cancel_scope.cancel()
            assert nursery.cancel_scope.cancelled_caught
            assert stream.outcome is package.Outcome.CLOSED
            assert await client.in_thread(exchange.is_hung_up)
            assert await anext(stream, "the end") == "the end"

    client.run(main)


@trio_clients
@with_or_without_stall
def test_trio_move_on_after_around_a_read(package: Any, server: Server, client: AsyncClient, stalls: bool) -> None:
    exchange = server.offers(ONE, Do.HOLD)

    async def main() -> None:
        async with client.opens(exchange.url) as response:
            async with package.aiter_events(response, stall=long_stall(package, stalls)) as stream:
                await anext(stream)
                with trio.move_on_after(SOON) as scope:
                    await anext(stream)
                assert scope.cancelled_caught
                assert stream.outcome is package.Outcome.CLOSED
            assert await client.in_thread(exchange.is_hung_up)

    client.run(main)


@with_or_without_stall
def test_cancellation_between_two_reads_loses_nothing(package: Any, stalls: bool) -> None:
    async def source() -> AsyncIterator[bytes]:
        yield ONE
        yield TWO

    async def main() -> None:
        async with package.aiter_events(source(), stall=long_stall(package, stalls)) as stream:
            assert await anext(stream) == numbered(package, 1)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await asyncio.Event().wait()
            assert stream.outcome is None
            assert await anext(stream) == numbered(package, 2)

    asyncio.run(main())


@with_or_without_stall
def test_cancelled_read_closes_a_generator(package: Any, stalls: bool) -> None:
    done = []

    async def source() -> AsyncIterator[bytes]:
        try:
            yield ONE
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            done.append(True)

    async def main() -> None:
        stream = package.aiter_events(source(), stall=long_stall(package, stalls))
        await anext(stream)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await anext(stream)
        assert done == [True]
        assert stream.outcome is package.Outcome.CLOSED

    asyncio.run(main())
