"""Responses: ResponseStreamEvent and what is in it; items and tools have files of their own.

https://platform.openai.com/docs/api-reference/responses-streaming
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .base import WireObject
from .objects import AsyncWireStream, Wire, WireStream
from .responses_items import Annotation, Logprob, Outcome, ResponseContentPart, ResponseFormat, ResponseOutputItem
from .responses_tools import Tool

if TYPE_CHECKING:
    from ...stalls import Stall
    from ..streams import AsyncEvents, SyncEvents

__all__ = [
    "AccessPrograms",
    "Annotation",
    "Conversation",
    "Image",
    "IncompleteDetails",
    "InputTokensDetails",
    "InputTokensDetailsCacheWriteTokensDetails",
    "InputTransformation",
    "Logprob",
    "Misalignment",
    "MisalignmentSteer",
    "Moderation",
    "ModerationResult",
    "Outcome",
    "Output",
    "OutputTokensDetails",
    "PromptCacheDiagnostics",
    "PromptCacheOptions",
    "Reasoning2",
    "Response",
    "ResponseContentPart",
    "ResponseError",
    "ResponseFormat",
    "ResponseOutputItem",
    "ResponsePrompt",
    "ResponseStreamEvent",
    "ResponseTextConfig",
    "ResponseUsage",
    "ShellOutputDelta",
    "Tool",
    "ToolChoice",
    "ToolUsage",
    "ToolUsageImageGen",
    "ToolUsageImageGenCachedTokensDetails",
    "ToolUsageImageGenInputTokensDetails",
    "ToolUsageImageGenOutputTokensDetails",
    "ToolUsageWebSearch",
    "aiter_events",
    "iter_events",
]


class ShellOutputDelta(WireObject, gc=False):
    """The `delta` of ResponseStreamEvent.

    The fields of the SDK's Delta.
    """

    stderr: str | None = None
    stdout: str | None = None


class AccessPrograms(WireObject, gc=False):
    """The `access_programs` of Response."""

    cyber: str | None = None


class MisalignmentSteer(WireObject, gc=False):
    """The `steer` of Misalignment."""

    message: str | None = None


class Misalignment(WireObject, gc=False):
    """The `misalignment` of ResponseError."""

    detailed_explanation: str | None = None
    error_type: str | None = None
    review_target: str | None = None
    steer: MisalignmentSteer | None = None


class ResponseError(WireObject, gc=False):
    """The `error` of Response."""

    code: str | None = None
    message: str | None = None
    misalignment: Misalignment | None = None
    param: str | None = None
    type: str | None = None


class IncompleteDetails(WireObject, gc=False):
    """The `incomplete_details` of Response."""

    reason: str | None = None


class ToolChoice(WireObject, gc=False):
    """The `tool_choice` of Response.

    The fields of the SDK's ToolChoiceAllowed, ToolChoiceTypes, ToolChoiceFunction, ToolChoiceMcp, ToolChoiceCustom,
    ToolChoiceSpecificProgrammaticToolCallingParam, ToolChoiceApplyPatch, ToolChoiceShell.
    """

    mode: str | None = None
    tools: list[dict[str, Any]] | None = None
    type: str | None = None
    name: str | None = None
    server_label: str | None = None


class Conversation(WireObject, gc=False):
    """The `conversation` of Response."""

    id: str | None = None


class Image(WireObject, gc=False):
    """The `image` of Response."""

    context_compression: str | None = None


class InputTransformation(WireObject, gc=False):
    """The `input_transformations` of Response."""

    id: str | None = None
    action: str | None = None
    reason: str | None = None
    type: str | None = None


class ModerationResult(WireObject, gc=False):
    """The `input` and `output` of Moderation.

    The fields of the SDK's ModerationInputModerationResult, ModerationInputError, ModerationOutputModerationResult,
    ModerationOutputError.
    """

    categories: dict[str, bool] | None = None
    category_applied_input_types: dict[str, list[str]] | None = None
    category_scores: dict[str, float] | None = None
    flagged: bool | None = None
    model: str | None = None
    type: str | None = None
    code: str | None = None
    message: str | None = None


class Moderation(WireObject, gc=False):
    """The `moderation` of Response."""

    input: ModerationResult | None = None
    output: ModerationResult | None = None


class ResponsePrompt(WireObject, gc=False):
    """The `prompt` of Response."""

    id: str | None = None
    variables: dict[str, str | ResponseContentPart] | None = None
    version: str | None = None


class PromptCacheDiagnostics(WireObject, gc=False):
    """The `prompt_cache_diagnostics` of Response.

    The fields of the SDK's PromptCacheDiagnosticsCacheMiss, PromptCacheDiagnosticsCacheHit,
    PromptCacheDiagnosticsComparisonResponseNotFound, PromptCacheDiagnosticsUnavailable.
    """

    cache_missed_tokens: int | None = None
    reason: str | None = None
    type: str | None = None
    comparison_reusable_tokens: int | None = None


class PromptCacheOptions(WireObject, gc=False):
    """The `prompt_cache_options` of Response."""

    mode: str | None = None
    ttl: str | None = None
    comparison_response_id: str | None = None


class Reasoning2(WireObject, gc=False):
    """The `reasoning` of Response.

    The fields of the SDK's Reasoning.
    """

    context: str | None = None
    effort: str | None = None
    generate_summary: str | None = None
    mode: str | None = None
    summary: str | None = None


class ResponseTextConfig(WireObject, gc=False):
    """The `text` of Response."""

    format: ResponseFormat | None = None
    verbosity: str | None = None


class ToolUsageImageGenInputTokensDetails(WireObject, gc=False):
    """The `input_tokens_details` of ToolUsageImageGen."""

    image_tokens: int | None = None
    text_tokens: int | None = None


class ToolUsageImageGenCachedTokensDetails(WireObject, gc=False):
    """The `cached_tokens_details` of ToolUsageImageGen."""

    cached_image_tokens: int | None = None
    cached_text_tokens: int | None = None


class ToolUsageImageGenOutputTokensDetails(WireObject, gc=False):
    """The `output_tokens_details` of ToolUsageImageGen."""

    image_tokens: int | None = None
    text_tokens: int | None = None


class ToolUsageImageGen(WireObject, gc=False):
    """The `image_gen` of ToolUsage."""

    input_tokens: int | None = None
    input_tokens_details: ToolUsageImageGenInputTokensDetails | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    cached_tokens: int | None = None
    cached_tokens_details: ToolUsageImageGenCachedTokensDetails | None = None
    output_tokens_details: ToolUsageImageGenOutputTokensDetails | None = None


class ToolUsageWebSearch(WireObject, gc=False):
    """The `web_search` of ToolUsage."""

    num_requests: int | None = None


class ToolUsage(WireObject, gc=False):
    """The `tool_usage` of Response."""

    image_gen: ToolUsageImageGen | None = None
    web_search: ToolUsageWebSearch | None = None


class InputTokensDetailsCacheWriteTokensDetails(WireObject, gc=False):
    """The `cache_write_tokens_details` of InputTokensDetails."""

    ttl_12h_tokens: int | None = None
    ttl_30m_tokens: int | None = None


class InputTokensDetails(WireObject, gc=False):
    """The `input_tokens_details` of ResponseUsage."""

    cache_write_tokens: int | None = None
    cached_tokens: int | None = None
    cache_write_tokens_details: InputTokensDetailsCacheWriteTokensDetails | None = None


class OutputTokensDetails(WireObject, gc=False):
    """The `output_tokens_details` of ResponseUsage."""

    reasoning_tokens: int | None = None


class ResponseUsage(WireObject, gc=False):
    """Counts of tokens: `input_tokens` includes what was cached, `output_tokens` the reasoning."""

    input_tokens: int | None = None
    input_tokens_details: InputTokensDetails | None = None
    output_tokens: int | None = None
    output_tokens_details: OutputTokensDetails | None = None
    total_tokens: int | None = None
    # Not the SDK's own, and extra attributes there.
    cost: float | None = None
    cost_details: dict[str, Any] | None = None
    is_byok: bool | None = None
    num_sources_used: int | None = None
    num_server_side_tools_used: int | None = None
    cost_in_usd_ticks: int | None = None
    server_side_tool_usage_details: dict[str, Any] | None = None
    context_details: dict[str, Any] | None = None


class Response(WireObject, gc=False):
    """The answer as a whole, in the events `response.created` to `response.completed`.

    Times are in seconds since 1970.
    """

    id: str | None = None
    access_programs: AccessPrograms | None = None
    created_at: float | None = None
    error: ResponseError | None = None
    incomplete_details: IncompleteDetails | None = None
    instructions: str | list[ResponseOutputItem] | None = None
    metadata: dict[str, str] | None = None
    model: str | None = None
    object: str | None = None
    output: list[ResponseOutputItem] | None = None
    parallel_tool_calls: bool | None = None
    temperature: float | None = None
    tool_choice: str | ToolChoice | None = None
    tools: list[Tool] | None = None
    top_p: float | None = None
    background: bool | None = None
    completed_at: float | None = None
    conversation: Conversation | None = None
    image: Image | None = None
    input_transformations: list[InputTransformation] | None = None
    max_output_tokens: int | None = None
    max_tool_calls: int | None = None
    moderation: Moderation | None = None
    previous_response_id: str | None = None
    prompt: ResponsePrompt | None = None
    prompt_cache_diagnostics: PromptCacheDiagnostics | None = None
    prompt_cache_key: str | None = None
    prompt_cache_options: PromptCacheOptions | None = None
    prompt_cache_retention: str | None = None
    reasoning: Reasoning2 | None = None
    safety_identifier: str | None = None
    service_tier: str | None = None
    status: str | None = None
    text: ResponseTextConfig | None = None
    tool_usage: ToolUsage | None = None
    top_logprobs: int | None = None
    truncation: str | None = None
    usage: ResponseUsage | None = None
    user: str | None = None
    # Not the SDK's own, and extra attributes there.
    store: bool | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    content_filters: list[Any] | None = None
    provider: str | None = None

    @property
    def output_text(self) -> str:
        """The text of all messages in `output`."""
        items = self.output if isinstance(self.output, list) else ()
        messages = [item for item in items if isinstance(item, ResponseOutputItem) and item.type == "message"]
        parts = [part for item in messages if isinstance(item.content, list) for part in item.content]
        texts = [part.text for part in parts if isinstance(part, ResponseContentPart) and part.type == "output_text"]
        return "".join(text for text in texts if isinstance(text, str))


class Output(WireObject, gc=False):
    """The `output` of ResponseStreamEvent."""

    outcome: Outcome | None = None
    stderr: str | None = None
    stdout: str | None = None
    created_by: str | None = None


class ResponseStreamEvent(WireObject, gc=False):
    """An event of any kind: `type` says of which, and which attributes it has. `sequence_number` counts from 0."""

    delta: str | ShellOutputDelta | None = None
    sequence_number: int | None = None
    type: str | None = None
    item_id: str | None = None
    output_index: int | None = None
    code: str | None = None
    response: Response | None = None
    content_index: int | None = None
    part: ResponseContentPart | None = None
    message: str | None = None
    param: str | None = None
    arguments: str | None = None
    command: str | None = None
    command_index: int | None = None
    obfuscation: str | None = None
    output: list[Output] | None = None
    item: ResponseOutputItem | None = None
    summary_index: int | None = None
    status: str | None = None
    text: str | None = None
    refusal: str | None = None
    logprobs: list[Logprob] | None = None
    partial_image_b64: str | None = None
    partial_image_index: int | None = None
    background: str | None = None
    output_format: str | None = None
    quality: str | None = None
    size: str | None = None
    annotation: Annotation | None = None
    annotation_index: int | None = None
    input: str | None = None
    # Not the SDK's own, and extra attributes there.
    error: Any = None
    diff: str | None = None
    name: str | None = None
    copilot_usage: dict[str, Any] | None = None
    call_id: str | None = None


WIRE = Wire("openai-responses", ResponseStreamEvent, "type")


def iter_events(
    source: SyncEvents, *, strict: bool = True, stall: Stall | None = None
) -> WireStream[ResponseStreamEvent]:
    """Give the events of a Responses stream, with the attributes of the `openai` package.

    `source`, `strict` and `stall`: as for ssescan.stream. An error that the provider sends, and data that is no JSON,
    raise ProviderError where they stand; with strict=False they give no object, and the loop goes on.

    Returns a WireStream. Raises, here, TypeError and ValueError for wrong use; in the reading, UnknownFormat for a
    stream of another API, ProviderError, StreamCut where the stream ended before the answer, and whatever iter_events
    raises.
    """
    return WireStream(WIRE, source, strict, stall, "iter_events")


def aiter_events(
    source: AsyncEvents, *, strict: bool = True, stall: Stall | None = None
) -> AsyncWireStream[ResponseStreamEvent]:
    """Give the events of a Responses stream, under asyncio or trio. All else as for iter_events()."""
    return AsyncWireStream(WIRE, source, strict, stall, "aiter_events")
