"""The official SDKs, reading a replay: the answer as each of them understands it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import anthropic
import google.genai
import openai
from google.genai import types

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ASKED: Any = [{"role": "user", "content": "Hello!"}]


@dataclass
class Found:
    """The answer as an SDK read it: the text, the calls (name and arguments), and the tokens in and out."""

    text: str = ""
    calls: list[tuple[str, Any]] = field(default_factory=list)
    usage: tuple[int | None, int | None] = (None, None)
    chunks: int = 0


# Each takes the base URL, the object to fill, seconds without a byte, and headers of its own.


def read_chat(url: str, found: Found, timeout: float, headers: dict[str, str] | None = None) -> None:
    client = openai.OpenAI(
        api_key="none", base_url=f"{url}/v1", max_retries=0, timeout=timeout, default_headers=headers
    )
    calls: dict[int, list[str]] = {}
    with (
        client,
        client.chat.completions.create(
            model="m", messages=ASKED, stream=True, stream_options={"include_usage": True}
        ) as stream,
    ):
        for chunk in stream:
            found.chunks += 1
            for choice in chunk.choices:
                found.text += choice.delta.content or ""
                for call in choice.delta.tool_calls or ():
                    held = calls.setdefault(call.index, ["", ""])
                    assert call.function is not None
                    held[0] += call.function.name or ""
                    held[1] += call.function.arguments or ""
            if chunk.usage is not None:
                found.usage = chunk.usage.prompt_tokens, chunk.usage.completion_tokens
    found.calls = [(name, json.loads(arguments)) for name, arguments in calls.values()]


def read_responses(url: str, found: Found, timeout: float, headers: dict[str, str] | None = None) -> None:
    client = openai.OpenAI(
        api_key="none", base_url=f"{url}/v1", max_retries=0, timeout=timeout, default_headers=headers
    )
    with client, client.responses.create(model="m", input="Hello!", stream=True) as stream:
        for event in stream:
            found.chunks += 1
            if event.type == "response.output_text.delta":
                found.text += event.delta
            elif event.type == "response.completed" and event.response.usage is not None:
                items = event.response.output
                found.calls = [(one.name, json.loads(one.arguments)) for one in items if one.type == "function_call"]
                found.usage = event.response.usage.input_tokens, event.response.usage.output_tokens


def read_messages(url: str, found: Found, timeout: float, headers: dict[str, str] | None = None) -> None:
    client = anthropic.Anthropic(api_key="none", base_url=url, max_retries=0, timeout=timeout, default_headers=headers)
    with client, client.messages.stream(model="m", max_tokens=9, messages=ASKED) as stream:
        for event in stream:
            found.chunks += 1
            if event.type == "text":
                found.text += event.text
        message = stream.get_final_message()
    found.calls = [(block.name, block.input) for block in message.content if block.type == "tool_use"]
    found.usage = message.usage.input_tokens, message.usage.output_tokens


def read_gemini(url: str, found: Found, timeout: float, headers: dict[str, str] | None = None) -> None:
    options = types.HttpOptions(base_url=url, timeout=int(timeout * 1000), headers=headers)
    with google.genai.Client(api_key="none", http_options=options) as client:
        for chunk in client.models.generate_content_stream(model="m", contents="Hello!"):
            found.chunks += 1
            for part in _parts(chunk):
                if part.text and not part.thought:
                    found.text += part.text
                if part.function_call is not None:
                    found.calls.append((part.function_call.name or "", part.function_call.args))
            usage = chunk.usage_metadata
            if usage is not None:
                output = (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0)
                found.usage = usage.prompt_token_count, output


def _parts(chunk: types.GenerateContentResponse) -> Iterator[types.Part]:
    for candidate in chunk.candidates or ():
        if candidate.content is not None:
            yield from candidate.content.parts or ()


READERS: dict[str, Callable[..., None]] = {
    "openai-chat": read_chat,
    "openai-responses": read_responses,
    "anthropic": read_messages,
    "gemini": read_gemini,
}
