"""`ssescan read`: print the answer of a model from a file, a URL or standard input, as it arrives.

Connects a source (`sources.py`), the stream of parts and an output format (`answer_options.py`). Knows no API.
"""

import click

from .answer_options import Shown, answer_options
from .curl import CurlCommand, Request, source_options
from .exits import Exit
from .reading import ReadingCommand, ReadOptions, reading_options
from .sources import open_source
from .summaries import Summary


class ReadCommand(ReadingCommand, CurlCommand):
    """A command with the options of `source_options` and of `reading_options`."""


@click.command("read", cls=ReadCommand)
@source_options
@reading_options
@answer_options
def command(*, source: str, request: Request, reading: ReadOptions, shown: Shown) -> Exit:
    """Print the answer of a model as it arrives.

    \b
    To a pipe or a file, only the text of the answer is printed, with a line
    feed if it does not end with one. A terminal also shows the reasoning
    and the tool calls. One line on standard error has the finish reason,
    the usage, the times, and how the stream ended.

    \b
    Exit status 0: the answer is complete. 3: it was cut. 6: the provider
    reported an error. The text that came is printed in any case.

    \b
        ssescan read recorded.sse
        curl -sN https://... | ssescan read --message | jq .usage
        ssescan read https://... -H "Authorization: Bearer $KEY" \\
            -d @ask.json

    \b
    The options are those of curl, so a copied curl command works with
    ssescan read in place of curl (--data-json in place of --json).
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    printer = shown.printer(reading.api)
    with open_source(source, request) as opened:
        return printer.print(opened, reading, Summary(opened.asked_ns, opened.is_file, opened.recorded))
