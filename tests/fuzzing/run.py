"""Fuzz one target with libFuzzer: `python -m fuzzing.run TARGET COUNTS [options and folders of libFuzzer]`.

COUNTS: a file that gets the counts of `record.py`, as JSON, once a second.
"""

from __future__ import annotations

import json
import sys
import time
from importlib import import_module
from pathlib import Path

import atheris


class Counted:
    """A target that counts."""

    def __init__(self, name: str, counts: Path) -> None:
        with atheris.instrument_imports(include=["ssescan"]):
            self._check = import_module(f"fuzzing.targets.{name}").check
        self._counts, self._written_at = counts, 0.0
        self.inputs = self.executions = 0

    def __call__(self, data: bytes) -> None:
        self.executions += self._check(data)
        self.inputs += 1
        if (now := time.monotonic()) > self._written_at + 1:
            self._written_at = now
            counts = {"inputs": self.inputs, "executions": self.executions, "cpu_seconds": int(time.process_time())}
            self._counts.write_text(json.dumps(counts))


def main() -> None:
    """Fuzz until libFuzzer's options say stop."""
    name, counts, *options = sys.argv[1:]
    # libFuzzer runs this line by the shell when it merges.
    program = f"{sys.executable} -m fuzzing.run {name} {counts}"
    atheris.Setup([program, *options], Counted(name, Path(counts)))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
