"""Hostile streams from hypothesis: events from the Structs, and changed valid streams."""

from __future__ import annotations

import copy
import json
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

import msgspec
import msgspec.inspect
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ssescan.providers import Error, Raw
from ssescan.providers.formats import decoder_class

from .assertions import framed
from .hostile import both, survive
from .test_tables_anthropic import ANTHROPIC
from .test_tables_chat import CHAT
from .test_tables_dialects import DIALECTS
from .test_tables_gemini import GEMINI, INTERACTIONS
from .test_tables_responses import RESPONSES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


TABLES: dict[str, dict[str, Any]] = {
    "openai-chat": CHAT | DIALECTS,
    "openai-responses": RESPONSES,
    "anthropic": ANTHROPIC,
    "gemini": GEMINI,
    "gemini-interactions": INTERACTIONS,
}


def payloads(source: bytes) -> list[Any]:
    """Return the objects of a stream."""
    lines = source.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    found = []
    for line in lines:
        try:
            found.append(json.loads(line.removeprefix("data:")))
        except ValueError:
            continue
    return [value for value in found if isinstance(value, dict)]


def inside(value: Any) -> Iterator[Any]:
    yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from inside(inner)


STREAMS = {api: [payloads(case.stream) for case in table.values()] for api, table in TABLES.items()}
WORDS = {
    api: sorted(
        {
            word
            for value in inside(streams)
            for word in (value if isinstance(value, dict) else [value])
            if isinstance(word, str)
        }
        | set(getattr(import_module(decoder_class(api).__module__), "HANDLERS", ()))
    )
    for api, streams in STREAMS.items()
}
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([-1, 0, 1, 10**12, 2**70])
    | st.floats()
    | st.text(max_size=8)
)


@cache  # hypothesis prepares each strategy when it is first used
def any_json(api: str) -> st.SearchStrategy[Any]:
    words = st.sampled_from(WORDS[api])
    return st.recursive(
        scalars | words,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words | st.text(max_size=4), inner, max_size=4),
        max_leaves=8,
    )


@cache
def of_event(api: str) -> st.SearchStrategy[Any]:
    return of_type(msgspec.inspect.type_info(decoder_class(api).event), api)


def of_type(kind: msgspec.inspect.Type, api: str) -> st.SearchStrategy[Any]:
    """Return values for the type of a Struct's field."""
    if isinstance(kind, msgspec.inspect.StructType):
        fields = {field.encode_name: of_type(field.type, api) for field in kind.fields}
        return st.fixed_dictionaries({}, optional=fields)
    if isinstance(kind, msgspec.inspect.UnionType):
        return st.one_of([of_type(option, api) for option in kind.types])
    if isinstance(kind, msgspec.inspect.ListType):
        return st.lists(of_type(kind.item_type, api), max_size=3)
    if isinstance(kind, msgspec.inspect.DictType):
        return st.dictionaries(st.sampled_from(WORDS[api]), any_json(api), max_size=5)
    if isinstance(kind, msgspec.inspect.StrType):
        return st.sampled_from(WORDS[api]) | st.text(max_size=5)
    if isinstance(kind, msgspec.inspect.IntType):
        return st.integers(0, 3)
    if isinstance(kind, msgspec.inspect.NoneType):
        return st.none()
    return any_json(api)


def paths(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if before:
        yield before
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from paths(inner, (*before, key))


@st.composite
def changed(draw: st.DrawFn, event: dict[str, Any], api: str) -> dict[str, Any]:
    """Return an event with some of its values replaced."""
    event = copy.deepcopy(event)
    for _ in range(draw(st.integers(0, 2))):
        places = list(paths(event))
        if not places:
            break
        *way, last = draw(st.sampled_from(places))
        place = event
        for key in way:
            place = place[key]
        place[last] = draw(any_json(api))
    return event


@st.composite
def built_streams(draw: st.DrawFn, api: str) -> list[Any]:
    return [draw(changed(draw(of_event(api)), api)) for _ in range(draw(st.integers(1, 5)))]


@st.composite
def changed_streams(draw: st.DrawFn, api: str) -> list[Any]:
    events = draw(st.sampled_from(STREAMS[api]))
    events = [draw(changed(event, api)) if draw(st.booleans()) else event for event in events]
    if draw(st.booleans()):
        events = draw(st.permutations(events))
    return events[draw(st.integers(0, 2)) :]


REPEATED = ("id", "model", "object", "responseId", "modelVersion")


def fits(event: Any, api: str) -> bool:
    """Return whether an event matches its Struct. Fields that all events repeat are read only until they are known."""
    event = {key: value for key, value in event.items() if key not in REPEATED}
    try:
        msgspec.convert(event, decoder_class(api).event, strict=False)
    except (ValueError, RecursionError):
        return False
    return True


@both
@pytest.mark.parametrize("streams", [built_streams, changed_streams])
def test_generated_events_raise_nothing(api: str, streams: Callable[[str], st.SearchStrategy[list[Any]]]) -> None:
    @settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(streams(api))
    def check(events: list[Any]) -> None:
        source = framed(*(json.dumps(event) for event in events))
        parts, message = survive(source, api)
        # Events that clearly belong to another format are read as that format.
        if message.api == api and not all(fits(json.loads(json.dumps(event)), api) for event in events):
            assert any(isinstance(part, (Raw, Error)) for part in parts)

    check()
