"""The live view of an answer on a terminal: `--watch`.

While the stream is open, the alternate screen shows the end of the answer, the gaps between its parts, and pings; then
the answer is printed as without the option. Needs rich.
"""

import atexit
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.style import Style
from rich.text import Text

from ..providers import MessageStream, Part, Ping, Start
from .answers_terminal import DIM, AnswerTerminal
from .output import counted
from .summaries import WITHOUT_CONTENT, Summary, in_ms
from .visible import visible

REFRESHES = 25  # in a second: a part shows within 40 ms
BARS, ASCII_BARS = "▁▂▃▄▅▆▇█", "_.-=+*%#"
MAX_GAPS = 500  # that are kept: no terminal is wider
FOOTER = 4  # lines below the answer


class Watch(AnswerTerminal):
    """The format for `--watch`. The terminal is restored by `end`, and by `close` if anything else failed."""

    def __init__(self, summary: Summary) -> None:
        super().__init__(summary)
        self._pieces: list[tuple[str, Style]] = []
        self._gaps: list[int] = []  # ns, the last ones
        self._largest = 0
        self._content_ns: int | None = None  # when the last part with content arrived
        self._began_ns = time.perf_counter_ns()
        self._parts = self._pings = 0
        self._model = ""
        self._screen = Console(highlight=False)
        self._live: Live | None = Live(
            console=self._screen, screen=True, refresh_per_second=REFRESHES, redirect_stdout=False,
            redirect_stderr=False, get_renderable=self._view,
        )  # fmt: skip
        atexit.register(self.close)  # Ctrl-C may come before the caller has this object
        with uninterrupted():
            self._live.start()

    def show(self, part: Part, stream: MessageStream) -> None:
        """Note a part for the next refresh."""
        super().show(part, stream)
        if isinstance(part, Start):  # not from the message: making one for each part takes quadratic time
            self._model = part.model or ""
        self._pings += isinstance(part, Ping)
        if stream.received_ns is None or isinstance(part, WITHOUT_CONTENT):
            return
        self._parts += 1
        if self._content_ns is not None:
            gap = stream.received_ns - self._content_ns
            self._gaps = [*self._gaps[1 - MAX_GAPS :], gap]
            self._largest = max(self._largest, gap)
        self._content_ns = stream.received_ns

    def end(self, stream: MessageStream) -> None:
        self.close()
        for text, style in self._pieces:
            self._print(text, style)
        super().end(stream)

    def close(self) -> None:
        """Restore the terminal. A second call does nothing."""
        if self._live is not None:
            with uninterrupted():
                self._live.stop()
                self._live = None
                atexit.unregister(self.close)

    def _print(self, text: str, style: Style) -> None:
        if self._live is None:
            super()._print(text, style)
        else:
            self._pieces.append((text, style))

    def _view(self) -> Text:
        """Return what fills the screen now. A thread of rich calls this."""
        width, height = self._screen.size
        lines = [*self._answer(width, max(height - FOOTER, 1)), *self._footer(width)]
        for line in lines:
            line.truncate(width, overflow="ellipsis")
        return Text("\n", no_wrap=True).join(lines[-height:])

    def _answer(self, width: int, height: int) -> list[Text]:
        """Return the last lines of the answer, as many as the height."""
        shown: list[Text] = []
        size = 0
        for text, style in reversed(self._pieces):
            shown.append(Text(visible(text[-width * height :], keep_lines=True), style=style))
            size += len(shown[-1])
            if size >= width * height:
                break
        lines = list(Text().join(reversed(shown)).wrap(self._screen, width))[-height:]
        return [*lines, *[Text()] * (height - len(lines))]

    def _footer(self, width: int) -> list[Text]:
        now_ns = time.perf_counter_ns()
        bars = BARS if self._screen.encoding.lower().startswith("utf") else ASCII_BARS
        quiet = f", last part {in_ms(now_ns - self._content_ns)} ago" if self._content_ns else ""
        seconds = (now_ns - self._began_ns) / 1e9
        return [
            Text("-" * width, style=DIM),
            Text(f"gaps {sparkline(self._gaps[5 - width :], bars)}"),
            Text(f"{counted(self._parts, 'part')}, largest gap {in_ms(self._largest)}"),
            Text(f"{counted(self._pings, 'ping')}, {seconds:,.1f} s{quiet}  {visible(self._model)}"),
        ]


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let Ctrl-C wait until the block has ended: half of it would leave the terminal changed."""
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        raise KeyboardInterrupt


def can_watch() -> bool:
    """Return whether the terminal of standard output moves its cursor."""
    return not Console().is_dumb_terminal


def sparkline(values: list[int], bars: str = BARS) -> str:
    """Return a bar for each value; the highest one is that of the greatest value."""
    greatest = max(values, default=0) or 1
    return "".join(bars[round(value / greatest * (len(bars) - 1))] for value in values)
