"""Closing an AsyncEventSource and the stream of aconnect; cancelled reads and waits."""

from __future__ import annotations

import asyncio
import gc
import warnings
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import trio
import trio.testing
from streams.cases import Boom

from .clients import ClientKind, every_async_client, pause, run_in
from .server import Do

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from .server import EventServer, Exchange

ONE, TWO = b"id: 1\ndata: 1\n\n", b"id: 2\ndata: 2\n\n"
YEARS = 10**14  # ms


def opened(package: Any, client: Any, url: str, how: str, **options: Any) -> Any:
    """Return an AsyncEventSource or the stream of aconnect."""
    if how == "aconnect":
        return package.aconnect(client, "GET", url, **options)
    return package.AsyncEventSource(client, url, **options)


aconnect_or_event_source = pytest.mark.parametrize("how", ["aconnect", "AsyncEventSource"])
with_or_without_stall = pytest.mark.parametrize("stalls", [False, True], ids=["no stall", "stall"])


def long_stall(package: Any, stalls: bool) -> Any:
    """Return a limit that no test reaches, or None."""
    return package.Stall(idle=600, progress=600) if stalls else None


async def start_and_cancel(
    kind: ClientKind, work: Callable[[], Coroutine[Any, Any, None]], waits: Callable[[], bool]
) -> None:
    """Start the work in a task, cancel it once `waits()` is true, and check that the cancellation passed."""

    async def until_it_waits() -> None:
        while not waits():  # this depends on the server's thread
            await pause(kind.loop, 0.001)
        await pause(kind.loop, 0.01)

    if kind.loop == "trio":
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


async def is_alone(kind: ClientKind, *exchanges: Exchange) -> bool:
    """Return whether the server saw the connections closed, and only this task is left."""
    closed = all([await kind.in_thread(exchange.is_hung_up) for exchange in exchanges])
    return closed and (kind.loop == "trio" or tasks() == {asyncio.current_task()})


def tasks() -> set[Any]:
    """Return asyncio's tasks, without those that close the inner generators of httpx."""
    return {task for task in asyncio.all_tasks() if type(task.get_coro()).__name__ != "async_generator_athrow"}


@every_async_client
@aconnect_or_event_source
def test_leaving_the_with_block_closes_the_connection(
    package: Any, server: EventServer, kind: ClientKind, how: str
) -> None:
    stream = server.offers(ONE, Do.HOLD)

    async def main() -> None:
        async with kind.async_client() as client:
            async with opened(package, client, server.endpoint(stream).url, how) as source:
                async for _ in source:
                    break
                response = source.response
            assert response.is_closed
            assert await is_alone(kind, stream)
            assert await anext(source, "the end") == "the end"
            assert not client.is_closed

    run_in(kind.loop, main)


@every_async_client
@aconnect_or_event_source
def test_error_in_the_with_block_closes_the_connection(
    package: Any, server: EventServer, kind: ClientKind, how: str
) -> None:
    stream = server.offers(ONE, Do.HOLD)

    async def main() -> None:
        async with kind.async_client() as client:
            with pytest.raises(Boom):
                async with opened(package, client, server.endpoint(stream).url, how) as source:
                    await anext(source)
                    raise Boom
            assert await is_alone(kind, stream)

    run_in(kind.loop, main)


@every_async_client
@aconnect_or_event_source
def test_aclose_is_idempotent(package: Any, server: EventServer, kind: ClientKind, how: str) -> None:
    stream = server.offers(ONE, Do.HOLD)

    async def main() -> None:
        async with kind.async_client() as client:
            source = opened(package, client, server.endpoint(stream).url, how)
            await anext(source)
            await source.aclose()
            await source.aclose()
            assert await is_alone(kind, stream)
            async with source:
                assert [event async for event in source] == []
            await source.aclose()

    run_in(kind.loop, main)


@every_async_client
@aconnect_or_event_source
def test_closed_before_reading_sends_nothing(package: Any, server: EventServer, kind: ClientKind, how: str) -> None:
    endpoint = server.repeats(ONE)

    async def main() -> None:
        async with kind.async_client() as client:
            source = opened(package, client, endpoint.url, how)
            await source.aclose()
            async with source:
                assert [event async for event in source] == []
            assert source.response is None

    run_in(kind.loop, main)
    assert endpoint.requests == []


@every_async_client
@aconnect_or_event_source
@with_or_without_stall
def test_cancelled_read_closes_the_connection(
    package: Any, server: EventServer, kind: ClientKind, how: str, stalls: bool
) -> None:
    stream = server.offers(ONE, Do.HOLD)

    async def main() -> None:
        seen = []
        async with kind.async_client() as client:
            source = opened(package, client, server.endpoint(stream).url, how, stall=long_stall(package, stalls))

            async def read() -> None:
                async for event in source:
                    seen.append(event.data)

            await start_and_cancel(kind, read, lambda: bool(seen))
            assert await is_alone(kind, stream)
            assert await anext(source, "the end") == "the end"
        assert seen == ["1"]

    run_in(kind.loop, main)


@every_async_client
@aconnect_or_event_source
@with_or_without_stall
def test_cancelled_request_closes_the_connection(
    package: Any, server: EventServer, kind: ClientKind, how: str, stalls: bool
) -> None:
    silent = server.raw(Do.HOLD)
    endpoint = server.endpoint(silent)

    async def main() -> None:
        async with kind.async_client() as client:
            source = opened(package, client, endpoint.url, how, stall=long_stall(package, stalls))

            async def read() -> None:
                async with source:
                    await anext(source)

            await start_and_cancel(kind, read, lambda: bool(endpoint.requests))
            assert await is_alone(kind, silent)
            assert await anext(source, "the end") == "the end"
            assert source.response is None

    run_in(kind.loop, main)


@every_async_client
@pytest.mark.parametrize("failed", [False, True], ids=["after a stream", "after a failure"])
def test_cancelled_wait_ends_the_iteration(package: Any, server: EventServer, kind: ClientKind, failed: bool) -> None:
    endpoint = server.endpoint(server.raw(Do.DROP) if failed else server.offers(ONE))

    async def main() -> None:
        reconnects: list[Any] = []
        async with kind.async_client() as client:
            source = package.AsyncEventSource(
                client, endpoint.url, retry=YEARS, on_reconnect=lambda *reconnect: reconnects.append(reconnect)
            )

            async def read() -> None:
                async for _ in source:
                    pass

            await start_and_cancel(kind, read, lambda: bool(reconnects))
            assert await is_alone(kind)
            assert await anext(source, "the end") == "the end"
        assert len(reconnects) == len(endpoint.requests) == 1

    run_in(kind.loop, main)


@every_async_client
def test_timeout_around_a_wait_ends_the_iteration(package: Any, server: EventServer, kind: ClientKind) -> None:
    endpoint = server.endpoint(server.raw(Do.DROP))

    async def main() -> None:
        async with kind.async_client() as client, package.AsyncEventSource(client, endpoint.url, retry=YEARS) as source:
            if kind.loop == "trio":
                with trio.move_on_after(0.05) as scope:
                    await anext(source)
                assert scope.cancelled_caught
            else:
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.05):
                        await anext(source)
            assert await anext(source, "the end") == "the end"

    run_in(kind.loop, main)


async def run_while_waiting(
    kind: ClientKind, work: Callable[[], Coroutine[Any, Any, None]], then: Callable[[], Coroutine[Any, Any, None]]
) -> None:
    """Start the work in a task, call `then` once that task waits, and return when both have ended."""
    if kind.loop == "trio":
        async with trio.open_nursery() as nursery:
            nursery.start_soon(work)
            await trio.testing.wait_all_tasks_blocked(0.01)
            await then()
    else:
        async with asyncio.TaskGroup() as group:
            group.create_task(work())
            await asyncio.sleep(0.01)
            await then()


@every_async_client
def test_aclose_in_another_task_ends_a_wait(package: Any, server: EventServer, kind: ClientKind) -> None:
    endpoint = server.repeats(ONE)

    async def main() -> None:
        seen: list[str] = []
        async with kind.async_client() as client:
            source = package.AsyncEventSource(client, endpoint.url, retry=YEARS)
            assert (await anext(source)).data == "1"

            async def read() -> None:
                seen.append(await anext(source, "the end"))

            async def close() -> None:
                while source._stream is not None:  # noqa: SLF001
                    await pause(kind.loop, 0.001)
                await source.aclose()

            await run_while_waiting(kind, read, close)
            assert seen == ["the end"]
            assert await is_alone(kind)
        assert len(endpoint.requests) == 1

    run_in(kind.loop, main)


@every_async_client
def test_aclose_in_another_task_ends_a_read(package: Any, server: EventServer, kind: ClientKind) -> None:
    stream = server.offers(ONE, Do.HOLD)
    endpoint = server.endpoint(stream)

    async def main() -> None:
        ended: list[Any] = []
        async with kind.async_client() as client:
            source = package.AsyncEventSource(client, endpoint.url)
            assert (await anext(source)).data == "1"

            async def read() -> None:
                ended.append(await anext(source, "the end"))

            # In some versions of asyncio, closing a connection does not wake its reader. Then the server's timeout
            # ends the wait.
            await run_while_waiting(kind, read, source.aclose)
            assert ended == ["the end"]
            assert await is_alone(kind, stream)
        assert len(endpoint.requests) == 1

    run_in(kind.loop, main)


@every_async_client
@aconnect_or_event_source
def test_aclose_in_another_task_before_the_answer(
    package: Any, server: EventServer, kind: ClientKind, how: str
) -> None:
    stream = server.raw(Do.WAIT, b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + ONE, Do.HOLD)
    endpoint = server.endpoint(stream)

    async def main() -> None:
        ended: list[Any] = []
        async with kind.async_client() as client:
            source = opened(package, client, endpoint.url, how)

            async def read() -> None:
                ended.append(await anext(source, "the end"))

            async def close() -> None:
                while not endpoint.requests:
                    await pause(kind.loop, 0.001)
                await source.aclose()
                stream.go()

            await run_while_waiting(kind, read, close)
            assert ended == ["the end"]
            assert await is_alone(kind, stream)

    run_in(kind.loop, main)


@every_async_client
def test_second_reader_is_refused_and_first_reads_on(package: Any, server: EventServer, kind: ClientKind) -> None:
    stream = server.offers(ONE, Do.WAIT, TWO, Do.HOLD)

    async def main() -> None:
        seen = []
        async with kind.async_client() as client:
            async with package.AsyncEventSource(client, server.endpoint(stream).url) as source:
                assert (await anext(source)).data == "1"

                async def read() -> None:
                    seen.append((await anext(source)).data)

                async def second() -> None:
                    with pytest.raises(ValueError, match="one reader at a time"):
                        await anext(source)
                    stream.go()

                await run_while_waiting(kind, read, second)
        assert seen == ["2"]

    run_in(kind.loop, main)


@every_async_client
@aconnect_or_event_source
def test_collected_half_read_warns_once_and_names_async_with(
    package: Any, server: EventServer, kind: ClientKind, how: str
) -> None:
    stream = server.offers(ONE, Do.HOLD)

    async def main() -> None:
        async with kind.async_client() as client:
            source = opened(package, client, server.endpoint(stream).url, how)
            await anext(source)
            with pytest.warns(ResourceWarning) as warned:
                del source
                gc.collect()
            ours = [str(one.message) for one in warned if "Async generator 'http" not in str(one.message)]
            assert len(ours) == 1
            assert f"async with {how}(...)" in ours[0]

    run_in(kind.loop, main)


@every_async_client
def test_no_warning_if_never_read_or_ended(package: Any, server: EventServer, kind: ClientKind) -> None:
    endpoint = server.endpoint(server.offers(ONE), server.raw(Do.DROP), server.no_content())
    refused = server.endpoint(server.offers(b"no", status=500))

    async def main() -> None:
        async with kind.async_client() as client:
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

    run_in(kind.loop, main)


@every_async_client
def test_waiting_source_uses_no_task(package: Any, server: EventServer, kind: ClientKind) -> None:
    stream = server.offers(ONE, Do.HOLD)

    async def main() -> None:
        async with kind.async_client() as client:
            source = package.AsyncEventSource(client, server.endpoint(stream).url, stall=long_stall(package, True))
            async with source:
                await anext(source)
                # In trio all tasks belong to a nursery.
                assert kind.loop == "trio" or tasks() == {asyncio.current_task()}

    run_in(kind.loop, main)


def test_read_abandoned_in_a_wait_closes_the_source(package: Any) -> None:
    class Never:
        def __await__(self) -> Any:
            yield

    def refuse(request: Any) -> Any:
        raise httpx.ConnectError("no")

    async def main() -> None:
        # A coroutine that is driven by hand cannot wait for a server.
        async with httpx.AsyncClient(transport=httpx.MockTransport(refuse), verify=False) as client:
            source = package.AsyncEventSource(client, "http://127.0.0.1:1/", sleep=lambda seconds: Never())
            reading = source.__anext__()
            reading.send(None)
            reading.close()
            assert await anext(source, "the end") == "the end"

    run_in("asyncio", main)
