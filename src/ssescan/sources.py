"""Sources of chunks: responses of HTTP clients, files, any iterable of bytes.

Recognizes the clients by the attributes of their responses, and imports none of them. Passes chunks on as they arrive:
no read waits for more than is there. Knows nothing of events.

To support another HTTP client, write a function that returns the ByteSource of its response, or None, and add it to
SYNC_KINDS or ASYNC_KINDS.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import AsyncIterable, Iterable
from contextlib import contextmanager

from .byte_source import ByteSource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from typing import Any, NoReturn, Protocol, TypeAlias

    from typing_extensions import Buffer

    class _HttpxResponse(Protocol):
        def iter_bytes(self) -> Iterator[bytes]: ...

    class _AsyncHttpxResponse(Protocol):
        def aiter_bytes(self) -> AsyncIterator[bytes]: ...

    class _BufferedFile(Protocol):
        def read1(self, size: int = ..., /) -> bytes: ...

    class _RawFile(Protocol):
        def read(self, size: int = ..., /) -> bytes | None: ...

    class _AiohttpBody(Protocol):
        def iter_any(self) -> AsyncIterable[bytes]: ...

    class _AiohttpResponse(Protocol):
        @property
        def content(self) -> _AiohttpBody: ...

    class _SyncTape(Protocol):
        def sync_byte_source(self) -> ByteSource: ...

    class _AsyncTape(Protocol):
        def async_byte_source(self) -> ByteSource: ...

    SyncSource: TypeAlias = _HttpxResponse | _BufferedFile | _RawFile | _SyncTape | Iterable[Buffer] | Buffer
    AsyncSource: TypeAlias = (
        _AsyncHttpxResponse | _AiohttpResponse | _AiohttpBody | _AsyncTape | AsyncIterable[Buffer] | Buffer
    )

CO_COROUTINE = 0x80  # as in inspect, which takes longer to import than all of ssescan
READ_SIZE = 65536  # bytes, at most; a read returns what is there


def byte_source_of(source: Any, name: str) -> ByteSource:
    """Return the ByteSource of a source of chunks. TypeError for anything else; it says what to call, not `name`."""
    _refuse_text(source, name)
    for kind in SYNC_KINDS:
        if (found := kind(source, name)) is not None:
            return found
    return _refuse(source, name, "an HTTP response, a binary file, an iterable of bytes, or bytes")


def async_byte_source_of(source: Any, name: str) -> ByteSource:
    """Return the ByteSource of a source that is read asynchronously. TypeError as from byte_source_of."""
    _refuse_text(source, name)
    for kind in ASYNC_KINDS:
        if (found := kind(source, name)) is not None:
            return found
    if isinstance(source, Iterable) or hasattr(source, "read") or hasattr(source, "iter_bytes"):
        _refuse_sync_or_async(source, name)
    return _refuse(source, name, "an asynchronous HTTP response, an async iterable of bytes, or bytes")


# httpx and httpx2.


def _httpx(source: Any, name: str) -> ByteSource | None:
    return _httpx_source(source, name, "iter_bytes", "__iter__", "__aiter__", httpx_chunks)


def _async_httpx(source: Any, name: str) -> ByteSource | None:
    return _httpx_source(source, name, "aiter_bytes", "__aiter__", "__iter__", async_httpx_chunks)


def _httpx_source(
    source: Any, name: str, method: str, iteration: str, other_iteration: str, chunks: Callable[[Any], Any]
) -> ByteSource | None:
    if not (hasattr(source, method) and hasattr(source, "status_code")):
        return None
    stream = getattr(source, "stream", None)  # one that was already read can be iterated over in both ways
    if hasattr(stream, other_iteration) and not hasattr(stream, iteration):
        _refuse_sync_or_async(source, name)
    return ByteSource(lambda: chunks(source), source, source.status_code)


def httpx_chunks(response: Any) -> Iterator[bytes]:
    """Return the chunks of a response of httpx or httpx2, its body decoded in steps of bounded size."""
    if decode_in_steps(response):
        return response.iter_bytes()  # type: ignore[no-any-return]
    from .content_encoding import decoded_chunks

    return decoded_chunks(response, response.iter_raw())


def async_httpx_chunks(response: Any) -> AsyncIterator[bytes]:
    """Return the chunks of an asynchronous response of httpx or httpx2, decoded as by httpx_chunks."""
    if decode_in_steps(response):
        return response.aiter_bytes()  # type: ignore[no-any-return]
    from .content_encoding import adecoded_chunks

    return adecoded_chunks(response, response.aiter_raw())


@contextmanager
def limited_reads(response: Any, seconds: float) -> Iterator[None]:
    """Limit the time that a read of a body of httpx or httpx2 may take.

    HTTP/2 looks at the timeout at each read, HTTP/1.1 when the reading of the body begins.
    """
    try:
        extensions = response.request.extensions
    except (AttributeError, RuntimeError):  # RuntimeError: httpx's, for a response without a request
        extensions = {}
    timeout = extensions.get("timeout")
    if not isinstance(timeout, dict):
        yield
        return
    before = timeout.get("read")
    extensions["timeout"] = {**timeout, "read": seconds if before is None else min(before, seconds)}
    try:
        yield
    finally:
        extensions["timeout"] = timeout


# requests and niquests.


def _requests(source: Any, name: str) -> ByteSource | None:
    if not (hasattr(source, "iter_content") and hasattr(source, "status_code")):
        return None
    if _is_async_niquests(source):
        _refuse_sync_or_async(source, name)
    return ByteSource(lambda: _requests_chunks(source), source, source.status_code)


def _requests_chunks(response: Any) -> Iterator[bytes]:
    """Read a response of requests or niquests as it arrives; its own iter_content() waits until it has enough."""
    raw: Any = getattr(response, "raw", None)
    if raw is None or getattr(response, "_content_consumed", False):
        return iter(response.iter_content(READ_SIZE))  # already read: stream=True was not passed
    if hasattr(raw, "stream"):
        return _urllib3_chunks(raw)
    return _read(getattr(raw, "read1", raw.read))  # any file: the response of another adapter


def _async_niquests(source: Any, name: str) -> ByteSource | None:
    if not _is_async_niquests(source):
        return None
    return ByteSource(lambda: _niquests_chunks(source), source, source.status_code)


def _is_async_niquests(source: Any) -> bool:
    # `async with` accepts both of its responses; only in one of them is iter_content() a coroutine.
    code = getattr(getattr(type(source), "iter_content", None), "__code__", None)
    return code is not None and bool(code.co_flags & CO_COROUTINE)


async def _niquests_chunks(response: Any) -> AsyncIterator[bytes]:
    async for chunk in await response.iter_content(-1):  # -1: as it arrives
        yield chunk


# urllib3 and http.client.


def _urllib3(source: Any, name: str) -> ByteSource | None:
    if hasattr(source, "read") and isinstance(getattr(source, "status", None), int) and hasattr(source, "headers"):
        return ByteSource(lambda: _urllib3_chunks(source), source, source.status)
    return None


def _urllib3_chunks(response: Any) -> Iterator[bytes]:
    """Read a response of urllib3 or http.client as it arrives."""
    if _body_was_read(response):  # preload_content=False was not passed
        return iter((response.data or b"",))
    # Not decoded by urllib3, which before 2.6 decodes a whole read at once; http.client does not decode.
    # A response that was partly read goes on as it began.
    goes_on = bool(getattr(response, "_has_decoded_content", False))
    undecoded: dict[str, Any] = {"decode_content": goes_on} if hasattr(response, "decode_content") else {}
    if hasattr(response, "read1"):
        chunks = _read(lambda size: response.read1(size, **undecoded))
    else:
        # urllib3 before 2.2: a read waits for as many bytes as it was asked for, or, with chunked coding, for a chunk.
        chunks = response.stream(READ_SIZE if response.chunked else 1, **undecoded)
    if goes_on or not _is_encoded(response):
        return chunks
    from .content_encoding import decoded_chunks

    return decoded_chunks(response, chunks)


# aiohttp.


def _aiohttp(source: Any, name: str) -> ByteSource | None:
    if _is_aiohttp(source):
        return ByteSource(lambda: _aiohttp_chunks(source), source, source.status)
    if hasattr(source, "iter_any"):  # the body alone
        return ByteSource(lambda: aiter(source.iter_any()))
    return None


def _is_aiohttp(source: Any) -> bool:
    return hasattr(source, "status") and hasattr(getattr(source, "content", None), "iter_any")


def _aiohttp_chunks(response: Any) -> AsyncIterator[bytes]:
    chunks: AsyncIterator[bytes] = aiter(response.content.iter_any())
    # aiohttp itself decodes in bounded steps, except with auto_decompress=False and for codings that it does not know.
    if hasattr(response.content, "total_compressed_bytes"):
        is_decoded = response.content.total_compressed_bytes is not None
    else:  # before 3.12 or so: nothing says whether it decodes
        is_decoded = response.headers.get("Content-Encoding", "").lower() in ("gzip", "deflate", "br")
    if is_decoded or not _is_encoded(response):
        return chunks
    from .content_encoding import adecoded_chunks

    return adecoded_chunks(response, chunks)


# Tapes and recordings, of testing/.


def _tape(source: Any, name: str) -> ByteSource | None:
    return source.sync_byte_source() if hasattr(source, "sync_byte_source") else None


def _async_tape(source: Any, name: str) -> ByteSource | None:
    return source.async_byte_source() if hasattr(source, "async_byte_source") else None


# Files, iterables, and bytes.


def _bytes(source: Any, name: str) -> ByteSource | None:
    return ByteSource(lambda: iter((source,))) if _is_buffer(source) else None


def _async_bytes(source: Any, name: str) -> ByteSource | None:
    return ByteSource(lambda: _once(source)) if _is_buffer(source) else None


def _is_buffer(source: Any) -> bool:
    try:
        memoryview(source)
    except TypeError:
        return False
    return not hasattr(source, "read")


async def _once(chunk: Any) -> AsyncIterator[Any]:
    yield chunk


def _file(source: Any, name: str) -> ByteSource | None:
    if hasattr(source, "read1"):
        return ByteSource(lambda: _read(source.read1, getattr(source, "raw", None)))
    return ByteSource(lambda: _read(source.read)) if hasattr(source, "read") else None


def _read(read: Callable[[int], bytes | None], raw: Any = None) -> Iterator[bytes]:
    """Read a file to its end. `raw`: the raw file below a buffered one."""
    while True:
        chunk = read(READ_SIZE)
        if chunk == b"" and raw is not None and not _is_blocking(raw):
            # read1() of a non-blocking file returns b"" at the end and also if nothing has come yet; raw files differ.
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
        return True  # not a file of the operating system


def _stream_reader(source: Any, name: str) -> ByteSource | None:
    # asyncio.StreamReader: iterating over it would wait for lines, and fail on long ones.
    if hasattr(source, "readuntil") and hasattr(source, "at_eof"):
        return ByteSource(lambda: _aread(source.read))
    return None


async def _aread(read: Callable[[int], Any]) -> AsyncIterator[bytes]:
    while chunk := await read(READ_SIZE):
        yield chunk


def _iterable(source: Any, name: str) -> ByteSource | None:
    return ByteSource(lambda: iter(source), generator=source) if isinstance(source, Iterable) else None


def _async_iterable(source: Any, name: str) -> ByteSource | None:
    return ByteSource(lambda: aiter(source), generator=source) if isinstance(source, AsyncIterable) else None


# Content-Encoding: content_encoding.py is loaded only for a body that has one.


def check_encoding(response: Any, chunks: Any) -> Any:
    """Return the chunks of a response. Raise UnsupportedEncoding if they are encoded and nothing here decodes them.

    With a Content-Encoding that is not a known one, the first chunks decide, and reading them raises it.
    """
    inner = _inner_response(response)
    if not _is_encoded(inner):
        return chunks
    from .encoding_check import checked_chunks

    decodes_by_itself = hasattr(inner, "iter_content") and getattr(inner, "raw", None) is None
    return checked_chunks(inner, chunks, decodes_by_itself or _body_was_read(inner), response)


def note_on_body(response: Any, body: bytes) -> str:
    """Return why the body of a refused response cannot be shown, because it is encoded; "" if it can be."""
    inner = _inner_response(response)
    if not body or not _is_encoded(inner):
        return ""
    from .encoding_check import note_on_body

    return note_on_body(inner, body)


def decode_in_steps(response: Any) -> bool:
    """Bound the steps in which the body of a response of httpx or httpx2 is decoded. Returns whether it is bounded."""
    inner = _inner_response(response)
    if not _is_encoded(inner) or _body_was_read(inner) or getattr(inner, "is_stream_consumed", True):
        return True
    from .content_encoding import decode_raw_in_steps

    return decode_raw_in_steps(inner)


def _inner_response(response: Any) -> Any:
    """Return the client's response from within the response of an SDK, or from within a proxy object."""
    response = getattr(response, "http_response", response)
    if library_of(response, "DecodingError") is None:
        # A bound method knows its object, even if a proxy passed it on.
        return getattr(getattr(response, "iter_raw", None), "__self__", response)
    return response


def library_of(thing: Any, attribute: str) -> Any:
    """Return the library of an object's class that has the attribute, or None; base classes go first."""
    for cls in reversed(thing.__class__.__mro__):  # not type(): the __class__ of a proxy is that of its object
        library = sys.modules.get(cls.__module__.partition(".")[0])
        if hasattr(library, attribute):
            return library
    return None


def _is_encoded(response: Any) -> bool:
    headers = getattr(response, "headers", None)
    try:
        return "content-encoding" in headers or "Content-Encoding" in headers  # type: ignore[operator]
    except TypeError:  # a stand-in without headers
        return False


def _body_was_read(response: Any) -> bool:
    """Return whether the client has read, and decoded, the whole body already."""
    # httpx and requests keep it in `_content`, urllib3 is closed then.
    if getattr(response, "_content", False) is not False:
        return True
    return bool(getattr(response, "closed", False)) and hasattr(response, "data")


# Errors for sources that cannot be read.


TEXT_FILE = "bytes, not text: open the file with mode 'rb', or pass its .buffer"


def _refuse_text(source: Any, name: str) -> None:
    if isinstance(source, str) and source.startswith(("http://", "https://")):
        reads = "a response, not a URL: pass the response that an HTTP client returns for it"
    elif isinstance(source, str):
        reads = "bytes, not str: an event stream is UTF-8, pass the bytes as they were received; "
        reads += "to read a file, pass open(path, 'rb')"
    elif isinstance(source, os.PathLike):
        reads = "bytes, not a path: pass open(path, 'rb')"
    elif isinstance(source, io.TextIOBase):
        reads = TEXT_FILE
    elif isinstance(source, dict):
        reads = "a response, not what was parsed from its JSON: pass the response"
    else:
        return
    raise TypeError(f"{name}() reads {reads}")


def _refuse_other_kinds(source: Any, name: str) -> None:
    """Refuse asynchronous sources, and text files that are not a TextIOBase, such as tempfile's."""
    if hasattr(source, "__aiter__") or hasattr(source, "aiter_bytes") or _is_aiohttp(source):
        _refuse_sync_or_async(source, name)
    if hasattr(source, "read") and isinstance(getattr(source, "encoding", None), str):
        raise TypeError(f"{name}() reads {TEXT_FILE}")


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


# The packages of these clients; `ssescan doctor` shows their versions.
CLIENTS = ("aiohttp", "httpx", "httpx2", "niquests", "requests", "urllib3")
# In this order: a file may be an iterable, a response may be a file.
SYNC_KINDS = (_bytes, _httpx, _requests, _tape, _refuse_other_kinds, _urllib3, _file, _iterable)
ASYNC_KINDS = (_async_bytes, _async_httpx, _async_niquests, _aiohttp, _async_tape, _stream_reader, _async_iterable)
