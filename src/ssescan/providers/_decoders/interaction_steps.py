"""The steps of a Gemini interaction, as far as they came, and as the next request sends them back.

Knows steps, and nothing of events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..block_builders import TextBuilder
from ..json_values import dict_of, text_of, without_unit

if TYPE_CHECKING:
    from ..block_builders import CallBuilder, ReasoningBuilder

MEDIA = ("image", "audio", "video", "document")


class Step:
    """A step: as its start event has it, with the fields that deltas add."""

    __slots__ = ("call", "content", "ended", "item", "media", "result", "thought", "type")

    def __init__(self, item: dict[str, Any]) -> None:
        self.item = item
        if "content" in item or "summary" in item:  # which deltas add to
            self.item = {name: value for name, value in item.items() if name not in ("content", "summary")}
        self.type = text_of(item.get("type"))
        self.call: CallBuilder | None = None
        self.thought: ReasoningBuilder | None = None
        self.content: list[TextBuilder | dict[str, Any]] = []
        self.result = False  # of a result that has no part yet
        self.ended = False

    @property
    def texts(self) -> list[TextBuilder]:
        return [part for part in self.content if isinstance(part, TextBuilder)]

    def update(self, delta: dict[str, Any]) -> None:
        self.item |= {name: value for name, value in delta.items() if name != "type" and value is not None}


class Steps:
    """All steps, in order; `plain` returns them as a turn."""

    __slots__ = ("all",)

    def __init__(self) -> None:
        self.all: list[Step] = []

    def plain(self) -> list[dict[str, Any]]:
        return [made for step in self.all if (made := _wanted_back(step)) is not None]


def as_parts(content: Any) -> Any:
    """Return the content of a step as parts: a text is a part as well."""
    return [{"type": "text", "text": content}] if isinstance(content, str) and content else content


def texts_of(item: dict[str, Any]) -> list[str]:
    """Return the texts of a whole step."""
    name = "summary" if item.get("type") == "thought" else "content"
    given = as_parts(item.get(name))
    parts = [item] if item.get("type") == "text" else given if isinstance(given, list) else [given]
    return [text_of(dict_of(part).get("text")) for part in parts]


def _wanted_back(step: Step) -> dict[str, Any] | None:
    """Return a step for `input`; None if it was cut, and for a thought without a signature."""
    if step.call is not None:
        if step.call.cut or not step.call.ended:
            return None
        block: Any = step.call.block()
        try:
            arguments = block.json()
        except ValueError:
            arguments = {"INVALID_JSON": block.arguments}  # its result needs the call
        name = {"name": step.call.name} if "name" in step.item else {}  # the first one counts
        return step.item | name | {"arguments": arguments}
    if step.type == "user_input":
        return None  # the program has it already
    if step.type == "thought":
        if step.thought is None or not step.thought.signed:
            return None
        summary = [{"type": "text", "text": step.thought.text}] if step.thought.size else []
        return step.item | {"signature": step.thought.signed} | ({"summary": summary} if summary else {})
    if step.type.endswith("_result"):
        return step.item if step.ended else None
    if step.content:
        content = [_text_part(part) if isinstance(part, TextBuilder) else part for part in step.content]
        return {"type": "model_output", "content": content}
    return None if step.type in ("model_output", "text", *MEDIA) else step.item


def _text_part(text: TextBuilder) -> dict[str, Any]:
    annotations = [without_unit(note) for note in text.citations]
    return {"type": "text", "text": text.text} | ({"annotations": annotations} if annotations else {})
