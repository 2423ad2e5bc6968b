"""The options of the commands that print an answer: which output format it gets.

`answers.py` and `answers_terminal.py` have the formats. Knows nothing of sources.
"""

import functools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from .answers import PartLines, TextOnly, WholeMessage, WithSummary
from .output import Format
from .summaries import Summary


@dataclass(frozen=True)
class Shown:
    """The values of the options: how to print an answer."""

    as_json: bool
    whole: bool

    def new_format(self, *, has_times: bool = False) -> Callable[[Summary], Format]:
        """Return what makes the format for a summary. `has_times`: JSON is followed by the summary too."""
        if self.as_json or self.whole:
            documents = PartLines if self.as_json else WholeMessage
            return lambda summary: WithSummary(documents(), summary) if has_times else documents()
        if not sys.stdout.isatty():
            return TextOnly
        from .answers_terminal import AnswerTerminal

        return AnswerTerminal


def answer_options(command: Callable[..., object]) -> Callable[..., object]:
    """Add the options to a command, which gets them as the argument `shown`."""

    @functools.wraps(command)
    def with_shown(*, as_json: bool, whole: bool, **others: Any) -> object:
        if as_json and whole:
            raise click.UsageError("expected one format, got --json and --message")
        return command(shown=Shown(as_json, whole), **others)

    message_help = "The message as one JSON document, when the stream is over."
    for decorator in (
        click.option("--message", "whole", is_flag=True, help=message_help),
        click.option(
            "--json", "as_json", is_flag=True, help="One JSON line a part: its type, its fields, received_ns."
        ),
    ):
        with_shown = decorator(with_shown)
    return with_shown
