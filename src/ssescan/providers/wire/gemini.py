"""Gemini: GenerateContentResponse and what is in it; attributes in snake_case, camelCase on the wire.

https://ai.google.dev/api/generate-content
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .base import WireObject
from .gemini_metadata import CitationMetadata, GroundingMetadata, LogprobsResult, SafetyRating, UrlContextMetadata
from .objects import AsyncWireStream, Wire, WireStream

if TYPE_CHECKING:
    from ...stalls import Stall
    from ..streams import AsyncEvents, SyncEvents

__all__ = [
    "AudioMetadata",
    "Blob",
    "Candidate",
    "CitationMetadata",
    "CodeExecutionResult",
    "Content",
    "DocumentMetadata",
    "ExecutableCode",
    "FileData",
    "FunctionCall",
    "FunctionResponse",
    "FunctionResponseBlob",
    "FunctionResponseFileData",
    "FunctionResponsePart",
    "GenerateContentResponse",
    "GenerateContentResponsePromptFeedback",
    "GenerateContentResponseUsageMetadata",
    "GroundingMetadata",
    "HttpResponse",
    "LogprobsResult",
    "ModalityTokenCount",
    "ModelStatus",
    "Part",
    "PartMediaResolution",
    "PartialArg",
    "SafetyRating",
    "SpeechMetadata",
    "SpreadsheetMetadata",
    "ToolCall",
    "ToolResponse",
    "Transcription",
    "UrlContextMetadata",
    "VideoMetadata",
    "WordInfo",
    "aiter_responses",
    "iter_responses",
]


class HttpResponse(WireObject, gc=False, rename="camel"):
    """The `sdk_http_response` of GenerateContentResponse."""

    headers: dict[str, str] | None = None
    body: str | None = None


class PartMediaResolution(WireObject, gc=False, rename="camel"):
    """The `media_resolution` of FunctionResponsePart, and the `media_resolution` of Part."""

    level: str | None = None
    num_tokens: int | None = None


class CodeExecutionResult(WireObject, gc=False, rename="camel"):
    """The `code_execution_result` of Part."""

    outcome: str | None = None
    output: str | None = None
    id: str | None = None


class ExecutableCode(WireObject, gc=False, rename="camel"):
    """The `executable_code` of Part."""

    code: str | None = None
    language: str | None = None
    id: str | None = None


class FileData(WireObject, gc=False, rename="camel"):
    """The `file_data` of Part."""

    display_name: str | None = None
    file_uri: str | None = None
    mime_type: str | None = None


class PartialArg(WireObject, gc=False, rename="camel"):
    """The `partial_args` of FunctionCall."""

    bool_value: bool | None = None
    json_path: str | None = None
    null_value: str | None = None
    number_value: float | None = None
    string_value: str | None = None
    will_continue: bool | None = None


class FunctionCall(WireObject, gc=False, rename="camel"):
    """A call, whole; or, with `partial_args`, a piece of one."""

    id: str | None = None
    args: dict[str, Any] | None = None
    name: str | None = None
    partial_args: list[PartialArg] | None = None
    will_continue: bool | None = None


class FunctionResponseBlob(WireObject, gc=False, rename="camel"):
    """The `inline_data` of FunctionResponsePart."""

    mime_type: str | None = None
    data: str | None = None
    display_name: str | None = None


class FunctionResponseFileData(WireObject, gc=False, rename="camel"):
    """The `file_data` of FunctionResponsePart."""

    file_uri: str | None = None
    mime_type: str | None = None
    display_name: str | None = None


class VideoMetadata(WireObject, gc=False, rename="camel"):
    """The `video_metadata` of FunctionResponsePart, and the `video_metadata` of Part."""

    end_offset: str | None = None
    fps: float | None = None
    start_offset: str | None = None
    content_layers: list[str] | None = None


class DocumentMetadata(WireObject, gc=False, rename="camel"):
    """The `document_metadata` of FunctionResponsePart, and the `document_metadata` of Part."""

    start_page: int | None = None
    end_page: int | None = None
    content_layers: list[str] | None = None


class SpreadsheetMetadata(WireObject, gc=False, rename="camel"):
    """The `spreadsheet_metadata` of FunctionResponsePart, and the `spreadsheet_metadata` of Part."""

    visible_cells: str | None = None
    sheet_index: int | None = None
    content_layers: list[str] | None = None


class AudioMetadata(WireObject, gc=False, rename="camel"):
    """The `audio_metadata` of FunctionResponsePart, and the `audio_metadata` of Part."""

    start_offset: str | None = None
    end_offset: str | None = None


class FunctionResponsePart(WireObject, gc=False, rename="camel"):
    """The `parts` of FunctionResponse."""

    inline_data: FunctionResponseBlob | None = None
    file_data: FunctionResponseFileData | None = None
    media_processing: str | None = None
    media_resolution: PartMediaResolution | None = None
    video_metadata: VideoMetadata | None = None
    document_metadata: DocumentMetadata | None = None
    spreadsheet_metadata: SpreadsheetMetadata | None = None
    audio_metadata: AudioMetadata | None = None


class FunctionResponse(WireObject, gc=False, rename="camel"):
    """The `function_response` of Part."""

    will_continue: bool | None = None
    scheduling: str | None = None
    parts: list[FunctionResponsePart] | None = None
    id: str | None = None
    name: str | None = None
    response: dict[str, Any] | None = None


class Blob(WireObject, gc=False, rename="camel"):
    """Media: `data` is base64, as it was sent."""

    data: str | None = None
    display_name: str | None = None
    mime_type: str | None = None


class ToolCall(WireObject, gc=False, rename="camel"):
    """The `tool_call` of Part."""

    id: str | None = None
    tool_type: str | None = None
    args: dict[str, Any] | None = None


class ToolResponse(WireObject, gc=False, rename="camel"):
    """The `tool_response` of Part."""

    id: str | None = None
    tool_type: str | None = None
    response: dict[str, Any] | None = None


class WordInfo(WireObject, gc=False, rename="camel"):
    """The `words` of Transcription."""

    word: str | None = None
    start_offset: str | None = None
    end_offset: str | None = None


class Transcription(WireObject, gc=False, rename="camel"):
    """The `audio_transcription` of Part."""

    text: str | None = None
    finished: bool | None = None
    language_code: str | None = None
    speaker_label: str | None = None
    words: list[WordInfo] | None = None
    start_offset: str | None = None
    end_offset: str | None = None


class SpeechMetadata(WireObject, gc=False, rename="camel"):
    """The `speech_metadata` of Part."""

    speaker: str | None = None
    style: str | None = None


class Part(WireObject, gc=False, rename="camel"):
    """A piece of text, of thoughts (`thought`), a call, or media. `thought_signature` is base64, as it was sent."""

    media_resolution: PartMediaResolution | None = None
    code_execution_result: CodeExecutionResult | None = None
    executable_code: ExecutableCode | None = None
    file_data: FileData | None = None
    function_call: FunctionCall | None = None
    function_response: FunctionResponse | None = None
    inline_data: Blob | None = None
    text: str | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    video_metadata: VideoMetadata | None = None
    tool_call: ToolCall | None = None
    tool_response: ToolResponse | None = None
    part_metadata: dict[str, Any] | None = None
    audio_transcription: Transcription | None = None
    media_processing: str | None = None
    speech_metadata: SpeechMetadata | None = None
    document_metadata: DocumentMetadata | None = None
    spreadsheet_metadata: SpreadsheetMetadata | None = None
    audio_metadata: AudioMetadata | None = None


class Content(WireObject, gc=False, rename="camel"):
    """The `content` of Candidate, and the `automatic_function_calling_history` of GenerateContentResponse."""

    parts: list[Part] | None = None
    role: str | None = None


class Candidate(WireObject, gc=False, rename="camel"):
    """What a response says of one of the answers, told apart by `index`."""

    content: Content | None = None
    citation_metadata: CitationMetadata | None = None
    finish_message: str | None = None
    token_count: int | None = None
    finish_reason: str | None = None
    grounding_metadata: GroundingMetadata | None = None
    avg_logprobs: float | None = None
    index: int | None = None
    logprobs_result: LogprobsResult | None = None
    safety_ratings: list[SafetyRating] | None = None
    url_context_metadata: UrlContextMetadata | None = None
    continuation_token: str | None = None


class GenerateContentResponsePromptFeedback(WireObject, gc=False, rename="camel"):
    """The `prompt_feedback` of GenerateContentResponse."""

    block_reason: str | None = None
    block_reason_message: str | None = None
    safety_ratings: list[SafetyRating] | None = None


class ModalityTokenCount(WireObject, gc=False, rename="camel"):
    """The ``cache_tokens_details`` of GenerateContentResponseUsageMetadata, and of others."""

    modality: str | None = None
    token_count: int | None = None


class GenerateContentResponseUsageMetadata(WireObject, gc=False, rename="camel"):
    """Counts of tokens so far: prompt, candidates, tool use and thoughts make the total."""

    cache_tokens_details: list[ModalityTokenCount] | None = None
    cached_content_token_count: int | None = None
    candidates_token_count: int | None = None
    candidates_tokens_details: list[ModalityTokenCount] | None = None
    prompt_token_count: int | None = None
    prompt_tokens_details: list[ModalityTokenCount] | None = None
    thoughts_token_count: int | None = None
    tool_use_prompt_token_count: int | None = None
    tool_use_prompt_tokens_details: list[ModalityTokenCount] | None = None
    total_token_count: int | None = None
    traffic_type: str | None = None
    # Not the SDK's own, and extra attributes there.
    service_tier: str | None = None


class ModelStatus(WireObject, gc=False, rename="camel"):
    """The `model_status` of GenerateContentResponse."""

    message: str | None = None
    model_stage: str | None = None
    retirement_time: str | None = None


class GenerateContentResponse(WireObject, gc=False, rename="camel"):
    """A piece of an answer. `usage_metadata` counts what came so far; `create_time` is text, as it was sent."""

    sdk_http_response: HttpResponse | None = None
    candidates: list[Candidate] | None = None
    create_time: str | None = None
    model_version: str | None = None
    prompt_feedback: GenerateContentResponsePromptFeedback | None = None
    response_id: str | None = None
    usage_metadata: GenerateContentResponseUsageMetadata | None = None
    model_status: ModelStatus | None = None
    automatic_function_calling_history: list[Content] | None = None
    parsed: Any = None

    @property
    def parts(self) -> list[Part] | None:
        """The parts of the first candidate."""
        first = self.candidates[0] if isinstance(self.candidates, list) and self.candidates else None
        content = first.content if isinstance(first, Candidate) else None
        parts = content.parts if isinstance(content, Content) else None
        return [part for part in parts if isinstance(part, Part)] if isinstance(parts, list) else None

    @property
    def text(self) -> str | None:
        """The text of the first candidate, without thoughts; None if there is no part of text."""
        texts = [part.text for part in self.parts or () if isinstance(part.text, str) and part.thought is not True]
        return "".join(texts) if texts else None

    @property
    def function_calls(self) -> list[FunctionCall] | None:
        """The calls of the first candidate; None if there is none."""
        return [part.function_call for part in self.parts or () if part.function_call is not None] or None

    @property
    def executable_code(self) -> str | None:
        """The code of the first candidate that is to be run."""
        codes = (part.executable_code for part in self.parts or ())
        return next((code.code for code in codes if isinstance(code, ExecutableCode)), None)

    @property
    def code_execution_result(self) -> str | None:
        """What the code of the first candidate printed."""
        results = (part.code_execution_result for part in self.parts or ())
        return next((result.output for result in results if isinstance(result, CodeExecutionResult)), None)


WIRE = Wire("gemini", GenerateContentResponse)


def iter_responses(
    source: SyncEvents, *, strict: bool = True, stall: Stall | None = None
) -> WireStream[GenerateContentResponse]:
    """Give the responses of a `streamGenerateContent` stream, with the attributes of the `google-genai` package.

    `source`, `strict` and `stall`: as for ssescan.stream. An error that the provider sends, and data that is no JSON,
    raise ProviderError where they stand; with strict=False they give no object, and the loop goes on.

    Returns a WireStream. Raises, here, TypeError and ValueError for wrong use; in the reading, UnknownFormat for a
    stream of another API, ProviderError, StreamCut where the stream ended before the answer, and whatever iter_events
    raises.
    """
    return WireStream(WIRE, source, strict, stall, "iter_responses")


def aiter_responses(
    source: AsyncEvents, *, strict: bool = True, stall: Stall | None = None
) -> AsyncWireStream[GenerateContentResponse]:
    """Give the responses of a stream of Gemini, under asyncio or trio. All else as for iter_responses()."""
    return AsyncWireStream(WIRE, source, strict, stall, "aiter_responses")
