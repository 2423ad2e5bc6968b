"""The drop-ins beside what they stand in for: that all read the same, and the cost of each.

Nothing is asserted of time here: the table's rows are in dropins.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dropins
import pytest
import workloads

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

CHUNKS = workloads.openai_chat(500)


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
@pytest.mark.parametrize("name", workloads.WORKLOADS)
def test_all_read_the_same(library: str, name: str) -> None:
    stream = b"".join(workloads.WORKLOADS[name].make(60))
    for size in (7, 1000):
        http = dropins.client(library, [stream[start : start + size] for start in range(0, len(stream), size)])
        read = {who: dropins.seen(http, events) for who, events in dropins.readers(library).items()}
        assert len(read[dropins.DROPIN]) == 60
        assert all(data == read[dropins.DROPIN] for data in read.values())


@pytest.mark.parametrize(
    ("library", "who"), [(library, who) for library in ("httpx", "httpx2") for who in dropins.readers(library)]
)
def test_reading(benchmark: BenchmarkFixture, library: str, who: str) -> None:
    benchmark.group = f"responses of {library}"
    benchmark.extra_info["events"] = len(CHUNKS)
    benchmark(dropins.runs_for(library, CHUNKS)[who])


@pytest.mark.parametrize(
    ("library", "who"), [(library, who) for library in ("httpx", "httpx2") for who in dropins.async_readers(library)]
)
def test_asynchronous_reading(benchmark: BenchmarkFixture, library: str, who: str) -> None:
    benchmark.group = f"asynchronous responses of {library}"
    benchmark.extra_info["events"] = len(CHUNKS)
    benchmark(dropins.async_runs_for(library, CHUNKS)[who])


@pytest.mark.parametrize("who", ["drop-in", "sseclient-py"])
def test_sseclient(benchmark: BenchmarkFixture, who: str) -> None:
    benchmark.group = "SSEClient"
    benchmark.extra_info["events"] = len(CHUNKS)
    benchmark(dropins.sseclient_runs(CHUNKS)[who])
