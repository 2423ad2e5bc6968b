"""Calls and items that share a place in the stream, come twice, or end without what came before: no rule has them all."""

from __future__ import annotations

import time
from typing import Any

import pytest

import ssescan

from .assertions import DONE, framed
from .rules import Rule
from .test_rules_calls import CHAT, RESPONSES, calls, chat
from .test_rules_items import END, item_done
from .test_tables_chat import TOOLS, A, call, chunk
from .test_tables_responses import CREATED, response


def function(number: int, arguments: str = "", **fields: Any) -> dict[str, Any]:
    return {
        "type": "function_call", "id": f"fc_{number}", "call_id": f"c{number}", "name": "f", "arguments": arguments
    } | fields  # fmt: skip


def added(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "response.output_item.added", "output_index": 0, "item": item}


def piece(number: int, arguments: str, kind: str = "function_call_arguments") -> list[dict[str, Any]]:
    """Return the arguments of a call, as a delta, and then whole."""
    place = {"output_index": 0, "item_id": f"fc_{number}"}
    return [
        {"type": f"response.{kind}.delta", "delta": arguments} | place,
        {"type": f"response.{kind}.done", "arguments": arguments} | place,
    ]


def streamed(number: int, arguments: str) -> list[dict[str, Any]]:
    """Return the events of a call, all under index 0."""
    last = item_done(function(number, arguments), output_index=0)
    return [added(function(number)), *piece(number, arguments), last]


def at_end(*output: dict[str, Any]) -> dict[str, Any]:
    return {"type": "response.completed", "response": response(output=list(output))}


MESSAGE = {"type": "message", "id": "m", "role": "assistant", "content": []}
SAID = MESSAGE | {"content": [{"type": "output_text", "text": "a"}]}
TEXT: list[dict[str, Any]] = [
    added(MESSAGE),
    {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "item_id": "m", "delta": "a"},
]
ONE, TWO = '{"a":1}', '{"a":2}'
BOTH = calls(("c1", "f", ONE), ("c2", "f", TWO))
ONE_CALL = calls(("c1", "f", ONE))
SAME_INDEX = {
    "a call after a message": Rule(
        RESPONSES, [CREATED, *TEXT, item_done(SAID, output_index=0), *streamed(1, ONE), END], ONE_CALL | {"text": "a"}
    ),
    "a call within a message": Rule(
        RESPONSES, [CREATED, *TEXT, *streamed(1, ONE), item_done(SAID, output_index=0), END], ONE_CALL | {"text": "a"}
    ),
    "a call after a message, and all at the end": Rule(
        RESPONSES,
        [CREATED, *TEXT, item_done(SAID, output_index=0), *streamed(1, ONE), at_end(SAID, function(1, ONE))],
        ONE_CALL | {"text": "a"},
    ),
    "two calls": Rule(RESPONSES, [CREATED, *streamed(1, ONE), *streamed(2, TWO), END], BOTH),
    "two calls, and all at the end": Rule(
        RESPONSES,
        [CREATED, *streamed(1, ONE), *streamed(2, TWO), at_end(function(1, ONE), function(2, TWO))],
        BOTH,
    ),
    "two calls, whole only": Rule(RESPONSES, [CREATED, streamed(1, ONE)[-1], streamed(2, TWO)[-1], END], BOTH),
    "two calls in one another": Rule(
        RESPONSES,
        [
            CREATED,
            *(streamed(1, ONE)[:1] + streamed(2, TWO)[:1]),
            *(event for pair in zip(streamed(1, ONE)[1:], streamed(2, TWO)[1:], strict=True) for event in pair),
            END,
        ],
        BOTH,
    ),
    "a call, and ids of its item that change": Rule(
        RESPONSES,
        [
            CREATED,
            added(function(1)),
            added(function(1, id="x")),
            *piece(1, ONE),
            item_done(function(1, ONE, id="y"), output_index=0),
            item_done(function(1, ONE, id="z"), output_index=0),
            at_end(function(1, ONE, id="w")),
        ],
        ONE_CALL,
    ),
}


def both(arguments: str, **fields: Any) -> dict[str, Any]:
    """Return a delta that has a piece of a call under both names."""
    function = {"arguments": arguments} | ({"name": "f"} if fields else {})
    return call(arguments, index=0, **fields) | {"function_call": function}


OLDER_NAME = {
    "in pieces": Rule(CHAT, chat(both('{"a"', id="c1", name="f"), both(":1}")), ONE_CALL),
    "whole": Rule(
        CHAT,
        [{"id": "c", "choices": [{"index": 0, "message": both(ONE, id="c1", name="f")}]}, TOOLS, DONE],
        ONE_CALL,
    ),
}


def again(first: str, second: str, **fields: Any) -> list[Any]:
    """Return a call, and one of the same name, or the same one again."""
    return chat(call(first, name="f", **fields), call(second, name="f", **fields))


REPEATED = {
    "no id": Rule(CHAT, again(ONE, TWO, index=0), calls((None, "f", ONE), (None, "f", TWO))),
    "an empty id": Rule(CHAT, again(ONE, TWO, index=0, id=""), calls((None, "f", ONE), (None, "f", TWO))),
    "no index": Rule(CHAT, again(ONE, TWO), calls((None, "f", ONE), (None, "f", TWO))),
    "no id, and equal": Rule(CHAT, again(ONE, ONE, index=0), calls((None, "f", ONE), (None, "f", ONE))),
    "the same id": Rule(CHAT, again(ONE, ONE, index=0, id="c1"), ONE_CALL),
    "the same id, and other spaces": Rule(CHAT, again(ONE, '{"a": 1}', index=0, id="c1"), ONE_CALL),
    "the same id, and another call": Rule(
        CHAT, again(ONE, TWO, index=0, id="c1"), calls(("c1", "f", ONE), ("c1", "f", TWO))
    ),
    "the name with each piece, of an object in an object": Rule(
        CHAT,
        chat(*(call(piece, index=0, id="c1", name="f") for piece in ('{"a":', '{"b":1}', "}"))),
        calls(("c1", "f", '{"a":{"b":1}}')),
    ),
    "a placeholder": Rule(
        CHAT, chat(call("{}", index=0, id="c1", name="f"), call('{"a"', index=0), call(":1}", index=0)), ONE_CALL
    ),
    "a placeholder, and the name again": Rule(CHAT, again("{}", ONE, index=0, id="c1"), ONE_CALL),
    "no arguments, twice": Rule(CHAT, again("{}", "{}", index=0, id="c1"), calls(("c1", "f", "{}"))),
}

ALL = {
    f"{group}: {name}": rule
    for group, rules in {"one index": SAME_INDEX, "function_call": OLDER_NAME, "again": REPEATED}.items()
    for name, rule in rules.items()
}


@pytest.mark.parametrize("rule", ALL.values(), ids=ALL)
def test_places(rule: Rule) -> None:
    rule.check()


def test_many_values_in_one_event_take_linear_time() -> None:
    """Work that no call shows: the whole payload is not searched again for each of its values."""

    def seconds(long: str) -> float:
        glued = b"data: " + framed(*[A] * 1500, chunk({"content": long})).replace(b"data: ", b"").replace(b"\n\n", b"")
        began = time.process_time()
        ssescan.stream(glued + b"\n\n", strict=False).collect()
        return time.process_time() - began

    assert min(seconds("x" * 20_000_000) for _ in range(2)) < 10 * min(seconds("x") for _ in range(2)) + 1
