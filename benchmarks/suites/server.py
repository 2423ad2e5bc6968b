"""A server of streams in a process of its own, so that its CPU time is not the client's.

POST /API/COUNT/PACE/... is answered with the events of that API, one chunk of the chunked coding each. PACE: `at-once`,
each event as soon as the socket accepts it; `together`, in as few writes as possible, so that each client finds many in
a read; or milliseconds to wait after each event, so that each is a read of its own, as a model sends them.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path

from benchmarks.suites import payloads

Url = Callable[..., str]

AT_ONCE, TOGETHER = "at-once", "together"
ROOT = Path(__file__).resolve().parents[2]


@cache
def chunks_of(api: str, count: int) -> list[bytes]:
    """Return the events as they are sent."""
    return [b"%x\r\n%s\r\n" % (len(event), event) for event in import_module(sys.argv[1]).ANSWERS[api](count)]


class Handler(BaseHTTPRequestHandler):
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
    """Ignores clients that close the connection before the end."""

    request_queue_size = 1024  # connections that wait to be accepted

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


@contextmanager
def serving(streams: str = payloads.__name__) -> Iterator[Url]:
    """Serve while the block lasts; yield a function that returns the URL of an API, a count and a pace.

    `streams`: the module whose `ANSWERS` make the events, by API.
    """
    command = [sys.executable, "-m", "benchmarks.suites.server", streams]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            yield lambda api, count, pace=AT_ONCE: f"http://127.0.0.1:{port}/{api}/{count}/{pace}"
        finally:
            process.kill()


if __name__ == "__main__":
    with Server(("127.0.0.1", 0), Handler) as server:
        print(server.server_port, flush=True)
        server.serve_forever()
