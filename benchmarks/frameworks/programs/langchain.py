"""LangChain: the chat models of its packages for OpenAI, Anthropic and Gemini."""

from __future__ import annotations

from functools import partial
from typing import Any

from langchain_anthropic import ChatAnthropic
from langchain_google_genai import ChatGoogleGenerativeAI
from langchain_openai import ChatOpenAI

from benchmarks.frameworks.answer import Answer, Read


def add(answer: Answer, chunk: Any) -> None:
    """Add a chunk to what was read."""
    answer.pieces += 1
    answer.text += chunk.text
    answer.calls += chunk.tool_call_chunks
    answer.reasoning += "".join(block.get("reasoning", "") for block in chunk.content_blocks)
    answer.usage = chunk.usage_metadata or answer.usage


def reader(model: Any) -> Read:
    def read() -> Answer:
        answer = Answer()
        for chunk in model.stream("Hello!"):
            add(answer, chunk)
        return answer

    return read


def openai(url: str, **options: Any) -> ChatOpenAI:
    return ChatOpenAI(model="gpt-5.1", api_key="none", base_url=url, max_retries=0, **options)


def anthropic(url: str) -> ChatAnthropic:
    return ChatAnthropic(model="claude-sonnet-5", api_key="none", base_url=url, max_retries=0)


def gemini(url: str) -> ChatGoogleGenerativeAI:
    return ChatGoogleGenerativeAI(model="gemini-3-flash", google_api_key="none", base_url=url)


MODELS = {
    "openai-chat": partial(openai, stream_usage=True),
    "openai-responses": partial(openai, use_responses_api=True),
    "anthropic": anthropic,
    "gemini": gemini,
}
READERS = {api: lambda url, make=make: reader(make(url)) for api, make in MODELS.items()}
