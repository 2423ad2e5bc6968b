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
    "ASYNC_KINDS",
    "SYNC_KINDS",
    "ClientKind",
    "ReadResult",
    "connect_or_event_source",
    "every_async_client",
    "every_client",
    "every_sync_client",
    "httpx_leaves_generators",
    "pause",
    "run_in",
]

# The client's timeout is longer than the server's, so that the server reports a hang. verify=False: nothing here is
# encrypted, and loading certificates would take longer than the rest of a test.
SETTINGS: dict[str, Any] = {"timeout": TIMEOUT, "trust_env": False, "verify": False}
MAX_EVENTS = 100  # stops a source that never ends


@dataclass
class ReadResult:
    """The events that an EventSource returned, and how it ended."""

    events: list[Any] = field(default_factory=list)
    error: Exception | None = None
    outcome: str | None = None  # after the end
    waits: list[float] = field(default_factory=list)  # the arguments of `sleep`, in seconds
    # The arguments of `on_reconnect`: attempt, delay, the name of the error's type.
    reconnects: list[tuple[int, int, Any]] = field(default_factory=list)

    @property
    def data(self) -> list[str]:
        return [event.data for event in self.events]


@dataclass(frozen=True)
class ClientKind:
    """A library, and its mode: "sync", "asyncio" or "trio"."""

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
        self, package: Any, url: str, at_most: int = MAX_EVENTS, settings: dict[str, Any] | None = None, **options: Any
    ) -> ReadResult:
        """Read an EventSource until it ends, raises, or has returned `at_most` events. Waits take no time."""
        result = ReadResult()
        callbacks = {
            "sleep": result.waits.append,
            "random": lambda: 0.5,
            "on_reconnect": lambda attempt, delay, error: result.reconnects.append(
                (attempt, delay, None if error is None else type(error).__name__)
            ),
        }
        if self.is_async:
            run_in(self.loop, lambda: self._aread(result, package, url, at_most, settings or {}, callbacks | options))
            return result
        with self.client(**settings or {}) as client:
            with package.EventSource(client, url, **callbacks | options) as source:
                assert source.outcome is None
                try:
                    while len(result.events) < at_most and (event := next(source, None)) is not None:
                        result.events.append(event)
                except Exception as error:
                    result.error = error
                    assert next(source, "the end") == "the end"
            result.outcome = source.outcome
            assert not client.is_closed
        return result

    async def _aread(
        self,
        result: ReadResult,
        package: Any,
        url: str,
        at_most: int,
        settings: dict[str, Any],
        options: dict[str, Any],
    ) -> None:
        async with self.async_client(**settings) as client:
            async with package.AsyncEventSource(client, url, **options) as source:
                assert source.outcome is None
                try:
                    while len(result.events) < at_most and (event := await anext(source, None)) is not None:
                        result.events.append(event)
                except Exception as error:
                    result.error = error
                    assert await anext(source, "the end") == "the end"
            result.outcome = source.outcome
            assert not client.is_closed

    def connect(
        self,
        package: Any,
        url: str,
        method: str = "GET",
        at_most: int = MAX_EVENTS,
        settings: dict[str, Any] | None = None,
        **options: Any,
    ) -> list[Any]:
        """Return the events of connect() or aconnect(), up to `at_most`."""
        events: list[Any] = []

        async def main() -> None:
            async with self.async_client(**settings or {}) as client:
                async with package.aconnect(client, method, url, **options) as stream:
                    while len(events) < at_most and (event := await anext(stream, None)) is not None:
                        events.append(event)

        if self.is_async:
            run_in(self.loop, main)
        else:
            with self.client(**settings or {}) as client, package.connect(client, method, url, **options) as stream:
                while len(events) < at_most and (event := next(stream, None)) is not None:
                    events.append(event)
        return events

    async def in_thread(self, blocking: Any) -> Any:
        """Run a blocking function in a thread, while the event loop goes on."""
        if self.loop == "trio":
            return await trio.to_thread.run_sync(blocking)
        return await asyncio.to_thread(blocking)


SYNC_KINDS = tuple(ClientKind(library, "sync") for library in (httpx, httpx2))
ASYNC_KINDS = tuple(ClientKind(library, loop) for library in (httpx, httpx2) for loop in ("asyncio", "trio"))


def _parametrized(*kinds: ClientKind) -> pytest.MarkDecorator:
    marks = [pytest.param(kind, id=str(kind), marks=httpx_leaves_generators if kind.is_async else ()) for kind in kinds]
    return pytest.mark.parametrize("kind", marks)


every_client = _parametrized(*SYNC_KINDS, *ASYNC_KINDS)
every_sync_client = _parametrized(*SYNC_KINDS)
every_async_client = _parametrized(*ASYNC_KINDS)
connect_or_event_source = pytest.mark.parametrize("how", ["connect", "EventSource"])
