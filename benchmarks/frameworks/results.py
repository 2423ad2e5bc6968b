"""The results of the frameworks and of the tools that observe, which the tables in the docs are made from."""

from __future__ import annotations

from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import msgspec

DOCS = Path(__file__).resolve().parents[2] / "docs"


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


class Observed(msgspec.Struct):
    """A tool that records the same with and without acceleration: in so many streams, so many spans and their values.

    `left_out`: the names of the values that differ without acceleration too.
    """

    day: str
    python: str
    versions: dict[str, str]
    streams: int
    spans: int
    values: int
    left_out: list[str]


Kind = TypeVar("Kind", Measured, Observed)


class File(NamedTuple, Generic[Kind]):
    """A file of results."""

    path: Path
    kind: type[Kind]


FRAMEWORKS = File(DOCS / "frameworks.json", Measured)
OBSERVED = File(DOCS / "instrumentation.json", Observed)


def load(file: File[Kind]) -> dict[str, Kind]:
    """Read the results, by name; none if there is no file."""
    found = msgspec.json.decode(file.path.read_bytes()) if file.path.exists() else {}
    return {name: msgspec.convert(of, file.kind) for name, of in found.items()}


def save(results: dict[str, Kind], file: File[Kind]) -> None:
    file.path.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")
