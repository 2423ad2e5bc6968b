"""The inside of httpx-sse, and what is put in its place: the two methods of EventSource that give events."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

from ...scanner import EventReader, Scanner
from ...sources import async_httpx_chunks, check_encoding, httpx_chunks
from .libraries import Patch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    from .libraries import Tally

INSIDES = {
    "httpx_sse._api:EventSource.iter_sse": ("cb9aea8a1551",),
    "httpx_sse._api:EventSource.aiter_sse": ("1e791320f352",),
    "httpx_sse._api:_iter_sse_lines": ("0c39cc10cbef",),
    "httpx_sse._api:_aiter_sse_lines": ("2f79020e5c93",),
    "httpx_sse._api:EventSource._check_content_type": ("e09fffb37956",),
    "httpx_sse._models:ServerSentEvent.__init__": ("af762f59ed35",),
    "httpx_sse._decoders:SSEDecoder": ("aedb3313091b",),
    "httpx_sse._decoders:SSELineDecoder": ("b2a134c7ebfc",),
}


def _reader(limit: int | None) -> EventReader[Any]:
    return EventReader(Scanner(max_event_size=limit, empty_events=True))


def _is_usual(response: Any) -> bool:
    # Any charset httpx-sse heeds, and an event stream has none but UTF-8; a response may be somebody's own, with text.
    return hasattr(response, "iter_bytes") and str(getattr(response, "encoding", None)).lower().replace("_", "-") in (
        "utf-8",
        "utf8",
    )


def patches(tally: Tally) -> list[Patch]:
    """Say what is to be replaced, and by what."""
    from httpx_sse import _api

    event_source: Any = _api.EventSource
    plain, aplain = event_source.iter_sse, event_source.aiter_sse
    event_class: Any = vars(_api)["ServerSentEvent"]

    def iter_sse(self: Any) -> Iterator[Any]:
        self._check_content_type()
        if not _is_usual(self._response):
            yield from plain(self)
            return
        check_encoding(self._response)
        reader = _reader(tally.max_event_size)
        try:
            for chunk in httpx_chunks(self._response):
                reader.feed(chunk)
                while (event := reader.pop()) is not None:
                    yield event_class(event.event, event.data, event.id, event.retry)
        finally:
            tally.add(reader.events)

    async def aiter_sse(self: Any) -> AsyncGenerator[Any, None]:
        self._check_content_type()
        if not _is_usual(self._response):
            async with aclosing(aplain(self)) as events:
                async for event in events:
                    yield event
            return
        check_encoding(self._response)
        reader = _reader(tally.max_event_size)
        try:
            async for chunk in async_httpx_chunks(self._response):
                reader.feed(chunk)
                while (event := reader.pop()) is not None:
                    yield event_class(event.event, event.data, event.id, event.retry)
        finally:
            tally.add(reader.events)

    return [Patch(event_source, "iter_sse", iter_sse), Patch(event_source, "aiter_sse", aiter_sse)]
