"""Requests to events, with a client of httpx or httpx2: one request, or one after the other for as long as it takes.

`connecting.py` has connect and aconnect, `event_source.py` the EventSources. Both send what `sending.py` makes of what
they are given; when to connect again, and how long to wait, is for `reconnecting.py` to say. Knows streams. Knows
nothing of JSON or providers.
"""

from .connecting import aconnect, connect
from .event_source import AsyncEventSource, EventSource

__all__ = ["AsyncEventSource", "EventSource", "aconnect", "connect"]
