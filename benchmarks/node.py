"""eventsource-parser, which most of JavaScript reads event streams with, beside us: another language, another runtime.

python benchmarks/node.py             its figures and ours; exit status 1 where they cannot be had
python benchmarks/node.py --fetch     fetch it, in the version of node/package-lock.json, by `npm ci`, and no more

Nothing is wanted of the figures. They are there because it is the quickest that is written in an interpreted language,
and because who can choose the language should see them. It is not among peers.py, as it is no function that takes turns
with others in one process: node/read.mjs reads all rounds, and gives the least. What to hold against that: there it is
the CPU time of the process, here that of the thread; and in Node a str that is cut out of another is but a view of it.

The parser takes str and makes none, so three ways are measured. With TextDecoder, as programs for browsers do. With
Node's own StringDecoder, the quickest there that is right for characters in two chunks. And with str that was there
before: what the parser takes alone, and what none of the Python readers is spared.

3.1.1 is the last that is meant for Node 18 and 20. 4.1.3 leaves less undone, and on Node 20 it takes the same time.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from argparse import ArgumentParser
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import workloads
from peers import OURS, PURE, read_compiled, read_python
from table import Table, race

import ssescan

if TYPE_CHECKING:
    from collections.abc import Sequence

FOLDER = Path(__file__).with_name("node")
PACKAGE = "eventsource-parser"
INSTALLED = FOLDER / "node_modules" / PACKAGE / "package.json"

ROUNDS = 40  # the first dozen are what Node needs to compile it
TURNS = 3  # of us and of Node
SECONDS = 300

# What read.mjs calls them, and what they are called beside the figures.
WAYS = {
    "TextDecoder": f"{PACKAGE}, TextDecoder",
    "StringDecoder": f"{PACKAGE}, StringDecoder",
    "strings": f"{PACKAGE}, str given",
}

BESIDE = ", beside Node"

CASES = [
    *((workloads.WORKLOADS["openai_chat"], size) for size in workloads.CUTS),
    *((workload, "event") for name, workload in workloads.WORKLOADS.items() if name != "openai_chat"),
    *((workloads.IMAGE, size) for size in ("event", "1 KiB")),
]


def missing() -> str:
    """Say what is missing, and what to do; "" where all is there."""
    if shutil.which("node") is None:
        return f"{PACKAGE} is left out: there is no `node` (18 or newer) on the path"
    if not INSTALLED.exists():
        return f"{PACKAGE} is left out: it is not fetched; `python benchmarks/node.py --fetch` does that, by npm"
    return ""


def fetch() -> None:
    """Fetch the parser into a folder that git ignores. RuntimeError where that fails."""
    npm = shutil.which("npm")
    if npm is None:
        raise RuntimeError(f"to fetch {PACKAGE}, `npm` is wanted, and is not on the path: install Node 18 or newer")
    done = subprocess.run(
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    if done.returncode:
        raise RuntimeError(f"`npm ci` in benchmarks/node failed, with status {done.returncode}: {done.stderr[-1000:]}")


def version() -> str:
    """Name the parser and the runtime, with versions, for the head of a report; or say what is missing."""
    if reason := missing():
        return reason
    runtime = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    return f"{PACKAGE} {json.loads(INSTALLED.read_text())['version']} on Node {runtime.removeprefix('v')}"


def ask(chunks: Sequence[bytes], rounds: int) -> dict[str, Any]:
    """Have the chunks read in Node, and give the answer of read.mjs. RuntimeError where there is none."""
    question = json.dumps({"sizes": [len(chunk) for chunk in chunks], "rounds": rounds}).encode()
    done = subprocess.run(
        ["node", FOLDER / "read.mjs"],
        input=b"".join([question, b"\n", *chunks]),
        capture_output=True,
        check=False,
        timeout=SECONDS,
    )
    if done.returncode:
        raise RuntimeError(f"node failed, with status {done.returncode}: {done.stderr.decode()[-1000:]}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def read(chunks: Sequence[bytes]) -> dict[str, list[str]]:
    """Text by the parser, from a decoder of Node's or decoded before.

    Left undone: CR at the end of a chunk (the line is held back); a BOM that is not taken off before, as TextDecoder
    does (the first field is lost); a limit, unless one is given; the last event ID (an event has that of its own block,
    or none).
    """
    strings: dict[str, list[str]] = ask(chunks, 0)["strings"]
    return strings


def expect_same(chunks: list[bytes]) -> None:
    """Raise AssertionError unless it reads what we read, in every way."""
    expected: list[str] = []
    read_compiled(chunks, expected)
    for way, strings in read(chunks).items():
        if strings != expected:
            raise AssertionError(f"{WAYS[way]} reads something else than ssescan")


def times(chunks: list[bytes], rounds: int = ROUNDS, turns: int = TURNS) -> dict[str, float]:
    """Give the least CPU time of each way and of us, seconds."""
    least: dict[str, float] = {}
    for _ in range(turns):
        ours = race({OURS: lambda: read_compiled(chunks), PURE: lambda: read_python(chunks)}, rounds)
        theirs = {WAYS[way]: value * 1e-9 for way, value in ask(chunks, rounds)["nanoseconds"].items()}
        least = {who: min(time, least.get(who, time)) for who, time in {**ours, **theirs}.items()}
    return least


def rows(table: Table) -> None:
    if missing():
        with suppress(RuntimeError):
            fetch()
    if reason := missing():
        table.note(reason)
        return
    for workload, size in CASES:
        chunks = workloads.cut(workload.events(), workloads.CUTS[size])
        expect_same(chunks)
        cut = "an event a chunk" if size == "event" else f"{size} chunks"
        table.keep(f"{workload.name}, {cut}{BESIDE}", times(chunks), workload.count)
    table.note(
        f"{version()}: a process and a runtime of its own, whose CPU time is that of all its threads; its str are views"
        " of the chunk's"
    )


def main() -> int:
    parser = ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--fetch", action="store_true", help="fetch the parser, by npm, and measure nothing")
    options = parser.parse_args()
    if options.fetch:
        try:
            fetch()
        except RuntimeError as error:
            print(error)
            return 1
        print(version())
        return 0
    print(f"Python {sys.version.split()[0]}, ssescan {ssescan.backend}\n")
    table = Table()
    rows(table)
    table.print_figures()
    return 0 if table.figures else 1


if __name__ == "__main__":
    sys.exit(main())
