"""SSEClient and Event of sseclient-py 1.9.0, with ssescan's scanner.

Imports no HTTP client. docs/sseclient.md lists where it follows the standard and sseclient-py does not.
"""

import io
from codecs import getincrementaldecoder, lookup
from collections.abc import Generator, Iterable, Iterator
from typing import Any

from ..scanner import EventReader, Scanner
from ..sources import byte_source_of, check_encoding
from . import MAX_EVENT_SIZE

__all__ = ["SSEClient"]


class Event:
    """An event, mutable as in sseclient-py.

    `id`: the last event ID, None until the stream has sent one. `event`: its type, "message" by default. `data`: the
    data lines, joined with LF. `retry`: the reconnection time in this block, ms, as a str of digits; None if there is
    none that the standard allows.
    """

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

    `char_enc`: the encoding of the stream, for servers that do not send UTF-8 as the standard says. Invalid bytes
    become U+FFFD.
    """

    def __init__(self, event_source: Iterable[bytes], char_enc: str = "utf-8") -> None:
        self._event_source = event_source
        self._char_enc = char_enc

    def events(self) -> Generator[Event, None, None]:
        """Yield the events as they arrive, without a block that the end of the stream cuts short.

        Raises, at the first event, LookupError for an unknown `char_enc` and UnsupportedEncoding for a body that is not
        decoded; TypeError for chunks that are not bytes; EventTooLarge for an event over 96 MiB; and the errors of the
        source, unchanged.
        """
        reader = EventReader(Scanner(max_event_size=MAX_EVENT_SIZE))
        feed, pop = reader.feed, reader.pop
        last_id: str | None = None
        chunks = _chunks(self._event_source)
        if lookup(self._char_enc).name != "utf-8":
            chunks = _utf8(chunks, self._char_enc)
        for chunk in chunks:
            feed(chunk)
            while (event := pop()) is not None:
                if event.id or last_id is not None:
                    last_id = event.id
                retry = event.retry
                yield Event(last_id, event.event, event.data, None if retry is None else str(retry))

    def close(self) -> None:
        """Close the source; AttributeError if that is not possible."""
        self._event_source.close()  # type: ignore[attr-defined]


def _chunks(source: Any) -> Iterator[bytes]:
    """Return the chunks as they arrive.

    sseclient-py iterates over the source: a response of requests then waits for 128 bytes, and a file for a line.
    """
    if isinstance(source, io.IOBase):  # urllib3's and http.client's responses are
        return _checked_chunks(source)
    if any(cls.__module__ == "requests.models" for cls in type(source).__mro__):
        return _requests_chunks(source)
    return iter(source)


def _checked_chunks(source: Any) -> Iterator[bytes]:
    source = byte_source_of(source, "SSEClient")
    chunks: Iterator[bytes] = source.open()
    if source.response is not None:
        chunks = check_encoding(source.response, chunks)
    return chunks


def _requests_chunks(response: Any) -> Iterator[bytes]:
    from requests import exceptions
    from urllib3.exceptions import DecodeError, ProtocolError, ReadTimeoutError, SSLError

    # The bytes come from urllib3. Its errors become those of requests, which programs catch.
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
    """Yield the chunks in UTF-8, for the scanner."""
    decode = getincrementaldecoder(encoding)("replace").decode
    for chunk in chunks:
        yield decode(chunk).encode("utf-8", "replace")
    yield decode(b"", True).encode("utf-8", "replace")
