"""A server that sends a list of answers under one URL, in order, and keeps the requests.

The answers are scripts of tests/streams/server.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from streams.server import WAIT_LIMIT, Do, Exchange, Server

if TYPE_CHECKING:
    import socket

    from streams.server import Step

__all__ = ["WAIT_LIMIT", "Do", "Endpoint", "EventServer", "Exchange", "Request"]


@dataclass(frozen=True)
class Request:
    """A request that the server received. Header names are in lower case."""

    method: str
    path: str
    headers: dict[str, bytes]
    body: bytes

    @property
    def last_event_id(self) -> bytes | None:
        return self.headers.get("last-event-id")


@dataclass
class Endpoint:
    """A URL, its answers in order (the last one repeats), and the requests that came."""

    url: str
    answers: tuple[Exchange, ...]
    requests: list[Request] = field(default_factory=list)

    @property
    def ids(self) -> list[bytes | None]:
        """The Last-Event-ID of each request."""
        return [request.last_event_id for request in self.requests]


class EventServer(Server):
    """A Server that also has endpoints: URLs with several answers."""

    def __init__(self) -> None:
        super().__init__()
        self._endpoints: dict[str, Endpoint] = {}
        self._count = 0

    def endpoint(self, *answers: Exchange) -> Endpoint:
        """Return a URL that sends these answers, one for each request."""
        self._count += 1
        path = f"/endpoint/{self._count}"
        endpoint = self._endpoints[path] = Endpoint(self.url + path, answers)
        return endpoint

    @property
    def url(self) -> str:
        host, port = self._listener.getsockname()
        return f"http://{host}:{port}"

    def raw(self, *steps: Step) -> Exchange:
        """Offer an answer without a head: the steps send all of it."""
        exchange = self.offers(*steps, framing="close")
        exchange.head = b""
        return exchange

    def repeats(self, *steps: Step) -> Endpoint:
        """Return a URL that sends this stream to every request."""
        return self.endpoint(self.offers(*steps))

    def no_content(self) -> Exchange:
        """Offer a 204, which ends an EventSource."""
        return self.offers(status=204, content_type=None, framing="length")

    def redirects(self, location: str, status: int = 307, *headers: str) -> Exchange:
        """Offer a redirect."""
        headers = (f"Location: {location}", *headers)
        return self.offers(status=status, content_type=None, framing="length", headers=headers)

    def forget(self) -> None:
        """Close the two sockets of each exchange. The exchanges stay: their number makes the next path."""
        for exchange in self.offered:
            exchange.discard()

    def _request(self, connection: socket.socket) -> str:
        """Read a request, keep it, and return the path of the exchange that answers it."""
        head = b""
        while b"\r\n\r\n" not in head:
            head += self._receive(connection)
        head, _, body = head.partition(b"\r\n\r\n")
        line, *lines = head.split(b"\r\n")
        method, path, _ = line.decode().split(" ")
        headers = {}
        for pair in lines:
            name, _, value = pair.partition(b":")
            headers[name.decode().lower()] = value.strip(b" ")
        if headers.get("transfer-encoding") == b"chunked":
            while not body.endswith(b"0\r\n\r\n"):
                body += self._receive(connection)
        while len(body) < int(headers.get("content-length", b"0")):
            body += self._receive(connection)
        endpoint = self._endpoints.get(path.partition("?")[0])
        if endpoint is None:
            return path
        endpoint.requests.append(Request(method, path, headers, body))
        answer = endpoint.answers[min(len(endpoint.requests), len(endpoint.answers)) - 1]
        return answer.url.removeprefix(self.url)

    def _receive(self, connection: socket.socket) -> bytes:
        self._wait_for(connection)
        received = connection.recv(65536)
        if not received:
            raise ConnectionResetError("the client closed the connection in the middle of a request, or before one")
        return received
