"""Gemini: what a candidate says of its text: grounding, citations, safety, probabilities.

https://ai.google.dev/api/generate-content
"""

from __future__ import annotations

from .base import WireObject

__all__ = [
    "Citation",
    "CitationMetadata",
    "GoogleTypeDate",
    "GroundingChunk",
    "GroundingChunkCustomMetadata",
    "GroundingChunkImage",
    "GroundingChunkMaps",
    "GroundingChunkMapsPlaceAnswerSources",
    "GroundingChunkMapsPlaceAnswerSourcesAuthorAttribution",
    "GroundingChunkMapsPlaceAnswerSourcesReviewSnippet",
    "GroundingChunkMapsRoute",
    "GroundingChunkRetrievedContext",
    "GroundingChunkStringList",
    "GroundingChunkWeb",
    "GroundingMetadata",
    "GroundingMetadataSourceFlaggingUri",
    "GroundingSupport",
    "LogprobsResult",
    "LogprobsResultCandidate",
    "LogprobsResultTopCandidates",
    "RagChunk",
    "RagChunkPageSpan",
    "RetrievalMetadata",
    "SafetyRating",
    "SearchEntryPoint",
    "Segment",
    "UrlContextMetadata",
    "UrlMetadata",
]


class GroundingChunkImage(WireObject, gc=False, rename="camel"):
    """The `image` of GroundingChunk."""

    source_uri: str | None = None
    image_uri: str | None = None
    title: str | None = None
    domain: str | None = None


class GroundingChunkMapsPlaceAnswerSourcesAuthorAttribution(WireObject, gc=False, rename="camel"):
    """The `author_attribution` of GroundingChunkMapsPlaceAnswerSourcesReviewSnippet."""

    display_name: str | None = None
    photo_uri: str | None = None
    uri: str | None = None


class GroundingChunkMapsPlaceAnswerSourcesReviewSnippet(WireObject, gc=False, rename="camel"):
    """The `review_snippet` and `review_snippets` of GroundingChunkMapsPlaceAnswerSources."""

    author_attribution: GroundingChunkMapsPlaceAnswerSourcesAuthorAttribution | None = None
    flag_content_uri: str | None = None
    google_maps_uri: str | None = None
    relative_publish_time_description: str | None = None
    review: str | None = None
    review_id: str | None = None
    title: str | None = None


class GroundingChunkMapsPlaceAnswerSources(WireObject, gc=False, rename="camel"):
    """The `place_answer_sources` of GroundingChunkMaps."""

    review_snippet: list[GroundingChunkMapsPlaceAnswerSourcesReviewSnippet] | None = None
    flag_content_uri: str | None = None
    review_snippets: list[GroundingChunkMapsPlaceAnswerSourcesReviewSnippet] | None = None


class GroundingChunkMapsRoute(WireObject, gc=False, rename="camel"):
    """The `route` of GroundingChunkMaps."""

    distance_meters: int | None = None
    duration: str | None = None
    encoded_polyline: str | None = None


class GroundingChunkMaps(WireObject, gc=False, rename="camel"):
    """The `maps` of GroundingChunk."""

    place_answer_sources: GroundingChunkMapsPlaceAnswerSources | None = None
    place_id: str | None = None
    text: str | None = None
    title: str | None = None
    uri: str | None = None
    route: GroundingChunkMapsRoute | None = None


class RagChunkPageSpan(WireObject, gc=False, rename="camel"):
    """The `page_span` of RagChunk."""

    first_page: int | None = None
    last_page: int | None = None


class RagChunk(WireObject, gc=False, rename="camel"):
    """The `rag_chunk` of GroundingChunkRetrievedContext."""

    page_span: RagChunkPageSpan | None = None
    text: str | None = None
    chunk_id: str | None = None
    file_id: str | None = None


class GroundingChunkStringList(WireObject, gc=False, rename="camel"):
    """The `string_list_value` of GroundingChunkCustomMetadata."""

    values: list[str] | None = None


class GroundingChunkCustomMetadata(WireObject, gc=False, rename="camel"):
    """The `custom_metadata` of GroundingChunkRetrievedContext."""

    key: str | None = None
    numeric_value: float | None = None
    string_list_value: GroundingChunkStringList | None = None
    string_value: str | None = None


class GroundingChunkRetrievedContext(WireObject, gc=False, rename="camel"):
    """The `retrieved_context` of GroundingChunk."""

    document_name: str | None = None
    rag_chunk: RagChunk | None = None
    text: str | None = None
    title: str | None = None
    uri: str | None = None
    custom_metadata: list[GroundingChunkCustomMetadata] | None = None
    file_search_store: str | None = None
    page_number: int | None = None
    media_id: str | None = None


class GroundingChunkWeb(WireObject, gc=False, rename="camel"):
    """The `web` of GroundingChunk."""

    domain: str | None = None
    title: str | None = None
    uri: str | None = None


class GroundingChunk(WireObject, gc=False, rename="camel"):
    """The `grounding_chunks` of GroundingMetadata."""

    image: GroundingChunkImage | None = None
    maps: GroundingChunkMaps | None = None
    retrieved_context: GroundingChunkRetrievedContext | None = None
    web: GroundingChunkWeb | None = None


class Segment(WireObject, gc=False, rename="camel"):
    """A piece of a part's text; indices are in bytes of UTF-8."""

    start_index: int | None = None
    end_index: int | None = None
    part_index: int | None = None
    text: str | None = None


class GroundingSupport(WireObject, gc=False, rename="camel"):
    """The `grounding_supports` of GroundingMetadata."""

    confidence_scores: list[float] | None = None
    grounding_chunk_indices: list[int] | None = None
    segment: Segment | None = None
    rendered_parts: list[int] | None = None


class RetrievalMetadata(WireObject, gc=False, rename="camel"):
    """The `retrieval_metadata` of GroundingMetadata."""

    google_search_dynamic_retrieval_score: float | None = None


class SearchEntryPoint(WireObject, gc=False, rename="camel"):
    """The `search_entry_point` of GroundingMetadata."""

    rendered_content: str | None = None
    sdk_blob: str | None = None


class GroundingMetadataSourceFlaggingUri(WireObject, gc=False, rename="camel"):
    """The `source_flagging_uris` of GroundingMetadata."""

    flag_content_uri: str | None = None
    source_id: str | None = None


class GroundingMetadata(WireObject, gc=False, rename="camel"):
    """The `grounding_metadata` of Candidate."""

    image_search_queries: list[str] | None = None
    grounding_chunks: list[GroundingChunk] | None = None
    grounding_supports: list[GroundingSupport] | None = None
    retrieval_metadata: RetrievalMetadata | None = None
    search_entry_point: SearchEntryPoint | None = None
    web_search_queries: list[str] | None = None
    google_maps_widget_context_token: str | None = None
    retrieval_queries: list[str] | None = None
    source_flagging_uris: list[GroundingMetadataSourceFlaggingUri] | None = None


class GoogleTypeDate(WireObject, gc=False, rename="camel"):
    """The `publication_date` of Citation."""

    day: int | None = None
    month: int | None = None
    year: int | None = None


class Citation(WireObject, gc=False, rename="camel"):
    """The `citations` of CitationMetadata."""

    end_index: int | None = None
    license: str | None = None
    publication_date: GoogleTypeDate | None = None
    start_index: int | None = None
    title: str | None = None
    uri: str | None = None


class CitationMetadata(WireObject, gc=False, rename="camel"):
    """The `citation_metadata` of Candidate."""

    citations: list[Citation] | None = None
    # Not the SDK's own, and extra attributes there.
    citation_sources: list[Citation] | None = None

    def __post_init__(self) -> None:
        # The Gemini API's name for what Vertex, and the SDK, call citations.
        if self.citations is None:
            self.citations = self.citation_sources


class SafetyRating(WireObject, gc=False, rename="camel"):
    """The `safety_ratings` of Candidate, and the `safety_ratings` of GenerateContentResponsePromptFeedback."""

    blocked: bool | None = None
    category: str | None = None
    overwritten_threshold: str | None = None
    probability: str | None = None
    probability_score: float | None = None
    severity: str | None = None
    severity_score: float | None = None


class LogprobsResultCandidate(WireObject, gc=False, rename="camel"):
    """The `candidates` of LogprobsResultTopCandidates, and the `chosen_candidates` of LogprobsResult."""

    log_probability: float | None = None
    token: str | None = None
    token_id: int | None = None


class LogprobsResultTopCandidates(WireObject, gc=False, rename="camel"):
    """The `top_candidates` of LogprobsResult."""

    candidates: list[LogprobsResultCandidate] | None = None


class LogprobsResult(WireObject, gc=False, rename="camel"):
    """The `logprobs_result` of Candidate."""

    chosen_candidates: list[LogprobsResultCandidate] | None = None
    top_candidates: list[LogprobsResultTopCandidates] | None = None
    log_probability_sum: float | None = None


class UrlMetadata(WireObject, gc=False, rename="camel"):
    """The `url_metadata` of UrlContextMetadata."""

    retrieved_url: str | None = None
    url_retrieval_status: str | None = None


class UrlContextMetadata(WireObject, gc=False, rename="camel"):
    """The `url_context_metadata` of Candidate."""

    url_metadata: list[UrlMetadata] | None = None
