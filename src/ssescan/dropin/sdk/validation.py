"""Validation that knows the variant of a union by its tag, where pydantic would try one after the other.

The unions of the SDKs' models say nothing to pydantic of the field that tells their variants apart: it validates a
value as each of them, and takes the best. Where every variant has a required field of the same name, with literals that
no other variant has, only one of them can be valid: so a value goes to that one at once. What is not valid there is
valid nowhere, and whoever asked does then what he does with such a value.

Knows pydantic's core schemas. Knows no SDK.
"""

from __future__ import annotations

from typing import Any

from pydantic_core import SchemaValidator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# What is no schema, though it may look like one.
_OPAQUE = frozenset({"metadata", "serialization", "default", "expected", "config", "function", "cls", "discriminator"})

# What a union keeps when it gets a discriminator.
_KEPT = ("ref", "metadata", "serialization", "strict")


def validator(adapter: Any) -> Callable[[Any], Any]:
    """Give the function that validates as the TypeAdapter does. It raises ValidationError for the same values."""
    schema = adapter.core_schema
    return function_of(_tagged(schema, _definitions(schema)))


def function_of(schema: Any) -> Callable[[Any], Any]:
    """Give the function that validates parsed JSON as a core schema says."""
    # Without the option, a model within would be validated by its own class's validator, and not as the schema says.
    try:
        return SchemaValidator(schema, _use_prebuilt=False).validate_python
    except TypeError:  # an older pydantic, which builds all anew
        return SchemaValidator(schema).validate_python


def _definitions(schema: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    waiting = [schema]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            if isinstance(node.get("ref"), str):
                found[node["ref"]] = node
            waiting += [part for key, part in node.items() if key not in _OPAQUE]
        elif isinstance(node, (list, tuple)):
            waiting += node
    return found


def _tagged(node: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(node, (list, tuple)):
        return type(node)([_tagged(part, definitions) for part in node])
    if not isinstance(node, dict):
        return node
    if node.get("type") == "union" and (union := _tagged_union(node, definitions)):
        node = union
    return {key: part if key in _OPAQUE else _tagged(part, definitions) for key, part in node.items()}


def _tagged_union(union: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any] | None:
    """Give the union with a discriminator, or None if no field of the variants can be one."""
    if union.get("mode", "smart") != "smart" or union.get("custom_error_type"):
        return None
    choices = [choice[0] if isinstance(choice, tuple) else choice for choice in union["choices"]]
    literals = [_literals(choice, definitions) for choice in choices]
    for field in literals[0]:
        if not all(field in of_choice for of_choice in literals):
            continue
        tags = {word: choice for choice, words in zip(choices, literals, strict=True) for word in words[field]}
        if len(tags) == sum(len(words[field]) for words in literals):
            kept: dict[str, Any] = {key: union[key] for key in _KEPT if key in union}
            return {"type": "tagged-union", "choices": tags, "discriminator": field, **kept}
    return None


def _literals(choice: dict[str, Any], definitions: dict[str, Any]) -> dict[str, list[str]]:
    """Give the required fields of a model whose type is a literal of strings, with those strings."""
    if choice["type"] == "definition-ref":
        choice = definitions.get(choice["schema_ref"], choice)
    if choice["type"] != "model" or choice.get("root_model") or choice.get("custom_init"):
        return {}
    fields = choice["schema"]
    if fields["type"] != "model-fields":
        return {}
    found = {}
    for name, field in fields["fields"].items():
        schema = field["schema"]
        if schema["type"] == "literal" and "validation_alias" not in field:
            words = schema["expected"]
            if all(isinstance(word, str) for word in words):
                found[name] = words
    return found
