"""Stall: a stream without bytes, or without events, for too long. No test here measures time."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
import trio

from .cases import ONE, THREE, TWO, numbered
from .clients import CLIENTS, AsyncClient, Client, async_clients, loops, pause, run_in, sync_clients
from .server import WAIT_LIMIT, Do

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from .server import Server

SHORT = 0.05  # seconds: a limit that is reached
LONG = 600  # seconds: a limit that is never reached

# The step after two events, the limits, and the one that is reached.
stalls = pytest.mark.parametrize(
    ("step", "limits", "reason"),
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
def test_stalled_stream_raises(
    package: Any, server: Server, client: AsyncClient, step: Do, limits: dict[str, float], reason: str
) -> None:
    exchange = server.offers(ONE + TWO + b"event: ping\n", step)

    async def main() -> None:
        async with client.opens(exchange.url) as response:
            stream = package.aiter_events(response, stall=package.Stall(**limits))
            assert await anext(stream) == numbered(package, 1)
            assert await anext(stream) == numbered(package, 2)
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
def test_returned_comments_are_not_progress(package: Any, server: Server, client: AsyncClient) -> None:
    exchange = server.offers(ONE, Do.PING)

    async def main() -> None:
        async with client.opens(exchange.url) as response:
            limits = package.Stall(idle=LONG, progress=SHORT)
            async with package.aiter_events(response, stall=limits, comments=True) as stream:
                with pytest.raises(package.StreamStalled) as caught:
                    async for item in stream:
                        assert item in {numbered(package, 1), package.Comment("ping")}
        assert (caught.value.reason, caught.value.events) == ("progress", 1)

    client.run(main)


@async_clients
def test_stream_within_its_limits(package: Any, server: Server, client: AsyncClient) -> None:
    exchange = server.offers(b": ping\n\n", ONE, Do.WAIT, TWO, Do.WAIT, THREE)

    async def main() -> None:
        seen = []
        async with client.opens(exchange.url) as response:
            async with package.aiter_events(response, stall=package.Stall(idle=LONG, progress=LONG)) as stream:
                async for event in stream:
                    seen.append(event)
                    exchange.go()
            assert stream.outcome is package.Outcome.ENDED
        assert seen == [numbered(package, 1), numbered(package, 2), numbered(package, 3)]

    client.run(main)


@async_clients
def test_stalled_body_does_not_hide_the_refusal(package: Any, server: Server, client: AsyncClient) -> None:
    exchange = server.offers(b"no", Do.HOLD, status=500)

    async def main() -> None:
        async with client.opens(exchange.url) as response:
            with pytest.raises(package.UnexpectedStatus) as caught:
                await anext(package.aiter_events(response, stall=package.Stall(idle=SHORT)))
            assert caught.value.body == b"no"

    client.run(main)


@loops
def test_callers_time_does_not_count(package: Any, loop: str) -> None:
    async def source() -> AsyncIterator[bytes]:
        for chunk in (ONE, b": ping\n\n", TWO):
            await pause(loop)
            yield chunk

    async def main() -> None:
        # Half a second, as a busy machine may need some time for a read that does not wait.
        limits = package.Stall(idle=0.5, progress=0.5)
        async with package.aiter_events(source(), stall=limits, comments=True) as stream:
            seen = [await anext(stream)]
            await pause(loop, 0.6)
            seen.append(await anext(stream))
            time.sleep(0.6)  # noqa: ASYNC251 - a caller that blocks the event loop
            seen.append(await anext(stream))
            assert await anext(stream, "the end") == "the end"
        assert seen == [numbered(package, 1), package.Comment("ping"), numbered(package, 2)]
        assert stream.outcome is package.Outcome.ENDED

    run_in(loop, main)


@loops
def test_waits_add_up_until_an_event(package: Any, loop: str) -> None:
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
def test_stream_without_bytes_stalls(package: Any, server: Server, client: AsyncClient) -> None:
    exchange = server.offers(Do.HOLD)

    async def main() -> None:
        async with client.opens(exchange.url) as response:
            async with package.aiter_events(response, stall=package.Stall(SHORT)) as stream:
                with pytest.raises(package.StreamStalled, match=r"no bytes for 0\.05 s, after 0 events"):
                    await anext(stream)

    client.run(main)


@loops
def test_stall_closes_a_generator(package: Any, loop: str) -> None:
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
def test_read_ends_at_its_limit_after_aclose(package: Any, loop: str) -> None:
    # A generator cannot be closed while it runs.
    done = []
    stream: Any = None

    async def source() -> AsyncIterator[bytes]:
        yield ONE
        try:
            await stream.aclose()  # like another task, while the read waits
            await pause(loop, LONG)
        finally:
            done.append(True)

    async def main() -> None:
        nonlocal stream
        stream = package.aiter_events(source(), stall=package.Stall(idle=SHORT))
        assert [event async for event in stream] == [numbered(package, 1)]
        assert (done, stream.outcome) == ([True], package.Outcome.CLOSED)

    run_in(loop, main)


def test_chunk_that_a_source_yields_at_the_limit_counts(package: Any) -> None:
    async def source() -> AsyncIterator[bytes]:
        try:
            await asyncio.sleep(LONG)
        except asyncio.CancelledError:
            yield ONE
        yield TWO

    async def main() -> None:
        async with package.aiter_events(source(), stall=package.Stall(idle=SHORT)) as stream:
            assert [event async for event in stream] == [numbered(package, 1), numbered(package, 2)]
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0

    asyncio.run(main())


@pytest.mark.parametrize("answer", ["error", "end"])
def test_source_that_ends_or_raises_at_the_limit_has_stalled(package: Any, answer: str) -> None:
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
def test_outer_timeout_is_not_a_stall(package: Any, idle: float, timeout: float) -> None:
    async def source() -> AsyncIterator[bytes]:
        yield ONE
        # Block the event loop, so that both times pass before it checks them.
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
def test_outer_trio_scope_is_not_a_stall(package: Any, idle: float, timeout: float) -> None:
    async def source() -> AsyncIterator[bytes]:
        yield ONE
        time.sleep(0.1)  # noqa: ASYNC251 - both times pass before the event loop checks them
        await trio.sleep(LONG)

    async def main() -> None:
        stream = package.aiter_events(source(), stall=package.Stall(idle=idle))
        await anext(stream)
        with trio.move_on_after(timeout) as scope:
            await anext(stream)
        assert scope.cancelled_caught
        assert stream.outcome is package.Outcome.CLOSED

    trio.run(main)


def test_stall_passes_an_outer_timeout(package: Any) -> None:
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
    """An event loop that keeps its timers."""

    def __init__(self) -> None:
        super().__init__()
        self.timers: list[asyncio.TimerHandle] = []

    def call_at(self, *arguments: Any, **options: Any) -> asyncio.TimerHandle:  # type: ignore[override]
        timer = super().call_at(*arguments, **options)
        self.timers.append(timer)
        return timer


def timers_of(main: Callable[[], Any]) -> list[asyncio.TimerHandle]:
    """Run a coroutine function, and return the timers that it set."""
    with asyncio.Runner(loop_factory=CountingLoop) as runner:
        loop = runner.get_loop()
        runner.run(main())
        assert isinstance(loop, CountingLoop)
        return loop.timers


@pytest.mark.parametrize(
    "limits",
    [{"idle": LONG}, {"progress": LONG}, {"idle": LONG, "progress": LONG}, {"idle": LONG, "progress": LONG - 1}],
)
def test_stream_sets_one_timer_and_cancels_it(package: Any, limits: dict[str, float]) -> None:
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
def test_stream_without_a_limit_sets_no_timer(package: Any, limits: dict[str, float] | None) -> None:
    async def main() -> None:
        stall = None if limits is None else package.Stall(**limits)
        async with package.aiter_events(ONE * 3, stall=stall) as stream:
            async for _ in stream:
                pass

    assert timers_of(main) == []


def test_no_limit_imports_no_event_loop(backend: str) -> None:
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


def test_asyncio_does_not_import_trio(backend: str) -> None:
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
def test_pings_are_not_progress_sync(package: Any, server: Server, client: Client) -> None:
    exchange = server.offers(ONE, Do.PING)
    with client.opens(exchange.url) as response:
        stream = package.iter_events(response, stall=package.Stall(idle=SHORT / 10, progress=SHORT))
        assert next(stream) == numbered(package, 1)
        with pytest.raises(package.StreamStalled) as caught:
            next(stream)
        error = caught.value
        assert (error.reason, error.seconds, error.events) == ("progress", SHORT, 1)
        assert stream.outcome is package.Outcome.FAILED
        assert exchange.is_hung_up()
        assert next(stream, "the end") == "the end"


@pytest.mark.parametrize("client", CLIENTS, ids=str)
def test_stream_within_its_limits_sync(package: Any, server: Server, client: Client) -> None:
    exchange = server.offers(b": ping\n\n", ONE, Do.WAIT, TWO)
    with client.opens(exchange.url) as response:
        with package.iter_events(response, stall=package.Stall(progress=LONG)) as stream:
            assert next(stream) == numbered(package, 1)
            exchange.go()
            assert list(stream) == [numbered(package, 2)]
        assert stream.outcome is package.Outcome.ENDED


def test_callers_time_does_not_count_sync(package: Any) -> None:
    with package.iter_events([ONE, b": ping\n\n", TWO], stall=package.Stall(progress=SHORT), comments=True) as stream:
        seen = []
        for item in stream:
            seen.append(item)
            time.sleep(1.5 * SHORT)
    assert seen == [numbered(package, 1), package.Comment("ping"), numbered(package, 2)]


def test_late_event_is_returned(package: Any) -> None:
    def source() -> Iterator[bytes]:
        for chunk in (ONE, TWO):
            time.sleep(1.5 * SHORT)
            yield chunk

    with package.iter_events(source(), stall=package.Stall(progress=SHORT)) as stream:
        assert list(stream) == [numbered(package, 1), numbered(package, 2)]
