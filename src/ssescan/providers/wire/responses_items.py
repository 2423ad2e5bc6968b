"""Responses: output items, and their parts.

https://platform.openai.com/docs/api-reference/responses/object
"""

from __future__ import annotations

from typing import Any

from msgspec import field

from .base import WireObject
from .responses_tools import Environment, Tool

__all__ = [
    "Action",
    "Annotation",
    "Caller",
    "CodeInterpreterOutput",
    "CustomToolFormat2",
    "DragPath",
    "Environment",
    "FileSearchResult",
    "ItemError",
    "ItemOutput",
    "Logprob",
    "ModerationDetails",
    "Operation",
    "Outcome",
    "PendingSafetyCheck",
    "PromptCacheBreakpoint",
    "Reasoning",
    "ResponseContentPart",
    "ResponseFormat",
    "ResponseOutputItem",
    "SearchSource",
    "Summary",
    "SvgUsage",
    "Tool",
    "TopLogprob",
]


class PromptCacheBreakpoint(WireObject, gc=False):
    """The `prompt_cache_breakpoint` of ResponseContentPart."""

    mode: str | None = None
    ttl: str | None = None


class Annotation(WireObject, gc=False):
    """What a text refers to; indices are in characters.

    The fields of the SDK's AnnotationFileCitation, AnnotationURLCitation, AnnotationContainerFileCitation,
    AnnotationFilePath.
    """

    file_id: str | None = None
    filename: str | None = None
    index: int | None = None
    type: str | None = None
    end_index: int | None = None
    start_index: int | None = None
    title: str | None = None
    url: str | None = None
    container_id: str | None = None


class TopLogprob(WireObject, gc=False):
    """The `top_logprobs` of Logprob.

    The fields of the SDK's LogprobTopLogprob.
    """

    token: str | None = None
    bytes: list[int] | None = None
    logprob: float | None = None


class Logprob(WireObject, gc=False):
    """The `logprobs` of ResponseContentPart, and the `logprobs` of ResponseStreamEvent."""

    token: str | None = None
    bytes: list[int] | None = None
    logprob: float | None = None
    top_logprobs: list[TopLogprob] | None = None


class Outcome(WireObject, gc=False):
    """The `outcome` of ResponseContentPart, and the `outcome` of Output.

    The fields of the SDK's OutcomeTimeout, OutcomeExit, OutputOutcomeTimeout, OutputOutcomeExit.
    """

    type: str | None = None
    exit_code: int | None = None


class ResponseContentPart(WireObject, gc=False):
    """A part of an item: text, refusal, reasoning, or what went in. `type` says which.

    The fields of the SDK's ResponseInputText, ResponseInputImage, ResponseInputFile, ResponseOutputText,
    ResponseOutputRefusal, ResponseInputTextContent, ResponseInputImageContent, ResponseInputFileContent, Content,
    ResponseFunctionShellCallOutputContent, Output, PartReasoningText, Part.
    """

    text: str | None = None
    type: str | None = None
    prompt_cache_breakpoint: PromptCacheBreakpoint | None = None
    detail: str | None = None
    file_id: str | None = None
    image_url: str | None = None
    file_data: str | None = None
    file_url: str | None = None
    filename: str | None = None
    annotations: list[Annotation] | None = None
    logprobs: list[Logprob] | None = None
    refusal: str | None = None
    outcome: Outcome | None = None
    stderr: str | None = None
    stdout: str | None = None
    created_by: str | None = None


class FileSearchResult(WireObject, gc=False):
    """The `results` of ResponseOutputItem.

    The fields of the SDK's Result.
    """

    attributes: dict[str, str | float | bool] | None = None
    file_id: str | None = None
    filename: str | None = None
    score: float | None = None
    text: str | None = None


class PendingSafetyCheck(WireObject, gc=False):
    """The `pending_safety_checks` and `acknowledged_safety_checks` of ResponseOutputItem.

    The fields of the SDK's PendingSafetyCheck, ComputerCallOutputAcknowledgedSafetyCheck, AcknowledgedSafetyCheck.
    """

    id: str | None = None
    code: str | None = None
    message: str | None = None


class DragPath(WireObject, gc=False):
    """The `path` of Action.

    The fields of the SDK's ActionDragPath, DragPath.
    """

    x: int | None = None
    y: int | None = None


class SearchSource(WireObject, gc=False):
    """The `sources` of Action.

    The fields of the SDK's ActionSearchSource.
    """

    type: str | None = None
    url: str | None = None


class Action(WireObject, gc=False):
    """The `action` and `actions` of ResponseOutputItem.

    The fields of the SDK's ActionClick, ActionDoubleClick, ActionDrag, ActionKeypress, ActionMove, ActionScreenshot,
    ActionScroll, ActionType, ActionWait, Click, DoubleClick, Drag, Keypress, Move, Screenshot, Scroll, Type, Wait,
    ActionSearch, ActionOpenPage, ActionFind, LocalShellCallAction, ShellCallAction, Action.
    """

    button: str | None = None
    type: str | None = None
    x: int | None = None
    y: int | None = None
    keys: list[str] | None = None
    path: list[DragPath] | None = None
    scroll_x: int | None = None
    scroll_y: int | None = None
    text: str | None = None
    queries: list[str] | None = None
    query: str | None = None
    sources: list[SearchSource] | None = None
    url: str | None = None
    pattern: str | None = None
    command: list[str] | None = None
    env: dict[str, str] | None = None
    timeout_ms: int | None = None
    user: str | None = None
    working_directory: str | None = None
    commands: list[str] | None = None
    max_output_length: int | None = None


class ItemOutput(WireObject, gc=False):
    """The `output` of ResponseOutputItem.

    The fields of the SDK's ResponseComputerToolCallOutputScreenshot.
    """

    type: str | None = None
    file_id: str | None = None
    image_url: str | None = None


class Caller(WireObject, gc=False):
    """The `caller` of ResponseOutputItem.

    The fields of the SDK's CallerDirect, CallerProgram, FunctionCallOutputCallerDirect,
    FunctionCallOutputCallerProgram, ShellCallCallerDirect, ShellCallCallerProgram, ShellCallOutputCallerDirect,
    ShellCallOutputCallerProgram, ApplyPatchCallCallerDirect, ApplyPatchCallCallerProgram,
    ApplyPatchCallOutputCallerDirect, ApplyPatchCallOutputCallerProgram.
    """

    type: str | None = None
    caller_id: str | None = None


class Reasoning(WireObject, gc=False):
    """The `reasoning` of ResponseOutputItem."""

    effort: str | None = None


class ResponseFormat(WireObject, gc=False):
    """The `format` of CustomToolFormat2, and the `format` of ResponseTextConfig.

    The fields of the SDK's ResponseFormatText, ResponseFormatTextJSONSchemaConfig, ResponseFormatJSONObject.
    """

    type: str | None = None
    name: str | None = None
    schema_: dict[str, Any] | None = field(default=None, name="schema")
    description: str | None = None
    strict: bool | None = None


class CustomToolFormat2(WireObject, gc=False):
    """The `text` of ResponseOutputItem.

    The fields of the SDK's Text.
    """

    format: ResponseFormat | None = None


class Summary(WireObject, gc=False):
    """The `summary` of ResponseOutputItem."""

    text: str | None = None
    type: str | None = None


class ModerationDetails(WireObject, gc=False):
    """The `moderation_details` of ItemError.

    The fields of the SDK's ImageGenerationCallErrorModerationDetails.
    """

    categories: list[str] | None = None
    moderation_stage: str | None = None


class ItemError(WireObject, gc=False):
    """The `error` of ResponseOutputItem.

    The fields of the SDK's ImageGenerationCallError, McpProtocolError, McpToolExecutionError, HTTPError.
    """

    code: str | int | None = None
    message: str | None = None
    param: str | None = None
    type: str | None = None
    moderation_details: ModerationDetails | None = None
    content: Any = None


class SvgUsage(WireObject, gc=False):
    """The `svg_usage` of ResponseOutputItem.

    The fields of the SDK's ImageGenerationCallSvgUsage.
    """

    input_tokens: int | None = None
    model: str | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    total_tokens: int | None = None


class CodeInterpreterOutput(WireObject, gc=False):
    """The `outputs` of ResponseOutputItem.

    The fields of the SDK's OutputLogs, OutputImage.
    """

    logs: str | None = None
    type: str | None = None
    url: str | None = None


class Operation(WireObject, gc=False):
    """The `operation` of ResponseOutputItem.

    The fields of the SDK's ApplyPatchCallOperationCreateFile, ApplyPatchCallOperationDeleteFile,
    ApplyPatchCallOperationUpdateFile, OperationCreateFile, OperationDeleteFile, OperationUpdateFile.
    """

    diff: str | None = None
    path: str | None = None
    type: str | None = None


class ResponseOutputItem(WireObject, gc=False):
    """An output item of any kind: `type` says of which, `call_id` is what the result of a call has to cite.

    The fields of the SDK's EasyInputMessage, Message, ResponseOutputMessage, ResponseFileSearchToolCall,
    ResponseComputerToolCall, ComputerCallOutput, ResponseFunctionWebSearch, ResponseFunctionToolCall,
    FunctionCallOutput, ToolSearchCall, ResponseToolSearchOutputItemParam, AdditionalTools,
    ResponseConfigurationUpdateItemParam, ResponseReasoningItem, ResponseCompactionItemParam, ImageGenerationCall,
    ResponseCodeInterpreterToolCall, LocalShellCall, LocalShellCallOutput, ShellCall, ShellCallOutput, ApplyPatchCall,
    ApplyPatchCallOutput, McpListTools, McpApprovalRequest, McpApprovalResponse, McpCall, ResponseCustomToolCallOutput,
    ResponseCustomToolCall, CompactionTrigger, ItemReference, Program, ProgramOutput,
    ResponseFunctionToolCallOutputItem, ResponseComputerToolCallOutputItem, ResponseToolSearchCall,
    ResponseToolSearchOutputItem, ResponseCompactionItem, ResponseFunctionShellToolCall,
    ResponseFunctionShellToolCallOutput, ResponseApplyPatchToolCall, ResponseApplyPatchToolCallOutput,
    ResponseCustomToolCallOutputItem.
    """

    content: str | list[ResponseContentPart] | None = None
    role: str | None = None
    phase: str | None = None
    type: str | None = None
    status: str | None = None
    id: str | None = None
    queries: list[str] | None = None
    results: list[FileSearchResult] | None = None
    call_id: str | None = None
    pending_safety_checks: list[PendingSafetyCheck] | None = None
    action: str | Action | None = None
    actions: list[Action] | None = None
    output: str | list[ResponseContentPart] | ItemOutput | None = None
    acknowledged_safety_checks: list[PendingSafetyCheck] | None = None
    arguments: Any = None
    name: str | None = None
    async_: bool | None = field(default=None, name="async")
    caller: Caller | None = None
    namespace: str | None = None
    execution: str | None = None
    tools: list[Tool] | None = None
    reasoning: Reasoning | None = None
    text: CustomToolFormat2 | None = None
    summary: list[Summary] | None = None
    encrypted_content: str | None = None
    result: str | None = None
    background: str | None = None
    error: str | ItemError | None = None
    output_format: str | None = None
    quality: str | None = None
    revised_prompt: str | None = None
    size: str | None = None
    svg_usage: SvgUsage | None = None
    code: str | None = None
    container_id: str | None = None
    outputs: list[CodeInterpreterOutput] | None = None
    environment: Environment | None = None
    max_output_length: int | None = None
    operation: Operation | None = None
    server_label: str | None = None
    approval_request_id: str | None = None
    approve: bool | None = None
    reason: str | None = None
    input: str | None = None
    fingerprint: str | None = None
    created_by: str | None = None
    # Not the SDK's own, and extra attributes there.
    metadata: dict[str, Any] | None = None
    signature: str | None = None
    format: str | None = None
    prompt: str | None = None
