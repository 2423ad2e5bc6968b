"""Each kind of content in each format that is read again: what comes out, and what is counted as lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ssescan import stream
from ssescan.providers import (
    Citation,
    Finish,
    Logprobs,
    Media,
    ReasoningDelta,
    RedactedReasoning,
    RefusalDelta,
    ServerToolResult,
    Signature,
    Start,
    TextDelta,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
    message,
)

from .formats import READ_AGAIN, WRITTEN, check, read_again, transcoded, written

if TYPE_CHECKING:
    from pathlib import Path

START = Start(id="msg_1", model="a-model")
STOP, CALLS = Finish(reason="stop"), Finish(reason="tool_calls")
CHAT, RESPONSES, ANTHROPIC, GEMINI = "openai-chat", "openai-responses", "anthropic", "gemini"
every_format = pytest.mark.parametrize("to", WRITTEN)


def began(block: int, **fields: Any) -> ToolCallStart:
    return ToolCallStart(block=block, id=f"call_{block}", **{"name": f"f{block}"} | fields)


def piece(block: int, json: str) -> ToolCallDelta:
    return ToolCallDelta(block=block, json=json)


def ended(block: int, json: str, **fields: Any) -> ToolCallEnd:
    return ToolCallEnd(block=block, id=f"call_{block}", json=json, **{"name": f"f{block}"} | fields)


def server_tool(name: str, asked: str, result: Any, **fields: Any) -> list[Any]:
    """Return the parts of a tool that the provider runs, and of its result."""
    call = [began(0, name=name, server=True), piece(0, asked), ended(0, asked, name=name, server=True)]
    return [
        *call,
        ServerToolResult(block=1, id="call_0", name=name, data=result, **fields),
        TextDelta(block=2, text="Hi"),
    ]


CONTENT: dict[str, list[Any]] = {
    "empty answer": [STOP],
    "text": [TextDelta(text="Hel"), TextDelta(text="lo"), STOP],
    "two answers": [TextDelta(text="a"), TextDelta(choice=1, text="b"), STOP, Finish(choice=1, reason="length")],
    "refusal": [RefusalDelta(text="No."), Finish(reason="refusal")],
    "refused silently": [Finish(reason="refusal")],
    "thinking": [ReasoningDelta(text="Hm."), TextDelta(block=1, text="Hi"), STOP],
    "signed thinking": [ReasoningDelta(text="Hm."), Signature(data="c2ln"), TextDelta(block=1, text="Hi"), STOP],
    "a summary": [ReasoningDelta(text="Hm.", kind="summary"), TextDelta(block=1, text="Hi"), STOP],
    "encrypted reasoning": [Signature(data="c2ln", id="rs_1"), TextDelta(block=1, text="Hi"), STOP],
    "redacted thinking": [RedactedReasoning(data="eA=="), TextDelta(block=1, text="Hi"), STOP],
    "interleaved calls": [
        began(0), began(1), piece(0, '{"a"'), piece(1, '{"b"'), piece(0, ":1}"), piece(1, ":2}"),
        ended(1, '{"b":2}'), ended(0, '{"a":1}'), CALLS,
    ],
    "a custom call": [began(0, custom=True), piece(0, "SELECT 1"), ended(0, "SELECT 1"), CALLS],
    "a signed call": [began(0), ended(0, "{}"), Signature(data="c2ln"), CALLS],
    "citation with offsets": [
        TextDelta(text="Hi"),
        Citation(block=0, items=[{"type": "url_citation", "url": "https://a.example", "title": "A", "start_index": 0,
                                  "end_index": 2, "unit": "char"}]),
        STOP,
    ],
    "citation of Anthropic": [
        TextDelta(text="Hi"),
        Citation(block=0, items=[{"type": "char_location", "cited_text": "x", "document_index": 0, "unit": "char",
                                  "document_title": None, "start_char_index": 0, "end_char_index": 1}]),
        STOP,
    ],
    "image": [Media(media="image/png", data="AQID"), STOP],
    "preview of an image": [Media(media="image/png", data="AQI=", partial=True), STOP],
    "sound": [Media(media="audio/wav", data="AQI=", transcript="Hi"), STOP],
    "image at an address": [Media(media="image/png", url="https://a.example/1.png"), STOP],
    "logprobs": [
        TextDelta(text="Hi"), Logprobs(block=0, entries=[{"token": "Hi", "logprob": -1.0, "bytes": [72, 105], "top_logprobs": []}]),
        STOP,
    ],
    "web search of Anthropic": [
        *server_tool("web_search", '{"query":"tides"}', [{"type": "web_search_result", "url": "https://a.example"}]), STOP,
    ],
    "code of Gemini": [
        *server_tool("code_execution", '{"language":"PYTHON","code":"1"}', {"outcome": "OUTCOME_OK", "output": "1"}), STOP,
    ],
    "code of OpenAI": [
        *server_tool("code_interpreter", '{"code":"1"}', [{"type": "logs", "logs": "1"}], status="completed"), STOP,
    ],
    "search of Gemini": [*server_tool("GOOGLE_SEARCH_WEB", '{"queries":["tides"]}', {"x": 1}), STOP],
}  # fmt: skip
SERVER_TOOL = {"ToolCallStart": 1, "ToolCallDelta": 1, "ToolCallEnd": 1, "ServerToolResult": 1}
# The blocks and the finish that are read again, and what is lost. Of "ai-sdk-ui", test_ai_sdk_ui.py has the same.
EXPECTED: dict[str, dict[str, tuple[list[str], dict[str, int]]]] = {
    "empty answer": {
        CHAT: (["stop"], {}),
        RESPONSES: (["stop"], {}),
        ANTHROPIC: (["stop"], {}),
        GEMINI: (["text ", "stop"], {}),
    },
    "text": {
        CHAT: (["text Hello", "stop"], {}),
        RESPONSES: (["text Hello", "stop"], {}),
        ANTHROPIC: (["text Hello", "stop"], {}),
        GEMINI: (["text Hello", "stop"], {}),
    },
    "two answers": {
        CHAT: (["text a", "stop", "text b", "length"], {}),
        RESPONSES: (["text a", "stop"], {"TextDelta": 1, "Finish": 1}),
        ANTHROPIC: (["text a", "stop"], {"TextDelta": 1, "Finish": 1}),
        GEMINI: (["text a", "stop", "text b", "length"], {}),
    },
    "refusal": {
        CHAT: (["refusal No.", "refusal"], {}),
        RESPONSES: (["refusal No.", "refusal"], {}),
        ANTHROPIC: (["text No.", "refusal"], {"RefusalDelta": 1}),
        GEMINI: (["text No.", "content_filter"], {"RefusalDelta": 1, "Finish": 1}),
    },
    "refused silently": {
        CHAT: (["content_filter"], {"Finish": 1}),
        RESPONSES: (["stop"], {"Finish": 1}),
        ANTHROPIC: (["refusal"], {}),
        GEMINI: (["text ", "content_filter"], {"Finish": 1}),
    },
    "thinking": {
        CHAT: (["reasoning Hm.", "text Hi", "stop"], {}),
        RESPONSES: (["reasoning Hm.", "text Hi", "stop"], {}),
        ANTHROPIC: (["reasoning Hm.", "text Hi", "stop"], {}),
        GEMINI: (["reasoning Hm.", "text Hi", "stop"], {}),
    },
    "signed thinking": {
        CHAT: (["reasoning Hm.", "text Hi", "stop"], {"Signature": 1}),
        RESPONSES: (["reasoning Hm. (signed)", "text Hi", "stop"], {}),
        ANTHROPIC: (["reasoning Hm. (signed)", "text Hi", "stop"], {}),
        GEMINI: (["reasoning Hm. (signed)", "text Hi", "stop"], {}),
    },
    "a summary": {
        CHAT: (["reasoning Hm.", "text Hi", "stop"], {}),
        RESPONSES: (["summary Hm.", "text Hi", "stop"], {}),
        ANTHROPIC: (["reasoning Hm.", "text Hi", "stop"], {}),
        GEMINI: (["reasoning Hm.", "text Hi", "stop"], {}),
    },
    "encrypted reasoning": {
        CHAT: (["text Hi", "stop"], {"Signature": 1}),
        RESPONSES: (["reasoning  (signed)", "text Hi", "stop"], {}),
        ANTHROPIC: (["reasoning  (signed)", "text Hi", "stop"], {}),
        GEMINI: (["text Hi (signed)", "stop"], {}),
    },
    "redacted thinking": {
        CHAT: (["text Hi", "stop"], {"RedactedReasoning": 1}),
        RESPONSES: (["reasoning  (signed)", "text Hi", "stop"], {}),
        ANTHROPIC: (["redacted eA==", "text Hi", "stop"], {}),
        GEMINI: (["text Hi", "stop"], {"RedactedReasoning": 1}),
    },
    "interleaved calls": {
        CHAT: (['call call_0 f0 {"a":1}', 'call call_1 f1 {"b":2}', "tool_calls"], {}),
        RESPONSES: (['call call_0 f0 {"a":1}', 'call call_1 f1 {"b":2}', "tool_calls"], {}),
        ANTHROPIC: (['call call_0 f0 {"a":1}', 'call call_1 f1 {"b":2}', "tool_calls"], {}),
        GEMINI: (['call call_0 f0 {"a":1}', 'call call_1 f1 {"b":2}', "tool_calls"], {}),
    },
    "a custom call": {
        CHAT: (['call call_0 f0 {"input":"SELECT 1"}', "tool_calls"], {"ToolCallStart": 1}),
        RESPONSES: (["custom call call_0 f0 SELECT 1", "tool_calls"], {}),
        ANTHROPIC: (['call call_0 f0 {"input":"SELECT 1"}', "tool_calls"], {"ToolCallStart": 1}),
        GEMINI: (['call call_0 f0 {"input":"SELECT 1"}', "tool_calls"], {"ToolCallStart": 1}),
    },
    "a signed call": {
        CHAT: (["call call_0 f0 {}", "tool_calls"], {"Signature": 1}),
        RESPONSES: (["call call_0 f0 {}", "tool_calls"], {"Signature": 1}),
        ANTHROPIC: (["call call_0 f0 {}", "tool_calls"], {"Signature": 1}),
        GEMINI: (["call call_0 f0 {} (signed)", "tool_calls"], {}),
    },
    "citation with offsets": {
        CHAT: (["text Hi [url_citation]", "stop"], {}),
        RESPONSES: (["text Hi [url_citation]", "stop"], {}),
        ANTHROPIC: (["text Hi", "stop"], {"Citation": 1}),
        GEMINI: (["text Hi [web]", "stop"], {"Citation": 1}),
    },
    "citation of Anthropic": {
        CHAT: (["text Hi", "stop"], {"Citation": 1}),
        RESPONSES: (["text Hi", "stop"], {"Citation": 1}),
        ANTHROPIC: (["text Hi [char_location]", "stop"], {}),
        GEMINI: (["text Hi", "stop"], {"Citation": 1}),
    },
    "image": {
        CHAT: (["image/png AQID", "stop"], {}),
        RESPONSES: (["server call ig_msg1_0 image_generation {}", "image/png AQID", "stop"], {}),
        ANTHROPIC: (["stop"], {"Media": 1}),
        GEMINI: (["image/png AQID", "stop"], {}),
    },
    "preview of an image": {
        CHAT: (["stop"], {"Media": 1}),
        RESPONSES: (["server call ig_msg1_0 image_generation {}", "image/png AQI= (preview)", "stop"], {}),
        ANTHROPIC: (["stop"], {"Media": 1}),
        GEMINI: (["text ", "stop"], {"Media": 1}),
    },
    "sound": {
        CHAT: (["audio/* AQI= Hi", "stop"], {}),
        RESPONSES: (["stop"], {"Media": 1}),
        ANTHROPIC: (["stop"], {"Media": 1}),
        GEMINI: (["audio/wav AQI=", "stop"], {"Media": 1}),
    },
    "image at an address": {
        CHAT: (["image/* https://a.example/1.png", "stop"], {}),
        RESPONSES: (["stop"], {"Media": 1}),
        ANTHROPIC: (["stop"], {"Media": 1}),
        GEMINI: (["image/png https://a.example/1.png", "stop"], {}),
    },
    "logprobs": {
        CHAT: (["text Hi", "stop"], {}),
        RESPONSES: (["text Hi", "stop"], {}),
        ANTHROPIC: (["text Hi", "stop"], {"Logprobs": 1}),
        GEMINI: (["text Hi", "stop"], {}),
    },
    "web search of Anthropic": {
        CHAT: (["text Hi", "stop"], SERVER_TOOL),
        RESPONSES: (["text Hi", "stop"], SERVER_TOOL),
        ANTHROPIC: (["text Hi", "stop"], SERVER_TOOL),
        GEMINI: (["text Hi", "stop"], SERVER_TOOL),
    },
    "code of Gemini": {
        CHAT: (["text Hi", "stop"], SERVER_TOOL),
        RESPONSES: (["text Hi", "stop"], SERVER_TOOL),
        ANTHROPIC: (["text Hi", "stop"], SERVER_TOOL),
        GEMINI: (
            [
                'server call call_0 code_execution {"language":"PYTHON","code":"1"}',
                'result of code_execution {"id": "call_0", "outcome": "OUTCOME_OK", "output": "1"}',
                "text Hi",
                "stop",
            ],
            {},
        ),
    },
    "code of OpenAI": {
        CHAT: (["text Hi", "stop"], SERVER_TOOL),
        RESPONSES: (["text Hi", "stop"], SERVER_TOOL),
        ANTHROPIC: (["text Hi", "stop"], SERVER_TOOL),
        GEMINI: (["text Hi", "stop"], SERVER_TOOL),
    },
    "search of Gemini": {
        CHAT: (["text Hi", "stop"], SERVER_TOOL),
        RESPONSES: (["text Hi", "stop"], SERVER_TOOL),
        ANTHROPIC: (["text Hi", "stop"], SERVER_TOOL),
        GEMINI: (
            [
                'server call call_0 GOOGLE_SEARCH_WEB {"queries":["tides"]}',
                'result of GOOGLE_SEARCH_WEB {"x": 1}',
                "text Hi",
                "stop",
            ],
            {},
        ),
    },
}


def seen(data: bytes, to: str) -> list[str]:
    """Return the blocks and the finish of each choice, in words."""
    found = []
    for choice in read_again(to, data).choices:
        found += [words(block) for block in choice.blocks]
        found.append(str(choice.finish_reason))
    return found


def words(block: Any) -> str:
    signed = " (signed)" if getattr(block, "signature", None) else ""
    match block:
        case message.TextBlock():
            cited = "".join(f" [{item.get('type') or 'web'}]" for item in block.citations)
            return f"text {block.text}{cited}{signed}"
        case message.ReasoningBlock():
            return f"{'summary' if block.kind == 'summary' else 'reasoning'} {block.text}{signed}"
        case message.RefusalBlock():
            return f"refusal {block.text}"
        case message.RedactedReasoningBlock():
            return f"redacted {block.data}"
        case message.ToolCall():
            kind = "server call" if block.server else "custom call" if block.custom else "call"
            return f"{kind} {block.id} {block.name} {block.arguments}{signed}"
        case message.MediaBlock():
            kept = block.url or ",".join(block.data)
            return f"{block.media} {kept} {block.transcript}".strip() + " (preview)" * block.partial
        case message.ServerToolResultBlock():
            return f"result of {block.name} {json.dumps(block.data)}"
    return f"raw {block.name}"


@pytest.mark.parametrize("to", READ_AGAIN)
@pytest.mark.parametrize("name", CONTENT)
def test_content_of_each_kind(name: str, to: Any) -> None:
    data, writer = written(to, [START, *CONTENT[name]])
    assert check(to, data)
    assert (seen(data, to), writer.lost) == EXPECTED[name][to]


@every_format
def test_a_thousand_interleaved_calls(to: Any) -> None:
    numbers = range(1000)
    parts: list[Any] = [began(number) for number in numbers]
    parts += [piece(number, '{"n":') for number in numbers]
    parts += [piece(number, f"{number}}}") for number in numbers]
    parts += [ended(number, f'{{"n":{number}}}') for number in reversed(numbers)]
    data, writer = written(to, [START, *parts, CALLS])
    assert check(to, data)
    assert not writer.lost
    if to in READ_AGAIN:
        calls = read_again(to, data).tool_calls
        assert sorted((call.id, json.loads(call.arguments)["n"]) for call in calls) == sorted(
            (f"call_{number}", number) for number in numbers
        )


@every_format
def test_arguments_of_ten_megabytes(to: Any) -> None:
    text = json.dumps({"text": '0123456789 "\u00e9\n' * 500_000})
    pieces = [piece(0, text[at : at + 10_000]) for at in range(0, len(text), 10_000)]
    data, writer = written(to, [START, began(0), *pieces, ended(0, text), CALLS])
    assert len(text) > 10_000_000
    assert check(to, data)
    assert not writer.lost
    if to in READ_AGAIN:
        assert [json.loads(call.arguments) for call in read_again(to, data).tool_calls] == [json.loads(text)]


WIRE = {
    "Anthropic's web search": ("wire/anthropic-3-websearch-citation.sse", ANTHROPIC),
    "Gemini's code": ("wire/gemini-7-code-grounding.sse", GEMINI),
    "OpenAI's web search": ("wire/openai-resp-3-websearch-citation.sse", RESPONSES),
}


@every_format
@pytest.mark.parametrize("name", WIRE)
def test_streams_with_tools_of_the_provider(shared: Path, name: str, to: Any) -> None:
    file, api = WIRE[name]
    data = (shared / file).read_bytes()
    before = stream(data).collect()
    assert any(isinstance(block, message.ToolCall) and block.server for block in before.choices[0].blocks)
    out, transcoder = transcoded(to, [data])
    assert to == api or check(to, out)
    if to == api:
        assert out == data
        assert not transcoder.lost
        return
    has_place = to == "ai-sdk-ui"
    assert ("ToolCallStart" in transcoder.lost) is not has_place
    if not has_place:
        read = read_again(to, out)
        assert (read.text, read.finish_reason, read.tool_calls) == (before.text, before.finish_reason, [])
