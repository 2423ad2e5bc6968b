"""Rare streams: unusual indices, ends, sources, and turns."""

from __future__ import annotations

import asyncio
import copy
import gc
import json
import pickle
import pydoc
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import ssescan
from ssescan import ProviderError, StreamCut, UnknownFormat
from ssescan.providers import Error, MediaBlock, Raw, TextBlock, astream, openai_chat, stream
from ssescan.providers._decoders.partial_arguments import PartialArguments
from ssescan.providers.payloads import StrayLines

from .assertions import framed, read

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


def response(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}"} | fields


def chat(delta: dict[str, Any], finish: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"id": "c", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]} | fields


def gemini(*parts: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"candidates": [{"content": {"parts": list(parts), "role": "model"}, "index": 0} | fields]}


CREATED = response("created", response={"id": "r", "model": "m"})
COMPLETED = response("completed", response={"id": "r", "status": "completed", "output": []})
MESSAGE_ADDED = response("output_item.added", output_index=0, item={"id": "m1", "type": "message"})


def text_delta(part: int, text: str) -> dict[str, Any]:
    return response("output_text.delta", output_index=0, content_index=part, delta=text)


def message_done(*texts: str) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text} for text in texts]
    return response("output_item.done", output_index=0, item={"id": "m1", "type": "message", "content": content})


def test_interleaved_texts_are_compared_separately() -> None:
    deltas = [text_delta(0, "aa"), text_delta(1, "bb"), text_delta(0, "cc"), text_delta(2, "dd")]
    parts, message, _ = read(framed(CREATED, MESSAGE_ADDED, *deltas, message_done("aacc", "bb", "dd"), COMPLETED))
    assert not [part for part in parts if type(part) is Raw]
    assert (message.text, message.complete) == ("aaccbbdd", True)
    (cut,) = read(framed(CREATED, MESSAGE_ADDED, *deltas))[1].to_turn()
    assert [part["text"] for part in cut["content"]] == ["aacc", "bb", "dd"]


def test_text_under_another_index_is_not_repeated() -> None:
    parts, message, _ = read(framed(CREATED, MESSAGE_ADDED, text_delta(1, "Hi"), message_done("Hi"), COMPLETED))
    assert message.text == "Hi"
    assert not [part for part in parts if type(part) is Raw]


@pytest.mark.parametrize("first_ended", [True, False])
def test_two_responses_in_a_stream_are_an_error(first_ended: bool) -> None:
    second = response("created", response={"id": "r2", "model": "m"})
    ending = [COMPLETED] if first_ended else []
    body = framed(
        CREATED, MESSAGE_ADDED, text_delta(0, "One."), *ending, second, MESSAGE_ADDED, text_delta(0, "Two."), COMPLETED
    )
    _, message, _ = read(body)
    assert message.text == "One.Two."
    assert [error.kind for error in message.errors] == ["protocol"]
    assert not message.complete


CALL = {"id": "f", "type": "function_call", "call_id": "c1", "name": "f", "arguments": ""}
THOUGHT = {"id": "rs", "type": "reasoning", "summary": [], "encrypted_content": "E"}
CALLING = [
    CREATED,
    response("output_item.done", output_index=0, item=THOUGHT),
    response("output_item.added", output_index=1, item=CALL),
    response("function_call_arguments.delta", output_index=1, delta='{"a":1}'),
]
ARGUMENTS_DONE = response("function_call_arguments.done", output_index=1, arguments='{"a":1}')


@pytest.mark.parametrize("ending", [[COMPLETED], []], ids=["completed", "cut"])
def test_complete_arguments_without_item_are_in_the_turn(ending: list[Any]) -> None:
    message = read(framed(*CALLING, ARGUMENTS_DONE, *ending))[1]
    assert [(call.id, call.cut) for call in message.tool_calls] == [("c1", False)]
    assert message.to_turn() == [THOUGHT, CALL | {"arguments": '{"a":1}', "status": "completed"}]


def test_unconfirmed_call_and_its_thought_are_not_in_the_turn() -> None:
    for ending in ([COMPLETED], []):
        message = read(framed(*CALLING, *ending))[1]
        assert [(call.id, call.cut) for call in message.tool_calls] == [("c1", True)]
        assert message.to_turn() == []


def test_call_without_stop_is_cut() -> None:
    message = read(
        framed(
            {"type": "message_start", "message": {"id": "m", "model": "c"}},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use", "id": "t", "name": "f"}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": '{"a":'}},
            {"type": "message_delta", "delta": {"stop_reason": "tool_use"}},
            {"type": "message_stop"},
        )
    )[1]
    assert message.tool_calls[0].cut
    assert message.to_turn() == {}


def test_anthropic_turn_has_no_white_space_text() -> None:
    start = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "\n\n"}}
    message = read(framed({"type": "message_start", "message": {"id": "m"}}, start, {"type": "message_stop"}))[1]
    assert message.text == "\n\n"
    assert message.to_turn() == {}


def test_fields_next_to_a_text_are_kept() -> None:
    message = read(
        framed(
            chat({"content": "a"}),
            chat({"content": "b", "audio": {"id": "x", "data": "QUJD"}}),
            chat({"content": "c"}, search_results=[{"url": "u"}]),
            chat({}, "stop"),
        )
    )[1]
    assert message.text == "abc"
    assert [block.data for block in message.blocks if isinstance(block, MediaBlock)] == [["QUJD"]]
    assert [block.citations for block in message.blocks if isinstance(block, TextBlock)][-1] == [{"url": "u"}]


def test_reasoning_details_without_index_stay_separate() -> None:
    details = [{"type": "reasoning.encrypted", "id": str(n), "data": data} for n, data in enumerate(("AAA", "BBB"))]
    message = read(framed(chat({"reasoning_details": details}), chat({}, "stop")))[1]
    assert message.to_turn()["reasoning_details"] == details


def test_interleaved_partial_arguments() -> None:
    arguments = PartialArguments()
    for path, text, goes_on in (("$.a", "x", True), ("$.b", "y", True), ("$.a", "z", False), ("$.b", "", False)):
        arguments.add({"jsonPath": path, "stringValue": text, "willContinue": goes_on})
    arguments.close()
    assert (arguments.tree, arguments.lost) == ({"a": "xz", "b": "y"}, False)


@pytest.mark.parametrize(
    "value",
    [
        {"jsonPath": "$.a", "structValue": {}},
        {"jsonPath": "$.a[1000000000]", "numberValue": 1},
        {"jsonPath": "a", "numberValue": 1},
        {"jsonPath": "$" + ".a" * 5000, "numberValue": 1},
        {"numberValue": 1},
        17,
    ],
)
def test_partial_argument_without_place_makes_the_call_cut(value: Any) -> None:
    call = {"functionCall": {"name": "f", "partialArgs": [value]}}
    message = read(framed(gemini(call), gemini(finishReason="STOP")))[1]
    assert message.tool_calls[0].cut


def test_repeated_grounding_replaces_the_earlier() -> None:
    grown = [{"webSearchQueries": ["a"]}, {"webSearchQueries": ["a", "b"]}]
    message = read(framed(*(gemini({"text": "x"}, groundingMetadata=found) for found in grown)))[1]
    (block,) = message.blocks
    assert isinstance(block, TextBlock)
    assert block.citations == [{"groundingMetadata": grown[1], "unit": "byte"}]


def test_nested_errors_of_any_depth() -> None:
    deep = '{"error":' * 1000 + "1" + "}" * 1000
    _, message, _ = read(framed(chat({"content": "a"}), deep))
    assert message.text == "a"
    assert len(message.errors) == 1
    wrapped = framed({"error": {"error": {"message": "inner", "code": 7}}})
    assert [(error.message, error.code) for error in read(wrapped)[1].errors] == [("inner", 7)]


@pytest.mark.parametrize("error", [{"error": {"message": "late"}}, {"type": "error", "message": "late", "code": "c"}])
def test_error_after_done_counts_and_text_does_not(error: dict[str, Any]) -> None:
    body = framed(chat({"content": "a"}), chat({}, "stop"), "[DONE]", chat({"content": "b"}), error)
    with pytest.raises(ProviderError) as raised:
        stream(body).collect()
    assert (raised.value.detail, raised.value.message.text) == ("late", "a")
    with pytest.raises(ProviderError):
        list(openai_chat.iter_chunks(body))


def test_line_of_quotes_takes_linear_time() -> None:
    # In quadratic time this would take an hour.
    assert StrayLines(None).add("{" + '"\\' * 2_000_000) == ""


def test_consecutive_lines_that_are_not_json_are_one_error() -> None:
    event = "\ndata: ".join([json.dumps(chat({"content": "a"})), *["x"] * 1000])
    _, message, _ = read(framed(event, chat({}, "stop")))
    assert [error.kind for error in message.errors] == ["decode"]


def test_message_keeps_the_first_damaged_events() -> None:
    parts, message, _ = read(framed(chat({"content": "a"}), *["x"] * 1000))
    assert sum(type(part) is Error for part in parts) == 1000
    assert len(message.errors) == 100


def test_empty_events_of_an_event_stream_are_ignored() -> None:
    body = b"retry: 3000\n\n" + framed(chat({"content": "a"}, "stop"))
    assert stream(ssescan.iter_events(body, empty_events=True)).collect().text == "a"


# --- Answers that are not streamed

WHOLE = {
    "openai-chat": {
        "object": "chat.completion",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}],
    },
    "openai-responses": {
        "object": "response",
        "id": "r",
        "status": "completed",
        "output": [{"type": "message", "content": [{"type": "output_text", "text": "Hi"}]}],
    },
    "anthropic": {
        "type": "message",
        "id": "m",
        "content": [{"type": "text", "text": "Hi"}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 3, "output_tokens": 1},
    },
    "gemini": {"candidates": [{"content": {"parts": [{"text": "Hi"}]}, "finishReason": "STOP"}]},
    "gemini-interactions": {
        "object": "interaction",
        "status": "completed",
        "steps": [{"type": "model_output", "content": [{"type": "text", "text": "Hi"}]}],
    },
}


def answered(body: bytes) -> httpx.Response:
    return httpx.Response(200, headers={"content-type": "application/json"}, content=body)


@pytest.mark.parametrize("api", WHOLE)
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["", "with a byte order mark"])
def test_unstreamed_answer_reads_like_a_streamed_one(api: str, mark: bytes) -> None:
    body = mark + json.dumps(WHOLE[api], indent=1).encode()
    given = stream(answered(body))
    message = given.collect()
    assert (given.api, message.text, message.finish_reason, message.complete) == (api, "Hi", "stop", True)
    assert given.bytes_read == len(body)


def test_complete_items_of_a_cut_list_count() -> None:
    body = json.dumps([gemini({"text": "one "}), gemini({"text": "two"}, finishReason="STOP")]).encode()
    assert stream(answered(body)).collect().text == "one two"
    with pytest.raises(StreamCut) as raised:
        stream(answered(body[:-20])).collect()
    assert raised.value.message.text == "one "
    escaped = body[:-20].replace(b"one ", b"one\\ud83d")
    message = stream(answered(escaped), strict=False).collect()
    assert message.text == "one\ufffd"
    assert json.loads(message.to_json())["text"] == message.text


# --- Streams as objects


def test_unreferenced_stream_closes_its_source_at_once() -> None:
    closed: list[str] = []

    def chunks(body: bytes, api: str) -> Iterator[bytes]:
        try:
            yield body
            yield body
        finally:
            closed.append(api)

    def use(body: bytes, api: str) -> None:
        for _ in stream(chunks(body, api)):
            break

    gc.disable()
    try:
        use(framed(chat({"content": "a"})), "openai-chat")
        use(framed(gemini({"text": "a"})), "gemini")
    finally:
        gc.enable()
    assert closed == ["openai-chat", "gemini"]


def test_second_reader_is_refused_and_first_reads_on() -> None:
    async def main() -> None:
        more = asyncio.Event()

        async def chunks() -> AsyncIterator[bytes]:
            yield framed(chat({"content": "a"}))
            await more.wait()
            yield framed(chat({"content": "b"}), chat({}, "stop"))

        async with astream(chunks()) as given:
            text = given.text()
            assert await anext(text) == "a"
            first = asyncio.ensure_future(anext(text))
            await asyncio.sleep(0)
            with pytest.raises(ValueError, match="one reader at a time"):
                await anext(given)
            more.set()
            assert await first == "b"
            assert (await given.collect()).complete

    asyncio.run(main())


def test_unknown_format_is_raised_once() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"data: x\n\n"

    async def main() -> None:
        given = astream(chunks())
        with pytest.raises(UnknownFormat):
            await anext(given)
        with pytest.raises(StopAsyncIteration):
            await anext(given)

    asyncio.run(main())
    given = stream(b"data: x\n\n")
    with pytest.raises(UnknownFormat):
        next(given)
    with pytest.raises(StopIteration):
        next(given)


def test_stream_cannot_be_copied_or_pickled() -> None:
    given = stream(framed(chat({"content": "a"}, "stop")))
    for use in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="cannot be pickled or copied"):
            use(given)
    assert given.collect().text == "a"


def test_parsed_objects_are_refused_with_advice() -> None:
    with pytest.raises(TypeError, match="pass the response"):
        stream({"choices": []})  # type: ignore[arg-type]


def test_error_texts_name_their_source() -> None:
    with pytest.raises(ProviderError) as damaged:
        stream(framed(chat({"content": "a"}), "{", chat({}, "stop"))).collect()
    assert str(damaged.value).startswith("openai-chat: the data of an event is not JSON (")
    assert str(damaged.value).endswith("; it begins: {")
    assert (damaged.value.kind, damaged.value.detail) == ("decode", "{")
    with pytest.raises(ProviderError) as told:
        stream(framed({"error": {"message": "No.", "type": "quota", "code": "quota"}})).collect()
    assert str(told.value) == "openai-chat: the provider reported an error: quota, No."
    with pytest.raises(StreamCut, match="before any answer came"):
        stream(b"<html></html>").collect()


def test_help() -> None:
    import ssescan.providers

    for thing in (ssescan, ssescan.Message, ssescan.providers, ssescan.providers.ToolCall, ssescan.providers.Choice):
        assert pydoc.render_doc(thing)
    assert "iter_chunks" in dir(ssescan.providers.openai_chat)
