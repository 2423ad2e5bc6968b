"""Write the wire objects of each API, `src/ssescan/providers/_wire/`, from the types of its official SDK.

Reads the installed openai, anthropic and google-genai. An SDK has a model for each kind of event, block or item; here
the models that can stand at one place become one Struct that has the fields of all of them, because msgspec decodes a
single class fastest. `wire_tables.py` has what the types do not say: names, fields that servers add, texts.

With `--check`, nothing is written: the differences are printed, and the exit status is 1 if there are any.
"""

from __future__ import annotations

import argparse
import datetime as dt
import difflib
import enum
import re
import sys
import textwrap
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from wire_tables import FORMATS, Format

FOLDER = Path(__file__).parent.parent / "src" / "ssescan" / "providers" / "_wire"
WIDTH = 120  # as for ruff
SCALARS = (str, int, float, bool)

Model = type[BaseModel]


# Read annotations.


@dataclass
class Shape:
    """The values that are allowed at one place: scalars, lists, dicts and models, or any value."""

    anything: bool = False
    scalars: list[type] = field(default_factory=list)
    models: list[Model] = field(default_factory=list)
    items: list[Any] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def add(self, annotation: Any) -> None:
        """Add what an annotation allows. None is left out: every field of a wire object may be None."""
        annotation = getattr(annotation, "__value__", annotation)  # of a `type` statement
        origin, arguments = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            self.add(arguments[0])
        elif origin in (Union, types.UnionType):
            for argument in arguments:
                self.add(argument)
        elif origin is Literal:
            for argument in arguments:
                self.add(type(argument))
        elif origin is list:
            self.items.append(arguments[0])
        elif origin is dict:
            self.values.append(arguments[1])
        elif annotation is dict:
            self.values.append(Any)
        elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
            _append(self.models, annotation)
        elif annotation is not type(None):
            self._add_scalar(annotation)

    def _add_scalar(self, annotation: Any) -> None:
        # JSON has text for these three; it is kept as sent.
        if annotation in (bytes, dt.datetime) or _is_a(annotation, enum.Enum):
            annotation = str
        found = [scalar for scalar in SCALARS if _is_a(annotation, scalar)]
        if found:
            _append(self.scalars, found[-1])
        else:
            self.anything = True

    def levels(self, place: str) -> Iterator[tuple[str, list[Model]]]:
        """Yield the models of each level, with its place: `A.b` itself, `A.b[]` in a list or a dict."""
        if self.models:
            yield place, self.models
        for inner in (self.items, self.values):
            if inner:
                yield from shape_of(inner).levels(f"{place}[]")


def shape_of(annotations: list[Any]) -> Shape:
    shape = Shape()
    for annotation in annotations:
        shape.add(annotation)
    return shape


def _is_a(annotation: Any, cls: type) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, cls)


def _append(found: list[Any], value: Any) -> None:
    if value not in found:
        found.append(value)


# Find the models, and those that share a class.


@dataclass
class WireClass:
    """A class to write: the models that it replaces, and its places, as `Choice.delta` or `Choice.logprobs[]`."""

    name: str
    models: list[Model]
    fields: dict[str, Shape]
    places: list[str] = field(default_factory=list)


class Walk:
    """The models that the types of a format lead to, in groups: each group becomes a class."""

    def __init__(self, format: Format) -> None:
        self.format = format
        self.rank: dict[Model, int] = {}
        self.group: dict[Model, list[Model]] = {}
        roots = shape_of(format.load()).models
        for root in roots:
            self._find(root)
        self._join(roots)
        self.classes = self._classes(roots[0])
        self.class_of = {model: cls for cls in self.classes for model in cls.models}

    def plain_name(self, model: Model) -> str:
        return model.__name__.removeprefix(self.format.prefix)

    def _find(self, model: Model) -> None:
        if model in self.group:
            return
        self.rank[model] = len(self.rank)
        self.group[model] = [model]
        for shape in self._fields([model]).values():
            for _, models in shape.levels(""):
                for inner in models:
                    self._find(inner)

    def _fields(self, models: list[Model]) -> dict[str, Shape]:
        fields: dict[str, list[Any]] = {}
        for model in models:
            for name, info in model.model_fields.items():
                fields.setdefault(name, []).append(Any if name in self.format.untyped else info.annotation)
        return {name: shape_of(annotations) for name, annotations in fields.items()}

    def _join(self, models: list[Model]) -> bool:
        """Put models into one group. Return whether they were in several."""
        groups = {id(self.group[model]): self.group[model] for model in models}
        if len(groups) > 1:
            together = sorted((model for group in groups.values() for model in group), key=self.rank.__getitem__)
            self.group.update((model, together) for model in together)
        return len(groups) > 1

    def _classes(self, root: Model) -> list[WireClass]:
        """Return the classes, the event first. Models that share a place share a class, as do those of one name."""
        joined = True
        while joined:
            joined = False
            classes = {id(self.group[root]): WireClass(self.format.root, self.group[root], {})}
            for cls in (pending := list(classes.values())):
                cls.fields = self._fields(cls.models)
                for place, models in [
                    level for name, shape in cls.fields.items() for level in shape.levels(f"{cls.name}.{name}")
                ]:
                    joined |= self._join(models)
                    group = self.group[models[0]]
                    if id(group) not in classes and self._fields(group):
                        name = self.format.names.get(place, self.plain_name(group[0]))
                        classes[id(group)] = WireClass(name, group, {})
                        pending.append(classes[id(group)])
                    if id(group) in classes:
                        classes[id(group)].places.append(place)
            by_name: dict[str, list[Model]] = {}
            for cls in pending:
                by_name.setdefault(cls.name, []).append(cls.models[0])
            joined |= any(self._join(models) for models in by_name.values())
        return pending


# Write the classes.


def annotation(shape: Shape, walk: Walk) -> str:
    """Return the type for msgspec, in whose unions only one option may be a dict or a class."""
    options = [scalar.__name__ for scalar in SCALARS if scalar in shape.scalars]
    if "float" in options and "int" in options:
        options.remove("int")
    if shape.items:
        options.append(f"list[{annotation(shape_of(shape.items), walk)}]")
    named = any(model in walk.class_of for model in shape.models)
    if shape.anything or (named and shape.values):
        return "Any"
    if named:
        options.append(walk.class_of[shape.models[0]].name)
    elif shape.models or shape.values:
        values = [*shape.values, Any] if shape.models else shape.values  # a model without fields is a dict of anything
        options.append(f"dict[str, {annotation(shape_of(values), walk)}]")
    return " | ".join(options)


def types_of(cls: WireClass, walk: Walk) -> dict[str, str]:
    """Return the type of each field, of the SDK's first and then of those that servers add."""
    types = {name: annotation(shape, walk) for name, shape in cls.fields.items()}
    return types | {name: type for name, type in walk.format.added.get(cls.name, {}).items() if name not in types}


def in_order(walk: Walk) -> list[tuple[WireClass, frozenset[str]]]:
    """Return each class after those that its types name, with the exceptions: of a cycle, one class has to be first."""
    classes = {cls.name: cls for cls in walk.classes}
    found: dict[str, frozenset[str]] = {}

    def visit(name: str, waiting: frozenset[str]) -> None:
        if name not in found and name not in waiting:
            waiting |= {name}
            for inner in (word for type in types_of(classes[name], walk).values() for word in words(type)):
                if inner in classes:
                    visit(inner, waiting)
            found[name] = waiting

    for name in classes:
        visit(name, frozenset())
    return [(classes[name], waiting) for name, waiting in found.items()]


def words(type: str) -> list[str]:
    return re.findall(r"\w+", type)


def class_text(cls: WireClass, walk: Walk, unknown: frozenset[str]) -> str:
    """Return the code of a class. Types are in quotes if they name one of `unknown`, the classes that come later."""
    format = walk.format
    bases = f"{format.methods[cls.name]}, WireObject" if cls.name in format.methods else "WireObject"
    rename = ', rename="camel"' if format.camel else ""
    lines = [f"class {cls.name}({bases}, gc=False{rename}):", *docstring(cls, walk), ""]
    aliases = {name: info.alias for model in cls.models for name, info in model.model_fields.items()}
    for name, type in types_of(cls, walk).items():
        optional = type if type == "Any" else f"{type} | None"
        if not unknown.isdisjoint(words(type)):
            optional = f'"{optional}"'
        key = None if format.camel else aliases.get(name)
        default = "None" if key in (None, name) else f'field(default=None, name="{key}")'
        if name not in aliases and ADDED not in lines:
            lines.append(ADDED)
        lines.append(f"    {name}: {optional} = {default}")
    return "\n".join(lines)


ADDED = "    # Not in the SDK's types, which keep them as extra attributes."


def docstring(cls: WireClass, walk: Walk) -> list[str]:
    paragraphs = (walk.format.texts.get(cls.name) or places_text(cls.places)).split("\n")
    names = list(dict.fromkeys(map(walk.plain_name, cls.models)))
    if names != [cls.name]:
        paragraphs.append(f"Has the fields of the SDK's {', '.join(names)}.")
    wrapped = [textwrap.wrap(text, WIDTH - 4, break_long_words=False) for text in paragraphs]
    if len(wrapped) == 1 and len(wrapped[0]) == 1 and len(wrapped[0][0]) <= WIDTH - 10:
        return [f'    """{wrapped[0][0]}"""']
    lines = [line for text in wrapped for line in ("", *text)][1:]
    return [f'    """{lines[0]}', *(f"    {line}".rstrip() for line in lines[1:]), '    """']


def places_text(places: list[str]) -> str:
    owners: dict[str, list[str]] = {}
    for place in places:
        owner, _, name = place.rstrip("[]").partition(".")
        _append(owners.setdefault(owner, []), f"`{name}`")
    found = []
    for owner, names in owners.items():
        named = " and ".join(names if len(names) < 4 else [names[0], "others"])
        found.append(f"the {named} of {owner}")
    text = ", and ".join(found if len(found) < 3 else [found[0], "of others"])
    return f"{text[:1].upper()}{text[1:]}." if text else "An event."


def module_text(format: Format) -> str:
    """Return the file of a format, in the way that ruff formats it."""
    walk = Walk(format)
    classes = "\n\n\n".join(class_text(cls, walk, unknown) for cls, unknown in in_order(walk))
    exported = sorted([*(cls.name for cls in walk.classes), format.reader, f"a{format.reader}"])
    wire = [f'"{format.api}"', format.root, *([f'"{format.kind}"'] if format.kind else [])]
    wire += [f"({', '.join(map(repr, format.silent))},)".replace("'", '"')] if format.silent else []
    methods = ", ".join(sorted(set(format.methods.values())))
    return TEMPLATE.format(
        format=format,
        version=version(format.sdk),
        field="from msgspec import field\n\n" if "field(default" in classes else "",
        methods=f"from .methods import {methods}\n" if methods else "",
        exported="\n".join(f'    "{name}",' for name in exported),
        classes=classes,
        wire=", ".join(wire),
    )


# Annotations of fields are evaluated at once, which is faster than by msgspec from strings; those of functions never.
TEMPLATE = '''\
# Generated by tools/generate_wire.py from the types of {format.sdk} {version}. Do not edit this file: run `make wire`.
"""{format.title}: {format.root} and what is in it{format.note}.

{format.url}
"""

from typing import TYPE_CHECKING, Any

{field}from ..wire_streams import AsyncWireStream, Wire, WireStream
from .base import WireObject, publish
{methods}
if TYPE_CHECKING:
    from ...stalls import Stall
    from ..streams import AsyncEvents, SyncEvents

__all__ = [
{exported}
]


{classes}


WIRE = Wire({wire})


def {format.reader}(
    source: "SyncEvents", *, strict: "bool" = True, stall: "Stall | None" = None
) -> "WireStream[{format.root}]":
    """Return the {format.objects} of {format.stream}, with the attributes of the `{format.sdk}` package.

    `source`, `strict` and `stall` are as for ssescan.stream. An error that the provider sends, and data that is not
    JSON, raise ProviderError in their turn; with strict=False they yield no object, and the loop goes on.

    Returns a WireStream. Wrong use raises TypeError or ValueError at once. Reading raises UnknownFormat for a stream of
    another API, ProviderError, StreamCut if the stream ends before the answer does, and the errors of iter_events.
    """
    return WireStream(WIRE, source, strict, stall, "{format.reader}")


def a{format.reader}(
    source: "AsyncEvents", *, strict: "bool" = True, stall: "Stall | None" = None
) -> "AsyncWireStream[{format.root}]":
    """Return the {format.objects} of {format.stream}, under asyncio or trio. See {format.reader}()."""
    return AsyncWireStream(WIRE, source, strict, stall, "a{format.reader}")


publish(globals())
'''


def difference(file: Path, text: str) -> list[str]:
    """Return a diff between a file and its new text. It leaves out the first line, which has the SDK's version."""
    old = file.read_text(encoding="utf-8").splitlines()[1:] if file.exists() else []
    new = text.splitlines()[1:]
    return list(difflib.unified_diff(old, new, f"{file.name} now", f"{file.name} generated", lineterm=""))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing, and show what would change")
    check = parser.parse_args().check
    changed = False
    for format in FORMATS:
        file, text = FOLDER / f"{format.module}.py", module_text(format)
        if check and (lines := difference(file, text)):
            changed = True
            print(f"{format.sdk} {version(format.sdk)} would change {file.name}; run `make wire`:", *lines, sep="\n")
        elif not check:
            file.write_text(text, encoding="utf-8")
    return int(changed)


if __name__ == "__main__":
    sys.exit(main())
