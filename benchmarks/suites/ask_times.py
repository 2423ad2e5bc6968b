"""Measures what `ssescan ask` adds to the time of a stream, and how soon it shows what arrives.

python -m benchmarks.suites.ask_times [ROUNDS]     5 by default; exit status 1 if a target is missed

A replay server in this process notes when a request came and when each chunk left; `ask` runs in a process of its own,
and writes to a pipe. The clock is the system's, the same for both. The server's pauses are those of a model. Three
times of each round: from the first chunk with text to the output of that text; the same with `--watch`, which
redraws a terminal 25 times a second; and from the request to the last output, against the last chunk.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from typing import Any

from ssescan import Writer
from ssescan.testing import Tape, replay_app
from ssescan.testing.server import ReplayServer

DEFAULT_ROUNDS = 5
FIRST_NS, BETWEEN_NS, WORDS = 500_000_000, 20_000_000, 150  # of the tape: a model with 50 tokens a second
MAX_LATE, MAX_ADDED = 0.050, 0.05  # seconds; a part of the stream's time
FIRST_WORD, LAST_WORD = b"first-word", b"last-word"


class Noted:
    """An ASGI application with the times of its last answer: of the request, and of each chunk of the body."""

    def __init__(self, app: Any) -> None:
        self.app, self.state = app, app.state
        self.asked = 0.0
        self.sent: list[tuple[float, bytes]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked, self.sent = time.perf_counter(), []

        async def noted(message: Any) -> None:
            self.sent.append((time.perf_counter(), message.get("body", b"")))
            await send(message)

        await self.app(scope, receive, noted)

    def sent_at(self, word: bytes) -> float:
        """Return when the chunk with a word was sent."""
        return next(moment for moment, body in self.sent if word in body)


def tape() -> Tape:
    """Return a tape of an answer, one word a chunk, at even times."""
    writer = Writer("openai-chat", model="m")
    words = [FIRST_WORD.decode(), *("word" for _ in range(WORDS)), LAST_WORD.decode()]
    pieces = [*(writer.text(f"{word} ") for word in words), writer.finish("stop") + writer.close()]
    return Tape([(FIRST_NS + number * BETWEEN_NS, piece) for number, piece in enumerate(pieces)])


def ask(url: str, out: int, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "ssescan", "ask", "Hi", "--url", f"{url}/v1", *options]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.DEVNULL)


def shown(source: int, *words: bytes) -> list[float]:
    """Read to the end; return when each word had come."""
    seen, moments = b"", dict.fromkeys(words, 0.0)
    while select.select([source], [], [], 30)[0]:
        try:
            data = os.read(source, 65536)
        except OSError:  # the terminal's other side is closed
            break
        now = time.perf_counter()
        seen += data
        for word in words:
            if not moments[word] and word in seen:
                moments[word] = now
        if not data:
            break
    return list(moments.values())


def run(noted: Noted, url: str, opened: Callable[[], tuple[int, int]], *options: str) -> tuple[float, float]:
    """Return how late the first word was shown, seconds, and what was added to the time of the stream, as a part."""
    ours, theirs = opened()
    with ask(url, theirs, *options):
        os.close(theirs)
        first, last = shown(ours, FIRST_WORD, LAST_WORD)
    os.close(ours)
    stream = noted.sent_at(LAST_WORD) - noted.asked
    return first - noted.sent_at(FIRST_WORD), (last - noted.asked) / stream - 1


def terminal() -> tuple[int, int]:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    return ours, theirs


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_ROUNDS
    noted = Noted(replay_app(tape(), speed=1))
    with ReplayServer(noted, "127.0.0.1", 0) as server:
        plain = [run(noted, server.url, os.pipe) for _ in range(rounds)]
        watched = [run(noted, server.url, terminal, "--watch") for _ in range(rounds)]
    missed = 0
    for name, found in (("ask", plain), ("ask --watch", watched)):
        late, added = (sorted(values) for values in zip(*found, strict=True))
        missed |= late[-1] > MAX_LATE or added[-1] > MAX_ADDED
        middle = len(late) // 2
        print(f"{name}: the first word shows {late[middle] * 1000:.1f} ms after it left, {late[-1] * 1000:.1f} at most")
        print(f"{name}: the stream takes {added[middle]:.2%} longer, {added[-1]:.2%} at most")
    print(f"of {rounds} runs each; wanted: within {MAX_LATE * 1000:.0f} ms, under {MAX_ADDED:.0%} longer")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
