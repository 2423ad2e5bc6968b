"""Rule R31 of docs/rules.md: usage in other places and under other names."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .assertions import DONE
from .rules import Rule
from .test_rules_content import ANTHROPIC, CHAT, RESPONSES, output_text, with_choice
from .test_rules_ending import MESSAGE_STOP, reason
from .test_tables_anthropic import block, start, stop
from .test_tables_chat import SAID_A, STOP, USAGE, A, chunk
from .test_tables_responses import CREATED, response


def usage(api: Any, raw: dict[str, Any], **expected: Any) -> Rule:
    events: list[Any] = {
        CHAT: [A, STOP, chunk() | {"choices": [], "usage": raw}, DONE],
        RESPONSES: [
            CREATED,
            json.loads(output_text('"a"')),
            {"type": "response.completed", "response": response(usage=raw)},
        ],
    }[api]
    return Rule(api, events, SAID_A, usage=expected)


USAGES = {
    "inside the choice": Rule(
        CHAT, [A, with_choice(STOP, usage=USAGE), DONE], SAID_A, usage={"input": 1, "output": 2, "total": 3}
    ),
    "cached_tokens at the top": usage(CHAT, USAGE | {"cached_tokens": 1}, input=1, output=2, cache_read=1),
    "Anthropic's names in Chat": usage(
        CHAT, USAGE | {"prompt_tokens": 9, "cache_read_input_tokens": 4, "cache_creation_input_tokens": 3},
        input=9, cache_read=4, cache_write=3,
    ),
    "reasoning_tokens at the top": usage(CHAT, USAGE | {"reasoning_tokens": 1}, output=2, reasoning=1),
    "input_tokens in Chat": usage(CHAT, {"input_tokens": 5, "output_tokens": 7}, input=5, output=7),
    "prompt_tokens in Responses": usage(RESPONSES, {"prompt_tokens": 5, "completion_tokens": 7}, input=5, output=7),
    "in Anthropic's last event": Rule(
        ANTHROPIC,
        [start(), block({"type": "text", "text": "a"}), stop(), reason("end_turn"), {"type": "message_stop", "usage": {"output_tokens": 9}}],
        SAID_A, usage={"output": 9},
    ),
    "OpenAI's names in Anthropic": Rule(
        ANTHROPIC,
        [{"type": "message_start", "message": start()["message"] | {"usage": {"prompt_tokens": 5}}}, block({"type": "text", "text": "a"}), stop(),
         reason("end_turn") | {"usage": {"completion_tokens": 7}}, MESSAGE_STOP],
        SAID_A, usage={"input": 5, "output": 7},
    ),
    "zeros beside the choice's": Rule(
        CHAT, [A, with_choice(STOP, usage=USAGE) | {"usage": {"prompt_tokens": 0, "completion_tokens": 0}}, DONE],
        SAID_A, usage={"input": 1, "output": 2},
    ),
    "zeros within the choice": Rule(
        CHAT, [A, with_choice(STOP, usage={"prompt_tokens": 0, "completion_tokens": 0}) | {"usage": USAGE}, DONE],
        SAID_A, usage={"input": 1, "output": 2},
    ),
    "zeros do not replace": Rule(
        CHAT,
        [A, STOP | {"usage": USAGE}, chunk() | {"choices": [], "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}}, DONE],
        SAID_A, usage={"input": 1, "output": 2},
    ),
    "nulls do not replace": Rule(
        CHAT, [A, STOP | {"usage": USAGE}, chunk() | {"choices": [], "usage": {"prompt_tokens": None, "completion_tokens": None}}, DONE],
        SAID_A, usage={"input": 1, "output": 2},
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", USAGES.values(), ids=USAGES)
def test_usage(rule: Rule) -> None:
    rule.check()
