"""The inputs that the fuzzer begins with, and those that are kept."""

from __future__ import annotations

import base64
import hashlib
import json
import zipfile
from importlib import import_module
from pathlib import Path

from .targets import SHARED

SEEDS = Path(__file__).with_name("seeds")
MAX_SEED = 4096  # bytes; longer streams are cut, and shorter than this if the target has a MAX_INPUT
EPOCH = (1980, 1, 1, 0, 0, 0)  # zip files of the same seeds are the same bytes


def kept(target: str) -> list[bytes]:
    """Return the seeds of a target that are in the repository."""
    try:
        with zipfile.ZipFile(_archive(target)) as archive:
            return [archive.read(name) for name in archive.namelist()]
    except FileNotFoundError:
        return []


def keep(target: str, folder: Path) -> int:
    """Write the inputs in a folder as the seeds of a target; return their number."""
    SEEDS.mkdir(exist_ok=True)
    inputs = sorted({file.read_bytes() for file in folder.iterdir()})
    with zipfile.ZipFile(_archive(target), "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for data in inputs:
            archive.writestr(zipfile.ZipInfo(_name(data), EPOCH), data, zipfile.ZIP_DEFLATED)
    return len(inputs)


def begin(target: str, folder: Path) -> None:
    """Put the seeds of the repository and those of the target into a folder."""
    _write(folder, [*kept(target), *import_module(f"fuzzing.targets.{target}").seeds()])


def recorded(shared: Path, folder: Path) -> None:
    """Put recorded streams into a folder: what is found from them is not kept, as it has pieces of them."""
    streams = [file.read_bytes() for pattern in ("corpus/**/*.sse", "wire/*.sse") for file in shared.glob(pattern)]
    for file in shared.glob("conformance/*.json"):
        streams += [base64.b64decode(case["stream"]) for case in json.loads(file.read_bytes())["cases"]]
    _write(folder, [data[:MAX_SEED] for data in streams])


def _archive(target: str) -> Path:
    return SEEDS / f"{SHARED.get(target, target)}.zip"


def _write(folder: Path, inputs: list[bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for data in inputs:
        (folder / _name(data)).write_bytes(data)


def _name(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
