"""Judge the times of the reads of a stream: whether its events were held back on the way, how long it was silent.

An LLM makes its events one after the other. If they arrive together, or in blocks of equal size, something on the way
held them back. Knows times, sizes and numbers of events, nothing else.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from ..output import counted

MS = 1_000_000  # ns
# Reads of one block: a client that splits it into the chunks of HTTP takes some 0.04 ms for each.
MAX_BLOCK_NS = 2 * MS
MAX_GAP_IN_BLOCK_NS = 300_000
MAX_MOMENT_NS = 10 * MS  # in which a busy client reads what came at one moment
MIN_EVENTS = 4  # fewer cannot show anything, however they come
MIN_AT_ONCE = 10  # events: a short answer may well come at once
MIN_WAIT_NS = 100 * MS  # a shorter wait does not show that events were held back
MOST = 0.9  # of the events
MIN_IN_BLOCK = 3  # events of a usual block; an event alone may be split because it is large
MIN_IN_BATCH = 4  # events of a usual batch
BUFFER = 4096  # bytes: proxies use multiples of this
MAX_HEADERS = 1024  # bytes, by which the first block is smaller


class Read(NamedTuple):
    """One read: ns since the request, the events that it completed, its bytes, whether it ended between two events."""

    ns: int
    events: int
    size: int
    is_whole: bool


@dataclass(frozen=True)
class Arrival:
    """The judgement. `buffered`: None if the reads cannot show it. `pattern`: "at once", "blocks", "batches" or ""."""

    buffered: bool | None
    text: str
    pattern: str = ""


def arrival_of(reads: Sequence[Read]) -> Arrival:
    """Return how the events of a stream arrived."""
    moments = [read.ns for read in reads for _ in range(read.events)]
    if len(moments) < MIN_EVENTS:
        return Arrival(None, f"not known: {counted(len(moments), 'event')} cannot show it")
    found = _at_once(moments)
    if found is None:
        blocks = _blocks(reads)
        found = _in_blocks(blocks) or _in_batches(blocks) or _one_by_one(blocks, len(moments))
    return found


def longest_silence(moments: Sequence[int]) -> int:
    """Return the longest time between two of these moments, ns."""
    return max((after - before for before, after in pairwise(moments)), default=0)


def in_seconds(ns: float) -> str:
    """Return a time in seconds, with as many digits as a person reads."""
    seconds = ns / 1e9
    return f"{seconds:,.{1 if seconds >= 10 else 2}f} s"


def _at_once(moments: list[int]) -> Arrival | None:
    """Return the judgement of a stream most of whose events came at one moment, None for another."""
    window = max(MAX_BLOCK_NS, min(moments[-1] // 100, MAX_MOMENT_NS))
    counts = [bisect_right(moments, moment + window) - at for at, moment in enumerate(moments)]
    number = max(counts)
    if number < MOST * len(moments):
        return None
    start = counts.index(number)
    waited = moments[start] - (moments[start - 1] if start else 0)
    if number < MIN_AT_ONCE:
        return Arrival(None, f"not known: {counted(len(moments), 'event')} came at once, and so few cannot show it")
    if waited < MIN_WAIT_NS:
        return Arrival(None, f"not known: all came within {in_seconds(moments[-1])}, which is too fast to show it")
    came = f"all {number:,}" if number == len(moments) else f"{number:,} of {len(moments):,}"
    return Arrival(True, f"held back: {came} events came at once, after {in_seconds(waited)} without one", "at once")


def _in_blocks(blocks: list[Read]) -> Arrival | None:
    """Return the judgement of blocks that end in the middle of an event, as a full buffer does; None for others."""
    inner = blocks[:-1]
    if not inner or median(block.events for block in inner) < MIN_IN_BLOCK:
        return None
    cut = [block for block in inner if not block.is_whole]
    if 2 * len(cut) <= len(inner):
        return None
    if len(inner) == 1:
        is_buffer = any(0 <= buffer - inner[0].size <= MAX_HEADERS for buffer in (BUFFER, 2 * BUFFER, 4 * BUFFER))
    else:
        # A fast server's bytes come in blocks too, each larger than the one before: TCP starts slowly.
        is_buffer = 2 * sum(block.size <= 1.5 * inner[0].size for block in inner) > len(inner)
    if not is_buffer:
        return None
    size = median(block.size for block in inner)
    text = f"held back: {len(blocks)} blocks of about {_size(size)}, which end in the middle of an event"
    return Arrival(True, text, "blocks")


def _in_batches(blocks: list[Read]) -> Arrival | None:
    """Return the judgement of events that come several at a time, None for others."""
    if len(blocks) < MIN_EVENTS:
        return None
    usual = median(block.events for block in blocks)
    every = median(after.ns - before.ns for before, after in pairwise(blocks))
    if usual < MIN_IN_BATCH or every < MIN_WAIT_NS:
        return None
    return Arrival(True, f"in batches: about {usual:.0f} events at a time, every {in_seconds(every)}", "batches")


def _one_by_one(blocks: list[Read], events: int) -> Arrival:
    came = f"{counted(events, 'event')} came at {counted(len(blocks), 'moment')}"
    if len(blocks) < MIN_EVENTS:
        return Arrival(None, f"not known: {came}, which cannot show it")
    return Arrival(False, f"not held back: {came} within {in_seconds(blocks[-1].ns - blocks[0].ns)}")


def _blocks(reads: Sequence[Read]) -> list[Read]:
    """Return the reads that brought events, with those joined that came together."""
    blocks: list[Read] = []
    last = 0
    for read in reads:
        if blocks and (read.ns - blocks[-1].ns < MAX_BLOCK_NS or read.ns - last < MAX_GAP_IN_BLOCK_NS):
            block = blocks[-1]
            blocks[-1] = Read(block.ns, block.events + read.events, block.size + read.size, read.is_whole)
        else:
            blocks.append(read)
        last = read.ns
    return [block for block in blocks if block.events or not block.is_whole]


def _size(size: float) -> str:
    for buffer in (BUFFER << power for power in range(5)):
        if 0.75 * buffer <= size <= buffer:
            return f"{buffer // 1024} KiB"
    return f"{size / 1024:.1f} KiB"
