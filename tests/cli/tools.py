"""Runs `ssescan` in processes, and serves streams to it. Knows the command line from outside alone."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

try:
    import fcntl
    import pty
    import struct
    import termios
except ImportError:
    pty = None  # type: ignore[assignment]

GUARD = 60.0  # seconds after which a process that hangs is killed, so that the test fails and does not hang
COMMAND = (sys.executable, "-m", "ssescan")


def environment(**changes: str) -> dict[str, str]:
    """Return an environment without what would change the output, in which the ssescan under test is found."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "PYTHONUNBUFFERED"):
        kept.pop(name, None)
    paths = [str(Path(__file__).parents[2] / "src"), kept.get("PYTHONPATH", "")]
    return kept | {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "TERM": "xterm-256color"} | changes


@dataclass(frozen=True)
class Done:
    """What a process left behind."""

    status: int
    out: bytes
    err: str


def run(*arguments: str, stdin: bytes = b"", env: dict[str, str] | None = None) -> Done:
    """Run `ssescan` to its end."""
    done = subprocess.run(
        [*COMMAND, *arguments], input=stdin, capture_output=True, env=env or environment(), timeout=GUARD, check=False
    )
    return Done(done.returncode, done.stdout, done.stderr.decode())


def into_a_full_disk(*arguments: str, stdin: bytes) -> Done:
    """Run `ssescan` with an output that nothing can be written to."""
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full on this platform")
    with full.open("wb") as out:
        done = subprocess.run(
            [*COMMAND, *arguments], input=stdin, stdout=out, stderr=subprocess.PIPE, env=environment(), timeout=GUARD,
            check=False,
        )  # fmt: skip
    return Done(done.returncode, b"", done.stderr.decode())


def heed_interrupts() -> None:
    """Undo what a shell does to a command in the background: there it, and all that it starts, ignores SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start `ssescan` with pipes for all three streams, and see to it that it ends."""
    with subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        bufsize=0,
        preexec_fn=heed_interrupts if os.name == "posix" else None,  # noqa: PLW1509 - it is one call of the system
    ) as process:
        guard = threading.Timer(GUARD, process.kill)
        guard.start()
        try:
            yield process
        finally:
            guard.cancel()
            process.kill()


def on_a_terminal(*arguments: str, output: bool = True, errors: bool = False, **changes: str) -> str:
    """Run `ssescan` on a terminal of 80 columns and return what it wrote there; with `errors`, on stderr as well.

    Without `output`, standard output is not a terminal.
    """
    if pty is None:
        pytest.skip("no pseudo-terminals on this platform")
    try:
        ours, theirs = pty.openpty()
    except OSError as error:  # a chroot or a container may have none
        pytest.skip(f"no pseudo-terminals on this machine, mount /dev/pts: {error}")
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    stdout, stderr = (theirs if shown else subprocess.DEVNULL for shown in (output, errors))
    with subprocess.Popen(
        [*COMMAND, *arguments], stdin=theirs, stdout=stdout, stderr=stderr, env=environment(**changes)
    ):
        os.close(theirs)
        written = b""
        try:
            while chunk := os.read(ours, 65536):
                written += chunk
        except OSError:  # Linux: the other side was closed
            pass
        os.close(ours)
    return written.decode().replace("\r\n", "\n")


def without_colors(text: str) -> str:
    """Return the text less the sequences that set colours, the only ones that may be in it."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@dataclass(frozen=True)
class Received:
    """A request as it reached the server."""

    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        """Return the values of every header of that name."""
        return [value for header, value in self.headers if header.lower() == name]


@dataclass
class Answer:
    """What the server sends: `writes`, each a chunk of the chunked coding, and how it ends them."""

    writes: list[bytes | Callable[[], object]] = field(default_factory=list)  # what is callable is called, in between
    status: int = 200
    content_type: str | None = "text/event-stream"
    dropped: bool = False  # end the connection, not the body
    headers: dict[str, str] = field(default_factory=dict)


class Handler(BaseHTTPRequestHandler):
    """Notes the request, sends the server's answer for its path."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def answer(self) -> None:
        """Take any method."""
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.received.append(Received(self.command, self.path, self.headers.items(), body))
        answer = self.server.answers[self.path.partition("?")[0]]
        self.send_response(answer.status)
        if answer.content_type is not None:
            self.send_header("Content-Type", answer.content_type)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for write in answer.writes:
            if callable(write):
                write()
            else:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(write), write))
        if answer.dropped:
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")

    do_GET = do_POST = do_PUT = answer  # noqa: N815 - the base class's names

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """A server on the loopback with an answer for each path."""

    daemon_threads = True
    block_on_close = False  # a handler may wait for what a failed test never does

    def __init__(self) -> None:
        """Bind a free port."""
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, Answer] = {}
        self.received: list[Received] = []

    def answers_with(self, *writes: bytes | Callable[[], object], path: str = "/", **how: object) -> str:
        """Set the answer for a path and return its URL."""
        self.answers[path] = Answer(list(writes), **how)  # type: ignore[arg-type]
        return f"http://127.0.0.1:{self.server_port}{path}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that leave early."""
