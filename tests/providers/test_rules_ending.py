"""Rules R1 to R15 of docs/rules.md: how an answer ends."""

from __future__ import annotations

import json
from typing import Any

import pytest

import ssescan
from ssescan.providers import End

from .assertions import APIS, DONE, framed, read
from .rules import Rule
from .test_tables_anthropic import block, delta, start, stop
from .test_tables_chat import SAID_A, STOP, TOOLS, USAGE, A, call, chunk
from .test_tables_gemini import candidate
from .test_tables_responses import CREATED, response

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

ALL = {
    f"{group}: {name}": rule
    for group, rules in {
        "R1, R3": ERRORS, "R2, R4": WORDS, "R4, R5": LENGTH, "R6, R11": REOPENED, "R7 to R10": TERMINAL,
        "R14": RESTARTED, "R15": DAMAGED,
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


@pytest.mark.parametrize("status", ["queued", "in_progress"])
@pytest.mark.parametrize(
    ("item_status", "arguments", "cut"),
    [("in_progress", "{}", True), ("completed", '{"a":', True), (None, '{"a":', True), ("completed", "{}", False)],
)
def test_call_of_a_body_that_is_not_finished(status: str, item_status: str | None, arguments: str, cut: bool) -> None:
    item = {"type": "function_call", "id": "i1", "call_id": "c1", "name": "f", "arguments": arguments}
    if item_status:
        item["status"] = item_status
    _, message, _ = read(json.dumps(response(status, output=[item])).encode(), RESPONSES)
    assert [call.cut for call in message.tool_calls] == [cut]
    assert bool(message.to_turn()) is not cut


def test_skipped_event_in_a_call() -> None:
    """`oversize="skip"` leaves a hole: a call that was open then is cut."""
    long = chunk(call('"' + "x" * 5000 + '"', index=0))
    body = framed(OPEN_CALL, long, chunk(call("}", index=0)), TOOLS, DONE)
    given = ssescan.stream(ssescan.iter_events(body, max_event_size=1000, oversize="skip"), CHAT, strict=False)
    message = given.collect()
    assert not message.complete
    assert [call.cut for call in message.tool_calls] == [True]
    assert not message.to_turn().get("tool_calls")
