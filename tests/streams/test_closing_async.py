"""The cases in which an AsyncEventStream closes its source."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import trio
import trio.testing

from .cases import ONE, THREE, TWO, Boom, numbered
from .clients import AsyncClient, async_clients, httpx_leaves_generators, loops, pause, run_in
from .server import WAIT_LIMIT, Do

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from .server import Server

pytestmark = httpx_leaves_generators


@async_clients
def test_leaving_the_with_block_closes_the_connection(package: Any, server: Server, client: AsyncClient) -> None:
    exchange = server.offers(ONE, Do.HOLD)

    async def main() -> None:
        async with client.opens(exchange.url) as response:
            async with package.aiter_events(response) as stream:
                async for _ in stream:
                    break
            assert stream.outcome is package.Outcome.CLOSED
            assert await client.in_thread(exchange.is_hung_up)
            assert await anext(stream, "the end") == "the end"

    client.run(main)


@async_clients
def test_unread_with_block_closes_the_connection(package: Any, server: Server, client: AsyncClient) -> None:
    exchange = server.offers(ONE, Do.HOLD)

    async def main() -> None:
        async with client.opens(exchange.url) as response:
            async with package.aiter_events(response) as stream:
                pass
            assert stream.outcome is package.Outcome.CLOSED
            assert await client.in_thread(exchange.is_hung_up)

    client.run(main)


@async_clients
def test_error_in_the_with_block_closes_the_connection(package: Any, server: Server, client: AsyncClient) -> None:
    exchange = server.offers(ONE, Do.HOLD)

    async def main() -> None:
        async with client.opens(exchange.url) as response:
            with pytest.raises(Boom):
                async with package.aiter_events(response) as stream:
                    await anext(stream)
                    raise Boom
            assert stream.outcome is package.Outcome.CLOSED
            assert await client.in_thread(exchange.is_hung_up)

    client.run(main)


@async_clients
def test_stream_error_closes_the_connection_without_with(package: Any, server: Server, client: AsyncClient) -> None:
    exchange = server.offers(ONE + b"data: " + b"x" * 100, Do.HOLD)

    async def main() -> None:
        async with client.opens(exchange.url) as response:
            stream = package.aiter_events(response, max_event_size=50)
            await anext(stream)
            with pytest.raises(package.EventTooLarge):
                await anext(stream)
            assert stream.outcome is package.Outcome.FAILED
            assert await client.in_thread(exchange.is_hung_up)

    client.run(main)


@async_clients
def test_aclose_closes_the_connection_and_is_idempotent(package: Any, server: Server, client: AsyncClient) -> None:
    exchange = server.offers(ONE, Do.HOLD)

    async def main() -> None:
        async with client.opens(exchange.url) as response:
            stream = package.aiter_events(response)
            await anext(stream)
            await stream.aclose()
            await stream.aclose()
            assert stream.outcome is package.Outcome.CLOSED
            assert await client.in_thread(exchange.is_hung_up)
            async with stream:
                assert [event async for event in stream] == []
            await stream.aclose()
            assert stream.outcome is package.Outcome.CLOSED

    client.run(main)


@async_clients
def test_second_loop_continues_where_the_first_stopped(package: Any, server: Server, client: AsyncClient) -> None:
    exchange = server.offers(ONE + TWO, Do.WAIT, THREE)

    async def main() -> None:
        seen: list[Any] = []
        async with client.opens(exchange.url) as response, package.aiter_events(response) as stream:
            while len(seen) < 3:
                async for event in stream:
                    seen.append(event)
                    break
                if len(seen) == 2:
                    exchange.go()
                assert stream.outcome is None
        assert seen == [numbered(package, 1), numbered(package, 2), numbered(package, 3)]

    client.run(main)


@async_clients
def test_aclose_in_another_task_ends_a_read(package: Any, server: Server, client: AsyncClient) -> None:
    exchange = server.offers(ONE, Do.HOLD)

    async def main() -> None:
        async with client.opens(exchange.url) as response:
            stream = package.aiter_events(response)
            await anext(stream)
            ended: list[Any] = []

            async def read() -> None:
                try:
                    ended.append(await anext(stream, "the end"))
                except client.broken as error:
                    ended.append(error)

            if client.loop == "trio":
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(read)
                    await trio.testing.wait_all_tasks_blocked()
                    await stream.aclose()
            else:
                reading = asyncio.create_task(read())
                await asyncio.sleep(0)
                await stream.aclose()
                await reading
            assert len(ended) == 1
            assert stream.outcome is package.Outcome.CLOSED
            assert await client.in_thread(exchange.is_hung_up)

    client.run(main)


@loops
def test_loop_ends_when_its_body_closes_the_stream(package: Any, loop: str) -> None:
    async def main() -> None:
        stream = package.aiter_events(ONE + TWO)
        seen = []
        async for event in stream:
            seen.append(event)
            await stream.aclose()
        assert seen == [numbered(package, 1)]
        assert stream.outcome is package.Outcome.CLOSED

    run_in(loop, main)


async def end_by_with(stream: Any) -> None:
    async with stream:
        await anext(stream)


async def end_by_aclose(stream: Any) -> None:
    await anext(stream)
    await stream.aclose()


async def end_by_aclose_before_the_first_read(stream: Any) -> None:
    await stream.aclose()


async def end_by_an_error(stream: Any) -> None:
    with pytest.raises(Boom):
        async with stream:
            await anext(stream)
            raise Boom


async def end_by_the_limit(stream: Any) -> None:
    with pytest.raises(Exception, match="event of at least"):
        async for _ in stream:
            pass


ends = pytest.mark.parametrize(
    "end",
    [end_by_with, end_by_aclose, end_by_aclose_before_the_first_read, end_by_an_error, end_by_the_limit],
    ids=lambda end: end.__name__.removeprefix("end_").replace("_", " "),
)


@loops
@ends
def test_async_generator_is_closed(package: Any, loop: str, end: Callable[[Any], Awaitable[None]]) -> None:
    async def source() -> AsyncIterator[bytes]:
        yield ONE
        yield b"data: " + b"x" * 100

    async def main() -> None:
        chunks: Any = source()
        await end(package.aiter_events(chunks, max_event_size=20))
        assert chunks.ag_frame is None

    run_in(loop, main)


@loops
@ends
@pytest.mark.parametrize("started", [True, False])
def test_async_generator_may_await_while_closing(
    package: Any, loop: str, end: Callable[[Any], Awaitable[None]], started: bool
) -> None:
    done = []

    async def source() -> AsyncIterator[bytes]:
        try:
            yield ONE
            yield ONE
            yield b"data: " + b"x" * 100
        finally:
            await pause(loop)
            done.append(True)

    async def main() -> None:
        chunks = source()
        if started:
            await anext(chunks)
        stream = package.aiter_events(chunks, max_event_size=20)
        await end(stream)
        # A generator that was never started has nothing to clean up.
        assert done == ([] if not started and end is end_by_aclose_before_the_first_read else [True])

    run_in(loop, main)


@loops
def test_error_of_an_async_generator_passes(package: Any, loop: str) -> None:
    async def source() -> AsyncIterator[bytes]:
        yield ONE
        raise Boom

    async def main() -> None:
        stream = package.aiter_events(source())
        await anext(stream)
        with pytest.raises(Boom):
            await anext(stream)
        assert stream.outcome is package.Outcome.FAILED
        assert await anext(stream, "the end") == "the end"

    run_in(loop, main)


@loops
def test_aclose_in_another_task_closes_a_waiting_generator(package: Any, loop: str) -> None:
    async def main() -> None:
        go_on: Any = trio.Event() if loop == "trio" else asyncio.Event()

        async def source() -> AsyncIterator[bytes]:
            yield ONE
            await go_on.wait()
            yield TWO

        chunks: Any = source()
        stream = package.aiter_events(chunks)
        await anext(stream)
        ended = []

        async def read() -> None:
            ended.append(await anext(stream, "the end"))

        if loop == "trio":
            async with trio.open_nursery() as nursery:
                nursery.start_soon(read)
                await trio.testing.wait_all_tasks_blocked()
                await stream.aclose()
                go_on.set()
        else:
            reading = asyncio.create_task(read())
            await asyncio.sleep(0)
            await stream.aclose()
            go_on.set()
            await reading
        assert ended == ["the end"]
        assert stream.outcome is package.Outcome.CLOSED
        assert chunks.ag_frame is None

    run_in(loop, main)


@async_clients
@pytest.mark.parametrize("started", [True, False], ids=["half read", "not read"])
def test_collected_open_warns_once_and_names_async_with(
    package: Any, server: Server, client: AsyncClient, started: bool
) -> None:
    exchange = server.offers(ONE, Do.HOLD)

    async def main() -> None:
        async with client.opens(exchange.url) as response:
            stream = package.aiter_events(response)
            if started:
                await anext(stream)
            with pytest.warns(ResourceWarning) as warned:
                del stream
                gc.collect()
            ours = [str(one.message) for one in warned if "Async generator 'http" not in str(one.message)]
            assert len(ours) == 1
            assert "async with" in ours[0]

    client.run(main)


def test_no_warning_if_ended_or_closed(package: Any) -> None:
    async def main() -> None:
        stream = package.aiter_events(ONE)
        assert [event async for event in stream] == [numbered(package, 1)]
        del stream
        gc.collect()
        stream = package.aiter_events(ONE)
        await stream.aclose()
        del stream
        gc.collect()
        stream = package.aiter_events(ONE, max_event_size=1)
        with pytest.raises(package.EventTooLarge):
            await anext(stream)
        del stream
        gc.collect()

    asyncio.run(main())


@pytest.mark.parametrize("read", ["", "await anext(stream)"])
def test_open_stream_at_interpreter_exit_is_silent(backend: str, read: str) -> None:
    program = f"""
import asyncio, ssescan
async def source():
    yield b"data: 1\\n\\n"
    yield b"data: 2\\n\\n"
async def main():
    global stream, other
    stream = ssescan.aiter_events(source())
    other = ssescan.iter_events(iter([b"data: 1\\n\\n"]))
    next(other)
    {read or "pass"}
asyncio.run(main())
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"SSESCAN_BACKEND": backend},
        capture_output=True,
        text=True,
        timeout=WAIT_LIMIT,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@loops
def test_generator_over_a_stream_may_stop_early(package: Any, loop: str) -> None:
    async def source() -> AsyncIterator[bytes]:
        try:
            yield ONE
            yield TWO
        finally:
            await pause(loop)

    async def texts(chunks: Any) -> AsyncIterator[str]:
        async with package.aiter_events(chunks) as stream:
            async for event in stream:
                yield event.data

    async def main() -> None:
        chunks: Any = source()
        outer: Any = texts(chunks)
        async for text in outer:
            assert text == "1"
            break
        await outer.aclose()
        assert chunks.ag_frame is None

    run_in(loop, main)


@pytest.mark.skipif(
    sys.version_info < (3, 13), reason="until 3.13 a generator whose read was abandoned counts as running"
)
def test_abandoned_read_closes_the_stream_silently(package: Any) -> None:
    async def source() -> AsyncIterator[bytes]:
        yield ONE
        await asyncio.Event().wait()

    async def main() -> None:
        chunks: Any = source()
        stream = package.aiter_events(chunks)
        await anext(stream)
        reading = stream.__anext__()
        reading.send(None)
        reading.close()
        assert stream.outcome is package.Outcome.CLOSED
        await stream.aclose()
        assert chunks.ag_frame is None
        assert await anext(stream, "the end") == "the end"

    asyncio.run(main())
