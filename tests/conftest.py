"""Fixtures for all tests: both backends, and the folder of recorded streams.

With `--backend=both`, the default, a missing extension fails the tests that need it. Pure-Python environments pass
`--backend=python`.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import ssescan
import ssescan.client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

BACKENDS = ("compiled", "python")
ROOT = Path(__file__).resolve().parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--backend",
        choices=("both", *BACKENDS),
        default="both",
        help="the backend to test (both: a missing extension is a failure)",
    )
    parser.addoption("--mutations", type=int, help="how many mutated events of each SDK the tests of accelerate() read")
    parser.addoption(
        "--attacks", type=int, help="how many damaged streams the tests of writing translate to each format"
    )


def pytest_report_header(config: pytest.Config) -> str:
    return f"ssescan: backend {ssescan.backend}, tested: {config.getoption('--backend')}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "backend" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--backend")
        metafunc.parametrize("backend", BACKENDS if chosen == "both" else (chosen,), scope="session")


@pytest.fixture(scope="session")
def scanners(backend: str) -> ModuleType:
    """Return the module of one backend, with its Scanner, ServerSentEvent, Comment, UnknownLine."""
    return importlib.import_module(f"ssescan.scanner._{'compiled' if backend == 'compiled' else 'python'}")


@pytest.fixture(scope="session")
def both(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    """Return the modules of both backends, for tests that compare them."""
    if request.config.getoption("--backend") == "python":
        pytest.skip("compares both backends; --backend=python selects one")
    return importlib.import_module("ssescan.scanner._compiled"), importlib.import_module("ssescan.scanner._python")


# The modules that import names of a backend. All others are the same for both.
BACKEND_MODULES = (
    "ssescan",
    "ssescan.scanner",
    "ssescan.streams",
    "ssescan.client.event_source",
    "ssescan.client.event_source_core",
    "ssescan.client.connecting",
    "ssescan.client",
)


def _load(backend: str) -> dict[str, ModuleType]:
    """Import the package with that backend, next to the one that is already imported."""
    before = {name: sys.modules.pop(name) for name in BACKEND_MODULES}
    forced = os.environ.get("SSESCAN_BACKEND")
    os.environ["SSESCAN_BACKEND"] = backend
    try:
        return {name: importlib.import_module(name) for name in BACKEND_MODULES}
    finally:
        if forced is None:
            del os.environ["SSESCAN_BACKEND"]
        else:
            os.environ["SSESCAN_BACKEND"] = forced
        sys.modules.update(before)


_packages: dict[str, dict[str, ModuleType]] = {}


@pytest.fixture
def package(backend: str) -> Iterator[Any]:
    """Yield the package `ssescan` with one backend."""
    if backend not in _packages:
        _packages[backend] = (
            {name: sys.modules[name] for name in BACKEND_MODULES} if ssescan.backend == backend else _load(backend)
        )
    before = {name: sys.modules[name] for name in BACKEND_MODULES}
    sys.modules.update(_packages[backend])
    try:
        yield _packages[backend]["ssescan"]
    finally:
        sys.modules.update(before)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of recorded streams: SSESCAN_SHARED, or ../shared.

    Users do not have it. SSESCAN_REQUIRE_SHARED=1 makes a missing folder a failure.
    """
    folder = Path(os.environ.get("SSESCAN_SHARED") or ROOT.parent / "shared")
    if not (folder / "corpus" / "manifest.json").is_file():
        reason = f"no recorded streams in {folder}: set SSESCAN_SHARED to their folder"
        if os.environ.get("SSESCAN_REQUIRE_SHARED"):
            pytest.fail(reason)
        pytest.skip(reason)
    return folder
