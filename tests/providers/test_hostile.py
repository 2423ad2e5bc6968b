"""Hostile or careless streams make an Error or a Raw part, never another exception."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import msgspec.inspect
import pytest

from ssescan.providers import End, Raw

from .assertions import framed, read, text
from .hostile import BEGIN, ENDS, SAYS, both, survive, usable, with_json
from .test_tables_anthropic import (
    THINKING_BLOCK,
    TOOL_BLOCK,
    block,
    delta,
)
from .test_tables_chat import call, chunk
from .test_tables_gemini import (
    candidate,
    interaction,
    more,
    step,
)
from .test_tables_responses import ANSWER, CALL_EVENTS, OF_CALL, OF_MESSAGE, ended

# --- JSON: the table of section 2

READ_AS = {
    "lone high surrogate": (r'"x\ud83dy"', "x\ufffdy"),
    "lone low surrogate": (r'"x\ude00y"', "x\ufffdy"),
    "surrogates the wrong way round": (r'"\ude00\ud83d"', "\ufffd\ufffd"),
    "lone surrogate after an escaped backslash": (r'"\\\ud83d \\ud83d"', "\\\ufffd \\ud83d"),
    "lone surrogate before a pair": (r'"\ud83d\ud83d\ude00"', "\ufffd\U0001f600"),
    "surrogate pair escaped": (r'"\ud83d\ude00"', "\U0001f600"),
    "raw TAB": ('"x\ty"', "x\ty"),
    "raw controls": ('"x\x01\x1f\x7fy"', "x\x01\x1f\x7fy"),
    "raw NUL": ('"x\0y"', "x\0y"),
    "raw newline": ('"x\ndata: y"', "x\ny"),
    "NUL escape": (r'"\u0000"', "\0"),
}


@both
@pytest.mark.parametrize(("value", "said"), READ_AS.values(), ids=READ_AS)
def test_unusual_strings(api: str, value: str, said: str) -> None:
    _, message = survive(with_json(api, value), api)
    assert message.text == f"a{said}b"
    assert message.errors == []
    assert message.complete


INVALID_UTF8 = {
    "an invalid byte": (b"x\xffy", "x\ufffdy"),
    "the first 2 of 4": (b"x\xf0\x9fy", "x\ufffdy"),
    "an encoded surrogate": (b"x\xed\xa0\xbdy", "x\ufffd\ufffd\ufffdy"),
    "overlong": (b"x\xc0\xafy", "x\ufffd\ufffdy"),
}


@both
@pytest.mark.parametrize(("raw", "said"), INVALID_UTF8.values(), ids=INVALID_UTF8)
def test_invalid_utf8_is_replaced(api: str, raw: bytes, said: str) -> None:
    _, message = survive(with_json(api, '"@@@"').replace(b"@@@", raw), api)
    assert message.text == f"a{said}b"
    assert message.errors == []


BESIDE = {
    "NaN": "NaN",
    "Infinity": "[Infinity,-Infinity]",
    "1e400": "1e400",
    "int 2**70": str(2**70),
    "-2**70": str(-(2**70)),
    "NaN and 2**70": f"[NaN,{2**70}]",
    "depth 600": "[" * 600 + "]" * 600,
    "a lone surrogate in a key": r'{"\ud83d":1}',
    "an empty key": '{"":1}',
}


@both
@pytest.mark.parametrize("value", BESIDE.values(), ids=BESIDE)
def test_unusual_values_in_unused_fields(api: str, value: str) -> None:
    says = SAYS[api]
    odd = text(says("x"))[:-1] + f', "of_no_interest": {value}}}'
    _, message = survive(framed(*BEGIN[api], says("a"), odd, says("b"), *ENDS[api]), api)
    assert message.text == "axb"
    assert message.errors == []
    assert message.complete


@both
def test_last_of_duplicate_keys_counts(api: str) -> None:
    says = SAYS[api]
    field = json.dumps(says("x")).rpartition('"x"')[0].rpartition(", ")[2].rpartition("{")[2]
    odd = text(says("x")).replace('"x"', f'"x", {field}"y"')
    _, message = survive(framed(*BEGIN[api], says("a"), odd, says("b"), *ENDS[api]), api)
    assert message.text == "ayb"


@both
@pytest.mark.parametrize("spaces", [" ", "\t", " " * 1000])
def test_json_may_have_white_space_around_it(api: str, spaces: str) -> None:
    says = SAYS[api]
    odd = spaces + text(says("x"))[:-1] + spaces + "}" + spaces
    _, message = survive(framed(*BEGIN[api], says("a"), odd, says("b"), *ENDS[api]), api)
    assert message.text == "axb"
    assert message.errors == []


NO_JSON = {
    "half an object": '{"a":',
    "a BOM before an object": '\ufeff{"a":1}',
    "a word": "hello",
    "a million digits": "1" * 1_000_000,
    "a million digits in an object": '{"a":' + "1" * 1_000_000 + "}",
    "a fraction of a million digits": '{"a":[@' + "1" * 1_000_000 + "]}",
    "arrays 100,000 deep": "[" * 100_000 + "]" * 100_000,
    "arrays 100,000 deep, never closed": "[" * 100_000,
    "objects 100,000 deep": '{"a":' * 100_000 + "1" + "}" * 100_000,
    "a million backslashes": '{"a":"' + "\\" * 1_000_001,
    "a million quotes": '"' * 1_000_001,
}


@both
@pytest.mark.parametrize("payload", NO_JSON.values(), ids=NO_JSON)
def test_payload_that_is_not_json_is_an_error_part(api: str, payload: str) -> None:
    says = SAYS[api]
    parts, message = read(framed(*BEGIN[api], says("a"), payload, says("b"), *ENDS[api]), api)[:2]
    usable(message)
    assert message.text == "ab"
    assert [error.kind for error in message.errors] == ["decode"]
    assert not message.complete
    assert message.finish_reason == "stop"
    begins = payload.encode()[:200] if isinstance(payload, str) else payload[:200]
    assert message.errors[0].message == begins.decode("utf-8", "replace")
    assert message.errors[0].raw
    assert len(message.errors[0].raw) < 1000
    assert parts[-1] == End(complete=False)


PLAIN_VALUES = {"null": "null", "a string": '"ok"', "numbers": "[1,2]", "true": "true", "an empty list": "[]"}


@both
@pytest.mark.parametrize("payload", PLAIN_VALUES.values(), ids=PLAIN_VALUES)
def test_payload_that_is_not_an_object_is_kept(api: str, payload: str) -> None:
    says = SAYS[api]
    parts, message = survive(framed(*BEGIN[api], says("a"), payload, says("b"), *ENDS[api]), api)
    assert message.text == "ab"
    assert message.errors == []
    assert [part.data for part in parts if isinstance(part, Raw)] == [json.loads(payload)]


# --- Wrong types

CARRIES: dict[str, tuple[str, list[Any], Any, str]] = {
    name: (api, before, event, key)
    for name, api, before, event, key in (
        ("chat, content", "openai-chat", [], chunk({"content": "@@"}), ""),
        ("chat, content part", "openai-chat", [], chunk({"content": [{"type": "text", "text": "@@"}]}), ""),
        ("chat, thinking", "openai-chat", [], chunk({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "@@"}]}]}), ""),
        ("chat, thinking list", "openai-chat", [], chunk({"content": [{"type": "thinking", "thinking": "@@"}]}), "dict"),
        ("chat, reasoning_content", "openai-chat", [], chunk({"reasoning_content": "@@"}), ""),
        ("chat, reasoning", "openai-chat", [], chunk({"reasoning": "@@"}), ""),
        ("chat, reasoning_details", "openai-chat", [], chunk({"reasoning_details": [{"type": "reasoning.text", "text": "@@"}]}), ""),
        ("chat, detail", "openai-chat", [], chunk({"reasoning_details": ["@@"]}), "list"),
        ("chat, refusal", "openai-chat", [], chunk({"refusal": "@@"}), ""),
        ("chat, call", "openai-chat", [], chunk({"tool_calls": ["@@"]}), "list"),
        ("chat, calls", "openai-chat", [], chunk({"tool_calls": "@@"}), "dict"),
        ("chat, name", "openai-chat", [], chunk(call("{}", index=0, id="c", name="@@")), ""),
        ("chat, id", "openai-chat", [], chunk(call("{}", index=0, id="@@", name="f")), ""),
        ("chat, function", "openai-chat", [], chunk({"tool_calls": [{"index": 0, "id": "c", "function": "@@"}]}), "list"),
        ("chat, choice", "openai-chat", [], chunk() | {"choices": ["@@"]}, "list"),
        ("chat, choices", "openai-chat", [], chunk() | {"choices": "@@"}, "dict"),
        ("chat, delta", "openai-chat", [], chunk() | {"choices": [{"index": 0, "delta": "@@"}]}, "list"),
        ("chat, finish_reason", "openai-chat", [], chunk() | {"choices": [{"index": 0, "finish_reason": "@@"}]}, ""),
        ("chat, usage", "openai-chat", [], chunk(usage="@@"), "list"),
        ("chat, x_groq.usage", "openai-chat", [], chunk(x_groq={"usage": "@@"}), "list"),
        ("chat, annotation", "openai-chat", [], chunk({"annotations": ["@@"]}), "list"),
        ("chat, image", "openai-chat", [], chunk({"images": ["@@"]}), ""),
        ("chat, audio", "openai-chat", [], chunk({"audio": {"id": "au", "data": "@@"}}), ""),
        ("chat, citation", "openai-chat", [], chunk(citations=["@@"]), ""),
        ("chat, legacy text", "openai-chat", [], {"object": "text_completion", "choices": [{"text": "@@"}]}, ""),
        ("chat, function_call", "openai-chat", [], chunk({"function_call": {"name": "f", "arguments": "@@"}}), ""),
        ("responses, text delta", "openai-responses", [], {"type": "response.output_text.delta", "delta": "@@"} | OF_MESSAGE, ""),
        ("responses, later text delta", "openai-responses", list(ANSWER[2:6]), {"type": "response.output_text.delta", "delta": "@@"} | OF_MESSAGE, ""),
        ("responses, text done", "openai-responses", [], {"type": "response.output_text.done", "text": "@@"} | OF_MESSAGE, ""),
        ("responses, refusal delta", "openai-responses", [], {"type": "response.refusal.delta", "delta": "@@"} | OF_MESSAGE, ""),
        ("responses, summary delta", "openai-responses", [], {"type": "response.reasoning_summary_text.delta", "delta": "@@", "output_index": 0, "summary_index": 0}, ""),
        ("responses, reasoning delta", "openai-responses", [], {"type": "response.reasoning_text.delta", "delta": "@@", "output_index": 0, "content_index": 0}, ""),
        ("responses, arguments delta", "openai-responses", list(CALL_EVENTS[2:3]), {"type": "response.function_call_arguments.delta", "delta": "@@"} | OF_CALL, ""),
        ("responses, arguments done", "openai-responses", list(CALL_EVENTS[2:3]), {"type": "response.function_call_arguments.done", "arguments": "@@"} | OF_CALL, ""),
        ("responses, input delta", "openai-responses", [], {"type": "response.custom_tool_call_input.delta", "delta": "@@", "output_index": 0}, ""),
        ("responses, added part", "openai-responses", [], {"type": "response.content_part.added", "part": {"type": "output_text", "text": "@@"}} | OF_MESSAGE, ""),
        ("responses, done part", "openai-responses", [], {"type": "response.content_part.done", "part": {"type": "output_text", "text": "@@"}} | OF_MESSAGE, ""),
        ("responses, item", "openai-responses", [], {"type": "response.output_item.done", "output_index": 0, "item": "@@"}, "list"),
        ("responses, content of an item", "openai-responses", [], {"type": "response.output_item.done", "output_index": 0, "item": {"type": "message", "content": "@@"}}, "dict"),
        ("responses, text of an item", "openai-responses", [], {"type": "response.output_item.done", "output_index": 0, "item": {"type": "message", "content": [{"type": "output_text", "text": "@@"}]}}, ""),
        ("responses, arguments of an item", "openai-responses", [], {"type": "response.output_item.done", "output_index": 0, "item": {"type": "function_call", "call_id": "c", "name": "f", "arguments": "@@"}}, ""),
        ("responses, name of an item", "openai-responses", [], {"type": "response.output_item.done", "output_index": 0, "item": {"type": "function_call", "call_id": "c", "name": "@@", "arguments": "{}"}}, ""),
        ("responses, output", "openai-responses", [], ended("completed", output="@@"), "dict"),
        ("responses, item of the output", "openai-responses", [], ended("completed", output=["@@"]), "list"),
        ("responses, text of the output", "openai-responses", [], ended("completed", output=[{"type": "message", "content": [{"type": "output_text", "text": "@@"}]}]), ""),
        ("responses, arguments of the output", "openai-responses", [], ended("completed", output=[{"type": "function_call", "call_id": "c", "name": "f", "arguments": "@@"}]), ""),
        ("responses, status", "openai-responses", [], {"type": "response.completed", "response": {"id": "r", "status": "@@"}}, ""),
        ("responses, usage", "openai-responses", [], ended("completed", usage="@@"), "list"),
        ("responses, response", "openai-responses", [], {"type": "response.completed", "response": "@@"}, "list"),
        ("responses, annotation", "openai-responses", [], {"type": "response.output_text.annotation.added", "annotation": "@@"} | OF_MESSAGE, "list"),
        ("responses, error", "openai-responses", [], {"type": "error", "error": {"message": "@@"}}, ""),
        ("anthropic, text", "anthropic", [], delta("text", text="@@"), ""),
        ("anthropic, partial_json", "anthropic", [block(TOOL_BLOCK, 1)], delta("input_json", 1, partial_json="@@"), ""),
        ("anthropic, thinking", "anthropic", [block(THINKING_BLOCK, 1)], delta("thinking", 1, thinking="@@"), ""),
        ("anthropic, signature", "anthropic", [block(THINKING_BLOCK, 1)], delta("signature", 1, signature="@@"), ""),
        ("anthropic, citation", "anthropic", [], delta("citations", citation="@@"), "list"),
        ("anthropic, block", "anthropic", [], {"type": "content_block_start", "index": 1, "content_block": "@@"}, "list"),
        ("anthropic, text of a block", "anthropic", [], block({"type": "text", "text": "@@"}, 1), ""),
        ("anthropic, thinking of a block", "anthropic", [], block({"type": "thinking", "thinking": "@@"}, 1), ""),
        ("anthropic, data of a block", "anthropic", [], block({"type": "redacted_thinking", "data": "@@"}, 1), ""),
        ("anthropic, name", "anthropic", [], block(TOOL_BLOCK | {"name": "@@"}, 1), ""),
        ("anthropic, input", "anthropic", [], block(TOOL_BLOCK | {"input": "@@"}, 1), "list"),
        ("anthropic, delta", "anthropic", [], {"type": "content_block_delta", "index": 0, "delta": "@@"}, "list"),
        ("anthropic, stop_reason", "anthropic", [], {"type": "message_delta", "delta": {"stop_reason": "@@"}}, ""),
        ("anthropic, usage", "anthropic", [], {"type": "message_delta", "delta": {}, "usage": "@@"}, "list"),
        ("anthropic, type", "anthropic", [], {"type": "@@", "index": 0}, ""),
        ("gemini, text", "gemini", [], candidate({"text": "@@"}), ""),
        ("gemini, thought text", "gemini", [], candidate({"text": "@@", "thought": True}), ""),
        ("gemini, part", "gemini", [], candidate("@@"), ""),
        ("gemini, signature", "gemini", [], candidate({"text": "x", "thoughtSignature": "@@"}), ""),
        ("gemini, functionCall", "gemini", [], candidate({"functionCall": "@@"}), "list"),
        ("gemini, name", "gemini", [], candidate({"functionCall": {"name": "@@", "args": {"a": 1}}}), ""),
        ("gemini, args", "gemini", [], candidate({"functionCall": {"name": "f", "args": "@@"}}), "list"),
        ("gemini, partialArgs", "gemini", [], candidate({"functionCall": {"name": "f", "partialArgs": "@@"}}), "dict"),
        ("gemini, partialArg", "gemini", [], candidate({"functionCall": {"name": "f", "partialArgs": ["@@"]}}), ""),
        ("gemini, inlineData", "gemini", [], candidate({"inlineData": "@@"}), "list"),
        ("gemini, data", "gemini", [], candidate({"inlineData": {"mimeType": "image/png", "data": "@@"}}), ""),
        ("gemini, parts", "gemini", [], {"candidates": [{"content": {"parts": "@@"}}]}, "dict"),
        ("gemini, candidates", "gemini", [], {"candidates": "@@"}, "dict"),
        ("gemini, candidate", "gemini", [], {"candidates": ["@@"]}, "list"),
        ("gemini, finishReason", "gemini", [], {"candidates": [{"finishReason": "@@"}]}, ""),
        ("gemini, blockReason", "gemini", [], {"promptFeedback": {"blockReason": "@@"}}, ""),
        ("gemini, usage", "gemini", [], {"usageMetadata": "@@"}, "list"),
        ("gemini, early shape", "gemini", [], {"content": [{"text": "@@"}], "meta": {}}, ""),
        ("interactions, text", "gemini-interactions", [], more("text", text="@@"), ""),
        ("interactions, arguments", "gemini-interactions", [step("function_call", 1, id="c", name="f")], more("arguments_delta", 1, arguments="@@"), ""),
        ("interactions, summary", "gemini-interactions", [step("thought", 1)], more("thought_summary", 1, content={"type": "text", "text": "@@"}), ""),
        ("interactions, signature", "gemini-interactions", [step("thought", 1)], more("thought_signature", 1, signature="@@"), ""),
        ("interactions, data", "gemini-interactions", [], more("image", mime_type="image/png", data="@@"), ""),
        ("interactions, delta", "gemini-interactions", [], {"event_type": "step.delta", "index": 0, "delta": "@@"}, "list"),
        ("interactions, step", "gemini-interactions", [], {"event_type": "step.start", "index": 1, "step": "@@"}, "list"),
        ("interactions, type of a step", "gemini-interactions", [], {"event_type": "step.start", "index": 1, "step": {"type": "@@", "x": 1}}, ""),
        ("interactions, arguments of a step", "gemini-interactions", [], step("function_call", 1, id="c", name="f", arguments="@@"), "list"),
        ("interactions, content of a step", "gemini-interactions", [], step("model_output", 1, content=["@@"]), "list"),
        ("interactions, annotations", "gemini-interactions", [], more("text_annotation_delta", annotations=["@@"]), "list"),
        ("interactions, status", "gemini-interactions", [], {"event_type": "interaction.completed", "interaction": {"id": "i", "status": "@@"}}, ""),
        ("interactions, usage", "gemini-interactions", [], interaction("completed", "completed", usage="@@"), "list"),
    )
}  # fmt: skip
WRONG = {"dict": '{"l":"L0ST"}', "list": '["L0ST"]', "number": "70.57", "nested list": '[["L0ST"]]'}


@pytest.mark.parametrize(("api", "before", "event", "only"), CARRIES.values(), ids=CARRIES)
def test_values_of_wrong_types_are_kept(api: str, before: list[Any], event: Any, only: str) -> None:
    for kind, wrong in WRONG.items():
        if only and kind not in (only, "number"):
            continue  # some server sends this type here
        source = framed(*BEGIN[api], *before, text(event).replace('"@@"', wrong), *ENDS[api])
        parts, message = survive(source, api)
        told = msgspec.json.encode([parts, message])
        assert b"L0ST" in told or b"70.57" in told, f"a {kind} was lost"


def test_unreadable_arguments_are_not_empty_arguments() -> None:
    """A tool call with {} instead of arguments of another type may do harm."""
    cases = [
        ("openai-responses", "arguments of an item"),
        ("openai-responses", "arguments of the output"),
        ("openai-responses", "arguments delta"),
        ("gemini", "args"),
        ("gemini", "partialArgs"),
        ("gemini", "partialArg"),
        ("gemini-interactions", "arguments"),
        ("gemini-interactions", "arguments of a step"),
        ("anthropic", "partial_json"),
        ("anthropic", "input"),
    ]
    short = {"openai-responses": "responses", "gemini-interactions": "interactions"}
    taken_for_none = []
    for api, name in cases:
        _, before, event, _ = CARRIES[f"{short.get(api, api)}, {name}"]
        for wrong in ('["L0ST"]', "70.57"):
            source = framed(*BEGIN[api], *before, text(event).replace('"@@"', wrong), *ENDS[api])
            message = read(source, api)[1]
            taken_for_none += [
                (api, name, wrong) for made in message.tool_calls if made.arguments == "{}" and not made.cut and not message.errors
            ]  # fmt: skip
    assert taken_for_none == []
