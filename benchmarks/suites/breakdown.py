"""Each stage's share of a program's cost: from the socket to the bytes, to the events, to the objects.

Five kinds of program read the same OpenAI chat stream over loopback HTTP. Each is measured three times: whole; as far
as the events, by the same decoder; and as far as the bytes, by the same HTTP client. The cost of a stage is a
difference of two measurements: a few percent of the larger one is noise.

At two paces, since the answers differ. Many events a read: the server sends all that the socket accepts, as to a
program that lags, or from a gateway that gathers. An event a read: as a model sends, where waking up and reading is
most of the work of any program.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from time import process_time
from typing import Any

import ssescan
from benchmarks.suites import over_http
from benchmarks.suites.accelerate import accelerated
from benchmarks.suites.measure import Group, Lab, Reader, Run, Times, compare
from benchmarks.suites.over_http import API, aiohttp_client, httpx_client, parts_readers, post
from benchmarks.suites.sdks import sdk_reader
from benchmarks.suites.server import TOGETHER

BYTES, EVENTS, OBJECTS = STAGES = ("to the bytes", "to the events", "to the objects")
PACES: dict[str, tuple[float | str, int, int]] = {
    "many events a read": (TOGETHER, over_http.COUNT, 9),
    "an event a read": (over_http.MODEL_PACE, over_http.MODEL_COUNT // 2, 15),
}
SDK, SDK_ACCELERATED, HTTPX, AIOHTTP, BY_HAND = PROGRAMS = (
    "OpenAI SDK",
    "OpenAI SDK, accelerated",
    "httpx, ssescan.stream",
    "aiohttp, ssescan.astream",
    "httpx, by hand",
)
# The readers of a program, stage by stage.
Program = tuple[Reader, Reader, Reader]


def synchronous(client: Any, url: str) -> tuple[Reader, Reader]:
    """Return what each client of httpx or httpx2 can do: the bytes, and the events by ssescan."""
    to_bytes = Reader(lambda: post(client, url).iter_bytes(), bytes.decode)
    return to_bytes, Reader(lambda: ssescan.iter_events(post(client, url)), reads_data=True)


def sdk_programs(lab: Lab, url: str) -> dict[str, Program]:
    """Return the SDK, plain and accelerated, over httpx2."""
    streaming: Any = import_module("openai._streaming")
    client, objects = httpx_client(lab, "httpx2"), sdk_reader(lab, API, url)
    to_bytes, to_events = synchronous(client, url)
    events = Reader(lambda: streaming.SSEDecoder().iter_bytes(post(client, url).iter_bytes()), reads_data=True)
    quick = objects._replace(around=partial(accelerated, "openai"))
    return {SDK: (to_bytes, events, objects), SDK_ACCELERATED: (to_bytes, to_events, quick)}


def httpx_programs(lab: Lab, url: str) -> dict[str, Program]:
    """Return ssescan over httpx, and the loop that programs write by hand."""
    client = httpx_client(lab)
    to_bytes, to_events = synchronous(client, url)

    def data() -> Iterator[str]:
        for line in post(client, url).iter_lines():
            if line.startswith("data: "):
                yield line[6:]

    def texts() -> Iterator[str]:
        for line in post(client, url).iter_lines():
            if line.startswith("data: "):
                data = line[6:]
                if data != "[DONE]":
                    yield json.loads(data)["choices"][0]["delta"].get("content") or ""

    return {
        HTTPX: (to_bytes, to_events, parts_readers(lab, url)[over_http.HTTPX]),
        BY_HAND: (to_bytes, Reader(data, str), Reader(texts, str)),
    }


def aiohttp_program(lab: Lab, url: str) -> Program:
    session = aiohttp_client(lab)

    async def to_bytes() -> Any:
        return (await session.post(url, json={})).content.iter_any()

    async def to_events() -> Any:
        return ssescan.aiter_events(await session.post(url, json={}))

    parts = parts_readers(lab, url)[over_http.AIOHTTP]
    return Reader(to_bytes, bytes.decode), Reader(to_events, reads_data=True), parts


def run_name(program: str, stage: str) -> str:
    return f"{program}, {stage}"


def build(pace: float | str, lab: Lab, count: int) -> dict[str, Run]:
    url = lab.url(API, count, pace)
    made = {**sdk_programs(lab, url), **httpx_programs(lab, url), AIOHTTP: aiohttp_program(lab, url)}
    runs: dict[str, Run] = {}
    for number, stage in enumerate(STAGES):
        runs |= compare(lab, {run_name(program, stage): made[program][number] for program in PROGRAMS})
    return runs


def group_name(pace: str) -> str:
    return f"from the socket to the objects, {pace}"


def stages(figures: dict[str, Times], program: str, pace: str) -> Times:
    """Return the time of a program up to each stage, seconds an event."""
    return {stage: figures[group_name(pace)][run_name(program, stage)] for stage in STAGES}


NAMES = tuple(run_name(program, stage) for stage in STAGES for program in PROGRAMS)
GROUPS = [
    Group(group_name(name), partial(build, pace), NAMES, count, rounds=rounds, clock=process_time)
    for name, (pace, count, rounds) in PACES.items()
]
