""".ci/identifiers.py notices if a platform or an interpreter is lost from the wheels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .scripts import ROOT, load, needs_ci

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs_ci


@pytest.fixture(scope="module")
def identifiers() -> Any:
    return load("identifiers")


@pytest.fixture(scope="module")
def kept(identifiers: Any) -> list[str]:
    found: list[str] = identifiers.expected()
    return found


def test_every_interpreter_has_wheels_for_every_machine(kept: list[str]) -> None:
    linux = [
        f"{libc}_{machine}"
        for libc in ("manylinux", "musllinux")
        for machine in ("x86_64", "i686", "aarch64", "armv7l", "ppc64le", "s390x", "riscv64")
    ]
    platforms = [*linux, "macosx_x86_64", "macosx_arm64", "win_amd64", "win_arm64", "win32"]
    pythons = ("cp311", "cp312", "cp313", "cp314", "cp314t", "cp315", "cp315t")
    wanted = {f"{python}-{platform}" for python in pythons for platform in platforms}
    assert wanted - set(kept) == set()
    for platform in ("pyodide", "android", "ios"):
        assert any(platform in identifier for identifier in kept)


def test_lost_and_new_identifiers_are_reported(
    identifiers: Any, kept: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(identifiers, "planned", lambda package: kept)
    assert identifiers.main([]) == 0
    other = [one for one in kept if "s390x" not in one] + ["cp316-win_amd64"]
    monkeypatch.setattr(identifiers, "planned", lambda package: other)
    assert identifiers.main([]) == 1
    output = capsys.readouterr().out
    assert "-cp311-manylinux_s390x" in output
    assert "+cp316-win_amd64" in output
    assert "--write" in output


@pytest.mark.parametrize(
    ("file", "identifier"),
    [
        ("ssescan-1.0-cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64.whl", "cp311-manylinux_x86_64"),
        ("ssescan-1.0-cp311-cp311-manylinux_2_17_i686.manylinux_2_28_i686.whl", "cp311-manylinux_i686"),
        ("ssescan-1.0-cp314-cp314t-musllinux_1_2_armv7l.whl", "cp314t-musllinux_armv7l"),
        ("ssescan-1.0-cp313-cp313-macosx_10_13_x86_64.whl", "cp313-macosx_x86_64"),
        ("ssescan-1.0-cp315-cp315t-macosx_11_0_arm64.whl", "cp315t-macosx_arm64"),
        ("ssescan-1.0-cp311-cp311-win32.whl", "cp311-win32"),
        ("ssescan-1.0-cp311-cp311-win_amd64.whl", "cp311-win_amd64"),
        ("ssescan-1.0-cp313-cp313-pyodide_2025_0_wasm32.whl", "cp313-pyodide_wasm32"),
        ("ssescan-1.0-cp314-cp314-pyemscripten_2026_0_wasm32.whl", "cp314-pyodide_wasm32"),
        ("ssescan-1.0-cp313-cp313-android_21_arm64_v8a.whl", "cp313-android_arm64_v8a"),
        ("ssescan-1.0-cp313-cp313-ios_13_0_x86_64_iphonesimulator.whl", "cp313-ios_x86_64_iphonesimulator"),
        ("ssescan-1.0-py3-none-any.whl", "pure"),
        ("ssescan-1.0.tar.gz", "sdist"),
    ],
)
def test_identifier_of_a_file(identifiers: Any, kept: list[str], file: str, identifier: str) -> None:
    assert identifiers.identifier_of(file) == identifier
    assert identifier in [*kept, "pure", "sdist"]


def test_missing_wheel_is_reported(
    identifiers: Any, kept: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for one in kept:
        python, _, platform = one.partition("-")
        (tmp_path / f"ssescan-1.0-{python.removesuffix('t')}-{python}-{platform}.whl").touch()
    (tmp_path / "ssescan-1.0-py3-none-any.whl").touch()
    (tmp_path / "ssescan-1.0.tar.gz").touch()
    assert identifiers.main(["--wheels", str(tmp_path)]) == 0
    (tmp_path / "ssescan-1.0-cp313-cp313-manylinux_s390x.whl").unlink()
    (tmp_path / "ssescan-1.1.tar.gz").touch()
    assert identifiers.main(["--wheels", str(tmp_path)]) == 1
    output = capsys.readouterr().out
    assert "-cp313-manylinux_s390x" in output
    assert "+sdist" in output


def test_platform_lost_from_pyproject_is_reported(
    identifiers: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("cibuildwheel", reason="needs cibuildwheel: pip install -r .ci/requirements-wheels.txt")
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert '"s390x", ' in text
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    assert identifiers.main([str(tmp_path)]) == 0, capsys.readouterr().out
    (tmp_path / "pyproject.toml").write_text(text.replace('"s390x", ', ""), encoding="utf-8")
    assert identifiers.main([str(tmp_path)]) == 1
    output = capsys.readouterr().out
    assert "-cp315t-musllinux_s390x" in output
    assert "x86_64" not in output
