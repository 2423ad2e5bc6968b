"""Gemini Interactions: InteractionSSEEvent and what is in it.

https://ai.google.dev/api/interactions-api
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .base import WireObject
from .objects import AsyncWireStream, Wire, WireStream, built

if TYPE_CHECKING:
    from ...stalls import Stall
    from ..streams import AsyncEvents, SyncEvents

__all__ = [
    "Annotation",
    "CallArguments",
    "Content",
    "Error",
    "GoogleMapsResultPlaces",
    "GroundingToolCount",
    "InteractionSSEEvent",
    "InteractionSseEventInteraction",
    "MediaProcessing",
    "ModalityTokens",
    "PageProcessingOptions",
    "ReviewSnippet",
    "SpreadsheetProcessingOptions",
    "Status",
    "Step",
    "StepDeltaData",
    "StepDeltaMetadata",
    "Usage",
    "aiter_events",
    "iter_events",
]

# The kinds of calls whose arguments are an object in the SDK; those of functions and MCP servers are a dict.
ARGUMENTS_OF_ITS_OWN = {
    "code_execution_call",
    "google_maps_call",
    "google_search_call",
    "retrieval_call",
    "tool_search_call",
    "url_context_call",
}


class CallArguments(WireObject, gc=False):
    """The arguments of a call of the server's own tools.

    The fields of the SDK's CodeExecutionCallArguments, GoogleMapsCallArguments, GoogleSearchCallArguments,
    RetrievalCallArguments, ToolSearchCallStepArguments, URLContextCallArguments.
    """

    code: str | None = None
    language: str | None = None
    queries: list[str] | None = None
    function_names: list[str] | None = None
    urls: list[str] | None = None


class Error(WireObject, gc=False):
    """The `error` of InteractionSSEEvent."""

    code: str | None = None
    message: str | None = None


class PageProcessingOptions(WireObject, gc=False):
    """The `page_options` of MediaProcessing."""

    content_layers: list[str] | None = None
    end_page: int | None = None
    start_page: int | None = None


class SpreadsheetProcessingOptions(WireObject, gc=False):
    """The `spreadsheet_options` of MediaProcessing."""

    content_layers: list[str] | None = None
    sheet_index: int | None = None
    visible_cells: str | None = None


class MediaProcessing(WireObject, gc=False):
    """The `processing` of Content.

    The fields of the SDK's AudioStaticMediaProcessing, DocumentStaticMediaProcessing, StaticMediaProcessing.
    """

    end_offset: str | None = None
    start_offset: str | None = None
    type: str | None = None
    page_options: PageProcessingOptions | None = None
    spreadsheet_options: SpreadsheetProcessingOptions | None = None
    content_layers: list[str] | None = None
    fps: float | None = None


class ReviewSnippet(WireObject, gc=False):
    """The `review_snippets` of Annotation, and the `review_snippets` of GoogleMapsResultPlaces."""

    review_id: str | None = None
    title: str | None = None
    url: str | None = None


class Annotation(WireObject, gc=False):
    """What a text refers to; `type` says of which kind it is.

    The fields of the SDK's FileCitation, PlaceCitation, SpeechAnnotation, URLCitation, WordInfo, UnknownAnnotation.
    """

    custom_metadata: dict[str, Any] | None = None
    document_uri: str | None = None
    end_index: int | None = None
    file_name: str | None = None
    media_id: str | None = None
    page_number: int | None = None
    source: str | None = None
    start_index: int | None = None
    type: str | None = None
    name: str | None = None
    place_id: str | None = None
    review_snippets: list[ReviewSnippet] | None = None
    url: str | None = None
    speaker: str | None = None
    style: str | None = None
    title: str | None = None
    end_offset: str | None = None
    start_offset: str | None = None
    text: str | None = None
    raw: Any = None
    is_unknown: bool | None = None


class GoogleMapsResultPlaces(WireObject, gc=False):
    """The `places` of Content."""

    name: str | None = None
    place_id: str | None = None
    review_snippets: list[ReviewSnippet] | None = None
    url: str | None = None


class Content(WireObject, gc=False):
    """Content of any kind: text, media (`data` is base64), or what a tool gave. `type` says of which.

    The fields of the SDK's AudioContent, DocumentContent, ImageContent, TextContent, VideoContent, UnknownContent,
    Function, UnknownFunctionResultSubcontent, GoogleMapsResult, GoogleSearchResult, UnknownThoughtSummaryContent,
    URLContextResult, FileSearchResult.
    """

    channels: int | None = None
    data: str | None = None
    mime_type: str | None = None
    processing: str | MediaProcessing | None = None
    sample_rate: int | None = None
    type: str | None = None
    uri: str | None = None
    resolution: str | None = None
    text: str | None = None
    annotations: list[Annotation] | None = None
    name: str | None = None
    raw: Any = None
    is_unknown: bool | None = None
    defer_loading: bool | None = None
    description: str | None = None
    parameters: Any = None
    short_description: str | None = None
    places: list[GoogleMapsResultPlaces] | None = None
    widget_context_token: str | None = None
    search_suggestions: str | None = None
    status: str | None = None
    url: str | None = None


class Status(WireObject, gc=False):
    """The `error` of Step."""

    code: int | None = None
    details: list[dict[str, Any]] | None = None
    message: str | None = None


class Step(WireObject, gc=False):
    """A step of any kind, as it begins: `type` says of which.

    `arguments` is a dict for calls of functions and MCP servers.

    The fields of the SDK's CodeExecutionCallStep, CodeExecutionResultStep, FileSearchCallStep, FileSearchResultStep,
    FunctionCallStep, FunctionResultStep, GoogleMapsCallStep, GoogleMapsResultStep, GoogleSearchCallStep,
    GoogleSearchResultStep, MCPServerToolCallStep, MCPServerToolResultStep, ModelOutputStep, ProcessingCallStep,
    ProcessingResultStep, RetrievalCallStep, RetrievalResultStep, ThoughtStep, ToolSearchCallStep, ToolSearchResultStep,
    URLContextCallStep, URLContextResultStep, UserInputStep, UnknownStep.
    """

    arguments: Any = None
    id: str | None = None
    signature: str | None = None
    type: str | None = None
    call_id: str | None = None
    result: str | list[Content] | dict[str, Any] | None = None
    is_error: bool | None = None
    name: str | None = None
    search_type: str | None = None
    server_name: str | None = None
    content: list[Content] | None = None
    error: Status | None = None
    retrieval_type: str | None = None
    summary: list[Content] | None = None
    raw: Any = None
    is_unknown: bool | None = None

    def __post_init__(self) -> None:
        if type(self.arguments) is dict and type(self.type) is str and self.type in ARGUMENTS_OF_ITS_OWN:
            self.arguments = built(self.arguments, CallArguments)


class ModalityTokens(WireObject, gc=False):
    """The `cached_tokens_by_modality` and `input_tokens_by_modality` and `output_tokens_by_modality` of Usage."""

    modality: str | None = None
    tokens: int | None = None


class GroundingToolCount(WireObject, gc=False):
    """The `grounding_tool_count` of Usage."""

    count: int | None = None
    type: str | None = None


class Usage(WireObject, gc=False):
    """Counts of tokens."""

    cached_tokens_by_modality: list[ModalityTokens] | None = None
    grounding_tool_count: list[GroundingToolCount] | None = None
    initial_input_tokens: int | None = None
    input_tokens_by_modality: list[ModalityTokens] | None = None
    output_tokens_by_modality: list[ModalityTokens] | None = None
    tool_use_tokens_by_modality: list[ModalityTokens] | None = None
    total_cached_tokens: int | None = None
    total_input_tokens: int | None = None
    total_output_tokens: int | None = None
    total_thought_tokens: int | None = None
    total_tokens: int | None = None
    total_tool_use_tokens: int | None = None


class InteractionSseEventInteraction(WireObject, gc=False):
    """The `interaction` of InteractionSSEEvent."""

    id: str | None = None
    status: str | None = None
    agent: str | None = None
    continuation_token: str | None = None
    created: str | None = None
    model: str | None = None
    object: str | None = None
    service_tier: str | None = None
    steps: list[Step] | None = None
    updated: str | None = None
    usage: Usage | None = None
    # Not the SDK's own, and extra attributes there.
    error: Error | None = None


class StepDeltaData(WireObject, gc=False):
    """What a step goes on with, by its `type`; `data` is base64.

    The fields of the SDK's ArgumentsDelta, AudioDelta, CodeExecutionCallDelta, CodeExecutionResultDelta, DocumentDelta,
    FileSearchCallDelta, FileSearchResultDelta, FunctionResultDelta, GoogleMapsCallDelta, GoogleMapsResultDelta,
    GoogleSearchCallDelta, GoogleSearchResultDelta, ImageDelta, MCPServerToolCallDelta, MCPServerToolResultDelta,
    ProcessingCallDelta, ProcessingResultDelta, RetrievalCallDelta, RetrievalResultDelta, TextAnnotationDelta,
    TextDelta, ThoughtSignatureDelta, ThoughtSummaryDelta, ToolSearchCallDelta, ToolSearchResultDelta,
    URLContextCallDelta, URLContextResultDelta, VideoDelta, UnknownStepDeltaData.
    """

    arguments: Any = None
    type: str | None = None
    channels: int | None = None
    data: str | None = None
    mime_type: str | None = None
    rate: int | None = None
    sample_rate: int | None = None
    uri: str | None = None
    signature: str | None = None
    result: str | list[Content] | dict[str, Any] | None = None
    is_error: bool | None = None
    name: str | None = None
    resolution: str | None = None
    server_name: str | None = None
    retrieval_type: str | None = None
    annotations: list[Annotation] | None = None
    text: str | None = None
    content: Content | None = None
    raw: Any = None
    is_unknown: bool | None = None

    def __post_init__(self) -> None:
        if type(self.arguments) is dict and type(self.type) is str and self.type in ARGUMENTS_OF_ITS_OWN:
            self.arguments = built(self.arguments, CallArguments)


class StepDeltaMetadata(WireObject, gc=False):
    """The `metadata` of InteractionSSEEvent."""

    total_usage: Usage | None = None


class InteractionSSEEvent(WireObject, gc=False):
    """An event of any kind: `event_type` says of which, and which attributes it has."""

    error: Error | None = None
    event_id: str | None = None
    event_type: str | None = None
    interaction: InteractionSseEventInteraction | None = None
    interaction_id: str | None = None
    status: str | None = None
    continuation_token: str | None = None
    usage: Usage | None = None
    delta: StepDeltaData | None = None
    index: int | None = None
    metadata: StepDeltaMetadata | None = None
    step: Step | None = None
    step_usage: Usage | None = None
    raw: Any = None
    is_unknown: bool | None = None


WIRE = Wire("gemini-interactions", InteractionSSEEvent, "event_type")


def iter_events(
    source: SyncEvents, *, strict: bool = True, stall: Stall | None = None
) -> WireStream[InteractionSSEEvent]:
    """Give the events of an Interactions stream, with the attributes of the `google-genai` package.

    `source`, `strict` and `stall`: as for ssescan.stream. An error that the provider sends, and data that is no JSON,
    raise ProviderError where they stand; with strict=False they give no object, and the loop goes on.

    Returns a WireStream. Raises, here, TypeError and ValueError for wrong use; in the reading, UnknownFormat for a
    stream of another API, ProviderError, StreamCut where the stream ended before the answer, and whatever iter_events
    raises.
    """
    return WireStream(WIRE, source, strict, stall, "iter_events")


def aiter_events(
    source: AsyncEvents, *, strict: bool = True, stall: Stall | None = None
) -> AsyncWireStream[InteractionSSEEvent]:
    """Give the events of an Interactions stream, under asyncio or trio. All else as for iter_events()."""
    return AsyncWireStream(WIRE, source, strict, stall, "aiter_events")
