"""Large generated hostile streams: work, counted in calls, is linear, and memory, in bytes, is bounded."""

from __future__ import annotations

import gc
import json
import sys
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest

from ssescan.providers import stream

from .assertions import framed, read, text
from .hostile import BEGIN, ENDS, SAYS, both, usable
from .test_tables_anthropic import (
    END,
    HEY,
    TOOL_BLOCK,
    block,
    delta,
    start,
    stop,
)
from .test_tables_chat import TOOLS, call, chunk
from .test_tables_gemini import (
    I_COMPLETED,
    I_CREATED,
    I_TEXT,
    candidate,
    more,
    over,
    step,
)
from .test_tables_responses import CALL_EVENTS, FUNCTION, OF_CALL, ended

if TYPE_CHECKING:
    from collections.abc import Callable


def called(source: bytes, api: Any) -> int:
    """Count the calls of Python and C functions for reading a stream."""
    calls = 0

    def profile(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    reading = stream(source, api, strict=False)
    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        for _ in reading:
            pass
        message = reading.message
    finally:
        sys.setprofile(before)
    usable(message)
    return calls


def steps(source: bytes, api: Any) -> int:
    """Count the Python instructions for reading a stream: they include loops without calls."""
    taken = 0

    def trace(frame: Any, event: str, _argument: Any) -> Any:
        nonlocal taken
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        taken += event == "opcode"
        return trace

    reading = stream(source, api, strict=False)
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        for _ in reading:
            pass
    finally:
        sys.settrace(before)
    return taken


def peak(source: bytes, api: Any) -> int:
    """Return the memory, in bytes, for reading a stream and making its message."""
    read(source[:2000], api)  # load and cache everything once
    gc.collect()  # collect the objects of other tests first
    tracemalloc.start()
    try:
        reading = stream(source, api, strict=False)
        for _ in reading:
            pass
        message = reading.message
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert message.api == api
    return most


ARGUMENTS: dict[str, tuple[list[Any], Any, list[Any]]] = {
    "openai-chat": ([chunk(call("", index=0, id="c1", name="f"))], chunk(call("x", index=0)), [TOOLS]),
    "openai-responses": (
        [*CALL_EVENTS[:3], {"type": "response.function_call_arguments.delta", "delta": '{"a":"'} | OF_CALL],
        {"type": "response.function_call_arguments.delta", "delta": "x"} | OF_CALL,
        [
            {"type": "response.function_call_arguments.delta", "delta": '"}'} | OF_CALL,
            {"type": "response.output_item.done", "output_index": 0, "item": FUNCTION},
            ended("completed"),
        ],
    ),
    "anthropic": ([start(), block(TOOL_BLOCK)], delta("input_json", partial_json="x"), [stop(), *END]),
    "gemini": (
        [candidate({"functionCall": {"name": "f", "willContinue": True}})],
        candidate(
            {
                "functionCall": {
                    "partialArgs": [{"jsonPath": "$.a", "stringValue": "x", "willContinue": True}],
                    "willContinue": True,
                }
            }
        ),
        [
            candidate(
                {"functionCall": {"partialArgs": [{"jsonPath": "$.a", "stringValue": ""}], "willContinue": True}}
            ),
            candidate({"functionCall": {}}, finish="STOP"),
        ],
    ),
    "gemini-interactions": (
        [I_CREATED, step("function_call", id="c", name="f", arguments={})],
        more("arguments_delta", arguments="x"),
        [over(), I_COMPLETED],
    ),
}


def arguments(api: str, count: int) -> bytes:
    begin, piece, end = ARGUMENTS[api]
    return framed(*begin) + framed(piece) * count + framed(*end)


def texts(api: str, count: int) -> bytes:
    return framed(*BEGIN[api]) + framed(SAYS[api]("x")) * count + framed(*ENDS[api])


CALLS: dict[str, Callable[[int], list[Any]]] = {
    "openai-chat": lambda n: [chunk(call('{"a":1}', index=n, id=f"c{n}", name="f"))],
    "openai-responses": lambda n: [
        {
            "type": f"response.output_item.{when}",
            "output_index": n,
            "item": {"type": "function_call", "id": f"fc{n}", "call_id": f"c{n}", "name": "f", "arguments": said},
        }
        for when, said in (("added", ""), ("done", '{"a":1}'))
    ],
    "anthropic": lambda n: [
        block(TOOL_BLOCK | {"id": f"c{n}"}, n),
        delta("input_json", n, partial_json='{"a":1}'),
        stop(n),
    ],
    "gemini": lambda n: [candidate({"functionCall": {"id": f"c{n}", "name": "f", "args": {"a": 1}}})],
    "gemini-interactions": lambda n: [step("function_call", n, id=f"c{n}", name="f", arguments={"a": 1}), over(n)],
}


def many_calls(api: str, count: int) -> bytes:
    begin = [event for event in BEGIN[api] if event.get("type") != "content_block_start"]
    end = ENDS[api] if api != "anthropic" else list(END)
    return framed(*begin, *(event for n in range(count) for event in CALLS[api](n)), *end)


def unnamed_calls(api: str, count: int) -> bytes:
    """Return fragments without the start of a call."""
    return framed(*ARGUMENTS[api][0][:1]) + framed(ARGUMENTS[api][1]) * count


def unknown(api: str, count: int) -> bytes:
    return (
        framed(*BEGIN[api])
        + framed({"type": "hologram", "event_type": "hologram", "h": 1}) * count
        + framed(*ENDS[api])
    )


def errors(api: str, count: int) -> bytes:
    return (
        framed(*BEGIN[api], SAYS[api]("x"))
        + framed({"type": "error", "event_type": "error", "error": {"message": "m"}}) * count
    )


def no_json(api: str, count: int) -> bytes:
    return framed(*BEGIN[api], SAYS[api]("x")) + framed(text(SAYS[api]("x"))[:-1]) * count


def alternating(api: str, count: int) -> bytes:
    """Alternate text and other content, so that each piece starts a block."""
    other: dict[str, Any] = {
        "openai-chat": chunk({"reasoning": "x"}),
        "openai-responses": {
            "type": "response.reasoning_text.delta",
            "delta": "x",
            "output_index": 1,
            "content_index": 0,
        },
        "anthropic": delta("thinking", 1, thinking="x"),
        "gemini": candidate({"text": "x", "thought": True}),
        "gemini-interactions": more("text", 1, text="x"),
    }
    return framed(*BEGIN[api]) + framed(SAYS[api]("x"), other[api]) * count + framed(*ENDS[api])


def stray(api: str, count: int) -> bytes:
    """Return a long value without SSE framing."""
    return framed(*BEGIN[api], SAYS[api]("x")) + b'{"a": [\n' + b'{"b": "c"},\n' * count


def lines(api: str, count: int) -> bytes:
    """Return events without blank lines between them."""
    return framed(*BEGIN[api]) + framed(SAYS[api]("x")).rstrip(b"\n").join([b""] + [b"\n"] * count + [b"\n\n"])


HOSTED: dict[str, tuple[Callable[[int], list[Any]], list[Any]]] = {
    "openai-chat": (lambda n: [chunk({"content": "x"})], ENDS["openai-chat"]),
    "openai-responses": (
        lambda n: [{"type": "response.output_item.added", "output_index": n, "item": {"type": "file_search_call"}}],
        [{"type": "response.completed"}],
    ),
    "anthropic": (
        lambda n: [block({"type": "server_tool_use", "id": f"s{n}", "name": "f", "input": {}}, n), stop(n)],
        list(END),
    ),
    "gemini": (lambda n: [candidate({"executableCode": {}})], [candidate(finish="STOP")]),
    "gemini-interactions": (
        lambda n: [step("file_search_call", n)],
        [{"event_type": "interaction.completed", "interaction": {"status": "completed"}}],
    ),
}


FAILED: dict[str, Callable[[int], Any]] = {
    "openai-responses": lambda n: ended("failed", error={"code": "c", "message": f"m{n}"}),
    "gemini-interactions": lambda n: {
        "event_type": "interaction.completed", "interaction": {"status": "failed", "error": {"message": f"m{n}"}}
    },
}  # fmt: skip


def another_error(n: int) -> Any:
    return {"error": {"code": "c", "message": f"m{n}"}}


def failures(api: str, count: int) -> bytes:
    """Return errors, then many failing ends, each for another reason."""
    failed = FAILED.get(api, another_error)
    return errors(api, count) + framed(*(failed(n) for n in range(count)))


def endings(api: str, count: int) -> bytes:
    """Return the provider's tools, then many ends."""
    begun, end = HOSTED[api]
    return framed(*BEGIN[api]) + framed(*(event for n in range(count) for event in begun(n))) + framed(*end) * count


LONG = (
    arguments,
    texts,
    many_calls,
    unnamed_calls,
    unknown,
    errors,
    no_json,
    alternating,
    stray,
    lines,
    endings,
    failures,
)


@both
@pytest.mark.parametrize("made", LONG)
def test_work_is_linear(api: str, made: Callable[[str, int], bytes]) -> None:
    called(made(api, 10), api)
    small, large = called(made(api, 300), api), called(made(api, 1200), api)
    assert large < 4.2 * small
    assert steps(made(api, 240), api) < 4.2 * steps(made(api, 60), api)


def whole(message: dict[str, Any]) -> dict[str, Any]:
    return {"id": "c", "choices": [{"index": 0, "message": message}]}


OF_CHAT: dict[str, Callable[[int], list[Any]]] = {
    "messages in pieces": lambda n: [whole({"content": f"x{at}"}) for at in range(n)],
    "messages after deltas": lambda n: [chunk({"content": "x"})] * n + [whole({"content": f"y{at}"}) for at in range(n)],
    "messages after many blocks": lambda n: [chunk({"content": "x", "reasoning": "y"})] * n + [whole({"content": "z"})] * n,
    "whole calls": lambda n: [
        *(chunk(call("{}", index=at, id=f"c{at}", name="f")) for at in range(n)),
        *(whole({"tool_calls": [{"id": f"c{at}", "function": {"name": "f", "arguments": "{}"}}]}) for at in range(n)),
    ],
    "signed thinking": lambda n: [
        chunk({"thinking_blocks": [{"type": "thinking", "thinking": "x", "signature": f"S{at}"}]}) for at in range(n)
    ],
    "numbers": lambda n: [chunk({"content": [{"type": "text", "text": at + 0.5} for at in range(n)]})],
}  # fmt: skip


@pytest.mark.parametrize("made", OF_CHAT.values(), ids=OF_CHAT)
def test_work_is_linear_in_chat(made: Callable[[int], list[Any]]) -> None:
    few, many = framed(*made(60)), framed(*made(240))
    read(few, "openai-chat")  # cache everything once
    assert steps(many, "openai-chat") < 4.3 * steps(few, "openai-chat")


@both
@pytest.mark.parametrize("made", LONG)
def test_memory_is_a_small_multiple_of_the_stream(api: str, made: Callable[[str, int], bytes]) -> None:
    small, large = made(api, 500), made(api, 2000)

    def each_byte() -> float:
        return (peak(large, api) - peak(small, api)) / (len(large) - len(small))

    # Growth of a process-wide table happens once; the stream needs its memory each time.
    assert any(each_byte() < 12 for _ in range(3)), "bytes of memory a byte of the stream"


def completed(steps: list[Any]) -> dict[str, Any]:
    return {
        "event_type": "interaction.completed", "interaction": {"id": "i", "status": "completed", "steps": steps}
    }  # fmt: skip


TINY: dict[str, Callable[[int], Any]] = {
    "openai-chat": lambda n: {"choices": [{"index": index} for index in range(n)]},
    "openai-chat, images": lambda n: chunk({"images": [{"image_url": "x"}] * n}),
    "openai-chat, calls": lambda n: chunk({"tool_calls": [{}] * n}),
    "openai-responses": lambda n: ended("completed", output=[{}] * n),
    "openai-responses, calls": lambda n: ended("completed", output=[{"type": "_call"}] * n),
    "anthropic": lambda n: start() | {"message": {"id": "m", "content": [{}] * n}},
    "anthropic, results": lambda n: start() | {"message": {"id": "m", "content": [{"type": "a_tool_result"}] * n}},
    "gemini": lambda n: {"candidates": [{"index": index} for index in range(n)]},
    "gemini, parts": lambda n: candidate(*[{}] * n),
    "gemini-interactions": lambda n: completed([{}] * n),
    "gemini-interactions, calls": lambda n: completed([{"type": "_call"}] * n),
}


@pytest.mark.parametrize("shape", TINY)
def test_memory_of_an_object_is_bounded(shape: str) -> None:
    count = 5000
    assert peak(framed(TINY[shape](count)), shape.partition(",")[0]) / count < 2000, "bytes an object"


@both
def test_arguments_in_many_pieces(api: str) -> None:
    count = 20_000
    message = read(arguments(api, count), api)[1]
    expected = (
        "x" * count
        if api not in ("gemini", "openai-responses")
        else json.dumps({"a": "x" * count}, separators=(",", ":"))
    )
    assert message.tool_calls[0].arguments == expected
    assert message.complete


@both
def test_many_calls(api: str) -> None:
    count = 100_000 if api == "openai-chat" else 10_000
    message = read(many_calls(api, count), api)[1]
    assert [made.id for made in message.tool_calls] == [f"c{n}" for n in range(count)]
    assert {made.arguments for made in message.tool_calls} == {'{"a":1}'}
    assert message.complete


@both
def test_message_after_each_part(api: Any) -> None:
    reading = stream(texts(api, 50), api)
    said = [reading.message.text for part in reading if part.type == "TextDelta"]
    assert said == ["x" * n for n in range(1, 51)]


def test_large_payload_that_is_not_json_is_not_kept() -> None:
    source = framed(HEY[0], '{"a":"' + "x" * 5_000_000, *HEY[1:])
    assert peak(source, "anthropic") < 8 * len(source)
    assert len(read(source, "anthropic")[1].to_json()) < 10_000


def test_interleaved_texts_of_a_step() -> None:
    message = read(framed(I_CREATED, *I_TEXT, I_COMPLETED), "gemini-interactions")[1]
    assert message.text == "Hey"
