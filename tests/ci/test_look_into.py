"""What a wheel may hold, and what not: `.ci/check_dist.py` sees it. Extensions themselves are looked into by `.ci/wheels`."""

from __future__ import annotations

import io
import tarfile
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from .scripts import load, where_they_are

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = where_they_are

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
        (PURE, (MODULE,), ["but it holds"]),
        (WINDOWS, (), ["but it holds []"]),
        (PURE, ("tests/test_a.py",), ["must not hold tests/test_a.py"]),
        (PURE, ("ssescan/scanner/_compiled.c",), ["must not hold ssescan/scanner/_compiled.c"]),
        (PURE, ("ssescan/scanner/_compiled.pyx",), ["must not hold ssescan/scanner/_compiled.pyx"]),
    ],
)
def test_what_a_wheel_holds(
    check_dist: Any, tmp_path: Path, name: str, more: tuple[str, ...], wrong: list[str]
) -> None:
    found = check_dist.look_into_wheel(wheel(tmp_path, name, *check_dist.WANTED, *more))
    assert len(found) == len(wrong), found
    for line, said in zip(found, wrong, strict=True):
        assert said in line


def test_what_a_wheel_lacks(check_dist: Any, tmp_path: Path) -> None:
    found = check_dist.look_into_wheel(wheel(tmp_path, PURE, "ssescan/__init__.py"))
    assert found == [f"it lacks {name}" for name in check_dist.WANTED]


def test_a_wheel_that_is_too_large_is_refused(check_dist: Any, tmp_path: Path) -> None:
    (found,) = check_dist.look_into_wheel(wheel(tmp_path, PURE, *check_dist.WANTED, size=200_000))
    assert "must have less than 400000" in found


@pytest.mark.parametrize(
    ("library", "of_libc"),
    [
        *((name, True) for name in ("libc.so.6", "libpthread.so.0", "libm.so.6", "libdl.so.2", "librt.so.1")),
        *((name, True) for name in ("ld64.so.2", "ld-linux-armhf.so.3", "ld-linux-riscv64-lp64d.so.1")),
        *((name, True) for name in ("libc.musl-x86_64.so.1", "libc.musl-armv7.so.1", "libc.so")),
        *((name, False) for name in ("libpython3.13.so.1.0", "libgcc_s.so.1", "libstdc++.so.6", "libcrypt.so.1")),
    ],
)
def test_a_wheel_for_linux_needs_libc_and_nothing_else(check_dist: Any, library: str, of_libc: bool) -> None:
    assert bool(check_dist.LIBRARY.fullmatch(library)) is of_libc


def test_what_an_sdist_holds(check_dist: Any, tmp_path: Path) -> None:
    path = tmp_path / "ssescan-1.0.tar.gz"
    members = [
        *check_dist.WANTED_OF_SDIST[1:],
        "benchmarks/node/node_modules/a/index.js",
        "src/ssescan/scanner/_compiled.c",
    ]
    with tarfile.open(path, "w:gz") as written:
        for member in members:
            written.addfile(tarfile.TarInfo(f"ssescan-1.0/{member}"), io.BytesIO())
    found = check_dist.look_into_sdist(path)
    assert found[0] == f"it lacks {check_dist.WANTED_OF_SDIST[0]}"
    assert [line.rpartition(" ")[2] for line in found[1:]] == sorted(members[-2:])
