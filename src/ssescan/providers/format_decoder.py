"""The base class of the format decoders: the rules that are the same for all, and the hooks of a format.

Nothing here knows of HTTP or of event streams: the input is JSON, as Structs or as plain values.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from msgspec import Struct

from .parts import OUR_KINDS, Error, FinishReason, Part, Raw, TextDelta, Usage
from .payloads import convert

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from .message_builder import MessageBuilder

    Parts: TypeAlias = list[Part] | tuple[Part, Part] | TextDelta

DAMAGED = (ValueError, RecursionError, TypeError)
"""The errors of decoding a payload; TypeError for a comment or a line, which the thorough way handles."""
GUESS = 10
"""The most that `recognize` returns for an event that another format may have as well."""
MAX_WRAPPED = 8
"""How deep an error may lie within errors."""


class FormatDecoder:
    """Turns the events of one format into parts, and writes them to the builder of the message.

    A subclass sets `api` and `event`, its Struct. It needs `recognize` and `handle`, and `usage_of` if it calls
    `count`. `complete` and the other methods have defaults.
    """

    api: ClassVar[str]
    event: type[Struct]
    usage_of: Callable[[dict[str, Any]], Usage]
    """Returns a usage in neutral terms: a static method."""

    def __init__(self, builder: MessageBuilder, name: Callable[[], str | None]) -> None:
        self.builder = builder
        self.emit: Callable[[Part], None] = builder.emit
        self.name = name
        """Returns the name of the current event, None if it has none: for JSON without a type."""
        self.line_ended = True
        """Whether the last line of the stream was ended: set before `complete` is asked for."""
        self.decode: Callable[[bytes], Any] = decoder(self.event)
        self._begun = 0
        self._known: set[tuple[Any, str | None]] | None = None  # the provider's errors before `_looked_at`
        self._looked_at = 0

    def begin(self, id: str | None, model: str | None, rest: type[Struct]) -> None:
        """Set the id and the model, which all events repeat, until both are known.

        From then on events are decoded as `rest`, which has neither, to make no strings for nothing. After three
        events, a missing value is not expected any more.
        """
        self.builder.start(id, model)
        self._begun += 1
        if (self.builder.id and self.builder.model) or self._begun == 3:
            self.event = rest
            self.decode = decoder(rest)

    @classmethod
    def recognize(cls, value: dict[str, Any], name: str | None) -> int:
        """Return how surely an event is of this format, 0 if it is not. `name`: the event's own.

        Up to GUESS: other formats have such events too, above all errors; the highest number wins.
        """
        raise NotImplementedError  # pragma: no cover

    def feed(self, payload: bytes) -> Parts | None:
        """Return the parts of an event: a list, a pair, or one TextDelta. None: decode it again, the thorough way.

        The fast path. A format whose streams are full of one kind of event handles that kind here. An item that is not
        a payload, not JSON of the Struct's types, or not known changes nothing and returns None.
        """
        try:
            event = self.decode(payload)
        except DAMAGED:
            return None
        return self.handle(event)

    def handle(self, event: Any, /) -> Parts | None:
        """Return the parts of an event; None if it is not known.

        Everything in the Struct is of the Struct's types, and nothing else may be relied on. An event that is not known
        may be handled again, as `convert` makes it of the same JSON: change nothing before it is known.
        """
        raise NotImplementedError  # pragma: no cover

    def knows(self, value: dict[str, Any]) -> bool:
        """Return whether an event without parts is one of this format."""
        return False

    def text(self, value: Any, name: str) -> str:
        """Return a text of the answer as text_or_raw() does."""
        return text_or_raw(value, name, self.emit)

    def objects(self, value: Any, name: str) -> list[dict[str, Any]]:
        """Return a list of objects; a value that is not a list, and elements that are not objects, are kept as Raw."""
        if value is None:
            return []
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

    def count(self, usage: Any) -> None:
        """Emit a usage; a value that is not an object is kept as Raw, unless it is None."""
        if isinstance(usage, dict):
            self.builder.count(self.usage_of(usage))
        elif usage is not None:
            self.keep(usage, "usage")

    def fail(self, raw: Any, otherwise: str) -> None:
        """Note the error that an answer ended with, unless it came before as an event of its own.

        `otherwise`: the message if the provider gave no error at all.
        """
        errors = self.builder.errors
        known = self._known = self._known or set()
        known.update(
            (error.code or error.kind, error.message)
            for error in errors[self._looked_at :]
            if error.kind not in OUR_KINDS
        )
        self._looked_at = len(errors)
        error = error_of(raw or {"message": otherwise})
        if (error.code or error.kind, error.message) not in known if raw else not known:
            self.builder.fail(error)

    def finish(self) -> None:
        """Emit the last parts at the end of the stream, however it ended."""
        self.builder.finish()

    @property
    def complete(self) -> bool:
        """Whether the provider ended all that it began."""
        return self.builder.all_finished

    def feed_value(self, value: Any) -> list[Part]:
        """Return the parts of any JSON value: an event, a list of events, or something else, which is kept as Raw."""
        if isinstance(value, list) and any(isinstance(element, dict) for element in value):
            return [part for element in value for part in self._feed_one(element)]
        events = self.unfolded(value) if isinstance(value, dict) else [value]
        return [part for event in events for part in self._feed_one(event)]

    def unfolded(self, value: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the events that an answer would have had as a stream; an event as it is."""
        return [value]

    def _feed_one(self, value: Any) -> list[Part]:
        if not isinstance(value, dict):
            return [Raw(name=self.name() or "value", data=value)]
        event, fits = convert(value, self.event)
        parts = self.handle(event)
        if (parts is None and not self.knows(value)) or not fits:
            name = next((value[key] for key in ("type", "event_type", "object") if isinstance(value.get(key), str)), "")
            return [*_several(parts), Raw(name=name or self.name() or "event", data=value)]
        return _several(parts)


@cache
def decoder(event: type[Struct]) -> Callable[[bytes], Any]:
    """Return the function that decodes JSON into a Struct. It is cached: making it costs as much as twenty events."""
    return msgspec.json.Decoder(event).decode


def _several(parts: Parts | None) -> list[Part]:
    if parts is None:
        return []
    return [parts] if isinstance(parts, TextDelta) else list(parts)


def text_or_raw(value: Any, name: str, emit: Callable[[Part], None]) -> str:
    """Return a text of an answer; "" for anything else, which is kept as Raw unless it is None."""
    if isinstance(value, str):
        return value
    if value is not None:
        emit(Raw(name=name, data=value))
    return ""


def finish_reasons(**words: str) -> dict[str, FinishReason]:
    """Return the finish reasons by the provider's words for each, which are separated by spaces."""
    return {word: reason for reason, of_reason in words.items() for word in of_reason.split()}  # type: ignore[misc]


def error_of(raw: Any) -> Error:
    """Return an Error for the provider's: an object, or a text. Of nested ones, the innermost counts."""
    for _ in range(MAX_WRAPPED):
        if isinstance(raw, dict) and raw.get("message") is None and raw.get("code") is None and raw.get("error"):
            raw = raw["error"]
    if not isinstance(raw, dict):
        return Error(message=raw if isinstance(raw, str) else None, raw=raw)
    kind, code, message = (raw.get(key) for key in ("type", "code", "message"))
    if not isinstance(message, str):
        message = next((raw[key] for key in ("error", "detail", "reason") if isinstance(raw.get(key), str)), None)
    if isinstance(code, bool) or not isinstance(code, (str, int, float)):
        code = None
    return Error(kind=kind if isinstance(kind, str) else None, code=code, message=message, raw=raw)
