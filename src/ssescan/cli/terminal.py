"""The output format for events on a terminal: a dim header, then the data, with JSON in colors.

Needs rich. `output.py` has the formats for pipes and files.
"""

import sys
import time

import msgspec
from rich.cells import cell_len
from rich.console import Console
from rich.highlighter import JSONHighlighter
from rich.text import Text

from .. import EventStream, ServerSentEvent
from .output import Format, summary
from .visible import visible

MAX_HIGHLIGHTED = 256 * 1024  # characters: highlighting is slow, and nobody reads more of one event


class Terminal(Format):
    """Events for people.

    `began_ns`: the `time.perf_counter_ns()` of the first byte; None: of the read that brings the first event.
    """

    def __init__(self, began_ns: int | None) -> None:
        self._console = console_for_any_text()
        self._highlighter = JSONHighlighter()
        self._started_ns = time.perf_counter_ns()
        self._began_ns = began_ns
        self._events = 0

    def show(self, event: ServerSentEvent, stream: EventStream) -> None:
        self._events += 1
        text = Text(visible(event.data, keep_lines=True))
        if len(event.data) <= MAX_HIGHLIGHTED and is_json(event.data):
            self._highlighter.highlight(text)
        header = Text(self._header(event, stream), style="dim")
        width = self._console.width  # asked each time, as windows change
        self._console.print(folded(header, width), folded(text, width), sep="\n", end="\n\n")

    def end(self, stream: EventStream) -> None:
        seconds = (time.perf_counter_ns() - self._started_ns) / 1e9
        if stream.outcome == "closed":  # by Ctrl-C, and the terminal shows ^C in this line
            self._console.print()
        self._console.print(Text(f"-- {summary(self._events, stream, seconds)}", style="dim"))

    def _header(self, event: ServerSentEvent, stream: EventStream) -> str:
        received_ns = stream.received_ns or time.perf_counter_ns()
        if self._began_ns is None:
            self._began_ns = received_ns
        words = [f"#{self._events}", visible(event.event)]
        if event.id:
            words.append(f"id={visible(event.id)}")
        if event.retry is not None:
            words.append(f"retry={event.retry}")
        return "  ".join([*words, f"+{(received_ns - self._began_ns) / 1e6:.0f} ms"])


def folded(text: Text, width: int) -> Text:
    """Return the text with its lines folded to a width, in terminal cells, and with its colors."""
    lines: list[Text] = []
    for line in text.split("\n", allow_blank=True):
        lines.extend(line.divide(fold_offsets(line.plain, width)))
    return Text("\n").join(lines)


def fold_offsets(line: str, width: int) -> list[int]:
    """Return where to fold a line: before each character that would not fit."""
    if line.isascii():
        return list(range(width, len(line), width))
    offsets, used = [], 0
    for offset, character in enumerate(line):
        cells = cell_len(character)
        if used + cells > width:
            offsets.append(offset)
            used = 0
        used += cells
    return offsets


def is_json(text: str) -> bool:
    """Return whether the text is a JSON object or array."""
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return False
    return True


def accept_any_text() -> None:
    """Let standard output escape the characters that the locale's encoding does not have."""
    if (reconfigure := getattr(sys.stdout, "reconfigure", None)) is not None:
        reconfigure(errors="backslashreplace")


def console_for_any_text() -> Console:
    """Return the console of standard output; it escapes characters that the locale's encoding does not have."""
    accept_any_text()
    # soft_wrap: else rich would break lines at their spaces, but these lines are complete.
    return Console(highlight=False, soft_wrap=True)
