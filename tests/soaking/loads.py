"""Many streams at once, and a steady load: each returns what it did, and raises if anything is wrong."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from resource import getpagesize
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

import aiohttp
import httpx

import ssescan

from .accounts import Account, Lost

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    Open = Callable[[str], AbstractAsyncContextManager[Any]]  # a URL to the events of a response

# The pool of an httpx client looks at all its connections for each request: many clients share the streams.
STREAMS_PER_CLIENT = 500
STEADY_STREAMS, EVENTS_EACH, PAUSE_MS = 60, 20, 50
SAMPLES = 40
GROWTH = 2 * 2**20  # bytes; 350 of each stream in five minutes would be more


class Flat(NamedTuple):
    """The amounts that must not grow: resident memory, bytes; tasks; open file descriptors."""

    memory: int
    tasks: int
    files: int

    @classmethod
    def now(cls) -> Flat:
        """Measure this process."""
        memory = int(Path("/proc/self/statm").read_text("ascii").split()[1]) * getpagesize()
        return cls(memory, len(asyncio.all_tasks()), len(list(Path("/proc/self/fd").iterdir())))

    def __str__(self) -> str:
        return f"{self.memory / 2**20:.1f} MiB, {self.tasks} tasks, {self.files} file descriptors"


@asynccontextmanager
async def through_aiohttp(streams: int) -> AsyncIterator[Open]:
    """Yield what opens a stream through aiohttp."""
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as session:

        @asynccontextmanager
        async def opened(url: str) -> AsyncIterator[Any]:
            async with session.get(url) as response, ssescan.aiter_events(response) as events:
                yield events

        yield opened


@asynccontextmanager
async def http_clients(streams: int) -> AsyncIterator[Callable[[], httpx.AsyncClient]]:
    """Yield what returns one of so many clients that none has too many streams."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    async with AsyncExitStack() as stack:
        made = [
            await stack.enter_async_context(
                httpx.AsyncClient(limits=limits, timeout=None, verify=False, trust_env=False)
            )
            for _ in range(-(-streams // STREAMS_PER_CLIENT))
        ]
        turn = iter(range(2**62))
        yield lambda: made[next(turn) % len(made)]


@asynccontextmanager
async def through_httpx(streams: int) -> AsyncIterator[Open]:
    """Yield what opens a stream through httpx."""
    async with http_clients(streams) as client:

        @asynccontextmanager
        async def opened(url: str) -> AsyncIterator[Any]:
            async with ssescan.aconnect(client(), "GET", url) as events:
                yield events

        yield opened


@asynccontextmanager
async def through_sources(streams: int) -> AsyncIterator[Open]:
    """Yield what opens an AsyncEventSource."""
    async with http_clients(streams) as client:
        yield lambda url: ssescan.AsyncEventSource(client(), url, min_retry=10)


async def read(events: Any, stream: int, count: int) -> None:
    """Read a stream to its end. Raises Lost."""
    account = Account(stream)
    async for event in events:
        account.add(event)
    account.close(count)


async def at_once(server: str, through: Any, streams: int, events_each: int) -> str:
    """Read many streams that are all open before the second event of any comes."""
    opened, all_open = 0, asyncio.Event()
    begun = time.monotonic()

    async def one(stream: int) -> None:
        nonlocal opened
        account = Account(stream)
        async with open_stream(f"{server}/held/{stream}/{events_each}") as events:
            account.add(await anext(events))
            opened += 1
            if opened == streams:
                all_open.set()
            async for event in events:
                account.add(event)
        account.close(events_each)

    async with through(streams) as open_stream, asyncio.TaskGroup() as tasks:
        for stream in range(streams):
            tasks.create_task(one(stream))
        await all_open.wait()
        waited, most = time.monotonic() - begun, Flat.now()
        async with open_stream(f"{server}/go"):
            pass
        begun = time.monotonic()
    return (
        f"{streams:,} streams open at once after {waited:.0f} s ({most}); then "
        f"{streams * events_each:,} events in {time.monotonic() - begun:.0f} s"
    )


async def broken(server: str, streams: int, events_each: int) -> str:
    """Read many EventSources at once, whose connections end, break off and are reset."""
    begun, reconnects = time.monotonic(), 0

    def count(attempt: int, delay: int, error: Exception | None) -> None:
        nonlocal reconnects
        reconnects += 1

    async def one(stream: int, client: httpx.AsyncClient) -> None:
        url = f"{server}/broken/{stream}/{events_each}"
        async with ssescan.AsyncEventSource(client, url, min_retry=10, on_reconnect=count) as events:
            await read(events, stream, events_each)

    async with http_clients(streams) as client, asyncio.TaskGroup() as tasks:
        for stream in range(streams):
            tasks.create_task(one(stream, client()))
    return (
        f"{streams:,} EventSources: {streams * events_each:,} events over {reconnects:,} reconnects "
        f"in {time.monotonic() - begun:.0f} s"
    )


async def steady(server: str, seconds: float) -> str:
    """Read streams one after another, so many at once and at a steady rate; compare what must not grow."""
    before, goes_on, done = Flat.now(), True, 0
    samples: list[Flat] = []

    async def one(number: int) -> None:
        nonlocal done
        open_stream = opens[number % len(opens)]
        kind = "broken" if open_stream is opens[-1] else "paced"
        pause = "" if kind == "broken" else f"/{PAUSE_MS}"
        while goes_on:
            async with open_stream(f"{server}/{kind}/{number}/{EVENTS_EACH}{pause}") as events:
                await read(events, number, EVENTS_EACH)
            done += EVENTS_EACH
            if kind == "broken":
                await asyncio.sleep(EVENTS_EACH * PAUSE_MS / 1000)

    async with AsyncExitStack() as stack:
        kinds = (through_aiohttp, through_httpx, through_sources)
        opens = [await stack.enter_async_context(through(STEADY_STREAMS)) for through in kinds]
        begun = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            for number in range(STEADY_STREAMS):
                tasks.create_task(one(number))
            for _ in range(SAMPLES):
                await asyncio.sleep(seconds / SAMPLES)
                samples.append(Flat.now())
            goes_on = False
    await asyncio.sleep(0.1)  # aiohttp closes its connections in the next rounds of the loop
    after = Flat.now()
    check_flat(samples, before, after)
    rate = done / (time.monotonic() - begun)
    return (
        f"{done:,} events, {rate:.0f} a second; {samples[SAMPLES // 4]} early on, {samples[-1]} late, {after} after it"
    )


def check_flat(samples: list[Flat], before: Flat, after: Flat) -> None:
    """Raise Lost if memory, tasks or file descriptors grew: from the second quarter of the samples to the last."""
    quarter = len(samples) // 4
    early, late = samples[quarter : 2 * quarter], samples[-quarter:]
    for name, growth in (("memory", GROWTH), ("tasks", STEADY_STREAMS), ("files", STEADY_STREAMS)):
        was, became = (median(getattr(sample, name) for sample in part) for part in (early, late))
        if became - was > growth:
            raise Lost(f"{name} grew from {was:,.0f} to {became:,.0f} under a steady load; {growth:,} more are allowed")
    if after[1:] != before[1:]:
        raise Lost(f"tasks or file descriptors are left: there were {before}, then {after}")
