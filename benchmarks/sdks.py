"""The providers' own SDKs, iterated over from memory, and what they are measured beside: ssescan's parts, bare msgspec.

Each reader takes the chunks of a stream, one event each, and reads the text of every event. The SDKs get them from a
mock transport of the HTTP client that each uses, so no socket is in their time; or, where a URL is given, from there.
What each does: the SDK's iteration builds the SDK's objects and knows nothing of a cut; `stream` builds parts, gathers
the message, and tells a cut from an end; msgspec decodes the payload, cut out for it beforehand, and does nothing else.
"""

from __future__ import annotations

from importlib import import_module
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any

import msgspec
from workloads import WORDS, anthropic_messages, openai_chat

import ssescan
from ssescan.providers import TextDelta

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator

    Reader = Callable[[list[bytes]], str]


def chat_events(count: int) -> list[bytes]:
    """OpenAI chat chunks of 258 bytes, and the one that says why it ended."""
    finish = (
        b'data: {"id":"chatcmpl-0b1946Kq3mZtVx","object":"chat.completion.chunk","created":1790000000,'
        b'"model":"gpt-small-2026","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
    )
    return [*openai_chat(count), finish, b"data: [DONE]\n\n"]


def responses_events(count: int) -> list[bytes]:
    """Deltas of OpenAI Responses, with what begins and ends them."""
    response = (
        '{"id":"resp_1","object":"response","created_at":1790000000,"model":"gpt-small-2026","output":[],'
        '"parallel_tool_calls":true,"tool_choice":"auto","tools":[],"status":"%s"}'
    )
    item = '{"id":"msg_1","type":"message","role":"assistant","status":"%s","content":[]}'
    payloads = [
        ("response.created", f'"response":{response % "in_progress"}'),
        ("response.output_item.added", f'"output_index":0,"item":{item % "in_progress"}'),
        (
            "response.content_part.added",
            (
                '"item_id":"msg_1","output_index":0,"content_index":0,'
                '"part":{"type":"output_text","text":"","annotations":[],"logprobs":[]}'
            ),
        ),
        *(
            (
                "response.output_text.delta",
                (
                    f'"item_id":"msg_1","output_index":0,"content_index":0,"delta":" {word}","logprobs":[],'
                    '"obfuscation":"Zk7Qw3Rt9Lp2"'
                ),
            )
            for word in islice(cycle(WORDS), count)
        ),
        ("response.output_item.done", f'"output_index":0,"item":{item % "completed"}'),
        ("response.completed", f'"response":{response % "completed"}'),
    ]
    return [
        f'event: {name}\ndata: {{"type":"{name}","sequence_number":{number},{rest}}}\n\n'.encode()
        for number, (name, rest) in enumerate(payloads)
    ]


def anthropic_events(count: int) -> list[bytes]:
    """Anthropic's small events, pings among them, with what begins and ends them."""
    start = (
        b'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1","type":"message","role":'
        b'"assistant","model":"claude-small","content":[],"stop_reason":null,"stop_sequence":null,'
        b'"usage":{"input_tokens":9,"output_tokens":1}}}\n\n'
    )
    block = (
        b'event: content_block_start\ndata: {"type":"content_block_start","index":0,'
        b'"content_block":{"type":"text","text":""}}\n\n'
    )
    stop = b'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n'
    finish = (
        b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},'
        b'"usage":{"output_tokens":512}}\n\n'
    )
    end = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
    return [start, block, *anthropic_messages(count), stop, finish, end]


def gemini_events(count: int) -> list[bytes]:
    """Gemini's responses, of about 250 bytes, with CRLF and with the usage in each, as it sends them."""
    return [
        (
            'data: {"candidates": [{"content": {"parts": [{"text": " '
            + word
            + '"}],"role": "model"},'
            + ('"finishReason": "STOP",' if number == count - 1 else "")
            + '"index": 0}],"usageMetadata": {"promptTokenCount": 9,'
            f'"candidatesTokenCount": {number},"totalTokenCount": {number + 9}}},'
            '"modelVersion": "gemini-small-2026","responseId": "kq3mZtVx0b1946Kq"}\r\n\r\n'
        ).encode()
        for number, word in enumerate(islice(cycle(WORDS), count))
    ]


EVENTS: dict[str, Callable[[int], list[bytes]]] = {
    "openai-chat": chat_events,
    "openai-responses": responses_events,
    "anthropic": anthropic_events,
    "gemini": gemini_events,
}


def payloads(events: Iterable[bytes]) -> list[bytes]:
    """Give the JSON of each event."""
    found = [event.partition(b"data: ")[2].rstrip() for event in events]
    return [payload for payload in found if payload != b"[DONE]"]


def parts_reader(api: Any) -> Reader:
    """Read by ssescan. Nothing is left undone."""

    def read(chunks: list[bytes]) -> str:
        text = [part.text for part in ssescan.stream(chunks, api) if type(part) is TextDelta]
        return "".join(text)

    return read


def drain_parts(chunks: list[bytes], api: Any) -> None:
    """Iterate over the parts and do nothing with them: what is timed."""
    for _ in ssescan.stream(chunks, api):
        pass


def bare_decoding(found: list[bytes]) -> Callable[[], None]:
    """Decode each payload by msgspec into dicts and lists, and drop it."""
    decode = msgspec.json.Decoder().decode

    def run() -> None:
        for payload in found:
            decode(payload)

    return run


def _client(chunks: list[bytes], asynchronous: bool = False) -> Any:
    httpx2: Any = import_module("httpx2")

    class Body(httpx2.SyncByteStream, httpx2.AsyncByteStream):  # type: ignore[misc]
        def __init__(self) -> None:
            self.left = iter(chunks)  # what was read does not come again: openai asks twice, to see whether more comes

        def __iter__(self) -> Iterator[bytes]:
            return self.left

        async def __aiter__(self) -> AsyncIterator[bytes]:
            for chunk in self.left:
                yield chunk

    headers = {"content-type": "text/event-stream"}
    transport = httpx2.MockTransport(lambda request: httpx2.Response(200, headers=headers, stream=Body()))
    return (httpx2.AsyncClient if asynchronous else httpx2.Client)(transport=transport)


def _made(api: str, source: list[bytes] | str, asynchronous: bool = False) -> Any:
    """Make the client of an SDK, for chunks from memory or for the URL of a server."""
    url = source if isinstance(source, str) else None
    http = None if isinstance(source, str) else _client(source, asynchronous)
    if api == "gemini":
        genai: Any = import_module("google.genai")
        option = {"httpx_async_client" if asynchronous else "httpx_client": http}
        made = genai.Client(api_key="none", http_options=genai.types.HttpOptions(base_url=url, **option))
        return made.aio if asynchronous else made
    name = "Anthropic" if api == "anthropic" else "OpenAI"
    make: Any = getattr(import_module(name.lower()), f"Async{name}" if asynchronous else name)
    return make(api_key="none", base_url=url, http_client=http, max_retries=0)


def sdk_objects(api: str, source: list[bytes] | str) -> Callable[[], Iterable[Any]]:
    """Give what iterates over the SDK's objects. ImportError where the SDK is missing.

    `source`: the chunks, from memory, or the URL of a server that sends them.
    """
    client = _made(api, source)
    return {
        "anthropic": lambda: client.messages.create(model="m", max_tokens=1, messages=[], stream=True),
        "gemini": lambda: client.models.generate_content_stream(model="m", contents="c"),
        "openai-responses": lambda: client.responses.create(model="m", input="i", stream=True),
        "openai-chat": lambda: client.chat.completions.create(model="m", messages=[], stream=True),
    }[api]


def sdk(api: str, source: list[bytes] | str) -> Callable[[], Iterator[str]]:
    """Give what iterates over the SDK's objects and gives the text of each, as sdk_objects."""
    objects = sdk_objects(api, source)

    def messages() -> Iterator[str]:
        for event in objects():
            if event.type == "content_block_delta":
                yield event.delta.text

    def responses() -> Iterator[str]:
        for response in objects():
            yield response.candidates[0].content.parts[0].text

    def events() -> Iterator[str]:
        for event in objects():
            if event.type == "response.output_text.delta":
                yield event.delta

    def completions() -> Iterator[str]:
        for chunk in objects():
            yield chunk.choices[0].delta.content or ""

    return {"anthropic": messages, "gemini": responses, "openai-responses": events, "openai-chat": completions}[api]


def async_sdk(api: str, source: list[bytes] | str) -> Callable[[], AsyncIterator[str]]:
    """Give the same, asynchronously. To be called, and used, within one event loop."""
    client = _made(api, source, asynchronous=True)

    async def messages() -> AsyncIterator[str]:
        async for event in await client.messages.create(model="m", max_tokens=1, messages=[], stream=True):
            if event.type == "content_block_delta":
                yield event.delta.text

    async def responses() -> AsyncIterator[str]:
        async for response in await client.models.generate_content_stream(model="m", contents="c"):
            yield response.candidates[0].content.parts[0].text

    async def events() -> AsyncIterator[str]:
        async for event in await client.responses.create(model="m", input="i", stream=True):
            if event.type == "response.output_text.delta":
                yield event.delta

    async def completions() -> AsyncIterator[str]:
        async for chunk in await client.chat.completions.create(model="m", messages=[], stream=True):
            yield chunk.choices[0].delta.content or ""

    return {"anthropic": messages, "gemini": responses, "openai-responses": events, "openai-chat": completions}[api]


def drain_sdk(read: Callable[[], Iterable[Any]]) -> None:
    """Iterate and do nothing with what comes: what is timed."""
    for _ in read():
        pass
