"""Shows that time grows with the bytes, and not faster, whatever the cuts: each case at n, 2n and 4n, both backends.

python -m benchmarks.suites.linearity      exit status 1 where 4n needs over 8 times as long as n
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from time import process_time
from typing import Any, NamedTuple

import ssescan
from benchmarks.suites.measure import Group, Lab, Run, Table, Target, race
from benchmarks.suites.payloads import KIB, MIB, cut, one_event, openai_chat
from benchmarks.suites.readers import pure_ssescan

BACKENDS = ("compiled", "python")

# Linear is 4, n log n about 4.5, quadratic 16. The range between is the machine: memory beyond the cache, and other
# programs. On a busy machine, linear cases came to 6.
#
# A case over the slack is measured again, twice at most, and fails if it is over it each time: interference passes, and
# a quadratic scanner stays. A mixture is caught as soon as a third of the time at n, or two thirds at 4n, is quadratic.
SLACK = 8.0
ATTEMPTS = 3
ROUNDS = 6
SHORTEST = 0.001  # seconds at n: shorter work is done several times, at n, 2n and 4n alike

FACTORS = {"n": 1, "2n": 2, "4n": 4}


class Case(NamedTuple):
    """A stream that grows. `make` returns its chunks at a size, `events` how many events they hold, `full` is 4n."""

    name: str
    full: int
    make: Callable[[int], list[bytes]]
    events: Callable[[int], int] = lambda _: 0
    iterate: bool = False
    options: dict[str, Any] = {}  # noqa: RUF012 - never changed


# One and the same chunk again and again, so that what is read stays in the cache at 4n, too.
def line(size: int, end: bytes = b"") -> list[bytes]:
    return [b"data: " + b"x" * (KIB - 6), *[b"x" * KIB] * (size // KIB - 1), end]


def ordinary_events(size: int) -> list[bytes]:
    return openai_chat(size // 258)


def small_events(size: int) -> list[bytes]:
    return [b'data: {"n":1}\n\n' * size]


SKIP = {"oversize": "skip", "max_event_size": 4096}
CASES = [
    Case("line of 16 MiB, 1 KiB chunks", 16 * MIB, line),
    Case("event of 16 MiB, ended, 1 KiB chunks", 16 * MIB, lambda n: line(n, b"\n\n"), lambda _: 1),
    Case(
        "line of 16 MiB, skipped over 4 KiB", 16 * MIB, lambda n: line(n, b"\n\ndata: x\n\n"), lambda _: 1, options=SKIP
    ),
    Case("1 MiB of CR in a chunk", MIB, lambda size: [b"\r" * size]),
    Case("1 MiB of CRLF in a chunk", MIB, lambda size: [b"\r\n" * (size // 2)]),
    Case("a million chunks of a byte", 10**6, lambda size: cut(ordinary_events(size), 1), lambda size: size // 258),
    Case("100,000 data lines, one event", 10**5, lambda size: [b"data: x\n" * size + b"\n"], lambda _: 1),
    Case("100,000 data lines, a chunk each", 10**5, lambda size: [b"data: x\n"] * size + [b"\n"], lambda _: 1),
    Case("100,000 events in a chunk", 10**5, small_events, lambda size: size),
    Case("the same, iterated over", 10**5, small_events, lambda size: size, iterate=True),
    Case("a million comments in a chunk", 10**6, lambda size: [b": still here\n" * size]),
    Case("events of 258 B, 64-byte chunks", 8 * MIB, lambda n: cut(ordinary_events(n), 64), lambda n: n // 258),
]


class TailScanner:
    """A scanner that must be caught: it joins the rest of the last chunk to the next, and splits all of it again."""

    def __init__(self) -> None:
        self.tail = b""

    def feed(self, chunk: bytes) -> list[bytes]:
        *blocks, self.tail = (self.tail + chunk).split(b"\n\n")
        return blocks

    def close(self) -> list[bytes]:
        return []


QUADRATIC = Case("tail + chunk, one event", 64 * KIB, lambda size: one_event(size, 64), lambda _: 1)


def runner(case: Case, backend: str) -> Callable[[list[bytes]], int]:
    """Return a function that reads chunks and returns the number of events."""
    if backend == "quadratic":
        return lambda chunks: feed(TailScanner(), chunks)
    package: Any = ssescan if backend == ssescan.backend else pure_ssescan()
    if package.backend != backend:
        raise RuntimeError(f"the {backend} scanner is missing: see `ssescan doctor`")
    if case.iterate:
        return lambda chunks: sum(1 for _ in package.iter_events(chunks, **case.options))
    return lambda chunks: feed(package.Scanner(**case.options), chunks)


def feed(scanner: Any, chunks: list[bytes]) -> int:
    count = 0
    for chunk in chunks:
        if items := scanner.feed(chunk):  # not each time: numbers over 256 cost more than those below
            count += len(items)
    return count + len(scanner.close())


def build(case: Case, backend: str, lab: Lab, n: int) -> dict[str, Run]:
    """Return the call to time. Raises AssertionError if it does not do the work."""
    read = runner(case, backend)
    runs = {}
    repeat = 1
    for name, factor in FACTORS.items():
        chunks = case.make(n * factor)
        if (events := read(chunks)) != case.events(n * factor):
            raise AssertionError(f"{case.name}: {events} events at {n * factor}, not {case.events(n * factor)}")
        while name == "n" and repeat * race({name: Run(partial(read, chunks))}, 2, process_time)[name] < SHORTEST:
            repeat *= 2
        runs[name] = Run(lambda chunks=chunks, repeat=repeat: [read(chunks) for _ in range(repeat)])  # type: ignore[misc]
    return runs


def group(case: Case, backend: str) -> Group:
    name = f"{case.name}, {backend}"
    target = (Target(name, "4n", "n", SLACK, faster=False),)
    return Group(
        name, partial(build, case, backend), tuple(FACTORS), case.full // 4, target, 1, ROUNDS, ATTEMPTS, process_time
    )


def keep_memory() -> None:
    """Set glibc to keep freed memory; other C libraries have no such setting.

    Getting 16 MiB back from the system, page by page, takes ten times as long as scanning it. glibc's own thresholds
    decide when that happens, so that it is seen at 4n and not at n.
    """
    with suppress(AttributeError, OSError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(-3, 32 * MIB)  # M_MMAP_THRESHOLD
        mallopt(-1, 1024 * MIB)  # M_TRIM_THRESHOLD


def missed(cases: Iterable[tuple[Case, str]]) -> list[str]:
    """Measure and print; return the cases that grow faster than they may."""
    print(f"CPU time of 4n beside n: linear is 4, quadratic 16, {SLACK:g} is allowed")
    table = Table()
    with Lab() as lab:
        for case, backend in cases:
            table.measure(group(case, backend), lab)
    return [row.what for row in table.rows if not row.reached]


if __name__ == "__main__":
    keep_memory()
    found = missed((case, backend) for case in CASES for backend in BACKENDS)
    print(f"\ngrow faster than the bytes: {'; '.join(found) or 'none'}")
    sys.exit(1 if found else 0)
