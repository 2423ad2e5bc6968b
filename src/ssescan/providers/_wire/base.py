"""The base class of all wire objects, and the name of the module that they show."""

from __future__ import annotations

from importlib import import_module
from typing import Any, ClassVar, get_type_hints

from msgspec import Struct

from ..parts import Nested

__all__ = ["WireObject", "publish"]


class WireObject(Nested, Struct, gc=False):
    """An object as an API sends it: it holds any JSON, at any depth. It is mutable, so it has no hash."""

    __hash__: ClassVar[None]  # type: ignore[assignment]


def publish(names: dict[str, Any]) -> None:
    """Set `__module__` of all that a file of this package exports to the public module of the file's name.

    Callers find it there, and pickles refer to it there. `names` are the globals of the file.
    """
    public = import_module(names["__name__"].replace("._wire.", "."))
    for exported in map(names.__getitem__, names["__all__"]):
        if isinstance(exported, type):
            _resolve(exported)
        # A name that the public module uses for something else cannot be found there.
        if vars(public).get(exported.__name__, exported) is exported:
            exported.__module__ = public.__name__


def _resolve(cls: type) -> None:
    """Evaluate the annotations in quotes: msgspec looks their names up in the module that the class says it is of."""
    annotations = cls.__annotations__
    if any(isinstance(annotation, str) for annotation in annotations.values()):
        hints = get_type_hints(cls)
        cls.__annotations__ = {name: hints[name] for name in annotations}
