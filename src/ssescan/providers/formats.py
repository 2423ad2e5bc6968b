"""Which formats there are, and how the first event tells them apart. A format is a file; here is its line.

Knows the look of each format's events, and imports a format's file only when a stream of it is read.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .format_decoder import FormatDecoder

__all__ = ["APIS", "checked_api", "decoder_class", "detect"]

APIS = {
    "openai-chat": "OpenAIChat",
    "openai-responses": "OpenAIResponses",
    "anthropic": "Anthropic",
    "gemini": "Gemini",
    "gemini-interactions": "GeminiInteractions",
}
"""The names of the formats, and the class that reads each, in the file of the format's name."""

ANTHROPIC = ("message_start", "message_delta", "message_stop")
GEMINI = ("candidates", "promptFeedback", "usageMetadata", "modelVersion", "responseId")
INTERACTIONS = ("interaction.", "step.", "content.")
WHOLE = {"response": "openai-responses", "interaction": "gemini-interactions"}
CHAT_OBJECTS = ("chat.completion", "text_completion")


def decoder_class(api: str) -> type[FormatDecoder]:
    """Give the class that reads a format."""
    found: type[FormatDecoder] = getattr(import_module(f".{api.replace('-', '_')}", __package__), APIS[api])
    return found


def checked_api(api: Any) -> str | None:
    """Give a format's name as it was passed. TypeError, ValueError where it is none."""
    if api is None or (isinstance(api, str) and api in APIS):
        return api
    names = ", ".join(map(repr, APIS))
    if not isinstance(api, str):
        raise TypeError(f"api must be a str ({names}) or None, not {type(api).__name__}")
    raise ValueError(f"api must be one of {names}, or None to find it from the first event, not {api!r}")


def detect(value: Any, name: str | None, *, guess: bool) -> str | None:
    """Tell which format an event is of, by its JSON; `name`, the event's own, is looked at where that says nothing.

    None if it is none that is known. With `guess`, also for events that several formats have, errors above all.
    """
    if isinstance(value, list):
        value = next((element for element in value if isinstance(element, dict)), None)
    if not isinstance(value, dict):
        return None
    return _certain(value, name) or (_likely(value, name) if guess else None)


def _certain(value: dict[str, Any], name: str | None) -> str | None:
    kind = value.get("type") if isinstance(value.get("type"), str) else ""
    event_type = value.get("event_type")
    if isinstance(event_type, str) and (event_type.startswith(INTERACTIONS) or event_type == "error"):
        return "gemini-interactions"
    whole = value.get("object")
    if isinstance(whole, str) and whole in WHOLE:  # an answer that was not streamed
        return WHOLE[whole]
    if isinstance(value.get("choices"), list) or _is_chat(value.get("object")):
        return "openai-chat"
    kind = kind or name or ""
    if kind.startswith("response."):
        return "openai-responses"
    if kind in ANTHROPIC or (kind == "message" and "stop_reason" in value) or kind.startswith("content_block_"):
        return "anthropic"
    if any(name in value for name in GEMINI) or _is_early_gemini(value):
        return "gemini"
    return None


def _is_chat(kind: Any) -> bool:
    return isinstance(kind, str) and kind.startswith(CHAT_OBJECTS)


def _is_early_gemini(value: dict[str, Any]) -> bool:
    content = value.get("content")
    return (
        "type" not in value
        and isinstance(content, list)
        and all(isinstance(part, dict) and isinstance(part.get("text"), str) for part in content)
        and isinstance(value.get("meta"), dict)
    )


def _likely(value: dict[str, Any], name: str | None) -> str | None:
    """Tell which format an error is of; where they are alike, the one that most speak."""
    kind = value.get("type") if isinstance(value.get("type"), str) else name
    error = value.get("error")
    if kind == "error" and ("sequence_number" in value or (not error and "code" in value)):
        return "openai-responses"
    if isinstance(error, dict) and value.get("type") == "error":
        return "openai-responses" if "param" in error else "anthropic"
    if isinstance(error, dict) and isinstance(error.get("status"), str) and isinstance(error.get("code"), int):
        return "gemini"
    if error or value.get("object") == "error" or (kind == "error" and "message" in value):
        return "openai-chat"
    return None
