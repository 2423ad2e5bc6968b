"""That a platform cannot vanish from the wheels unnoticed: `.ci/identifiers.py` sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .scripts import CI, ROOT, load, where_they_are

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = where_they_are


@pytest.fixture(scope="module")
def identifiers() -> Any:
    return load("identifiers")


def kept() -> list[str]:
    return (CI / "identifiers.list").read_text(encoding="utf-8").split()


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
def test_a_file_is_known_by_its_name(identifiers: Any, file: str, identifier: str) -> None:
    assert identifiers.of_file(file) == identifier
    assert identifier in [*kept(), "pure", "sdist"]


def test_a_wheel_that_was_not_built_is_missed(
    identifiers: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for one in kept():
        python, _, platform = one.partition("-")
        (tmp_path / f"ssescan-1.0-{python.removesuffix('t')}-{python}-{platform}.whl").touch()
    (tmp_path / "ssescan-1.0-py3-none-any.whl").touch()
    (tmp_path / "ssescan-1.0.tar.gz").touch()
    assert identifiers.main(["--wheels", str(tmp_path)]) == 0
    (tmp_path / "ssescan-1.0-cp313-cp313-manylinux_s390x.whl").unlink()
    (tmp_path / "ssescan-1.1.tar.gz").touch()
    assert identifiers.main(["--wheels", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert "-cp313-manylinux_s390x" in said
    assert "+sdist" in said


def test_a_platform_that_vanished_from_pyproject_is_noticed(
    identifiers: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("cibuildwheel", reason="asks cibuildwheel: pip install -r .ci/requirements-wheels.txt")
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert '"s390x", ' in text
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    assert identifiers.main(["--check", str(tmp_path)]) == 0, capsys.readouterr().out
    (tmp_path / "pyproject.toml").write_text(text.replace('"s390x", ', ""), encoding="utf-8")
    assert identifiers.main(["--check", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert "-cp315t-musllinux_s390x" in said
    assert "x86_64" not in said
