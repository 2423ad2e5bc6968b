"""A base class that can be subscripted, as `typing.Generic` is, which is slow to import."""

from __future__ import annotations

from types import GenericAlias

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Generic

    from typing_extensions import TypeVar

    from .scanner import ServerSentEvent

    E_co = TypeVar("E_co", covariant=True, default=ServerSentEvent)

    class Subscriptable(Generic[E_co]):
        pass

else:
    E_co = object  # of annotations and subscripts, which nothing reads at run time

    class Subscriptable:
        __slots__ = ()
        __class_getitem__ = classmethod(GenericAlias)
