"""`ssescan cat`: print the events of a file, a URL or standard input as they arrive.

Puts together a source (`sources.py`), the event stream, and a format (`formats.py`, `terminal.py`); knows none of them
from the inside.
"""

import sys

import click

from .. import EventStream, Outcome, Stall, iter_events
from .exits import Exit, Failure, tell
from .output import JsonLines, Plain, Raw, counted
from .printing import Format, print_all, progress_option
from .sources import Request, Source, open_source, source_options


@click.command("cat")
@source_options
@click.option("--json", "as_json", is_flag=True, help="One JSON line an event: event, data, id, retry, received_ns.")
@click.option("--raw", is_flag=True, help="The bytes as they arrive, line ends and control characters made visible.")
@progress_option
def command(
    *,
    source: str,
    as_json: bool,
    raw: bool,
    headers: tuple[str, ...],
    data: tuple[str, ...],
    method: str | None,
    idle: float | None,
    progress: float | None,
) -> Exit:
    """Print the events of a stream as they arrive.

    \b
    To a pipe or a file the output is the canonical event stream,
    on a terminal it is made to be read.

    \b
        ssescan cat recorded.sse
        curl -sN http://localhost:8000/events | ssescan cat --json
        ssescan cat -H 'Content-Type: application/json' -d @ask.json https://...
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    if as_json and raw:
        raise click.UsageError("expected one format, got --json and --raw")
    request = Request(headers=headers, data=data, method=method, idle=idle)
    stall = Stall(progress=progress) if progress else None
    with open_source(source, request) as opened:
        if raw:
            chunks_format = Raw()
            chunks = chunks_format.watch(opened.chunks())
            return print_events(iter_events(chunks, stall=stall), chunks_format, opened.place)
        events_format = choose_format(opened, as_json=as_json)
        return print_events(iter_events(opened.stream, stall=stall, timing=True), events_format, opened.place)


def choose_format(source: Source, *, as_json: bool) -> Format:
    """Return the format that standard output wants: one for people if it is a terminal."""
    if as_json:
        return JsonLines()
    if not sys.stdout.isatty():
        return Plain()
    from .terminal import Terminal

    return Terminal(source.began_ns)


def print_events(stream: EventStream, output: Format, place: str) -> Exit:
    """Print every event and return Exit.ENDED; any other end of the stream is a Failure."""
    events = print_all(stream, output, place)
    if not events and stream.bytes_read:
        text = f"expected events from {place}, {counted(stream.bytes_read, 'byte')} came and no event"
        tell(f"ssescan: {text}; is it an event stream?")
    if stream.outcome is Outcome.CUT:
        text = f"expected the stream from {place} to end with a blank line, it was cut in the middle of an event"
        raise Failure(Exit.CUT, f"{text}, after {counted(events, 'whole event')}; the unfinished one was dropped")
    return Exit.ENDED
