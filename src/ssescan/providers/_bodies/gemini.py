"""A message as a GenerateContentResponse. https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import message as blocks
from .._writers.gemini_values import FINISH_REASONS, usage_metadata
from ..base64_text import joined_base64
from ..json_values import without_unit
from ..response_bodies import arguments_object, made_id, raw

if TYPE_CHECKING:
    from ..message import Block, Choice, Message

PROMPT_BLOCKED = "PROMPT_BLOCKED:"  # how the decoder names the block of a prompt


def body(message: Message) -> dict[str, Any]:
    """Return a complete message as a GenerateContentResponse."""
    is_own = message.api == "gemini"
    made: dict[str, Any] = {}
    word = message.raw_finish_reason or ""
    if is_own and word.startswith(PROMPT_BLOCKED):
        made["promptFeedback"] = {"blockReason": word.removeprefix(PROMPT_BLOCKED)}
    else:
        made["candidates"] = [_candidate(choice, is_own=is_own) for choice in message.choices]
    if message.usage is not None:
        own = message.usage.raw if is_own else None
        made["usageMetadata"] = usage_metadata(message.usage)[0] if own is None else raw(own)
    return made | {"modelVersion": message.model or "", "responseId": made_id(message, "")}


def _candidate(choice: Choice, *, is_own: bool) -> dict[str, Any]:
    kept = list(choice.native.get("parts", ())) if is_own and not any(call.cut for call in choice.tool_calls) else []
    parts: list[Any] = [raw(part) for part in kept] or [
        made for block in choice.blocks if (made := _part(block)) is not None
    ]
    word = choice.raw_finish_reason if is_own else None
    word = word or FINISH_REASONS[choice.finish_reason or "other"]
    made = {"content": {"parts": parts, "role": "model"}, "finishReason": word, "index": choice.index}
    return made | _sources(choice) if is_own else made


def _part(block: Block) -> dict[str, Any] | None:
    """Return a part of the content; None for a block that Gemini has no place for."""
    signature = getattr(block, "signature", None)
    signed = {"thoughtSignature": signature} if signature else {}
    match block:
        case blocks.TextBlock(text=text) | blocks.RefusalBlock(text=text):
            return {"text": text} | signed
        case blocks.ReasoningBlock(text=text):
            return {"text": text, "thought": True} | signed
        case blocks.ToolCall(server=False):
            id = {"id": block.id} if block.id else {}
            return {"functionCall": id | {"name": block.name, "args": arguments_object(block)}} | signed
        case blocks.MediaBlock(media=media, data=data) if data:
            return {"inlineData": {"mimeType": media or "", "data": joined_base64(data)}} | signed
        case blocks.MediaBlock(media=media, url=str() as url):
            return {"fileData": {"mimeType": media or "", "fileUri": url}} | signed
    return None


def _sources(choice: Choice) -> dict[str, Any]:
    """Return the sources of an answer of Gemini's, as they came."""
    items = [item for block in choice.blocks if isinstance(block, blocks.TextBlock) for item in block.citations]
    grounding = [item["groundingMetadata"] for item in items if "groundingMetadata" in item]
    citations = [without_unit(item) for item in items if "groundingMetadata" not in item]
    return ({"groundingMetadata": raw(grounding[-1])} if grounding else {}) | (
        {"citationMetadata": raw({"citations": citations})} if citations else {}
    )
