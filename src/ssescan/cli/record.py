"""`ssescan record`: write a stream to a tape, each read with its time, while it arrives.

Connects a source (`sources.py`) and `ssescan.testing.Tape`. Prints a summary, and nothing of the stream.
"""

import contextlib
import time
from functools import partial
from typing import Any

import click

from .. import EventStream, Stall, iter_events
from .._secrets import error_without_secrets
from ..providers.bodies import JSON_TYPES, LINES_TYPES
from ..refusals import BELOW_400
from ..testing import Recording, Tape
from . import completing
from .cat import print_events
from .curl import CurlCommand, Request, source_options
from .exits import Exit, Failure, print_error
from .output import Format, counted, summary
from .printing import progress_option, with_failures
from .sources import Source, open_source

OUTPUT_HELP = "The tape to write; an existing file is replaced."
JSON_BODIES = (*JSON_TYPES, *LINES_TYPES)


@click.command("record", cls=CurlCommand)
@partial(source_options, has_output=True)
@click.option("-o", "--output", required=True, metavar="FILE", help=OUTPUT_HELP, shell_complete=completing.files)
@progress_option
def command(*, source: str, request: Request, output: str, stall: Stall | None) -> Exit:
    """Record a stream on a tape: every read with its time, and the request without its secrets.

    \b
    Each read is in the file as soon as it arrives, so a tape that was
    interrupted is whole up to its last read. ssescan replay plays tapes;
    cat, read and convert read them. docs/tapes.md describes the format.

    \b
        ssescan record https://... -o answer.tape \\
            -H "Authorization: Bearer $KEY" -d @ask.json
        curl -sN http://localhost:8000/events | ssescan record -o events.tape

    \b
    Exit status 0: the stream ended. 3: it was cut in the middle of an event.
    4: the response was refused, and the tape has the refusal.
    Bodies of JSON, which some APIs send, are recorded too.
    The other options are those of curl, as for ssescan cat.
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    with open_source(source, request) as opened:
        try:
            recording = Tape.record(opened.stream, output, asked_ns=opened.asked_ns)
        except OSError as error:
            reason = error.strerror or error
            raise click.UsageError(f"expected a file to write after -o, got {output!r}: {reason}") from error
        try:
            kind = recording.sync_byte_source()
            if kind.status in BELOW_400 and kind.media_type in JSON_BODIES:
                return record_body(recording, opened)
            # An event of any size: only the reads are kept.
            stream = iter_events(recording, stall=stall, oversize="skip")
            return print_events(stream, Summary(opened.asked_ns), opened.name)
        except Failure as failure:
            if isinstance(cause := failure.__cause__, OSError) and cause.filename == output:
                text = f"expected to write the tape, got {error_without_secrets(cause)}"
                raise Failure(Exit.OTHER, f"{text}; it is whole up to the read before") from cause
            raise
        finally:
            recording.close()


def record_body(recording: Recording, source: Source) -> Exit:
    """Record a body of JSON, which has no events."""
    reads = size = 0

    def so_far() -> str:
        return f"after {counted(size, 'byte')}"

    try:
        with contextlib.closing(with_failures(recording, source.name, so_far)) as chunks:
            for chunk in chunks:
                reads += 1
                size += len(chunk)
    finally:
        seconds = (time.perf_counter_ns() - source.asked_ns) / 1e9
        print_error(f"ssescan: recorded {counted(size, 'byte')} in {counted(reads, 'read')}, {seconds:.2f} s")
    return Exit.ENDED


class Summary(Format):
    """Prints nothing of the stream, and a summary on standard error at its end."""

    def __init__(self, asked_ns: int) -> None:
        self._asked_ns = asked_ns
        self._events = 0

    def show(self, item: Any, stream: EventStream) -> None:
        self._events += 1

    def end(self, stream: EventStream) -> None:
        seconds = (time.perf_counter_ns() - self._asked_ns) / 1e9
        print_error(f"ssescan: recorded {summary(self._events, stream, seconds)}")
