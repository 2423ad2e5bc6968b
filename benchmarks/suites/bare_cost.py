"""The bare cost of making the same strings and objects in C: builds `_bare_cost.pyx` in a temporary folder.

The scanner has to stay within 1.6x of it. Needs Cython, setuptools and a C compiler.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).with_name("_bare_cost.pyx")


@cache
def load() -> Any:
    """Return the compiled module. ImportError where it cannot be built."""
    with tempfile.TemporaryDirectory(prefix="ssescan-bare-cost-") as folder:
        Path(folder, SOURCE.name).write_bytes(SOURCE.read_bytes())
        command = [sys.executable, "-m", "Cython.Build.Cythonize", "-q", "-i", SOURCE.name]
        built = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        found = [path for path in Path(folder).glob("_bare_cost.*") if path.suffix in (".so", ".pyd")]
        spec = importlib.util.spec_from_file_location("_bare_cost", found[0]) if found else None
        if spec is None or spec.loader is None:
            raise ImportError(f"_bare_cost.pyx cannot be built: {(built.stderr or built.stdout).strip()[-400:]}")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module


def bare_cost(events: list[bytes]) -> Any:
    """Return an iterator that makes the events again; `rewind()` begins it again.

    `events`: `data: ...` and a blank line each.
    """
    starts = accumulate(map(len, events), initial=0)
    spans = [
        (start + len("data: "), len(event) - len("data: \n\n")) for start, event in zip(starts, events, strict=False)
    ]
    return load().BareCost(b"".join(events), spans)
