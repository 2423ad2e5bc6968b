"""The SDKs' objects, alone and accelerated: that both read the same text in every way, and the cost of each.

Nothing is asserted of time here: the table's rows are in accelerate.py.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import accelerate
import pytest
import sdks
import serving

import ssescan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_benchmark.fixture import BenchmarkFixture
    from serving import Url

pytestmark = pytest.mark.filterwarnings("ignore")  # of aiohttp, for what google-genai does with it

APIS = list(accelerate.LIBRARY)
COUNT = 500
WAYS = ["from memory", "from memory, async", "over HTTP", "over HTTP, async"]


@pytest.fixture(scope="module")
def url() -> Iterator[Url]:
    with serving.serving() as url:
        yield url


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.mark.parametrize("api", APIS)
def test_plain_and_accelerated_read_the_same_text(api: str, url: Url, runner: asyncio.Runner) -> None:
    text = sdks.parts_reader(api)(sdks.EVENTS[api](accelerate.COUNT))
    ways = accelerate.readings(api, url, runner)
    assert list(ways) == WAYS
    for one in ways.values():
        accelerate.expect_same(accelerate.LIBRARY[api], one, text)


def test_a_race_has_a_time_for_both() -> None:
    chunks = sdks.EVENTS["anthropic"](20)
    times = accelerate.race("anthropic", accelerate.reading("anthropic", chunks, chunks), rounds=1)
    assert list(times) == [accelerate.PLAIN, accelerate.ACCELERATED]
    assert all(0 < time < 60 for time in times.values())


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("who", [accelerate.PLAIN, accelerate.ACCELERATED])
def test_reading(benchmark: BenchmarkFixture, api: str, who: str) -> None:
    benchmark.group = f"{api}, objects of the SDK"
    chunks = sdks.EVENTS[api](COUNT)
    benchmark.extra_info["events"] = len(chunks)
    one = accelerate.reading(api, chunks, chunks)
    if who == accelerate.PLAIN:
        benchmark(one.run)
        return
    with ssescan.accelerate(accelerate.LIBRARY[api]) as acceleration:
        accelerate.expect_acceleration(accelerate.LIBRARY[api], acceleration)
        benchmark(one.run)
