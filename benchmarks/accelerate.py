"""The rows of accelerate(): what the SDKs take for their objects, alone and accelerated.

python benchmarks/accelerate.py        exit status 1 where a row is not reached, or could not be measured

As scanner.py: plain and accelerated take turns in one process, and the least CPU time of each counts. An SDK is
accelerated and let go around each of its rounds, and that is not timed; nor is what it does once, at its first events.
That both read the same text is asserted before they are timed. Only the rows from memory are wanted: over HTTP, on the
loopback, the HTTP client is in every time, and the server is another process. Wants the extra `peers`.
"""

from __future__ import annotations

import asyncio
import sys
from time import process_time
from typing import TYPE_CHECKING, NamedTuple

import dropins
import sdks
import serving
import table as tables
import workloads

import ssescan

if TYPE_CHECKING:
    from collections.abc import Callable

    from dropins import AsyncEvents, Events
    from serving import Url
    from table import Table

    from ssescan.dropin.sdk import Acceleration

COUNT = 4000  # events
FIRST = 20  # events, of the stream that is read before any is timed
ROUNDS = 9  # the SDKs take a third of a second each

LIBRARY = {
    "openai-chat": "openai",
    "openai-responses": "openai",
    "anthropic": "anthropic",
    "gemini": "google-genai",
}
FASTER_THAN_SDK = {"openai-chat": 10, "anthropic": 2.5, "gemini": 4}

PLAIN, ACCELERATED = "plain", "accelerated"


class Reading(NamedTuple):
    """A way to read a stream."""

    text: Callable[[], str]  # all of it
    few: Callable[[], object]  # a short one, to the end
    run: Callable[[], object]  # to the end, doing nothing with what comes: what is timed


def reading(api: str, source: list[bytes] | str, few: list[bytes] | str) -> Reading:
    """Read by the SDK, in the way that is usual."""
    read, read_few = sdks.sdk(api, source), sdks.sdk(api, few)
    return Reading(lambda: "".join(read()), lambda: sdks.drain_sdk(read_few), lambda: sdks.drain_sdk(read))


def async_reading(api: str, source: list[bytes] | str, few: list[bytes] | str, runner: asyncio.Runner) -> Reading:
    """Read by the asynchronous client of the SDK."""

    async def made() -> tuple[Callable[[], object], ...]:
        return sdks.async_sdk(api, source), sdks.async_sdk(api, few)

    async def collected(read: Callable[[], object]) -> str:
        return "".join([text async for text in read()])  # type: ignore[attr-defined]

    async def drained(read: Callable[[], object]) -> None:
        async for _ in read():  # type: ignore[attr-defined]
            pass

    read, read_few = runner.run(made())
    return Reading(
        lambda: runner.run(collected(read)), lambda: runner.run(drained(read_few)), lambda: runner.run(drained(read))
    )


def event_reading(library: str) -> Reading:
    """Read events of 258 bytes by httpx2 or httpx-sse, from a response of the HTTP library that is meant for it."""
    events: Events = dropins.readers("httpx2")[dropins.HTTPX2 if library == "httpx2" else dropins.HTTPX_SSE]
    client = "httpx2" if library == "httpx2" else "httpx"
    http, few = (dropins.client(client, workloads.openai_chat(count)) for count in (COUNT, FIRST))
    return Reading(
        lambda: "".join(dropins.seen(http, events)),
        lambda: dropins.drain(few, events),
        lambda: dropins.drain(http, events),
    )


def async_event_reading(library: str, runner: asyncio.Runner) -> Reading:
    """Read them asynchronously."""
    events: AsyncEvents = dropins.async_readers("httpx2")[dropins.HTTPX2 if library == "httpx2" else dropins.HTTPX_SSE]
    client = "httpx2" if library == "httpx2" else "httpx"
    http, few = (dropins.async_client(client, workloads.openai_chat(count)) for count in (COUNT, FIRST))
    return Reading(
        lambda: "".join(runner.run(dropins._aseen(http, events))),
        lambda: runner.run(dropins._adrain(few, events)),
        lambda: runner.run(dropins._adrain(http, events)),
    )


def expect_acceleration(library: str, acceleration: Acceleration) -> None:
    if "is accelerated" not in acceleration.report[library]:
        raise AssertionError(f"{library}: {acceleration.report[library]}")


def expect_same(library: str, one: Reading, text: str) -> None:
    """Raise AssertionError unless a stream gives that text, alone and accelerated."""
    if one.text() != text:
        raise AssertionError(f"{library} reads something else than ssescan")
    with ssescan.accelerate(library) as acceleration:
        expect_acceleration(library, acceleration)
        before = acceleration.events[library]
        if one.text() != text:
            raise AssertionError(f"{library} reads something else when it is accelerated")
        if acceleration.events[library] == before:
            raise AssertionError(f"{library} was not read by ssescan")


def race(library: str, one: Reading, rounds: int) -> dict[str, float]:
    """Let plain and accelerated take turns; give the least CPU time of each, seconds."""
    least = {PLAIN: float("inf"), ACCELERATED: float("inf")}

    def timed(who: str) -> None:
        one.few()
        start = process_time()
        one.run()
        least[who] = min(least[who], process_time() - start)

    for _ in range(rounds):
        timed(PLAIN)
        with ssescan.accelerate(library):
            timed(ACCELERATED)
    return least


# The table


def readings(api: str, url: Url, runner: asyncio.Runner) -> dict[str, Reading]:
    """Give all ways to read a workload. ImportError where its SDK is missing."""
    chunks, few = sdks.EVENTS[api](COUNT), sdks.EVENTS[api](FIRST)
    return {
        "from memory": reading(api, chunks, few),
        "from memory, async": async_reading(api, chunks, few, runner),
        "over HTTP": reading(api, url(api, COUNT), url(api, FIRST)),
        "over HTTP, async": async_reading(api, url(api, COUNT), url(api, FIRST), runner),
    }


def sdk_rows(table: Table, api: str, library: str, url: Url, runner: asyncio.Runner) -> None:
    wanted = FASTER_THAN_SDK.get(api)
    what = f"accelerate(), {library}: objects of the SDK, from memory"
    try:
        all_readings = readings(api, url, runner)
    except ImportError as error:
        if wanted:
            table.faster(what, {}, ACCELERATED, PLAIN, wanted)
        table.note(f"{api}: the SDK is left out: {error}")
        return
    text = sdks.parts_reader(api)(sdks.EVENTS[api](COUNT))
    for way, one in all_readings.items():
        expect_same(library, one, text)
        times = race(library, one, ROUNDS)
        if wanted and way == "from memory":
            table.faster(what, times, ACCELERATED, PLAIN, wanted)
        table.keep(f"{api}, objects of the SDK, {way}", times, COUNT)


def event_figures(table: Table, library: str, runner: asyncio.Runner) -> None:
    text = "".join(event[6:-2].decode() for event in workloads.openai_chat(COUNT))
    try:
        both = {"from memory": event_reading(library), "from memory, async": async_event_reading(library, runner)}
    except (ImportError, KeyError) as error:
        table.note(f"{library} is left out: {error}")
        return
    for way, one in both.items():
        expect_same(library, one, text)
        table.keep(f"{library}, events of 258 bytes {way}", race(library, one, ROUNDS), COUNT)


def rows(table: Table) -> None:
    with serving.serving() as url, asyncio.Runner() as runner:
        for api, library in LIBRARY.items():
            sdk_rows(table, api, library, url, runner)
        for library in ("httpx2", "httpx-sse"):
            event_figures(table, library, runner)


if __name__ == "__main__":
    sys.exit(tables.main(rows, str(__doc__)))
