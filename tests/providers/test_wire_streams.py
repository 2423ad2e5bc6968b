"""Loops written for the official SDKs, run over wire objects; which events yield an object, and which raise."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
import trio

import ssescan
from ssescan.providers._wire import anthropic, gemini, gemini_interactions, openai_chat, openai_responses

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


def sse(*values: Any, name: str = "") -> bytes:
    head = f"event: {name}\n" if name else ""
    texts = [value if isinstance(value, str) else json.dumps(value) for value in values]
    return "".join(f"{head}data: {text}\n\n" for text in texts).encode()


def chunk(content: Any = None, finish: str | None = None, **fields: Any) -> dict[str, Any]:
    delta = {} if content is None else {"content": content}
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion.chunk", "model": "m", "choices": [choice], **fields}


HELLO = sse(chunk("Hel"), chunk("lo"), chunk(finish="stop"), "[DONE]")


def test_sdk_loop_over_chat_chunks() -> None:
    text = ""
    for part in openai_chat.iter_chunks([HELLO]):
        text += part.choices[0].delta.content or ""  # type: ignore[index, union-attr]
    assert text == "Hello"


def test_sdk_loop_that_joins_calls() -> None:
    def call(**function: str) -> dict[str, Any]:
        made = chunk()
        made["choices"][0]["delta"] = {"tool_calls": [{"index": 0, "id": "call_1", "function": function}]}
        return made

    calls: dict[int, Any] = {}
    body = sse(call(name="f", arguments=""), call(arguments='{"a":'), call(arguments="1}"), chunk(finish="tool_calls"))
    stream: Any = openai_chat.iter_chunks([body])
    for part in stream:
        for fragment in part.choices[0].delta.tool_calls or []:
            if fragment.index not in calls:
                calls[fragment.index] = fragment
            else:
                calls[fragment.index].function.arguments += fragment.function.arguments
    assert (calls[0].function.name, calls[0].function.arguments, calls[0].id) == ("f", '{"a":1}', "call_1")


def test_sdk_loop_over_responses_events() -> None:
    item = {"type": "message", "id": "i", "content": [{"type": "output_text", "text": "Hi"}]}
    body = sse(
        {"type": "response.created", "response": {"id": "r", "object": "response", "status": "in_progress"}},
        {"type": "response.output_text.delta", "item_id": "i", "output_index": 0, "content_index": 0, "delta": "Hi"},
        {"type": "keepalive", "sequence_number": 3},
        {"type": "response.completed", "response": {"id": "r", "status": "completed", "output": [item]}},
    )
    said = []
    stream: Any = openai_responses.iter_events([body])
    for event in stream:
        if event.type == "response.output_text.delta":
            said.append(event.delta)
        elif event.type == "response.completed":
            said.append(event.response.output_text)
        else:
            said.append(event.type)
    assert said == ["response.created", "Hi", "keepalive", "Hi"]


ANTHROPIC: list[tuple[str, dict[str, Any]]] = [
    ("message_start", {"message": {"id": "m", "role": "assistant", "content": [], "usage": {"input_tokens": 3}}}),
    ("ping", {}),
    ("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}),
    ("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": "Hi"}}),
    ("content_block_stop", {"index": 0}),
    ("message_delta", {"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}}),
    ("message_stop", {}),
]


def test_sdk_loop_over_anthropic_events_without_ping() -> None:
    body = b"".join(sse({"type": name, **fields}, name=name) for name, fields in ANTHROPIC)
    text, kinds = "", []
    stream: Any = anthropic.iter_events([body])
    for event in stream:
        kinds.append(event.type)
        if event.type == "content_block_delta" and event.delta.type == "text_delta":
            text += event.delta.text
        elif event.type == "message_delta":
            assert (event.delta.stop_reason, event.usage.output_tokens) == ("end_turn", 1)
    assert text == "Hi"
    assert kinds == [name for name, _ in ANTHROPIC if name != "ping"]


def test_missing_type_is_the_name_of_the_event() -> None:
    body = b"".join(sse(fields, name=name) for name, fields in ANTHROPIC)
    kinds = [event.type for event in anthropic.iter_events([body])]
    assert kinds == [name for name, _ in ANTHROPIC if name != "ping"]


def test_sdk_loop_over_gemini_responses() -> None:
    parts = [
        {"text": "hm", "thought": True},
        {"text": "Hi", "thoughtSignature": "AQID+/8="},
        {"functionCall": {"name": "f", "args": {"a": 1}}},
    ]
    answer = {"candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": "STOP"}]}
    (response,) = list[Any](gemini.iter_responses([sse(answer | {"usageMetadata": {"totalTokenCount": 7}})]))
    assert response.text == "Hi"
    assert response.parts[1].thought_signature == "AQID+/8="
    assert [(call.name, call.args) for call in response.function_calls] == [("f", {"a": 1})]
    assert (response.candidates[0].finish_reason, response.usage_metadata.total_token_count) == ("STOP", 7)
    assert (response.executable_code, response.code_execution_result) == (None, None)


def test_gemini_responses_in_a_json_array() -> None:
    def answer(text: str, **more: str) -> dict[str, Any]:
        return {"candidates": [{"content": {"parts": [{"text": text}]}, **more}]}

    responses = gemini.iter_responses([sse([answer("a"), answer("b", finishReason="STOP")])])
    assert [response.text for response in responses] == ["a", "b"]


def test_sdk_loop_over_interactions() -> None:
    body = sse(
        {"event_type": "interaction.created", "interaction": {"id": "i", "status": "in_progress"}},
        {
            "event_type": "step.start",
            "index": 0,
            "step": {"type": "google_search_call", "id": "s", "arguments": {"queries": ["q"]}},
        },
        {"event_type": "step.stop", "index": 0},
        {
            "event_type": "step.start",
            "index": 1,
            "step": {"type": "function_call", "id": "f", "name": "f", "arguments": {"a": 1}},
        },
        {"event_type": "step.stop", "index": 1},
        {"event_type": "step.start", "index": 2, "step": {"type": "model_output"}},
        {"event_type": "step.delta", "index": 2, "delta": {"type": "text", "text": "Hi"}},
        {"event_type": "step.stop", "index": 2},
        {"event_type": "interaction.completed", "interaction": {"id": "i", "status": "completed"}},
    )
    text, arguments = "", []
    stream: Any = gemini_interactions.iter_events([body])
    for event in stream:
        if event.event_type == "step.delta" and event.delta.type == "text":
            text += event.delta.text
        elif event.event_type == "step.start" and event.step.arguments:
            arguments.append(event.step.arguments)
    assert text == "Hi"
    assert (arguments[0].queries, arguments[1]) == (["q"], {"a": 1})


def test_values_of_other_types_are_kept_as_sent() -> None:
    odd = chunk("a", created="yesterday", usage="none")
    odd["choices"].append("odd")
    odd["choices"].append({"index": "1", "delta": {"content": 5, "tool_calls": [{"index": 0, "function": "f"}, 7]}})
    first: Any = next(openai_chat.iter_chunks([sse(odd)]))
    assert (first.created, first.usage, first.choices[0].delta.content) == ("yesterday", "none", "a")
    assert first.choices[1] == "odd"
    assert (first.choices[2].index, first.choices[2].delta.content) == ("1", 5)
    assert (first.choices[2].delta.tool_calls[0].function, first.choices[2].delta.tool_calls[1]) == ("f", 7)


def test_json_that_only_the_standard_library_reads() -> None:
    body = sse(chunk("a"), '{"choices": [{"index": 0, "delta": {"content": "\\ud83d"}}], "created": NaN}')
    chunks: list[Any] = list(openai_chat.iter_chunks([body], strict=False))
    assert [made.choices[0].delta.content for made in chunks] == ["a", "\ufffd"]


def test_one_object_for_each_value_of_an_event() -> None:
    body = b"data: " + json.dumps(chunk("a")).encode() + b"\ndata: " + json.dumps(chunk("b")).encode() + b"\n\n"
    chunks: list[Any] = list(openai_chat.iter_chunks([body + sse(chunk(finish="stop"))]))
    assert [made.choices[0].delta.content for made in chunks] == ["a", "b", None]


@pytest.mark.parametrize(
    "nothing", [": comment\n\n", "data:\n\n", "data: : proxy\n\n", "data: null\n\n", "data: 5\n\n"]
)
def test_data_that_is_no_event_yields_no_object(nothing: str) -> None:
    body = sse(chunk("a")) + nothing.encode() + sse(chunk("b"), chunk(finish="stop"))
    assert len(list(openai_chat.iter_chunks([body], strict=False))) == 3


ERROR = {"error": {"message": "busy", "type": "server_error", "code": 503}}
FAILURES: list[tuple[str, Callable[..., Any], bytes, str | None]] = [
    ("chat", openai_chat.iter_chunks, sse(chunk("a"), ERROR, chunk("b")), "busy"),
    ("chat, with choices", openai_chat.iter_chunks, sse(chunk("a"), chunk("", "error", **ERROR), chunk("b")), "busy"),
    (
        "responses",
        openai_responses.iter_events,
        sse(
            {"type": "response.created", "response": {"id": "r"}},
            {"type": "error", "code": "c", "message": "busy", "param": None},
            {"type": "response.in_progress", "response": {"id": "r"}},
        ),
        "busy",
    ),
    (
        "anthropic",
        anthropic.iter_events,
        sse({"type": "message_start", "message": {"id": "m"}})
        + sse({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}, name="error")
        + sse({"type": "message_stop"}),
        "busy",
    ),
    (
        "gemini",
        gemini.iter_responses,
        sse(
            {"candidates": [{"index": 0}]}, {"error": {"code": 503, "message": "busy"}}, {"candidates": [{"index": 0}]}
        ),
        "busy",
    ),
    (
        "interactions",
        gemini_interactions.iter_events,
        sse(
            {"event_type": "interaction.created", "interaction": {"id": "i"}},
            {"event_type": "error", "error": {"code": "c", "message": "busy"}},
            {"event_type": "step.stop", "index": 0},
        ),
        "busy",
    ),
]


@pytest.mark.parametrize(("reader", "body", "message"), [row[1:] for row in FAILURES], ids=[row[0] for row in FAILURES])
def test_error_event_raises_in_its_turn(reader: Callable[..., Any], body: bytes, message: str) -> None:
    stream = reader([body])
    next(stream)
    with pytest.raises(ssescan.ProviderError) as raised:
        next(stream)
    assert raised.value.args
    assert message in str(raised.value)
    assert stream.outcome is ssescan.Outcome.FAILED
    assert not stream.message.complete
    assert list(stream) == []


@pytest.mark.parametrize(
    ("reader", "body", "_message"), [row[1:] for row in FAILURES], ids=[row[0] for row in FAILURES]
)
def test_error_without_strict_yields_no_object(reader: Callable[..., Any], body: bytes, _message: str) -> None:
    stream = reader([body], strict=False)
    assert len(list(stream)) == 2
    assert [error.message for error in stream.message.errors] == ["busy"]


def test_failed_response_is_yielded_before_the_error() -> None:
    failed = {"type": "response.failed", "response": {"status": "failed", "error": {"code": "c", "message": "busy"}}}
    stream: Any = openai_responses.iter_events([sse({"type": "response.created", "response": {}}, failed)])
    next(stream)
    assert next(stream).response.error.message == "busy"
    with pytest.raises(ssescan.ProviderError, match="busy"):
        next(stream)


def test_data_that_is_not_json_raises_in_its_turn() -> None:
    stream = openai_chat.iter_chunks([sse(chunk("a"), "{oh", chunk("b"))])
    next(stream)
    with pytest.raises(ssescan.ProviderError, match="not JSON"):
        next(stream)
    assert len(list(openai_chat.iter_chunks([sse(chunk("a"), "{oh", chunk("b"))], strict=False))) == 2


def test_objects_share_no_values_with_the_message() -> None:
    call = {"name": "f", "args": {"a": 1}, "partialArgs": [{"jsonPath": "$.a", "numberValue": 2}]}
    answer = {"candidates": [{"content": {"parts": [{"functionCall": call}]}, "finishReason": "STOP"}]}
    stream: Any = gemini.iter_responses([sse(answer)])
    (response,) = stream
    assert response.candidates[0].content.parts[0].function_call.args == {"a": 1}
    assert stream.message.tool_calls[0].json() == {"a": 2}


def test_cut_raises_after_last_object() -> None:
    stream = openai_chat.iter_chunks([sse(chunk("Hel"), chunk("lo"))])
    given = [next(stream), next(stream)]
    with pytest.raises(ssescan.StreamCut) as raised:
        next(stream)
    assert len(given) == 2
    assert raised.value.message.text == stream.message.text == "Hello"
    assert list(stream) == []


def test_cut_without_strict_ends_quietly() -> None:
    stream = openai_chat.iter_chunks([sse(chunk("Hel"))], strict=False)
    assert len(list(stream)) == 1
    assert not stream.message.complete


def test_stream_of_another_format_is_refused() -> None:
    stream = anthropic.iter_events([HELLO])
    with pytest.raises(ssescan.UnknownFormat) as raised:
        next(stream)
    assert json.loads(raised.value.event.data) == chunk("Hel")


def test_message_so_far() -> None:
    stream = openai_chat.iter_chunks([HELLO])
    seen = [stream.message.text for _ in stream]
    assert seen == ["Hel", "Hello", "Hello"]
    assert stream.message.complete
    assert (stream.api, stream.outcome, stream.bytes_read) == ("openai-chat", ssescan.Outcome.ENDED, len(HELLO))
    assert stream.reads
    assert stream.received_ns is not None
    assert stream.response is None
    assert list(stream) == []


def test_with_closes_the_source() -> None:
    closed = []

    def source() -> Any:
        try:
            yield HELLO
            yield sse(chunk("never read"))
        finally:
            closed.append(True)

    with openai_chat.iter_chunks(source()) as stream:
        next(stream)
    assert closed
    assert stream.outcome is ssescan.Outcome.CLOSED
    stream.close()


def test_wrong_use_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match="strict"):
        openai_chat.iter_chunks([], strict=1)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        openai_chat.iter_chunks(5)  # type: ignore[arg-type]


async def _bytes(body: bytes) -> AsyncIterator[bytes]:
    yield body


def run(runner: str, main: Callable[[], Any]) -> Any:
    return asyncio.run(main()) if runner == "asyncio" else trio.run(main)


@pytest.mark.parametrize("runner", ["asyncio", "trio"])
def test_sdk_loop_async(runner: str) -> None:
    async def main() -> tuple[str, Any]:
        text = ""
        async with openai_chat.aiter_chunks(_bytes(HELLO)) as stream:
            async for part in stream:
                text += part.choices[0].delta.content or ""  # type: ignore[index, union-attr]
        return text, stream

    text, stream = run(runner, main)
    assert text == stream.message.text == "Hello"
    assert stream.message.complete


@pytest.mark.parametrize("runner", ["asyncio", "trio"])
@pytest.mark.parametrize(
    ("aiter_objects", "body"),
    [
        (openai_chat.aiter_chunks, FAILURES[0][2]),
        (openai_responses.aiter_events, FAILURES[2][2]),
        (anthropic.aiter_events, FAILURES[3][2]),
        (gemini.aiter_responses, FAILURES[4][2]),
        (gemini_interactions.aiter_events, FAILURES[5][2]),
    ],
)
def test_async_error_event_raises_in_its_turn(aiter_objects: Callable[..., Any], body: bytes, runner: str) -> None:
    async def main() -> tuple[list[Any], Any, list[Any]]:
        given = []
        stream = aiter_objects(_bytes(body))
        with pytest.raises(ssescan.ProviderError, match="busy"):
            async for made in stream:
                given.append(made)
        return given, stream, [made async for made in aiter_objects(_bytes(body), strict=False)]

    given, stream, lenient = run(runner, main)
    assert len(given) == 1
    assert len(lenient) == 2
    assert stream.outcome is ssescan.Outcome.FAILED


@pytest.mark.parametrize("runner", ["asyncio", "trio"])
def test_async_cut_raises_after_last_object_then_ends(runner: str) -> None:
    async def main() -> tuple[int, list[Any]]:
        stream = openai_chat.aiter_chunks(_bytes(sse(chunk("a"), chunk("b"))))
        given = 0
        with pytest.raises(ssescan.StreamCut):
            async for _ in stream:
                given += 1
        return given, [made async for made in stream]

    assert run(runner, main) == (2, [])


@pytest.mark.parametrize("runner", ["asyncio", "trio"])
def test_async_stream_of_another_format_is_refused(runner: str) -> None:
    async def main() -> None:
        with pytest.raises(ssescan.UnknownFormat):
            await anext(aiter(anthropic.aiter_events(_bytes(HELLO))))

    run(runner, main)


@pytest.mark.parametrize("size", [1, 7])
def test_same_objects_for_any_chunk_size(size: int) -> None:
    pieces = [HELLO[at : at + size] for at in range(0, len(HELLO), size)]
    assert list(openai_chat.iter_chunks(pieces)) == list(openai_chat.iter_chunks([HELLO]))


def test_events_and_event_streams_are_sources() -> None:
    events: Any = list(ssescan.iter_events([HELLO]))
    whole = list(openai_chat.iter_chunks([HELLO]))
    assert list(openai_chat.iter_chunks(events)) == whole
    unread: Any = ssescan.iter_events([HELLO])
    assert list(openai_chat.iter_chunks(unread)) == whole


def test_json_nested_too_deeply_for_a_field() -> None:
    # Anthropic's blocks contain blocks: no depth may exhaust the stack.
    deep = '{"type":"x","id":1,"content":[' * 400 + "]}" * 400
    text = '{"type":"content_block_start","index":0,"content_block":' + deep + "}"
    body = sse({"type": "message_start", "message": {"id": "m"}}, text)
    events: list[Any] = list(anthropic.iter_events([body], strict=False))
    assert [event.type for event in events] == ["message_start", "content_block_start"]


def test_value_without_data_field() -> None:
    body = sse(chunk("a")) + json.dumps(chunk("b"), indent=1).encode() + b"\n\n" + sse(chunk(finish="stop"))
    chunks: list[Any] = list(openai_chat.iter_chunks([body]))
    assert [made.choices[0].delta.content for made in chunks] == ["a", "b", None]
