"""The values in events of Vercel's UI message stream: metadata, usage, words for the end. They know no stream."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..json_bytes import encode_value

if TYPE_CHECKING:
    from ..parts import Usage

FINISH_REASONS = {
    "stop": "stop", "length": "length", "tool_calls": "tool-calls", "content_filter": "content-filter",
    "refusal": "content-filter", "pause": "other", "other": "other",
}  # fmt: skip

# The AI SDK refuses an event with such a field anywhere, because it would change the prototype of a JavaScript object.
PROTOTYPE = re.compile(rb'"(?:__proto__|constructor)"\s*:')


def event(kind: str, fields: dict[str, Any]) -> bytes:
    """Return an event."""
    return b"data: " + encode_value({"type": kind} | fields) + b"\n\n"


def is_accepted(value: bytes) -> bool:
    """Return whether the AI SDK accepts a JSON value within an event."""
    return PROTOTYPE.search(value) is None


def metadata(**fields: str | None) -> bytes:
    """Return the field `providerMetadata`, after a comma. The name of the provider is ours: the parts have no other."""
    present = {name: value for name, value in fields.items() if value is not None}
    return b',"providerMetadata":' + encode_value({"ssescan": present})


def usage_of(usage: Usage) -> dict[str, Any]:
    """Return the numbers that are known, with the names of the AI SDK's LanguageModelUsage; the last two are older."""
    details = {"cacheReadTokens": usage.cache_read, "cacheWriteTokens": usage.cache_write}
    total = usage.total
    if total is None and usage.input is not None and usage.output is not None:
        total = usage.input + usage.output
    made = {
        "inputTokens": usage.input,
        "inputTokenDetails": _known(details) or None,
        "outputTokens": usage.output,
        "outputTokenDetails": _known({"reasoningTokens": usage.reasoning}) or None,
        "totalTokens": total,
        "reasoningTokens": usage.reasoning,
        "cachedInputTokens": usage.cache_read,
    }
    return _known(made)


def _known(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
