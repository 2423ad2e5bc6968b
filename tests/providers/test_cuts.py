"""Recorded streams with a cut or an inserted error: never complete, never a success, and nothing is lost.

The tests compute the expected message, and whether the provider ended it, from the JSON of the events before the cut,
by the rules of the wire specification (3.3, 5.3, 6.3, 7.1).
"""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

import ssescan
from ssescan import ProviderError, StreamCut
from ssescan.providers import Message, stream

from .assertions import framed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WIRES: dict[str, Any] = {
    "openai-chat": "openai-chat",
    "openai-completions": "openai-chat",
    "openai-responses": "openai-responses",
    "anthropic": "anthropic",
    "gemini": "gemini",
    "gemini-interactions": "gemini-interactions",
}
MANY = 60  # events: larger bodies are cut at some boundaries only
SOME = 20  # the number of these boundaries
NOT_JSON = object()
LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n|\Z)")


class Event(NamedTuple):
    """An event of a body: the offsets of its first field, of the end of its data, and of the end of its blank line."""

    begin: int
    data_end: int
    end: int
    name: str
    data: str
    value: Any  # of its JSON, or NOT_JSON


@dataclass
class Body:
    """A recorded stream. `gaps` are the other lines between its events."""

    file: str
    api: Any
    raw: bytes
    events: list[Event] = field(default_factory=list)
    stray: list[tuple[int, str]] = field(default_factory=list)

    def before(self, end: int) -> list[Event]:
        """Return the events that are complete at this offset, up to [DONE] if it came."""
        events = []
        for event in self.events:
            if event.end > end or event.data.startswith("[DONE]"):
                break
            events.append(event)
        return events


@cache
def bodies_in(shared: Path) -> list[Body]:
    manifest = json.loads((shared / "corpus" / "manifest.json").read_text())
    bodies = []
    for entry in manifest["files"]:
        if entry["wire"] in WIRES:
            raw = (shared / "corpus" / entry["file"]).read_bytes()
            bodies.append(body_of(entry["file"], WIRES[entry["wire"]], raw))
    return bodies


def body_of(file: str, api: Any, raw: bytes) -> Body:
    body = Body(file, api, raw)
    _find_events(body)
    return body


def json_value(data: str) -> Any:
    try:
        return json.loads(data, strict=False)
    except ValueError:
        return NOT_JSON


def _find_events(body: Body) -> None:
    begin, name, data_end = -1, "", 0
    data: list[bytes] = []
    for match in LINE.finditer(body.raw):
        if match.end() == len(body.raw) and not match[0].endswith((b"\r", b"\n")):
            break  # an unfinished line
        line = match[0].rstrip(b"\r\n")
        key, colon, value = line.partition(b":")
        if not line:
            if data:
                text = b"\n".join(data).decode()
                body.events.append(Event(begin, data_end, match.end(), name, text, json_value(text)))
            begin, name, data = -1, "", []
        elif key in (b"data", b"event", b"id", b"retry"):
            begin = match.start() if begin < 0 else begin
            if key == b"data":
                data.append(value.removeprefix(b" "))
                data_end = match.start() + len(line.rstrip())
            elif key == b"event":
                name = value.strip().decode()
        elif key or not colon:
            body.stray.append((match.end(), line.decode("utf-8", "replace")))


# --- The expected message, by the rules


@dataclass
class Said:
    """The message of the events so far: texts in order of appearance, whether they ended, whether there was an error."""

    texts: dict[Any, str] = field(default_factory=dict)
    open: dict[Any, bool] = field(default_factory=dict)  # the choices so far, and whether they are open
    ended: bool = False
    error: bool = False

    @property
    def text(self) -> str:
        return "".join(self.texts.values())

    def add(self, key: Any, text: Any) -> None:
        if isinstance(text, str):
            self.texts[key] = self.texts.get(key, "") + text

    @property
    def complete(self) -> bool:
        return not self.error and (self.ended or (bool(self.open) and not any(self.open.values())))


def said_by(body: Body, end: int) -> Said:
    """Return the message of the events up to this offset."""
    said = Said()
    for event in body.before(end):
        if event.value is NOT_JSON:
            said.error = said.error or (bool(event.data.strip()) and not event.data.strip().startswith(":"))
            continue
        for one in event.value if isinstance(event.value, list) else [event.value]:
            if isinstance(one, dict):
                RULES[body.api](said, one, event.name)
    if any(at <= end and (line.startswith("error:") or '"error"' in line) for at, line in body.stray):
        said.error = True
    return said


CONTENT = ("content", "reasoning", "reasoning_content", "refusal", "tool_calls")


def _chat(said: Said, value: dict[str, Any], name: str) -> None:
    if value.get("error") or value.get("object") == "error" or (name == "error" and "choices" not in value):
        said.error = True
    for choice in value.get("choices") or ():
        index = choice.get("index") or 0
        said.open.setdefault(index, True)
        delta = choice.get("delta") or {}
        content = delta.get("content")
        if any(delta.get(name) for name in CONTENT) or choice.get("text"):
            said.open[index] = True  # content after a finish reopens the choice
        if index == 0:
            # Together sends both fields, with the same text.
            said.add(0, content if "delta" in choice else choice.get("text"))
            for part in content if isinstance(content, list) else ():
                if part.get("type") == "text":
                    said.add(0, part["text"])
        if choice.get("finish_reason"):
            said.open[index] = False


def _responses(said: Said, value: dict[str, Any], name: str) -> None:
    kind = value.get("type") or name
    place = (value.get("output_index"), value.get("content_index") or 0)
    if kind == "response.output_text.delta":
        said.add(place, value["delta"])
    elif kind == "response.output_text.done" and value.get("text"):
        said.texts[place] = value["text"]
    elif kind == "error" or kind == "response.failed" or value.get("error"):
        said.error = True
    elif kind in ("response.completed", "response.incomplete"):
        said.ended = True
    elif kind == "response.created" and said.ended:
        said.error = True  # another response, right after one that had ended
        for at, item in enumerate(value["response"].get("output") or ()):
            for number, part in enumerate(item.get("content") or () if item.get("type") == "message" else ()):
                if not said.text and part.get("type") == "output_text":
                    said.add((at, number, "whole"), part["text"])
    elif kind == "response.output_item.done" and value["item"].get("type") == "message":
        for number, part in enumerate(value["item"].get("content") or ()):
            if part.get("type") == "output_text" and part["text"] not in said.texts.values():
                said.texts.setdefault((value.get("output_index"), number), part["text"])


def _anthropic(said: Said, value: dict[str, Any], name: str) -> None:
    kind = value.get("type") or name
    if kind == "message_start":
        id = value["message"].get("id")
        said.error = said.error or said.open.get("id", id) != id
        said.open.setdefault("id", id)
    elif kind == "content_block_start" and value["content_block"].get("type") == "text":
        said.add((len(said.texts), value.get("index")), value["content_block"].get("text"))
    elif kind == "content_block_delta" and value["delta"].get("type") == "text_delta":
        place = next((key for key in reversed(said.texts) if key[1] == value.get("index")), (0, value.get("index")))
        said.add(place, value["delta"]["text"])
    elif kind == "error" or value.get("error"):
        said.error = True
    elif kind == "message_stop" or (kind == "message_delta" and (value.get("delta") or {}).get("stop_reason")):
        said.ended = True


def _gemini(said: Said, value: dict[str, Any], name: str) -> None:
    said.error = said.error or bool(value.get("error"))
    said.ended = said.ended or bool((value.get("promptFeedback") or {}).get("blockReason"))
    for candidate in value.get("candidates") or ():
        index = candidate.get("index") or 0
        said.open.setdefault(index, True)
        for part in (candidate.get("content") or {}).get("parts") or ():
            if index == 0 and not part.get("thought"):
                said.add(0, part.get("text"))
            if part.get("text") or "functionCall" in part:
                said.open[index] = True
        if candidate.get("finishReason") not in (None, "", "FINISH_REASON_UNSPECIFIED"):
            said.open[index] = False


def _interactions(said: Said, value: dict[str, Any], name: str) -> None:
    kind = value.get("event_type") or name
    if kind == "step.delta" and value["delta"].get("type") == "text":
        said.add(value.get("index"), value["delta"]["text"])
    elif kind == "step.start" and value["step"].get("type") == "model_output":
        for part in value["step"].get("content") or ():
            said.add(value.get("index"), part.get("text"))
    elif kind == "error" or value.get("error"):
        said.error = True
    elif kind in ("interaction.completed", "interaction.complete", "interaction.requires_action"):
        status = value["interaction"].get("status")
        said.ended = status not in ("in_progress", "queued")
        said.error = said.error or status == "failed"


RULES = {
    "openai-chat": _chat,
    "openai-responses": _responses,
    "anthropic": _anthropic,
    "gemini": _gemini,
    "gemini-interactions": _interactions,
}

# --- Cuts


def read(raw: bytes, api: Any) -> Message:
    return stream(raw, api, strict=False).collect()


def fails(raw: bytes, api: Any) -> ProviderError | StreamCut | None:
    """Read strictly. Return the error, or None for a success."""
    try:
        stream(raw, api).collect()
    except (ProviderError, StreamCut) as error:
        return error
    return None


def some_of(things: list[Any], chance: random.Random) -> list[Any]:
    return things if len(things) <= MANY else [things[0], *chance.sample(things[1:-1], SOME), things[-1]]


def of_wire(api: str, shared: Path) -> Iterator[tuple[Body, random.Random]]:
    for body in bodies_in(shared):
        if body.api == api:
            yield body, random.Random(body.file)


apis = pytest.mark.parametrize("api", RULES)


@apis
def test_found_events_are_those_of_the_standard(shared: Path, api: str) -> None:
    for body, _ in of_wire(api, shared):
        assert [event.data for event in body.events] == [event.data for event in ssescan.iter_events(body.raw)]


@apis
def test_cut_between_events_is_complete_only_after_the_end(shared: Path, api: str) -> None:
    wrong: list[Any] = []
    for body, chance in of_wire(api, shared):
        for event in some_of(body.events, chance):
            message, said = read(body.raw[: event.end], body.api), said_by(body, event.end)
            if (message.complete, message.text) != (said.complete, said.text):
                wrong.append(
                    (body.file, event.end, message.complete, said.complete, message.text[-50:], said.text[-50:])
                )
            error = fails(body.raw[: event.end], body.api)
            if (error is None) is not message.complete or (error and error.message != message):
                wrong.append((body.file, event.end, error))
    assert wrong == []


@apis
def test_cut_within_an_event_is_not_complete(shared: Path, api: str) -> None:
    wrong: list[Any] = []
    for body, chance in of_wire(api, shared):
        done = next((at for at, event in enumerate(body.events) if event.data.startswith("[DONE]")), len(body.events))
        for event in some_of(body.events[: done + 1], chance):
            for cut in {event.begin + 1, event.data_end - 1, chance.randrange(event.begin + 1, event.data_end)}:
                message, said = read(body.raw[:cut], body.api), said_by(body, cut)
                if message.complete or message.text != said.text:
                    wrong.append((body.file, cut, message.complete, message.text[-50:], said.text[-50:]))
                error = fails(body.raw[:cut], body.api)
                if not isinstance(error, ProviderError if message.errors else StreamCut) or error.message != message:
                    wrong.append((body.file, cut, error))
    assert wrong == []


@apis
def test_last_event_may_lack_its_blank_line(shared: Path, api: str) -> None:
    wrong: list[Any] = []
    for body, chance in of_wire(api, shared):
        for event in some_of([event for event in body.events if event.value is not NOT_JSON], chance)[:SOME]:
            short, whole = read(body.raw[: event.data_end], body.api), read(body.raw[: event.end], body.api)
            if short != whole:
                wrong.append((body.file, event.end))
    assert wrong == []


@apis
def test_message_of_a_cut_body_has_its_complete_events(shared: Path, api: str) -> None:
    wrong: list[Any] = []
    for body, chance in of_wire(api, shared):
        for before, event in some_of(list(zip(body.events, body.events[1:], strict=False)), chance)[:SOME]:
            cut = chance.randrange(event.begin + 1, event.data_end)
            cut_within, cut_before = read(body.raw[:cut], body.api), read(body.raw[: before.end], body.api)
            plain, expected = cut_within.to_dict(), cut_before.to_dict()
            del plain["complete"], expected["complete"]
            if before.data.startswith("[DONE]") or plain != expected:
                wrong += [] if before.data.startswith("[DONE]") else [(body.file, cut)]
    assert wrong == []


# --- Errors

CODED = {"message": "boom", "type": "server_error", "param": None, "code": None}
ERRORS: dict[str, dict[str, bytes]] = {
    "openai-chat": {
        "object": framed({"error": CODED}),
        "string": framed({"error": "boom"}),
        "named": b"event: error\n" + framed({"error": CODED}),
        "flat": framed({"object": "error", "message": "boom", "type": "BadRequestError", "code": 400}),
        "field": b'error: {"code":500,"message":"boom"}\n\n',
        "with choices": framed(
            {
                "id": "c",
                "object": "chat.completion.chunk",
                "choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}],
                "error": {"code": 502, "message": "boom"},
            }
        ),
    },
    "openai-responses": {
        "flat": framed({"type": "error", "code": "server_error", "message": "boom", "param": None}, names="type"),
        "nested": framed({"type": "error", "error": CODED}, names="type"),
        "failed": framed(
            {
                "type": "response.failed",
                "response": {"id": "r", "status": "failed", "error": {"code": "server_error", "message": "boom"}},
            },
            names="type",
        ),
    },
    "anthropic": {
        "named": framed({"type": "error", "error": {"type": "overloaded_error", "message": "boom"}}, names="type"),
        "not named": framed({"type": "error", "error": {"type": "overloaded_error", "message": "boom"}}),
    },
    "gemini": {
        "data": framed({"error": {"code": 503, "message": "boom", "status": "UNAVAILABLE"}}, line_end="\r\n"),
        "array": framed([{"error": {"code": 503, "message": "boom", "status": "UNAVAILABLE"}}], line_end="\r\n"),
        "unframed": json.dumps({"error": {"code": 503, "message": "boom", "status": "UNAVAILABLE"}}, indent=2)
        .replace("\n", "\r\n")
        .encode()
        + b"\r\n\r\n",
    },
    "gemini-interactions": {
        "named": framed(
            {"error": {"code": "unavailable", "message": "boom"}, "event_type": "error"}, names="event_type"
        ),
        "not named": framed({"error": {"code": "unavailable", "message": "boom"}, "event_type": "error"}),
    },
}
SHAPES = [(api, shape) for api, shapes in ERRORS.items() for shape in shapes]


@pytest.mark.parametrize(("api", "shape"), SHAPES)
@pytest.mark.parametrize("goes_on", [False, True], ids=["the end", "goes on"])
def test_error_after_any_event_has_the_message_so_far(shared: Path, api: str, shape: str, goes_on: bool) -> None:
    error = ERRORS[api][shape]
    wrong: list[Any] = []
    for body, chance in of_wire(api, shared):
        last = body.events[-1].end if body.events else 0
        for event in some_of(body.before(last), chance)[-10:]:
            raised = fails(body.raw[: event.end] + error + (body.raw[event.end : last] if goes_on else b""), body.api)
            said = said_by(body, last if goes_on else event.end)
            if not isinstance(raised, ProviderError) or raised.api != body.api:
                wrong.append((body.file, event.end, raised))
            # The error of a failed response counts only if there was no error before.
            elif not said_by(body, event.end).error and raised.message.errors[0].message != "boom":
                wrong.append((body.file, event.end, raised.message.errors))
            elif raised.message.complete or raised.message.text != said.text:
                wrong.append((body.file, event.end, raised.message.text[-50:], said.text[-50:]))
    assert wrong == []
