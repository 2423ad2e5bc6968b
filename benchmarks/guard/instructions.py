"""Instruction counts by valgrind's callgrind: of a workload, with the package in a given folder.

The counts repeat, on one machine, almost to the instruction: addresses, hashes and the environment are the same each
time, and neither other programs nor the speed of the machine change them. Knows nothing of bases, heads and verdicts.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import NamedTuple

TIMEOUT = 900  # seconds a child, of a busy machine too; most need under 20
AT_ONCE = 2  # children; counts do not depend on other programs

# Counting is on around one round alone: importing openai under valgrind takes longer than all rounds.
CALLGRIND = """
#include <valgrind/callgrind.h>
void start_counting(void) { CALLGRIND_START_INSTRUMENTATION; }
void stop_counting(void) { CALLGRIND_STOP_INSTRUMENTATION; }
"""


class MissingError(Exception):
    """A tool for counting is not on this machine."""


class Count(NamedTuple):
    """The instructions of a workload, or the reason why there are none."""

    instructions: int | None
    reason: str = ""


class Counter:
    """Counts instructions. `scratch`: a folder for compiled files. MissingError, when made, where it cannot count."""

    def __init__(self, scratch: Path) -> None:
        if shutil.which("valgrind") is None:
            raise MissingError("valgrind is not installed: it counts the instructions (Debian, Ubuntu: valgrind)")
        self.library = compiled(scratch)
        self.command = [*steady_addresses(), "valgrind", "--tool=callgrind", "--instr-atstart=no"]

    def count(self, package: Path, benchmarks: Path, workload: str) -> Count:
        """Count a workload of the tree `benchmarks`, with the package of the tree `package`."""
        module = ["-m", "benchmarks.guard.workloads", workload, str(package / "src"), str(self.library)]
        try:
            done = subprocess.run(
                [*self.command, f"--callgrind-out-file={os.devnull}", sys.executable, *module],
                cwd=benchmarks,
                env=environment_of_child(package / "src"),
                capture_output=True,
                text=True,
                timeout=TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Count(None, f"did not end within {TIMEOUT} s")
        found = re.search(r"Collected : (\d+)", done.stderr)
        if done.returncode or found is None or found[1] == "0":
            lines = [line for line in done.stderr.splitlines() if line and not line.startswith("==")]
            return Count(None, lines[-1] if lines else f"valgrind ended with {done.returncode}, and no count")
        return Count(int(found[1]))

    def count_all(self, wanted: Iterable[tuple[Path, Path, str]]) -> Iterator[Count]:
        """Count several, in order, two at a time."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            yield from pool.map(lambda one: self.count(*one), wanted)


def environment_of_child(source: Path) -> dict[str, str]:
    """Return the same few variables each time: they lie on the stack, and some libraries read theirs."""
    kept = {name: os.environ[name] for name in ("HOME", "LD_LIBRARY_PATH", "PATH") if name in os.environ}
    # No bytecode is written: whether a file was there is seen in how memory is laid out.
    fixed = {"LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"}
    return kept | fixed | {"PYTHONPATH": str(source)}


@cache
def steady_addresses() -> tuple[str, ...]:
    """Return the command that turns off random addresses; nothing where it is missing or not allowed."""
    command = ("setarch", "-R")
    try:
        subprocess.run([*command, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        print("setarch -R is missing or not allowed: counts will vary by some thousandths")
        return ()
    return command


def compiled(scratch: Path) -> Path:
    """Compile the two functions that begin and end the counting."""
    library = scratch / "callgrind.so"
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")[0]
    command = [compiler, "-shared", "-fPIC", "-O2", "-x", "c", "-", "-o", str(library)]
    try:
        subprocess.run(command, input=CALLGRIND, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        hint = "the C compiler or valgrind's headers are missing (Debian: gcc, valgrind; Fedora: gcc, valgrind-devel)"
        raise MissingError(f"{hint}: {getattr(error, 'stderr', error)}") from error
    return library
