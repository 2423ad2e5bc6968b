"""The `.stream()` helpers of openai and anthropic yield the same events and snapshots."""

from __future__ import annotations

from random import Random
from typing import Any

import pydantic
import pytest

import ssescan

from .mutations import mutated
from .sdks import SERVER, Body, client, error_snapshot, loop, snapshot
from .test_equal import body_of

pytestmark = pytest.mark.filterwarnings("ignore")

HELPERS = ("openai-chat", "openai-responses", "anthropic")
MAX_BODY = 5000  # bytes: each event has a snapshot of all before
MAX_BODIES = 14
MUTATIONS = 30


class Answer(pydantic.BaseModel):
    """A response format."""

    answer: str = ""


TOOL = {"type": "object", "properties": {"location": {"type": "string"}}, "additionalProperties": False}
FUNCTION = {"name": "get_weather", "parameters": {**TOOL, "required": ["location"]}, "strict": True}
OPTIONS: dict[str, list[dict[str, Any]]] = {
    "openai-chat": [{}, {"response_format": Answer}, {"tools": [{"type": "function", "function": FUNCTION}]}],
    "openai-responses": [{}, {"text_format": Answer}, {"tools": [{"type": "function", **FUNCTION}]}],
    "anthropic": [{}, {"output_format": Answer}],
}


def open_helper(sdk: str, client: Any, options: dict[str, Any]) -> Any:
    if sdk == "anthropic":
        return client.messages.stream(model="m", max_tokens=1, messages=[], **options)
    if sdk == "openai-chat":
        return client.chat.completions.stream(model="m", messages=[], **options)
    return client.responses.stream(model="m", input="i", **options)


def read_helper(sdk: str, body: bytes, options: dict[str, Any]) -> list[Any]:
    """Return snapshots of each event when it comes, of all events at the end, and of the exception."""
    SERVER.body = Body([body])
    found, events = [], []
    try:
        with open_helper(sdk, client(sdk), options) as stream:
            for event in stream:
                events.append(event)
                found.append(snapshot(event))
            if sdk == "openai-chat":
                events.append(stream.get_final_completion())
    except Exception as error:
        found.append(error_snapshot(error))
    return found + [snapshot(event) for event in events]  # a list in two objects would show here


def read_helper_async(sdk: str, body: bytes, options: dict[str, Any]) -> list[Any]:
    SERVER.body = Body([body])
    events: list[Any] = []

    async def main() -> None:
        try:
            async with open_helper(sdk, client(sdk, True), options) as stream:
                async for event in stream:
                    events.append(event)
        except Exception as error:
            events.append(error_snapshot(error))

    loop().run(main())
    return [snapshot(event) for event in events]


@pytest.mark.parametrize("sdk", HELPERS)
def test_helpers_yield_the_same(sdk: str, bodies: list[tuple[str, str, bytes]]) -> None:
    chosen = [(file, body) for name, file, body in bodies if name == sdk and len(body) < MAX_BODY]
    assert chosen
    chosen = chosen[:: len(chosen) // MAX_BODIES + 1]
    cases = [(file, body, options) for file, body in chosen for options in OPTIONS[sdk]]
    plain = [(read_helper(sdk, body, options), read_helper_async(sdk, body, options)) for _, body, options in cases]
    with ssescan.accelerate():
        for (file, body, options), expected in zip(cases, plain, strict=True):
            found = read_helper(sdk, body, options), read_helper_async(sdk, body, options)
            assert found == expected, (file, options)


@pytest.mark.parametrize("sdk", HELPERS)
def test_helpers_treat_mutated_streams_the_same(sdk: str, bodies: list[tuple[str, str, bytes]]) -> None:
    random = Random(f"streams of {sdk}")
    chosen = [body for name, _, body in bodies if name == sdk and len(body) < MAX_BODY]
    streams = []
    for _ in range(MUTATIONS):
        events = []
        for event in ssescan.iter_events(random.choice(chosen)):
            try:
                value = event.json()
            except ValueError:
                continue
            value = mutated(value, random) if random.random() < 0.1 else value
            events.append(body_of(event.event, value, random))
        streams.append(b"".join(events))
    cases = [(body, random.choice(OPTIONS[sdk])) for body in streams]
    plain = [read_helper(sdk, body, options) for body, options in cases]
    with ssescan.accelerate():
        for (body, options), expected in zip(cases, plain, strict=True):
            assert read_helper(sdk, body, options) == expected, body
