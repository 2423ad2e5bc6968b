"""EventSource, connect_sse and aconnect_sse: what a program that uses httpx-sse calls.

Knows responses of httpx and httpx2. The bytes of a response go to the scanner as they are; no text is made of them, and
no lines. An event stream is UTF-8 (WHATWG HTML section 9.2.6), whatever charset its Content-Type names.
"""

from codecs import getincrementaldecoder
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, AsyncIterator, Iterator

import httpx

from ...scanner import EventIterator, EventReader, Scanner
from ...sources import async_httpx_chunks, check_encoding, httpx_chunks
from .. import MAX_EVENT_SIZE
from ._decoders import SSELineDecoder
from ._exceptions import SSEError
from ._models import ServerSentEvent

_TextDecoder = getincrementaldecoder("utf-8")


def _new_scanner() -> Scanner:
    # As httpx-sse: blocks without data are dispatched.
    return Scanner(empty_events=True, max_event_size=MAX_EVENT_SIZE)


class EventSource:
    """The events of a response of httpx or httpx2 that was opened for streaming and not read yet."""

    def __init__(self, response: httpx.Response) -> None:
        self._response = response

    def _check_content_type(self) -> None:
        content_type = self._response.headers.get("content-type", "").partition(";")[0]
        if "text/event-stream" not in content_type.lower():
            raise SSEError(
                f"a response with text/event-stream in its Content-Type was expected, {content_type!r} came: "
                "look at its status and its body"
            )

    @property
    def response(self) -> httpx.Response:
        return self._response

    def iter_sse(self) -> Iterator[ServerSentEvent]:
        """Give the events as they arrive. A block that the end of the stream cuts short is no event.

        Raises SSEError at the first event for a response that is not an event stream, EventTooLarge for an event over
        96 MiB, UnsupportedEncoding for a body that is not decoded here, and passes on what httpx raises.
        """
        self._check_content_type()
        response = self._response
        new: Any = ServerSentEvent.__new__  # past __init__, which is for other callers
        for event in EventIterator(EventReader(_new_scanner()), _chunks(response)):
            sse = new(ServerSentEvent)
            sse._fields = event
            yield sse

    async def aiter_sse(self) -> AsyncGenerator[ServerSentEvent, None]:
        """As iter_sse, of an asynchronous response. To leave before the end, close it: `aclose()`."""
        self._check_content_type()
        response = self._response
        new: Any = ServerSentEvent.__new__
        reader = EventReader(_new_scanner())
        push, pop = reader.feed, reader.pop
        chunks = _async_chunks(response)
        try:
            async for chunk in chunks:
                push(chunk)
                while (event := pop()) is not None:
                    sse = new(ServerSentEvent)
                    sse._fields = event
                    yield sse
        finally:
            await chunks.aclose()


def _chunks(response: Any) -> Iterator[bytes]:
    check_encoding(response)
    return response.iter_raw() if _is_raw(response) else httpx_chunks(response)


def _async_chunks(response: Any) -> Any:
    check_encoding(response)
    return response.aiter_raw() if _is_raw(response) else async_httpx_chunks(response)


def _is_raw(response: Any) -> bool:
    """Tell whether the bytes of the response are to be had as they come from the network, and for the asking.

    Where they are not coded, iter_bytes() of httpx and httpx2 gives what iter_raw() gives, and takes twice the time.
    A response that was read already has no stream any more, and other responses may have their own ways.
    """
    return (
        type(response).__module__ in ("httpx", "httpx2")
        and not response.is_closed
        and not response.is_stream_consumed
        and "content-encoding" not in response.headers
    )


@contextmanager
def connect_sse(client: httpx.Client, method: str, url: str, **kwargs: Any) -> Iterator[EventSource]:
    """Send a request for an event stream; give its EventSource, and close the response in the end.

    `client`: of httpx or httpx2. `kwargs`: as for its stream(). The headers `Accept` and `Cache-Control` are set.
    """
    headers = _event_stream_headers(kwargs.pop("headers", None))
    with client.stream(method, url, headers=headers, **kwargs) as response:
        yield EventSource(response)


@asynccontextmanager
async def aconnect_sse(
    client: httpx.AsyncClient,
    method: str,
    url: str,
    **kwargs: Any,
) -> AsyncIterator[EventSource]:
    """As connect_sse, with an asynchronous client."""
    headers = _event_stream_headers(kwargs.pop("headers", None))
    async with client.stream(method, url, headers=headers, **kwargs) as response:
        yield EventSource(response)


def _event_stream_headers(given: Any) -> Any:
    """Give the headers to send: a copy, as those given may be the caller's for his other requests too."""
    if given is None:
        headers: Any = {}
    elif hasattr(given, "keys"):
        headers = given.copy() if hasattr(given, "copy") else dict(given)
    else:
        headers = httpx.Headers(given)  # pairs, which httpx takes as well
    headers["Accept"] = "text/event-stream"
    headers["Cache-Control"] = "no-store"
    return headers


# Lines, for those who decode them by themselves.


def _iter_sse_lines(response: httpx.Response) -> Iterator[str]:
    decode = _TextDecoder("replace").decode
    lines = SSELineDecoder()
    for chunk in _chunks(response):
        yield from lines.decode(decode(chunk))
    yield from lines.decode(decode(b"", True))
    yield from lines.flush()


async def _aiter_sse_lines(response: httpx.Response) -> AsyncIterator[str]:
    decode = _TextDecoder("replace").decode
    lines = SSELineDecoder()
    async for chunk in _async_chunks(response):
        for line in lines.decode(decode(chunk)):
            yield line
    for line in lines.decode(decode(b"", True)) + lines.flush():
        yield line
