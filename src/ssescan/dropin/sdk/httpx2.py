"""The patch of httpx2: `_SSEParser`, which `Client.sse` uses, and with it mcp."""

from collections.abc import Iterator
from typing import Any

from ...errors import EventTooLarge
from ...scanner import Scanner
from .libraries import Library, Patch


def patches(library: Library) -> list[Patch]:
    """Return the patch."""
    from httpx2 import _sse

    if list(_sse.ServerSentEvent.__dataclass_fields__) != ["event", "data", "id", "retry"]:
        raise RuntimeError("its ServerSentEvent has other fields than event, data, id and retry")
    event_class: Any = _sse.ServerSentEvent
    original: Any = _sse._SSEParser  # noqa: SLF001 - the class that is patched
    new = event_class.__new__

    def library_event(event: Any) -> Any:
        """Return the event as one of httpx2. Its frozen dataclass sets fields slowly."""
        made = new(event_class)
        attributes = made.__dict__
        attributes["event"] = event.event
        attributes["data"] = event.data
        attributes["id"] = event.id
        attributes["retry"] = event.retry
        return made

    class _SSEParser:
        """Parses text into events, with the methods that httpx2 calls."""

        def __new__(cls, max_event_size: int | None = None) -> Any:
            if max_event_size is None or (type(max_event_size) is int and max_event_size > 0):
                return super().__new__(cls)
            return original(max_event_size)  # a scanner does not accept this limit

        def __init__(self, max_event_size: int | None = None) -> None:
            limits = [limit for limit in (max_event_size, library.max_event_size) if limit is not None]
            self._limit = min(limits, default=None)
            self._scanner = Scanner(max_event_size=self._limit, empty_events=True)
            library.counts.end_stream(0, is_cut=False)  # now: httpx2 does not say when a stream ends

        def decode(self, text: str) -> Iterator[Any]:
            try:
                events = self._scanner.feed(text.encode("utf-8", "replace"))
            except EventTooLarge as error:
                library.counts.events += len(error.events)
                yield from map(library_event, error.events)
                raise _sse.SSEError(f"Server-sent event exceeded the {self._limit} byte limit.") from None
            library.counts.events += len(events)
            yield from map(library_event, events)

        def flush(self) -> Iterator[Any]:
            return iter(())

    return [Patch(_sse, "_SSEParser", _SSEParser)]
