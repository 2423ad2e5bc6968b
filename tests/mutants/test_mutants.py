"""The mutants of `make mutants` fit the present source, and the page of robustness explains those that nobody can see."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
PATCHES = sorted(FOLDER.glob("*.patch"))


@pytest.fixture(scope="module")
def tool() -> Any:
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        return importlib.import_module("planted")
    finally:
        sys.path.remove(str(ROOT / "tools"))


def test_there_are_mutants_of_each_source_file() -> None:
    changed = {re.search(r"^--- a/(.*)", patch.read_text(encoding="utf-8"), re.MULTILINE)[1] for patch in PATCHES}  # type: ignore[index]
    sources = (*ROOT.glob("src/ssescan/scanner/*.pyx"), *ROOT.glob("src/ssescan/scanner/*.pxi"))
    assert changed == {str(file.relative_to(ROOT)) for file in sources}


def test_each_mutant_changes_the_present_source(tool: Any) -> None:
    for patch in PATCHES:
        wrong, _, diff = tool.read(patch)
        path, text = tool.mutated(diff)
        assert text != (ROOT / path).read_text(encoding="utf-8"), patch.name
        assert re.fullmatch(r"[A-Za-z0-9_].*\.", wrong), (
            f"{patch.name} must begin with a sentence that says what becomes wrong"
        )


def test_a_mutant_that_does_not_fit_says_so(tool: Any) -> None:
    diff = tool.read(PATCHES[0])[2]
    with pytest.raises(ValueError, match="must have these lines once, not 0 times"):
        tool.mutated(diff.replace("\n-", "\n-other"))


def test_page_explains_the_mutants_that_nobody_can_see(tool: Any) -> None:
    page = (ROOT / "docs" / "robustness.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `((?:bytes|events|runs|scanner|reader)-[a-z-]+)` \| (.*) \|$", page, re.MULTILINE))
    assert f"`tests/mutants` has {len(PATCHES)} of them" in page
    assert rows == {patch.stem: why for patch in PATCHES if (why := tool.read(patch)[1])}
