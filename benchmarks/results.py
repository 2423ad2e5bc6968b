"""What a run of report.py found, and the file that it is kept in: one for each interpreter, beside the page."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import sysconfig
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec
import node
from table import Row, Table  # noqa: TC002 - msgspec reads the annotations

import ssescan

OPTIMISED_BY = {"--enable-optimizations": "profile-guided optimisation", "--with-lto": "link-time optimisation"}

DISTRIBUTIONS = [
    "ssescan",
    "openai",
    "anthropic",
    "google-genai",
    "httpx",
    "httpx2",
    "aiohttp",
    "httpx-sse",
    "sseclient-py",
    "requests-sse",
    "pydantic",
    "msgspec",
    "cython",
]


class Results(msgspec.Struct, kw_only=True):
    """The rows and figures of a run, and what they hold for. Figures are seconds an event, sizes bytes."""

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


def cpu() -> str:
    """Name the processor, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def machine() -> str:
    libc = " ".join(platform.libc_ver())
    return f"{cpu()}, {os.cpu_count()} cores, {platform.machine()}, {platform.system()}, {libc}".removesuffix(", ")


def compiler() -> str:
    """Name the compiler that builds extensions here: the interpreter's own may have been another."""
    try:
        told = subprocess.run(["cc", "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return "none found"
    return told.splitlines()[0]


def built_with() -> str:
    """Name what the interpreter was optimised by: it decides how quick all is that is written in Python."""
    asked = str(sysconfig.get_config_var("CONFIG_ARGS"))
    found = [name for option, name in OPTIMISED_BY.items() if option in asked]
    return ", ".join(found) or "no optimisation across files or by profile"


def versions() -> dict[str, str]:
    found = {}
    for name in DISTRIBUTIONS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    found["Node"] = node.version()
    return found


def of(table: Table) -> Results:
    """Gather what a table holds, for the interpreter that runs."""
    return Results(
        python=f"{platform.python_implementation()} {sys.version.split()[0]}",
        day=date.today().isoformat(),
        machine=machine(),
        compiler=compiler(),
        versions={**versions(), "backend": ssescan.backend, "interpreter built with": built_with()},
        rows=table.rows,
        figures=table.figures,
        sizes=table.sizes,
        notes=table.notes,
    )


def name(results: Results) -> str:
    """Name the file: an interpreter has one, so that a later run takes the place of an earlier."""
    return f"{results.python.split()[0].lower()}-{'.'.join(map(str, results.minor))}.json"


def save(results: Results, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name(results)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")
    return path


def load(folder: Path) -> list[Results]:
    """Give what is kept, older interpreters first."""
    found = [msgspec.json.decode(path.read_bytes(), type=Results) for path in folder.glob("*.json")]
    return sorted(found, key=lambda results: results.minor)
