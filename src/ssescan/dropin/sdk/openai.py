"""The patches of openai.

`Stream.__stream__` is the loop of every stream: of `create(stream=True)`, the `stream()` helpers,
`with_streaming_response`, and the clients for Azure and others. Our loop reads plain data: JSON that is not an error.
From the first other event on, such as [DONE], the SDK's own loop reads.
"""

from typing import Any

from ...scanner import EventReader
from .libraries import Library, Patch
from .stainless import UNUSUAL, Parser, Stainless, parse_json

# The last events of a stream of Responses. Its other events begin with "response." too.
LAST_EVENTS = ("response.completed", "response.failed", "response.incomplete", "response.cancelled")


def patches(library: Library) -> list[Patch]:
    """Return the patches."""
    return Stainless(library, is_unfinished, parser_for=parser_for).patches()


def parser_for(stream: Any) -> Parser | None:
    """Return the parser of plain events. None if the SDK builds the objects from more than the data."""
    # Older versions have no options, or options without a mode: there, every stream is legacy.
    options = getattr(stream, "_options", None)
    if getattr(options, "synthesize_event_and_data", None):
        return None
    return parse_legacy if getattr(options, "stream_mode", "legacy") == "legacy" else parse


def parse(payload: bytes, reader: EventReader[Any]) -> Any:
    """Return the JSON of an event. UNUSUAL for the end, and for data that is not JSON."""
    if payload.startswith(b"[DONE]"):
        return UNUSUAL
    try:
        return parse_json(payload)
    except (ValueError, RecursionError):
        return UNUSUAL


def parse_legacy(payload: bytes, reader: EventReader[Any]) -> Any:
    """Return the JSON as parse() does. UNUSUAL also for errors, and for the events of the Assistants API."""
    value = parse(payload, reader)
    name = reader.event_name
    is_error = type(value) is dict and value.get("error")
    return UNUSUAL if is_error or (name is not None and name.startswith("thread.")) else value


def is_unfinished(last: Any) -> bool:
    """Return whether more must follow the JSON of an event that was the last one of a body; None: there was none."""
    if type(last) is not dict:
        return last is None
    choices, kind = last.get("choices"), last.get("type")
    if type(choices) is list:
        if not choices:  # the usage comes after the finish reason
            return not last.get("usage")
        return not any(type(choice) is dict and choice.get("finish_reason") for choice in choices)
    return type(kind) is str and kind.startswith("response.") and kind not in LAST_EVENTS
