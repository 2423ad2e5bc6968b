"""The patches of httpx-sse: the two methods of EventSource that yield events."""

from collections.abc import AsyncGenerator, Callable, Iterator
from typing import Any

from ...scanner import EventReader, Scanner
from ...sources import async_httpx_chunks, check_encoding, httpx_chunks
from .counts import StreamEnd
from .libraries import Library, Patch
from .readers import BodyReader, is_utf8


def patches(library: Library) -> list[Patch]:
    """Return the patches."""
    from httpx_sse import _api

    event_source: Any = _api.EventSource
    original, aoriginal = event_source.iter_sse, event_source.aiter_sse
    event_class: Any = vars(_api)["ServerSentEvent"]

    def scanner() -> Scanner[Any]:
        return Scanner(max_event_size=library.max_event_size, empty_events=True)

    def checked_chunks(source: Any, chunks_of: Callable[[Any], Any]) -> Any:
        source._check_content_type()  # noqa: SLF001 - httpx-sse's
        response = source._response  # noqa: SLF001 - httpx-sse's
        return check_encoding(response, chunks_of(response))

    def read(source: Any) -> Iterator[Any]:
        events = BodyReader(checked_chunks(source, httpx_chunks), scanner(), payloads=False)
        end = StreamEnd()
        try:
            for event in events:
                yield event_class(event.event, event.data, event.id, event.retry)
        except Exception as error:
            end.error = error
            raise
        finally:
            library.counts.end_stream(events.reader.events, end.is_broken())

    async def aread(source: Any) -> AsyncGenerator[Any, None]:
        chunks = checked_chunks(source, async_httpx_chunks)
        reader: EventReader[Any] = EventReader(scanner())
        end = StreamEnd()
        try:
            async for chunk in chunks:
                reader.feed(chunk)
                while (event := reader.pop()) is not None:
                    yield event_class(event.event, event.data, event.id, event.retry)
        except Exception as error:
            end.error = error
            raise
        finally:
            library.counts.end_stream(reader.events, end.is_broken())

    # httpx-sse decodes by the charset of the response, and also reads a program's own response that has text only.

    def iter_sse(self: Any) -> Iterator[Any]:
        return read(self) if is_utf8(self._response) else original(self)

    def aiter_sse(self: Any) -> AsyncGenerator[Any, None]:
        return aread(self) if is_utf8(self._response) else aoriginal(self)

    return [Patch(event_source, "iter_sse", iter_sse), Patch(event_source, "aiter_sse", aiter_sse)]
