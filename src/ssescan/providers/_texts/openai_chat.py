"""The places of text in the chunks of Chat Completions, in all dialects. See `_decoders/chat_content.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..formats import register_texts
from ..json_values import dict_of, list_of
from ..text_fields import ALL, Block, Path, TextField, TextFields, objects_at, text_at

if TYPE_CHECKING:
    from collections.abc import Iterator

REASONING = ("reasoning_content", "reasoning", "reasoning_text", "thinking")
THOUGHTS = ("thinking", "reasoning", "reasoning_text", "summary_text")
"""The types of content parts that are reasoning."""
THOUGHT_FIELDS = ("thinking", "summary", "content", "text", "reasoning")
"""The fields of a part or a detail that may hold reasoning."""


@register_texts
class ChatTexts(TextFields):
    """Texts of "openai-chat". A block: the choice, the kind, and what else tells it apart."""

    api = "openai-chat"
    model = (("model",),)

    def fields(self, event: dict[str, Any], name: str | None) -> Iterator[TextField]:
        for path, choice in objects_at(event, "choices"):
            index = choice.get("index") or 0
            logprobs = (*path, "logprobs") if choice.get("logprobs") else None
            yield from text_at(choice, "text", path, "text", (index, "text", "legacy"), logprobs=logprobs)
            yield from self._content(dict_of(choice.get("delta")), (*path, "delta"), index, logprobs)
            yield from self._content(dict_of(choice.get("message")), (*path, "message"), None, logprobs)
            yield from text_at(choice, "message", path, "text", logprobs=logprobs)

    def _content(
        self, content: dict[str, Any], path: Path, index: int | None, logprobs: Path | None
    ) -> Iterator[TextField]:
        """Yield the texts of a delta, or of a whole message: then `index` is None."""

        def block(*name: Any) -> Block | None:
            return None if index is None else (index, *name)

        yield from text_at(content, "content", path, "text", block("text"), logprobs=logprobs)
        yield from text_at(content, "refusal", path, "text", block("text", "refusal"), logprobs=logprobs)
        for here, part in objects_at(content, "content", path):
            yield from self._part(part, here, index)
        for number, part in enumerate(list_of(content.get("content"))):
            if isinstance(part, str):
                yield TextField((*path, "content", number), "text", part, block("text"))
        for name in REASONING:
            yield from text_at(content, name, path, "reasoning", block("reasoning", name))
            yield from text_at(
                dict_of(content.get(name)), "content", (*path, name), "reasoning", block("reasoning", name)
            )
        for name in ("reasoning_details", "thinking_blocks"):
            for here, detail in objects_at(content, name, path):
                for field in THOUGHT_FIELDS:
                    key = block("reasoning", name, detail.get("index"), field)
                    yield from text_at(detail, field, here, "reasoning", key)
        yield from text_at(
            dict_of(content.get("audio")), "transcript", (*path, "audio"), "text", block("text", "audio")
        )
        yield from self._calls(content, path, index)

    def _part(self, part: dict[str, Any], path: Path, index: int | None) -> Iterator[TextField]:
        is_thought = part.get("type") in THOUGHTS
        kind = "reasoning" if is_thought else "text"
        block = None if index is None else (index, kind) if is_thought else (index, "text")
        for name in THOUGHT_FIELDS if is_thought else ("text", "refusal"):
            yield from text_at(part, name, path, kind, block)
            for here, thought in objects_at(part, name, path):
                yield from text_at(thought, "text", here, kind, block)

    def _calls(self, content: dict[str, Any], path: Path, index: int | None) -> Iterator[TextField]:
        for here, call in objects_at(content, "tool_calls", path):
            block = None if index is None else (index, "call", call.get("index"))
            function = dict_of(call.get("function"))
            yield from text_at(function, "arguments", (*here, "function"), "arguments", block, is_json=True)
            yield from text_at(dict_of(call.get("custom")), "input", (*here, "custom"), "arguments", block)
        function = dict_of(content.get("function_call"))
        block = None if index is None else (index, "call", "function_call")
        yield from text_at(function, "arguments", (*path, "function_call"), "arguments", block, is_json=True)

    def ended(self, event: dict[str, Any], name: str | None) -> list[Block]:
        if event.get("error"):
            return [ALL]
        ended: list[Block] = []
        for _, choice in objects_at(event, "choices"):
            index = choice.get("index") or 0
            if choice.get("finish_reason") or choice.get("message"):
                ended.append((index,))
                continue
            # Text of another kind begins a new block, and a new call ends what was before it.
            kinds = {field.block[1] for field in self.fields(event, name) if field.block and field.block[0] == index}
            ended += [(index, kind) for kind in ("text", "reasoning") if kinds and kind not in kinds]
        return ended

    def piece(self, event: dict[str, Any], field: TextField, text: Any) -> dict[str, Any]:
        number = next((step for step in field.path if isinstance(step, int)), 0)
        choices = event.get("choices")
        of = dict_of(choices[number] if isinstance(choices, list) else choices)
        choice: dict[str, Any] = {"index": of.get("index") or 0, "finish_reason": None}
        block: Block = field.block or ALL
        if field.path[-2:-1] == ("function",) or field.path[-2:-1] == ("custom",):
            kind = str(field.path[-2])
            choice["delta"] = {"tool_calls": [{"index": block[2] or 0, kind: {field.path[-1]: text}}]}
        elif field.path[-2:-1] == ("function_call",):
            choice["delta"] = {"function_call": {"arguments": text}}
        elif block[1:] == ("text", "legacy"):
            choice["text"] = text
        elif "audio" in field.path:
            choice["delta"] = {"audio": {"transcript": text}}
        else:
            choice["delta"] = {self._name_of(field): text}
        head = {name: value for name, value in event.items() if isinstance(value, (str, int)) and name != "obfuscation"}
        return head | {"choices": [choice]}

    def _name_of(self, field: TextField) -> str:
        """Return the field of a delta for a text, which may have stood in a list."""
        if field.kind == "text":
            return "refusal" if field.path[-1] == "refusal" else "content"
        return next((name for name in REASONING if name in field.path), REASONING[0])
