"""Run reader.py in a separate process, and return its results."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

WAIT_LIMIT = 300  # seconds for one process

MIB = 2**20


def read(reader: str, limit: int, stall: float, *urls: str) -> list[dict[str, Any]]:
    """Read URLs in order. Return a result for each, see reader.py."""
    script = str(Path(__file__).with_name("reader.py"))
    command = [sys.executable, "-W", "ignore", script, reader, str(limit), str(stall)]
    ended = subprocess.run([*command, *urls], stdout=subprocess.PIPE, check=True, timeout=WAIT_LIMIT)
    results = [json.loads(line) for line in ended.stdout.splitlines()]
    assert len(results) == len(urls)
    return results
