"""The results of a run, and the file for them: one for each interpreter, beside the page."""

from __future__ import annotations

import os
import platform
import sys
import sysconfig
from contextlib import suppress
from datetime import date
from pathlib import Path

import msgspec

import ssescan
from benchmarks.suites import node_parser, readers
from benchmarks.suites.measure import Row, Table

DISTRIBUTIONS = (
    *("ssescan", "openai", "anthropic", "google-genai", "httpx", "httpx2", "aiohttp", "httpx-sse", "sseclient-py"),
    *("requests-sse", "pydantic", "msgspec", "cython"),
)


class Results(msgspec.Struct, kw_only=True):
    """The rows and figures of a run, and their circumstances. Figures are seconds an event, sizes bytes."""

    python: str
    day: str
    machine: str
    compiler: str
    versions: dict[str, str]
    rows: list[Row]
    figures: dict[str, dict[str, float]]
    sizes: dict[str, dict[str, float]]
    notes: list[str]

    @property
    def minor(self) -> tuple[int, ...]:
        """The version to sort by: (3, 13)."""
        return tuple(int(number) for number in self.python.split()[1].split(".")[:2])


def machine() -> str:
    """Name the processor and the system."""
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        return f"{[*names, platform.machine()][0]}, {os.cpu_count()} cores, {platform.platform()}"
    return f"{platform.processor()}, {os.cpu_count()} cores, {platform.platform()}"


def of(table: Table) -> Results:
    """Return the results in a table, with the circumstances."""
    optimised = "--enable-optimizations" in str(sysconfig.get_config_var("CONFIG_ARGS"))
    versions = {**readers.versions(DISTRIBUTIONS), "Node": node_parser.version(), "backend": ssescan.backend}
    return Results(
        python=f"{platform.python_implementation()} {sys.version.split()[0]}",
        day=date.today().isoformat(),
        machine=machine(),
        compiler=platform.python_compiler(),
        versions={**versions, "optimised by a profile": "yes" if optimised else "no"},
        rows=table.rows,
        figures=table.figures,
        sizes=table.sizes,
        notes=table.notes,
    )


def save(results: Results, folder: Path) -> None:
    """Write the file of the interpreter's version; a later run replaces an earlier one."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{results.python.split()[0].lower()}-{'.'.join(map(str, results.minor))}.json"
    (folder / name).write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")


def load(folder: Path) -> list[Results]:
    """Read all files, older interpreters first."""
    found = [msgspec.json.decode(path.read_bytes(), type=Results) for path in folder.glob("*.json")]
    return sorted(found, key=lambda results: results.minor)
