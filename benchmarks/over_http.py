"""The rows over loopback HTTP: the client's CPU, beside the OpenAI SDK's, and how long a part takes to come out.

python benchmarks/over_http.py        exit status 1 where a row is not reached, or could not be measured

The server is another process, and sends OpenAI chat events of 258 bytes. Each client holds one connection open, and all
take turns; the CPU of the whole process counts, the kernel's included, and the least of each. All read each event to
its object or part; the text that they read is compared before they are timed. The rows are those of a client that does
not wait: the server sends at once. Where each event is a read of its own, as from a model, waking up and reading is
most of what any client does: those figures stand below the rows. Wants the extra `peers`.
"""

from __future__ import annotations

import asyncio
import sys
from importlib import import_module
from statistics import median
from time import perf_counter_ns, process_time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import sdks
import serving
import table as tables
from table import race

import ssescan
from ssescan.providers import TextDelta

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from serving import Url
    from table import Runs, Table

    # Gives the text of each event.
    Reading = Callable[[], str]

API: Final = "openai-chat"
COUNT = 2000  # events
ROUNDS = 9
# Longer than any client takes for an event, so that each waits for the next.
AS_A_MODEL_SENDS = 0.3  # ms
PACED_COUNT = 1000  # events
PACED_ROUNDS = 5

SDK, ASYNC_SDK = "OpenAI SDK", "OpenAI SDK, async"
FASTER_THAN_SDK = {"httpx": (SDK, 8), "httpx, async": (ASYNC_SDK, 6), "aiohttp": (ASYNC_SDK, 14)}

LATENCY = 10  # us
AFTER_A_PAUSE = 10  # ms


class Clients(NamedTuple):
    """One of each, for as long as the event loop runs that the asynchronous ones belong to."""

    httpx: Any
    httpx_async: Any
    aiohttp: Any


def texts(parts: Any) -> Iterator[str]:
    for part in parts:
        if type(part) is TextDelta:
            yield part.text


async def atexts(parts: Any) -> AsyncIterator[str]:
    async for part in parts:
        if type(part) is TextDelta:
            yield part.text


def readers(clients: Clients, url: str) -> dict[str, Callable[[], Iterator[str]]]:
    """Give the synchronous ways to read the text of a URL."""

    def httpx() -> Iterator[str]:
        with clients.httpx.stream("POST", url, json={}) as response:
            yield from texts(ssescan.stream(response, API))

    return {SDK: sdks.sdk(API, url), "httpx": httpx}


def async_readers(clients: Clients, url: str) -> dict[str, Callable[[], AsyncIterator[str]]]:
    """Give the asynchronous ones. To be called, and used, within one event loop."""

    async def httpx() -> AsyncIterator[str]:
        async with clients.httpx_async.stream("POST", url, json={}) as response:
            async for text in atexts(ssescan.astream(response, API)):
                yield text

    async def aiohttp() -> AsyncIterator[str]:
        async with clients.aiohttp.post(url, json={}) as response:
            async for text in atexts(ssescan.astream(response, API)):
                yield text

    return {ASYNC_SDK: sdks.async_sdk(API, url), "httpx, async": httpx, "aiohttp": aiohttp}


async def new_clients() -> Clients:
    httpx: Any = import_module("httpx")
    return Clients(httpx.Client(), httpx.AsyncClient(), import_module("aiohttp").ClientSession())


async def close(clients: Clients) -> None:
    clients.httpx.close()
    await clients.httpx_async.aclose()
    await clients.aiohttp.close()


async def collected(read: Callable[[], AsyncIterator[str]]) -> str:
    return "".join([text async for text in read()])


async def drained(read: Callable[[], AsyncIterator[str]]) -> None:
    async for _ in read():
        pass


def runs_for(clients: Clients, url: str, runner: asyncio.Runner) -> Runs:
    """Give what is timed, once all have shown that they read the same text."""

    async def made() -> dict[str, Callable[[], AsyncIterator[str]]]:
        return async_readers(clients, url)

    synchronous, asynchronous = readers(clients, url), runner.run(made())
    read = {who: "".join(reader()) for who, reader in synchronous.items()}
    read |= {who: runner.run(collected(reader)) for who, reader in asynchronous.items()}
    for who, text in read.items():
        if text != read["httpx"] or not text:
            raise AssertionError(f"{who} reads something else than ssescan")
    runs: Runs = {who: (lambda r=r: sdks.drain_sdk(r)) for who, r in synchronous.items()}  # type: ignore[misc]
    runs |= {who: (lambda r=r: runner.run(drained(r))) for who, r in asynchronous.items()}  # type: ignore[misc]
    return runs


# How long a part takes


def latencies(clients: Clients, url: str) -> list[int]:
    """Give, for each event, the ns from the read that brought it to its part in the program's hands."""
    found = []
    with clients.httpx.stream("POST", url, json={}) as response:
        stream = ssescan.stream(response, API)
        before = None
        for _ in stream:
            now, received = perf_counter_ns(), stream.received_ns
            if received != before and received is not None:  # the first part of its read: the others came with it
                found.append(now - received)
            before = received
    return found


async def async_latencies(clients: Clients, url: str) -> list[int]:
    found = []
    async with clients.aiohttp.post(url, json={}) as response:
        stream = ssescan.astream(response, API)
        before = None
        async for _ in stream:
            now, received = perf_counter_ns(), stream.received_ns
            if received != before and received is not None:
                found.append(now - received)
            before = received
    return found


def latency_rows(table: Table, url: Url, clients: Clients, runner: asyncio.Runner) -> None:
    paced, paused = url(API, PACED_COUNT, AS_A_MODEL_SENDS), url(API, 100, AFTER_A_PAUSE)
    reads: dict[str, Callable[[str], list[int]]] = {
        "httpx": lambda at: latencies(clients, at),
        "aiohttp": lambda at: runner.run(async_latencies(clients, at)),
    }
    for who, read in reads.items():
        found = sorted(read(paced))
        middle = median(found) / 1000
        what = f"added latency, bytes in to part out, {who}, {AS_A_MODEL_SENDS:g} ms apart, the median"
        table.row(what, f"{LATENCY} us", f"{middle:.1f} us", middle < LATENCY)
        slowest, cold = found[len(found) * 99 // 100] / 1000, median(read(paused)) / 1000
        table.note(
            f"added latency, {who}, {len(found)} reads: 99 of 100 within {slowest:.1f} us; where {AFTER_A_PAUSE} ms "
            f"pass between events, and the processor's caches hold other things, {cold:.1f} us"
        )


def rows(table: Table) -> None:
    with serving.serving() as url, asyncio.Runner() as runner:
        clients = runner.run(new_clients())
        try:
            runs = runs_for(clients, url(API, COUNT), runner)
            times = race(runs, ROUNDS, process_time)
            for who, (sdk, wanted) in FASTER_THAN_SDK.items():
                table.faster(f"over loopback HTTP, CPU, {who}: against the {sdk}", times, who, sdk, wanted)
            table.keep("over HTTP, sent at once", times, COUNT)
            runs = runs_for(clients, url(API, PACED_COUNT, AS_A_MODEL_SENDS), runner)
            table.keep("over HTTP, an event a read", race(runs, PACED_ROUNDS, process_time), PACED_COUNT)
            latency_rows(table, url, clients, runner)
        finally:
            runner.run(close(clients))


if __name__ == "__main__":
    sys.exit(tables.main(rows, str(__doc__)))
