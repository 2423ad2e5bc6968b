"""The places of text in the events of Anthropic Messages. See `_decoders/anthropic.py` for the events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..formats import register_texts
from ..json_values import dict_of
from ..text_fields import ALL, Block, Path, TextField, TextFields, objects_at, text_at, texts_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DELTAS = {
    "text_delta": ("text", "text"),
    "thinking_delta": ("thinking", "reasoning"),
    "input_json_delta": ("partial_json", "arguments"),
    "compaction_delta": ("content", "text"),
}
"""The field and the kind of the text that each delta brings."""
KINDS = {"text": "text_delta", "thinking": "thinking_delta", "partial_json": "input_json_delta"}


@register_texts
class AnthropicTexts(TextFields):
    """Texts of "anthropic"."""

    api = "anthropic"
    model = (("message", "model"), ("model",))
    ping = b'event: ping\ndata: {"type":"ping"}\n\n'

    def fields(self, event: dict[str, Any], name: str | None) -> Iterator[TextField]:
        kind = event.get("type") or name
        index = event.get("index")
        if kind == "content_block_delta":
            delta = dict_of(event.get("delta"))
            field, of = DELTAS.get(delta.get("type", ""), ("text", "text"))
            yield from text_at(delta, field, ("delta",), of, (index, field), is_json=of == "arguments")
        elif kind == "content_block_start":
            yield from self._block(dict_of(event.get("content_block")), ("content_block",), index)
        elif kind == "message_start":
            yield from self._message(dict_of(event.get("message")), ("message",))
        elif kind == "message":
            yield from self._message(event, ())

    def _message(self, message: dict[str, Any], path: Path) -> Iterator[TextField]:
        for here, block in objects_at(message, "content", path):
            yield from self._block(block, here, None)

    def _block(self, block: dict[str, Any], path: Path, index: Any) -> Iterator[TextField]:
        for name, kind in (("text", "text"), ("thinking", "reasoning")):
            yield from text_at(block, name, path, kind, None if index is None else (index, name))
        if block.get("type") == "compaction":
            yield from text_at(block, "content", path, "text", None if index is None else (index, "content"))
        if "input" in block:
            yield from texts_in(block["input"], (*path, "input"))

    def ended(self, event: dict[str, Any], name: str | None) -> Iterable[Block]:
        kind = event.get("type") or name
        if kind in ("content_block_stop", "content_block_start"):
            return ((event.get("index"),),) if kind == "content_block_stop" else ()
        return (ALL,) if kind in ("message_delta", "message_stop", "error", "message") else ()

    def piece(self, event: dict[str, Any], field: TextField, text: Any) -> dict[str, Any]:
        name = field.path[-1]
        kind = KINDS.get(str(name), "compaction_delta")
        return {"type": "content_block_delta", "index": event.get("index"), "delta": {"type": kind, name: text}}
