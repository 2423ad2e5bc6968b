"""CONTRIBUTING.md and `make help` name every target of the Makefile, and no other."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
(PHONY,) = re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)


def test_contributing_names_every_target() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    commands = re.findall(r"(?:`|^    )make ([a-z -]+)", text, re.MULTILINE)
    assert {target for command in commands for target in command.split()} == set(PHONY.split())


def test_help_lists_every_target() -> None:
    assert {*re.findall(r'echo "make ([a-z-]+)', MAKEFILE), "help"} == set(PHONY.split())
