"""The options of the commands that print an answer: which output format it gets, and whether it is plotted.

`answers.py` and `answers_terminal.py` have the formats, `plots.py` draws.
"""

import functools
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from .._secrets import argument_without_secrets
from ..providers import MessageStream, Part, stream
from ..providers.formats import APIS, Api, decoder_class
from . import completing
from .answers import PartLines, TextOnly, WholeMessage, WithSummary
from .exits import Exit, Failure, print_error, print_note
from .noted_reads import NotedReads
from .output import Format
from .printing import print_all
from .reading import ReadOptions
from .sources import Source
from .summaries import Summary
from .timeline import TimelineRecorder

PLOT_ENDINGS = (".svg", ".png")
PLOT_HELP = "Draw the times of the reads and of the parts to this file, .svg or .png."


@dataclass(frozen=True)
class Shown:
    """The values of the options: how to print an answer.

    `is_asked`: by `ask`, so that JSON is followed by the summary too, and no secret of the request is printed.
    """

    as_json: bool
    whole: bool
    plot: str | None  # the path of the file
    watch: bool
    is_asked: bool = False

    def printer(self, api: Api | None) -> "Printer":
        """Return the printer. It imports what takes time, so that the first part is not shown late.

        `api`: the format of the answer, None if its first event decides.
        """
        for name in APIS if api is None else (api,):
            decoder_class(name)
        if self.plot is not None:
            from . import plots  # noqa: F401 - an error names the extra before a request is sent
        return Printer(self, self._new_format())

    def _new_format(self) -> Callable[[Summary], Format]:
        if self.as_json or self.whole:
            documents = PartLines if self.as_json else WholeMessage
            return lambda summary: WithSummary(documents(), summary) if self.is_asked else documents()
        if not sys.stdout.isatty():
            if self.watch:
                print_note("--watch needs a terminal, and the output is none: the answer is printed as without it")
            return TextOnly
        from .answers_terminal import AnswerTerminal

        if self.watch:
            from .watch import Watch, can_watch

            if can_watch():
                return Watch
            print_note("--watch needs a terminal that moves its cursor: the answer is printed as without it")

        return AnswerTerminal


@dataclass(frozen=True)
class Printer:
    """Prints one answer."""

    shown: Shown
    new_format: Callable[[Summary], Format]

    def print(self, opened: Source, options: ReadOptions, summary: Summary) -> Exit:
        """Print the answer of a source to its end. Raises Failure if it is not complete."""
        recorder = None if self.shown.plot is None else TimelineRecorder(opened)
        source: Any = opened.stream
        if recorder is not None or self.shown.is_asked:
            source = recorder.source if recorder else NotedReads(opened.stream)
        # The stream is strict: it raises StreamCut if the answer is not complete.
        parts = stream(source, **options.options())
        output = self.new_format(summary)
        if recorder is not None:
            output = Plotted(output, recorder, self.shown.plot or "")
        try:
            print_all(parts, output, opened.name, lambda: parts.events)
        finally:
            output.close()
        return Exit.ENDED


class Plotted(Format):
    """Another format, and after it the plot."""

    def __init__(self, inner: Format, recorder: TimelineRecorder, path: str) -> None:
        self._inner = inner
        self._recorder = recorder
        self._path = path

    def show(self, part: Part, stream: MessageStream) -> None:
        """Note the time of the part, and print it."""
        self._recorder.note(part)
        self._inner.show(part, stream)

    def close(self) -> None:
        self._inner.close()

    def end(self, stream: MessageStream) -> None:
        from .plots import draw

        ended_ns = time.perf_counter_ns()
        self._inner.end(stream)
        try:
            draw(self._recorder.timeline(stream, ended_ns), self._path)
        except OSError as error:
            failure = Failure(Exit.OTHER, f"expected to write the plot, got {error.strerror or error}")
            if stream.message.complete:
                raise failure from error
            print_error(f"ssescan: {failure.format_message()}")  # and the status is that of the answer


def plot_path(context: click.Context, option: click.Parameter, path: str | None) -> str | None:
    """Return the value of --plot; a click callback that accepts only a file that can be drawn."""
    if path is None:
        return None
    shown = argument_without_secrets(path)
    if not path.lower().endswith(PLOT_ENDINGS):
        raise click.BadParameter(f"expected a file that ends with .svg or .png, got {shown!r}", context, option)
    if not os.path.isdir(os.path.dirname(path) or "."):
        raise click.BadParameter(f"expected a file in a folder that exists, got {shown!r}", context, option)
    return path


def answer_options(command: Callable[..., object]) -> Callable[..., object]:
    """Add the options to a command, which gets them as the argument `shown`."""

    @functools.wraps(command)
    def with_shown(*, as_json: bool, whole: bool, plot: str | None, watch: bool, **others: Any) -> object:
        if as_json and whole:
            raise click.UsageError("expected one format, got --json and --message")
        if watch and (as_json or whole):
            raise click.UsageError(f"expected one format, got --watch and --{'json' if as_json else 'message'}")
        return command(shown=Shown(as_json, whole, plot, watch), **others)

    message_help = "The message as one JSON document, when the stream is over."
    for decorator in (
        click.option("--watch", is_flag=True, help="Show the answer, its gaps and pings on a screen until it ends."),
        click.option("--plot", callback=plot_path, metavar="FILE", help=PLOT_HELP, shell_complete=completing.files),
        click.option("--message", "whole", is_flag=True, help=message_help),
        click.option(
            "--json", "as_json", is_flag=True, help="One JSON line a part: its type, its fields, received_ns."
        ),
    ):
        with_shown = decorator(with_shown)
    return with_shown
