"""The wire objects have every attribute of the official SDKs' objects, with the values that were sent."""

from __future__ import annotations

import base64
import datetime as dt
import enum
import json
from typing import TYPE_CHECKING, Any

import pytest

import ssescan
from ssescan.providers._wire import anthropic, gemini, gemini_interactions, openai_chat, openai_responses

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

READERS: dict[str, Callable[..., Any]] = {
    "openai-chat": openai_chat.iter_chunks,
    "openai-responses": openai_responses.iter_events,
    "anthropic": anthropic.iter_events,
    "gemini": gemini.iter_responses,
    "gemini-interactions": gemini_interactions.iter_events,
}


def _openai(value: Any, cls: Any) -> Any:
    models = pytest.importorskip("openai._models")
    return models.construct_type(value=value, type_=cls)


def _chat(value: Any) -> Any:
    return _openai(value, pytest.importorskip("openai.types.chat").ChatCompletionChunk)


def _responses(value: Any) -> Any:
    return _openai(value, pytest.importorskip("openai.types.responses").ResponseStreamEvent)


def _anthropic(value: Any) -> Any:
    models = pytest.importorskip("anthropic._models")
    types = pytest.importorskip("anthropic.types.beta")
    return models.construct_type(value=value, type_=types.BetaRawMessageStreamEvent)


def _gemini(value: Any) -> Any:
    types = pytest.importorskip("google.genai.types")
    try:
        return types.GenerateContentResponse.model_validate(value)
    except ValueError:
        models = pytest.importorskip("google.genai.models")
        converted = models._GenerateContentResponse_from_mldev(value)  # noqa: SLF001
        return types.GenerateContentResponse._from_response(response=converted, kwargs={})  # noqa: SLF001


def _interactions(value: Any) -> Any:
    types = pytest.importorskip("google.genai._gaos.types.interactions")
    pydantic = pytest.importorskip("pydantic")
    try:
        return pydantic.TypeAdapter(types.InteractionSSEEvent).validate_python(value)
    except pydantic.ValidationError:  # a call without arguments: the SDK refuses it
        return None


SDKS = {
    "openai-chat": _chat,
    "openai-responses": _responses,
    "anthropic": _anthropic,
    "gemini": _gemini,
    "gemini-interactions": _interactions,
}


def payloads_of(body: bytes, wire: str) -> list[Any]:
    """Return the JSON of the events that an SDK makes objects of."""
    kind = {"gemini-interactions": "event_type", "openai-chat": ""}.get(wire, "type")
    found = []
    for event in ssescan.iter_events([body], unterminated="dispatch"):
        if event.data.startswith("[DONE]"):
            break
        try:
            value = json.loads(event.data)
        except ValueError:
            continue
        if kind and isinstance(value, dict) and event.event != "message":
            value.setdefault(kind, event.event)
        name = value.get(kind) if isinstance(value, dict) else None
        if isinstance(value, dict) and not value.get("error") and name not in ("error", "ping"):
            found.append(value)
    return found


def differences(sdk: Any, ours: Any, path: str) -> list[str]:
    """Return where our object lacks an attribute of the SDK's, or has another value."""
    if hasattr(type(sdk), "model_fields"):
        found = []
        for name in type(sdk).model_fields:
            if not hasattr(ours, name):
                found.append(f"{path}.{name} is missing on {type(ours).__name__}")
            elif name in sdk.model_fields_set or getattr(ours, name) is not None:
                found += differences(getattr(sdk, name), getattr(ours, name), f"{path}.{name}")
        return found
    if isinstance(sdk, list) and isinstance(ours, list) and len(sdk) == len(ours):
        return [
            found
            for number, (one, other) in enumerate(zip(sdk, ours, strict=True))
            for found in differences(one, other, f"{path}[{number}]")
        ]
    return [] if _same(sdk, ours) else [f"{path}: the SDK has {sdk!r}, ours is {ours!r}"]


def _same(sdk: Any, ours: Any) -> bool:
    if isinstance(sdk, enum.Enum):
        return bool(sdk.value == ours)
    if isinstance(sdk, bytes) and isinstance(ours, str):
        return sdk == base64.b64decode(ours.replace("-", "+").replace("_", "/") + "==")
    if isinstance(sdk, dt.datetime) and isinstance(ours, str):
        return sdk == dt.datetime.fromisoformat(ours)
    return bool(sdk == ours)


def bodies(shared: Path, wire: str) -> list[tuple[str, bytes]]:
    corpus = shared / "corpus"
    files = json.loads((corpus / "manifest.json").read_text())["files"]
    return [(entry["file"], (corpus / entry["file"]).read_bytes()) for entry in files if entry["wire"] == wire]


@pytest.mark.filterwarnings("ignore:.* is not a valid:UserWarning")  # google-genai, of values that it does not know
@pytest.mark.parametrize("wire", READERS)
def test_objects_have_the_attributes_of_the_sdk(wire: str, shared: Path) -> None:
    sdk_object, found, compared = SDKS[wire], [], 0
    for file, body in bodies(shared, wire):
        payloads = payloads_of(body, wire)
        objects = list(READERS[wire]([body], strict=False))
        assert len(objects) == len(payloads), file
        for number, (value, ours) in enumerate(zip(payloads, objects, strict=True)):
            if (theirs := sdk_object(value)) is not None:
                found += differences(theirs, ours, f"{file} {number}")
                compared += 1
    assert compared > 40
    assert not found, "\n".join(found[:40])


def _models_of(sdk: Any, seen: dict[type, None]) -> dict[type, None]:
    """Return all model classes that a type of an SDK leads to."""
    from typing import get_args

    if hasattr(sdk, "model_fields") and sdk not in seen:
        seen[sdk] = None
        for name, field in sdk.model_fields.items():
            if name != "configs":  # of the tools in an Anthropic request: open objects, here dicts
                _models_of(field.annotation, seen)
    for inner in (*get_args(sdk), getattr(sdk, "__value__", None)):
        if inner is not None:
            _models_of(inner, seen)
    return seen


def _fields_of(cls: Any, seen: dict[type, None], names: set[str]) -> set[str]:
    from typing import get_args, get_type_hints

    if hasattr(cls, "__struct_fields__") and cls not in seen:
        seen[cls] = None
        names.update(name for name in dir(cls) if not name.startswith("_"))
        for hint in get_type_hints(cls).values():
            _fields_of(hint, seen, names)
    for inner in get_args(cls):
        _fields_of(inner, seen, names)
    return names


def _roots() -> list[tuple[str, Any]]:
    return [
        ("openai-chat", lambda: pytest.importorskip("openai.types.chat").ChatCompletionChunk),
        ("openai-responses", lambda: pytest.importorskip("openai.types.responses").ResponseStreamEvent),
        ("anthropic", lambda: pytest.importorskip("anthropic.types.beta").BetaRawMessageStreamEvent),
        ("gemini", lambda: pytest.importorskip("google.genai.types").GenerateContentResponse),
    ]


@pytest.mark.parametrize(("wire", "root"), _roots(), ids=[wire for wire, _ in _roots()])
def test_classes_have_all_fields_of_the_sdk(wire: str, root: Callable[[], Any]) -> None:
    ours = {
        "openai-chat": openai_chat.ChatCompletionChunk,
        "openai-responses": openai_responses.ResponseStreamEvent,
        "anthropic": anthropic.RawMessageStreamEvent,
        "gemini": gemini.GenerateContentResponse,
    }[wire]
    names = _fields_of(ours, {}, set())
    theirs = {name for model in _models_of(root(), {}) for name in model.model_fields}  # type: ignore[attr-defined]
    assert not theirs - names
