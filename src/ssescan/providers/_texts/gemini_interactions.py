"""The places of text in the events of Gemini Interactions. See `_decoders/gemini_interactions.py` for the events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..formats import register_texts
from ..json_values import dict_of
from ..text_fields import ALL, Block, Path, TextField, TextFields, objects_at, text_at, texts_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@register_texts
class InteractionsTexts(TextFields):
    """Texts of "gemini-interactions". A block: the step and the kind."""

    api = "gemini-interactions"
    model = (("interaction", "model"), ("model",))
    ping = b""  # the SDK raises for a comment

    def fields(self, event: dict[str, Any], name: str | None) -> Iterator[TextField]:
        index = event.get("index")
        for path, delta in objects_at(event, "delta"):
            yield from text_at(delta, "text", path, "text", (index, "text"))
            yield from text_at(delta, "arguments", path, "arguments", (index, "arguments"), is_json=True)
            if isinstance(delta.get("arguments"), dict):
                yield from texts_in(delta["arguments"], (*path, "arguments"))
            if delta.get("type") == "thought_summary":
                thought = dict_of(delta.get("content"))
                yield from text_at(thought, "text", (*path, "content"), "reasoning", (index, "reasoning"))
        for field in ("step", "content"):
            for path, step in objects_at(event, field):
                yield from self._step(step, path, index)
        interaction, at = (
            (event, ()) if event.get("object") == "interaction" else (event.get("interaction"), ("interaction",))
        )
        for field in ("steps", "outputs"):
            for path, step in objects_at(interaction, field, at):
                yield from self._step(step, path, None)

    def _step(self, step: dict[str, Any], path: Path, index: Any) -> Iterator[TextField]:
        kind = "reasoning" if step.get("type") == "thought" else "text"
        block = None if index is None else (index, kind)
        yield from text_at(step, "text", path, kind, block)
        for field in ("content", "summary"):
            for here, part in objects_at(step, field, path):
                yield from text_at(part, "text", here, kind, block)
        if "arguments" in step:
            yield from texts_in(step["arguments"], (*path, "arguments"))

    def ended(self, event: dict[str, Any], name: str | None) -> Iterable[Block]:
        kind = str(event.get("event_type") or name or "")
        if kind in ("step.stop", "content.stop"):
            return ((event.get("index"),),)
        over = kind in ("error", "done", "interaction.completed", "interaction.complete", "interaction.requires_action")
        return (ALL,) if over or event.get("object") == "interaction" else ()

    def piece(self, event: dict[str, Any], field: TextField, text: Any) -> dict[str, Any]:
        delta: dict[str, Any] = {"text": {"text": text, "type": "text"}}.get(field.kind) or (
            {"arguments": text, "type": "arguments_delta"}
            if field.kind == "arguments"
            else {"content": {"type": "text", "text": text}, "type": "thought_summary"}
        )
        kind = "content.delta" if str(event.get("event_type")).startswith("content.") else "step.delta"
        return {"index": event.get("index"), "delta": delta, "event_type": kind}
