"""Chat Completions: ChatCompletionChunk and what is in it.

https://platform.openai.com/docs/api-reference/chat-streaming
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .base import WireObject
from .objects import AsyncWireStream, Wire, WireStream

if TYPE_CHECKING:
    from ...stalls import Stall
    from ..streams import AsyncEvents, SyncEvents

__all__ = [
    "ChatCompletionChunk",
    "ChatCompletionTokenLogprob",
    "Choice",
    "ChoiceDelta",
    "ChoiceDeltaAudio",
    "ChoiceDeltaFunctionCall",
    "ChoiceDeltaToolCall",
    "ChoiceDeltaToolCallFunction",
    "ChoiceLogprobs",
    "CompletionTokensDetails",
    "CompletionUsage",
    "Moderation",
    "ModerationInput",
    "ModerationOutput",
    "ModerationResult",
    "PromptTokensDetails",
    "TopLogprob",
    "aiter_chunks",
    "iter_chunks",
]


class ChoiceDeltaAudio(WireObject, gc=False):
    """A piece of speech: `data` is base64, `expires_at` in seconds since 1970."""

    id: str | None = None
    data: str | None = None
    expires_at: int | None = None
    transcript: str | None = None


class ChoiceDeltaFunctionCall(WireObject, gc=False):
    """What calls were before there were tools; as ChoiceDeltaToolCallFunction."""

    arguments: str | None = None
    name: str | None = None


class ChoiceDeltaToolCallFunction(WireObject, gc=False):
    """A fragment of JSON text, in `arguments`; some servers send the arguments whole, as an object."""

    arguments: str | None = None
    name: str | None = None


class ChoiceDeltaToolCall(WireObject, gc=False):
    """A fragment of a call: `index` says of which, the first one has `id` and the name.

    Gemini puts thought signatures into `extra_content`.
    """

    index: int | None = None
    id: str | None = None
    function: ChoiceDeltaToolCallFunction | None = None
    type: str | None = None
    # Not the SDK's own, and extra attributes there.
    extra_content: dict[str, Any] | None = None


class ChoiceDelta(WireObject, gc=False):
    """What is new.

    `reasoning_content` (DeepSeek and others) and `reasoning` (OpenRouter, Groq) are text; Mistral sends `content` as a
    list.
    """

    audio: ChoiceDeltaAudio | None = None
    content: str | None = None
    function_call: ChoiceDeltaFunctionCall | None = None
    refusal: str | None = None
    role: str | None = None
    tool_calls: list[ChoiceDeltaToolCall] | None = None
    # Not the SDK's own, and extra attributes there.
    reasoning_content: str | None = None
    reasoning: str | None = None
    reasoning_details: list[Any] | None = None
    annotations: list[Any] | None = None
    images: list[Any] | None = None
    executed_tools: list[Any] | None = None
    provider_metadata: dict[str, Any] | None = None
    name: str | None = None
    channel: str | None = None


class TopLogprob(WireObject, gc=False):
    """The `top_logprobs` of ChatCompletionTokenLogprob."""

    token: str | None = None
    bytes: list[int] | None = None
    logprob: float | None = None


class ChatCompletionTokenLogprob(WireObject, gc=False):
    """A token of this chunk, with natural logarithms; `bytes` are its UTF-8, of which `token` may show a part."""

    token: str | None = None
    bytes: list[int] | None = None
    logprob: float | None = None
    top_logprobs: list[TopLogprob] | None = None


class ChoiceLogprobs(WireObject, gc=False):
    """The `logprobs` of Choice."""

    content: list[ChatCompletionTokenLogprob] | None = None
    refusal: list[ChatCompletionTokenLogprob] | None = None


class Choice(WireObject, gc=False):
    """What a chunk says of one of the answers, told apart by `index`."""

    delta: ChoiceDelta | None = None
    index: int | None = None
    finish_reason: str | None = None
    logprobs: ChoiceLogprobs | None = None
    # Not the SDK's own, and extra attributes there.
    native_finish_reason: str | None = None
    content_filter_results: dict[str, Any] | None = None
    content_filter_offsets: dict[str, Any] | None = None
    message: dict[str, Any] | None = None
    text: str | None = None
    stop_reason: str | int | None = None
    matched_stop: str | int | None = None
    token_ids: list[int] | None = None
    seed: int | None = None


class ModerationResult(WireObject, gc=False):
    """The `results` of ModerationInput and ModerationOutput.

    The fields of the SDK's ModerationInputModerationResultsResult, ModerationOutputModerationResultsResult.
    """

    categories: dict[str, bool] | None = None
    category_applied_input_types: dict[str, list[str]] | None = None
    category_scores: dict[str, float] | None = None
    flagged: bool | None = None
    model: str | None = None
    type: str | None = None


class ModerationInput(WireObject, gc=False):
    """The `input` of Moderation.

    The fields of the SDK's ModerationInputModerationResults, ModerationInputError.
    """

    model: str | None = None
    results: list[ModerationResult] | None = None
    type: str | None = None
    code: str | None = None
    message: str | None = None


class ModerationOutput(WireObject, gc=False):
    """The `output` of Moderation.

    The fields of the SDK's ModerationOutputModerationResults, ModerationOutputError.
    """

    model: str | None = None
    results: list[ModerationResult] | None = None
    type: str | None = None
    code: str | None = None
    message: str | None = None


class Moderation(WireObject, gc=False):
    """The `moderation` of ChatCompletionChunk."""

    input: ModerationInput | None = None
    output: ModerationOutput | None = None


class CompletionTokensDetails(WireObject, gc=False):
    """The `completion_tokens_details` of CompletionUsage."""

    accepted_prediction_tokens: int | None = None
    audio_tokens: int | None = None
    reasoning_tokens: int | None = None
    rejected_prediction_tokens: int | None = None
    text_tokens: int | None = None
    # Not the SDK's own, and extra attributes there.
    image_tokens: int | None = None


class PromptTokensDetails(WireObject, gc=False):
    """The `prompt_tokens_details` of CompletionUsage."""

    audio_tokens: int | None = None
    cache_write_tokens: int | None = None
    cached_tokens: int | None = None
    image_tokens: int | None = None
    text_tokens: int | None = None
    # Not the SDK's own, and extra attributes there.
    video_tokens: int | None = None


class CompletionUsage(WireObject, gc=False):
    """Counts of tokens: `prompt_tokens` includes what was cached, `completion_tokens` the reasoning (not at xAI)."""

    completion_tokens: int | None = None
    prompt_tokens: int | None = None
    total_tokens: int | None = None
    completion_tokens_details: CompletionTokensDetails | None = None
    prompt_tokens_details: PromptTokensDetails | None = None
    # Not the SDK's own, and extra attributes there.
    cost: float | dict[str, Any] | None = None
    cost_details: dict[str, Any] | None = None
    is_byok: bool | None = None
    prompt_cache_hit_tokens: int | None = None
    prompt_cache_miss_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    num_sources_used: int | None = None
    cost_in_usd_ticks: int | None = None
    search_context_size: str | None = None
    service_tier: str | None = None
    queue_time: float | None = None
    prompt_time: float | None = None
    completion_time: float | None = None
    total_time: float | None = None


class ChatCompletionChunk(WireObject, gc=False):
    """A piece of an answer.

    `created` is in seconds since 1970; `usage` comes once, mostly with the last chunk, where `choices` is empty.
    """

    id: str | None = None
    choices: list[Choice] | None = None
    created: int | None = None
    model: str | None = None
    object: str | None = None
    moderation: Moderation | None = None
    obfuscation: str | None = None
    service_tier: str | None = None
    system_fingerprint: str | None = None
    usage: CompletionUsage | None = None
    # Not the SDK's own, and extra attributes there.
    provider: str | None = None
    citations: list[Any] | None = None
    search_results: list[Any] | None = None
    x_groq: dict[str, Any] | None = None
    prompt_filter_results: list[Any] | None = None
    timings: dict[str, Any] | None = None
    time_info: dict[str, Any] | None = None
    cost: float | dict[str, Any] | None = None
    copilot_usage: dict[str, Any] | None = None


WIRE = Wire("openai-chat", ChatCompletionChunk)


def iter_chunks(
    source: SyncEvents, *, strict: bool = True, stall: Stall | None = None
) -> WireStream[ChatCompletionChunk]:
    """Give the chunks of a Chat Completions stream, with the attributes of the `openai` package.

    `source`, `strict` and `stall`: as for ssescan.stream. An error that the provider sends, and data that is no JSON,
    raise ProviderError where they stand; with strict=False they give no object, and the loop goes on.

    Returns a WireStream. Raises, here, TypeError and ValueError for wrong use; in the reading, UnknownFormat for a
    stream of another API, ProviderError, StreamCut where the stream ended before the answer, and whatever iter_events
    raises.
    """
    return WireStream(WIRE, source, strict, stall, "iter_chunks")


def aiter_chunks(
    source: AsyncEvents, *, strict: bool = True, stall: Stall | None = None
) -> AsyncWireStream[ChatCompletionChunk]:
    """Give the chunks of a Chat Completions stream, under asyncio or trio. All else as for iter_chunks()."""
    return AsyncWireStream(WIRE, source, strict, stall, "aiter_chunks")
