"""Rules R2 to R15 of docs/rules.md in the formats, and in the places, that test_rules_ending.py does not have."""

from __future__ import annotations

from typing import Any

import pytest

from .assertions import DONE
from .rules import Rule
from .test_rules_ending import (
    ANTHROPIC,
    BROKEN,
    CALL,
    CHAT,
    GEMINI,
    INTERACTIONS,
    MESSAGE_STOP,
    OPEN_CALL,
    RESPONSES,
    WEATHER,
    F,
    anthropic_call,
    anthropic_text,
    done,
    reason,
    responses_call,
    responses_text,
)
from .test_tables_anthropic import block, delta, start, stop
from .test_tables_chat import STOP, TOOLS, A, call, chunk
from .test_tables_gemini import candidate
from .test_tables_responses import response

STEPS: list[Any] = [
    {"event_type": "interaction.created", "interaction": {"id": "i", "model": "m", "status": "in_progress"}},
    {"event_type": "step.start", "index": 0, "step": {"type": "function_call", "id": "c1", "name": "f"}},
]


def piece(arguments: str) -> dict[str, Any]:
    return {"event_type": "step.delta", "index": 0, "delta": {"type": "arguments_delta", "arguments": arguments}}


def ended_as(status: str, **fields: Any) -> dict[str, Any]:
    return {"event_type": "interaction.completed", "interaction": {"id": "i", "status": status} | fields}


STEP_STOP = {"event_type": "step.stop", "index": 0}
TEXT_STEP = [
    STEPS[0],
    {"event_type": "step.start", "index": 0, "step": {"type": "model_output"}},
    {"event_type": "step.delta", "index": 0, "delta": {"type": "text", "text": "a"}},
]
OTHER_FORMATS = {
    "R2, Interactions, aborted": Rule(
        INTERACTIONS, [*TEXT_STEP, ended_as("aborted")], {"text": "a", "finish": "error"}, False, [("aborted", None)]
    ),
    "R2, Interactions, cancelled": Rule(
        INTERACTIONS,
        [*TEXT_STEP, ended_as("cancelled")],
        {"text": "a", "finish": "other"},
        False,
        [("cancelled", "the interaction was cancelled")],
    ),
    "R2, Responses, an unknown reason with a call": Rule(
        RESPONSES,
        responses_call(
            "{}",
            {
                "type": "response.incomplete",
                "response": response("incomplete", incomplete_details={"reason": "steered"}),
            },
        ),
        {"tools": F, "finish": "other"},
        False,
        cut=["f"],
    ),
    "R4, Interactions, MAX_TOKENS": Rule(
        INTERACTIONS, [*TEXT_STEP, ended_as("MAX_TOKENS")], {"text": "a", "finish": "length"}
    ),
    "R4, Anthropic, a call that was closed before text": Rule(
        ANTHROPIC,
        anthropic_call(
            stop(),
            block({"type": "text", "text": ""}, 1),
            delta("text", 1, text="a"),
            reason("max_tokens"),
            MESSAGE_STOP,
        ),
        {"text": "a", "tools": F, "finish": "length"},
        cut=["f"],
    ),
    "R6, Responses": Rule(
        RESPONSES,
        responses_text({"type": "response.completed", "response": response()}, responses_text()[1]),
        {"text": "aa"},
        False,
    ),
    "R6, Anthropic": Rule(
        ANTHROPIC, [*anthropic_text()[:3], reason("end_turn"), delta("text", text="b")], {"text": "ab"}, False
    ),
    "R6, Interactions": Rule(INTERACTIONS, [*TEXT_STEP, ended_as("completed"), TEXT_STEP[2]], {"text": "aa"}, False),
    "R6, several pieces, and another finish": Rule(
        CHAT, [A, A, STOP, A, A, A, STOP, DONE], {"text": "aaaaa", "finish": "stop"}
    ),
    "R6, a finish in every chunk": Rule(
        CHAT, [chunk({"content": "a"}, "stop"), chunk({"content": "b"}, "stop"), DONE], {"text": "ab", "finish": "stop"}
    ),
    "R7, no status": Rule(RESPONSES, responses_text(done(None)), {"text": "a"}, False),
    "R7, in progress": Rule(RESPONSES, responses_text(done("in_progress")), {"text": "a"}, False),
    "R9, an open text": Rule(ANTHROPIC, [*anthropic_text()[:3], reason(None), MESSAGE_STOP], {"text": "a"}, False),
    "R10, another word": Rule(
        ANTHROPIC, anthropic_call(reason("end_turn"), MESSAGE_STOP), {"tools": F, "finish": "stop"}, False, cut=["f"]
    ),
    "R10, no message_stop": Rule(
        ANTHROPIC, anthropic_call(reason("tool_use")), {"tools": F, "finish": "tool_calls"}, False, cut=["f"]
    ),
    "R10, Interactions, no step.stop": Rule(
        INTERACTIONS,
        [*STEPS, piece('{"a":'), ended_as("requires_action")],
        {"tools": [("c1", "f", '{"a":')], "finish": "tool_calls"},
        False,
        cut=["f"],
    ),
    "a start that came twice, Anthropic": Rule(
        ANTHROPIC,
        [start(), block(WEATHER), *anthropic_call(reason("tool_use"), MESSAGE_STOP)[1:]],
        {"tools": F, "finish": "tool_calls"},
    ),
    "a start that came twice, Interactions": Rule(
        INTERACTIONS,
        [*STEPS, STEPS[1], piece("{}"), STEP_STOP, ended_as("requires_action")],
        {"tools": F, "finish": "tool_calls"},
    ),
    "R14, within a call": Rule(
        CHAT,
        [
            chunk({"role": "assistant"}),
            OPEN_CALL,
            chunk({"role": "assistant"}) | {"id": "d"},
            chunk(call("{}", index=0, id="c2", name="g")) | {"id": "d"},
            TOOLS | {"id": "d"},
            DONE,
        ],
        {"tools": [("c1", "f", '{"a":'), ("c2", "g", "{}")], "finish": "tool_calls"},
        False,
        [("protocol", None)],
        cut=["f"],
    ),
    "R15, Interactions": Rule(
        INTERACTIONS,
        [*STEPS, piece('{"a":'), '{"event_type":"step.del', piece("1}"), STEP_STOP, ended_as("requires_action")],
        {"tools": [("c1", "f", '{"a":1}')], "finish": "tool_calls"},
        False,
        [("decode", None)],
        cut=["f"],
    ),
    "R15, Gemini": Rule(
        GEMINI,
        [
            candidate({"functionCall": {"name": "f", "id": "c1", "willContinue": True}}),
            '{"candidates":[{"con',
            candidate({"functionCall": {}}),
            candidate(finish="STOP"),
        ],
        {"tools": F, "finish": "tool_calls"},
        False,
        [("decode", None)],
        cut=["f"],
    ),
    "R15, after the finish": Rule(
        CHAT, [CALL, TOOLS, BROKEN, DONE], {"tools": F, "finish": "tool_calls"}, False, [("decode", None)]
    ),
    "R15, the first piece of a call": Rule(
        CHAT,
        [A, BROKEN, chunk(call("1}", index=0, id="c1", name="f")), TOOLS, DONE],
        {"text": "a", "tools": [("c1", "f", "1}")], "finish": "tool_calls"},
        False,
        [("decode", None)],
        cut=["f"],
    ),
}


@pytest.mark.parametrize("rule", OTHER_FORMATS.values(), ids=OTHER_FORMATS)
def test_ending_in_other_formats(rule: Rule) -> None:
    rule.check()
