"""What the tests of streams share: a stream of Anthropic's, whole and in pieces, sources that fail, and reading to an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ssescan
from ssescan.providers import (
    AsyncMessageStream,
    End,
    MessageStream,
    Part,
)

from .assertions import read
from .test_tables_anthropic import HEY
from .test_tables_responses import named

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


BODY = named(*HEY)
BEGUN = named(*HEY[:3])  # "He", and it is not over
REST = named(*HEY[3:])
PARTS, MESSAGE, _ = read(BODY)
SAID = {"text": "Hey", "finish": "stop"}
CUT = End(complete=False)
OF_TWO = [BODY[:200], BODY[200:]]
EVENTS = [*ssescan.iter_events(BODY)]
SHORT = 0.05  # seconds: a limit that is to pass
LONG = 600  # seconds: a limit that is not


class Boom(Exception):
    """Raised by a source, or by the program, in the middle of things."""


def generated(*chunks: Any, then: BaseException | None = None) -> Iterator[Any]:
    yield from chunks
    if then is not None:
        raise then


async def agenerated(*chunks: Any, then: BaseException | None = None) -> AsyncIterator[Any]:
    for one in chunks:
        yield one
    if then is not None:
        raise then


def read_to_error(reading: MessageStream) -> tuple[list[Part], Exception | None]:
    """Give the parts, and what was raised after them."""
    parts = []
    try:
        for part in reading:
            parts.append(part)
    except Exception as error:
        return parts, error
    return parts, None


async def aread_to_error(reading: AsyncMessageStream) -> tuple[list[Part], Exception | None]:
    parts = []
    try:
        async for part in reading:
            parts.append(part)
    except Exception as error:
        return parts, error
    return parts, None


def told_of_end(parts: list[Part]) -> list[End]:
    """Give the parts End, having seen that there is none but the last."""
    ends = [part for part in parts if isinstance(part, End)]
    assert ends == parts[-1:]
    return ends
