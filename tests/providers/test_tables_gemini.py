"""Cases of the wire specification's tables for a tolerant reader: Gemini, and Gemini Interactions.

The names are those of the tables' rows. Where a rule of the specification contradicts a row, the rule wins, and
the case says so.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from ssescan.providers import (
    Media,
    Raw,
    ReasoningDelta,
    Signature,
    Start,
    ToolCallEnd,
)

from .assertions import DONE, Case, check, framed, read
from .test_tables_anthropic import SAID_HEY
from .test_tables_chat import SAID_A, TWO_CHOICES


def candidate(*parts: Any, finish: str | None = None, index: int | None = 0, **extra: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"content": {"parts": list(parts), "role": "model"}} if parts else {}
    made |= {"finishReason": finish} if finish else {}
    made |= {} if index is None else {"index": index}
    return {"candidates": [made | extra], "modelVersion": "m", "responseId": "r"}


def plain(text: str, count: int) -> dict[str, Any]:
    """Return an event as most are: a piece of text, and the usage."""
    usage = {f"{name}TokenCount": count for name in ("prompt", "candidates", "total")}
    return candidate({"text": text}) | {"usageMetadata": usage}


def crlf(*events: Any) -> bytes:
    return framed(*events, line_end="\r\n")


GHE, GY = candidate({"text": "He"}), candidate({"text": "y"}, finish="STOP")
FAILED = {"code": 503, "message": 'This {model} is "busy"', "status": "UNAVAILABLE"}
BUSY = {"code": 503, "message": "busy", "status": "UNAVAILABLE"}
THEN_BUSY = ({"text": "He"}, False, [(503, "busy")])
HE_STOP = candidate({"text": "He"}, finish="STOP")
SAID_HE = {"text": "He", "finish": "stop"}
LOC = {"name": "f", "willContinue": True}


def partial(path: str, text: str, goes_on: bool = False, **more: Any) -> dict[str, Any]:
    value = {"jsonPath": path, "stringValue": text} | ({"willContinue": True} if goes_on else {})
    return {"functionCall": {"partialArgs": [value]} | more}


GEMINI = {
    "text": Case(crlf(GHE, GY), SAID_HEY, parts=[Start(id="r", model="m")]),
    "trailing raw error": Case(
        crlf(GHE) + json.dumps({"error": FAILED}, indent=2).replace("\n", "\r\n").encode() + b"\r\n",
        {"text": "He"},
        False,
        [(503, 'This {model} is "busy"')],
    ),
    "trailing raw error, no line end": Case(
        crlf(GHE) + json.dumps({"error": FAILED}, indent=2).encode(),
        {"text": "He"},
        False,
        [(503, 'This {model} is "busy"')],
    ),
    "raw error between events": Case(
        crlf(GHE) + json.dumps({"error": BUSY}, indent=2).encode() + b"\n\n" + crlf(GY),
        SAID_HEY,
        False,
        [(503, "busy")],
    ),
    "data error": Case(crlf(GHE, {"error": BUSY}), *THEN_BUSY),
    "data error not first key": Case(crlf(GHE, {"responseId": "r", "error": BUSY}), *THEN_BUSY),
    "error in array": Case(crlf(GHE, [{"error": BUSY}]), *THEN_BUSY),
    "truncated": Case(crlf(GHE), {"text": "He"}, complete=False),
    "promptFeedback block": Case(
        crlf(
            {
                "promptFeedback": {"blockReason": "SAFETY"},
                "usageMetadata": {"promptTokenCount": 4, "totalTokenCount": 4},
            }
        ),
        {"finish": "content_filter"},
        usage={"input": 4, "total": 4},
    ),
    "SAFETY no content": Case(crlf(GHE, candidate(finish="SAFETY")), {"text": "He", "finish": "content_filter"}),
    "unknown finish": Case(crlf(candidate({"text": "He"}, finish="TIRED")), {"text": "He", "finish": "other"}),
    "data no space": Case(crlf(candidate({"text": "a"})).replace(b"data: ", b"data:"), {"text": "a"}, complete=False),
    "comment": Case(b": keepalive\r\n\r\n" + crlf(HE_STOP), SAID_HE),
    "event line": Case(b"event: message\r\n" + crlf(HE_STOP), SAID_HE),
    "DONE": Case(crlf(HE_STOP, DONE), SAID_HE),
    "sig base64": Case(
        crlf(
            candidate(
                {"functionCall": {"id": "x", "name": "f", "args": {"a": 1}}, "thoughtSignature": "AQID-_8="},
                finish="STOP",
            )
        ),
        {"tools": [("x", "f", '{"a":1}')], "finish": "tool_calls"},
        parts=[Signature(data="AQID-_8=")],
    ),
    "sig std base64": Case(
        crlf(candidate({"text": "", "thoughtSignature": "AQID+/8="}, finish="STOP")),
        {"finish": "stop"},
        parts=[Signature(data="AQID+/8=")],
    ),
    "unknown part field": Case(crlf(candidate({"text": "a", "hologram": 1}, finish="STOP")), SAID_A),
    "thought": Case(
        crlf(
            candidate({"text": "think", "thought": True}, {"text": "ing", "thought": True}),
            candidate({"text": "A"}, finish="STOP"),
        ),
        {"text": "A", "reasoning": "thinking", "finish": "stop"},
    ),
    "partialArgs": Case(
        crlf(
            candidate({"functionCall": LOC}),
            candidate(partial("$.loc", "Bos", True, willContinue=True)),
            candidate(partial("$.loc", "ton", willContinue=True)),
            candidate({"functionCall": {}}, finish="STOP"),
        ),
        {"tools": [(None, "f", '{"loc":"Boston"}')], "finish": "tool_calls"},
    ),
    "partialArgs, the end is missing": Case(
        crlf(
            candidate({"functionCall": LOC}),
            candidate(partial("$.loc", "Boston", willContinue=True)),
            candidate(finish="STOP"),
        ),
        {"tools": [(None, "f", '{"loc":"Boston"}')], "finish": "tool_calls"},
    ),
    "partialArgs, cut": Case(
        crlf(candidate({"functionCall": LOC}), candidate(partial("$.loc", "Bos", True, willContinue=True))),
        {"tools": [(None, "f", '{"loc":"Bos"}')]},
        complete=False,
        parts=[ToolCallEnd(name="f", json='{"loc":"Bos"}', cut=True)],
    ),
    "partialArgs of every kind": Case(
        crlf(
            candidate({"functionCall": LOC}),
            candidate(
                {
                    "functionCall": {
                        "partialArgs": [
                            {"jsonPath": "$.a[0].b", "numberValue": 1},
                            {"jsonPath": "$.a[1]", "boolValue": False},
                            {"jsonPath": "$.n", "nullValue": "NULL_VALUE"},
                        ]
                    }
                },
                finish="STOP",
            ),
        ),
        {"tools": [(None, "f", '{"a":[{"b":1},false],"n":null}')], "finish": "tool_calls"},
    ),
    "multi candidates": Case(
        crlf(
            {
                "candidates": [
                    {"content": {"parts": [{"text": "A"}]}},
                    {"content": {"parts": [{"text": "B"}]}, "index": 1},
                ]
            },
            {"candidates": [{"finishReason": "STOP", "index": 1}, {"finishReason": "STOP"}]},
        ),
        TWO_CHOICES,
    ),
    # Section 7.1.
    "a STOP on every chunk": Case(
        crlf(HE_STOP, candidate({"text": "y"}, finish="STOP"), candidate(finish="MAX_TOKENS")),
        {"text": "Hey", "finish": "length"},
    ),
    "no arguments": Case(
        crlf(
            candidate(
                {"functionCall": {"name": "f"}}, {"functionCall": {"id": "2", "name": "g", "args": {}}}, finish="STOP"
            )
        ),
        {"tools": [(None, "f", "{}"), ("2", "g", "{}")], "finish": "tool_calls"},
    ),
    "usage": Case(
        crlf(
            GHE | {"usageMetadata": {"trafficType": "ON_DEMAND"}},
            GY
            | {
                "usageMetadata": {
                    "promptTokenCount": 10,
                    "toolUsePromptTokenCount": 2,
                    "candidatesTokenCount": 5,
                    "thoughtsTokenCount": 3,
                    "cachedContentTokenCount": 4,
                    "totalTokenCount": 20,
                }
            },
        ),
        SAID_HEY,
        usage={"input": 12, "output": 8, "reasoning": 3, "cache_read": 4, "total": 20},
    ),
    "usage of zeros after one of numbers": Case(
        crlf(
            *(plain(text, count) for text, count in (("H", 1), ("e", 2), ("y", 3), ("!", 0))), candidate(finish="STOP")
        ),
        {"text": "Hey!", "finish": "stop"},
        usage={"input": 3, "output": 3, "total": 3},
    ),
    "media": Case(
        crlf(candidate({"inlineData": {"mimeType": "image/png", "data": "QUI="}}, finish="STOP")),
        {"finish": "stop"},
        parts=[Media(media="image/png", data="QUI=")],
    ),
    "unknown part": Case(
        crlf(candidate({"hologram": 1}, {"text": "a"}, finish="STOP")),
        SAID_A,
        parts=[Raw(block=0, name="hologram", data={"hologram": 1})],
    ),
    "grounding counts bytes": Case(
        crlf(GHE, candidate({"text": "y"}, finish="STOP", groundingMetadata={"groundingSupports": []})),
        SAID_HEY,
    ),
}


@pytest.mark.parametrize("case", GEMINI.values(), ids=GEMINI)
def test_gemini(case: Case) -> None:
    check(case, "gemini")


def test_unknown_field_of_a_part_is_kept() -> None:
    parts, message, _ = read(GEMINI["unknown part field"].stream)
    assert message.text == "a"
    assert any("hologram" in repr(part) for part in parts if isinstance(part, Raw))


@pytest.mark.parametrize(("reason", "finish"), [("OTHER", "other"), ("SPII", "content_filter"), ("CONTINUATION", "pause"), ("MALFORMED_FUNCTION_CALL", "error"), ("NO_IMAGE", "other")])  # fmt: skip
def test_gemini_finish_reasons(reason: str, finish: str) -> None:
    assert read(crlf(GHE, candidate(finish=reason)))[1].finish_reason == finish


# --- Gemini Interactions


def interacted(*events: Any) -> bytes:
    return framed(*events, names="event_type")


def step(kind: str, index: int = 0, **fields: Any) -> dict[str, Any]:
    return {"index": index, "step": {"type": kind} | fields, "event_type": "step.start"}


def more(kind: str, index: int = 0, **fields: Any) -> dict[str, Any]:
    return {"index": index, "delta": {"type": kind} | fields, "event_type": "step.delta"}


def over(index: int = 0, **fields: Any) -> dict[str, Any]:
    return {"index": index, "event_type": "step.stop"} | fields


def interaction(kind: str, status: str, **fields: Any) -> dict[str, Any]:
    return {"interaction": {"id": "i", "status": status, "model": "m"} | fields, "event_type": f"interaction.{kind}"}


I_CREATED = interaction("created", "in_progress")
I_USAGE = {
    "total_input_tokens": 8,
    "total_tool_use_tokens": 1,
    "total_output_tokens": 5,
    "total_thought_tokens": 2,
    "total_cached_tokens": 3,
    "total_tokens": 16,
}
I_COMPLETED = interaction("completed", "completed", usage=I_USAGE)
I_TEXT = [step("model_output"), more("text", text="He"), more("text", text="y"), over()]
INTERACTIONS = {
    "text": Case(
        interacted(I_CREATED, *I_TEXT, I_COMPLETED),
        SAID_HEY,
        parts=[Start(id="i", model="m")],
        usage={"input": 9, "output": 7, "reasoning": 2, "cache_read": 3, "total": 16},
    ),
    "with a sentinel": Case(interacted(I_CREATED, *I_TEXT, I_COMPLETED, DONE), SAID_HEY),
    "no event: lines": Case(framed(I_CREATED, *I_TEXT, I_COMPLETED), SAID_HEY),
    "truncated": Case(interacted(I_CREATED, *I_TEXT), {"text": "Hey"}, complete=False),
    "thought": Case(
        interacted(
            I_CREATED,
            step("thought"),
            more("thought_summary", content={"type": "text", "text": "hm"}),
            more("thought_signature", signature="S"),
            over(),
            step("model_output", 1),
            more("text", 1, text="Hey"),
            over(1),
            I_COMPLETED,
        ),
        SAID_HEY | {"reasoning": "hm"},
        parts=[ReasoningDelta(text="hm", kind="summary"), Signature(data="S")],
    ),
    "function": Case(
        interacted(
            I_CREATED,
            step("function_call", id="c1", name="f", arguments={}),
            more("arguments_delta", arguments='{"a"'),
            more("arguments_delta", arguments=":1}"),
            over(),
            interaction("completed", "requires_action"),
        ),
        {"tools": [("c1", "f", '{"a":1}')], "finish": "tool_calls"},
    ),
    "function, completed": Case(
        interacted(
            I_CREATED,
            step("function_call", id="c1", name="f", arguments={"a": 1}),
            over(),
            interaction("completed", "completed"),
        ),
        {"tools": [("c1", "f", '{"a":1}')], "finish": "tool_calls"},
    ),
    "function, cut": Case(
        interacted(
            I_CREATED, step("function_call", id="c1", name="f", arguments={}), more("arguments_delta", arguments='{"a"')
        ),
        {"tools": [("c1", "f", '{"a"')]},
        complete=False,
        parts=[ToolCallEnd(id="c1", name="f", json='{"a"', cut=True)],
    ),
    "error": Case(
        interacted(
            I_CREATED, *I_TEXT[:2], {"error": {"code": "unavailable", "message": "busy"}, "event_type": "error"}
        ),
        {"text": "He"},
        False,
        [("unavailable", "busy")],
    ),
    "failed": Case(
        interacted(I_CREATED, interaction("completed", "failed")),
        {"finish": "error"},
        False,
        [("failed", "the interaction failed")],
    ),
    "no JSON, then failed": Case(
        interacted(I_CREATED) + b"data: {oops\n\n" + interacted(interaction("completed", "failed")),
        {"finish": "error"},
        False,
        [("decode", None), ("failed", "the interaction failed")],
    ),
    "incomplete": Case(
        interacted(I_CREATED, *I_TEXT, interaction("completed", "incomplete")), {"text": "Hey", "finish": "length"}
    ),
    "requires_continuation": Case(
        interacted(I_CREATED, *I_TEXT, interaction("completed", "requires_continuation")),
        {"text": "Hey", "finish": "pause"},
    ),
    "usage of a step is not a total": Case(
        interacted(
            I_CREATED,
            *I_TEXT[:-1],
            over(usage=I_USAGE, step_usage={"total_input_tokens": 1, "total_tokens": 1}),
            interaction("completed", "completed"),
        ),
        SAID_HEY,
        usage={"input": 9, "total": 16},
    ),
    "usage in the metadata": Case(
        interacted(
            I_CREATED,
            *I_TEXT[:2],
            I_TEXT[2] | {"metadata": {"total_usage": I_USAGE}},
            I_TEXT[3],
            interaction("completed", "completed"),
        ),
        SAID_HEY,
        usage={"total": 16},
    ),
    "media": Case(
        interacted(
            I_CREATED, step("model_output"), more("image", mime_type="image/png", data="QUI="), over(), I_COMPLETED
        ),
        {"finish": "stop"},
        parts=[Media(media="image/png", data="QUI=")],
    ),
    "unknown delta": Case(
        interacted(I_CREATED, *I_TEXT[:3], more("hologram", h=1), I_TEXT[3], I_COMPLETED),
        SAID_HEY,
    ),
    "the names of before": Case(
        interacted(
            interaction("start", "in_progress"),
            {"index": 0, "content": {"type": "text"}, "event_type": "content.start"},
            {"index": 0, "delta": {"type": "text", "text": "Hey"}, "event_type": "content.delta"},
            {"index": 0, "event_type": "content.stop"},
            interaction("complete", "completed"),
        ),
        SAID_HEY,
    ),
}


@pytest.mark.parametrize("case", INTERACTIONS.values(), ids=INTERACTIONS)
def test_gemini_interactions(case: Case) -> None:
    check(case, "gemini-interactions")
