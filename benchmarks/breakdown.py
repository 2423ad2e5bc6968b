"""What share of a program's cost is whose: from the socket to the bytes, to the events, to the objects.

python benchmarks/breakdown.py        exit status 1 where it cannot be measured

Five kinds of program read the same OpenAI chat stream over loopback HTTP, from a server in a process of its own. Each
is measured three times: as it is; as far as the events, by the same decoder; and as far as the bytes, by the same HTTP
client. All of them take turns, the CPU of the whole process counts, the kernel's included, and the least of each. So
what a stage adds is a difference of two measurements: a few percent of the larger one is noise.

At two paces, since they are two answers. Many events a read: the server sends all that the socket takes, as to a
program that lags, or from a gateway that gathers. An event a read: as a model sends, and then waking up and reading is
most of what any program does.
"""

from __future__ import annotations

import asyncio
import json
import sys
from argparse import ArgumentParser
from contextlib import nullcontext
from importlib import import_module
from time import process_time
from typing import TYPE_CHECKING, Any, NamedTuple

import over_http
import sdks
import serving
import table as tables

import ssescan

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from table import Table

    # Reads a stream to its end, and gives what shows that all of it was read.
    Read = Callable[[], object]

BYTES, EVENTS, OBJECTS = STAGES = ("to the bytes", "to the events", "to the objects")
PACES = {
    "many events a read": (over_http.COUNT, serving.TOGETHER, 9),
    "an event a read": (over_http.PACED_COUNT // 2, over_http.AS_A_MODEL_SENDS, 15),
}
SDK, SDK_ACCELERATED, HTTPX, AIOHTTP, BY_HAND = PROGRAMS = (
    "OpenAI SDK",
    "OpenAI SDK, accelerated",
    "httpx, ssescan.stream",
    "aiohttp, ssescan.astream",
    "httpx, by hand",
)
# What each is made of, for who reads the figures.
MADE_OF = {
    SDK: ("httpx2's iter_bytes", "the SDK's SSEDecoder", "the SDK's loop, json.loads, its models"),
    SDK_ACCELERATED: ("httpx2's iter_bytes", "iter_events", "the SDK's own objects, built by ssescan"),
    HTTPX: ("httpx's iter_bytes", "iter_events", "ssescan's parts, and the message gathered"),
    AIOHTTP: ("aiohttp's iter_any", "aiter_events", "ssescan's parts, and the message gathered"),
    BY_HAND: ("httpx's iter_bytes", "iter_lines, startswith", "json.loads, subscripts; no message, no sign of a cut"),
}


class Program(NamedTuple):
    """How a kind of program reads, up to each stage, and what has to be so around it."""

    reads: dict[str, Read]
    around: Callable[[], AbstractContextManager[Any]] = nullcontext


def drain(events: Any) -> int:
    """Take the data of each event, and tell how many there are."""
    count = 0
    for event in events:
        event.data  # noqa: B018 - reading it is what is measured
        count += 1
    return count


def synchronous(client: Any, url: str) -> dict[str, Read]:
    """Give what any client of httpx or httpx2 can do: the bytes, and the events by ssescan."""

    def to_bytes() -> int:
        with client.stream("POST", url, json={}) as response:
            return sum(len(chunk) for chunk in response.iter_bytes())

    def to_events() -> int:
        with client.stream("POST", url, json={}) as response:
            return drain(ssescan.iter_events(response))

    return {BYTES: to_bytes, EVENTS: to_events}


def sdk_programs(client: Any, url: str) -> dict[str, Program]:
    """Give the SDK, alone and accelerated; `client` is one of httpx2, which is beneath it."""
    streaming: Any = import_module("openai._streaming")
    read = sdks.sdk(over_http.API, url)

    def to_events() -> int:
        with client.stream("POST", url, json={}) as response:
            return drain(streaming.SSEDecoder().iter_bytes(response.iter_bytes()))

    def to_objects() -> str:
        return "".join(read())

    ours = {**synchronous(client, url), OBJECTS: to_objects}
    return {
        SDK: Program({**ours, EVENTS: to_events}),
        SDK_ACCELERATED: Program(ours, lambda: ssescan.accelerate("openai")),
    }


def httpx_programs(client: Any, url: str) -> dict[str, Program]:
    """Give ours over httpx, and what people write by hand."""

    def parts() -> str:
        with client.stream("POST", url, json={}) as response:
            return "".join(over_http.texts(ssescan.stream(response, over_http.API)))

    def lines() -> int:
        count = 0
        with client.stream("POST", url, json={}) as response:
            for line in response.iter_lines():
                if line.startswith("data: "):
                    line[6:]
                    count += 1
        return count

    def by_hand() -> str:
        found = []
        with client.stream("POST", url, json={}) as response:
            for line in response.iter_lines():
                if line.startswith("data: "):
                    data = line[6:]
                    if data == "[DONE]":
                        break
                    found.append(json.loads(data)["choices"][0]["delta"].get("content") or "")
        return "".join(found)

    ours = synchronous(client, url)
    return {HTTPX: Program({**ours, OBJECTS: parts}), BY_HAND: Program({**ours, EVENTS: lines, OBJECTS: by_hand})}


def aiohttp_program(session: Any, url: str, runner: asyncio.Runner) -> Program:
    async def to_bytes() -> int:
        async with session.post(url, json={}) as response:
            return sum([len(chunk) async for chunk in response.content.iter_any()])

    async def to_events() -> int:
        count = 0
        async with session.post(url, json={}) as response:
            async for event in ssescan.aiter_events(response):
                event.data  # noqa: B018 - reading it is what is measured
                count += 1
        return count

    async def to_objects() -> str:
        async with session.post(url, json={}) as response:
            return "".join([text async for text in over_http.atexts(ssescan.astream(response, over_http.API))])

    reads = {BYTES: to_bytes, EVENTS: to_events, OBJECTS: to_objects}
    return Program({stage: (lambda read=read: runner.run(read())) for stage, read in reads.items()})  # type: ignore[misc]


def expect_same(programs: dict[str, Program], count: int) -> None:
    """Raise AssertionError unless all read all of the same stream, at every stage."""
    read: dict[str, set[object]] = {stage: set() for stage in STAGES}
    for program in programs.values():
        with program.around():
            for stage in STAGES:
                read[stage].add(program.reads[stage]())
    # The event that says why the stream ended, and the one that says that it did: a Stream of the SDK ends before it.
    if len(read[BYTES]) != 1 or read[EVENTS] != {count + 2} or len(read[OBJECTS]) != 1:
        seen = {stage: sorted(map(str, found))[:3] for stage, found in read.items()}
        raise AssertionError(f"not all of the programs read the same: {seen}")


def measure(programs: dict[str, Program], rounds: int) -> dict[str, dict[str, float]]:
    """Let all take turns; give the least CPU time of each program up to each stage, seconds."""
    least = {name: dict.fromkeys(STAGES, float("inf")) for name in programs}
    for _ in range(rounds):
        for name, program in programs.items():
            with program.around():
                for stage, read in program.reads.items():
                    start = process_time()
                    read()
                    least[name][stage] = min(least[name][stage], process_time() - start)
    return least


def group(program: str, pace: str) -> str:
    """Name a program's figures in the table."""
    return f"{program}, {pace}"


def figures(table: Table) -> None:
    with serving.serving() as url, asyncio.Runner() as runner:
        clients, httpx2 = runner.run(over_http.new_clients()), import_module("httpx2").Client()
        try:
            for pace, (count, wait, rounds) in PACES.items():
                at = url(over_http.API, count, wait)
                made = {**sdk_programs(httpx2, at), **httpx_programs(clients.httpx, at)}
                made[AIOHTTP] = aiohttp_program(clients.aiohttp, at, runner)
                programs = {name: made[name] for name in PROGRAMS}
                expect_same(programs, count)
                for name, times in measure(programs, rounds).items():
                    table.keep(group(name, pace), times, count)
        finally:
            httpx2.close()
            runner.run(over_http.close(clients))


def main() -> int:
    ArgumentParser(description=str(__doc__).partition("\n")[0]).parse_args()
    print(f"Python {sys.version.split()[0]}, ssescan {ssescan.backend}, CPU time an event\n")
    table = tables.Table()
    try:
        figures(table)
    except ImportError as error:
        print(f"not all was measured: {error}: pip install 'ssescan[peers]'")
        return 1
    table.print_figures()
    return 0


if __name__ == "__main__":
    sys.exit(main())
