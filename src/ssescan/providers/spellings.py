"""The spelling of the numbers of an event: `1.0` and `1e5` are other texts than `1` and `100000` (R25).

A number may stand where a text is expected, and is read as its JSON text. A parser keeps only the value, so the event
is looked through once more, as soon as the first of its numbers is asked for. Knows no wire format.
"""

from __future__ import annotations

import re

_TOKEN = re.compile(
    rb'"(?P<text>(?:[^"\\]|\\.)*+)"(?P<is_name>\s*+:)?|(?P<number>-?[0-9]++(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?)',
    re.DOTALL,
)
_NOT_TEXTS = frozenset((b"created", b"created_at", b"index", b"output_index", b"content_index", b"sequence_number"))
"""Fields that never hold a text."""
_MAX_DIGITS = 4000  # Python refuses to read longer integers
_SPECIAL = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


class Spellings:
    """The numbers of one event, each with its spellings in their order: the first one that is asked for comes first."""

    __slots__ = ("_found", "_payload")

    def __init__(self) -> None:
        self._payload: bytes | None = None
        self._found: dict[tuple[bool, float], list[str]] = {}

    def of(self, number: bool | float, payload: bytes) -> str:
        """Return a number or a boolean as it stands in a payload."""
        if isinstance(number, bool):
            return "true" if number else "false"
        if payload is not self._payload:
            self._payload, self._found = payload, _spellings(payload)
        if not payload:
            return _plain(number)
        spellings = self._found.get((isinstance(number, float), number))
        if not spellings:
            return _plain(number)
        return spellings.pop() if len(spellings) > 1 else spellings[0]


def _plain(number: float) -> str:
    text = str(number)
    return _SPECIAL.get(text, text)


def _spellings(payload: bytes) -> dict[tuple[bool, float], list[str]]:
    """Return the spellings of each number, the last one first; those of fields that may be texts come before others."""
    found: dict[tuple[bool, float], list[str]] = {}
    others: dict[tuple[bool, float], list[str]] = {}
    name = b""
    for token in _TOKEN.finditer(payload):
        if token["is_name"]:
            name = token["text"]
        elif (spelling := token["number"]) is not None and len(spelling) < _MAX_DIGITS:
            kept = others if name in _NOT_TEXTS else found
            text = spelling.decode()
            is_integer = text.lstrip("-").isdigit()
            if is_integer:
                kept.setdefault((False, int(text)), []).append(text)
            if not is_integer or len(text) > 18:  # msgspec reads large integers as floats
                kept.setdefault((True, float(text)), []).append(text)
    for key, spellings in others.items():
        found.setdefault(key, spellings)
    for spellings in found.values():
        spellings.reverse()
    return found
