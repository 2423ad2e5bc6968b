"""The SDKs, over bodies from memory, and all that a program can see of what they give."""

from __future__ import annotations

import asyncio
import atexit
import warnings
from dataclasses import fields, is_dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import anthropic
import google.genai
import httpx2
import openai
import pydantic

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

HEADERS = {"content-type": "text/event-stream"}


class Body(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A body in chunks; if it is broken, the connection fails where they end."""

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


class Served:
    """What a client's transport answers, now."""

    def __init__(self) -> None:
        self.body = Body([])

    def __call__(self, request: Any) -> httpx2.Response:
        return httpx2.Response(200, headers=HEADERS, stream=self.body)


SERVED = Served()


@cache
def loop() -> asyncio.Runner:
    """Return the event loop of all asynchronous clients: to make such a client is slow, and it belongs to one loop."""
    runner = asyncio.Runner()
    atexit.register(runner.close)
    return runner


@cache
def client(name: str, asynchronous: bool = False) -> Any:
    """Give a client of an SDK whose answers are SERVED's."""
    http: Any = (httpx2.AsyncClient if asynchronous else httpx2.Client)(transport=httpx2.MockTransport(SERVED))
    if name == "anthropic":
        return (anthropic.AsyncAnthropic if asynchronous else anthropic.Anthropic)(
            api_key="none", http_client=http, max_retries=0
        )
    if name.startswith("openai"):
        return (openai.AsyncOpenAI if asynchronous else openai.OpenAI)(api_key="none", http_client=http, max_retries=0)
    option = {"httpx_async_client" if asynchronous else "httpx_client": http}
    made = google.genai.Client(api_key="none", http_options=google.genai.types.HttpOptions(**option))
    return made.aio if asynchronous else made


def asked(name: str, client: Any) -> Any:
    """Ask for a stream as a program does."""
    if name == "anthropic":
        return client.messages.create(model="m", max_tokens=1, messages=[], stream=True)
    if name == "openai-chat":
        return client.chat.completions.create(model="m", messages=[], stream=True)
    if name == "openai-responses":
        return client.responses.create(model="m", input="i", stream=True)
    if name == "gemini":
        return client.models.generate_content_stream(model="m", contents="c", config={"automatic_continuation": False})
    return client.interactions.create(model="m", input="i", stream=True)


def seen(name: str, chunks: list[bytes], broken: Exception | None = None, take: int | None = None) -> list[Any]:
    """Read a body with an SDK, and tell what was given, and what was raised at its end."""
    SERVED.body = Body(chunks, broken)
    found: list[Any] = []
    try:
        for item in asked(name, client(name)):
            found.append(picture(item))
            if len(found) == take:
                break
    except Exception as error:
        found.append(raised(error))
    return found


def seen_async(name: str, chunks: list[bytes], broken: Exception | None = None) -> list[Any]:
    """The same, asynchronously."""
    SERVED.body = Body(chunks, broken)
    found: list[Any] = []

    async def main() -> None:
        try:
            async for item in await asked(name, client(name, True)):
                found.append(picture(item))
        except Exception as error:
            found.append(raised(error))

    loop().run(main())
    return found


def dumped_stream(name: str, chunks: list[bytes]) -> list[Any]:
    """Read a body with an SDK, and give what model_dump() makes of each object."""
    SERVED.body = Body(chunks)
    found: list[Any] = []
    try:
        found.extend(dumped(item) for item in asked(name, client(name)))
    except Exception as error:
        found.append(raised(error))
    return found


class Raised(tuple):  # type: ignore[type-arg]
    """An exception: its class, its text, and those that it came from."""

    __slots__ = ()


def raised(error: BaseException) -> Raised:
    cause = error.__cause__
    body = picture(getattr(error, "body", None))
    return Raised((type(error), str(error), body, None if cause is None else raised(cause)))


def picture(value: Any) -> Any:
    """Give all that can be seen of a value: the classes of all that is in it, fields, fields set, extra and private."""
    if isinstance(value, pydantic.BaseModel):
        return (
            type(value),
            {name: picture(item) for name, item in value.__dict__.items()},
            list(value.__dict__),
            value.__pydantic_fields_set__,
            picture(value.__pydantic_extra__),
            picture(value.__pydantic_private__),
        )
    if isinstance(value, dict):
        return (type(value), {name: picture(item) for name, item in value.items()}, list(value))
    if isinstance(value, (list, tuple)):
        return (type(value), [picture(item) for item in value])
    if is_dataclass(value) and not isinstance(value, type):
        return (type(value), {field.name: picture(getattr(value, field.name)) for field in fields(value)})
    if isinstance(value, float) and value != value:
        return (float, "nan")
    if hasattr(value, "__dict__") and not isinstance(value, type):
        return (type(value), repr(value))
    return (type(value), value)


def dumped(value: Any) -> Any:
    """Give what model_dump() gives, or raises."""
    try:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            return picture(value.model_dump()), [str(one.message) for one in told]
    except Exception as error:
        return raised(error)
