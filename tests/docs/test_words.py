"""tools/check_words.py finds phrases in prose, across line ends too, and no identifiers."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "tools" / "check_words.py"
pytestmark = pytest.mark.skipif(not SCRIPT.is_file(), reason="tools is missing: the tests run outside of the checkout")


@pytest.mark.parametrize(
    ("phrase", "text", "found"),
    [
        ("red fox", "there is a red fox", True),
        ("red fox", "    # a small red\n    # fox", True),
        ("red fox", "a red foxglove", False),
        ("red fox", "a_red fox", False),
        ("red fox", "Red fox that runs", True),
        ('"""Old ', '    """Old name."""', True),
        ('"""Old ', '    """Return the Old name."""', False),
        ("OLD_", "OLD_SIZE = 1", True),
        ("OLD_", "BOLD_SIZE = 1", False),
        (".old(", "reader.old(1)", True),
    ],
)
def test_phrase_is_found(phrase: str, text: str, found: bool) -> None:
    pattern = runpy.run_path(str(SCRIPT))["pattern"](phrase)
    assert bool(pattern.search(text)) is found


def test_every_entry_has_a_replacement() -> None:
    entries = SCRIPT.with_name("words_to_avoid.txt").read_text(encoding="utf-8").splitlines()
    assert entries == sorted(set(entries))
    for entry in entries:
        text, arrow, instead = entry.partition("->")
        assert arrow
        assert text.strip()
        assert instead.strip()
