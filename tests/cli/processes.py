"""Run `ssescan` in processes, and serve streams to it. This module knows the command line only."""

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

GUARD = 60.0  # seconds after which a process is killed, so that the test fails and does not hang
COMMAND = (sys.executable, "-m", "ssescan")
SDKS = ("openai", "anthropic", "google")  # they take long to import


def environment(**changes: str) -> dict[str, str]:
    """Return an environment that finds the ssescan under test, and has no variables that change the output."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "PYTHONUNBUFFERED"):
        kept.pop(name, None)
    paths = [str(Path(__file__).parents[2] / "src"), kept.get("PYTHONPATH", "")]
    return kept | {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "TERM": "xterm-256color"} | changes


def without(packages: tuple[str, ...], folder: Path) -> dict[str, str]:
    """Return an environment in which these packages cannot be imported."""
    for package in packages:
        (folder / f"{package}.py").write_text(f"raise ModuleNotFoundError('gone', name={package!r})")
    kept = environment()
    return kept | {"PYTHONPATH": f"{folder}{os.pathsep}{kept['PYTHONPATH']}"}


@dataclass(frozen=True)
class Done:
    """The exit status and the output of a process."""

    status: int
    out: bytes
    err: str


RunHere = Callable[..., Done]  # the fixture run_here


def run(*arguments: str, stdin: bytes = b"", env: dict[str, str] | None = None) -> Done:
    """Run `ssescan` to its end."""
    done = subprocess.run(
        [*COMMAND, *arguments], input=stdin, capture_output=True, env=env or environment(), timeout=GUARD, check=False
    )
    return Done(done.returncode, done.stdout, done.stderr.decode())


def run_with_full_disk(*arguments: str, stdin: bytes) -> Done:
    """Run `ssescan` with an output that fails on every write."""
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full on this platform")
    with full.open("wb") as out:
        done = subprocess.run(
            [*COMMAND, *arguments], input=stdin, stdout=out, stderr=subprocess.PIPE, env=environment(), timeout=GUARD,
            check=False,
        )  # fmt: skip
    return Done(done.returncode, b"", done.stderr.decode())


def restore_sigint() -> None:
    """Restore SIGINT, which a command in the background of a shell ignores, with all its child processes."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start `ssescan` with pipes for all three streams, and kill it in the end."""
    with subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        bufsize=0,
        preexec_fn=restore_sigint if os.name == "posix" else None,  # noqa: PLW1509 - it makes one system call
    ) as process:
        guard = threading.Timer(GUARD, process.kill)
        guard.start()
        try:
            yield process
        finally:
            guard.cancel()
            process.kill()


def close_pipe_early(go_on: threading.Event, *arguments: str) -> tuple[int, bytes]:
    """Start `ssescan`, close its output after five bytes, and go on; return its status and its errors."""
    with running(*arguments) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(5)
        process.stdout.close()
        go_on.set()
        return process.wait(), process.stderr.read()


def run_on_terminal(*arguments: str, output: bool = True, errors: bool = False, **changes: str) -> str:
    """Run `ssescan` on a terminal of 80 columns, and return its output there.

    `output` and `errors`: whether stdout and stderr are the terminal.
    """
    if pty is None:
        pytest.skip("no pseudo-terminals on this platform")
    try:
        ours, theirs = pty.openpty()
    except OSError as error:  # a chroot or a container may have none
        pytest.skip(f"no pseudo-terminals, mount /dev/pts: {error}")
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
        except OSError:  # Linux: the other side is closed
            pass
        os.close(ours)
    return written.decode().replace("\r\n", "\n")


def without_colors(text: str) -> str:
    """Return the text without the sequences that set colors."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@dataclass(frozen=True)
class Received:
    """A request that the server received."""

    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        """Return the values of all headers with that name."""
        return [value for header, value in self.headers if header.lower() == name]


@dataclass
class Answer:
    """An answer of the server: `writes`, each a chunk of the chunked coding, and how the body ends."""

    writes: list[bytes | Callable[[], object]] = field(default_factory=list)  # functions are called in between
    status: int = 200
    content_type: str | None = "text/event-stream"
    dropped: bool = False  # close the connection before the end of the body
    headers: dict[str, str] = field(default_factory=dict)


class Handler(BaseHTTPRequestHandler):
    """A handler that keeps the request, and sends the server's answer for its path."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def answer(self) -> None:
        """Answer a request of any method."""
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
        """Log nothing."""


class Server(ThreadingHTTPServer):
    """A server on the loopback with an answer for each path."""

    daemon_threads = True
    block_on_close = False  # a handler may wait for a test that has failed

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
        """Ignore clients that disconnect early."""


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[str]:
    """Run a server in a thread until the block ends; yield its URL, without a path."""
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
