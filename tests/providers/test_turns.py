"""to_turn(): the turn for the next request has everything that the provider needs back, in its form."""

from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING, Any

import pytest

from ssescan.providers import Message, stream

from .assertions import framed, read

if TYPE_CHECKING:
    from pathlib import Path


def turn_of(body: bytes, api: Any = None) -> Any:
    """Return the turn, and check that it is JSON, and is the same after pickling or copying the message."""
    message = read(body, api)[1]
    turn = message.to_turn()
    assert json.loads(json.dumps(turn)) == turn
    again: Message = pickle.loads(pickle.dumps(message))
    assert again == message
    assert again.to_turn() == turn
    return turn


def chat(*deltas: dict[str, Any], finish: str | None = "stop") -> bytes:
    chunks = [{"id": "c", "model": "m", "choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    end = {"id": "c", "model": "m", "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}
    return framed(*chunks, end, "[DONE]")


def test_chat_turn_has_the_text() -> None:
    assert turn_of(chat({"role": "assistant", "content": ""}, {"content": "Hi"}, {"content": " you"})) == {
        "role": "assistant",
        "content": "Hi you",
    }


def test_chat_turn_has_the_calls_with_vendor_fields() -> None:
    extra = {"google": {"thought_signature": "c2ln"}}
    call = {"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a":'}}
    rest = {"index": 0, "function": {"arguments": "1}"}}
    turn = turn_of(chat({"tool_calls": [call | {"extra_content": extra}]}, {"tool_calls": [rest]}, finish="tool_calls"))
    assert turn == {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {
                "id": "c1",
                "type": "function",
                "function": {"name": "f", "arguments": '{"a":1}'},
                "extra_content": extra,
            }
        ],
    }


def test_chat_turn_has_the_reasoning_details() -> None:
    def detail(**fields: Any) -> dict[str, Any]:
        return {"reasoning": fields.get("text"), "reasoning_details": [{"type": "reasoning.text", "index": 0} | fields]}

    turn = turn_of(chat(detail(text="Mo", format="f1"), detail(text="on"), detail(signature="c2ln"), {"content": "x"}))
    assert turn["reasoning_details"] == [
        {"type": "reasoning.text", "index": 0, "text": "Moon", "format": "f1", "signature": "c2ln"}
    ]


def test_chat_turn_with_calls_has_the_reasoning() -> None:
    call = {"index": 0, "id": "c1", "function": {"name": "f", "arguments": "{}"}}
    assert "reasoning_content" not in turn_of(chat({"reasoning_content": "Hm."}, {"content": "x"}))
    assert turn_of(chat({"reasoning_content": "Hm."}, {"tool_calls": [call]}))["reasoning_content"] == "Hm."


def test_cut_call_is_not_in_the_turn(shared: Path) -> None:
    call = {"index": 0, "id": "c1", "function": {"name": "f", "arguments": '{"a"'}}
    assert turn_of(chat({"content": "x"}, {"tool_calls": [call]}, finish="length")) == {
        "role": "assistant",
        "content": "x",
    }
    body = (shared / "wire" / "anthropic-5-maxtokens-cut-json.sse").read_bytes()
    assert turn_of(body) == {}


def test_anthropic_turn_has_all_blocks_in_order(shared: Path) -> None:
    assert turn_of((shared / "wire" / "anthropic-2-thinking-tools.sse").read_bytes()) == {
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": "Need the table.", "signature": "EqQBCk9wYXF1ZQ=="},
            {"type": "redacted_thinking", "data": "RW5jcnlwdGVk"},
            {"type": "text", "text": "Let me look."},
            {"type": "tool_use", "id": "toolu_1", "name": "get_tide", "input": {"port": "Dover"}},
            {"type": "tool_use", "id": "toolu_2", "name": "now", "input": {}},
        ],
    }
    content = turn_of((shared / "wire" / "anthropic-3-websearch-citation.sse").read_bytes())["content"]
    assert [block["type"] for block in content] == ["server_tool_use", "web_search_tool_result", "text"]
    assert content[0]["input"] == {"query": "dover tide"}
    assert content[1]["tool_use_id"] == content[0]["id"]
    assert content[1]["content"][0]["type"] == "web_search_result"
    assert [note["type"] for note in content[2]["citations"]] == ["web_search_result_location"]
    assert "unit" not in content[2]["citations"][0]


def test_anthropic_turn_wraps_invalid_arguments() -> None:
    body = framed(
        {"type": "message_start", "message": {"id": "m", "model": "c"}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use", "id": "t", "name": "f"}},
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "input_json_delta", "partial_json": '{"a": tru1}'},
        },
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}},
        {"type": "message_stop"},
    )
    assert turn_of(body)["content"][0]["input"] == {"INVALID_JSON": '{"a": tru1}'}


@pytest.mark.parametrize(
    "name", ["1-reasoning-text", "2-tools", "3-websearch-citation"]
)  # whose response.completed has all of the output
def test_responses_turn_is_the_output_items(shared: Path, name: str) -> None:
    body = (shared / "wire" / f"openai-resp-{name}.sse").read_bytes()
    last = body.rstrip().rpartition(b"data: ")[2]
    assert turn_of(body) == json.loads(last)["response"]["output"]


def test_responses_turn_of_recorded_streams(shared: Path) -> None:
    compared = 0
    for entry in json.loads((shared / "corpus" / "manifest.json").read_text(encoding="utf-8"))["files"]:
        if entry["wire"] != "openai-responses" or entry["event_types"].get("response.completed") != 1:
            continue
        body = (shared / "corpus" / entry["file"]).read_bytes()
        line = next(line for line in body.splitlines() if line.startswith(b"data:") and b'"response.completed"' in line)
        try:
            output = json.loads(line.partition(b":")[2])["response"].get("output")
        except ValueError:
            continue
        turn = turn_of(body)
        if output:
            assert [item.get("type") for item in turn] == [item.get("type") for item in output], entry["file"]
            compared += 1
    assert compared > 40


def test_responses_turn_of_a_cut_stream(shared: Path) -> None:
    body = (shared / "wire" / "openai-resp-1-reasoning-text.sse").read_bytes()
    turn = turn_of(body[: body.index(b"event: response.output_text.done")])
    assert [item["type"] for item in turn] == ["reasoning", "message"]
    assert turn[0]["encrypted_content"] == "gAAA-final"
    assert turn[1] == {
        "type": "message",
        "role": "assistant",
        "id": "msg_1",
        "phase": "final_answer",
        "content": [{"type": "output_text", "text": "High tide at noon.", "annotations": []}],
    }
    calls = (shared / "wire" / "openai-resp-2-tools.sse").read_bytes()
    assert turn_of(calls[: calls.index(b"event: response.function_call_arguments.done")]) == []


def gemini(*parts: dict[str, Any]) -> bytes:
    events = [{"candidates": [{"content": {"parts": [part], "role": "model"}, "index": 0}]} for part in parts]
    return framed(*events, {"candidates": [{"finishReason": "STOP", "index": 0}]}, line_end="\r\n")


def test_gemini_turn_has_each_signature_on_its_part() -> None:
    parts: list[dict[str, Any]] = [
        {"text": "Hm", "thought": True},
        {"text": ".", "thought": True},
        {"text": "A"},
        {"text": "B"},
        {"text": "C", "thoughtSignature": "s1"},
        {"text": "D"},
        {"functionCall": {"id": "f1", "name": "f", "args": {"a": 1}}, "thoughtSignature": "s2"},
        {"functionCall": {"name": "g", "args": {}}},
        {"text": "E"},
        {"text": "", "thoughtSignature": "s3"},
    ]
    assert turn_of(gemini(*parts)) == {
        "role": "model",
        "parts": [
            {"text": "Hm.", "thought": True},
            {"text": "AB"},
            {"text": "C", "thoughtSignature": "s1"},
            {"text": "D"},
            {"functionCall": {"id": "f1", "name": "f", "args": {"a": 1}}, "thoughtSignature": "s2"},
            {"functionCall": {"name": "g", "args": {}}},
            {"text": "E"},
            {"text": "", "thoughtSignature": "s3"},
        ],
    }


def test_gemini_turn_joins_streamed_arguments(shared: Path) -> None:
    turn = turn_of((shared / "wire" / "gemini-3-partial-args.sse").read_bytes())
    args = {"steps": [{"port": "Dover", "hours": 6}], "dry": True, "note": None}
    assert turn["parts"] == [{"functionCall": {"name": "plan", "args": args}, "thoughtSignature": "AQID+/8="}]


def test_gemini_turn_has_tools_and_media() -> None:
    parts: list[dict[str, Any]] = [
        {"executableCode": {"language": "PYTHON", "code": "1", "id": "e"}},
        {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1", "id": "e"}},
        {"inlineData": {"mimeType": "image/png", "data": "aGk="}},
        {"hologram": {"h": 1}},
        {"text": "a", "partMetadata": {"k": 1}},
    ]
    assert turn_of(gemini(*parts))["parts"] == parts


def test_interactions_turn_has_the_steps(shared: Path) -> None:
    assert turn_of((shared / "wire" / "interactions-1-text.sse").read_bytes()) == [
        {"type": "thought", "signature": "AQID+/8=", "summary": [{"type": "text", "text": "Check table."}]},
        {
            "type": "model_output",
            "content": [
                {
                    "type": "text",
                    "text": "High tide at noon.",
                    "annotations": [
                        {
                            "type": "url_citation",
                            "url": "https://tides.example/dover",
                            "title": "Dover tides",
                            "start_index": 0,
                            "end_index": 9,
                        }
                    ],
                }
            ],
        },
    ]
    (call,) = turn_of((shared / "wire" / "interactions-2-function.sse").read_bytes())
    assert (call["type"], call["id"], call["name"]) == ("function_call", "61nz", "get_tide")
    assert call["arguments"] == {"port": "Dover"}


def test_no_turn_without_a_format() -> None:
    given = stream(b": nothing yet\n\n", strict=False)
    with pytest.raises(ValueError, match="no turn to return"):
        given.collect().to_turn()


NOTHING_SAID = {
    "openai-chat": chat({"role": "assistant", "content": ""}),
    "openai-responses": framed({"type": "response.completed", "response": {"id": "r", "status": "completed"}}),
    "anthropic": framed(
        {"type": "message_start", "message": {"id": "m", "content": []}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
        {"type": "message_stop"},
    ),
    "gemini": framed({"promptFeedback": {"blockReason": "SAFETY"}, "responseId": "r"}),
    "gemini-interactions": framed({"event_type": "interaction.completed", "interaction": {"status": "completed"}}),
}


@pytest.mark.parametrize("api", NOTHING_SAID)
def test_turn_of_an_empty_message(api: str) -> None:
    assert not turn_of(NOTHING_SAID[api], api)


SAID = {
    "openai-chat": chat({"reasoning_details": [{"type": "reasoning.encrypted", "index": 0, "data": "x"}]}),
    "openai-responses": framed(
        {"type": "response.completed", "response": {"status": "completed", "output": [{"type": "a", "id": "i"}]}}
    ),
    "gemini": framed({"candidates": [{"content": {"parts": [{"text": "x"}]}, "finishReason": "STOP"}]}),
    "gemini-interactions": framed(
        {"event_type": "interaction.completed", "interaction": {"status": "completed", "steps": [{"type": "a"}]}}
    ),
}


@pytest.mark.parametrize("api", SAID)
def test_changing_a_turn_does_not_change_the_message(api: str) -> None:
    message = read(SAID[api], api)[1]
    turn = message.to_turn()
    kept = turn if isinstance(turn, list) else turn.get("parts") or turn["reasoning_details"]
    assert kept
    kept.append("mine")
    assert "mine" not in str(message.to_turn())


@pytest.mark.parametrize("content", [[{"type": "output_text", "text": ""}], [{"type": "output_text"}], [], None, ""])
def test_responses_turn_has_the_text_that_the_end_lacks(content: Any) -> None:
    """R21: empty never replaces what is known, in the turn as well."""
    place = {"output_index": 0, "item_id": "m", "content_index": 0}
    item = {"type": "message", "id": "m", "role": "assistant", "content": content}
    events = [
        {"type": "response.created", "response": {"id": "r", "status": "in_progress"}},
        {"type": "response.output_text.delta", "delta": "hi"} | place,
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": {"id": "r", "status": "completed"}},
    ]
    (turn,) = turn_of(framed(*events))
    assert [part["text"] for part in turn["content"]] == ["hi"]
