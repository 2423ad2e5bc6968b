"""That the guard bites: with feed, or an adapter, made 5 % slower, it fails and names it; unchanged, the tree passes.

python -m pytest benchmarks/guard_bites.py      two minutes; its name keeps it out of `pytest benchmarks`

The checkout is copied into a repository of its own, and made slower there by statements, or rounds of a loop, that do
nothing. How many is found by counting with two numbers of them, so that the 5 % are 5 % with every interpreter and
compiler.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import revisions
from instructions import Counter
from revisions import Built, Repository

ROOT = Path(__file__).resolve().parent.parent
GIT = ["git", "-c", "user.name=guard", "-c", "user.email=guard@localhost", "-c", "commit.gpgsign=false"]

SLOWER = 0.05
LENGTHS = (10, 30)  # how many do nothing, to calibrate them

FEED, PURE = "feed, an event a chunk", "feed, pure Python"
# The method that is called once an event, by workload.
PYTHON = {
    PURE: ("src/ssescan/scanner/_python.py", "feed"),
    "openai-chat": ("src/ssescan/providers/openai_chat.py", "handle"),
    "openai-responses": ("src/ssescan/providers/openai_responses.py", "handle"),
    "anthropic": ("src/ssescan/providers/anthropic.py", "handle"),
    "gemini": ("src/ssescan/providers/gemini.py", "handle"),
    "gemini-interactions": ("src/ssescan/providers/gemini_interactions.py", "handle"),
}
COMPILED = ("src/ssescan/scanner/_compiled.pyx", "feed")
LOOP_IN_C = '''

cdef extern from *:
    """
    static void go_round(int times) { for (volatile int i = 0; i < times; i++); }
    """
    void go_round(int times)
'''


def insert(root: Path, where: tuple[str, str], statement: str, at_end: str = "") -> None:
    """Put a statement first in the method of that name, after its docstring."""
    path, method = root / where[0], where[1]
    text = path.read_text(encoding="utf-8")
    found = re.search(rf'^    def {method}\(self.*:\n(?: +"""(?s:.*?)"""\n)?', text, re.MULTILINE)
    assert found, f"{path} has no method {method} any more: say here what is called once an event"
    path.write_text(f"{text[: found.end()]}        {statement}\n{text[found.end() :]}{at_end}", encoding="utf-8")


def slow_python(root: Path, lengths: dict[str, int]) -> None:
    for workload, length in lengths.items():
        # No loop: to begin one takes a tenth of what an adapter spends on an event.
        insert(root, PYTHON[workload], "; ".join(["nothing = 0"] * length))


def slow_compiled(root: Path, length: int) -> None:
    insert(root, COMPILED, f"go_round({length})", LOOP_IN_C)


class Checkout:
    """A copy of the checkout that was committed, and what was built of it."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.root = scratch / "checkout"
        self.builds = scratch / "builds"
        self.builds.mkdir()
        source = Repository(ROOT)
        source.unpack(source.tree_of_head(scratch), self.root, scratch)
        for command in (["init", "-q"], ["add", "--all", "--force"], ["commit", "-q", "-m", "As it is"]):
            subprocess.run([*GIT, *command], cwd=self.root, check=True)
        self.base = revisions.built(Repository(self.root), self.builds, "HEAD")
        self.counter = Counter(self.builds)

    def restore(self) -> None:
        subprocess.run([*GIT, "checkout", "-q", "--", "."], cwd=self.root, check=True)

    def copy(self, name: str) -> Built:
        """Copy the base, with what was built, to a folder whose path is as long."""
        root = self.builds / name.ljust(len(self.base.root.name), "-")
        shutil.copytree(self.base.root, root)
        return Built(root)

    def lengths(self, slowed: dict[int, Built], workloads: list[str]) -> dict[str, int]:
        """Give how many that do nothing each workload needs, from counts with two numbers of them."""
        short, long = LENGTHS
        built = (self.base, slowed[short], slowed[long])
        wanted = [(one.package, self.base.benchmarks, name) for name in workloads for one in built]
        counts = self.counter.count_all(wanted)
        found = {}
        for name in workloads:
            base, at_short, at_long = (next(counts).instructions or 0 for _ in built)
            assert base < at_short < at_long, f"{name}: what was to slow it does not: {base}, {at_short}, {at_long}"
            each = (at_long - at_short) / (long - short)
            found[name] = max(0, round(short + (base * (1 + SLOWER) - at_short) / each))
        return found

    def guard(self, workloads: list[str]) -> tuple[int, str, dict[str, float]]:
        """Run the guard of the checkout, give its exit status, what it printed, and the percent by workload."""
        chosen = [option for name in workloads for option in ("--workload", name)]
        options = ["--only", "instructions", "--base", "HEAD", "--require", "--builds", str(self.builds), *chosen]
        done = subprocess.run(
            [sys.executable, "benchmarks/guard.py", *options],
            cwd=self.root,
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )
        rows = re.findall(r"^(.+?)  +[\d,]+ +[\d,]+ +([+-][\d.]+) %", done.stdout, re.MULTILINE)
        return done.returncode, done.stdout + done.stderr, {name: float(percent) for name, percent in rows}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return Checkout(tmp_path_factory.mktemp("bites"))


def assert_caught(checkout: Checkout, workloads: list[str]) -> None:
    status, printed, percents = checkout.guard(workloads)
    print(printed)
    assert status == 1, printed
    assert f"took more instructions than they may: {'; '.join(workloads)}\n" in printed
    # Else it is something else than 5 % that was caught.
    assert percents.keys() == set(workloads)
    assert all(4 <= percent <= 7 for percent in percents.values()), printed


def test_an_unchanged_tree_passes(checkout: Checkout) -> None:
    # Else base and head would be one and the same folder, and what building and placing it anew changes not be seen.
    readme = checkout.root / "README.md"
    readme.write_text(readme.read_text(encoding="utf-8") + "\nOf no weight.\n", encoding="utf-8")
    try:
        status, printed, percents = checkout.guard([FEED, *PYTHON])
    finally:
        checkout.restore()
    assert status == 0, printed
    assert percents.keys() == {FEED, *PYTHON}
    assert all(abs(percent) < 0.5 for percent in percents.values()), printed


def test_a_slower_pure_scanner_and_slower_adapters_are_caught(checkout: Checkout) -> None:
    slowed = {length: checkout.copy(f"python-{length}") for length in LENGTHS}
    for length, built in slowed.items():
        slow_python(built.root, dict.fromkeys(PYTHON, length))
    lengths = checkout.lengths(slowed, list(PYTHON))
    slow_python(checkout.root, lengths)
    try:
        assert_caught(checkout, list(PYTHON))
    finally:
        checkout.restore()


def test_a_slower_compiled_scanner_is_caught(checkout: Checkout) -> None:
    slowed = {length: checkout.copy(f"compiled-{length}") for length in LENGTHS}
    for length, built in slowed.items():
        slow_compiled(built.root, length)
        revisions.build(built.root)
    lengths = checkout.lengths(slowed, [FEED])
    slow_compiled(checkout.root, lengths[FEED])
    try:
        assert_caught(checkout, [FEED])
    finally:
        checkout.restore()
