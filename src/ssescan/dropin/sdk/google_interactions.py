"""The patches of google-genai, for the streams of Interactions, which the SDK scans one byte at a time."""

from __future__ import annotations

import json
from typing import Any

from pydantic_core import from_json

from ...scanner import Scanner
from ...sources import async_httpx_chunks, check_encoding, httpx_chunks
from .libraries import Patch
from .readers import AsyncBodyReader, BodyReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator

    from ...scanner import EventReader
    from .libraries import LibraryStreams

    Decode = Callable[[str], Any]


def patches(streams: LibraryStreams) -> list[Patch]:
    """Return the patches."""
    from google.genai._gaos.utils import eventstreaming

    original, aoriginal = eventstreaming.stream_events, eventstreaming.stream_events_async

    def scanner() -> Scanner[Any]:
        return Scanner(max_event_size=streams.max_event_size, unterminated="dispatch")

    def read(response: Any, decoder: Decode, sentinel: str | None) -> Generator[Any, None, None]:
        payloads = BodyReader(httpx_chunks(response), scanner())
        end = sentinel.encode() if sentinel else None
        try:
            check_encoding(response)
            for payload in payloads:
                if payload == end:
                    return
                yield decoder(_event_as_json(payload, payloads.reader))
        finally:
            streams.add(payloads.reader.events)
            response.close()

    async def aread(response: Any, decoder: Decode, sentinel: str | None) -> AsyncGenerator[Any, None]:
        payloads = AsyncBodyReader(async_httpx_chunks(response), scanner())
        end = sentinel.encode() if sentinel else None
        try:
            check_encoding(response)
            async for payload in payloads:
                if payload == end:
                    return
                yield decoder(_event_as_json(payload, payloads.reader))
        finally:
            streams.add(payloads.reader.events)
            await response.aclose()

    # If data is not required, the SDK also yields events without data.

    def stream_events(
        response: Any, decoder: Decode, sentinel: str | None = None, data_required: bool = True
    ) -> Generator[Any, None, None]:
        if data_required:
            return read(response, decoder, sentinel)
        return original(response, decoder, sentinel, data_required)

    def stream_events_async(
        response: Any, decoder: Decode, sentinel: str | None = None, data_required: bool = True
    ) -> AsyncGenerator[Any, None]:
        if data_required:
            return aread(response, decoder, sentinel)
        return aoriginal(response, decoder, sentinel, data_required)

    return [
        Patch(eventstreaming, "stream_events", stream_events),
        Patch(eventstreaming, "stream_events_async", stream_events_async),
    ]


def _event_as_json(payload: bytes, reader: EventReader[Any]) -> str:
    """Return an event as the SDK's decoders expect it, without `retry`, which they do not read."""
    event: dict[str, Any] = {}
    if reader.last_event_id:
        event["id"] = reader.last_event_id
    if reader.event_name is not None:
        event["event"] = reader.event_name
    try:
        event["data"] = from_json(payload)
    except ValueError:
        text = payload.decode("utf-8", "replace")
        try:
            event["data"] = json.loads(text)
        except json.JSONDecodeError:
            event["data"] = text
    return json.dumps(event)
