"""Streams for `ssescan read`, its exit statuses, and its lines on stderr."""

import json
from typing import Any

from .processes import Done

ENDED, OTHER, USAGE, CUT, REFUSED, FAILED, PROVIDER, INTERRUPTED = 0, 1, 2, 3, 4, 5, 6, 130
ALL_FORMATS = [(), ("--json",), ("--message",)]


def event(payload: object) -> bytes:
    """Return an event with the payload as its data."""
    return b"data: %s\n\n" % json.dumps(payload).encode()


def chunk(delta: dict[str, Any], *, index: int = 0, **fields: object) -> bytes:
    """Return an event of OpenAI's Chat Completions with one choice; `finish` is the choice's finish reason."""
    choice = {"index": index, "delta": delta, "finish_reason": fields.pop("finish", None)}
    return event({"id": "c1", "object": "chat.completion.chunk", "model": "m", "choices": [choice]} | fields)


def text(*pieces: str) -> bytes:
    return b"".join(chunk({"content": piece}) for piece in pieces)


def tool(index: int, arguments: str = "", **function: str) -> bytes:
    call = {"index": index, "function": function | {"arguments": arguments}}
    return chunk({"tool_calls": [call | ({"id": f"call_{index}"} if function else {})]})


USAGE_CHUNK = event({
    "id": "c1", "object": "chat.completion.chunk", "choices": [],
    "usage": {"prompt_tokens": 1200, "completion_tokens": 34, "completion_tokens_details": {"reasoning_tokens": 8}},
})  # fmt: skip
STOP = chunk({}, finish="stop")
DONE = b"data: [DONE]\n\n"
WHOLE = text("He", "llo é") + STOP + USAGE_CHUNK + DONE
UNFINISHED = text("He", "llo")
OVERLOADED = (
    b'event: message_start\ndata: {"type":"message_start","message":{"id":"m1","type":"message","role":"assistant",'
    b'"model":"c","content":[],"usage":{"input_tokens":3,"output_tokens":1}}}\n\n'
    b'event: content_block_start\ndata: {"type":"content_block_start","index":0,'
    b'"content_block":{"type":"text","text":""}}\n\n'
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
    b'"delta":{"type":"text_delta","text":"Hi"}}\n\n'
    b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Over\\u001bloaded"}}\n\n'
)
GEMINI_PARTIAL = b"".join(
    event({"candidates": [{"content": {"role": "model", "parts": [{"functionCall": call}]}, "index": 0} | finish]})
    for call, finish in (
        ({"name": "plan", "willContinue": True}, {}),
        ({"partialArgs": [{"jsonPath": "$.hours", "numberValue": 6}], "willContinue": True}, {}),
        ({}, {"finishReason": "STOP"}),
    )
)
SERVER_TOOL = b"".join(
    event(payload)
    for payload in (
        {"type": "message_start", "message": {"id": "m1", "model": "c", "content": [], "usage": {"input_tokens": 3}}},
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}},
        },
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "input_json_delta", "partial_json": '{"query": "tide"}'},
        },
        {"type": "content_block_stop", "index": 0},
        {
            "type": "content_block_start",
            "index": 1,
            "content_block": {"type": "web_search_tool_result", "tool_use_id": "s1", "content": []},
        },
        {"type": "content_block_stop", "index": 1},
        {"type": "content_block_start", "index": 2, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 2, "delta": {"type": "text_delta", "text": "At noon."}},
        {"type": "content_block_stop", "index": 2},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 9}},
        {"type": "message_stop"},
    )
)


def summary_line(done: Done) -> str:
    """Return the only line on stderr that begins with --."""
    (line,) = [line for line in done.err.splitlines() if line.startswith("-- ")]
    return line


def error_line(done: Done) -> str:
    """Return the last line on stderr, the only one with an error."""
    *others, line = done.err.splitlines()
    assert line.startswith("ssescan: "), done.err
    assert not [other for other in others if not other.startswith("-- ")]
    return line
