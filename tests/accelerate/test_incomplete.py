"""Events that lack fields, or have others than expected, become the same objects, and are built by us."""

from __future__ import annotations

from random import Random
from typing import Any, Literal

import anthropic.types
import openai.types.chat
import openai.types.responses
import pydantic
import pytest

import ssescan
from ssescan.dropin.sdk.validation import lacks_fields

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


@pytest.mark.parametrize("sdk", ["openai-responses", "anthropic"])
def test_value_that_lacks_fields_is_not_valid(sdk: str) -> None:
    adapter: Any = pydantic.TypeAdapter(EVENTS[sdk])
    lacks = lacks_fields(adapter)
    found = 0
    for model in models_of(EVENTS[sdk]):
        event = complete(model)
        assert not lacks(event)
        for value in incomplete(event, Random(1)):
            if lacks(value):
                found += 1
                with pytest.raises(pydantic.ValidationError):
                    adapter.validate_python(value)
    assert found > 20


class First(pydantic.BaseModel):
    """A variant with fields that are not required, or have another name in JSON."""

    type: Literal["first"]
    with_default: int = 3
    renamed: int = pydantic.Field(alias="its_alias")
    nullable: int | None


class Second(pydantic.BaseModel):
    """A variant with a model in it."""

    type: Literal["second"]
    inner: First


@pytest.mark.parametrize(
    ("value", "does_lack"),
    [
        ({"type": "first", "its_alias": 1, "nullable": None}, False),
        ({"type": "first", "nullable": 1}, False),  # not looked at: some models accept the name too
        ({"type": "first", "its_alias": 1}, True),
        ({"type": "second", "inner": {"type": "first", "nullable": 1}}, False),
        ({"type": "second", "inner": {"type": "first"}}, True),
        ({"type": "second", "inner": First(type="first", its_alias=1, nullable=1)}, False),
        ({"type": "second"}, True),
        ({"type": "no such type"}, False),
        ({"type": ["second"]}, False),
        ({}, False),
        (None, False),
        ([], False),
    ],
)
def test_lacking_fields(value: Any, does_lack: bool) -> None:
    adapter: Any = pydantic.TypeAdapter(First | Second)
    assert lacks_fields(adapter)(value) is does_lack
    if does_lack:
        with pytest.raises(pydantic.ValidationError):
            adapter.validate_python(value)


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
