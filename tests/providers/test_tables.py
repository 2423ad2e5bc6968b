"""Streams in the shapes of the wire specification's tables, and what a tolerant reader makes of each.

The names are those of the tables' rows. Where a rule of the specification says otherwise than a row, the rule counts,
and the case says so.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ssescan.providers import (
    Citation,
    Error,
    Logprobs,
    Media,
    Part,
    Ping,
    Raw,
    ReasoningDelta,
    RedactedReasoning,
    Signature,
    Start,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
)

from .said import DONE, Case, check, framed, in_few_words, read, text

if TYPE_CHECKING:
    from pathlib import Path

# --- OpenAI Chat Completions


def chunk(delta: Any = None, finish: str | None = None, index: int = 0, **extra: Any) -> dict[str, Any]:
    choice = {"index": index, "delta": {} if delta is None else delta, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]} | extra


def call(arguments: Any = None, **fields: Any) -> dict[str, Any]:
    """A delta with a fragment of a call; `name` belongs to its function."""
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
    """Events, then text that is written as it is."""
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
    "args before name": Case(
        framed(chunk(call('{"a"', index=0, id="a1")), chunk(call(":1}", index=0, name="f")), TOOLS, DONE),
        {"tools": [("a1", "f", '{"a":1}')], "finish": "tool_calls"},
        parts=[ToolCallStart(id="a1", name="f"), ToolCallDelta(json='{"a"'), ToolCallDelta(json=":1}")],
    ),
    "args as object": Case(
        framed(chunk(call({"a": 1}, index=0, id="a1", name="f")), TOOLS, DONE),
        {"tools": [("a1", "f", '{"a":1}')], "finish": "tool_calls"},
    ),
    # The row has the surrogate itself; rule J1, U+FFFD.
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
def test_openai_chat_streams_say(case: Case) -> None:
    check(case, "openai-chat")


# --- Dialects of OpenAI Chat

NO_INDEX_CALLS = framed(
    chunk(
        {
            "role": "assistant",
            "tool_calls": [
                {
                    "id": "c1",
                    "type": "function",
                    "function": {"name": "f", "arguments": '{"a":1}'},
                    "extra_content": {"google": {"thought_signature": "SIG+/="}},
                }
            ],
        }
    ),
    chunk({"tool_calls": [{"id": "c2", "type": "function", "function": {"name": "g", "arguments": "{}"}}]}),
    STOP,
    DONE,
)
DIALECTS = {
    "Azure, asynchronous filter": Case(
        framed(
            {"choices": [], "created": 0, "id": "", "model": "", "object": "", "prompt_filter_results": []},
            HI,
            STOP,
            {
                "id": "",
                "object": "",
                "created": 0,
                "model": "",
                "choices": [
                    {
                        "index": 0,
                        "finish_reason": None,
                        "content_filter_results": {"hate": {"filtered": False}},
                        "content_filter_offsets": {"check_offset": 1, "start_offset": 1, "end_offset": 9},
                    }
                ],
            },
            chunk({}, object="") | {"choices": [{"index": 0, "delta": None, "content_filter_results": {}}]},
            DONE,
        ),
        SAID_HI,
    ),
    "DeepSeek": Case(
        spliced(
            chunk({"role": "assistant", "content": None, "reasoning_content": "Hm"}),
            chunk({"content": None, "reasoning_content": "."}),
            raw=": keep-alive\n\n",
            after=framed(
                chunk({"content": "hi", "reasoning_content": None}),
                STOP
                | {
                    "usage": USAGE
                    | {
                        "prompt_cache_hit_tokens": 7,
                        "prompt_cache_miss_tokens": 4,
                        "completion_tokens_details": {"reasoning_tokens": 1},
                    }
                },
                DONE,
            ),
        ),
        SAID_HI | {"reasoning": "Hm."},
        parts=[Ping(text="keep-alive")],
        usage={"cache_read": 7, "reasoning": 1, "output": 2},
    ),
    "DeepSeek, out of resources": Case(
        framed(A, chunk(finish="insufficient_system_resource"), DONE), {"text": "a", "finish": "error"}
    ),
    "Groq": Case(
        framed(
            chunk({"role": "assistant", "content": ""}, x_groq={"id": "req", "seed": 1}),
            chunk({"reasoning": "Hm."}),
            chunk(call('{"a":1}', index=0, id="c1", name="f", type="function")),
            TOOLS | {"x_groq": {"id": "req", "usage": USAGE}, "usage": USAGE},
            DONE,
        ),
        {"reasoning": "Hm.", "tools": [("c1", "f", '{"a":1}')], "finish": "tool_calls"},
        usage={"input": 1, "output": 2, "total": 3},
    ),
    "Groq, usage in x_groq alone": Case(
        framed(A, STOP | {"x_groq": {"id": "req", "usage": USAGE}}, DONE), SAID_A, usage={"input": 1, "output": 2}
    ),
    "Mistral, calls whole": Case(
        framed(
            chunk({"role": "assistant", "content": ""}),
            chunk(
                {
                    "tool_calls": [
                        {"id": "c1", "function": {"name": "f", "arguments": "{}"}},
                        {"id": "c2", "function": {"name": "g", "arguments": '{"a":1}'}},
                    ]
                },
                "tool_calls",
                usage=USAGE,
            ),
            DONE,
        ),
        {"tools": [("c1", "f", "{}"), ("c2", "g", '{"a":1}')], "finish": "tool_calls"},
        usage={"total": 3},
    ),
    "Mistral, calls in pieces": Case(
        framed(
            chunk(call("", index=0, id="c1", name="f")),
            chunk(call('{"a"', index=0, id="null", name="")),
            chunk(call(":1}", index=0, id="null", name="")),
            TOOLS,
            DONE,
        ),
        {"tools": [("c1", "f", '{"a":1}')], "finish": "tool_calls"},
    ),
    "Mistral, a call without an id": Case(
        framed(chunk(call("{}", id="null", name="f")), TOOLS, DONE),
        {"tools": [(None, "f", "{}")], "finish": "tool_calls"},
    ),
    "Mistral, model_length": Case(framed(A, chunk(finish="model_length"), DONE), {"text": "a", "finish": "length"}),
    "Mistral, error": Case(framed(A, chunk(finish="error"), DONE), {"text": "a", "finish": "error"}),
    "Perplexity": Case(
        framed(
            chunk(
                {"role": "assistant", "content": "h"},
                usage={"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
                citations=["https://a"],
                search_results=[{"title": "A", "url": "https://a"}],
            ),
            chunk(
                {"role": "assistant", "content": "i"},
                usage=USAGE,
                citations=["https://a", "https://b"],
                search_results=[{"title": "A", "url": "https://a"}, {"title": "B", "url": "https://b"}],
            ),
            {
                "id": "c",
                "object": "chat.completion.done",
                "model": "m",
                "choices": [
                    {
                        "index": 0,
                        "delta": {"role": "assistant", "content": ""},
                        "message": {"role": "assistant", "content": "hi"},
                        "finish_reason": "stop",
                    }
                ],
                "usage": USAGE,
                "citations": ["https://a", "https://b"],
            },
        ),
        SAID_HI,
        usage={"input": 1, "output": 2, "total": 3},
    ),
    "xAI": Case(
        framed(
            {
                "id": "c",
                "object": "chat.completion.chunk",
                "model": "m",
                "choices": [{"index": 0, "delta": {"content": "a"}}],
            },
            STOP,
            chunk(
                usage={
                    "prompt_tokens": 10,
                    "completion_tokens": 5,
                    "total_tokens": 115,
                    "completion_tokens_details": {"reasoning_tokens": 100},
                }
            )
            | {"choices": []},
            DONE,
        ),
        SAID_A,
        usage={"input": 10, "output": 105, "reasoning": 100, "total": 115},
    ),
    "Moonshot": Case(
        framed(
            *(
                {"id": "c", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
                for delta, finish in (({"role": "assistant", "content": ""}, None), ({"content": "a"}, None))
            ),
            {
                "id": "c",
                "model": "m",
                "choices": [{"index": 0, "delta": {}, "finish_reason": "stop", "usage": USAGE}],
                "usage": USAGE,
            },
            DONE,
        ),
        SAID_A,
        usage={"total": 3},
    ),
    "Qwen": Case(
        framed(
            chunk(call("", index=0, id="c1", name="f", type="function")),
            chunk(call('{"a"', index=0, id="", type="function")),
            chunk(call(":1}", index=0, id="", type="function")),
            TOOLS,
            chunk(usage=USAGE) | {"choices": []},
            DONE,
        ),
        {"tools": [("c1", "f", '{"a":1}')], "finish": "tool_calls"},
        usage={"total": 3},
    ),
    "vLLM": Case(
        framed(
            chunk({"role": "assistant", "content": ""}, prompt_token_ids=[1, 2]),
            chunk({"reasoning": "Hm"}, usage={"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}),
            chunk({"content": "a"}, usage=USAGE)
            | {"choices": [{"index": 0, "delta": {"content": "a"}, "token_ids": [5], "stop_reason": None}]},
            STOP,
            DONE,
        ),
        SAID_A | {"reasoning": "Hm"},
        usage={"input": 1, "output": 2, "total": 3},
    ),
    "vLLM, named tool choice ends with stop": Case(
        framed(chunk(call("{}", index=0, id="c1", name="f")), STOP, DONE), F, parts=[]
    ),
    "llama.cpp": Case(
        framed(
            chunk({"role": "assistant", "content": None}, prompt_progress={"total": 9, "processed": 3}, created=5),
            chunk({"reasoning_content": "Hm"}, created=6),
            chunk({"content": "a"}, created=7, __verbose={"x": 1}),
            STOP | {"timings": {"prompt_n": 1}},
            DONE,
        ),
        SAID_A | {"reasoning": "Hm"},
    ),
    "Ollama, index 0 for all": Case(
        framed(
            chunk({"role": "assistant", "content": "", "reasoning": "Hm"}, system_fingerprint="fp_ollama"),
            chunk(
                {
                    "content": "",
                    "tool_calls": [
                        {"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}},
                        {"index": 0, "id": "c2", "type": "function", "function": {"name": "f", "arguments": "{}"}},
                    ],
                }
            ),
            chunk({"content": ""}, "tool_calls"),
            chunk(usage=USAGE) | {"choices": []},
            DONE,
        ),
        {"reasoning": "Hm", "tools": [("c1", "f", "{}"), ("c2", "f", "{}")], "finish": "tool_calls"},
        usage={"total": 3},
    ),
    "OpenRouter": Case(
        spliced(
            raw=": OPENROUTER PROCESSING\n\n",
            after=framed(
                chunk(
                    {
                        "content": "",
                        "reasoning": "Hm",
                        "reasoning_details": [
                            {"type": "reasoning.text", "text": "Hm", "format": "anthropic-claude-v1", "index": 0}
                        ],
                    },
                    provider="P",
                ),
                chunk(
                    {
                        "content": "",
                        "reasoning_details": [
                            {"type": "reasoning.text", "signature": "S", "format": "anthropic-claude-v1", "index": 0}
                        ],
                    }
                ),
                chunk(
                    {
                        "content": "a",
                        "annotations": [
                            {
                                "type": "url_citation",
                                "url_citation": {"url": "https://a", "title": "A", "start_index": 0, "end_index": 1},
                            }
                        ],
                    }
                ),
                chunk(
                    {
                        "content": "",
                        "images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,QUI="}}],
                    }
                ),
                STOP
                | {
                    "choices": [
                        {"index": 0, "delta": {"content": ""}, "finish_reason": "stop", "native_finish_reason": "STOP"}
                    ]
                },
                chunk(usage=USAGE | {"cost": 0.5}) | {"choices": []},
                DONE,
            ),
        ),
        SAID_A | {"reasoning": "Hm"},
        parts=[
            Ping(text="OPENROUTER PROCESSING"),
            ReasoningDelta(text="Hm"),
            Signature(data="S", fmt="anthropic-claude-v1"),
            Media(block=2, media="image/png", data="QUI="),
        ],
        usage={"total": 3, "raw": USAGE | {"cost": 0.5}},
    ),
    "OpenRouter, an encrypted thought and a summary": Case(
        framed(
            chunk(
                {
                    "reasoning_details": [
                        {
                            "type": "reasoning.summary",
                            "summary": "Hm",
                            "id": "r1",
                            "format": "openai-responses-v1",
                            "index": 0,
                        }
                    ]
                }
            ),
            chunk(
                {
                    "reasoning_details": [
                        {
                            "type": "reasoning.encrypted",
                            "data": "ENC",
                            "id": "r1",
                            "format": "openai-responses-v1",
                            "index": 0,
                        }
                    ]
                }
            ),
            A,
            STOP,
            DONE,
        ),
        SAID_A | {"reasoning": "Hm"},
        parts=[Signature(data="ENC", id="r1", fmt="openai-responses-v1")],
    ),
    "Gemini OpenAI-compat": Case(
        NO_INDEX_CALLS,
        {"tools": [("c1", "f", '{"a":1}'), ("c2", "g", "{}")], "finish": "tool_calls"},
        parts=[Signature(data="SIG+/=")],
    ),
    "Gemini OpenAI-compat, arguments in pieces and no index": Case(
        framed(chunk(call('{"a"', id="c1", name="f")), chunk(call(":1}")), STOP, DONE),
        {"tools": [("c1", "f", '{"a":1}')], "finish": "tool_calls"},
    ),
    "Together": Case(framed(A, chunk(finish="eos"), DONE), SAID_A),
    # The list below the table.
    "choices, delta and index absent": Case(
        framed({"id": "c", "object": "chat.completion.chunk"}, {"choices": [{"delta": {"content": "a"}}]}, STOP), SAID_A
    ),
    "error as a string, code as one": Case(
        framed(A, chunk() | {"error": {"message": "m", "code": "429"}}), {"text": "a"}, False, [("429", "m")]
    ),
    "reasoning in both fields": Case(
        framed(chunk({"reasoning": "Hm", "reasoning_content": "Hm"}), A, STOP), SAID_A | {"reasoning": "Hm"}
    ),
    "reasoning as an object": Case(
        framed(chunk({"reasoning": {"content": "Hm"}}), A, STOP), SAID_A | {"reasoning": "Hm"}
    ),
    "an unknown finish": Case(framed(A, chunk(finish="tired"), DONE), {"text": "a", "finish": "other"}),
    "the last finish counts": Case(
        framed(A, chunk(finish="stop"), chunk(finish="length")), {"text": "a", "finish": "length"}
    ),
    "stop before the calls": Case(framed(STOP, chunk(call("{}", index=0, id="c1", name="f")), DONE), F),
    "legacy completions": Case(
        framed(
            {
                "id": "c",
                "object": "text_completion",
                "model": "m",
                "choices": [{"text": "h", "index": 0, "logprobs": None}],
            },
            {"id": "c", "object": "text_completion", "choices": [{"text": "i", "index": 0, "finish_reason": "stop"}]},
            DONE,
        ),
        SAID_HI,
    ),
    "logprobs": Case(
        framed(
            chunk({"content": "a"})
            | {"choices": [{"index": 0, "delta": {"content": "a"}, "logprobs": {"content": [{"token": "a"}]}}]},
            STOP,
        ),
        SAID_A,
        parts=[Logprobs(entries=[{"token": "a"}])],
    ),
}


@pytest.mark.parametrize("case", DIALECTS.values(), ids=DIALECTS)
def test_dialects_of_openai_chat_say(case: Case) -> None:
    check(case, "openai-chat")


def test_a_signature_of_gemini_compat_goes_back_on_its_call() -> None:
    turn = read(NO_INDEX_CALLS)[1].to_turn()
    assert turn["tool_calls"][0]["extra_content"] == {"google": {"thought_signature": "SIG+/="}}
    assert "extra_content" not in turn["tool_calls"][1]


def test_citations_of_perplexity_are_given_once_each() -> None:
    parts = read(DIALECTS["Perplexity"].stream)[0]
    urls = [item["url"] for part in parts if isinstance(part, Citation) for item in part.items]
    assert urls == ["https://a", "https://b"]


def test_annotations_of_openrouter_count_characters() -> None:
    parts = read(DIALECTS["OpenRouter"].stream)[0]
    assert [part.unit for part in parts if isinstance(part, Citation)] == ["char"]


def test_reasoning_details_go_back_as_they_came() -> None:
    turn = read(DIALECTS["OpenRouter"].stream)[1].to_turn()
    assert turn["reasoning_details"] == [
        {"type": "reasoning.text", "text": "Hm", "signature": "S", "format": "anthropic-claude-v1", "index": 0}
    ]


# --- OpenAI Responses

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
    # The row has "" for the arguments; section 9.1 says "{}" where there are none, and 9.5 (4b) that such a call is cut.
    "unfinished item at completed": Case(
        named(
            CREATED,
            {"type": "response.output_item.added", "output_index": 0, "item": FUNCTION},
            ended("completed"),
        ),
        {"tools": [("call_1", "f", "{}")], "finish": "tool_calls"},
        parts=[ToolCallEnd(id="call_1", name="f", json="{}", cut=True)],
    ),
    # Section 9.5, 2: what came whole at last.
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
def test_openai_responses_streams_say(case: Case) -> None:
    check(case, "openai-responses")


def test_a_text_that_differs_from_what_was_streamed_counts_and_is_told_of() -> None:
    parts = read(RESPONSES["done differs from what was streamed"].stream)[0]
    assert [part.name for part in parts if isinstance(part, Raw)] == ["mismatch"]


# --- Anthropic Messages


def start(id: str = "msg_1", **usage: Any) -> dict[str, Any]:
    message: dict[str, Any] = {
        "id": id,
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [],
        "stop_reason": None,
    }
    return {"type": "message_start", "message": message | {"usage": {"input_tokens": 5, "output_tokens": 1} | usage}}


def block(content: dict[str, Any], index: int = 0) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": content}


def delta(kind: str, index: int = 0, **fields: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": {"type": f"{kind}_delta"} | fields}


def stop(index: int = 0) -> dict[str, Any]:
    return {"type": "content_block_stop", "index": index}


def reason(stop_reason: str | None, output: int = 7, **fields: Any) -> dict[str, Any]:
    return {
        "type": "message_delta",
        "delta": {"stop_reason": stop_reason, "stop_sequence": None} | fields,
        "usage": {"output_tokens": output},
    }


TEXT_BLOCK = {"type": "text", "text": ""}
TOOL_BLOCK = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}
THINKING_BLOCK = {"type": "thinking", "thinking": "", "signature": ""}
END = (reason("end_turn"), {"type": "message_stop"})
HE, Y = delta("text", text="He"), delta("text", text="y")
HEY = [start(), block(TEXT_BLOCK), HE, Y, stop(), *END]
PING = {"type": "ping"}
SAID_HEY = {"text": "Hey", "finish": "stop"}
OVERLOADED = {"type": "error", "error": {"details": None, "type": "overloaded_error", "message": "Overloaded"}}


def tool(*pieces: str, stopped: bool = True, why: str = "tool_use", content: dict[str, Any] = TOOL_BLOCK) -> bytes:
    return named(
        start(),
        block(content),
        *(delta("input_json", partial_json=piece) for piece in pieces),
        *([stop()] if stopped else []),
        reason(why),
        {"type": "message_stop"},
    )


def called(arguments: str, finish: str = "tool_calls", id: str = "toolu_1") -> dict[str, Any]:
    return {"tools": [(id, "f", arguments)], "finish": finish}


ANTHROPIC = {
    "text": Case(named(*HEY), SAID_HEY, parts=[Start(id="msg_1", model="m")]),
    "usage overwrite": Case(
        named(start(cache_read_input_tokens=30, cache_creation_input_tokens=2), *HEY[1:]),
        SAID_HEY,
        usage={"input": 37, "output": 7, "cache_read": 30, "cache_write": 2},
    ),
    "usage of server tools grows": Case(
        named(*HEY[:-2], reason("end_turn") | {"usage": {"input_tokens": 15, "output_tokens": 8}}, HEY[-1]),
        SAID_HEY,
        usage={"input": 15, "output": 8},
    ),
    "two message_delta": Case(named(*HEY[:-1], reason("end_turn", 9), HEY[-1]), SAID_HEY, usage={"output": 9}),
    "no message_stop": Case(named(*HEY[:-1]), SAID_HEY),
    "no stop_reason": Case(named(*HEY[:-2], HEY[-1]), {"text": "Hey"}),
    "truncated mid text": Case(named(*HEY[:3]), {"text": "He"}, complete=False),
    "tool": Case(tool("", '{"a"', ": 1}"), called('{"a": 1}')),
    "tool no args": Case(tool(), called("{}")),
    "tool cut max_tokens": Case(
        tool('{"a": [1, 2, ', '"unfin', stopped=False, why="max_tokens"),
        called('{"a": [1, 2, "unfin', "length"),
        parts=[ToolCallEnd(id="toolu_1", name="f", json='{"a": [1, 2, "unfin', cut=True)],
    ),
    "tool invalid json": Case(tool('{"a": tru', "1}"), called('{"a": tru1}')),
    "tool input at start": Case(tool(content=TOOL_BLOCK | {"input": {"q": 1}}), called('{"q":1}')),
    "thinking+sig": Case(
        named(
            start(),
            block(THINKING_BLOCK),
            delta("thinking", thinking="hm"),
            delta("signature", signature="AAA"),
            stop(),
            block({"type": "redacted_thinking", "data": "ENC"}, 1),
            stop(1),
            block(TEXT_BLOCK, 2),
            delta("text", 2, text="ok"),
            stop(2),
            *END,
        ),
        {"text": "ok", "reasoning": "hm", "finish": "stop"},
        parts=[ReasoningDelta(text="hm"), Signature(data="AAA"), RedactedReasoning(block=1, data="ENC")],
    ),
    "two signature_delta": Case(
        named(
            start(),
            block(THINKING_BLOCK),
            delta("signature", signature="AAA"),
            delta("signature", signature="BBB"),
            stop(),
            *END,
        ),
        {"finish": "stop"},
        parts=[Signature(data="BBB")],
    ),
    "thinking start w/o sig key": Case(
        named(start(), block({"type": "thinking", "thinking": ""}), delta("thinking", thinking="hm"), stop(), *END),
        {"reasoning": "hm", "finish": "stop"},
    ),
    "citations": Case(
        named(
            start(),
            block(TEXT_BLOCK | {"citations": []}),
            delta(
                "citations",
                citation={"type": "char_location", "cited_text": "c", "start_char_index": 0, "end_char_index": 1},
            ),
            delta("text", text="x"),
            stop(),
            *END,
        ),
        {"text": "x", "finish": "stop"},
        parts=[
            Citation(
                block=0,
                items=[
                    {
                        "type": "char_location",
                        "cited_text": "c",
                        "start_char_index": 0,
                        "end_char_index": 1,
                        "unit": "char",
                    }
                ],
            )
        ],
    ),
    "ping everywhere": Case(named(PING, *(one for event in HEY for one in (event, PING))), SAID_HEY, parts=[Ping()]),
    "overloaded": Case(named(start(), OVERLOADED), {}, False, [("overloaded_error", "Overloaded")]),
    "error no event name": Case(framed(start(), OVERLOADED), {}, False, [("overloaded_error", "Overloaded")]),
    "no event: lines": Case(framed(*HEY), SAID_HEY),
    "event: lines alone tell the type": Case(
        b"".join(
            b"event: %b\n%b" % (event["type"].encode(), framed({k: v for k, v in event.items() if k != "type"}))
            for event in HEY
        ),
        SAID_HEY,
    ),
    "unknown event": Case(
        named(*HEY[:3], {"type": "hologram", "h": 1}, *HEY[3:]),
        SAID_HEY,
        parts=[Raw(name="hologram", data={"type": "hologram", "h": 1})],
    ),
    "unknown delta": Case(named(*HEY[:3], delta("hologram", h=1), *HEY[4:]), {"text": "He", "finish": "stop"}),
    "unknown block": Case(
        named(
            start(), block({"type": "hologram", "h": 1}), stop(), block(TEXT_BLOCK, 1), HE | {"index": 1}, stop(1), *END
        ),
        {"text": "He", "finish": "stop"},
        parts=[Raw(block=0, name="hologram", data={"type": "hologram", "h": 1})],
    ),
    "dup message_start": Case(named(start(), *HEY), SAID_HEY),
    # The row has no error; section 6.5 asks for one.
    "spliced message_start": Case(
        named(start("msg_0"), block(TEXT_BLOCK), delta("text", text="OLD"), *HEY),
        {"text": "OLDHey", "finish": "stop"},
        False,
        [("protocol", None)],
    ),
    "llamacpp tool no input": Case(tool(content={"type": "tool_use", "id": "t", "name": "f"}), called("{}", id="t")),
    "index gap": Case(
        named(start(), block(TEXT_BLOCK, 5), delta("text", 5, text="He"), stop(5), *END),
        {"text": "He", "finish": "stop"},
    ),
    "refusal": Case(
        named(
            start(),
            reason("refusal", 5, stop_details={"type": "refusal", "category": "cyber", "explanation": "no"}),
            {"type": "message_stop"},
        ),
        {"finish": "refusal"},
    ),
    "text before start": Case(named(block(TEXT_BLOCK), HE, Y, start()), {"text": "Hey"}, complete=False),
    "done sentinel": Case(named(*HEY) + b"event: data\ndata: [DONE]\n\n", SAID_HEY),
    # Section 6.5.
    "empty signature_delta": Case(
        named(
            start(),
            block(THINKING_BLOCK),
            delta("thinking", thinking="hm"),
            delta("signature", signature=""),
            stop(),
            *END,
        ),
        {"reasoning": "hm", "finish": "stop"},
    ),
    # Section 6.2.
    "text in the start of its block": Case(
        named(start(), block({"type": "text", "text": "He"}), Y, stop(), *END), SAID_HEY
    ),
    "text without a block": Case(named(start(), HE, Y, *END), SAID_HEY),
    "server tools are no calls to make": Case(
        named(
            start(),
            block({"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {}}),
            delta("input_json", partial_json='{"query": "q"}'),
            stop(),
            block({"type": "web_search_tool_result", "tool_use_id": "srv_1", "content": []}, 1),
            stop(1),
            block(TEXT_BLOCK, 2),
            delta("text", 2, text="Hey"),
            stop(2),
            *END,
        ),
        SAID_HEY,
        parts=[ToolCallEnd(id="srv_1", name="web_search", json='{"query": "q"}', server=True)],
    ),
    # Section 4: blocks that stay open together, and are all closed at the end.
    "llama.cpp": Case(
        named(
            start(),
            block(THINKING_BLOCK),
            delta("thinking", thinking="h"),
            block(TEXT_BLOCK, 1),
            delta("text", 1, text="He"),
            block({"type": "tool_use", "id": "t", "name": "f"}, 2),
            delta("input_json", 2, partial_json='{"a"'),
            delta("thinking", thinking="m"),
            delta("text", 1, text="y"),
            delta("input_json", 2, partial_json=":1}"),
            delta("signature", signature=""),
            stop(),
            stop(1),
            stop(2),
            reason("tool_use"),
            {"type": "message_stop"},
        ),
        {"text": "Hey", "reasoning": "hm", "tools": [("t", "f", '{"a":1}')], "finish": "tool_calls"},
    ),
    "padded": Case(named(*HEY).replace(b"}\n", b"       }\n"), SAID_HEY),
    "pause": Case(named(*HEY[:-2], reason("pause_turn"), HEY[-1]), {"text": "Hey", "finish": "pause"}),
    "an unknown stop_reason": Case(named(*HEY[:-2], reason("tired"), HEY[-1]), {"text": "Hey", "finish": "other"}),
}


@pytest.mark.parametrize("case", ANTHROPIC.values(), ids=ANTHROPIC)
def test_anthropic_streams_say(case: Case) -> None:
    check(case, "anthropic")


def test_an_empty_signature_is_none() -> None:
    parts, message, _ = read(ANTHROPIC["empty signature_delta"].stream)
    assert not [part for part in parts if isinstance(part, Signature)]
    assert [getattr(block, "signature", None) for block in message.blocks] == [None]


def test_an_unknown_delta_is_kept() -> None:
    parts = read(ANTHROPIC["unknown delta"].stream)[0]
    assert [part.data["delta"] for part in parts if isinstance(part, Raw)] == [{"type": "hologram_delta", "h": 1}]


# --- Gemini


def candidate(*parts: Any, finish: str | None = None, index: int | None = 0, **extra: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"content": {"parts": list(parts), "role": "model"}} if parts else {}
    made |= {"finishReason": finish} if finish else {}
    made |= {} if index is None else {"index": index}
    return {"candidates": [made | extra], "modelVersion": "m", "responseId": "r"}


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
def test_gemini_streams_say(case: Case) -> None:
    check(case, "gemini")


def test_a_field_of_a_part_that_is_not_known_is_kept() -> None:
    parts, message, _ = read(GEMINI["unknown part field"].stream)
    assert message.text == "a"
    assert any("hologram" in repr(part) for part in parts if isinstance(part, Raw))


@pytest.mark.parametrize(("reason", "finish"), [("OTHER", "other"), ("SPII", "content_filter"), ("CONTINUATION", "pause"), ("MALFORMED_FUNCTION_CALL", "error"), ("NO_IMAGE", "other")])  # fmt: skip
def test_the_finish_reasons_of_gemini(reason: str, finish: str) -> None:
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
        [(None, "the interaction failed")],
    ),
    "incomplete": Case(
        interacted(I_CREATED, *I_TEXT, interaction("completed", "incomplete")), {"text": "Hey", "finish": "length"}
    ),
    "requires_continuation": Case(
        interacted(I_CREATED, *I_TEXT, interaction("completed", "requires_continuation")),
        {"text": "Hey", "finish": "pause"},
    ),
    "usage of a step is no total": Case(
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
def test_gemini_interactions_streams_say(case: Case) -> None:
    check(case, "gemini-interactions")


# --- The examples

NONE: list[Any] = []
EXAMPLES: dict[str, tuple[dict[str, Any], bool, list[tuple[Any, str]]]] = {
    "anthropic-1-text": ({"text": "High tide at noon \U0001f30a", "finish": "stop"}, True, NONE),
    "anthropic-2-thinking-tools": (
        {
            "text": "Let me look.",
            "reasoning": "Need the table.",
            "tools": [("toolu_1", "get_tide", '{"port": "Dover"}'), ("toolu_2", "now", "{}")],
            "finish": "tool_calls",
        },
        True,
        NONE,
    ),
    "anthropic-3-websearch-citation": ({"text": "High water is at 12:04.", "finish": "stop"}, True, NONE),
    "anthropic-4-overloaded": ({"text": "High"}, False, [("overloaded_error", "Overloaded")]),
    "anthropic-5-maxtokens-cut-json": (
        {"tools": [("toolu_1", "make_file", '{"name": "a.txt", "lines": ["one", "tw')], "finish": "length"},
        True,
        NONE,
    ),
    "anthropic-6-refusal": ({"finish": "refusal"}, True, NONE),
    "gemini-1-thought-text": (
        {"text": "High tide at noon.", "reasoning": "**Tide tables** need a port.", "finish": "stop"},
        True,
        NONE,
    ),
    "gemini-2-parallel-calls": (
        {"tools": [("fc_a", "get_tide", '{"port":"Dover"}'), (None, "now", "{}")], "finish": "tool_calls"},
        True,
        NONE,
    ),
    "gemini-3-partial-args": (
        {
            "tools": [(None, "plan", '{"steps":[{"port":"Dover","hours":6}],"dry":true,"note":null}')],
            "finish": "tool_calls",
        },
        True,
        NONE,
    ),
    "gemini-4-two-candidates-safety": (
        {"0": {"text": "Ebb tide", "finish": "stop"}, "1": {"text": "Flow", "finish": "content_filter"}},
        True,
        NONE,
    ),
    "gemini-5-unframed-error": ({"text": "High"}, False, [(503, "The model is overloaded. {retry later}")]),
    "gemini-6-prompt-blocked": ({"finish": "content_filter"}, True, NONE),
    "gemini-7-code-grounding": ({"text": "Mar\u00e9e \u00e0 12h.", "finish": "stop"}, True, NONE),
    "interactions-1-text": ({"text": "High tide at noon.", "reasoning": "Check table.", "finish": "stop"}, True, NONE),
    "interactions-2-function": (
        {"tools": [("61nz", "get_tide", '{"port":"Dover"}')], "finish": "tool_calls"},
        True,
        NONE,
    ),
    "interactions-3-error": ({"text": "High"}, False, [("unavailable", "The model is overloaded.")]),
    "openai-chat-1-text-usage": ({"text": "High tide at noon \u2013 \u2028ok", "finish": "stop"}, True, NONE),
    "openai-chat-2-parallel-tools": (
        {"tools": [("call_aa1", "get_tide", '{"port": "Dover"}'), ("call_bb2", "now", "{}")], "finish": "tool_calls"},
        True,
        NONE,
    ),
    "openai-chat-3-n2-logprobs": (
        {"0": {"text": "Ebb", "finish": "stop"}, "1": {"text": "Flow!", "finish": "length"}},
        True,
        NONE,
    ),
    "openai-chat-4-refusal": ({"refusal": "I can\u2019t do that.", "finish": "refusal"}, True, NONE),
    "openai-chat-5-error-midstream": (
        {"text": "High"},
        False,
        [("server_error", "The server had an error while processing your request.")],
    ),
    "openai-dialect-1-openrouter-reasoning-error": (
        {"text": "High", "reasoning": "Moon pulls.", "finish": "error"},
        False,
        [(502, "Provider disconnected")],
    ),
    "openai-dialect-2-gemini-compat-tools": (
        {"tools": [("call_1", "get_tide", '{"port":"Dover"}'), ("call_2", "now", "{}")], "finish": "tool_calls"},
        True,
        NONE,
    ),
    "openai-dialect-3-azure-deepseek-medley": ({"text": "Noon", "reasoning": "Hm.", "finish": "stop"}, True, NONE),
    "openai-resp-1-reasoning-text": (
        {"text": "High tide at noon.", "reasoning": "**Checking** the table", "finish": "stop"},
        True,
        NONE,
    ),
    "openai-resp-2-tools": (
        {
            "tools": [("call_1", "get_tide", '{"port":"Dover"}'), ("call_2", "run_sql", "SELECT 1")],
            "finish": "tool_calls",
        },
        True,
        NONE,
    ),
    "openai-resp-3-websearch-citation": ({"text": "High tide at noon.", "finish": "stop"}, True, NONE),
    "openai-resp-4-incomplete": ({"text": "High ti", "finish": "length"}, True, NONE),
    "openai-resp-5-error-then-failed": (
        {"finish": "error"},
        False,
        [("insufficient_quota", "You exceeded your current quota.")],
    ),
}
OF_EXAMPLES: dict[str, Any] = {
    "anthropic": "anthropic",
    "gemini": "gemini",
    "interactions": "gemini-interactions",
    "openai-resp": "openai-responses",
    "openai-chat": "openai-chat",
    "openai-dialect": "openai-chat",
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_say(shared: Path, name: str) -> None:
    said, complete, errors = EXAMPLES[name]
    api = next(api for start, api in OF_EXAMPLES.items() if name.startswith(start))
    message = check(Case((shared / "wire" / f"{name}.sse").read_bytes(), said, complete, errors), api)
    assert in_few_words(message) == said


def test_an_error_keeps_what_came() -> None:
    raw = {"message": "boom", "type": "server_error", "param": None, "code": None}
    parts: list[Part] = read(framed(A, {"error": raw}))[0]
    assert Error(kind="server_error", message="boom", raw=raw) in parts
