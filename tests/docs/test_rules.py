"""The rows of docs/rules.md on providers: a stream for each kind of row, and the result."""

from __future__ import annotations

from typing import Any

import pytest
from providers.assertions import framed

import ssescan
from ssescan.providers import Citation, Part, Ping

FIRST: dict[str, Any] = {
    "type": "message_start",
    "message": {"id": "a", "model": "m", "content": [], "usage": {"input_tokens": 3, "cache_read_input_tokens": 2}},
}
BLOCK: list[dict[str, Any]] = [
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hi"}},
    {"type": "content_block_stop", "index": 0},
]
TURN = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 5}}
STOP = {"type": "message_stop"}
CREATED: list[dict[str, Any]] = [
    {"type": "response.created", "response": {"id": "r", "model": "m", "status": "in_progress", "output": []}},
    {"type": "response.output_item.added", "output_index": 0, "item": {"type": "message", "id": "i", "content": []}},
    {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "item_id": "i", "delta": "hi"},
]


def chat(content: str | None = None, reason: str | None = None, **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": {"content": content}, "finish_reason": reason}
    return {"object": "chat.completion.chunk", "id": "x", "model": "m", "choices": [choice], **more}


def gemini(text: str, reason: str | None = None) -> dict[str, Any]:
    return {"candidates": [{"content": {"parts": [{"text": text}]}, "finishReason": reason}]}


def end(status: str, **more: Any) -> dict[str, Any]:
    return {"type": f"response.{status}", "response": {"id": "r", "status": status, "output": [], **more}}


def read(body: bytes) -> tuple[ssescan.Message, list[Part]]:
    with ssescan.stream([body], strict=False) as stream:
        parts = list(stream)
    return stream.message, parts


@pytest.mark.parametrize(
    ("body", "complete"),
    [
        (framed(chat("a", "stop")), True),
        (framed(chat("a", "length"), "[DONE]"), True),
        (framed(chat("a"), "[DONE]"), False),
        (framed(*CREATED, end("completed")), True),
        (framed(*CREATED, end("incomplete", incomplete_details={"reason": "max_output_tokens"})), True),
        (framed(*CREATED, end("failed", error={"message": "m"})), False),
        (framed(*CREATED), False),
        (framed(FIRST, *BLOCK, TURN), True),
        (framed(FIRST, *BLOCK, STOP), True),
        (framed(FIRST, *BLOCK), False),
        (framed(gemini("a"), gemini("b", "STOP")), True),
        (framed(gemini("a")), False),
        (framed({"promptFeedback": {"blockReason": "SAFETY"}}), True),
        (framed(chat("a", "stop")).rstrip(b"\n"), True),
        (framed(chat("a", "stop")).rstrip(b"}\n"), False),
        (framed(chat("a", "stop"), {"error": {"message": "late"}}, "[DONE]"), False),
        (framed(chat("a", "stop"), "[DONE]", {"error": {"message": "late"}}), False),
    ],
)
def test_answer_is_complete_by_its_providers_mark(body: bytes, complete: bool) -> None:
    assert read(body)[0].complete is complete


@pytest.mark.parametrize(
    "sign",
    [b": ping\n\n", b"data: : PROCESSING\n\n", b'data: {"type": "ping"}\n\n', b'data: {"type": "keepalive"}\n\n'],
)
def test_keep_alives_do_not_decide_the_format(sign: bytes) -> None:
    message, parts = read(sign + framed(chat("a", "stop")))
    assert isinstance(parts[0], Ping)
    assert (message.api, message.complete) == ("openai-chat", True)


@pytest.mark.parametrize(
    ("body", "texts"),
    [
        (framed(gemini("a")) + b'{\n "error": {\n  "message": "m"\n }\n}\n', ["m"]),
        (framed(chat("a")) + b'error: {"message": "m"}\n\n', ["m"]),
        (framed(chat("a")) + b'data: {"choices": []}\ndata: {"error": {"message": "m"}}\n\n', ["m"]),
        (framed(FIRST, {"type": "error", "error": {"type": "overloaded_error", "message": "m"}}), ["m"]),
        (framed({"error": {"message": "m", "code": 503, "status": "UNAVAILABLE"}}), ["m"]),
    ],
)
def test_errors_in_every_position(body: bytes, texts: list[str]) -> None:
    assert [error.message for error in read(body)[0].errors] == texts


def test_usage_means_the_same_everywhere() -> None:
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    grown = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 8}
    of_xai = {**grown, "completion_tokens_details": {"reasoning_tokens": 5}}
    nothing: dict[str, Any] = {"object": "chat.completion.chunk", "choices": [], "usage": None}
    for body, (input_tokens, output_tokens) in (
        (framed(chat("a", "stop", usage=usage), nothing), (1, 2)),
        (framed(chat("a", "stop", usage=usage, x_groq={"usage": usage})), (1, 2)),
        (framed(chat("a", usage=usage), chat("", "stop", usage=of_xai)), (1, 7)),
        (framed(FIRST, *BLOCK, TURN, STOP), (5, 5)),
    ):
        found = read(body)[0].usage
        assert found is not None
        assert (found.input, found.output) == (input_tokens, output_tokens)


def test_growing_citations_appear_once() -> None:
    chunks = [chat("a", citations=["u1"]), chat("b", citations=["u1", "u2"]), chat("", "stop", citations=["u1", "u2"])]
    found = [part.items for part in read(framed(*chunks))[1] if isinstance(part, Citation)]
    assert found == [[{"url": "u1"}], [{"url": "u2"}]]


def test_two_joined_streams_are_an_error() -> None:
    another = {"type": "message_start", "message": {**FIRST["message"], "id": "b"}}
    message, _ = read(framed(FIRST, *BLOCK, another, TURN, STOP))
    assert [error.kind for error in message.errors] == ["protocol"]
    assert not message.complete


def test_json_that_c_decoders_refuse() -> None:
    message, _ = read(
        b'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"a\\ud83d"},'
        b'"logprobs":{"content":[{"logprob":NaN}]},"finish_reason":"stop"}]}\n\n'
    )
    assert (message.text, message.complete) == ("a\ufffd", True)


def test_reset_keeps_the_last_event_id() -> None:
    scanner = ssescan.Scanner()
    scanner.feed(b"id: 7\ndata: a\n\n")
    scanner.close()
    scanner.reset()
    assert [event.id for event in scanner.feed(b"data: b\n\n")] == ["7"]
