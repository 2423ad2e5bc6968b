"""The one error of httpx-sse."""

import httpx


class SSEError(httpx.TransportError):
    """The response is not an event stream: its Content-Type does not contain `text/event-stream`."""
