"""Wrong sources: the call refuses them, and the error says what to do instead."""

from __future__ import annotations

import asyncio
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import trio

from .cases import ONE
from .clients import AsyncClient, Client, async_clients, sync_clients

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from .server import Server


async def async_generator() -> AsyncIterator[bytes]:
    yield ONE


class AsyncIterable:
    def __aiter__(self) -> AsyncIterator[bytes]:
        return async_generator()


@pytest.mark.parametrize("name", ["iter_events", "aiter_events"])
@pytest.mark.parametrize(
    ("source", "match"),
    [
        ("data: 1\n\n", r"reads bytes, not str: .*open\(path, 'rb'\)"),
        ("stream.sse", r"reads bytes, not str: .*open\(path, 'rb'\)"),
        (Path("stream.sse"), r"reads bytes, not a path: pass open\(path, 'rb'\)"),
        (trio.Path("stream.sse"), r"reads bytes, not a path: pass open\(path, 'rb'\)"),
        (io.StringIO("data: 1\n\n"), r"reads bytes, not text: open the file with mode 'rb'"),
        (5, "reads .* iterable of bytes, or bytes, not int"),
        (None, "reads .* iterable of bytes, or bytes, not NoneType"),
        (object(), "reads .* iterable of bytes, or bytes, not object"),
        (async_generator, "reads .* iterable of bytes, or bytes, not function"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_wrong_types_are_refused(package: Any, name: str, source: Any, match: str) -> None:
    with pytest.raises(TypeError, match=rf"^{name}\(\) {match}"):
        getattr(package, name)(source)


@pytest.mark.parametrize("name", ["iter_events", "aiter_events"])
def test_text_file_is_refused(package: Any, tmp_path: Path, name: str) -> None:
    path = tmp_path / "stream"
    path.write_bytes(ONE)
    with path.open() as file, pytest.raises(TypeError, match=r"not text: .*'rb'"):
        getattr(package, name)(file)


@pytest.mark.parametrize("make", [async_generator, AsyncIterable], ids=lambda make: make.__name__)
def test_iter_events_refuses_async_sources(package: Any, make: Callable[[], Any]) -> None:
    with pytest.raises(TypeError, match=r"this \w+ is not: call aiter_events\(\)"):
        package.iter_events(make())


def test_iter_events_refuses_a_stream_reader(package: Any) -> None:
    async def main() -> None:
        with pytest.raises(TypeError, match=r"this StreamReader is not: call aiter_events\(\)"):
            package.iter_events(asyncio.StreamReader())

    asyncio.run(main())


@pytest.mark.parametrize(
    "make",
    [lambda: [ONE], lambda: iter([ONE]), lambda: (ONE for _ in range(2)), lambda: io.BytesIO(ONE)],
    ids=["list", "iterator", "generator", "file"],
)
def test_aiter_events_refuses_sync_sources(package: Any, make: Callable[[], Any]) -> None:
    with pytest.raises(TypeError, match=r"^aiter_events\(\) reads asynchronous .*: call iter_events\(\)$"):
        package.aiter_events(make())


@pytest.mark.parametrize("buffering", [-1, 0])
def test_aiter_events_refuses_a_file(package: Any, tmp_path: Path, buffering: int) -> None:
    path = tmp_path / "stream"
    path.write_bytes(ONE)
    with path.open("rb", buffering=buffering) as file, pytest.raises(TypeError, match=r": call iter_events\(\)$"):
        package.aiter_events(file)


@async_clients
def test_iter_events_refuses_async_responses(package: Any, server: Server, client: AsyncClient) -> None:
    exchange = server.offers(ONE)

    async def main() -> None:
        async with client.opens(exchange.url) as response:
            for source in (response, client.unchecked(response)):
                with pytest.raises(TypeError, match=r"this \w+ is not: call aiter_events\(\)$"):
                    package.iter_events(source)
            async with package.aiter_events(response) as stream:
                assert len([event async for event in stream]) == 1

    client.run(main)


@sync_clients
def test_aiter_events_refuses_sync_responses(package: Any, server: Server, client: Client) -> None:
    exchange = server.offers(ONE)
    with client.opens(exchange.url) as response:
        for source in (response, client.unchecked(response)):
            with pytest.raises(TypeError, match=r"this \w+ is not: call iter_events\(\)$"):
                package.aiter_events(source)
        with package.iter_events(response) as stream:
            assert len(list(stream)) == 1


def test_streams_cannot_be_mixed_up(package: Any) -> None:
    async def main() -> None:
        async with package.aiter_events(ONE) as stream:
            with pytest.raises(TypeError, match=re.escape("call aiter_events()")):
                package.iter_events(stream)

    asyncio.run(main())
    with package.iter_events(ONE) as stream, pytest.raises(TypeError, match=re.escape("call iter_events()")):
        package.aiter_events(stream)
