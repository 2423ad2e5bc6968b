"""Helpers for tests of streams: a stream of Anthropic, whole and in pieces, failing sources, and reading to an error."""

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
BEGUN = named(*HEY[:3])  # "He", without the end
REST = named(*HEY[3:])
PARTS, MESSAGE, _ = read(BODY)
SAID = {"text": "Hey", "finish": "stop"}
CUT = End(complete=False)
OF_TWO = [BODY[:200], BODY[200:]]
EVENTS = [*ssescan.iter_events(BODY)]
SHORT = 0.05  # seconds: a limit that is reached
LONG = 600  # seconds: a limit that is never reached


class Boom(Exception):
    """An error of a source or of the caller."""


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
    """Return the parts, and the error after them."""
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


def end_parts(parts: list[Part]) -> list[End]:
    """Return the End parts, and check that there is only one, the last part."""
    ends = [part for part in parts if isinstance(part, End)]
    assert ends == parts[-1:]
    return ends
