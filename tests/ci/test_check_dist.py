""".ci/check_dist.py finds mistakes in wheels and sdists. `.ci/wheels` runs it on real extensions."""

from __future__ import annotations

import io
import tarfile
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from .scripts import load, needs_ci

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs_ci

PURE, WINDOWS = "ssescan-1.0-py3-none-any.whl", "ssescan-1.0-cp313-cp313-win_amd64.whl"
MODULE = "ssescan/scanner/_compiled.cp313-win_amd64.pyd"


@pytest.fixture
def check_dist() -> Any:
    return load("check_dist")


def wheel(folder: Path, name: str, *members: str, size: int = 10) -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w") as written:
        for member in members:
            written.writestr(member, b"x" * size)
    return path


@pytest.mark.parametrize(
    ("name", "more", "wrong"),
    [
        (PURE, (), []),
        (WINDOWS, (MODULE,), []),
        (PURE, (MODULE,), ["must contain no extension, found"]),
        (WINDOWS, (), ["must contain an extension, found []"]),
        (PURE, ("tests/test_a.py",), ["must not contain tests/test_a.py"]),
        (PURE, ("ssescan/scanner/_compiled.c",), ["must not contain ssescan/scanner/_compiled.c"]),
        (PURE, ("ssescan/scanner/_compiled.pyx",), ["must not contain ssescan/scanner/_compiled.pyx"]),
    ],
)
def test_contents_of_a_wheel(
    check_dist: Any, tmp_path: Path, name: str, more: tuple[str, ...], wrong: list[str]
) -> None:
    found = check_dist.check_wheel(wheel(tmp_path, name, *check_dist.IN_WHEELS, *more))
    assert len(found) == len(wrong), found
    for line, text in zip(found, wrong, strict=True):
        assert text in line


def test_missing_files_of_a_wheel(check_dist: Any, tmp_path: Path) -> None:
    found = check_dist.check_wheel(wheel(tmp_path, PURE, "ssescan/__init__.py"))
    assert found == [f"{name} is missing" for name in check_dist.IN_WHEELS]


def test_wheel_that_is_too_large(check_dist: Any, tmp_path: Path) -> None:
    (found,) = check_dist.check_wheel(wheel(tmp_path, PURE, *check_dist.IN_WHEELS, size=check_dist.MAX_WHEEL_BYTES))
    assert f"must have less than {check_dist.MAX_WHEEL_BYTES}" in found


@pytest.mark.parametrize(
    ("library", "allowed"),
    [
        *((name, True) for name in ("libc.so.6", "libpthread.so.0", "libm.so.6", "libdl.so.2", "librt.so.1")),
        *((name, True) for name in ("ld64.so.2", "ld-linux-armhf.so.3", "ld-linux-riscv64-lp64d.so.1")),
        *((name, True) for name in ("libc.musl-x86_64.so.1", "libc.musl-armv7.so.1", "libc.so")),
        *((name, False) for name in ("libpython3.13.so.1.0", "libgcc_s.so.1", "libstdc++.so.6", "libcrypt.so.1")),
    ],
)
def test_linux_wheels_need_only_libc(check_dist: Any, library: str, allowed: bool) -> None:
    assert bool(check_dist.LIBRARY.fullmatch(library)) is allowed


def test_contents_of_an_sdist(check_dist: Any, tmp_path: Path) -> None:
    path = tmp_path / "ssescan-1.0.tar.gz"
    members = [
        *check_dist.IN_SDISTS[1:],
        "benchmarks/suites/node/node_modules/a/index.js",
        "src/ssescan/scanner/_compiled.c",
    ]
    with tarfile.open(path, "w:gz") as written:
        for member in members:
            written.addfile(tarfile.TarInfo(f"ssescan-1.0/{member}"), io.BytesIO())
    found = check_dist.check_sdist(path)
    assert found[0] == f"{check_dist.IN_SDISTS[0]} is missing"
    assert [line.rpartition(" ")[2] for line in found[1:]] == sorted(members[-2:])
