"""The ways to read: httpx and httpx2, blocking, under asyncio and under trio; each runs the same EventSource."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import httpx2
import pytest
import trio
from streams.clients import TIMEOUT, httpx_leaves_generators, pause, run_in

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from types import ModuleType

__all__ = [
    "ASYNC_WAYS",
    "SYNC_WAYS",
    "Told",
    "Way",
    "every_way",
    "every_way_async",
    "every_way_sync",
    "httpx_leaves_generators",
    "pause",
    "run_in",
]

# A client gives up later than the server does: whoever is kept waiting, it is the server that says so. verify=False:
# nothing here is encrypted, and to load certificates would take longer than the rest of a test.
SETTINGS: dict[str, Any] = {"timeout": TIMEOUT, "trust_env": False, "verify": False}
ENOUGH = 100  # events, after which a source is taken to go on for ever


@dataclass
class Told:
    """What came of reading an EventSource to its end."""

    events: list[Any] = field(default_factory=list)
    error: Exception | None = None
    outcome: str | None = None  # while it is open, None has to be; here, how it ended
    waits: list[float] = field(default_factory=list)  # seconds, as `sleep` was called
    reconnects: list[tuple[int, int, Any]] = field(default_factory=list)  # as `on_reconnect` was called, type of error

    @property
    def data(self) -> list[str]:
        return [event.data for event in self.events]


@dataclass(frozen=True)
class Way:
    """A library, and how it is run: "sync", "asyncio" or "trio"."""

    library: ModuleType
    loop: str

    def __str__(self) -> str:
        return f"{self.library.__name__}-{self.loop}"

    @property
    def is_async(self) -> bool:
        return self.loop != "sync"

    @contextmanager
    def client(self, **settings: Any) -> Iterator[Any]:
        with self.library.Client(**SETTINGS | settings) as client:
            yield client

    @asynccontextmanager
    async def async_client(self, **settings: Any) -> AsyncIterator[Any]:
        async with self.library.AsyncClient(**SETTINGS | settings) as client:
            yield client

    def read(
        self, package: Any, url: str, at_most: int = ENOUGH, settings: dict[str, Any] | None = None, **options: Any
    ) -> Told:
        """Read an EventSource until it ends, raises, or has given so many events. No wait takes any time."""
        told = Told()
        noted = {
            "sleep": told.waits.append,
            "random": lambda: 0.5,
            "on_reconnect": lambda attempt, delay, error: told.reconnects.append(
                (attempt, delay, None if error is None else type(error).__name__)
            ),
        }
        if self.is_async:
            run_in(self.loop, lambda: self._aread(told, package, url, at_most, settings or {}, noted | options))
            return told
        with self.client(**settings or {}) as client:
            with package.EventSource(client, url, **noted | options) as source:
                assert source.outcome is None
                try:
                    while len(told.events) < at_most and (event := next(source, None)) is not None:
                        told.events.append(event)
                except Exception as error:
                    told.error = error
                    assert next(source, "the end") == "the end"
            told.outcome = source.outcome
            assert not client.is_closed
        return told

    async def _aread(
        self, told: Told, package: Any, url: str, at_most: int, settings: dict[str, Any], options: dict[str, Any]
    ) -> None:
        async with self.async_client(**settings) as client:
            async with package.AsyncEventSource(client, url, **options) as source:
                assert source.outcome is None
                try:
                    while len(told.events) < at_most and (event := await anext(source, None)) is not None:
                        told.events.append(event)
                except Exception as error:
                    told.error = error
                    assert await anext(source, "the end") == "the end"
            told.outcome = source.outcome
            assert not client.is_closed

    async def in_thread(self, blocking: Any) -> Any:
        """Wait for something that blocks, while the event loop goes on."""
        if self.loop == "trio":
            return await trio.to_thread.run_sync(blocking)
        return await asyncio.to_thread(blocking)


SYNC_WAYS = tuple(Way(library, "sync") for library in (httpx, httpx2))
ASYNC_WAYS = tuple(Way(library, loop) for library in (httpx, httpx2) for loop in ("asyncio", "trio"))


def _ways(*ways: Way) -> pytest.MarkDecorator:
    marks = [pytest.param(way, id=str(way), marks=httpx_leaves_generators if way.is_async else ()) for way in ways]
    return pytest.mark.parametrize("way", marks)


every_way = _ways(*SYNC_WAYS, *ASYNC_WAYS)
every_way_sync = _ways(*SYNC_WAYS)
every_way_async = _ways(*ASYNC_WAYS)
