"""The scanner's rows of the speed table: what is wanted, what this machine measures, and whether it is reached.

python benchmarks/scanner.py        exit status 1 where a row is not reached, or could not be measured

All who are compared take turns, within one process, and the least CPU time of each counts: ratios hold to a few percent
so, times do not. The garbage collector runs as it does by default. Wants the extra `peers`.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import floor
import peers
import table as tables
import workloads
from peers import BY_HAND, OURS, PURE, drain, read_compiled, read_python
from table import ROUNDS, race

if TYPE_CHECKING:
    from peers import Reader
    from table import Runs, Table

COUNT = 10_000  # events

DECODE, KNOWN_ASCII = "floor", "floor, known ASCII"
JOIN = "join and decode"

# A library that is this much slower than the quickest at an eighth of the size cannot be the best at the whole.
HOPELESS = 2.0

FASTER_THAN = {"httpx-sse": 10, "httpx2": 18, "openai": 28, "anthropic": 12, BY_HAND: 2.8}


def reading(readers: dict[str, Reader], chunks: list[bytes]) -> Runs:
    """Have each read the chunks, once it has shown that it reads them as the others do."""
    expected: list[str] = []
    read_compiled(chunks, expected)
    runs: Runs = {}
    for name, read in readers.items():
        seen: list[str] = []
        read(chunks, seen)
        if seen != expected:
            raise AssertionError(f"{name} reads something else than ssescan")
        runs[name] = lambda read=read: read(chunks)  # type: ignore[misc]
    return runs


def hopeful(libraries: dict[str, Reader], small: list[bytes]) -> dict[str, Reader]:
    """Leave out the libraries that cannot be the best: some are quadratic, and would take minutes."""
    times = race(reading(libraries, small), rounds=3)
    best = min(times.values())
    return {name: read for name, read in libraries.items() if times[name] <= HOPELESS * best}


def one_event_a_chunk(table: Table, readers: dict[str, Reader]) -> None:
    chunks = workloads.cut(workloads.openai_chat(COUNT), None)
    times = race(reading({OURS: read_compiled, PURE: read_python, **readers}, chunks))
    for name, wanted in FASTER_THAN.items():
        table.faster(f"compiled, against {name}", times, OURS, name, wanted)
    table.faster("pure Python, all rules, against httpx-sse", times, PURE, "httpx-sse", 1.0)
    table.keep("events of 258 bytes, an event a chunk", times, COUNT)


def floor_row(table: Table) -> None:
    events = workloads.openai_chat(COUNT)
    chunks = workloads.cut(events, 16 * workloads.KIB)
    what = "compiled, 16 KiB chunks, against making the same objects in C"
    try:
        floors = {
            DECODE: floor.floor(events, 16 * workloads.KIB, known_ascii=False),
            KNOWN_ASCII: floor.floor(events, 16 * workloads.KIB, known_ascii=True),
        }
    except RuntimeError as error:
        table.within(what, {}, OURS, DECODE, 1.6)
        table.note(str(error))
        return
    runs = reading({OURS: read_compiled}, chunks)
    for name, made in floors.items():
        runs[name] = lambda made=made: drain(made.rewind())  # type: ignore[misc]
    times = race(runs, rounds=3 * ROUNDS)
    table.within(what, times, OURS, DECODE, 1.6)
    table.keep("events of 258 bytes, 16 KiB chunks", times, COUNT)


def large_event(table: Table, libraries: dict[str, Reader]) -> None:
    libraries = hopeful(libraries, workloads.one_event(2 * workloads.MIB, workloads.KIB))
    chunks = workloads.one_event(16 * workloads.MIB, workloads.KIB)
    runs = reading({OURS: read_compiled, PURE: read_python, **libraries}, chunks)
    runs[JOIN] = lambda: drain_text(b"".join(chunks).decode())
    times = race(runs)
    best = min(libraries, key=times.__getitem__)
    table.within("an event of 16 MiB, 1 KiB chunks, against the best peer", times, OURS, best, 1.0)
    table.within("an event of 16 MiB, 1 KiB chunks, against b''.join(chunks).decode()", times, OURS, JOIN, 2.0)
    table.keep("an event of 16 MiB, 1 KiB chunks", times)
    table.note(f"an event of 16 MiB: the best peer is {best}")


def drain_text(text: str) -> None:
    """Drop it, as the loop over events drops each."""


def single_bytes(table: Table, libraries: dict[str, Reader]) -> None:
    count = 1_000_000 // workloads.OPENAI_EVENT_SIZE
    libraries = hopeful(libraries, workloads.cut(workloads.openai_chat(count // 8), 1))
    chunks = workloads.cut(workloads.openai_chat(count), 1)
    times = race(reading({OURS: read_compiled, **libraries}, chunks), rounds=15)
    best = min(libraries, key=times.__getitem__)
    table.faster("a million chunks of a byte, against the best peer", times, OURS, best, 3.0)
    table.keep("a million chunks of a byte", times)
    table.note(f"a million chunks of a byte: the best peer is {best}")


def rows(table: Table) -> None:
    readers, missing = peers.load()
    libraries = {name: read for name, read in readers.items() if name in peers.LIBRARIES}
    for line in missing:
        table.note(line)
    one_event_a_chunk(table, readers)
    floor_row(table)
    if libraries:
        large_event(table, libraries)
        single_bytes(table, libraries)
    else:
        table.row("an event of 16 MiB, a million chunks of a byte", "the best peer", "not measured", False)


if __name__ == "__main__":
    sys.exit(tables.main(rows, str(__doc__)))
