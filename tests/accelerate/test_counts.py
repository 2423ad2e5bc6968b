"""Acceleration.events and Acceleration.streams: what was read, cut off, and built by the SDK."""

from __future__ import annotations

import gc
import json
from typing import Any

import httpx2
import openai
import pytest

import ssescan
from ssescan.dropin.sdk import StreamCounts
from ssescan.dropin.sdk.counts import MAX_REASON_LENGTH, MAX_REASONS, Counts

from .sdks import SERVER, Body, client, open_stream, read_stream, read_stream_async

pytestmark = pytest.mark.filterwarnings("ignore")

DONE = b"data: [DONE]\n\n"


def events(*values: dict[str, Any]) -> bytes:
    """Return a body of these events, with their types as names."""
    texts = []
    for value in values:
        name = value.get("type", value.get("event_type"))
        texts.append((f"event: {name}\n" if name else "") + f"data: {json.dumps(value)}\n\n")
    return "".join(texts).encode()


def chat(finish: str | None = None, **more: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": finish}], **more}


MESSAGE = {
    "id": "m",
    "content": [],
    "role": "assistant",
    "type": "message",
    "model": "m",
    "usage": {"output_tokens": 1},
}
START = {"type": "message_start", "message": MESSAGE}
TEXT = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "a"}}
STOP_REASON = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}}
DELTA = {"type": "response.output_text.delta", "delta": "a"}
COMPLETED = {"type": "response.completed", "response": {"id": "r"}}
PART = {"candidates": [{"content": {"parts": [{"text": "a"}]}}]}
LAST_PART = {"candidates": [{"finishReason": "STOP"}]}
STEP = {"event_type": "step.delta", "index": 0, "delta": {"type": "text", "text": "a"}}
INTERACTION = {"event_type": "interaction.completed", "interaction": {"id": "i", "status": "completed"}}
NAMES = {"openai-chat": "openai", "openai-responses": "openai", "anthropic": "anthropic"}

CUT = [
    ("openai-chat", b""),
    ("openai-chat", events(chat())),
    ("openai-chat", events(chat(), {"choices": []})),
    ("openai-responses", events(DELTA)),
    ("openai-responses", events(COMPLETED, DELTA)),
    ("anthropic", b""),
    ("anthropic", events(START, TEXT)),
    ("anthropic", events(START, TEXT, {"type": "content_block_stop", "index": 0})),
    ("gemini", events(PART)),
    ("gemini", events(PART) + b'data: {"candidates": [{"con'),
    ("interactions", events(STEP)),
]
WHOLE = [
    ("openai-chat", events(chat()) + DONE),
    ("openai-chat", DONE),
    ("openai-chat", events(chat("stop"))),
    ("openai-chat", events(chat("stop"), {"choices": [], "usage": {"total_tokens": 1}})),
    ("openai-chat", events(chat(), {"error": {"message": "overloaded"}})),
    ("openai-responses", events(DELTA, COMPLETED)),
    ("openai-responses", events(DELTA, {"type": "error", "message": "m"})),
    ("openai-responses", events(DELTA) + DONE),
    ("anthropic", events(START, TEXT, STOP_REASON)),
    ("anthropic", events(START, TEXT, STOP_REASON, {"type": "message_stop"})),
    ("anthropic", events(START, TEXT, {"type": "error", "error": {"type": "overloaded_error", "message": "m"}})),
    ("gemini", events(PART, LAST_PART)),
    ("gemini", events({"promptFeedback": {"blockReason": "SAFETY"}})),
    ("interactions", events(STEP, INTERACTION)),
]


def counts_of(sdk: str, read: Any, chunks: list[bytes], broken: Exception | None = None) -> StreamCounts:
    with ssescan.accelerate() as acceleration:
        read(sdk, chunks, broken)
    return acceleration.streams[NAMES.get(sdk, "google-genai")]


@pytest.mark.parametrize("read", [read_stream, read_stream_async])
@pytest.mark.parametrize(("sdk", "body"), CUT)
def test_streams_without_an_end_are_cut(sdk: str, body: bytes, read: Any) -> None:
    assert counts_of(sdk, read, [body]) == StreamCounts(1, 1, 0, ())


@pytest.mark.parametrize("read", [read_stream, read_stream_async])
@pytest.mark.parametrize(("sdk", "body"), WHOLE)
def test_streams_with_an_end_are_not_cut(sdk: str, body: bytes, read: Any) -> None:
    assert counts_of(sdk, read, [body]) == StreamCounts(1, 0, 0, ())


@pytest.mark.parametrize("read", [read_stream, read_stream_async])
@pytest.mark.parametrize(("sdk", "body"), [case for case in CUT if case[1]])
def test_broken_connections_are_cut(sdk: str, body: bytes, read: Any) -> None:
    counts = counts_of(sdk, read, [body], httpx2.ReadError("broken"))
    assert (counts.read, counts.cut) == (1, 1)


def test_stream_that_the_program_leaves_is_not_cut() -> None:
    for sdk, body in (("openai-chat", events(chat(), chat())), ("anthropic", events(START, TEXT))):
        SERVER.body = Body([body])
        with ssescan.accelerate() as acceleration:
            stream = open_stream(sdk, client(sdk))
            items = iter(stream)
            next(items)
            del items, stream
            gc.collect()  # a stream of openai refers to itself
        assert acceleration.streams[NAMES[sdk]] == StreamCounts(1, 0, 0, ())


def test_counts_are_those_of_one_acceleration() -> None:
    body = [events(chat(), chat("stop")) + DONE]
    with ssescan.accelerate("openai") as first:
        read_stream("openai-chat", body)
        with ssescan.accelerate("openai") as second:
            assert (second.events, second.streams["openai"].read) == ({"openai": 0}, 0)
            read_stream("openai-chat", body)
        assert (first.events, second.events) == ({"openai": 6}, {"openai": 3})
        read_stream("openai-chat", body)
        assert (first.events, second.events) == ({"openai": 9}, {"openai": 3})
        assert (first.streams["openai"].read, second.streams["openai"].read) == (3, 1)


def test_incomplete_events_do_not_go_the_slow_way() -> None:
    bodies = {
        "openai-responses": events(DELTA, {"type": "no such type"}, COMPLETED),
        "openai-chat": events(chat(usage={}), {"choices": [{"delta": {"content": ["a"]}}]}) + DONE,
        "anthropic": events({"type": "message_start", "message": {"usage": None}}, {"type": "ping"}, STOP_REASON),
    }
    for sdk, body in bodies.items():
        counts = counts_of(sdk, read_stream, [body])
        assert (counts.slow_events, counts.reasons) == (0, ())


def test_events_that_the_sdk_builds_are_slow() -> None:
    http = httpx2.Client(transport=httpx2.MockTransport(SERVER))
    strict = openai.OpenAI(api_key="none", http_client=http, max_retries=0, _strict_response_validation=True)
    usual = events(chat("stop", id="c", created=1, model="m", object="chat.completion.chunk"))
    SERVER.body = Body([usual + usual + DONE])
    with ssescan.accelerate("openai") as acceleration:
        assert len(list(open_stream("openai-chat", strict))) == 2
    counts = acceleration.streams["openai"]
    assert counts == StreamCounts(1, 0, 2, ("a client with _strict_response_validation",))


def test_values_that_the_sdk_decides_are_slow() -> None:
    wrong = {"type": "response.output_text.delta", "delta": "a", "_fields_set": ["a"]}
    with ssescan.accelerate("openai") as acceleration:
        read_stream("openai-responses", [events(DELTA, wrong, wrong, COMPLETED)])
    counts = acceleration.streams["openai"]
    assert counts.slow_events > 0
    assert len(counts.reasons) == 1, counts.reasons


def test_reasons_are_bounded() -> None:
    counts = Counts()
    start = counts.copy()
    for number in range(100):
        counts.go_slow(f"{number} " + "x" * 1000)
    found = counts.streams_since(start)
    assert found.slow_events == 100
    assert len(found.reasons) == MAX_REASONS
    assert {len(reason) for reason in found.reasons} == {MAX_REASON_LENGTH}
    later = counts.copy()
    counts.go_slow("0 " + "x" * 1000)
    assert counts.streams_since(later) == StreamCounts(0, 0, 1, found.reasons[:1])
