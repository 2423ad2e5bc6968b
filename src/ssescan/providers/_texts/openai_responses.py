"""The places of text in the events of OpenAI Responses: in deltas, and again in the events that repeat it whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..formats import register_texts
from ..json_values import dict_of
from ..text_fields import ALL, Block, Path, TextField, TextFields, objects_at, text_at, texts_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TEXTS = {
    "output_text": ("text", "text"),
    "refusal": ("refusal", "text"),
    "reasoning_text": ("text", "reasoning"),
    "reasoning_summary_text": ("text", "reasoning"),
    "function_call_arguments": ("arguments", "arguments"),
    "mcp_call_arguments": ("arguments", "arguments"),
    "custom_tool_call_input": ("input", "arguments"),
    "code_interpreter_call_code": ("code", "arguments"),
    "audio_transcript": ("transcript", "text"),
    "audio.transcript": ("transcript", "text"),
}
"""The events with text, by the name between `response.` and `.delta`: the field that repeats it whole, its kind."""
JSON = ("function_call_arguments", "mcp_call_arguments")
OVER = (
    "response.completed", "response.incomplete", "response.failed", "response.cancelled", "response.done", "error",
    "response.error",
)  # fmt: skip


@register_texts
class ResponsesTexts(TextFields):
    """Texts of "openai-responses". A block: the item, the part, and the event's name."""

    api = "openai-responses"
    model = (("response", "model"), ("model",))

    def fields(self, event: dict[str, Any], name: str | None) -> Iterator[TextField]:
        kind = str(event.get("type") or name or "")
        of, _, end = kind.removeprefix("response.").rpartition(".")
        if of in TEXTS and end in ("delta", "done"):
            whole, text_kind = TEXTS[of]
            logprobs = ("logprobs",) if event.get("logprobs") else None
            is_json = of in JSON
            block = self._block(event, of) if end == "delta" else None
            for field in ("delta",) if end == "delta" else (whole, "text"):
                yield from text_at(event, field, (), text_kind, block, is_json=is_json, logprobs=logprobs)
                if field == whole == "text":
                    break
        for path, part in objects_at(event, "part"):
            reasoning = part.get("type") in ("reasoning_text", "summary_text")
            yield from self._part(part, path, "reasoning" if reasoning else "text")
        for path, item in objects_at(event, "item"):
            yield from self._item(item, path)
        response, at = (event, ()) if event.get("object") == "response" else (event.get("response"), ("response",))
        for path, item in objects_at(response, "output", at):
            yield from self._item(item, path)
        yield from text_at(dict_of(response), "output_text", at, "text")

    def _block(self, event: dict[str, Any], of: str) -> Block:
        part = event.get("content_index", event.get("summary_index"))
        return (event.get("output_index"), part, of)

    def _part(self, part: dict[str, Any], path: Path, kind: str) -> Iterator[TextField]:
        logprobs = (*path, "logprobs") if part.get("logprobs") else None
        for name in ("text", "refusal", "transcript"):
            yield from text_at(part, name, path, kind, logprobs=logprobs)

    def _item(self, item: dict[str, Any], path: Path) -> Iterator[TextField]:
        kind = "reasoning" if item.get("type") == "reasoning" else "text"
        for name in ("content", "summary"):
            for here, part in objects_at(item, name, path):
                yield from self._part(part, here, kind)
        arguments = item.get("arguments")
        yield from text_at(item, "arguments", path, "arguments", is_json=True)
        if isinstance(arguments, (dict, list)):
            yield from texts_in(arguments, (*path, "arguments"))
        for name in ("input", "code"):
            yield from text_at(item, name, path, "arguments")
        for name in ("action", "operation", "actions", "queries"):
            if name in item:
                yield from texts_in(item[name], (*path, name))

    def ended(self, event: dict[str, Any], name: str | None) -> Iterable[Block]:
        kind = str(event.get("type") or name or "")
        if kind in OVER or event.get("object") == "response":
            return (ALL,)
        index = event.get("output_index")
        if kind == "response.output_item.done":
            return ((index,),)
        if kind.endswith("part.done"):
            return ((index, event.get("content_index", event.get("summary_index"))),)
        of, _, end = kind.removeprefix("response.").rpartition(".")
        return (self._block(event, of),) if of in TEXTS and end == "done" else ()

    def piece(self, event: dict[str, Any], field: TextField, text: Any) -> dict[str, Any]:
        # `sequence_number` repeats that of the last piece: the events that follow keep theirs.
        made = {name: value for name, value in event.items() if name not in ("obfuscation", "usage")} | {"delta": text}
        return made | {"logprobs": []} if "logprobs" in made else made
