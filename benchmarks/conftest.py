"""Lets pytest find the modules of this folder, which are scripts and not a package, and names who is missing."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import node
import peers


def pytest_report_header() -> list[str]:
    return [f"peers: {peers.versions()}; {node.version()}"]
