"""Rule R26 of docs/rules.md: a whole message among the chunks of Chat Completions."""

from __future__ import annotations

import json
from typing import Any

import pytest

import ssescan
from ssescan.providers import Signature

from .assertions import DONE
from .rules import Rule
from .test_rules_content import CHAT
from .test_tables_chat import HI, ROLE, SAID_HI, STOP, A, chunk


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


@pytest.mark.parametrize("rule", MESSAGES.values(), ids=MESSAGES)
def test_whole_message(rule: Rule) -> None:
    rule.check()


def test_whole_message_in_a_json_body() -> None:
    for kind in ("chat.completion", "chat.completion.chunk", None):
        assert ssescan.stream(json.dumps(whole(ANSWER, kind)).encode()).collect().text == "hi"
