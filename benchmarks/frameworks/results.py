"""The results of the frameworks: docs/frameworks.json, which the tables in the docs are made from."""

from __future__ import annotations

from pathlib import Path

import msgspec

DOCS = Path(__file__).resolve().parents[2] / "docs"
FILE = DOCS / "frameworks.json"


class Found(msgspec.Struct):
    """The figures of one API of a framework. `off`, `on`: seconds of CPU for a piece, without and with acceleration.

    `read`: the streams that acceleration read, of the `streams` that the program read with it on; `slow`: the events
    that went the slow way; `equal`: the streams with equal results, off and on.
    """

    title: str
    off: float
    on: float
    streams: int
    read: int
    slow: int
    equal: list[str]
    reason: str

    @property
    def gain(self) -> float:
        return self.off / self.on


class Measured(msgspec.Struct):
    """A framework as it was measured. `versions`: of it and of the SDKs that it brings, by distribution."""

    day: str
    python: str
    versions: dict[str, str]
    rows: list[Found]


def load(file: Path = FILE) -> dict[str, Measured]:
    """Read the results, by distribution; none if there is no file."""
    return msgspec.json.decode(file.read_bytes(), type=dict[str, Measured]) if file.exists() else {}


def save(results: dict[str, Measured], file: Path = FILE) -> None:
    file.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")
