"""The page and the charts: that they are made of the figures that are kept, and of nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import charts
import msgspec
import pages
import pytest
import report
import results
from results import Results
from table import Row, Table

if TYPE_CHECKING:
    from pathlib import Path

KEPT = report.DOCS / "benchmarks"


@pytest.fixture
def kept() -> list[Results]:
    return results.load(KEPT)


def test_the_page_is_made_of_the_figures_beside_it(kept: list[Results]) -> None:
    assert (report.DOCS / "benchmarks.md").read_text(encoding="utf-8") == pages.page(kept)


def test_the_charts_are_drawn_of_the_figures_beside_them(kept: list[Results], tmp_path: Path) -> None:
    drawn = charts.draw(kept[-1], tmp_path)
    assert {path.name for path in drawn} == {path.name for path in KEPT.glob("*.svg")}
    for path in drawn:
        # Another version of matplotlib may draw otherwise, but not other words.
        assert words(path) == words(KEPT / path.name)


def words(chart: Path) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", chart.read_text(encoding="utf-8"))


def test_the_same_figures_give_the_same_chart(kept: list[Results], tmp_path: Path) -> None:
    drawn = [charts.draw(kept[-1], folder) for folder in (new(tmp_path, "one"), new(tmp_path, "two"))]
    for one, two in zip(*drawn, strict=True):
        assert one.read_bytes() == two.read_bytes()


def new(folder: Path, name: str) -> Path:
    (folder / name).mkdir()
    return folder / name


def test_a_row_that_is_not_reached_is_said_to_be_so(kept: list[Results]) -> None:
    newest = kept[-1]
    what = newest.rows[0].what
    missed = msgspec.structs.replace(newest, rows=[Row(what, "10x", "9.90x", False), *newest.rows[1:]])
    assert f"| {what} | at least 10x | **9.90x, not reached** |" in pages.page([missed])


@pytest.mark.parametrize(
    ("words", "said"),
    [("10x", "at least 10x"), ("within 1.6x", "at most 1.6x"), ("256 bytes", "at most 256 bytes"), ("none", "none")],
)
def test_it_is_said_whether_more_is_better_or_less(words: str, said: str) -> None:
    assert pages.wanted(words) == said


def test_an_interpreter_that_lacks_a_row_has_an_empty_cell(kept: list[Results]) -> None:
    older = msgspec.structs.replace(kept[-1], python="CPython 3.11.7", rows=kept[-1].rows[1:])
    first = kept[-1].rows[0]
    assert f"| {first.what} | {pages.wanted(first.wanted)} |  | {first.measured} |" in pages.page([older, kept[-1]])


def test_a_later_run_takes_the_place_of_an_earlier_and_the_newest_interpreter_is_last(
    kept: list[Results], tmp_path: Path
) -> None:
    newest = kept[-1]
    for python in ("CPython 3.9.1", "CPython 3.13.0", "CPython 3.11.7", "CPython 3.13.1"):
        results.save(msgspec.structs.replace(newest, python=python), tmp_path)
    assert [found.python for found in results.load(tmp_path)] == ["CPython 3.9.1", "CPython 3.11.7", "CPython 3.13.1"]


def test_what_is_kept_comes_back_as_it_was(tmp_path: Path) -> None:
    table = Table()
    table.row("a", "1x", "2x", True)
    table.keep("group", {"who": 1e-6})
    table.keep_sizes("sizes", {"who": 248})
    table.note("a note")
    found = results.of(table)
    results.save(found, tmp_path)
    assert results.load(tmp_path) == [found]
    assert found.versions["msgspec"] == msgspec.__version__


def test_a_layer_that_cannot_be_measured_is_a_row_that_is_not_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(table: Table) -> None:
        raise ModuleNotFoundError("No module named 'aiohttp'")

    monkeypatch.setitem(report.LAYERS, "http", fail)
    table = report.measure(["http"])
    assert table.rows == [Row("http", "measured", "not measured", False)]
    assert table.notes == ["http: No module named 'aiohttp'; pip install 'ssescan[peers]'"]
    assert not table.reached


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--only", "nothing"], 2, "invalid choice: 'nothing'"),
        (["--pages", "--docs", "nowhere"], 1, "measure first, by `make bench`"),
    ],
)
def test_wrong_use_is_told(arguments: list[str], status: int, said: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, report.__file__, *arguments], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == status
    assert said in done.stdout + done.stderr


def test_the_pages_are_made_again_without_measuring(kept: list[Results], tmp_path: Path) -> None:
    for found in kept:
        results.save(found, tmp_path / "benchmarks")
    done = subprocess.run(
        [sys.executable, report.__file__, "--pages", "--docs", tmp_path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "benchmarks.md").read_text(encoding="utf-8") == pages.page(kept)
    assert {path.name for path in (tmp_path / "benchmarks").glob("*.svg")} == set(charts.CHARTS)
