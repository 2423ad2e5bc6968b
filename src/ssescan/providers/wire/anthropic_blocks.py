"""Anthropic Messages: content blocks, and what is in them.

https://docs.anthropic.com/en/api/messages
"""

from __future__ import annotations

from typing import Any

from msgspec import field

from .base import WireObject

__all__ = [
    "CacheControlEphemeral",
    "Caller",
    "CitationsConfig",
    "CitationsConfigParam",
    "CodeExecutionOutputBlock",
    "ContentBlock",
    "DocumentBlock",
    "DocumentSource",
    "FallbackInfo",
    "FallbackRefusalTrigger",
    "MCPTool",
    "MCPToolDefaultConfig",
    "MCPToolParam",
    "ResponseToolInputSchema",
    "TextCitation",
    "Tool",
    "ToolChange",
    "ToolChangeReference",
    "ToolReferenceBlock",
    "ToolResultContent",
    "UserLocation",
    "WebFetchURLSource",
    "WebFetchURLSourceToolReference",
    "WebFetchURLSources",
]


class TextCitation(WireObject, gc=False):
    """A source of a text; `type` says by what it is located.

    The fields of the SDK's CitationCharLocation, CitationPageLocation, CitationContentBlockLocation,
    CitationsWebSearchResultLocation, CitationsSearchResultLocation, CitationSearchResultLocation.
    """

    cited_text: str | None = None
    document_index: int | None = None
    document_title: str | None = None
    end_char_index: int | None = None
    file_id: str | None = None
    start_char_index: int | None = None
    type: str | None = None
    end_page_number: int | None = None
    start_page_number: int | None = None
    end_block_index: int | None = None
    start_block_index: int | None = None
    encrypted_index: str | None = None
    title: str | None = None
    url: str | None = None
    search_result_index: int | None = None
    source: str | None = None


class Caller(WireObject, gc=False):
    """The `caller` of ContentBlock.

    The fields of the SDK's DirectCaller, ServerToolCaller, ServerToolCaller20260120.
    """

    type: str | None = None
    tool_id: str | None = None


class CitationsConfig(WireObject, gc=False):
    """The `citations` of DocumentBlock.

    The fields of the SDK's CitationsConfig, CitationConfig.
    """

    enabled: bool | None = None


class DocumentSource(WireObject, gc=False):
    """The `source` of DocumentBlock.

    The fields of the SDK's Base64PDFSource, PlainTextSource.
    """

    data: str | None = None
    media_type: str | None = None
    type: str | None = None


class DocumentBlock(WireObject, gc=False):
    """The `content` of ToolResultContent."""

    citations: CitationsConfig | None = None
    source: DocumentSource | None = None
    title: str | None = None
    type: str | None = None


class CodeExecutionOutputBlock(WireObject, gc=False):
    """The `content` of ToolResultContent.

    The fields of the SDK's CodeExecutionOutputBlock, BashCodeExecutionOutputBlock.
    """

    file_id: str | None = None
    type: str | None = None


class ToolReferenceBlock(WireObject, gc=False):
    """The `tool_references` of ToolResultContent."""

    tool_name: str | None = None
    type: str | None = None


class ToolResultContent(WireObject, gc=False):
    """The `content` of ContentBlock.

    The fields of the SDK's WebSearchToolResultErrorObject, WebFetchToolResultErrorBlock, WebFetchBlock,
    CodeExecutionToolResultErrorObject, CodeExecutionResultBlock, EncryptedCodeExecutionResultBlock,
    BashCodeExecutionToolResultErrorObject, BashCodeExecutionResultBlock, TextEditorCodeExecutionToolResultErrorObject,
    TextEditorCodeExecutionViewResultBlock, TextEditorCodeExecutionCreateResultBlock,
    TextEditorCodeExecutionStrReplaceResultBlock, ToolSearchToolResultErrorObject, ToolSearchToolSearchResultBlock,
    AdvisorToolResultErrorObject, AdvisorResultBlock, AdvisorRedactedResultBlock.
    """

    error_code: str | None = None
    type: str | None = None
    content: str | list[CodeExecutionOutputBlock] | DocumentBlock | None = None
    retrieved_at: str | None = None
    url: str | None = None
    return_code: int | None = None
    stderr: str | None = None
    stdout: str | None = None
    encrypted_stdout: str | None = None
    error_message: str | None = None
    file_type: str | None = None
    num_lines: int | None = None
    start_line: int | None = None
    total_lines: int | None = None
    is_file_update: bool | None = None
    lines: list[str] | None = None
    new_lines: int | None = None
    new_start: int | None = None
    old_lines: int | None = None
    old_start: int | None = None
    tool_references: list[ToolReferenceBlock] | None = None
    stop_reason: str | None = None
    text: str | None = None
    encrypted_content: str | None = None
    # Not the SDK's own, and extra attributes there.
    abort_reason: str | None = None


class ResponseToolInputSchema(WireObject, gc=False):
    """The `input_schema` of Tool."""

    type: str | None = None
    properties: dict[str, Any] | None = None
    required: list[str] | None = None


class CacheControlEphemeral(WireObject, gc=False):
    """The `cache_control` and `caching` of Tool."""

    type: str | None = None
    ttl: str | None = None


class UserLocation(WireObject, gc=False):
    """The `user_location` of Tool."""

    type: str | None = None
    city: str | None = None
    country: str | None = None
    region: str | None = None
    timezone: str | None = None


class CitationsConfigParam(WireObject, gc=False):
    """The `citations` of Tool."""

    enabled: bool | None = None


class WebFetchURLSourceToolReference(WireObject, gc=False):
    """The `tools` of WebFetchURLSource."""

    name: str | None = None
    type: str | None = None


class WebFetchURLSource(WireObject, gc=False):
    """The `client_tool_results` and `server_tool_results` and `user_input` of WebFetchURLSources.

    The fields of the SDK's WebFetchURLSourceAll, WebFetchURLSourceNone, WebFetchURLSourceOnly, WebFetchURLSourceExcept.
    """

    type: str | None = None
    tools: list[WebFetchURLSourceToolReference] | None = None


class WebFetchURLSources(WireObject, gc=False):
    """The `url_sources` of Tool."""

    client_tool_results: WebFetchURLSource | None = None
    server_tool_results: WebFetchURLSource | None = None
    user_input: WebFetchURLSource | None = None


class MCPToolDefaultConfig(WireObject, gc=False):
    """The `default_config` of Tool."""

    defer_loading: bool | None = None
    enabled: bool | None = None


class MCPToolParam(WireObject, gc=False):
    """The `tools` of Tool."""

    input_schema: dict[str, Any] | None = None
    name: str | None = None
    description: str | None = None


class Tool(WireObject, gc=False):
    """The `definition` of ToolChangeReference.

    The fields of the SDK's ResponseTool, ToolBash20241022, ToolBash20250124, CodeExecutionTool20250522,
    CodeExecutionTool20250825, CodeExecutionTool20260120, CodeExecutionTool20260521, BrowserToolset20260801,
    ToolComputerUse20241022, MemoryTool20250818, ToolComputerUse20250124, ToolTextEditor20241022,
    ToolComputerUse20251124, ComputerToolset20260801, ToolTextEditor20250124, ToolTextEditor20250429,
    ToolTextEditor20250728, WebSearchTool20250305, WebFetchTool20250910, WebSearchTool20260209, WebFetchTool20260209,
    WebFetchTool20260309, WebSearchTool20260318, WebFetchTool20260318, AdvisorTool20260301, ToolSearchToolBm25_20251119,
    ToolSearchToolRegex20251119, MCPToolset.
    """

    input_schema: ResponseToolInputSchema | None = None
    name: str | None = None
    allowed_callers: list[str] | None = None
    defer_loading: bool | None = None
    description: str | None = None
    eager_input_streaming: bool | None = None
    input_examples: list[dict[str, Any]] | None = None
    strict: bool | None = None
    type: str | None = None
    cache_control: CacheControlEphemeral | None = None
    configs: Any = None
    display_height_px: int | None = None
    display_width_px: int | None = None
    display_number: int | None = None
    enable_zoom: bool | None = None
    max_characters: int | None = None
    allowed_domains: list[str] | None = None
    blocked_domains: list[str] | None = None
    max_uses: int | None = None
    user_location: UserLocation | None = None
    citations: CitationsConfigParam | None = None
    max_content_tokens: int | None = None
    url_sources: WebFetchURLSources | None = None
    use_cache: bool | None = None
    response_inclusion: str | None = None
    model: str | None = None
    caching: CacheControlEphemeral | None = None
    max_tokens: int | None = None
    mcp_server_name: str | None = None
    default_config: MCPToolDefaultConfig | None = None
    tools: list[MCPToolParam] | None = None


class ToolChangeReference(WireObject, gc=False):
    """The `tool` of ToolChange.

    The fields of the SDK's ResponseToolChangeToolReference, ResponseToolChangeMCPToolReference,
    ResponseToolChangeMCPToolsetReference, ToolChangeToolDefinition.
    """

    name: str | None = None
    type: str | None = None
    server_name: str | None = None
    definition: Tool | None = None


class ToolChange(WireObject, gc=False):
    """The `tool_changes` of ContentBlock.

    The fields of the SDK's ResponseToolAdditionBlock, ResponseToolRemovalBlock.
    """

    tool: ToolChangeReference | None = None
    type: str | None = None


class FallbackInfo(WireObject, gc=False):
    """The `from_` and `to` of ContentBlock."""

    model: str | None = None


class FallbackRefusalTrigger(WireObject, gc=False):
    """The `trigger` of ContentBlock."""

    category: str | None = None
    type: str | None = None


class MCPTool(WireObject, gc=False):
    """The `tools` of ContentBlock."""

    input_schema: dict[str, Any] | None = None
    name: str | None = None
    description: str | None = None


class ContentBlock(WireObject, gc=False):
    """A content block of any kind: `type` says of which.

    A server's results come whole in the event that starts the block.

    The fields of the SDK's TextBlock, ThinkingBlock, RedactedThinkingBlock, ToolUseBlock, ServerToolUseBlock,
    WebSearchToolResultBlock, WebSearchResultBlock, WebFetchToolResultBlock, CodeExecutionToolResultBlock,
    BashCodeExecutionToolResultBlock, TextEditorCodeExecutionToolResultBlock, ToolSearchToolResultBlock,
    ContainerUploadBlock, AdvisorToolResultBlock, MCPToolUseBlock, MCPToolResultBlock, CompactionBlock, FallbackBlock,
    MCPToolListingBlock.
    """

    citations: list[TextCitation] | None = None
    text: str | None = None
    type: str | None = None
    signature: str | None = None
    thinking: str | None = None
    data: str | None = None
    id: str | None = None
    caller: Caller | None = None
    input: dict[str, Any] | None = None
    name: str | None = None
    toolset_name: str | None = None
    content: str | list[ContentBlock] | ToolResultContent | None = None
    tool_use_id: str | None = None
    encrypted_content: str | None = None
    page_age: str | None = None
    title: str | None = None
    url: str | None = None
    file_id: str | None = None
    server_name: str | None = None
    is_error: bool | None = None
    tool_changes: list[ToolChange] | None = None
    from_: FallbackInfo | None = field(default=None, name="from")
    to: FallbackInfo | None = None
    trigger: FallbackRefusalTrigger | None = None
    mcp_server_name: str | None = None
    tools: list[MCPTool] | None = None
