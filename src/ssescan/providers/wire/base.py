"""The class that all objects of the wire are: they hold any JSON, so it is copied and compared at any depth."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from ..parts import Nested

__all__ = ["WireObject"]


class WireObject(Nested, Struct, gc=False):
    """An object as an API sends it. Can be changed, so it has no hash."""

    __hash__: ClassVar[None]  # type: ignore[assignment]
