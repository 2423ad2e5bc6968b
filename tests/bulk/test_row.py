"""bulk.row: one row for each recorded stream, also for those that are cut, damaged or of no model."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from testing.streams import APIS, pieces_of, stream_of, tape_lines

import ssescan
from ssescan import bulk
from ssescan.testing import Tape

from .recorded import bodies


@pytest.mark.parametrize("api", APIS)
def test_row_has_the_message(api: str) -> None:
    message = ssescan.stream([stream_of(api)]).collect()
    row = bulk.row("a", stream_of(api))
    assert json.loads(row["message"]) == message.to_dict()
    assert (row["name"], row["api"], row["model"], row["text"]) == ("a", api, message.model, message.text)
    assert (row["finish"], row["complete"], row["error"]) == (message.finish_reason, True, None)
    assert row["times"] is None
    assert message.usage is not None
    assert row["usage"] is not None
    assert (row["usage"]["input"], row["usage"]["output"]) == (message.usage.input, message.usage.output)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_bytes_will_do(kind: Any) -> None:
    assert bulk.row("a", kind(stream_of("gemini"))) == bulk.row("a", stream_of("gemini"))


def test_tape_has_times() -> None:
    event = b'data: {"id":"1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{%s}}]}\n\n'
    chunks = [b": ping\n\n", event % b'"role":"assistant"', event % b'"content":"Hi"', event % b'"content":"!"']
    row = bulk.row("a", tape_lines(chunks))
    assert row["times"] == {"first_read_ns": 1_000_000, "first_part_ns": 3_000_000, "end_ns": 4_000_000}
    assert row["text"] == "Hi!"
    row = bulk.row("a", tape_lines(chunks[:2]))
    assert row["times"] == {"first_read_ns": 1_000_000, "first_part_ns": None, "end_ns": 2_000_000}
    assert bulk.row("a", tape_lines([]))["times"] is None


def test_first_part_may_be_a_call_or_reasoning() -> None:
    for api in APIS:
        tape = Tape([(number, piece) for number, piece in enumerate(pieces_of(stream_of(api), 100), 1)])
        stream = ssescan.stream(tape)
        content = ("TextDelta", "ReasoningDelta", "ToolCallStart")
        first = next(tape.chunks[stream.reads - 1].time_ns for part in stream if type(part).__name__ in content)
        times = bulk.row("a", tape_lines([chunk.data for chunk in tape.chunks]))["times"]
        assert times is not None
        assert first is not None
        assert times["first_part_ns"] == first * 1_000_000


ERRORS = {
    "-cut.sse": "StreamCut: ",
    "-killed.tape": "cut after ",
    "-failed.tape": "ConnectionError: the recorded stream failed here",
    "-damaged.tape": "expected a line of a tape in line 2 of ",
    "empty.sse": "StreamCut: ",
    "page.html": "StreamCut: ",
    "binary.sse": "StreamCut: ",
    "future.tape": "expected a tape of version 1 in future.tape, got version 2: a newer ssescan wrote it",
}


def test_bad_bodies_are_rows_with_an_error() -> None:
    for name, body in bodies().items():
        row = bulk.row(name, body)
        expected = next((text for end, text in ERRORS.items() if name.endswith(end)), None)
        assert row["complete"] == (expected is None), name
        assert (row["error"] is None) == (expected is None), name
        assert expected is None or expected in (row["error"] or ""), name
        assert list(row) == list(bulk.Row.__annotations__)


def test_cut_answer_keeps_what_came() -> None:
    row = bulk.row("a", stream_of("openai-chat")[:5000])
    assert len(row["text"]) > 10
    assert stream_of("openai-chat").decode().count("content") > 10
    assert (row["finish"], row["usage"]) == (None, None)


def test_error_of_the_provider() -> None:
    body = b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'
    row = bulk.row("a", body)
    assert (row["complete"], row["api"]) == (False, "anthropic")
    assert (row["error"] or "").startswith("ProviderError: ")
    assert "Overloaded" in (row["error"] or "")


def test_refusal_on_a_tape() -> None:
    row = bulk.row("a", tape_lines([b'{"error": "busy"}'], status=429))
    assert (row["error"] or "").startswith("UnexpectedStatus: ")
    assert row["times"] is not None


def test_options_are_those_of_stream() -> None:
    body = (
        b'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"<think>a</think>b"}}]}\n\n'
    )
    body += b"data: [DONE]\n\n"
    assert bulk.row("a", body)["complete"] is False
    row = bulk.row("a", body, api="openai-chat", accept_done=True, think_tags=True)
    assert (row["complete"], row["text"], row["finish"]) == (True, "b", "stop")
    with pytest.raises(ValueError, match="api must be one of"):
        bulk.row("a", body, api="claude")  # type: ignore[arg-type]


@pytest.mark.parametrize("body", ["text", None, 5, [b"data: a\n\n"]])
def test_body_must_be_bytes(body: Any) -> None:
    with pytest.raises(TypeError, match="body must be bytes, the content of a file, not"):
        bulk.row("a", body)


def test_numbers_fit_into_64_bits() -> None:
    usage = b'"usage":{"prompt_tokens":%d,"completion_tokens":7}'
    chunk = b'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],%s}\n\n'
    for number, kept in ((2**63 - 1, 2**63 - 1), (2**63, None), (10**30, None), (-(10**30), None)):
        row = bulk.row("a", chunk % (usage % number) + b"data: [DONE]\n\n")
        assert row["usage"] is not None
        assert (row["usage"]["input"], row["usage"]["output"]) == (kept, 7)
        assert str(number) in row["message"]


def test_rows_are_plain_values() -> None:
    rows = [bulk.row(name, body) for name, body in bodies().items()]
    assert json.loads(json.dumps(rows)) == rows


def test_schema_without_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match="needs the package pyarrow, which is not installed: pip install pyarrow"):
        bulk.schema()
