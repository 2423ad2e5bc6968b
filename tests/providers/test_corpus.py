"""The recorded streams: our Message compared with the official SDKs' accumulators for the same bytes, offline.

A table names each body for which an SDK raises an error, or loses or changes something, with the reason; then the test
checks the right value. The reasons are those of WIRE.md, sections 3.4, 3.5, 4, 5.4, 6.4 and 12.
"""

from __future__ import annotations

import json
import warnings
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from ssescan import UnknownFormat
from ssescan.providers import Raw, stream

from .assertions import read

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FORMATS = ("openai-chat", "openai-responses", "anthropic", "gemini", "gemini-interactions")
SDKS = ("openai-chat", "openai-responses", "anthropic")

# The bodies for which the SDK raises an error, by a unique part of the body's name.
BAD_JSON = "an event is not JSON: the SDK stops there"
NO_NAMES = "no `event:` lines, or others than the types: the SDK drops those events and has no message"
NO_CHOICES = "chunks without choices"
NO_INDEX = "tool calls without an index"
NOT_CHUNKS = "chunks whose `object` is not that of a chunk are skipped: nothing is left"
IDS_CHANGE = "the response's id changes from event to event"
NO_COMPLETED = "ends without response.completed, by response.incomplete or by nothing"
IN_BAND = "an error within the stream, which the SDK raises"
LISTS = "lists in a delta whose entries have no index"
INDEX = "an index that is out of the SDK's order"
SDK_RAISES = {
    "rig__streaming.gateway_message_delta_metadata.0": "[DONE], which Anthropic's SDK takes for JSON",
    "anthropic-compaction.1": NO_NAMES,
    "anthropic-fallback.sse": NO_NAMES,
    "anthropic-mcp.1": NO_NAMES,
    "anthropic-message-delta-input-tokens": NO_NAMES,
    "anthropic-tool-search-deferred-bm25": NO_NAMES,
    "anthropic-web-fetch-tool-20260209.1": NO_NAMES,
    "chat_completion_invalid_streaming_test_response": BAD_JSON,
    "copes-with-chunks-missing-a-choices-array": NO_CHOICES,
    "ChatWithBasicAudioOutputAsync": NO_CHOICES,
    "returns-max-tokens-finish-reason-for-stream.0": NO_COMPLETED,
    "stream-multiple-output-items-1": NO_COMPLETED,
    "stream-unknown-error-responses-1": IN_BAND,
    "openai-reasoning-encrypted-content.1": IDS_CHANGE,
    "parallel-tool-call-wrapper.1": BAD_JSON,
    "test_ai21_provider.1": NOT_CHUNKS,
    "anthropic-fallback-tool-call": INDEX,
    "azure-reasoning-encrypted-content.1": IDS_CHANGE,
    "bedrock_mantle_responses_chat_streams_through_the_responses_surface": INDEX,
    "rig__reasoning_roundtrip.streaming.0": IDS_CHANGE,
    "raw_stream_surfaces_two_distinct_tool_calls_before_text": NOT_CHUNKS,
    "github-copilot-id-rotation.1": IDS_CHANGE,
    "test_openai_chat_model_gemini_acomplete-Return-True.-output_types1-bool": NO_INDEX,
    "test_tool_use_failed_error_streaming_with_text.0": IN_BAND,
    "huggingface/microsoft-semantic-kernel__TestData.chatcompletion_test_stream_response": NOT_CHUNKS,
    "streaming_chat_completions_with_tool_call_response_emits_expected_spans": NO_INDEX,
    "test_mistral_chat_model_acomplete_function_call": NO_INDEX,
    "chat_completions_streaming_function_call_response": NO_INDEX,
    "mistral-reasoning.sse": LISTS,
    "moonshotai-stream": NOT_CHUNKS,
    "test_openai_chat_model_acomplete_ollama-Return-True.-output_types1-bool": NO_INDEX,
    "pydantic-logfire__test_openai.test_openrouter_streaming_reasoning": LISTS,
    "test_openrouter_stream_error": IN_BAND,
    "test_openrouter_web_search_annotations_stream": LISTS,
    "tmc-langchaingo__testdata.TestTool_Integration": NOT_CHUNKS,
    "should-set-attributes-in-span-for-stream.recording.0~2": NOT_CHUNKS,
    "test_writer_async_streaming_chat_multiple_tool_call_requests_legacy": NOT_CHUNKS,
}

ERASED = "a later `usage: null` erases the usage"
REFUSAL = "the SDK has no reason for a refusal: it says stop, and has the refusal's text"
DONE_OBJECT = "the last chunk, that has the reason, is not a chunk by its `object`, and is skipped"
JOINED = "two calls at one index, or an id and a name that are repeated, are joined"
THINKING = "thinking in a list of content, or in a field of another name"
EMPTY_OUTPUT = "response.completed has an empty output: what was streamed is lost"
BUILT_IN = "calls of built-in tools that the program has to make are items of their own kinds"
REASONING_APART = "xAI counts reasoning beside the output"
# The SDK's wrong values: the field, the reason, and the right value ("last usage", "not empty": see `right`).
SDK_DIFFERS: dict[str, tuple[str, str, Any]] = {
    "openai_gpt_4o_completions.async_stream.0~4": ("finish", REFUSAL, "refusal"),
    "test_openai_moderation_stream.0": ("usage", ERASED, "last usage"),
    "responses_streaming_refusal_delta_surfaces.0": ("finish", REFUSAL, "refusal"),
    "openai-streaming-responses-records-usage": ("finish", "no status: the event's name has it", "stop"),
    "cererebras-structured-output-tools.1": (
        "tools", JOINED, [("bbd2b9d98", "nonUsefulTool", "{}"), ("e0ecf32e0", "nonUsefulTool", "{}")],
    ),
    "openai-apply-patch-tool.1": (
        "tools", BUILT_IN,
        [(
            "call_kA46f91ZwocQyMCKyyZqRyC5", "apply_patch",
            ('{"type":"create_file","diff":"+## Shopping Checklist\\n+\\n+- [ ] Milk\\n+- [ ] Bread\\n+- [ ] Eggs\\n'
            '+- [ ] Fresh fruit\\n+- [ ] Coffee\\n","path":"shopping-checklist.md"}'),
        )],
    ),
    "openai-local-shell-tool.1": (
        "tools", BUILT_IN,
        [("call_h3nm8hUG0KO9tVNuRACkL1ri", "local_shell", '{"type":"exec","command":["ls","-a","~"],"env":{}}')],
    ),
    "reasoning_session_two_tool_calls_streaming.0": (
        "tools", EMPTY_OUTPUT,
        [("call_REDACTED_1", "get_weather", '{"city":"Tokyo"}'), ("call_REDACTED_2", "get_weather", '{"city":"Paris"}')],
    ),
    "reasoning_session_two_tool_calls_streaming.1": ("text", EMPTY_OUTPUT, "not empty"),
    "test_databricks_tool_variations_async.2": (
        "tools", "no arguments are {}", [("toolu_bdrk_01Ngtosq8eCQHW1UGyB3vF8n", "get_current_date2", "{}")],
    ),
    "groq/AgentOps-AI-agentops__recordings.test_groq_provider.1": ("usage", ERASED, "last usage"),
    "test_token_counts.TestTokenCounts.test_groq.0": ("usage", ERASED, "last usage"),
    "groq/Scale3-Labs-langtrace-python-sdk__cassettes.test_async_chat_completion_streaming.0": ("usage", ERASED, "last usage"),
    "groq_llama3-8b-8192_streamed_chat.0": ("usage", ERASED, "last usage"),
    "groq/lmnr-ai-lmnr-python__test_chat_tracing.test_chat_streaming_legacy.0": ("usage", ERASED, "last usage"),
    "test_groq_model_thinking_part_iter.0": ("usage", ERASED, "last usage"),
    "test_groq_model_web_search_tool_stream.0": ("usage", ERASED, "last usage"),
    "completion_stream_multiple_choices_proxy.0": ("usage", ERASED, "last usage"),
    "mistral_v1_chat_completions_post_ccfa08da": ("reasoning", THINKING, "not empty"),
    "test_mistral_model_thinking_part_iter.0": ("reasoning", THINKING, "not empty"),
    "streaming_raw_model_surfaces_refusal.0": ("finish", REFUSAL, "refusal"),
    "test_tools_streaming_variant_a.0": ("tools", JOINED, [("0", "llm_version", "{}")]),
    "test_tools_streaming_variant_d.0": ("tools", "no arguments are {}", [("0", "llm_version", "{}")]),
    "stream_raw_exposes_terminal_usage_and_object": ("finish", DONE_OBJECT, "stop"),
    "perplexity_sonar_supports_streaming_responses": ("finish", DONE_OBJECT, "stop"),
    "perplexity_sonar-reasoning-pro_streams_thinking_content_when_a": ("finish", DONE_OBJECT, "stop"),
    "perplexity.stream-basic-text-1": ("finish", DONE_OBJECT, "stop"),
    "perplexity-text": ("finish", DONE_OBJECT, "stop"),
    "test_snowflake_thinking_streaming.0": ("reasoning", THINKING, "15 * 27 = 405"),
    "should-set-attributes-in-span-for-stream.recording.0.sse": ("finish", "eos is Together's stop", "stop"),
    "xai-grok-code-fast.multi_tool_streaming.0": ("usage", REASONING_APART, (466, 334, 800)),
    "xai-grok-3-mini.thinking-streaming.1": ("usage", REASONING_APART, (331, 282, 613)),
    "xai-text~2": ("usage", REASONING_APART, (12, 291, 303)),
}  # fmt: skip

FINISHES = {
    "end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length", "tool_use": "tool_calls",
    "pause_turn": "pause", "compaction": "pause", "function_call": "tool_calls",
}  # fmt: skip


@cache
def manifest(shared: Path) -> list[dict[str, Any]]:
    files: list[dict[str, Any]] = json.loads((shared / "corpus" / "manifest.json").read_text(encoding="utf-8"))["files"]
    return files


def reason_for(table: dict[str, Any], file: str, wire: str) -> Any:
    found = [key for key in table if key in file]
    assert len(found) <= 1, (file, found)
    return table[found[0]] if found and wire in SDKS else None


def transport(body: bytes) -> Any:
    httpx2 = pytest.importorskip("httpx2")
    headers = {"content-type": "text/event-stream"}
    return httpx2.Client(
        transport=httpx2.MockTransport(lambda request: httpx2.Response(200, headers=headers, content=body))
    )


def of_chat(body: bytes) -> dict[str, Any]:
    openai = pytest.importorskip("openai")
    client = openai.OpenAI(api_key="none", http_client=transport(body), max_retries=0)
    with client.chat.completions.stream(model="m", messages=[]) as events:
        for _ in events:
            pass
        snapshot = events.current_completion_snapshot
    choice = snapshot.choices[0]
    said = choice.message
    usage = snapshot.usage
    return {
        "text": said.content or "",
        "reasoning": getattr(said, "reasoning_content", None) or getattr(said, "reasoning", None) or "",
        "refusal": getattr(said, "refusal", None) or "",
        "tools": [(call.id, call.function.name, call.function.arguments) for call in said.tool_calls or ()],
        "finish": choice.finish_reason,
        "usage": usage and (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens),
    }


def of_responses(body: bytes) -> dict[str, Any]:
    openai = pytest.importorskip("openai")
    client = openai.OpenAI(api_key="none", http_client=transport(body), max_retries=0)
    with client.responses.stream(model="m", input="i") as events:
        for _ in events:
            pass
        response = events.get_final_response()
    parts = [part for item in response.output if item.type == "message" for part in item.content]
    thoughts = [item for item in response.output if item.type == "reasoning"]
    calls = [item for item in response.output if item.type in ("function_call", "custom_tool_call")]
    usage = response.usage
    return {
        "text": "".join(part.text for part in parts if part.type == "output_text"),
        "reasoning": "".join(part.text for item in thoughts for part in [*(item.summary or ()), *(item.content or ())]),
        "refusal": "".join(part.refusal for part in parts if part.type == "refusal"),
        "tools": [(call.call_id, call.name, getattr(call, "arguments", None) or call.input) for call in calls],
        "finish": ("tool_calls" if calls else "stop") if response.status == "completed" else response.status,
        "usage": usage and (usage.input_tokens, usage.output_tokens, usage.total_tokens),
    }


def of_anthropic(body: bytes) -> dict[str, Any]:
    anthropic = pytest.importorskip("anthropic")
    client = anthropic.Anthropic(api_key="none", http_client=transport(body), max_retries=0)
    with client.beta.messages.stream(model="m", messages=[], max_tokens=1) as events:
        for _ in events:
            pass
        message = events.get_final_message()
    usage = message.usage
    cached = (usage.cache_read_input_tokens or 0) + (usage.cache_creation_input_tokens or 0)
    return {
        "text": "".join(block.text for block in message.content if block.type == "text"),
        "reasoning": "".join(block.thinking for block in message.content if block.type == "thinking"),
        "refusal": "",
        "tools": [(block.id, block.name, block.input) for block in message.content if block.type == "tool_use"],
        "finish": message.stop_reason,
        "usage": (usage.input_tokens + cached, usage.output_tokens, None),
    }


ACCUMULATORS: dict[str, Callable[[bytes], dict[str, Any]]] = {
    "openai-chat": of_chat,
    "openai-responses": of_responses,
    "anthropic": of_anthropic,
}


def ours(body: bytes, wire: str) -> dict[str, Any]:
    _, message, _ = read(body)
    usage = message.usage
    parsed = wire == "anthropic"  # its SDK has the arguments only as an object
    return {
        "text": message.text,
        "reasoning": message.reasoning,
        "refusal": message.refusal,
        "tools": [(call.id, call.name, call.json() if parsed else call.arguments) for call in message.tool_calls],
        "finish": message.finish_reason,
        "usage": usage and (usage.input, usage.output, usage.total),
    }


def right(what: Any, body: bytes, value: Any) -> bool:
    """Return whether a value is the right one of the table."""
    if what == "not empty":
        return bool(value)
    if what == "last usage":
        found = None
        for line in body.splitlines():
            if line.startswith(b"data: {"):
                chunk = json.loads(line[6:])
                usage = chunk.get("usage") or (chunk.get("x_groq") or {}).get("usage")  # Groq has it there
                found = usage or found
        return found is not None and value == (
            found["prompt_tokens"], found["completion_tokens"], found["total_tokens"],
        )  # fmt: skip
    return bool(value == what)


def test_message_equals_the_sdks(shared: Path) -> None:
    compared = raised = differed = 0
    for entry in manifest(shared):
        wire, file = entry["wire"], entry["file"]
        if wire not in SDKS or not entry["events"]:
            continue
        body = (shared / "corpus" / file).read_bytes()
        why_it_raises = reason_for(SDK_RAISES, file, wire)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # pydantic warns of values that do not match the SDK's types
                expected = ACCUMULATORS[wire](body)
        except Exception as error:
            if not why_it_raises:
                raise AssertionError(f"{file}: the SDK raises, and the table does not say why") from error
            raised += 1
            continue
        assert not why_it_raises, f"{file}: the SDK reads it by now"
        made = ours(body, wire)
        expected["finish"] = FINISHES.get(expected["finish"], expected["finish"])
        field, _, what = reason_for(SDK_DIFFERS, file, wire) or ("", "", None)
        if field:
            differed += 1
            assert expected.pop(field) != made[field], f"{file}: the SDK has {field} right by now"
            assert right(what, body, made.pop(field)), file
            if field == "tools" and wire == "openai-responses":
                expected["finish"] = "tool_calls"  # the SDK lost the reason together with the calls
        for name, value in expected.items():
            assert made[name] == value, (file, name)
        compared += 1
    assert raised == len(SDK_RAISES)
    assert differed == len(SDK_DIFFERS)
    assert compared > 250


def test_format_of_every_body_is_detected(shared: Path) -> None:
    found = 0
    for entry in manifest(shared):
        body = (shared / "corpus" / entry["file"]).read_bytes()
        wire = "openai-chat" if entry["wire"] == "openai-completions" else entry["wire"]
        if not entry["events"]:
            continue
        if wire in FORMATS:
            assert read(body)[2].api == wire, entry["file"]
            found += 1
        else:
            with pytest.raises(UnknownFormat) as raised:
                read(body)
            assert raised.value.event.data
    assert found > 340


def test_unknown_content_of_recorded_bodies(shared: Path) -> None:
    """A new name in the set of Raw parts is a new kind of event or content, which may need its own parts."""
    names: set[str] = set()
    for entry in manifest(shared):
        if entry["wire"] in FORMATS:
            parts = read((shared / "corpus" / entry["file"]).read_bytes())[0]
            names |= {part.name for part in parts if type(part) is Raw}
    assert names == {
        # Fields that are not read (R30 of docs/rules.md): of events, of choices, of deltas.
        "container", "context_management", "copilot_usage", "cost", "moderation",
        "matched_stop", "messages", "usage_breakdown",
        "channel", "executed_tools", "graph_data", "missing-parts", "name", "provider_metadata",
        # Anthropic's beta blocks.
        "compaction", "compaction_delta", "fallback",
        # OpenAI's items that are not tool calls.
        "mcp_list_tools", "mcp_approval_request", "tool_search_output", "program", "program_output",
        "shell_call_output",
        # The progress of a shell's commands and of a patch: their items repeat it, complete.
        "response.apply_patch_call_operation_diff.delta", "response.apply_patch_call_operation_diff.done",
        "response.shell_call_command.added", "response.shell_call_command.delta", "response.shell_call_command.done",
        "response.shell_call_output_content.delta", "response.shell_call_output_content.done",
        "urlContextMetadata",
        # One body has an item that differs from the stream, another one a line ` data: ...`.
        "mismatch", "line",
    }  # fmt: skip


def test_bytes_and_events_give_the_same_parts(shared: Path) -> None:
    """Read bytes in small pieces, and the events of iter_events."""
    from ssescan import iter_events

    for entry in manifest(shared):
        body = (shared / "corpus" / entry["file"]).read_bytes()
        if entry["wire"] not in FORMATS or len(body) > 60_000 or not entry["events"]:
            continue
        parts = read(body)[0]
        assert read([body[at : at + 61] for at in range(0, len(body), 61)])[0] == parts, entry["file"]
        if not entry["comment_lines"] and "unknown_field_lines" not in entry["features"]:
            events = list(iter_events(body, unterminated="dispatch"))
            assert list(stream(events, strict=False)) == parts, entry["file"]
