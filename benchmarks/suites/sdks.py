"""The providers' own SDKs, sync and async, over chunks from memory or from a server.

From memory, an SDK reads a mock transport of the HTTP client that it uses, so no socket is in its time.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from importlib import import_module
from importlib.metadata import requires
from typing import Any

from benchmarks.suites.measure import Lab, Reader

LIBRARIES = {"openai-chat": "openai", "openai-responses": "openai", "anthropic": "anthropic", "gemini": "google-genai"}


def mock_client(library: str, chunks: list[bytes], is_async: bool = False) -> Any:
    """Return a client of httpx or httpx2 that gets these chunks for each request."""
    http: Any = import_module(library)

    class Body(http.SyncByteStream, http.AsyncByteStream):  # type: ignore[misc]
        def __init__(self) -> None:
            self.left = iter(chunks)  # read once: the OpenAI SDK asks twice, to see whether more comes

        def __iter__(self) -> Iterator[bytes]:
            return self.left

        async def __aiter__(self) -> AsyncIterator[bytes]:
            for chunk in self.left:
                yield chunk

    headers = {"content-type": "text/event-stream"}
    transport = http.MockTransport(lambda request: http.Response(200, headers=headers, stream=Body()))
    return (http.AsyncClient if is_async else http.Client)(transport=transport)


def http_library(sdk: str) -> str:
    """Return the name of the HTTP client that an installed SDK uses: httpx in older versions, httpx2 in newer ones."""
    uses_httpx2 = any(requirement.startswith("httpx2") for requirement in requires(sdk) or ())
    return "httpx2" if uses_httpx2 else "httpx"


def sdk_client(api: str, source: list[bytes] | str, is_async: bool = False) -> Any:
    """Return the client of an SDK, for chunks from memory or for the URL of a server."""
    url = source if isinstance(source, str) else None
    http = None if isinstance(source, str) else mock_client(http_library(LIBRARIES[api]), source, is_async)
    if api == "gemini":
        genai: Any = import_module("google.genai")
        option = {"httpx_async_client" if is_async else "httpx_client": http}
        client = genai.Client(api_key="none", http_options=genai.types.HttpOptions(base_url=url, **option))
        return client.aio if is_async else client
    name = "Anthropic" if api == "anthropic" else "OpenAI"
    make: Any = getattr(import_module(name.lower()), f"Async{name}" if is_async else name)
    return make(api_key="none", base_url=url, http_client=http, max_retries=0)


def objects_of(api: str, client: Any) -> Callable[[], Any]:
    """Return the call that begins a stream of the SDK's objects."""
    return {
        "anthropic": lambda: client.messages.create(model="m", max_tokens=1, messages=[], stream=True),
        "gemini": lambda: client.models.generate_content_stream(model="m", contents="c"),
        "openai-responses": lambda: client.responses.create(model="m", input="i", stream=True),
        "openai-chat": lambda: client.chat.completions.create(model="m", messages=[], stream=True),
    }[api]


# The text of an object, by API.
TEXT_OF: dict[str, Callable[[Any], str | None]] = {
    "anthropic": lambda event: event.delta.text if event.type == "content_block_delta" else None,
    "gemini": lambda response: response.candidates[0].content.parts[0].text,
    "openai-responses": lambda event: event.delta if event.type == "response.output_text.delta" else None,
    "openai-chat": lambda chunk: chunk.choices[0].delta.content,
}


def sdk_reader(lab: Lab, api: str, source: list[bytes] | str, is_async: bool = False) -> Reader:
    """Return the SDK as a reader of its objects; an async client is made within the event loop."""
    make = partial(sdk_client, api, source, is_async)
    client = lab.closing(lab.call(make) if is_async else make())
    return Reader(objects_of(api, client), TEXT_OF[api])


# The text of an event of a `.stream()` helper, by API.
TEXT_OF_HELPER: dict[str, Callable[[Any], str | None]] = {
    "anthropic": lambda event: event.text if event.type == "text" else None,
    "openai-responses": TEXT_OF["openai-responses"],
    "openai-chat": lambda event: event.delta if event.type == "content.delta" else None,
}


def helper_reader(lab: Lab, api: str, chunks: list[bytes]) -> Reader:
    """Return the `.stream()` helper of an SDK as a reader of its events."""
    client = lab.closing(sdk_client(api, chunks))

    def events() -> Iterator[Any]:
        helper = {
            "anthropic": lambda: client.messages.stream(model="m", max_tokens=1, messages=[]),
            "openai-responses": lambda: client.responses.stream(model="m", input="i"),
            "openai-chat": lambda: client.chat.completions.stream(model="m", messages=[]),
        }[api]()
        with helper as stream:
            yield from stream

    return Reader(events, TEXT_OF_HELPER[api])
