"""A server of raw bytes on the loopback, and httpcore and httpcore2 as its clients, which read in chosen sizes.

A client reads exactly as many bytes as the test says, so a response is cut where the test wants it, whenever the bytes
arrive. All else is the real thing: sockets, the pool, h11.
"""

from __future__ import annotations

import re
import socket
import threading
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import anyio
import httpcore
import httpcore2

if TYPE_CHECKING:
    from typing import Self

WAIT_LIMIT = 20.0  # seconds
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
LIBRARIES: dict[str, Any] = {"httpcore": httpcore, "httpcore2": httpcore2}


class RawServer:
    """Answers GET /NUMBER with the bytes of that number, and then closes the connection if they are marked so.

    More may follow the number in the path.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._answers: list[tuple[bytes, bool]] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._connections: list[socket.socket] = []

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *exception: object) -> None:
        for one in (self._listener, *self._connections):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()
        for thread in self._threads:
            thread.join(WAIT_LIMIT)
            assert not thread.is_alive()

    def offers(self, answer: bytes, closes: bool = False) -> str:
        """Return the URL of an answer."""
        self._answers.append((answer, closes))
        host, port = self._listener.getsockname()
        return f"http://{host}:{port}/{len(self._answers) - 1}"

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(WAIT_LIMIT)
        try:
            with connection:
                while request := connection.recv(65536):
                    answer, closes = self._answers[int(request.split()[1].split(b"/")[1])]
                    connection.sendall(answer)
                    if closes:
                        return
        except OSError:
            pass  # the client closed the connection first


class Reads:
    """The sizes of the reads of a connection, bytes, one after the other; then as much as there is."""

    def __init__(self, sizes: list[int]) -> None:
        self._sizes = iter(sizes)

    def next_size(self) -> int:
        """Return the size of the next read; 0 if it does not matter."""
        return next(self._sizes, 0)


class Stream:
    """A network stream that reads in chosen sizes."""

    def __init__(self, stream: Any, reads: Reads) -> None:
        self._stream = stream
        self._reads = reads

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        size = self._reads.next_size()
        if not size:
            data: bytes = self._stream.read(max_bytes, timeout)
            return data
        found = b""
        while len(found) < size and (data := self._stream.read(size - len(found), timeout)):
            found += data
        return found


class AsyncStream(Stream):
    """The same for an asynchronous client."""

    async def read(  # type: ignore[override]
        self,
        max_bytes: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface of httpcore
    ) -> bytes:
        size = self._reads.next_size()
        if not size:
            data: bytes = await self._stream.read(max_bytes, timeout)
            return data
        found = b""
        while len(found) < size and (data := await self._stream.read(size - len(found), timeout)):
            found += data
        return found


class Backend:
    """A network backend whose streams read in chosen sizes."""

    def __init__(self, backend: Any, reads: Reads) -> None:
        self._backend = backend
        self._reads = reads

    def connect_tcp(self, *arguments: Any, **options: Any) -> Stream:
        return Stream(self._backend.connect_tcp(*arguments, **options), self._reads)


class AsyncBackend(Backend):
    """The same for an asynchronous client."""

    async def connect_tcp(self, *arguments: Any, **options: Any) -> Stream:  # type: ignore[override]
        return AsyncStream(await self._backend.connect_tcp(*arguments, **options), self._reads)


def error_of(error: BaseException | None) -> Any:
    """Return what a program can see of an exception and its causes."""
    if error is None:
        return None
    text = re.sub(r"\b(0x)?[0-9a-f]{8,}\b", "ADDRESS", str(error))  # of a task or a scope
    return type(error), text, error_of(error.__cause__), error_of(error.__context__)


def state_of(connection: Any) -> tuple[Any, ...]:
    """Return the state of a connection, as the pool and h11 see it."""
    h11_state = connection._connection._h11_state  # noqa: SLF001 - the private parts are what the tests are about
    unread = h11_state.trailing_data if connection.is_idle() else None  # nobody reads what a closed connection has left
    return (
        repr(connection),
        connection.is_idle(),
        connection.is_closed(),
        connection.is_available(),
        h11_state.states,
        unread,
    )


@dataclass
class Seen:
    """A program's view of a response: the pieces of a body, the exception, the trace, the connections, and the next response."""

    pieces: list[bytes] = field(default_factory=list)
    error: Any = None
    then: Any = None
    trace: list[Any] = field(default_factory=list)
    states: list[Any] = field(default_factory=list)

    def add_trace(self, name: str, info: dict[str, Any]) -> None:
        values = {
            key: error_of(value) if isinstance(value, BaseException) else type(value) for key, value in info.items()
        }
        self.trace.append((name, values))

    async def aadd_trace(self, name: str, info: dict[str, Any]) -> None:
        self.add_trace(name, info)


class Order(NamedTuple):
    """Orders for a client: the sizes of its reads, the pieces after which it closes the response, the body's timeout."""

    sizes: list[int]
    pieces: int | None = None
    timeout: float = WAIT_LIMIT  # seconds
    cancels: bool = False  # instead of closing the response: the scope around it


def read_sync(library: Any, url: str, order: Order, then: str) -> Seen:
    """Read a response as the order says, and then another one with the same pool."""
    seen = Seen()
    backend: Any = Backend(library._backends.sync.SyncBackend(), Reads(order.sizes))  # noqa: SLF001
    with library.ConnectionPool(network_backend=backend) as pool:
        timeout = {"read": WAIT_LIMIT}
        extensions = {"trace": seen.add_trace, "timeout": timeout}
        try:
            with pool.stream("GET", url, extensions=extensions) as response:
                (connection,) = pool.connections
                timeout["read"] = order.timeout
                for piece in response.stream:
                    seen.pieces.append(piece)
                    if len(seen.pieces) == order.pieces:
                        break
        except Exception as error:
            seen.error = error_of(error)
        seen.states = [state_of(connection), len(pool.connections)]
        try:
            seen.then = pool.request("GET", then, extensions={"trace": seen.add_trace}).content
        except Exception as error:
            seen.then = error_of(error)
        seen.states.append([state_of(one) for one in pool.connections])
    return seen


async def aread(library: Any, way: str, url: str, order: Order, then: str) -> Seen:
    """Do the same with an asynchronous client."""
    seen = Seen()
    kind = library.TrioBackend if way == "trio" else library.AnyIOBackend
    backend: Any = AsyncBackend(kind(), Reads(order.sizes))
    async with library.AsyncConnectionPool(network_backend=backend) as pool:
        timeout = {"read": WAIT_LIMIT}
        extensions = {"trace": seen.aadd_trace, "timeout": timeout}
        with anyio.CancelScope() as scope:
            try:
                async with pool.stream("GET", url, extensions=extensions) as response:
                    (connection,) = pool.connections
                    timeout["read"] = order.timeout
                    async with aclosing(aiter(response.stream)) as pieces:
                        async for piece in pieces:
                            seen.pieces.append(piece)
                            if len(seen.pieces) == order.pieces:
                                if not order.cancels:
                                    break
                                scope.cancel()
            except Exception as error:
                seen.error = error_of(error)
        seen.states = [state_of(connection), len(pool.connections), scope.cancelled_caught]
        try:
            seen.then = (await pool.request("GET", then, extensions={"trace": seen.aadd_trace})).content
        except Exception as error:
            seen.then = error_of(error)
        seen.states.append([state_of(one) for one in pool.connections])
    return seen


def read_all(library: str, way: str, orders: list[tuple[str, Order]], then: str) -> list[Seen]:
    """Read responses, each with a client of its own, all of them in one event loop."""
    package = LIBRARIES[library]
    if way == "sync":
        return [read_sync(package, url, order, then) for url, order in orders]

    async def main() -> list[Seen]:
        return [await aread(package, way, url, order, then) for url, order in orders]

    return anyio.run(main, backend=way)
