"""Pickle, copy, compare and show deeply nested values without recursion.

Python's own functions recurse, and fail at less depth than a JSON parser accepts. Handles lists, tuples, dicts and the
fields of msgspec's Structs; every other value is a leaf.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DEEP = 32  # levels that Python's own functions can handle, wherever in the stack they are called
LEAVES = frozenset({str, int, float, bool, type(None)})
TOO_DEEP = "(nested too deeply)"


def is_deep(value: Any) -> bool:
    """Return whether a value has more than DEEP levels."""
    level = [value]
    for _ in range(DEEP):
        level = [inner for held in level if type(held) not in LEAVES for inner in _inner(held) or ()]
        if not level:
            return False
    return True


def flattened(value: Any) -> list[Any]:
    """Return the leaves of a value, in order. A tuple that describes it precedes the leaves of each container."""
    flat: list[Any] = []
    left = [value]
    while left:
        held = left.pop()
        inner = _inner(held)
        if inner is None:
            flat.append(held)
            continue
        kind = type(held)
        names = held if kind is dict else None if kind is list or kind is tuple else kind.__struct_fields__
        flat.append((kind, len(held) if names is None else tuple(names)))
        left.extend(reversed(inner))
    return flat


def rebuilt(flat: list[Any]) -> Any:
    """Return the value that was flattened."""
    made: list[Any] = []
    for item in reversed(flat):
        if type(item) is not tuple:
            made.append(item)
            continue
        kind, names = item  # names: for a list or a tuple, the number of its items
        count = names if kind is list or kind is tuple else len(names)
        inner = made[: -count - 1 : -1]
        del made[len(made) - count :]
        if kind is list or kind is tuple:
            made.append(kind(inner))
        else:
            fields = dict(zip(names, inner, strict=True))
            made.append(fields if kind is dict else kind(**fields))
    return made[0]


def equal(one: Any, other: Any) -> bool:
    """Return whether two values are equal, as `==` would."""
    left = [(one, other)]
    while left:
        one, other = left.pop()
        inner = _inner(one)
        if inner is None or type(one) is not type(other):
            if one is not other and one != other:
                return False
        elif type(one) is dict:
            if one.keys() != other.keys():
                return False
            left.extend((value, other[name]) for name, value in one.items())
        else:
            others: Any = _inner(other)
            if len(inner) != len(others):
                return False
            left.extend(zip(inner, others, strict=True))
    return True


def shown(value: Any) -> str:
    """Return the repr of a value, or TOO_DEEP."""
    try:
        return repr(value)
    except RecursionError:
        return TOO_DEEP


def _inner(value: Any) -> Any:
    """Return the values within a container, in order; None for a leaf."""
    kind = type(value)
    if kind in LEAVES:
        return None
    if kind is list or kind is tuple:
        return value
    if kind is dict:
        return list(value.values())
    fields = getattr(kind, "__struct_fields__", None)
    return None if fields is None else [getattr(value, name) for name in fields]
