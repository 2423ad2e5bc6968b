"""`ssescan convert`: the stream of a model, written again in the format of another API, as it arrives.

Connects a source (`sources.py`) and the gateway. Knows no API.
"""

import contextlib
import sys
from functools import partial
from typing import Any, cast

import click

from .._secrets import error_without_secrets
from ..gateway import ByteStream, transcode
from ..providers.formats import WRITTEN_APIS, WrittenApi
from . import completing
from .curl import Request, source_options
from .exits import Exit, Failure, failure_of, print_note
from .output import counted, write
from .printing import with_failures
from .read import ReadCommand
from .reading import ReadOptions, known_api, reading_options
from .sources import open_source
from .visible import IN_JSON

TO_HELP = f"The format to write: {', '.join(WRITTEN_APIS)}."


@click.command("convert", cls=ReadCommand)
@source_options
@reading_options
@click.option(
    "--to",
    required=True,
    callback=partial(known_api, names=WRITTEN_APIS),
    metavar="NAME",
    help=TO_HELP,
    shell_complete=completing.names(WRITTEN_APIS),
)
@click.option("--model", metavar="NAME", help="The name of the model to write, in place of the one that came.")
@click.option("--include-usage", is_flag=True, help="Write the usage, which openai-chat has only on request.")
def command(
    *,
    source: str,
    request: Request,
    to: str,
    reading: ReadOptions,
    model: str | None,
    include_usage: bool,
) -> Exit:
    """Write the stream of a model in the format of another API, as it arrives.

    \b
    The output is what a server of that API sends. A stream that has the
    format already passes unchanged. What the format cannot express is
    counted in a note on standard error.

    \b
    Exit status 0: the answer is complete. 3: it was cut. 6: the provider
    reported an error. Then the output ends in an error of the format.

    \b
        ssescan convert --to anthropic recorded.sse
        ssescan convert --to openai-responses https://... \\
            -H "Authorization: Bearer $KEY" -d @ask.json

    \b
    The options are those of curl, as for ssescan read.
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    options: dict[str, Any] = {"model": model} if model is not None else {}
    if include_usage:
        options["include_usage"] = True
    with open_source(source, request) as opened:
        stream = transcode(opened.stream, cast("WrittenApi", to), **reading.options(), **options)
        write_all(stream, opened.name)
    if stream.lost:
        parts = ", ".join(f"{count:,} {name}" for name, count in sorted(stream.lost.items()))
        print_note(f"{to} has no place for all of the answer, by the name of the part: {parts}")
    return Exit.ENDED


def write_all(stream: ByteStream, source_name: str) -> None:
    """Write everything to standard output. Raises Failure after that if the answer is not whole."""

    def so_far() -> str:
        return f"after {counted(stream.events, 'event')} and {counted(stream.bytes_read, 'byte')}"

    show = show_on_terminal if sys.stdout.isatty() else write
    with contextlib.closing(with_failures(stream, source_name, so_far)) as pieces:
        for piece in pieces:
            show(piece)
    error = stream.error
    if error is None:
        return
    if isinstance(error, Exception) and (failure := failure_of(error, source_name, so_far())):
        raise failure from error
    text = f"expected to read {source_name} to its end, got {error_without_secrets(error)}, {so_far()}"
    raise Failure(Exit.FAILED, text) from error


def show_on_terminal(piece: bytes) -> None:
    """Write whole events with the control characters in their strings escaped."""
    write(piece.decode("utf-8", "backslashreplace").translate(IN_JSON).encode())
