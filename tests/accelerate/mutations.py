"""Mutations of JSON: fields dropped, renamed, set to null, of another type, with unknown words and names, at any depth."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

OTHERS: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 3, 2**53 + 1, 10**30, 0.5, 7.0, -0.0, 1e400, "", "0", "123", "1.5", "true", "null",
    "no such literal", "2026-11-25T10:00:00Z", "\u2028", [], {}, [None], ["a"], [{}], [[]], [{"type": "no such type"}],
    {"type": "no such type"}, {"index": 0}, {"text": "t", "type": "text"}, [{"index": 0}], {"a": {"b": [1, {"c": None}]}},
)  # fmt: skip
NAMES = (
    "no_such_field", "type", "index", "id", "object", "_fields_set", "__dict__", "model_config", "self", "cls", "value",
    "error", "event", "from", "schema", "finishReason", "finish_reason", "_request_id", "", "\u00e9",
)  # fmt: skip


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every place in a JSON value: its container, and the key or index in it."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield value, key
            yield from places(item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield value, index
            yield from places(item)


def mutated(value: Any, random: Random) -> Any:
    """Return a copy with one to three changes; rarely, JSON of another kind."""
    if random.random() < 0.01:
        return copy.deepcopy(random.choice(OTHERS))
    value = copy.deepcopy(value)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        found = list(places(value))
        if not found:
            return value
        holder, key = random.choice(found)
        kind = random.randrange(8)
        if kind == 0:
            del holder[key]
        elif kind == 1:
            holder[key] = None
        elif kind == 2:
            holder[key] = copy.deepcopy(random.choice(OTHERS))
        elif kind == 3:
            holder[key] = (
                f"{holder[key]}" if not isinstance(holder[key], str) else random.choice(("unknown_word", 5, [5]))
            )
        elif kind == 4 and isinstance(holder, dict):
            holder[random.choice(NAMES)] = copy.deepcopy(random.choice(OTHERS))
        elif kind == 5:
            holder[key] = [holder[key]]
        elif kind == 6 and isinstance(holder, dict):
            holder[random.choice(NAMES)] = holder.pop(key)
        else:
            other, there = random.choice(found)
            holder[key] = copy.deepcopy(other[there])
    return value
