"""What idle scanners and streams take, and what a message does: that it is bounded, and how long making them takes.

Nothing is asserted of time here: the table's row, and the figures of peers, are in memory.py.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import memory
import pytest
import sdks
import workloads
from memory import CHAT, IDLE_LIMIT
from peers import OURS, PURE

import ssescan
from ssescan.scanner import _compiled

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

COUNT = 1000
APIS = list(memory.SDK_ACCUMULATORS)
# Times the text. Before Python 3.12, a StringIO keeps each piece that was written as it is, until it is asked for all.
GATHERING = 3 if sys.version_info >= (3, 12) else 16
COMPILED = memory.scanner_decoder(_compiled.Scanner)
STREAMS = list(memory.stream_makers(0))


def decoder_of(name: str) -> memory.Decoder:
    try:
        return memory.DECODERS[name]()
    except ImportError as error:
        pytest.skip(f"{name} is not installed: {error}")


@pytest.mark.parametrize(
    "chunks",
    [[], CHAT, [b"".join(CHAT)], memory.NAMED],
    ids=["new", "after events", "after a chunk of them", "after events with names"],
)
def test_an_idle_compiled_scanner_stays_within_its_limit(chunks: list[bytes]) -> None:
    assert sys.getsizeof(_compiled.Scanner()) <= IDLE_LIMIT
    assert memory.owned(memory.used(COMPILED, chunks)) <= IDLE_LIMIT


@pytest.mark.parametrize("kind", [OURS, PURE])
def test_a_scanner_that_took_much_keeps_none_of_it(kind: str) -> None:
    decoder = decoder_of(kind)
    large = workloads.one_event(workloads.MIB, workloads.KIB)
    assert memory.owned(memory.used(decoder, large), 3) < memory.owned(decoder.make, 3) + workloads.KIB


@pytest.mark.parametrize("events", [0, memory.CROWD_BEFORE])
def test_idle_scanners_take_as_much_each_however_many_they_are(events: int) -> None:
    make = memory.used(COMPILED, CHAT[:events])
    few, many = (memory.owned(make, count) for count in (COUNT, 8 * COUNT))
    assert many == pytest.approx(few, abs=8)


def test_a_process_grows_by_what_its_scanners_take() -> None:
    count = 20_000
    seen, growth = memory.crowd(OURS, 0, count)
    assert seen <= IDLE_LIMIT
    if growth is None:
        pytest.skip("the system does not say how large a process is")
    # The allocator takes pages, and arenas of a megabyte.
    assert seen / 2 < growth < 1.25 * seen + 4 * workloads.MIB / count


@pytest.mark.parametrize("way", STREAMS)
def test_idle_streams_take_as_much_each_however_many_they_are(way: str) -> None:
    few, many = (memory.owned(memory.stream_makers(count)[way], count, memory.aclosed) for count in (200, 400))
    assert few == pytest.approx(many, rel=0.1)
    assert few < 8 * workloads.KIB


@pytest.mark.parametrize("api", APIS)
def test_a_message_holds_its_text_and_little_else(api: str) -> None:
    few, many = (memory.accumulated(memory.ours(api), api, count) for count in (2000, 8000))
    for found in (few, many):
        text = sys.getsizeof(found.message.text)
        assert text <= found.held < text + 8 * workloads.KIB
        # The text as it is gathered, and as it is given; and the stream itself.
        assert found.peak < GATHERING * text + 64 * workloads.KIB
    assert many.held < 4.5 * few.held


@pytest.mark.parametrize("api", APIS)
def test_the_sdk_gathers_the_same_text(api: str) -> None:
    try:
        theirs = memory.accumulated(memory.SDK_ACCUMULATORS[api], api, 120)
    except ImportError as error:
        pytest.skip(f"the SDK is not installed: {error}")
    text = memory.text_of(theirs.message)
    assert text.split()
    assert text == ssescan.stream(sdks.EVENTS[api](120), api).collect().text  # type: ignore[arg-type]
    assert theirs.peak >= theirs.held >= sys.getsizeof(text)


# How long it takes to make them


@pytest.mark.parametrize("name", memory.DECODERS)
def test_making_decoders(benchmark: BenchmarkFixture, name: str) -> None:
    benchmark.group = f"making {COUNT:,} idle decoders"
    make = decoder_of(name).make
    benchmark.extra_info["bytes each"] = size = memory.owned(make, 200)
    assert size > 0

    def make_all() -> None:
        for _ in range(COUNT):
            make()

    benchmark(make_all)


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("who", ["ssescan", "SDK"])
def test_gathering_a_message(benchmark: BenchmarkFixture, api: str, who: str) -> None:
    count = 500
    benchmark.group = f"{api}, a message of {count:,} deltas"
    accumulator = memory.ours(api) if who == "ssescan" else memory.SDK_ACCUMULATORS[api]
    try:
        found = memory.accumulated(accumulator, api, count)
    except ImportError as error:
        pytest.skip(f"the SDK is not installed: {error}")
    expected = ssescan.stream(sdks.EVENTS[api](count), api).collect().text  # type: ignore[arg-type]
    assert memory.text_of(found.message) == expected
    benchmark.extra_info.update(held=found.held, peak=found.peak)
    benchmark(accumulator(sdks.EVENTS[api](count)))
