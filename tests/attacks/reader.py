"""Read URLs with one client, and print how each stream ended and how much memory the process used.

python reader.py READER LIMIT STALL URL...

READER: a key of READERS or DIGEST_READERS; LIMIT: max_event_size, bytes; STALL: seconds without a byte or an event, or
0 for no limit.

This is a separate process, so that we measure only the memory of the reading. It prints one line of JSON for each URL:
the name of the exception or null, the size of its body, the number of events, and the growth of the peak memory in bytes.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
from collections import deque
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import aiohttp
import httpx
import httpx2
import requests
import urllib3

import ssescan
from ssescan.dropin import httpx_sse, sseclient

if TYPE_CHECKING:
    from collections.abc import Callable

TIMEOUT = 30.0  # seconds
# verify=False: nothing here is encrypted, and loaded certificates would count as memory.
SETTINGS: dict[str, Any] = {"timeout": TIMEOUT, "trust_env": False, "verify": False}


class Count:
    """A counter of items, which keeps none of them."""

    def __init__(self) -> None:
        self.items = 0

    def read(self, items: Any) -> None:
        for _ in items:
            self.items += 1

    async def aread(self, items: Any) -> None:
        async for _ in items:
            self.items += 1


def events(response: Any, count: Count, limit: int) -> None:
    with ssescan.iter_events(response, max_event_size=limit, stall=stall()) as stream:
        count.read(stream)


async def aevents(response: Any, count: Count, limit: int) -> None:
    async with ssescan.aiter_events(response, max_event_size=limit, stall=stall()) as stream:
        await count.aread(stream)


def parts(response: Any, count: Count, limit: int) -> None:
    with ssescan.stream(ssescan.iter_events(response, max_event_size=limit)) as stream:
        count.read(stream)


async def aparts(response: Any, count: Count, limit: int) -> None:
    async with ssescan.astream(ssescan.aiter_events(response, max_event_size=limit)) as stream:
        await count.aread(stream)


def by_httpx(library: Any, read: Any) -> Callable[[str, Count, int], None]:
    def run(url: str, count: Count, limit: int) -> None:
        with library.Client(**SETTINGS) as client, client.stream("GET", url) as response:
            read(response, count, limit)

    return run


def by_async_httpx(library: Any, read: Any) -> Callable[[str, Count, int], None]:
    async def run(url: str, count: Count, limit: int) -> None:
        async with library.AsyncClient(**SETTINGS) as client, client.stream("GET", url) as response:
            await read(response, count, limit)

    return lambda *arguments: asyncio.run(run(*arguments))


def by_aiohttp(read: Any) -> Callable[[str, Count, int], None]:
    async def run(url: str, count: Count, limit: int) -> None:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT, sock_read=STALL[0] if STALL else None)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url) as response:
            await read(response, count, limit)

    return lambda *arguments: asyncio.run(run(*arguments))


def by_requests(url: str, count: Count, limit: int) -> None:
    with requests.Session() as session:
        session.trust_env = False
        events(session.get(url, stream=True, timeout=TIMEOUT), count, limit)


def by_urllib3(url: str, count: Count, limit: int) -> None:
    with urllib3.PoolManager() as pool:
        events(pool.request("GET", url, preload_content=False, timeout=TIMEOUT, retries=False), count, limit)


def by_urllib(url: str, count: Count, limit: int) -> None:
    with urlopen(Request(url), timeout=TIMEOUT) as response:
        events(response, count, limit)


def by_connect(library: Any) -> Callable[[str, Count, int], None]:
    def run(url: str, count: Count, limit: int) -> None:
        with (
            library.Client(**SETTINGS) as client,
            ssescan.connect(client, "GET", url, scanner={"max_event_size": limit}, stall=stall()) as stream,
        ):
            count.read(stream)

    return run


def by_aconnect(library: Any) -> Callable[[str, Count, int], None]:
    async def run(url: str, count: Count, limit: int) -> None:
        async with (
            library.AsyncClient(**SETTINGS) as client,
            ssescan.aconnect(client, "GET", url, scanner={"max_event_size": limit}, stall=stall()) as stream,
        ):
            await count.aread(stream)

    return lambda *arguments: asyncio.run(run(*arguments))


def by_event_source(library: Any) -> Callable[[str, Count, int], None]:
    def run(url: str, count: Count, limit: int) -> None:
        options = source_options(limit)
        with library.Client(**SETTINGS) as client, ssescan.EventSource(client, url, **options) as source:
            count.read(source)

    return run


def by_async_event_source(library: Any) -> Callable[[str, Count, int], None]:
    async def run(url: str, count: Count, limit: int) -> None:
        options = source_options(limit)
        async with library.AsyncClient(**SETTINGS) as client:
            async with ssescan.AsyncEventSource(client, url, **options) as source:
                await count.aread(source)

    return lambda *arguments: asyncio.run(run(*arguments))


def by_digest(
    reader: Callable[[Any], Callable[[str, Count, int], None]], library: Any
) -> Callable[[str, Count, int], None]:
    """Return a reader whose auth sends a second request when the first is refused."""

    def run(url: str, count: Count, limit: int) -> None:
        SETTINGS["auth"] = library.DigestAuth("user", "password")
        reader(library)(url, count, limit)

    return run


STALL: list[float] = []  # seconds, if there is a limit


def stall() -> Any:
    return ssescan.Stall(idle=STALL[0], progress=STALL[0]) if STALL else None


def source_options(limit: int) -> dict[str, Any]:
    return {"scanner": {"max_event_size": limit}, "max_reconnects": 3, "retry": 1, "stall": stall()}


def by_httpx_sse(url: str, count: Count, limit: int) -> None:
    with httpx.Client(**SETTINGS) as client, httpx_sse.connect_sse(client, "GET", url) as source:
        count.read(source.iter_sse())


def by_async_httpx_sse(url: str, count: Count, limit: int) -> None:
    async def run() -> None:
        async with httpx.AsyncClient(**SETTINGS) as client, httpx_sse.aconnect_sse(client, "GET", url) as source:
            await count.aread(source.aiter_sse())

    asyncio.run(run())


def by_sseclient(url: str, count: Count, limit: int) -> None:
    with requests.Session() as session:
        session.trust_env = False
        count.read(sseclient.SSEClient(session.get(url, stream=True, timeout=TIMEOUT)).events())


READERS: dict[str, Callable[[str, Count, int], None]] = {
    "httpx": by_httpx(httpx, events),
    "httpx2": by_httpx(httpx2, events),
    "httpx, asynchronous": by_async_httpx(httpx, aevents),
    "httpx2, asynchronous": by_async_httpx(httpx2, aevents),
    "aiohttp": by_aiohttp(aevents),
    "requests": by_requests,
    "urllib3": by_urllib3,
    "urllib.request": by_urllib,
    "stream": by_httpx(httpx, parts),
    "astream": by_async_httpx(httpx, aparts),
    "connect": by_connect(httpx),
    "connect, httpx2": by_connect(httpx2),
    "aconnect": by_aconnect(httpx),
    "aconnect, httpx2": by_aconnect(httpx2),
    "EventSource": by_event_source(httpx),
    "EventSource, httpx2": by_event_source(httpx2),
    "AsyncEventSource": by_async_event_source(httpx),
    "AsyncEventSource, httpx2": by_async_event_source(httpx2),
    "httpx_sse": by_httpx_sse,
    "httpx_sse, asynchronous": by_async_httpx_sse,
    "sseclient": by_sseclient,
}

DIGEST_READERS: dict[str, Callable[[str, Count, int], None]] = {
    "connect, digest": by_digest(by_connect, httpx),
    "connect, digest, httpx2": by_digest(by_connect, httpx2),
    "aconnect, digest": by_digest(by_aconnect, httpx),
    "EventSource, digest": by_digest(by_event_source, httpx),
    "AsyncEventSource, digest, httpx2": by_digest(by_async_event_source, httpx2),
}


def peak() -> int:
    """Return the peak memory of this process, in bytes."""
    if os.path.exists("/proc/self/status"):
        # On Linux, ru_maxrss of a new process starts with its parent's peak.
        with open("/proc/self/status", encoding="ascii") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main(reader: str, limit: str, stall: str, *urls: str) -> None:
    if float(stall):
        STALL.append(float(stall))
    before = peak()
    for url in urls:
        count, error = Count(), None
        try:
            (READERS | DIGEST_READERS)[reader](url, count, int(limit))
        except Exception as caught:
            error = caught
        result = {
            "error": None if error is None else type(error).__name__,
            "text": str(error)[:200],
            "body": len(getattr(error, "body", b"")),
            "events": count.items,
            "grown": peak() - before,
        }
        print(json.dumps(result), flush=True)
        deque((error,), maxlen=0)


if __name__ == "__main__":
    main(*sys.argv[1:])
