"""The streams of wire objects. Decides which events yield an object, and which raise.

Every format has a Wire, which describes its objects. An object is decoded directly from the bytes of an event; if the
JSON does not fit, the object is built field by field, and that never fails. The format's decoder reads the same events:
for the message so far, and to know whether the stream was cut or the provider reported an error. Knows no wire format.
"""

from __future__ import annotations

from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar, get_args, get_origin

import msgspec
from msgspec import Struct

from .format_decoder import DAMAGED, decoder
from .message_decoder import MessageDecoder
from .payloads import DONE, keyed_fields_of, load, options_of, values
from .streams import AsyncShell, Shell, checked_strict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..errors import SsescanError
    from ..scanner import EventReader
    from ..stalls import Stall
    from .format_decoder import FormatDecoder
    from .parts import Part
    from .streams import AsyncEvents, SyncEvents

T = TypeVar("T", bound=Struct)
T_co = TypeVar("T_co", bound=Struct, covariant=True)


class Wire(NamedTuple, Generic[T]):
    """The objects of a format.

    `kind`: the attribute with the type of an event, "" if the format has one type only; if the JSON lacks it, the name
    of the event is used. `silent`: the types that are keep-alives and have no object.
    """

    api: str
    cls: type[T]
    kind: str = ""
    silent: tuple[str, ...] = ()


class WireStream(Shell[T_co]):
    """An iterator of wire objects, and a context manager that closes the source.

    `message` is the message so far, at any time, also after an error; `api`, `outcome`, `received_ns`,
    `reads`, `bytes_read` and `response` are as on a MessageStream.
    """

    __slots__ = ()

    def __init__(self, wire: Wire[T_co], source: SyncEvents, strict: bool, stall: Stall | None, name: str) -> None:
        super().__init__(source, stall, name, partial(ObjectDecoder, wire, strict=checked_strict(strict)))


class AsyncWireStream(AsyncShell[T_co]):
    """WireStream for asyncio and trio. `async with` closes the source."""

    __slots__ = ()

    def __init__(self, wire: Wire[T_co], source: AsyncEvents, strict: bool, stall: Stall | None, name: str) -> None:
        super().__init__(source, stall, name, partial(ObjectDecoder, wire, strict=checked_strict(strict)))


class ObjectDecoder(MessageDecoder):
    """A MessageDecoder that returns objects instead of parts. It also builds the message, and finds the errors.

    A strict stream ends at the first error, not after its last event.
    """

    __slots__ = ("_decode", "_failed", "_objects", "_seen", "_wire")

    def __init__(self, wire: Wire[Any], reader: EventReader[Any], limit: int | None, *, strict: bool) -> None:
        super().__init__(wire.api, reader, limit, strict=strict)
        self._wire = wire
        cls: type[Struct] = wire.cls
        self._decode = decoder(cls)
        self._objects: list[Any] = []  # of the values of the current item that were decoded the thorough way
        self._seen = 0  # how many errors there were before the current item
        self._failed = False  # there was an error, and the stream is strict

    @property
    def fast_feed(self) -> None:
        """None: `feed` itself is the fast path."""

    def feed(self, item: Any) -> list[Any]:
        """Accept the data of an event, a comment or an unknown line; return its objects."""
        objects = None
        if self.format_decoder is not None and type(item) is bytes:
            objects = self._feed_fast(item, self.format_decoder)
        if objects is None:
            super().feed(item)
            objects, self._objects = self._objects, []
        self._seen = len(self.builder.errors)
        if self._strict and self._seen:
            self._failed = self.done = True
        return objects

    def _feed_fast(self, payload: bytes, format_decoder: FormatDecoder) -> list[Any] | None:
        """Return the objects of a payload that the format's fast path knows, None for another."""
        try:
            made = self._decode(payload)
        except DAMAGED:
            return None
        if format_decoder.feed(payload) is None:
            return None
        if len(self.builder.errors) > self._seen:
            return self._objects_of(load(payload))
        return [made] if self._has_object(made) else []

    def feed_rest(self) -> list[Any]:
        """Note the errors in the items that the reader still holds."""
        if not self._failed:
            super().feed_rest()
        return []

    def pop_failure(self) -> SsescanError | None:
        """Return, once, the error that a strict stream raises now."""
        if not self._failed:
            return super().pop_failure()
        self._failed = False
        self.fail()
        return self.why_failed()

    def _feed_first(self, payload: bytes) -> None:
        """Return None: a first event has objects, too, which `_feed_values` adds."""

    def _feed_values(self, payload: bytes, *, at_end: bool) -> list[Part]:
        parts = super()._feed_values(payload, at_end=at_end)
        # Parsed again: decoders keep values, and change them.
        self._add_objects(payload, takewhile(lambda value: value is not DONE, values(payload)))
        return parts

    def _feed_stray(self, text: str) -> list[Part]:
        parts = super()._feed_stray(text)
        payload = text.encode("utf-8", "replace")
        self._add_objects(payload, takewhile(lambda value: value is not DONE, values(payload)))
        return parts

    def _add_objects(self, payload: bytes, found: Iterable[Any]) -> None:
        if self.format_decoder is not None and self.format_decoder.api != self._wire.api:
            raise self.unknown_format(payload)
        for value in found:
            self._objects += self._objects_of(value)

    def _end(self, *, cut: bool, failed: bool) -> list[Any]:
        super()._end(cut=cut, failed=failed)
        return []

    def _objects_of(self, value: Any) -> list[Any]:
        """Return the object of a value, or of each value in a list; an error, or anything but a dict, has none."""
        if isinstance(value, list):
            return [made for element in value if isinstance(element, dict) for made in self._objects_of(element)]
        if isinstance(value, dict) and self.format_decoder is not None:
            value = self.format_decoder.unwrapped(value)
        if not isinstance(value, dict) or (len(self.builder.errors) > self._seen and self._is_error(value)):
            return []
        made = built(value, self._wire.cls)
        return [made] if self._has_object(made) else []

    def _is_error(self, value: dict[str, Any]) -> bool:
        kind = value.get(self._wire.kind or "type") or self.event_name()
        return bool(value.get("error")) or kind == "error" or value.get("object") == "error"

    def _has_object(self, made: Any) -> bool:
        """Set the kind from the event's name where the JSON lacks it; return whether objects of it are yielded."""
        kind = self._wire.kind
        if not kind:
            return True
        name = getattr(made, kind)
        if name is None:
            name = self.event_name()
            setattr(made, kind, name)
        return name not in self._wire.silent


def built(value: Any, annotation: Any) -> Any:
    """Return a JSON value converted to its annotation, as far as possible; the rest unchanged, as in the SDKs."""
    try:
        return msgspec.convert(value, annotation)
    except (ValueError, RecursionError):
        pass
    try:
        return _built(value, annotation)
    except RecursionError:
        return value if not isinstance(annotation, type) else _made(annotation, value, lambda inner, _: inner)


def _built(value: Any, annotation: Any) -> Any:
    if not isinstance(value, (dict, list)):
        return value
    for option in options_of(annotation):
        if isinstance(value, list):
            if get_origin(option) is list:
                return [_built(item, get_args(option)[0]) for item in value]
        elif isinstance(option, type) and issubclass(option, Struct):
            return _made(option, value, _built)
    return value


def _made(cls: type[Struct], value: dict[str, Any], built: Callable[[Any, Any], Any]) -> Any:
    return cls(**{name: built(value[key], of) for name, key, of, _ in keyed_fields_of(cls) if key in value})
