"""Streams that mean harm, or were never looked at by who sends them: an Error or a Raw, never another exception."""

from __future__ import annotations

import json
import pickle
import sys
from typing import Any

import msgspec
import msgspec.inspect
import pytest

from ssescan import ServerSentEvent
from ssescan.providers import End, Raw, ToolCallEnd

from .hostile import BEGIN, ENDS, SAYS, both, survive, usable, with_json
from .said import framed, read, text
from .test_tables_anthropic import (
    END,
    THINKING_BLOCK,
    TOOL_BLOCK,
    block,
    delta,
    reason,
    start,
    stop,
)
from .test_tables_chat import STOP, TOOLS, call, chunk
from .test_tables_gemini import (
    I_COMPLETED,
    I_CREATED,
    candidate,
    interaction,
    more,
    over,
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
def test_awkward_strings_are_read(api: str, value: str, said: str) -> None:
    _, message = survive(with_json(api, value), api)
    assert message.text == f"a{said}b"
    assert message.errors == []
    assert message.complete


INVALID_UTF8 = {
    "a byte that is none": (b"x\xffy", "x\ufffdy"),
    "the first 2 of 4": (b"x\xf0\x9fy", "x\ufffdy"),
    "an encoded surrogate": (b"x\xed\xa0\xbdy", "x\ufffd\ufffd\ufffdy"),
    "overlong": (b"x\xc0\xafy", "x\ufffd\ufffdy"),
}


@both
@pytest.mark.parametrize(("raw", "said"), INVALID_UTF8.values(), ids=INVALID_UTF8)
def test_invalid_utf8_is_read_with_replacement_characters(api: str, raw: bytes, said: str) -> None:
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
def test_awkward_values_in_fields_of_no_interest_do_no_harm(api: str, value: str) -> None:
    says = SAYS[api]
    odd = text(says("x"))[:-1] + f', "of_no_interest": {value}}}'
    _, message = survive(framed(*BEGIN[api], says("a"), odd, says("b"), *ENDS[api]), api)
    assert message.text == "axb"
    assert message.errors == []
    assert message.complete


@both
def test_of_duplicate_keys_the_last_one_counts(api: str) -> None:
    says = SAYS[api]
    field = json.dumps(says("x")).rpartition('"x"')[0].rpartition(", ")[2].rpartition("{")[2]
    odd = text(says("x")).replace('"x"', f'"x", {field}"y"')
    _, message = survive(framed(*BEGIN[api], says("a"), odd, says("b"), *ENDS[api]), api)
    assert message.text == "ayb"


@both
@pytest.mark.parametrize("spaces", [" ", "\t", " " * 1000])
def test_json_may_be_padded(api: str, spaces: str) -> None:
    says = SAYS[api]
    odd = spaces + text(says("x"))[:-1] + spaces + "}" + spaces
    _, message = survive(framed(*BEGIN[api], says("a"), odd, says("b"), *ENDS[api]), api)
    assert message.text == "axb"
    assert message.errors == []


NO_JSON = {
    "two objects": '{"a":1}{"b":2}',
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
def test_a_payload_that_is_no_json_is_an_error_and_the_stream_goes_on(api: str, payload: str) -> None:
    says = SAYS[api]
    parts, message = read(framed(*BEGIN[api], says("a"), payload, says("b"), *ENDS[api]), api)[:2]
    usable(message)
    assert message.text == "ab"
    assert [error.kind for error in message.errors] == ["decode"]
    assert not message.complete
    assert message.finish_reason == "stop"
    assert len(text(message.errors[0].raw)) <= 200
    assert len(message.errors[0].message or "") < 1000
    assert parts[-1] == End(complete=False)


PLAIN_VALUES = {"null": "null", "a string": '"ok"', "numbers": "[1,2]", "true": "true", "an empty list": "[]"}


@both
@pytest.mark.parametrize("payload", PLAIN_VALUES.values(), ids=PLAIN_VALUES)
def test_a_payload_that_is_no_object_is_kept(api: str, payload: str) -> None:
    says = SAYS[api]
    parts, message = survive(framed(*BEGIN[api], says("a"), payload, says("b"), *ENDS[api]), api)
    assert message.text == "ab"
    assert message.errors == []
    assert [part.data for part in parts if isinstance(part, Raw)] == [json.loads(payload)]


# --- Depth and numbers where they are kept

DEPTHS = (100, 300, 500, 700, 800, 850, 900, 920, 940, 950, 960, 970, 980, 985, 990, 1000, 1100, 3000, 100_000)
KEPT: dict[str, tuple[str, Any]] = {
    "chat, content": ("openai-chat", chunk({"content": ["@@"]})),
    "chat, error": ("openai-chat", {"error": {"message": "m", "x": "@@"}}),
    "chat, usage": ("openai-chat", chunk({}, usage={"prompt_tokens": 1, "x": "@@"})),
    "chat, arguments": ("openai-chat", chunk(call({"x": "@@"}, index=0, id="c1", name="f"))),
    "chat, extra_content": ("openai-chat", chunk(call("{}", index=0, id="c1", name="f", extra_content={"x": "@@"}))),
    "chat, reasoning_details": ("openai-chat", chunk({"reasoning_details": [{"type": "reasoning.text", "x": "@@"}]})),
    "responses, item": ("openai-responses", {"type": "response.output_item.done", "output_index": 0, "item": {"type": "x", "x": "@@"}}),
    "responses, result": (
        "openai-responses",
        {"type": "response.output_item.done", "output_index": 0, "item": {"type": "mcp_call", "arguments": "{}", "output": "@@"}},
    ),
    "responses, action": (
        "openai-responses",
        {"type": "response.output_item.done", "output_index": 0, "item": {"type": "web_search_call", "action": {"x": "@@"}}},
    ),
    "responses, unknown": ("openai-responses", {"type": "response.hologram", "x": "@@"}),
    "anthropic, input": ("anthropic", block(TOOL_BLOCK | {"input": {"x": "@@"}}, 7)),
    "anthropic, result": ("anthropic", block({"type": "web_search_tool_result", "tool_use_id": "s", "content": ["@@"]}, 7)),
    "anthropic, unknown block": ("anthropic", block({"type": "hologram", "x": "@@"}, 7)),
    "anthropic, unknown event": ("anthropic", {"type": "hologram", "x": "@@"}),
    "anthropic, citation": ("anthropic", delta("citations", citation={"type": "x", "x": "@@"})),
    "gemini, args": ("gemini", candidate({"functionCall": {"name": "f", "args": {"x": "@@"}}})),
    "gemini, unknown part": ("gemini", candidate({"hologram": "@@"})),
    "gemini, grounding": ("gemini", candidate(groundingMetadata={"x": "@@"})),
    "interactions, arguments": ("gemini-interactions", step("function_call", 7, id="c", name="f", arguments={"x": "@@"})),
    "interactions, unknown": ("gemini-interactions", step("hologram", 7, x="@@")),
    "interactions, result": ("gemini-interactions", step("file_search_result", 7, call_id="c", result=["@@"])),
}  # fmt: skip


@pytest.mark.parametrize(("api", "event"), KEPT.values(), ids=KEPT)
def test_what_is_kept_may_be_nested_as_deeply_as_it_can_be_read(api: str, event: Any) -> None:
    says = SAYS[api]
    for depth in DEPTHS:
        odd = text(event).replace('"@@"', "[" * depth + "]" * depth)
        source = framed(*BEGIN[api], says("a"), odd, says("b"), *ENDS[api])
        # Before 3.12, one limit counts the frames of Python and the recursion in C together.
        alike = sys.version_info >= (3, 12) or not 800 <= depth <= 1000
        parts, message = survive(source, api, alike=alike)
        assert message.text == "ab", depth
        assert len(parts) > 4, depth
        pickle.dumps(message) if depth <= 100 else None


NUMBERS = ("1e308", "1e400", "-1e400", "-1", "0.5", "1e3", "NaN", "Infinity", str(2**63), str(2**64), str(2**70), "1" * 4400, "1" * 1_000_000)  # fmt: skip
COUNTED: dict[str, tuple[str, Any]] = {
    "chat": ("openai-chat", chunk({}, usage={"prompt_tokens": "@@", "completion_tokens": "@@", "total_tokens": "@@"})),
    "responses": (
        "openai-responses",
        ended("completed", usage={"input_tokens": "@@", "output_tokens": "@@", "total_tokens": "@@"}),
    ),
    "anthropic": (
        "anthropic",
        reason(None) | {"usage": {"input_tokens": "@@", "cache_read_input_tokens": "@@", "output_tokens": "@@"}},
    ),
    "gemini": (
        "gemini",
        candidate(index=0)
        | {"usageMetadata": {"promptTokenCount": "@@", "candidatesTokenCount": "@@", "toolUsePromptTokenCount": "@@"}},
    ),
    "interactions": (
        "gemini-interactions",
        interaction("completed", "completed", usage={"total_input_tokens": "@@", "total_output_tokens": "@@"}),
    ),
    "error code": ("openai-chat", {"error": {"message": "m", "code": "@@"}}),
    "extra": ("anthropic", {"type": "hologram", "x": "@@"}),
    "arguments": ("gemini", candidate({"functionCall": {"name": "f", "args": {"x": "@@"}}})),
    "partial arguments": (
        "gemini",
        candidate({"functionCall": {"name": "f", "partialArgs": [{"jsonPath": "$.x", "numberValue": "@@"}]}}),
    ),
    "created": ("openai-chat", chunk({"content": "b"}, created="@@")),
}


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: number[:20])
@pytest.mark.parametrize(("api", "event"), COUNTED.values(), ids=COUNTED)
def test_any_number_can_stand_where_numbers_are_kept(api: str, event: Any, number: str) -> None:
    odd = text(event).replace('"@@"', number)
    survive(framed(*BEGIN[api], SAYS[api]("a"), odd, *ENDS[api]), api)


INDICES: tuple[Any, ...] = (
    -1,
    -(2**63),
    10**12,
    2**31,
    2**63,
    2**64,
    2**70,
    10**400,
    "0",
    "-1",
    0.0,
    0.5,
    True,
    None,
    [0],
    {},
)
INDEXED: dict[str, tuple[str, Any]] = {
    "chat, choice": ("openai-chat", chunk({"content": "x"}, index="@@")),  # type: ignore[arg-type]
    "chat, call": ("openai-chat", chunk(call("x", index="@@", id="c1", name="f"))),
    "chat, detail": ("openai-chat", chunk({"reasoning_details": [{"type": "reasoning.text", "text": "x", "index": "@@"}]})),
    "responses, output_index": (
        "openai-responses",
        {"type": "response.output_text.delta", "delta": "x", "item_id": "i", "output_index": "@@", "content_index": 0},
    ),
    "responses, content_index": (
        "openai-responses",
        {"type": "response.output_text.delta", "delta": "x", "item_id": "i", "output_index": 0, "content_index": "@@"},
    ),
    "responses, item": (
        "openai-responses",
        {"type": "response.output_item.added", "output_index": "@@", "item": {"type": "function_call", "call_id": "c", "name": "f", "arguments": "x"}},
    ),
    "responses, summary_index": (
        "openai-responses",
        {"type": "response.reasoning_summary_text.delta", "delta": "x", "item_id": "i", "output_index": 4, "summary_index": "@@"},
    ),
    "anthropic, block": ("anthropic", block(TOOL_BLOCK | {"input": {"a": "x"}}, "@@")),  # type: ignore[arg-type]
    "anthropic, delta": ("anthropic", delta("text", "@@", text="x")),  # type: ignore[arg-type]
    "gemini, candidate": ("gemini", candidate({"text": "x"}, index="@@")),  # type: ignore[arg-type]
    "gemini, path": ("gemini", candidate({"functionCall": {"name": "f", "partialArgs": [{"jsonPath": "$.a[@@]", "stringValue": "x"}]}})),
    "interactions, step": ("gemini-interactions", step("function_call", "@@", id="c", name="f", arguments={"a": "x"})),  # type: ignore[arg-type]
    "interactions, delta": ("gemini-interactions", more("text", "@@", text="x")),  # type: ignore[arg-type]
}  # fmt: skip


@pytest.mark.parametrize("index", INDICES, ids=lambda index: str(index)[:20])
@pytest.mark.parametrize(("api", "event"), INDEXED.values(), ids=INDEXED)
def test_any_index_can_stand_where_indices_are_read(api: str, event: Any, index: Any) -> None:
    odd = text(event)
    odd = odd.replace('"@@"', json.dumps(index)).replace("@@", str(index))
    parts, message = survive(framed(*BEGIN[api], SAYS[api]("a"), odd, *ENDS[api]), api)
    told = msgspec.json.encode([parts, message])
    assert b'"x' in told or b'\\"x' in told or b": x" in told, "what the event brought was lost"


def test_a_path_may_be_as_long_as_it_likes() -> None:
    for path in (
        "$" + ".a" * 100_000,
        "$" + "[0]" * 100_000,
        "$.a" + "[0]" * 100_000,
        "$['" + "\\" * 100_000,
        "$.a[999999999]",
    ):
        value = {"jsonPath": path, "stringValue": "x"}
        source = framed(candidate({"functionCall": {"name": "f", "partialArgs": [value]}}, finish="STOP"))
        parts, message = survive(source, "gemini")
        ends = [part for part in parts if isinstance(part, ToolCallEnd)]
        assert [end.cut for end in ends] == [True], "the arguments are not all there"
        assert message.tool_calls[0].cut


def test_arguments_nested_deeply_are_text_and_no_json() -> None:
    deep = "[" * 100_000 + "]" * 100_000
    cases: list[tuple[Any, bytes]] = [
        ("openai-chat", framed(chunk(call(deep, index=0, id="c1", name="f")), TOOLS)),
        ("anthropic", framed(start(), block(TOOL_BLOCK), delta("input_json", partial_json=deep), stop(), *END)),
        ("openai-responses", framed(*CALL_EVENTS[:3], CALL_EVENTS[3] | {"delta": deep}, ended("completed"))),
        (
            "gemini-interactions",
            framed(
                I_CREATED,
                step("function_call", id="c", name="f", arguments={}),
                more("arguments_delta", arguments=deep),
                over(),
                I_COMPLETED,
            ),
        ),
    ]
    for api, source in cases:
        message = usable(read(source, api)[1])
        made = message.tool_calls[0]
        assert made.arguments == deep
        assert made.invalid
        with pytest.raises(ValueError, match="no JSON"):
            made.json()


def test_surrogates_in_events_that_are_no_bytes_become_replacement_characters() -> None:
    events: Any = [ServerSentEvent(data=text(event)) for event in (chunk({"content": "a\ud83db"}), STOP)]
    message = read(events)[1]
    assert message.text == "a\ufffdb"


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
def test_a_value_of_a_wrong_type_is_never_lost_without_a_word(
    api: str, before: list[Any], event: Any, only: str
) -> None:
    for kind, wrong in WRONG.items():
        if only and kind not in (only, "number"):
            continue  # a type that some server sends there
        source = framed(*BEGIN[api], *before, text(event).replace('"@@"', wrong), *ENDS[api])
        parts, message = survive(source, api)
        told = msgspec.json.encode([parts, message])
        assert b"L0ST" in told or b"70.57" in told, f"a {kind} was lost"


def test_the_arguments_of_a_call_that_could_not_be_read_are_never_taken_for_none() -> None:
    """A tool that is called with {} because its arguments were of another type may do harm."""
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
