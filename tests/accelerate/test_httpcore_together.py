"""accelerate("httpcore"): things that come in turns - the items of a stream, and the responses of a pool."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack, ExitStack
from random import Random
from typing import TYPE_CHECKING, Any

import anyio
import openai
import pytest

import ssescan

from .raw_http import HEAD, LIBRARIES, RawServer
from .sdks import snapshot
from .test_httpcore import END, libraries, ways

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("restored")

STREAM_HEAD = HEAD.replace(b"\r\n\r\n", b"\r\nContent-Type: text/event-stream\r\n\r\n")
CHUNKS = 41  # in each body
TEXT = ("The ", "river ", "carries ", "größere ", "stones.")
ARGUMENTS = ('{"pl', 'ace": ', '"Ελλ', 'άδα"', "}")


@pytest.fixture(scope="module")
def server() -> Iterator[RawServer]:
    with RawServer() as server:
        yield server


def chunked(data: bytes, random: Random) -> bytes:
    """Return data in HTTP chunks that are cut at random places, not at the events."""
    places = sorted(random.sample(range(1, len(data)), CHUNKS - 1))
    pieces = [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + END


def interleaved_items() -> bytes:
    """Return a stream of Responses in which a message and a call grow in turns."""
    message = {"id": "m", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
    call = {"id": "f", "type": "function_call", "call_id": "c", "name": "go", "arguments": "", "status": "in_progress"}
    text = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
    done = [
        {**message, "status": "completed", "content": [{**text, "text": "".join(TEXT)}]},
        {**call, "status": "completed", "arguments": "".join(ARGUMENTS)},
    ]
    response = {
        "id": "r", "object": "response", "created_at": 1, "model": "m", "output": [], "parallel_tool_calls": True,
        "tool_choice": "auto", "tools": [], "status": "in_progress",
    }  # fmt: skip
    of_text, of_call = {"item_id": "m", "output_index": 0, "content_index": 0}, {"item_id": "f", "output_index": 1}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": response},
        {"type": "response.output_item.added", "output_index": 0, "item": message},
        {"type": "response.output_item.added", "output_index": 1, "item": call},
        {"type": "response.content_part.added", **of_text, "part": text},
    ]
    for word, piece in zip(TEXT, ARGUMENTS, strict=True):
        events.append({"type": "response.output_text.delta", **of_text, "delta": word, "logprobs": []})
        events.append({"type": "response.function_call_arguments.delta", **of_call, "delta": piece})
    events += [
        {"type": "response.function_call_arguments.done", **of_call, "name": "go", "arguments": "".join(ARGUMENTS)},
        {"type": "response.output_text.done", **of_text, "text": "".join(TEXT), "logprobs": []},
        {"type": "response.output_item.done", "output_index": 1, "item": done[1]},
        {"type": "response.output_item.done", "output_index": 0, "item": done[0]},
        {"type": "response.completed", "response": {**response, "status": "completed", "output": done}},
    ]
    return b"".join(
        f"event: {event['type']}\ndata: {json.dumps({**event, 'sequence_number': number}, ensure_ascii=False)}\n\n".encode()
        for number, event in enumerate(events)
    )


@pytest.fixture(params=[1, 7, 100, 65536])
def size(request: pytest.FixtureRequest) -> Iterator[int]:
    """The most bytes that a connection reads at once."""
    with pytest.MonkeyPatch.context() as patches:
        for package in LIBRARIES.values():
            for connection in (package.HTTP11Connection, package.AsyncHTTP11Connection):
                patches.setattr(connection, "READ_NUM_BYTES", request.param)
        yield request.param


def read_items(url: str) -> list[Any]:
    """Read the stream with the OpenAI SDK. Return snapshots of its objects."""
    with openai.OpenAI(api_key="none", base_url=url, max_retries=0) as client:
        return [snapshot(event) for event in client.responses.retrieve("r", stream=True)]


def test_interleaved_items_of_responses(server: RawServer, size: int) -> None:
    url = server.offers(STREAM_HEAD + chunked(interleaved_items(), Random(size)))
    plain = read_items(url)
    with ssescan.accelerate("openai", "httpcore") as acceleration:
        assert read_items(url) == plain
        assert acceleration.events == {"openai": 4 + 2 * len(TEXT) + 5, "httpcore": CHUNKS}
        assert acceleration.streams["openai"].slow_events == 0
    assert len(plain) == 4 + 2 * len(TEXT) + 5


def read_in_turns(library: str, urls: list[str]) -> list[bytes]:
    """Open all responses with one pool, and read a piece of each in turns. Return the bodies."""
    package = LIBRARIES[library]
    found = [b"" for _ in urls]
    with ExitStack() as stack:
        pool = stack.enter_context(package.ConnectionPool())
        bodies = [iter(stack.enter_context(pool.stream("GET", url)).stream) for url in urls]
        while any(pieces := [next(body, b"") for body in bodies]):
            found = [body + piece for body, piece in zip(found, pieces, strict=True)]
    return found


async def aread_in_turns(library: str, urls: list[str]) -> list[bytes]:
    """Do the same with an asynchronous client."""
    package = LIBRARIES[library]
    found = [b"" for _ in urls]
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(package.AsyncConnectionPool())
        bodies = [aiter((await stack.enter_async_context(pool.stream("GET", url))).stream) for url in urls]
        while any(pieces := [await anext(body, b"") for body in bodies]):
            found = [body + piece for body, piece in zip(found, pieces, strict=True)]
    return found


@libraries
@ways
def test_responses_that_are_read_in_turns(server: RawServer, library: str, way: str, size: int) -> None:
    texts = [bytes([65 + number]) * 300 for number in range(5)]
    urls = [server.offers(HEAD + chunked(text, Random(number))) for number, text in enumerate(texts)]
    with ssescan.accelerate("httpcore") as acceleration:
        in_turns: Any = aread_in_turns
        found = read_in_turns(library, urls) if way == "sync" else anyio.run(in_turns, library, urls, backend=way)
        assert acceleration.events["httpcore"] == len(urls) * CHUNKS
    assert found == texts
