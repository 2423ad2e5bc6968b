"""Loopback HTTP: the CPU time of each client beside the OpenAI SDK's, and the time until a part comes out.

The server is another process, and sends OpenAI chat events of 258 bytes. Each client holds one connection open; the CPU
time of the whole process counts, the kernel's included. The targets are about clients that do not wait: the server
sends at once. Where each event is a read of its own, as from a model, waking up and reading is most of the work of any
client: those figures have no target.
"""

from __future__ import annotations

import asyncio
from functools import partial
from importlib import import_module
from statistics import median
from time import perf_counter_ns, process_time
from typing import Any, Final

import ssescan
from benchmarks.suites.measure import Group, Lab, Reader, Run, Table, Target, compare
from benchmarks.suites.providers import text_of
from benchmarks.suites.sdks import sdk_reader
from benchmarks.suites.server import AT_ONCE

API: Final = "openai-chat"
COUNT, MODEL_COUNT = 2000, 1000  # events
# Longer than any client needs for an event, so that each waits for the next.
MODEL_PACE = 0.3  # ms
PAUSE = 10  # ms
LATENCY = 10  # us, wanted

SDK, ASYNC_SDK = "OpenAI SDK", "OpenAI SDK, async"
HTTPX, ASYNC_HTTPX, AIOHTTP = "httpx", "httpx, async", "aiohttp"
FASTER_THAN_SDK = {HTTPX: (SDK, 8), ASYNC_HTTPX: (ASYNC_SDK, 6), AIOHTTP: (ASYNC_SDK, 14)}


def httpx_client(lab: Lab, library: str = "httpx", is_async: bool = False) -> Any:
    module: Any = import_module(library)
    return lab.closing(lab.call(module.AsyncClient) if is_async else module.Client())


def aiohttp_client(lab: Lab) -> Any:
    return lab.closing(lab.call(import_module("aiohttp").ClientSession))


def post(client: Any, url: str) -> Any:
    """Send a request by httpx; return its response, not read yet (async: awaitable). Its end closes it."""
    return client.send(client.build_request("POST", url, json={}), stream=True)


def parts_readers(lab: Lab, url: str) -> dict[str, Reader]:
    """Return ssescan's ways to read the parts of a URL."""
    client, async_client, session = httpx_client(lab), httpx_client(lab, is_async=True), aiohttp_client(lab)

    async def by_httpx() -> Any:
        return ssescan.astream(await post(async_client, url), API)

    async def by_aiohttp() -> Any:
        return ssescan.astream(await session.post(url, json={}), API)

    return {
        HTTPX: Reader(lambda: ssescan.stream(post(client, url), API), text_of),
        ASYNC_HTTPX: Reader(by_httpx, text_of),
        AIOHTTP: Reader(by_aiohttp, text_of),
    }


def build(pace: float | str, lab: Lab, count: int) -> dict[str, Run]:
    url = lab.url(API, count, pace)
    sdks = {SDK: sdk_reader(lab, API, url), ASYNC_SDK: sdk_reader(lab, API, url, is_async=True)}
    return compare(lab, sdks | parts_readers(lab, url))


READERS = (SDK, HTTPX, ASYNC_SDK, ASYNC_HTTPX, AIOHTTP)
TARGETS = tuple(
    Target(f"over loopback HTTP, CPU, {name}: against the {sdk}", name, sdk, ratio)
    for name, (sdk, ratio) in FASTER_THAN_SDK.items()
)
GROUPS = [
    Group("over HTTP, sent at once", partial(build, AT_ONCE), READERS, COUNT, TARGETS, rounds=9, clock=process_time),
    Group("over HTTP, an event a read", partial(build, MODEL_PACE), READERS, MODEL_COUNT, rounds=5, clock=process_time),
]


def latencies(lab: Lab, reader: Reader) -> list[int]:
    """Return, for each read, the ns until its first part is in the program's hands. The others came with it."""
    found: dict[int, int] = {}

    async def aread() -> None:
        stream = await reader.open()
        async for _ in stream:
            found.setdefault(stream.received_ns, perf_counter_ns() - stream.received_ns)

    if asyncio.iscoroutinefunction(reader.open):
        lab.run(aread())
    else:
        stream = reader.open()
        for _ in stream:
            found.setdefault(stream.received_ns, perf_counter_ns() - stream.received_ns)
    return sorted(found.values())


def rows(table: Table, lab: Lab, count: int = MODEL_COUNT) -> None:
    """Add the rows of the added latency."""
    for name in (HTTPX, AIOHTTP):
        found, cold = (
            latencies(lab, parts_readers(lab, lab.url(API, events, pace))[name])
            for events, pace in ((count, MODEL_PACE), (count // 10, PAUSE))
        )
        middle, slowest = median(found) / 1000, found[len(found) * 99 // 100] / 1000
        what = f"added latency, bytes in to part out, {name}, {MODEL_PACE:g} ms apart, the median"
        table.row(what, f"{LATENCY} us", f"{middle:.1f} us", middle < LATENCY)
        table.notes.append(
            f"added latency, {name}, {len(found)} reads: 99 of 100 within {slowest:.1f} us; "
            f"with {PAUSE} ms between events, when the processor's caches are cold, {median(cold) / 1000:.1f} us"
        )
