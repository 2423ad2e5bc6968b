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


def content_of(api: str, event: dict[str, Any]) -> Iterator[Any]:
    """Yield the places of an event where content stands."""
    if api == "openai-chat":
        for choice in event.get("choices") or ():
            yield from (choice[name] for name in ("delta", "message") if choice.get(name))
    elif api == "openai-responses":
        if event.get("type") == "response.output_item.added" and event["item"].get("type") not in BEGUN:
            return  # the whole item, which follows, replaces it
        if event.get("type") == "response.content_part.done":
            return  # it repeats a part of the item that follows
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
    places = [inner for event in events for held in content_of(api, event) for inner in objects_in(held)]
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
            for held in content_of(api, event):
                for name, value in leaves_in(held):
                    if name in LAST_COUNTS or value in (None, "", 0, False, True):
                        continue
                    if msgspec.json.encode(value).decode().strip('"') not in all_of_it:
                        lost.add((name, str(value)[:60], file))
    assert sorted({name for name, _, _ in lost}) == [], sorted(lost)
