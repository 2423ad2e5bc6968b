"""A numbered stream over connections that are cut anywhere: every event comes once, in order."""

from __future__ import annotations

import random
import socket
import struct
import threading
from typing import TYPE_CHECKING, Any

import pytest

from .clients import ASYNC_KINDS, SYNC_KINDS, ClientKind, httpx_leaves_generators
from .server import WAIT_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\nTransfer-Encoding: chunked\r\n\r\n"
NO_MORE = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
MAX_AT_ONCE = 6  # events on a connection that is cut


class CuttingServer:
    """A server that sends the events after Last-Event-ID, and cuts the first connections at random places.

    `asked`: the Last-Event-ID of each request. `arrived`: for each connection but the last, the number of the last
    event that was sent whole, or None if a reset may have destroyed it on the way.
    """

    def __init__(self, seed: int, cuts: int) -> None:
        self.random = random.Random(seed)
        self.cuts = cuts
        self.count = 3 * cuts  # enough events for all cuts
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
        ends: list[int] = []  # for each byte of the body, the offset in `sent` after it
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
    """Return how many events are complete after `body` bytes. The CR of a final CRLF completes one."""
    count = 0
    for event in events:
        body -= len(event)
        count += body >= 0 or (body == -1 and event.endswith(b"\r\n"))
    return count


def check_every_event_arrives_once(package: Any, kind: ClientKind, cuts: int, seed: int) -> None:
    with CuttingServer(seed, cuts) as server:
        result = kind.read(package, server.url, at_most=10**9, max_reconnects=None, retry=0)
        assert result.error is None
    assert [int(event.id) for event in result.events] == list(range(1, server.count + 1))
    assert all(event.event == "numbered" and event.id in event.data.split("\n") for event in result.events)
    # Each connection asked for exactly the events that had not arrived.
    assert len(server.arrived) == cuts + 1
    for asked, arrived in zip(server.asked[1:], server.arrived, strict=True):
        assert arrived in (None, asked)


THOUSAND = [SYNC_KINDS[0], ASYNC_KINDS[0]]


@httpx_leaves_generators
@pytest.mark.parametrize("kind", THOUSAND, ids=str)
def test_thousand_cuts_lose_and_repeat_nothing(package: Any, kind: ClientKind) -> None:
    check_every_event_arrives_once(package, kind, 1000, seed=20240607)


@httpx_leaves_generators
@pytest.mark.parametrize("kind", [kind for kind in (*SYNC_KINDS, *ASYNC_KINDS) if kind not in THOUSAND], ids=str)
def test_hundred_cuts_lose_and_repeat_nothing(package: Any, kind: ClientKind) -> None:
    check_every_event_arrives_once(package, kind, 100, seed=7)
