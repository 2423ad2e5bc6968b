"""The HTTP clients that streams are read with: how each opens a response, and what it raises when a connection breaks."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp
import httpx
import httpx2
import requests
import trio
import urllib3

from .server import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from contextlib import AbstractAsyncContextManager, AbstractContextManager

# Clients give up later than the server does: whoever is kept waiting, it is the server that says so.
TIMEOUT = 1.5 * PATIENCE


@dataclass(frozen=True)
class Client:
    """A client that blocks. `opens(url)` gives the response, not read yet, and closes the client in the end."""

    name: str
    opens: Callable[[str], AbstractContextManager[Any]]
    broken: type[Exception]  # what it raises for a connection that breaks within a chunked body

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class AsyncClient:
    """A client that does not block, and the event loop it runs under."""

    name: str
    loop: str
    opens: Callable[[str], AbstractAsyncContextManager[Any]]
    broken: type[Exception]

    def __str__(self) -> str:
        return f"{self.name}-{self.loop}"

    def run(self, main: Callable[[], Awaitable[Any]]) -> None:
        """Run a coroutine function in the event loop."""
        run_in(self.loop, main)


@contextmanager
def _httpx(url: str) -> Iterator[Any]:
    with (
        httpx.Client(timeout=TIMEOUT, trust_env=False, verify=False) as client,  # noqa: S501
        client.stream("GET", url) as response,
    ):
        yield response


@contextmanager
def _httpx2(url: str) -> Iterator[Any]:
    with (
        httpx2.Client(timeout=TIMEOUT, trust_env=False, verify=False) as client,  # noqa: S501
        client.stream("GET", url) as response,
    ):
        yield response


@contextmanager
def _requests(url: str) -> Iterator[Any]:
    with requests.Session() as session:
        session.trust_env = False
        with session.get(url, stream=True, timeout=TIMEOUT) as response:
            yield response


@contextmanager
def _urllib3(url: str) -> Iterator[Any]:
    with urllib3.PoolManager() as pool:
        response = pool.request("GET", url, preload_content=False, timeout=TIMEOUT, retries=False)
        try:
            yield response
        finally:
            response.close()


@asynccontextmanager
async def _async_httpx(url: str) -> AsyncIterator[Any]:
    async with (
        httpx.AsyncClient(timeout=TIMEOUT, trust_env=False, verify=False) as client,  # noqa: S501
        client.stream("GET", url) as response,
    ):
        yield response


@asynccontextmanager
async def _async_httpx2(url: str) -> AsyncIterator[Any]:
    async with (
        httpx2.AsyncClient(timeout=TIMEOUT, trust_env=False, verify=False) as client,  # noqa: S501
        client.stream("GET", url) as response,
    ):
        yield response


@asynccontextmanager
async def _aiohttp(url: str) -> AsyncIterator[Any]:
    timeout = aiohttp.ClientTimeout(total=TIMEOUT)
    async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url) as response:
        yield response


CLIENTS = (
    Client("httpx", _httpx, httpx.TransportError),
    Client("httpx2", _httpx2, httpx2.TransportError),
    Client("requests", _requests, requests.RequestException),
    Client("urllib3", _urllib3, urllib3.exceptions.HTTPError),
)
ASYNC_CLIENTS = (
    AsyncClient("httpx", "asyncio", _async_httpx, httpx.TransportError),
    AsyncClient("httpx", "trio", _async_httpx, httpx.TransportError),
    AsyncClient("httpx2", "asyncio", _async_httpx2, httpx2.TransportError),
    AsyncClient("httpx2", "trio", _async_httpx2, httpx2.TransportError),
    AsyncClient("aiohttp", "asyncio", _aiohttp, aiohttp.ClientError),
)
LOOPS = ("asyncio", "trio")


def run_in(loop: str, main: Callable[[], Awaitable[Any]]) -> None:
    """Run a coroutine function under asyncio or trio."""

    async def bounded_asyncio() -> None:
        async with asyncio.timeout(3 * PATIENCE):
            await main()

    async def bounded_trio() -> None:
        with trio.fail_after(3 * PATIENCE):
            await main()

    if loop == "trio":
        trio.run(bounded_trio)
    else:
        asyncio.run(bounded_asyncio())


async def in_thread(loop: str, blocking: Callable[[], Any]) -> Any:
    """Wait for something that blocks, while the event loop goes on."""
    if loop == "trio":
        return await trio.to_thread.run_sync(blocking)
    return await asyncio.to_thread(blocking)
