"""The places of text in the responses of Gemini. See `_decoders/gemini_parts.py` for the parts of a candidate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..formats import register_texts
from ..json_values import dict_of
from ..text_fields import ALL, Block, Path, TextField, TextFields, objects_at, text_at, texts_in

if TYPE_CHECKING:
    from collections.abc import Iterator


@register_texts
class GeminiTexts(TextFields):
    """Texts of "gemini". A block: the candidate and the kind; of a call's streamed arguments, also their path."""

    api = "gemini"
    model = (("modelVersion",), ("response", "modelVersion"))
    ping = b""  # the SDK raises for a comment

    def event(self, value: dict[str, Any]) -> tuple[Path, dict[str, Any]]:
        inner = value.get("response")
        if isinstance(inner, dict) and "candidates" not in value:
            return ("response",), inner
        return (), value

    def fields(self, event: dict[str, Any], name: str | None) -> Iterator[TextField]:
        for path, candidate in objects_at(event, "candidates"):
            index = candidate.get("index") or 0
            logprobs = (*path, "logprobsResult") if candidate.get("logprobsResult") else None
            content = dict_of(candidate.get("content"))
            for here, part in objects_at(content, "parts", (*path, "content")):
                kind = "reasoning" if part.get("thought") is True else "text"
                yield from text_at(part, "text", here, kind, (index, kind), logprobs=logprobs)
                yield from self._call(dict_of(part.get("functionCall")), (*here, "functionCall"), index)
                code = dict_of(part.get("executableCode"))
                yield from text_at(code, "code", (*here, "executableCode"), "arguments")
                call = dict_of(part.get("toolCall"))
                if "args" in call:
                    yield from texts_in(call["args"], (*here, "toolCall", "args"))

    def _call(self, call: dict[str, Any], path: Path, index: int) -> Iterator[TextField]:
        if "args" in call:
            yield from texts_in(call["args"], (*path, "args"))
        for here, value in objects_at(call, "partialArgs", path):
            yield from text_at(value, "stringValue", here, "arguments", (index, "call", value.get("jsonPath")))
            if isinstance(number := value.get("numberValue"), (int, float)):
                yield TextField((*here, "numberValue"), "arguments", number)

    def ended(self, event: dict[str, Any], name: str | None) -> list[Block]:
        if event.get("error"):
            return [ALL]
        ended: list[Block] = []
        for _, candidate in objects_at(event, "candidates"):
            index = candidate.get("index") or 0
            if candidate.get("finishReason"):
                ended.append((index,))
                continue
            parts = [part for _, part in objects_at(candidate.get("content"), "parts")]
            kinds = {"reasoning" if part.get("thought") is True else "text" for part in parts if part.get("text")}
            is_other = any("text" not in part for part in parts)
            ended += [(index, kind) for kind in ("text", "reasoning") if kind not in kinds and (kinds or is_other)]
            for call in (dict_of(part.get("functionCall")) for part in parts):
                values = [
                    value for _, value in objects_at(call, "partialArgs") if value.get("willContinue") is not True
                ]
                ended += [(index, "call", value.get("jsonPath")) for value in values]
                if call and call.get("willContinue") is not True:
                    ended.append((index, "call"))
        return ended

    def piece(self, event: dict[str, Any], field: TextField, text: Any) -> dict[str, Any]:
        of: Any = event
        for step in field.path[: field.path.index("content")]:
            of = of[step]
        part: dict[str, Any] = {"text": text} | ({"thought": True} if field.kind == "reasoning" else {})
        if field.kind == "arguments":
            value = {"jsonPath": (field.block or ("",))[-1], "stringValue": text, "willContinue": True}
            part = {"functionCall": {"partialArgs": [value], "willContinue": True}}
        candidate = {"content": {"parts": [part], "role": "model"}, "index": of.get("index") or 0}
        head = {name: event[name] for name in ("modelVersion", "responseId", "createTime") if name in event}
        return {"candidates": [candidate]} | head
