"""The SDKs, reading bodies from memory, and snapshots of all that a program can see of their objects."""

from __future__ import annotations

import asyncio
import atexit
import warnings
from collections import deque
from dataclasses import fields, is_dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import requires
from typing import TYPE_CHECKING, Any

import anthropic
import google.genai
import httpx
import httpx2
import openai
import pydantic

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

# The SDK continues a response of the newest models by itself; older versions do not know the option.
CAN_CONTINUE = "automatic_continuation" in google.genai.types.GenerateContentConfig.model_fields
GEMINI_CONFIG: Any = {"automatic_continuation": False} if CAN_CONTINUE else {}
# Older versions of google-genai end a line also at these characters, as str.splitlines() does.
ENDS_OF_LINES = {character.encode(): rf"\u{ord(character):04x}".encode() for character in "\u2028\u2029\x85"}
MISREADS_LINES = not hasattr(import_module("google.genai._api_client"), "_RawJsonLineBuffer")
HEADERS = {"content-type": "text/event-stream"}


class Body(httpx.SyncByteStream, httpx.AsyncByteStream, httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A body in chunks. If it is broken, the connection fails after the last chunk."""

    def __init__(self, chunks: list[bytes], broken: Exception | None = None) -> None:
        self.chunks = chunks
        self.broken = broken
        self.closed = 0

    def __iter__(self) -> Iterator[bytes]:
        yield from self.chunks
        if self.broken is not None:
            raise self.broken

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks:
            yield chunk
        if self.broken is not None:
            raise self.broken

    def close(self) -> None:
        self.closed += 1

    async def aclose(self) -> None:
        self.closed += 1


class FakeServer:
    """A transport of clients that answers with `body`. `requests`: the bodies of the last requests."""

    def __init__(self) -> None:
        self.body = Body([])
        self.requests: deque[bytes] = deque(maxlen=20)

    def __call__(self, request: Any) -> Any:
        self.requests.append(request.content)
        library: Any = httpx if isinstance(request, httpx.Request) else httpx2
        return library.Response(200, headers=HEADERS, stream=self.body)


SERVER = FakeServer()


@cache
def loop() -> asyncio.Runner:
    """Return the event loop of all asynchronous clients: each belongs to one loop, and takes long to make."""
    runner = asyncio.Runner()
    atexit.register(runner.close)
    return runner


@cache
def http_library(name: str) -> Any:
    """Return the HTTP client that an SDK uses: httpx for older versions, httpx2 for newer ones."""
    package = "anthropic" if name == "anthropic" else "openai" if name.startswith("openai") else "google-genai"
    uses_httpx2 = any(requirement.startswith("httpx2") for requirement in requires(package) or ())
    return import_module("httpx2" if uses_httpx2 else "httpx")


def http_client(name: str, asynchronous: bool = False) -> Any:
    """Return an HTTP client for an SDK that SERVER answers."""
    library = http_library(name)
    return (library.AsyncClient if asynchronous else library.Client)(transport=library.MockTransport(SERVER))


@cache
def client(name: str, asynchronous: bool = False) -> Any:
    """Return a client of an SDK that SERVER answers."""
    http = http_client(name, asynchronous)
    if name == "anthropic":
        return (anthropic.AsyncAnthropic if asynchronous else anthropic.Anthropic)(
            api_key="none", http_client=http, max_retries=0
        )
    if name.startswith("openai"):
        return (openai.AsyncOpenAI if asynchronous else openai.OpenAI)(api_key="none", http_client=http, max_retries=0)
    option = {"httpx_async_client" if asynchronous else "httpx_client": http}
    made = google.genai.Client(api_key="none", http_options=google.genai.types.HttpOptions(**option))
    return made.aio if asynchronous else made


def open_stream(name: str, client: Any) -> Any:
    """Open a stream as a program does."""
    if name == "anthropic":
        return client.messages.create(model="m", max_tokens=1, messages=[], stream=True)
    if name == "openai-chat":
        return client.chat.completions.create(model="m", messages=[], stream=True)
    if name == "openai-responses":
        return client.responses.create(model="m", input="i", stream=True)
    if name == "gemini":
        return client.models.generate_content_stream(model="m", contents="c", config=GEMINI_CONFIG)
    return client.interactions.create(model="m", input="i", stream=True)


def read_stream(name: str, chunks: list[bytes], broken: Exception | None = None) -> list[Any]:
    """Read a body with an SDK. Return snapshots of its objects, and last of the exception, if one was raised."""
    SERVER.body = Body(chunks, broken)
    found: list[Any] = []
    try:
        for item in open_stream(name, client(name)):
            found.append(snapshot(item))
    except Exception as error:
        found.append(error_snapshot(error))
    return found


def read_stream_async(name: str, chunks: list[bytes], broken: Exception | None = None) -> list[Any]:
    """Read a body with the asynchronous client of an SDK, as read_stream() does."""
    SERVER.body = Body(chunks, broken)
    found: list[Any] = []

    async def main() -> None:
        try:
            async for item in await open_stream(name, client(name, True)):
                found.append(snapshot(item))
        except Exception as error:
            found.append(error_snapshot(error))

    loop().run(main())
    return found


def dump_stream(name: str, chunks: list[bytes]) -> list[Any]:
    """Read a body with an SDK. Return the model_dump() of each object."""
    SERVER.body = Body(chunks)
    found: list[Any] = []
    try:
        found.extend(dump(item) for item in open_stream(name, client(name)))
    except Exception as error:
        found.append(error_snapshot(error))
    return found


def readable(name: str, body: bytes) -> bytes:
    """Return a body written so that the SDK alone can read it: the same body, except for older google-genai."""
    if name == "gemini" and MISREADS_LINES:
        for character, escape in ENDS_OF_LINES.items():
            body = body.replace(character, escape)
    return body


class ErrorSnapshot(tuple):  # type: ignore[type-arg]
    """An exception: its class, text and body, and its cause."""

    __slots__ = ()


def error_snapshot(error: BaseException) -> ErrorSnapshot:
    cause = error.__cause__
    body = snapshot(getattr(error, "body", None))
    return ErrorSnapshot((type(error), str(error), body, None if cause is None else error_snapshot(cause)))


def snapshot(value: Any) -> Any:
    """Return all that a program can see of a value: classes, fields, fields set, extra and private attributes."""
    if isinstance(value, pydantic.BaseModel):
        return (
            type(value),
            {name: snapshot(item) for name, item in value.__dict__.items()},
            list(value.__dict__),
            value.__pydantic_fields_set__,
            snapshot(value.__pydantic_extra__),
            snapshot(value.__pydantic_private__),
        )
    if isinstance(value, dict):
        return (type(value), {name: snapshot(item) for name, item in value.items()}, list(value))
    if isinstance(value, (list, tuple)):
        return (type(value), [snapshot(item) for item in value])
    if is_dataclass(value) and not isinstance(value, type):
        return (type(value), {field.name: snapshot(getattr(value, field.name)) for field in fields(value)})
    if isinstance(value, float) and value != value:
        return (float, "nan")
    if hasattr(value, "__dict__") and not isinstance(value, type):
        return (type(value), repr(value))
    return (type(value), value)


def dump(value: Any) -> Any:
    """Return the result of model_dump() and its warnings, or its exception."""
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            return snapshot(value.model_dump()), [str(warning.message) for warning in caught]
    except Exception as error:
        return error_snapshot(error)
