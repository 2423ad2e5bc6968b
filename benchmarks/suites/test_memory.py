"""The memory of idle scanners, streams and messages is bounded."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from benchmarks.suites import memory, payloads
from benchmarks.suites.memory import CHAT, IDLE_LIMIT, NAMED
from benchmarks.suites.readers import OURS
from ssescan.providers.formats import WRITTEN_APIS
from ssescan.scanner import _compiled

COUNT = 1000
# Times the text. Before Python 3.12, a StringIO keeps each piece that was written until its value is read.
GATHERING = 3 if sys.version_info >= (3, 12) else 16


@pytest.mark.parametrize("chunks", [[], CHAT, [b"".join(CHAT)], NAMED], ids=["new", "events", "one chunk", "named"])
def test_idle_compiled_scanner_stays_within_its_limit(chunks: list[bytes]) -> None:
    assert sys.getsizeof(_compiled.Scanner()) <= IDLE_LIMIT
    assert memory.owned(memory.used(_compiled.Scanner, chunks)) <= IDLE_LIMIT


@pytest.mark.parametrize("kind", memory.SCANNERS)
def test_scanner_keeps_nothing_of_a_large_event(kind: str) -> None:
    scanner = memory.SCANNERS[kind]
    large = payloads.one_event(payloads.MIB, payloads.KIB)
    assert memory.owned(memory.used(scanner, large), 3) < memory.owned(scanner, 3) + payloads.KIB


@pytest.mark.parametrize("events", [0, 5])
def test_idle_scanners_in_a_crowd_are_as_small(events: int) -> None:
    make = memory.used(_compiled.Scanner, CHAT[:events])
    few, many = (memory.owned(make, count) for count in (COUNT, 8 * COUNT))
    assert many == pytest.approx(few, abs=8)


def test_process_grows_by_the_size_of_its_scanners() -> None:
    count = 20_000
    growth, seen = memory.crowd(OURS, count)
    assert seen <= IDLE_LIMIT
    if not growth:
        pytest.skip("the system does not say how large a process is")
    # The allocator reserves pages, and arenas of a megabyte.
    assert seen / 2 < growth < 1.25 * seen + 4 * payloads.MIB / count


@pytest.mark.parametrize("name", memory.stream_makers(0))
def test_idle_streams_in_a_crowd_are_as_small(name: str) -> None:
    few, many = (memory.owned(memory.stream_makers(count)[name], count, memory.close_all) for count in (200, 400))
    assert few == pytest.approx(many, rel=0.1)
    assert few < 8 * payloads.KIB


@pytest.mark.parametrize("api", memory.APIS)
def test_message_holds_its_text_and_little_else(api: str) -> None:
    few, many = (memory.gathered(OURS, api, count) for count in (2000, 8000))
    for found in (few, many):
        text = sys.getsizeof(found.message.text)
        assert text <= found.held < text + 8 * payloads.KIB
        # The text while it is gathered, and in the message; and the stream itself.
        assert found.peak < GATHERING * text + 64 * payloads.KIB
    assert many.held < 4.5 * few.held


@pytest.mark.parametrize("api", memory.APIS)
def test_sdk_gathers_the_same_text(api: str) -> None:
    ours, theirs = (memory.gathered(reader, api, 120) for reader in memory.READERS)
    text = memory.text_of(theirs.message)
    assert text.split()
    assert text == memory.text_of(ours.message)
    assert theirs.peak >= theirs.held >= sys.getsizeof(text)


@pytest.mark.parametrize("name", [*memory.gateway_makers(), *memory.gateway_streams()])
def test_passing_on_holds_the_message_and_little_else(name: str) -> None:
    pytest.importorskip("regex")
    memory.passed(name, 100)  # what is loaded once is there before
    found = memory.passed(name, 10_000)
    text = sys.getsizeof(found.text)
    # The text of the message, and that of the writer; the last events of Responses have it four times.
    assert found.held < (GATHERING + 3) * text + 128 * payloads.KIB
    assert found.peak < (GATHERING + 12) * text + 512 * payloads.KIB


@pytest.mark.parametrize("api", WRITTEN_APIS)
def test_writer_holds_the_text_at_most(api: Any) -> None:
    memory.written(api, 100)
    found = memory.written(api, 40_000)
    text = sys.getsizeof(found.text)
    assert found.held < 3 * text + 16 * payloads.KIB
    assert found.peak < 12 * text + 16 * payloads.KIB
    if api != "openai-responses":  # its last events have the whole text
        assert found.peak < 16 * payloads.KIB
