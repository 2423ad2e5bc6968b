"""The guard: shows whether the checkout is slower than the commit before, and fails if it is.

python -m benchmarks.guard                      all three checks; exit status 1 where one fails
python -m benchmarks.guard --only instructions  or ratios, or linearity: one of them

The base is --base, or SSESCAN_GUARD_BASE, or where the branch left origin/main, or HEAD (if the checkout has changes),
or HEAD^. An intended slowdown is accepted in accepted_changes.toml. Exit status 2 where the guard could not do its
work. Needs valgrind, git and a C compiler; `make guard` installs the rest.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from benchmarks.guard import accepted_changes, ratios, revisions
from benchmarks.guard.accepted_changes import AcceptedChangesError
from benchmarks.guard.instructions import Count, Counter, MissingError
from benchmarks.guard.revisions import BuildError, Repository, RevisionError
from benchmarks.guard.workloads import WORKLOADS

# Counts of an unchanged tree differ by less than a thousandth within a job; where the package is in another folder, and
# so differently in memory, by up to four thousandths, and those of google-genai by sixteen. The rest lets a change move
# code and memory.
SLACK = 3.0  # percent

# The failures of a base that is older than a workload. Any other hides a slowdown.
TOO_OLD = ("ModuleNotFoundError", "ImportError", "AttributeError", "TypeError")

PASSED, FAILED, UNABLE = 0, 1, 2
ROOT = Path(__file__).resolve().parents[2]
ACCEPTED_CHANGES = Path(__file__).with_name("accepted_changes.toml")


class Verdict(NamedTuple):
    """The outcome of a workload."""

    workload: str
    base: int | None
    head: int | None
    allowed: float  # percent
    note: str = ""  # why there is no change
    failed: bool = False

    @property
    def change(self) -> float | None:
        """The increase from base to head, in percent."""
        return None if self.base is None or self.head is None else (self.head / self.base - 1) * 100

    def line(self) -> str:
        base, head = ("-" if count is None else f"{count:,}" for count in (self.base, self.head))
        change = "-" if self.change is None else f"{self.change:+.2f} %"
        ok = "NO" if self.failed else "-" if self.change is None else "yes"
        return (
            f"{self.workload:31} {base:>13} {head:>13} {change:>10} {self.allowed:>7.3g} %  {ok}  {self.note}".rstrip()
        )


def verdict(workload: str, base: Count, head: Count, accepted: float, require: bool = False) -> Verdict:
    """Compare two counts. A workload that only the head can do is new; one that only the base can do has failed."""
    allowed = SLACK + accepted
    if head.instructions is None:
        return Verdict(workload, base.instructions, None, allowed, f"the head fails: {head.reason}", failed=True)
    if base.instructions is None:
        failed = require and not base.reason.startswith(TOO_OLD)
        note = "the base fails" if failed else "new, nothing to compare with"
        return Verdict(workload, None, head.instructions, allowed, f"{note}: {base.reason}", failed)
    over = head.instructions * 100 > base.instructions * (100 + allowed)
    return Verdict(workload, base.instructions, head.instructions, allowed, failed=over)


def report(verdicts: Iterable[Verdict]) -> int:
    """Print the verdicts as they arrive, return the exit status."""
    print(f"{'instructions':31} {'base':>13} {'head':>13} {'change':>10} {'allowed':>9}  ok")
    slower: list[str] = []
    uncounted: list[str] = []
    for one in verdicts:
        print(one.line(), flush=True)
        if one.failed:
            (uncounted if one.change is None else slower).append(one.workload)
    print(f"\nover the allowed change (see benchmarks/guard/accepted_changes.toml): {'; '.join(slower) or 'none'}")
    if uncounted:
        print(f"could not be counted, for the reason beside them: {'; '.join(uncounted)}")
    return FAILED if slower or uncounted else PASSED


def compare(counter: Counter, scratch: Path, commit: str, options: Namespace) -> int:
    """Compare the checkout with a commit, by the head's benchmarks."""
    repository, names = Repository(ROOT), options.workload or list(WORKLOADS)
    changes = accepted_changes.read(ACCEPTED_CHANGES, WORKLOADS)
    percents, notes = accepted_changes.allowed(changes, repository, commit)
    base, head = (revisions.built(repository, scratch, one) for one in (commit, None))
    counts = counter.count_all((package, head, name) for name in names for package in (base, head))
    status = report(
        verdict(name, next(counts), next(counts), percents.get(name, 0.0), options.require) for name in names
    )
    print(*notes, sep="\n")
    return status


def guard_instructions(options: Namespace) -> int:
    """Count and compare."""
    base = revisions.choose(Repository(ROOT), options.base, os.environ)
    with tempfile.TemporaryDirectory(prefix="ssescan-guard-") as made:
        scratch = options.builds or Path(made)
        try:
            counter = Counter(scratch)
        except MissingError as error:
            if options.require:
                raise
            print(f"skipped: {error}")
            return PASSED
        if base.commit is None:
            print(f"no base, nothing to compare with: {base.why}")
            return PASSED
        print(f"base: {base.commit[:12]}, {base.why}\n")
        return compare(counter, scratch, base.commit, options)


def guard_linearity(options: Namespace) -> int:
    # A process of its own: it changes the allocator's settings for good.
    command = [sys.executable, "-m", "benchmarks.suites.linearity"]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


CHECKS = {"instructions": guard_instructions, "ratios": lambda options: ratios.guard(), "linearity": guard_linearity}


def options_of(arguments: list[str]) -> Namespace:
    parser = ArgumentParser("benchmarks.guard", description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--base", metavar="REV", help="the revision to compare with")
    parser.add_argument("--only", choices=CHECKS, help="only this check")
    parser.add_argument(
        "--workload", metavar="NAME", choices=WORKLOADS, action="append", help="only this workload's instructions"
    )
    parser.add_argument("--require", action="store_true", help="a missing tool is an error, not skipped")
    parser.add_argument("--builds", metavar="DIR", type=Path, help="keep the built trees here, and use those in it")
    options = parser.parse_args(arguments)
    if options.builds:
        options.builds = options.builds.resolve()
        options.builds.mkdir(parents=True, exist_ok=True)
    return options


def main(arguments: list[str]) -> int:
    options = options_of(arguments)
    statuses = []
    for name in [options.only] if options.only else CHECKS:
        print(f"==> {name}", flush=True)
        try:
            statuses.append(CHECKS[name](options))
        except (MissingError, BuildError, RevisionError, AcceptedChangesError) as error:
            print(f"the guard cannot do its work: {error}", file=sys.stderr)
            statuses.append(UNABLE)
        print(flush=True)
    return max(statuses)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
