"""End to end over loopback HTTP: the CPU of each client for a stream, sent at once, or an event a read.

Nothing is asserted of time here: the rows of the speed table are in over_http.py. That all read the same text is
asserted before any is timed.
"""

from __future__ import annotations

import asyncio
from time import process_time
from typing import TYPE_CHECKING, Any

import over_http
import pytest
import sdks
import serving
import workloads
from over_http import API, AS_A_MODEL_SENDS, ASYNC_SDK, SDK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_benchmark.fixture import BenchmarkFixture
    from table import Runs

COUNT = 300  # events
PACES: dict[str, float | str] = {"sent at once": serving.AT_ONCE, "an event a read": AS_A_MODEL_SENDS}
CLIENTS = [SDK, "httpx", ASYNC_SDK, "httpx, async", "aiohttp"]


@pytest.fixture(scope="module")
def url() -> Iterator[Callable[..., str]]:
    with serving.serving() as url:
        yield url


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def clients(runner: asyncio.Runner) -> Iterator[over_http.Clients]:
    for library in ("httpx", "httpx2", "aiohttp", "openai"):
        pytest.importorskip(library)
    clients = runner.run(over_http.new_clients())
    yield clients
    runner.run(over_http.close(clients))


@pytest.fixture(scope="module", autouse=True)
def sdk_clients(runner: asyncio.Runner) -> Iterator[None]:
    """See to it that the SDK's clients are closed, which nobody sees but who makes them."""
    clients: list[Any] = []
    make = sdks._made

    def made(*arguments: Any, **options: Any) -> Any:
        clients.append(make(*arguments, **options))
        return clients[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sdks, "_made", made)
        yield
    for client in clients:
        closing = client.close()
        if closing is not None:
            runner.run(closing)


@pytest.fixture(scope="module")
def runs(url: Callable[..., str], runner: asyncio.Runner, clients: over_http.Clients) -> dict[str, Runs]:
    """Give what is timed, by pace; all have read the same text."""
    return {name: over_http.runs_for(clients, url(API, COUNT, pace), runner) for name, pace in PACES.items()}


def test_the_text_is_the_one_that_was_sent(url: Callable[..., str], clients: over_http.Clients) -> None:
    text = "".join(over_http.readers(clients, url(API, len(workloads.WORDS)))["httpx"]())
    assert text == "".join(f" {word}" for word in workloads.WORDS)


def test_every_client_is_here(runs: dict[str, Runs]) -> None:
    assert {name: sorted(of) for name, of in runs.items()} == dict.fromkeys(PACES, sorted(CLIENTS))


def test_where_an_event_is_a_read_each_has_its_latency(url: Callable[..., str], clients: over_http.Clients) -> None:
    found = over_http.latencies(clients, url(API, 50, AS_A_MODEL_SENDS))
    assert 1 <= len(found) <= 50 + 2  # with the events that end it
    assert all(time > 0 for time in found)


# The CPU of the process, the kernel's included: at the pace of a model, the clock would tell the server's pauses.
@pytest.mark.benchmark(timer=process_time, max_time=0.5)
@pytest.mark.parametrize("pace", PACES)
@pytest.mark.parametrize("client", CLIENTS)
def test_reading(benchmark: BenchmarkFixture, runs: dict[str, Runs], client: str, pace: str) -> None:
    benchmark.group = f"over HTTP, CPU, {pace}"
    benchmark.extra_info["events"] = COUNT
    benchmark(runs[pace][client])
