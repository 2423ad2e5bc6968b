"""The cost of `import ssescan` at the start of a program, beside the peers, and what else it loads.

Each import is a process of its own, `python -I -c`: isolated, so that no variable and no folder of the caller is in
it, but with `site`, as programs run. All take turns with a process that imports nothing, and a figure is the CPU time
beyond that process, user and system: on a busy machine, the clock would count other programs too. The .pyc files are
there.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from functools import partial

from benchmarks.suites.measure import Group, Lab, Run, Table

LIMIT = 25.0  # ms, beyond the interpreter's own start

NOTHING = "nothing"
BACKENDS = {"ssescan": "compiled", "ssescan python": "python"}

# Those of ours need the libraries that they are for: httpx, msgspec.
OURS = ("ssescan.providers", "ssescan.dropin.httpx_sse", "ssescan.dropin.sseclient")
LIBRARIES = ("httpx_sse", "httpx2", "httpx", "msgspec", "openai", "anthropic", "google.genai")

# Not packages: Cython keeps its types in a module that has no file.
NO_PACKAGE = ("ssescan", "_cython_", "cython_runtime")


def run(code: str, backend: str | None = None) -> str:
    """Run code in a process of its own; return its output. ImportError where it fails."""
    variables = {name: value for name, value in os.environ.items() if name != "SSESCAN_BACKEND"}
    variables |= {"SSESCAN_BACKEND": backend} if backend else {}
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], env=variables, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ImportError(done.stderr.strip().rpartition("\n")[2])
    return done.stdout


def loaded_by(module: str, backend: str | None = None) -> set[str]:
    """Return the packages that an import loads beside the standard library and ssescan."""
    code = f"import sys; before = set(sys.modules); import {module}; print(*set(sys.modules) - before)"
    found = {name.partition(".")[0] for name in run(code, backend).split()}
    return {name for name in found - sys.stdlib_module_names if not name.startswith(NO_PACKAGE)}


def cpu_of_children() -> float:
    """Return the CPU time of all processes that this one ran to their end, seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


WANTED: dict[str, tuple[str, str | None]] = {
    **{name: ("ssescan", backend) for name, backend in BACKENDS.items()},
    **{module: (module, None) for module in (*OURS, *LIBRARIES)},
}


def build(lab: Lab, size: int) -> dict[str, Run]:
    for module, backend in WANTED.values():
        loaded_by(module, backend)  # writes the .pyc files
    calls = {name: partial(run, f"import {module}", backend) for name, (module, backend) in WANTED.items()}
    return {NOTHING: Run(partial(run, "pass")), **{name: Run(call) for name, call in calls.items()}}


GROUPS = [Group("an import", build, (NOTHING, *WANTED), 1, rounds=15, clock=cpu_of_children)]
REPORTED: list[Group] = []  # rows() reports them


def rows(table: Table, lab: Lab) -> None:
    """Add the rows of the imports; the figures are those beyond the interpreter's own start."""
    found = {module for backend in BACKENDS.values() for module in loaded_by("ssescan", backend)}
    table.row("third-party packages that `import ssescan` loads", "none", ", ".join(sorted(found)) or "none", not found)
    times = table.measure(GROUPS[0], lab)
    beyond = {name: max(time - times[NOTHING], 0.0) for name, time in times.items() if name != NOTHING}
    table.figures["an import, beyond the interpreter's own start"] = beyond
    for name, backend in BACKENDS.items():
        measured = beyond.get(name, float("inf")) * 1000
        what = f"import ssescan, {backend}, beyond the interpreter's own start"
        table.row(what, f"{LIMIT:g} ms", f"{measured:.1f} ms", measured < LIMIT)
