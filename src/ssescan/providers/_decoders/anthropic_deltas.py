"""The types of the deltas of Anthropic Messages, by the fields that have a piece of a block.

Knows deltas, and nothing of blocks.
"""

from __future__ import annotations

from typing import Any

from ..json_values import dict_of

PIECES = {
    "text": "text_delta", "thinking": "thinking_delta", "partial_json": "input_json_delta",
    "signature": "signature_delta", "citation": "citations_delta",
}  # fmt: skip
"""The type of the delta for each field that has a piece of a block."""


def by_type(event: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the event of a delta; after it, one for each field of another type of delta that stands in it.

    The fields of a delta that lost its type show what it is.
    """
    delta = dict_of(event.get("delta"))
    kind = delta.get("type")
    if kind and kind not in PIECES.values():
        return [event]
    others = {name: of for name, of in PIECES.items() if of != kind and delta.get(name) not in (None, "")}
    if not others:
        return [event]
    own = {name: value for name, value in delta.items() if name not in others and (kind or name != "type")}
    of_others = [event | {"delta": {"type": of, name: delta[name]}} for name, of in others.items()]
    return [event | {"delta": own}, *of_others] if own else of_others
