"""Validation that finds the variant of a union by its tag, where pydantic would try all variants.

In the SDKs' models, a union has no discriminator for pydantic: it validates a value as each of the variants and chooses
the best result. If every variant has a required field of the same name, and no two variants share a literal of that
field, only one variant can be valid, and the value goes to it directly. A value that is not valid there is not valid as
any variant.

Knows the core schemas and the models of pydantic; `known_versions.py` has their fingerprints. Knows no SDK.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import pydantic
from pydantic_core import SchemaValidator


class _Required(NamedTuple):
    """The required fields of a model, and the models among them that have required fields too."""

    names: frozenset[str]
    inner: tuple[tuple[str, "_Required"], ...]


# Functions that set the slots of a model, as `model_construct()` does: they skip the model's own __setattr__.
MODEL_SLOTS: tuple[Callable[[Any, Any], None], ...] = tuple(
    vars(pydantic.BaseModel)[name].__set__
    for name in ("__dict__", "__pydantic_private__", "__pydantic_extra__", "__pydantic_fields_set__")
)
# A field with a schema of these types is required. Other schemas may contain a default.
_WITHOUT_DEFAULT = frozenset(
    {"any", "bool", "dict", "float", "int", "list", "literal", "model", "nullable", "str", "tagged-union", "union"}
)
# Keys of a core schema whose value is not a schema, though it may look like one.
_OPAQUE = frozenset({"metadata", "serialization", "default", "expected", "config", "function", "cls", "discriminator"})

# The keys of a union that stay when it gets a discriminator.
_KEPT = ("ref", "metadata", "serialization", "strict")


def validator_for(adapter: Any) -> Callable[[Any], Any]:
    """Return a function that validates as the TypeAdapter does. It raises ValidationError for the same values."""
    schema = adapter.core_schema
    definitions = _definitions(schema)
    return schema_validator(rewritten(schema, lambda node: _with_discriminator(node, definitions)))


def lacks_fields(adapter: Any) -> Callable[[Any], bool]:
    """Return a function that returns True for a value that is not valid, because it lacks a required field.

    The function finds this sooner than a validation, which examines all other fields. It returns False for all values
    of a union that does not get a discriminator.
    """
    schema = adapter.core_schema
    definitions = _definitions(schema)
    union = schema["schema"] if schema["type"] == "definitions" else schema
    tagged = _with_discriminator(union, definitions)
    if tagged.get("type") != "tagged-union":
        return lambda value: False
    field = tagged["discriminator"]
    variants = {tag: _required(choice, definitions) for tag, choice in tagged["choices"].items()}

    def lacks(value: dict[str, Any], required: _Required) -> bool:
        if not required.names <= value.keys():
            return True
        for name, of_inner in required.inner:
            inner = value[name]
            if type(inner) is dict and lacks(inner, of_inner):
                return True
        return False

    def lacks_fields_of_variant(value: Any) -> bool:
        if type(value) is not dict:
            return False
        tag = value.get(field)
        required = variants.get(tag) if type(tag) is str else None
        return required is not None and lacks(value, required)

    return lacks_fields_of_variant


def schema_validator(schema: Any) -> Callable[[Any], Any]:
    """Return the function that validates parsed JSON by a core schema."""
    # By default, pydantic validates a model in the schema by the validator of its class, and ignores our changes.
    try:
        return SchemaValidator(schema, _use_prebuilt=False).validate_python
    except TypeError:  # a pydantic before 2.13, which has no such default
        return SchemaValidator(schema).validate_python


def rewritten(node: Any, rewrite: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    """Return a copy of a core schema in which `rewrite` has replaced each dict, the outer ones first."""
    if isinstance(node, (list, tuple)):
        return type(node)([rewritten(part, rewrite) for part in node])
    if not isinstance(node, dict):
        return node
    return {key: part if key in _OPAQUE else rewritten(part, rewrite) for key, part in rewrite(node).items()}


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


def _with_discriminator(union: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Return a core schema, with a discriminator if it is a union and a field of all variants can be one."""
    if union.get("type") != "union" or union.get("mode", "smart") != "smart" or union.get("custom_error_type"):
        return union
    choices = [choice[0] if isinstance(choice, tuple) else choice for choice in union["choices"]]
    literals = [_literals(choice, definitions) for choice in choices]
    for field in literals[0]:
        if not all(field in of_choice for of_choice in literals):
            continue
        tags = {word: choice for choice, words in zip(choices, literals, strict=True) for word in words[field]}
        if len(tags) == sum(len(words[field]) for words in literals):
            kept: dict[str, Any] = {key: union[key] for key in _KEPT if key in union}
            return {"type": "tagged-union", "choices": tags, "discriminator": field, **kept}
    return union


def _required(choice: dict[str, Any], definitions: dict[str, Any]) -> _Required:
    """Return the required fields of a model, and of the models that are required in it."""
    fields = _fields(choice, definitions)
    names = {
        name
        for name, field in fields.items()
        if "validation_alias" not in field and _resolved(field["schema"], definitions)["type"] in _WITHOUT_DEFAULT
    }
    inner = ((name, _required(fields[name]["schema"], definitions)) for name in sorted(names))
    return _Required(frozenset(names), tuple((name, required) for name, required in inner if required.names))


def _literals(choice: dict[str, Any], definitions: dict[str, Any]) -> dict[str, list[str]]:
    """Return the required fields of a model whose type is a literal of strings, with those strings."""
    found = {}
    for name, field in _fields(choice, definitions).items():
        schema = field["schema"]
        if schema["type"] == "literal" and "validation_alias" not in field:
            words = schema["expected"]
            if all(isinstance(word, str) for word in words):
                found[name] = words
    return found


def _fields(choice: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a model's schema; none for other schemas, and for models that make objects in their way."""
    choice = _resolved(choice, definitions)
    if choice["type"] != "model" or choice.get("root_model") or choice.get("custom_init"):
        return {}
    fields = choice["schema"]
    found: dict[str, Any] = fields["fields"] if fields["type"] == "model-fields" else {}
    return found


def _resolved(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    return definitions.get(schema["schema_ref"], schema) if schema["type"] == "definition-ref" else schema
