"""EventSource, connect_sse and aconnect_sse.

The bytes of a response of httpx or httpx2 go to the scanner unchanged, without becoming text and lines first. An event
stream is UTF-8 (WHATWG HTML section 9.2.6), whatever charset its Content-Type names.
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


def _new_reader() -> EventReader:
    # httpx-sse also dispatches blocks without data.
    return EventReader(Scanner(empty_events=True, max_event_size=MAX_EVENT_SIZE))


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
        """Yield the events as they arrive, without a block that the end of the stream cuts short.

        Raises, at the first event, SSEError for a response that is not an event stream and UnsupportedEncoding for a
        body that is not decoded; EventTooLarge for an event over 96 MiB; and the errors of httpx, unchanged.
        """
        self._check_content_type()
        new: Any = ServerSentEvent.__new__  # without __init__, which other callers use
        for event in EventIterator(_new_reader(), _chunks(self._response)):
            sse = new(ServerSentEvent)
            sse._fields = event
            yield sse

    async def aiter_sse(self) -> AsyncGenerator[ServerSentEvent, None]:
        """Yield the events of an asynchronous response, as iter_sse does. `aclose()` it to stop before the end."""
        self._check_content_type()
        new: Any = ServerSentEvent.__new__
        reader = _new_reader()
        feed, pop = reader.feed, reader.pop
        chunks = _async_chunks(self._response)
        try:
            async for chunk in chunks:
                feed(chunk)
                while (event := pop()) is not None:
                    sse = new(ServerSentEvent)
                    sse._fields = event
                    yield sse
        finally:
            await chunks.aclose()


def _chunks(response: Any) -> Iterator[bytes]:
    chunks: Iterator[bytes] = response.iter_raw() if _is_raw(response) else httpx_chunks(response)
    checked: Iterator[bytes] = check_encoding(response, chunks)
    return checked


def _async_chunks(response: Any) -> Any:
    return check_encoding(response, response.aiter_raw() if _is_raw(response) else async_httpx_chunks(response))


def _is_raw(response: Any) -> bool:
    """Return whether iter_raw() can replace iter_bytes(), in half the time: the body is not encoded.

    A response that was already read has no raw bytes any more, and subclasses may read in another way.
    """
    return (
        type(response).__module__ in ("httpx", "httpx2")
        and not response.is_closed
        and not response.is_stream_consumed
        and "content-encoding" not in response.headers
    )


@contextmanager
def connect_sse(client: httpx.Client, method: str, url: str, **kwargs: Any) -> Iterator[EventSource]:
    """Send a request, yield the EventSource of its response, and close the response at the end.

    `client`: of httpx or httpx2. `kwargs`: the options of its stream(); sets the headers `Accept` and `Cache-Control`.
    """
    headers = _event_stream_headers(kwargs.pop("headers", None))
    with client.stream(method, url, headers=headers, **kwargs) as response:
        yield EventSource(response)


@asynccontextmanager
async def aconnect_sse(client: httpx.AsyncClient, method: str, url: str, **kwargs: Any) -> AsyncIterator[EventSource]:
    """Send a request with an asynchronous client, as connect_sse does."""
    headers = _event_stream_headers(kwargs.pop("headers", None))
    async with client.stream(method, url, headers=headers, **kwargs) as response:
        yield EventSource(response)


def _event_stream_headers(given: Any) -> Any:
    """Return a copy of the headers with ours added: the caller may use the original for other requests."""
    if given is None:
        headers: Any = {}
    elif hasattr(given, "keys"):
        headers = given.copy() if hasattr(given, "copy") else dict(given)
    else:
        headers = httpx.Headers(given)  # pairs, which httpx accepts as well
    headers["Accept"] = "text/event-stream"
    headers["Cache-Control"] = "no-store"
    return headers


# Lines, for programs that decode them by themselves.


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
