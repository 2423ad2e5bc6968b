"""The import rows: what importing ssescan costs a program at its start, beside the peers, and what else that loads.

python benchmarks/imports.py        exit status 1 where a row is not reached, or could not be measured

Each import is a process of its own, of `python -I -c`: isolated, so that no variable and no folder of the caller's is
in it, but with `site`, as programs run. All take turns, a process that imports nothing among them; the least of each
counts, and what is told is what it takes beyond that process. It is CPU time, of user and system: on a machine that is
busy, time by the clock would be that of others too. The compiled files (.pyc) are there, written by a first process
that is not timed, and all are in the page cache. Peers are figures only: theirs may be left out.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import table as tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from table import Table

LIMIT = 25.0  # ms, beyond the interpreter's own start
ROUNDS = 25
SLOW_ROUNDS = 5  # of the SDKs, which take a second each

NOTHING = "nothing"
COMPILED, PURE = "ssescan", "ssescan python"
BACKENDS = {COMPILED: "compiled", PURE: "python"}

# As they are imported. Those of ours below need what they are for: httpx, msgspec.
OURS = ("ssescan.providers", "ssescan.dropin.httpx_sse", "ssescan.dropin.sseclient")
LIBRARIES = ("httpx_sse", "httpx2", "httpx", "msgspec")
SDKS = ("openai", "anthropic", "google.genai")

# What is of nobody: Cython keeps its types in a module that no file is behind.
NO_PACKAGE = ("ssescan", "_cython_", "cython_runtime")


def command(code: str) -> list[str]:
    return [sys.executable, "-I", "-c", code]


def environment(backend: str | None = None) -> dict[str, str]:
    """Give the environment of a process: ours, and which backend is to be loaded."""
    chosen = {"SSESCAN_BACKEND": backend} if backend else {}
    return {name: value for name, value in os.environ.items() if name != "SSESCAN_BACKEND"} | chosen


def loaded_by(name: str, backend: str | None = None) -> set[str]:
    """Give the packages that an import loads beside the standard library and ssescan; ImportError where it fails."""
    code = f"import sys; before = set(sys.modules); import {name}; print(*set(sys.modules) - before)"
    done = subprocess.run(command(code), env=environment(backend), capture_output=True, text=True, check=False)
    if done.returncode:
        raise ImportError(done.stderr.strip().rpartition("\n")[2])
    found = {module.partition(".")[0] for module in done.stdout.split()}
    return {module for module in found - sys.stdlib_module_names if not module.startswith(NO_PACKAGE)}


def seconds_of(code: str, backend: str | None = None) -> float:
    """Run a process to its end; give its CPU time, of user and system."""
    arguments = command(code)
    child = os.posix_spawn(arguments[0], arguments, environment(backend))
    _, status, usage = os.wait4(child, 0)
    if status:
        raise RuntimeError(f"{arguments} ended with status {os.waitstatus_to_exitcode(status)}")
    return usage.ru_utime + usage.ru_stime


def importing(name: str, backend: str | None = None) -> Callable[[], float]:
    return lambda: seconds_of(f"import {name}", backend)


def beyond_start(imports: dict[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Let all take turns; give the least time of each, beyond that of a process that imports nothing."""
    runs: dict[str, Callable[[], float]] = {NOTHING: lambda: seconds_of("pass"), **imports}
    least = dict.fromkeys(runs, float("inf"))
    for _ in range(rounds):
        for name, run in runs.items():
            least[name] = min(least[name], run())
    start = least.pop(NOTHING)
    return {NOTHING: start} | {name: max(time - start, 0.0) for name, time in least.items()}


def installed(table: Table, names: Iterable[str]) -> dict[str, Callable[[], float]]:
    """Give the imports that work; each has been done once then, so that its .pyc files are there."""
    found = {}
    for name in names:
        try:
            loaded = loaded_by(name)
        except ImportError as error:
            table.note(f"import {name} is left out: {error}")
            continue
        found[name] = importing(name)
        if name.startswith("ssescan."):
            table.note(f"import {name} loads, of others: {', '.join(sorted(loaded)) or 'nothing'}")
    return found


def loads_nothing(table: Table) -> None:
    found = {module for backend in BACKENDS.values() for module in loaded_by("ssescan", backend)}
    table.row("third-party packages that `import ssescan` loads", "none", ", ".join(sorted(found)) or "none", not found)


def rows(table: Table) -> None:
    loads_nothing(table)
    light = {who: importing("ssescan", backend) for who, backend in BACKENDS.items()}
    light |= installed(table, (*OURS, *LIBRARIES))
    times = beyond_start(light, ROUNDS)
    for who, backend in BACKENDS.items():
        measured = times[who] * 1000
        what = f"import ssescan, {backend}, beyond the interpreter's own start"
        table.row(what, f"{LIMIT:g} ms", f"{measured:.1f} ms", measured < LIMIT)
    start = times.pop(NOTHING)
    table.note(f"the interpreter's own start, CPU, with -I: {start * 1000:.1f} ms")
    slow = beyond_start(installed(table, SDKS), SLOW_ROUNDS)
    slow.pop(NOTHING)
    table.keep("an import, beyond the interpreter's own start", times | slow)


if __name__ == "__main__":
    sys.exit(tables.main(rows, str(__doc__)))
