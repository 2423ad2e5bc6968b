"""Cases of the wire specification's tables for a tolerant reader: its example streams.

The names are those of the tables' rows. Where a rule of the specification contradicts a row, the rule wins, and
the case says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ssescan.providers import (
    Error,
    Part,
)

from .assertions import Case, check, framed, in_few_words, read
from .test_tables_chat import A

if TYPE_CHECKING:
    from pathlib import Path


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
def test_specification_examples(shared: Path, name: str) -> None:
    said, complete, errors = EXAMPLES[name]
    api = next(api for start, api in OF_EXAMPLES.items() if name.startswith(start))
    message = check(Case((shared / "wire" / f"{name}.sse").read_bytes(), said, complete, errors), api)
    assert in_few_words(message) == said


def test_error_keeps_the_message_so_far() -> None:
    raw = {"message": "boom", "type": "server_error", "param": None, "code": None}
    parts: list[Part] = read(framed(A, {"error": raw}))[0]
    assert Error(kind="server_error", message="boom", raw=raw) in parts
