"""Hostile streams: kept values that are nested as deeply as we can read, or deeper, and huge numbers."""

from __future__ import annotations

import json
import pickle
import sys
from typing import Any

import msgspec
import msgspec.inspect
import pytest

from ssescan import ServerSentEvent
from ssescan._nested import TOO_DEEP
from ssescan.providers import ToolCallEnd
from ssescan.providers.payloads import NotJson, load

from .assertions import framed, read, text
from .hostile import BEGIN, ENDS, SAYS, survive, usable
from .test_tables_anthropic import (
    END,
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
from .test_tables_responses import CALL_EVENTS, ended

# --- Depth and numbers in kept values

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
def test_kept_values_may_be_as_deep_as_we_can_read(api: str, event: Any) -> None:
    says = SAYS[api]
    for depth in DEPTHS:
        odd = text(event).replace('"@@"', "[" * depth + "]" * depth)
        source = framed(*BEGIN[api], says("a"), odd, says("b"), *ENDS[api])
        # Before 3.12, one limit counts the frames of Python and the recursion in C.
        alike = sys.version_info >= (3, 12) or not 800 <= depth <= 1000
        parts, message = survive(source, api, alike=alike)
        assert message.text == "ab", depth
        assert len(parts) > 4, depth
        pickle.dumps(message) if depth <= 100 else None


def deepest() -> int:
    """Return how deeply a payload can be nested to be read at this depth of the stack."""
    read, refused = 1, 1_000_000
    while refused - read > 1:
        depth = (read + refused) // 2
        try:
            load(b"[" * depth + b"]" * depth)
        except NotJson:
            refused = depth
        else:
            read = depth
    return read


@pytest.mark.parametrize(("api", "event"), KEPT.values(), ids=KEPT)
def test_values_at_the_depth_limit(api: str, event: Any) -> None:
    # Writing it again happens with more frames on the stack, or within a deeper value.
    says, edge = SAYS[api], deepest()
    for depth in range(edge - 40, edge + 3):
        odd = text(event).replace('"@@"', "[" * depth + "]" * depth)
        source = framed(*BEGIN[api], says("a"), odd, says("b"), *ENDS[api])
        parts, message, _ = read(source, api)
        assert message.text == "ab", depth
        assert len(parts) > 4, depth
        message.to_turn()
        for made in message.tool_calls:
            assert made.arguments
            assert made.invalid is (made.arguments == TOO_DEEP)
        message.to_json()


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
def test_any_kept_number(api: str, event: Any, number: str) -> None:
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
def test_any_index(api: str, event: Any, index: Any) -> None:
    odd = text(event)
    odd = odd.replace('"@@"', json.dumps(index)).replace("@@", str(index))
    parts, message = survive(framed(*BEGIN[api], SAYS[api]("a"), odd, *ENDS[api]), api)
    told = msgspec.json.encode([parts, message])
    assert b'"x' in told or b'\\"x' in told or b": x" in told, "what the event brought was lost"


def test_path_of_any_length() -> None:
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


def test_deeply_nested_arguments_stay_text() -> None:
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
        with pytest.raises(ValueError, match="not JSON"):
            made.json()


def test_surrogates_in_str_events_are_replaced() -> None:
    events: Any = [ServerSentEvent(data=text(event)) for event in (chunk({"content": "a\ud83db"}), STOP)]
    message = read(events)[1]
    assert message.text == "a\ufffdb"
