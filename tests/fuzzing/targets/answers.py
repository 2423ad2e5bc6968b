"""Streams of each format to begin with, written by ssescan's own Writers and by hand, and what ends them."""

from __future__ import annotations

from typing import Any

from ssescan import Writer
from ssescan.providers import (
    Citation,
    Finish,
    Part,
    ReasoningDelta,
    Signature,
    Start,
    TextDelta,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
    Usage,
)
from ssescan.providers.formats import APIS, WRITTEN_APIS

FORMATS: tuple[Any, ...] = (None, *APIS)
WRITTEN: tuple[Any, ...] = tuple(WRITTEN_APIS)
LAST_WORDS: dict[str, tuple[bytes, ...]] = {
    "openai-chat": (b"[DONE]", b"finish_reason"),
    "openai-responses": (b"completed", b"incomplete", b"finish"),
    "anthropic": (b"message_stop", b"stop_reason"),
    "gemini": (b"finishReason", b"finish_reason", b"blockReason", b"block_reason"),
    "gemini-interactions": (b"complete", b"requires_action", b"incomplete"),
}
"""Pieces of which a complete answer has at least one."""

ANSWERS: tuple[list[Part], ...] = (
    [Start(id="a1", model="m"), TextDelta(text="Hel"), TextDelta(text="lo"), Usage(input=3, output=2), Finish(reason="stop")],
    [Start(id="a2", model="m"), ReasoningDelta(text="hm"), Signature(data="c2ln"), TextDelta(text="x"), Finish(reason="length")],
    [
        Start(id="a3", model="m"),
        ToolCallStart(id="c1", name="f", block=1),
        ToolCallDelta(json='{"a":', block=1),
        ToolCallDelta(json="1}", block=1),
        ToolCallEnd(name="f", id="c1", json='{"a":1}', block=1),
        Finish(reason="tool_calls"),
    ],
    [TextDelta(text="q"), Citation(items=[{"url": "u", "title": "t"}]), Finish(reason="stop")],
)  # fmt: skip
ODD = (
    b'data: {"error":{"message":"no","code":429}}\n\n',
    b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"no"}}\n\n',
    b'data: {"choices":[{"index":0,"delta":{"content":null,"reasoning":"r"},"finish_reason":null}]}\n\n',
    b'data: {"choices":[{"index":0,"delta":{"tool_calls":[{"function":{"name":"f","arguments":"{}"}}]}}]}\n\n',
    b'event: interaction.created\ndata: {"event_type":"interaction.created","interaction":{"id":"i"}}\n\n',
    b'[{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"}]}]',
    b'{"choices":[{"index":0,"message":{"content":"a"},"finish_reason":"stop"}]}',
    b": ping\n\ndata: [DONE]\n\n",
    b"data: [DONE]",
)


def streams() -> list[bytes]:
    """Return whole streams of each format that is written, and odd ones."""
    made = list(ODD)
    for api in WRITTEN:
        for parts in ANSWERS:
            writer = Writer(api, id="msg_1", model="m", created=1)
            made.append(b"".join([writer.write(part) for part in parts]) + writer.close())
    return made


def seeds() -> list[bytes]:
    """Return the streams with choices after them."""
    return [data + bytes([choice, 3, 7, way]) for data in streams() for choice, way in ((0, 0), (1, 1), (2, 3))]
