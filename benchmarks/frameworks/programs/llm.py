"""llm: the responses of its models for OpenAI, Anthropic (llm-anthropic) and Gemini (llm-gemini)."""

from __future__ import annotations

from typing import Any

from llm.default_plugins.openai_models import Chat
from llm_anthropic import ClaudeMessages

from benchmarks.frameworks.answer import Answer, Make, Read, plain


def reader(model: Any) -> Read:
    def read() -> Answer:
        answer = Answer()
        response = model.prompt("Hello!", key="none")
        for text in response:
            answer.pieces += 1
            answer.text += text
        answer.calls = list(map(plain, response.tool_calls()))
        answer.usage = plain(response.usage())
        return answer

    return read


READERS: dict[str, Make] = {
    "openai-chat": lambda url: reader(Chat("gpt-5.1", api_base=url)),
    "anthropic": lambda url: reader(ClaudeMessages("claude-sonnet-4-5", base_url=url)),
}
