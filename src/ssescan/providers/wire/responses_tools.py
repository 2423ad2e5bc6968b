"""Responses: the tools of a request, which the answer repeats.

https://platform.openai.com/docs/api-reference/responses/object
"""

from __future__ import annotations

from typing import Any

from msgspec import field

from .base import WireObject

__all__ = [
    "CodeInterpreterContainer",
    "CustomToolFormat",
    "DomainSecret",
    "Environment",
    "Filter",
    "ImageGenerationSvg",
    "ImageGenerationSvgReasoning",
    "ImageMask",
    "InlineSkillSource",
    "McpToolApprovalFilter",
    "McpToolApprovalFilterAlways",
    "McpToolApprovalFilterNever",
    "McpToolFilter",
    "NetworkPolicy",
    "RankingOptions",
    "RankingOptionsHybridSearch",
    "Skill",
    "Tool",
    "UserLocation",
]


class Filter(WireObject, gc=False):
    """The `filters` of Tool.

    The fields of the SDK's ComparisonFilter, CompoundFilter, Filters.
    """

    key: str | None = None
    type: str | None = None
    value: str | float | bool | list[str | float] | None = None
    filters: list[Any] | None = None
    allowed_domains: list[str] | None = None


class RankingOptionsHybridSearch(WireObject, gc=False):
    """The `hybrid_search` of RankingOptions."""

    embedding_weight: float | None = None
    text_weight: float | None = None


class RankingOptions(WireObject, gc=False):
    """The `ranking_options` of Tool."""

    hybrid_search: RankingOptionsHybridSearch | None = None
    ranker: str | None = None
    score_threshold: float | None = None


class DomainSecret(WireObject, gc=False):
    """The `domain_secrets` of NetworkPolicy.

    The fields of the SDK's ContainerNetworkPolicyDomainSecret.
    """

    domain: str | None = None
    name: str | None = None
    value: str | None = None


class NetworkPolicy(WireObject, gc=False):
    """The `network_policy` of Environment, and the `network_policy` of CodeInterpreterContainer.

    The fields of the SDK's ContainerNetworkPolicyDisabled, ContainerNetworkPolicyAllowlist.
    """

    type: str | None = None
    allowed_domains: list[str] | None = None
    domain_secrets: list[DomainSecret] | None = None


class InlineSkillSource(WireObject, gc=False):
    """The `source` of Skill."""

    data: str | None = None
    media_type: str | None = None
    type: str | None = None


class Skill(WireObject, gc=False):
    """The `skills` of Environment.

    The fields of the SDK's SkillReference, InlineSkill, LocalSkill.
    """

    skill_id: str | None = None
    type: str | None = None
    version: str | None = None
    description: str | None = None
    name: str | None = None
    source: InlineSkillSource | None = None
    path: str | None = None


class Environment(WireObject, gc=False):
    """The `environment` of Tool, and the `environment` of ResponseOutputItem.

    The fields of the SDK's ContainerAuto, LocalEnvironment, ContainerReference, ResponseLocalEnvironment,
    ResponseContainerReference.
    """

    type: str | None = None
    file_ids: list[str] | None = None
    memory_limit: str | None = None
    network_policy: NetworkPolicy | None = None
    skills: list[Skill] | None = None
    container_id: str | None = None


class UserLocation(WireObject, gc=False):
    """The `user_location` of Tool."""

    city: str | None = None
    country: str | None = None
    region: str | None = None
    timezone: str | None = None
    type: str | None = None


class McpToolFilter(WireObject, gc=False):
    """The `allowed_tools` of Tool.

    The fields of the SDK's ToolMcpAllowedToolsMcpToolFilter, McpAllowedToolsMcpToolFilter.
    """

    read_only: bool | None = None
    tool_names: list[str] | None = None


class McpToolApprovalFilterAlways(WireObject, gc=False):
    """The `always` of McpToolApprovalFilter.

    The fields of the SDK's ToolMcpRequireApprovalMcpToolApprovalFilterAlways,
    McpRequireApprovalMcpToolApprovalFilterAlways.
    """

    read_only: bool | None = None
    tool_names: list[str] | None = None


class McpToolApprovalFilterNever(WireObject, gc=False):
    """The `never` of McpToolApprovalFilter.

    The fields of the SDK's ToolMcpRequireApprovalMcpToolApprovalFilterNever,
    McpRequireApprovalMcpToolApprovalFilterNever.
    """

    read_only: bool | None = None
    tool_names: list[str] | None = None


class McpToolApprovalFilter(WireObject, gc=False):
    """The `require_approval` of Tool.

    The fields of the SDK's ToolMcpRequireApprovalMcpToolApprovalFilter, McpRequireApprovalMcpToolApprovalFilter.
    """

    always: McpToolApprovalFilterAlways | None = None
    never: McpToolApprovalFilterNever | None = None


class CodeInterpreterContainer(WireObject, gc=False):
    """The `container` of Tool.

    The fields of the SDK's ToolCodeInterpreterContainerCodeInterpreterToolAuto,
    CodeInterpreterContainerCodeInterpreterToolAuto.
    """

    type: str | None = None
    file_ids: list[str] | None = None
    memory_limit: str | None = None
    network_policy: NetworkPolicy | None = None


class ImageMask(WireObject, gc=False):
    """The `input_image_mask` of Tool.

    The fields of the SDK's ToolImageGenerationInputImageMask, ImageGenerationInputImageMask.
    """

    file_id: str | None = None
    image_url: str | None = None


class ImageGenerationSvgReasoning(WireObject, gc=False):
    """The `reasoning` of ImageGenerationSvg.

    The fields of the SDK's ToolImageGenerationSvgReasoning, ImageGenerationSvgReasoning.
    """

    effort: str | None = None


class ImageGenerationSvg(WireObject, gc=False):
    """The `svg` of Tool.

    The fields of the SDK's ToolImageGenerationSvg, ImageGenerationSvg.
    """

    model: str | None = None
    reasoning: ImageGenerationSvgReasoning | None = None


class CustomToolFormat(WireObject, gc=False):
    """The `format` of Tool.

    The fields of the SDK's Text, Grammar.
    """

    type: str | None = None
    definition: str | None = None
    syntax: str | None = None


class Tool(WireObject, gc=False):
    """A tool of any kind, as the request had it.

    The fields of the SDK's FunctionTool, FileSearchTool, ComputerTool, ComputerUsePreviewTool, WebSearchTool, ToolMcp,
    ToolCodeInterpreter, ToolProgrammaticToolCalling, ToolImageGeneration, ToolLocalShell, FunctionShellTool,
    CustomTool, ToolSearchOutputNamespaceTool, ToolFunction, ToolSearchTool, WebSearchPreviewTool, ApplyPatchTool, Mcp,
    CodeInterpreter, ProgrammaticToolCalling, ImageGeneration, LocalShell, NamespaceTool, McpListToolsTool.
    """

    name: str | None = None
    parameters: Any = None
    strict: bool | None = None
    type: str | None = None
    allowed_callers: list[str] | None = None
    async_: bool | None = field(default=None, name="async")
    defer_loading: bool | None = None
    description: str | None = None
    output_schema: dict[str, Any] | None = None
    vector_store_ids: list[str] | None = None
    filters: Filter | None = None
    max_num_results: int | None = None
    ranking_options: RankingOptions | None = None
    display_height: int | None = None
    display_width: int | None = None
    environment: str | Environment | None = None
    external_web_access: bool | None = None
    search_context_size: str | None = None
    user_location: UserLocation | None = None
    server_label: str | None = None
    allowed_tools: list[str] | McpToolFilter | None = None
    authorization: str | None = None
    connector_id: str | None = None
    headers: dict[str, str] | None = None
    require_approval: str | McpToolApprovalFilter | None = None
    server_description: str | None = None
    server_url: str | None = None
    tunnel_id: str | None = None
    container: str | CodeInterpreterContainer | None = None
    action: str | None = None
    background: str | None = None
    complexity: str | None = None
    frame_count: int | None = None
    frame_duration_ms: int | None = None
    input_fidelity: str | None = None
    input_image_mask: ImageMask | None = None
    model: str | None = None
    moderation: str | None = None
    output_compression: int | None = None
    output_format: str | None = None
    partial_images: int | None = None
    quality: str | None = None
    size: str | None = None
    svg: ImageGenerationSvg | None = None
    format: CustomToolFormat | None = None
    tools: list[Tool] | None = None
    execution: str | None = None
    search_content_types: list[str] | None = None
    input_schema: Any = None
    annotations: Any = None
    # Not the SDK's own, and extra attributes there.
    n: int | None = None
    return_token_budget: str | None = None
    allowed_x_handles: list[str] | None = None
    enable_image_understanding: bool | None = None
    enable_video_understanding: bool | None = None
