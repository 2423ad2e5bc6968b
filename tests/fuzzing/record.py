"""The counts of fuzzing so far, target by target: `make fuzz ARGS=--record` adds to it, in a file and in a table of the docs.

`inputs`: how often a target ran. `executions`: how many streams it read meanwhile, each with one Scanner, decoder,
Writer or whatever the target is of. `cpu_seconds`: the time of the processor, of all processes together.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("record.json")
PAGE = Path(__file__).parents[2] / "docs" / "robustness.md"
COUNTS = ("inputs", "executions", "cpu_seconds")
NOTHING = dict.fromkeys(COUNTS, 0)


def read() -> dict[str, dict[str, Any]]:
    """Return the counts of each target, and the day of its last run."""
    found: dict[str, dict[str, Any]] = json.loads(FILE.read_bytes())
    return found


def add(target: str, counts: dict[str, int]) -> None:
    """Add the counts of a run, and write the table again."""
    page, before, counted = PAGE.read_text(encoding="utf-8"), table(), read()
    if before not in page:
        raise ValueError(f"expected the table of {FILE} in {PAGE}, found another: restore one of the two files")
    old = counted.get(target, NOTHING)
    counted[target] = {name: old[name] + counts[name] for name in COUNTS} | {"last": str(datetime.now(UTC).date())}
    FILE.write_text(json.dumps(counted, indent=2) + "\n", encoding="utf-8")
    PAGE.write_text(page.replace(before, table()), encoding="utf-8")


def table() -> str:
    """Return the table of the docs."""
    counted = read()
    total = {name: sum(counts[name] for counts in counted.values()) for name in COUNTS} | {"last": ""}
    lines = [
        f"| {name} | {counts['inputs']:,} | {counts['executions']:,} | {counts['cpu_seconds'] // 60:,} | {counts['last']} |"
        for name, counts in [*((f"`{target}`", counts) for target, counts in counted.items()), ("all", total)]
    ]
    return "\n".join(["| target | inputs | executions | CPU minutes | last run |", "|---|---|---|---|---|", *lines])
