"""Run the compiled scanner under the sanitizers of gcc, valgrind and a debug build of CPython: `make sanitize`.

python tools/sanitize.py scanner leaks        make sanitize ARGS='scanner streams providers leaks valgrind debug'

scanner, streams, providers, fuzzing: the tests in that folder of tests/, with AddressSanitizer and
UndefinedBehaviorSanitizer. Those of fuzzing run its seeds.
quick: the tests of the scanner that do not depend on chance; not run by default, as `scanner` has them.
leaks: LeakSanitizer, after each operation of the scanner ran with and without memory; it fails for each block that
nothing points to and that code of the extension allocated. CPython itself leaks blocks at its start, which are
not counted.
valgrind: memcheck, on a few tests. planted: a fault in a copy of the extension, which memcheck and AddressSanitizer
must see. debug: the tests of the scanner with python3-dbg and -X dev, where references are counted.

The sanitized extension is built in build/sanitize; the one in src stays. Exit status 0: all is clean; 1: a sanitizer
reported something, or a test failed; 2: a tool is missing, but all that ran is clean.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from argparse import ArgumentParser
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import planted

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = planted.ROOT
FOLDER = ROOT / "build" / "sanitize"
SOURCE = ROOT / "src" / "ssescan" / "scanner" / "_compiled.c"
FLAGS = ("-g", "-O1", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined")
# Each object in a block of its own, or a read beyond its end would reach the next one unseen.
ENVIRONMENT = {"PYTHONMALLOC": "malloc", "PYTHONPATH": str(FOLDER / "src")}
# A test limits the memory of its process, and expects that malloc then returns NULL.
ASAN = "allocator_may_return_null=1:detect_leaks="
UBSAN = "print_stacktrace=1:halt_on_error=1"
# pytest captures what a process prints, but a process that a sanitizer ended has no time to show it.
PYTEST = (sys.executable, "-m", "pytest", "-q", "-x", "--backend=compiled", "-p", "no:cacheprovider", "-s")
# AddressSanitizer holds freed blocks back, so resident memory grows. `leaks` checks what this test checks.
GROWS = "tests/scanner/test_safety.py::test_memory_is_constant_over_100_000_calls"
SUPPRESSIONS = ("/usr/lib/valgrind/python3.supp", "/usr/libexec/valgrind/python3.supp", ROOT / "tools/valgrind.supp")
MEMCHECK_TESTS = ("tests/scanner/test_states.py", "tests/scanner/test_event_reader.py")
PLANTED = "scanner-chunk-not-held"  # reads a chunk after it was freed
# At exit an interpreter frees only a part of its memory: look for leaks before that.
LEAKS = """
import ctypes, os, runpy, sys
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
sys.stdout.flush()
ctypes.CDLL(None).__lsan_do_recoverable_leak_check()
os._exit(0)
"""
CLEAN, FAILED = "clean", "FAILED"
THREADS = """\
threads: not run. ThreadSanitizer needs a free-threaded CPython that was built with -fsanitize=thread; neither Debian 12
nor PyPI has one. With a global lock, the extension runs in one thread at a time."""
OPERATIONS = ("Feed", "FeedRest", "FeedTooLarge", "Close", "Iterate", "Read", "ReadPayloads", "Values", "JoinEvents")


class Missing(Exception):
    """A tool is missing."""


def need(found: object, what: str, package: str) -> None:
    if not found:
        raise Missing(f"make sanitize needs {what} (Debian, Ubuntu: apt-get install {package})")


def run(command: list[str], environment: dict[str, str]) -> bool:
    """Run a command at the root of the project; return whether it succeeded."""
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == 0  # noqa: S603


def library(name: str) -> str:
    """Return the path of a library of gcc, which prints the bare name of one that it does not have."""
    need(shutil.which("gcc"), "gcc", "gcc")
    command = ["gcc", f"-print-file-name={name}"]
    path = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603
    need(Path(path.strip()).is_absolute(), name, "libgcc-12-dev, of the version of your gcc")
    return path.strip()


@cache
def build() -> None:
    """Build the package with a sanitized extension in build/sanitize/src."""
    need(SOURCE.exists(), f"{SOURCE.relative_to(ROOT)}: make test", "gcc python3-dev")
    package = FOLDER / "src" / "ssescan"
    shutil.rmtree(package, ignore_errors=True)
    shutil.copytree(SOURCE.parent.parent, package, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    command = ["gcc", "-shared", "-fPIC", "-w", *FLAGS, f"-I{sysconfig.get_path('include')}", str(SOURCE)]
    subprocess.run([*command, "-o", str(package / "scanner" / planted.MODULE)], check=True)  # noqa: S603


def sanitized(*, leaks: bool) -> dict[str, str]:
    """Build the sanitized extension; return the environment of a process that uses it, in an ordinary interpreter."""
    build()
    libraries = f"{library('libasan.so')} {library('libubsan.so')}"
    more = ":fast_unwind_on_malloc=0" if leaks else ""  # CPython has no frame pointers
    asan = f"{ASAN}{int(leaks)}{more}"
    return {
        **os.environ,
        **ENVIRONMENT,
        "LD_PRELOAD": libraries,
        "ASAN_OPTIONS": asan,
        "UBSAN_OPTIONS": UBSAN,
    }


def run_tests(folder: str, *more: str) -> bool:
    """Run tests with AddressSanitizer and UndefinedBehaviorSanitizer."""
    return run([*PYTEST, f"--deselect={GROWS}", f"tests/{folder}", *more], sanitized(leaks=False))


def run_quick() -> bool:
    """Run tests of the scanner that take less than a minute."""
    return run_tests("scanner", "-m", "not hypothesis", "-k", "not allocation and not undefined")


def run_leaks() -> bool:
    """Run LeakSanitizer after operations of the scanner, which also run without memory."""
    clean = True
    for operation in OPERATIONS:
        command = [sys.executable, "-c", LEAKS, "tests/scanner/fail_allocations.py", "compiled", operation]
        environment = sanitized(leaks=True)
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
        blocks = re.findall(r"^(?:Direct|Indirect) leak of .*?(?:\n\n|\Z)", done.stderr, re.DOTALL | re.MULTILINE)
        ours = [block for block in blocks if "_compiled" in block]
        worked = done.returncode == 0 and "LeakSanitizer has encountered" not in done.stderr
        print(f"{operation}: {done.stdout.strip()}; {len(ours)} leaks of the extension, {len(blocks)} in all")
        print("".join(ours), "" if worked else done.stderr, sep="", end="")
        clean = clean and worked and not ours
    return clean


def memcheck() -> tuple[list[str], dict[str, str]]:
    """Return the command and the environment of a few tests under memcheck."""
    need(shutil.which("valgrind"), "valgrind", "valgrind")
    suppressions = [f"--suppressions={path}" for path in SUPPRESSIONS if Path(path).exists()]
    # CPython's own code uses values that memcheck takes for uninitialised, in thousands of places.
    command = ["valgrind", "--quiet", "--error-exitcode=9", "--undef-value-errors=no", *suppressions]
    return [*command, *PYTEST, *MEMCHECK_TESTS], {**os.environ, "PYTHONMALLOC": "malloc"}


def run_valgrind() -> bool:
    """Run memcheck on a few tests, with the extension of src."""
    return run(*memcheck())


def run_planted() -> bool:
    """Show that memcheck and AddressSanitizer see a use of freed memory in the extension."""
    _, _, diff = planted.read(planted.PATCHES / f"{PLANTED}.patch")
    with tempfile.TemporaryDirectory(prefix="ssescan-planted-") as folder:
        tree = Path(folder, "ssescan")
        planted.copy(tree)
        path, text = planted.mutated(diff)
        (tree / path).write_text(text, encoding="utf-8")
        asan = [*PYTEST, *MEMCHECK_TESTS], sanitized(leaks=False)
        return all(
            [
                is_seen(tree, "Invalid read", ("-g", "-O1"), *memcheck()),
                is_seen(tree, "ERROR: AddressSanitizer: heap-use-after-free", FLAGS, *asan),
            ]
        )


def is_seen(tree: Path, report: str, flags: tuple[str, ...], command: list[str], environment: dict[str, str]) -> bool:
    """Build a tree and run a command in it; return whether that reports something of the extension."""
    error = planted.build(tree, *flags)
    paths = {**environment, "PYTHONPATH": str(tree / "src")}
    done = subprocess.run(command, cwd=tree, env=paths, capture_output=True, text=True, check=False)  # noqa: S603
    output = error or done.stdout + done.stderr
    seen = done.returncode != 0 and re.search(f"{report}.*?_compiled", output, re.DOTALL) is not None
    print(f"{report}: seen" if seen else f"{report}: NOT seen\n{output[-3000:]}", flush=True)
    return seen


def run_debug() -> bool:
    """Run the tests of the scanner with a debug build of CPython, in an environment of its own."""
    need(shutil.which("python3-dbg"), "a debug build of CPython", "python3-dbg python3-dev python3-venv")
    choice = ["PYTHON=python3-dbg", "VENV=.venv-debug", "GROUP=scanner-tests", "EXTRAS="]
    # Without memory, CPython 3.11 loses exceptions that pass a frame; a debug build of it then aborts by itself.
    lost = "not (test_each_allocation_fails_in_turn and (Refusals or Iterate))"
    command = ["make", "test", *choice, f"ARGS=-q --backend=compiled tests/scanner -k '{lost}'"]
    environment = {**os.environ, "PYTHONDEVMODE": "1"}  # warnings are errors in all tests
    return run(command, environment)


def main() -> int:
    parser = ArgumentParser(description=__doc__, usage="%(prog)s [--optional] [KIND...]")
    folders = ("scanner", "streams", "providers", "fuzzing")
    usual = {"leaks": run_leaks, "valgrind": run_valgrind, "planted": run_planted, "debug": run_debug}
    runs = {folder: partial(run_tests, folder) for folder in folders} | usual | {"quick": run_quick}
    parser.add_argument("kinds", nargs="*", metavar="KIND", help="all but quick, if there is none")
    parser.add_argument("--optional", action="store_true", help="succeed if a tool is missing, and say so")
    options = parser.parse_args()
    kinds = options.kinds or [*folders, *usual]
    if unknown := set(kinds) - set(runs):
        parser.error(f"KIND must be one of {', '.join(runs)}, not {', '.join(sorted(unknown))}")
    results = {kind: run_kind(kind, runs[kind]) for kind in kinds}
    if not options.kinds:
        lines = [f"{kind}: {result}, {seconds} s" for kind, (result, seconds) in results.items()]
        print("==> in all", *lines, THREADS, sep="\n")
    found = {result for result, _ in results.values()}
    return 1 if FAILED in found else 0 if options.optional or found == {CLEAN} else 2


def run_kind(kind: str, function: Callable[[], bool]) -> tuple[str, int]:
    """Run one kind; return and print the result, and how many seconds it took."""
    print(f"==> {kind}", flush=True)
    begin = time.monotonic()
    try:
        result = CLEAN if function() else FAILED
    except Missing as error:
        result = f"not run: {error}"
    seconds = round(time.monotonic() - begin)
    print(f"==> {kind}: {result}, {seconds} s", flush=True)
    return result, seconds


if __name__ == "__main__":
    sys.exit(main())
