"""Rules R25 to R34 of docs/rules.md: text, reasoning and usage under other names."""

from __future__ import annotations

import json
from typing import Any

import pytest

import ssescan
from ssescan.providers import Citation, Media, MediaBlock, ReasoningDelta, Signature, gemini

from .assertions import APIS, DONE, aread, framed
from .rules import Rule
from .test_tables_anthropic import block, delta, start, stop
from .test_tables_chat import HI, ROLE, SAID_A, SAID_HI, STOP, USAGE, A, chunk
from .test_tables_gemini import candidate
from .test_tables_responses import CREATED, response

CHAT, RESPONSES, ANTHROPIC, GEMINI, INTERACTIONS = APIS
MESSAGE_STOP = {"type": "message_stop"}


def reason(word: str) -> dict[str, Any]:
    return {"type": "message_delta", "delta": {"stop_reason": word}, "usage": {"output_tokens": 3}}


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


def whole(message: Any, kind: str | None = "chat.completion.chunk", **fields: Any) -> dict[str, Any]:
    """Return a chunk with a `message` and no delta."""
    made = {"id": "c", "model": "m", "choices": [{"index": 0, "message": message, "finish_reason": "stop"} | fields]}
    return made if kind is None else made | {"object": kind}


ANSWER = {"role": "assistant", "content": "hi"}
CALLING = {
    "role": "assistant", "content": None,
    "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
}  # fmt: skip


def calling(fragment: dict[str, Any]) -> dict[str, Any]:
    return chunk({"tool_calls": [{"index": 0, "type": "function"} | fragment]})


def named(arguments: str, **fields: Any) -> dict[str, Any]:
    return {"function": {"name": "f", "arguments": arguments}} | fields


HALF_CALLS = [
    ("with an id", named('{"x":', id="c1"), named('{"x":1}', id="c1")),
    ("without an id", named('{"x":'), named('{"x":1}')),
]
MESSAGES = {
    "under chat.completion.chunk": Rule(CHAT, [whole(ANSWER), DONE], SAID_HI),
    "under no object": Rule(CHAT, [whole(ANSWER, None), DONE], SAID_HI),
    "under chat.completion": Rule(CHAT, [whole(ANSWER, "chat.completion"), DONE], SAID_HI),
    "after a role chunk": Rule(CHAT, [ROLE, whole(ANSWER), DONE], SAID_HI),
    "with a call": Rule(
        CHAT, [whole(CALLING, finish_reason="tool_calls"), DONE], {"tools": [("c1", "f", "{}")], "finish": "tool_calls"}
    ),
    "with reasoning": Rule(
        CHAT, [whole(ANSWER | {"reasoning_content": "r"}), DONE], {"text": "hi", "reasoning": "r", "finish": "stop"}
    ),
    "beside a delta with content": Rule(CHAT, [whole(ANSWER, delta={"content": "hi"}), DONE], SAID_HI),
    "beside a role": Rule(CHAT, [whole(ANSWER, delta={"role": "assistant", "content": ""}), DONE], SAID_HI),
    "in pieces": Rule(CHAT, [*(whole({"content": of}, finish_reason=None) for of in ("h", "i")), STOP, DONE], SAID_HI),
    "that grow": Rule(CHAT, [*(whole({"content": of}, finish_reason=None) for of in ("h", "hi")), STOP, DONE], SAID_HI),
    "the rest of what was streamed": Rule(CHAT, [chunk({"content": "h"}), whole(ANSWER), DONE], SAID_HI),
    "a text": Rule(CHAT, [whole("hi"), DONE], SAID_HI),
    "parts that were streamed": Rule(CHAT, [HI, whole({"content": [{"type": "text", "text": "hi"}]}), DONE], SAID_HI),
    "a call that was not streamed": Rule(
        CHAT,
        [HI, whole(CALLING | {"content": "hi"}, finish_reason="tool_calls"), DONE],
        {"text": "hi", "tools": [("c1", "f", "{}")], "finish": "tool_calls"},
    ),
    "beside an empty delta": Rule(CHAT, [whole(ANSWER, delta={}), DONE], SAID_HI),
    "a repetition of what was streamed": Rule(CHAT, [HI, whole(ANSWER), DONE], SAID_HI),
    **{
        f"a call that was half streamed, {name}": Rule(
            CHAT,
            [calling(half), whole({"content": None, "tool_calls": [full]}, finish_reason="tool_calls"), DONE],
            {"tools": [(full.get("id"), "f", '{"x":1}')], "finish": "tool_calls"},
        )
        for name, half, full in HALF_CALLS
    },
    "another function_call": Rule(
        CHAT,
        [
            calling({"id": "c1", "function": {"name": "f", "arguments": "{}"}}),
            whole({"content": None, "function_call": {"name": "g", "arguments": "{}"}}),
            DONE,
        ],
        {"tools": [("c1", "f", "{}"), (None, "g", "{}")], "finish": "tool_calls"},
    ),
    "two calls of one name, without ids": Rule(
        CHAT,
        [
            whole(
                {
                    "tool_calls": [
                        {"function": {"name": "f", "arguments": '{"x":1}'}},
                        {"function": {"name": "f", "arguments": "{}"}},
                    ]
                },
                finish_reason="tool_calls",
            ),
            DONE,
        ],
        {"tools": [(None, "f", '{"x":1}'), (None, "f", "{}")], "finish": "tool_calls"},
    ),
    "a signature of a call": Rule(
        CHAT,
        [
            calling({"id": "c1", "function": {"name": "f", "arguments": "{}"}}),
            whole(
                {
                    "tool_calls": [
                        {
                            "id": "c1",
                            "function": {"name": "f", "arguments": "{}"},
                            "extra_content": {"google": {"thought_signature": "S"}},
                        }
                    ]
                },
                finish_reason="tool_calls",
            ),
            DONE,
        ],
        {"tools": [("c1", "f", "{}")], "finish": "tool_calls"},
        parts=[Signature(block=0, data="S")],
    ),
    **{
        f"a signature under {name}": Rule(
            CHAT,
            [chunk({"reasoning_content": "r"}), A, whole({"content": "a", name: value}), DONE],
            {"text": "a", "reasoning": "r", "finish": "stop"},
            parts=[Signature(block=0, data="S")],
        )
        for name, value in {
            "thinking_blocks": [{"type": "thinking", "thinking": "r", "signature": "S"}],
            "reasoning_opaque": "S",
            "reasoning_details": [{"type": "reasoning.encrypted", "data": "S"}],
        }.items()
    },
    "a signature that was streamed": Rule(
        CHAT,
        [
            chunk({"reasoning_text": "r", "reasoning_opaque": "S"}),
            A,
            whole({"content": "a", "reasoning_opaque": "S"}),
            DONE,
        ],
        {"text": "a", "reasoning": "r", "finish": "stop"},
    ),
    "a reasoning part after text": Rule(
        CHAT,
        [
            A,
            whole(
                {
                    "content": [
                        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "r"}]},
                        {"type": "text", "text": "a"},
                    ]
                }
            ),
            DONE,
        ],
        {"text": "a", "reasoning": "r", "finish": "stop"},
    ),
    "a reasoning part that was streamed": Rule(
        CHAT,
        [
            chunk({"reasoning_content": "r"}),
            A,
            whole({"content": [{"type": "thinking", "thinking": "r s"}, {"type": "text", "text": "a"}]}),
            DONE,
        ],
        {"text": "a", "reasoning": "r s", "finish": "stop"},
    ),
    **{
        f"reasoning under two names, {name} of which was streamed": Rule(
            CHAT,
            [*map(chunk, streamed), A, whole({"content": "a", "reasoning_content": "r", "reasoning": "s"}), DONE],
            {"text": "a", "reasoning": said, "finish": "stop"},
        )
        for name, streamed, said in (
            ("the first", [{"reasoning_content": "r"}], "rs"),
            ("the second", [{"reasoning": "s"}], "sr"),
            ("a half", [{"reasoning_text": ""}, {"thinking": "r"}], "rs"),
            ("all", [{"reasoning_content": "r", "reasoning": "s"}], "rs"),
        )
    },
    "reasoning that repeats a part of itself": Rule(
        CHAT,
        [
            chunk({"reasoning": "r s"}),
            A,
            whole({"content": "a", "reasoning": "r", "reasoning_details": [{"text": "r s "}]}),
            DONE,
        ],
        {"text": "a", "reasoning": "r s ", "finish": "stop"},
    ),
    "the rest of a refusal": Rule(
        CHAT,
        [chunk({"refusal": "n"}), whole({"content": None, "refusal": "no"}), DONE],
        {"refusal": "no", "finish": "refusal"},
    ),
    "pieces that begin with one twice": Rule(
        CHAT,
        [*(whole({"content": of}, finish_reason=None) for of in ("ha", "ha", "!")), STOP, DONE],
        {"text": "haha!", "finish": "stop"},
    ),
    "beside reasoning": Rule(
        CHAT,
        [whole({"content": "hi"}, delta={"reasoning_content": "r"}), DONE],
        {"text": "hi", "reasoning": "r", "finish": "stop"},
    ),
    "a repetition at the end, with an empty delta": Rule(CHAT, [HI, whole(ANSWER, delta={}), DONE], SAID_HI),
}

CITED = {"type": "char_location", "cited_text": "b", "document_index": 0, "start_char_index": 0, "end_char_index": 1}
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
            ("text with a signature", "text", [block({"type": "text", "text": ""})], {"text": "a", "signature": "S"}, {"text": "a"}, [Signature(block=0, data="S")]),
        )
    },
    "Anthropic, thinking in a text block": Rule(
        ANTHROPIC,
        [start(), block({"type": "text", "text": ""}), delta("thinking", thinking="r"), delta("text", text="a"), stop(), reason("end_turn"), MESSAGE_STOP],
        {"text": "a", "reasoning": "r", "finish": "stop"},
    ),
}  # fmt: skip

R = {"text": "a", "reasoning": "r", "finish": "stop"}
THOUGHT = [ReasoningDelta(block=0, text="r")]
REASONING = {
    **{
        name: Rule(CHAT, [chunk({name: "r"}), A, STOP, DONE], R, parts=THOUGHT)
        for name in ("reasoning_text", "thinking", "reasoning", "reasoning_content")
    },
    "one thinking block, not in a list": Rule(
        CHAT, [chunk({"thinking_blocks": {"type": "thinking", "thinking": "r"}}), A, STOP, DONE], R
    ),
    "the whole of it once more, signed": Rule(
        CHAT,
        [chunk({"reasoning_content": "r"}), chunk({"thinking_blocks": [{"type": "thinking", "thinking": "r", "signature": "S"}]}), A, STOP, DONE],
        R, parts=[Signature(block=0, data="S")],
    ),
    "two names of a part with the same piece": Rule(
        CHAT, [chunk({"content": [{"type": "thinking", "thinking": "r", "text": "r"}]}), A, STOP, DONE], R
    ),
    "a summary and a content with the same piece": Rule(
        CHAT,
        [chunk({"content": [{"type": "reasoning", "summary": [{"type": "summary_text", "text": "r"}], "content": [{"type": "reasoning_text", "text": "r"}]}]}), A, STOP, DONE],
        R,
    ),
    "a part that repeats what stands beside it": Rule(
        CHAT, [chunk({"reasoning_content": "r", "content": [{"type": "thinking", "thinking": [{"type": "text", "text": "r"}]}]}), A, STOP, DONE], R
    ),
    "a summary of texts": Rule(CHAT, [chunk({"content": [{"type": "reasoning", "summary": ["r"]}]}), A, STOP, DONE], R),
    "a signature in a summary": Rule(
        CHAT, [chunk({"content": [{"type": "reasoning", "summary": [{"type": "summary_text", "text": "r", "signature": "S"}]}]}), A, STOP, DONE],
        R, parts=[Signature(block=0, data="S")],
    ),
    "two names with other pieces": Rule(
        CHAT, [chunk({"reasoning": "s", "reasoning_content": "r"}), A, STOP, DONE], R | {"reasoning": "rs"}
    ),
    "thinking_blocks": Rule(CHAT, [chunk({"thinking_blocks": [{"type": "thinking", "thinking": "r"}]}), A, STOP, DONE], R),
    "two names with the same piece": Rule(
        CHAT, [chunk({"reasoning_content": "r", "thinking_blocks": [{"type": "thinking", "thinking": "r"}]}), A, STOP, DONE], R
    ),
    "two flat names with the same piece": Rule(CHAT, [chunk({"reasoning_text": "r", "reasoning": "r"}), A, STOP, DONE], R),
    "a signature in thinking_blocks": Rule(
        CHAT,
        [chunk({"thinking_blocks": [{"type": "thinking", "thinking": "r"}]}),
         chunk({"thinking_blocks": [{"type": "thinking", "thinking": "", "signature": "S"}]}), A, STOP, DONE],
        R, parts=[Signature(block=0, data="S")],
    ),
    "reasoning_opaque": Rule(
        CHAT, [chunk({"reasoning_text": "r"}), chunk({"reasoning_opaque": "S"}), A, STOP, DONE],
        R, parts=[Signature(block=0, data="S")],
    ),
}  # fmt: skip


def usage(api: Any, raw: dict[str, Any], **expected: Any) -> Rule:
    events: list[Any] = {
        CHAT: [A, STOP, chunk() | {"choices": [], "usage": raw}, DONE],
        RESPONSES: [
            CREATED,
            json.loads(output_text('"a"')),
            {"type": "response.completed", "response": response(usage=raw)},
        ],
    }[api]
    return Rule(api, events, SAID_A, usage=expected)


USAGES = {
    "inside the choice": Rule(
        CHAT, [A, with_choice(STOP, usage=USAGE), DONE], SAID_A, usage={"input": 1, "output": 2, "total": 3}
    ),
    "cached_tokens at the top": usage(CHAT, USAGE | {"cached_tokens": 1}, input=1, output=2, cache_read=1),
    "Anthropic's names in Chat": usage(
        CHAT, USAGE | {"prompt_tokens": 9, "cache_read_input_tokens": 4, "cache_creation_input_tokens": 3},
        input=9, cache_read=4, cache_write=3,
    ),
    "reasoning_tokens at the top": usage(CHAT, USAGE | {"reasoning_tokens": 1}, output=2, reasoning=1),
    "input_tokens in Chat": usage(CHAT, {"input_tokens": 5, "output_tokens": 7}, input=5, output=7),
    "prompt_tokens in Responses": usage(RESPONSES, {"prompt_tokens": 5, "completion_tokens": 7}, input=5, output=7),
    "zeros do not replace": Rule(
        CHAT,
        [A, STOP | {"usage": USAGE}, chunk() | {"choices": [], "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}}, DONE],
        SAID_A, usage={"input": 1, "output": 2},
    ),
    "nulls do not replace": Rule(
        CHAT, [A, STOP | {"usage": USAGE}, chunk() | {"choices": [], "usage": {"prompt_tokens": None, "completion_tokens": None}}, DONE],
        SAID_A, usage={"input": 1, "output": 2},
    ),
}  # fmt: skip


def halves(first: str, second: str, field: str = "content") -> list[Any]:
    """Return two chunks whose texts are JSON escapes."""
    return [json.dumps(chunk({field: "@@"})).replace("@@", text) for text in (first, second)]


HIGH, LOW = r"\ud83d", r"\ude00"
HALF_DELTAS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "Mistral's thinking": ({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "@@"}]}]}, {"reasoning": "😀"}),
    "Databricks' summary": ({"content": [{"type": "reasoning", "summary": [{"type": "summary_text", "text": "@@"}]}]}, {"reasoning": "😀"}),
    "a thinking part": ({"content": [{"type": "thinking", "thinking": "@@"}]}, {"reasoning": "😀"}),
    "an object of reasoning": ({"reasoning": {"content": "@@"}}, {"reasoning": "😀"}),
    "a custom call": (
        {"tool_calls": [{"index": 0, "id": "c", "type": "custom", "custom": {"name": "f", "input": "@@"}}]}, {"tools": [("c", "f", "😀")]},
    ),
}  # fmt: skip
SURROGATES = {
    **{
        f"in {name}": Rule(
            CHAT,
            [*(json.dumps(chunk(delta)).replace("@@", text) for text in (HIGH, LOW)), A, STOP, DONE],
            {"text": "a", "finish": "tool_calls" if "tools" in said else "stop"} | said,
        )
        for name, (delta, said) in HALF_DELTAS.items()
    },
    "in a message": Rule(
        CHAT,
        [*(json.dumps(whole({"content": "@@"}, finish_reason=None)).replace("@@", text) for text in (HIGH, LOW)), STOP, DONE],
        {"text": "😀", "finish": "stop"},
    ),
    "two halves": Rule(CHAT, [*halves(HIGH, LOW), STOP, DONE], {"text": "😀", "finish": "stop"}),
    "with text around them": Rule(CHAT, [*halves("a" + HIGH, LOW + "b"), STOP, DONE], {"text": "a😀b", "finish": "stop"}),
    "in reasoning": Rule(CHAT, [*halves(HIGH, LOW, "reasoning"), A, STOP, DONE], {"text": "a", "reasoning": "😀", "finish": "stop"}),
    "the second half does not come": Rule(CHAT, [*halves(HIGH, "b"), STOP, DONE], {"text": "\ufffdb", "finish": "stop"}),
    "nothing comes": Rule(CHAT, [A, halves(HIGH, "")[0], STOP, DONE], {"text": "a\ufffd", "finish": "stop"}),
    "a low half alone": Rule(CHAT, [*halves("a", LOW), STOP, DONE], {"text": "a\ufffd", "finish": "stop"}),
    "Anthropic": Rule(
        ANTHROPIC,
        [start(), block({"type": "text", "text": ""}),
         *(json.dumps(delta("text", text="@@")).replace("@@", text) for text in (HIGH, LOW)),
         stop(), reason("end_turn"), MESSAGE_STOP],
        {"text": "😀", "finish": "stop"},
    ),
    "Responses": Rule(
        RESPONSES, [CREATED, output_text(f'"{HIGH}"'), output_text(f'"{LOW}"'), COMPLETED], {"text": "😀", "finish": "stop"}
    ),
    "Gemini": Rule(
        GEMINI,
        [*(json.dumps(candidate({"text": "@@"})).replace("@@", text) for text in (HIGH, LOW)), candidate(finish="STOP")],
        {"text": "😀", "finish": "stop"},
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
    for group, rules in {
        "R25": NUMBERS, "R26": MESSAGES, "R27, R28": PARTS, "R29": REASONING, "R31": USAGES, "R32": SURROGATES, "R34": WRAPPED,
    }.items()
    for name, rule in rules.items()
}  # fmt: skip


@pytest.mark.parametrize("rule", ALL.values(), ids=ALL)
def test_content(rule: Rule) -> None:
    rule.check()


def test_whole_message_in_a_json_body() -> None:
    for kind in ("chat.completion", "chat.completion.chunk", None):
        assert ssescan.stream(json.dumps(whole(ANSWER, kind)).encode()).collect().text == "hi"


TURNS: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "reasoning_text": ([{"reasoning_text": "r"}, {"reasoning_opaque": "S"}], {"reasoning_text": "r", "reasoning_opaque": "S"}),
    "thinking_blocks": (
        [{"thinking_blocks": [{"type": "thinking", "thinking": "r"}]}, {"thinking_blocks": [{"type": "thinking", "thinking": "", "signature": "S"}]}],
        {"thinking_blocks": [{"type": "thinking", "thinking": "r", "signature": "S"}]},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("deltas", "expected"), TURNS.values(), ids=TURNS)
def test_signed_reasoning_goes_back_under_its_name(deltas: list[Any], expected: dict[str, Any]) -> None:
    turn = ssescan.stream(framed(*map(chunk, deltas), A, STOP, DONE)).collect().to_turn()
    assert {name: turn.get(name) for name in expected} == expected
    assert turn["content"] == "a"


def test_objects_of_wrapped_events() -> None:
    body = framed({"response": candidate({"text": "a"}, finish="STOP"), "traceId": "t"})
    assert [response.text for response in gemini.iter_responses(body)] == ["a"]


def test_half_of_an_emoji_in_a_transcript() -> None:
    sound = [
        json.dumps(chunk({"audio": {"id": "x", "data": "QQ==", "transcript": "@@"}})).replace("@@", of)
        for of in (HIGH, LOW)
    ]
    stream = ssescan.stream(framed(*sound, STOP, DONE))
    parts = [part for part in stream if isinstance(part, Media)]
    assert [(part.data, part.transcript) for part in parts] == [("QQ==", None), ("QQ==", "😀")]
    (block,) = stream.message.blocks
    assert isinstance(block, MediaBlock)
    assert (block.data, block.transcript) == (["QQ==", "QQ=="], "😀")


def test_half_of_an_emoji_in_an_async_stream() -> None:
    chunks = [framed(event) for event in (*halves(HIGH, LOW), STOP, DONE)]
    assert aread(chunks)[1].text == "😀"
