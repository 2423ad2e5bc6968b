"""The ASGI application of a replay: it sends the answers of `playback.py` at their times, with their faults."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import sys
from collections import deque
from typing import TYPE_CHECKING, Any

try:
    from starlette.applications import Starlette
    from starlette.requests import ClientDisconnect, Request
    from starlette.responses import PlainTextResponse
    from starlette.routing import Mount
except ModuleNotFoundError as _error:
    raise ImportError(
        "a replay needs the package starlette, which is not installed: pip install 'ssescan[replay]'",
        name=_error.name,
    ) from _error

from .playback import FAULTS_HEADER, Answer, PlayedTape, ReplayOptions, check_body
from .redaction import Redaction
from .tapes import RecordedRequest, Tape

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

ACKNOWLEDGE_TIMEOUT = 2.0  # seconds
WITHOUT_NUMBER = 0.1  # seconds; on the loopback, everything has arrived after a fraction of it
TIMER_STEP = 0.001  # seconds, of epoll
MAX_REQUESTS = 1_000  # that are kept
TRANSPORT = "ssescan.transport"
"""The key of a scope with the connection's asyncio.Transport, which `server.py` sets."""
ARRIVED = "ssescan.arrived"
"""The key of a scope with the time of the event loop when the first bytes of the request came; likewise."""


def replay_app(
    *tapes: Tape | str | os.PathLike[str], speed: float = 0, chunk: int | str | None = None, cut_at: int | None = None,
    stall_at: int | None = None, reset_at: int | None = None, status: int | None = None,
) -> Starlette:  # fmt: skip
    """Return the ASGI application of `replay_server`, for a server of your own. Arguments and errors as there.

    Other servers close the connection for a fault: only `replay_server` has what `reset_at` needs.
    """
    options = ReplayOptions(speed, chunk, cut_at, stall_at, reset_at, status)
    player = Player(tapes, options)
    app = Starlette(routes=[Mount("/", app=player)])
    app.state.requests = player.requests
    return app


class Player:
    """The endpoint for all paths: it answers one request after the other with the tapes; the last one repeats."""

    def __init__(self, tapes: tuple[Tape | str | os.PathLike[str], ...], options: ReplayOptions) -> None:
        if not tapes:
            raise TypeError("expected at least one tape to replay: a Tape, or the path of one")
        opened = [tape if isinstance(tape, Tape) else Tape.open(tape) for tape in tapes]
        self._tapes = [PlayedTape(tape) for tape in opened]
        self._options = options
        self._answered = 0
        self.requests: deque[RecordedRequest] = deque(maxlen=MAX_REQUESTS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        arrived: float = scope.get(ARRIVED) or asyncio.get_running_loop().time()
        request = Request(scope, receive)
        try:
            body = await request.body()
        except ClientDisconnect:
            return
        try:
            options = self._options.changed_by("; ".join(request.headers.getlist(FAULTS_HEADER)))
            check_body(request.url.path, body)
        except (TypeError, ValueError) as error:
            await PlainTextResponse(f"{error}\n", 400)(scope, receive, send)
            return
        self.requests.append(_recorded(request, body))
        played = self._tapes[min(self._answered, len(self._tapes) - 1)]
        self._answered += 1
        answer = played.answer(request.url.path, body, options)
        await _play(answer, arrived, options.speed, scope, receive, send)


def _recorded(request: Request, body: bytes) -> RecordedRequest:
    redaction = Redaction()
    return RecordedRequest(
        method=request.method,
        url=redaction.url(str(request.url)),
        headers=redaction.headers(request.headers.items()),
        body=redaction.body(body, request.headers.get("content-type", "")),
    )


async def _play(answer: Answer, arrived: float, speed: float, scope: Scope, receive: Receive, send: Send) -> None:
    loop = asyncio.get_running_loop()
    gone = asyncio.ensure_future(_until_gone(receive))
    try:
        headers = [(name.encode(), _header_bytes(value)) for name, value in answer.headers.items()]

        async def wait_until(time_ns: int | None) -> None:
            # Event loops wake up to one step late: half a step early is nearest.
            due = arrived + (time_ns or 0) / 1e9 / speed - TIMER_STEP / 2 if speed else 0.0
            if (seconds := due - loop.time()) > 0:
                await asyncio.wait([gone], timeout=seconds)
            else:
                await asyncio.sleep(0)  # let the other connections run

        await wait_until(answer.began_ns)
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        for chunk in answer.chunks:
            await wait_until(chunk.time_ns)
            if gone.done():
                return
            await send(_body(chunk.data))
        if answer.end == "end":
            await send(_body(b"", more=False))
            return
        await send(_body(b""))  # returns when all of it has left
        if answer.end != "stall":
            await _drop(scope, reset=answer.end == "reset")
        await gone
    finally:
        gone.cancel()


def _header_bytes(value: str) -> bytes:
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:  # clients decode UTF-8 where a server sends it
        return value.encode("utf-8", "replace")


def _body(data: bytes, *, more: bool = True) -> Message:
    return {"type": "http.response.body", "body": data, "more_body": more}


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _drop(scope: Scope, *, reset: bool) -> None:
    """Close the connection within the body; with `reset`, so that the client gets a TCP RST."""
    transport: Any = scope.get(TRANSPORT)
    if transport is None:
        raise ConnectionAbortedError("the replay ends here; a server closes the connection after an error")
    if not reset:
        transport.close()
        return
    connection = transport.get_extra_info("socket")
    await _acknowledged(connection)
    # Without lingering, closing a socket sends RST.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("hh" if os.name == "nt" else "ii", 1, 0))
    transport.abort()


async def _acknowledged(connection: Any) -> None:
    """Wait until the client's system has all that was sent: a reset drops the rest."""
    deadline = asyncio.get_running_loop().time() + ACKNOWLEDGE_TIMEOUT
    try:
        from fcntl import ioctl
        from termios import TIOCOUTQ

        # The number of bytes that are not acknowledged yet: tcp(7).
        while int.from_bytes(ioctl(connection.fileno(), TIOCOUTQ, bytes(4)), sys.byteorder):
            if asyncio.get_running_loop().time() > deadline:
                return
            await asyncio.sleep(0.001)
    except (ImportError, OSError):  # other systems do not tell
        await asyncio.sleep(WITHOUT_NUMBER)
