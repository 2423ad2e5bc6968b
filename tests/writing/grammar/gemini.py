"""The grammar of Gemini's streamGenerateContent: https://ai.google.dev/api/generate-content, with `alt=sse`."""

from __future__ import annotations

import base64
from typing import Any

from .frames import frames_of

SUCCESS = (
    "STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "LANGUAGE", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII",
    "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "MODEL_ARMOR", "NO_IMAGE", "IMAGE_OTHER",
)  # fmt: skip
FAILED = ("MALFORMED_FUNCTION_CALL",)
CANDIDATE = {
    "content", "index", "finishReason", "finishMessage", "groundingMetadata", "citationMetadata", "logprobsResult",
}  # fmt: skip
STATUSES = {
    "INVALID_ARGUMENT": 400, "UNAUTHENTICATED": 401, "PERMISSION_DENIED": 403, "NOT_FOUND": 404,
    "RESOURCE_EXHAUSTED": 429, "INTERNAL": 500, "UNAVAILABLE": 503,
}  # fmt: skip
PARTS: dict[str, dict[str, type]] = {
    "functionCall": {"id": str, "name": str, "args": dict},
    "inlineData": {"mimeType": str, "data": str},
    "fileData": {"mimeType": str, "fileUri": str},
    "executableCode": {"id": str, "language": str, "code": str},
    "codeExecutionResult": {"id": str, "outcome": str, "output": str},
    "toolCall": {"id": str, "toolType": str, "args": dict},
    "toolResponse": {"id": str, "toolType": str, "response": dict},
}


def check(data: bytes) -> bool:
    """Check a whole stream; return whether every candidate ends with a reason that is not an error."""
    frames = frames_of(data, line_end="\r\n")
    assert not any(frame.comment or frame.name for frame in frames), "Gemini has no comments and no names of events"
    responses = [frame.data for frame in frames]
    assert responses, "a stream has an event"
    failed = "error" in responses[-1]
    if failed:
        _check_error(responses.pop())
    seen: set[int] = set()
    constant = None
    for number, response in enumerate(responses, 1):
        is_last = number == len(responses) and not failed
        head = response.pop("modelVersion"), response.pop("responseId")
        assert all(isinstance(value, str) for value in head)
        assert constant in (None, head), "the model and the id stay the same"
        constant = head
        if "usageMetadata" in response:
            assert is_last, "the usage is in the last event"
            _check_usage(response.pop("usageMetadata"))
        assert set(response) == {"candidates"}, f"a field that is not known: {response}"
        for candidate in response["candidates"]:
            seen.add(_check_candidate(candidate, is_last=is_last))
    if failed:
        return False
    last = responses[-1]["candidates"]
    assert [candidate["index"] for candidate in last] == sorted(seen), "the last event ends every candidate"
    return all(candidate["finishReason"] in SUCCESS for candidate in last)


def _check_error(response: dict[str, Any]) -> None:
    assert set(response) == {"error"}, "the error is the first field, and the only one"
    error = response["error"]
    assert set(error) == {"code", "message", "status"}
    assert isinstance(error["code"], int)
    assert isinstance(error["message"], str)
    assert STATUSES.get(error["status"], error["code"]) // 100 == error["code"] // 100


def _check_usage(usage: dict[str, Any]) -> None:
    assert all(name.endswith("TokenCount") and isinstance(value, int) for name, value in usage.items())
    assert {"promptTokenCount", "candidatesTokenCount", "totalTokenCount"} <= set(usage)


def _check_candidate(candidate: dict[str, Any], *, is_last: bool) -> int:
    assert set(candidate) <= CANDIDATE
    index = candidate["index"]
    assert isinstance(index, int)
    assert ("finishReason" in candidate) == is_last, f"the finish reason is in the last event: {candidate}"
    if is_last:
        assert candidate["finishReason"] in SUCCESS + FAILED
    content = candidate["content"]
    assert set(content) == {"role", "parts"}
    assert content["role"] == "model"
    assert content["parts"], "the SDK's chats drop an answer with an event without parts"
    for part in content["parts"]:
        _check_part(part, may_be_empty=len(candidate) > 2)
    return index


def _check_part(part: dict[str, Any], *, may_be_empty: bool) -> None:
    signature = part.pop("thoughtSignature", None)
    if signature is not None:
        assert base64.b64encode(base64.b64decode(signature, validate=True)).decode() == signature
    if "text" in part:
        assert isinstance(part["text"], str)
        assert part["text"] or signature or may_be_empty, "a text without text says nothing"
        assert part in ({"text": part["text"]}, {"text": part["text"], "thought": True})
        return
    assert len(part) == 1, f"a part has one kind: {part}"
    kind, value = next(iter(part.items()))
    fields = PARTS[kind]
    assert set(value) <= set(fields), f"not a {kind}: {value}"
    assert all(isinstance(value[name], fields[name]) for name in value)
    assert kind != "functionCall" or set(value) == set(fields)
    if kind == "inlineData":
        base64.b64decode(value["data"], validate=True)
