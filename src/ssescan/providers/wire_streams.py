"""The streams of wire objects, over the same reading that makes parts: which events give an object, and what raises.

Every format has a Wire, which says what its objects are. An object is decoded straight from the bytes of an event; what
does not fit is built field by field, and never fails. The format's decoder reads the same events: for the message so
far, and to know whether the stream was cut or the provider reported an error. Knows no wire format.
"""

from __future__ import annotations

from types import UnionType
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from ..scanner import UnknownLine
from .format_decoder import DAMAGED, decoder
from .message_decoder import MessageDecoder
from .payloads import DONE, NotJson, StrayLines, load, values
from .streams import AsyncShell, Shell, checked_strict

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from ..errors import SsescanError
    from ..outcome import Outcome
    from ..scanner import EventReader
    from ..stalls import Stall
    from .message import Message
    from .streams import AsyncEvents, NewDecoder, SyncEvents

__all__ = ["AsyncWireStream", "Wire", "WireStream", "built"]

T = TypeVar("T", bound=Struct)
T_co = TypeVar("T_co", bound=Struct, covariant=True)


class Wire(NamedTuple, Generic[T]):
    """What the objects of a format are.

    `kind`: the attribute that says what an event is, "" if the format has one kind only; where the JSON lacks it, the
    name of the event stands in. `silent`: the kinds that are signs of life and give no object.
    """

    api: str
    cls: type[T]
    kind: str = ""
    silent: tuple[str, ...] = ()


class WireStream(Shell, Generic[T_co]):
    """An iterator of wire objects, and a context manager that closes the source.

    `message` is what the model has said so far, at any time, also after an error; `api`, `outcome`, `received_ns`,
    `reads`, `bytes_read` and `response` are as on a MessageStream.
    """

    __slots__ = ()

    def __init__(
        self, wire: Wire[T_co], source: SyncEvents, strict: bool, stall: Stall | None, name: str = "iter_events"
    ) -> None:
        super().__init__(source, stall, name, _object_decoder(wire, strict))

    if TYPE_CHECKING:

        def __iter__(self) -> Iterator[T_co]: ...
        def __next__(self) -> T_co: ...


class AsyncWireStream(AsyncShell, Generic[T_co]):
    """WireStream for asyncio and trio. `async with` closes the source."""

    __slots__ = ()

    def __init__(
        self, wire: Wire[T_co], source: AsyncEvents, strict: bool, stall: Stall | None, name: str = "aiter_events"
    ) -> None:
        super().__init__(source, stall, name, _object_decoder(wire, strict))

    if TYPE_CHECKING:

        def __aiter__(self) -> AsyncIterator[T_co]: ...
        async def __anext__(self) -> T_co: ...


def _object_decoder(wire: Wire[Any], strict: bool) -> NewDecoder:
    checked_strict(strict)
    return lambda reader, limit: ObjectDecoder(wire, reader, limit, strict=strict)


class ObjectDecoder:
    """Makes objects of what an event reader pops. A MessageDecoder gets the same, for the message and its errors.

    The same face as MessageDecoder's, but a strict stream ends at the first error, and not after its last event.
    """

    __slots__ = ("_decode", "_errors", "_failed", "_messages", "_seen", "_stray", "_strict", "_wire")

    def __init__(self, wire: Wire[Any], reader: EventReader[Any], limit: int | None, *, strict: bool) -> None:
        self._wire = wire
        self._messages = MessageDecoder(wire.api, reader, limit, strict=strict)
        self._strict = strict
        cls: type[Struct] = wire.cls
        self._decode = decoder(cls)
        self._errors = self._messages.builder.errors
        self._seen = 0  # how many errors have been told apart from objects
        self._failed = False  # there was an error, and the stream is strict
        self._stray = StrayLines(limit)

    @property
    def api(self) -> str | None:
        return self._messages.api

    @property
    def message(self) -> Message:
        return self._messages.message

    @property
    def done(self) -> bool:
        return self._failed or self._messages.done

    @property
    def closed(self) -> bool:
        return self._messages.closed

    @property
    def fast_feed(self) -> None:
        """There is no faster way: objects are made in one."""

    def feed(self, item: Any) -> list[Any]:
        """Accept the data of an event, a comment or an unknown line; return the objects that it brings."""
        objects = self._feed_payload(item) if type(item) is bytes else self._feed_line(item)
        if self._strict and self._errors:
            self._failed = True
        return objects

    def feed_rest(self) -> list[Any]:
        """Note the errors in what the reader still holds, as MessageDecoder does."""
        if not self._failed:
            self._messages.feed_rest()
        return []

    def close(self, outcome: Outcome | None) -> list[Any]:
        """End the message. No object comes of it."""
        self._messages.close(outcome)
        return []

    def fail(self) -> list[Any]:
        """End the message after an error. No object comes of it."""
        self._messages.fail()
        return []

    def pop_failure(self) -> SsescanError | None:
        """Return, once, what a strict stream raises now."""
        if not self._failed:
            return self._messages.pop_failure()
        self._failed = False
        self._messages.fail()
        return self._messages.why_failed()

    def _feed_payload(self, payload: bytes) -> list[Any]:
        format_decoder = self._messages.format_decoder
        if format_decoder is not None:
            try:
                made = self._decode(payload)
            except DAMAGED:
                pass
            else:
                if format_decoder.feed(payload) is None:
                    self._messages.feed(payload)
                if len(self._errors) == self._seen:
                    return [made] if self._has_object(made) else []
                return self._apart(load(payload))
        return self._feed_any(payload)

    def _feed_any(self, payload: bytes) -> list[Any]:
        self._messages.feed(payload)
        self._check(payload)
        stripped = payload.strip()
        if not stripped or stripped.startswith((b"[DONE]", b":")):
            return []
        objects: list[Any] = []
        for value in values(payload):
            if value is DONE:
                break
            objects += self._of_value(value)
        self._seen = len(self._errors)
        return objects

    def _feed_line(self, item: Any) -> list[Any]:
        self._messages.feed(item)
        # As in MessageDecoder: a value that came in lines of its own.
        text = self._stray.add(item.text) if type(item) is UnknownLine and self._stray.wants(item.text) else ""
        if not text:
            return []
        payload = text.encode("utf-8", "replace")
        self._check(payload)
        try:
            return self._apart(load(payload))
        except NotJson:
            return []

    def _check(self, payload: bytes) -> None:
        """Refuse a stream that is unmistakably of another format."""
        format_decoder = self._messages.format_decoder
        if format_decoder is not None and format_decoder.api != self._wire.api:
            raise self._messages.unknown_format(payload)

    def _apart(self, value: Any) -> list[Any]:
        objects = self._of_value(value)
        self._seen = len(self._errors)
        return objects

    def _of_value(self, value: Any) -> list[Any]:
        """Return an object for a value, or one each for those of a list; none for an error, or for no event at all."""
        if isinstance(value, list):
            return [made for element in value if isinstance(element, dict) for made in self._of_value(element)]
        if not isinstance(value, dict) or (len(self._errors) > self._seen and self._is_error(value)):
            return []
        made = built(value, self._wire.cls)
        return [made] if self._has_object(made) else []

    def _is_error(self, value: dict[str, Any]) -> bool:
        kind = value.get(self._wire.kind or "type") or self._messages.event_name()
        return bool(value.get("error")) or kind == "error" or value.get("object") == "error"

    def _has_object(self, made: Any) -> bool:
        """Set the kind from the event's name where the JSON lacks it; return whether objects of it are yielded."""
        kind = self._wire.kind
        if not kind:
            return True
        name = getattr(made, kind)
        if name is None:
            name = self._messages.event_name()
            setattr(made, kind, name)
        return name not in self._wire.silent


def built(value: Any, annotation: Any) -> Any:
    """Give a JSON value as its annotation has it, as far as that can be done; else as it came, as the SDKs do."""
    try:
        return msgspec.convert(value, annotation)
    except (ValueError, RecursionError):
        pass
    try:
        return _built(value, annotation)
    except RecursionError:
        return value if not isinstance(annotation, type) else _flat(value, annotation)


def _built(value: Any, annotation: Any) -> Any:
    if not isinstance(value, (dict, list)):
        return value
    for option in get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,):
        if isinstance(value, list):
            if get_origin(option) is list:
                return [_built(item, get_args(option)[0]) for item in value]
        elif isinstance(option, type) and issubclass(option, Struct):
            return option(**{name: _built(value[key], of) for name, key, of in _fields(option) if key in value})
    return value


def _flat(value: Any, cls: type[Struct]) -> Any:
    return cls(**{name: value[key] for name, key, _ in _fields(cls) if key in value})


_fields_of: dict[type[Struct], list[tuple[str, str, Any]]] = {}


def _fields(cls: type[Struct]) -> list[tuple[str, str, Any]]:
    """Give the name, the key in JSON and the annotation of every field."""
    if cls not in _fields_of:
        hints = get_type_hints(cls)
        _fields_of[cls] = [(at.name, at.encode_name, hints[at.name]) for at in msgspec.structs.fields(cls)]
    return _fields_of[cls]
