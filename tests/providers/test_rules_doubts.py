"""Answers and calls whose ends do not say that they are whole, and ends that say less than they seem to."""

from __future__ import annotations

from typing import Any

import pytest

from .assertions import DONE
from .rules import Rule
from .test_rules_calls import calls
from .test_rules_chat import ID
from .test_rules_ending import ANTHROPIC, CHAT, GEMINI, INTERACTIONS, MESSAGE_STOP, RESPONSES, TEXT_BLOCK, reason
from .test_rules_ending_formats import STEP_STOP, STEPS, ended_as, piece
from .test_rules_items import ADDED, END, ITEM, arguments, item_done
from .test_tables_anthropic import block, delta, start, stop
from .test_tables_chat import ROLE, SAID_A, STOP, A, B, chunk
from .test_tables_gemini import candidate, partial
from .test_tables_responses import CREATED

ARGUMENTS = delta("input_json", partial_json='{"a":1}')
USED = [reason("tool_use"), MESSAGE_STOP]
NAMELESS = {"tools": [(None, "", '{"a":1}')], "finish": "tool_calls"}
LOST_START = {
    "arguments of no block": Rule(ANTHROPIC, [start(), ARGUMENTS, stop(), *USED], NAMELESS, False, cut=[""]),
    "arguments of no block, and no end": Rule(ANTHROPIC, [start(), ARGUMENTS, *USED], NAMELESS, False, cut=[""]),
    "arguments of a text": Rule(ANTHROPIC, [start(), TEXT_BLOCK, ARGUMENTS, stop(), *USED], NAMELESS, False, cut=[""]),
    "no arguments of a text": Rule(
        ANTHROPIC,
        [
            start(),
            TEXT_BLOCK,
            delta("text", text="a"),
            delta("input_json", partial_json=""),
            stop(),
            reason("end_turn"),
            MESSAGE_STOP,
        ],
        SAID_A,
    ),
}

PLACE = {"output_index": 0}
HALF = [CREATED, ADDED | PLACE, arguments("delta", delta='{"a":')]
WHOLE = [CREATED, ADDED | PLACE, arguments("delta", delta='{"a":1}')]
EMPTY = item_done(ITEM | {"arguments": ""}, output_index=0)
SAID_HALF: tuple[dict[str, Any], bool] = ({"tools": [("c1", "f", '{"a":')], "finish": "tool_calls"}, False)
ONE_CALL = calls(("c1", "f", '{"a":1}'))
CUSTOM = {"type": "custom_tool_call", "id": "fc_1", "call_id": "c1", "name": "f", "input": ""}
EMPTY_ENDS = {
    "half of the arguments": Rule(RESPONSES, [*HALF, EMPTY, END], *SAID_HALF, cut=["f"]),
    "half of the arguments, and their end": Rule(
        RESPONSES, [*HALF, arguments("done", arguments=""), END], *SAID_HALF, cut=["f"]
    ),
    "half of the arguments, and both ends": Rule(
        RESPONSES, [*HALF, arguments("done", arguments=""), EMPTY, END], *SAID_HALF, cut=["f"]
    ),
    "all arguments": Rule(RESPONSES, [*WHOLE, EMPTY, END], ONE_CALL),
    "all arguments, and their end": Rule(RESPONSES, [*WHOLE, arguments("done", arguments=""), END], ONE_CALL),
    "no arguments": Rule(RESPONSES, [CREATED, ADDED | PLACE, EMPTY, END], calls(("c1", "f", "{}"))),
    "the text of a custom tool": Rule(
        RESPONSES,
        [
            CREATED,
            {"type": "response.output_item.added", "output_index": 0, "item": CUSTOM},
            {"type": "response.custom_tool_call_input.delta", "output_index": 0, "item_id": "fc_1", "delta": "select"},
            item_done(CUSTOM, output_index=0),
            END,
        ],
        calls(("c1", "f", "select")),
    ),
}


def step(kind: str, index: int = 0, **fields: Any) -> dict[str, Any]:
    return {"event_type": f"step.{kind}", "index": index} | fields


def at_end(*steps: dict[str, Any]) -> dict[str, Any]:
    interaction = {"id": "i", "status": "completed", "steps": list(steps)}
    return {"event_type": "interaction.completed", "interaction": interaction}


def output(*texts: str) -> dict[str, Any]:
    return {"type": "model_output", "content": [{"type": "text", "text": text} for text in texts]}


CALL = {"type": "function_call", "id": "c1", "name": "f", "arguments": {"a": 1}}
HE = [
    {"event_type": "interaction.created", "interaction": {"id": "i", "model": "m"}},
    step("start", step={"type": "model_output"}),
    step("delta", delta={"type": "text", "text": "he"}),
]
OPEN = [
    step("start", 1, step=CALL | {"arguments": {}}),
    step("delta", 1, delta={"type": "arguments_delta", "arguments": '{"a"'}),
]
HELLO = ONE_CALL | {"text": "hello"}
WHOLE_AT_THE_END = {
    "text and a call": Rule(INTERACTIONS, [*HE, at_end(output("hello"), CALL)], HELLO),
    "text that was stopped, and a call": Rule(INTERACTIONS, [*HE, step("stop"), at_end(output("hello"), CALL)], HELLO),
    "a call that is open": Rule(INTERACTIONS, [*HE, step("stop"), *OPEN, at_end(output("hello"), CALL)], HELLO),
    "the input, and the same again": Rule(
        INTERACTIONS,
        [
            *HE,
            step("stop"),
            step("start", 1, step=CALL),
            step("stop", 1),
            at_end({"type": "user_input", "content": []}, output("he"), CALL),
        ],
        ONE_CALL | {"text": "he"},
    ),
    "the same text, in pieces": Rule(
        INTERACTIONS, [*HE, step("stop"), at_end(output("h"), output("e"))], {"text": "he", "finish": "stop"}
    ),
    "a summary": Rule(
        INTERACTIONS,
        [
            HE[0],
            step("start", step={"type": "thought"}),
            step("delta", delta={"type": "thought_summary", "content": {"type": "text", "text": "a"}}),
            at_end({"type": "thought", "summary": [{"type": "text", "text": "ab"}]}, output("c")),
        ],
        {"reasoning": "ab", "text": "c", "finish": "stop"},
    ),
}

BEGIN = candidate({"functionCall": {"name": "f", "willContinue": True}})
GOES_ON = candidate(partial("$.a", "he", True, willContinue=True))
TEXT_CUT: dict[str, Any] = {
    "said": {"tools": [(None, "f", '{"a":"he"}')], "finish": "tool_calls"}, "complete": False, "cut": ["f"]
}  # fmt: skip
STRINGS = {
    "no last piece": Rule(GEMINI, [BEGIN, GOES_ON, candidate(finish="STOP")], **TEXT_CUT),
    "no last piece, and the end of the call": Rule(
        GEMINI, [BEGIN, GOES_ON, candidate({"functionCall": {}}), candidate(finish="STOP")], **TEXT_CUT
    ),
}

THINKING = {"type": "thinking", "thinking": "BBB"}
TWO_NAMES = {
    "thinking_blocks": Rule(
        CHAT,
        [ROLE, chunk({"reasoning_content": "AAA", "thinking_blocks": [THINKING]}), A, STOP, DONE],
        SAID_A | {"reasoning": "AAABBB"},
    ),
    "reasoning_details": Rule(
        CHAT,
        [
            ROLE,
            chunk({"reasoning": "CCC", "reasoning_details": [{"type": "reasoning.text", "text": "DDD"}]}),
            A,
            STOP,
            DONE,
        ],
        SAID_A | {"reasoning": "CCCDDD"},
    ),
    "reasoning_details that are its parts": Rule(
        CHAT,
        [ROLE, chunk({"reasoning": "CD", "reasoning_details": [{"text": "C"}, {"text": "D"}]}), A, STOP, DONE],
        SAID_A | {"reasoning": "CD"},
    ),
}


def call_piece(arguments: str, id: str | None = None, name: str | None = None) -> dict[str, Any]:
    return chunk({"tool_calls": [{"index": 0, "id": id, "function": {"name": name, "arguments": arguments}}]})


ENDED = chunk(finish="tool_calls")
USED_TOOL = block({"type": "tool_use", "id": "c1", "name": "f", "input": {}})
ERROR_WORDS = (
    "upstream_error", "model_error", "engine_error", "exception", "Overloaded", "rate_limit", "disconnected",
    "deadline_exceeded", "ValidationException",
)  # fmt: skip
ENDS = {
    **{
        word: Rule(CHAT, [A, chunk(finish=word), DONE], {"text": "a", "finish": "error"}, False, [(word, None)])
        for word in ERROR_WORDS
    },
    "a word that nobody knows": Rule(CHAT, [A, chunk(finish="sated"), DONE], {"text": "a", "finish": "other"}),
    "an id of its own": Rule(
        CHAT,
        [
            *(of | {"id": ID} for of in (ROLE, A, B)),
            chunk({"role": "assistant", "content": ""}, finish="stop") | {"id": "chatcmpl-2"},
            DONE,
        ],
        {"text": "ab", "finish": "stop"},
    ),
    "an empty choice beside it": Rule(
        CHAT, [ROLE, A, chunk() | {"choices": [{"index": 1, "delta": {}, "finish_reason": None}]}, STOP, DONE], SAID_A
    ),
}

BLANK = {
    "a piece of a call is gone": Rule(
        CHAT,
        [call_piece("", id="c1", name="f"), "", call_piece("1}"), ENDED, DONE],
        {"tools": [("c1", "f", "1}")], "finish": "tool_calls"}, False, cut=["f"],
    ),
    "a piece of a call is gone, Anthropic": Rule(
        ANTHROPIC, [start(), USED_TOOL, "", delta("input_json", partial_json="1}"), stop(), *USED],
        {"tools": [("c1", "f", "1}")], "finish": "tool_calls"}, False, cut=["f"],
    ),
    **{
        f"{left} is left of a piece of a call, {api}": Rule(
            api, [*begun, left, *rest], {"tools": [("c1", "f", "1}")], "finish": "tool_calls"}, False, cut=["f"]
        )
        for left in ("5", "null", "[]", "{}", '{"type": "news"}')
        for api, begun, rest in (
            (CHAT, [call_piece("", id="c1", name="f")], [call_piece("1}"), ENDED, DONE]),
            (ANTHROPIC, [start(), USED_TOOL], [delta("input_json", partial_json="1}"), stop(), *USED]),
            (INTERACTIONS, STEPS, [piece("1}"), STEP_STOP, ended_as("requires_action")]),
        )
    },
    **{
        f"{news} beside a whole call": Rule(
            CHAT, [call_piece('{"a"', id="c1", name="f"), news, call_piece(":1}"), ENDED, DONE], ONE_CALL
        )
        for news in ("5", "null", "{}", '{"type": "news"}')
    },
    "a keep-alive": Rule(
        CHAT, [call_piece('{"a"', id="c1", name="f"), "", call_piece(":1}"), ENDED, DONE], ONE_CALL
    ),
}  # fmt: skip

ALL = {
    f"{group}: {name}": rule
    for group, rules in {
        "lost start": LOST_START, "empty end": EMPTY_ENDS, "whole at the end": WHOLE_AT_THE_END, "strings": STRINGS,
        "two names": TWO_NAMES, "ends": ENDS, "blank": BLANK,
    }.items()
    for name, rule in rules.items()
}  # fmt: skip


@pytest.mark.parametrize("rule", ALL.values(), ids=ALL)
def test_doubts(rule: Rule) -> None:
    rule.check()
