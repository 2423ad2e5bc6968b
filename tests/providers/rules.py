"""Rules about streams as servers really send them (docs/rules.md): a table of streams, and how each must be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .assertions import Case, check, framed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ssescan.providers import Message, Part

NAMES = {"openai-responses": "type", "anthropic": "type", "gemini-interactions": "event_type"}


class Rule(NamedTuple):
    """A stream of one format, given as JSON values or as text, and the message that it must be read as.

    `cut`: the names of the calls that may be incomplete. `named_only`: the stream alone does not show its format.
    """

    api: Any
    events: Sequence[Any]
    said: dict[str, Any]
    complete: bool = True
    errors: Sequence[tuple[Any, str | None]] = ()
    cut: Sequence[str] = ()
    parts: Sequence[Part] = ()
    usage: dict[str, Any] | None = None
    named_only: bool = False

    @property
    def stream(self) -> bytes:
        return framed(*self.events, names=NAMES.get(self.api))

    def check(self) -> Message:
        """Read the stream in all ways: named and detected, whole and in bytes, sync and async, strict or not."""
        case = Case(self.stream, self.said, self.complete, self.errors, self.parts, self.usage)
        message = check(case, self.api, named_only=self.named_only)
        calls = [call for choice in message.choices for call in choice.tool_calls]
        assert [call.name for call in calls if call.cut] == list(self.cut)
        return message
