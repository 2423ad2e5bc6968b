"""Recorded streams with calls, one event of which is damaged, dropped or sent twice: no call is other than it was.

A call of such a stream is one of the untouched stream, or `cut`. R15 of docs/rules.md.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ssescan.providers import stream

from .test_cuts import RULES, Body, Event, bodies_in, body_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MARKS = (
    ".start",
    ".stop",
    "block_start",
    "block_stop",
    "message_start",
    "message_delta",
    "message_stop",
    "interaction.",
)
"""The beginnings and ends of the types of events without content: starts, stops and finishes."""

APIS = {"anthropic": "anthropic", "gemini": "gemini", "interactions": "gemini-interactions"}
"""The formats of the wire specification's files, by how their names begin."""

Call = tuple[str, str]


def calls_in(raw: bytes, api: Any) -> list[Call]:
    """Return the names and the arguments of the calls that are not cut."""
    message = stream(raw, api, strict=False).collect()
    calls = [call for choice in message.choices for call in choice.tool_calls]
    return [(call.name, call.arguments) for call in calls if not call.cut]


def with_calls(shared: Path, api: str) -> list[Body]:
    """Return the streams of a format that have calls: recorded ones, and those of the wire specification."""
    written = [
        body_of(f"wire/{file.name}", APIS[file.name.split("-")[0]], file.read_bytes())
        for file in sorted((shared / "wire").glob("*.sse"))
        if file.name.split("-")[0] in APIS
    ]
    bodies = [body for body in [*bodies_in(shared), *written] if body.api == api]
    return [body for body in bodies if calls_in(body.raw, body.api)]


def is_mark(api: str, event: Event) -> bool:
    """Return whether an event may be dropped, or come twice: in Responses any, elsewhere one that is not content."""
    if api == "openai-responses":
        return True
    try:
        value = json.loads(event.data)
    except ValueError:
        return False
    if not isinstance(value, dict):
        return False
    if api == "openai-chat":
        choices = value.get("choices") or []
        return any(
            choice.get("finish_reason") and not (choice.get("delta") or {}).get("tool_calls") for choice in choices
        )
    if api == "gemini":
        return any(
            candidate.get("finishReason") and "functionCall" not in event.data
            for candidate in value.get("candidates", ())
        )
    kind = str(value.get("type") or value.get("event_type") or event.name)
    return kind.endswith(MARKS) or kind.startswith(MARKS)


def changed(body: Body, event: Event, how: str, place: int) -> bytes | None:
    """Return the body with a changed event, None if it cannot be changed in this way."""
    before, whole, after = body.raw[: event.begin], body.raw[event.begin : event.end], body.raw[event.end :]
    if how == "damage":
        # Its data ends early, as far behind its beginning as the place says.
        data = event.data.encode()
        line = body.raw.rfind(b"data:", event.begin, event.data_end)
        begin = line + len(b"data:")
        if b"\n" in data or event.data_end - begin < 4:
            return None
        keep = begin + 2 + place % (event.data_end - begin - 3)
        return body.raw[:keep] + body.raw[event.data_end :]
    if not is_mark(body.api, event):
        return None
    return before + after if how == "drop" else before + whole + whole + after


def differing(body: Body, event: Event, how: str, place: int) -> list[Call]:
    """Return the calls that are not cut, and that the untouched body does not have, or has less often."""
    raw = changed(body, event, how, place)
    if raw is None:
        return []
    extra = Counter(calls_in(raw, body.api)) - Counter(calls_in(body.raw, body.api))
    return list(extra.elements())


def before_done(body: Body) -> Iterator[Event]:
    for event in body.events:
        if event.data.startswith("[DONE]"):
            return
        yield event


@pytest.mark.parametrize("api", RULES)
def test_calls_are_as_they_were_or_cut(shared: Path, api: str) -> None:
    bodies = [(body, list(before_done(body))) for body in with_calls(shared, api)]
    if not bodies:
        pytest.skip(f"no recorded calls in {api}")

    @settings(max_examples=150, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def check(data: st.DataObject) -> None:
        body, events = data.draw(st.sampled_from(bodies))
        event = data.draw(st.sampled_from(events))
        how = data.draw(st.sampled_from(["damage", "drop", "repeat"]))
        place = data.draw(st.integers(0, 2000))
        assert differing(body, event, how, place) == [], (body.file, event.begin, how, place)

    check()
