"""`ssescan replay`: serve tapes on this machine, as any of four LLM APIs and with faults on demand.

Connects the command line and `ssescan.testing.replay_server`.
"""

import sys
from typing import Any

import click

from ..testing import Tape
from . import completing
from .exits import Exit, Failure, print_error, print_note
from .output import counted
from .visible import visible

DEFAULT_PORT = 8765


@click.command("replay")
@click.argument("tapes", nargs=-1, required=True, metavar="TAPE...", shell_complete=completing.files)
@click.option("--host", default="127.0.0.1", metavar="ADDRESS", help="The address to listen on; default 127.0.0.1.")
@click.option("--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, help=f"Default {DEFAULT_PORT}; 0: any.")
@click.option("--speed", type=float, default=0, help="0: no pauses (default). 1: as recorded. 2: twice as fast.")
@click.option(
    "--chunk", metavar="N|event|random:SEED", help="Send chunks of N bytes, of one event, or of random sizes."
)
@click.option("--cut-at", type=int, metavar="BYTE", help="Close the connection after so many bytes of the body.")
@click.option("--stall-at", type=int, metavar="BYTE", help="Send nothing more after so many bytes.")
@click.option("--reset-at", type=int, metavar="BYTE", help="Abort the connection (TCP RST) after so many bytes.")
@click.option("--status", type=int, help="The status of the response; from 400 on, an error of the API.")
def command(*, tapes: tuple[str, ...], host: str, port: int, chunk: str | None, **options: Any) -> Exit:
    """Serve tapes on this machine, until Ctrl-C.

    \b
    Answers /v1/chat/completions, /v1/responses, /v1/messages and
    /v1beta/models/*:streamGenerateContent in the format of that API,
    whatever the format of the tape; any other path gets the tape as it is.
    Several tapes answer one request after the other; the last one repeats.
    A TAPE is a file of ssescan record, a stream (.sse), a HAR file, or a
    cassette of VCR.py.

    \b
    The first line of the output is the URL. A request with the header
    'X-Ssescan-Replay: cut-at=100; speed=1' has its own options.

    \b
        ssescan replay answer.tape --speed 1
        OPENAI_BASE_URL=http://127.0.0.1:8765/v1 python program.py
        ssescan replay answer.tape --reset-at 5000 --chunk random:7
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    from ..testing.server import replay_server  # only this command needs these packages

    opened = [tape for path in tapes for tape in opened_tapes(path)]
    size: int | str | None = int(chunk) if chunk is not None and chunk.isascii() and chunk.isdigit() else chunk
    try:
        server = replay_server(*opened, chunk=size, host=host, port=port, **options)
    except (TypeError, ValueError) as error:
        raise click.UsageError(f"expected tapes and options that can be replayed, got others: {error}") from error
    except OSError as error:
        text = f"expected to listen on {visible(host)}, port {port}, got {error.strerror or error}"
        raise Failure(Exit.OTHER, f"{text}; --port 0 chooses a free one") from error
    click.echo(server.url)
    sys.stdout.flush()
    for tape in opened:
        times = ", with times" if tape.chunks and tape.chunks[-1].time_ns is not None else ", without times"
        reads = f"{counted(tape.size, 'byte')} in {counted(len(tape.chunks), 'chunk')}{times}"
        print_error(f"ssescan: replays {visible(tape.name)}: {reads}")
        if tape.note:
            print_note(f"the tape {visible(tape.name)} is not whole, {tape.note}")
    try:
        server.run()
    finally:
        server.close()
    return Exit.ENDED


def opened_tapes(path: str) -> list[Tape]:
    """Return the tapes in a file, of several only the event streams if there are any; a usage error without a tape."""
    try:
        found = Tape.open_all(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise click.UsageError(f"expected a tape to replay, got {path!r}: {reason}") from error
    except ImportError as error:  # pyyaml
        raise Failure(Exit.OTHER, str(error)) from error
    if not found:
        raise click.UsageError(f"expected a tape to replay, got {path!r}, which has no entries")
    # A browser also records pages, images, and requests without an answer (status 0).
    streams = [
        tape
        for tape in found
        if tape.status != 0 and tape.headers.get("content-type", "").startswith("text/event-stream")
    ]
    return streams or found
