"""Facts about the wire objects that the types of the SDKs do not contain; `generate_wire.py` reads them."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

__all__ = ["FORMATS", "Format"]


@dataclass(frozen=True, kw_only=True)
class Format:
    """One API: where its types are, how its objects are read, and what differs from the types.

    `roots` are `module:name` of the SDK's types of an event; `root` is the name of the class for them. `kind` is the
    field that says which kind an event is, where there are several, and events of the kinds in `silent` yield no
    object. `prefix`: what the names of beta models begin with. `camel`: the JSON has camelCase, the attributes do not.
    """

    module: str
    api: str
    sdk: str
    title: str
    url: str
    roots: tuple[str, ...]
    root: str
    reader: str = "iter_events"
    objects: str = "events"
    stream: str
    note: str = ""
    kind: str = ""
    silent: tuple[str, ...] = ()
    prefix: str = ""
    camel: bool = False
    untyped: tuple[str, ...] = ()
    """Fields of any type, whose models are left out."""
    names: dict[str, str] = field(default_factory=dict)
    """Names of classes by the first place where one stands: `Owner.field`, with [] for the elements of a list or dict.

    A class is named after its first model otherwise. Places with the same name share a class.
    """
    added: dict[str, dict[str, str]] = field(default_factory=dict)
    """Fields that servers send and the SDK does not know, by class."""
    methods: dict[str, str] = field(default_factory=dict)
    """The class in `methods.py` that a class has properties or conversions from."""
    texts: dict[str, str] = field(default_factory=dict)
    """Docstrings of classes, in place of where a class stands. A line is a paragraph."""

    def load(self) -> list[Any]:
        """Import the SDK, and return the types of `roots`."""
        paths = (root.split(":") for root in self.roots)
        return [getattr(import_module(module), name) for module, name in paths]


def _fields(text: str) -> dict[str, str]:
    """Return fields written as in a class, one a line."""
    return dict(line.strip().split(": ", 1) for line in text.strip().splitlines())


OPENAI_CHAT = Format(
    module="openai_chat",
    api="openai-chat",
    sdk="openai",
    title="Chat Completions",
    url="https://platform.openai.com/docs/api-reference/chat-streaming",
    roots=("openai.types.chat:ChatCompletionChunk",),
    root="ChatCompletionChunk",
    reader="iter_chunks",
    objects="chunks",
    stream="a Chat Completions stream",
    names={
        "Moderation.input": "ModerationInput",
        "Moderation.output": "ModerationOutput",
        "ModerationInput.results[]": "ModerationResult",
        "ModerationOutput.results[]": "ModerationResult",
    },
    texts={
        "ChatCompletionChunk": "A chunk of an answer.\n"
        "`created` is in seconds since 1970; `usage` comes once, mostly with the last chunk, where `choices` is empty.",
        "ChatCompletionTokenLogprob": "A token of this chunk, with natural logarithms; `bytes` are its UTF-8, of which "
        "`token` may show a part.",
        "Choice": "The part of a chunk that belongs to one of the answers: the one with this `index`.",
        "ChoiceDelta": "The new text or calls.\n`reasoning_content` (DeepSeek and others) and `reasoning` (OpenRouter, "
        "Groq) are text; Mistral sends `content` as a list.",
        "ChoiceDeltaAudio": "A piece of speech: `data` is base64, `expires_at` in seconds since 1970.",
        "ChoiceDeltaFunctionCall": "A call in the API before tools; see ChoiceDeltaToolCallFunction.",
        "ChoiceDeltaToolCall": "A fragment of the call number `index`; the first fragment has `id` and the name.\n"
        "Gemini puts thought signatures into `extra_content`.",
        "ChoiceDeltaToolCallFunction": "A fragment of JSON text, in `arguments`; some servers send all of it, as an "
        "object.",
        "CompletionUsage": "Counts of tokens: `prompt_tokens` includes cached ones, `completion_tokens` the reasoning "
        "(not at xAI).",
    },
    added={
        "ChatCompletionChunk": _fields("""
            provider: str
            citations: list[Any]
            search_results: list[Any]
            x_groq: dict[str, Any]
            prompt_filter_results: list[Any]
            timings: dict[str, Any]
            time_info: dict[str, Any]
            cost: float | dict[str, Any]
            copilot_usage: dict[str, Any]
        """),
        "Choice": _fields("""
            native_finish_reason: str
            content_filter_results: dict[str, Any]
            content_filter_offsets: dict[str, Any]
            message: dict[str, Any]
            text: str
            stop_reason: str | int
            matched_stop: str | int
            token_ids: list[int]
            seed: int
        """),
        "ChoiceDelta": _fields("""
            reasoning_content: str
            reasoning: str
            reasoning_details: list[Any]
            annotations: list[Any]
            images: list[Any]
            executed_tools: list[Any]
            provider_metadata: dict[str, Any]
            name: str
            channel: str
        """),
        "ChoiceDeltaToolCall": {"extra_content": "dict[str, Any]"},
        "CompletionTokensDetails": {"image_tokens": "int"},
        "CompletionUsage": _fields("""
            cost: float | dict[str, Any]
            cost_details: dict[str, Any]
            is_byok: bool
            prompt_cache_hit_tokens: int
            prompt_cache_miss_tokens: int
            cached_tokens: int
            reasoning_tokens: int
            cache_creation_input_tokens: int
            cache_read_input_tokens: int
            num_sources_used: int
            cost_in_usd_ticks: int
            search_context_size: str
            service_tier: str
            queue_time: float
            prompt_time: float
            completion_time: float
            total_time: float
        """),
        "PromptTokensDetails": {"video_tokens": "int"},
    },
)

OPENAI_RESPONSES = Format(
    module="openai_responses",
    api="openai-responses",
    sdk="openai",
    title="Responses",
    url="https://platform.openai.com/docs/api-reference/responses-streaming",
    roots=("openai.types.responses:ResponseStreamEvent",),
    root="ResponseStreamEvent",
    stream="a Responses stream",
    kind="type",
    methods={"Response": "ResponseMethods"},
    names={
        "ResponseStreamEvent.delta": "ShellOutputDelta",
        "ResponseStreamEvent.part": "ResponseContentPart",
        "ResponseStreamEvent.item": "ResponseOutputItem",
        "ResponseStreamEvent.annotation": "Annotation",
        "Response.tool_choice": "ToolChoice",
        "Response.tools[]": "Tool",
        "Response.prompt_cache_diagnostics": "PromptCacheDiagnostics",
        "Response.reasoning": "Reasoning2",
        "Moderation.input": "ModerationResult",
        "Moderation.output": "ModerationResult",
        "ResponseTextConfig.format": "ResponseFormat",
        "ResponseContentPart.annotations[]": "Annotation",
        "ResponseContentPart.outcome": "Outcome",
        "Output.outcome": "Outcome",
        "Logprob.top_logprobs[]": "TopLogprob",
        "ResponseOutputItem.results[]": "FileSearchResult",
        "ResponseOutputItem.action": "Action",
        "ResponseOutputItem.actions[]": "Action",
        "ResponseOutputItem.output": "ItemOutput",
        "ResponseOutputItem.acknowledged_safety_checks[]": "PendingSafetyCheck",
        "ResponseOutputItem.caller": "Caller",
        "ResponseOutputItem.text": "CustomToolFormat2",
        "ResponseOutputItem.error": "ItemError",
        "ResponseOutputItem.svg_usage": "SvgUsage",
        "ResponseOutputItem.outputs[]": "CodeInterpreterOutput",
        "ResponseOutputItem.environment": "Environment",
        "ResponseOutputItem.operation": "Operation",
        "Action.path[]": "DragPath",
        "Action.sources[]": "SearchSource",
        "ItemError.moderation_details": "ModerationDetails",
        "Environment.network_policy": "NetworkPolicy",
        "Environment.skills[]": "Skill",
        "NetworkPolicy.domain_secrets[]": "DomainSecret",
        "Tool.filters": "Filter",
        "Tool.format": "CustomToolFormat",
        "Tool.allowed_tools": "McpToolFilter",
        "Tool.require_approval": "McpToolApprovalFilter",
        "McpToolApprovalFilter.always": "McpToolApprovalFilterAlways",
        "McpToolApprovalFilter.never": "McpToolApprovalFilterNever",
        "Tool.container": "CodeInterpreterContainer",
        "Tool.input_image_mask": "ImageMask",
        "Tool.svg": "ImageGenerationSvg",
        "ImageGenerationSvg.reasoning": "ImageGenerationSvgReasoning",
    },
    texts={
        "Annotation": "A source that a text refers to; indices are in characters.",
        "Response": "The whole answer, in the events `response.created` to `response.completed`.\n"
        "Times are in seconds since 1970.",
        "ResponseContentPart": "A part of an item: text, refusal, reasoning or input. `type` says which.",
        "ResponseOutputItem": "An output item of any kind: `type` says which; a call's result cites its `call_id`.",
        "ResponseStreamEvent": "An event of any kind: `type` says which, and so which attributes it has. "
        "`sequence_number` counts from 0.",
        "ResponseUsage": "Counts of tokens: `input_tokens` includes cached ones, `output_tokens` the reasoning.",
        "Tool": "A tool of any kind, as in the request.",
    },
    added={
        "Response": _fields("""
            store: bool
            frequency_penalty: float
            presence_penalty: float
            content_filters: list[Any]
            provider: str
        """),
        "ResponseOutputItem": _fields("""
            metadata: dict[str, Any]
            signature: str
            format: str
            prompt: str
        """),
        "ResponseStreamEvent": _fields("""
            error: Any
            diff: str
            name: str
            copilot_usage: dict[str, Any]
            call_id: str
        """),
        "ResponseUsage": _fields("""
            cost: float
            cost_details: dict[str, Any]
            is_byok: bool
            num_sources_used: int
            num_server_side_tools_used: int
            cost_in_usd_ticks: int
            server_side_tool_usage_details: dict[str, Any]
            context_details: dict[str, Any]
        """),
        "Tool": _fields("""
            n: int
            return_token_budget: str
            allowed_x_handles: list[str]
            enable_image_understanding: bool
            enable_video_understanding: bool
        """),
    },
)

ANTHROPIC = Format(
    module="anthropic",
    api="anthropic",
    sdk="anthropic",
    title="Anthropic Messages",
    url="https://docs.anthropic.com/en/docs/build-with-claude/streaming",
    roots=("anthropic.types:RawMessageStreamEvent", "anthropic.types.beta:BetaRawMessageStreamEvent"),
    root="RawMessageStreamEvent",
    stream="a Messages stream",
    note=", beta fields included",
    kind="type",
    silent=("ping",),
    prefix="Beta",
    untyped=("configs",),
    names={
        "RawMessageStreamEvent.content_block": "ContentBlock",
        "RawMessageStreamEvent.input_transformations[]": "InputTransformation",
        "Delta.citation": "TextCitation",
        "MessageDeltaUsage.iterations[]": "IterationUsage",
        "ContextManagementResponse.applied_edits[]": "ContextManagementEdit",
        "ContentBlock.caller": "Caller",
        "ContentBlock.content": "ToolResultContent",
        "ContentBlock.tool_changes[]": "ToolChange",
        "Diagnostics.cache_miss_reason": "CacheMissReason",
        "FallbackCreditUsage.status": "FallbackCreditStatus",
        "ToolChange.tool": "ToolChangeReference",
        "DocumentBlock.source": "DocumentSource",
        "ToolChangeReference.definition": "Tool",
        "WebFetchURLSources.client_tool_results": "WebFetchURLSource",
    },
    texts={
        "ContentBlock": "A content block of any kind: `type` says which.\n"
        "Results of server tools are complete in the event that starts the block.",
        "Delta": "The next piece of a block, by its `type`; in a `message_delta`, which has no type, how the message "
        "ended.",
        "Message": "The message as it begins, without content.",
        "MessageDeltaUsage": "Counts of tokens so far: they replace those of `message_start`.",
        "RawMessageStreamEvent": "An event of any kind: `type` says which, and so which attributes it has.",
        "TextCitation": "A source of a text; `type` says how it is located.",
        "Usage": "Counts of tokens: `input_tokens` excludes those read from the cache or written to it.",
    },
    added={
        "Message": {"provider": "str"},
        "MessageDeltaUsage": _fields("""
            cache_creation: CacheCreation
            service_tier: str
            speed: str
            cost: float
            cost_details: dict[str, Any]
            is_byok: bool
        """),
        "RawMessageStreamEvent": {"request_id": "str"},
        "ToolResultContent": {"abort_reason": "str"},
        "Usage": _fields("""
            cost: float
            cost_details: dict[str, Any]
            is_byok: bool
        """),
    },
)

GEMINI = Format(
    module="gemini",
    api="gemini",
    sdk="google-genai",
    title="Gemini",
    url="https://ai.google.dev/api/generate-content",
    roots=("google.genai.types:GenerateContentResponse",),
    root="GenerateContentResponse",
    reader="iter_responses",
    objects="responses",
    stream="a `streamGenerateContent` stream",
    note="; attributes in snake_case, camelCase on the wire",
    camel=True,
    untyped=("parsed",),
    methods={"CitationMetadata": "CitationMetadataMethods", "GenerateContentResponse": "GeminiMethods"},
    texts={
        "Blob": "Media: `data` is base64, as sent.",
        "Candidate": "The part of a response that belongs to one of the answers: the one with this `index`.",
        "FunctionCall": "A whole call, or with `partial_args` a piece of one.",
        "GenerateContentResponse": "A piece of an answer. `usage_metadata` counts the tokens so far; `create_time` is "
        "text, as sent.",
        "GenerateContentResponseUsageMetadata": "Counts of tokens so far: prompt, candidates, tool use and thoughts "
        "make the total.",
        "Part": "A piece of text, of thoughts (`thought`), a call, or media. `thought_signature` is base64, as sent.",
        "Segment": "A piece of a part's text; indices are in bytes of UTF-8.",
    },
    added={
        "CitationMetadata": {"citation_sources": "list[Citation]"},
        "GenerateContentResponseUsageMetadata": {"service_tier": "str"},
    },
)

GEMINI_INTERACTIONS = Format(
    module="gemini_interactions",
    api="gemini-interactions",
    sdk="google-genai",
    title="Gemini Interactions",
    url="https://ai.google.dev/api/interactions-api",
    roots=("google.genai._gaos.types.interactions:InteractionSSEEvent",),
    root="InteractionSSEEvent",
    stream="an Interactions stream",
    kind="event_type",
    methods={"Step": "CallMethods", "StepDeltaData": "CallMethods"},
    names={
        "InteractionSSEEvent.delta": "StepDeltaData",
        "InteractionSSEEvent.step": "Step",
        "Step.arguments": "CallArguments",
        "StepDeltaData.arguments": "CallArguments",
        "StepDeltaData.result[]": "Content",
        "StepDeltaData.annotations[]": "Annotation",
        "Content.processing": "MediaProcessing",
    },
    texts={
        "Annotation": "A source that a text refers to; `type` says which kind.",
        "CallArguments": "The arguments of a call to one of the server's own tools.",
        "Content": "Content of any kind: text, media (`data` is base64) or a tool's result. `type` says which.",
        "InteractionSSEEvent": "An event of any kind: `event_type` says which, and so which attributes it has.",
        "Step": "A step of any kind, as it begins: `type` says which.\n"
        "`arguments` is a dict for calls of functions and MCP servers.",
        "StepDeltaData": "The next piece of a step, by its `type`; `data` is base64.",
        "Usage": "Counts of tokens.",
    },
    added={"InteractionSseEventInteraction": {"error": "Error"}},
)

FORMATS = [OPENAI_CHAT, OPENAI_RESPONSES, ANTHROPIC, GEMINI, GEMINI_INTERACTIONS]
