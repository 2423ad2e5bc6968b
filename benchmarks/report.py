"""All rows of the speed table in one run, and the page and the charts that are made of them: `make bench`.

python benchmarks/report.py              exit status 1 where a row is not reached, or could not be measured
python benchmarks/report.py --only http  some layers; nothing is written
python benchmarks/report.py --pages      write the page and the charts again, from what was measured before

Figures go to docs/benchmarks/, a file an interpreter; docs/benchmarks.md has a column for each that is there, and the
details of the newest. Wants the extra `peers`, and a machine that does little else for the ten minutes that it takes.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from pathlib import Path
from typing import TYPE_CHECKING

import accelerate
import breakdown
import charts
import dropins
import imports
import memory
import node
import over_http
import pages
import providers
import results
import scanner
import shapes
from table import Table

import ssescan

if TYPE_CHECKING:
    from collections.abc import Callable

DOCS = Path(__file__).resolve().parent.parent / "docs"

# In the order of the table that is wanted; what has no row comes after.
LAYERS: dict[str, Callable[[Table], None]] = {
    "scanner": scanner.rows,
    "drop-ins": dropins.rows,
    "providers": providers.rows,
    "accelerate": accelerate.rows,
    "http": over_http.rows,
    "memory": memory.rows,
    "imports": imports.rows,
    "breakdown": breakdown.figures,
    "shapes": shapes.figures,
    "node": node.rows,
}


def measure(layers: list[str]) -> Table:
    """Measure the layers, in a row for each that is wanted. What is missing is a row that is not reached."""
    table = Table()
    for layer in layers:
        try:
            LAYERS[layer](table)
        except ImportError as error:
            table.row(layer, "measured", "not measured", False)
            table.note(f"{layer}: {error}; pip install 'ssescan[peers]'")
    return table


def write(docs: Path) -> None:
    """Make the page and the charts of all that is kept."""
    kept = results.load(docs / "benchmarks")
    drawn = charts.draw(kept[-1], docs / "benchmarks")
    page = docs / "benchmarks.md"
    page.write_text(pages.page(kept), encoding="utf-8")
    print(f"\nwritten: {page.name} and {', '.join(path.name for path in drawn)}")


def arguments() -> Namespace:
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=LAYERS, action="append", help="this layer; nothing is written")
    parser.add_argument("--pages", action="store_true", help="measure nothing, write the page and the charts again")
    parser.add_argument("--docs", type=Path, default=DOCS, help="the folder of the page (default: the checkout's docs)")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    if options.pages:
        if not results.load(options.docs / "benchmarks"):
            print(f"nothing is kept in {options.docs / 'benchmarks'}: measure first, by `make bench`")
            return 1
        write(options.docs)
        return 0
    if ssescan.backend != "compiled":
        print("the compiled scanner is wanted for this, and is not there: see `ssescan doctor`")
        return 1
    print(f"Python {sys.version.split()[0]}, ssescan {ssescan.backend}\n")
    table = measure(options.only or list(LAYERS))
    table.print_figures()
    if not options.only:
        results.save(results.of(table), options.docs / "benchmarks")
        write(options.docs)
    missed = [row.what for row in table.rows if not row.reached]
    print(f"\n{len(table.rows) - len(missed)} of {len(table.rows)} rows reached{': not ' if missed else ''}", end="")
    print("; ".join(missed))
    return 0 if not missed else 1


if __name__ == "__main__":
    sys.exit(main())
