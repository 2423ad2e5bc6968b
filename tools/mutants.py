"""Build the compiled scanner with one fault after another, and say which test notices each: `make mutants`.

python tools/mutants.py                  all of tests/mutants        make mutants ARGS='scanner-retry* reader-*'

A mutant is a patch in tests/mutants: a line that says what becomes wrong, then a unified diff. A line that begins with
"Equivalent: " says why nobody can see the change. Each mutant is built in a copy of the tree, in a temporary folder.
There it runs the tests of the scanner that do not depend on chance, until one fails. If none does, AddressSanitizer
and UndefinedBehaviorSanitizer look for what the tests do not see, such as a read of freed memory whose result is right.

Exit status 0: every mutant was noticed, or is marked as equivalent, and is; 1: not so; 2: a tool is missing.
"""

from __future__ import annotations

import fnmatch
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from queue import SimpleQueue

from planted import PATCHES, ROOT, build, copy, mutated, read
from sanitize import FLAGS, UBSAN, Missing, sanitized

# Most mutants need only the quick ones.
QUICK = ("standard", "states", "event_reader", "bad_input", "values", "memory", "reentry", "limits", "runs")
SLOW = ("differential", "recorded", "allocation", "safety", "undefined")
SANITIZED = ("standard", "limits", "event_reader", "reentry")
PYTEST = (sys.executable, "-m", "pytest", "-v", "-x", "--backend=compiled", "-p", "no:cacheprovider")
SECONDS = 300  # of processor time for all tests, which need 30: one that needs more does not end


def notices(tree: Path, environment: dict[str, str], names: tuple[str, ...], *more: str) -> str | None:
    """Run the tests of these names in a tree; return the one that noticed something and how it ended, or None."""
    tests = [f"tests/scanner/test_{name}.py" for name in names]
    command = [*PYTEST, *more, *tests]
    with (tree / "log").open("w+") as log:
        done = subprocess.run(  # noqa: S603
            command, cwd=tree, env=environment, stdout=log, stderr=subprocess.STDOUT, check=False
        )
        log.seek(0)
        text = log.read()
    if done.returncode == 0:
        return None
    if found := re.search(r"^(?:FAILED|ERROR) (\S+)", text, re.MULTILINE):
        return found[1].removeprefix("tests/scanner/")
    started = re.findall(r"^tests/scanner/(\S+::\S+)", text, re.MULTILINE)
    return f"{started[-1] if started else 'import'} (ended with status {done.returncode})"


def run(tree: Path) -> str | None:
    """Build a tree and run its tests; return what noticed that it is wrong, or None."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(tree / "src"),
        "SSESCAN_SHARED": os.environ.get("SSESCAN_SHARED") or str(ROOT.parent / "shared"),
    }
    if error := build(tree):
        return f"the build: {error}"
    quick = {**environment, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    if found := notices(tree, quick, QUICK) or notices(tree, environment, SLOW, "-m", "not hypothesis"):
        return found
    if error := build(tree, *FLAGS):
        return f"the sanitized build: {error}"
    asan = {**sanitized(leaks=False), "PYTHONPATH": environment["PYTHONPATH"], "UBSAN_OPTIONS": UBSAN}
    found = notices(tree, {**quick, **asan}, SANITIZED, "-s")
    return found and f"sanitizers: {found}"


def judge(patch: Path, trees: SimpleQueue[Path]) -> bool:
    """Run one mutant in a tree that is free; print the result and return whether it is as expected."""
    wrong, equivalent, diff = read(patch)
    path, text = mutated(diff)
    tree = trees.get()
    begin = time.monotonic()
    (tree / path).write_text(text, encoding="utf-8")
    found = run(tree)
    shutil.copy(ROOT / path, tree / path)
    trees.put(tree)
    if equivalent:
        result = f"UNEXPECTED: {found}" if found else f"equivalent: {equivalent}"
    else:
        result = found or f"SURVIVED: {wrong}"
    print(f"{patch.stem}: {result}  [{time.monotonic() - begin:.0f} s]", flush=True)
    return (found is None) is (equivalent is not None)


def main() -> int:
    parser = ArgumentParser(description=__doc__, usage="%(prog)s [--jobs N] [NAME...]")
    parser.add_argument("names", nargs="*", metavar="NAME", help="names of patches, may have * (all, if there is none)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="mutants at once (default: the CPUs)")
    options = parser.parse_args()
    names = options.names or ["*"]
    patches = [patch for patch in sorted(PATCHES.glob("*.patch")) if any(fnmatch.fnmatch(patch.stem, n) for n in names)]
    if not patches:
        parser.error(f"NAME must match a patch in {PATCHES.relative_to(ROOT)}, not {' '.join(names)}")
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, resource.getrlimit(resource.RLIMIT_CPU)[1]))  # of each process
    trees: SimpleQueue[Path] = SimpleQueue()
    with tempfile.TemporaryDirectory(prefix="ssescan-mutants-") as folder, ThreadPoolExecutor(options.jobs) as pool:
        for number in range(options.jobs):
            copy(tree := Path(folder, str(number)))
            trees.put(tree)
        if found := run(tree):
            print(f"the tests fail without a mutant: {found}\n{(tree / 'log').read_text()[-3000:]}", file=sys.stderr)
            return 1
        good = list(pool.map(partial(judge, trees=trees), patches))
    print(f"{sum(good)} of {len(good)} mutants ended as expected")
    return 0 if all(good) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Missing as error:
        print(error, file=sys.stderr)
        sys.exit(2)
