"""The AI SDK on Node, which reads streams for the tests of "ai-sdk-ui": tests/peers/node."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

FOLDER = Path(__file__).parents[1] / "peers" / "node"
SECONDS = 300


def missing() -> str:
    """Return what is missing, and what to do; "" if all is there."""
    if shutil.which("node") is None:
        return "the AI SDK needs Node: `node` (18 or newer) is not on the path"
    is_there = (FOLDER / "node_modules" / "ai" / "package.json").is_file()
    return "" if is_there else "the AI SDK is not there: fetch it by `make peers-on-node`"


def read(streams: Sequence[bytes]) -> list[dict[str, Any]]:
    """Return what the AI SDK makes of each stream: see read_ui_messages.mjs."""
    question = json.dumps([data.decode() for data in streams])
    answer = subprocess.run(
        ["node", "read_ui_messages.mjs"], cwd=FOLDER, input=question, capture_output=True, encoding="utf-8",
        timeout=SECONDS, check=False,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    read: list[dict[str, Any]] = json.loads(answer.stdout)
    return read
