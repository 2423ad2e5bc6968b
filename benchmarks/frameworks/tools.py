"""The tools that observe the SDKs: how a program starts each.

Each function starts its tool and returns a function that returns the spans since its last call, as dicts and lists. The
tools are not installed here, but in environments of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Spans = Callable[[], list[Any]]


def plain(attributes: Any) -> dict[str, Any]:
    """Return attributes without times in words, and without the functions that an error came through.

    Acceleration is one of these; logfire's fingerprint of an error is a hash of them.
    """
    found = {key: re.sub(r"\d+\.\d+s", "0s", of) if isinstance(of, str) else of for key, of in attributes.items()}
    found.pop("logfire.exception.fingerprint", None)
    for key in ("exception.stacktrace", "error.stack"):  # OpenTelemetry's, ddtrace's
        if key in found:
            found[key] = found[key].strip().rpartition("\n")[2]
    return found


def memory() -> tuple[Any, Spans]:
    """Return a span processor of OpenTelemetry that keeps the spans, and the function that returns them."""
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()

    def spans() -> list[Any]:
        found = [
            {
                "name": span.name,
                "kind": span.kind.name,
                "status": [span.status.status_code.name, span.status.description],
                "attributes": plain(span.attributes),
                "events": [{"name": event.name, **plain(event.attributes)} for event in span.events],
            }
            for span in exporter.get_finished_spans()
        ]
        exporter.clear()
        return found

    return SimpleSpanProcessor(exporter), spans


def provider() -> tuple[Any, Spans]:
    """Return a tracer provider of OpenTelemetry, and the function that returns its spans."""
    from opentelemetry.sdk.trace import TracerProvider

    processor, spans = memory()
    made = TracerProvider()
    made.add_span_processor(processor)
    return made, spans


def openllmetry() -> Spans:
    from opentelemetry.instrumentation.anthropic import AnthropicInstrumentor
    from opentelemetry.instrumentation.openai import OpenAIInstrumentor

    made, spans = provider()
    OpenAIInstrumentor().instrument(tracer_provider=made)
    AnthropicInstrumentor().instrument(tracer_provider=made)
    return spans


def logfire() -> Spans:
    import logfire

    processor, spans = memory()
    logfire.configure(send_to_logfire=False, console=False, additional_span_processors=[processor])
    logfire.instrument_httpx(capture_all=True)
    logfire.instrument_openai(suppress_other_instrumentation=False)
    logfire.instrument_anthropic(suppress_other_instrumentation=False)
    return spans


def langfuse() -> Spans:
    """Start langfuse, which changes the OpenAI SDK itself, and leaves Anthropic's to OpenTelemetry."""
    import langfuse.openai
    from opentelemetry.instrumentation.anthropic import AnthropicInstrumentor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    made, spans = provider()
    keys = dict.fromkeys(("public_key", "secret_key"), "none")
    langfuse.Langfuse(**keys, tracer_provider=made, span_exporter=InMemorySpanExporter())  # else it sends them
    AnthropicInstrumentor().instrument(tracer_provider=made)
    return spans


def ddtrace() -> Spans:
    """Start ddtrace with its LLM Observability, and the HTTP client beneath. It sends nothing: the spans are kept."""
    import ddtrace
    from ddtrace.llmobs import LLMObs
    from ddtrace.trace import TraceFilter

    found: list[Any] = []

    class Keep(TraceFilter):  # type: ignore[misc]
        def process_trace(self, trace: list[Any]) -> None:
            for span in trace:
                tags = {**span.get_tags(), **span.get_metrics()}
                found.append({"name": span.name, "resource": span.resource, "error": span.error, "tags": plain(tags)})

    def keep(span: Any) -> None:
        found.append({"input": span.input, "output": span.output, "metadata": span.metadata})

    def spans() -> list[Any]:
        kept = found.copy()
        found.clear()
        return kept

    ddtrace.tracer.configure(trace_processors=[Keep()])
    LLMObs.enable(ml_app="program", agentless_enabled=True, api_key="none", span_processor=keep)
    ddtrace.patch(openai=True, anthropic=True, httpx=True, httpx2=True)
    return spans


TOOLS: dict[str, Callable[[], Spans]] = {
    "openllmetry": openllmetry,
    "logfire": logfire,
    "langfuse": langfuse,
    "ddtrace": ddtrace,
}
