"""openai-agents: an agent with a tool, its events streamed."""

from __future__ import annotations

from typing import Any

from agents import (
    Agent,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    Runner,
    function_tool,
    set_tracing_disabled,
)
from openai import AsyncOpenAI

from benchmarks.frameworks.answer import Answer, Read, plain, wait_for

set_tracing_disabled(True)


@function_tool  # type: ignore[untyped-decorator]
def look_up(place: str) -> str:
    """Look up a place."""
    return place


def reader(model: Any) -> Read:
    agent = Agent("agent", model=model, tools=[look_up], tool_use_behavior="stop_on_first_tool")

    async def read() -> Answer:
        answer = Answer()
        result = Runner.run_streamed(agent, "Hello!")
        async for event in result.stream_events():
            answer.pieces += 1
            if event.type == "raw_response_event":
                if event.data.type == "response.output_text.delta":
                    answer.text += event.data.delta
                elif event.data.type.startswith("response.reasoning") and event.data.type.endswith("delta"):
                    answer.reasoning += event.data.delta
            elif event.type == "run_item_stream_event" and event.item.type.startswith("tool_call"):
                answer.calls.append(plain(event.item.raw_item))
        answer.usage = plain(result.context_wrapper.usage)
        return answer

    return lambda: wait_for(read())


def client(url: str) -> AsyncOpenAI:
    return AsyncOpenAI(base_url=url, api_key="none", max_retries=0)


READERS = {
    "openai-chat": lambda url: reader(OpenAIChatCompletionsModel("gpt-5.1", client(url))),
    "openai-responses": lambda url: reader(OpenAIResponsesModel("gpt-5.1", client(url))),
}
