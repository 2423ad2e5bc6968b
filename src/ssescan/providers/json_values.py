"""Helpers that convert JSON values to the type that a format expects, or to the empty value of that type."""

from __future__ import annotations

from typing import Any

import msgspec

from .._nested import TOO_DEEP


def counts(usage: dict[str, Any], *names: str) -> list[int | None]:
    """Return the fields of a usage with these names, None for each that is missing or not a count of tokens."""
    return [plain_number(usage.get(name)) for name in names]


def plain_number(value: Any) -> int | None:
    """Return a count of tokens, None if the value is not one."""
    if type(value) is int or value is None:
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return int(value) if isinstance(value, int) or value.is_integer() else None


def text_of(value: Any) -> str:
    """Return a text; "" for anything else."""
    return value if isinstance(value, str) else ""


def arguments_of(value: Any) -> str:
    """Return a call's arguments as text: a value is written as JSON."""
    return value if isinstance(value, str) else "" if value is None else compact(value)


def with_unit(item: dict[str, Any], unit: str | None) -> dict[str, Any]:
    """Return a citation with the unit of its offsets, if they have one."""
    return item | {"unit": unit} if unit else item


def without_unit(item: dict[str, Any]) -> dict[str, Any]:
    """Return a citation as it came: the unit is ours."""
    return {name: value for name, value in item.items() if name != "unit"}


def list_of(value: Any) -> list[Any]:
    """Return a list; an empty one for anything else."""
    return value if isinstance(value, list) else []


def dict_of(value: Any) -> dict[str, Any]:
    """Return an object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def is_same_json(one: Any, other: Any) -> bool:
    """Return whether two values are the same JSON, whatever the order of their keys; False for nested too deeply."""
    try:
        return msgspec.json.encode(one, order="deterministic") == msgspec.json.encode(other, order="deterministic")
    except RecursionError:
        return False


def is_same_text(one: str, other: str) -> bool:
    """Return whether two texts are the same JSON."""
    try:
        return is_same_json(msgspec.json.decode(one), msgspec.json.decode(other))
    except (ValueError, RecursionError):
        return one == other


def compact(value: Any) -> str:
    """Return a value as JSON text.

    If the value is nested too deeply to be written, return text that is not JSON but gives the reason: the call is then
    invalid. A value that could be read may be too deep: before Python 3.12, frames and nesting share one limit.
    """
    try:
        return msgspec.json.encode(value).decode()
    except RecursionError:
        return TOO_DEEP
