"""The guard's sensitivity: it names a feed, or a decoder, that was made 5 % slower; an unchanged tree passes.

python -m pytest benchmarks/guard/sensitivity.py      two minutes; its name keeps it out of `pytest benchmarks`

The checkout is copied into a repository of its own, and made slower there by statements, or rounds of a loop, without
effect. Their number is found by counting with two numbers of them, so that the 5 % are 5 % with every interpreter and
compiler.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.guard import revisions
from benchmarks.guard.instructions import Counter
from benchmarks.guard.revisions import Repository

ROOT = Path(__file__).resolve().parents[2]
GIT = ["git", "-c", "user.name=guard", "-c", "user.email=guard@localhost", "-c", "commit.gpgsign=false"]

SLOWER = 0.05
LENGTHS = (10, 30)  # numbers of statements without effect, to calibrate them

FEED, PURE = "feed, an event a chunk", "feed, pure Python"
# The file and the method that is called once an event, by workload.
APIS = ("openai-chat", "openai-responses", "anthropic", "gemini", "gemini-interactions")
PYTHON = {
    PURE: ("scanner/_python.py", "feed"),
    **{api: (f"providers/**/{api.replace('-', '_')}.py", "feed") for api in APIS},
}
COMPILED = ("scanner/_compiled.pyx", "feed")
LOOP_IN_C = '''

cdef extern from *:
    """
    static void waste(int times) { for (volatile int i = 0; i < times; i++); }
    """
    void waste(int times)
'''


def insert(root: Path, where: tuple[str, str], statement: str, at_end: str = "") -> None:
    """Put a statement first in the method, after its docstring."""
    pattern, method = where
    definition = re.compile(rf'^    def {method}\(self.*:\n(?: +"""(?s:.*?)"""\n)?', re.MULTILINE)
    for path in (root / "src" / "ssescan").glob(pattern):
        text = path.read_text(encoding="utf-8")
        if found := definition.search(text):
            text = f"{text[: found.end()]}        {statement}\n{text[found.end() :]}{at_end}"
            path.write_text(text, encoding="utf-8")
            return
    raise AssertionError(f"no {pattern} has a method {method}: name here the one that is called once an event")


def slow_python(root: Path, lengths: dict[str, int]) -> None:
    for workload, length in lengths.items():
        # No loop: to begin one costs a tenth of a decoder's work on an event.
        insert(root, PYTHON[workload], "; ".join(["nothing = 0"] * length))


def slow_compiled(root: Path, lengths: dict[str, int]) -> None:
    insert(root, COMPILED, f"waste({lengths[FEED]})", LOOP_IN_C)


class Checkout:
    """A copy of the checkout, committed, with its builds."""

    def __init__(self, scratch: Path) -> None:
        self.root = scratch / "checkout"
        self.builds = scratch / "builds"
        self.builds.mkdir()
        source = Repository(ROOT)
        source.unpack(source.tree_of_head(scratch), self.root, scratch)
        for command in (["init", "-q"], ["add", "--all", "--force"], ["commit", "-q", "-m", "Unchanged"]):
            subprocess.run([*GIT, *command], cwd=self.root, check=True)
        self.base = revisions.built(Repository(self.root), self.builds, "HEAD")
        self.counter = Counter(self.builds)

    def copy(self, name: str) -> Path:
        """Copy the base, with its builds, to a folder whose path is as long."""
        return Path(shutil.copytree(self.base, self.builds / name.ljust(len(self.base.name), "-")))

    def lengths(self, slowed: dict[int, Path], workloads: list[str]) -> dict[str, int]:
        """Return how many statements each workload needs, from counts with two numbers of them."""
        short, long = LENGTHS
        trees = (self.base, slowed[short], slowed[long])
        counts = self.counter.count_all((tree, self.base, name) for name in workloads for tree in trees)
        found = {}
        for name in workloads:
            base, at_short, at_long = (next(counts).instructions or 0 for _ in trees)
            assert base < at_short < at_long, f"{name}: the statements do not slow it: {base}, {at_short}, {at_long}"
            each = (at_long - at_short) / (long - short)
            found[name] = max(0, round(short + (base * (1 + SLOWER) - at_short) / each))
        return found

    def guard(self, workloads: list[str]) -> tuple[int, str, dict[str, float]]:
        """Run the guard of the checkout, and restore it; return the status, the output, and the percent by workload."""
        chosen = [option for name in workloads for option in ("--workload", name)]
        options = ["--only", "instructions", "--base", "HEAD", "--require", "--builds", str(self.builds), *chosen]
        command = [sys.executable, "-m", "benchmarks.guard", *options]
        done = subprocess.run(command, cwd=self.root, capture_output=True, text=True, timeout=1500, check=False)
        subprocess.run([*GIT, "checkout", "-q", "--", "."], cwd=self.root, check=True)
        print(done.stdout)
        rows = re.findall(r"^(.+?)  +[\d,]+ +[\d,]+ +([+-][\d.]+) %", done.stdout, re.MULTILINE)
        return done.returncode, done.stdout + done.stderr, {name: float(percent) for name, percent in rows}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return Checkout(tmp_path_factory.mktemp("sensitivity"))


def test_unchanged_tree_passes(checkout: Checkout) -> None:
    # Otherwise base and head would be the same folder, and changes by building it again would not be seen.
    readme = checkout.root / "README.md"
    readme.write_text(readme.read_text(encoding="utf-8") + "\nA line more.\n", encoding="utf-8")
    status, printed, percents = checkout.guard([FEED, *PYTHON])
    assert status == 0, printed
    assert percents.keys() == {FEED, *PYTHON}
    assert all(abs(percent) < 0.5 for percent in percents.values()), printed


@pytest.mark.parametrize(
    ("slow", "workloads"), [(slow_python, list(PYTHON)), (slow_compiled, [FEED])], ids=["python", "compiled"]
)
def test_slower_code_is_caught(checkout: Checkout, slow: Callable[..., None], workloads: list[str]) -> None:
    slowed = {length: checkout.copy(f"{slow.__name__}-{length}"[5:]) for length in LENGTHS}
    for length, root in slowed.items():
        slow(root, dict.fromkeys(workloads, length))
        if slow is slow_compiled:
            revisions.build(root)
    slow(checkout.root, checkout.lengths(slowed, workloads))
    status, printed, percents = checkout.guard(workloads)
    assert status == 1, printed
    assert f"accepted_changes.toml): {'; '.join(workloads)}\n" in printed
    # Otherwise it is something else than 5 % that was caught.
    assert percents.keys() == set(workloads)
    assert all(4 <= percent <= 7 for percent in percents.values()), printed
