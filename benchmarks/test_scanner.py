"""The scanner beside its peers, by workload and cut. `make bench`, or pytest benchmarks --benchmark-group-by=group.

Nothing is asserted of time here: figures that a build may rest on are those of scanner.py, guard.py and linearity.py.
That all read the same is asserted in test_peers.py, and again here of every stream that is timed.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import peers
import pytest
import workloads

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

# Every cut of the stream that the figures are about; of the others, how models send and how TLS delivers.
CASES = [
    *(("openai_chat", size) for size in workloads.CUTS),
    *((name, size) for name in workloads.WORKLOADS if name != "openai_chat" for size in ("event", "16 KiB")),
]


@cache
def chunks_of(name: str, size: str) -> list[bytes]:
    return workloads.cut(workloads.WORKLOADS[name].events(), workloads.CUTS[size])


@cache
def data_of(name: str, size: str) -> list[str]:
    seen: list[str] = []
    peers.read_compiled(chunks_of(name, size), seen)
    return seen


@pytest.mark.parametrize(
    ("workload", "size", "reader"), [(*case, reader) for case in CASES for reader in peers.able(case[0])]
)
def test_reading(benchmark: BenchmarkFixture, workload: str, size: str, reader: str) -> None:
    benchmark.group = f"{workload}, {size}"
    read = peers.able(workload)[reader]
    chunks = chunks_of(workload, size)
    seen: list[str] = []
    read(chunks, seen)
    assert seen == data_of(workload, size)
    benchmark.extra_info["events"] = len(seen)
    benchmark(read, chunks)
