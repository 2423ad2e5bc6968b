"""Load the scripts of .ci for their tests: they are not a package, and an installed wheel does not have them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
CI = ROOT / ".ci"

needs_ci = pytest.mark.skipif(not CI.is_dir(), reason="only a checkout has .ci")


def load(name: str) -> Any:
    """Return a script of .ci as a module."""
    spec = importlib.util.spec_from_file_location(name, CI / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
