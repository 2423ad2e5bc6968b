"""How the tests of the scripts in .ci load them: those are no package, and are not there apart from the checkout."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
CI = ROOT / ".ci"

where_they_are = pytest.mark.skipif(not CI.is_dir(), reason="apart from the checkout there is no .ci")


def load(name: str) -> Any:
    """Give a script of .ci as a module."""
    spec = importlib.util.spec_from_file_location(name, CI / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
