"""Where chunks come from: responses of HTTP clients, files, any iterable of bytes.

Knows the clients by what their responses can do, and imports none of them. Knows nothing of events: it hands on chunks
as they arrive, never waiting for more than is there, and closes what is to be closed.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import AsyncGenerator, AsyncIterable, Generator, Iterable
from contextlib import contextmanager

from .errors import UnsupportedEncoding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from socket import socket
    from typing import Any, NoReturn, Protocol, TypeAlias

    from typing_extensions import Buffer

    class HasIterBytes(Protocol):
        """A response of httpx or httpx2."""

        def iter_bytes(self) -> Iterator[bytes]: ...

    class HasRead1(Protocol):
        """A buffered binary file."""

        def read1(self, size: int = ..., /) -> bytes: ...

    class HasRead(Protocol):
        """A raw binary file."""

        def read(self, size: int = ..., /) -> bytes | None: ...

    class HasAiterBytes(Protocol):
        """An asynchronous response of httpx or httpx2."""

        def aiter_bytes(self) -> AsyncIterator[bytes]: ...

    class HasIterAny(Protocol):
        """The body of an aiohttp response."""

        def iter_any(self) -> AsyncIterable[bytes]: ...

    class HasContent(Protocol):
        """A response of aiohttp."""

        @property
        def content(self) -> HasIterAny: ...

    SyncSource: TypeAlias = HasIterBytes | HasRead1 | HasRead | Iterable[Buffer] | Buffer
    AsyncSource: TypeAlias = HasAiterBytes | HasContent | HasIterAny | AsyncIterable[Buffer] | Buffer

CO_COROUTINE = 0x80  # as in inspect, which costs more to import than all of ours
READ_SIZE = 65536  # bytes; at most so much, a read gives what is there


class ByteSource:
    """A source, understood: `open()` gives the iterator of its chunks, once; close() or aclose() ends it.

    `response`, `status` and `content_type` are None where the source is no response.
    """

    __slots__ = ("_open", "chunks", "closed", "content_type", "response", "status")
    refused_redirect: str = ""  # why the response is a redirect that was not followed

    @property
    def asks(self) -> bool:
        """Whether the response has to be asked for first, by awaiting `anext(source)`: see sending.py."""
        return False

    def __init__(
        self, open_chunks: Callable[[], Any], response: Any = None, status: int | None = None, generator: Any = None
    ) -> None:
        self._open = open_chunks
        self.chunks: Any = generator  # one that was never begun is closed as well
        self.closed: bool = False
        self.response: Any = response
        self.status: int | None = status
        self.content_type: str | None = None
        if response is not None:
            headers = response.headers
            # Those of every client are found in any case; a plain dict's, in a stand-in for one, as they were written.
            self.content_type = headers.get("content-type") or headers.get("Content-Type") or ""

    def open(self) -> Any:
        """Give the iterator of the chunks; from now on it is to be closed."""
        self.chunks = self._open()
        return self.chunks

    @property
    def media_type(self) -> str:
        """The content type without its parameters; "" where there is none."""
        return (self.content_type or "").partition(";")[0].strip().lower()

    @property
    def has_connection(self) -> bool:
        """Whether a response may have a connection to itself, that is free for another when the body has ended."""
        return self.response is not None and getattr(self.response, "http_version", None) != "HTTP/2"

    @property
    def can_end_read(self) -> bool:
        """Whether end_read() can do something: not where there is no socket, or one that is shared with others."""
        found = None if self.response is None else _socket_of(self.response)
        if found is None:
            return False
        found.detach()
        return True

    def end_read(self) -> None:
        """End a read that waits in another thread, where that can be done."""
        if self.response is not None:
            _end_read(self.response)

    def close(self) -> None:
        """Close the chunks, if they are a generator, and the response. A file stays open: it is its owner's.

        A generator that runs just now, in another thread, cannot be closed: who reads from it closes once more.
        """
        chunks = self.chunks
        running = getattr(chunks, "gi_running", False)
        if running and self.response is not None and _end_read(self.response):
            return  # who reads closes: to do it from here as well would be a race
        try:
            if isinstance(chunks, Generator) and not running:
                self.chunks = None
                chunks.close()
        finally:
            if self.response is not None and not self.closed:
                self.closed = True
                self.response.close()

    async def aclose(self) -> None:
        """Close as close() does."""
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
                    await closing  # aiohttp's is closed at once


def byte_source_of(source: Any, name: str) -> ByteSource:
    """Understand a source of chunks. TypeError, naming what to call instead of `name`, for what is none."""
    _refuse_text(source, name)
    if _is_buffer(source) and not hasattr(source, "read"):
        return ByteSource(lambda: iter((source,)))
    if hasattr(source, "iter_bytes") and hasattr(source, "status_code"):
        if _streams_only(source, "__aiter__"):
            _refuse_sync_or_async(source, name)
        return ByteSource(lambda: httpx_chunks(source), source, source.status_code)
    if hasattr(source, "iter_content") and hasattr(source, "status_code"):
        if _is_async_niquests(source):
            _refuse_sync_or_async(source, name)
        return ByteSource(lambda: _requests_chunks(source), source, source.status_code)
    if hasattr(source, "__aiter__") or hasattr(source, "aiter_bytes") or _is_aiohttp(source):
        _refuse_sync_or_async(source, name)
    if hasattr(source, "read") and isinstance(getattr(source, "encoding", None), str):
        _refuse_text_file(name)  # one that is no TextIOBase, such as tempfile's
    if hasattr(source, "read") and isinstance(getattr(source, "status", None), int) and hasattr(source, "headers"):
        return ByteSource(lambda: _urllib3_chunks(source), source, source.status)
    if hasattr(source, "read1"):
        return ByteSource(lambda: _read(source.read1, getattr(source, "raw", None)))
    if hasattr(source, "read"):
        return ByteSource(lambda: _read(source.read))
    if isinstance(source, Iterable):
        return ByteSource(lambda: iter(source), generator=source)
    return _refuse(source, name, "an HTTP response, a binary file, an iterable of bytes, or bytes")


def async_byte_source_of(source: Any, name: str) -> ByteSource:
    """Understand a source of chunks that is read asynchronously. TypeError as from byte_source_of."""
    _refuse_text(source, name)
    if _is_buffer(source) and not hasattr(source, "read"):
        return ByteSource(lambda: _once(source))
    if hasattr(source, "aiter_bytes") and hasattr(source, "status_code"):
        if _streams_only(source, "__iter__"):
            _refuse_sync_or_async(source, name)
        return ByteSource(lambda: async_httpx_chunks(source), source, source.status_code)
    if _is_async_niquests(source):
        return ByteSource(lambda: _niquests_chunks(source), source, source.status_code)
    if _is_aiohttp(source):
        return ByteSource(lambda: _aiohttp_chunks(source), source, source.status)
    if hasattr(source, "iter_any"):
        return ByteSource(lambda: aiter(source.iter_any()))
    if hasattr(source, "readuntil") and hasattr(source, "at_eof"):
        # asyncio.StreamReader: iterated over, it would wait for lines, and fail on long ones.
        return ByteSource(lambda: _aread(source.read))
    if isinstance(source, AsyncIterable):
        return ByteSource(lambda: aiter(source), generator=source)
    if isinstance(source, Iterable) or hasattr(source, "read") or hasattr(source, "iter_bytes"):
        _refuse_sync_or_async(source, name)
    return _refuse(source, name, "an asynchronous HTTP response, an async iterable of bytes, or bytes")


@contextmanager
def limited_reads(response: Any, seconds: float) -> Iterator[None]:
    """Let a read of a body of httpx or httpx2 take so long at most.

    HTTP/2 looks at the timeout at each read, HTTP/1.1 when the body is begun.
    """
    extensions: dict[str, Any] = {}
    try:
        extensions = response.request.extensions
        timeout = extensions["timeout"]
    except (AttributeError, KeyError, RuntimeError):  # RuntimeError: httpx's, for a response without a request
        timeout = None
    if not isinstance(timeout, dict):
        yield
        return
    before = timeout.get("read")
    extensions["timeout"] = {**timeout, "read": seconds if before is None else min(before, seconds)}
    try:
        yield
    finally:
        extensions["timeout"] = timeout


def httpx_chunks(response: Any) -> Iterator[bytes]:
    """Return the chunks of a response of httpx or httpx2, its body decoded in steps of bounded size."""
    if not decode_in_steps(response):
        from .content_encoding import decoded_chunks

        return decoded_chunks(response, response.iter_raw())
    chunks: Iterator[bytes] = response.iter_bytes()
    return chunks


def async_httpx_chunks(response: Any) -> AsyncIterator[bytes]:
    """Return the chunks of an asynchronous response of httpx or httpx2, decoded as by httpx_chunks."""
    if not decode_in_steps(response):
        from .content_encoding import adecoded_chunks

        return adecoded_chunks(response, response.aiter_raw())
    chunks: AsyncIterator[bytes] = response.aiter_bytes()
    return chunks


def check_encoding(response: Any) -> None:
    """Raise UnsupportedEncoding for a response whose body comes out as it is, though it is encoded."""
    inner = _inner_response(response)
    decodes_by_itself = hasattr(inner, "iter_content") and getattr(inner, "raw", None) is None
    if not _is_encoded(inner) or _body_was_read(inner) or decodes_by_itself:
        return
    from .content_encoding import codings_of, why_unsupported

    codings = codings_of(inner)
    if advice := why_unsupported(codings):
        error = UnsupportedEncoding(", ".join(codings), response)
        error.advice = advice
        raise error


def decode_in_steps(response: Any) -> bool:
    """Bound the steps in which the body of a response of httpx or httpx2 is decoded. Returns whether it is bounded."""
    inner = _inner_response(response)
    if not _is_encoded(inner) or _body_was_read(inner) or getattr(inner, "is_stream_consumed", True):
        return True
    from .content_encoding import decode_raw_in_steps

    return decode_raw_in_steps(inner)


def _inner_response(response: Any) -> Any:
    """Return the response of the client, within one of an SDK, or within an object that stands in front of it."""
    response = getattr(response, "http_response", response)
    if library_of(response, "DecodingError") is None:
        # A bound method tells whose it is, also if an object in front has handed it on.
        return getattr(getattr(response, "iter_raw", None), "__self__", response)
    return response


def library_of(thing: Any, attribute: str) -> Any:
    """Return the library of an object's class that has the attribute, or None; a base class goes first."""
    for cls in reversed(thing.__class__.__mro__):  # not type(): an object in front of another has the other's class
        library = sys.modules.get(cls.__module__.partition(".")[0])
        if hasattr(library, attribute):
            return library
    return None


def _aiohttp_chunks(response: Any) -> AsyncIterator[bytes]:
    chunks: AsyncIterator[bytes] = aiter(response.content.iter_any())
    # aiohttp decodes by itself, in bounded steps, but for auto_decompress=False and words that it does not know.
    if hasattr(response.content, "total_compressed_bytes"):
        is_decoded = response.content.total_compressed_bytes is not None
    else:  # before 3.12 or so, where it does not tell
        is_decoded = response.headers.get("Content-Encoding", "").lower() in ("gzip", "deflate", "br")
    if is_decoded or not _is_encoded(response):
        return chunks
    from .content_encoding import adecoded_chunks

    return adecoded_chunks(response, chunks)


def _is_encoded(response: Any) -> bool:
    headers = getattr(response, "headers", None)
    try:
        return "content-encoding" in headers or "Content-Encoding" in headers  # type: ignore[operator]
    except TypeError:  # of a stand-in that has none
        return False


def _body_was_read(response: Any) -> bool:
    """Return whether the client has read, and decoded, the whole body already."""
    # httpx and requests keep it in `_content`, urllib3 is closed then.
    if getattr(response, "_content", False) is not False:
        return True
    return bool(getattr(response, "closed", False)) and hasattr(response, "data")


def _is_buffer(source: Any) -> bool:
    try:
        memoryview(source)
    except TypeError:
        return False
    return True


def _streams_only(response: Any, how: str) -> bool:
    """Tell whether the body of an httpx response is iterated over in that way only. One already read is in both."""
    other = "__iter__" if how == "__aiter__" else "__aiter__"
    stream = getattr(response, "stream", None)
    return hasattr(stream, how) and not hasattr(stream, other)


def _is_aiohttp(source: Any) -> bool:
    return hasattr(source, "status") and hasattr(getattr(source, "content", None), "iter_any")


def _is_async_niquests(source: Any) -> bool:
    # Both of its responses can be entered with `async with`; what they differ in is that one has to be awaited.
    code = getattr(getattr(type(source), "iter_content", None), "__code__", None)
    return code is not None and bool(code.co_flags & CO_COROUTINE)


def _end_read(response: Any) -> bool:
    """End a read that waits in another thread: to close the response would not wake it, or would wait for it.

    Returns False where that cannot be done: the response has no socket, or shares it with others.
    """
    from socket import SHUT_RDWR

    connection = _socket_of(response)
    if connection is None:
        return False
    try:
        # Not through the client's own object: there TLS would be torn down under the reader.
        connection.shutdown(SHUT_RDWR)
    except OSError:
        return False
    finally:
        connection.detach()
    return True


def _socket_of(response: Any) -> socket | None:
    """Give the socket that is the response's own, to be detached from after use; None if there is none.

    None as well once the response was closed: the connection may be another's by then.
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
        return socket(fileno=number)  # OSError where the number is a file's
    except (AttributeError, OSError, TypeError, ValueError):
        return None


def _file_number(response: Any) -> int:
    """Return the number of the socket of a response of urllib3 or http.client; OSError if it shares it with others."""
    # urllib3-future's response has no fileno(); http.client's connection no socket, where the body runs to the close.
    connection_socket = getattr(getattr(response, "connection", None), "sock", None)
    if connection_socket is None or getattr(response, "version", 11) > 11:
        return response.fileno()  # type: ignore[no-any-return]
    return connection_socket.fileno()  # type: ignore[no-any-return]


def _read(read: Callable[[int], bytes | None], raw: Any = None) -> Iterator[bytes]:
    """Read a file to its end. `raw`: what is below it, if it is buffered."""
    while True:
        chunk = read(READ_SIZE)
        if chunk == b"" and raw is not None and not _is_blocking(raw):
            # Of a non-blocking file, read1 returns b"" at its end and where nothing has come yet; raw files tell.
            chunk = raw.read(READ_SIZE)
        if chunk is None:
            raise BlockingIOError("the file is in non-blocking mode and has nothing to read: pass a blocking one")
        if not chunk:
            return
        yield chunk


def _is_blocking(raw: Any) -> bool:
    try:
        return os.get_blocking(raw.fileno())
    except (AttributeError, OSError, ValueError):
        return True  # no file of the operating system's


async def _aread(read: Callable[[int], Any]) -> AsyncIterator[bytes]:
    while chunk := await read(READ_SIZE):
        yield chunk


async def _once(chunk: Any) -> AsyncIterator[Any]:
    yield chunk


async def _niquests_chunks(response: Any) -> AsyncIterator[bytes]:
    async for chunk in await response.iter_content(-1):  # as it arrives
        yield chunk


def _requests_chunks(response: Any) -> Iterator[bytes]:
    """Read a response of requests or niquests as it arrives: its own iter_content() waits until it has enough."""
    raw: Any = getattr(response, "raw", None)
    if raw is None or getattr(response, "_content_consumed", False):
        return iter(response.iter_content(READ_SIZE))  # read already: stream=True was not given
    if hasattr(raw, "stream"):
        return _urllib3_chunks(raw)
    return _read(getattr(raw, "read1", raw.read))  # any file: an adapter's that is none of urllib3's


def _urllib3_chunks(response: Any) -> Iterator[bytes]:
    """Read a response of urllib3, or of http.client, as it arrives."""
    if _body_was_read(response):  # preload_content=False was not given
        return iter((response.data or b"",))
    # Not decoded by urllib3, which before 2.6 decodes a whole read at once; http.client does not decode.
    # One that was read in part goes on as it began.
    goes_on = bool(getattr(response, "_has_decoded_content", False))
    undecoded: dict[str, Any] = {"decode_content": goes_on} if hasattr(response, "decode_content") else {}
    if hasattr(response, "read1"):
        chunks = _read(lambda size: response.read1(size, **undecoded))
    else:
        # urllib3 before 2.2: its reads wait until they have what was asked for; with chunked coding, a chunk.
        chunks = response.stream(READ_SIZE if response.chunked else 1, **undecoded)
    if goes_on or not _is_encoded(response):
        return chunks
    from .content_encoding import decoded_chunks

    return decoded_chunks(response, chunks)


def _refuse_text(source: Any, name: str) -> None:
    if isinstance(source, str) and source.startswith(("http://", "https://")):
        raise TypeError(f"{name}() reads a response, not a URL: pass what an HTTP client gives for it")
    if isinstance(source, str):
        raise TypeError(
            f"{name}() reads bytes, not str: an event stream is UTF-8, pass the bytes as they were received; "
            "to read a file, pass open(path, 'rb')"
        )
    if isinstance(source, os.PathLike):
        raise TypeError(f"{name}() reads bytes, not a path: pass open(path, 'rb')")
    if isinstance(source, io.TextIOBase):
        _refuse_text_file(name)
    if isinstance(source, dict):
        raise TypeError(f"{name}() reads a response, not what was parsed from its JSON: pass the response")


def _refuse_text_file(name: str) -> NoReturn:
    raise TypeError(f"{name}() reads bytes, not text: open the file with mode 'rb', or pass its .buffer")


def _refuse_sync_or_async(source: Any, name: str) -> NoReturn:
    if name.startswith("a"):
        raise TypeError(f"{name}() reads asynchronous sources, this {type(source).__name__} is not: call {name[1:]}()")
    raise TypeError(f"{name}() reads synchronous sources, this {type(source).__name__} is not: call a{name}()")


def _refuse(source: Any, name: str, expected: str) -> NoReturn:
    hint = ""
    if hasattr(source, "__await__"):
        hint = ": await it first"
    elif hasattr(source, "__enter__") or hasattr(source, "__aenter__"):
        hint = ": enter it first, with `with ... as response:` or `async with ... as response:`"
    raise TypeError(f"{name}() reads {expected}, not {type(source).__name__}{hint}")
