"""Shows that work grows with the bytes, and not faster, whatever the cuts: each case at n, 2n and 4n, both backends.

python benchmarks/linearity.py                  CPU time; exit status 1 where 4n takes over 8 times n
python benchmarks/linearity.py --instructions   instructions, counted by valgrind; 1 where 4n takes over 4.3 times n
python benchmarks/linearity.py --self-test      whether it catches a scanner that is quadratic; 1 if not

Knows scanners by `feed` and `close`, and the streams by their iterator. Knows nothing of peers.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from time import process_time

from workloads import KIB, MIB, cut, one_event, openai_chat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

BACKENDS = ("compiled", "python")

# Linear is 4, n log n about 4.5, quadratic 16. What lies between is the machine: memory that no longer fits a cache,
# and whoever else runs. On a busy machine, linear cases came to 6.
#
# A case over the slack is measured again, twice at most, and fails if it is over it each time. That hides nothing:
# interference differs from one time to the next, and a quadratic scanner does not. To pass once, it would need every
# round at n to be slowed to double its time, while one at 4n was not: the least of all rounds counts. A mixture is
# caught as soon as a third of the time at n, or two thirds at 4n, is quadratic.
SLACK = 8.0
ATTEMPTS = 3
ROUNDS = range(4, 15)  # at least, and at most if the budget lasts
BUDGET = 1.5  # seconds a case and attempt
SHORTEST = 0.001  # seconds at n: what is over sooner is done several times, at n, 2n and 4n alike

# Instructions repeat almost to the one, so that a fortieth of quadratic work at n is seen.
INSTRUCTION_SLACK = 4.3
INSTRUCTION_LEAST = 3000  # lines or events, so that the garbage collector comes by at n as well
INSTRUCTION_SHARE = 32  # of the full size, one part: valgrind is 50 times slower

FACTORS = (1, 2, 4)


class Case:
    """A stream that grows. `make` gives its chunks at a size, `events` how many events they hold, `full` is 4n."""

    def __init__(
        self,
        name: str,
        full: int,
        make: Callable[[int], list[bytes]],
        events: Callable[[int], int] = lambda _: 0,
        iterate: bool = False,
        **options: Any,
    ) -> None:
        self.name = name
        self.full = full
        self.make = make
        self.events = events
        self.iterate = iterate
        self.options = options


def line(size: int) -> list[bytes]:
    # One and the same chunk again and again, so that what is read stays in the cache at 4n, too.
    return [b"data: " + b"x" * (KIB - 6), *[b"x" * KIB] * (size // KIB - 1)]


def ended_line(size: int) -> list[bytes]:
    return [*line(size), b"\n\n"]


def skipped_line(size: int) -> list[bytes]:
    return [*line(size), b"\n\ndata: after it\n\n"]


def ordinary_events(size: int) -> list[bytes]:
    return openai_chat(size // 258)


CASES = [
    Case("line of 16 MiB, 1 KiB chunks", 16 * MIB, line),
    Case("event of 16 MiB, ended, 1 KiB chunks", 16 * MIB, ended_line, lambda _: 1),
    Case(
        "line of 16 MiB, skipped over 4 KiB", 16 * MIB, skipped_line, lambda _: 1, oversize="skip", max_event_size=4096
    ),
    Case("1 MiB of CR in a chunk", MIB, lambda size: [b"\r" * size]),
    Case("1 MiB of CRLF in a chunk", MIB, lambda size: [b"\r\n" * (size // 2)]),
    Case("a million chunks of a byte", 10**6, lambda size: cut(ordinary_events(size), 1), lambda size: size // 258),
    Case("100,000 data lines, one event", 10**5, lambda size: [b"data: x\n" * size + b"\n"], lambda _: 1),
    Case("100,000 data lines, a chunk each", 10**5, lambda size: [b"data: x\n"] * size + [b"\n"], lambda _: 1),
    Case("100,000 events in a chunk", 10**5, lambda size: [b'data: {"n":1}\n\n' * size], lambda size: size),
    Case("the same, iterated over", 10**5, lambda size: [b'data: {"n":1}\n\n' * size], lambda size: size, iterate=True),
    Case("a million comments in a chunk", 10**6, lambda size: [b": still here\n" * size]),
    Case(
        "events of 258 B, 64-byte chunks",
        8 * MIB,
        lambda size: cut(ordinary_events(size), 64),
        lambda size: size // 258,
    ),
]


class TailScanner:
    """What must be caught: it joins the rest of the last chunk to the next, and splits all of it again."""

    def __init__(self) -> None:
        self.tail = b""

    def feed(self, chunk: bytes) -> list[bytes]:
        *blocks, self.tail = (self.tail + chunk).split(b"\n\n")
        return blocks

    def close(self) -> list[bytes]:
        return []


QUADRATIC = Case("tail + chunk, one event", 64 * KIB, lambda size: one_event(size, 64), lambda _: 1)


def runner(case: Case, backend: str) -> Callable[[list[bytes]], int]:
    """Give what reads chunks and tells how many events there were."""
    if backend == "quadratic":
        return lambda chunks: feed(TailScanner(), chunks)
    module: Any = import_module(f"ssescan.scanner._{backend}")
    if not case.iterate:
        return lambda chunks: feed(module.Scanner(**case.options), chunks)

    class Stream(module.EventReader):  # type: ignore[misc]  # a base class known only now
        """The least that can be iterated over."""

        def _open(self) -> Iterator[bytes]:
            return iter(self.chunks)

        def _finish(self, error: BaseException | None, cut: bool) -> bool:
            return False

    def iterate(chunks: list[bytes]) -> int:
        stream = Stream(module.Scanner(**case.options))
        stream.chunks = chunks
        return sum(1 for _ in stream)

    return iterate


def feed(scanner: Any, chunks: list[bytes]) -> int:
    count = 0
    for chunk in chunks:
        if items := scanner.feed(chunk):  # not each time: numbers over 256 cost more than those below
            count += len(items)
    return count + len(scanner.close())


def check(case: Case, size: int, events: int) -> None:
    """Make sure that the work was done at all."""
    if events != case.events(size):
        raise AssertionError(f"{case.name}: {events} events were read at {size}, not {case.events(size)}")


def measure(case: Case, backend: str) -> list[float]:
    """Give the least CPU time at n, 2n and 4n, in seconds, of rounds that take turns."""
    run = runner(case, backend)

    def timed(size: int, chunks: list[bytes], times: int) -> float:
        start = process_time()
        for _ in range(times):
            events = run(chunks)
        spent = process_time() - start
        check(case, size, events)
        return spent / times

    streams = [(case.full // 4 * factor, case.make(case.full // 4 * factor)) for factor in FACTORS]
    times = 1
    while times * min(timed(*streams[0], times) for _ in range(2)) < SHORTEST:
        times *= 2
    least = [float("inf")] * len(FACTORS)
    begun = process_time()
    for number in range(ROUNDS.stop):
        if number >= ROUNDS.start and process_time() - begun > BUDGET:
            break
        least = [min(before, timed(*stream, times)) for before, stream in zip(least, streams, strict=True)]
    return least


def measure_until_convinced(case: Case, backend: str) -> list[float]:
    for _ in range(ATTEMPTS):
        times = measure(case, backend)
        if times[-1] <= SLACK * times[0]:
            break
    return times


def keep_memory() -> None:
    """Tell glibc not to return memory to the system; where another libc serves, there is nothing to tell.

    To have 16 MiB again, page by page, takes ten times as long as to scan what is written there. glibc's own thresholds
    decide when that happens, so that it is seen at 4n and not at n.
    """
    import ctypes

    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(-3, 32 * MIB)  # M_MMAP_THRESHOLD
    mallopt(-1, 1024 * MIB)  # M_TRIM_THRESHOLD


def instructions(case: Case, backend: str) -> list[float]:
    """Give the instructions at n and 4n: those of a process that reads the stream twice, less one that does so once.

    Not less one that does not read at all: what only the first reading costs, or saves at exit, would be counted in.
    """
    n = max(case.full // 4 // INSTRUCTION_SHARE, INSTRUCTION_LEAST)
    return [float(counted(case, backend, size, 2) - counted(case, backend, size, 1)) for size in (n, 4 * n)]


def counted(case: Case, backend: str, size: int, rounds: int) -> int:
    import re
    import subprocess

    child = [sys.executable, __file__, "--child", case.name, backend, str(size), str(rounds)]
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", f"--callgrind-out-file={os.devnull}", *child],
        env={**os.environ, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or found is None:
        raise RuntimeError(f"valgrind failed: {done.stderr[-2000:]}")
    return int(found[1])


def be_child(name: str, backend: str, size: int, rounds: int) -> None:
    case = next(case for case in [*CASES, QUADRATIC] if case.name == name)
    run = runner(case, backend)
    chunks = case.make(size)
    for _ in range(rounds):
        check(case, size, run(chunks))


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--child"]:
        # Before argparse is imported: under valgrind, that is a quarter of a second.
        be_child(arguments[1], arguments[2], int(arguments[3]), int(arguments[4]))
        return 0

    from argparse import ArgumentParser, RawDescriptionHelpFormatter

    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--instructions", action="store_true", help="count instructions under valgrind")
    parser.add_argument("--self-test", action="store_true", help="measure a quadratic scanner, which must fail")
    parser.add_argument("--backend", choices=BACKENDS, action="append", help="only this one")
    options = parser.parse_args(arguments)
    if options.self_test:
        return 0 if report([(QUADRATIC, "quadratic")], options.instructions) else 1
    wanted = [(case, backend) for case in CASES for backend in options.backend or BACKENDS]
    return 1 if report(wanted, options.instructions) else 0


def report(wanted: list[tuple[Case, str]], by_instructions: bool) -> bool:
    """Measure and print; tell whether something grew faster than it may."""
    slack = INSTRUCTION_SLACK if by_instructions else SLACK
    unit, scale = ("million instructions", 1e6) if by_instructions else ("ms CPU", 1e-3)
    print(f"Python {sys.version.split()[0]}; {unit}; 4n/n may be {slack:g} (linear 4, quadratic 16)\n")
    sizes = ("n", "4n") if by_instructions else ("n", "2n", "4n")
    print(f"{'case':36} {'backend':9} {' '.join(f'{size:>9}' for size in sizes)} {'4n/n':>7}")
    failed = []
    for (case, backend), measured in zip(wanted, all_measured(wanted, by_instructions), strict=True):
        growth = measured[-1] / measured[0]
        over = growth > slack
        columns = " ".join(f"{value / scale:9.2f}" for value in measured)
        print(f"{case.name:36} {backend:9} {columns} {growth:7.2f}{'  TOO FAST' if over else ''}", flush=True)
        if over:
            failed.append(f"{case.name}, {backend}")
    print(f"\ngrew faster than the bytes: {'; '.join(failed) or 'none'}")
    return bool(failed)


def all_measured(wanted: list[tuple[Case, str]], by_instructions: bool) -> Iterator[list[float]]:
    if not by_instructions:
        keep_memory()
        for case, backend in wanted:
            yield measure_until_convinced(case, backend)
        return

    from concurrent.futures import ThreadPoolExecutor

    # Counts do not depend on what else runs.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(lambda pair: instructions(*pair), wanted)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
