"""A server of tapes on the loopback, in a thread of its own, or in the foreground for the command line."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

try:
    import uvicorn
    from uvicorn.protocols.http.h11_impl import H11Protocol
except ModuleNotFoundError as _error:
    raise ImportError(
        "a replay needs the package uvicorn, which is not installed: pip install 'ssescan[replay]'", name=_error.name
    ) from _error

from .asgi import ARRIVED, TRANSPORT, replay_app

if TYPE_CHECKING:
    import os
    from collections import deque
    from typing import Self

    from starlette.types import ASGIApp, Receive, Scope, Send

    from .tapes import RecordedRequest, Tape

BACKLOG = 2048  # connections that wait to be accepted
TICK = 0.1  # seconds between two looks at whether a signal came


def replay_server(
    *tapes: Tape | str | os.PathLike[str], speed: float = 0, chunk: int | str | None = None, cut_at: int | None = None,
    stall_at: int | None = None, reset_at: int | None = None, status: int | None = None, host: str = "127.0.0.1",
    port: int = 0,
) -> ReplayServer:  # fmt: skip
    """Return a server of tapes, a context manager with the attribute `url`.

    It answers `/v1/chat/completions`, `/v1/responses`, `/v1/messages` and `/v1beta/models/*:streamGenerateContent` in
    the format of that API, whatever the format of the tape; one that is in this format already keeps its bytes and its
    chunks. A request that asks for no stream gets the whole answer. Any other path gets the tape as it is.

    `tapes`: each a Tape, or the path of one; they answer one request after the other, and the last one repeats.
    `speed`: 0, without pauses; 1, at the recorded times; 2, twice as fast. `chunk`: a number of bytes, "event", or
    "random:SEED", in place of the recorded chunks. `cut_at`, `stall_at`, `reset_at`: after so many bytes of the body,
    close the connection, send nothing until the client goes, or abort the connection (TCP RST); a place after the end
    changes nothing. `status`: of the response; from 400 on, the answer is an error of the API. A request with the
    header `X-Ssescan-Replay: cut-at=100; speed=1` has its own options. `port`: 0 is a free one.

    ValueError, TypeError for options that are not valid. Errors of Tape.open for tapes. OSError if the port is taken.
    """
    app = replay_app(
        *tapes, speed=speed, chunk=chunk, cut_at=cut_at, stall_at=stall_at, reset_at=reset_at, status=status
    )
    return ReplayServer(app, host, port)


class ReplayServer:
    """A server that runs in a thread until its `with` block ends.

    `url`: without a path and without a slash. `requests`: those that it has answered, each a RecordedRequest, without
    secrets; the last 1,000.
    """

    def __init__(self, app: Any, host: str, port: int) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family, backlog=BACKLOG)
        shown = f"[{host}]" if ":" in host else host
        self.url: str = f"http://{shown}:{self._socket.getsockname()[1]}"
        self.requests: deque[RecordedRequest] = app.state.requests
        self._server = _Server(app)
        self._thread = threading.Thread(target=self.run, name="replay", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def run(self) -> None:
        """Serve in this thread; in the main thread, until Ctrl-C, which is raised when the server has closed."""
        self._server.run(sockets=[self._socket])

    def close(self) -> None:
        """Stop the server and abort its connections. A second close does nothing."""
        self._server.stop()
        if self._thread.is_alive():
            self._thread.join()
        self._socket.close()


class _Server(uvicorn.Server):
    """uvicorn's server, which ends at once: it waits for no answer that stalls."""

    def __init__(self, app: Any) -> None:
        super().__init__(
            uvicorn.Config(
                app, http=_Protocol, ws="none", loop="asyncio", lifespan="off", log_config=None, access_log=False,
                backlog=BACKLOG, server_header=False, timeout_graceful_shutdown=5,
            )
        )  # fmt: skip
        self._wake: Any = None

    def stop(self) -> None:
        """Let the server end, from any thread."""
        self.should_exit = True
        if self._wake is not None:
            self._wake()

    async def main_loop(self) -> None:
        woken, loop = asyncio.Event(), asyncio.get_running_loop()

        def wake() -> None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(woken.set)

        self._wake = wake
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), TICK)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        while self.server_state.tasks:
            await asyncio.wait(list(self.server_state.tasks))
        for listener in sockets or ():
            listener.close()


class _Protocol(H11Protocol):
    """uvicorn's protocol; the application also gets the transport, and waits until each chunk has left."""

    arrived = 0.0  # when the present request began to come: the event loop's time

    def data_received(self, data: bytes) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.arrived = self.loop.time()
        super().data_received(data)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=0)
        app: Any = self.app

        async def with_transport(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, TRANSPORT: transport, ARRIVED: self.arrived}, receive, send)

        inner: ASGIApp = with_transport
        self.app = inner
