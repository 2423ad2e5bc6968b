"""The guard's rules, in seconds: what it compares with, what it lets pass, and what it says where it cannot."""

from __future__ import annotations

import subprocess
import sys
from argparse import Namespace
from typing import TYPE_CHECKING, Any

import accepted
import committed
import counted
import guard
import instructions
import pytest
import ratios
import revisions
import workloads
from instructions import Count, MissingError
from revisions import Repository, RevisionError

if TYPE_CHECKING:
    from pathlib import Path

FEED = "feed, an event a chunk"


class Made:
    """A small repository, committed to as a test needs it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()
        self.git("init", "-q", "-b", "main")
        self.repository = Repository(root)

    def git(self, *arguments: str) -> str:
        who = ["-c", "user.name=guard", "-c", "user.email=guard@localhost", "-c", "commit.gpgsign=false"]
        done = subprocess.run(["git", *who, *arguments], cwd=self.root, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self, text: str) -> str:
        (self.root / "file").write_text(text, encoding="utf-8")
        self.git("add", "--all")
        self.git("commit", "-q", "-m", text)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(tmp_path / "repository")


# What it compares with


def test_the_base_is_the_revision_that_was_given(made: Made) -> None:
    first, second, _ = made.commit("1"), made.commit("2"), made.commit("3")
    made.git("tag", "old", first)
    variable = {revisions.VARIABLE: second}
    assert revisions.choose(made.repository, "old", variable) == (first, "--base old")
    assert revisions.choose(made.repository, None, variable).commit == second


@pytest.mark.parametrize("unset", ["", "0" * 40])
def test_a_variable_that_names_nothing_is_as_none(made: Made, unset: str) -> None:
    first, _ = made.commit("1"), made.commit("2")
    assert revisions.choose(made.repository, None, {revisions.VARIABLE: unset}) == (first, "HEAD^")


@pytest.mark.parametrize(("given", "variable", "source"), [("gone", "", "--base"), (None, "gone", revisions.VARIABLE)])
def test_a_revision_that_is_not_there_is_an_error(made: Made, given: str | None, variable: str, source: str) -> None:
    made.commit("1")
    with pytest.raises(RevisionError, match=f"^{source} is to be a revision of this repository, and 'gone' is none"):
        revisions.choose(made.repository, given, {revisions.VARIABLE: variable})


def test_a_revision_that_looks_like_an_option_is_none(made: Made) -> None:
    made.commit("1")
    with pytest.raises(RevisionError):
        revisions.choose(made.repository, "--all", {})


def test_the_base_of_a_branch_is_where_it_left_main(made: Made) -> None:
    common, _, _ = made.commit("1"), made.commit("2"), made.commit("3")
    made.git("update-ref", "refs/remotes/origin/main", common)
    assert revisions.choose(made.repository, None, {}).commit == common


def test_the_base_on_main_is_the_commit_before(made: Made) -> None:
    first, second = made.commit("1"), made.commit("2")
    made.git("update-ref", "refs/remotes/origin/main", second)
    assert revisions.choose(made.repository, None, {}) == (first, "HEAD^")


def test_the_base_of_what_is_not_committed_is_head(made: Made) -> None:
    made.commit("1")
    head = made.commit("2")
    (made.root / "new").touch()
    assert revisions.choose(made.repository, None, {}).commit == head


def test_the_first_commit_has_no_base(made: Made) -> None:
    made.commit("1")
    assert revisions.choose(made.repository, None, {}) == (None, "HEAD is the first commit")


def test_a_shallow_clone_has_no_base(made: Made, tmp_path: Path) -> None:
    made.commit("1")
    made.commit("2")
    made.git("clone", "-q", "--depth=1", made.root.as_uri(), str(tmp_path / "shallow"))
    shallow = Repository(tmp_path / "shallow")
    # There, main is where it was cloned from, and HEAD.
    assert revisions.choose(shallow, None, {}) == (None, "the clone is shallow")


def test_a_tarball_has_no_base(made: Made) -> None:
    made.commit("1")
    made.commit("2")
    unpacked = made.root / "unpacked"
    unpacked.mkdir()
    # It is within a checkout, and that is not its own.
    assert revisions.choose(Repository(unpacked), None, {}) == (None, "this is no git checkout")


def test_the_head_is_what_lies_there(made: Made, tmp_path: Path) -> None:
    made.commit("committed")
    (made.root / ".gitignore").write_text("ignored\n", encoding="utf-8")
    for name in ("file", "new", "ignored"):
        (made.root / name).write_text("not committed", encoding="utf-8")
    before = made.git("status", "--porcelain"), made.git("count-objects")
    tree = made.repository.tree_of_head(tmp_path)
    made.repository.unpack(tree, tmp_path / "head", tmp_path)
    assert sorted(path.name for path in (tmp_path / "head").iterdir()) == [".gitignore", "file", "new"]
    assert (tmp_path / "head" / "file").read_text(encoding="utf-8") == "not committed"
    assert (made.git("status", "--porcelain"), made.git("count-objects")) == before


# What it lets pass


@pytest.mark.parametrize(
    ("base", "head", "percent", "failed"),
    [
        (1000, 1000, 0, False),
        (1000, 1030, 0, False),
        (1000, 1031, 0, True),
        (1000, 500, 0, False),
        (1000, 1075, 4.5, False),
        (1000, 1076, 4.5, True),
    ],
)
def test_three_percent_pass_and_what_is_accepted_beside(base: int, head: int, percent: float, failed: bool) -> None:
    one = guard.verdict(FEED, Count(base), Count(head), percent)
    assert one.failed is failed
    assert f"{100 * head / base - 100:+.2f} %" in guard.line(one)


def test_where_nothing_may_be_skipped_a_base_that_fails_is_a_failure_and_one_that_lacks_it_is_not() -> None:
    failed = guard.verdict(FEED, Count(None, "not over after 300 s"), Count(1000), 0.0, require=True)
    assert failed.failed
    assert "the base fails: not over after 300 s" in guard.line(failed)
    assert not guard.verdict(
        FEED, Count(None, "AttributeError: no aiter_events"), Count(1000), 0.0, require=True
    ).failed
    assert not guard.verdict(FEED, Count(None, "not over after 300 s"), Count(1000), 0.0).failed


def test_a_workload_that_the_base_cannot_do_is_new() -> None:
    one = guard.verdict(FEED, Count(None, "ImportError: no such module"), Count(1000), 0, require=True)
    assert not one.failed
    assert guard.line(one).endswith("-  new, nothing to compare with: ImportError: no such module")


def test_a_workload_that_the_head_cannot_do_fails() -> None:
    one = guard.verdict(FEED, Count(1000), Count(None, "no such module"), 0)
    assert one.failed
    assert guard.line(one).endswith("NO  the head fails: no such module")


@pytest.mark.parametrize("require", [False, True])
def test_a_library_that_is_missing_is_skipped_unless_all_is_required(require: bool) -> None:
    missing = Count(None, "openai is not installed", left_out=True)
    one = guard.verdict("accelerate, openai", missing, missing, 0, require)
    assert one.failed is require
    assert one.note == "skipped: openai is not installed"


def test_the_report_names_what_failed(capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = (guard.verdict(name, Count(100), Count(head), 0) for name, head in (("gemini", 100), (FEED, 105)))
    assert guard.report([good]) == 0
    assert "took more instructions than they may: none" in capsys.readouterr().out
    assert guard.report([good, bad]) == 1
    assert f"took more instructions than they may: {FEED}\n" in capsys.readouterr().out


# What is accepted

ENTRY = {"workload": FEED, "percent": 4.5, "commit": "0123abcd", "reason": "CR is told at once"}


def toml(*entries: dict[str, Any]) -> str:
    return "\n".join(
        "[[accepted]]\n" + "\n".join(f"{key} = {value!r}" for key, value in one.items()) for one in entries
    )


def read(tmp_path: Path, text: str) -> list[accepted.Entry]:
    path = tmp_path / "accepted.toml"
    path.write_text(text, encoding="utf-8")
    return accepted.read(path, counted.WORKLOADS)


def test_entries_are_read(tmp_path: Path) -> None:
    assert read(tmp_path, toml(ENTRY, ENTRY | {"percent": 1})) == [
        accepted.Entry(FEED, 4.5, "0123abcd", "CR is told at once"),
        accepted.Entry(FEED, 1, "0123abcd", "CR is told at once"),
    ]
    assert accepted.read(tmp_path / "none.toml", counted.WORKLOADS) == []


def test_the_file_of_this_checkout_is_read() -> None:
    assert isinstance(accepted.read(guard.ACCEPTED, counted.WORKLOADS), list)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[[accepted", "accepted.toml is no TOML"),
        ("accepted = 1", "accepted.toml must hold entries under"),
        ("[allowed]", "accepted.toml must hold entries under"),
        ("[[accepted]]", "entry 1: wants workload, percent, commit, reason, and has nothing"),
        (toml(ENTRY, ENTRY | {"until": "1.0"}), "entry 2: wants .*, and has .*, until"),
        (toml(ENTRY | {"percent": "5"}), "entry 1: percent must be a number, not '5'"),
        (toml(ENTRY | {"percent": 0}), "entry 1: percent must be over 0 and at most 100, not 0"),
        (toml(ENTRY | {"percent": 101}), "entry 1: percent must be over 0 and at most 100, not 101"),
        (toml(ENTRY).replace("4.5", "nan"), "entry 1: percent must be over 0"),
        (toml(ENTRY).replace("4.5", "true"), "entry 1: percent must be a number, not True"),
        (toml(ENTRY | {"workload": "fead"}), "entry 1: no workload is named 'fead'; there are: feed, an event"),
        (toml(ENTRY | {"commit": "HEAD"}), "entry 1: commit must be the hash"),
        (toml(ENTRY | {"commit": "012345"}), "entry 1: commit must be the hash"),
        (toml(ENTRY | {"reason": " "}), "entry 1: reason must say why"),
    ],
)
def test_a_malformed_entry_is_named(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(accepted.AcceptedError, match=expected):
        read(tmp_path, text)


def allowed(made: Made, base: str | None, *commits: str) -> tuple[dict[str, float], list[str]]:
    entries = [accepted.Entry(FEED, 4.5, commit, "said so") for commit in commits]
    return accepted.allowed(entries, made.repository, base)


def test_an_entry_holds_while_its_commit_is_between_base_and_head(made: Made) -> None:
    base, slower, _ = made.commit("base"), made.commit("slower"), made.commit("accepted")
    assert allowed(made, base, slower[:8]) == ({FEED: 4.5}, [])


def test_entries_of_a_workload_add_up(made: Made) -> None:
    base, slower, again = made.commit("base"), made.commit("slower"), made.commit("again")
    assert allowed(made, base, slower, again) == ({FEED: 9.0}, [])


def test_an_entry_whose_commit_is_in_the_base_does_not_hold(made: Made) -> None:
    slower, base, _ = made.commit("slower"), made.commit("base"), made.commit("head")
    for commit in (slower, base):
        percents, notes = allowed(made, base, commit)
        assert percents == {}
        assert notes == [f"accepted.toml: 4.5 % for {FEED}, {commit}: its commit is in the base already"]


def test_an_entry_lapses_with_the_next_tag(made: Made) -> None:
    base, slower = made.commit("base"), made.commit("slower")
    made.commit("released")
    made.git("tag", "v0.2.0")
    made.commit("after it")
    percents, notes = allowed(made, base, slower)
    assert percents == {}
    assert notes[0].endswith("lapsed with the tag v0.2.0")


def test_an_entry_whose_commit_is_elsewhere_does_not_hold(made: Made) -> None:
    base = made.commit("base")
    made.git("checkout", "-q", "-b", "other")
    other = made.commit("other")
    made.git("checkout", "-q", "main")
    made.commit("head")
    assert allowed(made, base, other)[1][0].endswith("its commit is not in the history of the head")
    assert allowed(made, base, "0123abcd")[1][0].endswith("names no commit of this repository")
    assert allowed(made, None, base)[1][0].endswith("there is no history to find its commit in")


# Counts that are kept


def test_counts_are_those_of_the_same_environment(tmp_path: Path) -> None:
    here = instructions.environment()
    path = committed.write(tmp_path / "counts", here, {FEED: 1000, "gemini": 2000})
    assert committed.read(tmp_path / "counts", here) == {FEED: 1000, "gemini": 2000}
    assert path.name.startswith("cpython-3.")
    for name in here:
        assert committed.read(tmp_path / "counts", here | {name: "another"}) is None


def test_counts_that_are_written_for_some_leave_the_others(tmp_path: Path) -> None:
    here = instructions.environment()
    committed.write(tmp_path, here, {FEED: 1000, "gemini": 2000})
    committed.write(tmp_path, here, {"gemini": 1500})
    assert committed.read(tmp_path, here) == {FEED: 1000, "gemini": 1500}


@pytest.mark.parametrize(
    ("text", "expected"), [("{", "is no JSON"), ('{"counts": {"a": "1"}}', "must hold a count"), ("[]", "must hold")]
)
def test_a_broken_file_of_counts_says_how_to_write_it(tmp_path: Path, text: str, expected: str) -> None:
    here = instructions.environment()
    committed.path_of(tmp_path, here).write_text(text, encoding="utf-8")
    with pytest.raises(committed.CountsError, match=rf"{expected}.*--write-counts"):
        committed.read(tmp_path, here)


# The command


class NoCounter:
    """Stands where nothing is to be counted."""

    addresses_are_steady = True

    def __init__(self, scratch: Path) -> None:
        pass


def test_without_a_base_and_without_counts_it_says_so_and_passes(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made.commit("1")
    monkeypatch.setattr(guard, "ROOT", made.root)
    monkeypatch.setattr(guard, "COUNTS", tmp_path / "counts")
    monkeypatch.setattr(guard, "Counter", NoCounter)
    monkeypatch.delenv(revisions.VARIABLE, raising=False)
    assert guard.main(["--only", "instructions", "--require"]) == 0
    printed = capsys.readouterr().out
    assert "no base: HEAD is the first commit" in printed
    assert "no base, and no counts for this environment: nothing to compare with" in printed


def test_an_unknown_base_is_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert guard.main(["--only", "instructions", "--base", "no-such-revision"]) == 2
    assert "'no-such-revision' is none" in capsys.readouterr().err


def test_an_unknown_workload_is_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        guard.main(["--workload", "fead"])
    assert ended.value.code == 2
    assert "no workload is named 'fead'" in capsys.readouterr().err


@pytest.mark.parametrize(("options", "status"), [([], 0), (["--require"], 2), (["--write-counts"], 2)])
def test_without_valgrind_it_is_skipped_unless_it_is_required(
    options: list[str], status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("instructions.shutil.which", lambda name: None)
    monkeypatch.delenv(revisions.VARIABLE, raising=False)
    assert guard.main(["--only", "instructions", *options]) == status
    printed = capsys.readouterr()
    assert "valgrind is not there" in printed.out + printed.err


def test_without_its_headers_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instructions, "CALLGRIND", "#error valgrind/callgrind.h: No such file")
    with pytest.raises(MissingError, match="Fedora: install valgrind-devel"):
        instructions.compiled(tmp_path)


def test_the_worst_of_the_parts_is_the_status(monkeypatch: pytest.MonkeyPatch) -> None:
    for part, status in (("instructions", 0), ("ratios", 1), ("linearity", 0)):
        monkeypatch.setattr(guard, f"guard_{part}", lambda options, status=status: status)
    assert guard.main([]) == 1
    assert guard.main(["--only", "linearity"]) == 0


# What is counted, without counting


@pytest.mark.parametrize("name", counted.WORKLOADS)
def test_each_workload_tells_as_many_events_as_it_says(name: str) -> None:
    child = f"import counted; one = counted.WORKLOADS[{name!r}]; run = one.make(); print(run(), run(), one.events)"
    # In a process of its own: an SDK that is accelerated stays so.
    done = subprocess.run(
        [sys.executable, "-c", child], cwd=guard.HERE, check=True, capture_output=True, text=True, timeout=100
    )
    assert len(set(done.stdout.split())) == 1, done.stdout


def test_the_package_must_come_from_the_folder_that_is_counted(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="ssescan was to come from"):
        counted.be_counted(FEED, str(tmp_path), "")


# Ratios


def test_a_ratio_holds_from_its_slack_on_and_never_below_what_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    version = (sys.version_info[0], sys.version_info[1])
    monkeypatch.setattr(ratios, "is_known", lambda: True)
    assert ratios.Ratio("a", "b", {version: 10.0, (2, 7): 1.0}, 2.8).least == 10.0 * ratios.SLACK
    assert ratios.Ratio("a", "b", {version: 3.0}, 2.8).least == 2.8
    # On an interpreter that is not known, or was built otherwise, what is wanted is all that is expected.
    assert ratios.Ratio("a", "b", {(2, 6): 20.0, (2, 7): 10.0}, 2.8).least == 2.8
    monkeypatch.setattr(ratios, "is_known", lambda: False)
    assert ratios.Ratio("a", "b", {version: 10.0}, 2.8).least == 2.8


def test_no_ratio_is_let_pass_below_what_the_table_wants() -> None:
    floors = {(one.us, one.them): one.floor for one in ratios.RATIOS}
    assert floors["ssescan", "by hand"] >= 2.8
    assert floors["ssescan", "httpx-sse"] >= 10
    assert floors["ssescan python", "httpx-sse"] >= 1


def test_a_ratio_that_does_not_hold_is_measured_again_and_then_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    slow = {"ssescan": 1e-3, "ssescan python": 1.1e-3, "by hand": 1e-3, "httpx-sse": 2e-3}
    fast = slow | {"ssescan": 1e-5}
    came: list[dict[str, float]] = []
    monkeypatch.setattr(ratios, "COUNT", 10)
    monkeypatch.setattr(ratios, "race", lambda timed, rounds: came.pop(0))
    came[:] = [slow, fast]
    assert ratios.guard() == 0
    came[:] = [slow] * 3
    assert ratios.guard() == 1
    assert came == []
    assert "ratios that do not hold: ssescan, against ssescan python;" in capsys.readouterr().out


@pytest.mark.parametrize(("require", "status"), [(False, 0), (True, 2)])
def test_ratios_to_httpx_sse_are_skipped_where_it_is_not_installed(
    require: bool, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing() -> None:
        raise ImportError("No module named 'httpx_sse'")

    monkeypatch.setattr("peers.httpx_sse_reader", missing)
    monkeypatch.setattr(ratios, "COUNT", 10)
    monkeypatch.setattr(ratios, "race", lambda timed, rounds: dict(zip(timed, (1e-5, 1e-3, 1e-3), strict=True)))
    assert ratios.guard(require) == status
    assert "skipped: httpx-sse is left out: No module named 'httpx_sse'" in capsys.readouterr().out


def test_interactions_are_read_whole() -> None:
    read = b"".join(counted.interactions_events(3)).decode()
    assert read.count("step.delta") == 6
    assert [word in read for word in workloads.WORDS[:3]] == [True] * 3


def test_options_name_the_workloads() -> None:
    assert guard.options_of(["--workload", FEED]).workload == [FEED]
    assert guard.options_of([]) == Namespace(
        base=None, only=None, workload=list(counted.WORKLOADS), require=False, write_counts=False, builds=None
    )
