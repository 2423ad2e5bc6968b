"""That nothing is released under a name that is not its own: `.ci/release.py` sees it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from .scripts import ROOT, load, where_they_are

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = where_they_are


@pytest.fixture
def release() -> Any:
    return load("release")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree that may be released, as 1.2.3."""
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "ssescan"\nversion = "1.2.3"\n')
    (tmp_path / "CITATION.cff").write_text("title: ssescan\nversion: 1.2.3\n")
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## 1.2.3 (2026-12-01)\n\n- a\n\n## 1.2.2 (2026-11-01)\n")
    (tmp_path / "changes").mkdir()
    shutil.copy(ROOT / "changes" / "README.md", tmp_path / "changes")
    return tmp_path


def test_a_tree_that_is_ready_is_let_pass(release: Any, tree: Path) -> None:
    assert release.wrong("v1.2.3", tree) == []


@pytest.mark.parametrize("tag", ["v1.2.4", "1.2.3", "v1.2"])
def test_the_tag_is_the_version(release: Any, tree: Path, tag: str) -> None:
    (found,) = release.wrong(tag, tree)
    assert tag in found
    assert "must be v1.2.3" in found


@pytest.mark.parametrize(
    ("file", "before", "after", "said"),
    [
        ("CITATION.cff", "1.2.3", "1.2.2", "CITATION.cff has not the version 1.2.3"),
        ("CHANGELOG.md", "(2026-12-01)", "(unreleased)", "has 1: ['unreleased']"),
        ("CHANGELOG.md", "## 1.2.3 (2026-12-01)", "", "has 0: []"),
        ("CHANGELOG.md", "- a", "## 1.2.3 (unreleased)", "has 2: ['2026-12-01', 'unreleased']"),
    ],
)
def test_what_was_forgotten_is_told(release: Any, tree: Path, file: str, before: str, after: str, said: str) -> None:
    path = tree / file
    path.write_text(path.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")
    (found,) = release.wrong("v1.2.3", tree)
    assert said in found


def test_a_fragment_that_is_left_over_is_told(release: Any, tree: Path) -> None:
    (tree / "changes" / "7.fixed.md").write_text("Mended: a.\n")
    (found,) = release.wrong("v1.2.3", tree)
    assert "7.fixed.md" in found
    assert "towncrier build --version 1.2.3" in found
