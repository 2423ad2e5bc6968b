"""The places of text that a model wrote, and of its name, in the events of a format: the base class, and helpers.

For the code that changes the text of a stream in place. A format adds one file in `_texts/`. Knows nothing of bytes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeAlias

from .json_values import dict_of, list_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Path: TypeAlias = tuple[str | int, ...]
"""The keys and indexes that lead to a value of an event."""
Block: TypeAlias = tuple[Any, ...]
"""A name that no other block of the stream has; first the number of the choice, of the item, or of the block."""

ALL: Block = ()
"""As the beginning of a block's name: every block."""


class TextField(NamedTuple):
    """A text of an event. `kind`: "text", "reasoning" or "arguments". `value`: the text, or a number in arguments.

    `block`: whose next piece it is; None: the text is whole. `is_json`: it is a piece of JSON, in which only texts and
    numbers may change. `logprobs`: the path to what repeats the text in tokens.
    """

    path: Path
    kind: str
    value: Any
    block: Block | None = None
    is_json: bool = False
    logprobs: Path | None = None


class TextFields(ABC):
    """The texts of one format's events.

    `model`: the paths that the name of the model may have. `ping`: a keep-alive that is legal between events, b"" if
    there is none.
    """

    api: ClassVar[str]
    model: ClassVar[tuple[Path, ...]]
    ping: ClassVar[bytes] = b": ping\n\n"

    def event(self, value: dict[str, Any]) -> tuple[Path, dict[str, Any]]:
        """Return the event in a value, and its path: a gateway may have put it into another object."""
        return (), value

    @abstractmethod
    def fields(self, event: dict[str, Any], name: str | None) -> Iterable[TextField]:
        """Yield the texts of an event. `name`: that of the event."""

    @abstractmethod
    def ended(self, event: dict[str, Any], name: str | None) -> Iterable[Block]:
        """Return how the names of the blocks begin that end with an event, or ended before it."""

    @abstractmethod
    def piece(self, event: dict[str, Any], field: TextField, text: Any) -> dict[str, Any]:
        """Return the event that has one more piece of a block's text, and nothing else.

        `event`, `field`: of the last piece. `text`: of the new one.
        """


def texts_in(value: Any, path: Path, kind: str = "arguments") -> Iterator[TextField]:
    """Yield the texts and the numbers in a JSON value, each a whole text."""
    waiting = [(path, value)]
    while waiting:
        here, inner = waiting.pop()
        if isinstance(inner, dict):
            waiting += [((*here, name), item) for name, item in inner.items()]
        elif isinstance(inner, list):
            waiting += [((*here, number), item) for number, item in enumerate(inner)]
        elif isinstance(inner, (str, int, float)) and not isinstance(inner, bool):
            yield TextField(here, kind, inner)


def objects_at(value: Any, name: str, path: Path = ()) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the objects of a list that is a field of an object, with their paths; of one object, that one."""
    inner = dict_of(value).get(name)
    if isinstance(inner, dict):
        yield (*path, name), inner
    for number, item in enumerate(list_of(inner)):
        if isinstance(item, dict):
            yield (*path, name, number), item


def text_at(
    value: dict[str, Any], name: str, path: Path, kind: str, block: Block | None = None, **options: Any
) -> Iterator[TextField]:
    """Yield the text that a field of an object is, if it is one and not empty."""
    text = value.get(name)
    if isinstance(text, str) and text:
        yield TextField((*path, name), kind, text, block, **options)
