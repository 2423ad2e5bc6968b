"""The patches of httpx-sse: the two methods of EventSource that yield events."""

from __future__ import annotations

from typing import Any

from ...scanner import EventReader, Scanner
from ...sources import async_httpx_chunks, check_encoding, httpx_chunks
from .libraries import Patch
from .readers import BodyReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    from .libraries import LibraryStreams


def patches(streams: LibraryStreams) -> list[Patch]:
    """Return the patches."""
    from httpx_sse import _api

    event_source: Any = _api.EventSource
    original, aoriginal = event_source.iter_sse, event_source.aiter_sse
    event_class: Any = vars(_api)["ServerSentEvent"]

    def scanner() -> Scanner[Any]:
        return Scanner(max_event_size=streams.max_event_size, empty_events=True)

    def read(source: Any) -> Iterator[Any]:
        source._check_content_type()
        check_encoding(source._response)
        events = BodyReader(httpx_chunks(source._response), scanner(), payloads=False)
        try:
            for event in events:
                yield event_class(event.event, event.data, event.id, event.retry)
        finally:
            streams.add(events.reader.events)

    async def aread(source: Any) -> AsyncGenerator[Any, None]:
        source._check_content_type()
        check_encoding(source._response)
        reader: EventReader[Any] = EventReader(scanner())
        try:
            async for chunk in async_httpx_chunks(source._response):
                reader.feed(chunk)
                while (event := reader.pop()) is not None:
                    yield event_class(event.event, event.data, event.id, event.retry)
        finally:
            streams.add(reader.events)

    def iter_sse(self: Any) -> Iterator[Any]:
        return read(self) if _is_utf8(self._response) else original(self)

    def aiter_sse(self: Any) -> AsyncGenerator[Any, None]:
        return aread(self) if _is_utf8(self._response) else aoriginal(self)

    return [Patch(event_source, "iter_sse", iter_sse), Patch(event_source, "aiter_sse", aiter_sse)]


def _is_utf8(response: Any) -> bool:
    # httpx-sse decodes by the charset of the response, and also reads a program's own response that has text only.
    return hasattr(response, "iter_bytes") and str(getattr(response, "encoding", None)).lower().replace("_", "-") in (
        "utf-8",
        "utf8",
    )
