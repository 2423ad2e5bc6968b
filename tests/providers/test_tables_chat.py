"""Cases of the wire specification's tables for a tolerant reader: OpenAI Chat Completions.

The names are those of the tables' rows. Where a rule of the specification contradicts a row, the rule wins, and
the case says so.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from ssescan.providers import (
    Media,
    ReasoningDelta,
    Signature,
    Start,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
)

from .assertions import DONE, Case, check, framed, text


def chunk(delta: Any = None, finish: str | None = None, index: int = 0, **extra: Any) -> dict[str, Any]:
    choice = {"index": index, "delta": {} if delta is None else delta, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]} | extra


def call(arguments: Any = None, **fields: Any) -> dict[str, Any]:
    """Return a delta with a fragment of a call. `name` belongs to its function."""
    function = {} if arguments is None else {"arguments": arguments}
    if "name" in fields:
        function["name"] = fields.pop("name")
    return {"tool_calls": [fields | {"function": function}]}


ROLE = chunk({"role": "assistant", "content": ""})
A, B, HI = (chunk({"content": content}) for content in ("a", "b", "hi"))
STOP, TOOLS = chunk(finish="stop"), chunk(finish="tool_calls")
USAGE = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
SAID_HI = {"text": "hi", "finish": "stop"}
SAID_A = {"text": "a", "finish": "stop"}
PLAIN = framed(ROLE, HI, STOP, DONE)
F = {"tools": [("c1", "f", "{}")], "finish": "tool_calls"}
TWO_CHOICES = {"0": {"text": "A", "finish": "stop"}, "1": {"text": "B", "finish": "stop"}}


def spliced(*before: Any, raw: str, after: bytes = b"") -> bytes:
    """Return events, then literal text."""
    return framed(*before) + raw.encode() + after


CHAT = {
    "plain": Case(PLAIN, SAID_HI, parts=[Start(id="c", model="m")]),
    "no DONE": Case(framed(ROLE, HI, STOP), SAID_HI),
    "truncated no finish": Case(framed(ROLE, HI), {"text": "hi"}, complete=False),
    "truncated, but with DONE": Case(framed(ROLE, HI, DONE), {"text": "hi"}, complete=False),
    "usage last": Case(
        framed(ROLE, HI, STOP, chunk() | {"choices": [], "usage": USAGE}, DONE),
        SAID_HI,
        usage={"input": 1, "output": 2, "total": 3, "raw": USAGE},
    ),
    "usage then null": Case(
        framed(A, STOP | {"usage": USAGE}, chunk() | {"choices": [], "usage": None}, DONE),
        SAID_A,
        usage={"input": 1, "output": 2, "total": 3},
    ),
    "role every chunk": Case(
        framed(*(chunk({"role": "assistant", "content": content}) for content in "ab"), STOP, DONE),
        {"text": "ab", "finish": "stop"},
    ),
    "id repeated tool": Case(
        framed(
            chunk(call("", index=0, id="c1", name="f")),
            chunk(call("{", index=0, id="c1", name="f")),
            chunk(call("}", index=0, id="c1", name="f")),
            TOOLS,
            DONE,
        ),
        F,
    ),
    "missing index": Case(
        framed(chunk(call("{", id="c1", name="f")), chunk(call("}")), TOOLS, DONE),
        F,
    ),
    "two calls idx0": Case(
        framed(
            chunk(call("{}", index=0, id="c1", name="f")), chunk(call("{}", index=0, id="c2", name="g")), TOOLS, DONE
        ),
        {"tools": [("c1", "f", "{}"), ("c2", "g", "{}")], "finish": "tool_calls"},
    ),
    "index starts 1": Case(
        framed(chunk(call("{", index=1, id="c1", name="f")), chunk(call("}", index=1)), TOOLS, DONE),
        F,
        parts=[ToolCallStart(block=0, id="c1", name="f"), ToolCallEnd(block=0, id="c1", name="f", json="{}")],
    ),
    "azure prompt filter first": Case(
        framed(
            {
                "choices": [],
                "created": 0,
                "id": "",
                "model": "",
                "object": "",
                "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": {"hate": {"filtered": False}}}],
            },
            HI,
            STOP,
            DONE,
        ),
        SAID_HI,
        parts=[Start(id="c", model="m")],
    ),
    "empty choices first": Case(framed(chunk() | {"choices": []}, HI, STOP, DONE), SAID_HI),
    "comment": Case(spliced(HI, raw=": OPENROUTER PROCESSING\n\n", after=framed(STOP, DONE)), SAID_HI),
    "retry only": Case(spliced(HI, raw="retry: 3000\n\n", after=framed(STOP, DONE)), SAID_HI),
    "event: only": Case(spliced(HI, raw="event: keepalive\n\n", after=framed(STOP, DONE)), SAID_HI),
    "error data": Case(
        framed(A, {"error": {"message": "boom", "type": "server_error", "param": None, "code": None}}),
        {"text": "a"},
        False,
        [("server_error", "boom")],
    ),
    "error event groq": Case(
        spliced(
            A,
            raw='event: error\ndata: {"error":{"message":"boom","type":"server_error","code":"tool_use_failed",'
            '"failed_generation":"x","status_code":400}}\n\n',
        ),
        {"text": "a"},
        False,
        [("server_error", "boom")],
    ),
    "error + choices openrouter": Case(
        framed(
            A,
            chunk({"content": ""}, "error")
            | {"error": {"code": 502, "message": "up", "metadata": {"provider_name": "P", "raw": "r"}}},
            DONE,
        ),
        {"text": "a", "finish": "error"},
        False,
        [(502, "up")],
    ),
    "error string": Case(framed(A, {"error": "just a string"}), {"text": "a"}, False, [(None, "just a string")]),
    "vllm old error": Case(
        framed(A, {"object": "error", "message": "x", "type": "BadRequestError", "param": None, "code": 400}, DONE),
        {"text": "a"},
        False,
        [("BadRequestError", "x")],
    ),
    "llamacpp error field": Case(
        spliced(A, raw='error: {"code":400,"message":"ctx"}\n\n'), {"text": "a"}, False, [(400, "ctx")]
    ),
    "n=2 out of order": Case(
        framed(
            chunk({"content": "B"}, index=1),
            chunk({"content": "A"}),
            chunk(finish="stop", index=1),
            chunk(finish="stop"),
            DONE,
        ),
        TWO_CHOICES,
    ),
    "n=2 in order": Case(
        framed(
            chunk({"content": "A"}),
            chunk({"content": "B"}, index=1),
            chunk(finish="stop"),
            chunk(finish="stop", index=1),
            DONE,
        ),
        TWO_CHOICES,
    ),
    "n=2, one of them unfinished": Case(
        framed(chunk({"content": "A"}), chunk({"content": "B"}, index=1), chunk(finish="stop"), DONE),
        {"0": {"text": "A", "finish": "stop"}, "1": {"text": "B"}},
        complete=False,
    ),
    "reasoning_content": Case(
        framed(chunk({"content": None, "reasoning_content": "think"}), chunk({"content": "A"}), STOP, DONE),
        {"text": "A", "reasoning": "think", "finish": "stop"},
        parts=[ReasoningDelta(block=0, text="think")],
    ),
    "reasoning_details idx": Case(
        framed(
            chunk({"content": "", "reasoning_details": [{"type": "reasoning.text", "text": "a", "index": 0}]}),
            chunk({"content": "", "reasoning_details": [{"type": "reasoning.text", "text": "b", "index": 0}]}),
            chunk({"reasoning_details": [{"type": "reasoning.text", "signature": "S", "index": 0}]}),
            STOP,
            DONE,
        ),
        {"reasoning": "ab", "finish": "stop"},
        parts=[Signature(block=0, data="S")],
    ),
    "reasoning_details noidx": Case(
        framed(
            chunk({"content": "", "reasoning_details": [{"type": "reasoning.text", "text": "a"}]}),
            chunk({"content": "", "reasoning_details": [{"type": "reasoning.text", "text": "b"}]}),
            STOP,
            DONE,
        ),
        {"reasoning": "ab", "finish": "stop"},
    ),
    "mistral list content": Case(
        framed(
            chunk({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "t"}]}]}),
            chunk({"content": [{"type": "text", "text": "A"}]}),
            STOP,
            DONE,
        ),
        {"text": "A", "reasoning": "t", "finish": "stop"},
    ),
    "delta null": Case(
        framed(A, chunk() | {"choices": [{"index": 0, "delta": None, "finish_reason": None}]}, STOP, DONE), SAID_A
    ),
    "choices null": Case(framed(A, chunk() | {"choices": None}, STOP, DONE), SAID_A),
    "created changes": Case(
        framed(*(chunk({"content": content}, created=number) for number, content in enumerate("ab")), STOP, DONE),
        {"text": "ab", "finish": "stop"},
    ),
    "refusal": Case(
        framed(chunk({"refusal": "I "}), chunk({"refusal": "won't"}), STOP, DONE),
        {"refusal": "I won't", "finish": "refusal"},
    ),
    "numeric in delta": Case(
        framed(*(chunk({"content": content, "token_id": 7}) for content in "ab"), STOP, DONE),
        {"text": "ab", "finish": "stop"},
    ),
    "final no blank line": Case(framed(HI, STOP) + b"data: [DONE]", SAID_HI),
    "json then EOF no blank": Case(framed(A, STOP).rstrip(b"\n"), SAID_A),
    "json then EOF no blank, after a line end": Case(framed(A, STOP).removesuffix(b"\n"), SAID_A),
    "half a json then EOF": Case(framed(A, STOP, B)[:-9], SAID_A, complete=False),
    "perplexity done obj": Case(framed(A, STOP | {"object": "chat.completion.done"}), SAID_A),
    "CRLF": Case(framed(ROLE, HI, STOP, DONE, line_end="\r\n"), SAID_HI),
    "CR": Case(framed(ROLE, HI, STOP, DONE, line_end="\r"), SAID_HI),
    "BOM": Case(b"\xef\xbb\xbf" + PLAIN, SAID_HI),
    "U+2028": Case(
        framed(chunk({"content": "a\u2028b\x85c"}), STOP, DONE), {"text": "a\u2028b\x85c", "finish": "stop"}
    ),
    "tool id rotates per fragment": Case(
        framed(chunk(call("{", index=0, id="a1", name="f")), chunk(call("}", index=0, id="a2")), TOOLS, DONE),
        {"tools": [("a1", "f", "{}")], "finish": "tool_calls"},
    ),
    "name repeated, id absent": Case(
        framed(chunk(call("{", index=0, id="a1", name="f")), chunk(call("}", index=0, name="f")), TOOLS, DONE),
        {"tools": [("a1", "f", "{}")], "finish": "tool_calls"},
    ),
    "two calls without ids at one index": Case(
        framed(chunk(call("{}", index=0, name="f")), chunk(call("{}", index=0, name="g")), TOOLS, DONE),
        {"tools": [(None, "f", "{}"), (None, "g", "{}")], "finish": "tool_calls"},
    ),
    "args before name": Case(
        framed(chunk(call('{"a"', index=0, id="a1")), chunk(call(":1}", index=0, name="f")), TOOLS, DONE),
        {"tools": [("a1", "f", '{"a":1}')], "finish": "tool_calls"},
        parts=[ToolCallStart(id="a1", name="f"), ToolCallDelta(json='{"a"'), ToolCallDelta(json=":1}")],
    ),
    "args as object": Case(
        framed(chunk(call({"a": 1}, index=0, id="a1", name="f")), TOOLS, DONE),
        {"tools": [("a1", "f", '{"a":1}')], "finish": "tool_calls"},
    ),
    # The row has the surrogate itself; rule J1 says U+FFFD.
    "lone surrogate": Case(
        framed(text(chunk({"content": "a@b"})).replace("@", "\\ud83d"), STOP, DONE),
        {"text": "a\ufffdb", "finish": "stop"},
    ),
    "NaN logprob": Case(
        framed(
            text(
                chunk({"content": "a"}) | {"choices": [{"index": 0, "delta": {"content": "a"}, "logprobs": "@"}]}
            ).replace('"@"', '{"content":[{"token":"a","logprob":NaN,"bytes":null,"top_logprobs":[]}]}'),
            STOP,
            DONE,
        ),
        SAID_A,
    ),
    "bad JSON in the middle": Case(
        framed(A, '{"choices":[{"index":0,"delta":{"content":"x', B, STOP, DONE),
        {"text": "ab", "finish": "stop"},
        False,
        [("decode", None)],
    ),
    "error then [DONE] (vLLM)": Case(
        framed(
            A, {"error": {"message": "engine died", "type": "InternalServerError", "param": None, "code": 500}}, DONE
        ),
        {"text": "a"},
        False,
        [("InternalServerError", "engine died")],
    ),
    "data without space": Case(PLAIN.replace(b"data: ", b"data:"), SAID_HI),
    "multi-line data": Case(
        framed(json.dumps(HI, indent=1).replace("\n", "\ndata: "), STOP, DONE),
        SAID_HI,
    ),
    "comment inside data": Case(framed(": OPENROUTER PROCESSING", HI, STOP, DONE), SAID_HI),
    "[DONE] with spaces": Case(framed(HI, STOP, "  [DONE]  "), SAID_HI),
    "nothing after [DONE] counts": Case(framed(HI, STOP, DONE, B), SAID_HI),
    "empty data": Case(spliced(HI, raw="data:\n\ndata: \n\n", after=framed(STOP, DONE)), SAID_HI),
    "function_call": Case(
        framed(
            chunk({"function_call": {"name": "f", "arguments": ""}}),
            chunk({"function_call": {"arguments": "{}"}}),
            chunk(finish="function_call"),
            DONE,
        ),
        {"tools": [(None, "f", "{}")], "finish": "tool_calls"},
    ),
    "several fragments of one call in a chunk": Case(
        framed(
            chunk(
                {
                    "tool_calls": [
                        {"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": ""}},
                        {"index": 0, "function": {"arguments": "{"}},
                        {"index": 1, "id": "c2", "type": "function", "function": {"name": "g", "arguments": "{}"}},
                        {"index": 0, "function": {"arguments": "}"}},
                    ]
                }
            ),
            TOOLS,
            DONE,
        ),
        {"tools": [("c1", "f", "{}"), ("c2", "g", "{}")], "finish": "tool_calls"},
    ),
    "a call that was cut": Case(
        framed(chunk(call('{"a"', index=0, id="c1", name="f"))),
        {"tools": [("c1", "f", '{"a"')]},
        complete=False,
        parts=[ToolCallEnd(id="c1", name="f", json='{"a"', cut=True)],
    ),
    "audio": Case(
        framed(
            chunk({"audio": {"id": "au", "data": "QUI=", "transcript": "h"}}),
            chunk({"audio": {"expires_at": 5}}),
            STOP,
            DONE,
        ),
        {"finish": "stop"},
        parts=[Media(media="audio/*", data="QUI=", transcript="h")],
    ),
}


@pytest.mark.parametrize("case", CHAT.values(), ids=CHAT)
def test_openai_chat(case: Case) -> None:
    check(case, "openai-chat")
