"""`--watch`: the live view on a terminal, how the terminal is restored, and where there is none."""

import contextlib
import os
import re
import selectors
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from rich.cells import cell_len

from ssescan.cli.watch import sparkline

from .answers import CUT, ENDED, FAILED, INTERRUPTED, STOP, USAGE, WHOLE, chunk, error_line, text, tool
from .processes import COMMAND, GUARD, RunHere, Server, close_pipe_early, environment, run_on_terminal, without_colors

try:
    import fcntl
    import pty
    import struct
    import termios
except ImportError:
    pytest.skip("no pseudo-terminals on this platform", allow_module_level=True)

ENTER, LEAVE, HIDE, SHOW = "\x1b[?1049h", "\x1b[?1049l", "\x1b[?25l", "\x1b[?25h"
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
PARTS = (
    chunk({"reasoning_content": "Let me think."}) + text("One ", "moment.") + tool(0, "{}", name="tides") + b": hi\n\n"
)


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # ignored, if the tests run in the background of a shell


class Terminal:
    """A process on a terminal: what it wrote so far, and its attributes before."""

    def __init__(self, columns: int, *arguments: str, **changes: str) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 16, columns, 0, 0))
        self.before = termios.tcgetattr(theirs)
        self.written = ""
        self.process = subprocess.Popen(
            [*COMMAND, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=environment(**changes),
            start_new_session=True, preexec_fn=_take_terminal,  # noqa: PLW1509
        )  # fmt: skip
        self._theirs = theirs
        self._guard = threading.Timer(GUARD, self.process.kill)
        self._guard.start()

    def until(self, *words: str) -> None:
        """Read until all of these were on the screen."""
        while not all(word in self.written for word in words):
            if self._wait(1.0):
                self.written += os.read(self._ours, 65536).decode("utf-8", "replace")
            else:
                assert self.process.poll() is None, f"ended before {words} came: {self.written[-2000:]!r}"

    def _wait(self, seconds: float) -> bool:
        """Wait until there is something to read; return whether there is."""
        with selectors.DefaultSelector() as selector:  # select() itself refuses numbers from 1024 on
            selector.register(self._ours, selectors.EVENT_READ)
            return bool(selector.select(seconds))

    def press(self, key: bytes) -> None:
        os.write(self._ours, key)

    def end(self) -> int:
        """Read the rest, and return the status."""
        ended = False
        while not ended:
            ended = self.process.poll() is not None
            while self._wait(0.05):
                self.written += os.read(self._ours, 65536).decode("utf-8", "replace")
        assert termios.tcgetattr(self._theirs) == self.before
        return self.process.returncode

    def close(self) -> None:
        self._guard.cancel()
        self.process.kill()
        self.process.wait()
        os.close(self._ours)
        os.close(self._theirs)


@pytest.fixture
def terminal() -> Iterator[Callable[..., Terminal]]:
    """Return a function that starts `ssescan` on a terminal."""
    with contextlib.ExitStack() as opened:

        def start(columns: int, *arguments: str, **changes: str) -> Terminal:
            made = Terminal(columns, *arguments, **changes)
            opened.callback(made.close)
            return made

        yield start


def assert_restored(written: str) -> None:
    for begin, end in ((ENTER, LEAVE), (HIDE, SHOW)):
        assert written.count(begin) == written.count(end) == 1
        assert written.index(begin) < written.index(end)


@pytest.mark.parametrize("columns", [40, 80])
@pytest.mark.parametrize("command", ["ask", "read"])
def test_view_and_then_the_answer(
    command: str, columns: int, server: Server, terminal: Callable[..., Terminal]
) -> None:
    go_on = threading.Event()
    body = (PARTS, go_on.wait, text("Done.") + STOP)
    url = server.answers_with(*body, path="/chat/completions")
    opened = terminal(columns, command, *(("Hi", "--url") if command == "ask" else ()), url, "--watch")
    opened.until("Let me think.", "moment.", "tides", "1 ping", "gaps ▁", "largest gap")
    go_on.set()
    assert opened.end() == ENDED
    assert_restored(opened.written)
    view, _, after = opened.written.partition(LEAVE)
    for line in re.split(r"\r?\n|\x1b\[\d*(?:;\d+)?H", view.rpartition(ENTER)[2]):  # each frame begins at the top
        assert cell_len(ESCAPE.sub("", line)) <= columns
    plain = ESCAPE.sub("", after).replace("\r\n", "\n")
    assert plain.lstrip().startswith("Let me think.\n\nOne moment.\n\ntool call tides {}\n\nDone.\n\n-- tool_calls, ")


def test_interrupt_restores_the_terminal(server: Server, terminal: Callable[..., Terminal]) -> None:
    go_on = threading.Event()
    url = server.answers_with(text("first"), go_on.wait, path="/chat/completions")
    opened = terminal(80, "ask", "Hi", "--watch", "--url", url)
    opened.until("first", "1 part")
    opened.press(b"\x03")
    assert opened.end() == INTERRUPTED
    go_on.set()
    assert_restored(opened.written)
    after = ESCAPE.sub("", opened.written.partition(LEAVE)[2])
    assert re.search(r"first\s+-- no finish reason, no usage, 1 event, closed", after)
    assert "Traceback" not in after


@pytest.mark.parametrize(
    ("body", "how", "status"),
    [(text("a"), {}, CUT), (text("a"), {"dropped": True}, FAILED), (b"", {"status": 503}, 4)],
)
def test_each_ending_restores_the_terminal(
    body: bytes, how: dict[str, Any], status: int, server: Server, terminal: Callable[..., Terminal]
) -> None:
    opened = terminal(80, "read", server.answers_with(body, **how), "--watch")
    assert opened.end() == status
    assert_restored(opened.written)
    assert "ssescan: expected " in opened.written.partition(LEAVE)[2]


def test_no_color(server: Server, terminal: Callable[..., Terminal]) -> None:
    opened = terminal(80, "read", server.answers_with(PARTS + STOP), "--watch", NO_COLOR="1")
    assert opened.end() == ENDED
    assert not re.search(r"\x1b\[(\d+;)*[34]\d", opened.written)


def test_control_characters_are_visible(server: Server, terminal: Callable[..., Terminal]) -> None:
    opened = terminal(80, "read", server.answers_with(text("\x1b]0;t\x07", "[bold]") + STOP), "--watch")
    assert opened.end() == ENDED
    assert "␛]0;t␇" in opened.written
    assert "\x1b]" not in opened.written


def test_dumb_terminal_is_plain(file_of: Callable[[bytes], str]) -> None:
    shown = run_on_terminal("read", file_of(WHOLE), "--watch", errors=True, TERM="dumb")
    assert "note: --watch needs a terminal that moves its cursor" in shown
    assert "\x1b" not in without_colors(shown)
    assert "Hello é\n" in shown


def test_pipe_is_plain(run_here: RunHere) -> None:
    done = run_here("read", "--watch", stdin=WHOLE)
    assert (done.status, done.out) == (ENDED, "Hello é\n".encode())
    assert done.err.startswith("ssescan: note: --watch needs a terminal, and the output is none: the answer is printed")


def test_closed_pipe_is_status_1(server: Server) -> None:
    go_on = threading.Event()
    url = server.answers_with(text("first"), go_on.wait, *[text("more")] * 9, STOP)
    status, errors = close_pipe_early(go_on, "read", "--watch", url)
    assert (status, errors.count(b"\n")) == (1, 1)  # the note


@pytest.mark.parametrize("option", ["--json", "--message"])
def test_one_format(option: str, run_here: RunHere) -> None:
    done = run_here("read", "--watch", option, stdin=WHOLE)
    assert done.status == USAGE
    assert f"expected one format, got --watch and {option}" in error_line(done)


@pytest.mark.parametrize(
    ("values", "shown"), [([], ""), ([0, 0], "▁▁"), ([7], "█"), ([0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█")]
)
def test_sparkline(values: list[int], shown: str) -> None:
    assert sparkline(values) == shown
