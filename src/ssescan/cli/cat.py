"""`ssescan cat`: print the events of a file, a URL or standard input as they arrive.

Connects a source (`sources.py`), the event stream and an output format (`output.py`, `terminal.py`).
"""

import sys

import click

from .. import EventStream, Outcome, Stall, iter_events
from .curl import CurlCommand, Request, source_options
from .exits import Exit, Failure, print_error
from .output import Format, JsonLines, Plain, Raw, counted
from .printing import print_all, progress_option
from .sources import open_source


@click.command("cat", cls=CurlCommand)
@source_options
@click.option("--json", "as_json", is_flag=True, help="One JSON line an event: event, data, id, retry, received_ns.")
@click.option("--raw", is_flag=True, help="The bytes as they arrive, line ends and control characters made visible.")
@progress_option
def command(*, source: str, request: Request, as_json: bool, raw: bool, stall: Stall | None) -> Exit:
    """Print the events of a stream as they arrive.

    \b
    To a pipe or a file the output is the canonical event stream,
    on a terminal it is made to be read.

    \b
        ssescan cat recorded.sse
        curl -sN http://localhost:8000/events | ssescan cat --json
        ssescan cat https://... -H "Authorization: Bearer $KEY" -d @ask.json

    \b
    The options are those of curl, so a copied curl command works with
    ssescan cat in place of curl (--data-json in place of --json).
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    if as_json and raw:
        raise click.UsageError("expected one format, got --json and --raw")
    with open_source(source, request) as opened:
        if raw:
            raw_format = Raw()
            chunks = raw_format.watch(opened.chunks())
            return print_events(iter_events(chunks, stall=stall), raw_format, opened.name)
        output_format: Format
        if as_json:
            output_format = JsonLines()
        elif not sys.stdout.isatty():
            output_format = Plain()
        else:
            from .terminal import Terminal

            output_format = Terminal(opened.began_ns)
        return print_events(iter_events(opened.stream, stall=stall, timing=True), output_format, opened.name)


def print_events(stream: EventStream, output: Format, source_name: str) -> Exit:
    """Print every event and return Exit.ENDED; any other end of the stream is a Failure."""
    events = print_all(stream, output, source_name)
    if not events and stream.bytes_read:
        text = f"expected events from {source_name}, {counted(stream.bytes_read, 'byte')} came and no event"
        if stream.outcome is Outcome.CUT:
            raise Failure(Exit.CUT, f"{text}, it was cut in the middle of one; is it an event stream?")
        print_error(f"ssescan: {text}; is it an event stream?")
    if stream.outcome is Outcome.CUT:
        text = f"expected the stream from {source_name} to end with a blank line, it was cut in the middle of an event"
        raise Failure(Exit.CUT, f"{text}, after {counted(events, 'whole event')}; the unfinished one was dropped")
    return Exit.ENDED
