"""Cases of the wire specification's tables for a tolerant reader: the dialects of OpenAI Chat.

The names are those of the tables' rows. Where a rule of the specification contradicts a row, the rule wins, and
the case says so.
"""

from __future__ import annotations

import pytest

from ssescan.providers import (
    Citation,
    Logprobs,
    Media,
    Ping,
    ReasoningDelta,
    Signature,
)

from .assertions import DONE, Case, check, framed, read
from .test_tables_chat import HI, SAID_A, SAID_HI, STOP, TOOLS, USAGE, A, F, call, chunk, spliced

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
        framed(A, chunk(finish="insufficient_system_resource"), DONE),
        {"text": "a", "finish": "error"},
        False,
        [("insufficient_system_resource", None)],
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
    "Mistral, error": Case(
        framed(A, chunk(finish="error"), DONE), {"text": "a", "finish": "error"}, False, [("error", None)]
    ),
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
    # Content after a finish reopens the choice.
    "stop before the calls": Case(
        framed(STOP, chunk(call("{}", index=0, id="c1", name="f")), DONE), {"tools": F["tools"]}, False
    ),
    "stop before the calls, and again": Case(
        framed(STOP, chunk(call("{}", index=0, id="c1", name="f")), STOP, DONE), F
    ),
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
def test_openai_chat_dialects(case: Case) -> None:
    check(case, "openai-chat")


def test_gemini_compat_signature_is_in_the_turn() -> None:
    turn = read(NO_INDEX_CALLS)[1].to_turn()
    assert turn["tool_calls"][0]["extra_content"] == {"google": {"thought_signature": "SIG+/="}}
    assert "extra_content" not in turn["tool_calls"][1]


def test_perplexity_citations_come_once() -> None:
    parts = read(DIALECTS["Perplexity"].stream)[0]
    urls = [item["url"] for part in parts if isinstance(part, Citation) for item in part.items]
    assert urls == ["https://a", "https://b"]


def test_openrouter_annotations_count_characters() -> None:
    parts = read(DIALECTS["OpenRouter"].stream)[0]
    assert [part.unit for part in parts if isinstance(part, Citation)] == ["char"]


def test_reasoning_details_are_in_the_turn() -> None:
    turn = read(DIALECTS["OpenRouter"].stream)[1].to_turn()
    assert turn["reasoning_details"] == [
        {"type": "reasoning.text", "text": "Hm", "signature": "S", "format": "anthropic-claude-v1", "index": 0}
    ]
