"""The writer of "ai-sdk-ui": what comes out for each kind of part, and what the AI SDK on Node makes of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ssescan import Writer
from ssescan.providers import (
    Citation,
    End,
    Error,
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
    Usage,
)

from . import ai_sdk
from .formats import FIXED, bodies, check, transcoded, written

if TYPE_CHECKING:
    from pathlib import Path

API: Any = "ai-sdk-ui"
START = Start(id="msg_1", model="a-model")
STOP = Finish(reason="stop")
CALLS = Finish(reason="tool_calls")
WEATHER = [
    ToolCallStart(block=1, id="c1", name="weather"), ToolCallDelta(block=1, json='{"city":'),
    ToolCallDelta(block=1, json='"Ulm"}'), ToolCallEnd(block=1, id="c1", name="weather", json='{"city":"Ulm"}'),
]  # fmt: skip


@pytest.fixture(scope="module")
def needs_ai_sdk() -> None:
    if reason := ai_sdk.missing():
        pytest.skip(reason)


def events_of(data: bytes) -> list[Any]:
    """Return the events of the step: without the start and the end."""
    events = [event.removeprefix(b"data: ") for event in data.split(b"\n\n")[:-1]]
    found = [json.loads(event) for event in events if event != b"[DONE]" and not event.startswith(b":")]
    return [event for event in found if event["type"] not in ("start", "start-step", "finish-step", "finish")]


def call(block: int, json: str = "{}", *, id: str | None = None, **fields: Any) -> list[Any]:
    """Return the parts of a whole call."""
    name, server = fields.pop("name", "f"), fields.get("server", False)
    start = ToolCallStart(block=block, id=id or f"c{block}", name=name, **fields)
    return [start, ToolCallEnd(block=block, id=id or f"c{block}", name=name, json=json, server=server)]


def test_the_bytes_of_an_answer() -> None:
    writer = Writer(API, id="m1")
    start = b'data: {"type":"start","messageId":"m1"}\n\ndata: {"type":"start-step"}\n\n'
    head = b'data: {"type":"text-start","id":"0"}\n\n'
    assert writer.text("Hi") == start + head + b'data: {"type":"text-delta","id":"0","delta":"Hi"}\n\n'
    assert writer.text("\n") == b'data: {"type":"text-delta","id":"0","delta":"\\n"}\n\n'
    assert writer.ping() == b": ping\n\n"
    assert writer.finish() == b""
    assert writer.close() == (
        b'data: {"type":"text-end","id":"0"}\n\ndata: {"type":"finish-step"}\n\n'
        b'data: {"type":"finish","finishReason":"stop"}\n\ndata: [DONE]\n\n'
    )
    assert writer.headers["x-vercel-ai-ui-message-stream"] == "v1"


def test_the_model_and_the_usage_are_metadata() -> None:
    usage = Usage(input=10, output=5, reasoning=2, cache_read=4, cache_write=1)
    data, writer = written(API, [usage, STOP])
    assert check(API, data)
    assert b'{"type":"start","messageId":"msg_1","messageMetadata":{"model":"a-model"}}' in data
    finish = json.loads(data.split(b"\n\n")[-3].removeprefix(b"data: "))
    assert finish["messageMetadata"]["usage"] == {
        "inputTokens": 10, "inputTokenDetails": {"cacheReadTokens": 4, "cacheWriteTokens": 1}, "outputTokens": 5,
        "outputTokenDetails": {"reasoningTokens": 2}, "totalTokens": 15, "reasoningTokens": 2, "cachedInputTokens": 4,
    }  # fmt: skip
    assert not writer.lost


SIGNED = {"ssescan": {"signature": "sig"}}
CASES: dict[str, tuple[list[Any], list[Any], dict[str, int]]] = {
    "empty answer": ([], [], {}),
    "thinking, signed": (
        [ReasoningDelta(text="Hm."), Signature(data="sig"), TextDelta(block=1, text="Hi")],
        [
            {"type": "reasoning-start", "id": "0"},
            {"type": "reasoning-delta", "id": "0", "delta": "Hm."},
            {"type": "reasoning-delta", "id": "0", "delta": "", "providerMetadata": SIGNED},
            {"type": "reasoning-end", "id": "0"},
            {"type": "text-start", "id": "1"}, {"type": "text-delta", "id": "1", "delta": "Hi"},
            {"type": "text-end", "id": "1"},
        ],
        {},
    ),
    "encrypted reasoning": (
        [Signature(data="sig", id="rs_1")],
        [
            {"type": "reasoning-start", "id": "0"},
            {"type": "reasoning-delta", "id": "0", "delta": "",
             "providerMetadata": {"ssescan": {"signature": "sig", "id": "rs_1"}}},
            {"type": "reasoning-end", "id": "0"},
        ],
        {},
    ),
    "redacted": (
        [RedactedReasoning(data="x")],
        [
            {"type": "reasoning-start", "id": "0", "providerMetadata": {"ssescan": {"redactedData": "x"}}},
            {"type": "reasoning-end", "id": "0"},
        ],
        {},
    ),
    "refusal": (
        [RefusalDelta(text="No.")],
        [
            {"type": "text-start", "id": "0"}, {"type": "text-delta", "id": "0", "delta": "No."},
            {"type": "text-end", "id": "0"},
        ],
        {"RefusalDelta": 1},
    ),
    "call": (
        WEATHER,
        [
            {"type": "tool-input-start", "toolCallId": "c1", "toolName": "weather"},
            {"type": "tool-input-delta", "toolCallId": "c1", "inputTextDelta": '{"city":'},
            {"type": "tool-input-delta", "toolCallId": "c1", "inputTextDelta": '"Ulm"}'},
            {"type": "tool-input-available", "toolCallId": "c1", "toolName": "weather", "input": {"city": "Ulm"}},
        ],
        {},
    ),
    "signature after its call": (
        [*call(0), Signature(data="sig")],
        [
            {"type": "tool-input-start", "toolCallId": "c0", "toolName": "f"},
            {"type": "tool-input-available", "toolCallId": "c0", "toolName": "f", "input": {},
             "providerMetadata": SIGNED},
        ],
        {},
    ),
    "custom call": (
        [
            ToolCallStart(id="c", name="sql", custom=True), ToolCallDelta(json='SELECT "a"'),
            ToolCallEnd(id="c", name="sql", json='SELECT "a"\n;'),
        ],
        [
            {"type": "tool-input-start", "toolCallId": "c", "toolName": "sql"},
            {"type": "tool-input-delta", "toolCallId": "c", "inputTextDelta": '"'},
            {"type": "tool-input-delta", "toolCallId": "c", "inputTextDelta": 'SELECT \\"a\\"'},
            {"type": "tool-input-delta", "toolCallId": "c", "inputTextDelta": '\\n;"'},
            {"type": "tool-input-available", "toolCallId": "c", "toolName": "sql", "input": 'SELECT "a"\n;'},
        ],
        {},
    ),
    "arguments that are not an object": (
        call(0, "[1"),
        [
            {"type": "tool-input-start", "toolCallId": "c0", "toolName": "f"},
            {"type": "tool-input-error", "toolCallId": "c0", "toolName": "f", "input": "[1",
             "errorText": "the arguments of the call are not a JSON object"},
        ],
        {},
    ),
    "arguments that the AI SDK refuses": (
        call(0, '{"__proto__":{}}'),
        [
            {"type": "tool-input-start", "toolCallId": "c0", "toolName": "f"},
            {"type": "tool-input-error", "toolCallId": "c0", "toolName": "f", "input": '{"__proto__":{}}',
             "errorText": "the arguments of the call have a field that the AI SDK does not accept"},
        ],
        {},
    ),
    "server tool": (
        [*call(0, '{"q":1}', name="search", server=True), ServerToolResult(block=1, id="c0", data=[{"url": "u"}])],
        [
            {"type": "tool-input-start", "toolCallId": "c0", "toolName": "search", "providerExecuted": True},
            {"type": "tool-input-available", "toolCallId": "c0", "toolName": "search", "providerExecuted": True,
             "input": {"q": 1}},
            {"type": "tool-output-available", "toolCallId": "c0", "output": [{"url": "u"}], "providerExecuted": True},
        ],
        {},
    ),
    "server tool that failed": (
        [*call(0, server=True), ServerToolResult(block=1, id="c0", data={"code": 1}, error=True)],
        [
            {"type": "tool-input-start", "toolCallId": "c0", "toolName": "f", "providerExecuted": True},
            {"type": "tool-input-available", "toolCallId": "c0", "toolName": "f", "providerExecuted": True,
             "input": {}},
            {"type": "tool-output-error", "toolCallId": "c0", "errorText": '{"code":1}', "providerExecuted": True},
        ],
        {},
    ),
    "result without a call": ([ServerToolResult(id="x", data={})], [], {"ServerToolResult": 1}),
    "citations": (
        [
            Citation(items=[{"type": "url_citation", "url": "https://a.example", "title": "A"}]),
            Citation(items=[{"url": "https://a.example"}, {"groundingMetadata": {"groundingChunks": [
                {"web": {"uri": "https://b.example"}}]}}]),
            Citation(items=[{"type": "char_location", "cited_text": "x"}]),
        ],
        [
            {"type": "source-url", "sourceId": "source_0", "url": "https://a.example", "title": "A"},
            {"type": "source-url", "sourceId": "source_1", "url": "https://b.example"},
        ],
        {"Citation": 2},
    ),
    "image": (
        [Media(media="image/png", data="AQI=", partial=True), Media(media="image/png", data="AQID")],
        [{"type": "file", "url": "data:image/png;base64,AQID", "mediaType": "image/png"}],
        {"Media": 1},
    ),
    "sound in pieces": (
        [Media(media="audio/pcm", data="AQI="), Media(media="audio/pcm", data="AwQ=", transcript="Hi")],
        [{"type": "file", "url": "data:audio/pcm;base64,AQIDBA==", "mediaType": "audio/pcm"}],
        {"Media": 1},
    ),
    "image at an address": (
        [Media(media="image/png", url="https://a.example/1.png")],
        [{"type": "file", "url": "https://a.example/1.png", "mediaType": "image/png"}],
        {},
    ),
    "what has no place": ([Logprobs(entries=[1]), TextDelta(choice=1, text="x")], [], {"Logprobs": 1, "TextDelta": 1}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_content(case: str) -> None:
    parts, expected, lost = CASES[case]
    data, writer = written(API, [START, *parts, STOP])
    assert check(API, data)
    assert events_of(data) == expected
    assert writer.lost == lost


REASONS = [
    ("stop", "stop", False), ("length", "length", False), ("tool_calls", "tool-calls", False),
    ("content_filter", "content-filter", False), ("refusal", "content-filter", True), ("pause", "other", True),
    ("other", "other", False),
]  # fmt: skip


@pytest.mark.parametrize(("reason", "word", "is_lost"), REASONS)
def test_finish_reasons(reason: Any, word: str, is_lost: bool) -> None:
    data, writer = written(API, [START, Finish(reason=reason)])
    assert check(API, data)
    assert json.loads(data.split(b"\n\n")[-3].removeprefix(b"data: "))["finishReason"] == word
    assert bool(writer.lost) == is_lost


def test_two_calls_with_one_id_stay_two_calls() -> None:
    data, _ = written(API, [START, *call(0, id="c"), *call(1, id="c"), CALLS])
    assert check(API, data)
    ids = [event["toolCallId"] for event in events_of(data) if event["type"] == "tool-input-start"]
    assert len(set(ids)) == 2


def test_a_call_that_is_cut_is_an_error_of_that_call() -> None:
    end = ToolCallEnd(block=1, id="c1", name="weather", json='{"city":', cut=True)
    data, _ = written(API, [START, *WEATHER[:2], end, Finish(reason="length")])
    assert check(API, data)
    assert [event["type"] for event in events_of(data)][-1] == "tool-input-error"
    assert not check(API, written(API, [START, *WEATHER[:2], end, CALLS])[0])


INTERLEAVED = [
    ToolCallStart(block=0, id="a", name="f"), ToolCallStart(block=1, id="b", name="g"),
    ToolCallDelta(block=1, json='{"x"'), TextDelta(block=2, text="Hi"), ToolCallDelta(block=0, json="{"),
    ToolCallDelta(block=1, json=":1}"), TextDelta(block=2, text="!"),
    ToolCallEnd(block=1, id="b", name="g", json='{"x":1}'), ToolCallEnd(block=0, id="a", name="f", json="{}"),
]  # fmt: skip
LONG = json.dumps({"text": "x" * 10_000_000})
BIG: dict[str, tuple[list[Any], list[tuple[str, Any]]]] = {
    "interleaved": (INTERLEAVED, [("a", {}), ("b", {"x": 1})]),
    "1,000 calls": (
        [part for block in range(1000) for part in call(block, '{"n":1}')],
        [(f"c{block}", {"n": 1}) for block in range(1000)],
    ),
    "10 MB": (
        [ToolCallStart(id="c", name="f"), ToolCallDelta(json=LONG[:5_000_000]), ToolCallEnd(id="c", name="f", json=LONG)],
        [("c", json.loads(LONG))],
    ),
}  # fmt: skip


@pytest.mark.usefixtures("needs_ai_sdk")
@pytest.mark.parametrize("case", BIG)
def test_the_ai_sdk_reads_calls(case: str) -> None:
    parts, expected = BIG[case]
    data, writer = written(API, [START, *parts, CALLS])
    assert check(API, data)
    assert not writer.lost
    read = ai_sdk.read([data])[0]
    assert read["errors"] == []
    assert read["finishReason"] == "tool-calls"
    found = [part for part in read["message"]["parts"] if part["type"].startswith("tool-")]
    assert [part["state"] for part in found] == ["input-available"] * len(expected)
    assert [(part["toolCallId"], part["input"]) for part in found] == expected


@pytest.mark.usefixtures("needs_ai_sdk")
def test_the_ai_sdk_reads_every_kind_of_content() -> None:
    usage = Usage(input=10, output=5)
    for case, read in zip(
        CASES, ai_sdk.read([written(API, [START, *CASES[case][0], usage, STOP])[0] for case in CASES]), strict=True
    ):
        assert read["errors"] == [], case
        assert read["finishReason"] == "stop"
        assert read["message"]["id"] == "msg_1"
        assert read["message"]["metadata"]["usage"]["outputTokens"] == 5


ANSWER = [
    START, ReasoningDelta(text="Hm."), Signature(data="sig"), *WEATHER, TextDelta(block=2, text="Hi"),
    Media(block=3, media="audio/pcm", data="AQID"), Usage(input=1, output=1), CALLS,
]  # fmt: skip


@pytest.mark.usefixtures("needs_ai_sdk")
def test_cut_at_every_part_the_ai_sdk_reports_an_error() -> None:
    cuts = [written(API, ANSWER[:length])[0] for length in range(len(ANSWER))]
    failed = written(API, [*ANSWER[:5], Error(message="busy"), *ANSWER[5:], End(complete=True)])[0]
    assert not any(check(API, data) for data in [*cuts, failed])
    reads = ai_sdk.read([*cuts, failed])
    assert all(len(read["errors"]) == 1 and read["finishReason"] is None for read in reads)
    assert reads[-1]["errors"] == ["busy"]


@pytest.mark.usefixtures("needs_ai_sdk")
def test_the_ai_sdk_reads_every_recorded_stream(shared: Path) -> None:
    messages, streams = [], []
    for name, data, message in bodies(shared):
        if len(data) <= 30_000:
            messages.append((name, message))
            streams.append(transcoded(API, [data], **FIXED)[0])
    for (name, message), read in zip(messages, ai_sdk.read(streams), strict=True):
        assert len(read["errors"]) == (0 if message.complete else 1), name
        parts = (read["message"] or {"parts": []})["parts"]
        texts = ["".join(part["text"] for part in parts if part["type"] == kind) for kind in ("text", "reasoning")]
        changed = "openai-shell-container" in name  # its last event replaces text that was sent
        assert changed or texts == [message.text + message.refusal, message.reasoning], name
        calls = [part for part in parts if part["type"].startswith("tool-") and not part.get("providerExecuted")]
        assert len(calls) == len(message.tool_calls), name
    assert len(messages) > 250
