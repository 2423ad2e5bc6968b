"""Every public name in typical use. mypy --strict and pyright check this file; it never runs."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, assert_type

import httpx
import requests
import urllib3

import ssescan
from ssescan import Comment, ServerSentEvent, UnknownLine
from ssescan.providers import Part, TextDelta, ToolCallEnd, Usage, openai_chat
from ssescan.testing import AsyncRecording, Chunk, RecordedRequest, Recording, Tape, replay_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    import aiohttp
    import httpx2


def scan(chunk: bytes) -> None:
    scanner = ssescan.Scanner()
    assert_type(scanner.feed(chunk), list[ServerSentEvent])
    for event in scanner.feed(memoryview(chunk)) + scanner.feed(bytearray(chunk)) + scanner.close():
        assert_type(event.event, str)
        assert_type(event.data, str)
        assert_type(event.id, str)
        assert_type(event.retry, int | None)
        assert_type(event.json(), Any)
    assert_type(scanner.last_event_id, str)
    assert_type(scanner.retry, int | None)
    assert_type(scanner.pending, int)
    assert_type(scanner.skipped, int)
    assert_type(scanner.cut, bool)
    scanner.reset()
    assert_type(
        ssescan.Scanner(max_event_size=None, oversize="skip", empty_events=True, unterminated="dispatch").close(),
        list[ServerSentEvent],
    )
    assert_type(ssescan.Scanner(comments=True).feed(chunk), list[ServerSentEvent | Comment])
    assert_type(ssescan.Scanner(unknown=True).feed(chunk), list[ServerSentEvent | UnknownLine])
    assert_type(ssescan.Scanner(comments=True, unknown=True).feed(chunk), list[ServerSentEvent | Comment | UnknownLine])


def scan_either(comments: bool) -> ssescan.Scanner[ServerSentEvent | Comment | UnknownLine]:
    return ssescan.Scanner(comments=comments)


def match(item: ServerSentEvent | Comment | UnknownLine) -> str:
    match item:
        case ServerSentEvent("message", data):
            return assert_type(data, str)
        case ServerSentEvent():
            return item.event
        case Comment(text) | UnknownLine(text):
            return text


def read(chunks: Iterator[bytes], two: httpx2.Response) -> None:
    with httpx.stream("GET", "https://example.com") as response, ssescan.iter_events(response) as stream:
        for event in stream:
            assert_type(event, ServerSentEvent)
            assert_type(stream.received_ns, int | None)
        assert_type(stream.outcome, ssescan.Outcome | None)
        assert_type(stream.last_event_id, str)
        assert_type(stream.retry, int | None)
        assert_type(stream.reads + stream.bytes_read, int)
        assert_type(stream.response, Any)
    assert_type(next(ssescan.iter_events(chunks, comments=True)), ServerSentEvent | Comment)
    stream_of_all: ssescan.EventStream[ServerSentEvent | Comment | UnknownLine] = ssescan.iter_events(
        chunks, comments=True, unknown=True, stall=ssescan.Stall(progress=5), timing=True, max_event_size=1000
    )
    stream_of_all.close()
    for source in (
        two,
        requests.get("https://example.com", stream=True),
        urllib3.request("GET", "https://example.com"),
    ):
        assert_type(list(ssescan.iter_events(source)), list[ServerSentEvent])
    with open("stream", "rb") as file, open("stream", "rb", buffering=0) as raw:
        for events in (ssescan.iter_events(file), ssescan.iter_events(raw), ssescan.iter_events(io.BytesIO())):
            assert_type(list(events), list[ServerSentEvent])
    ssescan.iter_events(b"data: a\n\n").close()
    ssescan.iter_events([b"data: a\n\n", bytearray(), memoryview(b"")]).close()


def read_parts(chunks: Iterator[bytes], response: httpx.Response) -> None:
    with ssescan.stream(response, "openai-chat", stall=ssescan.Stall(progress=5)) as stream:
        for part in stream:
            assert_type(part, Part)
            match part:
                case TextDelta(text=text):
                    assert_type(text, str)
                case ToolCallEnd(cut=False, json=arguments):
                    assert_type(arguments, str)
                case _:
                    pass
        for piece in stream.text():
            assert_type(piece, str)
    message = ssescan.stream(ssescan.iter_events(chunks), strict=False).collect()
    assert_type(message, ssescan.Message)
    assert_type(message.text + message.reasoning + message.refusal, str)
    assert_type([call.arguments for call in message.tool_calls if not call.cut], list[str])
    assert_type(message.complete, bool)
    assert_type(message.usage, Usage | None)
    assert_type(message.to_dict(), dict[str, Any])
    assert_type(message.to_json(), bytes)
    openai_chat.iter_chunks(ssescan.iter_events(chunks)).close()
    for chunk in openai_chat.iter_chunks(response):
        for choice in chunk.choices or ():
            if choice.delta:
                assert_type(choice.delta.content, str | None)


async def aread_parts(response: httpx.Response) -> None:
    async with ssescan.astream(response) as stream:
        async for part in stream:
            assert_type(part, Part)
        async for piece in stream.text():
            assert_type(piece, str)
        assert_type(await stream.collect(), ssescan.Message)
    async for chunk in openai_chat.aiter_chunks(response):
        assert_type(chunk.id, str | None)


async def aread(chunks: AsyncIterator[bytes], session: aiohttp.ClientSession, two: httpx2.Response) -> None:
    async with httpx.AsyncClient() as client, client.stream("GET", "https://example.com") as response:
        async with ssescan.aiter_events(response, stall=ssescan.Stall(idle=5)) as stream:
            async for event in stream:
                assert_type(event, ServerSentEvent)
            assert_type(stream.outcome, ssescan.Outcome | None)
    async with session.get("https://example.com") as answer, ssescan.aiter_events(answer, unknown=True) as others:
        async for item in others:
            assert_type(item, ServerSentEvent | UnknownLine)
    plain: ssescan.AsyncEventStream[ServerSentEvent] = ssescan.aiter_events(chunks)
    await plain.aclose()
    assert_type(await anext(ssescan.aiter_events(two)), ServerSentEvent)


def sleep(seconds: float) -> None: ...


def on_reconnect(attempt: int, delay_ms: int, error: Exception | None) -> None: ...


def connect(client: httpx.Client, client2: httpx2.Client, options: dict[str, Any]) -> None:
    with ssescan.connect(client, "POST", "https://example.com", json={}, stall=ssescan.Stall(idle=5)) as stream:
        assert_type(stream, ssescan.EventStream[ServerSentEvent])
        assert_type(next(stream), ServerSentEvent)
    with ssescan.connect(client2, "GET", httpx.URL("https://example.com"), scanner={"comments": True}) as everything:
        assert_type(next(everything), ServerSentEvent | Comment | UnknownLine)
    assert_type(
        ssescan.connect(client, "GET", "https://example.com", scanner={"max_event_size": 1000}),
        ssescan.EventStream[ServerSentEvent],
    )
    with ssescan.EventSource(client, "https://example.com", headers={"X": "1"}, sleep=sleep) as source:
        assert_type(source, ssescan.EventSource[ServerSentEvent])
        for event in source:
            assert_type(event, ServerSentEvent)
        assert_type(source.last_event_id, str)
        assert_type(source.retry, int)
        assert_type(source.response, Any)
    source_of_all = ssescan.EventSource(
        client2, "https://example.com", method="POST", content=b"", retry=5, backoff=1, max_retry=6, max_reconnects=None,
        last_event_id="7", on_reconnect=on_reconnect, random=lambda: 0.5, stall=ssescan.Stall(), scanner=options, timeout=5,
    )  # fmt: skip
    assert_type(next(source_of_all), ServerSentEvent | Comment | UnknownLine)
    source_of_all.close()


async def aconnect(client: httpx.AsyncClient, client2: httpx2.AsyncClient) -> None:
    async with ssescan.aconnect(client, "POST", "https://example.com", json={}) as stream:
        assert_type(stream, ssescan.AsyncEventStream[ServerSentEvent])
        assert_type(await anext(stream), ServerSentEvent)
    async with ssescan.aconnect(client2, "GET", "https://example.com", scanner={"unknown": True}) as everything:
        assert_type(await anext(everything), ServerSentEvent | Comment | UnknownLine)

    async def asleep(seconds: float) -> None: ...

    async def on_reconnect_async(attempt: int, delay_ms: int, error: Exception | None) -> None: ...

    async with ssescan.AsyncEventSource(
        client2, "https://example.com", sleep=asleep, on_reconnect=on_reconnect_async
    ) as source:
        assert_type(source, ssescan.AsyncEventSource[ServerSentEvent])
        async for event in source:
            assert_type(event, ServerSentEvent)
        assert_type(source.retry, int)
    plain: ssescan.AsyncEventSource[ServerSentEvent] = ssescan.AsyncEventSource(
        client, "https://example.com", auth=None
    )
    await plain.aclose()


def fail(error: ssescan.SsescanError) -> str:
    match error:
        case ssescan.EventTooLarge():
            return f"{error.limit + error.size} {error.events}"
        case ssescan.UnexpectedStatus():
            return f"{error.status + 1} {error.body.decode()} {error.response}"
        case ssescan.UnexpectedContentType():
            return error.content_type + error.body.decode()
        case ssescan.StreamStalled():
            return error.reason + str(error.seconds + error.events)
        case ssescan.ReconnectsExhausted():
            return str(error.attempts + 1)
        case ssescan.UnknownFormat():
            return str(error.event)
        case ssescan.StreamCut() | ssescan.ProviderError():
            return str(error.message)
        case _:
            return ssescan.backend


def accelerated() -> None:
    with ssescan.accelerate("openai", "google-genai") as acceleration:
        assert_type(acceleration.report, dict[str, str])
        assert_type(acceleration.events, dict[str, int])
    assert_type(ssescan.accelerate().undo(), None)


def tapes(response: httpx.Response, aresponse: AsyncIterator[bytes]) -> None:
    tape = Tape.open("a.tape")
    assert_type(tape.chunks, tuple[Chunk, ...])
    assert_type(tape.request, RecordedRequest | None)
    assert_type(tape.status, int | None)
    for time_ns, data in tape.chunks:
        assert_type(time_ns, int | None)
        assert_type(data, bytes)
    assert_type(ssescan.iter_events(tape), ssescan.EventStream[ServerSentEvent])
    assert_type(ssescan.aiter_events(tape), ssescan.AsyncEventStream[ServerSentEvent])
    for part in ssescan.stream(tape):
        assert_type(part, Part)
    ssescan.transcode(tape, "anthropic")
    ssescan.atranscode(tape, "gemini")
    assert_type(Tape.record(response, "a.tape"), Recording)
    assert_type(Tape.record(aresponse, "a.tape"), AsyncRecording)
    ssescan.iter_events(Tape.record(response, "a.tape"))
    ssescan.astream(Tape.record(aresponse, "a.tape"))
    with replay_server(tape, "b.sse", speed=1, chunk="event", cut_at=5) as server:
        assert_type(server.url, str)
