"""Rule R30 of docs/rules.md: fields that no decoder reads."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ssescan.providers import Raw, ReasoningDelta, TextDelta
from ssescan.providers._decoders.openai_chat import OpenAIChat
from ssescan.providers.format_decoder import FormatDecoder

from .assertions import APIS, DONE, framed, read
from .rules import NAMES
from .test_rules_content import (
    ANTHROPIC,
    CHAT,
    GEMINI,
    INTERACTIONS,
    RESPONSES,
    output_text,
    with_choice,
)
from .test_tables_anthropic import block, delta, start
from .test_tables_chat import ROLE, STOP, A, chunk
from .test_tables_gemini import candidate
from .test_tables_responses import CREATED


def test_unknown_field_of_a_delta_is_raw_each_time() -> None:
    parts = read(framed(chunk({"content": "a", "mood": "glad"}), chunk({"mood": "sad"}), STOP, DONE))[0]
    assert [part.data for part in parts if isinstance(part, Raw) and part.name == "mood"] == ["glad", "sad"]


@pytest.mark.parametrize("place", ["chunk", "choice"])
def test_unknown_field_of_a_chunk_is_raw_once(place: str) -> None:
    events = [A | {"weather": 1}] * 3 if place == "chunk" else [with_choice(A, weather=1)] * 3
    for api in (None, CHAT):
        parts = read(framed(*events, STOP, DONE), api)[0]
        assert [part.data for part in parts if isinstance(part, Raw) and part.name == "weather"] == [1]
        assert [part.text for part in parts if isinstance(part, TextDelta)] == ["a"] * 3


def named(api: Any, *events: Any) -> bytes:
    return framed(*events, names=NAMES.get(api))


def plain(parts: list[Any], name: str) -> list[Any]:
    return [part.data for part in parts if isinstance(part, Raw) and part.name == name]


def texts(parts: list[Any]) -> str:
    return "".join([part.text for part in parts if isinstance(part, TextDelta)])


TEXT = [start(), block({"type": "text", "text": ""})]
INTERACTION = [
    {"event_type": "interaction.created", "interaction": {"id": "i", "model": "m", "status": "in_progress"}},
    {"event_type": "step.start", "index": 0, "step": {"type": "model_output"}},
]


def said(api: Any, in_event: dict[str, Any], in_delta: dict[str, Any]) -> Any:
    """Return an event with a piece of text, and further fields."""
    if api == CHAT:
        return chunk({"content": "a"} | in_delta) | in_event
    if api == ANTHROPIC:
        event = delta("text", text="a")
        return event | {"delta": event["delta"] | in_delta} | in_event
    if api == RESPONSES:
        return json.loads(output_text('"a"')) | in_event | in_delta
    if api == GEMINI:
        return candidate({"text": "a"} | in_delta) | in_event
    return {"event_type": "step.delta", "index": 0, "delta": {"type": "text", "text": "a"} | in_delta} | in_event


BEGUN: dict[str, list[Any]] = {
    CHAT: [ROLE],
    ANTHROPIC: TEXT,
    RESPONSES: [CREATED],
    GEMINI: [],
    INTERACTIONS: INTERACTION,
}


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("before", [0, 1, 5])
def test_unknown_fields_in_every_format(api: Any, before: int) -> None:
    events = [*BEGUN[api], *[said(api, {}, {})] * before]
    for name in (None, api):
        parts = read(named(api, *events, *[said(api, {"weather": {"sun": 1}}, {})] * 3, said(api, {}, {})), name)[0]
        assert plain(parts, "weather") == [{"sun": 1}]
        assert texts(parts) == "a" * (before + 4)
        of_deltas = [said(api, {}, {"mood": mood}) for mood in ("glad", "sad", None)]
        parts = read(named(api, *events, *of_deltas, said(api, {}, {})), name)[0]
        moods = [data["mood"] if isinstance(data, dict) else data for data in plain(parts, "mood")]
        assert [mood for mood in moods if mood is not None] == ["glad", "sad"]
        assert texts(parts) == "a" * (before + 4)


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("field", ["system_fingerprint", "obfuscation", "weather", "a-b", 'a"b', "", "_unknown_0"])
@pytest.mark.parametrize("value", ["x", None])
def test_streams_with_a_field_in_every_event_stay_fast(
    api: Any, field: str, value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = 0
    feed_value = FormatDecoder.feed_value

    def counted(*arguments: Any) -> Any:
        nonlocal slow
        slow += 1
        return feed_value(*arguments)

    monkeypatch.setattr(FormatDecoder, "feed_value", counted)
    events = [event | {field: value} for event in [*BEGUN[api], *[said(api, {}, {})] * 50]]
    assert texts(read(named(api, *events), api)[0]) == "a" * 50
    is_delta_of_responses = value and api == RESPONSES and field in ("a-b", "", "_unknown_0", "weather", 'a"b')
    if field not in ('a"b', "") and not is_delta_of_responses:
        assert slow < 10


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning", "thinking"])
@pytest.mark.parametrize("beside", [{}, {"content": None, "role": None, "tool_calls": None}, {"mood": None}])
def test_reasoning_stays_fast(name: str, beside: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    seen = 0
    handle = OpenAIChat.handle

    def counted(*arguments: Any) -> Any:
        nonlocal seen
        seen += 1
        return handle(*arguments)

    monkeypatch.setattr(OpenAIChat, "handle", counted)
    pieces = [chunk(beside | {name: f"{number} "}, matched_stop=None) for number in range(50)]
    parts, message, _ = read(framed(ROLE, *pieces, A, A, STOP, DONE))
    assert message.reasoning == "".join(f"{number} " for number in range(50))
    assert message.text == "aa"
    assert [part.block for part in parts if isinstance(part, ReasoningDelta)] == [0] * 50
    assert message.complete
    assert seen < 20


def test_null_field_that_gets_a_value_is_kept() -> None:
    pieces = [chunk({"content": "a"}, matched_stop=value) for value in (None, None, None, "END", None)]
    parts = read(framed(ROLE, *pieces, STOP, DONE))[0]
    assert plain(parts, "matched_stop") == ["END"]
    assert texts(parts) == "a" * 5


def test_many_unknown_fields_in_a_stream() -> None:
    events = [A | {f"field_{number}": number} for number in range(100)]
    parts = read(framed(*events, *events, STOP, DONE))[0]
    assert {part.data for part in parts if isinstance(part, Raw)} == set(range(100))
    assert texts(parts) == "a" * 200


def test_many_unknown_fields_in_an_event() -> None:
    fields = {f"field_{number}": number for number in range(33)}
    parts = read(framed(A | fields, A | fields, STOP, DONE))[0]
    again = [part.data for part in parts if isinstance(part, Raw)][33:]
    assert again == [31, 32]  # `created` is remembered too


KNOWN_INSIDE: dict[str, tuple[Any, list[Any], str, Any]] = {
    "x_groq": (CHAT, [A | {"x_groq": {"id": "r", "new": "L0ST"}}], "new", "L0ST"),
    "logprobs of another shape": (CHAT, [with_choice(A, logprobs={"top": [["x", -1]]})], "logprobs", {"top": [["x", -1]]}),
    "logprobs of a delta": (CHAT, [chunk({"content": "a", "logprobs": None}), chunk({"content": "a", "logprobs": [1]})], "logprobs", [1]),
    "an object of reasoning": (CHAT, [chunk({"reasoning": {"content": "r", "enc": "E"}})], "enc", "E"),
    "a container": (ANTHROPIC, [start() | {"message": start()["message"] | {"container": {"id": "c"}}}], "container", {"id": "c"}),
    "promptFeedback": (GEMINI, [candidate({"text": "a"}) | {"promptFeedback": {"hint": 1}}], "hint", 1),
    "citationMetadata": (GEMINI, [{"candidates": [{"citationMetadata": {"x": 1}}]}], "citationMetadata", {"x": 1}),
    "a signature that is not text": (ANTHROPIC, [start(), block({"type": "thinking", "thinking": "", "signature": {"a": 1}})], "signature", {"a": 1}),
    "a stop reason that is not text": (ANTHROPIC, [start() | {"message": start()["message"] | {"stop_reason": [1]}}], "stop_reason", [1]),
    "a thought that is not a boolean": (GEMINI, [candidate({"text": "a", "thought": {"a": 1}})], "thought", {"a": 1}),
    "a name that is not text": (
        INTERACTIONS,
        [{"event_type": "content.start", "index": 1, "content": {"type": "function_call"}},
         {"event_type": "content.delta", "index": 1, "delta": {"type": "function_call", "name": {"a": 1}}}],
        "name", {"a": 1},
    ),
    "a part of an unknown type": (
        INTERACTIONS, [{"event_type": "step.start", "index": 1, "step": {"type": "model_output", "content": [{"type": "new", "a": 1}]}}],
        "new", {"type": "new", "a": 1},
    ),
    "a content without a type": (INTERACTIONS, [{"event_type": "content.start", "index": 1, "content": {"new": 1}}], "new", 1),
    "logprobsResult": (GEMINI, [{"candidates": [{"logprobsResult": {"x": 1}}]}], "logprobsResult", {"x": 1}),
}  # fmt: skip


@pytest.mark.parametrize(("api", "events", "name", "data"), KNOWN_INSIDE.values(), ids=KNOWN_INSIDE)
@pytest.mark.parametrize("before", [0, 3])
def test_unknown_fields_in_known_ones(api: Any, events: list[Any], name: str, data: Any, before: int) -> None:
    begun = BEGUN[api] if api != ANTHROPIC or before else []
    if api == ANTHROPIC and before:
        return  # a message begins once
    parts = read(named(api, *begun, *[said(api, {}, {})] * before, *events), api)[0]
    assert plain(parts, name) == [data]


def test_unknown_field_late_in_the_stream() -> None:
    parts = read(framed(*[A] * 9, A | {"weather": 1}, STOP, DONE))[0]
    assert [part.data for part in parts if isinstance(part, Raw)] == [1]


@pytest.mark.parametrize(
    "fields",
    [{"system_fingerprint": "f"}, {"obfuscation": "x"}, {"provider": "p"}, {"service_tier": "s"}, {"weather": None}],
)
def test_field_that_carries_nothing(fields: dict[str, Any]) -> None:
    assert not [part for part in read(framed(A | fields, STOP | fields, DONE))[0] if isinstance(part, Raw)]


NEWS = {"news": "x"}
AT_ITEM = {"item_id": "m", "output_index": 0, "content_index": 0}
MISFITS: dict[str, tuple[Any, list[Any], Any]] = {
    "citations": (ANTHROPIC, [start(), block({"type": "text", "text": "", "citations": "x"})], "x"),
    "a citation": (ANTHROPIC, [start(), block({"type": "text", "text": "", "citations": ["x"]})], "x"),
    "a signature": (ANTHROPIC, [start(), block({"type": "thinking", "thinking": "", "signature": 5})], 5),
    "usage": (ANTHROPIC, [start() | {"message": start()["message"] | {"usage": "x"}}], "x"),
    "a part without a type": (
        RESPONSES, [CREATED, {"type": "response.content_part.done", "part": NEWS} | AT_ITEM], NEWS,
    ),
    "content of a step": (
        INTERACTIONS,
        [INTERACTION[0], {"event_type": "step.start", "step": {"type": "model_output", "content": [NEWS]}}],
        NEWS,
    ),
    "content of a type that nobody knows": (
        INTERACTIONS,
        [INTERACTION[0], {"event_type": "step.start", "step": {"type": "model_output", "content": [NEWS | {"type": "n"}]}}],
        NEWS | {"type": "n"},
    ),
    "a step without a type": (INTERACTIONS, [INTERACTION[0], {"event_type": "step.start", "step": NEWS}], "x"),
}  # fmt: skip


@pytest.mark.parametrize(("api", "events", "lost"), MISFITS.values(), ids=MISFITS)
def test_what_does_not_fit_its_place_is_raw(api: Any, events: list[Any], lost: Any) -> None:
    for named_api in (api, None):
        parts = read(named(api, *events), named_api)[0]
        assert lost in [part.data for part in parts if isinstance(part, Raw)]


def test_unknown_content_of_a_step_is_in_the_turn() -> None:
    step = {"type": "model_output", "content": [{"type": "text", "text": "a"}, NEWS | {"type": "n"}]}
    message = read(named(INTERACTIONS, INTERACTION[0], {"event_type": "step.start", "step": step}), INTERACTIONS)[1]
    assert message.to_turn() == [step]
