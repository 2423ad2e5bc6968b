"""Events that lack fields, or have others than expected, become the same objects, and are built by us."""

from __future__ import annotations

from random import Random
from typing import Any

import anthropic.types
import openai.types.chat
import openai.types.responses
import pytest

import ssescan

from .incomplete import complete, incomplete, models_of
from .sdks import ErrorSnapshot, read_stream
from .test_equal import body_of

pytestmark = pytest.mark.filterwarnings("ignore")

EVENTS: dict[str, Any] = {
    "openai-responses": openai.types.responses.ResponseStreamEvent,
    "openai-chat": openai.types.chat.ChatCompletionChunk,
    "anthropic": anthropic.types.RawMessageStreamEvent,
}
CASES = [(sdk, model) for sdk, annotation in EVENTS.items() for model in models_of(annotation)]


@pytest.mark.parametrize(("sdk", "model"), CASES, ids=lambda value: getattr(value, "__name__", value))
def test_incomplete_events_yield_the_same(sdk: str, model: Any) -> None:
    random = Random(f"changes of {model.__name__}")
    event = complete(model)
    model.model_validate(event)  # all of it is valid, or the changes would show less
    name = event["type"] if sdk == "anthropic" else "message"
    events = [event, *incomplete(event, random)]
    body = b"".join(body_of(name, value, random) for value in events)
    plain = read_stream(sdk, [body])
    with ssescan.accelerate():
        found = read_stream(sdk, [body])
    for value, expected, given in zip(events, plain, found, strict=True):
        assert given == expected, value
    assert not isinstance(plain[-1], ErrorSnapshot), plain[-1]


# Events of servers that imitate an API.
OF_OTHER_SERVERS = {
    "openai-chat": [
        {"id": "a", "object": "chat.completion.chunk", "choices": [{"delta": {"content": "a"}}], "usage": {}},
        {"choices": [{"index": 0, "delta": None, "finish_reason": "stop"}]},
        {"choices": [{"index": 0, "delta": {"content": [{"type": "text", "text": "a"}]}}]},
        {"choices": [{"index": 0, "delta": {"tool_calls": [{"id": "c", "function": {"name": "f"}, "type": ""}]}}]},
        {"choices": [{"index": "0", "delta": {"role": "", "tool_calls": {}}}], "created": "1"},
        {"choices": {}, "usage": {"total_tokens": 1}},
    ],
    "openai-responses": [
        {"type": "response.output_text.delta", "delta": "a"},
        {"type": "response.created", "response": {"id": "r", "tools": [{"type": "function", "async": True}]}},
        {"type": "response.output_item.added", "item": {"type": "function_call", "async": True, "async_": 1, "name": "f"}},
        {"type": "response.output_item.added", "item": {"type": "function_call", "async_": True, "arguments": None}},
        {"type": "response.output_item.done", "item": {"type": "message", "content": [{"text": "a"}, {"type": "x"}]}},
        {"type": "response.output_item.done", "item": [{"type": "message"}]},
        {"type": "no such type", "delta": "a"},
        {"type": ["response.created"]},
        {"delta": "a"},
        {"type": "response.created", "response": [{"id": "r"}, 5]},
        {"type": "response.output_text.delta", "_fields_set": ["a"]},
        {"type": "response.output_text.delta", "_fields_set": "a"},
    ],
    "anthropic": [
        {"type": "message_start", "message": {"id": "m", "content": [], "usage": None}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": None},
        {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "a"}},
        {"type": "content_block_delta", "index": "0", "delta": {"type": "no_such_delta", "text": "a"}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "no_such_block", "text": "a"}},
        {"type": "no_such_event", "delta": {}},
    ],
}  # fmt: skip


@pytest.mark.parametrize("sdk", OF_OTHER_SERVERS)
def test_events_of_other_servers_yield_the_same(sdk: str) -> None:
    random = Random(1)
    for event in OF_OTHER_SERVERS[sdk]:
        body = body_of("content_block_delta" if sdk == "anthropic" else "message", event, random)
        plain = read_stream(sdk, [body])
        with ssescan.accelerate():
            assert read_stream(sdk, [body]) == plain, event
