"""The guard: says whether the checkout is slower than what it comes from, and gates on it.

python benchmarks/guard.py                      all three; exit status 1 where one is not as it must be
python benchmarks/guard.py --only instructions  callgrind's counts, base against head: 3 % more fail
python benchmarks/guard.py --only ratios        against the fallback, splitting by hand and httpx-sse, in one run
python benchmarks/guard.py --only linearity     time at n, 2n and 4n
python benchmarks/guard.py --write-counts       keep this environment's counts, for where there is no base

The base is --base, or SSESCAN_GUARD_BASE, or where the branch left origin/main, or HEAD (if the checkout has changes),
or HEAD^. Without one, the counts in counts/ serve. An intended slowdown is let pass by accepted.toml. Exit status 2
where the guard could not do its work. Wants the extra `peers`, valgrind, git and a C compiler.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import accepted
import committed
import instructions
import revisions
from counted import WORKLOADS
from instructions import Count, Counter, MissingError
from revisions import BuildError, Built, Repository, RevisionError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable, Iterator, Mapping

# Counts of an unchanged tree differ by less than a thousandth within a job; where the package lies in other folders,
# and so differently in memory, by up to four thousandths, and those of google-genai by sixteen. The rest lets a change
# move code and memory about.
SLACK = 3.0  # percent

# How a base fails that is older than what is counted. Whatever else it fails by hides a slowdown.
LACKS = ("ModuleNotFoundError", "ImportError", "AttributeError", "TypeError", "no count is kept")

PASSED, FAILED, UNABLE = 0, 1, 2
PARTS = ("instructions", "ratios", "linearity")

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
ACCEPTED = HERE / "accepted.toml"
COUNTS = HERE / "counts"


class UnableError(Exception):
    """The guard cannot do its work."""


class Verdict(NamedTuple):
    """What became of a workload."""

    workload: str
    base: int | None
    head: int | None
    allowed: float  # percent
    note: str = ""  # why there is no change to be told
    failed: bool = False

    @property
    def change(self) -> float | None:
        """How many percent the head takes more."""
        return None if self.base is None or self.head is None else (self.head / self.base - 1) * 100


def verdict(workload: str, base: Count, head: Count, accepted_percent: float, require: bool = False) -> Verdict:
    """Compare two counts. A workload that only the head can do is new; one that only the base can do has failed."""
    allowed = SLACK + accepted_percent
    if head.instructions is None:
        failed = require or not head.left_out
        note = f"skipped: {head.reason}" if head.left_out else f"the head fails: {head.reason}"
        return Verdict(workload, base.instructions, None, allowed, note, failed)
    if base.instructions is None and require and not base.reason.startswith(LACKS):
        return Verdict(workload, None, head.instructions, allowed, f"the base fails: {base.reason}", failed=True)
    if base.instructions is None:
        return Verdict(workload, None, head.instructions, allowed, f"new, nothing to compare with: {base.reason}")
    over = head.instructions * 100 > base.instructions * (100 + allowed)
    return Verdict(workload, base.instructions, head.instructions, allowed, failed=over)


def line(one: Verdict) -> str:
    def number(count: int | None) -> str:
        return "-" if count is None else f"{count:,}"

    change = "-" if one.change is None else f"{one.change:+.2f} %"
    ok = "NO" if one.failed else "-" if one.change is None else "yes"
    counts = f"{one.workload:26} {number(one.base):>13} {number(one.head):>13}"
    return f"{counts} {change:>10} {one.allowed:>7.3g} %  {ok}  {one.note}".rstrip()


def report(verdicts: Iterable[Verdict]) -> int:
    """Print the verdicts as they come, give the exit status."""
    print(f"{'instructions':26} {'base':>13} {'head':>13} {'change':>10} {'allowed':>9}  ok")
    slower: list[str] = []
    uncounted: list[str] = []
    for one in verdicts:
        print(line(one), flush=True)
        if one.failed:
            (uncounted if one.change is None else slower).append(one.workload)
    print(f"\ntook more instructions than they may: {'; '.join(slower) or 'none'}")
    if slower:
        print("make them quicker, or accept it in benchmarks/accepted.toml, which says how")
    if uncounted:
        print(f"could not be counted, for the reason beside them: {'; '.join(uncounted)}")
    return FAILED if slower or uncounted else PASSED


def build_base(repository: Repository, scratch: Path, commit: str) -> Built | None:
    """Build the base, or say why not: a revision may be older than what it is built by."""
    try:
        return revisions.built(repository, scratch, commit)
    except BuildError as error:
        print(f"the base cannot be built, and all is new: {error}")
        return None


def counted(counter: Counter, base: Built | None, head: Built, names: list[str]) -> Iterator[tuple[str, Count, Count]]:
    """Count each workload with both packages, by the head's benchmarks."""
    missing = Count(None, "the base was not built")
    packages = [base.package, head.package] if base else [head.package]
    counts = counter.count_all((package, head.benchmarks, name) for name in names for package in packages)
    for name in names:
        yield name, next(counts) if base else missing, next(counts)


def against_base(counter: Counter, scratch: Path, commit: str, options: Namespace) -> int:
    """Compare the checkout with a revision."""
    repository = Repository(ROOT)
    percents, notes = accepted.allowed(accepted.read(ACCEPTED, WORKLOADS), repository, commit)
    base, head = build_base(repository, scratch, commit), build_head(repository, scratch)
    if base is None and options.require:
        raise UnableError("the base is to be built, since nothing may be skipped: name another with --base")
    status = report(
        verdict(name, before, after, percents.get(name, 0.0), options.require)
        for name, before, after in counted(counter, base, head, options.workload)
    )
    print(*notes, sep="\n")
    return status


def against_counts(counter: Counter, scratch: Path, options: Namespace) -> int:
    """Compare the checkout with the counts that are kept for this environment, or say that there are none."""
    environment = instructions.environment()
    kept = committed.read(COUNTS, environment)
    _, notes = accepted.allowed(accepted.read(ACCEPTED, WORKLOADS), Repository(ROOT), None)
    if kept is None:
        print("no base, and no counts for this environment: nothing to compare with")
        print("\n".join(f"  {name}: {value}" for name, value in environment.items()))
        return PASSED
    print(f"compared with {committed.path_of(COUNTS, environment).relative_to(ROOT)}")
    head = build_head(Repository(ROOT), scratch)
    missing = Count(None, "no count is kept")
    status = report(
        verdict(name, Count(kept[name]) if name in kept else missing, after, 0.0, options.require)
        for name, _, after in counted(counter, None, head, options.workload)
    )
    print(*notes, sep="\n")
    return status


def write_counts(counter: Counter, scratch: Path, options: Namespace) -> int:
    head = build_head(Repository(ROOT), scratch)
    results = {name: after for name, _, after in counted(counter, None, head, options.workload)}
    for name, count in results.items():
        if count.instructions is None:
            print(f"{name}: not counted: {count.reason}")
    found = {name: count.instructions for name, count in results.items() if count.instructions is not None}
    path = committed.write(COUNTS, instructions.environment(), found)
    print(f"{len(found)} counts are in {path.relative_to(ROOT)}")
    return PASSED if found else UNABLE


def build_head(repository: Repository, scratch: Path) -> Built:
    """Build the checkout. UnableError where that fails."""
    try:
        return revisions.built(repository, scratch, None)
    except BuildError as error:
        raise UnableError(f"the checkout cannot be built: {error}") from error


def guard_instructions(options: Namespace, environment: Mapping[str, str] = os.environ) -> int:
    """Count and compare, or keep."""
    base = revisions.choose(Repository(ROOT), options.base, environment)
    with tempfile.TemporaryDirectory(prefix="ssescan-guard-") as made:
        # One that is given is kept, and what was built there is built.
        scratch = options.builds or Path(made)
        try:
            counter = Counter(scratch)
        except MissingError as error:
            if options.require or options.write_counts:
                raise UnableError(str(error)) from error
            print(f"skipped: {error}")
            return PASSED
        if not counter.addresses_are_steady:
            print("setarch -R is not there, or not allowed: counts will vary by some thousandths")
        if options.write_counts:
            return write_counts(counter, scratch, options)
        if base.commit is None:
            print(f"no base: {base.why}")
            return against_counts(counter, scratch, options)
        print(f"base: {base.commit[:12]}, {base.why}\n")
        return against_base(counter, scratch, base.commit, options)


def guard_ratios(options: Namespace) -> int:
    import ratios

    return ratios.guard(options.require)


def guard_linearity(options: Namespace) -> int:
    # A process of its own: it tells the allocator to keep memory, for good.
    return subprocess.run([sys.executable, str(HERE / "linearity.py")], check=False).returncode


def options_of(arguments: list[str]) -> Namespace:
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--base", metavar="REV", help="the revision to compare with")
    parser.add_argument("--only", choices=PARTS, help="only this part")
    parser.add_argument("--workload", metavar="NAME", action="append", help="only this workload's instructions")
    parser.add_argument("--require", action="store_true", help="what is missing is an error, and nothing is skipped")
    parser.add_argument("--write-counts", action="store_true", help="keep the counts of this environment")
    parser.add_argument("--builds", metavar="DIR", type=Path, help="keep here what is built, and use what was")
    options = parser.parse_args(arguments)
    try:
        options.workload = instructions.names(options.workload)
    except ValueError as error:
        parser.error(str(error))
    if options.builds:
        options.builds = options.builds.resolve()
        options.builds.mkdir(parents=True, exist_ok=True)
    return options


def main(arguments: list[str]) -> int:
    options = options_of(arguments)
    wanted = ["instructions"] if options.write_counts else [options.only] if options.only else list(PARTS)
    guards = {"instructions": guard_instructions, "ratios": guard_ratios, "linearity": guard_linearity}
    statuses = []
    for part in wanted:
        print(f"==> {part}", flush=True)
        try:
            statuses.append(guards[part](options))
        except (UnableError, RevisionError, accepted.AcceptedError, committed.CountsError) as error:
            print(f"the guard cannot do its work: {error}", file=sys.stderr)
            statuses.append(UNABLE)
        print(flush=True)
    return max(statuses)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
