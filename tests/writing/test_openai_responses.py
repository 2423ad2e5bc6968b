"""Writer of "openai-responses": each kind of content, every ending, and the official SDK as a second judge."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssescan import Transcoder, Writer
from ssescan.providers import (
    Citation,
    End,
    Error,
    Finish,
    Logprobs,
    Media,
    Ping,
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
from .grammar.frames import frames_of
from .openai_sdk import assembled, output_of, validate
from .test_writer import PARTS

if TYPE_CHECKING:
    from pathlib import Path

    from ssescan.providers import Message

API: Any = "openai-responses"
START = Start(id="resp_1", model="a-model")
STOP = Finish(reason="stop")
END = End(complete=True)


def call(block: int, *fragments: str, custom: bool = False, name: str = "f", cut: bool = False) -> list[Any]:
    """Return the parts of a call."""
    id = f"call_{block}"
    return [
        ToolCallStart(block=block, id=id, name=name, custom=custom),
        *(ToolCallDelta(block=block, json=fragment) for fragment in fragments),
        ToolCallEnd(block=block, id=id, name=name, json="".join(fragments) or "{}", cut=cut),
    ]


def answer(*content: Any, reason: Any = "stop", **options: Any) -> tuple[dict[str, Any], Message, Writer, bytes]:
    """Write an answer, check it; return its last response, the message that ssescan reads, the writer, the bytes."""
    data, writer = written(API, [START, *content, Finish(reason=reason), END], **options)
    assert check(API, data)
    return last_response(data), read_again(API, data), writer, data


def last_response(data: bytes) -> dict[str, Any]:
    response: dict[str, Any] = frames_of(data)[-1].data["response"]
    return response


def types(data: bytes) -> list[str]:
    return [frame.name.removeprefix("response.") for frame in frames_of(data) if not frame.comment]


TEXT_PART = {"type": "output_text", "annotations": [], "logprobs": []}


def test_the_events_of_a_text_in_their_order() -> None:
    _, _, _, data = answer(TextDelta(text="Hello "), TextDelta(text="you"))
    assert types(data) == [
        "created", "in_progress", "output_item.added", "content_part.added", "output_text.delta", "output_text.delta",
        "output_text.done", "content_part.done", "output_item.done", "completed",
    ]  # fmt: skip


CONTENT: dict[str, tuple[list[Any], list[dict[str, Any]]]] = {
    "nothing": ([], []),
    "two blocks of text are two parts of one message": (
        [TextDelta(text="a"), TextDelta(block=1, text="b")],
        [{"type": "message", "content": [TEXT_PART | {"text": "a"}, TEXT_PART | {"text": "b"}]}],
    ),
    "a refusal": (
        [RefusalDelta(text="I "), RefusalDelta(text="won't")],
        [{"type": "message", "content": [{"type": "refusal", "refusal": "I won't"}]}],
    ),
    "text and a refusal": (
        [TextDelta(text="Hm."), RefusalDelta(block=1, text="No")],
        [{"type": "message", "content": [TEXT_PART | {"text": "Hm."}, {"type": "refusal", "refusal": "No"}]}],
    ),
    "reasoning, then text": (
        [ReasoningDelta(text="Hm."), TextDelta(block=1, text="a")],
        [
            {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "Hm."}]},
            {"type": "message", "content": [TEXT_PART | {"text": "a"}]},
        ],
    ),
    "a summary in two parts, signed": (
        [
            ReasoningDelta(text="One", kind="summary"), ReasoningDelta(block=1, text="Two", kind="summary"),
            Signature(block=1, data="opaque"), TextDelta(block=2, text="a"),
        ],
        [
            {
                "type": "reasoning", "encrypted_content": "opaque",
                "summary": [{"type": "summary_text", "text": "One"}, {"type": "summary_text", "text": "Two"}],
            },
            {"type": "message", "content": [TEXT_PART | {"text": "a"}]},
        ],
    ),
    "each signed block is an item": (
        [
            ReasoningDelta(text="One"), Signature(data="old"), Signature(data="s1"),
            ReasoningDelta(block=1, text="Two"), Signature(block=1, data="s2"),
        ],
        [
            {"type": "reasoning", "content": [{"type": "reasoning_text", "text": "One"}], "encrypted_content": "s1"},
            {"type": "reasoning", "content": [{"type": "reasoning_text", "text": "Two"}], "encrypted_content": "s2"},
        ],
    ),
    "redacted reasoning": (
        [RedactedReasoning(data="r1"), RedactedReasoning(block=1, data="r2")],
        [{"type": "reasoning", "encrypted_content": "r1"}, {"type": "reasoning", "encrypted_content": "r2"}],
    ),
    "encrypted reasoning without text keeps its id": (
        [Signature(data="e", id="rs_abc")],
        [{"type": "reasoning", "id": "rs_abc", "summary": [], "encrypted_content": "e"}],
    ),
    "a call without arguments": (
        call(0),
        [{"type": "function_call", "call_id": "call_0", "name": "f", "arguments": "{}", "status": "completed"}],
    ),
    "a custom call": (
        call(0, "*** Begin", '\n"x"', custom=True, name="apply_patch"),
        [{"type": "custom_tool_call", "call_id": "call_0", "name": "apply_patch", "input": '*** Begin\n"x"'}],
    ),
    "text after a call is a message of its own": (
        [TextDelta(text="a"), *call(1, "{}"), TextDelta(text="b")],
        [
            {"type": "message", "content": [TEXT_PART | {"text": "a"}]},
            {"type": "function_call", "arguments": "{}"},
            {"type": "message", "content": [TEXT_PART | {"text": "b"}]},
        ],
    ),
    "an image": (
        [
            Media(media="image/jpeg", data="AAAA", partial=True), Media(media="image/jpeg", data="BBBB"),
            Media(block=1, media=None, data="YQ=="), Media(block=1, media=None, data="Yg=="),
        ],
        [
            {"type": "image_generation_call", "status": "completed", "output_format": "jpeg", "result": "BBBB"},
            {"type": "image_generation_call", "status": "completed", "output_format": "png", "result": "YWI="},
        ],
    ),
    "log probabilities": (
        [
            TextDelta(text="a"),
            Logprobs(block=0, entries=[{"token": "a", "logprob": -0.5, "bytes": None, "top_logprobs": []}]),
        ],
        [
            {
                "type": "message",
                "content": [
                    TEXT_PART
                    | {"text": "a", "logprobs": [{"token": "a", "logprob": -0.5, "bytes": [97], "top_logprobs": []}]}
                ],
            }
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CONTENT)
def test_content_and_the_items_that_it_becomes(name: str) -> None:
    content, expected = CONTENT[name]
    reason = "tool_calls" if any(isinstance(part, ToolCallStart) for part in content) else "stop"
    if content and all(isinstance(part, RefusalDelta) for part in content):
        reason = "refusal"
    response, message, writer, data = answer(*content, reason=reason)
    assert [{key: item[key] for key in want} for item, want in zip(response["output"], expected, strict=True)] == (
        expected
    )
    assert not writer.lost
    assert message.complete
    assert message.finish_reason == reason
    validate(frames_of(data))
    same, _, _ = assembled(data)
    assert output_of(same) == response["output"]


CITED = {"type": "url_citation", "url": "https://example.com", "title": "T", "start_index": 0, "end_index": 2}


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (CITED | {"unit": "char"}, CITED),
        ({"url": "https://example.com", "title": "T"}, CITED | {"end_index": 5}),
        ({"type": "web_search_result_location", "url": "https://example.com", "cited_text": "x"},
         CITED | {"title": "", "end_index": 5}),
        ({"type": "file_path", "file_id": "f", "index": 1}, {"type": "file_path", "file_id": "f", "index": 1}),
        (CITED | {"unit": "byte"}, None),
        ({"type": "char_location", "cited_text": "x"}, None),
    ],
)  # fmt: skip
@pytest.mark.parametrize("block", [0, None])
def test_citations(item: dict[str, Any], expected: dict[str, Any] | None, block: int | None) -> None:
    response, message, writer, data = answer(TextDelta(text='He "é'), Citation(block=block, items=[item]))
    annotations = response["output"][0]["content"][0]["annotations"]
    assert annotations == ([] if expected is None else [expected])
    assert writer.lost["Citation"] == (expected is None)
    assert message.text == 'He "é'
    validate(frames_of(data))


def test_citations_before_their_text() -> None:
    response, *_ = answer(Citation(block=0, items=[CITED]), TextDelta(text="ab"))
    assert response["output"][0]["content"][0] == TEXT_PART | {"text": "ab", "annotations": [CITED]}


LOST = {
    "ToolCallStart": ToolCallStart(block=1, name="web_search", server=True),
    "ServerToolResult": ServerToolResult(block=1, data=[]),
    "Media": Media(block=1, media="audio/wav", data="AAAA"),
    "Signature": Signature(block=0, data="of the text"),
    "Citation": Citation(block=7, items=[]),
    "Logprobs": Logprobs(block=0, entries=[{"tokens": ["a"]}]),
    "TextDelta": TextDelta(choice=1, text="a second answer"),
}


@pytest.mark.parametrize("name", LOST)
def test_what_has_no_place_is_counted(name: str) -> None:
    _, message, writer, _ = answer(TextDelta(text="a"), LOST[name])
    assert writer.lost == {name: 1}
    assert message.text == "a"


def test_interleaved_calls_keep_their_arguments() -> None:
    content = [
        ToolCallStart(block=0, id="a", name="f"), ToolCallStart(block=1, id="b", name="g"),
        ToolCallDelta(block=0, json='{"x":'), ToolCallDelta(block=1, json='{"y":'), TextDelta(block=2, text="text"),
        ToolCallDelta(block=0, json="1}"), ToolCallDelta(block=1, json="2}"), TextDelta(block=2, text=" goes on"),
        ToolCallEnd(block=1, id="b", name="g", json='{"y":2}'), ToolCallEnd(block=0, id="a", name="f", json='{"x":1}'),
    ]  # fmt: skip
    response, message, writer, data = answer(*content, reason="tool_calls")
    assert [item["type"] for item in response["output"]] == ["function_call", "function_call", "message"]
    assert [(one.id, one.arguments) for one in message.tool_calls] == [("a", '{"x":1}'), ("b", '{"y":2}')]
    assert message.text == "text goes on"
    assert not writer.lost
    _, snapshots, _ = assembled(data)
    assert sorted(snapshots.values()) == ["text goes on", '{"x":1}', '{"y":2}']


def test_a_thousand_calls() -> None:
    content = [part for block in range(1000) for part in call(block, '{"n":', f"{block}}}")]
    response, message, _, _ = answer(*content, reason="tool_calls")
    assert [item["call_id"] for item in response["output"]] == [f"call_{block}" for block in range(1000)]
    assert [json.loads(one.arguments)["n"] for one in message.tool_calls] == list(range(1000))


def test_arguments_of_ten_megabytes() -> None:
    fragments = ['{"x":"', *["\\n" + "y" * 99_998] * 100, '"}']
    response, message, _, _ = answer(*call(0, *fragments), reason="tool_calls")
    assert response["output"][0]["arguments"] == message.tool_calls[0].arguments == "".join(fragments)


def test_two_calls_of_one_id_get_two() -> None:
    again = [ToolCallStart(block=1, id="call_0", name="f"), ToolCallEnd(block=1, id="call_0", name="f")]
    response, _, writer, data = answer(*call(0), *again, reason="tool_calls")
    assert len({item["call_id"] for item in response["output"]}) == 2
    assert writer.lost == {"ToolCallStart": 1}
    assembled(data)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ('{"input":"a\\nb"}', "a\nb"), ('{ "input" : "" }', ""), ('{"input":3}', '{"input":3}'),
        ('{"input":"a","more":1}', '{"input":"a","more":1}'), ("{}", "{}"), ('{"input":', '{"input":'),
    ],
)  # fmt: skip
def test_custom_tools_get_plain_text(arguments: str, expected: str) -> None:
    fragments = [arguments[:4], arguments[4:]]
    content = [part for part in call(0, *fragments, name="shell") if getattr(part, "json", True) != ""]
    response, *_ = answer(*content, *call(1, "{}"), reason="tool_calls", custom_tools=["shell"])
    assert [item["type"] for item in response["output"]] == ["custom_tool_call", "function_call"]
    assert response["output"][0]["input"] == expected


def test_other_arguments_than_those_written_are_an_error() -> None:
    content = [
        ToolCallStart(id="a", name="f"),
        ToolCallDelta(json='{"x":1'),
        ToolCallEnd(id="a", name="f", json='{"y":2}'),
    ]
    data, writer = written(API, [START, *content, Finish(reason="tool_calls"), END])
    assert not check(API, data)
    assert last_response(data)["output"][0]["status"] == "incomplete"
    assert writer.lost == {"ToolCallEnd": 1}


@pytest.mark.parametrize(
    ("reason", "content", "status", "why", "is_lost"),
    [
        ("stop", [TextDelta(text="a")], "completed", None, False),
        ("length", [TextDelta(text="a")], "incomplete", "max_output_tokens", False),
        ("content_filter", [TextDelta(text="a")], "incomplete", "content_filter", False),
        ("length", [], "incomplete", "max_output_tokens", False),
        ("tool_calls", call(0), "completed", None, False),
        ("tool_calls", [TextDelta(text="a")], "completed", None, True),
        ("stop", call(0), "completed", None, True),
        ("refusal", [RefusalDelta(text="a")], "completed", None, False),
        ("refusal", [TextDelta(text="a")], "completed", None, True),
        ("stop", [RefusalDelta(text="a")], "completed", None, True),
        ("pause", [TextDelta(text="a")], "completed", None, True),
        ("other", [TextDelta(text="a")], "completed", None, True),
    ],
)
def test_finish_reasons(reason: str, content: list[Any], status: str, why: str | None, is_lost: bool) -> None:
    response, message, writer, data = answer(*content, reason=reason)
    assert response["status"] == status
    assert (response["incomplete_details"] or {}).get("reason") == why
    assert (message.finish_reason != reason) == is_lost
    assert writer.lost == ({"Finish": 1} if is_lost else {})
    assert assembled(data)[0].status == status


def test_a_stop_sequence_is_counted() -> None:
    _, writer = written(API, [TextDelta(text="a"), Finish(reason="stop", stop_sequence="END"), END])
    assert writer.lost == {"Finish": 1}


def test_the_last_message_of_a_cut_answer_is_incomplete() -> None:
    content = [TextDelta(text="a"), *call(1, "{}"), TextDelta(block=2, text="b")]
    response, *_ = answer(*content, reason="length")
    assert [item["status"] for item in response["output"]] == ["completed", "completed", "incomplete"]


@pytest.mark.parametrize("ends", [True, False])
@pytest.mark.parametrize("options", [{}, {"custom_tools": ["f"]}])
def test_a_cut_call_is_incomplete(ends: bool, options: dict[str, Any]) -> None:
    parts = call(0, '{"input":"a', cut=True)
    response, message, _, data = answer(*(parts if ends else parts[:-1]), reason="length", **options)
    item = response["output"][0]
    assert item["status"] == "incomplete"
    assert item.get("arguments", item.get("input")) == '{"input":"a'
    assert message.finish_reason == "length"
    assert message.tool_calls[0].cut
    assembled(data)


ALL = [
    START, ReasoningDelta(text="Hm."), Signature(data="s"), TextDelta(block=1, text="Hello"),
    Citation(block=1, items=[{"url": "https://example.com"}]), TextDelta(block=1, text=" you"),
    *call(2, '{"x":', "1}"), *call(3, "a", "b", custom=True), Media(block=4, media="image/png", data="AAAA", partial=True),
    Media(block=4, media="image/png", data="BBBB"), RefusalDelta(block=5, text="No"),
    Usage(input=10, output=5, reasoning=2, cache_read=4, cache_write=1), Finish(reason="tool_calls"), END,
]  # fmt: skip


@pytest.mark.parametrize("error", [None, Error(kind="overloaded_error", message="busy"), "decode"])
@pytest.mark.parametrize("at", range(len(ALL) - 1))
def test_an_answer_that_is_cut_fails(at: int, error: Any) -> None:
    if error == "decode":
        error = Error(kind="decode", message="{", raw="cut")
    data, _ = written(API, [*ALL[:at], *([error] if error else [])])
    assert not check(API, data)
    validate(frames_of(data))
    response = last_response(data)
    assert response["error"]["code"] == ("overloaded_error" if error and error.message == "busy" else "server_error")
    message, whole = read_again(API, data), read_again(API, written(API, ALL)[0])
    assert not message.complete
    assert whole.text.startswith(message.text)
    assert whole.reasoning.startswith(message.reasoning)
    same, _, _ = assembled(data)
    assert same.status == "failed"


def test_the_whole_of_it_comes_back() -> None:
    data, writer = written(API, ALL)
    assert check(API, data)
    assert not writer.lost
    validate(frames_of(data))
    message = read_again(API, data)
    response, snapshots, _ = assembled(data)
    assert message.text == response.output_text == "Hello you"
    assert (message.reasoning, message.refusal, message.finish_reason) == ("Hm.", "No", "tool_calls")
    assert [(one.id, one.arguments) for one in message.tool_calls] == [("call_2", '{"x":1}'), ("call_3", "ab")]
    assert '{"x":1}' in snapshots.values()
    usage = last_response(data)["usage"]
    assert usage == {
        "input_tokens": 10, "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 1}, "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 2}, "total_tokens": 15,
    }  # fmt: skip
    assert message.usage is not None
    counted = message.usage.input, message.usage.output, message.usage.reasoning, message.usage.cache_read
    assert counted == (10, 5, 2, 4)


def test_a_total_that_hides_the_reasoning_is_not_counted_twice() -> None:
    _, message, _, _ = answer(TextDelta(text="a"), Usage(input=10, output=5, reasoning=3, total=18))
    assert message.usage is not None
    assert message.usage.output == 5


def test_the_envelope_is_repeated_in_every_response() -> None:
    tools = [{"type": "function", "name": "f", "parameters": {}, "strict": True}]
    envelope = {"tools": tools, "temperature": 0.5, "status": "never", "id": "never", "metadata": {"a": "b"}}
    _, _, _, data = answer(TextDelta(text="a"), envelope=envelope)
    responses = [frame.data["response"] for frame in frames_of(data) if "response" in frame.data]
    assert len(responses) == 3
    for response in responses:
        assert (response["tools"], response["temperature"], response["metadata"]) == (tools, 0.5, {"a": "b"})
        assert (response["id"], response["model"], response["created_at"]) == ("msg_1", "a-model", 1)
        assert response["tool_choice"] == "auto"
    validate(frames_of(data))


def test_an_error_continues_the_stream_that_passed() -> None:
    body = written(API, ALL[:6])[0]
    passed = body[: body.rindex(b"event: response.failed")]
    out, transcoder = transcoded(API, [passed])
    assert out.startswith(passed)
    assert transcoder.message.text == "Hello you"
    frames = frames_of(out)
    assert [frame.data["sequence_number"] for frame in frames] == list(range(len(frames)))
    assert frames[-1].name == "response.failed"
    assert assembled(out)[0].status == "failed"


@pytest.mark.parametrize(
    ("pieces", "finish", "status", "result"),
    [
        ([False], "length", "completed", "YQ=="),
        ([True], "stop", "failed", None),
        ([False, True], "stop", "failed", None),
        ([True, False], None, "generating", "YQ=="),
    ],
)
def test_images_that_are_not_whole(pieces: list[bool], finish: Any, status: str, result: str | None) -> None:
    parts = [Media(media="image/png", data="YQ==", partial=is_partial) for is_partial in pieces]
    data, _ = written(API, [*parts, *([Finish(reason=finish), END] if finish else [])])
    assert check(API, data) == (finish is not None)
    item = last_response(data)["output"][0]
    assert (item["status"], item["result"]) == (status, result)
    validate(frames_of(data))


def test_pings_are_comments() -> None:
    writer = Writer(API, **FIXED)
    assert writer.write(Ping()) == b": ping\n\n"


def test_the_sdk_reads_every_recorded_stream(shared: Path) -> None:
    for name, data, message in bodies(shared):
        if message.api == API:
            continue
        out = Transcoder(API, **FIXED)
        made = out.feed(data) + out.close()
        response, _, _ = assembled(made)
        if message.complete:
            expected = "incomplete" if message.finish_reason in ("length", "content_filter") else "completed"
            assert response.status == expected, name
            assert response.output_text == message.text, name
            calls = [
                (item.name, item.arguments if item.type == "function_call" else item.input)
                for item in response.output
                if item.type in ("function_call", "custom_tool_call")
            ]
            assert calls == [(one.name, one.arguments) for one in message.tool_calls] or out.lost, name
        else:
            assert response.status == "failed", name
        validate(frames_of(made))


@settings(max_examples=60, deadline=None)
@given(parts=st.lists(PARTS, max_size=12), end=st.sampled_from([None, END]))
def test_the_sdk_reads_any_parts(parts: list[Any], end: End | None) -> None:
    data, _ = written(API, [*parts, *([end] if end else [])], custom_tools=["", "0"])
    response, _, _ = assembled(data)
    validate(frames_of(data))
    assert (response.status != "failed") == check(API, data)
