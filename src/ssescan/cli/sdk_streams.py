"""The official SDKs, read from memory: their objects as they are, and accelerated.

For `ssescan bench` and `ssescan demo`. An SDK reads a mock transport of its HTTP client, so no socket is in its time.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import requires
from importlib.resources import files
from typing import Any

from .. import accelerate
from .doctor import IS_ACCELERATED


@dataclass(frozen=True)
class Sdk:
    """An SDK: the format of its answers, how to begin a stream of its objects, and the text of one."""

    api: str
    begin: Callable[[Any], Callable[[], Iterable[Any]]]  # of an HTTP client
    text: Callable[[Any], str | None]


def openai(client: Any) -> Callable[[], Iterable[Any]]:
    """Return the call that begins a stream of Chat Completions."""
    made = import_module("openai").OpenAI(api_key="none", http_client=client, max_retries=0)
    return lambda: made.chat.completions.create(model="m", messages=[], stream=True)


def anthropic(client: Any) -> Callable[[], Iterable[Any]]:
    """Return the call that begins a stream of Messages."""
    made = import_module("anthropic").Anthropic(api_key="none", http_client=client, max_retries=0)
    return lambda: made.messages.create(model="m", max_tokens=1, messages=[], stream=True)


def google_genai(client: Any) -> Callable[[], Iterable[Any]]:
    """Return the call that begins a stream of generateContent."""
    genai: Any = import_module("google.genai")
    made = genai.Client(api_key="none", http_options=genai.types.HttpOptions(httpx_client=client))
    return lambda: made.models.generate_content_stream(model="m", contents="c")


def text_of_chat(chunk: Any) -> str | None:
    """Return the text of a chunk of OpenAI."""
    return chunk.choices[0].delta.content if chunk.choices else None


def text_of_event(event: Any) -> str | None:
    """Return the text of an event of Anthropic."""
    return getattr(event.delta, "text", None) if event.type == "content_block_delta" else None


def text_of_response(response: Any) -> str | None:
    """Return the text of a response of Gemini."""
    parts = response.candidates[0].content.parts or ()
    return "".join(part.text or "" for part in parts if not part.thought)


SDKS: dict[str, Sdk] = {
    "openai": Sdk("openai-chat", openai, text_of_chat),
    "anthropic": Sdk("anthropic", anthropic, text_of_event),
    "google-genai": Sdk("gemini", google_genai, text_of_response),
}
# What only the events of text have, in the streams of the package.
MARKS: dict[str, bytes] = {
    "openai-chat": b'"delta":{"content":',
    "anthropic": b'"text_delta"',
    "gemini": b'"}], "role": "model"}, "index"',
}


def own_stream(api: str) -> bytes:
    """Return the package's own stream of a format."""
    return files("ssescan.cli").joinpath("streams", f"{api}.sse").read_bytes()


def long_stream(api: str, count: int) -> list[bytes]:
    """Return the events of the package's own stream of a format, with so many events of text, one after the other."""
    body = own_stream(api)
    blank = b"\r\n\r\n" if b"\r\n\r\n" in body else b"\n\n"
    events = [event + blank for event in body.split(blank)[:-1]]
    numbers = [number for number, event in enumerate(events) if MARKS[api] in event]
    texts = [events[number] for number in numbers]
    repeated = texts * (count // len(texts)) + texts[: count % len(texts)]
    return [*events[: numbers[0]], *repeated, *events[numbers[-1] + 1 :]]


def objects_of(name: str, chunks: list[bytes]) -> Callable[[], Iterable[Any]]:
    """Return the call that begins a stream of an SDK's objects, from these chunks. ImportError if it is missing."""
    # Newer versions of the SDKs use httpx2.
    http: Any = import_module("httpx2" if any(one.startswith("httpx2") for one in requires(name) or ()) else "httpx")
    headers = {"content-type": "text/event-stream"}
    transport = http.MockTransport(lambda _: http.Response(200, headers=headers, content=iter(chunks)))
    with warnings.catch_warnings(action="ignore"):
        return SDKS[name].begin(http.Client(transport=transport))


@contextmanager
def accelerated(name: str) -> Iterator[None]:
    """Accelerate an SDK within the block. ImportError if ssescan leaves the installed version alone."""
    with warnings.catch_warnings(action="ignore"):
        acceleration = accelerate(name)
    with acceleration:
        if not acceleration.report[name].endswith(IS_ACCELERATED):
            raise ImportError(acceleration.report[name])
        yield
