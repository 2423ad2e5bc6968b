# ruff: noqa: SLF001 - the private parts of other libraries are what these tests are about
"""The modules and classes that accelerate() patches, and whether they are as they were."""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from typing import Any

import anthropic._streaming
import anthropic.lib.streaming._beta_messages
import anthropic.lib.streaming._messages
import google.genai.models
import httpcore._async.http11
import httpcore._sync.http11
import httpcore2._async.http11
import httpcore2._sync.http11
import httpx2
import httpx_sse
import openai._streaming
import openai.lib.streaming.chat._completions
import openai.lib.streaming.responses._responses

PLACES: list[Any] = [
    openai._streaming.Stream,
    openai._streaming.AsyncStream,
    openai._base_client.BaseClient,
    anthropic._streaming.Stream,
    anthropic._streaming.AsyncStream,
    anthropic.lib.streaming._messages,
    anthropic.lib.streaming._beta_messages,
    openai.lib.streaming.chat._completions,
    openai.lib.streaming.responses._responses,
    google.genai._api_client,
    google.genai._api_client.HttpResponse,
    google.genai._common.BaseModel,
    google.genai._extra_utils,
    google.genai.models,
    google.genai.types.HttpResponse,
    httpx2._sse,
    httpx_sse._api,
    httpx_sse._api.EventSource,
    httpcore._sync.http11.HTTP11Connection,
    httpcore._async.http11.AsyncHTTP11Connection,
    httpcore2._sync.http11.HTTP11Connection,
    httpcore2._async.http11.AsyncHTTP11Connection,
]
# The Interactions of newer versions, and of older ones. The newer ones raise NameError with a pydantic before 2.12.
with suppress(ImportError, NameError):
    PLACES.append(import_module("google.genai._gaos.utils.eventstreaming"))
with suppress(ImportError):
    streaming = import_module("google.genai._interactions._streaming")
    PLACES += (streaming.Stream, streaming.AsyncStream)


def attributes() -> list[dict[str, Any]]:
    """Return all attributes of the modules and classes that accelerate() patches."""
    # Without the names of slots: copy.copy() adds them, when anthropic copies a stream.
    return [{name: thing for name, thing in vars(place).items() if name != "__slotnames__"} for place in PLACES]


def are_identical(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> bool:
    return all(
        before.keys() == after.keys() and all(before[name] is after[name] for name in before)
        for before, after in zip(one, other, strict=True)
    )
