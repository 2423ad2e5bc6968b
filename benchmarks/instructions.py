"""Counts instructions by valgrind's callgrind: of a workload of counted.py, with the package in a given folder.

The counts repeat, on one machine, almost to the instruction: addresses, hashes and the environment are the same each
time, and neither what else runs nor how fast the machine is changes them. Knows nothing of bases, heads and verdicts.
"""

from __future__ import annotations

import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from counted import LEFT_OUT, WORKLOADS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TIMEOUT = 300  # seconds a child, of which none takes more than 20 here
AT_ONCE = 2  # children; counts do not depend on what else runs

# Turned on around the round alone: to import openai under valgrind takes longer than all rounds. As a text, because
# it is all the C that there is here, and a checkout has no other file that must be compiled by hand.
CALLGRIND = """
#include <valgrind/callgrind.h>
void start_counting(void) { CALLGRIND_START_INSTRUMENTATION; }
void stop_counting(void) { CALLGRIND_STOP_INSTRUMENTATION; }
"""

# Libraries whose instructions are in the counts, and Cython, which writes the C.
COUNTED_IN = ("cython", "msgspec", "httpx", "httpx2", "openai", "anthropic", "google-genai", "pydantic")


class MissingError(Exception):
    """What counting needs is not on this machine."""


class Count(NamedTuple):
    """What came of a workload: instructions, or why there are none."""

    instructions: int | None
    reason: str = ""
    left_out: bool = False  # because a library is not installed; else, it failed


class Counter:
    """Counts. `scratch`: where it may put what it compiles. MissingError, when made, where it cannot count."""

    def __init__(self, scratch: Path) -> None:
        if shutil.which("valgrind") is None:
            raise MissingError("valgrind is not there: it counts the instructions (Debian, Ubuntu: install valgrind)")
        self.library = compiled(scratch)
        self.command = [*steady_addresses(), "valgrind", "--tool=callgrind", "--instr-atstart=no"]

    @property
    def addresses_are_steady(self) -> bool:
        return self.command[0] != "valgrind"

    def count(self, package: Path, benchmarks: Path, workload: str) -> Count:
        """Count a workload of the benchmarks' folder, with the package in the folder `package`."""
        child = [sys.executable, str(benchmarks / "counted.py"), workload, str(package), str(self.library)]
        try:
            done = subprocess.run(
                [*self.command, f"--callgrind-out-file={os.devnull}", *child],
                env=environment_of_child(package),
                capture_output=True,
                text=True,
                timeout=TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Count(None, f"not over after {TIMEOUT} s")
        if done.returncode == LEFT_OUT:
            return Count(None, done.stdout.strip(), left_out=True)
        found = re.search(r"Collected : (\d+)", done.stderr)
        if done.returncode or found is None or found[1] == "0":
            lines = [line for line in done.stderr.splitlines() if line and not line.startswith("==")]
            return Count(None, lines[-1] if lines else f"valgrind ended with {done.returncode}, and no count")
        return Count(int(found[1]))

    def count_all(self, wanted: Iterable[tuple[Path, Path, str]]) -> Iterator[Count]:
        """Count several, in order, two at a time."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            yield from pool.map(lambda one: self.count(*one), wanted)


def environment_of_child(package: Path) -> dict[str, str]:
    """Give the same few variables each time: they lie on the stack, and some libraries read theirs."""
    kept = {name: os.environ[name] for name in ("HOME", "LD_LIBRARY_PATH", "PATH") if name in os.environ}
    # No bytecode is written: whether it was there already is seen in how memory is laid out.
    return kept | {
        "LC_ALL": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": str(package),
    }


@cache
def steady_addresses() -> tuple[str, ...]:
    """Give the command that turns off the randomising of addresses; nothing where it is not there, or not allowed."""
    command = ("setarch", "-R")
    try:
        subprocess.run([*command, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return ()
    return command


def compiled(scratch: Path) -> Path:
    """Compile the two functions that begin and end the counting."""
    library = scratch / "callgrind.so"
    try:
        subprocess.run(
            [*compiler(), "-shared", "-fPIC", "-O2", "-x", "c", "-", "-o", str(library)],
            input=CALLGRIND,
            check=True,
            capture_output=True,
            text=True,
        )
    except OSError as error:
        raise MissingError(f"the C compiler does not start: {error} (Debian, Ubuntu: install gcc)") from error
    except subprocess.CalledProcessError as error:
        if "valgrind/callgrind.h" in error.stderr:
            raise MissingError(
                "valgrind's headers are not there: valgrind/callgrind.h (Debian, Ubuntu: they come with valgrind; "
                "Fedora: install valgrind-devel)"
            ) from error
        raise MissingError(f"the C compiler failed: {error.stderr.strip()}") from error
    return library


def compiler() -> list[str]:
    """Give the command of the C compiler, as setuptools finds it."""
    return shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")[:1]


def environment() -> dict[str, str]:
    """Tell all that counts depend on, beside the package: those of two machines compare if all of this is equal."""
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()} {platform.python_compiler()}",
        "built with": " ".join(re.findall(r"--(?:enable|with)[^' ]*", str(sysconfig.get_config_var("CONFIG_ARGS")))),
        "machine": platform.machine(),
        # glibc chooses its memchr by them.
        "vector units": vector_units(),
        "libc": " ".join(platform.libc_ver()),
        "compiler": first_line([*compiler(), "--version"]),
        "valgrind": first_line(["valgrind", "--version"]),
        **{name: version_of(name) for name in COUNTED_IN},
    }


def vector_units() -> str:
    try:
        words = set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
    except OSError:
        return "unknown"
    return " ".join(sorted(words & {"avx", "avx2", "bmi2", "erms", "fsrm", "rtm", "asimd", "sve"})) or "none"


def first_line(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return "not there"
    return done.stdout.partition("\n")[0]


def version_of(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def names(wanted: list[str] | None) -> list[str]:
    """Give the workloads by those names, or all. ValueError for one that is not there."""
    unknown = [name for name in wanted or [] if name not in WORKLOADS]
    if unknown:
        raise ValueError(f"no workload is named {unknown[0]!r}; there are: {'; '.join(WORKLOADS)}")
    return wanted or list(WORKLOADS)
