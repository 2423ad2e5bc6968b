"""LiteLLM: `completion(stream=True)` for each provider."""

from __future__ import annotations

import litellm

from benchmarks.frameworks.answer import Answer, Make, Read, plain


def reader(model: str, url: str) -> Read:
    options = {"api_base": url, "api_key": "none", "stream_options": {"include_usage": True}, "max_retries": 0}

    def read() -> Answer:
        answer = Answer()
        for chunk in litellm.completion(model, [{"role": "user", "content": "Hello!"}], stream=True, **options):
            answer.pieces += 1
            for choice in chunk.choices:
                answer.text += choice.delta.content or ""
                answer.reasoning += getattr(choice.delta, "reasoning_content", None) or ""
                answer.calls += map(plain, choice.delta.tool_calls or ())
            answer.usage = plain(getattr(chunk, "usage", None)) or answer.usage
        return answer

    return read


READERS: dict[str, Make] = {
    "openai-chat": lambda url: reader("openai/gpt-5.1", url),
    "anthropic": lambda url: reader("anthropic/claude-sonnet-4-5", url),
    "gemini": lambda url: reader("gemini/gemini-2.5-flash", url),
}
