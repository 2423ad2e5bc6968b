"""The drop-ins with each backend, and the server of tests/streams."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import pytest
from streams.conftest import one_server, server

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["one_server", "server"]

_modules: dict[tuple[str, str], ModuleType] = {}


def _load(name: str, backend: str) -> ModuleType:
    """Import a module and its submodules again, so that they use the scanner of the current backend."""
    name = f"ssescan.dropin.{name}"
    if (name, backend) not in _modules:
        before = {key: sys.modules.pop(key) for key in list(sys.modules) if key == name or key.startswith(name + ".")}
        _modules[name, backend] = importlib.import_module(name)
        for key in [key for key in sys.modules if key == name or key.startswith(name + ".")]:
            del sys.modules[key]
        sys.modules.update(before)
    return _modules[name, backend]


@pytest.fixture
def dropin(package: Any, backend: str) -> Any:
    """Return `ssescan.dropin.httpx_sse`."""
    module: Any = _load("httpx_sse", backend)
    assert module._api.EventReader is package.scanner.EventReader  # noqa: SLF001
    return module


@pytest.fixture
def sseclient(package: Any, backend: str) -> Any:
    """Return `ssescan.dropin.sseclient`."""
    module: Any = _load("sseclient", backend)
    assert module.EventReader is package.scanner.EventReader
    return module
