"""The streams that the frameworks read: whole answers in the shapes of the providers, with their usage.

Each is a text of `count` words, or reasoning, text and two calls of `count` pieces each. `ANSWERS` is for the server.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import count as numbers
from typing import Any

from benchmarks.suites import payloads

# What DSPy expects around the text of a field, and what asks for the arguments of a call.
BEFORE_FIELD, AFTER_FIELD = "[[ ## answer ## ]]\n", "\n\n[[ ## completed ## ]]"
CALLS = (("call_1", "look_up"), ("call_2", "look_up"))


def words(count: int) -> list[str]:
    return [f" {word}" for word in payloads.words(count)]


def arguments(count: int) -> list[str]:
    """Return the JSON of a call's arguments in pieces."""
    return ['{"place":"', *words(count), '"}']


def event(data: dict[str, Any], name: str = "") -> bytes:
    line = f"event: {name}\n" if name else ""
    return f"{line}data: {json.dumps(data, separators=(',', ':'))}\n\n".encode()


def chat_event(delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return event(CHAT | {"choices": [choice], "usage": None})


CHAT: dict[str, Any] = {
    "id": "chatcmpl-0b1946Kq3mZtVx",
    "object": "chat.completion.chunk",
    "created": 1790000000,
    "model": "gpt-small-2026",
    "service_tier": "default",
}
CHAT_USAGE = {
    "prompt_tokens": 9,
    "completion_tokens": 512,
    "total_tokens": 521,
    "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 64, "audio_tokens": 0},
}


def chat(deltas: list[dict[str, Any]], finish: str = "stop") -> list[bytes]:
    """Return Chat Completions with these deltas."""
    return [
        chat_event({"role": "assistant", "content": "", "refusal": None}),
        *map(chat_event, deltas),
        chat_event({}, finish),
        event(CHAT | {"choices": [], "usage": CHAT_USAGE}),
        b"data: [DONE]\n\n",
    ]


def chat_text(count: int) -> list[bytes]:
    return chat([{"content": word} for word in words(count)])


def chat_field(count: int) -> list[bytes]:
    """Return the text as a field of DSPy."""
    return chat([{"content": text} for text in (BEFORE_FIELD, *words(count), AFTER_FIELD)])


def chat_call(place: int, call: dict[str, Any]) -> dict[str, Any]:
    return {"tool_calls": [{"index": place, **call}]}


def chat_calls(count: int) -> list[bytes]:
    """Return a reasoning (as compatible servers send it), a text and calls."""
    deltas: list[dict[str, Any]] = [{"reasoning_content": word} for word in words(count)]
    deltas += [{"content": word} for word in words(count)]
    for place, (id, name) in enumerate(CALLS):
        deltas.append(chat_call(place, {"id": id, "type": "function", "function": {"name": name, "arguments": ""}}))
        deltas += [chat_call(place, {"function": {"arguments": piece}}) for piece in arguments(count)]
    return chat(deltas, "tool_calls")


def items(count: int) -> list[str]:
    """Return a list of small objects in pieces, as instructor asks for it in the arguments of a call."""
    pieces = [piece for word in words(count // 3) for piece in ('{"word":"', word, '"},')]
    return ['{"tasks":[', *pieces[:-1], '"}]}']


def chat_items(count: int) -> list[bytes]:
    call: dict[str, Any] = {"id": "call_1", "type": "function", "function": {"name": "IterableItem", "arguments": ""}}
    pieces: list[dict[str, Any]] = [{"function": {"arguments": text}} for text in items(count)]
    return chat([chat_call(0, piece) for piece in (call, *pieces)], "tool_calls")


def response(status: str, output: list[Any], usage: Any = None) -> dict[str, Any]:
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1790000000,
        "status": status,
        "model": "gpt-small-2026",
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": usage,
    }


RESPONSES_USAGE = {
    "input_tokens": 9,
    "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 0},
    "output_tokens": 512,
    "output_tokens_details": {"reasoning_tokens": 64},
    "total_tokens": 521,
}


def text_item(pieces: list[str]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return an output item of Responses, and its events: name and fields."""
    item = {"id": "msg_1", "type": "message", "role": "assistant"}
    place, text = {"item_id": "msg_1", "content_index": 0}, "".join(pieces)

    def part(text: str) -> dict[str, Any]:
        return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}

    events: list[dict[str, Any]] = [
        {"type": "output_item.added", "item": {**item, "status": "in_progress", "content": []}},
        {"type": "content_part.added", **place, "part": part("")},
        *({"type": "output_text.delta", **place, "delta": piece, "logprobs": []} for piece in pieces),
        {"type": "output_text.done", **place, "text": text, "logprobs": []},
        {"type": "content_part.done", **place, "part": part(text)},
    ]
    return {**item, "status": "completed", "content": [part(text)]}, events


def reasoning_item(pieces: list[str]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    item = {"id": "rs_1", "type": "reasoning", "encrypted_content": "kq3mZtVx"}
    place, text = {"item_id": "rs_1", "summary_index": 0}, "".join(pieces)
    events: list[dict[str, Any]] = [
        {"type": "output_item.added", "item": {**item, "summary": []}},
        {"type": "reasoning_summary_part.added", **place, "part": {"type": "summary_text", "text": ""}},
        *({"type": "reasoning_summary_text.delta", **place, "delta": piece} for piece in pieces),
        {"type": "reasoning_summary_text.done", **place, "text": text},
        {"type": "reasoning_summary_part.done", **place, "part": {"type": "summary_text", "text": text}},
    ]
    return {**item, "summary": [{"type": "summary_text", "text": text}]}, events


def call_item(id: str, name: str, pieces: list[str]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    item = {"id": f"fc_{id}", "type": "function_call", "call_id": id, "name": name}
    place, text = {"item_id": f"fc_{id}"}, "".join(pieces)
    events: list[dict[str, Any]] = [
        {"type": "output_item.added", "item": {**item, "status": "in_progress", "arguments": ""}},
        *({"type": "function_call_arguments.delta", **place, "delta": piece} for piece in pieces),
        {"type": "function_call_arguments.done", **place, "name": name, "arguments": text},
    ]
    return {**item, "status": "completed", "arguments": text}, events


def responses(items: list[tuple[dict[str, Any], list[dict[str, Any]]]]) -> list[bytes]:
    """Return Responses with these items."""
    fields: list[dict[str, Any]] = [
        {"type": name, "response": response("in_progress", [])} for name in ("created", "in_progress")
    ]
    for place, (item, events) in enumerate(items):
        done = {"type": "output_item.done", "item": item}
        fields += [{**fields, "output_index": place} for fields in (*events, done)]
    fields.append(
        {"type": "completed", "response": response("completed", [item for item, _ in items], RESPONSES_USAGE)}
    )
    number = numbers()
    named = [(f"response.{of.pop('type')}", of) for of in fields]
    return [event({"type": name, "sequence_number": next(number), **of}, name) for name, of in named]


def responses_text(count: int) -> list[bytes]:
    return responses([text_item(words(count))])


def responses_calls(count: int) -> list[bytes]:
    """Return a reasoning, a text and calls."""
    calls = [call_item(id, name, arguments(count)) for id, name in CALLS]
    return responses([reasoning_item(words(count)), text_item(words(count)), *calls])


Block = tuple[dict[str, Any], list[dict[str, Any]]]


def messages(blocks: list[Block], stop: str = "end_turn") -> list[bytes]:
    """Return Anthropic's messages with these blocks, each with its deltas."""
    usage = {"input_tokens": 9, "cache_read_input_tokens": 4, "cache_creation_input_tokens": 0, "output_tokens": 1}
    message: dict[str, Any] = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-small",
        "content": [],
    }
    message |= {"stop_reason": None, "stop_sequence": None, "usage": usage}
    fields: list[dict[str, Any]] = [{"type": "message_start", "message": message}]
    for index, (block, deltas) in enumerate(blocks):
        fields.append({"type": "content_block_start", "index": index, "content_block": block})
        fields += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        fields.append({"type": "content_block_stop", "index": index})
    delta = {"stop_reason": stop, "stop_sequence": None}
    fields += [{"type": "message_delta", "delta": delta, "usage": usage | {"output_tokens": 512}}]
    fields += [{"type": "message_stop"}]
    return [event(of, of["type"]) for of in fields]


def text_block(pieces: list[str]) -> Block:
    return {"type": "text", "text": ""}, [{"type": "text_delta", "text": piece} for piece in pieces]


def call_block(id: str, name: str, pieces: list[str]) -> Block:
    deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
    return {"type": "tool_use", "id": id, "name": name, "input": {}}, deltas


def messages_text(count: int) -> list[bytes]:
    return messages([text_block(words(count))])


def messages_calls(count: int) -> list[bytes]:
    """Return thinking, a text and calls."""
    thoughts = [{"type": "thinking_delta", "thinking": piece} for piece in words(count)]
    signature = {"type": "signature_delta", "signature": "kq3mZtVx"}
    blocks: list[Block] = [
        ({"type": "thinking", "thinking": "", "signature": ""}, [*thoughts, signature]),
        text_block(words(count)),
    ]
    blocks += [call_block(id, name, arguments(count)) for id, name in CALLS]
    return messages(blocks, "tool_use")


def messages_items(count: int) -> list[bytes]:
    return messages([call_block("call_1", "IterableItem", items(count))], "tool_use")


def gemini(parts: list[dict[str, Any]]) -> list[bytes]:
    """Return responses of Gemini, each with a part; the last one has the finish reason."""
    events = []
    for number, part in enumerate(parts, start=1):
        finish = {"finishReason": "STOP"} if number == len(parts) else {}
        candidate = {"content": {"parts": [part], "role": "model"}, **finish, "index": 0}
        usage = {"promptTokenCount": 9, "candidatesTokenCount": number, "totalTokenCount": number + 9}
        rest = {"usageMetadata": usage, "modelVersion": "gemini-small-2026", "responseId": "kq3mZtVx0b1946Kq"}
        events.append(event({"candidates": [candidate], **rest}).replace(b"\n", b"\r\n"))
    return events


def gemini_text(count: int) -> list[bytes]:
    return gemini([{"text": word} for word in words(count)])


def gemini_calls(count: int) -> list[bytes]:
    """Return thoughts, a text and calls."""
    parts: list[dict[str, Any]] = [{"text": word, "thought": True} for word in words(count)]
    parts += [{"text": word} for word in words(count)]
    for id, name in CALLS:
        arguments = {"place": "".join(words(count))}
        parts.append({"functionCall": {"id": id, "name": name, "args": arguments}, "thoughtSignature": "a3EzbQ=="})
    return gemini(parts)


def failed(events: list[bytes], error: dict[str, Any], name: str = "") -> list[bytes]:
    """Return the first half of a stream, and an error in place of the rest."""
    return [*events[: len(events) // 2], event(error, name)]


def chat_error(count: int) -> list[bytes]:
    return failed(chat_text(count), {"error": {"type": "server_error", "code": None, "message": "too busy"}})


def responses_error(count: int) -> list[bytes]:
    error = {"type": "error", "code": "server_error", "message": "too busy", "param": None, "sequence_number": count}
    return failed(responses_text(count), error, "error")


def messages_error(count: int) -> list[bytes]:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "too busy"}}
    return failed(messages_text(count), error, "error")


ANSWERS: dict[str, Callable[[int], list[bytes]]] = {
    "openai-chat": chat_text,
    "openai-chat-calls": chat_calls,
    "openai-chat-error": chat_error,
    "openai-chat-field": chat_field,
    "openai-chat-items": chat_items,
    "openai-responses": responses_text,
    "openai-responses-calls": responses_calls,
    "openai-responses-error": responses_error,
    "anthropic": messages_text,
    "anthropic-calls": messages_calls,
    "anthropic-error": messages_error,
    "anthropic-items": messages_items,
    "gemini": gemini_text,
    "gemini-calls": gemini_calls,
}
