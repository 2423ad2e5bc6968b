"""Rule R32 of docs/rules.md: halves of one emoji in two deltas."""

from __future__ import annotations

import json
from typing import Any

import pytest

import ssescan
from ssescan.providers import Media, MediaBlock

from .assertions import DONE, aread, framed
from .rules import Rule
from .test_rules_content import ANTHROPIC, CHAT, COMPLETED, GEMINI, RESPONSES, output_text
from .test_rules_ending import MESSAGE_STOP, reason
from .test_rules_whole_messages import whole
from .test_tables_anthropic import block, delta, start, stop
from .test_tables_chat import STOP, A, chunk
from .test_tables_gemini import candidate
from .test_tables_responses import CREATED


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
    "Anthropic, the first half in the start of its block": Rule(
        ANTHROPIC,
        [start(), json.dumps(block({"type": "text", "text": "@@"})).replace("@@", HIGH),
         json.dumps(delta("text", text="@@")).replace("@@", LOW),
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


@pytest.mark.parametrize("rule", SURROGATES.values(), ids=SURROGATES)
def test_halves_of_an_emoji(rule: Rule) -> None:
    rule.check()


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
