"""What all tests share: both backends by one fixture, and the folder of recorded streams.

`--backend=both` is the default, and there a missing extension fails the tests that want it. Environments that are pure
on purpose pass `--backend=python`.
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
        help="which backend the tests run with (both: a missing extension is a failure)",
    )


def pytest_report_header(config: pytest.Config) -> str:
    return f"ssescan: backend {ssescan.backend}, tested: {config.getoption('--backend')}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "backend" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--backend")
        metafunc.parametrize("backend", BACKENDS if chosen == "both" else (chosen,), scope="session")


@pytest.fixture(scope="session")
def scanners(backend: str) -> ModuleType:
    """The module of one backend: its Scanner, ServerSentEvent, Comment, UnknownLine."""
    return importlib.import_module(f"ssescan.scanner._{'compiled' if backend == 'compiled' else 'python'}")


@pytest.fixture(scope="session")
def both(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    """The modules of both backends, for tests that compare them."""
    if request.config.getoption("--backend") == "python":
        pytest.skip("compares both backends; --backend=python asks for one")
    return importlib.import_module("ssescan.scanner._compiled"), importlib.import_module("ssescan.scanner._python")


# Modules that are bound to a backend; all others are the same under either.
BOUND = (
    "ssescan",
    "ssescan.scanner",
    "ssescan.streams",
    "ssescan.client.event_source",
    "ssescan.client.connecting",
    "ssescan.client",
)


def _load(backend: str) -> dict[str, ModuleType]:
    """Import the package as it is with that backend, beside the one that is imported already."""
    before = {name: sys.modules.pop(name) for name in BOUND}
    forced = os.environ.get("SSESCAN_BACKEND")
    os.environ["SSESCAN_BACKEND"] = backend
    try:
        return {name: importlib.import_module(name) for name in BOUND}
    finally:
        if forced is None:
            del os.environ["SSESCAN_BACKEND"]
        else:
            os.environ["SSESCAN_BACKEND"] = forced
        sys.modules.update(before)


_packages: dict[str, dict[str, ModuleType]] = {}


@pytest.fixture
def package(backend: str) -> Iterator[Any]:
    """The package `ssescan` as it is with one backend."""
    if backend not in _packages:
        _packages[backend] = (
            {name: sys.modules[name] for name in BOUND} if ssescan.backend == backend else _load(backend)
        )
    before = {name: sys.modules[name] for name in BOUND}
    sys.modules.update(_packages[backend])
    try:
        yield _packages[backend]["ssescan"]
    finally:
        sys.modules.update(before)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of recorded streams: SSESCAN_SHARED, or ../shared. Users do not have it; SSESCAN_REQUIRE_SHARED=1 is set
    where it must be there."""
    folder = Path(os.environ.get("SSESCAN_SHARED") or ROOT.parent / "shared")
    if not (folder / "corpus" / "manifest.json").is_file():
        reason = f"the recorded streams are not at {folder}: set SSESCAN_SHARED to their folder"
        if os.environ.get("SSESCAN_REQUIRE_SHARED"):
            pytest.fail(reason)
        pytest.skip(reason)
    return folder
