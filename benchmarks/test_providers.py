"""Bytes to parts, beside the SDKs and bare msgspec: that all read the same text, and the cost of each, by format.

Nothing is asserted of time here: the table's rows are in providers.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sdks
import workloads

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

APIS = list(sdks.EVENTS)


@pytest.mark.parametrize("api", APIS)
def test_the_sdk_reads_the_same_text(api: str) -> None:
    chunks = sdks.EVENTS[api](120)
    text = sdks.parts_reader(api)(chunks)
    assert text.split() == [word for word in text.split() if word in workloads.WORDS] != []
    assert "".join(sdks.sdk(api, chunks)()) == text


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("who", ["ssescan", "SDK", "bare msgspec"])
def test_reading(benchmark: BenchmarkFixture, api: str, who: str) -> None:
    benchmark.group = f"{api}, bytes to parts"
    chunks = sdks.EVENTS[api](500)
    benchmark.extra_info["events"] = len(chunks)
    if who == "ssescan":
        benchmark(sdks.drain_parts, chunks, api)
    elif who == "SDK":
        benchmark(sdks.drain_sdk, sdks.sdk(api, chunks))
    else:
        benchmark(sdks.bare_decoding(sdks.payloads(chunks)))
