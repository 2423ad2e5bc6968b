"""stream() and astream(): the sources that they read, and those that they refuse."""

from __future__ import annotations

import asyncio
import gc
import json
import time
import weakref
from typing import TYPE_CHECKING, Any

import pytest
from streams.cases import every_file
from streams.clients import (
    CLIENTS,
    AsyncClient,
    Client,
    async_clients,
    httpx_leaves_generators,
    sync_clients,
)
from streams.server import Do

import ssescan
from ssescan import (
    EventTooLarge,
    Outcome,
    ProviderError,
    ServerSentEvent,
    StreamCut,
    UnexpectedContentType,
    UnexpectedStatus,
)
from ssescan.providers import (
    End,
    TextDelta,
    astream,
    stream,
)

from .assertions import in_few_words, read
from .reading import (
    BEGUN,
    BODY,
    CUT,
    EVENTS,
    MESSAGE,
    OF_TWO,
    PARTS,
    REST,
    SAID,
    agenerated,
    aread_to_error,
    end_parts,
    generated,
    read_to_error,
)
from .test_tables_chat import chunk
from .test_tables_gemini import BUSY, GHE, GY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from streams.server import Server


# --- Sources


@every_file
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
def test_chunks(source: Callable[[], Any], api: Any) -> None:
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


def test_partly_read_event_stream_is_refused() -> None:
    events = ssescan.iter_events(BODY)
    next(events)
    with pytest.raises(ValueError, match="was read already"):
        stream(events)


@pytest.mark.parametrize("source", OF_EVENTS.values(), ids=OF_EVENTS)
def test_events(source: Callable[[], Any]) -> None:
    reading = stream(source())
    assert list(reading) == PARTS
    assert reading.message == MESSAGE
    assert reading.received_ns is not None


def test_events_with_lines_and_names() -> None:
    data = json.dumps(chunk({"content": "a\u2028b"}), indent=1, ensure_ascii=False)
    events: Any = [ServerSentEvent("\u2028odd\nname", data), ServerSentEvent(data=""), ServerSentEvent(data="[DONE]")]
    assert read(events)[1].text == "a\u2028b"


def test_events_of_an_async_iterable() -> None:
    async def main() -> None:
        async with astream(agenerated(*EVENTS)) as reading:
            assert [part async for part in reading] == PARTS

    asyncio.run(main())


@sync_clients
@pytest.mark.parametrize("wrapped", [False, True], ids=["response", "unread stream of it"])
def test_responses(server: Server, client: Client, wrapped: bool) -> None:
    exchange = server.offers(BEGUN, Do.WAIT, REST)
    with client.opens(exchange.url) as response:
        source = ssescan.iter_events(response) if wrapped else response
        with stream(source) as reading:
            assert reading.response is response
            parts = [next(reading)]
            while not isinstance(parts[-1], TextDelta):
                parts.append(next(reading))  # before the server sends the rest
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
def test_responses_async(server: Server, client: AsyncClient, wrapped: bool) -> None:
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
def test_callers_reference_to_an_event_stream_may_go(server: Server, client: Client) -> None:
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
def test_callers_reference_to_an_async_event_stream_may_go(server: Server, client: AsyncClient) -> None:
    exchange = server.offers(BEGUN, Do.WAIT, REST)

    async def main() -> None:
        async with client.opens(exchange.url) as response:
            async with astream(ssescan.aiter_events(response)) as reading:
                gc.collect()
                exchange.go()
                assert await reading.collect() == MESSAGE

    client.run(main)


def test_entered_unread_event_stream() -> None:
    with ssescan.iter_events(OF_TWO) as events:
        assert stream(events).collect() == MESSAGE


@pytest.mark.parametrize("chunks", [[BODY + b"data: " + b"x" * 5000 + b"\n\n"], [BODY, b"data: " + b"x" * 5000]])
def test_event_streams_limit_raises_after_the_end(chunks: list[bytes]) -> None:
    reading = stream(ssescan.iter_events(chunks, max_event_size=2000))
    parts, error = read_to_error(reading)
    assert isinstance(error, EventTooLarge)
    assert error.limit == 2000
    assert end_parts(parts) == [CUT]
    assert reading.outcome is Outcome.FAILED
    assert in_few_words(reading.message) == SAID
    assert not reading.message.complete


def test_limit_raises_after_the_end_if_not_strict() -> None:
    reading = stream(ssescan.iter_events([BEGUN, b"data: " + b"x" * 5000], max_event_size=2000), strict=False)
    parts, error = read_to_error(reading)
    assert isinstance(error, EventTooLarge)
    assert end_parts(parts) == [CUT]
    assert reading.message.text == "He"


def test_skipped_large_event_is_a_cut() -> None:
    large = b"data: " + b"x" * 5000 + b"\n\n"
    reading = stream(ssescan.iter_events([BEGUN, large, REST], max_event_size=2000, oversize="skip"))
    with pytest.raises(StreamCut, match="something in it was over max_event_size and skipped"):
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
def test_json_body(server: Server, client: Client, body: bytes, api: str, said: dict[str, Any], complete: bool) -> None:
    half = len(body) // 2
    exchange = server.offers(body[:half], body[half:], content_type="application/json; charset=UTF-8")
    with client.opens(exchange.url) as response, stream(response, strict=False) as reading:
        parts = list(reading)
        assert end_parts(parts) == [End(complete=complete)]
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
def test_json_body_async(server: Server, client: AsyncClient) -> None:
    exchange = server.offers(ERROR_BODY, content_type="application/json")

    async def main() -> None:
        async with client.opens(exchange.url) as response, astream(response) as reading:
            parts, error = await aread_to_error(reading)
            assert isinstance(error, ProviderError)
            assert (error.api, error.code, error.detail) == ("gemini", 503, "busy")
            assert error.message == reading.message
            assert end_parts(parts) == [CUT]
            assert reading.bytes_read == len(ERROR_BODY)
            assert reading.reads == 1

    client.run(main)


@pytest.mark.parametrize("length", [0, 1, 50, len(GEMINI_ARRAY) - 1])
def test_cut_json_body_is_not_a_success(server: Server, length: int) -> None:
    exchange = server.offers(GEMINI_ARRAY[:length], content_type="application/json")
    with CLIENTS[0].opens(exchange.url) as response, stream(response, "gemini") as reading:
        parts, error = read_to_error(reading)
        assert isinstance(error, (StreamCut, ProviderError))
        assert end_parts(parts) == [CUT]
        assert reading.bytes_read == length


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_line_ends_in_a_json_body(server: Server, line_end: str) -> None:
    body = json.dumps([GHE, GY], indent=2).replace("\n", line_end) + line_end * 3
    exchange = server.offers(body.encode(), content_type="application/json")
    with CLIENTS[0].opens(exchange.url) as response:
        assert in_few_words(stream(response).collect()) == SAID


# --- Refusals


@pytest.mark.parametrize("entered", [False, True], ids=["at the first read", "when entered"])
@pytest.mark.parametrize("content_type", ["application/json", "text/event-stream", "text/html"])
@sync_clients
def test_error_status_is_refused(server: Server, client: Client, content_type: str, entered: bool) -> None:
    exchange = server.offers(b'{"error": "no key"}', status=401, content_type=content_type)
    with client.opens(exchange.url) as response:
        reading = stream(response)  # this checks nothing yet
        with pytest.raises(UnexpectedStatus) as caught:
            reading.__enter__() if entered else next(reading)
        assert (caught.value.status, caught.value.body) == (401, b'{"error": "no key"}')
        assert caught.value.response is response
        assert reading.outcome is Outcome.FAILED
        assert list(reading) == []
        assert reading.message.to_dict()["text"] == ""


@pytest.mark.parametrize("content_type", ["text/html; charset=utf-8", "image/png", "text/event-streams"])
def test_other_content_type_is_refused(server: Server, content_type: str | None) -> None:
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
def test_refused_responses_async(server: Server, client: AsyncClient, status: int, kind: type[Exception]) -> None:
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
