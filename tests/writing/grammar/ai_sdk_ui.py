"""The grammar of Vercel's UI message stream: https://ai-sdk.dev/docs/ai-sdk-ui/stream-protocol#data-stream-protocol."""

from __future__ import annotations

from typing import Any

from .frames import frames_of

FINISH_REASONS = ("stop", "length", "content-filter", "tool-calls", "error", "other")
REQUIRED: dict[str, dict[str, type]] = {
    "text-start": {"id": str}, "text-delta": {"id": str, "delta": str}, "text-end": {"id": str},
    "reasoning-start": {"id": str}, "reasoning-delta": {"id": str, "delta": str}, "reasoning-end": {"id": str},
    "tool-input-start": {"toolCallId": str, "toolName": str},
    "tool-input-delta": {"toolCallId": str, "inputTextDelta": str},
    "tool-input-available": {"toolCallId": str, "toolName": str, "input": object},
    "tool-input-error": {"toolCallId": str, "toolName": str, "input": object, "errorText": str},
    "tool-output-available": {"toolCallId": str, "output": object},
    "tool-output-error": {"toolCallId": str, "errorText": str},
    "source-url": {"sourceId": str, "url": str}, "file": {"url": str, "mediaType": str},
}  # fmt: skip
OPTIONAL: dict[str, type] = {"providerMetadata": dict, "providerExecuted": bool, "title": str}
NEXT = {
    "tool-input-start": ("", "started"), "tool-input-delta": ("started", "started"),
    "tool-input-available": ("started", "available"), "tool-input-error": ("started", "failed"),
}  # fmt: skip


def check(data: bytes) -> bool:
    """Check a whole stream; return whether it ends with `[DONE]`."""
    frames = [frame for frame in frames_of(data) if not frame.comment]
    assert all(not frame.name for frame in frames), "the events have no name"
    events = [frame.data for frame in frames]
    assert events, "a stream has an event"
    if events[-1] != "[DONE]":
        _check_error(events.pop())
        if events:
            _check_content(_started(events))
        return False
    events.pop()
    _check_finish(events.pop())
    assert events.pop() == {"type": "finish-step"}
    open_blocks = _check_content(_started(events))
    assert not open_blocks, f"every block is closed before the end: {open_blocks}"
    return True


def _check_error(event: dict[str, Any]) -> None:
    assert event == {"type": "error", "errorText": event["errorText"]}
    assert isinstance(event["errorText"], str)


def _check_finish(event: dict[str, Any]) -> None:
    assert event.pop("type") == "finish"
    assert event.pop("finishReason") in FINISH_REASONS
    assert isinstance(event.pop("messageMetadata", {}), dict)
    assert not event


def _started(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Check the first two events; return the others."""
    start = events[0]
    assert start["type"] == "start"
    assert isinstance(start["messageId"], str)
    assert set(start) <= {"type", "messageId", "messageMetadata"}
    assert events[1] == {"type": "start-step"}
    return events[2:]


def _check_content(events: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """Check the events of the step; return the blocks that are open at the end."""
    open_blocks: set[tuple[str, str]] = set()
    ids: set[str] = set()  # of all blocks and sources
    calls: dict[str, str] = {}
    for event in events:
        kind = event["type"]
        required = REQUIRED[kind]
        assert all(name in event and isinstance(event[name], required[name]) for name in required), event
        rest = {name: event[name] for name in event if name not in required and name != "type"}
        assert all(isinstance(rest[name], OPTIONAL[name]) for name in rest), f"a field that is not known: {event}"
        family, _, step = kind.rpartition("-")
        if family in ("text", "reasoning"):
            block = family, event["id"]
            assert (block in open_blocks) == (step != "start"), f"not open, or open already: {event}"
            if step == "start":
                assert event["id"] not in ids, "the id of a block is its own"
                ids.add(event["id"])
            open_blocks = open_blocks - {block} if step == "end" else open_blocks | {block}
        elif kind in NEXT:
            before, after = NEXT[kind]
            assert calls.get(event["toolCallId"], "") == before, f"not the next event of the call: {event}"
            calls[event["toolCallId"]] = after
        elif family == "tool-output":
            assert calls[event["toolCallId"]] in ("available", "failed")
            assert event["providerExecuted"] is True
        elif kind == "source-url":
            assert event["sourceId"] not in ids
            ids.add(event["sourceId"])
    return open_blocks
