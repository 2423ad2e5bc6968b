"""sseclient-py, with ssescan's scanner under it: SSEClient and Event of sseclient-py 1.9.0.

Knows sources of chunks and the scanner; imports no HTTP client. What it does otherwise than sseclient-py, because the
standard says so, is listed in docs/sseclient.md.
"""

from __future__ import annotations

import io
from codecs import getincrementaldecoder, lookup
from typing import TYPE_CHECKING, Any

from ..scanner import EventReader, Scanner
from ..sources import byte_source_of, check_encoding
from . import MAX_EVENT_SIZE

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

__all__ = ["SSEClient"]


class Event:
    """An event. All of it may be changed, as in sseclient-py; it is the reader's.

    `id`: the last event ID, None until the stream has sent one. `event`: its type, "message" unless it was named.
    `data`: the data lines, joined with LF. `retry`: the reconnection time that stood in this very block, ms, as a str
    of digits; None if there was none, or none that the standard allows.
    """

    id: str | None
    event: str
    data: str
    retry: Any

    def __init__(self, id: str | None = None, event: str = "message", data: str = "", retry: Any = None) -> None:
        self.id = id
        self.event = event
        self.data = data
        self.retry = retry

    def __str__(self) -> str:
        shown = f"{self.event} event"
        if self.id:
            shown += f" #{self.id}"
        shown += f", {len(self.data)} bytes" if self.data else ", no data"
        if self.retry:
            shown += f", retry in {self.retry}ms"
        return shown


class SSEClient:
    """The events of a source of bytes: a response of requests or urllib3, a binary file, any iterable of chunks.

    `char_enc`: what the stream is encoded in. An event stream is UTF-8; another encoding is for servers that do not
    keep to that. What is not valid in it becomes U+FFFD.
    """

    def __init__(self, event_source: Iterable[bytes], char_enc: str = "utf-8") -> None:
        self._event_source = event_source
        self._char_enc = char_enc

    def events(self) -> Generator[Event, None, None]:
        """Give the events as they arrive. A block that the end of the stream cuts short is no event.

        Raises LookupError at the first event where `char_enc` is unknown, TypeError where the source gives no bytes,
        EventTooLarge for an event over 96 MiB, UnsupportedEncoding for a body that is not decoded here, and passes on
        what the source raises.
        """
        reader = EventReader(Scanner(max_event_size=MAX_EVENT_SIZE))
        push, pop = reader.feed, reader.pop
        last_id: str | None = None
        for chunk in _utf8(_chunks(self._event_source), self._char_enc):
            push(chunk)
            while (event := pop()) is not None:
                if event.id or last_id is not None:
                    last_id = event.id
                retry = event.retry
                yield Event(last_id, event.event, event.data, None if retry is None else str(retry))

    def close(self) -> None:
        """Close the source; AttributeError for one that cannot be closed."""
        self._event_source.close()  # type: ignore[attr-defined]


def _chunks(source: Any) -> Iterator[bytes]:
    """Give the iterator of the chunks, as they arrive.

    To iterate over a response of requests, or over a file, as sseclient-py does, waits for 128 bytes, or for a line.
    """
    if isinstance(source, io.IOBase):  # urllib3's and http.client's responses are
        return _checked_chunks(source)
    if any(cls.__module__ == "requests.models" for cls in type(source).__mro__):
        return _requests_chunks(source)
    return iter(source)


def _checked_chunks(source: Any) -> Iterator[bytes]:
    source = byte_source_of(source, "SSEClient")
    if source.response is not None:
        check_encoding(source.response)
    chunks: Iterator[bytes] = source.open()
    return chunks


def _requests_chunks(response: Any) -> Iterator[bytes]:
    from requests import exceptions
    from urllib3.exceptions import DecodeError, ProtocolError, ReadTimeoutError, SSLError

    # The bytes are urllib3's. What it raises goes by the names that requests has for it: programs wait for those.
    try:
        yield from _checked_chunks(response)
    except ProtocolError as error:
        raise exceptions.ChunkedEncodingError(error) from error
    except DecodeError as error:
        raise exceptions.ContentDecodingError(error) from error
    except ReadTimeoutError as error:
        raise exceptions.ConnectionError(error) from error
    except SSLError as error:
        raise exceptions.SSLError(error) from error


def _utf8(chunks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """Give the chunks in UTF-8, which is what a scanner reads."""
    return chunks if lookup(encoding).name == "utf-8" else _transcoded(chunks, encoding)


def _transcoded(chunks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    decode = getincrementaldecoder(encoding)("replace").decode
    for chunk in chunks:
        yield decode(chunk).encode("utf-8", "replace")
    yield decode(b"", True).encode("utf-8", "replace")
