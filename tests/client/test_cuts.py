"""A numbered stream over connections that are cut anywhere: every event comes once, in order."""

from __future__ import annotations

import random
import socket
import struct
import threading
from typing import TYPE_CHECKING, Any

import pytest

from .clients import ASYNC_WAYS, SYNC_WAYS, Way, httpx_leaves_generators
from .server import WAIT_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\nTransfer-Encoding: chunked\r\n\r\n"
NO_MORE = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
MAX_AT_ONCE = 6  # events that are offered on a connection that is to be cut


class CuttingServer:
    """Serves events from the one after Last-Event-ID on, and cuts the first connections at places picked by a seed.

    `asked`: the Last-Event-ID of each request. `arrived`: for each connection but the last, the number of the last
    event that was sent whole, or None where a reset may have overtaken it.
    """

    def __init__(self, seed: int, cuts: int) -> None:
        self.random = random.Random(seed)
        self.cuts = cuts
        self.count = 3 * cuts  # as many as will not be exhausted before the cuts are
        self.asked: list[int] = []
        self.arrived: list[int | None] = []
        self.error: BaseException | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(WAIT_LIMIT)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> CuttingServer:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._thread.join(2 * WAIT_LIMIT)
        self._listener.close()
        assert not self._thread.is_alive()
        assert self.error is None

    def _serve(self) -> None:
        try:
            last = 0
            while last < self.count:
                connection, _ = self._listener.accept()
                with connection:
                    connection.settimeout(WAIT_LIMIT)
                    last = self._answer(connection)
        except BaseException as error:
            self.error = error

    def _answer(self, connection: socket.socket) -> int:
        request = b""
        while b"\r\n\r\n" not in request:
            received = connection.recv(65536)
            assert received, "the client hung up in the middle of a request"
            request += received
        ids = [line[15:] for line in request.split(b"\r\n") if line.lower().startswith(b"last-event-id: ")]
        last = int(ids[0]) if ids else 0
        self.asked.append(last)
        if last >= self.count:
            connection.sendall(NO_MORE)
            return last
        cut = len(self.arrived) < self.cuts
        events = [self._event(number) for number in range(last + 1, self.count + 1)[: MAX_AT_ONCE if cut else None]]
        sent = HEAD
        ends: list[int] = []  # where, in what is sent, each byte of the body ends
        for chunk in self._chunks(b"".join(events)):
            frame = b"%x\r\n" % len(chunk)
            ends += range(len(sent) + len(frame) + 1, len(sent) + len(frame) + len(chunk) + 1)
            sent += frame + chunk + b"\r\n"
        if cut:
            sent = sent[: self.random.randrange(len(sent) + 1)]
        else:
            sent += b"0\r\n\r\n"
        body = sum(end <= len(sent) for end in ends)
        connection.sendall(sent)
        reset = cut and self.random.random() < 0.2
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.arrived.append(None if reset else last + _whole(events, body))
        return last

    def _event(self, number: int) -> bytes:
        end = self.random.choice(("\n", "\r\n", "\r"))
        lines = [f"id: {number}", f"data: {number}", "data: \u20ac" * self.random.randrange(2), "event: numbered"]
        self.random.shuffle(lines)
        return "".join(line + end for line in [*filter(None, lines), ""]).encode()

    def _chunks(self, body: bytes) -> Iterator[bytes]:
        at = 0
        while at < len(body):
            size = self.random.choice((1, 5, 17, 60, 1000))
            yield body[at : at + size]
            at += size


def _whole(events: list[bytes], body: int) -> int:
    """Count the events that so many bytes of the body complete. One that ends with CRLF is whole at its last CR."""
    count = 0
    for event in events:
        body -= len(event)
        count += body >= 0 or (body == -1 and event.endswith(b"\r\n"))
    return count


def read_through(package: Any, way: Way, cuts: int, seed: int) -> None:
    with CuttingServer(seed, cuts) as server:
        told = way.read(package, server.url, at_most=10**9, max_reconnects=None, retry=0)
        assert told.error is None
    assert [int(event.id) for event in told.events] == list(range(1, server.count + 1))
    assert all(event.event == "numbered" and event.id in event.data.split("\n") for event in told.events)
    # Not only did all events come in the end: each connection asked for exactly what had not arrived.
    assert len(server.arrived) == cuts + 1
    for asked, arrived in zip(server.asked[1:], server.arrived, strict=True):
        assert arrived in (None, asked)


THOUSAND = [SYNC_WAYS[0], ASYNC_WAYS[0]]


@httpx_leaves_generators
@pytest.mark.parametrize("way", THOUSAND, ids=str)
def test_a_thousand_cuts_lose_nothing_and_give_nothing_twice(package: Any, way: Way) -> None:
    read_through(package, way, 1000, seed=20240607)


@httpx_leaves_generators
@pytest.mark.parametrize("way", [way for way in (*SYNC_WAYS, *ASYNC_WAYS) if way not in THOUSAND], ids=str)
def test_nor_do_a_hundred_however_they_are_read(package: Any, way: Way) -> None:
    read_through(package, way, 100, seed=7)
