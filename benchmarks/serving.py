"""A server of streams, in a process of its own: its CPU is not the client's, which is what is measured.

Knows nothing of who reads. POST /API/COUNT/PACE/... is answered with the events of that workload, one chunk of the
chunked coding each. PACE: `at-once`, each event as soon as the socket takes it, so that a client that is slower finds
many in a read, and one that is quicker few; `together`, in as few writes as the socket takes, so that all find many; or
milliseconds to wait after each, so that each is a read of its own, as a model sends them.
"""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import sdks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Url = Callable[..., str]

AT_ONCE, TOGETHER = "at-once", "together"


@cache
def chunks_of(api: str, count: int) -> list[bytes]:
    """Give the events as they go over the wire."""
    return [b"%x\r\n%s\r\n" % (len(event), event) for event in sdks.EVENTS[api](count)]


class Player(BaseHTTPRequestHandler):
    """Answers a request as its path says."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        _, api, count, pace, *_ = self.path.split("/")
        chunks = chunks_of(api, int(count))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        pause = 0.0 if pace in (AT_ONCE, TOGETHER) else float(pace) / 1000
        for chunk in [b"".join(chunks)] if pace == TOGETHER else chunks:
            self.wfile.write(chunk)
            if pause:
                time.sleep(pause)
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    """Does not mind that a client goes when it has what it wants."""

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


@contextmanager
def serving() -> Iterator[Url]:
    """Serve while the block lasts; give what makes the URL of a workload: of its api, count and pace."""
    with subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            yield lambda api, count, pace=AT_ONCE: f"http://127.0.0.1:{port}/{api}/{count}/{pace}"
        finally:
            process.kill()


if __name__ == "__main__":
    with Server(("127.0.0.1", 0), Player) as server:
        print(server.server_port, flush=True)
        server.serve_forever()
