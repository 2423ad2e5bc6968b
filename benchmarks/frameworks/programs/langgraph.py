"""LangGraph: a graph of one node with a model of LangChain, its messages streamed."""

from __future__ import annotations

from typing import Any

from langgraph.graph import START, MessagesState, StateGraph

from benchmarks.frameworks.answer import Answer, Read
from benchmarks.frameworks.programs.langchain import MODELS, add


def reader(model: Any) -> Read:
    def call(state: MessagesState) -> dict[str, Any]:
        return {"messages": [model.invoke(state["messages"])]}

    graph = StateGraph(MessagesState).add_node("call", call).add_edge(START, "call").compile()

    def read() -> Answer:
        answer = Answer()
        for chunk, _ in graph.stream({"messages": [("user", "Hello!")]}, stream_mode="messages"):
            add(answer, chunk)
        return answer

    return read


READERS = {api: lambda url, make=make: reader(make(url)) for api, make in MODELS.items()}
