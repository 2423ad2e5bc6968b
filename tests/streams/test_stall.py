"""Stall: a stream that brings no bytes, or no events, for too long. No test here measures time."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
import trio

from .cases import ONE, THREE, TWO, one
from .clients import CLIENTS, AsyncClient, Client, async_clients, loops, pause, run_in, sync_clients
from .server import WAIT_LIMIT, Do

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from .server import Server

SHORT = 0.05  # seconds: a limit that is to pass
LONG = 600  # seconds: a limit that is not

# What is sent, the limits, and which of them passes.
stalls = pytest.mark.parametrize(
    ("then", "limits", "reason"),
    [
        (Do.HOLD, {"idle": SHORT}, "idle"),
        (Do.HOLD, {"progress": SHORT}, "progress"),
        (Do.HOLD, {"idle": SHORT, "progress": LONG}, "idle"),
        (Do.HOLD, {"idle": LONG, "progress": SHORT}, "progress"),
        (Do.PING, {"progress": SHORT}, "progress"),
        (Do.PING, {"idle": LONG, "progress": SHORT}, "progress"),
    ],
    ids=lambda value: str(value) if isinstance(value, Do) else None,
)


@async_clients
@stalls
def test_a_stream_that_stalls_raises(
    package: Any, server: Server, client: AsyncClient, then: Do, limits: dict[str, float], reason: str
) -> None:
    exchange = server.offers(ONE + TWO + b"event: ping\n", then)

    async def main() -> None:
        async with client.opens(exchange.url) as response:
            stream = package.aiter_events(response, stall=package.Stall(**limits))
            assert await anext(stream) == one(package, 1)
            assert await anext(stream) == one(package, 2)
            with pytest.raises(package.StreamStalled) as caught:
                await anext(stream)
            error = caught.value
            assert (error.reason, error.seconds, error.events) == (reason, SHORT, 2)
            assert stream.outcome is package.Outcome.FAILED
            assert await client.in_thread(exchange.is_hung_up)
            assert await anext(stream, "the end") == "the end"
            if client.loop == "asyncio":
                task = asyncio.current_task()
                assert task is not None
                assert task.cancelling() == 0
                assert asyncio.all_tasks() == {task}

    client.run(main)


@async_clients
def test_comments_that_are_given_are_no_progress(package: Any, server: Server, client: AsyncClient) -> None:
    exchange = server.offers(ONE, Do.PING)

    async def main() -> None:
        async with client.opens(exchange.url) as response:
            limits = package.Stall(idle=LONG, progress=SHORT)
            async with package.aiter_events(response, stall=limits, comments=True) as stream:
                with pytest.raises(package.StreamStalled) as caught:
                    async for item in stream:
                        assert item in {one(package, 1), package.Comment("ping")}
        assert (caught.value.reason, caught.value.events) == ("progress", 1)

    client.run(main)


@async_clients
def test_a_stream_within_its_limits_is_read_to_its_end(package: Any, server: Server, client: AsyncClient) -> None:
    exchange = server.offers(b": ping\n\n", ONE, Do.WAIT, TWO, Do.WAIT, THREE)

    async def main() -> None:
        seen = []
        async with client.opens(exchange.url) as response:
            async with package.aiter_events(response, stall=package.Stall(idle=LONG, progress=LONG)) as stream:
                async for event in stream:
                    seen.append(event)
                    exchange.go()
            assert stream.outcome is package.Outcome.ENDED
        assert seen == [one(package, 1), one(package, 2), one(package, 3)]

    client.run(main)


@async_clients
def test_a_refused_body_that_stalls_does_not_hide_the_refusal(
    package: Any, server: Server, client: AsyncClient
) -> None:
    exchange = server.offers(b"no", Do.HOLD, status=500)

    async def main() -> None:
        async with client.opens(exchange.url) as response:
            with pytest.raises(package.UnexpectedStatus) as caught:
                await anext(package.aiter_events(response, stall=package.Stall(idle=SHORT)))
            assert caught.value.body == b"no"

    client.run(main)


@loops
def test_the_time_that_the_program_takes_does_not_count(package: Any, loop: str) -> None:
    async def source() -> AsyncIterator[bytes]:
        for chunk in (ONE, b": ping\n\n", TWO):
            await pause(loop)
            yield chunk

    async def main() -> None:
        # Half a second for a read that waits for nothing: a machine that does much besides may need some of it.
        limits = package.Stall(idle=0.5, progress=0.5)
        async with package.aiter_events(source(), stall=limits, comments=True) as stream:
            seen = [await anext(stream)]
            await pause(loop, 0.6)
            seen.append(await anext(stream))
            time.sleep(0.6)  # noqa: ASYNC251 - a program that blocks the event loop
            seen.append(await anext(stream))
            assert await anext(stream, "the end") == "the end"
        assert seen == [one(package, 1), package.Comment("ping"), one(package, 2)]
        assert stream.outcome is package.Outcome.ENDED

    run_in(loop, main)


@loops
def test_waits_add_up_until_an_event_comes(package: Any, loop: str) -> None:
    async def source() -> AsyncIterator[bytes]:
        yield ONE
        while True:
            await pause(loop, SHORT / 5)
            yield b": ping\n\n"

    async def main() -> None:
        async with package.aiter_events(source(), stall=package.Stall(idle=LONG, progress=SHORT)) as stream:
            await anext(stream)
            with pytest.raises(package.StreamStalled, match=r"no event for 0\.05 s, after 1 events"):
                await anext(stream)

    run_in(loop, main)


@async_clients
def test_a_stream_that_brings_nothing_at_all_stalls(package: Any, server: Server, client: AsyncClient) -> None:
    exchange = server.offers(Do.HOLD)

    async def main() -> None:
        async with client.opens(exchange.url) as response:
            async with package.aiter_events(response, stall=package.Stall(SHORT)) as stream:
                with pytest.raises(package.StreamStalled, match=r"no bytes for 0\.05 s, after 0 events"):
                    await anext(stream)

    client.run(main)


@loops
def test_a_generator_is_closed_when_it_stalls(package: Any, loop: str) -> None:
    done = []

    async def source() -> AsyncIterator[bytes]:
        try:
            yield ONE
            await pause(loop, LONG)
        finally:
            done.append(True)

    async def main() -> None:
        stream = package.aiter_events(source(), stall=package.Stall(idle=SHORT))
        await anext(stream)
        with pytest.raises(package.StreamStalled):
            await anext(stream)
        assert done == [True]

    run_in(loop, main)


@loops
def test_a_read_that_waits_ends_at_its_limit_though_another_task_closed_the_stream(package: Any, loop: str) -> None:
    # A generator cannot be closed while it runs.
    done = []
    stream: Any = None

    async def source() -> AsyncIterator[bytes]:
        yield ONE
        try:
            await stream.aclose()  # as another task would, while the read waits
            await pause(loop, LONG)
        finally:
            done.append(True)

    async def main() -> None:
        nonlocal stream
        stream = package.aiter_events(source(), stall=package.Stall(idle=SHORT))
        assert [event async for event in stream] == [one(package, 1)]
        assert (done, stream.outcome) == ([True], package.Outcome.CLOSED)

    run_in(loop, main)


def test_the_chunk_that_a_source_gives_in_answer_to_the_stall_counts(package: Any) -> None:
    async def source() -> AsyncIterator[bytes]:
        try:
            await asyncio.sleep(LONG)
        except asyncio.CancelledError:
            yield ONE
        yield TWO

    async def main() -> None:
        async with package.aiter_events(source(), stall=package.Stall(idle=SHORT)) as stream:
            assert [event async for event in stream] == [one(package, 1), one(package, 2)]
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0

    asyncio.run(main())


@pytest.mark.parametrize("answer", ["error", "end"])
def test_a_source_that_turns_the_cancellation_into_something_else_is_a_stall_all_the_same(
    package: Any, answer: str
) -> None:
    async def source() -> AsyncIterator[bytes]:
        yield ONE
        try:
            await asyncio.sleep(LONG)
        except asyncio.CancelledError:
            if answer == "error":
                raise ConnectionError from None

    async def main() -> None:
        stream = package.aiter_events(source(), stall=package.Stall(idle=SHORT))
        await anext(stream)
        with pytest.raises(package.StreamStalled):
            await anext(stream)
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0

    asyncio.run(main())


@pytest.mark.parametrize(("idle", "timeout"), [(0.04, 0.05), (0.05, 0.04)])
def test_a_cancellation_from_outside_is_not_mistaken_for_a_stall(package: Any, idle: float, timeout: float) -> None:
    async def source() -> AsyncIterator[bytes]:
        yield ONE
        # Block the event loop, so that both times pass before it looks at either.
        asyncio.get_running_loop().call_soon(time.sleep, 0.1)
        await asyncio.sleep(LONG)

    async def main() -> None:
        stream = package.aiter_events(source(), stall=package.Stall(idle=idle))
        await anext(stream)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(timeout):
                await anext(stream)
        assert stream.outcome is package.Outcome.CLOSED
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0

    asyncio.run(main())


@pytest.mark.parametrize(("idle", "timeout"), [(0.04, 0.05), (0.05, 0.04)])
def test_under_trio_the_outer_scope_catches_its_own(package: Any, idle: float, timeout: float) -> None:
    async def source() -> AsyncIterator[bytes]:
        yield ONE
        time.sleep(0.1)  # noqa: ASYNC251 - both times are to pass before the event loop looks at either
        await trio.sleep(LONG)

    async def main() -> None:
        stream = package.aiter_events(source(), stall=package.Stall(idle=idle))
        await anext(stream)
        with trio.move_on_after(timeout) as scope:
            await anext(stream)
        assert scope.cancelled_caught
        assert stream.outcome is package.Outcome.CLOSED

    trio.run(main)


def test_a_stall_is_an_exception_that_an_outer_timeout_lets_pass(package: Any) -> None:
    async def source() -> AsyncIterator[bytes]:
        yield ONE
        await asyncio.sleep(LONG)

    async def main() -> None:
        stream = package.aiter_events(source(), stall=package.Stall(idle=SHORT))
        with pytest.raises(package.StreamStalled):
            async with asyncio.timeout(LONG):
                async for _ in stream:
                    pass

    asyncio.run(main())


class CountingLoop(asyncio.SelectorEventLoop):
    """An event loop that keeps the timers that it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.timers: list[asyncio.TimerHandle] = []

    def call_at(self, *arguments: Any, **options: Any) -> asyncio.TimerHandle:  # type: ignore[override]
        timer = super().call_at(*arguments, **options)
        self.timers.append(timer)
        return timer


def timers_of(main: Callable[[], Any]) -> list[asyncio.TimerHandle]:
    """Run a coroutine function, and give the timers that it took."""
    with asyncio.Runner(loop_factory=CountingLoop) as runner:
        loop = runner.get_loop()
        runner.run(main())
        assert isinstance(loop, CountingLoop)
        return loop.timers


@pytest.mark.parametrize(
    "limits",
    [{"idle": LONG}, {"progress": LONG}, {"idle": LONG, "progress": LONG}, {"idle": LONG, "progress": LONG - 1}],
)
def test_a_stream_takes_one_timer_and_gives_it_back(package: Any, limits: dict[str, float]) -> None:
    async def main() -> None:
        async with package.aiter_events(source(), stall=package.Stall(**limits)) as stream:
            async for _ in stream:
                pass

    async def source() -> AsyncIterator[bytes]:
        for _ in range(100):
            await asyncio.sleep(0)
            yield ONE

    timers = timers_of(main)
    assert len(timers) == 1
    assert timers[0].cancelled()


@pytest.mark.parametrize("limits", [None, {}])
def test_a_stream_without_a_limit_takes_no_timer(package: Any, limits: dict[str, float] | None) -> None:
    async def main() -> None:
        stall = None if limits is None else package.Stall(**limits)
        async with package.aiter_events(ONE * 3, stall=stall) as stream:
            async for _ in stream:
                pass

    assert timers_of(main) == []


def test_neither_asyncio_nor_trio_is_imported_without_a_limit(backend: str) -> None:
    program = """
import sys, ssescan
async def source():
    yield b"data: 1\\n\\n"
async def main():
    async with ssescan.aiter_events(source()) as stream:
        return [event.data async for event in stream]
try:
    main().send(None)
except StopIteration as done:
    assert done.value == ["1"]
with ssescan.iter_events([b"data: 1\\n\\n"], stall=ssescan.Stall(progress=5)) as stream:
    assert len(list(stream)) == 1
print(*sorted({"asyncio", "trio", "httpx", "json", "typing"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"SSESCAN_BACKEND": backend},
        capture_output=True,
        text=True,
        timeout=WAIT_LIMIT,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("\n", "")


def test_under_asyncio_trio_is_not_imported(backend: str) -> None:
    program = """
import asyncio, sys, ssescan
async def main():
    async with ssescan.aiter_events(b"data: 1\\n\\n", stall=ssescan.Stall(idle=5)) as stream:
        assert [event.data async for event in stream] == ["1"]
asyncio.run(main())
assert "trio" not in sys.modules
"""
    subprocess.run(
        [sys.executable, "-c", program], env=os.environ | {"SSESCAN_BACKEND": backend}, timeout=WAIT_LIMIT, check=True
    )


@sync_clients
def test_pings_alone_are_a_lack_of_progress_for_a_client_that_blocks(
    package: Any, server: Server, client: Client
) -> None:
    exchange = server.offers(ONE, Do.PING)
    with client.opens(exchange.url) as response:
        stream = package.iter_events(response, stall=package.Stall(idle=SHORT / 10, progress=SHORT))
        assert next(stream) == one(package, 1)
        with pytest.raises(package.StreamStalled) as caught:
            next(stream)
        error = caught.value
        assert (error.reason, error.seconds, error.events) == ("progress", SHORT, 1)
        assert stream.outcome is package.Outcome.FAILED
        assert exchange.is_hung_up()
        assert next(stream, "the end") == "the end"


@pytest.mark.parametrize("client", CLIENTS, ids=str)
def test_a_client_that_blocks_reads_within_its_limits_to_the_end(package: Any, server: Server, client: Client) -> None:
    exchange = server.offers(b": ping\n\n", ONE, Do.WAIT, TWO)
    with client.opens(exchange.url) as response:
        with package.iter_events(response, stall=package.Stall(progress=LONG)) as stream:
            assert next(stream) == one(package, 1)
            exchange.go()
            assert list(stream) == [one(package, 2)]
        assert stream.outcome is package.Outcome.ENDED


def test_the_time_that_a_program_takes_that_blocks_does_not_count(package: Any) -> None:
    with package.iter_events([ONE, b": ping\n\n", TWO], stall=package.Stall(progress=SHORT), comments=True) as stream:
        seen = []
        for item in stream:
            seen.append(item)
            time.sleep(1.5 * SHORT)
    assert seen == [one(package, 1), package.Comment("ping"), one(package, 2)]


def test_an_event_that_came_late_is_given_all_the_same(package: Any) -> None:
    def source() -> Iterator[bytes]:
        for chunk in (ONE, TWO):
            time.sleep(1.5 * SHORT)
            yield chunk

    with package.iter_events(source(), stall=package.Stall(progress=SHORT)) as stream:
        assert list(stream) == [one(package, 1), one(package, 2)]
