"""Rules R16 to R24 of docs/rules.md: calls."""

from __future__ import annotations

import json
from typing import Any

import pytest

import ssescan
from ssescan.providers import Raw, ToolCall

from .assertions import DONE, framed
from .rules import Rule
from .test_tables_chat import TOOLS, A, call, chunk
from .test_tables_gemini import candidate
from .test_tables_responses import CREATED, named, response

CHAT, GEMINI, INTERACTIONS = "openai-chat", "gemini", "gemini-interactions"
RESPONSES: Any = "openai-responses"


def chat(*fragments: dict[str, Any]) -> list[Any]:
    """Return a stream of fragments of calls."""
    return [*(chunk(fragment) for fragment in fragments), TOOLS, DONE]


def calls(*triples: tuple[str | None, str, str]) -> dict[str, Any]:
    return {"tools": list(triples), "finish": "tool_calls"}


WHOLE = calls(("c1", "get_weather", '{"a":1}'))
NAMES = {
    "null as the name of a continuation": Rule(
        CHAT, chat(call('{"a":', index=0, id="c1", name="get_weather"), call("1}", index=0, name="null")), WHOLE
    ),
    "null as id and name": Rule(
        CHAT,
        chat(call('{"a":', index=0, id="c1", name="get_weather"), call("1}", index=0, id="null", name="null")),
        WHOLE,
    ),
    "null first, then the name": Rule(
        CHAT, chat(call("", index=0, id="c1", name="null"), call('{"a":1}', index=0, name="get_weather")), WHOLE
    ),
    "in pieces, the same id": Rule(
        CHAT,
        chat(
            call("", index=0, id="c1", name="get_"),
            call("", index=0, id="c1", name="weather"),
            call('{"a":1}', index=0),
        ),
        WHOLE,
    ),
    "in pieces, no id": Rule(
        CHAT,
        chat(call("", index=0, id="c1", name="get_"), call("", index=0, name="weather"), call('{"a":1}', index=0)),
        WHOLE,
    ),
    "in three pieces, with arguments": Rule(
        CHAT,
        chat(
            call("", index=0, id="c1", name="get"),
            call("", index=0, name="_"),
            call('{"a":1}', index=0, name="weather"),
        ),
        WHOLE,
    ),
    "the same name repeated": Rule(
        CHAT,
        chat(call('{"a":', index=0, id="c1", name="get_weather"), call("1}", index=0, id="c1", name="get_weather")),
        WHOLE,
    ),
    "two calls without an id": Rule(
        CHAT, chat(call(index=0, name="f"), call(index=0, name="g")), calls((None, "f", "{}"), (None, "g", "{}"))
    ),
    "two calls under one index, two ids": Rule(
        CHAT,
        chat(call("{}", index=0, id="c1", name="f"), call("{}", index=0, id="c2", name="g")),
        calls(("c1", "f", "{}"), ("c2", "g", "{}")),
    ),
    "two calls under one index, two ids, no arguments": Rule(
        CHAT,
        chat(call("", index=0, id="c1", name="f"), call("", index=0, id="c2", name="g")),
        calls(("c1", "f", "{}"), ("c2", "g", "{}")),
    ),
}

SPLIT = {
    "name and arguments under two indexes": Rule(
        CHAT, chat(call(index=0, id="c1", name="get_weather"), call('{"a":', index=1), call("1}", index=1)), WHOLE
    ),
    "arguments first": Rule(
        CHAT, chat(call('{"a":1}', index=1), call(index=0, id="c1", name="get_weather")), WHOLE
    ),
    "with an empty name": Rule(
        CHAT, chat(call("", index=0, id="c1", name="get_weather"), call('{"a":1}', index=1, id="", name="")), WHOLE
    ),
    "two with a name: nothing is joined": Rule(
        CHAT,
        chat(call(index=0, id="c1", name="f"), call(index=1, id="c2", name="g"), call('{"a":1}', index=2)),
        calls(("c1", "f", "{}"), ("c2", "g", "{}"), (None, "", '{"a":1}')), cut=[""], complete=False,
    ),
    "arguments without a name": Rule(
        CHAT, chat(call('{"a":1}', index=0)), calls((None, "", '{"a":1}')), cut=[""], complete=False
    ),
    "an object in place of a list": Rule(
        CHAT,
        [chunk({"tool_calls": call('{"a":1}', index=0, id="c1", name="get_weather")["tool_calls"][0]}), TOOLS, DONE],
        WHOLE,
    ),
    "an object without an index": Rule(
        CHAT,
        [
            chunk({"tool_calls": call('{"a":', id="c1", name="get_weather")["tool_calls"][0]}),
            chunk({"tool_calls": call("1}")["tool_calls"][0]}), TOOLS, DONE,
        ],
        WHOLE,
    ),
    "an object after text": Rule(
        CHAT,
        [A, chunk({"tool_calls": call('{"a":1}', index=0, id="c1", name="get_weather")["tool_calls"][0]}), TOOLS, DONE],
        WHOLE | {"text": "a"},
    ),
}  # fmt: skip


def function_call(args: dict[str, Any], id: str | None = "c1", **extra: Any) -> dict[str, Any]:
    return {"functionCall": {"name": "f", "args": args} | ({} if id is None else {"id": id})} | extra


G = '{"a":1}'
REPEATED = {
    "the same id": Rule(
        GEMINI,
        [
            candidate(function_call({"a": 1}, thoughtSignature="c2ln")),
            candidate(function_call({"a": 1}), finish="STOP"),
        ],
        calls(("c1", "f", G)),
    ),
    "no ids": Rule(
        GEMINI,
        [candidate(function_call({"a": 1}, None)), candidate(function_call({"a": 1}, None), finish="STOP")],
        calls((None, "f", G), (None, "f", G)),
    ),
    "empty ids": Rule(
        GEMINI,
        [candidate(function_call({"a": 1}, "")), candidate(function_call({"a": 1}, ""), finish="STOP")],
        calls((None, "f", G), (None, "f", G)),
    ),
    "two ids": Rule(
        GEMINI,
        [candidate(function_call({"a": 1})), candidate(function_call({"a": 1}, "c2"), finish="STOP")],
        calls(("c1", "f", G), ("c2", "f", G)),
    ),
    "arguments as text": Rule(
        GEMINI,
        [candidate({"functionCall": {"name": "f", "id": "c1", "args": G}}, finish="STOP")],
        calls(("c1", "f", G)),
    ),
    "the same id, other arguments": Rule(
        GEMINI,
        [candidate(function_call({"a": 1})), candidate(function_call({"a": 2}), finish="STOP")],
        calls(("c1", "f", G), ("c1", "f", '{"a":2}')),
    ),
}


def responses_call(arguments: str, *end: Any) -> list[Any]:
    """Return a stream with the beginning of a call, and its end."""
    item = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": ""}
    added = {"type": "response.output_item.added", "output_index": 0, "item": item | {"status": "in_progress"}}
    delta = {"type": "response.function_call_arguments.delta", "item_id": "fc_1", "output_index": 0, "delta": arguments}
    return [CREATED, added, delta, *end]


def item_done(**fields: Any) -> dict[str, Any]:
    item = {"type": "function_call", "id": "fc_1", "status": "completed"} | fields
    return {"type": "response.output_item.done", "output_index": 0, "item": item}


COMPLETED = {"type": "response.completed", "response": response()}
NOTHING: tuple[Any, ...] = ("{}", {}, "null")
RESPONSES_CALLS = {
    "the end lacks the name": Rule(
        RESPONSES, responses_call("{}", item_done(call_id="c1", arguments="{}"), COMPLETED), calls(("c1", "f", "{}"))
    ),
    "the end lacks the id of the call": Rule(
        RESPONSES, responses_call("{}", item_done(name="f", arguments="{}"), COMPLETED), calls(("c1", "f", "{}"))
    ),
    "the end lacks the arguments": Rule(
        RESPONSES,
        responses_call('{"a":1}', item_done(name="f", call_id="c1", arguments=""), COMPLETED),
        calls(("c1", "f", G)),
    ),
    "the end has empty fields": Rule(
        RESPONSES,
        responses_call('{"a":1}', item_done(name="", call_id="", arguments=""), COMPLETED),
        calls(("c1", "f", G)),
    ),
    **{
        f"the end has no arguments: {none}": Rule(
            RESPONSES,
            responses_call('{"a":1}', item_done(name="f", call_id="c1", arguments=none), COMPLETED),
            calls(("c1", "f", G)),
        )
        for none in NOTHING
    },
    "the end has no arguments, and half of them came": Rule(
        RESPONSES,
        responses_call('{"a":', item_done(name="f", call_id="c1", arguments="{}"), COMPLETED),
        calls(("c1", "f", '{"a":')),
        cut=["f"],
        complete=False,
    ),
    "the end has the word null": Rule(
        RESPONSES,
        responses_call('{"a":1}', item_done(name="null", call_id="null", arguments=G), COMPLETED),
        calls(("c1", "f", G)),
    ),
    "the end has null fields": Rule(
        RESPONSES,
        responses_call('{"a":1}', item_done(name=None, call_id=None, arguments=None), COMPLETED),
        calls(("c1", "f", G)),
    ),
}


def started(kind: str, delta: dict[str, Any]) -> list[Any]:
    return [
        {"event_type": "interaction.created", "interaction": {"id": "i", "model": "m", "status": "in_progress"}},
        {"event_type": "content.start", "index": 0, "content": {"type": kind}},
        {"event_type": "content.delta", "index": 0, "delta": {"type": "function_call"} | delta},
        {"event_type": "content.stop", "index": 0},
        {"event_type": "interaction.complete", "interaction": {"id": "i", "status": "requires_action"}},
    ]


INTERACTIONS_CALLS = {
    "a delta without its type": Rule(
        INTERACTIONS,
        started("function_call", {"type": None, "id": "c1", "name": "f", "arguments": {"a": 1}}),
        calls(("c1", "f", G)),
    ),
    "a text as arguments, without its type": Rule(
        INTERACTIONS,
        [
            *started("function_call", {"id": "c1", "name": "f"})[:3],
            {"event_type": "content.delta", "index": 0, "delta": {"arguments": G}},
            *started("", {})[3:],
        ],
        calls(("c1", "f", G)),
    ),
    "a number as the name": Rule(
        INTERACTIONS,
        started("function_call", {"id": "c1", "name": 5}),
        calls(("c1", "", "{}")),
        cut=[""],
        complete=False,
        parts=[Raw(name="name", data=5)],
    ),
    "the name in the delta": Rule(
        INTERACTIONS, started("function_call", {"id": "c1", "name": "f", "arguments": {"a": 1}}), calls(("c1", "f", G))
    ),
    "the name in the delta, no arguments": Rule(
        INTERACTIONS, started("function_call", {"id": "c1", "name": "g"}), calls(("c1", "g", "{}"))
    ),
}
ALL = {
    f"{group}: {name}": rule
    for group, rules in {
        "R16, R17": NAMES, "R18, R19": SPLIT, "R20": REPEATED, "R21": RESPONSES_CALLS, "R23": INTERACTIONS_CALLS,
    }.items()
    for name, rule in rules.items()
}  # fmt: skip


@pytest.mark.parametrize("rule", ALL.values(), ids=ALL)
def test_calls(rule: Rule) -> None:
    rule.check()


def test_call_without_a_name_is_not_in_the_turn() -> None:
    message = SPLIT["two with a name: nothing is joined"].check()
    assert [entry["id"] for entry in message.to_turn()["tool_calls"]] == ["c1", "c2"]


def test_signature_of_the_first_copy_is_kept() -> None:
    message = REPEATED["the same id"].check()
    assert message.tool_calls[0].signature == "c2ln"
    assert [part.get("thoughtSignature") for part in message.to_turn()["parts"]] == ["c2ln"]


def test_first_name_is_in_the_turn_as_well() -> None:
    first, second = ({"id": "c1", "name": name} for name in ("f", "g"))
    events = started("function_call", first)
    events.insert(3, {"event_type": "content.delta", "index": 0, "delta": {"type": "function_call"} | second})
    message = Rule(INTERACTIONS, events, calls(("c1", "f", "{}")), parts=[Raw(name="name", data="g")]).check()
    assert [step["name"] for step in message.to_turn()] == ["f"]


WHOLE_CALLS = {name: rule for name, rule in RESPONSES_CALLS.items() if not rule.cut}


@pytest.mark.parametrize("rule", WHOLE_CALLS.values(), ids=WHOLE_CALLS)
def test_turn_keeps_what_was_known(rule: Rule) -> None:
    (item,) = rule.check().to_turn()
    assert (item["call_id"], item["name"]) == ("c1", "f")
    assert item["arguments"] in (G, "{}")


CLIENT_ITEMS = {
    "computer": {
        "type": "computer_call",
        "call_id": "c1",
        "action": {"type": "click", "x": 1, "y": 2},
        "pending_safety_checks": [],
    },
    "local_shell": {
        "type": "local_shell_call",
        "call_id": "c1",
        "action": {"type": "exec", "command": ["ls"], "env": {}},
    },
    "shell": {"type": "shell_call", "call_id": "c1", "action": {"commands": ["ls"]}, "environment": {"type": "local"}},
    "apply_patch": {"type": "apply_patch_call", "call_id": "c1", "operation": {"type": "delete_file", "path": "a"}},
}


@pytest.mark.parametrize("kind", CLIENT_ITEMS)
@pytest.mark.parametrize("api", [None, RESPONSES])
def test_call_of_a_built_in_tool(kind: str, api: Any) -> None:
    """R22: calls that the program has to make."""
    item = {"id": "i1", "status": "completed"} | CLIENT_ITEMS[kind]
    added = {"type": "response.output_item.added", "output_index": 0, "item": item | {"status": "in_progress"}}
    done = {"type": "response.output_item.done", "output_index": 0, "item": item}
    completed = {"type": "response.completed", "response": response(output=[item])}
    for events in ([CREATED, added, done, completed], [CREATED, completed]):
        message = ssescan.stream(named(*events), api).collect()
        (call,) = message.tool_calls
        assert (call.id, call.name, call.kind, call.server, call.cut) == ("c1", kind, kind, False, False)
        assert json.loads(call.arguments) == item.get("action", item.get("operation"))
        assert message.finish_reason == "tool_calls"
        assert message.to_turn() == [item]


def test_shell_call_in_a_container_is_the_provider_s() -> None:
    item = (
        {"id": "i1", "status": "completed"} | CLIENT_ITEMS["shell"] | {"environment": {"type": "container_reference"}}
    )
    done = {"type": "response.output_item.done", "output_index": 0, "item": item}
    completed = {"type": "response.completed", "response": response(output=[item])}
    message = ssescan.stream(named(CREATED, done, completed), RESPONSES).collect()
    assert message.tool_calls == []
    assert [(block.name, block.server) for block in message.blocks if isinstance(block, ToolCall)] == [("shell", True)]
    assert message.finish_reason == "stop"


def test_kind_of_a_function_and_of_a_custom_tool() -> None:
    item = {
        "type": "custom_tool_call",
        "id": "i1",
        "call_id": "c1",
        "name": "sql",
        "input": "select 1",
        "status": "completed",
    }
    done = {"type": "response.output_item.done", "output_index": 0, "item": item}
    completed = {"type": "response.completed", "response": response(output=[item])}
    (custom,) = ssescan.stream(named(CREATED, done, completed), RESPONSES).collect().tool_calls
    (function,) = ssescan.stream(framed(*chat(call("{}", index=0, id="c1", name="f")))).collect().tool_calls
    assert (custom.kind, function.kind) == ("custom", "function")


@pytest.mark.parametrize("id", ["", "c1", None])
def test_id_in_the_turn_is_as_it_was_sent(id: str | None) -> None:
    """R24: `id: ""` goes back as it came, not as null."""
    fields = {} if id is None else {"id": id}
    message = ssescan.stream(framed(*chat(call("{}", index=0, name="f", **fields)))).collect()
    assert message.to_turn()["tool_calls"][0]["id"] == id
