"""An HTTP server on the loopback that plays scripts: which bytes to send, when to wait, how to end.

A script decides on every chunk, and can wait for the test. The server notices when the client closes the connection.
Every wait ends after WAIT_LIMIT seconds, so that a failing test ends too.
"""

from __future__ import annotations

import selectors
import socket
import struct
import threading
import zlib
from enum import Enum, auto
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

WAIT_LIMIT = 20.0  # seconds
PING_PAUSE = 0.01  # seconds between two pings; no test depends on it


class Do(Enum):
    """The steps of a script, besides bytes. Bytes are sent as one chunk."""

    WAIT = auto()  # for the test's Exchange.go()
    PING = auto()  # send comments until the client closes the connection
    DRIP = auto()  # the same, with single bytes of a line that never ends
    HOLD = auto()  # send nothing more, until the client closes the connection
    DROP = auto()  # close the connection (FIN) before the body is complete
    RESET = auto()  # abort the connection (RST)


Step = bytes | Do
Framing = Literal["chunked", "close", "length"]


class _HungUp(Exception):
    """The client closed the connection."""


class _Stopped(Exception):
    """The server must end."""


class Exchange:
    """An answer for requests to `url`, and the signals between the test and the server."""

    def __init__(self, url: str, head: bytes, steps: tuple[Step, ...], framing: Framing, gzip: bool) -> None:
        self.url = url
        self.head = head
        self.steps = steps
        self.framing = framing
        self.gzip = gzip
        self.hung_up = threading.Event()  # the client closed the connection, before or after the end of the body
        self.error: BaseException | None = None  # the server's error while it played this
        self.connections: list[int] = []  # the numbers of the connections on which it was requested
        # Only for a script that waits: a server of a session has more exchanges than a process may have descriptors.
        self.wakers: tuple[socket.socket, ...] = socket.socketpair() if Do.WAIT in steps else ()

    def go(self, times: int = 1) -> None:
        """Let the script continue past its next WAIT."""
        self.wakers[1].sendall(b"." * times)

    def is_hung_up(self) -> bool:
        """Wait until the client has closed the connection. Return False if it does not."""
        return self.hung_up.wait(WAIT_LIMIT)

    def discard(self) -> None:
        for waker in self.wakers:
            waker.close()


class Server:
    """A server of exchanges, each under its own path, until the `with` block ends."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._stop_here, self._stop_there = socket.socketpair()
        self._exchanges: dict[str, Exchange] = {}
        self._threads = [threading.Thread(target=self._accept, name="server")]
        self.accepted = 0

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop_there.close()
        for thread in self._threads:
            thread.join(WAIT_LIMIT)
            assert not thread.is_alive(), f"{thread.name} does not end"
        for exchange in self._exchanges.values():
            exchange.discard()
        self._stop_here.close()
        self._listener.close()

    @property
    def offered(self) -> list[Exchange]:
        """Return all exchanges so far."""
        return list(self._exchanges.values())

    def offers(
        self,
        *steps: Step,
        status: int = 200,
        content_type: str | None = "text/event-stream",
        framing: Framing = "chunked",
        gzip: bool = False,
        headers: tuple[str, ...] = (),
    ) -> Exchange:
        """Offer an answer with this body. Framing "length" is for bodies that are not compressed."""
        head = [f"HTTP/1.1 {status} Whatever", *headers]
        if content_type is not None:
            head.append(f"Content-Type: {content_type}")
        if gzip:
            head.append("Content-Encoding: gzip")
        if framing == "chunked":
            head.append("Transfer-Encoding: chunked")
        elif framing == "length":
            head.append(f"Content-Length: {sum(len(step) for step in steps if isinstance(step, bytes))}")
        else:
            head.append("Connection: close")
        host, port = self._listener.getsockname()
        path = f"/{len(self._exchanges)}"
        url = f"http://{host}:{port}{path}"
        exchange = Exchange(url, "\r\n".join([*head, "", ""]).encode(), steps, framing, gzip)
        self._exchanges[path] = exchange
        return exchange

    def _accept(self) -> None:
        while True:
            try:
                self._wait_for(self._listener, seconds=None)
            except _Stopped:
                return
            connection, _ = self._listener.accept()
            self.accepted += 1
            thread = threading.Thread(target=self._serve, args=(connection, self.accepted), name=f"to {self.accepted}")
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        """Answer the requests of one connection, until either side closes it."""
        exchange = None
        try:
            connection.settimeout(WAIT_LIMIT)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while path := self._request(connection):
                exchange = self._exchanges[path]
                exchange.connections.append(number)
                if not self._play(connection, exchange):
                    break
        except (_HungUp, ConnectionError):
            if exchange is not None:
                exchange.hung_up.set()
        except _Stopped:
            pass
        except BaseException as error:
            if exchange is not None:
                exchange.error = error
        finally:
            connection.close()

    def _request(self, connection: socket.socket) -> str:
        """Read a request without a body, and return its path."""
        head = b""
        while b"\r\n\r\n" not in head:
            self._wait_for(connection)
            received = connection.recv(65536)
            if not received:
                raise _HungUp
            head += received
        return head.split()[1].decode()

    def _play(self, connection: socket.socket, exchange: Exchange) -> bool:
        """Play a script. Return whether the connection can be used again."""
        press = zlib.compressobj(wbits=31) if exchange.gzip else None
        # The head goes out with the first chunk: a client that has the response has that chunk too.
        unsent = exchange.head
        for step in exchange.steps:
            if isinstance(step, bytes):
                if press is not None:
                    step = press.compress(step) + press.flush(zlib.Z_SYNC_FLUSH)  # noqa: PLW2901
                unsent += _framed(step, exchange.framing)
            if unsent:
                connection.sendall(unsent)
                unsent = b""
            if isinstance(step, bytes):
                continue
            if step is Do.WAIT:
                if self._wait_for(connection, exchange.wakers[0]) is connection:
                    raise _HungUp
                exchange.wakers[0].recv(1)
            elif step in (Do.PING, Do.DRIP):
                again = _framed(b": ping\n\n" if step is Do.PING else b"a", exchange.framing)
                for _ in range(int(WAIT_LIMIT / PING_PAUSE)):
                    if self._wait_for(connection, seconds=PING_PAUSE) is connection:
                        raise _HungUp
                    connection.sendall(again)
                raise TimeoutError(f"the client read pings for {WAIT_LIMIT:g} s")
            elif step is Do.HOLD:
                self._wait_for(connection)
                raise _HungUp
            else:
                if step is Do.RESET:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
        if press is not None:
            unsent += _framed(press.flush(), exchange.framing)
        if exchange.framing == "chunked":
            unsent += b"0\r\n\r\n"
        connection.sendall(unsent)
        return exchange.framing != "close"

    def _wait_for(self, *sockets: socket.socket, seconds: float | None = WAIT_LIMIT) -> socket.socket | None:
        """Return the first socket that has bytes or was closed by the other side, or None after `seconds`."""
        with selectors.DefaultSelector() as selector:
            for one in (*sockets, self._stop_here):
                selector.register(one, selectors.EVENT_READ)
            ready = [key.fileobj for key, _ in selector.select(seconds)]
        if self._stop_here in ready:
            raise _Stopped
        if not ready and seconds == WAIT_LIMIT:
            raise TimeoutError(f"nothing came in {WAIT_LIMIT:g} s")
        return next((one for one in sockets if one in ready), None)


def _framed(data: bytes, framing: Framing) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data) if data and framing == "chunked" else data
