"""The inside of httpx2, and what is put in its place: `_SSEParser`, which `Client.sse` and mcp come to as well."""

from __future__ import annotations

from typing import Any

from ...errors import EventTooLarge
from ...scanner import Scanner
from .libraries import Patch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .libraries import Tally

INSIDES = {
    "httpx2._sse:_SSEParser": ("14b93819b448",),
    "httpx2._sse:_SSEEventDecoder": ("9f102324a945",),
    "httpx2._sse:_SSELineDecoder": ("d39475f43eea",),
    "httpx2._sse:EventSource.__iter__": ("16b743f50450",),
    "httpx2._sse:EventSource.__aiter__": ("ffabc96569cf",),
}


def patches(tally: Tally) -> list[Patch]:
    """Say what is to be replaced, and by what."""
    from httpx2 import _sse

    if list(_sse.ServerSentEvent.__dataclass_fields__) != ["event", "data", "id", "retry"]:
        raise RuntimeError("its ServerSentEvent has other fields than event, data, id and retry")
    event_class: Any = _sse.ServerSentEvent
    plain: Any = _sse._SSEParser
    new = event_class.__new__

    def made(event: Any) -> Any:
        """Make an event of httpx2's: a dataclass that is frozen, whose own way to set its fields is slow."""
        ours = new(event_class)
        attributes = ours.__dict__
        attributes["event"] = event.event
        attributes["data"] = event.data
        attributes["id"] = event.id
        attributes["retry"] = event.retry
        return ours

    class _SSEParser:
        """Text to events, as httpx2 calls it."""

        def __new__(cls, max_event_size: int | None = None) -> Any:
            if max_event_size is None or (type(max_event_size) is int and max_event_size > 0):
                return super().__new__(cls)
            return plain(max_event_size)  # a limit that a scanner does not take

        def __init__(self, max_event_size: int | None = None) -> None:
            limits = [limit for limit in (max_event_size, tally.max_event_size) if limit is not None]
            self._limit = min(limits, default=None)
            self._scanner = Scanner(max_event_size=self._limit, empty_events=True)

        def decode(self, text: str) -> Iterator[Any]:
            try:
                events = self._scanner.feed(text.encode("utf-8", "replace"))
            except EventTooLarge as error:
                tally.add(len(error.events))
                yield from map(made, error.events)
                raise _sse.SSEError(f"Server-sent event exceeded the {self._limit} byte limit.") from None
            tally.add(len(events))
            yield from map(made, events)

        def flush(self) -> Iterator[Any]:
            return iter(())

    return [Patch(_sse, "_SSEParser", _SSEParser)]
