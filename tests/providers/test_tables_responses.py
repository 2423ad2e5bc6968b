"""Cases of the wire specification's tables for a tolerant reader: OpenAI Responses.

The names are those of the tables' rows. Where a rule of the specification contradicts a row, the rule wins, and
the case says so.
"""

from __future__ import annotations

from typing import Any

import pytest

from ssescan.providers import (
    Ping,
    Raw,
    ReasoningDelta,
    Signature,
    Start,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
)

from .assertions import DONE, Case, check, framed, read

MESSAGE = {"id": "msg_1", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
TEXT_PART = {"type": "output_text", "text": "Hi", "annotations": []}
MESSAGE_DONE = MESSAGE | {"status": "completed", "content": [TEXT_PART]}
OF_MESSAGE = {"item_id": "msg_1", "output_index": 0, "content_index": 0}


def numbered(*events: dict[str, Any]) -> list[dict[str, Any]]:
    return [event | {"sequence_number": number} for number, event in enumerate(events)]


def response(status: str = "completed", **fields: Any) -> dict[str, Any]:
    return {"id": "resp_1", "object": "response", "model": "m", "status": status, "output": []} | fields


CREATED = {"type": "response.created", "response": response("in_progress")}
RESPONSES_USAGE = {
    "input_tokens": 9,
    "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 2},
    "output_tokens": 3,
    "output_tokens_details": {"reasoning_tokens": 1},
    "total_tokens": 12,
}
COMPLETED = {"type": "response.completed", "response": response(output=[MESSAGE_DONE], usage=RESPONSES_USAGE)}
ANSWER: list[dict[str, Any]] = numbered(
    CREATED,
    {"type": "response.in_progress", "response": response("in_progress")},
    {"type": "response.output_item.added", "output_index": 0, "item": MESSAGE},
    {"type": "response.content_part.added", "part": TEXT_PART | {"text": ""}} | OF_MESSAGE,
    {"type": "response.output_text.delta", "delta": "H", "logprobs": []} | OF_MESSAGE,
    {"type": "response.output_text.delta", "delta": "i", "logprobs": []} | OF_MESSAGE,
    {"type": "response.output_text.done", "text": "Hi", "logprobs": []} | OF_MESSAGE,
    {"type": "response.content_part.done", "part": TEXT_PART} | OF_MESSAGE,
    {"type": "response.output_item.done", "output_index": 0, "item": MESSAGE_DONE},
    COMPLETED,
)


def named(*events: Any) -> bytes:
    return framed(*events, names="type")


def ended(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}", "response": response(kind, **fields)}


def without(name: str, *events: dict[str, Any]) -> list[dict[str, Any]]:
    return [{key: value for key, value in event.items() if key != name} for event in events]


FUNCTION = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": ""}
OF_CALL = {"item_id": "fc_1", "output_index": 0}
CALLED = FUNCTION | {"arguments": '{"a":1}', "status": "completed"}
CALL_EVENTS = numbered(
    CREATED,
    {"type": "response.in_progress", "response": response("in_progress")},
    {"type": "response.output_item.added", "output_index": 0, "item": FUNCTION},
    {"type": "response.function_call_arguments.delta", "delta": '{"a"'} | OF_CALL,
    {"type": "response.function_call_arguments.delta", "delta": ":1}"} | OF_CALL,
    {"type": "response.function_call_arguments.done", "arguments": '{"a":1}'} | OF_CALL,
    {"type": "response.output_item.done", "output_index": 0, "item": CALLED},
    {"type": "response.completed", "response": response(output=[CALLED])},
)
SAID_HI_ = {"text": "Hi", "finish": "stop"}
CALLED_F = {"tools": [("call_1", "f", '{"a":1}')], "finish": "tool_calls"}
RESPONSES = {
    "text": Case(
        named(*ANSWER),
        SAID_HI_,
        parts=[Start(id="resp_1", model="m")],
        usage={"input": 9, "output": 3, "reasoning": 1, "cache_read": 4, "cache_write": 2, "total": 12},
    ),
    "no [DONE] + [DONE]": Case(named(*ANSWER, DONE), SAID_HI_),
    "completed output empty": Case(named(*ANSWER[:-1], ended("completed")), SAID_HI_),
    "completed output null": Case(named(*ANSWER[:-1], ended("completed", output=None)), SAID_HI_),
    "truncated": Case(named(*ANSWER[:-1]), {"text": "Hi"}, complete=False),
    "incomplete": Case(
        named(*ANSWER[:-1], ended("incomplete", incomplete_details={"reason": "max_output_tokens"})),
        {"text": "Hi", "finish": "length"},
    ),
    "incomplete, content filter": Case(
        named(*ANSWER[:-1], ended("incomplete", incomplete_details={"reason": "content_filter"})),
        {"text": "Hi", "finish": "content_filter"},
    ),
    "failed": Case(
        named(*ANSWER[:2], ended("failed", error={"code": "server_error", "message": "x"})),
        {"finish": "error"},
        False,
        [("server_error", "x")],
    ),
    "error flat": Case(
        named(*ANSWER[:2], {"type": "error", "code": "rate_limit_exceeded", "message": "slow", "param": None}),
        {},
        False,
        [("rate_limit_exceeded", "slow")],
    ),
    "error nested": Case(
        named(
            *ANSWER[:2],
            {
                "type": "error",
                "error": {"type": "insufficient_quota", "code": "insufficient_quota", "message": "q", "param": None},
            },
        ),
        {},
        False,
        [("insufficient_quota", "q")],
    ),
    "error nested, then failed": Case(
        named(
            *ANSWER[:2],
            {"type": "error", "error": {"type": "insufficient_quota", "code": "insufficient_quota", "message": "q"}},
            ended("failed", error={"code": "insufficient_quota", "message": "q"}),
        ),
        {"finish": "error"},
        False,
        [("insufficient_quota", "q")],
    ),
    "error, then failed with another": Case(
        named(
            *ANSWER[:2],
            {"type": "error", "error": {"code": "unknown-error", "message": "q"}},
            {"type": "error", "code": "server_error", "message": "x"},
            ended("failed", error={"code": "rate_limit_exceeded", "message": "slow"}),
        ),
        {"finish": "error"},
        False,
        [("unknown-error", "q"), ("server_error", "x"), ("rate_limit_exceeded", "slow")],
    ),
    "error, then failed without one": Case(
        named(*ANSWER[:2], {"type": "error", "code": "server_error", "message": "x"}, ended("failed")),
        {"finish": "error"},
        False,
        [("server_error", "x")],
    ),
    "no JSON, then failed": Case(
        named(*ANSWER[:2])
        + b"data: {oops\n\n"
        + named(ended("failed", error={"code": "server_error", "message": "x"})),
        {"finish": "error"},
        False,
        [("decode", None), ("server_error", "x")],
    ),
    "no JSON, then failed without an error": Case(
        named(*ANSWER[:2]) + b"data: {oops\n\n" + named(ended("failed")),
        {"finish": "error"},
        False,
        [("decode", None), ("failed", "the response failed")],
    ),
    "keepalive": Case(
        named(*ANSWER[:5], {"type": "keepalive", "sequence_number": 5}, *ANSWER[5:]), SAID_HI_, parts=[Ping()]
    ),
    "keepalive first": Case(named({"type": "keepalive", "sequence_number": 0}, *ANSWER), SAID_HI_, parts=[Ping()]),
    "unknown event": Case(
        named(*ANSWER[:5], {"type": "response.hologram.delta", "delta": "?"}, *ANSWER[5:]),
        SAID_HI_,
        parts=[Raw(name="response.hologram.delta", data={"type": "response.hologram.delta", "delta": "?"})],
    ),
    "id rotation": Case(
        named(*ANSWER[:-1], {"type": "response.completed", "response": response(id="resp_2", output=[MESSAGE_DONE])}),
        SAID_HI_,
    ),
    "item id rotation": Case(
        named(*(event | ({"item_id": f"r{at}"} if "item_id" in event else {}) for at, event in enumerate(ANSWER))),
        SAID_HI_,
    ),
    "no output_index (llama.cpp)": Case(
        named(*without("output_index", *without("content_index", *without("sequence_number", *ANSWER)))), SAID_HI_
    ),
    "no sequence_number": Case(named(*without("sequence_number", *ANSWER)), SAID_HI_),
    "no event: lines": Case(framed(*ANSWER), SAID_HI_),
    "function": Case(
        named(*CALL_EVENTS),
        CALLED_F,
        parts=[ToolCallEnd(id="call_1", name="f", json='{"a":1}'), ToolCallDelta(json=":1}")],
    ),
    "item added missing then delta": Case(
        named(
            CREATED,
            {"type": "response.output_text.delta", "delta": "H"} | OF_MESSAGE,
            ended("completed"),
        ),
        {"text": "H", "finish": "stop"},
    ),
    "refusal": Case(
        named(
            CREATED,
            {"type": "response.output_item.added", "output_index": 0, "item": MESSAGE},
            {"type": "response.refusal.delta", "delta": "N"} | OF_MESSAGE,
            {"type": "response.refusal.delta", "delta": "o"} | OF_MESSAGE,
            {"type": "response.refusal.done", "refusal": "No"} | OF_MESSAGE,
            {
                "type": "response.output_item.done",
                "output_index": 0,
                "item": MESSAGE | {"content": [{"type": "refusal", "refusal": "No"}]},
            },
            {
                "type": "response.completed",
                "response": response(output=[MESSAGE | {"content": [{"type": "refusal", "refusal": "No"}]}]),
            },
        ),
        {"refusal": "No", "finish": "refusal"},
    ),
    # The row has "" for the arguments. Section 9.1 says "{}" for no arguments, and 9.5 (4b) that such a call is cut.
    "unfinished item at completed": Case(
        named(
            CREATED,
            {"type": "response.output_item.added", "output_index": 0, "item": FUNCTION},
            ended("completed"),
        ),
        {"tools": [("call_1", "f", "{}")], "finish": "tool_calls"},
        parts=[ToolCallEnd(id="call_1", name="f", json="{}", cut=True)],
    ),
    # Section 9.5, 2: the complete text at the end counts.
    "only the done texts": Case(named(ANSWER[0], *(event for event in ANSWER[6:])), SAID_HI_),
    "a part of it was streamed": Case(named(*ANSWER[:5], *ANSWER[6:]), SAID_HI_),
    "only the completed response": Case(named(CREATED, COMPLETED), SAID_HI_),
    "done differs from what was streamed": Case(
        named(*ANSWER[:4], ANSWER[4] | {"delta": "Xi"}, *ANSWER[6:]),
        SAID_HI_,
        parts=[],
    ),
    "an unfinished call that the completed response confirms": Case(
        named(*CALL_EVENTS[:5], CALL_EVENTS[-1]),
        CALLED_F,
        parts=[ToolCallEnd(id="call_1", name="f", json='{"a":1}')],
    ),
    "an unfinished call that it does not confirm": Case(
        named(*CALL_EVENTS[:4], ended("completed")),
        {"tools": [("call_1", "f", '{"a"')], "finish": "tool_calls"},
        False,
        parts=[ToolCallEnd(id="call_1", name="f", json='{"a"', cut=True)],
    ),
    "llama.cpp, a function": Case(
        named(
            *without(
                "output_index",
                CREATED,
                {"type": "response.output_item.added", "item": {k: v for k, v in FUNCTION.items() if k != "id"}},
                {"type": "response.function_call_arguments.delta", "item_id": "call_1", "delta": '{"a"'},
                {"type": "response.function_call_arguments.delta", "item_id": "call_1", "delta": ":1}"},
                {"type": "response.output_item.done", "item": {k: v for k, v in CALLED.items() if k != "id"}},
                {
                    "type": "response.completed",
                    "response": response(output=[{k: v for k, v in CALLED.items() if k != "id"}]),
                },
            )
        ),
        CALLED_F,
    ),
    "GitHub Copilot": Case(
        named(
            *(
                event
                | ({"item_id": f"r{at}"} if "item_id" in event else {})
                | ({"item": event["item"] | {"id": f"i{at}"}} if "item" in event else {})
                | ({"response": event["response"] | {"id": f"resp{at}"}} if "response" in event else {})
                for at, event in enumerate(ANSWER)
            )
        ),
        SAID_HI_,
        parts=[Start(id="resp0", model="m")],
    ),
    "two calls, their pieces interleaved": Case(
        named(
            CREATED,
            {"type": "response.output_item.added", "output_index": 0, "item": FUNCTION},
            {
                "type": "response.output_item.added",
                "output_index": 1,
                "item": {"type": "custom_tool_call", "id": "ctc", "call_id": "call_2", "name": "sql", "input": ""},
            },
            {"type": "response.custom_tool_call_input.delta", "item_id": "ctc", "output_index": 1, "delta": "SELECT"},
            {"type": "response.function_call_arguments.delta", "delta": '{"a"'} | OF_CALL,
            {"type": "response.custom_tool_call_input.delta", "item_id": "ctc", "output_index": 1, "delta": " 1"},
            {"type": "response.function_call_arguments.delta", "delta": ":1}"} | OF_CALL,
            {"type": "response.output_item.done", "output_index": 0, "item": CALLED},
            {
                "type": "response.output_item.done",
                "output_index": 1,
                "item": {
                    "type": "custom_tool_call",
                    "id": "ctc",
                    "call_id": "call_2",
                    "name": "sql",
                    "input": "SELECT 1",
                },
            },
            ended("completed"),
        ),
        {"tools": [("call_1", "f", '{"a":1}'), ("call_2", "sql", "SELECT 1")], "finish": "tool_calls"},
        parts=[ToolCallStart(block=1, id="call_2", name="sql", custom=True)],
    ),
    "reasoning": Case(
        named(
            CREATED,
            {
                "type": "response.output_item.added",
                "output_index": 0,
                "item": {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "early"},
            },
            {
                "type": "response.reasoning_summary_part.added",
                "item_id": "rs_1",
                "output_index": 0,
                "summary_index": 0,
                "part": {"type": "summary_text", "text": ""},
            },
            {
                "type": "response.reasoning_summary_text.delta",
                "item_id": "rs_1",
                "output_index": 0,
                "summary_index": 0,
                "delta": "Hm",
            },
            {
                "type": "response.output_item.done",
                "output_index": 0,
                "item": {
                    "type": "reasoning",
                    "id": "rs_1",
                    "summary": [{"type": "summary_text", "text": "Hm"}],
                    "encrypted_content": "late",
                },
            },
            ended("completed"),
        ),
        {"reasoning": "Hm", "finish": "stop"},
        parts=[ReasoningDelta(text="Hm", kind="summary"), Signature(data="late", id="rs_1")],
    ),
}


@pytest.mark.parametrize("case", RESPONSES.values(), ids=RESPONSES)
def test_openai_responses(case: Case) -> None:
    check(case, "openai-responses")


def test_final_text_that_differs_counts_and_is_reported() -> None:
    parts = read(RESPONSES["done differs from what was streamed"].stream)[0]
    assert [part.name for part in parts if isinstance(part, Raw)] == ["mismatch"]
