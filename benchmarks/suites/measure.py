"""The method: readers take turns, and the least CPU time of each counts. Knows no reader and no stream.

A suite has `GROUPS`. A group compares readers of one stream, once all have read the same text from it. `report`
measures the groups; `test_suites.py` runs each reader by pytest-benchmark.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager, ExitStack, nullcontext
from functools import cached_property
from inspect import iscoroutine
from time import thread_time
from typing import Any, NamedTuple

from benchmarks.suites.server import Url, serving

Times = dict[str, float]


class Lab(ExitStack):
    """The resources that groups share: a server of streams, an event loop, and clients that are closed at the end."""

    @cached_property
    def url(self) -> Url:
        return self.enter_context(serving())

    @cached_property
    def runner(self) -> asyncio.Runner:
        return self.enter_context(asyncio.Runner())

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(coroutine)

    def call(self, function: Callable[[], Any]) -> Any:
        """Run a function within the event loop, and return its result."""

        async def called() -> Any:
            return function()

        return self.run(called())

    def closing(self, client: Any) -> Any:
        """Return a client that is closed at the end, before the event loop."""
        _ = self.runner

        def close() -> None:
            closed = client.aclose() if hasattr(client, "aclose") else client.close()
            if iscoroutine(closed):
                self.run(closed)

        self.callback(close)
        return client


class Run(NamedTuple):
    """A timed call: `call`, after `warm_up`, both within `around`."""

    call: Callable[[], object]
    warm_up: Callable[[], object] = lambda: None
    around: Callable[[], AbstractContextManager[Any]] = nullcontext


class Reader(NamedTuple):
    """A way to read a stream to its end.

    `open` returns an iterable of objects, an async one, or an awaitable of that; `text` returns the text of an object.
    Timed is the loop over the objects, with `reads_data` also the reading of their `data`.
    """

    open: Callable[[], Any]
    text: Callable[[Any], str | None] = lambda event: event.data
    reads_data: bool = False
    warm_up: Callable[[], object] = lambda: None
    around: Callable[[], AbstractContextManager[Any]] = nullcontext

    def read(self, lab: Lab) -> str:
        """Return the text of the whole stream."""
        objects = self.open()
        read = lab.run(_alist(objects)) if is_async(objects) else list(objects)
        return "".join(self.text(one) or "" for one in read)

    def drain(self, lab: Lab) -> None:
        objects = self.open()
        if is_async(objects):
            lab.run(_adrain_data(objects) if self.reads_data else _adrain(objects))
        elif self.reads_data:
            for event in objects:
                event.data  # noqa: B018 - reading it is what is measured
        else:
            for _ in objects:
                pass


def is_async(objects: Any) -> bool:
    return iscoroutine(objects) or not hasattr(objects, "__iter__")


async def _opened(objects: Any) -> Any:
    return await objects if iscoroutine(objects) else objects


async def _alist(objects: Any) -> list[Any]:
    return [one async for one in await _opened(objects)]


async def _adrain(objects: Any) -> None:
    async for _ in await _opened(objects):
        pass


async def _adrain_data(objects: Any) -> None:
    async for event in await _opened(objects):
        event.data  # noqa: B018 - reading it is what is measured


def compare(lab: Lab, readers: dict[str, Reader], expected: str | None = None) -> dict[str, Run]:
    """Return the runs to time. Raises AssertionError unless all readers read the same text."""
    runs = {}
    for name, reader in readers.items():
        with reader.around():
            text = reader.read(lab)
        expected = text if expected is None else expected
        if not text or text != expected:
            raise AssertionError(f"{name} reads something else")
        runs[name] = Run(lambda reader=reader: reader.drain(lab), reader.warm_up, reader.around)  # type: ignore[misc]
    return runs


class Target(NamedTuple):
    """A row of the speed table: the ratio of two readers that is wanted, at least (faster) or at most."""

    what: str
    us: str
    them: str | tuple[str, ...]  # several: the fastest of them
    ratio: float
    faster: bool = True

    @property
    def wanted(self) -> str:
        return f"{self.ratio:g}x" if self.faster else f"within {self.ratio:g}x"

    def measured(self, times: Times) -> float:
        names = [self.them] if isinstance(self.them, str) else self.them
        them = min(times[name] for name in names if name in times)
        return them / times[self.us] if self.faster else times[self.us] / them

    def is_reached(self, times: Times) -> bool:
        return self.measured(times) >= self.ratio if self.faster else self.measured(times) <= self.ratio


class Group(NamedTuple):
    """Readers that are compared. `build` prepares them for a stream of some size and returns what is timed by name."""

    name: str
    build: Callable[[Lab, int], dict[str, Run]]
    readers: tuple[str, ...]
    size: int  # events, or what `build` counts in
    targets: tuple[Target, ...] = ()
    events: int | None = None  # figures are kept for one of them; None: as many as `size`
    rounds: int = 25
    attempts: int = 1  # as long as a target is missed
    clock: Callable[[], float] = thread_time


def race(runs: dict[str, Run], rounds: int = 25, clock: Callable[[], float] = thread_time) -> Times:
    """Let all take turns; return the least time of each, seconds."""
    least = dict.fromkeys(runs, float("inf"))
    for _ in range(rounds):
        for name, run in runs.items():
            with run.around():
                run.warm_up()
                start = clock()
                run.call()
                least[name] = min(least[name], clock() - start)
    return least


class Row(NamedTuple):
    """A line of the speed table."""

    what: str
    wanted: str
    measured: str
    reached: bool


class Table:
    """The rows in the order in which they are measured, and the figures behind them."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.notes: list[str] = []
        self.figures: dict[str, Times] = {}  # of a group, by reader: seconds an event
        self.sizes: dict[str, dict[str, float]] = {}  # of a group, by reader: bytes

    def row(self, what: str, wanted: str, measured: str, reached: bool) -> None:
        self.rows.append(Row(what, wanted, measured, reached))
        print(f"{what:74} {wanted:>12} {measured:>13}  {'reached' if reached else 'MISSED'}", flush=True)

    def measure(self, group: Group, lab: Lab) -> Times:
        """Measure a group: a row for each target, and the figures."""
        try:
            runs = group.build(lab, group.size)
        except ImportError as error:
            for target in group.targets:
                self.row(target.what, target.wanted, "not measured", False)
            self.notes.append(f"{group.name}: not measured: {error}")
            return {}
        for _ in range(group.attempts):
            times = race(runs, group.rounds, group.clock)
            if all(target.is_reached(times) for target in group.targets):
                break
        for target in group.targets:
            self.row(target.what, target.wanted, f"{target.measured(times):.2f}x", target.is_reached(times))
        self.figures[group.name] = {name: time / (group.events or group.size) for name, time in times.items()}
        print(f"  {group.name}: {listed(self.figures[group.name], in_words)}")
        return times


def listed(figures: Times, words: Callable[[float], str]) -> str:
    return ", ".join(f"{name} {words(figure)}" for name, figure in figures.items())


def in_words(seconds: float) -> str:
    """Return a time in the unit that suits it."""
    unit, size = next((one for one in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)) if seconds >= one[1]), ("ns", 1e-9))
    return f"{seconds / size:.3g} {unit}"


def in_bytes(size: float) -> str:
    """Return a size in the unit that suits it."""
    unit, one = next((one for one in (("MiB", 2**20), ("KiB", 2**10)) if size >= one[1]), ("bytes", 1))
    return f"{size:.0f} bytes" if one == 1 else f"{size / one:.3g} {unit}"
