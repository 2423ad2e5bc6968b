"""A stream that is opened twice at the same time: the source is opened once, and the second caller gets an error."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .server import Server

ONE = b"id: 1\ndata: 1\n\n"
AGAIN: dict[str, Callable[[Any], Any]] = {"open": lambda stream: stream.open(), "next": next}


class SlowSource:
    """An iterable whose iterator takes its time. `opened`: how many were made."""

    def __init__(self) -> None:
        self.opened = 0
        self.asked, self.released = threading.Event(), threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        self.opened += 1
        self.asked.set()
        self.released.wait()
        return iter([ONE])


@pytest.mark.parametrize("again", AGAIN.values(), ids=AGAIN)
def test_two_threads_open_at_once(package: Any, again: Callable[[Any], Any]) -> None:
    source = SlowSource()
    stream = package.iter_events(source)
    thread = threading.Thread(target=stream.open)
    thread.start()
    source.asked.wait()
    with pytest.raises(ValueError, match="already"):
        again(stream)
    source.released.set()
    thread.join()
    assert [event.data for event in stream] == ["1"]
    assert (source.opened, stream.outcome) == (1, "ended")


@pytest.mark.parametrize("again", ["open", "__anext__"])
def test_two_tasks_open_at_once(package: Any, server: Server, again: str) -> None:
    exchange = server.offers(ONE)

    async def main() -> None:
        async with httpx.AsyncClient() as client:
            stream = package.aconnect(client, "GET", exchange.url)
            first = asyncio.ensure_future(stream.open())
            await asyncio.sleep(0)
            with pytest.raises(ValueError, match="already"):
                await getattr(stream, again)()
            await first
            assert [event.data async for event in stream] == ["1"]
            assert stream.outcome == "ended"

    asyncio.run(main())
