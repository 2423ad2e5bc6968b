"""What the streams add to the scanner: iter_events and aiter_events with each option, beside the bare loop over chunks.

Nothing is asserted of time here. That each gives the same events is asserted before it is timed.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
import workloads

import ssescan
from ssescan import Comment, ServerSentEvent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from pytest_benchmark.fixture import BenchmarkFixture

COUNT = 4000  # events
EACH = 20  # events, and a comment before the next, as gateways send them


def chat_with_comments() -> list[bytes]:
    return [
        event if index % EACH else b": still here\n\n" + event
        for index, event in enumerate(workloads.openai_chat(COUNT))
    ]


CHUNKS = {size: workloads.cut(chat_with_comments(), workloads.CUTS[size]) for size in ("event", "64 B", "16 KiB")}

# Stalls that never come to pass: what is measured is the looking out for them.
NEVER = ssescan.Stall(idle=600, progress=600)
OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "with timing": {"timing": True},
    "with stall": {"stall": NEVER},
    "with comments": {"comments": True},
    "with all three": {"timing": True, "stall": NEVER, "comments": True},
}
BARE = "the bare loop over chunks"
WAYS = [BARE, *OPTIONS]


def iterate(chunks: list[bytes]) -> None:
    for _ in chunks:
        pass


def drain(chunks: list[bytes], options: dict[str, Any]) -> None:
    for item in ssescan.iter_events(chunks, **options):
        if type(item) is ServerSentEvent:
            item.data  # noqa: B018 - reading it is what is measured


async def arriving(chunks: list[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def aiterate(chunks: list[bytes]) -> None:
    async for _ in arriving(chunks):
        pass


async def adrain(chunks: list[bytes], options: dict[str, Any]) -> None:
    async with ssescan.aiter_events(arriving(chunks), **options) as stream:
        async for item in stream:
            if type(item) is ServerSentEvent:
                item.data  # noqa: B018 - reading it is what is measured


async def aseen(chunks: list[bytes], options: dict[str, Any]) -> list[Any]:
    async with ssescan.aiter_events(arriving(chunks), **options) as stream:
        return [item async for item in stream]


def expect_all(items: list[Any], options: dict[str, Any]) -> None:
    comments = [item.text for item in items if type(item) is Comment]
    assert comments == ["still here"] * (COUNT // EACH if "comments" in options else 0)
    data = [item.data for item in items if type(item) is ServerSentEvent]
    assert data == [event.removeprefix(b"data: ").decode().strip() for event in workloads.openai_chat(COUNT)]


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def note(benchmark: BenchmarkFixture) -> Callable[[str, str], None]:
    def note(function: str, size: str) -> None:
        benchmark.group = f"{function}, {size}"
        benchmark.extra_info.update(events=COUNT, chunks=len(CHUNKS[size]))

    return note


@pytest.mark.parametrize("size", CHUNKS)
@pytest.mark.parametrize("way", WAYS)
def test_iter_events(benchmark: BenchmarkFixture, note: Callable[[str, str], None], size: str, way: str) -> None:
    note("iter_events", size)
    chunks = CHUNKS[size]
    if way == BARE:
        benchmark(iterate, chunks)
        return
    with ssescan.iter_events(chunks, **OPTIONS[way]) as stream:
        expect_all(list(stream), OPTIONS[way])
    assert (stream.outcome, stream.reads, stream.received_ns is not None) == (
        ssescan.Outcome.ENDED,
        len(chunks),
        "timing" in OPTIONS[way],
    )
    benchmark(drain, chunks, OPTIONS[way])


@pytest.mark.parametrize("size", CHUNKS)
@pytest.mark.parametrize("way", WAYS)
def test_aiter_events(
    benchmark: BenchmarkFixture, note: Callable[[str, str], None], runner: asyncio.Runner, size: str, way: str
) -> None:
    note("aiter_events", size)
    chunks = CHUNKS[size]
    if way == BARE:
        benchmark(lambda: runner.run(aiterate(chunks)))
        return
    expect_all(runner.run(aseen(chunks, OPTIONS[way])), OPTIONS[way])
    benchmark(lambda: runner.run(adrain(chunks, OPTIONS[way])))
