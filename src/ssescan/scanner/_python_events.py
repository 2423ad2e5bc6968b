"""The items that a scanner returns, in pure Python: events, comments, unknown lines.

Twin of `_compiled_events.pxi`.
"""

from __future__ import annotations

from ._shared import comment_text, event_fields, itself, load_json, rebuild, refuse_change, unknown_line_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class _Immutable:
    """The base class of the three kinds of items."""

    __slots__ = ()
    __match_args__: tuple[str, ...] = ()

    def __init_subclass__(cls, **options: Any) -> None:
        # The compiled classes are final, so these are.
        base = cls.__mro__[1]
        if base is not _Immutable:
            raise TypeError(f"type '{base.__module__}.{base.__name__}' is not an acceptable base type")
        super().__init_subclass__(**options)

    __setattr__ = __delattr__ = refuse_change
    __copy__ = __deepcopy__ = itself

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.__match_args__)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
        return f"{type(self).__name__}({fields})"

    def __reduce__(self) -> tuple[Any, ...]:
        return rebuild, (type(self).__name__, self._values())


class MutableEvent:
    """An event whose attributes can be set, until its class is changed to one that refuses that.

    This takes 140 ns, where setting four slots through their descriptors took 250.
    """

    __slots__ = ("data", "event", "id", "retry")

    event: str
    data: str
    id: str
    retry: int | None


class _MutableText:
    __slots__ = ("text",)

    text: str


class ServerSentEvent(_Immutable, MutableEvent):
    """An event, as dispatched (WHATWG HTML section 9.2.6).

    `event`: its type, "message" unless the stream named one. `data`: the data lines, joined with LF. `id`: the last
    event ID at dispatch, "" if none was sent yet. `retry`: the reconnection time that stood in this very block, ms, or
    None. Immutable and hashable. TypeError where a field is of another type.
    """

    __module__ = "ssescan"
    __slots__ = ()
    __match_args__ = ("event", "data", "id", "retry")

    def __new__(
        cls, /, event: str = "message", data: str = "", id: str = "", retry: int | None = None
    ) -> ServerSentEvent:
        return make_event(*event_fields(cls, event, data, id, retry))

    def json(self) -> Any:
        """Parse `data` as JSON, by the standard library; ValueError if it is not JSON."""
        return load_json(self.data)


class Comment(_Immutable, _MutableText):
    """A comment: a line that began with a colon. `text` is the line less the colon and one space after it."""

    __module__ = "ssescan"
    __slots__ = ()
    __match_args__ = ("text",)

    def __new__(cls, /, text: str) -> Comment:
        return make_text(Comment, comment_text(cls, text))  # type: ignore[no-any-return]


class UnknownLine(_Immutable, _MutableText):
    """A line with a field name that the standard ignores. `text` is the whole line."""

    __module__ = "ssescan"
    __slots__ = ()
    __match_args__ = ("text",)

    def __new__(cls, /, text: str) -> UnknownLine:
        return make_text(UnknownLine, unknown_line_text(cls, text))  # type: ignore[no-any-return]


def make_event(event: str, data: str, id_: str, retry: int | None) -> ServerSentEvent:
    made: Any = MutableEvent()
    made.event = event
    made.data = data
    made.id = id_
    made.retry = retry
    made.__class__ = ServerSentEvent
    return made  # type: ignore[no-any-return]


def make_text(cls: type, text: str) -> Any:
    made: Any = _MutableText()
    made.text = text
    made.__class__ = cls
    return made
