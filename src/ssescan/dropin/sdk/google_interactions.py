"""The patches of google-genai, for the streams of Interactions, which the SDK scans one byte at a time."""

import json
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any

from pydantic_core import from_json

from ...scanner import EventReader, Scanner
from ...sources import async_httpx_chunks, check_encoding, httpx_chunks
from .counts import StreamEnd
from .libraries import Library, Patch
from .readers import BodyReader

Decode = Callable[[str], Any]
# The names of events that are not the last one of a stream begin with one of these.
UNFINISHED = ("step.", "content.", "interaction.created", "interaction.start", "interaction.in_progress")


def patches(library: Library) -> list[Patch]:
    """Return the patches."""
    from google.genai._gaos.utils import eventstreaming

    original, aoriginal = eventstreaming.stream_events, eventstreaming.stream_events_async

    def payloads_of(chunks: Any) -> BodyReader:
        return BodyReader(chunks, Scanner(max_event_size=library.max_event_size, unterminated="dispatch"))

    def count(reader: EventReader[Any], end: StreamEnd) -> None:
        library.counts.end_stream(reader.events, end.is_broken() or (end.over and is_unfinished(reader)))

    def read(response: Any, decoder: Decode, sentinel: str | None) -> Generator[Any, None, None]:
        payloads = payloads_of(httpx_chunks(response))
        last = sentinel.encode() if sentinel else None
        end = StreamEnd()
        try:
            payloads.chunks = check_encoding(response, payloads.chunks)
            for payload in payloads:
                if payload == last:
                    return
                if (event := decoder(_event_as_json(payload, payloads.reader))) is not None:
                    yield event
            end.over = True
        except Exception as error:
            end.error = error
            raise
        finally:
            count(payloads.reader, end)
            response.close()

    async def aread(response: Any, decoder: Decode, sentinel: str | None) -> AsyncGenerator[Any, None]:
        payloads = payloads_of(async_httpx_chunks(response))
        last = sentinel.encode() if sentinel else None
        end = StreamEnd()
        try:
            payloads.chunks = check_encoding(response, payloads.chunks)
            async for payload in payloads:
                if payload == last:
                    return
                if (event := decoder(_event_as_json(payload, payloads.reader))) is not None:
                    yield event
            end.over = True
        except Exception as error:
            end.error = error
            raise
        finally:
            count(payloads.reader, end)
            await response.aclose()

    def replacement(read: Callable[..., Any], original: Callable[..., Any]) -> Callable[..., Any]:
        def stream_events(
            response: Any, decoder: Decode, sentinel: str | None = None, data_required: bool = True
        ) -> Any:
            if data_required:
                return read(response, decoder, sentinel)
            return original(response, decoder, sentinel, data_required)  # also yields events without data

        return stream_events

    return [
        Patch(eventstreaming, "stream_events", replacement(read, original)),
        Patch(eventstreaming, "stream_events_async", replacement(aread, aoriginal)),
    ]


def is_unfinished(reader: EventReader[Any]) -> bool:
    """Return whether more must follow the last event of a body."""
    return not reader.events or (reader.event_name or "").startswith(UNFINISHED)


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
