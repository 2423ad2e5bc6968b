"""Anthropic Messages: RawMessageStreamEvent and what is in it, beta fields included.

https://docs.anthropic.com/en/docs/build-with-claude/streaming
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .anthropic_blocks import ContentBlock, TextCitation
from .base import WireObject
from .objects import AsyncWireStream, Wire, WireStream

if TYPE_CHECKING:
    from ...stalls import Stall
    from ..streams import AsyncEvents, SyncEvents

__all__ = [
    "CacheCreation",
    "CacheMissReason",
    "Container",
    "ContainerSkill",
    "ContentBlock",
    "ContextManagementEdit",
    "ContextManagementResponse",
    "Delta",
    "Diagnostics",
    "FallbackCreditStatus",
    "FallbackCreditUsage",
    "InputTransformation",
    "IterationUsage",
    "Message",
    "MessageDeltaUsage",
    "OutputTokensDetails",
    "RawMessageStreamEvent",
    "RefusalStopDetails",
    "ServerToolUsage",
    "TextCitation",
    "Usage",
    "aiter_events",
    "iter_events",
]


class ContainerSkill(WireObject, gc=False):
    """The `skills` of Container."""

    skill_id: str | None = None
    type: str | None = None
    version: str | None = None


class Container(WireObject, gc=False):
    """The `container` of Message, and the `container` of Delta."""

    id: str | None = None
    expires_at: str | None = None
    skills: list[ContainerSkill] | None = None


class CacheMissReason(WireObject, gc=False):
    """The `cache_miss_reason` of Diagnostics.

    The fields of the SDK's CacheMissModelChanged, CacheMissSystemChanged, CacheMissToolsChanged,
    CacheMissMessagesChanged, CacheMissPreviousMessageNotFound, CacheMissUnavailable.
    """

    cache_missed_input_tokens: int | None = None
    type: str | None = None


class Diagnostics(WireObject, gc=False):
    """The `diagnostics` of Message."""

    cache_miss_reason: CacheMissReason | None = None


class RefusalStopDetails(WireObject, gc=False):
    """The `stop_details` of Message, and the `stop_details` of Delta."""

    category: str | None = None
    explanation: str | None = None
    type: str | None = None
    fallback_credit_token: str | None = None
    fallback_has_prefill_claim: bool | None = None
    recommended_model: str | None = None


class CacheCreation(WireObject, gc=False):
    """The `cache_creation` of IterationUsage, and the `cache_creation` of Usage."""

    ephemeral_1h_input_tokens: int | None = None
    ephemeral_5m_input_tokens: int | None = None


class OutputTokensDetails(WireObject, gc=False):
    """The `output_tokens_details` of Usage, and the `output_tokens_details` of MessageDeltaUsage."""

    thinking_tokens: int | None = None


class ServerToolUsage(WireObject, gc=False):
    """The `server_tool_use` of Usage, and the `server_tool_use` of MessageDeltaUsage."""

    web_fetch_requests: int | None = None
    web_search_requests: int | None = None


class FallbackCreditStatus(WireObject, gc=False):
    """The `status` of FallbackCreditUsage.

    The fields of the SDK's FallbackCreditRedeemed, FallbackCreditNotApplied.
    """

    type: str | None = None
    reason: str | None = None
    remove_to_redeem: list[str] | None = None


class FallbackCreditUsage(WireObject, gc=False):
    """The `fallback_credit` of Usage, and the `fallback_credit` of MessageDeltaUsage."""

    status: FallbackCreditStatus | None = None


class IterationUsage(WireObject, gc=False):
    """The `iterations` of Usage, and the `iterations` of MessageDeltaUsage.

    The fields of the SDK's MessageIterationUsage, CompactionIterationUsage, AdvisorMessageIterationUsage,
    FallbackMessageIterationUsage.
    """

    cache_creation: CacheCreation | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    input_tokens: int | None = None
    model: str | None = None
    output_tokens: int | None = None
    type: str | None = None


class Usage(WireObject, gc=False):
    """Counts of tokens: `input_tokens` is without what was read from the cache, or written to it."""

    cache_creation: CacheCreation | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    inference_geo: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    output_tokens_details: OutputTokensDetails | None = None
    server_tool_use: ServerToolUsage | None = None
    service_tier: str | None = None
    speed: str | None = None
    fallback_credit: FallbackCreditUsage | None = None
    iterations: list[IterationUsage] | None = None
    # Not the SDK's own, and extra attributes there.
    cost: float | None = None
    cost_details: dict[str, Any] | None = None
    is_byok: bool | None = None


class ContextManagementEdit(WireObject, gc=False):
    """The `applied_edits` of ContextManagementResponse.

    The fields of the SDK's ClearToolUses20250919EditResponse, ClearThinking20251015EditResponse.
    """

    cleared_input_tokens: int | None = None
    cleared_tool_uses: int | None = None
    type: str | None = None
    cleared_thinking_turns: int | None = None


class ContextManagementResponse(WireObject, gc=False):
    """The `context_management` of Message, and the `context_management` of RawMessageStreamEvent."""

    applied_edits: list[ContextManagementEdit] | None = None


class InputTransformation(WireObject, gc=False):
    """The `input_transformations` of Message, and the `input_transformations` of RawMessageStreamEvent.

    The fields of the SDK's ThinkingDroppedInputTransformation, ThinkingMismatchAllowedInputTransformation.
    """

    path: str | None = None
    reason: str | None = None
    type: str | None = None


class Message(WireObject, gc=False):
    """The message as it begins, without content."""

    id: str | None = None
    container: Container | None = None
    content: list[ContentBlock] | None = None
    diagnostics: Diagnostics | None = None
    model: str | None = None
    role: str | None = None
    stop_details: RefusalStopDetails | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None
    type: str | None = None
    usage: Usage | None = None
    context_management: ContextManagementResponse | None = None
    input_transformations: list[InputTransformation] | None = None
    # Not the SDK's own, and extra attributes there.
    provider: str | None = None


class Delta(WireObject, gc=False):
    """What a block goes on with, by its `type`; in a `message_delta`, which has no type, how the message ended.

    The fields of the SDK's Delta, TextDelta, InputJSONDelta, CitationsDelta, ThinkingDelta, SignatureDelta,
    CompactionContentBlockDelta.
    """

    container: Container | None = None
    stop_details: RefusalStopDetails | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None
    text: str | None = None
    type: str | None = None
    partial_json: str | None = None
    citation: TextCitation | None = None
    thinking: str | None = None
    signature: str | None = None
    estimated_tokens: int | None = None
    content: str | None = None
    encrypted_content: str | None = None


class MessageDeltaUsage(WireObject, gc=False):
    """Counts of tokens so far: they replace those of the `message_start`, and are not added to them."""

    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    output_tokens_details: OutputTokensDetails | None = None
    server_tool_use: ServerToolUsage | None = None
    fallback_credit: FallbackCreditUsage | None = None
    iterations: list[IterationUsage] | None = None
    # Not the SDK's own, and extra attributes there.
    cache_creation: CacheCreation | None = None
    service_tier: str | None = None
    speed: str | None = None
    cost: float | None = None
    cost_details: dict[str, Any] | None = None
    is_byok: bool | None = None


class RawMessageStreamEvent(WireObject, gc=False):
    """An event of any kind: `type` says of which, and which attributes it has."""

    message: Message | None = None
    type: str | None = None
    delta: Delta | None = None
    usage: MessageDeltaUsage | None = None
    content_block: ContentBlock | None = None
    index: int | None = None
    context_management: ContextManagementResponse | None = None
    input_transformations: list[InputTransformation] | None = None
    # Not the SDK's own, and extra attributes there.
    request_id: str | None = None


WIRE = Wire("anthropic", RawMessageStreamEvent, "type", ("ping",))


def iter_events(
    source: SyncEvents, *, strict: bool = True, stall: Stall | None = None
) -> WireStream[RawMessageStreamEvent]:
    """Give the events of a Messages stream, with the attributes of the `anthropic` package.

    `source`, `strict` and `stall`: as for ssescan.stream. An error that the provider sends, and data that is no JSON,
    raise ProviderError where they stand; with strict=False they give no object, and the loop goes on.

    Returns a WireStream. Raises, here, TypeError and ValueError for wrong use; in the reading, UnknownFormat for a
    stream of another API, ProviderError, StreamCut where the stream ended before the answer, and whatever iter_events
    raises.
    """
    return WireStream(WIRE, source, strict, stall, "iter_events")


def aiter_events(
    source: AsyncEvents, *, strict: bool = True, stall: Stall | None = None
) -> AsyncWireStream[RawMessageStreamEvent]:
    """Give the events of a Messages stream, under asyncio or trio. All else as for iter_events()."""
    return AsyncWireStream(WIRE, source, strict, stall, "aiter_events")
