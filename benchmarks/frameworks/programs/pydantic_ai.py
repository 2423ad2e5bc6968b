"""pydantic-ai: the text stream of an agent; for calls, the events of a model's request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic_ai.direct import model_request_stream
from pydantic_ai.messages import ModelRequest
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.google import GoogleModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.google import GoogleProvider
from pydantic_ai.providers.openai import OpenAIProvider

from benchmarks.frameworks.answer import Answer, Read, wait_for


def reader(model: Any) -> Read:
    async def read() -> Answer:
        answer = Answer()
        async with model_request_stream(model, [ModelRequest.user_text_prompt("Hello!")]) as events:
            async for _ in events:
                answer.pieces += 1
        for part in events.get().parts:
            if part.part_kind == "text":
                answer.text += part.content
            elif part.part_kind == "thinking":
                answer.reasoning += part.content
            else:
                answer.calls.append([part.tool_name, part.args, part.tool_call_id])
        answer.usage = repr(events.usage)
        return answer

    return lambda: wait_for(read())


MODELS: dict[str, Callable[[str], Any]] = {
    "openai-chat": lambda url: OpenAIChatModel("gpt-5.1", provider=OpenAIProvider(base_url=url, api_key="none")),
    "openai-responses": lambda url: OpenAIResponsesModel(
        "gpt-5.1", provider=OpenAIProvider(base_url=url, api_key="none")
    ),
    "anthropic": lambda url: AnthropicModel(
        "claude-sonnet-5", provider=AnthropicProvider(base_url=url, api_key="none")
    ),
    "gemini": lambda url: GoogleModel("gemini-3-flash", provider=GoogleProvider(base_url=url, api_key="none")),
}
READERS = {api: lambda url, make=make: reader(make(url)) for api, make in MODELS.items()}
