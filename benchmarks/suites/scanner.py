"""Bytes to events: the scanner beside other readers, for each kind of stream and each cut.

The rows of the speed table are about events of 258 bytes, and about what must stay linear: one event of 16 MiB, and a
million chunks of a byte.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from functools import partial
from typing import Any

import ssescan
from benchmarks.suites import bare_cost, measure, payloads, readers
from benchmarks.suites.measure import Group, Lab, Reader, Run, Target, race
from benchmarks.suites.payloads import CUTS, KIB
from benchmarks.suites.readers import BY_HAND, OURS, PURE, able, drain

Runs = dict[str, Run]

BARE, JOIN, BARE_LOOP = "bare cost", "join and decode", "the bare loop over chunks"
LARGE = "an event of 16 MiB, 1 KiB chunks"
BYTES = "a million chunks of a byte"

# A library that needs so many times as long as the fastest at an eighth of the size cannot be the fastest at the whole.
HOPELESS = 2.0


def compare(chunks: list[bytes], names: Iterable[str]) -> Runs:
    """Return the runs to time. Raises AssertionError unless all readers read the same strings."""
    expected: list[str] = []
    readers.read_compiled(chunks, expected)
    runs: Runs = {}
    for name in names:
        if name not in readers.READERS:
            raise ImportError(f"{name} is not installed")
        read = readers.READERS[name]
        seen: list[str] = []
        read(chunks, seen)
        if seen != expected:
            raise AssertionError(f"{name} reads something else than ssescan")
        runs[name] = Run(lambda read=read: read(chunks))  # type: ignore[misc]
    return runs


def hopeful(small: list[bytes]) -> list[str]:
    """Return the libraries that may be the fastest: some are quadratic, and would need minutes."""
    times = race(compare(small, [name for name in readers.READERS if name in readers.LIBRARIES]), rounds=3)
    return [name for name, time in times.items() if time <= HOPELESS * min(times.values())]


def bare_cost_runs(lab: Lab, count: int) -> Runs:
    events = payloads.openai_chat(count)
    made = bare_cost.bare_cost(events)
    return compare(payloads.cut(events, 16 * KIB), [OURS]) | {BARE: Run(lambda: drain(made.rewind()))}


def large_event_runs(lab: Lab, kib: int) -> Runs:
    chunks = payloads.one_event(kib * KIB, KIB)
    runs = compare(chunks, [OURS, PURE, *hopeful(payloads.one_event(kib * KIB // 8, KIB))])
    # Passed on and dropped, as the loop over events drops each.
    return runs | {JOIN: Run(lambda: bool(b"".join(chunks).decode()))}


def single_bytes_runs(lab: Lab, count: int) -> Runs:
    libraries = hopeful(payloads.cut(payloads.openai_chat(count // 8), 1))
    return compare(payloads.cut(payloads.openai_chat(count), 1), [OURS, *libraries])


# Stalls that never happen: the watch for them is measured.
NEVER = ssescan.Stall(idle=600, progress=600)
OPTIONS: dict[str, dict[str, Any]] = {"plain": {}, "with timing": {"timing": True}, "with stall": {"stall": NEVER}}


async def arriving(chunks: list[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


def stream_runs(is_async: bool, lab: Lab, count: int) -> Runs:
    """Return the streams with their options, beside the bare loop over chunks."""
    chunks = payloads.openai_chat(count)
    events_of: Any = ssescan.aiter_events if is_async else ssescan.iter_events
    source = partial(arriving, chunks) if is_async else lambda: chunks
    found = {
        name: Reader(lambda options=options: events_of(source(), **options), reads_data=True)  # type: ignore[misc]
        for name, options in OPTIONS.items()
    }
    runs = measure.compare(lab, found, "".join(event[6:-2].decode() for event in chunks))
    return runs | measure.compare(lab, {BARE_LOOP: Reader(source, bytes.decode)})


def group_name(stream: str, size: str) -> str:
    return f"{stream}, {'an event a chunk' if size == 'event' else f'{size} chunks'}"


def stream_group(stream: str, size: str) -> Group:
    """Return the group of a kind of stream in a cut."""

    def build(lab: Lab, count: int) -> Runs:
        events = payloads.STREAMS[stream].make(count)
        return compare(payloads.cut(events, CUTS[size]), able(stream, size))

    targets = TARGETS if (stream, size) == ("openai_chat", "event") else ()
    count, rounds = (10_000, 25) if targets else (payloads.STREAMS[stream].events, 9)
    return Group(group_name(stream, size), build, tuple(able(stream, size)), count, targets, rounds=rounds)


FASTER_THAN = {"httpx-sse": 10, "httpx2": 18, "openai": 28, "anthropic": 12, BY_HAND: 2.8}
TARGETS = (
    *(Target(f"compiled, against {name}", OURS, name, ratio) for name, ratio in FASTER_THAN.items()),
    Target("pure Python, all rules, against httpx-sse", PURE, "httpx-sse", 1.0),
)
LIBRARIES = tuple(readers.LIBRARIES)
WITHIN_BARE_COST = Target(
    "compiled, 16 KiB chunks, against making the same objects in C", OURS, BARE, 1.6, faster=False
)
LARGE_TARGETS = (
    Target(f"{LARGE}, against the best peer", OURS, LIBRARIES, 1.0, faster=False),
    Target(f"{LARGE}, against b''.join(chunks).decode()", OURS, JOIN, 2.0, faster=False),
)
BYTES_TARGET = Target(f"{BYTES}, against the best peer", OURS, LIBRARIES, 3.0)

MATRIX = {(stream, size): stream_group(stream, size) for stream in payloads.STREAMS for size in CUTS}
# Every kind in every cut needs many minutes: the suite has them all, and the report those that a page has room for.
REPORTED = [
    *(MATRIX["openai_chat", size] for size in CUTS),
    *(MATRIX[stream, "event"] for stream in payloads.STREAMS if stream not in ("openai_chat", "image")),
    MATRIX["image", "1 KiB"],
    Group(
        f"events of 258 bytes, 16 KiB chunks, {BARE}",
        bare_cost_runs,
        (OURS, BARE),
        10_000,
        (WITHIN_BARE_COST,),
        rounds=75,
    ),
    Group(LARGE, large_event_runs, (OURS, PURE, JOIN), 16 * KIB, LARGE_TARGETS, events=1),
    Group(
        BYTES, single_bytes_runs, (OURS,), 1_000_000 // payloads.OPENAI_EVENT_SIZE, (BYTES_TARGET,), events=1, rounds=15
    ),
]
STREAMS = [
    Group(name, partial(stream_runs, name == "aiter_events"), (*OPTIONS, BARE_LOOP), 4000)
    for name in ("iter_events", "aiter_events")
]
GROUPS = [*(group for group in MATRIX.values() if group not in REPORTED), *REPORTED, *STREAMS]
