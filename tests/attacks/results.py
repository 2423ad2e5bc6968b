"""Run reader.py in a process of its own, and return what it printed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

GIVES_UP = 300  # seconds, after which a reader is taken to hang

MIB = 2**20


def read(way: str, limit: int, stall: float, *urls: str) -> list[dict[str, Any]]:
    """Read URLs one after the other: a result for each, see reader.py."""
    reader = str(Path(__file__).with_name("reader.py"))
    command = [sys.executable, "-W", "ignore", reader, way, str(limit), str(stall)]
    ended = subprocess.run([*command, *urls], stdout=subprocess.PIPE, check=True, timeout=GIVES_UP)
    results = [json.loads(line) for line in ended.stdout.splitlines()]
    assert len(results) == len(urls)
    return results
