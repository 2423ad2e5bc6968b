""".ci/release.py refuses a tree that is not ready for its tag."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from .scripts import ROOT, load, needs_ci

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs_ci


@pytest.fixture
def release() -> Any:
    return load("release")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree that is ready for the release 1.2.3."""
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "ssescan"\nversion = "1.2.3"\n')
    (tmp_path / "CITATION.cff").write_text("title: ssescan\nversion: 1.2.3\n")
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## 1.2.3 (2026-12-01)\n\n- a\n\n## 1.2.2 (2026-11-01)\n")
    (tmp_path / "changes").mkdir()
    shutil.copy(ROOT / "changes" / "README.md", tmp_path / "changes")
    return tmp_path


def test_tree_that_is_ready(release: Any, tree: Path) -> None:
    assert release.mistakes("v1.2.3", tree) == []


@pytest.mark.parametrize("tag", ["v1.2.4", "1.2.3", "v1.2"])
def test_tag_must_be_the_version(release: Any, tree: Path, tag: str) -> None:
    (found,) = release.mistakes(tag, tree)
    assert tag in found
    assert "the tag must be v1.2.3" in found


@pytest.mark.parametrize(
    ("file", "before", "after", "text"),
    [
        ("CITATION.cff", "1.2.3", "1.2.2", "CITATION.cff does not have the version 1.2.3"),
        ("CHANGELOG.md", "(2026-12-01)", "(unreleased)", "found 1: ['unreleased']"),
        ("CHANGELOG.md", "## 1.2.3 (2026-12-01)", "", "found 0: []"),
        ("CHANGELOG.md", "- a", "## 1.2.3 (unreleased)", "found 2: ['2026-12-01', 'unreleased']"),
    ],
)
def test_forgotten_step_is_reported(release: Any, tree: Path, file: str, before: str, after: str, text: str) -> None:
    path = tree / file
    path.write_text(path.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")
    (found,) = release.mistakes("v1.2.3", tree)
    assert text in found


def test_remaining_fragment_is_reported(release: Any, tree: Path) -> None:
    (tree / "changes" / "7.fixed.md").write_text("Fixed: a.\n")
    (found,) = release.mistakes("v1.2.3", tree)
    assert "7.fixed.md" in found
    assert "towncrier build --version 1.2.3" in found
