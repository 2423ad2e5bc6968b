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

STREAMS = {**workloads.WORKLOADS, workloads.IMAGE.name: workloads.IMAGE}
CASES = [(name, size, reader) for name in STREAMS for size in workloads.CUTS for reader in peers.able(name, size)]


@cache
def chunks_of(name: str, size: str) -> list[bytes]:
    return workloads.cut(STREAMS[name].events(), workloads.CUTS[size])


@cache
def data_of(name: str, size: str) -> list[str]:
    seen: list[str] = []
    peers.read_compiled(chunks_of(name, size), seen)
    return seen


# The least counts, and it is found sooner than in the second that is usual: they are four hundred.
@pytest.mark.benchmark(max_time=0.2)
@pytest.mark.parametrize(("workload", "size", "reader"), CASES)
def test_reading(benchmark: BenchmarkFixture, workload: str, size: str, reader: str) -> None:
    benchmark.group = f"{workload}, {size}"
    read = peers.able(workload, size)[reader]
    chunks = chunks_of(workload, size)
    seen: list[str] = []
    read(chunks, seen)
    assert seen == data_of(workload, size)
    benchmark.extra_info["events"] = len(seen)
    benchmark(read, chunks)
