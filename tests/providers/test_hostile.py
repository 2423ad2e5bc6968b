"""Streams that mean harm, or were never looked at by who sends them: an Error or a Raw, never another exception.

Nothing here measures time: work is counted in calls, memory in bytes.
"""

from __future__ import annotations

import contextlib
import copy
import json
import pickle
import sys
import tracemalloc
from importlib import import_module
from typing import TYPE_CHECKING, Any

import msgspec
import msgspec.inspect
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ssescan import ServerSentEvent
from ssescan.providers import End, Error, Message, Part, Raw, ToolCallEnd, stream
from ssescan.providers.formats import adapter_class

from .said import APIS, aread, framed, read, text
from .test_tables_anthropic import (
    ANTHROPIC,
    END,
    HEY,
    TEXT_BLOCK,
    THINKING_BLOCK,
    TOOL_BLOCK,
    block,
    delta,
    reason,
    start,
    stop,
)
from .test_tables_chat import CHAT, STOP, TOOLS, call, chunk
from .test_tables_dialects import DIALECTS
from .test_tables_gemini import (
    GEMINI,
    I_COMPLETED,
    I_CREATED,
    I_TEXT,
    INTERACTIONS,
    candidate,
    interaction,
    more,
    over,
    step,
)
from .test_tables_responses import ANSWER, CALL_EVENTS, CREATED, OF_CALL, OF_MESSAGE, RESPONSES, ended

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

both = pytest.mark.parametrize("api", APIS)

# What says "a", then "b", in each format, with a place @ for something else; how it begins, and how it ends.
BEGIN: dict[str, list[Any]] = {
    "openai-chat": [],
    "openai-responses": [CREATED],
    "anthropic": [start(), block(TEXT_BLOCK)],
    "gemini": [],
    "gemini-interactions": [I_CREATED, step("model_output")],
}
SAYS: dict[str, Any] = {
    "openai-chat": lambda value: chunk({"content": value}),
    "openai-responses": lambda value: {"type": "response.output_text.delta", "delta": value} | OF_MESSAGE,
    "anthropic": lambda value: delta("text", text=value),
    "gemini": lambda value: candidate({"text": value}),
    "gemini-interactions": lambda value: more("text", text=value),
}
ENDS: dict[str, list[Any]] = {
    "openai-chat": [STOP],
    "openai-responses": [ended("completed")],
    "anthropic": [stop(), *END],
    "gemini": [candidate(finish="STOP")],
    "gemini-interactions": [over(), interaction("completed", "completed")],
}


def with_json(api: str, value: str) -> bytes:
    """A stream that says "a", then something that is written in JSON as given, then "b"."""
    says = SAYS[api]
    odd = text(says("@@")).replace('"@@"', value)
    return framed(*BEGIN[api], says("a"), odd, says("b"), *ENDS[api])


@contextlib.contextmanager
def room_in_the_stack() -> Iterator[None]:
    """Before 3.12 one limit counts Python's frames and the recursion in C: the caller's encoder, written in Python, needs
    a few more of both than our decoder did. How many are there hangs on who calls the tests."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(limit + 50 * (sys.version_info < (3, 12)))
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


def usable(message: Message) -> Message:
    """Use a message in all ways, and give it."""
    message.to_dict()
    json.loads(message.to_json())
    if message.api is not None:
        with room_in_the_stack():
            json.dumps(message.to_turn())
    for made in message.tool_calls:
        assert isinstance(made.invalid, bool)
    return message


def survive(source: bytes, api: Any, *, alike: bool = True) -> tuple[list[Part], Message]:
    """Read a stream, use what it gives at any time, and see that the other colour and other cuts give the same.

    `alike`: not, where that hangs on how deep in the stack the reading is done.
    """
    reading = stream(source, api, strict=False)
    parts = []
    for part in reading:
        parts.append(part)
        usable(reading.message)
    message = usable(reading.message)
    assert [part for part in parts if isinstance(part, End)] == parts[-1:]
    msgspec.json.encode(parts)
    again, same, _ = aread([source[at : at + 7] for at in range(0, len(source), 7)], api)
    if alike:  # by repr, as NaN differs from itself
        assert repr(again) == repr(parts)
        assert repr(same) == repr(message)
    return parts, message


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


# --- Events that hypothesis builds from the Structs, and from streams that are right

TABLES: dict[str, dict[str, Any]] = {
    "openai-chat": CHAT | DIALECTS,
    "openai-responses": RESPONSES,
    "anthropic": ANTHROPIC,
    "gemini": GEMINI,
    "gemini-interactions": INTERACTIONS,
}


def payloads(source: bytes) -> list[Any]:
    """The objects of a stream."""
    lines = source.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    found = []
    for line in lines:
        try:
            found.append(json.loads(line.removeprefix("data:")))
        except ValueError:
            continue
    return [value for value in found if isinstance(value, dict)]


def inside(value: Any) -> Iterator[Any]:
    yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from inside(inner)


STREAMS = {api: [payloads(case.stream) for case in table.values()] for api, table in TABLES.items()}
WORDS = {
    api: sorted(
        {
            word
            for value in inside(streams)
            for word in (value if isinstance(value, dict) else [value])
            if isinstance(word, str)
        }
        | set(getattr(import_module(adapter_class(api).__module__), "HANDLERS", ()))
    )
    for api, streams in STREAMS.items()
}
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([-1, 0, 1, 10**12, 2**70])
    | st.floats()
    | st.text(max_size=8)
)


def any_json(api: str) -> st.SearchStrategy[Any]:
    words = st.sampled_from(WORDS[api])
    return st.recursive(
        scalars | words,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words | st.text(max_size=4), inner, max_size=4),
        max_leaves=8,
    )


def of_type(kind: msgspec.inspect.Type, api: str) -> st.SearchStrategy[Any]:
    """Values of a type that a Struct's field has."""
    if isinstance(kind, msgspec.inspect.StructType):
        fields = {field.encode_name: of_type(field.type, api) for field in kind.fields}
        return st.fixed_dictionaries({}, optional=fields)
    if isinstance(kind, msgspec.inspect.UnionType):
        return st.one_of([of_type(option, api) for option in kind.types])
    if isinstance(kind, msgspec.inspect.ListType):
        return st.lists(of_type(kind.item_type, api), max_size=3)
    if isinstance(kind, msgspec.inspect.DictType):
        return st.dictionaries(st.sampled_from(WORDS[api]), any_json(api), max_size=5)
    if isinstance(kind, msgspec.inspect.StrType):
        return st.sampled_from(WORDS[api]) | st.text(max_size=5)
    if isinstance(kind, msgspec.inspect.IntType):
        return st.integers(0, 3)
    if isinstance(kind, msgspec.inspect.NoneType):
        return st.none()
    return any_json(api)


def paths(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if before:
        yield before
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from paths(inner, (*before, key))


@st.composite
def changed(draw: st.DrawFn, event: dict[str, Any], api: str) -> dict[str, Any]:
    """An event with some of its values replaced by others."""
    event = copy.deepcopy(event)
    for _ in range(draw(st.integers(0, 2))):
        places = list(paths(event))
        if not places:
            break
        *way, last = draw(st.sampled_from(places))
        place = event
        for key in way:
            place = place[key]
        place[last] = draw(any_json(api))
    return event


@st.composite
def built_streams(draw: st.DrawFn, api: str) -> list[Any]:
    struct = of_type(msgspec.inspect.type_info(adapter_class(api).event), api)
    return [draw(changed(draw(struct), api)) for _ in range(draw(st.integers(1, 5)))]


@st.composite
def changed_streams(draw: st.DrawFn, api: str) -> list[Any]:
    events = draw(st.sampled_from(STREAMS[api]))
    events = [draw(changed(event, api)) if draw(st.booleans()) else event for event in events]
    if draw(st.booleans()):
        events = draw(st.permutations(events))
    return events[draw(st.integers(0, 2)) :]


REPEATED = ("id", "model", "object", "responseId", "modelVersion")


def fits(event: Any, api: str) -> bool:
    """Tell whether an event is as its Struct says. What all events repeat is read only until it is known."""
    event = {key: value for key, value in event.items() if key not in REPEATED}
    try:
        msgspec.convert(event, adapter_class(api).event, strict=False)
    except (ValueError, RecursionError):
        return False
    return True


@both
@pytest.mark.parametrize("streams", [built_streams, changed_streams])
def test_no_event_raises_anything(api: str, streams: Callable[[str], st.SearchStrategy[list[Any]]]) -> None:
    @settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(streams(api))
    def check(events: list[Any]) -> None:
        source = framed(*(json.dumps(event) for event in events))
        parts, message = survive(source, api)
        # Those that are unmistakably of another format are read as that.
        if message.api == api and not all(fits(json.loads(json.dumps(event)), api) for event in events):
            assert any(isinstance(part, (Raw, Error)) for part in parts)

    check()


# --- How much there is


def called(source: bytes, api: Any) -> int:
    """Count the calls, of functions in Python and in C, that it takes to read a stream."""
    calls = 0

    def profile(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    reading = stream(source, api, strict=False)
    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        for _ in reading:
            pass
        message = reading.message
    finally:
        sys.setprofile(before)
    usable(message)
    return calls


def peak(source: bytes, api: Any) -> int:
    """Measure the memory, in bytes, that it takes to read a stream and to make its message."""
    read(source[:2000], api)  # what is loaded and cached once
    tracemalloc.start()
    try:
        reading = stream(source, api, strict=False)
        for _ in reading:
            pass
        message = reading.message
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert message.api == api
    return most


ARGUMENTS: dict[str, tuple[list[Any], Any, list[Any]]] = {
    "openai-chat": ([chunk(call("", index=0, id="c1", name="f"))], chunk(call("x", index=0)), [TOOLS]),
    "openai-responses": (
        CALL_EVENTS[:3],
        {"type": "response.function_call_arguments.delta", "delta": "x"} | OF_CALL,
        [ended("completed")],
    ),
    "anthropic": ([start(), block(TOOL_BLOCK)], delta("input_json", partial_json="x"), [stop(), *END]),
    "gemini": (
        [candidate({"functionCall": {"name": "f", "willContinue": True}})],
        candidate(
            {
                "functionCall": {
                    "partialArgs": [{"jsonPath": "$.a", "stringValue": "x", "willContinue": True}],
                    "willContinue": True,
                }
            }
        ),
        [candidate({"functionCall": {}}, finish="STOP")],
    ),
    "gemini-interactions": (
        [I_CREATED, step("function_call", id="c", name="f", arguments={})],
        more("arguments_delta", arguments="x"),
        [over(), I_COMPLETED],
    ),
}


def arguments(api: str, count: int) -> bytes:
    begin, piece, end = ARGUMENTS[api]
    return framed(*begin) + framed(piece) * count + framed(*end)


def texts(api: str, count: int) -> bytes:
    return framed(*BEGIN[api]) + framed(SAYS[api]("x")) * count + framed(*ENDS[api])


CALLS: dict[str, Callable[[int], list[Any]]] = {
    "openai-chat": lambda n: [chunk(call('{"a":1}', index=n, id=f"c{n}", name="f"))],
    "openai-responses": lambda n: [
        {
            "type": f"response.output_item.{when}",
            "output_index": n,
            "item": {"type": "function_call", "id": f"fc{n}", "call_id": f"c{n}", "name": "f", "arguments": said},
        }
        for when, said in (("added", ""), ("done", '{"a":1}'))
    ],
    "anthropic": lambda n: [
        block(TOOL_BLOCK | {"id": f"c{n}"}, n),
        delta("input_json", n, partial_json='{"a":1}'),
        stop(n),
    ],
    "gemini": lambda n: [candidate({"functionCall": {"id": f"c{n}", "name": "f", "args": {"a": 1}}})],
    "gemini-interactions": lambda n: [step("function_call", n, id=f"c{n}", name="f", arguments={"a": 1}), over(n)],
}


def many_calls(api: str, count: int) -> bytes:
    begin = [event for event in BEGIN[api] if event.get("type") != "content_block_start"]
    end = ENDS[api] if api != "anthropic" else list(END)
    return framed(*begin, *(event for n in range(count) for event in CALLS[api](n)), *end)


def unnamed_calls(api: str, count: int) -> bytes:
    """Fragments that no call was begun for."""
    return framed(*ARGUMENTS[api][0][:1]) + framed(ARGUMENTS[api][1]) * count


def unknown(api: str, count: int) -> bytes:
    return (
        framed(*BEGIN[api])
        + framed({"type": "hologram", "event_type": "hologram", "h": 1}) * count
        + framed(*ENDS[api])
    )


def errors(api: str, count: int) -> bytes:
    return (
        framed(*BEGIN[api], SAYS[api]("x"))
        + framed({"type": "error", "event_type": "error", "error": {"message": "m"}}) * count
    )


def no_json(api: str, count: int) -> bytes:
    return framed(*BEGIN[api], SAYS[api]("x")) + framed(text(SAYS[api]("x"))[:-1]) * count


def alternating(api: str, count: int) -> bytes:
    """Text and something else in turn, so that no block goes on."""
    other: dict[str, Any] = {
        "openai-chat": chunk({"reasoning": "x"}),
        "openai-responses": {
            "type": "response.reasoning_text.delta",
            "delta": "x",
            "output_index": 1,
            "content_index": 0,
        },
        "anthropic": delta("thinking", 1, thinking="x"),
        "gemini": candidate({"text": "x", "thought": True}),
        "gemini-interactions": more("text", 1, text="x"),
    }
    return framed(*BEGIN[api]) + framed(SAYS[api]("x"), other[api]) * count + framed(*ENDS[api])


def stray(api: str, count: int) -> bytes:
    """An unframed value that goes on and on."""
    return framed(*BEGIN[api], SAYS[api]("x")) + b'{"a": [\n' + b'{"b": "c"},\n' * count


def lines(api: str, count: int) -> bytes:
    """Events without blank lines between them."""
    return framed(*BEGIN[api]) + framed(SAYS[api]("x")).rstrip(b"\n").join([b""] + [b"\n"] * count + [b"\n\n"])


LONG = (arguments, texts, many_calls, unnamed_calls, unknown, errors, no_json, alternating, stray, lines)


@both
@pytest.mark.parametrize("made", LONG)
def test_the_work_grows_with_the_stream_and_not_faster(api: str, made: Callable[[str, int], bytes]) -> None:
    called(made(api, 10), api)
    small, large = called(made(api, 300), api), called(made(api, 1200), api)
    assert large < 4.2 * small


@both
@pytest.mark.parametrize("made", LONG)
def test_the_memory_is_a_small_multiple_of_the_stream(api: str, made: Callable[[str, int], bytes]) -> None:
    small, large = made(api, 500), made(api, 2000)
    more = (peak(large, api) - peak(small, api)) / (len(large) - len(small))
    assert more < 12, "bytes of memory a byte of the stream"


@both
def test_arguments_in_very_many_pieces_are_whole(api: str) -> None:
    count = 20_000
    message = read(arguments(api, count), api)[1]
    expected = "x" * count if api != "gemini" else json.dumps({"a": "x" * count}, separators=(",", ":"))
    assert message.tool_calls[0].arguments == expected
    assert message.complete


@both
def test_very_many_calls_are_all_there(api: str) -> None:
    count = 100_000 if api == "openai-chat" else 10_000
    message = read(many_calls(api, count), api)[1]
    assert [made.id for made in message.tool_calls] == [f"c{n}" for n in range(count)]
    assert {made.arguments for made in message.tool_calls} == {'{"a":1}'}
    assert message.complete


@both
def test_the_message_may_be_asked_for_between_any_two_parts(api: Any) -> None:
    reading = stream(texts(api, 50), api)
    said = [reading.message.text for part in reading if part.type == "TextDelta"]
    assert said == ["x" * n for n in range(1, 51)]


def test_a_large_payload_that_is_no_json_is_not_kept() -> None:
    source = framed(HEY[0], '{"a":"' + "x" * 5_000_000, *HEY[1:])
    assert peak(source, "anthropic") < 8 * len(source)
    assert len(read(source, "anthropic")[1].to_json()) < 10_000


def test_the_texts_of_a_step_go_on_whatever_comes_between() -> None:
    message = read(framed(I_CREATED, *I_TEXT, I_COMPLETED), "gemini-interactions")[1]
    assert message.text == "Hey"
