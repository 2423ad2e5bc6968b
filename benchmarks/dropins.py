"""The drop-ins' rows of the speed table: events of the same responses, by the drop-in and by what it stands in for.

python benchmarks/dropins.py        exit status 1 where a row is not reached, or could not be measured

As scanner.py: all who are compared take turns in one process, and the least CPU time of each counts. The responses are
httpx's and httpx2's own, from a mock transport, an event of 258 bytes a chunk: what the HTTP library spends on its side
of them is in every time, and in the last line by itself. That all read the same is asserted before they are timed.
Wants the extra `peers`.
"""

from __future__ import annotations

import asyncio
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import table as tables
import workloads
from table import ROUNDS, race

from ssescan.dropin import httpx_sse as ours
from ssescan.dropin import sseclient as our_sseclient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator

    from table import Runs, Table

    # Gives the events of a response.
    Events = Callable[[Any], Iterable[Any]]
    AsyncEvents = Callable[[Any], AsyncIterator[Any]]

COUNT = 4000  # events
HEADERS = {"content-type": "text/event-stream"}
URL = "http://mock/"

DROPIN, HTTPX_SSE, HTTPX2 = "drop-in", "httpx-sse", "httpx2's EventSource"
ITS_BYTES = "the bytes alone"


def client(name: str, chunks: list[bytes]) -> Any:
    """Give a client of httpx or httpx2 that gets these chunks for whatever it asks."""
    library: Any = import_module(name)

    class Body(library.SyncByteStream):  # type: ignore[misc]
        def __iter__(self) -> Iterator[bytes]:
            return iter(chunks)

    return library.Client(
        transport=library.MockTransport(lambda request: library.Response(200, headers=HEADERS, stream=Body()))
    )


def async_client(name: str, chunks: list[bytes]) -> Any:
    library: Any = import_module(name)

    class Body(library.AsyncByteStream):  # type: ignore[misc]
        async def __aiter__(self) -> AsyncIterator[bytes]:
            for chunk in chunks:
                yield chunk

    return library.AsyncClient(
        transport=library.MockTransport(lambda request: library.Response(200, headers=HEADERS, stream=Body()))
    )


def readers(name: str) -> dict[str, Events]:
    """Give who reads a response of that library."""
    peer: Any = import_module("httpx_sse")
    found: dict[str, Events] = {
        DROPIN: lambda response: ours.EventSource(response).iter_sse(),
        HTTPX_SSE: lambda response: peer.EventSource(response).iter_sse(),
    }
    if name == "httpx2":
        found[HTTPX2] = import_module("httpx2").EventSource
    return found


def async_readers(name: str) -> dict[str, AsyncEvents]:
    peer: Any = import_module("httpx_sse")
    found: dict[str, AsyncEvents] = {
        DROPIN: lambda response: ours.EventSource(response).aiter_sse(),
        HTTPX_SSE: lambda response: peer.EventSource(response).aiter_sse(),
    }
    if name == "httpx2":
        found[HTTPX2] = lambda response: aiter(import_module("httpx2").EventSource(response))
    return found


def drain(http: Any, events: Events) -> None:
    """Read `data` of each event, and drop it: what is timed."""
    with http.stream("GET", URL) as response:
        for event in events(response):
            event.data  # noqa: B018 - reading it is what is measured


def drain_bytes(http: Any) -> None:
    with http.stream("GET", URL) as response:
        for _ in response.iter_bytes():
            pass


def seen(http: Any, events: Events) -> list[str]:
    with http.stream("GET", URL) as response:
        return [event.data for event in events(response)]


async def _adrain(http: Any, events: AsyncEvents) -> None:
    async with http.stream("GET", URL) as response:
        async for event in events(response):
            event.data  # noqa: B018 - reading it is what is measured


async def _aseen(http: Any, events: AsyncEvents) -> list[str]:
    async with http.stream("GET", URL) as response:
        return [event.data async for event in events(response)]


def runs_for(name: str, chunks: list[bytes]) -> Runs:
    """Give what is timed on responses of a library, once all have shown that they read the same."""
    http, expected = client(name, chunks), [chunk[6:-2].decode() for chunk in chunks]
    runs: Runs = {ITS_BYTES: lambda: drain_bytes(http)}
    for who, events in readers(name).items():
        if seen(http, events) != expected:
            raise AssertionError(f"{who} reads something else of {name}")
        runs[who] = lambda events=events: drain(http, events)  # type: ignore[misc]
    return runs


def async_runs_for(name: str, chunks: list[bytes]) -> Runs:
    http, expected = async_client(name, chunks), [chunk[6:-2].decode() for chunk in chunks]
    runs: Runs = {}
    for who, events in async_readers(name).items():
        if asyncio.run(_aseen(http, events)) != expected:
            raise AssertionError(f"{who} reads something else of {name}, asynchronously")
        runs[who] = lambda events=events: asyncio.run(_adrain(http, events))  # type: ignore[misc]
    return runs


def sseclient_runs(chunks: list[bytes]) -> Runs:
    """Give what is timed of sseclient-py and its drop-in, whose source is any iterable of chunks."""
    runs: Runs = {}
    for who, module in (("drop-in", our_sseclient), ("sseclient-py", import_module("sseclient"))):
        make: Any = module.SSEClient
        if [event.data for event in make(chunks).events()] != [chunk[6:-2].decode() for chunk in chunks]:
            raise AssertionError(f"{who} of SSEClient reads something else")

        def run(make: Any = make) -> None:
            for event in make(chunks).events():
                event.data  # noqa: B018 - reading it is what is measured

        runs[who] = run
    return runs


def rows(table: Table) -> None:
    chunks = workloads.openai_chat(COUNT)
    timed = {name: race(runs_for(name, chunks), ROUNDS) for name in ("httpx", "httpx2")}
    timed |= {f"{name}, async": race(async_runs_for(name, chunks), ROUNDS) for name in ("httpx", "httpx2")}
    table.faster("drop-in, against httpx-sse, on a response of httpx", timed["httpx"], DROPIN, HTTPX_SSE, 4)
    table.faster("drop-in, against httpx2's EventSource, on its response", timed["httpx2"], DROPIN, HTTPX2, 6)
    for name, times in timed.items():
        table.keep(f"a mock response of {name}", times, COUNT)
    table.keep("SSEClient", race(sseclient_runs(chunks), ROUNDS), COUNT)


if __name__ == "__main__":
    sys.exit(tables.main(rows, str(__doc__)))
