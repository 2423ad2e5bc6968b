"""`ssescan read`: print what a model says, as it arrives, from a file, a URL or standard input.

Puts together a source (`sources.py`), the stream of parts, and a format (`answers.py`, `answers_terminal.py`); knows
none of them from the inside, and no API.
"""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import click

from .. import Stall
from ..providers import stream
from ..providers.formats import APIS
from .answers import PartLines, TextAlone, WholeMessage
from .exits import Exit
from .printing import Format, print_all, progress_option
from .sources import Request, open_source, source_options

if TYPE_CHECKING:
    from ..providers.formats import Api


@click.command("read")
@source_options
@progress_option
@click.option(
    "--api",
    type=click.Choice(list(APIS)),
    metavar="NAME",
    help=f"The format: {', '.join(APIS)}. Found from the first event unless named.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON line a part: its type, its fields, received_ns.")
@click.option("--message", "whole", is_flag=True, help="The message as one JSON document, when the stream is over.")
def command(
    *,
    source: str,
    api: str | None,
    as_json: bool,
    whole: bool,
    headers: tuple[str, ...],
    data: tuple[str, ...],
    method: str | None,
    idle: float | None,
    progress: float | None,
) -> Exit:
    """Print what a model says as it arrives.

    \b
    To a pipe or a file goes the answer's text and nothing else, and a line
    feed if the text does not end with one; on a terminal the reasoning and
    the calls of tools are shown as well. One line on standard error tells
    the finish reason, the usage, and how it ended.

    \b
    Exit status 0: the answer is complete. 3: it was cut. 6: the provider
    reported an error. What came is printed all the same.

    \b
        ssescan read recorded.sse
        curl -sN https://... | ssescan read --message | jq .usage
        ssescan read -H "Authorization: Bearer $KEY" \\
            -H 'Content-Type: application/json' -d @ask.json https://...
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    if as_json and whole:
        raise click.UsageError("expected one format, got --json and --message")
    request = Request(headers=headers, data=data, method=method, idle=idle)
    stall = Stall(progress=progress) if progress else None
    start_format = choose_format(as_json=as_json, whole=whole)  # before the clock runs: rich takes its time to load
    with open_source(source, request) as opened:
        parts = stream(opened.stream, cast("Api | None", api), stall=stall)
        # An answer that is not complete is raised: the stream is strict.
        print_all(parts, start_format(opened.asked_ns), opened.place, lambda: parts.events)
    return Exit.ENDED


def choose_format(*, as_json: bool, whole: bool) -> Callable[[int], Format]:
    """Return what makes the format that standard output wants, of the time at which the answer was asked for.

    It is one for people if standard output is a terminal.
    """
    if as_json:
        return lambda asked_ns: PartLines()
    if whole:
        return lambda asked_ns: WholeMessage()
    if not sys.stdout.isatty():
        return TextAlone
    from .answers_terminal import AnswerTerminal

    return AnswerTerminal
