"""Haystack: its chat generators for OpenAI, Anthropic and Gemini, with a callback for the chunks."""

from __future__ import annotations

import os
from typing import Any

from haystack.components.generators.chat import OpenAIChatGenerator, OpenAIResponsesChatGenerator
from haystack.dataclasses import ChatMessage
from haystack.utils import Secret
from haystack_integrations.components.generators.anthropic import AnthropicChatGenerator
from haystack_integrations.components.generators.google_genai import GoogleGenAIChatGenerator

from benchmarks.frameworks.answer import Answer, Make, Read, plain

KEY = Secret.from_token("none")


def reader(generator: Any) -> Read:
    def read() -> Answer:
        answer = Answer()

        def add(chunk: Any) -> None:
            answer.pieces += 1
            answer.text += chunk.content

        reply = generator.run([ChatMessage.from_user("Hello!")], streaming_callback=add)["replies"][0]
        assert reply.text == (answer.text or None)
        answer.reasoning = reply.reasoning.reasoning_text if reply.reasoning else ""
        answer.calls = list(map(plain, reply.tool_calls))
        answer.usage = reply.meta.get("usage")
        return answer

    return read


def anthropic(url: str) -> Read:
    os.environ["ANTHROPIC_BASE_URL"] = url
    return reader(AnthropicChatGenerator(KEY))


def gemini(url: str) -> Read:
    os.environ["GOOGLE_GEMINI_BASE_URL"] = url
    return reader(GoogleGenAIChatGenerator(api_key=KEY))


OPTIONS: dict[str, Any] = {"generation_kwargs": {"stream_options": {"include_usage": True}}}
READERS: dict[str, Make] = {
    "openai-chat": lambda url: reader(OpenAIChatGenerator(KEY, api_base_url=url, max_retries=0, **OPTIONS)),
    "openai-responses": lambda url: reader(OpenAIResponsesChatGenerator(api_key=KEY, api_base_url=url, max_retries=0)),
    "anthropic": anthropic,
    "gemini": gemini,
}
