"""That a platform cannot vanish from the wheels unnoticed: `.ci/identifiers.py` sees it."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / ".ci" / "identifiers.py"

pytestmark = pytest.mark.skipif(not SCRIPT.exists(), reason="an sdist has no .ci")


@pytest.fixture(scope="module")
def identifiers() -> Any:
    spec = importlib.util.spec_from_file_location("identifiers", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def kept() -> list[str]:
    return SCRIPT.with_suffix(".txt").read_text(encoding="utf-8").split()


def test_the_list_has_every_interpreter_on_every_machine() -> None:
    linux = [
        f"{libc}_{machine}"
        for libc in ("manylinux", "musllinux")
        for machine in ("x86_64", "i686", "aarch64", "armv7l", "ppc64le", "s390x", "riscv64")
    ]
    platforms = [*linux, "macosx_x86_64", "macosx_arm64", "win_amd64", "win_arm64", "win32"]
    pythons = ("cp311", "cp312", "cp313", "cp314", "cp314t", "cp315", "cp315t")
    wanted = {f"{python}-{platform}" for python in pythons for platform in platforms}
    assert wanted - set(kept()) == set()
    for platform in ("pyodide", "android", "ios"):
        assert any(platform in identifier for identifier in kept())


def test_what_vanished_and_what_came_is_told(
    identifiers: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(identifiers, "would_be_built", lambda package: kept())
    assert identifiers.main(["--check"]) == 0
    other = [one for one in kept() if "s390x" not in one] + ["cp316-win_amd64"]
    monkeypatch.setattr(identifiers, "would_be_built", lambda package: other)
    assert identifiers.main(["--check"]) == 1
    said = capsys.readouterr().out
    assert "-cp311-manylinux_s390x" in said
    assert "+cp316-win_amd64" in said
    assert "--write" in said


def test_a_platform_that_vanished_from_pyproject_is_noticed(
    identifiers: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("cibuildwheel", reason="asks cibuildwheel: pip install '.[wheels]'")
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert '"s390x", ' in text
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    assert identifiers.main(["--check", str(tmp_path)]) == 0, capsys.readouterr().out
    (tmp_path / "pyproject.toml").write_text(text.replace('"s390x", ', ""), encoding="utf-8")
    assert identifiers.main(["--check", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert "-cp315t-musllinux_s390x" in said
    assert "x86_64" not in said
