"""Responses of httpx and httpx2 that play chunks, without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import httpx2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

LIBRARIES = (httpx, httpx2)
EVENT_STREAM = {"content-type": "text/event-stream"}


def body(library: Any, chunks: Iterable[bytes]) -> Any:
    """Return a body for the transport of a sync client."""

    class Body(library.SyncByteStream):  # type: ignore[misc]
        def __iter__(self) -> Iterator[bytes]:
            yield from chunks

    return Body()


def async_body(library: Any, chunks: Iterable[bytes]) -> Any:
    class Body(library.AsyncByteStream):  # type: ignore[misc]
        async def __aiter__(self) -> AsyncIterator[bytes]:
            for chunk in chunks:
                yield chunk

    return Body()


def answer(library: Any, stream: Any, headers: dict[str, str] | None = None) -> Any:
    """Return a response with this body."""
    return library.Response(200, headers=EVENT_STREAM if headers is None else headers, stream=stream)


def client(library: Any, chunks: Iterable[bytes], requests: list[Any] | None = None, coding: str = "") -> Any:
    """Return a client that gets this body for every request, and keeps the requests."""
    headers = {**EVENT_STREAM, "content-encoding": coding} if coding else EVENT_STREAM
    return library.Client(transport=_transport(library, lambda: body(library, chunks), requests, headers))


def async_client(library: Any, chunks: Iterable[bytes], requests: list[Any] | None = None) -> Any:
    return library.AsyncClient(
        transport=_transport(library, lambda: async_body(library, chunks), requests, EVENT_STREAM)
    )


def _transport(library: Any, make_body: Any, requests: list[Any] | None, headers: dict[str, str]) -> Any:
    def handle(request: Any) -> Any:
        if requests is not None:
            requests.append(request)
        return answer(library, make_body(), headers)

    return library.MockTransport(handle)


def fields(events: Iterable[Any]) -> list[tuple[Any, ...]]:
    return [(event.event, event.data, event.id, event.retry) for event in events]
