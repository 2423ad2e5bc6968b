"""A server of event streams, in a process of its own: it prints its port, and ends when its standard input does.

/held/STREAM/EVENTS       the first event; the others when somebody asked for /go
/paced/STREAM/EVENTS/MS   an event every MS milliseconds
/broken/STREAM/EVENTS     continues after Last-Event-ID, and breaks off again and again; 204 after the last event
"""

from __future__ import annotations

import asyncio
import re
import socket
import struct
import sys
from random import Random
from typing import TYPE_CHECKING

from .accounts import bytes_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
EMPTY = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"
LARGEST_CHUNK = 300


class Server:
    """The answers to the requests above."""

    def __init__(self) -> None:
        self._go = asyncio.Event()
        self._chance = Random(1)  # for the places of cuts
        self._answers: dict[str, Callable[..., Awaitable[None]]] = {
            "held": self._held, "go": self._let_go, "paced": self._paced, "broken": self._broken,
        }  # fmt: skip

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        try:
            request = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            _, kind, *numbers = request.split(" ", 2)[1].split("/")
            await self._answers[kind](writer, request, *map(int, numbers))
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client closed the connection
        except asyncio.CancelledError:
            pass  # the client ended
        finally:
            writer.close()

    async def _let_go(self, writer: asyncio.StreamWriter, request: str) -> None:
        self._go.set()
        self._go = asyncio.Event()  # of the streams that come later
        writer.write(HEAD + LAST_CHUNK)

    async def _held(self, writer: asyncio.StreamWriter, request: str, stream: int, events: int) -> None:
        writer.write(HEAD)
        self._write(writer, bytes_of(stream, 1))
        await self._go.wait()
        for number in range(2, events + 1):
            self._write(writer, bytes_of(stream, number))
            await writer.drain()
        writer.write(LAST_CHUNK)

    async def _paced(self, writer: asyncio.StreamWriter, request: str, stream: int, events: int, pause: int) -> None:
        writer.write(HEAD)
        for number in range(1, events + 1):
            self._write(writer, bytes_of(stream, number))
            await asyncio.sleep(pause / 1000)
        writer.write(LAST_CHUNK)

    async def _broken(self, writer: asyncio.StreamWriter, request: str, stream: int, events: int) -> None:
        last = re.search(r"^last-event-id: (\d+)\r$", request, re.IGNORECASE | re.MULTILINE)
        first = int(last[1]) + 1 if last else 1
        if first > events:
            writer.write(EMPTY)
            return
        writer.write(HEAD)
        self._write(writer, b"retry: 10\n\n")
        beyond = min(first + self._chance.randrange(1, 20), events + 1)
        for number in range(first, beyond):
            self._write(writer, bytes_of(stream, number))
        await writer.drain()
        way = self._chance.choice(["ended", "cut", "dropped", "reset"])
        if way != "ended":  # else between two events
            part = bytes_of(stream, beyond)
            self._write(writer, part[: self._chance.randrange(1, len(part) - 1)])
        if way in ("ended", "cut"):
            writer.write(LAST_CHUNK)
        if way == "reset":
            await asyncio.sleep(0.02)  # a reset takes what was not read yet with it
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    def _write(self, writer: asyncio.StreamWriter, body: bytes) -> None:
        while body:
            size = self._chance.randrange(1, LARGEST_CHUNK)
            piece, body = body[:size], body[size:]
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))


async def main() -> None:
    """Serve until the standard input ends."""
    server = await asyncio.start_server(Server().answer, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
