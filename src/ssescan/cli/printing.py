"""From a stream to standard output, item by item; an error of the stream becomes a Failure.

Shared by the commands that print a stream. Knows nothing of the items.
"""

import contextlib
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import click

from .. import Stall
from .._secrets import error_without_secrets
from .curl import positive_seconds
from .exits import Exit, Failure, OutputFailed, failure_of
from .output import Format, counted

if TYPE_CHECKING:
    from .. import EventStream
    from ..gateway import ByteStream
    from ..providers import MessageStream
    from ..testing import Recording

    Stream: TypeAlias = EventStream[Any] | MessageStream | ByteStream

F = TypeVar("F", bound=Callable[..., object])


def progress_option(command: F) -> F:
    """Add the option --progress to a command, which gets it as the argument `stall`."""

    def to_stall(context: click.Context, option: click.Parameter, seconds: float | None) -> Stall | None:
        seconds = positive_seconds(context, option, seconds)
        return None if seconds is None else Stall(progress=seconds)

    text = "Fail if no event comes for so long, although bytes do."
    return click.option("--progress", "stall", type=float, callback=to_stall, metavar="SECONDS", help=text)(command)


def print_all(stream: "Stream", output: Format, source_name: str, events: Callable[[], int] | None = None) -> int:
    """Print every item and the end, and return the number of items. Raises Failure after that if the stream failed.

    `events`: returns the number of events so far, if the items are not events.
    """
    items = 0

    def so_far() -> str:
        return f"after {counted(events() if events else items, 'event')} and {counted(stream.bytes_read, 'byte')}"

    try:
        with contextlib.closing(with_failures(stream, source_name, so_far)) as stream_items:
            for item in stream_items:
                items += 1
                output.show(item, stream)
    except (Failure, KeyboardInterrupt):  # any other error is the output's, and would be raised again
        output.end(stream)
        raise
    output.end(stream)
    return items


def with_failures(
    stream: "Stream | Recording", source_name: str, so_far: Callable[[], str]
) -> Generator[Any, None, None]:
    """Yield the items of a stream; raise a Failure for its errors, but not for those of the caller."""
    try:
        with stream:
            yield from stream
    except OutputFailed:  # from `cat --raw`, which prints the bytes while they are read
        raise
    except Exception as error:
        if failure := failure_of(error, source_name, so_far()):
            raise failure from error
        if isinstance(error, OSError):
            text = f"expected to read {source_name} to its end, got {error_without_secrets(error)}, {so_far()}"
            raise Failure(Exit.FAILED, text) from error
        raise
