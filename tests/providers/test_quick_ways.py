"""The quick ways of the decoders: what they read is what the thorough way reads, whatever is wrong with an event."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from accelerate.mutations import mutated

import ssescan
from ssescan.providers._decoders.openai_chat import OpenAIChat
from ssescan.providers.format_decoder import FormatDecoder

STREAMS_OF_EACH = 300


def chunk(delta: dict[str, Any] | None, finish: str | None = None, usage: Any = None) -> dict[str, Any]:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "service_tier": None}
    return {**head, "choices": choices, "usage": usage}


def called(**function: str) -> dict[str, Any]:
    return {"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": function}]}


def response(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}", "sequence_number": 1, "output_index": 0, **fields}


def candidate(text: str, **fields: Any) -> dict[str, Any]:
    of_text = {"content": {"parts": [{"text": text}], "role": "model"}, "index": 0, **fields}
    usage = {"promptTokenCount": 1, "candidatesTokenCount": 2, "totalTokenCount": 3}
    return {"candidates": [of_text], "usageMetadata": usage, "modelVersion": "m", "responseId": "r"}


PART = {"type": "output_text", "text": "Hello you", "annotations": []}
ITEM = {"id": "msg_1", "type": "message", "status": "completed", "role": "assistant", "content": [PART]}
STREAMS: dict[str, list[dict[str, Any]]] = {
    "openai-chat": [
        chunk({"role": "assistant", "content": "", "refusal": None}),
        *(chunk({"content": text}) for text in ("Hello", " you", " and", " you")),
        *(chunk({"reasoning_content": text}) for text in ("so", " be it")),
        chunk({"content": " there"}),
        chunk(called(name="f", arguments="")),
        chunk(called(arguments="{}")),
        chunk({}, "tool_calls"),
        chunk(None, usage={"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}),
    ],
    "openai-responses": [
        response("created", response={"id": "resp_1", "model": "m", "status": "in_progress", "output": []}),
        response("output_item.added", item={**ITEM, "status": "in_progress", "content": []}),
        response("content_part.added", item_id="msg_1", content_index=0, part={**PART, "text": ""}),
        *(
            response("output_text.delta", item_id="msg_1", content_index=0, delta=text)
            for text in ("Hello", " ", "you")
        ),
        response("output_text.done", item_id="msg_1", content_index=0, text="Hello you"),
        response("content_part.done", item_id="msg_1", content_index=0, part=PART),
        response("output_item.done", item=ITEM),
        response("completed", response={"id": "resp_1", "model": "m", "status": "completed", "output": [ITEM]}),
    ],
    "gemini": [
        *(candidate(text) for text in ("Hello", " you", " and", " you")),
        candidate(" there", finishReason="STOP"),
    ],
}


def read(api: Any, events: list[Any]) -> tuple[list[str], str]:
    chunks = [b"data: " + json.dumps(event).encode() + b"\n\n" for event in events]
    stream = ssescan.stream(chunks, api if len(events) % 2 else None, strict=False)
    try:
        parts = [repr(part) for part in stream]
    except ssescan.UnknownFormat as error:
        parts = [str(error)]
    return parts, repr(stream.message)


@pytest.mark.parametrize("api", STREAMS)
def test_quick_ways_read_the_same(api: str, monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(f"quick ways of {api}")
    streams = [STREAMS[api]]
    for _ in range(STREAMS_OF_EACH):
        events: list[Any] = STREAMS[api][: random.randrange(1, len(STREAMS[api]) + 1)]
        for at in random.choices(range(len(events)), k=random.choice((1, 1, 2))):
            events[at] = mutated(events[at], random)
        streams.append(events)
    quick = [read(api, events) for events in streams]
    monkeypatch.setattr(FormatDecoder, "not_plain", lambda self, payload: None)
    monkeypatch.setattr(OpenAIChat, "first", None)
    for events, expected in zip(streams, quick, strict=True):
        assert read(api, events) == expected, events
