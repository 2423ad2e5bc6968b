"""Rule R29 of docs/rules.md: reasoning, and its signatures, under other names."""

from __future__ import annotations

from typing import Any

import pytest

import ssescan
from ssescan.providers import ReasoningDelta, Signature

from .assertions import DONE, framed
from .rules import Rule
from .test_rules_content import CHAT
from .test_tables_chat import STOP, A, chunk

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


@pytest.mark.parametrize("rule", REASONING.values(), ids=REASONING)
def test_reasoning(rule: Rule) -> None:
    rule.check()


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
