"""The bare cost of making the same strings and objects in C: builds `_floor.pyx` where nobody keeps it, and loads it.

What the scanner is measured against in the row "within 1.6x". Needs Cython, setuptools and a C compiler; where one is
missing, `load` raises RuntimeError with what was.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).with_name("_floor.pyx")

# The flags of the package's own setup.py.
BUILD = """
from Cython.Build import cythonize
from setuptools import Extension, setup
setup(
    name="floor",
    script_args=["-q", "build_ext", "--inplace"],
    ext_modules=cythonize([Extension("_floor", ["_floor.pyx"], extra_compile_args=["-O3", "-g0"])], quiet=True),
)
"""


@cache
def load() -> Any:
    """Give the compiled module. RuntimeError where it cannot be built."""
    with tempfile.TemporaryDirectory(prefix="ssescan-floor-") as folder:
        source = Path(folder, SOURCE.name)
        source.write_bytes(SOURCE.read_bytes())
        built = subprocess.run([sys.executable, "-c", BUILD], cwd=folder, capture_output=True, text=True, check=False)
        found = [path for path in Path(folder).glob("_floor.*") if path.suffix in (".so", ".pyd")]
        if not found:
            raise RuntimeError(f"the floor cannot be built: {(built.stderr or built.stdout).strip()[-400:]}")
        spec = importlib.util.spec_from_file_location("_floor", found[0])
        if spec is None or spec.loader is None:
            raise RuntimeError(f"the floor cannot be loaded from {found[0].name}")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module


def floor(events: list[bytes], chunk_size: int, *, known_ascii: bool) -> Any:
    """Give an iterator that makes the events of chunks of that size; `rewind()` begins it again.

    `events`: `data: ...` and a blank line each. The data of an event that two chunks share is taken from a chunk of its
    own: to join the halves is the scanner's work, and not counted here.
    """
    stream = b"".join(events)
    chunks = [stream[start : start + chunk_size] for start in range(0, len(stream), chunk_size)]
    spans = []
    start = 0
    for event in events:
        at, size = start + len(b"data: "), len(event) - len(b"data: \n\n")
        first, last = at // chunk_size, (at + size - 1) // chunk_size
        if first == last:
            spans.append((first, at % chunk_size, size))
        else:
            spans.append((len(chunks), 0, size))
            chunks.append(stream[at : at + size])
        start += len(event)
    return load().Floor(chunks, spans, known_ascii)
