"""Incomplete events: complete events made from the models of an SDK, and copies with one or two changed fields."""

from __future__ import annotations

import copy
import inspect
import itertools
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

import pydantic

from .mutations import places

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

MAX_DEPTH = 6
# Of an event with more places than this, only so many are changed, chosen by chance.
MAX_PLACES = 24
REMOVED: Any = object()
# What a field becomes: some are of a type that the SDKs convert.
CHANGES: tuple[Any, ...] = (REMOVED, None, "1", 1, 7.0, "no such literal", True, [], {}, [None], [{}], {"type": "no"})
CHANGES_OF_PAIRS = CHANGES[:4]
SIMPLE: dict[Any, Any] = {str: "s", int: 1, float: 0.5, bool: True, object: {"a": [1]}, Any: {"a": [1]}}


def models_of(annotation: Any) -> list[Any]:
    """Return the models of a union, or the model."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return list(get_args(annotation)) or [annotation]


def complete(annotation: Any, depth: int = 0) -> Any:
    """Return JSON that is valid for a type, with all fields; where it is deep, with the required ones."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Annotated, Union):
        return complete(arguments[0], depth)
    if origin is Literal:
        return arguments[0]
    if origin is list:
        return [complete(arguments[0], depth + 1)] if depth < MAX_DEPTH else []
    if origin is dict:
        return {"key": complete(arguments[1], depth + 1)}
    if inspect.isclass(annotation) and issubclass(annotation, pydantic.BaseModel):
        return {
            field.alias or name: complete(field.annotation, depth + 1)
            for name, field in annotation.model_fields.items()
            if field.is_required() or depth < MAX_DEPTH
        }
    return SIMPLE.get(annotation, "2026-11-25T10:00:00Z")


def incomplete(event: dict[str, Any], random: Random) -> Iterator[dict[str, Any]]:
    """Yield copies of an event in which a value, at any depth, or two of its fields are missing, null or retyped."""
    count = sum(1 for _ in places(event))
    chosen = range(count) if count <= MAX_PLACES else sorted(random.sample(range(count), MAX_PLACES))
    for place, change in itertools.product(chosen, CHANGES):
        made = copy.deepcopy(event)
        put(*next(itertools.islice(places(made), place, None)), change)
        yield made
    for pair, change in itertools.product(itertools.combinations(event, 2), CHANGES_OF_PAIRS):
        made = copy.deepcopy(event)
        for key in pair:
            put(made, key, change)
        yield made


def put(holder: Any, key: Any, change: Any) -> None:
    """Change the value at a place."""
    if change is REMOVED:
        del holder[key]
    else:
        holder[key] = copy.deepcopy(change)
