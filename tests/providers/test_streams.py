"""stream() and astream(): where they read from, how they end, what they raise, and what they close."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import inspect
import io
import json
import os
import pickle
import time
import weakref
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest
import trio
from streams.clients import (
    CLIENTS,
    AsyncClient,
    Client,
    async_clients,
    httpx_leaves_generators,
    loops,
    pause,
    run_in,
    sync_clients,
)
from streams.server import Do

import ssescan
from ssescan import (
    EventTooLarge,
    Outcome,
    ProviderError,
    ServerSentEvent,
    Stall,
    StreamCut,
    StreamStalled,
    UnexpectedContentType,
    UnexpectedStatus,
    UnknownFormat,
)
from ssescan.providers import (
    AsyncMessageStream,
    End,
    Error,
    Finish,
    Message,
    MessageStream,
    Part,
    Ping,
    Raw,
    TextDelta,
    astream,
    stream,
)

from .said import APIS, framed, in_few_words, read
from .test_tables_anthropic import HEY, PING
from .test_tables_chat import CHAT, PLAIN, chunk
from .test_tables_gemini import BUSY, GHE, GY
from .test_tables_responses import RESPONSES, named

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from streams.server import Exchange, Server

BODY = named(*HEY)
BEGUN = named(*HEY[:3])  # "He", and it is not over
REST = named(*HEY[3:])
PARTS, MESSAGE, _ = read(BODY)
SAID = {"text": "Hey", "finish": "stop"}
CUT = End(complete=False)
OF_TWO = [BODY[:200], BODY[200:]]
EVENTS = [*ssescan.iter_events(BODY)]
SHORT = 0.05  # seconds: a limit that is to pass
LONG = 600  # seconds: a limit that is not


class Boom(Exception):
    """Raised by a source, or by the program, in the middle of things."""


def generated(*chunks: Any, then: BaseException | None = None) -> Iterator[Any]:
    yield from chunks
    if then is not None:
        raise then


async def agenerated(*chunks: Any, then: BaseException | None = None) -> AsyncIterator[Any]:
    for one in chunks:
        yield one
    if then is not None:
        raise then


def read_to_error(reading: MessageStream) -> tuple[list[Part], Exception | None]:
    """Give the parts, and what was raised after them."""
    parts = []
    try:
        for part in reading:
            parts.append(part)
    except Exception as error:
        return parts, error
    return parts, None


async def aread_to_error(reading: AsyncMessageStream) -> tuple[list[Part], Exception | None]:
    parts = []
    try:
        async for part in reading:
            parts.append(part)
    except Exception as error:
        return parts, error
    return parts, None


def told_of_end(parts: list[Part]) -> list[End]:
    """Give the parts End, having seen that there is none but the last."""
    ends = [part for part in parts if isinstance(part, End)]
    assert ends == parts[-1:]
    return ends


# --- Sources


def bytes_io(path: Path) -> Any:
    return io.BytesIO(path.read_bytes())


def buffered(path: Path) -> Any:
    return path.open("rb")


def raw(path: Path) -> Any:
    return path.open("rb", buffering=0)


def pipe(path: Path) -> Any:
    reading, writing = os.pipe()
    os.write(writing, path.read_bytes())
    os.close(writing)
    return os.fdopen(reading, "rb")


@pytest.mark.parametrize("opened", [bytes_io, buffered, raw, pipe])
def test_files_are_read_and_not_closed(tmp_path: Path, opened: Callable[[Path], Any]) -> None:
    path = tmp_path / "stream"
    path.write_bytes(BODY)
    with opened(path) as file:
        with stream(file) as reading:
            assert list(reading) == PARTS
        assert reading.outcome is Outcome.ENDED
        assert reading.bytes_read == len(BODY)
        assert not file.closed


IN_MEMORY: dict[str, Callable[[], Any]] = {
    "bytes": lambda: BODY,
    "bytearray": lambda: bytearray(BODY),
    "memoryview": lambda: memoryview(BODY),
    "list": lambda: OF_TWO,
    "tuple of memoryviews": lambda: tuple(map(memoryview, OF_TWO)),
    "generator": lambda: generated(*OF_TWO),
    "empty chunks": lambda: [b"", *OF_TWO, b""],
    "one byte each": lambda: [BODY[at : at + 1] for at in range(len(BODY))],
    "an unread stream of events": lambda: ssescan.iter_events(OF_TWO),
}


@pytest.mark.parametrize("source", IN_MEMORY.values(), ids=IN_MEMORY)
@pytest.mark.parametrize("api", [None, "anthropic"])
def test_chunks_are_read(source: Callable[[], Any], api: Any) -> None:
    before = time.perf_counter_ns()
    reading = stream(source(), api)
    assert (reading.api, reading.outcome, reading.reads, reading.bytes_read) == (api, None, 0, 0)
    assert reading.response is None
    assert reading.received_ns is None
    received: list[Any] = []
    parts = []
    for part in reading:
        parts.append(part)
        received.append(reading.received_ns)
    assert parts == PARTS
    assert reading.message == MESSAGE
    assert reading.api == "anthropic"
    assert reading.outcome is Outcome.ENDED
    assert reading.bytes_read == len(BODY)
    assert reading.reads >= 1
    assert received == sorted(received)
    assert before <= received[0] <= received[-1] <= time.perf_counter_ns()
    assert next(reading, None) is None


OF_EVENTS: dict[str, Callable[[], Any]] = {
    "list": lambda: EVENTS,
    "generator": lambda: generated(*EVENTS),
    "without names": lambda: [ServerSentEvent(data=event.data) for event in EVENTS],
}


def test_a_stream_of_events_that_was_read_already_is_refused_as_half_an_answer_would_be_taken_for_a_whole_one() -> None:
    events = ssescan.iter_events(BODY)
    next(events)
    with pytest.raises(ValueError, match="was read already"):
        stream(events)


@pytest.mark.parametrize("source", OF_EVENTS.values(), ids=OF_EVENTS)
def test_events_are_read(source: Callable[[], Any]) -> None:
    reading = stream(source())
    assert list(reading) == PARTS
    assert reading.message == MESSAGE
    assert reading.received_ns is not None


def test_events_whose_data_has_lines_and_names_are_read() -> None:
    data = json.dumps(chunk({"content": "a\u2028b"}), indent=1, ensure_ascii=False)
    events: Any = [ServerSentEvent("\u2028odd\nname", data), ServerSentEvent(data=""), ServerSentEvent(data="[DONE]")]
    assert read(events)[1].text == "a\u2028b"


def test_events_of_an_async_iterable_are_read() -> None:
    async def main() -> None:
        async with astream(agenerated(*EVENTS)) as reading:
            assert [part async for part in reading] == PARTS

    asyncio.run(main())


@sync_clients
@pytest.mark.parametrize("wrapped", [False, True], ids=["response", "unread stream of it"])
def test_responses_are_read(server: Server, client: Client, wrapped: bool) -> None:
    exchange = server.offers(BEGUN, Do.WAIT, REST)
    with client.opens(exchange.url) as response:
        source = ssescan.iter_events(response) if wrapped else response
        with stream(source) as reading:
            assert reading.response is response
            parts = [next(reading)]
            while not isinstance(parts[-1], TextDelta):
                parts.append(next(reading))  # before the rest was sent
            first = reading.received_ns
            exchange.go()
            parts += reading
            assert parts == PARTS
            assert reading.received_ns > first  # type: ignore[operator]
            assert reading.outcome is Outcome.ENDED
            assert reading.bytes_read == len(BODY)


@httpx_leaves_generators
@async_clients
@pytest.mark.parametrize("wrapped", [False, True], ids=["response", "unread stream of it"])
def test_responses_are_read_asynchronously(server: Server, client: AsyncClient, wrapped: bool) -> None:
    exchange = server.offers(BEGUN, Do.WAIT, REST)

    async def main() -> None:
        async with client.opens(exchange.url) as response:
            source = ssescan.aiter_events(response) if wrapped else response
            async with astream(source) as reading:
                assert reading.response is response
                parts = [await anext(reading)]
                while not isinstance(parts[-1], TextDelta):
                    parts.append(await anext(reading))
                exchange.go()
                async for part in reading:
                    parts.append(part)
                assert parts == PARTS
                assert reading.message == MESSAGE
                assert reading.outcome is Outcome.ENDED
                assert reading.bytes_read == len(BODY)
                assert reading.received_ns is not None

    client.run(main)


@sync_clients
def test_an_unread_stream_of_events_may_be_dropped_by_who_passed_it(server: Server, client: Client) -> None:
    exchange = server.offers(BEGUN, Do.WAIT, REST)
    with client.opens(exchange.url) as response:
        events = ssescan.iter_events(response)
        gone = weakref.ref(events)
        reading = stream(events)
        del events
        gc.collect()
        assert gone() is None
        exchange.go()
        assert reading.collect() == MESSAGE


@httpx_leaves_generators
@async_clients
def test_an_unread_asynchronous_stream_of_events_may_be_dropped_as_well(server: Server, client: AsyncClient) -> None:
    exchange = server.offers(BEGUN, Do.WAIT, REST)

    async def main() -> None:
        async with client.opens(exchange.url) as response:
            async with astream(ssescan.aiter_events(response)) as reading:
                gc.collect()
                exchange.go()
                assert await reading.collect() == MESSAGE

    client.run(main)


def test_an_unread_stream_of_events_that_was_entered_is_read() -> None:
    with ssescan.iter_events(OF_TWO) as events:
        assert stream(events).collect() == MESSAGE


@pytest.mark.parametrize("chunks", [[BODY + b"data: " + b"x" * 5000 + b"\n\n"], [BODY, b"data: " + b"x" * 5000]])
def test_the_limit_of_a_stream_of_events_is_kept_and_raises_after_the_end(chunks: list[bytes]) -> None:
    reading = stream(ssescan.iter_events(chunks, max_event_size=2000))
    parts, error = read_to_error(reading)
    assert isinstance(error, EventTooLarge)
    assert error.limit == 2000
    assert told_of_end(parts) == [CUT]
    assert reading.outcome is Outcome.FAILED
    assert in_few_words(reading.message) == SAID
    assert not reading.message.complete


def test_the_limit_raises_after_the_end_though_the_stream_is_not_read_strictly() -> None:
    reading = stream(ssescan.iter_events([BEGUN, b"data: " + b"x" * 5000], max_event_size=2000), strict=False)
    parts, error = read_to_error(reading)
    assert isinstance(error, EventTooLarge)
    assert told_of_end(parts) == [CUT]
    assert reading.message.text == "He"


def test_events_over_the_limit_are_skipped_if_the_stream_of_events_said_so_and_leave_a_hole() -> None:
    large = b"data: " + b"x" * 5000 + b"\n\n"
    reading = stream(ssescan.iter_events([BEGUN, large, REST], max_event_size=2000, oversize="skip"))
    with pytest.raises(StreamCut, match="or an event of it was over max_event_size and skipped"):
        reading.collect()
    assert reading.outcome is Outcome.ENDED
    assert reading.message.text == MESSAGE.text
    assert not reading.message.complete


# --- JSON bodies (S14)

GEMINI_ARRAY = json.dumps([GHE, GY], indent=2).replace("\n", "\r\n").encode()
ERROR_BODY = json.dumps({"error": BUSY}, indent=2).encode()
WHOLE_CHAT = json.dumps(
    {
        "id": "c",
        "object": "chat.completion",
        "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hey"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
    },
    indent=2,
).encode()
JSON_BODIES: dict[str, tuple[bytes, Any, dict[str, Any], bool]] = {
    "Gemini without alt=sse": (GEMINI_ARRAY, "gemini", SAID, True),
    "an error": (ERROR_BODY, "gemini", {}, False),
    "an error in an array": (b"[" + ERROR_BODY + b"]", "gemini", {}, False),
    "an error after some text": (json.dumps([GHE, {"error": BUSY}]).encode(), "gemini", {"text": "He"}, False),
    "an answer that was not streamed": (WHOLE_CHAT, "openai-chat", SAID, True),
}


@pytest.mark.parametrize(("body", "api", "said", "complete"), JSON_BODIES.values(), ids=JSON_BODIES)
@sync_clients
def test_a_json_body_is_read(
    server: Server, client: Client, body: bytes, api: str, said: dict[str, Any], complete: bool
) -> None:
    half = len(body) // 2
    exchange = server.offers(body[:half], body[half:], content_type="application/json; charset=UTF-8")
    with client.opens(exchange.url) as response, stream(response, strict=False) as reading:
        parts = list(reading)
        assert told_of_end(parts) == [End(complete=complete)]
        assert in_few_words(reading.message) == said
        assert reading.message.complete is complete
        assert [error.message for error in reading.message.errors] == ([] if complete else ["busy"])
        assert reading.api == api
        assert reading.bytes_read == len(body)
        assert 1 <= reading.reads <= 2
        assert reading.received_ns is not None
        assert reading.outcome is Outcome.ENDED


@httpx_leaves_generators
@async_clients
def test_a_json_body_is_read_asynchronously(server: Server, client: AsyncClient) -> None:
    exchange = server.offers(ERROR_BODY, content_type="application/json")

    async def main() -> None:
        async with client.opens(exchange.url) as response, astream(response) as reading:
            parts, error = await aread_to_error(reading)
            assert isinstance(error, ProviderError)
            assert (error.api, error.code, error.detail) == ("gemini", 503, "busy")
            assert error.message == reading.message
            assert told_of_end(parts) == [CUT]
            assert reading.bytes_read == len(ERROR_BODY)
            assert reading.reads == 1

    client.run(main)


@pytest.mark.parametrize("length", [0, 1, 50, len(GEMINI_ARRAY) - 1])
def test_a_json_body_that_was_cut_is_no_success(server: Server, length: int) -> None:
    exchange = server.offers(GEMINI_ARRAY[:length], content_type="application/json")
    with CLIENTS[0].opens(exchange.url) as response, stream(response, "gemini") as reading:
        parts, error = read_to_error(reading)
        assert isinstance(error, (StreamCut, ProviderError))
        assert told_of_end(parts) == [CUT]
        assert reading.bytes_read == length


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_line_ends_in_a_json_body_are_spaces(server: Server, line_end: str) -> None:
    body = json.dumps([GHE, GY], indent=2).replace("\n", line_end) + line_end * 3
    exchange = server.offers(body.encode(), content_type="application/json")
    with CLIENTS[0].opens(exchange.url) as response:
        assert in_few_words(stream(response).collect()) == SAID


# --- Refusals


@pytest.mark.parametrize("entered", [False, True], ids=["at the first read", "when entered"])
@pytest.mark.parametrize("content_type", ["application/json", "text/event-stream", "text/html"])
@sync_clients
def test_a_response_with_an_error_status_is_refused(
    server: Server, client: Client, content_type: str, entered: bool
) -> None:
    exchange = server.offers(b'{"error": "no key"}', status=401, content_type=content_type)
    with client.opens(exchange.url) as response:
        reading = stream(response)  # nothing is looked at here
        with pytest.raises(UnexpectedStatus) as caught:
            reading.__enter__() if entered else next(reading)
        assert (caught.value.status, caught.value.body) == (401, b'{"error": "no key"}')
        assert caught.value.response is response
        assert reading.outcome is Outcome.FAILED
        assert list(reading) == []
        assert reading.message.to_dict()["text"] == ""


@pytest.mark.parametrize("content_type", ["text/html; charset=utf-8", "text/plain", None])
def test_a_response_of_another_type_is_refused(server: Server, content_type: str | None) -> None:
    exchange = server.offers(BODY, content_type=content_type)
    with CLIENTS[0].opens(exchange.url) as response:
        with pytest.raises(UnexpectedContentType) as caught:
            stream(response, "anthropic", strict=False).collect()
        assert caught.value.content_type == (content_type or "")
    exchange = server.offers(BODY, content_type=content_type)
    with CLIENTS[0].opens(exchange.url) as response:
        assert stream(response.iter_bytes()).collect() == MESSAGE


@httpx_leaves_generators
@async_clients
@pytest.mark.parametrize(("status", "kind"), [(401, UnexpectedStatus), (200, UnexpectedContentType)])
def test_responses_are_refused_asynchronously(
    server: Server, client: AsyncClient, status: int, kind: type[Exception]
) -> None:
    async def main() -> None:
        for entered in (False, True):
            exchange = server.offers(b"<p>no</p>", status=status, content_type="text/html")
            async with client.opens(exchange.url) as response:
                reading = astream(response)
                with pytest.raises(kind, match="<p>no</p>"):
                    await (reading.__aenter__() if entered else anext(reading))
                assert reading.outcome is Outcome.FAILED
                assert [part async for part in reading] == []

    client.run(main)


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
def test_a_strict_stream_raises_after_its_end_what_is_no_success(body: bytes, kind: type[Exception] | None) -> None:
    reading = stream(body)
    parts, error = read_to_error(reading)
    assert type(error) is (kind or type(None))
    assert told_of_end(parts) == [End(complete=kind is None)]
    if isinstance(error, (StreamCut, ProviderError)):
        assert error.message == reading.message
        assert not reading.message.complete
    assert list(reading) == [], "it is over"
    quiet = stream(body, strict=False)
    assert list(quiet) == parts
    assert quiet.message == reading.message


@loops
@pytest.mark.parametrize(("body", "kind"), ENDINGS.values(), ids=ENDINGS)
def test_a_strict_asynchronous_stream_does_so_too(loop: str, body: bytes, kind: type[Exception] | None) -> None:
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


def test_what_the_provider_said_went_wrong_is_in_the_exception() -> None:
    raw_error = {"message": "boom", "type": "server_error", "param": None, "code": "c7"}
    with pytest.raises(ProviderError) as caught:
        stream(framed(chunk({"content": "a"}), {"error": raw_error})).collect()
    error = caught.value
    assert (error.api, error.kind, error.code, error.detail) == ("openai-chat", "server_error", "c7", "boom")
    assert error.raw == raw_error
    assert error.message.text == "a"
    assert "boom" in str(error)


def test_of_several_errors_what_the_provider_said_comes_before_what_we_say() -> None:
    with pytest.raises(ProviderError) as caught:
        stream(framed(chunk({"content": "a"}), '{"a"', {"error": {"message": "boom"}})).collect()
    assert caught.value.detail == "boom"
    assert len(caught.value.message.errors) == 2


# --- Names of formats


@pytest.mark.parametrize("made", [stream, astream])
@pytest.mark.parametrize("api", ["openai", "", "Anthropic", "openai_chat"])
def test_an_unknown_api_is_refused_at_once(made: Any, api: Any) -> None:
    with pytest.raises(ValueError, match=r"openai-chat.*openai-responses.*anthropic.*gemini.*gemini-interactions"):
        made([], api) if made is stream else made(agenerated(), api)


@pytest.mark.parametrize("api", [1, b"anthropic", True, object()])
def test_an_api_of_another_type_is_refused_at_once(api: Any) -> None:
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
def test_a_source_that_is_none_is_refused_at_once(made: Any, source: Callable[[], Any], hint: str) -> None:
    with pytest.raises(TypeError, match=hint):
        made(source())


UNKNOWN = {
    "another service": '{"hello": "world"}',
    "MCP": '{"jsonrpc": "2.0", "id": 1, "result": {}}',
}
NO_JSON = {"a word": "hello", "half of an event": '{"hello": '}


@pytest.mark.parametrize("data", ["17", "null", '"ok"'])
def test_a_first_event_that_is_no_object_does_not_decide_on_the_format(data: str) -> None:
    first = f"data: {data}\n\n".encode()
    parts = list(stream([first, BODY]))
    assert parts == [Raw(name="value", data=json.loads(data)), *stream(BODY)]
    with pytest.raises(UnknownFormat) as raised:
        list(stream(first))
    assert raised.value.event.data == data


@pytest.mark.parametrize("api", ["ping", "keepalive"])
def test_a_sign_of_life_does_not_decide_on_the_format(api: str) -> None:
    parts = list(stream([f'data: {{"type": "{api}"}}\n\n'.encode(), BODY]))
    assert parts == [Ping(), *stream(BODY)]


@pytest.mark.parametrize("data", UNKNOWN.values(), ids=UNKNOWN)
def test_a_first_event_of_no_known_format_is_raised(data: str) -> None:
    closed = generated(f"event: greeting\nid: 7\ndata: {data}\n\n".encode(), BODY)
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
def test_events_that_are_no_json_do_not_tell_the_format(data: str) -> None:
    with pytest.raises(UnknownFormat) as caught:
        stream(framed(data, data)).collect()
    assert caught.value.event == ServerSentEvent(data=data)
    parts, message, reading = read(framed(data) + BODY)
    assert told_of_end(parts) == [CUT]
    assert [error.kind for error in message.errors] == ["decode"]
    assert (reading.api, message.text) == ("anthropic", "Hey")


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("data", [*UNKNOWN.values(), *NO_JSON.values()], ids=[*UNKNOWN, *NO_JSON])
def test_where_the_format_was_named_no_event_is_unknown(api: Any, data: str) -> None:
    parts, message, reading = read(framed(data), api)
    assert reading.api == api
    assert any(isinstance(part, (Raw, Error)) for part in parts)
    assert told_of_end(parts) == [CUT]
    assert not message.complete


# --- text(), collect(), message


def test_text_is_the_text_of_choice_0_alone() -> None:
    body = framed(
        chunk({"content": "a", "reasoning": "r"}), chunk({"content": "x"}, index=1), chunk({"content": "b"}), "[DONE]"
    )
    assert list(stream(body, strict=False).text()) == ["a", "b"]


def test_text_and_collect_go_on_where_the_loop_was_left() -> None:
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


def test_text_raises_as_the_stream_does() -> None:
    reading = stream(BEGUN).text()
    assert next(reading) == "He"
    with pytest.raises(StreamCut):
        next(reading)


@loops
def test_asynchronous_text_and_collect_go_on_where_the_loop_was_left(loop: str) -> None:
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


def test_the_message_may_be_asked_for_at_any_time() -> None:
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


# --- Errors of the transport


@pytest.mark.parametrize("strict", [True, False])
def test_what_a_source_raises_passes_after_the_end(strict: bool) -> None:
    boom = Boom()
    reading = stream(generated(BEGUN, then=boom), strict=strict)
    parts, error = read_to_error(reading)
    assert error is boom
    assert told_of_end(parts) == [CUT]
    assert reading.message.text == "He"
    assert reading.outcome is Outcome.FAILED
    assert list(reading) == []


@pytest.mark.parametrize("api", [None, "anthropic"])
@pytest.mark.parametrize("begin", [[], [b": ping\n\n"], [b"data: {"]], ids=["nothing", "a comment", "half an event"])
def test_what_a_source_raises_before_the_first_event_passes_after_the_end(api: Any, begin: list[bytes]) -> None:
    reading = stream(generated(*begin, then=Boom()), api)
    parts, error = read_to_error(reading)
    assert isinstance(error, Boom)
    assert told_of_end(parts) == [CUT]


def test_what_a_source_raises_after_a_whole_answer_passes_as_well() -> None:
    reading = stream(generated(BODY, then=Boom()))
    parts, error = read_to_error(reading)
    assert isinstance(error, Boom)
    assert told_of_end(parts) == [CUT]
    assert in_few_words(reading.message) == SAID


@loops
@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("begin", [[], [b": ping\n\n"], [BEGUN]], ids=["nothing", "a comment", "some text"])
def test_what_an_asynchronous_source_raises_passes_after_the_end(loop: str, strict: bool, begin: list[bytes]) -> None:
    async def main() -> None:
        async with astream(agenerated(*begin, then=Boom()), strict=strict) as reading:
            parts, error = await aread_to_error(reading)
            assert isinstance(error, Boom)
            assert told_of_end(parts) == [CUT]
            assert reading.message.text == ("He" if begin == [BEGUN] else "")
            assert reading.outcome is Outcome.FAILED

    run_in(loop, main)


@sync_clients
@pytest.mark.parametrize("how", [Do.DROP, Do.RESET])
def test_a_connection_that_breaks_raises_after_the_end(server: Server, client: Client, how: Do) -> None:
    exchange = server.offers(BEGUN, Do.WAIT, how)
    with client.opens(exchange.url) as response, stream(response, strict=False) as reading:
        parts = [next(reading)]
        while not isinstance(parts[-1], TextDelta):
            parts.append(next(reading))
        exchange.go()
        more, error = read_to_error(reading)
        assert isinstance(error, client.broken)
        assert told_of_end(parts + more) == [CUT]
        assert reading.message.text == "He"


@httpx_leaves_generators
@async_clients
def test_a_connection_that_breaks_raises_after_the_end_asynchronously(server: Server, client: AsyncClient) -> None:
    exchange = server.offers(BEGUN, Do.WAIT, Do.DROP)

    async def main() -> None:
        async with client.opens(exchange.url) as response, astream(response, strict=False) as reading:
            parts = [await anext(reading)]
            while not isinstance(parts[-1], TextDelta):
                parts.append(await anext(reading))
            exchange.go()
            more, error = await aread_to_error(reading)
            assert isinstance(error, client.broken)
            assert told_of_end(parts + more) == [CUT]
            assert reading.message.text == "He"

    client.run(main)


# --- Stalls

SIGNS_OF_LIFE: dict[str, tuple[bytes, bytes]] = {
    "pings of Anthropic": (BEGUN, named(PING)),
    "comments": (BEGUN, b": ping\n\n"),
    "empty data": (BEGUN, b"data:\n\n"),
    "keepalives of Responses": (RESPONSES["truncated"].stream, named({"type": "keepalive", "sequence_number": 3})),
    "comments in data": (CHAT["truncated no finish"].stream, b"data: : OPENROUTER PROCESSING\n\n"),
}


def for_ever(begin: bytes, sign: bytes, seconds: float = 0.0) -> Iterator[bytes]:
    """Say something, then give signs of life, each after so long, for longer than any test here waits."""
    yield begin
    for _ in range(5000):
        time.sleep(seconds)  # what a slow source is
        yield sign


@pytest.mark.parametrize(("begin", "sign"), SIGNS_OF_LIFE.values(), ids=SIGNS_OF_LIFE)
@pytest.mark.parametrize("kept", [False, True], ids=["given", "of the stream of events"])
@pytest.mark.parametrize("strict", [True, False])
def test_signs_of_life_are_no_progress(begin: bytes, sign: bytes, kept: bool, strict: bool) -> None:
    limits = Stall(progress=SHORT)
    chunks = for_ever(begin, sign, SHORT / 20)
    reading = (
        stream(ssescan.iter_events(chunks, stall=limits), strict=strict)
        if kept
        else stream(chunks, strict=strict, stall=limits)
    )
    parts, error = read_to_error(reading)
    assert isinstance(error, StreamStalled)
    assert (error.reason, error.seconds) == ("progress", SHORT)
    assert told_of_end(parts) == [CUT]
    assert reading.message.text == read(begin)[1].text
    assert reading.outcome is Outcome.FAILED
    assert inspect.getgeneratorstate(chunks) == inspect.GEN_CLOSED  # type: ignore[arg-type]


@loops
@pytest.mark.parametrize(("begin", "sign"), SIGNS_OF_LIFE.values(), ids=SIGNS_OF_LIFE)
def test_signs_of_life_are_no_progress_asynchronously(loop: str, begin: bytes, sign: bytes) -> None:
    async def source() -> AsyncIterator[bytes]:
        for one in islice(for_ever(begin, sign), 1000):
            yield one
            await pause(loop, 0.001)

    async def main() -> None:
        async with astream(source(), stall=Stall(idle=LONG, progress=SHORT)) as reading:
            parts, error = await aread_to_error(reading)
            assert isinstance(error, StreamStalled)
            assert error.reason == "progress"
            assert told_of_end(parts) == [CUT]
            assert reading.message.text == read(begin)[1].text

    run_in(loop, main)


@httpx_leaves_generators
@async_clients
@pytest.mark.parametrize("begin", [b"", BEGUN], ids=["before the first event", "after some text"])
def test_a_server_that_falls_silent_raises_after_the_end(server: Server, client: AsyncClient, begin: bytes) -> None:
    exchange = server.offers(begin or b": hello\n\n", Do.HOLD)

    async def main() -> None:
        async with client.opens(exchange.url) as response:
            reading = astream(ssescan.aiter_events(response, stall=Stall(idle=SHORT)))
            parts, error = await aread_to_error(reading)
            assert isinstance(error, StreamStalled)
            assert error.reason == "idle"
            assert told_of_end(parts) == [CUT]
            assert await client.in_thread(exchange.is_hung_up)

    client.run(main)


def test_events_are_progress() -> None:
    assert stream(OF_TWO, stall=Stall(idle=LONG, progress=LONG)).collect() == MESSAGE


# --- [DONE]


@sync_clients
def test_done_ends_the_stream_though_the_connection_stays_open(server: Server, client: Client) -> None:
    exchange = server.offers(PLAIN, Do.HOLD)
    with client.opens(exchange.url) as response:
        reading = stream(response)
        assert in_few_words(reading.collect()) == {"text": "hi", "finish": "stop"}
        assert reading.outcome is Outcome.ENDED
        assert exchange.is_hung_up()


@httpx_leaves_generators
@async_clients
def test_done_ends_the_stream_asynchronously(server: Server, client: AsyncClient) -> None:
    exchange = server.offers(PLAIN, Do.HOLD)

    async def main() -> None:
        async with client.opens(exchange.url) as response:
            async with astream(response) as reading:
                assert in_few_words(await reading.collect()) == {"text": "hi", "finish": "stop"}
            assert reading.outcome is Outcome.ENDED
            assert await client.in_thread(exchange.is_hung_up)

    client.run(main)


@pytest.mark.parametrize("api", [None, "openai-chat", "gemini"])
def test_done_before_anything_else_is_no_success(api: Any) -> None:
    reading = stream(b"data: [DONE]\n\n" + PLAIN, api)
    parts, error = read_to_error(reading)
    assert isinstance(error, StreamCut)
    assert parts == [CUT]


# --- Closing


def leave(reading: MessageStream) -> None:
    with reading:
        next(reading)


def close(reading: MessageStream) -> None:
    next(reading)
    reading.close()
    reading.close()


def close_unread(reading: MessageStream) -> None:
    reading.close()


def fail(reading: MessageStream) -> None:
    with pytest.raises(Boom), reading:
        next(reading)
        raise Boom


def forget(reading: MessageStream) -> None:
    next(reading)


def forget_its_text(reading: MessageStream) -> None:
    next(reading.text())


def forget_unread(reading: MessageStream) -> None:
    pass


closings = pytest.mark.parametrize(
    "end",
    [leave, close, close_unread, fail, forget, forget_its_text, forget_unread],
    ids=lambda end: end.__name__.replace("_", " "),
)


@closings
@sync_clients
def test_the_connection_is_closed(server: Server, client: Client, end: Callable[[MessageStream], None]) -> None:
    exchange = server.offers(BEGUN, Do.HOLD)
    with client.opens(exchange.url) as response:
        end(stream(response))
        if end in (forget, forget_its_text, forget_unread):
            gc.collect()
        assert exchange.is_hung_up()


@closings
def test_a_generator_is_closed(end: Callable[[MessageStream], None]) -> None:
    closed = []

    def source() -> Iterator[bytes]:
        try:
            yield BODY[:10]
            yield BODY[10:]
        finally:
            closed.append(True)

    chunks = source()
    next(chunks)
    end(stream(BODY for _ in chunks))
    del chunks
    gc.collect()
    assert closed == [True]


def test_a_stream_that_was_closed_ends_and_keeps_its_message() -> None:
    reading = stream(OF_TWO)
    for part in reading:
        if isinstance(part, TextDelta):
            reading.close()
            break
    assert list(reading) == []
    assert reading.outcome is Outcome.CLOSED
    assert (reading.message.text, reading.message.complete) == ("He", False)
    assert reading.collect().text == "He"
    assert not [part for part in reading if isinstance(part, Finish)]


async def aleave(reading: AsyncMessageStream) -> None:
    async with reading:
        await anext(reading)


async def aclose(reading: AsyncMessageStream) -> None:
    await anext(reading)
    await reading.aclose()
    await reading.aclose()


async def aclose_unread(reading: AsyncMessageStream) -> None:
    await reading.aclose()


async def afail(reading: AsyncMessageStream) -> None:
    with pytest.raises(Boom):
        async with reading:
            await anext(reading)
            raise Boom


@httpx_leaves_generators
@async_clients
@pytest.mark.parametrize("end", [aleave, aclose, aclose_unread, afail], ids=lambda end: end.__name__)
def test_the_connection_is_closed_asynchronously(server: Server, client: AsyncClient, end: Any) -> None:
    exchange = server.offers(BEGUN, Do.HOLD)

    async def main() -> None:
        async with client.opens(exchange.url) as response:
            reading = astream(response)
            await end(reading)
            assert await client.in_thread(exchange.is_hung_up)
            assert reading.outcome is Outcome.CLOSED
            assert [part async for part in reading] == []

    client.run(main)


def test_an_asynchronous_stream_that_is_collected_open_warns_and_names_async_with() -> None:
    async def main() -> None:
        reading = astream(agenerated(*OF_TWO))
        await anext(reading)
        with pytest.warns(ResourceWarning, match="async with"):
            del reading
            gc.collect()

    asyncio.run(main())


def test_an_asynchronous_stream_that_was_read_to_its_end_does_not_warn() -> None:
    async def main() -> None:
        reading = astream(agenerated(*OF_TWO))
        assert await reading.collect() == MESSAGE
        del reading
        gc.collect()

    asyncio.run(main())


# --- Cancelling


async def first_of(reading: AsyncMessageStream) -> None:
    async for part in reading:
        if isinstance(part, TextDelta):
            break


def cancelled_after_the_text(server: Server) -> tuple[Exchange, Callable[[Any], None]]:
    exchange = server.offers(BEGUN, Do.HOLD)

    def check(reading: AsyncMessageStream) -> None:
        assert reading.outcome is Outcome.CLOSED
        assert reading.message.text == "He"
        assert not reading.message.complete

    return exchange, check


@httpx_leaves_generators
@async_clients
def test_a_read_that_is_cancelled_closes_the_connection(server: Server, client: AsyncClient) -> None:
    exchange, check = cancelled_after_the_text(server)

    async def in_asyncio() -> None:
        async with client.opens(exchange.url) as response:
            reading = astream(response)
            await first_of(reading)
            task = asyncio.create_task(reading.collect())
            await pause("asyncio")
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            assert task.cancelled()
            assert await client.in_thread(exchange.is_hung_up)
            check(reading)
            assert [part async for part in reading] == []

    async def in_trio() -> None:
        async with client.opens(exchange.url) as response:
            reading = astream(response)
            await first_of(reading)
            with trio.move_on_after(SHORT) as scope:
                await reading.collect()
            assert scope.cancelled_caught
            assert await client.in_thread(exchange.is_hung_up)
            check(reading)
            assert [part async for part in reading] == []

    client.run(in_trio if client.loop == "trio" else in_asyncio)


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
def test_what_a_stream_gives_and_raises_can_be_pickled(name: str) -> None:
    thing = picklable()[name]
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(thing, protocol))
        assert type(again) is type(thing)
        if isinstance(thing, Exception):
            assert str(again) == str(thing)
            assert vars(again) == vars(thing)
        else:
            assert again == thing


def test_the_message_that_was_raised_can_be_pickled_as_it_came() -> None:
    with pytest.raises(ProviderError) as caught:
        stream(CHAT["error + choices openrouter"].stream).collect()
    again = pickle.loads(pickle.dumps(caught.value))
    assert isinstance(again.message, Message)
    assert again.message == caught.value.message
    assert again.message.to_turn() == caught.value.message.to_turn()
