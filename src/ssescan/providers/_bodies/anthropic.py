"""A message as one of Anthropic Messages. https://docs.anthropic.com/en/api/messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import message as blocks
from .._writers.anthropic import CITATIONS, STOP_REASONS, anthropic_usage
from ..json_values import without_unit
from ..response_bodies import arguments_object, call_id, made_id, raw

if TYPE_CHECKING:
    from ..message import Block, Choice, Message

OWN = ("server_tool_use", "mcp_tool_use")
"""Calls of tools that Anthropic runs."""


def body(message: Message) -> dict[str, Any]:
    """Return a complete message as a message of Anthropic."""
    id = made_id(message, "msg_")
    is_own = message.api == "anthropic"
    choice = message.choice
    content = [_block(block, id, number, is_own=is_own) for number, block in enumerate(choice.blocks)]
    own = message.usage.raw if is_own and message.usage is not None else None
    return {
        "id": id, "type": "message", "role": "assistant", "model": message.model or "",
        "content": [block for block in content if block is not None],
        "stop_reason": _stop_reason(choice, is_own=is_own), "stop_sequence": choice.stop_sequence,
        "usage": anthropic_usage(message.usage) if own is None else raw(own),
    }  # fmt: skip


def _stop_reason(choice: Choice, *, is_own: bool) -> str:
    if is_own and choice.raw_finish_reason:
        return choice.raw_finish_reason
    reason = choice.finish_reason or "other"
    return "stop_sequence" if reason == "stop" and choice.stop_sequence is not None else STOP_REASONS[reason]


def _block(block: Block, id: str, number: int, *, is_own: bool) -> Any:
    """Return a block of content; None for one that Anthropic has no place for."""
    match block:
        case blocks.TextBlock(text=text):
            cited = [without_unit(item) for item in block.citations if is_own or item.get("type") in CITATIONS]
            return {"type": "text", "text": text, "citations": [raw(item) for item in cited] or None}
        case blocks.RefusalBlock(text=text):
            return {"type": "text", "text": text, "citations": None}
        case blocks.ReasoningBlock(text=text, signature=signature):
            return {"type": "thinking", "thinking": text, "signature": signature or ""}
        case blocks.RedactedReasoningBlock(data=data):
            return {"type": "redacted_thinking", "data": data}
        case blocks.ToolCall() if not block.server or (is_own and block.kind in OWN):
            call = {"type": "tool_use", "id": call_id(block, id, number)}
            native = block.native if is_own else {}
            return call | native | {"name": block.name, "input": arguments_object(block)}
        case blocks.ServerToolResultBlock(name=name, native=native) if is_own:
            return raw({"type": name} | native)
        case blocks.RawBlock(data=dict() as data, native=native) if is_own:
            return raw(data | native)
    return None
