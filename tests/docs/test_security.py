"""SECURITY.md: each promise names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "SECURITY.md"
pytestmark = pytest.mark.skipif(
    not PAGE.is_file(), reason="SECURITY.md is missing: the tests run outside of the checkout"
)


def rows() -> list[tuple[str, str]]:
    lines = PAGE.read_text(encoding="utf-8").splitlines() if PAGE.is_file() else []
    cells = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
    return [(promise, tests) for promise, tests in cells if promise != "promise"]


def test_there_are_promises() -> None:
    assert len(rows()) > 15


@pytest.mark.parametrize(("promise", "tests"), rows(), ids=lambda text: str(text)[:30])
def test_the_tests_of_each_promise_exist(promise: str, tests: str) -> None:
    named = re.findall(r"`([^`]+)`", tests)
    assert named, promise
    for name in named:
        assert (ROOT / name).is_file(), name
