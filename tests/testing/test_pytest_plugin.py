"""The pytest plugin: the fixture without configuration, what it imports, and without the packages that it needs."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from cli.processes import GUARD, environment, without

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
WITHOUT_FIXTURE = """
import sys

def test_nothing_is_imported():
    assert not [name for name in sys.modules if name.partition(".")[0] in ("ssescan", "msgspec", "starlette")]
"""
WITH_FIXTURE = """
import urllib.request

def test_of_a_program(replay_server):
    from ssescan.testing import Tape

    server = replay_server(Tape([b"data: a\\n\\n"]))
    no_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    assert no_proxy.open(server.url).read() == b"data: a\\n\\n"
"""


@pytest.fixture
def installed(tmp_path: Path) -> dict[str, str]:
    """Return an environment in which ssescan is installed with the entry points of pyproject.toml."""
    groups = tomllib.loads(PYPROJECT.read_text())["project"]["entry-points"]
    lines = [
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in groups[group].items()) for group in groups
    ]
    folder = tmp_path / "ssescan-0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: ssescan\nVersion: 0\n")
    (folder / "entry_points.txt").write_text("".join(lines))
    kept = environment(PY_COLORS="0")
    kept.pop("PYTEST_DISABLE_PLUGIN_AUTOLOAD", None)
    return kept | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{kept['PYTHONPATH']}"}


def pytest_run(folder: Path, env: dict[str, str], *arguments: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=GUARD, check=False)
    return done.returncode, done.stdout + done.stderr


def test_fixture_needs_no_configuration(installed: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text(WITHOUT_FIXTURE)
    (tmp_path / "test_b.py").write_text(WITH_FIXTURE)
    status, shown = pytest_run(tmp_path, installed, "-W", "error")
    assert (status, "2 passed" in shown) == (0, True), shown


def test_help_needs_no_package(installed: dict[str, str], tmp_path: Path) -> None:
    broken = without(("ssescan", "msgspec", "starlette", "uvicorn"), tmp_path)
    status, shown = pytest_run(
        tmp_path, installed | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{broken['PYTHONPATH']}"}, "--help"
    )
    assert (status, "--exitfirst" in shown) == (0, True), shown


@pytest.mark.parametrize("package", ["msgspec", "uvicorn"])
def test_missing_package_names_the_extra(package: str, installed: dict[str, str], tmp_path: Path) -> None:
    without((package,), tmp_path)
    (tmp_path / "test_a.py").write_text(WITH_FIXTURE)
    status, shown = pytest_run(tmp_path, installed, "--tb=line")
    assert status == 1
    assert f"the package {package}, which is not installed: pip install 'ssescan[replay]'" in shown
