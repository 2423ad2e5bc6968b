"""The HTTP clients of the tests: how each opens a response, and its error for a broken connection."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import aiohttp
import httpx
import httpx2
import pytest
import requests
import trio
import urllib3

from .server import WAIT_LIMIT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from contextlib import AbstractAsyncContextManager, AbstractContextManager
    from types import ModuleType

# The clients' timeout is longer than the server's, so that the server reports a hang.
TIMEOUT = 1.5 * WAIT_LIMIT
LOOPS = ("asyncio", "trio")


@dataclass(frozen=True)
class Client:
    """A sync HTTP client. `session()` yields a function that returns the unread response for a URL."""

    name: str
    session: Callable[[], AbstractContextManager[Callable[[str], Any]]]
    unchecked: Callable[[Any], Any]  # returns the response's iterable of chunks, which we do not check
    broken: type[Exception]  # the error for a broken connection

    def __str__(self) -> str:
        return self.name

    @contextmanager
    def opens(self, url: str) -> Iterator[Any]:
        """Yield the response, then close it and the client."""
        with self.session() as get:
            response = get(url)
            try:
                yield response
            finally:
                response.close()


@dataclass(frozen=True)
class AsyncClient:
    """An async HTTP client, and the event loop that it runs under."""

    name: str
    loop: str
    session: Callable[[], AbstractAsyncContextManager[Callable[[str], Awaitable[Any]]]]
    unchecked: Callable[[Any], Any]
    broken: type[Exception]

    def __str__(self) -> str:
        return f"{self.name}-{self.loop}"

    @asynccontextmanager
    async def opens(self, url: str) -> AsyncIterator[Any]:
        """Yield the response, then close it and the client."""
        async with self.session() as get:
            response = await get(url)
            try:
                yield response
            finally:
                await close(response)

    def run(self, main: Callable[[], Awaitable[None]]) -> None:
        """Run a coroutine function in the event loop."""
        run_in(self.loop, main)

    async def in_thread(self, blocking: Callable[[], Any]) -> Any:
        """Run a blocking function in a thread, while the event loop goes on."""
        if self.loop == "trio":
            return await trio.to_thread.run_sync(blocking)
        return await asyncio.to_thread(blocking)


async def close(response: Any) -> None:
    """Close an asynchronous response."""
    if hasattr(response, "aclose"):
        await response.aclose()
    else:
        response.close()


# verify=False: nothing here is encrypted, and loading certificates would take longer than the rest of a test.


@contextmanager
def _httpx(library: ModuleType) -> Iterator[Callable[[str], Any]]:
    with library.Client(timeout=TIMEOUT, trust_env=False, verify=False) as client:
        yield lambda url: client.send(client.build_request("GET", url), stream=True)


@asynccontextmanager
async def _async_httpx(library: ModuleType) -> AsyncIterator[Callable[[str], Awaitable[Any]]]:
    async with library.AsyncClient(timeout=TIMEOUT, trust_env=False, verify=False) as client:
        yield lambda url: client.send(client.build_request("GET", url), stream=True)


@contextmanager
def _requests() -> Iterator[Callable[[str], Any]]:
    with requests.Session() as session:
        session.trust_env = False
        yield lambda url: session.get(url, stream=True, timeout=TIMEOUT)


@contextmanager
def _urllib3() -> Iterator[Callable[[str], Any]]:
    with urllib3.PoolManager() as pool:
        yield lambda url: pool.request("GET", url, preload_content=False, timeout=TIMEOUT, retries=False)


@asynccontextmanager
async def _aiohttp() -> AsyncIterator[Callable[[str], Awaitable[Any]]]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT)) as session:
        yield session.get


def _iter_bytes(response: Any) -> Any:
    return response.iter_bytes()


def _aiter_bytes(response: Any) -> Any:
    return response.aiter_bytes()


HTTPX = Client("httpx", partial(_httpx, httpx), _iter_bytes, httpx.TransportError)
CLIENTS = (
    HTTPX,
    Client("httpx2", partial(_httpx, httpx2), _iter_bytes, httpx2.TransportError),
    # We read a response of requests through urllib3, and do not change its exceptions.
    Client("requests", _requests, lambda response: response.iter_content(None), urllib3.exceptions.HTTPError),
    Client("urllib3", _urllib3, lambda response: response.stream(), urllib3.exceptions.HTTPError),
)
ASYNC_CLIENTS = (
    *(
        AsyncClient(library.__name__, loop, partial(_async_httpx, library), _aiter_bytes, library.TransportError)
        for library in (httpx, httpx2)
        for loop in LOOPS
    ),
    AsyncClient("aiohttp", "asyncio", _aiohttp, lambda response: response.content.iter_any(), aiohttp.ClientError),
)

sync_clients = pytest.mark.parametrize("client", CLIENTS, ids=str)
async_clients = pytest.mark.parametrize("client", ASYNC_CLIENTS, ids=str)
loops = pytest.mark.parametrize("loop", LOOPS)
# httpx and httpx2 leave inner async generators to the garbage collector, and trio warns about that.
httpx_leaves_generators = pytest.mark.filterwarnings("ignore:Async generator 'http:ResourceWarning")


def run_in(loop: str, main: Callable[[], Awaitable[None]]) -> None:
    """Run a coroutine function under asyncio or trio."""

    async def in_asyncio() -> None:
        async with asyncio.timeout(3 * WAIT_LIMIT):
            await main()

    async def in_trio() -> None:
        with trio.fail_after(3 * WAIT_LIMIT):
            await main()

    if loop == "trio":
        trio.run(in_trio)
    else:
        asyncio.run(in_asyncio())


async def pause(loop: str, seconds: float = 0) -> None:
    """Sleep. 0 lets the other tasks run once."""
    if loop == "trio":
        await trio.sleep(seconds)
    else:
        await asyncio.sleep(seconds)
