"""Rules of docs/rules.md about Chat Completions: fields beside the finish, within deltas, and in several chunks."""

from __future__ import annotations

from typing import Any

import pytest

import ssescan
from ssescan.providers import Error, ToolCallStart

from .assertions import DONE, framed
from .rules import Rule
from .test_rules_ending import (
    ANTHROPIC,
    CALL,
    CHAT,
    GEMINI,
    INTERACTIONS,
    MESSAGE_STOP,
    OPEN_CALL,
    F,
    anthropic_call,
    reason,
    with_choice,
)
from .test_rules_ending_formats import STEP_STOP, STEPS, TEXT_STEP, ended_as, piece
from .test_tables_anthropic import delta, stop
from .test_tables_chat import SAID_A, STOP, TOOLS, A, call, chunk
from .test_tables_gemini import candidate

HALF = [("c1", "f", '{"a":')]
REST = chunk(call("1}", index=0))
JOINED = [("c1", "f", '{"a":1}')]


def native(word: str, event: dict[str, Any] | None = None) -> dict[str, Any]:
    return with_choice(event or chunk(), native_finish_reason=word)


NATIVE = {
    "after the finish": Rule(
        CHAT,
        [OPEN_CALL, TOOLS, native("length"), DONE],
        {"tools": HALF, "finish": "length"},
        cut=["f"],
    ),
    "before the finish": Rule(
        CHAT,
        [OPEN_CALL, native("MAX_TOKENS"), TOOLS, DONE],
        {"tools": HALF, "finish": "length"},
        cut=["f"],
    ),
    "with content, before the finish": Rule(
        CHAT, [A, native("length", A), STOP, DONE], {"text": "aa", "finish": "length"}
    ),
    "an error beside stop": Rule(
        CHAT,
        [A, native("MALFORMED_FUNCTION_CALL", STOP), DONE],
        {"text": "a", "finish": "error"},
        False,
        [("MALFORMED_FUNCTION_CALL", None)],
    ),
    "an error after stop": Rule(
        CHAT, [A, STOP, native("abort"), DONE], {"text": "a", "finish": "error"}, False, [("abort", None)]
    ),
    "of the other choice": Rule(
        CHAT,
        [A, chunk({"content": "b"}, index=1), STOP, chunk(finish="stop", index=1), native("length"), DONE],
        {"0": {"text": "a", "finish": "length"}, "1": {"text": "b", "finish": "stop"}},
    ),
    "length beside an error": Rule(
        CHAT,
        [A, native("length", chunk(finish="error")), DONE],
        {"text": "a", "finish": "error"},
        False,
        [("error", None)],
    ),
    "a later one takes it back": Rule(
        CHAT, [A, native("length", STOP), A, native("stop", STOP), DONE], {"text": "aa", "finish": "stop"}
    ),
    "a word that says nothing": Rule(CHAT, [A, native("SOMETHING", STOP), native("stop"), DONE], SAID_A),
}

UP = {"code": 502, "message": "up"}
DOWN = {"code": 503, "message": "down"}


def two_choices(**fields: Any) -> dict[str, Any]:
    """Return a chunk with the finishes of two choices, each with its value of every field."""
    choices = [
        {"index": index, "delta": {}, "finish_reason": "stop"}
        | {name: values[index] for name, values in fields.items()}
        for index in (0, 1)
    ]
    return chunk() | {"choices": choices}


BOTH = {"0": {"text": "a", "finish": "stop"}, "1": {"text": "b", "finish": "stop"}}
B1 = chunk({"content": "b"}, index=1)
ERRORS = {
    "in a delta": Rule(CHAT, [A, chunk({"error": UP}, "stop"), DONE], SAID_A, False, [(502, "up")]),
    "in a delta, as a text": Rule(CHAT, [A, chunk({"error": "up"}, "stop"), DONE], SAID_A, False, [(None, "up")]),
    "in a message": Rule(
        CHAT,
        [A, with_choice(STOP, message={"role": "assistant", "error": UP}), DONE],
        SAID_A,
        False,
        [(502, "up")],
    ),
    "an empty one in a delta": Rule(CHAT, [A, chunk({"error": {}}, "stop"), DONE], SAID_A),
    "of two choices": Rule(
        CHAT, [A, B1, two_choices(error=[UP, DOWN]), DONE], BOTH, False, [(502, "up"), (503, "down")]
    ),
    "the same of two choices": Rule(CHAT, [A, B1, two_choices(error=[UP, UP]), DONE], BOTH, False, [(502, "up")]),
    "of groq, beside another": Rule(
        CHAT,
        [A, with_choice(STOP, error=UP) | {"x_groq": {"error": "over capacity"}}, DONE],
        SAID_A,
        False,
        [(None, "over capacity"), (502, "up")],
    ),
    "a success in the choice": Rule(
        CHAT, [A, with_choice(STOP, error={"code": 0, "message": "success"}), DONE], SAID_A
    ),
    "a success in the chunk": Rule(CHAT, [A | {"error": {"code": 200, "message": "ok"}}, STOP, DONE], SAID_A),
    "a success in Gemini": Rule(
        GEMINI, [candidate({"text": "a"}, finish="STOP") | {"error": {"code": 0, "message": "ok"}}], SAID_A
    ),
    "an error without a code": Rule(
        CHAT, [A, with_choice(STOP, error={"code": "", "message": "up"}), DONE], SAID_A, False, [("", "up")]
    ),
}

LOST: Any = ',"b":2'
BEGUN = chunk(call('{"a":1', index=0, id="c1", name="f"))
END = chunk(call("}", index=0))
MISFITS = {
    "a text among the fragments": {"tool_calls": [LOST]},
    "a text in place of the fragments": {"tool_calls": LOST},
    "a text in place of a function": {"tool_calls": [{"index": 0, "function": LOST}]},
    "a text in place of a function_call": {"function_call": LOST},
    "a text in place of the delta": LOST,
    "arguments beside the function": {"tool_calls": [{"index": 0, "arguments": LOST}]},
}
GOING_ON = candidate({"functionCall": {"name": "f", "id": "c1", "willContinue": True}})
REST_OF_IT = {"functionCall": {"partialArgs": [{"jsonPath": "$.a", "numberValue": 1}]}}
HOLES = {
    **{
        name: Rule(
            CHAT, [BEGUN, chunk(delta), END, TOOLS, DONE], {"tools": JOINED, "finish": "tool_calls"}, False, cut=["f"]
        )
        for name, delta in MISFITS.items()
    },
    "a choice in place of the choices": Rule(
        CHAT,
        [BEGUN, chunk() | {"choices": {"index": 0, "delta": call(LOST, index=0)}}, END, TOOLS, DONE],
        {"tools": JOINED, "finish": "tool_calls"},
        False,
        cut=["f"],
    ),
    "in the chunk of the finish": Rule(
        CHAT,
        [OPEN_CALL, REST, chunk({"tool_calls": [LOST]}, "tool_calls"), DONE],
        {"tools": JOINED, "finish": "tool_calls"},
        False,
        cut=["f"],
    ),
    "something else that does not fit": Rule(
        CHAT,
        [OPEN_CALL, chunk({"images": 5}), REST, TOOLS | {"usage": "none"}, DONE],
        {"tools": JOINED, "finish": "tool_calls"},
    ),
    "an empty text": Rule(
        CHAT, [OPEN_CALL, chunk({"tool_calls": ""}), REST, TOOLS, DONE], {"tools": JOINED, "finish": "tool_calls"}
    ),
    "before the call": Rule(
        CHAT, [chunk({"tool_calls": LOST}), CALL, TOOLS, DONE], {"tools": F, "finish": "tool_calls"}
    ),
    **{
        f"Anthropic, {name}": Rule(
            ANTHROPIC,
            anthropic_call(
                {"type": "content_block_delta", "index": 0, "delta": lost},
                delta("input_json", partial_json="}"),
                stop(),
                reason("tool_use"),
                MESSAGE_STOP,
                arguments='{"a":1',
            ),
            {"tools": JOINED, "finish": "tool_calls"},
            False,
            cut=["f"],
        )
        for name, lost in {"a text": LOST, "an unknown type": {"type": "news", "partial_json": LOST}}.items()
    },
    **{
        f"Interactions, {name}": Rule(
            INTERACTIONS,
            [
                *STEPS,
                piece('{"a":1'),
                {"event_type": "step.delta", "index": 0, "delta": lost},
                piece("}"),
                STEP_STOP,
                ended_as("requires_action"),
            ],
            {"tools": JOINED, "finish": "tool_calls"},
            False,
            cut=["f"],
        )
        for name, lost in {"a text": LOST, "an unknown type": {"type": "news", "arguments": LOST}}.items()
    },
    **{
        f"Gemini, {name}": Rule(
            GEMINI,
            [GOING_ON, candidate(lost), candidate(REST_OF_IT), candidate(finish="STOP")],
            {"tools": JOINED, "finish": "tool_calls"},
            False,
            cut=["f"],
        )
        for name, lost in {
            "a number in place of a part": 5,
            "a text in place of a call": {"functionCall": LOST},
        }.items()
    },
    "Gemini, a number before the call": Rule(
        GEMINI,
        [candidate(5), GOING_ON, candidate(REST_OF_IT), candidate(finish="STOP")],
        {"tools": JOINED, "finish": "tool_calls"},
    ),
    "Gemini, only the beginning": Rule(
        GEMINI,
        [GOING_ON, candidate(finish="STOP")],
        {"tools": F, "finish": "tool_calls"},
        False,
        cut=["f"],
    ),
    "Gemini, only the beginning of the first": Rule(
        GEMINI,
        [GOING_ON, candidate({"functionCall": {"name": "g", "id": "c2", "args": {}}}), candidate(finish="STOP")],
        {"tools": [*F, ("c2", "g", "{}")], "finish": "tool_calls"},
        False,
        cut=["f"],
    ),
    "Gemini, the beginning and its end": Rule(
        GEMINI,
        [GOING_ON, candidate({"functionCall": {}}), candidate(finish="STOP")],
        {"tools": F, "finish": "tool_calls"},
    ),
}

HALVES = {
    **{
        f"half of a call, {word}": Rule(
            CHAT, [OPEN_CALL, chunk(finish=word), DONE], {"tools": HALF, "finish": meaning}, False, cut=["f"]
        )
        for word, meaning in {"refusal": "refusal", "pause_turn": "pause"}.items()
    },
    "a whole call, refusal": Rule(CHAT, [CALL, chunk(finish="refusal"), DONE], {"tools": F, "finish": "refusal"}),
    "half of a call, Anthropic": Rule(
        ANTHROPIC,
        anthropic_call(stop(), reason("refusal"), MESSAGE_STOP, arguments='{"a":'),
        {"tools": HALF, "finish": "refusal"},
        False,
        cut=["f"],
    ),
    "a call and then text, length": Rule(
        CHAT,
        [OPEN_CALL, REST, A, chunk(finish="length"), DONE],
        {"text": "a", "tools": JOINED, "finish": "length"},
        cut=["f"],
    ),
    "a call and then text, length, Gemini": Rule(
        GEMINI,
        [
            candidate({"functionCall": {"name": "f", "id": "c1", "args": {"a": 1}}}),
            candidate({"text": "a"}, finish="MAX_TOKENS"),
        ],
        {"text": "a", "tools": JOINED, "finish": "length"},
        cut=["f"],
    ),
}

ID = "chatcmpl-1"
BEGIN = chunk({"role": "assistant", "content": "a"})
AGAIN = [BEGIN | {"id": "chatcmpl-2"}, STOP | {"id": "chatcmpl-2"}, DONE]
FIRST = {
    "an empty id": BEGIN | {"id": ""},
    "no id": {name: value for name, value in BEGIN.items() if name != "id"},
    "an id of the gateway": BEGIN | {"id": "gen-1"},
    "the id": BEGIN | {"id": ID},
}
RESTARTS = {
    **{
        name: Rule(
            CHAT,
            [first, *[A | {"id": ID}] * 3, *AGAIN],
            {"text": "aaaaa", "finish": "stop"},
            False,
            [("protocol", None)],
        )
        for name, first in FIRST.items()
    },
    "a short id": Rule(
        CHAT, [BEGIN, A, A, BEGIN, *AGAIN], {"text": "aaaaa", "finish": "stop"}, False, [("protocol", None)]
    ),
    "a text that looks like the id": Rule(
        CHAT,
        [BEGIN, A, A, chunk({"role": "assistant", "content": '"id":"c"'}) | {"id": "d"}, STOP, DONE],
        {"text": 'aaa"id":"c"', "finish": "stop"},
        False,
        [("protocol", None)],
    ),
    "Interactions, another interaction": Rule(
        INTERACTIONS,
        [*TEXT_STEP, STEPS[0] | {"interaction": {"id": "j", "model": "m"}}, *TEXT_STEP[1:], ended_as("completed")],
        {"text": "aa", "finish": "stop"},
        False,
        [("protocol", None)],
    ),
    "Interactions, the same interaction": Rule(
        INTERACTIONS, [*TEXT_STEP, STEPS[0], ended_as("completed")], {"text": "a", "finish": "stop"}
    ),
    "other ids at the start": Rule(
        CHAT,
        [*(BEGIN | {"id": f"chatcmpl-{number}"} for number in range(20)), STOP, DONE],
        {"text": "a" * 20, "finish": "stop"},
    ),
}

LATE = {
    "content in a later entry of the choice": Rule(
        CHAT,
        [
            chunk() | {"choices": [{"index": 0, "finish_reason": "stop"}, {"index": 0, "delta": {"content": "a"}}]},
            DONE,
        ],
        SAID_A,
    ),
    "content in a later entry of the candidate": Rule(
        GEMINI,
        [
            {
                "candidates": [
                    {"index": 0, "finishReason": "STOP"},
                    {"index": 0, "content": {"role": "model", "parts": [{"text": "a"}]}},
                ]
            }
        ],
        SAID_A,
    ),
}

ALL = {
    f"{group}: {name}": rule
    for group, rules in {
        "R5": NATIVE, "R1, R35": ERRORS, "R15": HOLES, "R4": HALVES, "R14": RESTARTS, "R6": LATE,
    }.items()
    for name, rule in rules.items()
}  # fmt: skip


@pytest.mark.parametrize("rule", ALL.values(), ids=ALL)
def test_chat(rule: Rule) -> None:
    rule.check()


def test_error_says_its_choice() -> None:
    message = ssescan.stream(framed(A, B1, two_choices(error=[UP, DOWN])), CHAT, strict=False).collect()
    assert [(error.choice, error.code) for error in message.errors] == [(0, 502), (1, 503)]
    message = ssescan.stream(framed(A, B1, two_choices(error=[None, DOWN])), CHAT, strict=False).collect()
    assert [(error.choice, error.code) for error in message.errors] == [(1, 503)]


@pytest.mark.parametrize(
    "between", [chunk(call("", index=0)), chunk({"content": ""}), chunk({"role": "assistant"}), chunk()]
)
def test_start_has_the_whole_name(between: dict[str, Any]) -> None:
    """R17: a name in pieces goes on until arguments, or other content, come."""
    events = [
        chunk(call("", index=0, id="c1", name="get_")),
        between,
        chunk(call("", index=0, name="weather")),
        chunk(call("{}", index=0)),
        TOOLS,
    ]
    parts = list(ssescan.stream(framed(*events), CHAT))
    assert [part.name for part in parts if isinstance(part, ToolCallStart)] == ["get_weather"]
    assert not [part for part in parts if isinstance(part, Error)]


@pytest.mark.parametrize("last", ["weather", "get_weather"])
def test_piece_of_a_name_that_has_the_piece_before(last: str) -> None:
    events = [chunk(call("", index=0, id="c1", name=name)) for name in ("get_", last)]
    message = ssescan.stream(framed(*events, chunk(call("{}", index=0)), TOOLS), CHAT).collect()
    assert [call.name for call in message.tool_calls] == ["get_weather"]


@pytest.mark.parametrize(
    ("type", "kind"),
    [("builtin_function", "builtin_function"), ("function", "function"), (None, "function"), ("", "function")],
)
def test_type_of_a_call_is_its_kind(type: Any, kind: str) -> None:
    """R22: the provider's own kind, and back in the turn as it came."""
    events = [chunk(call("", index=0, id="c1", name="$web_search", type=type)), chunk(call("{}", index=0)), TOOLS]
    message = ssescan.stream(framed(*events), CHAT).collect()
    assert [call.kind for call in message.tool_calls] == [kind]
    assert [entry["type"] for entry in message.to_turn()["tool_calls"]] == [kind]
