"""A message as a chat.completion. https://platform.openai.com/docs/api-reference/chat/object."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from .._decoders.chat_content import reasoning_back
from .._writers.openai_chat import FINISH_REASONS, chat_usage, url_citations
from ..base64_text import joined_base64
from ..message import MediaBlock, TextBlock, ToolCall
from ..response_bodies import call_id, made_id, raw
from ..surrogates import FLAT

if TYPE_CHECKING:
    from ..message import Choice, Message


def body(message: Message) -> dict[str, Any]:
    """Return a complete message as a chat.completion."""
    id = made_id(message, "chatcmpl-")
    is_own = message.api == "openai-chat"
    made: dict[str, Any] = {
        "id": id, "object": "chat.completion", "created": int(time.time()), "model": message.model or "",
        "choices": [_choice(choice, id, is_own=is_own) for choice in message.choices],
    }  # fmt: skip
    if message.usage is not None:
        own = message.usage.raw if is_own else None
        made["usage"] = chat_usage(message.usage) if own is None else raw(own)
    return made


def _choice(choice: Choice, id: str, *, is_own: bool) -> dict[str, Any]:
    reason = choice.finish_reason or "other"
    word = "stop" if reason == "refusal" and choice.refusal else FINISH_REASONS[reason]
    if is_own and choice.raw_finish_reason:
        word = choice.raw_finish_reason
    content = _content(choice, id)
    return {"index": choice.index, "message": content, "logprobs": None, "finish_reason": word}


def _content(choice: Choice, id: str) -> dict[str, Any]:
    calls = [call for call in choice.tool_calls if call.kind in ("function", "custom")]
    text = choice.text or (None if calls or choice.refusal else "")
    made: dict[str, Any] = {"role": "assistant", "content": text, "refusal": choice.refusal or None}
    if choice.reasoning:
        made[next((name for name in FLAT if choice.native.get(name)), FLAT[0])] = choice.reasoning
    made |= {name: raw(value) for name, value in reasoning_back(choice).items()}
    if "reasoning_details" in choice.native:
        made["reasoning_details"] = raw(list(choice.native["reasoning_details"]))
    if calls:
        made["tool_calls"] = [_call(call, call_id(call, id, number)) for number, call in enumerate(calls)]
    cited = [item for block in choice.blocks if isinstance(block, TextBlock) for item in block.citations]
    if annotations := url_citations(cited):
        made["annotations"] = [raw(annotation) for annotation in annotations]
    for block in choice.blocks:
        if isinstance(block, MediaBlock):
            _add_media(made, block)
    return made


def _call(call: ToolCall, id: str) -> dict[str, Any]:
    if call.custom:
        return {"id": id, "type": "custom", "custom": {"name": call.name, "input": call.arguments}}
    made: dict[str, Any] = {
        "id": id, "type": "function", "function": {"name": call.name, "arguments": call.arguments},
    }  # fmt: skip
    if "extra_content" in call.native:
        made["extra_content"] = raw(call.native["extra_content"])
    return made


def _add_media(made: dict[str, Any], block: MediaBlock) -> None:
    """Add a sound as OpenAI sends it, an image as OpenRouter does."""
    kind, data = block.media or "audio/*", joined_base64(block.data)
    if kind.startswith("audio/") and (data or block.transcript):
        made["audio"] = {"id": None, "expires_at": None} | {
            name: block.native[name] for name in ("id", "expires_at") if name in block.native
        }
        made["audio"] |= {"data": data, "transcript": block.transcript}
    elif kind.startswith("image/") and (data or block.url):
        image = {"type": "image_url", "image_url": {"url": block.url or f"data:{kind};base64,{data}"}}
        made.setdefault("images", []).append(raw(block.native.get("image", image)))
