"""Rules R1 to R15 of docs/rules.md: how an answer ends."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

import ssescan
from ssescan.providers import End, Finish, Message

from .assertions import APIS, DONE, framed, read
from .reading import Boom, agenerated, generated
from .rules import Rule
from .test_tables_anthropic import block, delta, start, stop
from .test_tables_chat import HI, ROLE, SAID_A, STOP, TOOLS, USAGE, A, call, chunk
from .test_tables_gemini import candidate
from .test_tables_responses import CREATED, named, response

CHAT: Any
CHAT, RESPONSES, ANTHROPIC, GEMINI, INTERACTIONS = APIS
F = [("c1", "f", "{}")]
CALL = chunk(call("{}", index=0, id="c1", name="f"))
OPEN_CALL = chunk(call('{"a":', index=0, id="c1", name="f"))
WEATHER = {"type": "tool_use", "id": "c1", "name": "f", "input": {}}


def reason(word: str | None, **fields: Any) -> dict[str, Any]:
    return {"type": "message_delta", "delta": {"stop_reason": word} | fields, "usage": {"output_tokens": 3}}


MESSAGE_STOP = {"type": "message_stop"}
TEXT_BLOCK = block({"type": "text", "text": ""})


def anthropic_text(*end: Any) -> list[Any]:
    return [start(), TEXT_BLOCK, delta("text", text="a"), stop(), *end]


def anthropic_call(*end: Any, arguments: str = "{}") -> list[Any]:
    return [start(), block(WEATHER), delta("input_json", partial_json=arguments), *end]


def with_choice(event: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return a chunk whose choice has more fields."""
    return event | {"choices": [event["choices"][0] | fields]}


def responses_call(arguments: str, *end: Any) -> list[Any]:
    item = {
        "type": "function_call",
        "id": "fc_1",
        "call_id": "c1",
        "name": "f",
        "arguments": "",
        "status": "in_progress",
    }
    added = {"type": "response.output_item.added", "output_index": 0, "item": item}
    delta = {"type": "response.function_call_arguments.delta", "item_id": "fc_1", "output_index": 0, "delta": arguments}
    return [CREATED, added, delta, *end]


def responses_text(*end: Any) -> list[Any]:
    delta = {"type": "response.output_text.delta", "item_id": "m", "output_index": 0, "content_index": 0, "delta": "a"}
    return [CREATED, delta, *end]


ERRORS = {
    "a finish that is an error": Rule(
        CHAT, [A, chunk(finish="error"), DONE], {"text": "a", "finish": "error"}, False, [("error", None)]
    ),
    "an error in the choice": Rule(
        CHAT,
        [A, with_choice(chunk(finish="error"), error={"code": 502, "message": "up"}), DONE],
        {"text": "a", "finish": "error"},
        False,
        [(502, "up")],
    ),
    "an error in the choice, and none as its finish": Rule(
        CHAT,
        [A, with_choice(chunk(finish="stop"), error={"code": 429, "message": "slow down"}), DONE],
        {"text": "a", "finish": "stop"},
        False,
        [(429, "slow down")],
    ),
    "an error of groq": Rule(
        CHAT,
        [A, chunk(finish="stop") | {"x_groq": {"error": "over capacity"}}, DONE],
        {"text": "a", "finish": "stop"},
        False,
        [(None, "over capacity")],
    ),
    "both kinds are one error": Rule(
        CHAT,
        [A, chunk(finish="error") | {"error": {"code": 502, "message": "up"}}, DONE],
        {"text": "a", "finish": "error"},
        False,
        [(502, "up")],
    ),
    "in the second choice": Rule(
        CHAT,
        [A, STOP, chunk({"content": "b"}, index=1), chunk(finish="error", index=1), DONE],
        {"0": SAID_A, "1": {"text": "b", "finish": "error"}},
        False,
        [("error", None)],
    ),
    "Gemini's malformed call": Rule(
        GEMINI,
        [candidate({"text": "a"}), candidate(finish="MALFORMED_FUNCTION_CALL", finishMessage="bad call")],
        {"text": "a", "finish": "error"},
        False,
        [("MALFORMED_FUNCTION_CALL", "bad call")],
    ),
    "Gemini, too many calls": Rule(
        GEMINI,
        [candidate({"text": "a"}, finish="TOO_MANY_TOOL_CALLS")],
        {"text": "a", "finish": "error"},
        False,
        [("TOO_MANY_TOOL_CALLS", None)],
    ),
    "Gemini, an error that is taken back": Rule(
        GEMINI,
        [candidate({"text": "a"}, finish="MALFORMED_RESPONSE"), candidate({"text": "b"}, finish="STOP")],
        {"text": "ab", "finish": "stop"},
    ),
    "Anthropic, aborted": Rule(
        ANTHROPIC,
        anthropic_text(reason("abort"), MESSAGE_STOP),
        {"text": "a", "finish": "error"},
        False,
        [("abort", None)],
    ),
    "Responses, failed without an error": Rule(
        RESPONSES,
        responses_text({"type": "response.failed", "response": response("failed", error=None)}),
        {"text": "a", "finish": "error"},
        False,
        [("failed", "the response failed")],
    ),
}

STOPPED_EARLY = ("abort", "cancelled", "network_error", "timeout", "Timeout", "ABORT")
SAME_AS_STOP = ("eos", "eos_token", "stop_sequence", "completed", "STOP", "end_turn", "Stop")
WORDS = {
    **{
        f"{word}, chat": Rule(
            CHAT, [A, chunk(finish=word), DONE], {"text": "a", "finish": "error"}, False, [(word, None)]
        )
        for word in STOPPED_EARLY
    },
    **{f"{word}, chat": Rule(CHAT, [A, chunk(finish=word), DONE], SAID_A) for word in SAME_AS_STOP},
    **{
        f"{word}, chat": Rule(CHAT, [A, chunk(finish=word), DONE], {"text": "a", "finish": meaning})
        for word, meaning in {
            "MAX_TOKENS": "length",
            "REASON_MAX_LEN": "length",
            "max_output_tokens": "length",
            "SAFETY": "content_filter",
            "a word of no table": "other",
        }.items()
    },
    **{
        f"{word}, anthropic": Rule(
            ANTHROPIC, anthropic_text(reason(word), MESSAGE_STOP), {"text": "a", "finish": meaning}
        )
        for word, meaning in {"stop": "stop", "length": "length", "STOP": "stop", "SAFETY": "content_filter"}.items()
    },
    **{
        f"{word}, gemini": Rule(GEMINI, [candidate({"text": "a"}, finish=word)], {"text": "a", "finish": meaning})
        for word, meaning in {"stop": "stop", "length": "length", "max_tokens": "length", "NEW_WORD": "other"}.items()
    },
    "null as a text": Rule(CHAT, [with_choice(A, finish_reason="null"), DONE], {"text": "a"}, False),
    "null as a text, then a finish": Rule(CHAT, [with_choice(A, finish_reason="null"), STOP, DONE], SAID_A),
    "tool_call": Rule(CHAT, [CALL, chunk(finish="tool_call"), DONE], {"tools": F, "finish": "tool_calls"}),
    "tool_use": Rule(CHAT, [CALL, chunk(finish="tool_use"), DONE], {"tools": F, "finish": "tool_calls"}),
    "Anthropic, tool_calls": Rule(
        ANTHROPIC, anthropic_call(stop(), reason("tool_calls"), MESSAGE_STOP), {"tools": F, "finish": "tool_calls"}
    ),
    "an unknown word with a call": Rule(
        CHAT, [CALL, chunk(finish="banana"), DONE], {"tools": F, "finish": "other"}, False, cut=["f"]
    ),
    "an unknown word with a call, Anthropic": Rule(
        ANTHROPIC,
        anthropic_call(stop(), reason("banana"), MESSAGE_STOP),
        {"tools": F, "finish": "other"},
        False,
        cut=["f"],
    ),
    "an unknown word with a call, Gemini": Rule(
        GEMINI,
        [candidate({"functionCall": {"name": "f", "args": {}, "id": "c1"}}, finish="BANANA")],
        {"tools": F, "finish": "other"},
        False,
        cut=["f"],
    ),
}

TWO_CALLS = [chunk(call('{"a":1}', index=0, id="c1", name="f")), chunk(call("{}", index=1, id="c2", name="g"))]
LENGTH = {
    "the last call": Rule(
        CHAT,
        [*TWO_CALLS, chunk(finish="length"), DONE],
        {"tools": [("c1", "f", '{"a":1}'), ("c2", "g", "{}")], "finish": "length"},
        cut=["g"],
    ),
    "every call that is not whole JSON": Rule(
        CHAT,
        [OPEN_CALL, *TWO_CALLS[1:], chunk(finish="MAX_TOKENS"), DONE],
        {"tools": [("c1", "f", '{"a":'), ("c2", "g", "{}")], "finish": "length"},
        cut=["f", "g"],
    ),
    "the native word says length": Rule(
        CHAT,
        [OPEN_CALL, with_choice(TOOLS, native_finish_reason="length"), DONE],
        {"tools": [("c1", "f", '{"a":')], "finish": "length"},
        cut=["f"],
    ),
    "the native word says max_output_tokens": Rule(
        CHAT,
        [OPEN_CALL, with_choice(TOOLS, native_finish_reason="max_output_tokens"), DONE],
        {"tools": [("c1", "f", '{"a":')], "finish": "length"},
        cut=["f"],
    ),
    "the native word says MAX_TOKENS, of text": Rule(
        CHAT, [A, with_choice(STOP, native_finish_reason="MAX_TOKENS"), DONE], {"text": "a", "finish": "length"}
    ),
    "the native word says the same": Rule(CHAT, [A, with_choice(STOP, native_finish_reason="STOP"), DONE], SAID_A),
}

SIGNED = candidate({"text": "", "thoughtSignature": "c2ln"})
REOPENED = {
    "text after it": Rule(CHAT, [A, STOP, chunk({"content": "b"}), DONE], {"text": "ab"}, False),
    "text after it, and another finish": Rule(
        CHAT, [A, STOP, chunk({"content": "b"}), STOP, DONE], {"text": "ab", "finish": "stop"}
    ),
    "text with another finish": Rule(
        CHAT, [A, STOP, chunk({"content": "b"}, "stop"), DONE], {"text": "ab", "finish": "stop"}
    ),
    "text in its own event": Rule(CHAT, [A, chunk({"content": "b"}, "stop"), DONE], {"text": "ab", "finish": "stop"}),
    "reasoning after it": Rule(
        CHAT, [A, STOP, chunk({"reasoning": "b"}), DONE], {"text": "a", "reasoning": "b"}, False
    ),
    "a call after it": Rule(CHAT, [A, STOP, CALL, DONE], {"text": "a", "tools": F}, False, cut=["f"]),
    "usage after it": Rule(CHAT, [A, STOP, chunk() | {"usage": USAGE}, DONE], SAID_A),
    "an empty text after it": Rule(CHAT, [A, STOP, chunk({"content": ""}), DONE], SAID_A),
    "log probabilities after it": Rule(
        CHAT, [A, STOP, with_choice(chunk({}), logprobs={"content": [{"token": "a", "logprob": -1}]}), DONE], SAID_A
    ),
    "citations after it": Rule(CHAT, [A, STOP, chunk() | {"citations": ["http://x"]}, DONE], SAID_A),
    "in the other choice": Rule(
        CHAT,
        [A, STOP, chunk({"content": "b"}, index=1), chunk(finish="stop", index=1), DONE],
        {"0": SAID_A, "1": {"text": "b", "finish": "stop"}},
    ),
    "Gemini, code and then text": Rule(
        GEMINI,
        [candidate({"executableCode": {"code": "1", "language": "PYTHON"}}, finish="STOP"), candidate({"text": "a"})],
        {"text": "a"},
        False,
    ),
    "Gemini, code and then text, finished": Rule(
        GEMINI,
        [
            candidate({"executableCode": {"code": "1", "language": "PYTHON"}}, finish="STOP"),
            candidate({"text": "a"}, finish="STOP"),
        ],
        SAID_A,
    ),
    "Gemini, a signature after it": Rule(GEMINI, [candidate({"text": "a"}, finish="STOP"), SIGNED], SAID_A),
    "Anthropic, a reason at the start": Rule(
        ANTHROPIC,
        [start() | {"message": start()["message"] | {"stop_reason": "end_turn"}}, *anthropic_text(MESSAGE_STOP)[1:]],
        SAID_A,
    ),
    "Anthropic, a reason at the start, replaced": Rule(
        ANTHROPIC,
        [
            start() | {"message": start()["message"] | {"stop_reason": "tool_use"}},
            *anthropic_text(reason("max_tokens"), MESSAGE_STOP)[1:],
        ],
        {"text": "a", "finish": "length"},
    ),
    "Anthropic, a reason at the start, and no message_stop": Rule(
        ANTHROPIC,
        [start() | {"message": start()["message"] | {"stop_reason": "end_turn"}}, *anthropic_text()[1:]],
        {"text": "a", "finish": "stop"},
        False,
    ),
}


def done(status: str | None, **fields: Any) -> dict[str, Any]:
    made = response(status or "", **fields)
    if status is None:
        del made["status"]
    return {"type": "response.done", "response": made}


TERMINAL = {
    "done, completed": Rule(RESPONSES, responses_text(done("completed")), SAID_A),
    "done, incomplete": Rule(
        RESPONSES,
        responses_text(done("incomplete", incomplete_details={"reason": "max_output_tokens"})),
        {"text": "a", "finish": "length"},
    ),
    "done, failed": Rule(
        RESPONSES,
        responses_text(done("failed", error={"code": "server_error", "message": "oh"})),
        {"text": "a", "finish": "error"},
        False,
        [("server_error", "oh")],
    ),
    "cancelled": Rule(
        RESPONSES,
        responses_text({"type": "response.cancelled", "response": response("cancelled")}),
        {"text": "a", "finish": "other"},
        False,
        [("cancelled", "the response was cancelled")],
    ),
    "done, cancelled": Rule(
        RESPONSES,
        responses_text(done("cancelled")),
        {"text": "a", "finish": "other"},
        False,
        [("cancelled", "the response was cancelled")],
    ),
    "Anthropic, an open call and no reason": Rule(
        ANTHROPIC, anthropic_call(reason(None), MESSAGE_STOP), {"tools": F}, False, cut=["f"]
    ),
    "Anthropic, no reason": Rule(ANTHROPIC, anthropic_text(MESSAGE_STOP), {"text": "a"}),
    "Anthropic, a closed call and no reason": Rule(
        ANTHROPIC, anthropic_call(stop(), reason(None), MESSAGE_STOP), {"tools": F}
    ),
    "Anthropic, no content_block_stop": Rule(
        ANTHROPIC, anthropic_call(reason("tool_use"), MESSAGE_STOP), {"tools": F, "finish": "tool_calls"}
    ),
    "Anthropic, no content_block_stop and no arguments": Rule(
        ANTHROPIC, [start(), block(WEATHER), reason("tool_use"), MESSAGE_STOP], {"tools": F, "finish": "tool_calls"}
    ),
    "Anthropic, no content_block_stop, half of the arguments": Rule(
        ANTHROPIC,
        anthropic_call(reason("tool_use"), MESSAGE_STOP, arguments='{"a":'),
        {"tools": [("c1", "f", '{"a":')], "finish": "tool_calls"},
        cut=["f"],
        complete=False,
    ),
}

BEGUN = chunk({"role": "assistant", "content": "a"})
RESTARTED = {
    "another id and a role": Rule(
        CHAT,
        [BEGUN, A, BEGUN | {"id": "d"}, STOP | {"id": "d"}, DONE],
        {"text": "aaa", "finish": "stop"},
        False,
        [("protocol", None)],
    ),
    "another id with every chunk": Rule(
        CHAT, [BEGUN, BEGUN | {"id": "d"}, BEGUN | {"id": "e"}, STOP, DONE], {"text": "aaa", "finish": "stop"}
    ),
    "a role with every chunk": Rule(CHAT, [BEGUN, BEGUN, BEGUN, STOP, DONE], {"text": "aaa", "finish": "stop"}),
    "after reasoning only": Rule(
        CHAT,
        [
            chunk({"role": "assistant", "reasoning": "r"}),
            chunk({"reasoning": "r"}),
            BEGUN | {"id": "d"},
            STOP | {"id": "d"},
            DONE,
        ],
        {"text": "a", "reasoning": "rr", "finish": "stop"},
    ),
    "after a finish": Rule(
        CHAT, [BEGUN, A, STOP, BEGUN | {"id": "d"}, STOP | {"id": "d"}, DONE], {"text": "aaa", "finish": "stop"}
    ),
    "in another choice": Rule(
        CHAT,
        [
            BEGUN,
            A,
            chunk({"role": "assistant", "content": "b"}, index=1) | {"id": "d"},
            STOP,
            chunk(finish="stop", index=1),
            DONE,
        ],
        {"0": {"text": "aa", "finish": "stop"}, "1": {"text": "b", "finish": "stop"}},
    ),
}

BROKEN = '{"choices":[{"index":0,"del'
DAMAGED = {
    "chat": Rule(
        CHAT,
        [OPEN_CALL, BROKEN, chunk(call("1}", index=0)), TOOLS, DONE],
        {"tools": [("c1", "f", '{"a":1}')], "finish": "tool_calls"},
        False,
        [("decode", None)],
        cut=["f"],
    ),
    "chat, a call that begins after it": Rule(
        CHAT,
        [A, BROKEN, CALL, TOOLS, DONE],
        {"text": "a", "tools": F, "finish": "tool_calls"},
        False,
        [("decode", None)],
    ),
    "anthropic": Rule(
        ANTHROPIC,
        anthropic_call('{"type":"content_block_delta","ind', stop(), reason("tool_use"), MESSAGE_STOP),
        {"tools": F, "finish": "tool_calls"},
        False,
        [("decode", None)],
        cut=["f"],
    ),
    "responses": Rule(
        RESPONSES,
        responses_call('{"a":', '{"type":"response.fun', {"type": "response.completed", "response": response()}),
        {"tools": [("c1", "f", '{"a":')], "finish": "tool_calls"},
        False,
        [("decode", None)],
        cut=["f"],
    ),
}

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

ALL = {
    f"{group}: {name}": rule
    for group, rules in {
        "R1, R3": ERRORS, "R2, R4": WORDS, "R4, R5": LENGTH, "R6, R11": REOPENED, "R7 to R10": TERMINAL,
        "R14": RESTARTED, "R15": DAMAGED, "more": OTHER_FORMATS,
    }.items()
    for name, rule in rules.items()
}  # fmt: skip


@pytest.mark.parametrize("rule", ALL.values(), ids=ALL)
def test_ending(rule: Rule) -> None:
    rule.check()


@pytest.mark.parametrize("status", ["queued", "in_progress", "cancelled"])
@pytest.mark.parametrize("api", [None, RESPONSES])
def test_body_that_is_not_finished(status: str, api: Any) -> None:
    body = json.dumps(response(status)).encode()
    parts, message, _ = read(body, api)
    assert parts[-1] == End(complete=False)
    with pytest.raises(ssescan.ProviderError if status == "cancelled" else ssescan.StreamCut) as caught:
        ssescan.stream(body, api).collect()
    assert getattr(caught.value, "kind", "cancelled") == "cancelled"
    assert not message.complete


LAST_WORDS = {
    "chat": framed(ROLE, HI, STOP, DONE),
    "responses": named(*responses_text({"type": "response.completed", "response": response()})),
    "anthropic": named(*anthropic_text(reason("end_turn"), MESSAGE_STOP)),
    "interactions": framed(
        {"event_type": "interaction.created", "interaction": {"id": "i", "model": "m", "status": "in_progress"}},
        {"event_type": "step.start", "index": 0, "step": {"type": "model_output"}},
        {"event_type": "step.delta", "index": 0, "delta": {"type": "text", "text": "a"}},
        {"event_type": "step.stop", "index": 0},
        {"event_type": "interaction.completed", "interaction": {"id": "i", "status": "completed"}},
    ),
}


@pytest.mark.parametrize("body", LAST_WORDS.values(), ids=LAST_WORDS)
def test_connection_breaks_after_the_last_word(body: bytes) -> None:
    with ssescan.stream(generated(body, then=Boom())) as given:
        assert given.collect().complete
    assert given.outcome == ("ended" if body.endswith(b"[DONE]\n\n") else "failed")


@pytest.mark.parametrize("body", LAST_WORDS.values(), ids=LAST_WORDS)
def test_connection_breaks_after_the_last_word_async(body: bytes) -> None:
    async def main() -> None:
        async with ssescan.astream(agenerated(body, then=Boom())) as given:
            assert (await given.collect()).complete
        assert given.outcome == ("ended" if body.endswith(b"[DONE]\n\n") else "failed")

    asyncio.run(main())


def test_stall_after_the_last_word() -> None:
    async def main() -> None:
        async def source() -> Any:
            yield LAST_WORDS["anthropic"]
            await asyncio.sleep(600)

        async with ssescan.astream(source(), stall=ssescan.Stall(progress=0.01)) as given:
            assert (await given.collect()).complete
        assert given.outcome == "failed"

    asyncio.run(main())


@pytest.mark.parametrize("error", [TypeError("mine"), ValueError("mine")])
def test_wrong_use_after_the_last_word_is_raised(error: Exception) -> None:
    with (
        ssescan.stream(generated(LAST_WORDS["anthropic"], then=error)) as given,
        pytest.raises(type(error), match="mine"),
    ):
        given.collect()
    assert not given.message.complete


@pytest.mark.parametrize("end", [1, 2])
def test_connection_breaks_before_the_last_word(end: int) -> None:
    body = framed(ROLE, HI, STOP)[: None if end == 2 else -70]
    with ssescan.stream(generated(body, then=Boom())) as given, pytest.raises(Boom):
        given.collect()
    assert not given.message.complete


def finished(source: bytes, api: Any = None, *, strict: bool = False) -> Message:
    return ssescan.stream(source, api, strict=strict, accept_done=True).collect()


DONE_ONLY = {
    "text": ([ROLE, HI], {"text": "hi"}, "stop", True, []),
    "a call": ([CALL], {}, "tool_calls", True, []),
    "a call that is not whole": ([OPEN_CALL], {}, "tool_calls", False, ["f"]),
    "an error": ([HI, {"error": {"message": "oh"}}], {"text": "hi"}, None, False, []),
    "nothing": ([ROLE], {}, None, False, []),
    "content after a finish": ([HI, STOP, HI], {"text": "hihi"}, None, False, []),
    "a damaged event": ([HI, BROKEN], {"text": "hi"}, None, False, []),
    "a finish": ([HI, chunk(finish="length")], {"text": "hi"}, "length", True, []),
}


@pytest.mark.parametrize(("events", "said", "finish", "complete", "cut"), DONE_ONLY.values(), ids=DONE_ONLY)
@pytest.mark.parametrize("api", [None, CHAT])
def test_accept_done(
    events: list[Any], said: dict[str, Any], finish: Any, complete: bool, cut: list[str], api: Any
) -> None:
    message = finished(framed(*events, DONE), api)
    assert (message.text, message.finish_reason) == (said.get("text", ""), finish)
    assert message.complete is complete
    assert [call.name for call in message.tool_calls if call.cut] == cut
    if finish in ("stop", "tool_calls"):
        assert message.raw_finish_reason == "[DONE]"
        parts = list(ssescan.stream(framed(*events, DONE), api, strict=False, accept_done=True))
        assert Finish(reason=finish, raw="[DONE]") in parts
    assert (
        not ssescan.stream(framed(*events), api, strict=False, accept_done=True).collect().complete
        or finish == "length"
    )


def test_done_is_not_accepted_without_the_option() -> None:
    assert not ssescan.stream(framed(ROLE, HI, DONE), strict=False).collect().complete


def test_accept_done_is_a_bool() -> None:
    with pytest.raises(TypeError, match="accept_done"):
        ssescan.stream(b"", accept_done=1)  # type: ignore[arg-type]


def test_skipped_event_in_a_call() -> None:
    """`oversize="skip"` leaves a hole: a call that was open then is cut."""
    long = chunk(call('"' + "x" * 5000 + '"', index=0))
    body = framed(OPEN_CALL, long, chunk(call("}", index=0)), TOOLS, DONE)
    given = ssescan.stream(ssescan.iter_events(body, max_event_size=1000, oversize="skip"), CHAT, strict=False)
    message = given.collect()
    assert not message.complete
    assert [call.cut for call in message.tool_calls] == [True]
    assert not message.to_turn().get("tool_calls")
