"""Rules R8, R12 and R21 of docs/rules.md for calls and items: how they end, and what comes after."""

from __future__ import annotations

from typing import Any

import pytest

from ssescan.providers import Raw

from .assertions import read
from .rules import Rule
from .test_rules_ending import (
    ANTHROPIC,
    INTERACTIONS,
    MESSAGE_STOP,
    RESPONSES,
    F,
    anthropic_call,
    done,
    reason,
    responses_call,
)
from .test_rules_ending_formats import STEP_STOP, STEPS, ended_as, piece
from .test_tables_anthropic import delta, stop
from .test_tables_responses import CREATED, named, response

HALF = [("c1", "f", '{"a":')]
WHOLE = [("c1", "f", '{"a":1}')]
ITEM = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": '{"a":1}'}
END = done("completed")


def item_done(item: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"type": "response.output_item.done", "item": item} | fields


def arguments(end: str, **fields: Any) -> dict[str, Any]:
    return {"type": f"response.function_call_arguments.{end}", "output_index": 0, "item_id": "fc_1"} | fields


def patch(status: str) -> dict[str, Any]:
    return {"type": "apply_patch_call", "id": "a", "call_id": "c1", "status": status, "operation": {"type": "x"}}


PATCHED = [("c1", "apply_patch", '{"type":"x"}')]
UNFINISHED = {
    **{
        f"a body, {status}": Rule(
            RESPONSES,
            [response(status, output=[ITEM | {"status": "in_progress", "arguments": '{"a":'}])],
            {"tools": HALF},
            False,
            cut=["f"],
        )
        for status in ("in_progress", "queued")
    },
    "a body, and whole arguments": Rule(
        RESPONSES,
        [response("in_progress", output=[ITEM | {"status": "in_progress"}])],
        {"tools": WHOLE},
        False,
        cut=["f"],
    ),
    "a body, and a whole call": Rule(
        RESPONSES, [response("in_progress", output=[ITEM | {"status": "completed"}])], {"tools": WHOLE}, False
    ),
    "a body, apply_patch_call": Rule(
        RESPONSES,
        [response("in_progress", output=[patch("in_progress")])],
        {"tools": PATCHED},
        False,
        cut=["apply_patch"],
    ),
    "half of the arguments": Rule(
        RESPONSES,
        responses_call('{"a":', item_done(ITEM | {"status": "in_progress", "arguments": '{"a":'}, output_index=0), END),
        {"tools": HALF, "finish": "tool_calls"},
        False,
        cut=["f"],
    ),
    "whole arguments": Rule(
        RESPONSES,
        responses_call('{"a":1}', item_done(ITEM | {"status": "in_progress"}, output_index=0), END),
        {"tools": WHOLE, "finish": "tool_calls"},
    ),
    "apply_patch_call": Rule(
        RESPONSES,
        [CREATED, item_done(patch("in_progress"), output_index=0), END],
        {"tools": PATCHED, "finish": "tool_calls"},
    ),
}

LATE: dict[str, Any] = {"complete": False, "cut": ["f"]}
LATE_ARGUMENTS = {
    "Anthropic": Rule(
        ANTHROPIC,
        anthropic_call(
            stop(), delta("input_json", partial_json="1}"), reason("tool_use"), MESSAGE_STOP, arguments='{"a":'
        ),
        {"tools": HALF, "finish": "tool_calls"},
        parts=[Raw(block=0, name="arguments", data="1}")],
        **LATE,
    ),
    "Anthropic, after the reason": Rule(
        ANTHROPIC,
        anthropic_call(
            stop(), reason("tool_use"), delta("input_json", partial_json="1}"), MESSAGE_STOP, arguments='{"a":'
        ),
        {"tools": HALF},
        parts=[Raw(block=0, name="arguments", data="1}")],
        **LATE,
    ),
    "Interactions": Rule(
        INTERACTIONS,
        [*STEPS, piece('{"a":'), STEP_STOP, piece("1}"), ended_as("requires_action")],
        {"tools": HALF, "finish": "tool_calls"},
        parts=[Raw(block=0, name="arguments", data="1}")],
        **LATE,
    ),
    "Interactions, whole": Rule(
        INTERACTIONS,
        [
            *STEPS,
            STEP_STOP,
            {"event_type": "step.delta", "index": 0, "delta": {"type": "function_call", "arguments": {"a": 1}}},
            ended_as("requires_action"),
        ],
        {"tools": F, "finish": "tool_calls"},
        parts=[Raw(block=0, name="arguments", data='{"a":1}')],
        **LATE,
    ),
    "Responses": Rule(
        RESPONSES,
        [*responses_call("", item_done(ITEM | {"arguments": ""}, output_index=0)), arguments("delta", delta="1}"), END],
        {"tools": F, "finish": "tool_calls"},
        parts=[Raw(block=0, name="arguments", data="1}")],
        **LATE,
    ),
    "Responses, all of them": Rule(
        RESPONSES,
        [
            *responses_call("", item_done(ITEM | {"arguments": ""}, output_index=0)),
            arguments("done", arguments='{"a":1}'),
            END,
        ],
        {"tools": F, "finish": "tool_calls"},
        parts=[Raw(block=0, name="arguments", data='{"a":1}')],
        **LATE,
    ),
    "Responses, the same again": Rule(
        RESPONSES,
        [
            *responses_call('{"a":1}', item_done(ITEM, output_index=0)),
            arguments("done", arguments='{"a":1}'),
            END,
        ],
        {"tools": WHOLE, "finish": "tool_calls"},
    ),
}

BARE = {"type": "function_call", "name": "f", "arguments": '{"a":1}'}
ADDED: dict[str, Any] = {"type": "response.output_item.added", "item": BARE | {"call_id": "c1", "arguments": ""}}
PIECE = {"type": "response.function_call_arguments.delta", "delta": '{"a":1}'}
WITHOUT_IDS = {
    "the last item": Rule(
        RESPONSES, [CREATED, ADDED, PIECE, item_done(BARE), END], {"tools": WHOLE, "finish": "tool_calls"}
    ),
    "again": Rule(
        RESPONSES,
        [CREATED, ADDED, PIECE, item_done(BARE), item_done(BARE), END],
        {"tools": WHOLE, "finish": "tool_calls"},
    ),
    "of another call": Rule(
        RESPONSES,
        [CREATED, ADDED, PIECE, item_done(BARE), item_done(BARE | {"name": "g"}), END],
        {"tools": [*WHOLE, (None, "g", '{"a":1}')], "finish": "tool_calls"},
    ),
    "of another call, while one is open": Rule(
        RESPONSES,
        [CREATED, ADDED, PIECE, item_done(BARE | {"name": "g"}), item_done(BARE | {"call_id": "c1"}), END],
        {"tools": [*WHOLE, (None, "g", '{"a":1}')], "finish": "tool_calls"},
    ),
}

ALL = {
    f"{group}: {name}": rule
    for group, rules in {"R8": UNFINISHED, "R12": LATE_ARGUMENTS, "R21": WITHOUT_IDS}.items()
    for name, rule in rules.items()
}


@pytest.mark.parametrize("rule", ALL.values(), ids=ALL)
def test_items(rule: Rule) -> None:
    rule.check()


def announced(kind: str, event: str, piece: str, **fields: Any) -> list[Any]:
    """Return the start of an item, and a piece of it."""
    item = {"type": kind, "id": "i"} | fields
    return [
        CREATED,
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": f"response.{event}.delta", "output_index": 0, "item_id": "i", "delta": piece},
    ]


EMPTY_AT_END: dict[str, tuple[list[Any], dict[str, Any], str, Any]] = {
    "mcp_call": (
        announced("mcp_call", "mcp_call_arguments", '{"a":1}', name="f"),
        {"type": "mcp_call", "id": "i", "name": "f", "arguments": "", "output": "o"},
        "arguments",
        '{"a":1}',
    ),
    "code_interpreter_call": (
        announced("code_interpreter_call", "code_interpreter_call_code", "1+1"),
        {"type": "code_interpreter_call", "id": "i", "code": None, "outputs": []},
        "code",
        "1+1",
    ),
    "a summary": (
        announced("reasoning", "reasoning_summary_text", "a"),
        {"type": "reasoning", "id": "i", "summary": [], "encrypted_content": "x"},
        "summary",
        [{"type": "summary_text", "text": "a"}],
    ),
    "reasoning": (
        announced("reasoning", "reasoning_text", "a"),
        {"type": "reasoning", "id": "i", "summary": [], "content": []},
        "content",
        [{"type": "reasoning_text", "text": "a"}],
    ),
    "a summary that was announced": (
        announced("reasoning", "reasoning_text", "a", summary=[{"type": "summary_text", "text": "b"}]),
        {"type": "reasoning", "id": "i", "summary": []},
        "summary",
        [{"type": "summary_text", "text": "b"}],
    ),
}


@pytest.mark.parametrize(("events", "item", "field", "value"), EMPTY_AT_END.values(), ids=EMPTY_AT_END)
def test_empty_at_the_end(events: list[Any], item: dict[str, Any], field: str, value: Any) -> None:
    """R21: empty never replaces what is known."""
    text = {"type": "message", "id": "m", "role": "assistant", "content": [{"type": "output_text", "text": "a"}]}
    _, message, _ = read(
        named(*events, item_done(item, output_index=0), item_done(text, output_index=1), END), RESPONSES
    )
    turn: Any = message.to_turn()
    assert message.complete
    assert turn[0][field] == value
