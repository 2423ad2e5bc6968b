"""The patches of httpcore and httpcore2, which httpx and httpx2 use: the chunks of a chunked HTTP/1.1 response.

For each HTTP chunk, their own code makes an event of h11 in five calls; here, one loop decodes all chunks of a read.
It decodes plain chunks only. Everything else stays in h11's buffer, for their own code: the end of the body, trailers,
extensions of chunks, the end of the connection, and all errors. After each read, h11 is in the state that it would
have reached by itself, so the connection is closed or used again as before.

Relies on the fingerprints in `known_versions.py`.
"""

import re
from collections.abc import AsyncIterator, Callable, Iterator
from importlib import import_module
from typing import Any

from .counts import Counts
from .libraries import Library, Patch

# The header of a plain chunk, with as many digits as h11 accepts, and the start of one.
_match_header = re.compile(rb"([0-9A-Fa-f]{1,20})\r\n").match
_match_cut_header = re.compile(rb"[0-9A-Fa-f]{1,20}\r?").fullmatch


class ChunkedBody:
    """Decodes the body of one response, in the state of its h11 connection.

    `is_plain`: whether the next read belongs to `feed()`. If not, h11 has to continue. `counts`: here, an event is a
    chunk. They are counted at each read, as programs leave the last piece of a body and never come back.
    """

    def __init__(self, h11_connection: Any, counts: Counts) -> None:
        self._h11 = h11_connection
        self._reader = h11_connection._reader  # noqa: SLF001 - h11's
        self._buffer = h11_connection._receive_buffer  # noqa: SLF001 - h11's
        self._counts = counts
        counts.read += 1
        self.is_plain: bool = True

    def begin(self) -> list[bytes]:
        """Return the pieces of the body that have arrived with the headers."""
        return self._decode(self._take_buffer())

    def feed(self, data: bytes) -> list[bytes]:
        """Return the pieces of the body in the data of a read: for each chunk, as much of it as is there."""
        if not data:  # the end of the connection
            self._h11.receive_data(data)
            self.is_plain = False
            return []
        return self._decode(self._take_buffer() + data if self._buffer else bytes(data))

    def continue_after_h11(self) -> None:
        """Decode the next read here, if h11 has processed everything that it had."""
        self.is_plain = not self._buffer

    def _take_buffer(self) -> bytes:
        data = bytes(self._buffer)
        self._buffer._extract(len(data))  # noqa: SLF001 - h11's
        return data

    def _decode(self, data: bytes) -> list[bytes]:
        reader = self._reader
        size, footer = reader._bytes_in_chunk, reader._bytes_to_discard  # noqa: SLF001 - h11's
        pieces: list[bytes] = []
        chunks = place = 0
        while True:
            if size:
                piece = data[place : place + size]
                if not piece:
                    break
                pieces.append(piece)
                place += len(piece)
                size -= len(piece)
                if size:
                    break
                footer = b"\r\n"
            if footer:
                found = data[place : place + len(footer)]
                if not footer.startswith(found):
                    break
                place += len(found)
                footer = footer[len(found) :]
                if footer:
                    break
            header = _match_header(data, place)
            if header is None:
                break
            size = int(header[1], 16)
            if not size:  # the last chunk: h11 reads its header
                break
            place = header.end()
            chunks += 1
        reader._bytes_in_chunk, reader._bytes_to_discard = size, footer  # noqa: SLF001 - h11's
        self._counts.events += chunks
        rest = data[place:]
        if rest:
            self._h11.receive_data(rest)
        self.is_plain = not rest or (not footer and _match_cut_header(rest) is not None)
        return pieces


def patches(library: Library, package: str = "httpcore") -> list[Patch]:
    """Return the patches of one of the two packages."""
    import h11
    from h11._readers import ChunkedReader
    from h11._receivebuffer import ReceiveBuffer

    sync: Any = import_module(f"{package}._sync.http11").HTTP11Connection
    asynchronous: Any = import_module(f"{package}._async.http11").AsyncHTTP11Connection

    def can_decode(connection: Any, receive_event: Callable[..., Any]) -> bool:
        """Return whether the response is chunked, and the connection reads it as usual. A subclass may not."""
        ours = connection._h11_state  # noqa: SLF001 - httpcore's
        return (
            type(ours) is h11.Connection
            and type(ours._reader) is ChunkedReader  # noqa: SLF001 - h11's
            and type(ours._receive_buffer) is ReceiveBuffer  # noqa: SLF001 - h11's
            and not ours._receive_buffer_closed  # noqa: SLF001 - h11's
            and getattr(connection._receive_event, "__func__", None) is receive_event  # noqa: SLF001 - httpcore's
        )

    def read(connection: Any, request: Any) -> Iterator[bytes]:
        timeout = request.extensions.get("timeout", {}).get("read", None)
        body = ChunkedBody(connection._h11_state, library.counts)  # noqa: SLF001 - httpcore's
        yield from body.begin()
        while True:
            if body.is_plain:
                stream = connection._network_stream  # noqa: SLF001 - httpcore's
                yield from body.feed(stream.read(connection.READ_NUM_BYTES, timeout=timeout))
                continue
            event = connection._receive_event(timeout=timeout)  # noqa: SLF001 - httpcore's
            if isinstance(event, h11.Data):
                yield bytes(event.data)
                body.continue_after_h11()
            elif isinstance(event, (h11.EndOfMessage, h11.PAUSED)):
                break

    async def aread(connection: Any, request: Any) -> AsyncIterator[bytes]:
        timeout = request.extensions.get("timeout", {}).get("read", None)
        body = ChunkedBody(connection._h11_state, library.counts)  # noqa: SLF001 - httpcore's
        for piece in body.begin():
            yield piece
        while True:
            if body.is_plain:
                stream = connection._network_stream  # noqa: SLF001 - httpcore's
                for piece in body.feed(await stream.read(connection.READ_NUM_BYTES, timeout=timeout)):
                    yield piece
                continue
            event = await connection._receive_event(timeout=timeout)  # noqa: SLF001 - httpcore's
            if isinstance(event, h11.Data):
                yield bytes(event.data)
                body.continue_after_h11()
            elif isinstance(event, (h11.EndOfMessage, h11.PAUSED)):
                break

    return [_patch(sync, read, can_decode), _patch(asynchronous, aread, can_decode)]


def _patch(owner: Any, read: Callable[[Any, Any], Any], can_decode: Callable[[Any, Callable[..., Any]], bool]) -> Patch:
    name = "_receive_response_body"
    original, receive_event = getattr(owner, name), owner._receive_event  # noqa: SLF001 - httpcore's

    def _receive_response_body(self: Any, request: Any) -> Any:
        return read(self, request) if can_decode(self, receive_event) else original(self, request)

    return Patch(owner, name, _receive_response_body)
