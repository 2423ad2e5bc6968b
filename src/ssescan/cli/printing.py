"""From a stream to standard output, an item at a time; whatever goes wrong with the stream becomes a Failure.

What the commands that print a stream have in common. Knows neither what the items are nor how they look.
"""

import contextlib
from collections.abc import Callable, Generator, Iterator
from typing import Any, Protocol, TypeVar

import click

from .. import Outcome
from .._secrets import error_without_secrets
from .exits import Exit, Failure, OutputFailed, explain
from .output import counted
from .sources import positive_seconds

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., object])


class Stream(Protocol[T_co]):
    """What an EventStream and a MessageStream have in common."""

    @property
    def outcome(self) -> Outcome | None: ...
    @property
    def bytes_read(self) -> int: ...
    def __enter__(self) -> object: ...
    def __exit__(self, *exception: object) -> None: ...
    def __iter__(self) -> Iterator[T_co]: ...


class Format(Protocol):
    """What a command prints through: a method for an item of its stream, and one for the end."""

    def show(self, item: Any, stream: Any, /) -> None:
        """Print one item of the stream."""

    def end(self, stream: Any, /) -> None:
        """Print what belongs after the last item, however the stream ended."""


def progress_option(command: F) -> F:
    """Give a command the option `progress`, seconds; meant for a Stall."""
    return click.option(
        "--progress",
        type=float,
        callback=positive_seconds,
        metavar="SECONDS",
        help="Fail if no event comes for so long, though bytes do.",
    )(command)


def print_all(stream: Stream[Any], output: Format, place: str, events: Callable[[], int] | None = None) -> int:
    """Print every item and return how many there were; that the stream failed is a Failure, raised after the end.

    `place`: where the stream came from. `events`: tells how many events came so far, where items are something else.
    """
    items = 0

    def so_far() -> str:
        return f"after {counted(events() if events else items, 'event')} and {counted(stream.bytes_read, 'byte')}"

    try:
        with contextlib.closing(explained(stream, place, so_far)) as given:
            for item in given:
                items += 1
                output.show(item, stream)
    except (Failure, KeyboardInterrupt):  # anything else is the output's error, and printing more would meet it again
        output.end(stream)
        raise
    output.end(stream)
    return items


def explained(stream: Stream[T], place: str, so_far: Callable[[], str]) -> Generator[T, None, None]:
    """Yield what the stream gives, with a Failure for what it raises; what is raised at the yield passes unseen."""
    try:
        with stream:
            yield from stream
    except OutputFailed:  # by a format that prints the bytes on their way here: `cat --raw`
        raise
    except Exception as error:
        if failure := explain(error, place, so_far()):
            raise failure from error
        if isinstance(error, OSError):
            raise Failure(
                Exit.FAILED, f"expected to read {place} to its end, got {error_without_secrets(error)}, {so_far()}"
            ) from error
        raise
