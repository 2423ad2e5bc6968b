"""Streams in two threads: at most one reads, and either may close."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest

from .cases import ONE, TWO, numbered
from .clients import Client, sync_clients
from .server import WAIT_LIMIT, Do

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .server import Server


class Thread:
    """A thread that runs a function, and keeps its result or error."""

    def __init__(self, run: Callable[[], Any]) -> None:
        self.result: Any = None
        self.error: BaseException | None = None
        self._run = run
        self._thread = threading.Thread(target=self._keep, daemon=True)
        self._thread.start()

    def _keep(self) -> None:
        try:
            self.result = self._run()
        except BaseException as error:
            self.error = error

    def ends(self, seconds: float = 2) -> bool:
        """Wait for the end of the thread. Return False if it does not end."""
        self._thread.join(seconds)
        return not self._thread.is_alive()


def test_second_reader_is_refused_and_first_reads_on(package: Any) -> None:
    waits, go_on = threading.Event(), threading.Event()

    def source() -> Iterator[bytes]:
        yield ONE
        waits.set()
        go_on.wait(WAIT_LIMIT)
        yield TWO

    stream = package.iter_events(source())
    first = Thread(lambda: list(stream))
    assert waits.wait(WAIT_LIMIT)
    with pytest.raises(ValueError, match="one reader at a time"):
        next(stream)
    go_on.set()
    assert first.ends()
    assert first.result == [numbered(package, 1), numbered(package, 2)]
    assert stream.outcome is package.Outcome.ENDED


def test_second_reader_is_refused_while_opening(package: Any) -> None:
    waits, go_on = threading.Event(), threading.Event()

    class Source:
        opened = 0

        def __iter__(self) -> Iterator[bytes]:
            self.opened += 1
            waits.set()
            go_on.wait(WAIT_LIMIT)
            return iter([ONE, TWO])

    source = Source()
    stream = package.iter_events(source)
    first = Thread(lambda: list(stream))
    assert waits.wait(WAIT_LIMIT)
    second = Thread(lambda: next(stream))
    try:
        assert second.ends()
        assert isinstance(second.error, ValueError)
    finally:
        go_on.set()
    assert first.ends()
    assert first.result == [numbered(package, 1), numbered(package, 2)]
    assert source.opened == 1


def test_second_async_reader_is_refused(package: Any) -> None:
    async def main() -> None:
        reader = asyncio.StreamReader()
        async with package.aiter_events(reader) as stream:
            first = asyncio.create_task(anext(stream))
            await asyncio.sleep(0)
            with pytest.raises(ValueError, match="one reader at a time"):
                await anext(stream)
            reader.feed_data(ONE)
            assert await first == numbered(package, 1)
            assert stream.outcome is None

    asyncio.run(main())


def test_competing_threads_read_each_event_once(package: Any) -> None:
    count = 2000
    stream = package.iter_events(ONE for _ in range(count))
    seen: list[list[Any]] = [[], [], [], []]

    def read(events: list[Any]) -> None:
        while True:
            try:
                events.append(next(stream))
            except StopIteration:
                return
            except ValueError as error:
                assert "one reader at a time" in str(error)  # noqa: PT017

    threads = [Thread(lambda events=events: read(events)) for events in seen]  # type: ignore[misc]
    for thread in threads:
        assert thread.ends()
        assert thread.error is None
    assert sum(map(len, seen)) == count
    assert stream.outcome is package.Outcome.ENDED


@sync_clients
@pytest.mark.parametrize("framing", ["chunked", "close", "length"])
@pytest.mark.parametrize("started", [True, False], ids=["after an event", "at the first read"])
def test_close_in_another_thread_ends_a_read(
    package: Any, server: Server, client: Client, framing: Any, started: bool
) -> None:
    exchange = server.offers(ONE, Do.HOLD, b"more", framing=framing)
    with client.opens(exchange.url) as response:
        stream = package.iter_events(response)
        waits = threading.Event()

        def read() -> Any:
            if not started:
                waits.set()
            next(stream)
            waits.set()
            return next(stream, "the end")

        reading = Thread(read)
        assert waits.wait(WAIT_LIMIT)
        closing = Thread(stream.close)
        assert closing.ends()
        assert closing.error is None
        assert reading.ends()
        assert reading.result == "the end" or isinstance(reading.error, (StopIteration, client.broken))
        assert stream.outcome is package.Outcome.CLOSED
        assert exchange.is_hung_up()


def test_close_in_another_thread_closes_a_waiting_generator(package: Any) -> None:
    waits, go_on = threading.Event(), threading.Event()

    def source() -> Iterator[bytes]:
        yield ONE
        waits.set()
        go_on.wait(WAIT_LIMIT)
        yield TWO

    chunks: Any = source()
    stream = package.iter_events(chunks)
    reading = Thread(lambda: list(stream))
    assert waits.wait(WAIT_LIMIT)
    stream.close()
    assert stream.outcome is package.Outcome.CLOSED
    go_on.set()
    assert reading.ends()
    assert reading.result == [numbered(package, 1)]
    assert chunks.gi_frame is None
    assert stream.outcome is package.Outcome.CLOSED
