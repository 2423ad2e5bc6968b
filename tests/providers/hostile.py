"""Helpers for hostile streams: streams of each format with a place for an odd value, and the checks after reading."""

from __future__ import annotations

import contextlib
import json
import sys
from typing import TYPE_CHECKING, Any

import msgspec
import msgspec.inspect
import pytest

from ssescan.providers import End, Message, Part, stream

from .assertions import APIS, aread, framed, text
from .test_tables_anthropic import (
    END,
    TEXT_BLOCK,
    block,
    delta,
    start,
    stop,
)
from .test_tables_chat import STOP, chunk
from .test_tables_gemini import (
    I_CREATED,
    candidate,
    interaction,
    more,
    over,
    step,
)
from .test_tables_responses import CREATED, OF_MESSAGE, ended

if TYPE_CHECKING:
    from collections.abc import Iterator


both = pytest.mark.parametrize("api", APIS)

# The start and the end of a stream in each format, and the event of a piece of text.
BEGIN: dict[str, list[Any]] = {
    "openai-chat": [],
    "openai-responses": [CREATED],
    "anthropic": [start(), block(TEXT_BLOCK)],
    "gemini": [],
    "gemini-interactions": [I_CREATED, step("model_output")],
}
SAYS: dict[str, Any] = {
    "openai-chat": lambda value: chunk({"content": value}),
    "openai-responses": lambda value: {"type": "response.output_text.delta", "delta": value} | OF_MESSAGE,
    "anthropic": lambda value: delta("text", text=value),
    "gemini": lambda value: candidate({"text": value}),
    "gemini-interactions": lambda value: more("text", text=value),
}
ENDS: dict[str, list[Any]] = {
    "openai-chat": [STOP],
    "openai-responses": [ended("completed")],
    "anthropic": [stop(), *END],
    "gemini": [candidate(finish="STOP")],
    "gemini-interactions": [over(), interaction("completed", "completed")],
}


def with_json(api: str, value: str) -> bytes:
    """Return a stream with the text "a", then a literal JSON value, then the text "b"."""
    says = SAYS[api]
    odd = text(says("@@")).replace('"@@"', value)
    return framed(*BEGIN[api], says("a"), odd, says("b"), *ENDS[api])


@contextlib.contextmanager
def room_in_the_stack() -> Iterator[None]:
    """Raise the recursion limit before 3.12, where one limit counts Python's frames and the recursion in C.

    The caller's encoder, written in Python, needs more of both than our decoder. How many are left depends on the
    caller of the tests.
    """
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(limit + 50 * (sys.version_info < (3, 12)))
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


def usable(message: Message) -> Message:
    """Use a message in all ways, and return it."""
    message.to_dict()
    json.loads(message.to_json())
    if message.api is not None:
        with room_in_the_stack():
            json.dumps(message.to_turn())
    for made in message.tool_calls:
        assert isinstance(made.invalid, bool)
    return message


def survive(source: bytes, api: Any, *, alike: bool = True) -> tuple[list[Part], Message]:
    """Read a stream, use its message after each part, and check that async reading and other cuts give the same.

    `alike`: False if the result depends on the depth of the stack.
    """
    reading = stream(source, api, strict=False)
    parts = []
    for part in reading:
        parts.append(part)
        usable(reading.message)
    message = usable(reading.message)
    assert [part for part in parts if isinstance(part, End)] == parts[-1:]
    msgspec.json.encode(parts)
    again, same, _ = aread([source[at : at + 7] for at in range(0, len(source), 7)], api)
    if alike:  # by repr, as NaN differs from itself
        assert repr(again) == repr(parts)
        assert repr(same) == repr(message)
    return parts, message
