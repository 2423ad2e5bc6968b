"""The guard's rules, in seconds: what it compares with, what it accepts, and what it says where it cannot."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.guard import __main__ as guard
from benchmarks.guard import accepted_changes, instructions, ratios, revisions, workloads
from benchmarks.guard.accepted_changes import AcceptedChangesError, Change
from benchmarks.guard.instructions import Count, MissingError
from benchmarks.guard.revisions import Repository, RevisionError
from benchmarks.guard.sensitivity import GIT
from benchmarks.suites import linearity, measure

FEED = "feed, an event a chunk"


class Made(Repository):
    """A small repository for a test's commits."""

    def do(self, *arguments: str) -> str:
        done = subprocess.run([*GIT, *arguments], cwd=self.root, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def make_commit(self, text: str) -> str:
        (self.root / "file").write_text(text, encoding="utf-8")
        self.do("add", "--all")
        self.do("commit", "-q", "-m", text)
        return self.do("rev-parse", "HEAD")


@pytest.fixture
def made(tmp_path: Path) -> Made:
    (tmp_path / "repository").mkdir()
    made = Made(tmp_path / "repository")
    made.do("init", "-q", "-b", "main")
    return made


@pytest.mark.parametrize("unset", ["", "0" * 40])
def test_base_is_the_revision_that_was_given(made: Made, unset: str) -> None:
    first, second, _ = made.make_commit("1"), made.make_commit("2"), made.make_commit("3")
    variable = {revisions.VARIABLE: first}
    assert revisions.choose(made, second, variable) == (second, f"--base {second}")
    assert revisions.choose(made, None, variable).commit == first
    assert revisions.choose(made, None, {revisions.VARIABLE: unset}) == (second, "HEAD^")


@pytest.mark.parametrize(("given", "variable"), [("gone", ""), ("--all", ""), (None, "gone")])
def test_unknown_revision_is_an_error(made: Made, given: str | None, variable: str) -> None:
    made.make_commit("1")
    expected = f"{'--base' if given else revisions.VARIABLE} must be a revision of this repository, and .* is not"
    with pytest.raises(RevisionError, match=expected):
        revisions.choose(made, given, {revisions.VARIABLE: variable})


def test_base_of_a_branch_is_where_it_left_main(made: Made) -> None:
    common, second, third = made.make_commit("1"), made.make_commit("2"), made.make_commit("3")
    made.do("update-ref", "refs/remotes/origin/main", common)
    assert revisions.choose(made, None, {}).commit == common
    made.do("update-ref", "refs/remotes/origin/main", third)
    assert revisions.choose(made, None, {}) == (second, "HEAD^")
    (made.root / "new").touch()
    assert revisions.choose(made, None, {}) == (third, "HEAD, as the checkout has changes")


def test_first_commit_shallow_clone_and_tarball_have_no_base(made: Made, tmp_path: Path) -> None:
    made.make_commit("1")
    assert revisions.choose(made, None, {}) == (None, "HEAD is the first commit")
    made.make_commit("2")
    made.do("clone", "-q", "--depth=1", made.root.as_uri(), str(tmp_path / "shallow"))
    assert revisions.choose(Repository(tmp_path / "shallow"), None, {}) == (None, "the clone is shallow")
    # It lies within a checkout, which is not its own.
    (made.root / "unpacked").mkdir()
    assert revisions.choose(Repository(made.root / "unpacked"), None, {}) == (None, "this is not a git checkout")


def test_head_is_the_checkout_with_its_changes(made: Made, tmp_path: Path) -> None:
    made.make_commit("as it was")
    (made.root / ".gitignore").write_text("ignored\n", encoding="utf-8")
    for name in ("file", "new", "ignored"):
        (made.root / name).write_text("changed", encoding="utf-8")
    before = made.do("status", "--porcelain"), made.do("count-objects")
    made.unpack(made.tree_of_head(tmp_path), tmp_path / "head", tmp_path)
    assert sorted(path.name for path in (tmp_path / "head").iterdir()) == [".gitignore", "file", "new"]
    assert (tmp_path / "head" / "file").read_text(encoding="utf-8") == "changed"
    assert (made.do("status", "--porcelain"), made.do("count-objects")) == before


# Verdicts

OLD = Count(None, "ImportError: no such module")
SLOW = Count(None, "did not end within 300 s")


@pytest.mark.parametrize(
    ("head", "percent", "failed"),
    [(1000, 0, False), (1030, 0, False), (1031, 0, True), (1075, 4.5, False), (1076, 4.5, True), (500, 0, False)],
)
def test_three_percent_and_accepted_changes_pass(head: int, percent: float, failed: bool) -> None:
    one = guard.verdict(FEED, Count(1000), Count(head), percent)
    assert one.failed is failed
    assert f"{head / 10 - 100:+.2f} %" in one.line()


@pytest.mark.parametrize(
    ("base", "head", "require", "failed", "note"),
    [
        (SLOW, Count(1000), True, True, "the base fails: did not end within 300 s"),
        (SLOW, Count(1000), False, False, "new, nothing to compare with: did not end"),
        (OLD, Count(1000), True, False, "new, nothing to compare with: ImportError: no such module"),
        (Count(1000), OLD, False, True, "the head fails: ImportError"),
    ],
)
def test_workload_without_a_count(base: Count, head: Count, require: bool, failed: bool, note: str) -> None:
    one = guard.verdict(FEED, base, head, 0.0, require)
    assert one.failed is failed
    assert note in one.line()


def test_report_names_the_failed_workloads(capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = (guard.verdict(name, Count(100), Count(head), 0) for name, head in (("gemini", 100), (FEED, 105)))
    assert (guard.report([good]), guard.report([good, bad])) == (0, 1)
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("over the allowed change")]
    assert [line.rpartition(": ")[2] for line in lines] == ["none", FEED]


# Accepted changes

ENTRY = {"workload": FEED, "percent": 4.5, "commit": "0123abcd", "reason": "CR ends a line at once"}


def toml(*entries: dict[str, Any]) -> str:
    return "\n".join("[[change]]\n" + "\n".join(f"{key} = {value!r}" for key, value in one.items()) for one in entries)


def read(tmp_path: Path, text: str) -> list[Change]:
    (tmp_path / "changes.toml").write_text(text, encoding="utf-8")
    return accepted_changes.read(tmp_path / "changes.toml", workloads.WORKLOADS)


def test_entries_are_read(tmp_path: Path) -> None:
    changes = read(tmp_path, toml(ENTRY, ENTRY | {"percent": 1}))
    assert [(change.workload, change.percent) for change in changes] == [(FEED, 4.5), (FEED, 1)]
    assert isinstance(accepted_changes.read(guard.ACCEPTED_CHANGES, workloads.WORKLOADS), list)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[[change", "changes.toml: Expected"),
        ("change = 1", "Expected `array`, got `int`"),
        ("[allowed]", "unknown field `allowed`"),
        ("[[change]]", "missing required field `workload`"),
        (toml(ENTRY, ENTRY | {"until": "1.0"}), r"unknown field `until` - at `\$.change\[1\]`"),
        (toml(ENTRY | {"percent": "5"}), "Expected `float`, got `str`"),
        (toml(ENTRY | {"percent": 0}), "> 0.0 - at"),
        (toml(ENTRY | {"percent": 101}), "<= 100.0 - at"),
        (toml(ENTRY).replace("4.5", "nan"), "> 0.0 - at"),
        (toml(ENTRY).replace("4.5", "true"), "Expected `float`, got `bool`"),
        (toml(ENTRY | {"workload": "fead"}), "no workload is named 'fead'; there are: feed, an event"),
        (toml(ENTRY | {"commit": "HEAD"}), "matching regex"),
        (toml(ENTRY | {"commit": "012345"}), "matching regex"),
        (toml(ENTRY | {"reason": " "}), "matching regex"),
    ],
)
def test_malformed_entry_is_an_error(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(AcceptedChangesError, match=expected):
        read(tmp_path, text)


def allowed(made: Made, base: str, *commits: str) -> tuple[dict[str, float], list[str]]:
    return accepted_changes.allowed([Change(FEED, 4.5, commit, "a reason") for commit in commits], made, base)


def test_entries_apply_between_base_and_head_and_add_up(made: Made) -> None:
    base, slower, again = made.make_commit("base"), made.make_commit("slower"), made.make_commit("again")
    assert allowed(made, base, slower[:8]) == ({FEED: 4.5}, [])
    assert allowed(made, base, slower, again) == ({FEED: 9.0}, [])


def test_entries_of_other_commits_do_not_apply(made: Made) -> None:
    older, base = made.make_commit("older"), made.make_commit("base")
    made.do("checkout", "-q", "-b", "other")
    other = made.make_commit("other")
    made.do("checkout", "-q", "main")
    tagged = made.make_commit("tagged")
    made.do("tag", "v0.2.0")
    made.make_commit("head")
    percents, notes = allowed(made, base, older, base, other, "0123abcd", tagged)
    assert percents == {}
    assert [note.rpartition(": ")[2] for note in notes] == [
        "its commit is in the base already",
        "its commit is in the base already",
        "its commit is not in the history of the head",
        "names no commit of this repository",
        "lapsed with the tag v0.2.0",
    ]


def test_without_a_base_it_passes(
    made: Made, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made.make_commit("1")
    monkeypatch.setattr(guard, "ROOT", made.root)
    monkeypatch.setattr(guard, "Counter", lambda scratch: None)
    monkeypatch.delenv(revisions.VARIABLE, raising=False)
    assert guard.main(["--only", "instructions", "--require"]) == 0
    assert "no base, nothing to compare with: HEAD is the first commit" in capsys.readouterr().out


def test_unknown_base_is_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert guard.main(["--only", "instructions", "--base", "no-such-revision"]) == 2
    assert "'no-such-revision' is not" in capsys.readouterr().err


@pytest.mark.parametrize(("options", "status"), [([], 0), (["--require"], 2)])
def test_without_valgrind_it_is_skipped_unless_required(
    options: list[str], status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.delenv(revisions.VARIABLE, raising=False)
    assert guard.main(["--only", "instructions", *options]) == status
    assert "valgrind is not installed" in "".join(capsys.readouterr())


def test_missing_headers_say_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instructions, "CALLGRIND", "#error valgrind/callgrind.h: No such file")
    with pytest.raises(MissingError, match="Fedora: gcc, valgrind-devel"):
        instructions.compiled(tmp_path)


def test_status_is_that_of_the_worst_check(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, status in (("instructions", 0), ("ratios", 1), ("linearity", 0)):
        monkeypatch.setitem(guard.CHECKS, name, lambda options, status=status: status)  # type: ignore[misc]
    assert guard.main([]) == 1
    assert guard.main(["--only", "linearity"]) == 0


@pytest.mark.parametrize("name", workloads.WORKLOADS)
def test_workload_reads_as_many_events_as_it_says(name: str) -> None:
    child = (
        "import os; from benchmarks.guard.workloads import WORKLOADS; one = WORKLOADS[%r]; "
        "os.environ['SSESCAN_BACKEND'] = one.backend; run = one.make(); print(run(), run(), one.events)"
    )
    # In a process of its own: an SDK that is accelerated stays so.
    command = [sys.executable, "-c", child % name]
    done = subprocess.run(command, cwd=guard.ROOT, check=True, capture_output=True, text=True, timeout=100)
    assert len(set(done.stdout.split())) == 1, done.stdout


def test_package_must_come_from_the_counted_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSESCAN_BACKEND", "compiled")
    with pytest.raises(AssertionError, match="ssescan must come from"):
        workloads.be_counted(FEED, str(tmp_path), "")


def test_ratios_are_never_below_the_targets(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ratios.TARGETS[1:] == (2.8, 10, 1)
    assert all(value >= ratios.TARGETS[index] for one in ratios.LEAST.values() for index, value in enumerate(one))
    monkeypatch.setattr("sysconfig.get_config_var", lambda name: "'--enable-optimizations'")
    assert ratios.least() == ratios.TARGETS


def test_ratio_that_does_not_hold_is_measured_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    slow = {"ssescan": 1e-3, "ssescan python": 1.1e-3, "by hand": 1e-3, "httpx-sse": 2e-3}
    results = [slow, slow | {"ssescan": 1e-5}, slow, slow, slow]
    monkeypatch.setattr(ratios, "build", lambda lab, count: {})
    monkeypatch.setattr(measure, "race", lambda runs, rounds, clock: results.pop(0))
    assert (ratios.guard(), ratios.guard(), results) == (0, 1, [])
    assert "ratios that do not hold: ssescan, against ssescan python;" in capsys.readouterr().out


def test_quadratic_scanner_is_caught() -> None:
    assert linearity.missed([(linearity.QUADRATIC, "quadratic")]) == ["tail + chunk, one event, quadratic"]


def test_scanner_that_skips_the_work_is_caught() -> None:
    case = linearity.Case("one event that never ends", 4096, lambda size: [b"x" * size], lambda _: 1)
    with pytest.raises(AssertionError, match="0 events at 1024, not 1"):
        linearity.missed([(case, "python")])
