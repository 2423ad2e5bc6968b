"""response_body: a message as the answer to a client that asked for no stream. Knows no wire format: `_bodies/` does.

What the format cannot express is left out, as a Writer does.
"""

from __future__ import annotations

import secrets
from importlib import import_module
from typing import TYPE_CHECKING, Any

import msgspec

from .formats import checked_written_api
from .json_bytes import encode_value, json_object
from .message import Message, ToolCall
from .written_calls import made_call_id

if TYPE_CHECKING:
    from .formats import WrittenApi

BODIES = ("openai-chat", "openai-responses", "anthropic", "gemini")
"""The formats that have an answer which is not streamed."""


def response_body(message: Message, api: WrittenApi) -> bytes:
    """Return a message as the body that an API sends without `stream`, in JSON.

    `api`: "openai-chat" (a chat.completion), "openai-responses" (a response), "anthropic" (a message) or "gemini" (a
    GenerateContentResponse). TypeError for anything but a Message. ValueError for a message that is not complete, for
    which `error_body` has an answer, and for "ai-sdk-ui", which always streams.
    """
    if not isinstance(message, Message):
        raise TypeError(f"response_body() takes the Message of a stream, not {type(message).__name__}")
    if checked_written_api(api) not in BODIES:
        names = ", ".join(map(repr, BODIES))
        raise ValueError(f"{api!r} has no answer that is not streamed: expected one of {names}; write it with Writer")
    if not message.complete or any(choice.finish_reason == "error" for choice in message.choices):
        raise ValueError(
            "a complete message was expected, this one was cut or reports an error: answer with error_body(error, api)"
        )
    made: dict[str, Any] = import_module(f"._bodies.{api.replace('-', '_')}", __package__).body(message)
    return encode_value(made)


def made_id(message: Message, prefix: str) -> str:
    """Return the id of a message; if it has none, one that is made."""
    return message.id or prefix + secrets.token_hex(12)


def call_id(call: ToolCall, message_id: str, number: int) -> str:
    """Return the id of a call; if it has none, one that follows from the message's."""
    return call.id or made_call_id(message_id, number)


def raw(value: Any) -> msgspec.Raw:
    """Return any value as JSON that can be part of other values, however deeply it is nested."""
    return msgspec.Raw(encode_value(value))


def arguments_object(call: ToolCall) -> msgspec.Raw:
    """Return the arguments of a call for a format where they are an object, spelled as the model did."""
    if call.custom:
        return raw({"input": call.arguments})
    # Anthropic's own word for arguments that are not JSON.
    return msgspec.Raw(json_object(call.arguments) or encode_value({"INVALID_JSON": call.arguments}))


response_body.__module__ = "ssescan.providers"
