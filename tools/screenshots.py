"""Make docs/watch.svg, the live view of `ssescan ask --watch`: `python tools/screenshots.py`.

A terminal of tmux shows an answer that a replay server plays; rich draws what was on the screen. Needs tmux. The other
pictures of docs/cli.md: `ssescan bench --peers --plot docs/bench.svg`, `ssescan read TAPE --plot docs/plot.svg`.
"""

from __future__ import annotations

import io
import random
import re
import subprocess
import sys
import time
from itertools import accumulate
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

from ssescan import Writer
from ssescan.cli.demo_scenes import REASONING, TEXT, words
from ssescan.testing import Tape, replay_server

ROOT = Path(__file__).resolve().parent.parent
COLUMNS, LINES = 80, 14
PROMPT = "When does the last ferry leave?"
LAST = "evening"  # the word after which the picture is taken
WAIT = 60.0  # seconds
# The format without the web font, which a page of docs must not fetch.
FORMAT = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)


def tape() -> Tape:
    """Return a tape of an answer with uneven gaps, and a ping."""
    writer, numbers = Writer("anthropic", model="claude-demo"), random.Random(3)
    pieces = [*map(writer.reasoning, words(REASONING)), writer.ping(), *map(writer.text, words(TEXT))]
    times = accumulate(numbers.choice((15, 20, 25, 40, 90)) * 1_000_000 for _ in pieces)
    return Tape(zip(times, pieces, strict=True))


def tmux(*arguments: str) -> str:
    command = ["tmux", "-L", "ssescan-screenshots", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603


def screen(command: str) -> str:
    """Return what a command shows once LAST is on the screen, with the sequences that set colors."""
    tmux("new-session", "-d", "-x", str(COLUMNS), "-y", str(LINES), command)
    try:
        ends = time.monotonic() + WAIT
        while LAST not in tmux("capture-pane", "-p"):
            if time.monotonic() > ends:
                sys.exit(f"expected {LAST!r} on the screen within {WAIT:g} s, got:\n{tmux('capture-pane', '-p')}")
        return tmux("capture-pane", "-p", "-e")
    finally:
        tmux("kill-server")


def main() -> None:
    with replay_server(tape(), speed=1, stall_at=sum(len(chunk.data) for chunk in tape().chunks)) as server:
        shown = screen(f"{sys.executable} -m ssescan ask '{PROMPT}' --watch --url {server.url}/v1/messages")
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(shown.rstrip("\n")))
    title = f'ssescan ask "{PROMPT}" --watch'
    svg = console.export_svg(title=title, code_format=FORMAT, unique_id="ssescan")
    (ROOT / "docs" / "watch.svg").write_text("\n".join(map(str.rstrip, svg.splitlines())) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
