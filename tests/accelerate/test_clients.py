"""Every way to a stream that the SDKs have: helpers, raw responses, other clients, subclasses that replace parts."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import anthropic
import google.genai
import openai
import pytest
from openai._streaming import SSEDecoder, Stream
from openai.types.chat import ChatCompletionChunk
from streams.server import Server

import ssescan

from .sdks import CAN_CONTINUE, GEMINI_CONFIG, MISREADS_LINES, SERVER, Body, error_snapshot, http_client, snapshot
from .test_equal import ONE
from .test_framing import PART, A, B

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.filterwarnings("ignore")

CHAT = [b"data: " + A + b"\n\ndata: " + B + b"\n\ndata: [DONE]\n\n"]


def claude(*texts: str) -> list[bytes]:
    message: Any = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": None}
    usage = {"input_tokens": 3, "output_tokens": 1}
    events: list[Any] = [
        {"type": "message_start", "message": {**message, "stop_sequence": None, "usage": usage}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "ping"},
        *({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}} for text in texts),
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": 9},
        },
        {"type": "message_stop"},
    ]
    return [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events]


def answers(*texts: str) -> list[bytes]:
    response: Any = {
        "id": "r", "object": "response", "created_at": 1, "model": "m", "output": [], "parallel_tool_calls": True,
        "tool_choice": "auto", "tools": [], "status": "in_progress",
    }  # fmt: skip
    item = {"id": "i", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
    text = {"type": "output_text", "text": "".join(texts), "annotations": []}
    done = {**item, "status": "completed", "content": [text]}
    place = {"item_id": "i", "output_index": 0, "content_index": 0}
    events = [
        {"type": "response.created", "response": response},
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.content_part.added", **place, "part": {**text, "text": ""}},
        *({"type": "response.output_text.delta", **place, "delta": one, "logprobs": []} for one in texts),
        {"type": "response.output_text.done", **place, "text": "".join(texts), "logprobs": []},
        {"type": "response.output_item.done", "output_index": 0, "item": done},
        {"type": "response.completed", "response": {**response, "status": "completed", "output": [done]}},
    ]
    return [
        f"event: {event['type']}\ndata: {json.dumps({**event, 'sequence_number': number})}\n\n".encode()
        for number, event in enumerate(events)
    ]


def open_ai(**options: Any) -> openai.OpenAI:
    return openai.OpenAI(api_key="none", http_client=http_client("openai"), max_retries=0, **options)


def snapshots(items: Any) -> list[Any]:
    found: list[Any] = []
    try:
        found.extend(snapshot(item) for item in items)
    except Exception as error:
        found.append(error_snapshot(error))
    return found


def created(client: Any) -> Any:
    return client.chat.completions.create(model="m", messages=[], stream=True)


def chat_helper() -> Any:
    with open_ai().chat.completions.stream(model="m", messages=[]) as stream:
        yield from stream
        yield stream.get_final_completion()


def responses_helper() -> Any:
    with open_ai().responses.stream(model="m", input="i") as stream:
        yield from stream
        yield stream.get_final_response()


def claude_helper() -> Any:
    client = anthropic.Anthropic(api_key="none", http_client=http_client("anthropic"), max_retries=0)
    with client.messages.stream(model="m", max_tokens=1, messages=[]) as stream:
        yield from stream
        yield stream.get_final_message()


def claude_texts() -> Any:
    client = anthropic.Anthropic(api_key="none", http_client=http_client("anthropic"), max_retries=0)
    with client.messages.stream(model="m", max_tokens=1, messages=[]) as stream:
        yield from stream.text_stream


def claude_raw() -> Any:
    client = anthropic.Anthropic(api_key="none", http_client=http_client("anthropic"), max_retries=0)
    stream = client.messages.create(model="m", max_tokens=1, messages=[], stream=True)
    for event in anthropic.Stream.raw_events(stream.response):
        yield event.event, event.data, event.raw


def streaming_response() -> Any:
    client = open_ai()
    with client.chat.completions.with_streaming_response.create(model="m", messages=[], stream=True) as response:
        yield from response.parse()


def raw_response() -> Any:
    yield from open_ai().chat.completions.with_raw_response.create(model="m", messages=[], stream=True).parse()


def completions() -> Any:
    yield from open_ai().completions.create(model="m", prompt="p", stream=True)


def azure() -> Any:
    client = openai.AzureOpenAI(
        api_key="none",
        api_version="1",
        azure_endpoint="http://localhost",
        http_client=http_client("openai"),
        max_retries=0,
    )
    yield from created(client)


def vertex() -> Any:
    client = anthropic.AnthropicVertex(
        region="r",
        project_id="p",
        access_token="none",
        http_client=http_client("anthropic"),
        max_retries=0,
    )
    yield from client.messages.create(model="m", max_tokens=1, messages=[], stream=True)


def google_vertex() -> Any:
    options = google.genai.types.HttpOptions(httpx_client=http_client("gemini"))
    client = google.genai.Client(vertexai=True, api_key="none", http_options=options)
    yield from client.models.generate_content_stream(model="m", contents="c")


CALL = (
    b'{"candidates":[{"content":{"role":"model","parts":[{"functionCall":{"name":"called","args":{"city":"Oslo"}}}]}}]}'
)


def called(city: str) -> str:
    """Return the weather."""
    return f"rain in {city}"


def google_function_calls() -> Any:
    client = google.genai.Client(
        api_key="none", http_options=google.genai.types.HttpOptions(httpx_client=http_client("gemini"))
    )
    config: Any = {**GEMINI_CONFIG, "tools": [called], "automatic_function_calling": {"maximum_remote_calls": 3}}
    contents: Any = ["a", "b"]
    SERVER.requests.clear()
    yield from client.models.generate_content_stream(model="m", contents=contents, config=config)
    if len(SERVER.requests) != 3:
        pytest.fail(f"the SDK sent {len(SERVER.requests)} requests, not 3: it did not call the function")
    yield list(SERVER.requests)


def google_schema() -> Any:
    options = google.genai.types.HttpOptions(httpx_client=http_client("gemini"))
    client = google.genai.Client(api_key="none", http_options=options)
    configs: Any = (
        {"response_schema": dict[str, int], "response_mime_type": "application/json"},
        {"include_all_fields": True},
        {"automatic_continuation": True} if CAN_CONTINUE else {},
    )
    for config in configs:
        yield from client.models.generate_content_stream(model="m", contents="c", config=config)


class Decoder(SSEDecoder):
    """A decoder of the program's own."""

    def decode(self, line: str) -> Any:
        return super().decode(line.replace('"a"', '"decoded"'))


class OwnDecoder(openai.OpenAI):
    def _make_sse_decoder(self) -> Any:
        return Decoder()


class OwnObjects(openai.OpenAI):
    def _process_response_data(self, *, data: Any, cast_to: Any, response: Any) -> Any:
        return ("own", super()._process_response_data(data=data, cast_to=cast_to, response=response))


class OwnEvents(Stream[ChatCompletionChunk]):
    def _iter_events(self) -> Any:
        for event in super()._iter_events():
            yield event
            if event.data != "[DONE]":
                yield event


def own(cls: Any) -> Callable[[], Any]:
    return lambda: created(cls(api_key="none", http_client=http_client("openai"), max_retries=0))


def posted(cast_to: Any, stream_cls: Any) -> Callable[[], Any]:
    return lambda: open_ai().post("/chat", cast_to=cast_to, body={}, stream=True, stream_cls=stream_cls)


class NoModel:
    """A class that neither pydantic nor the SDKs can build from JSON."""


class A1(openai.BaseModel):
    a: int


class B1(openai.BaseModel):
    b: int


class OneOrder(openai.BaseModel):
    x: list[A1 | B1]


class OtherOrder(openai.BaseModel):
    x: list[B1 | A1]


class Itself(openai.BaseModel):
    name: str
    inside: list[Itself] | None = None
    by_name: dict[str, Itself] | None = None


def late_decoder() -> Any:
    stream = created(open_ai())
    stream._decoder = Decoder()  # noqa: SLF001
    yield from stream


def late_events() -> Any:
    stream = created(open_ai())
    event = openai._streaming.ServerSentEvent(data=A.decode())  # noqa: SLF001
    stream._iter_events = lambda: iter((event, event))  # noqa: SLF001
    yield from stream


class ClosesWhenCollected(anthropic.Stream[object]):
    def __del__(self) -> None:
        self.response.close()


def closes_when_collected() -> Any:
    client = anthropic.Anthropic(api_key="none", http_client=http_client("anthropic"), max_retries=0)
    yield from client.post("/x", cast_to=object, body={}, stream=True, stream_cls=ClosesWhenCollected)


def of_anthropic(cast_to: Any) -> Callable[[], Any]:
    def read() -> Any:
        client = anthropic.Anthropic(api_key="none", http_client=http_client("anthropic"), max_retries=0)
        return client.post("/x", cast_to=cast_to, body={}, stream=True, stream_cls=anthropic.Stream[cast_to])

    return read


ORDER = [b'data: {"x":[{"c":1},{"b":2}]}\n\n', b'data: {"x":5}\n\n']
INSIDE = [
    b'data: {"name":"a","inside":[{"name":"b","inside":[]},{"name":5,"more":1}],"by_name":{"k":{"inside":null}}}\n\n'
]

WAYS: dict[str, tuple[Callable[[], Any], list[bytes]]] = {
    "create": (lambda: created(open_ai()), CHAT),
    "with_options": (lambda: created(open_ai().with_options(timeout=3)), CHAT),
    "with_streaming_response": (streaming_response, CHAT),
    "with_raw_response": (raw_response, CHAT),
    "chat helper": (chat_helper, CHAT),
    "responses helper": (responses_helper, answers("Hel", "lo")),
    "legacy completions": (completions, [b'data: {"id":"c","choices":[{"text":"t","index":0}]}\n\ndata: [DONE]\n\n']),
    "azure": (azure, CHAT),
    "strict": (lambda: created(open_ai(_strict_response_validation=True)), CHAT),
    "strict, not valid": (lambda: created(open_ai(_strict_response_validation=True)), [b'data: {"id":5}\n\n']),
    "own decoder": (own(OwnDecoder), CHAT),
    "own objects": (own(OwnObjects), CHAT),
    "own events": (posted(ChatCompletionChunk, OwnEvents), CHAT),
    "cast to object": (posted(object, Stream[object]), CHAT),
    "cast to dict": (posted(dict[str, Any], Stream[dict[str, Any]]), CHAT),
    "decoder set later": (late_decoder, CHAT),
    "events set later": (late_events, CHAT),
    "unions in one order": (posted(OneOrder, Stream[OneOrder]), ORDER),
    "unions in the other order": (posted(OtherOrder, Stream[OtherOrder]), ORDER),
    "a model that contains its own type": (posted(Itself, Stream[Itself]), INSIDE),
    "no model": (posted(NoModel | int, Stream[NoModel | int]), ORDER),
    "no model of anthropic": (of_anthropic(NoModel | int), [b"event: message_stop\n" + one for one in ORDER]),
    "anthropic, closed when collected": (closes_when_collected, [b"event: message_stop\n" + one for one in ORDER]),
    "anthropic helper": (claude_helper, claude("Hel", "lo")),
    "anthropic texts": (claude_texts, claude("Hel", "lo")),
    "anthropic raw events": (claude_raw, claude("Hel", "lo")),
    "anthropic vertex": (vertex, claude("Hel", "lo")),
    "google vertex": (
        google_vertex,
        [ONE["gemini"], b'data: {"createTime":"2026-11-25T10:00:00Z","modelStatus":{}}\n\n'],
    ),
    "google function calls": (
        google_function_calls,
        [
            b"data: " + PART % b"one" + b"\n\n" + b"data: " + PART % b"two" + b"\n\n",
            b"data: " + CALL + b"\n\n",
        ],
    ),
    "google schema": (google_schema, [b"data: " + PART % rb"{\"a\": 1}" + b"\n\n", b'data: {"unknown":1}\n\n']),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_a_stream_yields_the_same(way: str) -> None:
    read, chunks = WAYS[way]
    SERVER.body = Body(chunks)
    plain = snapshots(read())
    with ssescan.accelerate():
        SERVER.body = Body(chunks)
        assert snapshots(read()) == plain
    assert plain


@pytest.mark.parametrize("way", ["create", "chat helper", "anthropic helper", "anthropic vertex", "google vertex"])
def test_these_ways_use_ssescan(way: str) -> None:
    read, chunks = WAYS[way]
    SERVER.body = Body(chunks)
    with ssescan.accelerate() as acceleration:
        before = sum(acceleration.events.values())
        snapshots(read())
        assert sum(acceleration.events.values()) > before


def test_async_helpers_yield_the_same() -> None:
    async def read() -> list[Any]:
        http: Any = {name: http_client(name, True) for name in ("openai", "anthropic")}
        found: list[Any] = []
        SERVER.body = Body(CHAT)
        async with openai.AsyncOpenAI(api_key="none", http_client=http["openai"]).chat.completions.stream(
            model="m", messages=[]
        ) as stream:
            found += [snapshot(event) async for event in stream]
        SERVER.body = Body(claude("Hel", "lo"))
        async with anthropic.AsyncAnthropic(api_key="none", http_client=http["anthropic"]).messages.stream(
            model="m", max_tokens=1, messages=[]
        ) as messages:
            found += [snapshot(event) async for event in messages]
            found.append(snapshot(await messages.get_final_message()))
        SERVER.body = body = Body(CHAT)
        chunks = await openai.AsyncOpenAI(api_key="none", http_client=http["openai"]).chat.completions.create(
            model="m", messages=[], stream=True
        )
        async for chunk in chunks:
            found.append(snapshot(chunk))
            break
        await chunks.close()
        found.append(body.closed > 0)
        return found

    plain = asyncio.run(read())
    with ssescan.accelerate():
        assert asyncio.run(read()) == plain
    assert plain[-1] is True


BROKEN_UP = [b"data: " + PART % b"one" + b"\n\n", b"data: ", PART % b"two" + b"\r\n", b"\r\n", b"data: {}"]


def test_google_over_aiohttp_and_requests() -> None:
    api: Any = google.genai._api_client  # noqa: SLF001

    def over_requests(url: str) -> list[Any]:
        import requests

        with requests.get(url, stream=True, timeout=20) as response:
            return snapshots(api.HttpResponse({}, response).segments())

    def over_aiohttp(url: str) -> list[Any]:
        import aiohttp

        async def main() -> list[Any]:
            async with aiohttp.ClientSession() as session, session.get(url) as response:
                found = [snapshot(one) async for one in api.HttpResponse({}, response).async_segments()]
                assert response.closed
                return found

        return asyncio.run(main())

    with Server() as server:
        url = server.offers(*BROKEN_UP).url
        plain = over_requests(url), over_aiohttp(url)
        with ssescan.accelerate("google-genai") as acceleration:
            before = acceleration.events["google-genai"]
            assert (over_requests(url), over_aiohttp(url)) == plain
            # Where the HTTP client splits lines, that of requests decodes as ISO-8859-1: the SDK itself reads it.
            assert acceleration.events["google-genai"] == before + (3 if MISREADS_LINES else 6)
    assert len(plain[1]) == 3
    assert len(plain[0]) == 3 or plain[0][0][0] is TypeError  # versions before 2 refuse a response of requests
