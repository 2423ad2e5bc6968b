"""The streams of wire objects, over the same reading that makes parts: which events give an object, and what raises.

Every format has a Wire, which says what its objects are. An object is decoded straight from the bytes of an event; what
does not fit is built field by field, and never fails. The format's decoder reads the same events: for the message so
far, and to know whether the stream was cut or the provider reported an error. Knows no wire format.
"""

from __future__ import annotations

from functools import partial
from types import UnionType
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from ...scanner import UnknownLine
from ...streams import Outcome
from ..format_decoder import decoder
from ..payloads import DONE, NotJson, StrayLines, load, values
from ..streams import OVER, REFUSALS, AsyncMessageStream, MessageStream, _Stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
    from typing import Self

    from ...stalls import Stall
    from ..message_decoder import MessageDecoder
    from ..streams import AsyncEvents, SyncEvents

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


class WireStream(_Stream, Generic[T_co]):
    """An iterator of wire objects, and a context manager that closes the source.

    `message` is what the model has said so far, at any time, also after an error; `api`, `outcome`, `received_ns`,
    `reads`, `bytes_read` and `response` are as on a MessageStream.
    """

    __slots__ = ("_objects",)

    def __init__(
        self, wire: Wire[T_co], source: SyncEvents, strict: bool, stall: Stall | None, name: str = "iter_events"
    ) -> None:
        self._objects = _Objects(wire, source, strict, stall, name)
        self._events, self._decoder, self._strict = self._objects.inside

    def __iter__(self) -> Iterator[T_co]:
        objects: Iterator[Any] = iter(self._objects)
        return objects

    def __next__(self) -> T_co:
        made: Any = next(self._objects)
        return made  # type: ignore[no-any-return]

    def __enter__(self) -> Self:
        self._objects.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the source, if it is a response or a generator. To do so twice does nothing more."""
        self._objects.close()


class AsyncWireStream(_Stream, Generic[T_co]):
    """WireStream for asyncio and trio. `async with` closes the source."""

    __slots__ = ("_objects",)

    def __init__(
        self, wire: Wire[T_co], source: AsyncEvents, strict: bool, stall: Stall | None, name: str = "aiter_events"
    ) -> None:
        self._objects = _AsyncObjects(wire, source, strict, stall, name)
        self._events, self._decoder, self._strict = self._objects.inside

    def __aiter__(self) -> AsyncIterator[T_co]:
        return self

    def __anext__(self) -> Awaitable[T_co]:
        made: Any = self._objects.__anext__()
        return made  # type: ignore[no-any-return]

    async def __aenter__(self) -> Self:
        await self._objects.__aenter__()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the source, if it is a response or an async generator. To do so twice does nothing more."""
        await self._objects.aclose()


class _Objects(MessageStream):
    """A message stream whose generator gives objects."""

    __slots__ = ("_wire",)

    def __init__(self, wire: Wire[Any], source: SyncEvents, strict: bool, stall: Stall | None, name: str) -> None:
        self._wire = wire
        super().__init__(source, wire.api, strict, stall, name)

    @property
    def inside(self) -> tuple[Any, MessageDecoder, bool]:
        return self._events, self._decoder, self._strict

    def _run(self) -> Callable[..., Iterator[Any]]:
        return partial(_given, self._wire)


def _given(wire: Wire[Any], events: Any, message_decoder: MessageDecoder, strict: bool) -> Iterator[Any]:
    # As `_parts` in ..streams.
    maker = _Maker(wire, message_decoder)
    errors = message_decoder.builder.errors
    try:
        for item in events:
            yield from maker.feed(item)
            if strict and errors:
                _raise(message_decoder)
            if message_decoder.done:
                break
        if message_decoder.done:
            message_decoder.feed_rest()
            events._end()
    except Exception as error:
        if events.outcome is None:
            events._stop()
            events._finish(error, False)
        if not isinstance(error, REFUSALS):
            message_decoder.end(cut=False, failed=True)
        raise
    if events.outcome in OVER:
        return
    message_decoder.end(cut=events.outcome is Outcome.CUT)
    if strict and (failure := message_decoder.failure()):
        raise failure


def _raise(message_decoder: MessageDecoder) -> None:
    message_decoder.end(cut=False, failed=True)
    if failure := message_decoder.failure():
        raise failure


class _AsyncObjects(AsyncMessageStream):
    """As _Objects."""

    __slots__ = ("_maker", "_wire")

    def __init__(self, wire: Wire[Any], source: AsyncEvents, strict: bool, stall: Stall | None, name: str) -> None:
        super().__init__(source, wire.api, strict, stall, name)
        self._wire = wire
        self._maker = _Maker(wire, self._decoder)

    @property
    def inside(self) -> tuple[Any, MessageDecoder, bool]:
        return self._events, self._decoder, self._strict

    def _parts_of(self, item: Any) -> Any:
        return self._maker.feed(item)

    def _told(self, parts: Any) -> list[Any]:
        # What the reading has to say at the end, whatever brought it about, are parts and no objects.
        objects = [made for made in parts if isinstance(made, self._wire.cls)]
        if self._strict and self._failure is None and not self._decoder.over and self._decoder.builder.errors:
            self._decoder.end(cut=False, failed=True)
            self._failure = self._decoder.failure()
        return objects


class _Maker:
    """Makes objects of what the scanner gives, and has the reading of the stream take it too."""

    __slots__ = ("_decode", "_decoder", "_errors", "_seen", "_stray", "_wire")

    def __init__(self, wire: Wire[Any], message_decoder: MessageDecoder) -> None:
        self._wire = wire
        self._decoder = message_decoder
        cls: type[Struct] = wire.cls
        self._decode = decoder(cls)
        self._errors = message_decoder.builder.errors
        self._seen = 0  # how many errors have been told apart from objects
        self._stray = StrayLines(message_decoder._stray._limit)

    def feed(self, item: Any) -> Iterable[Any]:
        """Take the data of an event, a comment or an unknown line; give the objects that it brings."""
        if type(item) is not bytes:
            return self._feed_line(item)
        format_decoder = self._decoder.format_decoder
        if format_decoder is not None:
            try:
                made = self._decode(item)
                event = format_decoder.decode(item)
            except (ValueError, RecursionError):
                pass
            else:
                if format_decoder.handle(event) is None:
                    self._decoder.feed(item)
                if len(self._errors) == self._seen:
                    return (made,) if self._named(made) else ()
                return self._apart(load(item))
        return self._feed_slowly(item)

    def _feed_slowly(self, payload: bytes) -> list[Any]:
        message_decoder = self._decoder
        message_decoder.feed(payload)
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
        self._decoder.feed_line(item)
        # As in `feed_line` of MessageDecoder: a value that came in lines of its own.
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
        format_decoder = self._decoder.format_decoder
        if format_decoder is not None and format_decoder.api != self._wire.api:
            raise self._decoder._unknown_format(payload)

    def _apart(self, value: Any) -> list[Any]:
        objects = self._of_value(value)
        self._seen = len(self._errors)
        return objects

    def _of_value(self, value: Any) -> list[Any]:
        """Give an object for a value, or one each for those of a list; none for an error, and what is no event."""
        if isinstance(value, list):
            return [made for element in value if isinstance(element, dict) for made in self._of_value(element)]
        if not isinstance(value, dict) or (len(self._errors) > self._seen and self._is_error(value)):
            return []
        made = built(value, self._wire.cls)
        return [made] if self._named(made) else []

    def _is_error(self, value: dict[str, Any]) -> bool:
        kind = value.get(self._wire.kind or "type") or self._decoder._name()
        return bool(value.get("error")) or kind == "error" or value.get("object") == "error"

    def _named(self, made: Any) -> bool:
        """Take the name of the event for one that its JSON lacks; tell whether it gives an object."""
        kind = self._wire.kind
        if not kind:
            return True
        name = getattr(made, kind)
        if name is None:
            name = self._decoder._name()
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
