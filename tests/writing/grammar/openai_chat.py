"""The grammar of OpenAI Chat Completions: https://platform.openai.com/docs/api-reference/chat-streaming."""

from __future__ import annotations

from typing import Any

from .frames import frames_of

FINISH_REASONS = ("stop", "length", "tool_calls", "content_filter")
CHUNK = {"id": str, "object": str, "created": int, "model": str, "choices": list}


def check(data: bytes) -> bool:
    """Check a whole stream; return whether it ends with `[DONE]`."""
    frames = [frame for frame in frames_of(data) if not frame.comment]
    assert all(not frame.name for frame in frames), "Chat events have no name"
    payloads = [frame.data for frame in frames]
    if payloads and payloads[-1] != "[DONE]":
        _check_error(payloads.pop())
        _check_chunks(payloads, finished=False)
        return False
    assert payloads.pop() == "[DONE]"
    _check_chunks(payloads, finished=True)
    return True


def _check_error(payload: dict[str, Any]) -> None:
    assert set(payload) == {"error"}, f"an error was expected at the end: {payload}"
    error = payload["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert isinstance(error["message"], str)
    assert isinstance(error["type"], str)


def _check_chunks(chunks: list[Any], *, finished: bool) -> None:
    choices: dict[int, dict[str, Any]] = {}
    constant = None
    has_usage = False
    for chunk in chunks:
        assert all(isinstance(chunk.get(name), kind) for name, kind in CHUNK.items()), f"not a chunk: {chunk}"
        assert chunk["object"] == "chat.completion.chunk"
        head = chunk["id"], chunk["created"], chunk["model"]
        assert constant in (None, head), "id, created and model stay the same"
        constant = head
        assert not has_usage, "nothing comes after the usage"
        if not chunk["choices"]:
            has_usage = True
            _check_usage(chunk["usage"])
        for choice in chunk["choices"]:
            assert chunk.get("usage") is None
            _check_choice(choice, choices)
    if finished:
        assert choices, "an answer has a choice"
        assert all(seen["finish"] for seen in choices.values()), "every choice finishes"
    else:
        assert not any(seen["finish"] for seen in choices.values()), "no choice of a failed answer finishes"


def _check_choice(choice: dict[str, Any], choices: dict[int, dict[str, Any]]) -> None:
    index, delta, reason = choice["index"], choice["delta"], choice["finish_reason"]
    if index not in choices:
        assert delta == {"role": "assistant"}, f"the role comes first: {choice}"
        choices[index] = {"finish": None, "calls": 0}
        return
    seen = choices[index]
    assert "role" not in delta, "the role comes once"
    assert seen["finish"] is None, "nothing comes after the finish reason"
    if reason is not None:
        assert reason in FINISH_REASONS
        assert delta == {}
        seen["finish"] = reason
    if choice.get("logprobs") is not None:
        assert set(choice["logprobs"]) == {"content", "refusal"}, "both are required"
    for call in delta.get("tool_calls", ()):
        assert isinstance(call["function"]["arguments"], str)
        if call["index"] == seen["calls"]:
            assert call["id"]
            assert call["type"] == "function"
            assert isinstance(call["function"]["name"], str)
            seen["calls"] += 1
        else:
            assert 0 <= call["index"] < seen["calls"], "the indexes of calls are dense"
            assert set(call) == {"index", "function"}


def _check_usage(usage: dict[str, Any]) -> None:
    for name in ("prompt_tokens", "completion_tokens", "total_tokens"):
        assert isinstance(usage[name], int)
