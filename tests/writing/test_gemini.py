"""The writer of "gemini": what comes out for each kind of part, and what google-genai makes of it."""

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

from .formats import FIXED, bodies, check, read_again, transcoded, written
from .genai_sdk import genai_reader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .genai_sdk import Reader

pytestmark = pytest.mark.filterwarnings("ignore")  # of the SDK, about words that it does not know

START = Start(id="r1", model="gemini-x")
STOP = Finish(reason="stop")
CALLS = Finish(reason="tool_calls")


def call(block: int, json: str = '{"city":"Ulm"}', *, id: str | None = None, **fields: Any) -> list[Any]:
    """Return the parts of a whole call."""
    name = fields.pop("name", "weather")
    start = ToolCallStart(block=block, id=id or f"call_{block}", name=name, **fields)
    server = fields.get("server", False)
    return [start, ToolCallEnd(block=block, id=id or f"call_{block}", name=name, json=json, server=server)]


def parts_of(data: bytes, choice: int = 0) -> list[dict[str, Any]]:
    """Return the parts of a candidate, without those that say nothing."""
    events = [json.loads(event.removeprefix(b"data: ")) for event in data.split(b"\r\n\r\n")[:-1]]
    candidates = [one for event in events for one in event.get("candidates", ()) if one["index"] == choice]
    return [part for one in candidates for part in one["content"]["parts"] if part != {"text": ""}]


def last_of(data: bytes) -> Any:
    """Return the last event."""
    return json.loads(data.split(b"\r\n\r\n")[-2].removeprefix(b"data: "))


@pytest.fixture(scope="module")
def sdk() -> Iterator[Reader]:
    with genai_reader() as reader:
        yield reader


def test_the_bytes_of_an_answer() -> None:
    writer = Writer("gemini", id="r1", model="m")
    assert writer.text("Hi") == (
        b'data: {"candidates":[{"content":{"parts":[{"text":"Hi"}],"role":"model"},"index":0}],'
        b'"modelVersion":"m","responseId":"r1"}\r\n\r\n'
    )
    assert writer.text("\n") == writer.text("\n") != b""
    assert writer.ping() == writer.usage(input=3, output=2) == writer.finish() == b""
    assert writer.close() == (
        b'data: {"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"index":0,"finishReason":"STOP"}],'
        b'"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":2,"totalTokenCount":5},'
        b'"modelVersion":"m","responseId":"r1"}\r\n\r\n'
    )


CONTENT: dict[str, tuple[list[Any], list[dict[str, Any]], dict[str, int]]] = {
    "empty answer": ([], [], {}),
    "thinking": ([ReasoningDelta(text="Hm.")], [{"text": "Hm.", "thought": True}], {}),
    "signed thinking": (
        [ReasoningDelta(text="Hm."), Signature(data="AQID"), TextDelta(block=1, text="Hi")],
        [{"text": "Hm.", "thought": True}, {"text": "", "thoughtSignature": "AQID"}, {"text": "Hi"}],
        {},
    ),
    "signature that is not base64": (
        [ReasoningDelta(text="Hm."), Signature(data="AQID-_8=")], [{"text": "Hm.", "thought": True}], {"Signature": 1}
    ),
    "signature of an earlier block": (
        [ReasoningDelta(text="Hm."), TextDelta(block=1, text="Hi"), Signature(data="AQID")],
        [{"text": "Hm.", "thought": True}, {"text": "Hi"}],
        {"Signature": 1},
    ),
    "redacted": ([RedactedReasoning(data="AQID")], [], {"RedactedReasoning": 1}),
    "refusal": ([RefusalDelta(text="No.")], [{"text": "No."}], {"RefusalDelta": 1}),
    "image": (
        [Media(media="image/png", data="AQI=", partial=True), Media(media="image/png", data="AQID")],
        [{"inlineData": {"mimeType": "image/png", "data": "AQID"}}],
        {"Media": 1},
    ),
    "image at an address": (
        [Media(media="image/png", url="https://a.example/1.png")],
        [{"fileData": {"mimeType": "image/png", "fileUri": "https://a.example/1.png"}}],
        {},
    ),
    "sound": (
        [Media(media="audio/pcm", data="AQI="), Media(media="audio/pcm", data="AQID", transcript="Hi")],
        [{"inlineData": {"mimeType": "audio/pcm", "data": data}} for data in ("AQI=", "AQID")],
        {"Media": 1},
    ),
    "media that is not base64": ([Media(media="image/png", data="?")], [], {"Media": 1}),
    "own tool": (
        [
            *call(0, '{"language":"PYTHON","code":"1+1"}', id="e1", name="code_execution", server=True),
            ServerToolResult(block=1, id="e1", name="code_execution", data={"outcome": "OUTCOME_OK", "output": "2"}),
        ],
        [
            {"executableCode": {"id": "e1", "language": "PYTHON", "code": "1+1"}},
            {"codeExecutionResult": {"id": "e1", "outcome": "OUTCOME_OK", "output": "2"}},
        ],
        {},
    ),
    "own search": (
        [
            *call(0, '{"queries":["a"]}', id="s1", name="GOOGLE_SEARCH_WEB", server=True),
            ServerToolResult(block=1, id="s1", name="GOOGLE_SEARCH_WEB", data={"found": 1}),
        ],
        [
            {"toolCall": {"id": "s1", "toolType": "GOOGLE_SEARCH_WEB", "args": {"queries": ["a"]}}},
            {"toolResponse": {"id": "s1", "toolType": "GOOGLE_SEARCH_WEB", "response": {"found": 1}}},
        ],
        {},
    ),
    "tool of another provider": (
        [*call(0, name="web_search", server=True), ServerToolResult(block=1, id="call_0", data=[])],
        [],
        {"ToolCallStart": 1, "ToolCallEnd": 1, "ServerToolResult": 1},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CONTENT)
def test_content(sdk: Reader, case: str) -> None:
    parts, expected, lost = CONTENT[case]
    data, writer = written("gemini", [START, *parts, STOP])
    assert check("gemini", data)
    assert parts_of(data) == expected
    assert writer.lost == lost
    answer = sdk.read(data)
    assert answer.error is None
    assert len([part for part in answer.parts() if part.text != "" or part.thought_signature]) == len(expected)
    assert answer.reasons() == {0: "STOP"}


CALL_CASES: dict[str, tuple[list[Any], list[Any], dict[str, int]]] = {
    "as it is spelled": (call(0, '{"a": 1.0,\n "b":"ü"}'), [("call_0", "weather", {"a": 1.0, "b": "ü"})], {}),
    "no arguments": (call(0, "{}"), [("call_0", "weather", {})], {}),
    "custom": (
        call(0, 'say "hi"', custom=True), [("call_0", "weather", {"input": 'say "hi"'})], {"ToolCallStart": 1}
    ),
    "interleaved": (
        [
            ToolCallStart(block=0, id="a", name="f"), ToolCallStart(block=1, id="b", name="g"),
            ToolCallDelta(block=1, json='{"x"'), ToolCallDelta(block=0, json="{"), ToolCallDelta(block=1, json=":1}"),
            ToolCallEnd(block=1, id="b", name="g", json='{"x":1}'), ToolCallEnd(block=0, id="a", name="f", json="{}"),
        ],
        [("a", "f", {}), ("b", "g", {"x": 1})],
        {},
    ),
    "1,000": (
        [part for block in range(1000) for part in call(block)],
        [(f"call_{block}", "weather", {"city": "Ulm"}) for block in range(1000)],
        {},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CALL_CASES)
def test_calls(sdk: Reader, case: str) -> None:
    parts, expected, lost = CALL_CASES[case]
    data, writer = written("gemini", [START, *parts, CALLS])
    assert check("gemini", data)
    assert writer.lost == lost
    assert [(one.id, one.name, json.loads(one.arguments)) for one in read_again("gemini", data).tool_calls] == expected
    answer = sdk.read(data)
    assert answer.error is None
    assert answer.calls() == expected
    assert answer.reasons() == {0: "STOP"}


def test_arguments_of_10_mb(sdk: Reader) -> None:
    text = json.dumps({"text": "x" * 10_000_000})
    pieces = [ToolCallDelta(json=text[at : at + 100_000]) for at in range(0, len(text), 100_000)]
    start, end = call(0, text)
    data, _ = written("gemini", [START, start, *pieces, end, CALLS])
    assert check("gemini", data)
    assert sdk.read(data).calls() == [("call_0", "weather", json.loads(text))]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_signature_is_on_its_call(when: str) -> None:
    start, end = call(0)
    sign = Signature(block=0, data="AQID")
    parts = [start, sign, end] if when == "before" else [start, end, sign]
    data, writer = written("gemini", [START, *parts, *call(1), CALLS])
    assert check("gemini", data)
    assert [part.get("thoughtSignature") for part in parts_of(data)] == ["AQID", None]
    assert not writer.lost
    assert read_again("gemini", data).to_turn()["parts"][0]["thoughtSignature"] == "AQID"


def test_a_signature_after_the_next_part_is_lost() -> None:
    data, writer = written("gemini", [START, *call(0), TextDelta(block=1, text="x"), Signature(data="AQID"), CALLS])
    assert check("gemini", data)
    assert writer.lost == {"Signature": 1}


@pytest.mark.parametrize(("json", "cut"), [('{"a":', True), ("[]", False), ("no JSON", False)])
@pytest.mark.parametrize("reason", ["tool_calls", "length"])
def test_a_call_that_cannot_be_written(sdk: Reader, json: str, cut: bool, reason: Any) -> None:
    start = call(1, json)[0]
    parts = [START, TextDelta(text="Hi"), start, ToolCallEnd(block=1, id="call_1", name="weather", json=json, cut=cut)]
    data, writer = written("gemini", [*parts, Finish(reason=reason)])
    assert check("gemini", data) == (reason == "length")
    assert writer.lost["ToolCallEnd"] == 1
    answer = sdk.read(data)
    assert answer.calls() == []
    if reason == "length":
        assert answer.reasons() == {0: "MAX_TOKENS"}
    elif cut:
        assert "not whole" in str(answer.error)
    else:
        assert answer.reasons() == {0: "MALFORMED_FUNCTION_CALL"}
        assert not read_again("gemini", data).complete


def test_unfinished_call_does_not_hold_the_next_one() -> None:
    writer = Writer("gemini", **FIXED)
    writer.write(ToolCallStart(block=0, id="a", name="f"))
    data = b"".join([writer.write(part) for part in call(1)])
    assert data == b""
    data = writer.error("busy")
    assert [part["functionCall"]["name"] for part in parts_of(data)] == ["weather"]
    assert not check("gemini", data)


def test_several_choices(sdk: Reader) -> None:
    parts = [
        TextDelta(text="a"), TextDelta(choice=1, text="b"), TextDelta(text="A"), TextDelta(choice=1, text="B"),
        ToolCallStart(choice=1, block=1, id="c", name="f"), ToolCallEnd(choice=1, block=1, id="c", name="f"),
    ]  # fmt: skip
    data, _ = written("gemini", [START, *parts, Finish(choice=1, reason="tool_calls"), Finish(reason="length")])
    assert check("gemini", data)
    answer = sdk.read(data)
    assert (answer.text(0), answer.text(1)) == ("aA", "bB")
    assert (answer.calls(0), answer.calls(1)) == ([], [("c", "f", {})])
    assert answer.reasons() == {0: "MAX_TOKENS", 1: "STOP"}
    assert not check("gemini", written("gemini", [START, *parts, STOP])[0])


REASONS = [
    ("stop", None, "STOP", False), ("length", None, "MAX_TOKENS", False), ("content_filter", None, "SAFETY", False),
    ("content_filter", "RECITATION", "RECITATION", False), ("content_filter", "guardrail_intervened", "SAFETY", False),
    ("refusal", None, "SAFETY", True), ("pause", "CONTINUATION", "STOP", True), ("other", None, "OTHER", False),
    ("tool_calls", None, "STOP", True),
]  # fmt: skip


@pytest.mark.parametrize(("reason", "raw", "word", "is_lost"), REASONS)
def test_finish_reasons(sdk: Reader, reason: Any, raw: str | None, word: str, is_lost: bool) -> None:
    data, writer = written("gemini", [START, TextDelta(text="Hi"), Finish(reason=reason, raw=raw)])
    assert check("gemini", data)
    assert last_of(data)["candidates"][0]["finishReason"] == word
    assert bool(writer.lost) == is_lost
    assert sdk.read(data).reasons() == {0: word}


def test_a_stop_sequence_is_lost() -> None:
    _, writer = written("gemini", [START, Finish(reason="stop", stop_sequence="###")])
    assert writer.lost == {"Finish": 1}


def test_usage(sdk: Reader) -> None:
    usage = Usage(input=10, output=8, reasoning=3, cache_read=4, total=18)
    data, writer = written("gemini", [START, TextDelta(text="Hi"), usage, STOP])
    assert check("gemini", data)
    assert not writer.lost
    counted = sdk.read(data).usage
    assert counted is not None
    assert (counted.prompt_token_count, counted.candidates_token_count) == (10, 5)
    assert (counted.thoughts_token_count, counted.cached_content_token_count) == (3, 4)
    assert counted.total_token_count == 18


@pytest.mark.parametrize("usage", [Usage(input=9, output=1, cache_write=5), Usage(input=9, output=1, reasoning=5)])
def test_a_usage_that_gemini_counts_otherwise_is_lost(usage: Usage) -> None:
    data, writer = written("gemini", [START, usage, STOP])
    assert check("gemini", data)
    assert writer.lost == {"Usage": 1}


def test_citations(sdk: Reader) -> None:
    grounding = {"groundingChunks": [{"web": {"uri": "https://a.example", "title": "A"}}]}
    own: list[dict[str, Any]] = [
        {"groundingMetadata": grounding, "unit": "byte"},
        {"uri": "https://b.example", "startIndex": 1},
    ]
    data, writer = written("gemini", [START, TextDelta(text="Hi"), Citation(items=own), STOP])
    assert check("gemini", data)
    assert not writer.lost
    assert read_again("gemini", data).blocks[0].citations == own  # type: ignore[union-attr]
    others: list[dict[str, Any]] = [
        {"type": "url_citation", "url": "https://c.example", "title": "C"},
        {"type": "char_location"},
    ]
    data, writer = written("gemini", [START, TextDelta(text="Hi"), Citation(items=others), STOP])
    assert check("gemini", data)
    assert writer.lost == {"Citation": 1}
    assert sdk.read(data).error is None
    assert last_of(data)["candidates"][0]["groundingMetadata"]["groundingChunks"] == [
        {"web": {"uri": "https://c.example", "title": "C"}}
    ]


def test_log_probabilities(sdk: Reader) -> None:
    top = [{"token": "Hi", "logprob": -0.5}, {"token": "Ho", "logprob": -1.5}]
    entries = [{"token": "Hi", "logprob": -0.5, "bytes": [72, 105], "top_logprobs": top}]
    data, writer = written("gemini", [START, TextDelta(text="Hi"), Logprobs(entries=entries), STOP])
    assert check("gemini", data)
    assert not writer.lost
    results = [one.logprobs_result for chunk in sdk.read(data).chunks for one in chunk.candidates or ()]
    found = next(result for result in results if result is not None)
    assert [(one.token, one.log_probability) for one in found.chosen_candidates or ()] == [("Hi", -0.5)]
    assert written("gemini", [START, Logprobs(entries=["x"]), STOP])[1].lost == {"Logprobs": 1}


@pytest.mark.parametrize(
    ("status", "name"),
    [(400, "INVALID_ARGUMENT"), (429, "RESOURCE_EXHAUSTED"), (500, "INTERNAL"), (529, "UNAVAILABLE")],
)
def test_the_sdk_raises_an_error_in_the_middle(sdk: Reader, status: int, name: str) -> None:
    error = Error(kind="x", message="busy", raw={"status": status})
    data, _ = written("gemini", [START, TextDelta(text="Hi"), error, STOP, End(complete=True)])
    assert not check("gemini", data)
    answer = sdk.read(data)
    assert answer.text() == "Hi"
    assert name in str(answer.error)
    assert "busy" in str(answer.error)


ANSWER = [
    START, ReasoningDelta(text="Hm."), Signature(data="AQID"), TextDelta(block=1, text="Hi"), *call(2), *call(3),
    Media(block=4, media="image/png", data="AQID"), Usage(input=1, output=1), CALLS,
]  # fmt: skip


@pytest.mark.parametrize("length", range(len(ANSWER)))
def test_cut_at_every_part_the_sdk_raises(sdk: Reader, length: int) -> None:
    data, _ = written("gemini", ANSWER[:length])
    assert not check("gemini", data)
    assert sdk.read(data).error is not None
    assert not read_again("gemini", data).complete


def test_the_history_of_a_chat_keeps_the_answer(sdk: Reader) -> None:
    data, _ = written("gemini", ANSWER)
    history = sdk.history_of(data)
    assert [content.role for content in history][:2] == ["user", "model"]
    parts = [part for content in history for part in content.parts or ()]
    assert len([part for part in parts if part.function_call]) == 2


def test_the_sdk_reads_every_recorded_stream(shared: Path, sdk: Reader) -> None:
    seen = 0
    for name, data, message in bodies(shared):
        if len(data) > 10_000:
            continue
        if message.api == "gemini":
            continue
        seen += 1
        out, transcoder = transcoded("gemini", [data], **FIXED)
        answer = sdk.read(out)
        assert (answer.error is None) == (message.complete or "MALFORMED" in str(answer.reasons())), name
        again = read_again("gemini", out)
        assert [answer.text(choice.index) for choice in again.choices] == [choice.text for choice in again.choices]
        assert answer.text(thought=True) == again.reasoning, name
        calls = [(one.id, one.name, json.loads(one.arguments)) for one in again.tool_calls]
        assert answer.calls() == calls, name
        assert message.text == again.text or transcoder.lost, name
    assert seen > 100
