"""Rules R2 to R13 of docs/rules.md: answers that failed, or were cut, and look whole at the first glance."""

from __future__ import annotations

from typing import Any

import pytest

from ssescan.providers import Raw

from .assertions import DONE
from .rules import Rule
from .test_rules_ending import (
    ANTHROPIC,
    INTERACTIONS,
    MESSAGE_STOP,
    RESPONSES,
    WEATHER,
    F,
    anthropic_text,
    done,
    reason,
    responses_call,
    responses_text,
)
from .test_rules_ending_formats import TEXT_STEP, ended_as
from .test_rules_last_words import finished
from .test_tables_anthropic import block, delta, stop
from .test_tables_chat import SAID_A
from .test_tables_responses import CREATED, named

OH = {"code": "server_error", "message": "oh"}
OH_ERROR = [("server_error", "oh")]
ERROR_A = {"text": "a", "finish": "error"}
OTHER_A = {"text": "a", "finish": "other"}
LENGTH_A = {"text": "a", "finish": "length"}
ROOM = {"reason": "max_output_tokens"}
HALF = [("c1", "f", '{"a":')]


def end(name: str, status: str | None = None, **fields: Any) -> list[Any]:
    """Return a text of Responses that ends with that event."""
    return responses_text(done(status, **fields) | {"type": f"response.{name}"})


STATUSES = {
    "FAILED": Rule(RESPONSES, end("failed", "FAILED", error=OH), ERROR_A, False, OH_ERROR),
    "FAILED, without an error": Rule(
        RESPONSES, end("done", "FAILED"), ERROR_A, False, [("failed", "the response failed")]
    ),
    **{
        word: Rule(RESPONSES, end("done", word, error=OH), ERROR_A, False, OH_ERROR)
        for word in ("canceled", "error", "aborted", "timeout")
    },
    "aborted, without an error": Rule(RESPONSES, end("completed", "aborted"), ERROR_A, False, [("aborted", None)]),
    "CANCELLED": Rule(
        RESPONSES, end("done", "CANCELLED"), OTHER_A, False, [("cancelled", "the response was cancelled")]
    ),
    "response.canceled": Rule(RESPONSES, end("canceled"), ERROR_A, False, [("canceled", None)]),
    "INCOMPLETE": Rule(RESPONSES, end("done", "INCOMPLETE", incomplete_details=ROOM), LENGTH_A),
    "IN_PROGRESS": Rule(RESPONSES, end("done", "IN_PROGRESS"), {"text": "a"}, False),
    "COMPLETED": Rule(RESPONSES, end("done", "COMPLETED"), SAID_A),
    "COMPLETED, a call": Rule(
        RESPONSES,
        responses_call(
            "",
            {"type": "response.function_call_arguments.done", "output_index": 0, "arguments": "{}"},
            done("COMPLETED"),
        ),
        {"tools": F, "finish": "tool_calls"},
    ),
}

CONTRADICTIONS = {
    "failed, and a good status": Rule(RESPONSES, end("failed", "completed", error=OH), ERROR_A, False, OH_ERROR),
    "cancelled, and a good status": Rule(
        RESPONSES, end("cancelled", "completed"), OTHER_A, False, [("cancelled", "the response was cancelled")]
    ),
    "completed, and an error": Rule(RESPONSES, end("completed", "completed", error=OH), SAID_A, False, OH_ERROR),
    "completed, and an empty error": Rule(
        RESPONSES, end("completed", "completed", error={"code": None, "message": ""}), SAID_A
    ),
    "completed, and a bad status": Rule(RESPONSES, end("completed", "failed", error=OH), ERROR_A, False, OH_ERROR),
    "incomplete, and a good status": Rule(RESPONSES, end("incomplete", "completed", incomplete_details=ROOM), LENGTH_A),
    "completed, for want of room": Rule(RESPONSES, end("completed", "completed", incomplete_details=ROOM), LENGTH_A),
    "incomplete, without details": Rule(RESPONSES, end("incomplete", "completed"), OTHER_A),
    "failed, for want of room": Rule(
        RESPONSES, end("failed", "failed", error=OH, incomplete_details=ROOM), ERROR_A, False, OH_ERROR
    ),
    "an open status, and an error": Rule(
        RESPONSES, end("done", "in_progress", error=OH), {"text": "a"}, False, OH_ERROR
    ),
    "an error while it goes on": Rule(
        RESPONSES,
        [CREATED, done("in_progress", error=OH) | {"type": "response.in_progress"}, *end("completed", "completed")[1:]],
        SAID_A,
        False,
        OH_ERROR,
    ),
}

CUT_CALLS = {
    "half of the arguments": Rule(
        RESPONSES, responses_call('{"a":', done("completed")), {"tools": HALF, "finish": "tool_calls"}, False, cut=["f"]
    ),
    "no name": Rule(
        RESPONSES,
        [
            CREATED,
            {
                "type": "response.output_item.added",
                "output_index": 0,
                "item": {"type": "function_call", "call_id": "c1"},
            },
            done("completed"),
        ],
        {"tools": [("c1", "", "{}")], "finish": "tool_calls"},
        False,
        cut=[""],
    ),
}

TEXT_B = block({"type": "text", "text": ""}, 1)
ENDED = anthropic_text(reason("end_turn"))
REOPENED = {
    "another text": Rule(
        ANTHROPIC, [*ENDED, TEXT_B, delta("text", 1, text="b"), stop(1), MESSAGE_STOP], {"text": "ab"}, False
    ),
    "another text, and its reason": Rule(
        ANTHROPIC,
        [*ENDED, TEXT_B, delta("text", 1, text="b"), stop(1), reason("end_turn"), MESSAGE_STOP],
        {"text": "ab", "finish": "stop"},
    ),
    "a call": Rule(ANTHROPIC, [*ENDED, block(WEATHER, 1), stop(1), MESSAGE_STOP], {"text": "a", "tools": F}, False),
    "more of the text": Rule(ANTHROPIC, [*ENDED, delta("text", text="b"), MESSAGE_STOP], {"text": "ab"}, False),
    "text after the end": Rule(
        ANTHROPIC, [*ENDED, MESSAGE_STOP, delta("text", text="b"), delta("text", text="c")], {"text": "abc"}, False
    ),
    "text after an end without a reason": Rule(
        ANTHROPIC, anthropic_text(MESSAGE_STOP, delta("text", text="b")), {"text": "ab"}, False
    ),
    "a block after an end without a reason": Rule(
        ANTHROPIC, anthropic_text(MESSAGE_STOP, block(WEATHER, 1), stop(1)), {"text": "a", "tools": F}, False
    ),
}


def at_end(name: str, status: Any = None, *, top: Any = None, **fields: Any) -> list[Any]:
    """Return a text of Interactions that ends with that event. `top`: the status beside the interaction."""
    interaction = fields | ({} if status is None else {"status": status})
    event = {"event_type": f"interaction.{name}"} | ({"status": top} if top else {})
    return [*TEXT_STEP, event | ({"interaction": interaction} if interaction else {})]


def interaction(status: str, **fields: Any) -> list[Any]:
    """Return a body of Interactions."""
    return [{"object": "interaction", "id": "i", "model": "m", "status": status} | fields]


FAILED = [("failed", "the interaction failed")]
CANCELLED = [("cancelled", "the interaction was cancelled")]
STEP_A = {"type": "model_output", "content": [{"type": "text", "text": "a"}]}
CALL_STEP = {"type": "function_call", "id": "c1", "name": "f", "arguments": {}}
OF_INTERACTIONS = {
    "status_update": Rule(INTERACTIONS, at_end("status_update", top="failed"), ERROR_A, False, FAILED),
    "status_update, then the error": Rule(
        INTERACTIONS,
        [*at_end("status_update", top="failed"), ended_as("failed", error=OH)],
        ERROR_A,
        False,
        OH_ERROR,
    ),
    "status_update, in progress": Rule(
        INTERACTIONS, [*at_end("status_update", top="in_progress"), ended_as("completed")], SAID_A
    ),
    "status_update, completed": Rule(INTERACTIONS, at_end("status_update", top="completed"), SAID_A),
    "failed": Rule(INTERACTIONS, at_end("failed", "failed", error=OH), ERROR_A, False, OH_ERROR),
    "failed, and no status": Rule(INTERACTIONS, at_end("failed"), ERROR_A, False, FAILED),
    "failed, and a good status": Rule(INTERACTIONS, at_end("failed", "completed"), ERROR_A, False, FAILED),
    "cancelled": Rule(INTERACTIONS, at_end("cancelled"), OTHER_A, False, CANCELLED),
    "incomplete": Rule(INTERACTIONS, at_end("incomplete"), LENGTH_A),
    "completed, and an error": Rule(INTERACTIONS, at_end("completed", "completed", error=OH), SAID_A, False, OH_ERROR),
    "FAILED": Rule(INTERACTIONS, at_end("completed", "FAILED", error=OH), ERROR_A, False, OH_ERROR),
    "FAILED, without an error": Rule(INTERACTIONS, at_end("completed", "FAILED"), ERROR_A, False, FAILED),
    "aborted": Rule(INTERACTIONS, at_end("completed", "aborted", error=OH), ERROR_A, False, OH_ERROR),
    "IN_PROGRESS": Rule(INTERACTIONS, at_end("completed", "IN_PROGRESS"), {"text": "a"}, False),
    "a body that goes on": Rule(
        INTERACTIONS, interaction("in_progress", steps=[STEP_A, CALL_STEP]), {"text": "a", "tools": F}, False, cut=["f"]
    ),
    "a body": Rule(
        INTERACTIONS,
        interaction("completed", steps=[STEP_A, CALL_STEP]),
        {"text": "a", "tools": F, "finish": "tool_calls"},
    ),
    "a body with outputs": Rule(
        INTERACTIONS, interaction("completed", outputs=[{"type": "text", "text": "a"}]), SAID_A
    ),
    "a body with a field that nobody knows": Rule(
        INTERACTIONS, interaction("completed", steps=[STEP_A], news="b"), SAID_A, parts=[Raw(name="news", data="b")]
    ),
}

ALL = {
    f"{group}: {name}": rule
    for group, rules in {
        "R2, R7": STATUSES, "R2, R8": CONTRADICTIONS, "R13": CUT_CALLS, "R6": REOPENED, "R8": OF_INTERACTIONS,
    }.items()
    for name, rule in rules.items()
}  # fmt: skip


@pytest.mark.parametrize("rule", ALL.values(), ids=ALL)
def test_ending_badly(rule: Rule) -> None:
    rule.check()


WHOLE_CALLS = {
    "Responses": responses_call('{"a":1}'),
    "Anthropic": [anthropic_text()[0], block(WEATHER), delta("input_json", partial_json='{"a":1}')],
}


@pytest.mark.parametrize("events", WHOLE_CALLS.values(), ids=WHOLE_CALLS)
def test_done_after_a_whole_call(events: list[Any]) -> None:
    message = finished(named(*events, DONE))
    assert (message.complete, message.finish_reason) == (True, "tool_calls")
    assert [(call.arguments, call.cut) for call in message.tool_calls] == [('{"a":1}', False)]


HALF_CALLS = {
    "Responses": responses_call('{"a":'),
    "Anthropic": [anthropic_text()[0], block(WEATHER), delta("input_json", partial_json='{"a":')],
}


@pytest.mark.parametrize("events", HALF_CALLS.values(), ids=HALF_CALLS)
def test_done_after_half_a_call(events: list[Any]) -> None:
    message = finished(named(*events, DONE))
    assert (message.complete, message.finish_reason) == (False, "tool_calls")
    assert [call.cut for call in message.tool_calls] == [True]
