"""All suites in one run, and the page and the charts of the results: `make bench`.

python -m benchmarks.report              exit status 1 where a row is missed, or could not be measured
python -m benchmarks.report --only scanner  some suites; writes nothing
python -m benchmarks.report --page       write the page and the charts again, from earlier results

Results go to docs/benchmarks/, a file for each interpreter; docs/benchmarks.md has a column for each, and the details
of the newest. `make bench` installs what this needs; the run takes ten minutes, on a machine that does little else.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

import ssescan
from benchmarks.report import charts, page, results
from benchmarks.suites.measure import Lab, Table, in_bytes, listed

DOCS = Path(__file__).resolve().parents[2] / "docs"

# In the order of the speed table; suites without a row come last.
SUITES = (
    *("scanner", "dropins", "providers", "gateway", "accelerate", "transports", "over_http", "memory", "imports"),
    *("breakdown", "node_parser"),
)


def measure(suites: Iterable[str]) -> Table:
    """Measure suites. A suite that cannot be measured is a row that is missed."""
    table = Table()
    with Lab() as lab:
        for name in suites:
            try:
                suite: Any = import_module(f"benchmarks.suites.{name}")
                for group in getattr(suite, "REPORTED", getattr(suite, "GROUPS", ())):
                    table.measure(group, lab)
                if hasattr(suite, "rows"):
                    suite.rows(table, lab)
            except ImportError as error:
                table.row(name, "measured", "not measured", False)
                table.notes.append(f"{name}: not measured: {error}")
    return table


def write(docs: Path) -> None:
    """Write the page and the charts of all results."""
    found = results.load(docs / "benchmarks")
    charts.draw(found[-1], docs / "benchmarks")
    (docs / "benchmarks.md").write_text(page.page(found), encoding="utf-8")
    print(f"\nwritten: {docs / 'benchmarks.md'} and its charts")


def main() -> int:
    parser = ArgumentParser("benchmarks.report", description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=SUITES, action="append", help="this suite; writes nothing")
    parser.add_argument("--page", action="store_true", help="measure nothing, write the page and the charts again")
    parser.add_argument("--docs", type=Path, default=DOCS, help="the folder of the page (default: the checkout's docs)")
    options = parser.parse_args()
    if options.page:
        if not results.load(options.docs / "benchmarks"):
            print(f"there are no results in {options.docs / 'benchmarks'}: measure first, by `make bench`")
            return 1
        write(options.docs)
        return 0
    if ssescan.backend != "compiled":
        print("the compiled scanner is missing: see `ssescan doctor`")
        return 1
    print(f"Python {sys.version.split()[0]}, ssescan {ssescan.backend}\n")
    table = measure(options.only or SUITES)
    for group, sizes in table.sizes.items():
        print(f"{group}: {listed(sizes, in_bytes)}")
    print(*table.notes, sep="\n")
    if not options.only:
        results.save(results.of(table), options.docs / "benchmarks")
        write(options.docs)
    missed = [row.what for row in table.rows if not row.reached]
    print(f"\n{len(table.rows) - len(missed)} of {len(table.rows)} rows reached; missed: {'; '.join(missed) or 'none'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
