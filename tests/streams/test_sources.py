"""Sources other than the responses of HTTP clients."""

from __future__ import annotations

import array
import asyncio
import gzip
import http.client
import io
import mmap
import os
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import requests
import trio
import urllib3

from .cases import ONE, STREAM, THREE, TWO, async_chunks, events, every_cut, numbered
from .clients import TIMEOUT, loops, run_in
from .server import WAIT_LIMIT, Do

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from .server import Server


@contextmanager
def bounded(end: Callable[[], Any]) -> Iterator[None]:
    """End a source after WAIT_LIMIT seconds, in case a read waits for more bytes than were sent."""
    timer = threading.Timer(WAIT_LIMIT, end)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


@every_cut
@pytest.mark.parametrize("make", [list, tuple, iter, lambda pieces: (piece for piece in pieces)])
def test_iterable_of_chunks(package: Any, make: Callable[[Any], Any], pieces: list[bytes]) -> None:
    with package.iter_events(make(pieces)) as stream:
        assert list(stream) == events(package)
    assert stream.outcome is package.Outcome.ENDED
    assert stream.response is None


@loops
@every_cut
def test_async_iterable_of_chunks(package: Any, loop: str, pieces: list[bytes]) -> None:
    class Iterable:
        def __aiter__(self) -> AsyncIterator[bytes]:
            return async_chunks(pieces)

    async def main() -> None:
        for source in (async_chunks(pieces), Iterable()):
            async with package.aiter_events(source) as stream:
                assert [event async for event in stream] == events(package)
            assert stream.outcome is package.Outcome.ENDED

    run_in(loop, main)


def anonymous_map(data: bytes) -> mmap.mmap:
    mapped = mmap.mmap(-1, len(data))
    mapped[:] = data
    return mapped


@pytest.mark.parametrize(
    "make",
    [bytes, bytearray, memoryview, lambda data: array.array("B", data), anonymous_map],
    ids=["bytes", "bytearray", "memoryview", "array", "mmap"],
)
def test_bytes_like_object_is_one_chunk(package: Any, make: Callable[[bytes], Any]) -> None:
    async def main() -> None:
        async with package.aiter_events(source) as stream:
            assert [event async for event in stream] == events(package)

    source = make(STREAM)
    with package.iter_events(source) as stream:
        assert list(stream) == events(package)
    assert stream.bytes_read == len(STREAM)
    if not isinstance(source, mmap.mmap):
        asyncio.run(main())
    else:
        source.close()


def test_empty_source_has_ended(package: Any) -> None:
    for source in (b"", [], [b""], io.BytesIO()):
        with package.iter_events(source) as stream:
            assert list(stream) == []
        assert stream.outcome is package.Outcome.ENDED


@pytest.mark.parametrize("buffering", [-1, 0], ids=["buffered", "raw"])
def test_file(package: Any, tmp_path: Path, buffering: int) -> None:
    path = tmp_path / "stream"
    path.write_bytes(STREAM)
    with path.open("rb", buffering=buffering) as file, package.iter_events(file) as stream:
        assert list(stream) == events(package)


def test_other_binary_files(package: Any, tmp_path: Path) -> None:
    path = tmp_path / "stream.gz"
    path.write_bytes(gzip.compress(STREAM))
    with gzip.open(path) as file:
        assert list(package.iter_events(file)) == events(package)
    for kind in (tempfile.TemporaryFile, tempfile.NamedTemporaryFile, tempfile.SpooledTemporaryFile):
        with kind() as file:
            file.write(STREAM)
            file.seek(0)
            assert list(package.iter_events(file)) == events(package)


@pytest.mark.parametrize("buffering", [-1, 0], ids=["buffered", "raw"])
def test_event_arrives_from_an_open_pipe(package: Any, buffering: int) -> None:
    # The process waits after each event, so a read must not wait for more bytes.
    program = "import sys\nfor n in '123': print('data:', n, end='\\n\\n', flush=True), sys.stdin.readline()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=buffering
    ) as writer:
        assert writer.stdin is not None
        with bounded(writer.kill), package.iter_events(writer.stdout) as stream:
            seen = []
            for event in stream:
                seen.append(event)
                writer.stdin.write(b"\n")
                writer.stdin.flush()
        assert stream.outcome is package.Outcome.ENDED
        assert seen == [numbered(package, 1), numbered(package, 2), numbered(package, 3)]


@pytest.mark.parametrize("buffering", [-1, 0], ids=["buffered", "raw"])
def test_event_arrives_from_a_pipe_with_half_an_event(package: Any, buffering: int) -> None:
    reading, writing = os.pipe()
    with (
        os.fdopen(reading, "rb", buffering=buffering) as file,
        os.fdopen(writing, "wb", buffering=0) as other_end,
        bounded(other_end.close),
    ):
        stream = package.iter_events(file)
        other_end.write(ONE + b"data: ")
        assert next(stream) == numbered(package, 1)
        other_end.write(b"2\r\n\r")
        assert next(stream) == numbered(package, 2)
        other_end.write(b"\n" + THREE + b"data")
        assert next(stream) == numbered(package, 3)
        other_end.close()
        assert list(stream) == []
        assert stream.outcome is package.Outcome.CUT


def test_socket_file(package: Any) -> None:
    here, there = socket.socketpair()
    with here, there, here.makefile("rb") as file, bounded(lambda: there.shutdown(socket.SHUT_RDWR)):
        stream = package.iter_events(file)
        there.sendall(ONE + b"data")
        assert next(stream) == numbered(package, 1)
        there.sendall(b": 2\n\n")
        assert next(stream) == numbered(package, 2)
        there.close()
        assert list(stream) == []


def test_empty_non_blocking_file_is_an_error(package: Any) -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    with os.fdopen(reading, "rb", buffering=0) as file, os.fdopen(writing, "wb", buffering=0) as other_end:
        stream = package.iter_events(file)
        other_end.write(ONE)
        assert next(stream) == numbered(package, 1)
        with pytest.raises(BlockingIOError, match="blocking"):
            next(stream)
        assert stream.outcome is package.Outcome.FAILED
        assert not file.closed


@pytest.mark.parametrize("status", [200, 404])
def test_http_client_response_is_checked(package: Any, server: Server, status: int) -> None:
    exchange = server.offers(ONE, Do.WAIT, TWO, status=status)
    parts = urlsplit(exchange.url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=TIMEOUT)
    connection.request("GET", parts.path)
    try:
        with connection.getresponse() as response:
            stream = package.iter_events(response)
            assert stream.response is response
            if status == 200:
                assert next(stream) == numbered(package, 1)
                exchange.go()
                assert list(stream) == [numbered(package, 2)]
            else:
                exchange.go()
                with pytest.raises(package.UnexpectedStatus):
                    next(stream)
    finally:
        connection.close()


def test_requests_response_over_a_file(package: Any) -> None:
    # Adapters for other schemes, and tests, make such responses.
    response = requests.Response()
    response.status_code = 200
    response.headers["Content-Type"] = "text/event-stream"
    response.raw = io.BytesIO(STREAM)
    with package.iter_events(response) as stream:
        assert list(stream) == events(package)
    assert stream.response is response


class FakeResponse:
    """A minimal response of httpx or urllib3, as other people's tests make them."""

    def __init__(self, headers: dict[str, str], **more: Any) -> None:
        self.headers = headers
        self.__dict__.update(more)

    def close(self) -> None:
        """Do nothing."""


@pytest.mark.parametrize("name", ["content-type", "Content-Type"])
def test_fake_response(package: Any, name: str) -> None:
    headers = {name: "text/event-stream"}
    like_httpx = FakeResponse(headers, status_code=200, iter_bytes=lambda: iter([STREAM]))
    like_urllib3 = FakeResponse(headers, status=200, read=None, read1=io.BytesIO(STREAM).read)
    for response in (like_httpx, like_urllib3):
        with package.iter_events(response) as stream:
            assert list(stream) == events(package)


@pytest.mark.parametrize("make", [bytes, io.BytesIO])
def test_urllib3_response_without_a_connection(package: Any, make: Callable[[bytes], Any]) -> None:
    # Tests make such responses.
    response = urllib3.HTTPResponse(make(STREAM), {"content-type": "text/event-stream"}, 200, preload_content=False)
    with package.iter_events(response) as stream:
        assert list(stream) == events(package)
    assert stream.response is response


@every_cut
def test_asyncio_stream_reader_with_a_small_limit(package: Any, pieces: list[bytes]) -> None:
    async def main() -> None:
        reader = asyncio.StreamReader(limit=64)  # lines are longer
        for piece in pieces:
            reader.feed_data(piece)
        reader.feed_eof()
        async with package.aiter_events(reader) as stream:
            assert [event async for event in stream] == events(package)
        assert stream.outcome is package.Outcome.ENDED

    asyncio.run(main())


def test_event_arrives_from_an_open_asyncio_connection(package: Any, server: Server) -> None:
    exchange = server.offers(ONE, Do.WAIT, TWO + b"data", Do.WAIT, b": 3\n\n", framing="close")
    parts = urlsplit(exchange.url)

    async def main() -> None:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(f"GET {parts.path} HTTP/1.1\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        seen = []
        async with package.aiter_events(reader) as stream:
            async for event in stream:
                seen.append(event)
                exchange.go()
        assert seen == [numbered(package, 1), numbered(package, 2), numbered(package, 3)]
        writer.close()
        await writer.wait_closed()

    asyncio.run(main())


def test_error_of_a_stream_reader_passes(package: Any) -> None:
    async def main() -> None:
        reader = asyncio.StreamReader()
        reader.feed_data(ONE)
        stream = package.aiter_events(reader)
        await anext(stream)
        reader.set_exception(ConnectionResetError("gone"))
        with pytest.raises(ConnectionResetError, match="gone"):
            await anext(stream)
        assert stream.outcome is package.Outcome.FAILED

    asyncio.run(main())


def test_event_arrives_from_an_open_trio_stream(package: Any, server: Server) -> None:
    exchange = server.offers(ONE, Do.WAIT, TWO + b"data", Do.WAIT, b": 3\n\n", framing="close")
    parts = urlsplit(exchange.url)

    async def main() -> None:
        assert parts.hostname is not None
        assert parts.port is not None
        async with await trio.open_tcp_stream(parts.hostname, parts.port) as connection:
            await connection.send_all(f"GET {parts.path} HTTP/1.1\r\n\r\n".encode())
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += await connection.receive_some(1)
            seen = []
            async with package.aiter_events(connection) as stream:
                async for event in stream:
                    seen.append(event)
                    exchange.go()
            assert seen == [numbered(package, 1), numbered(package, 2), numbered(package, 3)]

    trio.run(main)
