"""Measure the SDKs' acceleration within frameworks, and write the tables of docs/frameworks.md: `make frameworks`.

python -m benchmarks.frameworks               all frameworks: half an hour, most of it pip's
python -m benchmarks.frameworks langchain llm  some; the results of the others stay
python -m benchmarks.frameworks --page        write the tables again, from earlier results

Each framework has an environment of its own in build/frameworks, where it stays. Its program reads streams of a server
in another process, in turns without and with acceleration, and must get the same results. Exit status 1 where they are
not the same, or where acceleration took part and should not, or did not and should.
"""

from __future__ import annotations

import subprocess
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from benchmarks.frameworks import page
from benchmarks.frameworks.environments import Wrong, environment, interpreter, output, today, versions
from benchmarks.frameworks.results import FRAMEWORKS as RESULTS
from benchmarks.frameworks.results import OBSERVED, Found, Measured, load, save
from benchmarks.frameworks.streams import __name__ as streams
from benchmarks.frameworks.table import FRAMEWORKS, Framework, Row
from benchmarks.suites.server import ROOT, Url, serving

FOLDER = ROOT / "build" / "frameworks"
COUNTS = (500, 2500)  # pieces, of the streams that are timed
FEW_COUNTS = (20, 60)  # of those that are only compared
ROUNDS = 3


def read(
    python: Path, url: Url, framework: Framework, row: Row, stream: str, counts: tuple[int, int], rounds: int
) -> Any:
    """Read a stream of a row with and without acceleration; return what measure.py prints."""
    urls = [text for count in counts for text in (str(count), url(stream, count))]
    return output(python, "-m", "benchmarks.frameworks.measure", framework.program, row.reader, str(rounds), *urls)


def checked(row: Row, stream: str, given: dict[str, Any]) -> dict[str, Any]:
    """Return what was measured. Raises Wrong where it is not as it should be."""
    if given["different"]:
        raise Wrong(f"expected the same from {stream}, off and on, got: {given['different'][0]}")
    if (read := sum(of["read"] for of in given["streams"].values())) != (0 if row.reason else given["read"]):
        wanted = "none" if row.reason else f"all {given['read']}"
        raise Wrong(
            f"expected acceleration to read {wanted} of the streams {stream}, got {read}: {given['left_alone']}; "
            f"correct the reason in benchmarks/frameworks/table.py, or the acceleration"
        )
    return given


def found(python: Path, url: Url, framework: Framework, row: Row) -> Found:
    """Measure a row. Raises Wrong."""
    timed = checked(row, row.stream, read(python, url, framework, row, row.stream, COUNTS, ROUNDS))
    for stream in row.also:
        checked(row, stream, read(python, url, framework, row, stream, FEW_COUNTS, 1))
    streams = timed["streams"].values()
    return Found(
        title=row.title,
        off=timed["off"],
        on=timed["on"],
        streams=timed["read"],
        read=sum(of["read"] for of in streams),
        slow=sum(of["slow_events"] for of in streams),
        equal=[row.stream, *row.also],
        reason=row.reason,
    )


def measured(framework: Framework, url: Url) -> Measured:
    """Measure a framework. Raises Wrong, and CalledProcessError if it cannot be installed."""
    python = environment(FOLDER / framework.requires[0], framework.requires)
    installed = versions(python, (framework.package, *page.SDKS))
    rows = []
    for row in framework.rows:
        rows.append(found(python, url, framework, row))
        print(*page.line(framework.package, installed, rows[-1]), sep="  ", flush=True)
    return Measured(today(), interpreter(), installed, rows)


def main() -> int:
    parser = ArgumentParser("benchmarks.frameworks", description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("frameworks", nargs="*", metavar="FRAMEWORK", help=", ".join(of.package for of in FRAMEWORKS))
    parser.add_argument("--page", action="store_true", help="measure nothing, write the tables again")
    options = parser.parse_args()
    if unknown := set(options.frameworks) - {framework.package for framework in FRAMEWORKS}:
        parser.error(f"expected some of {', '.join(of.package for of in FRAMEWORKS)}, got {', '.join(unknown)}")
    chosen = (
        () if options.page else [of for of in FRAMEWORKS if of.package in options.frameworks or not options.frameworks]
    )
    results, wrong = load(RESULTS), 0
    with serving(streams) as url:
        for framework in chosen:
            try:
                results[framework.package] = measured(framework, url)
                save(results, RESULTS)
            except (Wrong, subprocess.CalledProcessError) as error:
                print(f"{framework.package}: {error}", flush=True)
                wrong += 1
    results = {of.package: results[of.package] for of in FRAMEWORKS if of.package in results}
    save(results, RESULTS)
    page.write(results, load(OBSERVED))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
