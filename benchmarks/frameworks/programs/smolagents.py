"""smolagents: `generate_stream` of its models for OpenAI and, by LiteLLM, Anthropic."""

from __future__ import annotations

from typing import Any

from smolagents import ChatMessage, LiteLLMModel, MessageRole, OpenAIModel

from benchmarks.frameworks.answer import Answer, Make, Read, plain


def reader(model: Any) -> Read:
    def read() -> Answer:
        answer = Answer()
        for delta in model.generate_stream([ChatMessage(MessageRole.USER, "Hello!")]):
            answer.pieces += 1
            answer.text += delta.content or ""
            answer.calls += map(plain, delta.tool_calls or ())
            answer.usage = plain(delta.token_usage) or answer.usage
        return answer

    return read


READERS: dict[str, Make] = {
    "openai-chat": lambda url: reader(OpenAIModel("gpt-5.1", api_base=url, api_key="none")),
    "anthropic": lambda url: reader(LiteLLMModel("anthropic/claude-sonnet-4-5", api_base=url, api_key="none")),
}
