"""The frameworks: what pip installs for each, and the streams that its program reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Row(NamedTuple):
    """A row of the table: an API of a framework.

    `reader`: of the program. `stream`: is timed, of streams.py. `also`: other streams that are compared. `reason`: why
    acceleration does not take part, if it does not.
    """

    reader: str
    title: str
    stream: str
    also: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Framework:
    """A framework. `package`: its distribution; `program`: a module of programs/; `requires`: what pip installs."""

    package: str
    program: str
    rows: tuple[Row, ...]
    requires: tuple[str, ...]


TITLES = {
    "openai-chat": "OpenAI, Chat Completions",
    "openai-responses": "OpenAI, Responses",
    "anthropic": "Anthropic",
    "gemini": "Gemini",
}
LITELLM = "LiteLLM sends and parses it by itself, without an SDK"


def rows(*apis: str, **reasons: str) -> tuple[Row, ...]:
    """Return the rows of APIs, of which the streams with calls are compared too."""
    return tuple(Row(api, TITLES[api], api, (f"{api}-calls",), reasons.get(api, "")) for api in apis)


LANGCHAIN = ("langchain", "langchain-openai", "langchain-anthropic", "langchain-google-genai", "langgraph")
FRAMEWORKS = (
    Framework("langchain", "langchain", rows(*TITLES), LANGCHAIN),
    Framework("langgraph", "langgraph", rows(*TITLES), LANGCHAIN),
    Framework("pydantic-ai", "pydantic_ai", rows(*TITLES), ("pydantic-ai",)),
    Framework("openai-agents", "openai_agents", rows("openai-chat", "openai-responses"), ("openai-agents",)),
    Framework(
        "litellm",
        "litellm",
        rows("openai-chat", "anthropic", "gemini", anthropic=LITELLM, gemini=LITELLM),
        ("litellm",),
    ),
    Framework(
        "instructor",
        "instructor",
        tuple(Row(api, TITLES[api], f"{api}-items") for api in ("openai-chat", "anthropic")),
        ("instructor[anthropic]",),
    ),
    Framework(
        "llama-index-core",
        "llama_index",
        rows(*TITLES),
        # llama-index-llms-anthropic 0.12 sends what newer SDKs of Anthropic refuse.
        ("llama-index-llms-openai", "llama-index-llms-anthropic", "anthropic<1", "llama-index-llms-google-genai"),
    ),
    Framework(
        "haystack-ai",
        "haystack",
        rows(*TITLES),
        ("haystack-ai", "anthropic-haystack", "google-genai-haystack"),
    ),
    Framework(
        "smolagents",
        "smolagents",
        rows("openai-chat", "anthropic", anthropic=LITELLM),
        ("smolagents[openai,litellm]",),
    ),
    Framework("llm", "llm", rows("openai-chat", "anthropic"), ("llm", "llm-anthropic")),
    Framework(
        "dspy",
        "dspy",
        (
            Row(
                "lm15",
                "OpenAI, Chat Completions",
                "openai-chat-field",
                reason="its engine lm15, the default, sends and parses it by itself, without an SDK",
            ),
            Row("litellm", 'the same with `engine="litellm"`', "openai-chat-field"),
        ),
        ("dspy",),
    ),
)
