"""stream() and astream(): the format, the parts and the message, and the errors of strict streams."""

from __future__ import annotations

import inspect
import io
import json
import pickle
from typing import TYPE_CHECKING, Any

import pytest
from streams.clients import (
    loops,
    run_in,
)

import ssescan
from ssescan import (
    Outcome,
    ProviderError,
    ServerSentEvent,
    StreamCut,
    UnknownFormat,
)
from ssescan.providers import (
    End,
    Error,
    Message,
    Ping,
    Raw,
    TextDelta,
    astream,
    stream,
)

from .assertions import APIS, framed, read
from .reading import (
    BEGUN,
    BODY,
    CUT,
    MESSAGE,
    OF_TWO,
    PARTS,
    agenerated,
    aread_to_error,
    end_parts,
    generated,
    read_to_error,
)
from .test_tables_chat import CHAT, PLAIN, chunk
from .test_tables_responses import RESPONSES

if TYPE_CHECKING:
    from collections.abc import Callable


# --- Strictness

ENDINGS: dict[str, tuple[bytes, type[Exception] | None]] = {
    "whole": (BODY, None),
    "cut between events": (BEGUN, StreamCut),
    "cut within an event": (BODY[:-40], StreamCut),
    "error": (CHAT["error data"].stream, ProviderError),
    "error, then [DONE]": (CHAT["error then [DONE] (vLLM)"].stream, ProviderError),
    "no JSON": (CHAT["bad JSON in the middle"].stream, ProviderError),
    "response that failed": (RESPONSES["failed"].stream, ProviderError),
    "nothing": (b"", StreamCut),
    "nothing but comments": (b": ping\n\n" * 3, StreamCut),
}


@pytest.mark.parametrize(("body", "kind"), ENDINGS.values(), ids=ENDINGS)
def test_strict_stream_raises_after_its_end(body: bytes, kind: type[Exception] | None) -> None:
    reading = stream(body)
    parts, error = read_to_error(reading)
    assert type(error) is (kind or type(None))
    assert end_parts(parts) == [End(complete=kind is None)]
    if isinstance(error, (StreamCut, ProviderError)):
        assert error.message == reading.message
        assert not reading.message.complete
    assert list(reading) == [], "it is over"
    quiet = stream(body, strict=False)
    assert list(quiet) == parts
    assert quiet.message == reading.message


@loops
@pytest.mark.parametrize(("body", "kind"), ENDINGS.values(), ids=ENDINGS)
def test_strict_stream_raises_after_its_end_async(loop: str, body: bytes, kind: type[Exception] | None) -> None:
    async def main() -> None:
        async with astream(agenerated(body)) as reading:
            parts, error = await aread_to_error(reading)
            assert type(error) is (kind or type(None))
            assert parts == list(stream(body, strict=False))
            if isinstance(error, (StreamCut, ProviderError)):
                assert error.message == reading.message
            assert [part async for part in reading] == []
        async with astream(agenerated(body), strict=False) as reading:
            assert [part async for part in reading] == parts

    run_in(loop, main)


def test_exception_has_the_providers_error() -> None:
    raw_error = {"message": "boom", "type": "server_error", "param": None, "code": "c7"}
    with pytest.raises(ProviderError) as caught:
        stream(framed(chunk({"content": "a"}), {"error": raw_error})).collect()
    error = caught.value
    assert (error.api, error.kind, error.code, error.detail) == ("openai-chat", "server_error", "c7", "boom")
    assert error.raw == raw_error
    assert error.message.text == "a"
    assert "boom" in str(error)


def test_providers_error_wins_over_ours() -> None:
    with pytest.raises(ProviderError) as caught:
        stream(framed(chunk({"content": "a"}), '{"a"', {"error": {"message": "boom"}})).collect()
    assert caught.value.detail == "boom"
    assert len(caught.value.message.errors) == 2


# --- Names of formats


@pytest.mark.parametrize("made", [stream, astream])
@pytest.mark.parametrize("api", ["openai", "", "Anthropic", "openai_chat"])
def test_unknown_api_is_refused_at_once(made: Any, api: Any) -> None:
    with pytest.raises(ValueError, match=r"openai-chat.*openai-responses.*anthropic.*gemini.*gemini-interactions"):
        made([], api) if made is stream else made(agenerated(), api)


@pytest.mark.parametrize("api", [1, b"anthropic", True, object()])
def test_api_of_wrong_type_is_refused_at_once(api: Any) -> None:
    with pytest.raises(TypeError, match="api"):
        stream([], api)


@pytest.mark.parametrize("strict", [1, 0, None, "yes"])
@pytest.mark.parametrize("source", [list, agenerated], ids=["sync", "async"])
def test_strict_is_a_bool(source: Callable[[], Any], strict: Any) -> None:
    with pytest.raises(TypeError, match="strict"):
        (stream if isinstance(source(), list) else astream)(source(), strict=strict)


@pytest.mark.parametrize("stall", [1, 0.5, (1, 2)])
def test_stall_is_a_stall(stall: Any) -> None:
    with pytest.raises(TypeError, match="stall"):
        stream([], stall=stall)


WRONG_SOURCES: dict[str, tuple[Any, Callable[[], Any], str]] = {
    "text": (stream, lambda: "data: 1\n\n", "bytes"),
    "a text file": (stream, lambda: io.StringIO("data: 1\n\n"), "'rb'"),
    "an async iterable": (stream, agenerated, "astream"),
    "an async stream of events": (stream, lambda: ssescan.aiter_events(b""), "astream"),
    "nothing": (stream, lambda: None, "NoneType"),
    "a list, asynchronously": (astream, lambda: [BODY], "'?stream"),
    "a stream of events, asynchronously": (astream, lambda: ssescan.iter_events(b""), "'?stream"),
    "text, asynchronously": (astream, lambda: "data: 1\n\n", "bytes"),
}


@pytest.mark.filterwarnings("ignore:.*was not closed:ResourceWarning")
@pytest.mark.parametrize(("made", "source", "hint"), WRONG_SOURCES.values(), ids=WRONG_SOURCES)
def test_wrong_sources_are_refused_at_once(made: Any, source: Callable[[], Any], hint: str) -> None:
    with pytest.raises(TypeError, match=hint):
        made(source())


UNKNOWN = {
    "another service": '{"hello": "world"}',
    "MCP": '{"jsonrpc": "2.0", "id": 1, "result": {}}',
}
NO_JSON = {"a word": "hello", "half of an event": '{"hello": '}


@pytest.mark.parametrize("data", ["17", "null", '"ok"'])
def test_first_event_that_is_not_an_object(data: str) -> None:
    first = f"data: {data}\n\n".encode()
    parts = list(stream([first, BODY]))
    assert parts == [Raw(name="value", data=json.loads(data)), *stream(BODY)]
    with pytest.raises(UnknownFormat) as raised:
        list(stream(first))
    assert raised.value.event.data == data


@pytest.mark.parametrize("api", ["ping", "keepalive"])
def test_ping_as_first_event(api: str) -> None:
    parts = list(stream([f'data: {{"type": "{api}"}}\n\n'.encode(), BODY]))
    assert parts == [Ping(), *stream(BODY)]


@pytest.mark.parametrize("data", UNKNOWN.values(), ids=UNKNOWN)
def test_unknown_format_is_raised(data: str) -> None:
    closed = generated(*[f"event: greeting\nid: 7\ndata: {data}\n\n".encode()] * 9, BODY)
    reading = stream(closed)
    parts, error = read_to_error(reading)
    assert isinstance(error, UnknownFormat)
    assert error.event == ServerSentEvent("greeting", data, "7")
    assert reading.api is None
    assert reading.outcome is Outcome.FAILED
    assert not [part for part in parts if not isinstance(part, (Raw, Ping, End))]
    assert inspect.getgeneratorstate(closed) == inspect.GEN_CLOSED  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="format"):
        reading.message.to_turn()
    json.loads(reading.message.to_json())


@pytest.mark.parametrize("data", NO_JSON.values(), ids=NO_JSON)
def test_first_events_that_are_not_json(data: str) -> None:
    with pytest.raises(UnknownFormat) as caught:
        stream(framed(data, data)).collect()
    assert caught.value.event == ServerSentEvent(data=data)
    parts, message, reading = read(framed(data) + BODY)
    assert end_parts(parts) == [CUT]
    assert [error.kind for error in message.errors] == ["decode"]
    assert (reading.api, message.text) == ("anthropic", "Hey")


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("data", [*UNKNOWN.values(), *NO_JSON.values()], ids=[*UNKNOWN, *NO_JSON])
def test_named_api_accepts_unknown_events(api: Any, data: str) -> None:
    parts, message, reading = read(framed(data), api)
    assert reading.api == api
    assert any(isinstance(part, (Raw, Error)) for part in parts)
    assert end_parts(parts) == [CUT]
    assert not message.complete


# --- text(), collect(), message


def test_text_is_the_text_of_choice_0() -> None:
    body = framed(
        chunk({"content": "a", "reasoning": "r"}), chunk({"content": "x"}, index=1), chunk({"content": "b"}), "[DONE]"
    )
    assert list(stream(body, strict=False).text()) == ["a", "b"]


def test_text_and_collect_continue_after_a_loop() -> None:
    reading = stream(BODY)
    for part in reading:
        if isinstance(part, TextDelta):
            break
    assert reading.message.text == "He"
    assert list(reading.text()) == ["y"]
    assert reading.collect() == MESSAGE
    reading = stream(BODY)
    assert next(reading.text()) == "He"
    assert reading.collect() == MESSAGE
    assert reading.collect() == MESSAGE, "it may be asked for again"


def test_text_raises_like_the_stream() -> None:
    reading = stream(BEGUN).text()
    assert next(reading) == "He"
    with pytest.raises(StreamCut):
        next(reading)


@loops
def test_text_and_collect_continue_after_a_loop_async(loop: str) -> None:
    async def main() -> None:
        async with astream(agenerated(*OF_TWO)) as reading:
            async for part in reading:
                if isinstance(part, TextDelta):
                    break
            assert reading.message.text == "He"
            assert [text async for text in reading.text()] == ["y"]
            assert await reading.collect() == MESSAGE
        async with astream(agenerated(BEGUN)) as reading:
            text = reading.text()
            assert await anext(text) == "He"
            with pytest.raises(StreamCut):
                await anext(text)

    run_in(loop, main)


def test_message_at_any_time() -> None:
    reading = stream(OF_TWO)
    assert (reading.message.text, reading.message.api, reading.message.complete) == ("", None, False)
    assert reading.message.choices == []
    kept = []
    for _ in reading:
        kept.append(reading.message)
        kept[-1].to_json()
    assert kept[-1] == MESSAGE
    # With the end of the source, Finish and End are known at once.
    assert [message.complete for message in kept[:-2]] == [False] * (len(kept) - 2)
    assert kept[0].text == "", "what was given does not change"


# --- Pickles


def picklable() -> dict[str, Any]:
    message = read(RESPONSES["function"].stream)[1]
    made: dict[str, Any] = {f"message, {api}": read(body)[1] for api, body in (("anthropic", BODY), ("chat", PLAIN))}
    made |= {f"part {part.type}": part for part in [*PARTS, *read(RESPONSES["reasoning"].stream)[0]]}
    made |= {
        "message": message,
        "cut": StreamCut(message),
        "provider's error": ProviderError("openai-chat", "server_error", 500, "boom", {"message": "boom"}, message),
        "unknown format": UnknownFormat(ServerSentEvent(data="{}")),
        "call": message.tool_calls[0],
    }
    return made


@pytest.mark.parametrize("name", picklable())
def test_results_and_exceptions_can_be_pickled(name: str) -> None:
    thing = picklable()[name]
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(thing, protocol))
        assert type(again) is type(thing)
        if isinstance(thing, Exception):
            assert str(again) == str(thing)
            assert vars(again) == vars(thing)
        else:
            assert again == thing


def test_message_of_an_exception_can_be_pickled() -> None:
    with pytest.raises(ProviderError) as caught:
        stream(CHAT["error + choices openrouter"].stream).collect()
    again = pickle.loads(pickle.dumps(caught.value))
    assert isinstance(again.message, Message)
    assert again.message == caught.value.message
    assert again.message.to_turn() == caught.value.message.to_turn()
