"""Halves of one character in two deltas, from servers that cut a text between the units of UTF-16.

A half at the edge of a piece of text waits for the next piece of its block, and is joined if the two fit; every other
one becomes U+FFFD (R32 of docs/rules.md). msgspec refuses lone halves, so that only the thorough way sees them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from .parts import End, Finish, Media, Raw, ReasoningDelta, RefusalDelta, TextDelta, ToolCallDelta, ToolCallEnd

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .parts import Part

LONE = re.compile("[\ud800-\udfff]")
HIGH_AT_END = re.compile("[\ud800-\udbff]\\Z")

FLAT = ("reasoning_content", "reasoning", "reasoning_text", "thinking")
"""The names under which servers of Chat send reasoning as a text."""
THOUGHT_FIELDS = ("thinking", "summary", "content", "text", "reasoning")
"""The fields of a part of Chat's content that may hold reasoning."""
OF_MESSAGES = (
    *((name,) for name in ("content", *FLAT, "refusal")),
    *(("content", name) for name in (*THOUGHT_FIELDS, "refusal")),
    *(("content", name, "text") for name in THOUGHT_FIELDS),
    *((name, "content") for name in FLAT),
    ("thinking_blocks", "thinking"),
    ("reasoning_details", "text"),
    ("reasoning_details", "summary"),
    ("tool_calls", "function", "arguments"),
    ("tool_calls", "custom", "input"),
    ("function_call", "arguments"),
    ("audio", "transcript"),
)
"""The paths within a message of Chat, in a delta or whole."""
TEXTS = frozenset(
    {
        *(("choices", of, *path) for of in ("delta", "message") for path in OF_MESSAGES),
        ("choices", "message"),
        ("choices", "text"),
        ("delta",),
        ("delta", "text"),
        ("content_block", "text"),
        ("content_block", "thinking"),
        ("delta", "thinking"),
        ("delta", "partial_json"),
        ("delta", "content", "text"),
        ("content", "text"),
        ("step", "content", "text"),
        ("step", "summary", "text"),
        ("delta", "arguments"),
        ("candidates", "content", "parts", "text"),
        ("response", "candidates", "content", "parts", "text"),
    }
)
"""The paths to pieces of text in the events of all formats. An index of a list is not a step."""

FIELDS: dict[type[Part], str] = {
    TextDelta: "text", ReasoningDelta: "text", RefusalDelta: "text", ToolCallDelta: "json", Media: "transcript",
}  # fmt: skip
"""The parts that are pieces, and their text."""


def joined(text: str) -> str:
    """Return a text whose halves are joined where they fit, and are U+FFFD where not."""
    if text.isascii() or not LONE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def only_in_texts(value: Any, path: tuple[str, ...] = (), texts: frozenset[tuple[str, ...]] = TEXTS) -> Any:
    """Return a JSON value without halves, but for those in pieces of text."""
    if isinstance(value, str):
        return value if path in texts else joined(value)
    if isinstance(value, list):
        return [only_in_texts(element, path, texts) for element in value]
    if isinstance(value, dict):
        return {joined(name): only_in_texts(inner, (*path, name), texts) for name, inner in value.items()}
    return value


def _without_halves(part: Raw) -> Raw:
    try:
        return replace(part, data=only_in_texts(part.data, texts=frozenset()))
    except RecursionError:  # nested so deeply that the parser left no half in it
        return part


class Halves:
    """The halves of one stream that wait for the other half, by their blocks."""

    __slots__ = ("waiting",)

    def __init__(self) -> None:
        self.waiting: dict[tuple[int, int | None, Any], Part] = {}

    def feed(self, parts: Iterable[Part]) -> list[Part]:
        """Return parts without halves. A half at the end of a piece is kept, for the next piece of its block."""
        made: list[Part] = []
        for part in parts:
            field = FIELDS.get(type(part))
            if field is not None and (type(part) is not Media or part.transcript):
                self._piece(part, field, made)
                continue
            if isinstance(part, (Finish, ToolCallEnd, End)):
                self._give_up(part, made)
            made.append(_without_halves(part) if type(part) is Raw else part)
        return made

    def _piece(self, part: Any, field: str, made: list[Part]) -> None:
        key = (part.choice, part.block, type(part))
        before: Any = self.waiting.pop(key, None)
        text = getattr(part, field) if before is None else getattr(before, field) + getattr(part, field)
        if HIGH_AT_END.search(text):
            alone = {"data": None, "url": None} if type(part) is Media else {}
            self.waiting[key] = replace(part, **alone, **{field: text[-1]})
            text = text[:-1]
        if text or (type(part) is Media and (part.data or part.url)):
            made.append(replace(part, **{field: joined(text) or None}))

    def _give_up(self, end: Part, made: list[Part]) -> None:
        """Return the halves that the end of a block, a choice or the stream leaves alone: as U+FFFD."""
        for key, part in list(self.waiting.items()):
            of_choice = isinstance(end, End) or end.choice == part.choice
            if of_choice and (not isinstance(end, ToolCallEnd) or key[1] == end.block):
                del self.waiting[key]
                made.append(replace(part, **{FIELDS[key[2]]: "\ufffd"}))
