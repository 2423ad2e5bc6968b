"""The record of what was fuzzed adds up, and the docs have it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from . import record
from .targets import TARGETS

if TYPE_CHECKING:
    from pathlib import Path

RUN = {"inputs": 2, "executions": 1500, "cpu_seconds": 1800}


def test_the_docs_have_the_record() -> None:
    assert set(record.read()) == set(TARGETS)
    assert record.table() in record.PAGE.read_text(encoding="utf-8")


def test_runs_add_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(record, "FILE", tmp_path / "record.json")
    monkeypatch.setattr(record, "PAGE", tmp_path / "page.md")
    record.FILE.write_text(json.dumps({"reader": RUN | {"last": "2026-01-01"}}))
    record.PAGE.write_text(f"before\n\n{record.table()}\n\nafter\n")
    record.add("reader", RUN)
    record.add("cuts", RUN)
    page = record.PAGE.read_text()
    assert "| `reader` | 4 | 3,000 | 60 | " in page
    assert "| all | 6 | 4,500 | 90 |  |" in page
    assert page.startswith("before\n\n|")
    assert page.endswith(" |\n\nafter\n")


def test_a_changed_table_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(record, "PAGE", tmp_path / "page.md")
    record.PAGE.write_text("| all | 1 | 1 | 1.0 |  |")
    with pytest.raises(ValueError, match="restore one"):
        record.add("reader", RUN)
