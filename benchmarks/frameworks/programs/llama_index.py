"""llama-index: `stream_chat` of its classes for OpenAI, Anthropic and Gemini."""

from __future__ import annotations

from typing import Any

from llama_index.core.llms import ChatMessage
from llama_index.llms.anthropic import Anthropic
from llama_index.llms.google_genai import GoogleGenAI
from llama_index.llms.openai import OpenAI, OpenAIResponses

from benchmarks.frameworks.answer import Answer, Make, Read, plain


def reader(model: Any) -> Read:
    def read() -> Answer:
        answer, last = Answer(), None
        for last in model.stream_chat([ChatMessage("Hello!")]):
            answer.pieces += 1
            answer.text += last.delta or ""
        for block in last.message.blocks if last else ():
            if block.block_type == "thinking":
                answer.reasoning += block.content or ""
            elif block.block_type == "tool_call":
                answer.calls.append(plain(block))
        answer.usage = last and last.additional_kwargs
        return answer

    return read


def gemini(url: str) -> Read:
    # With these limits, it asks the server for no others.
    limits = {"max_tokens": 1000, "context_window": 100_000}
    return reader(GoogleGenAI("gemini-2.5-flash", api_key="none", http_options={"base_url": url}, **limits))


READERS: dict[str, Make] = {
    "openai-chat": lambda url: reader(OpenAI("gpt-5.1", api_base=url, api_key="none", max_retries=0)),
    "openai-responses": lambda url: reader(OpenAIResponses("gpt-5.1", api_base=url, api_key="none", max_retries=0)),
    "anthropic": lambda url: reader(Anthropic("claude-sonnet-4-5", base_url=url, api_key="none", max_retries=0)),
    "gemini": gemini,
}
