"""The grammar of Anthropic Messages: https://docs.anthropic.com/en/docs/build-with-claude/streaming."""

from __future__ import annotations

from typing import Any

from .frames import Frame, frames_of

STOP_REASONS = ("end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal")
DELTAS = {
    "text": {"text_delta": "text", "citations_delta": "citation"},
    "thinking": {"thinking_delta": "thinking", "signature_delta": "signature"},
    "tool_use": {"input_json_delta": "partial_json"},
    "redacted_thinking": {},
}
ERROR_TYPES = (
    "invalid_request_error", "authentication_error", "billing_error", "permission_error", "not_found_error",
    "request_too_large", "rate_limit_error", "timeout_error", "conflict_error", "api_error", "overloaded_error",
)  # fmt: skip


def check(data: bytes) -> bool:
    """Check a whole stream; return whether it ends with `message_stop`."""
    frames = [frame for frame in frames_of(data) if not frame.comment]
    assert all(frame.name == frame.data["type"] for frame in frames), "the name of an event is its type"
    frames = [frame for frame in frames if frame.name != "ping"]
    if frames and frames[-1].name == "error":
        _check_error(frames.pop().data)
        assert not _check_content(frames), "a failed answer has no stop reason"
        return False
    assert frames.pop().data == {"type": "message_stop"}
    assert _check_content(frames), "the stop reason comes before message_stop"
    return True


def _check_error(event: dict[str, Any]) -> None:
    assert set(event) == {"type", "error"}
    assert event["error"]["type"] in ERROR_TYPES
    assert isinstance(event["error"]["message"], str)


def _check_content(frames: list[Frame]) -> bool:
    """Check the events between the start and the last one; return whether the stop reason came."""
    if not frames:
        return False
    _check_start(frames[0])
    blocks, open_block = 0, ""
    for number, frame in enumerate(frames[1:], 2):
        event = frame.data
        if frame.name == "content_block_start":
            assert not open_block, "one block is open at a time"
            assert event["index"] == blocks, "the indexes are dense"
            open_block = _check_block(event["content_block"])
            blocks += 1
        elif frame.name == "content_block_delta":
            assert event["index"] == blocks - 1
            field = DELTAS[open_block][event["delta"]["type"]]
            assert field in event["delta"], f"not a delta of {open_block}: {event}"
        elif frame.name == "content_block_stop":
            assert open_block
            assert event == {"type": "content_block_stop", "index": blocks - 1}
            open_block = ""
        else:
            assert frame.name == "message_delta", f"an unknown event: {frame}"
            assert not open_block, "every block is closed before message_delta"
            assert number == len(frames), "nothing comes between message_delta and message_stop"
            assert event["delta"]["stop_reason"] in STOP_REASONS
            assert isinstance(event["usage"]["output_tokens"], int)
            return True
    assert not open_block, "every block is closed before the end"
    return False


def _check_start(frame: Frame) -> None:
    assert frame.name == "message_start"
    message = frame.data["message"]
    assert message["type"] == "message"
    assert message["role"] == "assistant"
    assert message["content"] == []
    assert message["stop_reason"] is None
    assert isinstance(message["id"], str)
    assert isinstance(message["model"], str)
    assert all(isinstance(message["usage"][name], int) for name in ("input_tokens", "output_tokens"))


def _check_block(block: dict[str, Any]) -> str:
    kind: str = block["type"]
    if kind == "tool_use":
        assert block["input"] == {}
        assert block["id"]
        assert isinstance(block["name"], str)
    elif kind == "redacted_thinking":
        assert isinstance(block["data"], str)
    else:
        assert block == {"text": {"type": "text", "text": ""}}.get(
            kind, {"type": "thinking", "thinking": "", "signature": ""}
        ), f"a block starts empty: {block}"
    return kind
