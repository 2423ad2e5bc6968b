"""Rules R25, R27, R28 and R34 of docs/rules.md: text and reasoning of other kinds and in other places."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ssescan.providers import Citation, Signature, gemini

from .assertions import APIS, DONE, framed
from .rules import Rule
from .test_rules_ending import MESSAGE_STOP, reason
from .test_tables_anthropic import block, delta, start, stop
from .test_tables_chat import SAID_A, STOP, A, chunk
from .test_tables_gemini import candidate
from .test_tables_responses import CREATED, response

CHAT, RESPONSES, ANTHROPIC, GEMINI, INTERACTIONS = APIS


def with_choice(event: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return a chunk whose choice has more fields."""
    return event | {"choices": [event["choices"][0] | fields]}


COMPLETED = {"type": "response.completed", "response": response()}


def number(literal: str, field: str = "content") -> str:
    """Return a chunk with a number as text, spelled as given."""
    return json.dumps(chunk({field: "@@"})).replace('"@@"', literal)


def output_text(literal: str) -> str:
    event = {"type": "response.output_text.delta", "item_id": "m", "output_index": 0, "content_index": 0, "delta": "@@"}
    return json.dumps(event).replace('"@@"', literal)


NUMBERS = {
    **{
        f"content {literal}": Rule(
            CHAT, [A, number(literal), A, STOP, DONE], {"text": f"a{literal}a", "finish": "stop"}
        )
        for literal in ("6", "0.005", "1.0", "true", "false", "-3", "1e5")
    },
    "the first of all": Rule(CHAT, [number("6"), STOP, DONE], {"text": "6", "finish": "stop"}),
    "zeros of reasoning": Rule(
        CHAT,
        [
            number("0", "reasoning_content"),
            chunk({"reasoning_details": [{"type": "reasoning.text", "text": 6}]}),
            A,
            STOP,
            DONE,
        ],
        {"text": "a", "reasoning": "06", "finish": "stop"},
    ),
    "at its place": Rule(
        CHAT,
        [number("1.0")[:-1] + ', "created": 1.00}', '{"created": 1.00, ' + number("1.0")[1:], STOP, DONE],
        {"text": "1.01.0", "finish": "stop"},
    ),
    "negative zero": Rule(CHAT, [A, number("-0"), STOP, DONE], {"text": "a-0", "finish": "stop"}),
    "a done text": Rule(
        RESPONSES,
        [
            CREATED,
            {"type": "response.output_text.done", "item_id": "m", "output_index": 0, "content_index": 0, "text": 0},
            COMPLETED,
        ],
        {"text": "0", "finish": "stop"},
    ),
    "a done part": Rule(
        RESPONSES,
        [
            CREATED,
            {
                "type": "response.content_part.done",
                "item_id": "m",
                "output_index": 0,
                "content_index": 0,
                "part": {"type": "output_text", "text": 0},
            },
            COMPLETED,
        ],
        {"text": "0", "finish": "stop"},
    ),
    "zero": Rule(CHAT, [A, number("0"), STOP, DONE], {"text": "a0", "finish": "stop"}),
    "reasoning_content": Rule(
        CHAT, [number("6", "reasoning_content"), A, STOP, DONE], {"text": "a", "reasoning": "6", "finish": "stop"}
    ),
    "reasoning": Rule(
        CHAT, [number("1.0", "reasoning"), A, STOP, DONE], {"text": "a", "reasoning": "1.0", "finish": "stop"}
    ),
    **{
        f"Anthropic {literal}": Rule(
            ANTHROPIC,
            [
                start(),
                block({"type": "text", "text": ""}),
                json.dumps(delta("text", text="@@")).replace('"@@"', literal),
                stop(),
                reason("end_turn"),
                MESSAGE_STOP,
            ],
            {"text": literal, "finish": "stop"},
        )
        for literal in ("6", "1e5", "true", "0")
    },
    **{
        f"Gemini {literal}": Rule(
            GEMINI,
            [
                candidate({"text": "a"}),
                json.dumps(candidate({"text": "@@"})).replace('"@@"', literal),
                candidate(finish="STOP"),
            ],
            {"text": f"a{literal}", "finish": "stop"},
        )
        for literal in ("6", "1e5", "1.0", "true")
    },
    "a legacy text": Rule(
        CHAT,
        [
            json.dumps(
                {
                    "id": "c",
                    "object": "text_completion",
                    "model": "m",
                    "choices": [{"index": 0, "text": "@@", "finish_reason": None}],
                }
            ).replace('"@@"', "1.50"),
            {
                "id": "c",
                "object": "text_completion",
                "model": "m",
                "choices": [{"index": 0, "text": "", "finish_reason": "stop"}],
            },
            DONE,
        ],
        {"text": "1.50", "finish": "stop"},
    ),
    **{
        f"a Responses delta {literal}": Rule(
            RESPONSES,
            [CREATED, json.loads(output_text('"a"')), Literal, COMPLETED],
            {"text": f"a{literal}", "finish": "stop"},
        )
        for literal in ("6", "1.0", "true")
        for Literal in [output_text(literal)]
    },
}


CITED = {"type": "char_location", "cited_text": "b", "document_index": 0, "start_char_index": 0, "end_char_index": 1}


def untyped(index: int = 0, **fields: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": fields}


PARTS = {
    "output_text": Rule(CHAT, [chunk({"content": [{"type": "output_text", "text": "a"}]}), STOP, DONE], SAID_A),
    "an object in place of a list": Rule(CHAT, [chunk({"content": {"type": "text", "text": "a"}}), STOP, DONE], SAID_A),
    "a reasoning part with a summary": Rule(
        CHAT,
        [chunk({"content": [{"type": "reasoning", "summary": [{"type": "summary_text", "text": "r"}]}, {"type": "text", "text": "a"}]}), STOP, DONE],
        {"text": "a", "reasoning": "r", "finish": "stop"},
    ),
    "a Responses message with a text as its content": Rule(
        RESPONSES,
        [
            CREATED,
            {"type": "response.output_item.done", "output_index": 0, "item": {"type": "message", "id": "m", "role": "assistant", "content": "a"}},
            COMPLETED,
        ],
        SAID_A,
    ),
    "the same, only at the end": Rule(
        RESPONSES,
        [CREATED, {"type": "response.completed", "response": response(output=[{"type": "message", "id": "m", "role": "assistant", "content": "a"}])}],
        SAID_A,
    ),
    "a part without a type": Rule(CHAT, [chunk({"content": [{"text": "a"}]}), STOP, DONE], SAID_A),
    "a number in a part": Rule(
        CHAT, [chunk({"content": [{"type": "text", "text": 5}]}), STOP, DONE], {"text": "5", "finish": "stop"}
    ),
    "a Responses message with a list of texts": Rule(
        RESPONSES,
        [CREATED, {"type": "response.completed", "response": response(output=[{"type": "message", "id": "m", "content": ["a"]}])}],
        SAID_A,
    ),
    "an Anthropic message with a text as its content": Rule(
        ANTHROPIC,
        [{"type": "message", "id": "m", "role": "assistant", "model": "m", "content": "a", "stop_reason": "end_turn"}],
        SAID_A,
    ),
    "an Anthropic message with one block in place of a list": Rule(
        ANTHROPIC,
        [{"type": "message_start", "message": start()["message"] | {"content": {"type": "text", "text": "a"}}}, reason("end_turn"), MESSAGE_STOP],
        SAID_A,
    ),
    **{
        f"Gemini, {name}": Rule(GEMINI, [{"candidates": [{"content": content, "finishReason": "STOP"}]}], SAID_A)
        for name, content in (
            ("one part in place of a list", {"role": "model", "parts": {"text": "a"}}),
            ("a text in place of the parts", {"role": "model", "parts": "a"}),
            ("a text as a part", {"role": "model", "parts": ["a"]}),
            ("a text as the content", "a"),
        )
    },
    **{
        f"Interactions, {name}": Rule(
            INTERACTIONS,
            [{"event_type": "interaction.completed", "interaction": {"id": "i", "status": "completed", "steps": [{"type": "model_output", "content": content}]}}],
            SAID_A,
        )
        for name, content in (("one part in place of a list", {"type": "text", "text": "a"}), ("a text in place of the parts", "a"))
    },
    "Interactions, a text in place of a summary": Rule(
        INTERACTIONS,
        [{"event_type": "step.start", "index": 0, "step": {"type": "thought", "summary": "r"}}, {"event_type": "step.stop", "index": 0},
         {"event_type": "interaction.completed", "interaction": {"id": "i", "status": "completed"}}],
        {"reasoning": "r", "finish": "stop"},
    ),
    "Anthropic, text and thinking in turns": Rule(
        ANTHROPIC,
        [start(), block({"type": "thinking", "thinking": ""}), delta("thinking", thinking="r"), delta("text", text="a"), delta("thinking", thinking="s"), delta("text", text="b"), stop(), reason("end_turn"), MESSAGE_STOP],
        {"text": "ab", "reasoning": "rs", "finish": "stop"},
    ),
    **{
        f"Anthropic, text and thinking in a block of type {began['type']}": Rule(
            ANTHROPIC,
            [start(), block(began), delta("thinking", thinking="r"), delta("text", text="a"), stop(), reason("end_turn"), MESSAGE_STOP],
            {"text": "a", "reasoning": "r", "finish": "stop"},
        )
        for began in (
            {"type": "redacted_thinking", "data": "D"}, {"type": "web_search_tool_result", "tool_use_id": "s", "content": []}, {"type": "hologram"},
        )
    },
    "Gemini, a text and a call in one part": Rule(
        GEMINI,
        [candidate({"text": "a", "functionCall": {"id": "c", "name": "f", "args": {}}, "thoughtSignature": "S"}, finish="STOP")],
        {"text": "a", "tools": [("c", "f", "{}")], "finish": "tool_calls"}, parts=[Signature(block=1, data="S")],
    ),
    "Anthropic, signed thinking in a text block": Rule(
        ANTHROPIC,
        [start(), block({"type": "text", "text": ""}), delta("text", text="a"), delta("thinking", thinking="r"), delta("signature", signature="S"), stop(), reason("end_turn"), MESSAGE_STOP],
        {"text": "a", "reasoning": "r", "finish": "stop"}, parts=[Signature(block=1, data="S")],
    ),
    "Anthropic, deltas without their types": Rule(
        ANTHROPIC,
        [
            start(), block({"type": "thinking", "thinking": ""}), untyped(thinking="r"), untyped(signature="S"), stop(),
            block({"type": "text", "text": ""}, 1), untyped(1, type=None, text="a"), stop(1),
            block({"type": "tool_use", "id": "c1", "name": "f", "input": {}}, 2), untyped(2, type="", partial_json="{}"), stop(2),
            reason("tool_use"), MESSAGE_STOP,
        ],
        {"text": "a", "reasoning": "r", "tools": [("c1", "f", "{}")], "finish": "tool_calls"},
        parts=[Signature(block=0, data="S")],
    ),
    "Anthropic, text in a thinking block": Rule(
        ANTHROPIC,
        [start(), block({"type": "thinking", "thinking": ""}), delta("thinking", thinking="r"), delta("text", text="a"), stop(), reason("end_turn"), MESSAGE_STOP],
        {"text": "a", "reasoning": "r", "finish": "stop"},
    ),
    "Anthropic, text in a tool block": Rule(
        ANTHROPIC,
        [start(), block({"type": "tool_use", "id": "c1", "name": "f", "input": {}}), delta("text", text="a"), delta("input_json", partial_json="{}"), stop(), reason("tool_use"), MESSAGE_STOP],
        {"text": "a", "tools": [("c1", "f", "{}")], "finish": "tool_calls"},
    ),
    **{
        f"Anthropic, {name}": Rule(
            ANTHROPIC,
            [start(), *block_before, delta(kind, **fields), stop(), reason("end_turn"), MESSAGE_STOP],
            said | {"finish": "stop"}, parts=parts,
        )
        for name, kind, block_before, fields, said, parts in (
            ("thinking with its signature", "thinking", [block({"type": "thinking", "thinking": ""})], {"thinking": "r", "signature": "S"}, {"reasoning": "r"}, [Signature(block=0, data="S")]),
            ("thinking of no block with its signature", "thinking", [], {"thinking": "r", "signature": "S"}, {"reasoning": "r"}, [Signature(block=0, data="S")]),
            ("a signature with its thinking", "signature", [block({"type": "thinking", "thinking": ""})], {"thinking": "r", "signature": "S"}, {"reasoning": "r"}, [Signature(block=0, data="S")]),
            ("text with its citation", "text", [block({"type": "text", "text": ""})], {"text": "a", "citation": CITED}, {"text": "a"}, [Citation(block=0, items=[CITED | {"unit": "char"}])]),
            ("a citation with its text", "citations", [block({"type": "text", "text": ""})], {"text": "a", "citation": CITED}, {"text": "a"}, [Citation(block=0, items=[CITED | {"unit": "char"}])]),
            ("thinking with a citation", "thinking", [block({"type": "thinking", "thinking": ""})], {"thinking": "r", "citation": CITED}, {"reasoning": "r"}, [Citation(block=1, items=[CITED | {"unit": "char"}])]),
            ("text with thinking", "text", [block({"type": "text", "text": ""})], {"text": "a", "thinking": "r"}, {"text": "a", "reasoning": "r"}, []),
            ("a second text with thinking", "text", [block({"type": "text", "text": ""}), delta("text", text="a")], {"text": "b", "thinking": "r"}, {"text": "ab", "reasoning": "r"}, []),
            ("a second text with empty thinking", "text", [block({"type": "text", "text": ""}), delta("text", text="a")], {"text": "b", "thinking": "", "partial_json": None}, {"text": "ab"}, []),
            ("a second thinking with text", "thinking", [block({"type": "thinking", "thinking": ""}), delta("thinking", thinking="q")], {"thinking": "r", "text": "a"}, {"text": "a", "reasoning": "qr"}, []),
            ("text with a signature", "text", [block({"type": "text", "text": ""})], {"text": "a", "signature": "S"}, {"text": "a"}, [Signature(block=0, data="S")]),
        )
    },
    "Anthropic, thinking in a text block": Rule(
        ANTHROPIC,
        [start(), block({"type": "text", "text": ""}), delta("thinking", thinking="r"), delta("text", text="a"), stop(), reason("end_turn"), MESSAGE_STOP],
        {"text": "a", "reasoning": "r", "finish": "stop"},
    ),
}  # fmt: skip


WRAPPED = {
    "Gemini, wrapped": Rule(
        GEMINI, [{"response": candidate({"text": "a"}, finish="STOP"), "traceId": "t"}], SAID_A
    ),
    "Gemini, wrapped, in a list": Rule(
        GEMINI, [[{"response": candidate({"text": "a"})}, {"response": candidate(finish="STOP")}]], SAID_A
    ),
    "Gemini, wrapped, an error within": Rule(
        GEMINI,
        [{"response": candidate({"text": "a"})}, {"response": {"error": {"code": 503, "message": "oh"}}}],
        {"text": "a"}, False, [(503, "oh")],
    ),
    "Gemini, wrapped, in two events": Rule(
        GEMINI,
        [{"response": candidate({"text": "a"})}, {"response": candidate({"text": "b"}, finish="STOP"), "traceId": "t"}],
        {"text": "ab", "finish": "stop"},
    ),
    "Gemini, wrapped, with an error": Rule(
        GEMINI,
        [{"response": candidate({"text": "a"})}, {"error": {"code": 503, "message": "oh", "status": "UNAVAILABLE"}}],
        {"text": "a"}, False, [(503, "oh")],
    ),
}  # fmt: skip

ALL = {
    f"{group}: {name}": rule
    for group, rules in {"R25": NUMBERS, "R27, R28": PARTS, "R34": WRAPPED}.items()
    for name, rule in rules.items()
}


@pytest.mark.parametrize("rule", ALL.values(), ids=ALL)
def test_content(rule: Rule) -> None:
    rule.check()


def test_objects_of_wrapped_events() -> None:
    body = framed({"response": candidate({"text": "a"}, finish="STOP"), "traceId": "t"})
    assert [response.text for response in gemini.iter_responses(body)] == ["a"]
