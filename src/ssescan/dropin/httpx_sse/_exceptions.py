"""The one error of httpx-sse."""

import httpx


class SSEError(httpx.TransportError):
    """The response is no event stream: its Content-Type does not contain `text/event-stream`."""
