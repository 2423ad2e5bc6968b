"""From requests to events, with a client of httpx or httpx2.

`connecting.py`: connect and aconnect, which send one request. `event_source.py`: EventSource and AsyncEventSource,
which send it again when the stream ends; `event_source_core.py` is their common part, `reconnecting.py` the arithmetic
of their waits. `sending.py`: the request, `redirects.py` and `authentication.py` the requests that follow it.
"""

from .connecting import aconnect, connect
from .event_source import AsyncEventSource, EventSource

__all__ = ["AsyncEventSource", "EventSource", "aconnect", "connect"]
