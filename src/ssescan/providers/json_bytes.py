"""JSON as bytes, for writers: never an error, whatever the value, and never a line end within it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from .._nested import TOO_DEEP
from .surrogates import joined

if TYPE_CHECKING:
    from collections.abc import Callable

encode_json: Callable[[Any], bytes] = msgspec.json.Encoder().encode


def encode_text(text: str) -> bytes:
    """Return a text as JSON. A lone surrogate, which UTF-8 cannot have, becomes U+FFFD."""
    try:
        return encode_json(text)
    except UnicodeEncodeError:
        return encode_json(joined(text))


def encode_value(value: Any) -> bytes:
    """Return any value as JSON. What JSON cannot have is written as its text, what is nested too deeply as a reason."""
    try:
        return encode_json(value)
    except UnicodeEncodeError:
        return encode_json(_with_valid_text(value))
    except RecursionError:
        return encode_json(TOO_DEEP)
    except TypeError:
        return encode_text(str(value))


def is_json_object(text: str) -> bool:
    """Return whether a text is one JSON object."""
    try:
        return isinstance(msgspec.json.decode(text), dict)
    except (ValueError, RecursionError):
        return False


def json_object(text: str) -> bytes | None:
    """Return a text that is a JSON object as bytes on one line, as it is spelled; None if it is not one."""
    if not is_json_object(text):
        return None
    # Between the tokens, a line end is as good as a space; within a string, JSON cannot have one.
    return text.replace("\r", " ").replace("\n", " ").strip().encode("utf-8", "replace")


def _with_valid_text(value: Any) -> Any:
    if isinstance(value, str):
        return joined(value)
    if isinstance(value, dict):
        return {_with_valid_text(name): _with_valid_text(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_with_valid_text(item) for item in value]
    return value
