"""The table of what is wanted of the speed: how it is measured in turns, and what became of each row.

Knows nothing of what is measured. scanner.py and its like fill it, each for a layer; report.py prints and keeps all.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from time import thread_time
from typing import TYPE_CHECKING, NamedTuple

import ssescan

if TYPE_CHECKING:
    from collections.abc import Callable

    Runs = dict[str, Callable[[], object]]

ROUNDS = 25


class Row(NamedTuple):
    """A line of the table."""

    what: str
    wanted: str
    measured: str
    reached: bool


class Table:
    """The rows as they come, whether all are reached, and the figures behind them."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.notes: list[str] = []
        self.figures: dict[str, dict[str, float]] = {}  # of a group, by who: seconds an event
        self.sizes: dict[str, dict[str, float]] = {}  # of a group, by who: bytes
        print(f"{'what':74} {'wanted':>12} {'measured':>13}  reached")

    @property
    def reached(self) -> bool:
        """Whether every row is reached, and there is one."""
        return bool(self.rows) and all(row.reached for row in self.rows)

    def row(self, what: str, wanted: str, measured: str, reached: bool) -> None:
        self.rows.append(Row(what, wanted, measured, reached))
        print(f"{what:74} {wanted:>12} {measured:>13}  {'yes' if reached else 'NO'}", flush=True)

    def faster(self, what: str, times: dict[str, float], us: str, them: str, wanted: float) -> None:
        """Add a row of how many times as long as we another takes, at least."""
        if them not in times:
            self.row(what, f"{wanted:g}x", "not measured", False)
            return
        ratio = times[them] / times[us]
        self.row(what, f"{wanted:g}x", f"{ratio:.2f}x", ratio >= wanted)

    def within(self, what: str, times: dict[str, float], us: str, them: str, wanted: float) -> None:
        """Add a row of how many times as long as another we take, at most."""
        if them not in times:
            self.row(what, f"within {wanted:g}x", "not measured", False)
            return
        ratio = times[us] / times[them]
        self.row(what, f"within {wanted:g}x", f"{ratio:.2f}x", ratio <= wanted)

    def keep(self, group: str, times: dict[str, float], count: int = 1) -> None:
        """Keep the figures behind a row: seconds by who, for `count` events."""
        self.figures[group] = {who: time / count for who, time in times.items()}

    def keep_sizes(self, group: str, sizes: dict[str, float], count: int = 1) -> None:
        """Keep how much memory each takes: bytes by who, for `count` things."""
        self.sizes[group] = {who: size / count for who, size in sizes.items()}

    def note(self, text: str) -> None:
        """Keep what a reader of the rows should know."""
        self.notes.append(text)

    def print_figures(self) -> None:
        """Print what is behind the rows."""
        print()
        for group, times in self.figures.items():
            print(f"{group}: " + ", ".join(f"{who} {in_words(time)}" for who, time in times.items()))
        for group, sizes in self.sizes.items():
            print(f"{group}: " + ", ".join(f"{who} {in_bytes(size)}" for who, size in sizes.items()))
        for note in self.notes:
            print(note)


def in_words(seconds: float) -> str:
    """Give a time in the unit that suits it."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.0f} ns"


def in_bytes(size: float) -> str:
    """Give a size in the unit that suits it."""
    for unit, one in (("MiB", 2**20), ("KiB", 2**10)):
        if size >= one:
            return f"{size / one:.3g} {unit}"
    return f"{size:.0f} bytes"


def race(runs: Runs, rounds: int = ROUNDS, clock: Callable[[], float] = thread_time) -> dict[str, float]:
    """Let all take turns; give the least CPU time of each, seconds."""
    least = dict.fromkeys(runs, float("inf"))
    for _ in range(rounds):
        for name, run in runs.items():
            start = clock()
            run()
            least[name] = min(least[name], clock() - start)
    return least


def main(rows: Callable[[Table], None], description: str) -> int:
    """Be the command of a layer: measure its rows, print them, and give the exit status."""
    ArgumentParser(description=description.partition("\n")[0]).parse_args()
    if ssescan.backend != "compiled":
        print("the compiled scanner is wanted for this, and is not there: see `ssescan doctor`")
        return 1
    print(f"Python {sys.version.split()[0]}, ssescan {ssescan.backend}\n")
    table = Table()
    try:
        rows(table)
    except ImportError as error:
        print(f"not all was measured: {error}: pip install 'ssescan[peers]'")
        return 1
    table.print_figures()
    return 0 if table.reached else 1
