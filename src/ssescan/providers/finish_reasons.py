"""The end of an answer: the words of all providers for it, in one table, and the end of a choice so far.

Knows no wire format: gateways pass on the words of one provider in the format of another, in any case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .parts import FinishReason


def finish_reasons(**words: str) -> dict[str, FinishReason]:
    """Return the finish reasons by the provider's words for each, which are separated by spaces."""
    return {word: reason for reason, of_reason in words.items() for word in of_reason.split()}  # type: ignore[misc]


WORDS = finish_reasons(
    stop="stop eos eos_token end_turn stop_sequence completed complete",
    length="length max_tokens max_output_tokens max_completion_tokens max_length max_len max_context model_length "
    "model_context_window_exceeded context_length_exceeded incomplete budget_exceeded",
    tool_calls="tool_calls tool_call tool_use function_call requires_action",
    content_filter="content_filter content_filtered safety recitation language blocklist prohibited_content spii "
    "image_safety image_prohibited_content image_recitation escalation model_armor sensitive guardrail_intervened",
    refusal="refusal",
    pause="pause pause_turn compaction continuation requires_continuation",
    error="error failed abort aborted cancel cancelled canceled timeout timed_out time_limit network_error "
    "connection_error server_error internal_error interrupted insufficient_system_resource malformed_function_call "
    "malformed_response unexpected_tool_call too_many_tool_calls missing_thought_signature pup_limited_disabled "
    "overloaded rate_limit disconnected deadline_exceeded",
)
"""The words of all formats, in lower case. A format has a table of its own for words that mean something else there."""

OF_ERRORS = ("_error", "exception")
"""The ends of other words that mean that something failed."""

NO_WORDS = ("", "null", "none", "unspecified")
"""Words that are not finish reasons: the answer goes on."""

OPEN = ("queued", "in_progress")
"""Statuses of an answer that goes on."""

ENDED_WELL = ("stop", "tool_calls")
"""The reasons of a whole answer."""

TRUNCATED = ("length", "content_filter")
"""The reasons that say themselves that an answer, or a call, stopped in the middle."""


def reason_of(word: str, own: Mapping[str, FinishReason] | None = None) -> FinishReason | None:
    """Return the reason for a provider's word; "other" for one of no table, None for one that means that there is none.

    `own`: the words of the format that mean something else there; they win.
    """
    plain = plain_word(word)
    if plain in NO_WORDS:
        return None
    return (own or {}).get(plain) or WORDS.get(plain) or ("error" if plain.endswith(OF_ERRORS) else "other")


_PLAIN = frozenset((*WORDS, *NO_WORDS, *OPEN))


def plain_word(word: str) -> str:
    """Return a provider's word as the tables have it: gateways change the case, and add prefixes."""
    if word in _PLAIN:
        return word
    return word.strip().lower().replace("-", "_").removeprefix("finish_").removeprefix("reason_")


def is_open(status: str) -> bool:
    """Return whether an answer with that status goes on."""
    plain = plain_word(status)
    return plain in OPEN or plain in NO_WORDS


def worse_of(status: str, named: str) -> str:
    """Return the status of an answer, or the word in the name of its event if that is worse.

    An answer that failed is worse than one that is incomplete, and both are worse than one that is complete.
    """
    return named if _badness(named) > _badness(status) else status


def _badness(word: str) -> int:
    if is_open(word):
        return 0
    reason = reason_of(word)
    return 1 if reason in ENDED_WELL else 3 if reason == "error" else 2


class LostEvents:
    """The number of events that are missing: damaged ones, and those that were skipped because they were too large.

    `blank`: the number of those without data, and of those that are not events of the format. They are keep-alives, or
    what is left of an event.
    """

    __slots__ = ("_reader", "blank", "damaged")

    def __init__(self, reader: Any) -> None:
        self._reader = reader
        self.damaged: int = 0
        self.blank: int = 0

    @property
    def count(self) -> int:
        skipped: int = self._reader.skipped
        return skipped + self.damaged


class Ending:
    """The end of a choice, as far as it is known. A later word replaces it, and later content reopens the choice.

    `lost`: the number of events that were lost before it. `had_reason`: there was an end, even if content reopened the
    choice. `before_content`: it came before the content. `assumed`: the provider gave none, and `[DONE]` counts as one.
    """

    __slots__ = ("assumed", "before_content", "details", "had_reason", "lost", "raw", "reason", "stop_sequence")

    def __init__(self) -> None:
        self.reason: FinishReason | None = None
        self.raw: str | None = None
        self.stop_sequence: str | None = None
        self.details: dict[str, Any] | None = None
        self.lost: int = 0
        self.had_reason: bool = False
        self.before_content: bool = False
        self.assumed: bool = False

    def reopen(self) -> None:
        """Drop the reason: there is content after it. One that came before all content stays."""
        if not self.before_content:
            self.reason = self.raw = self.stop_sequence = self.details = None

    @property
    def message(self) -> str | None:
        """The provider's explanation, if there is one."""
        details = self.details or {}
        names = ("finishMessage", "message", "explanation")
        return next((details[name] for name in names if isinstance(details.get(name), str)), None)
