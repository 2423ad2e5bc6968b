"""What the scanner takes for streams of each shape, and for one of them in every cut, beside all who can read it.

python benchmarks/shapes.py        exit status 1 where it cannot be measured

Figures only: the rows that are wanted are scanner.py's. All take turns as there. The suite test_scanner.py has every
shape in every cut, and takes minutes; this is what a page has room for.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser

import peers
import table as tables
import workloads
from scanner import reading

import ssescan

ROUNDS = 9

CHAT = "openai_chat"
IMAGE_GROUP = "image of 4 MiB in one event, 1 KiB chunks"
SHAPES = [name for name in workloads.WORKLOADS if name != CHAT]


def in_cut(size: str) -> str:
    """Name the figures of chat events in a cut."""
    return f"{CHAT}, {'an event a chunk' if size == 'event' else f'{size} chunks'}"


def of_shape(name: str) -> str:
    """Name the figures of a shape."""
    return f"{name}, an event a chunk"


def figures(table: tables.Table) -> None:
    cases = [(in_cut(size), workloads.WORKLOADS[CHAT], size) for size in workloads.CUTS]
    cases += [(of_shape(name), workloads.WORKLOADS[name], "event") for name in SHAPES]
    for group, workload, size in cases:
        chunks = workloads.cut(workload.events(), workloads.CUTS[size])
        times = tables.race(reading(peers.able(workload.name, size), chunks), ROUNDS)
        table.keep(group, times, workload.count)
    # The quadratic ones would take half a minute a round.
    chunks = workloads.cut(workloads.IMAGE.events(), workloads.CUTS["1 KiB"])
    quick = {name: read for name, read in peers.able("image", "1 KiB").items() if name not in peers.QUADRATIC}
    table.keep(IMAGE_GROUP, tables.race(reading(quick, chunks), ROUNDS))


def main() -> int:
    ArgumentParser(description=str(__doc__).partition("\n")[0]).parse_args()
    print(f"Python {sys.version.split()[0]}, ssescan {ssescan.backend}, CPU time an event\n")
    table = tables.Table()
    figures(table)
    table.print_figures()
    return 0


if __name__ == "__main__":
    sys.exit(main())
