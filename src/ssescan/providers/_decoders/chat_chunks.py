"""The chunks of Chat Completions as msgspec Structs, with the fields of all dialects that are read.

Knows what stands where, and not what it means.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class Function(Struct, gc=False):
    name: str | None = None
    arguments: Any = None  # mostly a text


class CallFragment(Struct, gc=False):
    index: int | None = None
    id: str | None = None
    function: Function | None = None
    extra_content: dict[str, Any] | None = None


class Delta(Struct, gc=False):
    role: str | None = None
    content: str | list[Any] | None = None
    tool_calls: list[CallFragment] | None = None
    reasoning_content: str | dict[str, Any] | None = None
    reasoning: str | dict[str, Any] | None = None
    reasoning_details: list[Any] | None = None
    refusal: str | None = None
    function_call: Function | None = None
    annotations: list[Any] | None = None
    images: list[Any] | None = None
    audio: dict[str, Any] | None = None


class Choice(Struct, gc=False):
    index: int | None = None
    delta: Delta | None = None
    finish_reason: str | None = None
    logprobs: dict[str, Any] | None = None
    text: str | None = None
    message: dict[str, Any] | None = None
    native_finish_reason: str | None = None
    error: Any = None


class Chunk(Struct, gc=False):
    choices: list[Choice] | None = None
    usage: dict[str, Any] | None = None
    error: Any = None
    x_groq: dict[str, Any] | None = None
    citations: list[Any] | None = None
    search_results: list[Any] | None = None
    # The fields of an error that is not in `error`.
    type: Any = None
    code: Any = None
    message: Any = None


class FirstChunk(Chunk, gc=False):
    """A chunk with the fields that all chunks repeat."""

    id: str | None = None
    model: str | None = None
    object: str | None = None
