"""The base class of the format decoders: the rules that all share, and the methods that each format implements.

Nothing here knows of HTTP or of event streams: the input is JSON, as Structs or as plain values.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from msgspec import Struct

from .parts import OUR_KINDS, Part, Raw, TextDelta, Usage
from .payloads import convert
from .provider_errors import error_in, error_of, with_beside
from .spellings import Spellings
from .unknown_fields import UnknownFields

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import TypeAlias

    from .message_builder import MessageBuilder

    Parts: TypeAlias = list[Part] | tuple[Part, Part] | TextDelta

DAMAGED = (ValueError, RecursionError, TypeError)
"""The errors of decoding a payload; TypeError for a comment or a line, which the thorough way handles."""
GUESS = 10
"""The highest value that `recognize` returns for an event that other formats have too."""
MAX_MISSED = 8
"""The number of events that were wrongly expected to be plain, after which none is expected to be plain."""


class FormatDecoder(ABC):
    """Turns the events of one format into parts, and writes them to the builder of the message.

    A subclass sets `api` and `event`, its Struct. It needs `recognize` and `handle`, and `usage_of` if it calls
    `count`. `complete` and the other methods have defaults.
    """

    api: ClassVar[str]
    event: type[Struct]
    exact: type[Struct] | None = None
    """The Struct of the fast path, if it is another: it refuses fields that the format does not know."""
    first: ClassVar[type[Struct] | None] = None
    """The Struct of a first event that no other format has, whose fields are all known, and which says the id."""
    usage_of: Callable[[dict[str, Any]], Usage]
    """A static method that returns the Usage part for a provider's usage."""

    def __init__(self, builder: MessageBuilder, name: Callable[[], str | None]) -> None:
        self.builder = builder
        self.emit: Callable[[Part], None] = builder.emit
        self.name = name
        """Returns the name of the current event, None if it has none: for JSON without a type."""
        self.line_ended = True
        """Whether the last line of the stream was ended: set before `complete` is asked for."""
        self.decode: Callable[[bytes], Any] = decoder(self.exact or self.event)
        self.payload = b""
        """The event that is read the thorough way: it shows how a number was spelled."""
        self._spellings: Spellings | None = None
        self.unknown: UnknownFields = UnknownFields()
        self._plain = False  # whether `decode` refuses everything but a piece of text
        self._missed = 0
        self._begun = 0
        self._known: set[tuple[Any, str | None]] | None = None  # the provider's errors before `_looked_at`
        self._looked_at = 0

    def begin(self, id: str | None, model: str | None, rest: type[Struct], *, at_least: int = 1) -> None:
        """Set the id and the model, which all events repeat, until both are known. `at_least`: in so many events.

        From then on events are decoded as `rest`, which has neither, to make no strings for nothing. After three
        events, a missing value is not expected any more.
        """
        self.builder.start(id, model)
        self._begun += 1
        if (self.builder.id and self.builder.model and self._begun >= at_least) or self._begun == 3:
            self.event = rest
            if self.exact is None:
                self.decode = decoder(rest)

    def expect(self, plain: type[Struct]) -> None:
        """Decode the next event as a plain piece of text, unless that has failed too often.

        msgspec finds in the decoding whether an event is one, and has nothing besides. Any other event is decoded
        again, the thorough way.
        """
        if self._missed < MAX_MISSED:
            self._plain = True
            self.decode = decoder(plain)

    def expect_all(self, *, was_right: bool) -> None:
        """Decode the next event as any event. `was_right`: plain events came, after one was expected."""
        if self._plain:
            self._plain = False
            self._missed += not was_right
            self.decode = decoder(self.exact or self.event)

    def not_plain(self, payload: bytes) -> Any:
        """Decode an event that was wrongly expected to be plain. None: it has to be read the thorough way.

        At the end of a text, one more decoding in C costs a tenth of the thorough way.
        """
        if payload[:1] != b"{":
            return None
        try:
            return decoder(self.exact or self.event)(payload)
        except DAMAGED:
            return None

    @classmethod
    @abstractmethod
    def recognize(cls, value: dict[str, Any], name: str | None) -> int:
        """Return how certain it is that an event has this format, 0 if it does not. `name`: the name of the event.

        Return at most GUESS for events that other formats have too, such as errors: then the highest number wins.
        """

    def feed(self, payload: bytes) -> Parts | None:
        """Return the parts of an event: a list, a pair, or one TextDelta. None: decode it again with feed_value().

        The fast path. A format whose streams consist mostly of one kind of event handles that kind here. An item that
        is not a payload, does not fit the Struct, or is unknown changes nothing and returns None.
        """
        try:
            event = self.decode(payload)
        except DAMAGED:
            return None
        return self.handle(event)

    @abstractmethod
    def handle(self, event: Any, /) -> Parts | None:
        """Return the parts of an event; None if it is not known.

        The fields have the types of the Struct; do not rely on anything else. Change no state before the event is
        known: an unknown event may be handled a second time, as `convert` builds it from the same JSON.
        """

    def knows(self, value: dict[str, Any]) -> bool:
        """Return whether an event without parts is one of this format."""
        return False

    def has_content(self, value: dict[str, Any], *, known: bool) -> bool:
        """Return whether an event has a part of an answer, so that it cannot be an error as a whole.

        `known`: whether `handle` knew it. For formats with types, that decides.
        """
        return known

    def loses_call(self, value: dict[str, Any]) -> bool:
        """Return whether an event that does not fit its Struct may have lost a piece of a call."""
        return "delta" in value or "candidates" in value

    def misplaces_call(self, value: dict[str, Any]) -> bool:
        """Return whether an event has a piece of a call in a place where it is not read, though the event fits."""
        return False

    def text(self, value: Any, name: str) -> str:
        """Return a text of the answer: a number or a boolean as it was spelled, anything else as text_or_raw() does."""
        if isinstance(value, (int, float)):
            if self._spellings is None:
                self._spellings = Spellings()
            return self._spellings.of(value, self.payload)
        return text_or_raw(value, name, self.emit)

    def word(self, value: Any, name: str) -> str:
        """Return a word of the protocol, such as a status or a name, as text_or_raw() does: a number is not one."""
        return text_or_raw(value, name, self.emit)

    def objects(self, value: Any, name: str) -> list[dict[str, Any]]:
        """Return a list of objects, of one alone as well; another value, and other elements, are kept as Raw."""
        if value is None:
            return []
        if isinstance(value, dict):
            value = [value]
        if not isinstance(value, list):
            self.keep(value, name)
            return []
        for element in value:
            if not isinstance(element, dict):
                self.keep(element, name)
        return [element for element in value if isinstance(element, dict)]

    def keep(self, value: Any, name: str) -> None:
        """Keep a value that does not fit its place."""
        self.emit(Raw(name=name, data=value))

    def keep_rest(self, value: dict[str, Any], known: Collection[str], choice: int = 0) -> None:
        """Keep the fields of a part, a block or an item that no decoder reads."""
        self.unknown.each(value, known, self.builder.parts, choice)

    def count(self, usage: Any) -> None:
        """Emit a usage; a value that is not an object is kept as Raw, unless it is None."""
        if isinstance(usage, dict):
            self.builder.count(self.usage_of(usage))
        elif usage is not None:
            self.keep(usage, "usage")

    def fail(self, raw: Any, kind: str, otherwise: str) -> None:
        """Note the error that an answer ended with, unless it came before as an event of its own.

        `kind`, `otherwise`: the kind and the message if the provider gave no error at all.
        """
        errors = self.builder.errors
        known = self._known = self._known or set()
        known.update(
            (error.code or error.kind, error.message)
            for error in errors[self._looked_at :]
            if error.kind not in OUR_KINDS
        )
        self._looked_at = len(errors)
        error = error_of(raw or {"type": kind, "message": otherwise})
        if (error.code or error.kind, error.message) not in known if raw else not known:
            self.builder.fail(error)

    def finish(self) -> None:
        """Emit the last parts at the end of the stream, however it ended."""
        self.builder.finish()

    @property
    def complete(self) -> bool:
        """Whether the provider marked the end of the answer."""
        return self.builder.all_finished and not self.builder.has_cut_calls

    @property
    def has_last_word(self) -> bool:
        """Whether the provider's last word came: an event after which no other belongs to the answer."""
        return False

    def feed_value(self, value: Any) -> list[Part]:
        """Return the parts of any JSON value: an event, a list of events, or something else, which is kept as Raw."""
        if isinstance(value, list) and any(isinstance(element, dict) for element in value):
            return [part for element in value for event in self._events(element) for part in self._feed_one(event)]
        return [part for event in self._events(value) for part in self._feed_one(event)]

    def _events(self, value: Any) -> list[Any]:
        return self.unfolded(self.unwrapped(value)) if isinstance(value, dict) else [value]

    def unwrapped(self, value: dict[str, Any]) -> dict[str, Any]:
        """Return the event that a gateway put into another object; any other as it is."""
        return value

    def unfolded(self, value: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the events of a value: of an answer that was not streamed, all its events; of an event, the event."""
        return [value]

    def _feed_one(self, value: Any) -> list[Part]:
        if not isinstance(value, dict):
            return [self._unread(value)]
        of_event = value | {"error": with_beside(value)} if value.get("error") else value
        event, fits = convert(of_event, self.event)
        before = len(self.builder.errors)
        if self.misplaces_call(value) if fits else self.loses_call(value):
            self.builder.lost.damaged += 1
        parts = self.handle(event)
        raw = error_in(value, self.name()) if len(self.builder.errors) == before else None
        if raw is not None and not self.has_content(value, known=parts is not None):
            self.builder.fail(error_of(raw))
            return [*_several(parts), *self.builder.drain()]
        if (parts is None and not self.knows(value)) or not fits:
            return [*_several(parts), self._unread(value)]
        unread: list[Part] = []
        self.look(value, unread)
        self.learn_if_grown()
        return [*_several(parts), *unread]

    def _unread(self, value: Any) -> Raw:
        """Keep a value that is not an event of the format: it may be the rest of one."""
        self.builder.lost.blank += 1
        return unknown_event(value, self.name())

    def look(self, value: dict[str, Any], unread: list[Part]) -> None:  # noqa: B027 - a format may ignore fields
        """Add a Raw for every field of an event that is not read."""

    def learn_if_grown(self) -> None:
        """Learn the fields that were seen since the last time, if there are any."""
        if self.unknown.grown:
            self.unknown.grown = False
            self.learn()

    def learn(self) -> None:  # noqa: B027 - a format may have no fast path
        """Let the fast path accept the fields that were seen: otherwise it refuses each event that has them."""


def refuse(payload: bytes) -> Any:
    """Decode nothing: the `decode` of a decoder whose next event has to be read the thorough way."""
    raise ValueError


@lru_cache(maxsize=256)
def decoder(event: type[Struct]) -> Callable[[bytes], Any]:
    """Return the function that decodes JSON into a Struct. It is cached: making it costs as much as twenty events."""
    return msgspec.json.Decoder(event).decode


def _several(parts: Parts | None) -> list[Part]:
    if parts is None:
        return []
    return [parts] if isinstance(parts, TextDelta) else list(parts)


def unknown_event(value: Any, name: str | None) -> Raw:
    """Return the part for a value that is not an event of the format. `name`: of its event."""
    if not isinstance(value, dict):
        return Raw(name=name or "value", data=value)
    kind = next((value[key] for key in ("type", "event_type", "object") if isinstance(value.get(key), str)), "")
    return Raw(name=kind or name or "event", data=value)


def text_or_raw(value: Any, name: str, emit: Callable[[Part], None]) -> str:
    """Return a text of an answer; "" for anything else, which is kept as Raw unless it is None."""
    if isinstance(value, str):
        return value
    if value is not None:
        emit(Raw(name=name, data=value))
    return ""
