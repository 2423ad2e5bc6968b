"""The inside of google-genai's Interactions, and what is put in its place: the reading of events, a byte at a time."""

from __future__ import annotations

import json
from contextlib import aclosing
from typing import Any

from pydantic_core import from_json

from ...scanner import EventReader, Scanner
from ...sources import async_httpx_chunks, check_encoding, httpx_chunks
from .libraries import Patch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator

    from .libraries import Tally

INSIDES = {
    "google.genai._gaos.utils.eventstreaming:stream_events": ("e7405cc8086c",),
    "google.genai._gaos.utils.eventstreaming:stream_events_async": ("b5b95aded040",),
    "google.genai._gaos.utils.eventstreaming:_peek_sequence": ("e67db58fdc96",),
    "google.genai._gaos.utils.eventstreaming:_parse_event": ("87a900d22894",),
}


def _reader(limit: int | None) -> EventReader[Any]:
    return EventReader(Scanner(max_event_size=limit, unterminated="dispatch"), False, True)


def _told(payload: bytes, reader: EventReader[Any]) -> str:
    """Write an event down as the SDK's decoders want it, all but the retry, which none of them reads."""
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


def patches(tally: Tally) -> list[Patch]:
    """Say what is to be replaced, and by what."""
    from google.genai._gaos.utils import eventstreaming

    plain, aplain = eventstreaming.stream_events, eventstreaming.stream_events_async

    def stream_events(
        response: Any,
        decoder: Callable[[str], Any],
        sentinel: str | None = None,
        data_required: bool = True,
    ) -> Generator[Any, None, None]:
        if not data_required:  # then it wants to hear of blocks without data as well
            yield from plain(response, decoder, sentinel, data_required)
            return
        reader, end = _reader(tally.max_event_size), sentinel.encode() if sentinel else None
        try:
            check_encoding(response)
            for chunk in _and_the_end(httpx_chunks(response)):
                reader.close() if chunk is None else reader.feed(chunk)
                while (payload := reader.pop()) is not None:
                    if payload == end:
                        return
                    yield decoder(_told(payload, reader))
        finally:
            tally.add(reader.events)
            response.close()

    async def stream_events_async(
        response: Any,
        decoder: Callable[[str], Any],
        sentinel: str | None = None,
        data_required: bool = True,
    ) -> AsyncGenerator[Any, None]:
        if not data_required:
            async with aclosing(aplain(response, decoder, sentinel, data_required)) as items:
                async for item in items:
                    yield item
            return
        reader, end = _reader(tally.max_event_size), sentinel.encode() if sentinel else None
        try:
            check_encoding(response)
            async for chunk in _and_the_end_async(async_httpx_chunks(response)):
                reader.close() if chunk is None else reader.feed(chunk)
                while (payload := reader.pop()) is not None:
                    if payload == end:
                        return
                    yield decoder(_told(payload, reader))
        finally:
            tally.add(reader.events)
            await response.aclose()

    return [
        Patch(eventstreaming, "stream_events", stream_events),
        Patch(eventstreaming, "stream_events_async", stream_events_async),
    ]


def _and_the_end(chunks: Any) -> Generator[bytes | None, None, None]:
    yield from chunks
    yield None


async def _and_the_end_async(chunks: Any) -> AsyncGenerator[bytes | None, None]:
    async for chunk in chunks:
        yield chunk
    yield None
