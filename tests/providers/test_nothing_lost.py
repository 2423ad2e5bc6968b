"""Nothing is lost silently: whatever stands where content stands is in a part, in the message, or on one list.

R30 of docs/rules.md. The shapes are those of the recorded bodies; each stream gets a field that no format knows, or is
read as it is, and every value of its deltas, parts, blocks and items is looked for in what was read.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ssescan import iter_events
from ssescan.providers import Raw
from ssescan.providers._decoders.whole_items import BEGUN
from ssescan.providers.unknown_fields import CARRY_NOTHING

from .assertions import APIS, framed, read
from .test_corpus import manifest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES = {"openai-responses": "type", "anthropic": "type", "gemini-interactions": "event_type"}
MARK = "L0ST"
MAX_EVENTS = 40  # of a recorded body, as a shape: its first and its last ones
MAX_BODIES = 60

LAST_COUNTS = ("encrypted_content", "fingerprint")
"""Fields that OpenAI makes again for the whole item: the last one is wanted back."""


@cache
def bodies(shared: Path, api: str) -> list[tuple[str, list[Any]]]:
    """Return the recorded streams of a format, as JSON values."""
    found = []
    for entry in manifest(shared):
        if entry["wire"] != api or not entry["events"]:
            continue
        try:
            body = (shared / "corpus" / entry["file"]).read_bytes()
            values = [json.loads(event.data) for event in iter_events([body]) if event.data.startswith("{")]
        except ValueError:
            continue
        if len(values) > MAX_EVENTS:
            values = values[: MAX_EVENTS // 2] + values[-MAX_EVENTS // 2 :]
        if values and all(isinstance(value, dict) and "error" not in value for value in values):
            found.append((entry["file"], values))
    return found[:: max(1, len(found) // MAX_BODIES)]


def content_of(api: str, event: dict[str, Any], events: list[Any]) -> Iterator[Any]:
    """Yield the places of an event where content stands."""
    if api == "openai-chat":
        for choice in event.get("choices") or ():
            yield from (choice[name] for name in ("delta", "message") if choice.get(name))
    elif api == "openai-responses":
        kind = event.get("type")
        is_replaced = kind == "response.output_item.added" and event["item"].get("type") not in BEGUN
        is_whole = any(of.get("type") in ("response.output_item.done", "response.completed") for of in events)
        if is_whole and (is_replaced or kind == "response.content_part.done"):
            return  # the whole item, which follows, replaces it
        yield from (event[name] for name in ("item", "part") if event.get(name))
    elif api == "anthropic":
        if event.get("type") in ("content_block_start", "content_block_delta"):
            yield from (event[name] for name in ("delta", "content_block") if event.get(name))
        yield from (event.get("message") or {}).get("content") or () if event.get("type") == "message_start" else ()
    elif api == "gemini":
        for candidate in event.get("candidates") or ():
            yield from (candidate.get("content") or {}).get("parts") or ()
    elif event.get("event_type", "").startswith(("step.", "content.")):
        yield from (event[name] for name in ("delta", "step", "content") if event.get(name))


def objects_in(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the objects of a JSON value, from the outside in; not those in fields that carry nothing."""
    if isinstance(value, dict):
        yield value
        for name, inner in value.items():
            if name not in CARRY_NOTHING:
                yield from objects_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from objects_in(inner)


def told(api: str, events: list[Any]) -> str:
    """Return all that was read of a stream, as JSON."""
    parts, message, _ = read(framed(*events, names=NAMES.get(api)), api)
    return msgspec.json.encode([parts, message, message.to_turn()]).decode()


def copied(value: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value))


@pytest.mark.parametrize("api", APIS)
@settings(
    max_examples=120, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@given(data=st.data())
def test_unknown_fields_are_kept(shared: Path, api: str, data: st.DataObject) -> None:
    found = bodies(shared, api)
    _, events = found[data.draw(st.integers(0, len(found) - 1))]
    events = copied(events)
    places = [inner for event in events for held in content_of(api, event, events) for inner in objects_in(held)]
    if not places:
        return
    place = places[data.draw(st.integers(0, len(places) - 1))]
    value = data.draw(st.sampled_from([MARK, [MARK], {"a": MARK}, {"a": [{"b": MARK}]}]))
    place[data.draw(st.sampled_from(["new_field", "x_new", "é"]))] = value
    assert MARK in told(api, events), place


def leaves_in(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the values that are not objects or lists, each with the name of its field."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key not in CARRY_NOTHING:
                yield from leaves_in(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves_in(inner, name)
    else:
        yield name, value


@pytest.mark.parametrize("api", APIS)
def test_values_of_recorded_content_are_kept(shared: Path, api: str) -> None:
    lost = set()
    for file, events in bodies(shared, api):
        all_of_it = told(api, events)
        for event in events:
            for held in content_of(api, event, events):
                for name, value in leaves_in(held):
                    if name in LAST_COUNTS or value in (None, "", 0, False, True):
                        continue
                    if msgspec.json.encode(value).decode().strip('"') not in all_of_it:
                        lost.add((name, str(value)[:60], file))
    assert sorted({name for name, _, _ in lost}) == [], sorted(lost)


R_CREATED = {"type": "response.created", "response": {"id": "r", "model": "m", "status": "in_progress"}}
R_COMPLETED = {"type": "response.completed", "response": {"id": "r", "status": "completed", "output": []}}
PART_OF: dict[str, dict[str, Any]] = {
    "text": {"type": "output_text", "text": MARK},
    "text of another type": {"type": "text", "text": MARK},
    "refusal": {"type": "refusal", "refusal": MARK},
    "unknown": {"type": "new_part", "x": MARK},
}
ITEMS: dict[str, dict[str, Any]] = {
    **{f"message of {name}": {"type": "message", "content": [part]} for name, part in PART_OF.items()},
    "message as a text": {"type": "message", "content": MARK},
    "reasoning": {"type": "reasoning", "summary": [{"type": "summary_text", "text": MARK}]},
    "reasoning text": {"type": "reasoning", "content": [{"type": "reasoning_text", "text": MARK}]},
    "encrypted reasoning": {"type": "reasoning", "encrypted_content": MARK},
    "function": {"type": "function_call", "call_id": "c", "name": "f", "arguments": json.dumps({MARK: 1})},
    "custom tool": {"type": "custom_tool_call", "call_id": "c", "name": "f", "input": MARK},
    "search": {"type": "web_search_call", "action": {"query": MARK}},
    "result of a hosted tool": {"type": "mcp_call", "name": "f", "output": MARK},
    "computer": {"type": "computer_call", "call_id": "c", "action": {"type": "type", "text": MARK}},
    "unknown": {"type": "new_item", "x": MARK},
}
BEGUN_PARTS = {
    **{f"content_part, {name}": ("content_part", part) for name, part in PART_OF.items()},
    "reasoning_part": ("reasoning_part", {"type": "reasoning_text", "text": MARK}),
    "reasoning_summary_part": ("reasoning_summary_part", {"type": "summary_text", "text": MARK}),
}
BEGINNINGS = {
    **{name: {"type": "response.output_item.added", "output_index": 0, "item": {"id": "i"} | item} for name, item in ITEMS.items()},
    **{name: {"type": f"response.{kind}.added", "output_index": 0, "part": part} for name, (kind, part) in BEGUN_PARTS.items()},
}  # fmt: skip


@pytest.mark.parametrize("event", BEGINNINGS.values(), ids=BEGINNINGS)
@pytest.mark.parametrize("end", [[], [R_COMPLETED]])
def test_content_of_items_that_only_began_is_kept(event: dict[str, Any], end: list[Any]) -> None:
    parts, message, _ = read(framed(R_CREATED, event, *end, names="type"))
    assert MARK in told("openai-responses", [R_CREATED, event, *end])
    assert all(call.cut for call in message.tool_calls)
    if "text" in str(event.get("part", event.get("item", {}).get("content"))) and "reasoning" not in str(event):
        assert message.text == MARK
        assert MARK in json.dumps(message.to_turn())
    assert message.complete == (bool(end) and not any(not call.server for call in message.tool_calls))
    assert len([part for part in parts if getattr(part, "text", None) == MARK]) <= 1


def test_text_that_an_item_begins_with_is_not_doubled() -> None:
    added = {"type": "response.output_item.added", "output_index": 0, "item": ITEMS["message of text"]}
    delta = {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": f"a {MARK}"}
    for events, said in (([added, delta], f"a {MARK}"), ([added, {**delta, "delta": "b"}], "b")):
        for end in ([], [R_COMPLETED]):
            parts, message, _ = read(framed(R_CREATED, *events, *end, names="type"))
            assert message.text == said
            assert [part.name for part in parts if isinstance(part, Raw)] == ([] if MARK in said else ["content"])
