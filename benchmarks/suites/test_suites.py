"""Every reader of every group by pytest-benchmark. `make bench-suites ARGS='-k gemini'` runs some.

No time is asserted here: the guard and the report do that. All readers of a group have read the same before one is
timed. With --benchmark-disable, streams are short, and each reader reads its stream once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from time import process_time

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.suites import (
    accelerate,
    breakdown,
    dropins,
    gateway,
    imports,
    over_http,
    providers,
    scanner,
    transports,
)
from benchmarks.suites.measure import Group, Lab, Reader, Run, Table, Target, compare, race

Build = Callable[[Group, int], dict[str, Run]]

pytestmark = pytest.mark.filterwarnings("ignore")  # of aiohttp, for google-genai's use of it

SUITES = (scanner, providers, gateway, dropins, accelerate, transports, over_http, breakdown, imports)
GROUPS = [group for suite in SUITES for group in suite.GROUPS]
SHORT = 60  # events


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as lab:
        yield lab


@pytest.fixture(scope="module")
def build(lab: Lab) -> Build:
    return cache(lambda group, size: group.build(lab, size))


# The least counts, and is found sooner than in the second that is the default: there are hundreds of them.
@pytest.mark.benchmark(max_time=0.2)
@pytest.mark.parametrize(
    ("group", "reader"),
    [pytest.param(group, name, id=f"{group.name}-{name}") for group in GROUPS for name in group.readers],
)
def test_reading(benchmark: BenchmarkFixture, build: Build, group: Group, reader: str) -> None:
    size = min(group.size, SHORT) if benchmark.disabled else group.size
    run = build(group, size)[reader]
    benchmark.group = group.name
    benchmark.extra_info["events"] = group.events or size
    if group.clock is process_time:
        benchmark._timer = process_time  # noqa: SLF001 - the default clock would count the pauses of the server
    with run.around():
        run.warm_up()
        benchmark(run.call)


def test_reader_of_other_text_is_refused(lab: Lab) -> None:
    readers = {"one": Reader(lambda: ["a", "b"], str), "other": Reader(lambda: ["a"], str)}
    with pytest.raises(AssertionError, match="other reads something else"):
        compare(lab, readers)


def test_least_time_counts_and_warm_up_does_not() -> None:
    ticks = iter([0.0, 3.0, 10.0, 12.0])
    warmed: list[int] = []
    times = race({"one": Run(lambda: None, lambda: warmed.append(1))}, rounds=2, clock=lambda: next(ticks))
    assert (times, len(warmed)) == ({"one": 2.0}, 2)


@pytest.mark.parametrize(("ours", "reached"), [(1.0, True), (1.2, True), (1.3, False)])
def test_target_is_a_row(ours: float, reached: bool) -> None:
    times = {"ours": ours, "slow": 30.0, "quick": 12.0}
    faster = Target("a", "ours", ("slow", "quick"), 10)
    within = Target("b", "ours", "quick", 0.1, faster=False)
    assert (faster.wanted, within.wanted) == ("10x", "within 0.1x")
    assert faster.is_reached(times) is within.is_reached(times) is reached


def test_missing_library_is_a_row_that_is_missed(lab: Lab) -> None:
    def fail(lab: Lab, size: int) -> dict[str, Run]:
        raise ImportError("No module named 'openai'")

    table = Table()
    table.measure(Group("parts", fail, (), 1, (Target("a", "ours", "theirs", 10),)), lab)
    assert [(row.measured, row.reached) for row in table.rows] == [("not measured", False)]
    assert table.notes == ["parts: not measured: No module named 'openai'"]


def test_missed_target_is_measured_again(lab: Lab) -> None:
    clocks = iter([*[0.0, 2.0, 0.0, 1.0], *[0.0, 1.0, 0.0, 1.0]])
    runs = {"ours": Run(lambda: None), "theirs": Run(lambda: None)}
    target = Target("a", "ours", "theirs", 1.0)
    group = Group("b", lambda lab, size: runs, (), 1, (target,), rounds=1, attempts=3, clock=lambda: next(clocks))
    assert Table().measure(group, lab) == {"ours": 1.0, "theirs": 1.0}


def test_latencies_have_a_figure_for_each_read(lab: Lab) -> None:
    table = Table()
    over_http.rows(table, lab, 50)
    assert [row.wanted for row in table.rows] == ["10 us"] * 2
    assert not any(row.measured.startswith(("0.0", "-")) for row in table.rows)
