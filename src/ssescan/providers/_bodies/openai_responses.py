"""A message as a response. https://platform.openai.com/docs/api-reference/responses/object."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from .. import message as blocks
from .._decoders.openai_responses import turn
from .._writers.openai_responses import ANNOTATIONS, ENVELOPE, INCOMPLETE_REASONS, responses_usage
from ..base64_text import joined_base64
from ..finish_reasons import TRUNCATED
from ..json_values import without_unit
from ..response_bodies import call_id, made_id, raw
from ..written_calls import plain_id

if TYPE_CHECKING:
    from ..message import Block, Message


def body(message: Message) -> dict[str, Any]:
    """Return a complete message as a response."""
    id = made_id(message, "resp_")
    reason = INCOMPLETE_REASONS.get(message.finish_reason or "")
    is_own = message.api == "openai-responses"
    output = _own_output(message) if is_own else []
    usage = message.usage
    own = usage.raw if is_own and usage is not None else None
    return ENVELOPE | {
        "id": id, "object": "response", "created_at": int(time.time()),
        "status": "incomplete" if reason else "completed",
        "error": None, "incomplete_details": {"reason": reason} if reason else None,
        "model": message.model or "", "output": output or _output(message, id),
        "usage": None if usage is None else responses_usage(usage) if own is None else raw(own),
    }  # fmt: skip


def _own_output(message: Message) -> list[Any]:
    """Return the items as they came; none if the turn leaves some out, as it does of an answer that was truncated."""
    is_whole = message.finish_reason not in TRUNCATED and not any(call.cut for call in message.tool_calls)
    return [raw(item) for item in turn(message)] if is_whole else []


def _output(message: Message, id: str) -> list[Any]:
    """Return the items of an answer: neighbouring pieces of text are one message."""
    made: list[Any] = []
    for block in message.blocks:
        number = len(made)
        if isinstance(block, (blocks.TextBlock, blocks.RefusalBlock)):
            if not made or made[-1].get("type") != "message":
                head = {"id": f"msg_{plain_id(id)}_{number}", "type": "message", "role": "assistant"}
                made.append(head | {"status": "completed", "content": []} | _phase(block))
            made[-1]["content"].append(_part(block))
        elif (item := _item(block, id, number)) is not None:
            made.append(item)
    return made


def _phase(block: Block) -> dict[str, Any]:
    return {"phase": block.native["phase"]} if "phase" in block.native else {}


def _part(block: blocks.TextBlock | blocks.RefusalBlock) -> dict[str, Any]:
    if isinstance(block, blocks.RefusalBlock):
        return {"type": "refusal", "refusal": block.text}
    cited = [without_unit(item) for item in block.citations if item.get("type") in ANNOTATIONS]
    return {"type": "output_text", "text": block.text, "annotations": [raw(item) for item in cited], "logprobs": []}


def _item(block: Block, id: str, number: int) -> dict[str, Any] | None:
    """Return the item of a block that is not text; None for one that a response has no place for."""
    own = f"{plain_id(id)}_{number}"
    match block:
        case blocks.ReasoningBlock(text=text, kind=kind):
            text_part = [{"type": "summary_text" if kind == "summary" else "reasoning_text", "text": text}]
            made = {"id": f"rs_{own}", "type": "reasoning", "summary": text_part if kind == "summary" else []}
            if kind == "text" and text:
                made["content"] = text_part
            return made | ({"encrypted_content": block.signature} if block.signature else {})
        case blocks.RedactedReasoningBlock(data=data):
            return {"id": f"rs_{own}", "type": "reasoning", "summary": [], "encrypted_content": data}
        case blocks.ToolCall(server=False):
            field = "input" if block.custom else "arguments"
            return {
                "id": f"{'ctc' if block.custom else 'fc'}_{own}",
                "type": "custom_tool_call" if block.custom else "function_call", "call_id": call_id(block, id, number),
                "name": block.name, field: block.arguments, "status": "incomplete" if block.cut else "completed",
            }  # fmt: skip
        case blocks.MediaBlock(media=str() as media) if media.startswith("image/") and block.data:
            return {
                "id": f"ig_{own}", "type": "image_generation_call", "status": "completed",
                "output_format": media.partition("/")[2], "result": joined_base64(block.data),
            }  # fmt: skip
    return None
