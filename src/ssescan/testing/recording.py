"""Record any source of chunks while it is read: each read is in the file before the reader gets it.

Knows byte sources, the format of tapes, and the attributes of responses and requests of HTTP clients.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._secrets import error_without_secrets
from ..byte_source import ByteSource, header_of
from ..outcome import Outcome
from ..sources import async_byte_source_of, byte_source_of, check_encoding
from .redaction import Redaction
from .tape_format import VERSION, Head, RecordedResponse, end_line, head_line, read_line
from .tapes import RecordedRequest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from typing import Self


def record(source: Any, path: str | os.PathLike[str], asked_ns: int | None) -> Recording | AsyncRecording:
    """Return the recording of a source, see Tape.record."""
    try:
        return Recording(byte_source_of(source, "record"), path, asked_ns)
    except TypeError as error:
        try:
            found = async_byte_source_of(source, "arecord")
        except TypeError:
            raise error from None
    return AsyncRecording(found, path, asked_ns)


class _Recorder:
    """The file of a recording. Each line reaches the system before the call returns."""

    def __init__(self, source: ByteSource, path: str | os.PathLike[str], asked_ns: int | None) -> None:
        now_ns = time.perf_counter_ns()
        self._began_ns = now_ns if asked_ns is None else asked_ns
        self.is_closing = False  # while a read waits in another thread
        self._redaction = Redaction()
        began = datetime.fromtimestamp(time.time() - (now_ns - self._began_ns) / 1e9, UTC)
        response_ns = None if asked_ns is None or source.response is None else now_ns - asked_ns
        head = Head(
            VERSION,
            began.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            request_of(source.response, self._redaction),
            _response_of(source, self._redaction, response_ns),
        )
        self._path = os.fspath(path)
        self._file = Path(path).open("wb", buffering=0)  # noqa: SIM115 - end() closes it
        self._write(head_line(head))

    def add(self, chunk: Any) -> bytes:
        """Write one read; return its bytes."""
        ns = time.perf_counter_ns() - self._began_ns
        data = bytes(memoryview(chunk))
        self._write(read_line(ns, self._redaction.mask(data)))
        return data

    def end(self, outcome: Outcome, error: BaseException | None = None) -> None:
        """Write the outcome and close the file. A second call does nothing."""
        if self._file.closed:
            return
        if self.is_closing:  # the error of a read that we ended says nothing
            outcome, error = Outcome.CLOSED, None
        text = "" if error is None else f"{type(error).__name__}: {error_without_secrets(error)}"
        try:
            self._write(end_line(time.perf_counter_ns() - self._began_ns, outcome, text))
        finally:
            self._file.close()

    def _write(self, line: bytes) -> None:
        try:
            while line:
                line = line[self._file.write(line) :]
        except OSError as error:
            self._file.close()
            error.filename = self._path  # else it would look like an error of the source
            raise


class _RecordedSource(ByteSource):
    """The byte source of a recording: that of its source, with the reads written on their way."""

    __slots__ = ("_inner", "_recorder")

    def __init__(self, inner: ByteSource, recorder: _Recorder, open_chunks: Callable[[], Any]) -> None:
        super().__init__(open_chunks, inner.response, inner.status)
        self._inner = inner
        self._recorder = recorder
        self.closed = True  # the inner source closes the response

    @property
    def has_connection(self) -> bool:
        return self._inner.has_connection

    def close(self) -> None:
        if getattr(self.chunks, "gi_running", False):  # in another thread: its reader closes after the read
            self._recorder.is_closing = True
            self._inner.close()
            return
        try:
            super().close()
        finally:
            try:
                self._inner.close()
            finally:
                self._recorder.end(Outcome.CLOSED)

    async def aclose(self) -> None:
        try:
            await super().aclose()
        finally:
            try:
                await self._inner.aclose()
            finally:
                if not getattr(self.chunks, "ag_running", False):
                    self._recorder.end(Outcome.CLOSED)


class Recording:
    """A source that is recorded while it is read. `iter_events`, `stream`, `transcode` take it, and so does `for`.

    Reading it to the end, or closing its stream, ends the tape. Read it once.
    """

    def __init__(self, source: ByteSource, path: str | os.PathLike[str], asked_ns: int | None) -> None:
        self._inner = source
        self._recorder = _Recorder(source, path, asked_ns)
        self._source = _RecordedSource(source, self._recorder, self._chunks)

    def sync_byte_source(self) -> ByteSource:
        """Return the chunks for a synchronous reader; `sources.py` calls this."""
        return self._source

    def __iter__(self) -> Iterator[bytes]:
        chunks: Iterator[bytes] = self._source.open()
        return chunks

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the source and end the tape. A second close does nothing."""
        self._source.close()

    def _chunks(self) -> Iterator[bytes]:
        recorder = self._recorder
        try:
            for chunk in _opened(self._inner):
                yield recorder.add(chunk)
        except BaseException as error:
            recorder.end(Outcome.of(error, False), error if isinstance(error, Exception) else None)
            raise
        recorder.end(Outcome.ENDED)


class AsyncRecording:
    """Recording for asynchronous sources: `aiter_events`, `astream`, `atranscode` take it, and so does `async for`.

    It writes the file from the event loop, each read with one short call.
    """

    def __init__(self, source: ByteSource, path: str | os.PathLike[str], asked_ns: int | None) -> None:
        self._inner = source
        self._recorder = _Recorder(source, path, asked_ns)
        self._source = _RecordedSource(source, self._recorder, self._chunks)

    def async_byte_source(self) -> ByteSource:
        """Return the chunks for an asynchronous reader; `sources.py` calls this."""
        return self._source

    def __aiter__(self) -> AsyncIterator[bytes]:
        chunks: AsyncIterator[bytes] = self._source.open()
        return chunks

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the source and end the tape. A second close does nothing."""
        await self._source.aclose()

    async def _chunks(self) -> AsyncIterator[bytes]:
        recorder = self._recorder
        try:
            async for chunk in _opened(self._inner):
                yield recorder.add(chunk)
        except BaseException as error:
            recorder.end(Outcome.of(error, False), error if isinstance(error, Exception) else None)
            raise
        recorder.end(Outcome.ENDED)


def _opened(source: ByteSource) -> Any:
    """Return the chunks of a source. UnsupportedEncoding for a body that nothing decodes."""
    chunks = source.open()
    return chunks if source.response is None else check_encoding(source.response, chunks)


def request_of(response: Any, redaction: Redaction) -> RecordedRequest | None:
    """Return the request that a response answers, without its secrets; None if the client does not keep it."""
    inner = getattr(response, "http_response", response)  # of an SDK
    request = None
    with suppress(AttributeError, RuntimeError):  # RuntimeError: httpx's, of a response without a request
        request = inner.request
    request = request or getattr(inner, "request_info", None)  # aiohttp's
    if request is None:
        return None
    headers = request.headers
    body = getattr(request, "body", None)  # requests
    with suppress(AttributeError, RuntimeError):  # httpx; RuntimeError: a body that was streamed
        body = request.content
    return RecordedRequest(
        method=str(request.method),
        headers=redaction.headers(headers.items()),
        url=redaction.url(str(request.url)),
        body=redaction.body(body, header_of(headers, "Content-Type")),
    )


def _response_of(source: ByteSource, redaction: Redaction, ns: int | None) -> RecordedResponse | None:
    response = source.response
    if response is None or source.status is None:
        return None
    headers = redaction.response_headers(response.headers.items())
    return RecordedResponse(source.status, headers, headers.pop("content-encoding", ""), ns)
