"""eventsource-parser, the usual reader of event streams in JavaScript, beside ssescan: another runtime.

The figures have no target: they are here because it is the fastest reader in an interpreted language. node/read.mjs
reads all rounds and returns the least CPU time, of the process; here it is that of the thread. On Node, a str cut out
of another is only a view. Measured is reading with TextDecoder, as in browsers; with Node's own StringDecoder, the
fastest that is right for characters in two chunks; and with str that was there before, which no Python reader has.

3.1.1 is the last version for Node 18 and 20. 4.1.3 leaves out less, and on Node 20 needs the same time.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.suites import payloads
from benchmarks.suites.measure import Lab, Table, Times, race
from benchmarks.suites.payloads import CUTS, STREAMS
from benchmarks.suites.readers import OURS, PURE, read_compiled
from benchmarks.suites.scanner import compare, group_name

FOLDER = Path(__file__).with_name("node")
PACKAGE = "eventsource-parser"
INSTALLED = FOLDER / "node_modules" / PACKAGE / "package.json"

ROUNDS = 40  # Node needs the first dozen to compile it
SECONDS = 300

WAYS = ("TextDecoder", "StringDecoder", "str given")
BESIDE = ", beside Node"
CASES = [
    *(("openai_chat", size) for size in CUTS),
    *((stream, "event") for stream in STREAMS if stream != "openai_chat"),
    ("image", "1 KiB"),
]


def missing() -> str:
    """Return what is missing, and what to do; "" where all is there."""
    if shutil.which("node") is None:
        return f"{PACKAGE} is left out: `node` (18 or newer) is not on the path"
    return "" if INSTALLED.exists() else f"{PACKAGE} is left out: fetch it by `make peers-on-node`"


def version() -> str:
    """Return the names and versions of the parser and the runtime, or what is missing."""
    if reason := missing():
        return reason
    runtime = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    return f"{PACKAGE} {json.loads(INSTALLED.read_text())['version']} on Node {runtime.removeprefix('v')}"


def ask(chunks: Sequence[bytes], rounds: int) -> dict[str, Any]:
    """Return the answer of read.mjs. RuntimeError if there is none."""
    question = json.dumps({"sizes": [len(chunk) for chunk in chunks], "rounds": rounds}).encode()
    sent = b"".join([question, b"\n", *chunks])
    done = subprocess.run(["node", FOLDER / "read.mjs"], input=sent, capture_output=True, check=False, timeout=SECONDS)
    if done.returncode:
        raise RuntimeError(f"node failed, with status {done.returncode}: {done.stderr.decode()[-1000:]}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


# It leaves out: CR at the end of a chunk (the line is held back); a BOM that TextDecoder does not remove before (the
# first field is lost); a limit, unless one is set; the last event ID (an event has that of its own block, or none).
def times(chunks: list[bytes], rounds: int = ROUNDS) -> Times:
    """Return the least CPU time of each way and of ssescan, seconds. AssertionError unless all read the same."""
    runs = compare(chunks, (OURS, PURE))
    expected: list[str] = []
    read_compiled(chunks, expected)
    if any(strings != expected for strings in ask(chunks, 0)["strings"].values()):
        raise AssertionError(f"{PACKAGE} reads something else than ssescan")
    theirs = ask(chunks, rounds)["nanoseconds"]
    return race(runs, rounds) | {f"{PACKAGE}, {way}": value * 1e-9 for way, value in theirs.items()}


def rows(table: Table, lab: Lab) -> None:
    """Add the figures beside Node, or a note that says what is missing."""
    if reason := missing():
        table.notes.append(reason)
        return
    for stream, size in CASES:
        kind = STREAMS[stream]
        found = times(payloads.cut(kind.make(kind.events), CUTS[size]))
        table.figures[group_name(stream, size) + BESIDE] = {name: time / kind.events for name, time in found.items()}
    table.notes.append(
        f"{version()}: a process and a runtime of its own, whose CPU time is that of all its threads; its str are views"
        " of the chunk's"
    )
