"""ByteSource: the chunks of one source, from open() to close(), with the response that they come from.

Knows nothing of the HTTP clients but their sockets, and nothing of events.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from socket import socket
    from typing import Any

NOT_IN_WORDS = dict.fromkeys(map(ord, "!#$%&'*+-.^_`|~"))  # what a token may have besides letters and digits


class ByteSource:
    """A source of chunks: open() returns their iterator, once; close() or aclose() ends it.

    `response`, `status` and `content_type` are None if the source is not a response.
    """

    __slots__ = ("_open", "chunks", "closed", "content_type", "response", "status")
    refused_redirect: str = ""  # why a redirect was not followed, if the response is one

    @property
    def asks(self) -> bool:
        """Whether the request must be sent first, by awaiting `anext(source)`: see client/sending.py."""
        return False

    def __init__(
        self, open_chunks: Callable[[], Any], response: Any = None, status: int | None = None, generator: Any = None
    ) -> None:
        self._open = open_chunks
        self.chunks: Any = generator  # close() also closes one that was never started
        self.closed: bool = False
        self.response: Any = response
        self.status: int | None = status
        self.content_type: str | None = None
        if response is not None:
            self.content_type = header_of(response.headers, "Content-Type")

    def open(self) -> Any:
        """Return the iterator of the chunks; after this, the source must be closed."""
        self.chunks = self._open()
        return self.chunks

    @property
    def media_type(self) -> str:
        """The content type without its parameters, the last valid one of several; "" if there is none.

        Fetch, "extract a MIME type": https://fetch.spec.whatwg.org/#concept-header-extract-mime-type
        """
        values = _between_commas(self.content_type or "")
        types = (value.partition(";")[0].strip(" \t\r\n").lower() for value in values)
        return next((found for found in reversed([*types]) if found != "*/*" and _is_media_type(found)), "")

    @property
    def has_connection(self) -> bool:
        """Whether a response may have its own connection, which another request can use when the body has ended."""
        return self.response is not None and getattr(self.response, "http_version", None) != "HTTP/2"

    @property
    def can_end_read(self) -> bool:
        """Whether end_read() can do anything: the response has a socket, and does not share it."""
        found = _socket_of(self.response)
        if found is not None:
            found.detach()
        return found is not None

    def end_read(self) -> bool:
        """End a read that waits in another thread; closing the response would not wake it, or would wait for it.

        Returns False if that is not possible.
        """
        from socket import SHUT_RDWR

        connection = _socket_of(self.response)
        if connection is None:
            return False
        try:
            # Not through the client's own object: that would end TLS while the reader still uses it.
            connection.shutdown(SHUT_RDWR)
        except OSError:
            return False
        finally:
            connection.detach()
        return True

    def close(self) -> None:
        """Close the chunks, if they are a generator, and the response. A file stays open: its owner closes it.

        A generator that is running in another thread cannot be closed; its reader closes it after the read.
        """
        chunks = self.chunks
        running = getattr(chunks, "gi_running", False)
        if running and self.end_read():
            return  # the reader closes the response: closing it here as well would be a race
        try:
            if isinstance(chunks, Generator) and not running:
                self.chunks = None
                chunks.close()
        finally:
            if self.response is not None and not self.closed:
                self.closed = True
                self.response.close()

    async def aclose(self) -> None:
        """Close the chunks and the response, as close() does."""
        chunks = self.chunks
        try:
            if isinstance(chunks, AsyncGenerator) and not getattr(chunks, "ag_running", False):
                self.chunks = None
                await chunks.aclose()
        finally:
            if self.response is not None and not self.closed:
                self.closed = True
                closing = (getattr(self.response, "aclose", None) or self.response.close)()
                if hasattr(closing, "__await__"):
                    await closing  # the close() of aiohttp is synchronous


def header_of(headers: Any, name: str) -> str:
    """Return a header of a response, several of one name with commas between them; "" if there is none.

    `headers`: those of any client, or the plain dict of a stand-in, which does not ignore case. `name`: as it is
    written usually, such as "Content-Type".
    """
    get_all = getattr(headers, "getall", None) or getattr(headers, "get_all", None)
    if get_all is not None:  # these clients' get() returns the first header of several
        return ", ".join(get_all(name, None) or ())
    return headers.get(name.lower()) or headers.get(name) or ""


def _between_commas(value: str) -> list[str]:
    """Return the parts of a header, of which quoted strings may contain commas."""
    if '"' not in value:
        return value.split(",")
    import re

    return re.findall(r'(?:"(?:[^"\\]|\\.)*"?|[^",])+', value)


def _is_media_type(value: str) -> bool:
    kind, slash, subtype = value.partition("/")
    return bool(slash) and _is_token(kind) and _is_token(subtype)


def _is_token(value: str) -> bool:
    """Return whether a text is a token (RFC 9110 section 5.6.2)."""
    plain = value.translate(NOT_IN_WORDS)
    return bool(value) and value.isascii() and (plain.isalnum() or not plain)


def _socket_of(response: Any) -> socket | None:
    """Return the socket of a response, to be detached after use; None if it shares its socket, has none, or is None.

    Also None after the response was closed: another response may use the connection by then.
    """
    from socket import socket

    try:
        network = getattr(response, "extensions", {}).get("network_stream")  # httpx and httpx2
        if network is None:
            number = _file_number(getattr(response, "raw", response))
        elif response.http_version == "HTTP/2" or response.is_closed:
            return None
        else:
            number = network.get_extra_info("socket").fileno()
        return socket(fileno=number)  # OSError if the number is a file's
    except (AttributeError, OSError, TypeError, ValueError):
        return None


def _file_number(response: Any) -> int:
    """Return the file number of the socket of a response of urllib3 or http.client; OSError if it shares its socket."""
    # urllib3-future's response has no fileno(). http.client's connection has no socket if the body ends with it.
    connection_socket = getattr(getattr(response, "connection", None), "sock", None)
    if connection_socket is None or getattr(response, "version", 11) > 11:
        return response.fileno()  # type: ignore[no-any-return]
    return connection_socket.fileno()  # type: ignore[no-any-return]
