"""The page and the charts show the results beside them, and nothing else."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from benchmarks.report import __main__ as report
from benchmarks.report import charts, page, results
from benchmarks.report.results import Results
from benchmarks.suites import memory
from benchmarks.suites.measure import Lab, Row, Table

KEPT = report.DOCS / "benchmarks"


@pytest.fixture
def kept() -> list[Results]:
    return results.load(KEPT)


def run(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks.report", *map(str, arguments), "--docs", str(folder)]
    return subprocess.run(command, cwd=report.DOCS.parent, capture_output=True, text=True, check=False)


def words(chart: Path) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", chart.read_text(encoding="utf-8"))


def test_page_and_charts_are_those_of_the_results(kept: list[Results], tmp_path: Path) -> None:
    shutil.copytree(KEPT, tmp_path / "benchmarks")
    done = run(tmp_path, "--page")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "benchmarks.md").read_bytes() == (report.DOCS / "benchmarks.md").read_bytes()
    drawn = {path.name for path in (tmp_path / "benchmarks").glob("*.svg")}
    assert drawn == {path.name for path in KEPT.glob("*.svg")} == set(charts.CHARTS)
    charts.draw(kept[-1], tmp_path)
    for name in drawn:
        # Another version of matplotlib may draw other lines, but not other words.
        assert words(tmp_path / "benchmarks" / name) == words(KEPT / name)
        assert (tmp_path / "benchmarks" / name).read_bytes() == (tmp_path / name).read_bytes()


def test_missed_row_is_marked_and_a_lacking_one_empty(kept: list[Results]) -> None:
    newest = kept[-1]
    what = newest.rows[0].what
    missed = msgspec.structs.replace(newest, rows=[Row(what, "10x", "9.90x", False), *newest.rows[1:]])
    older = msgspec.structs.replace(newest, rows=newest.rows[1:])
    assert f"| {what} | at least 10x |  | 9.90x, missed |" in page.page([older, missed])


@pytest.mark.parametrize(
    ("words", "said"),
    [("10x", "at least 10x"), ("within 1.6x", "at most 1.6x"), ("256 bytes", "at most 256 bytes"), ("none", "none")],
)
def test_target_says_whether_more_is_better(words: str, said: str) -> None:
    assert page.target(words) == said


def test_newest_interpreter_is_last_and_has_one_file(kept: list[Results], tmp_path: Path) -> None:
    for python in ("CPython 3.9.1", "CPython 3.13.0", "CPython 3.11.7", "CPython 3.13.1"):
        results.save(msgspec.structs.replace(kept[-1], python=python), tmp_path)
    assert [found.python for found in results.load(tmp_path)] == ["CPython 3.9.1", "CPython 3.11.7", "CPython 3.13.1"]


def test_saved_results_are_loaded_unchanged(tmp_path: Path) -> None:
    table = Table()
    table.row("a", "1x", "2x", True)
    table.figures["group"] = {"reader": 1e-6}
    table.sizes["sizes"] = {"reader": 248}
    table.notes.append("a note")
    found = results.of(table)
    results.save(found, tmp_path)
    assert results.load(tmp_path) == [found]
    assert found.versions["msgspec"] == msgspec.__version__


def test_suite_that_cannot_be_measured_is_a_missed_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(table: Table, lab: Lab) -> None:
        raise ModuleNotFoundError("No module named 'aiohttp'")

    monkeypatch.setattr(memory, "rows", fail)
    table = report.measure(["memory"])
    assert table.rows == [Row("memory", "measured", "not measured", False)]
    assert table.notes == ["memory: not measured: No module named 'aiohttp'"]


def test_wrong_use_is_an_error(tmp_path: Path) -> None:
    unknown, empty = run(tmp_path, "--only", "nothing"), run(tmp_path, "--page")
    assert (unknown.returncode, empty.returncode) == (2, 1)
    assert "invalid choice: 'nothing'" in unknown.stderr
    assert "measure first, by `make bench`" in empty.stdout
