"""ByteStream and AsyncByteStream: a source read through a Transcoder or a Relay, as an iterator of bytes to send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import UnexpectedContentType, UnexpectedStatus, UnsupportedEncoding
from ..outcome import Outcome
from ..providers.payload_streams import AsyncPayloadStream, PayloadStream
from ..stalls import END, checked_stall

if TYPE_CHECKING:
    from collections import Counter
    from typing import Self

    from ..providers.message import Message
    from ..stalls import Stall

REFUSALS = (UnexpectedStatus, UnexpectedContentType, UnsupportedEncoding)
"""Raised, not written: nothing was sent yet, so a server can answer with a status of its own."""


class _ByteStream:
    """The attributes that the sync and the async stream share."""

    __slots__ = ("_core", "_events", "_is_over", "error")

    _payloads: Any

    def __init__(self, source: Any, stall: Stall | None, name: str, core: Any, options: dict[str, Any]) -> None:
        """`core`: a Transcoder or a Relay, made with these options. `name`: of the function that the caller called."""
        checked_stall(stall)
        self._events = self._payloads.of(source, stall, name)
        core.read_from(self._events.reader, options.get("max_event_size", self._events.max_event_size))
        self._core = core
        self._is_over = False
        self.error: BaseException | None = None

    @property
    def message(self) -> Message:
        """The message so far: at any time, also after an error."""
        message: Message = self._core.message
        return message

    @property
    def api(self) -> str | None:
        """The format of the source; as named, until the first event shows which it is."""
        api: str | None = self._core.api
        return api

    @property
    def lost(self) -> Counter[str]:
        """The number of parts that the target cannot express, by the name of the part."""
        lost: Counter[str] = self._core.lost
        return lost

    @property
    def headers(self) -> dict[str, str]:
        """The headers that the response wants."""
        headers: dict[str, str] = self._core.headers
        return headers

    @property
    def outcome(self) -> Outcome | None:
        """The outcome of the source, None while it is open."""
        outcome: Outcome | None = self._events.outcome
        return outcome

    @property
    def events(self) -> int:
        """The number of events that were read."""
        events: int = self._events.reader.events
        return events

    @property
    def bytes_read(self) -> int:
        """The number of bytes that were read."""
        size: int = self._events.bytes_read
        return size

    @property
    def response(self) -> Any:
        """The response that the stream comes from, None if it comes from another source."""
        return self._events.response

    def ping(self) -> bytes:
        """Return a keep-alive in the target's form, legal between two items; b"" if there is none."""
        made: bytes = self._core.ping()
        return made

    def _feed(self, chunk: Any) -> bytes:
        events = self._events
        if events.body is not None and not events.body.is_event_stream:
            self._core.forbid_passing()
        made: bytes = self._core._feed(chunk if type(chunk) is bytes else events.reader.bytes_of(chunk))  # noqa: SLF001
        return made

    def _close_core(self, error: Exception | None) -> bytes:
        self._is_over = True
        made: bytes = self._core.close(error)
        self.error = error or self._core.failure
        return made


class ByteStream(_ByteStream):
    """An iterator of bytes, and a context manager that closes the source. `transcode` and `relay` return it.

    `error`: the exception that the answer ended with, None if it is whole, or not over.
    """

    __module__ = "ssescan"
    __slots__ = ("__weakref__",)

    _payloads = PayloadStream

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        while not self._is_over:
            if made := self._advance():
                return made
        raise StopIteration

    def _advance(self) -> bytes:
        """Read once; return the bytes to send. Twin of AsyncByteStream._advance."""
        events = self._events
        try:
            chunk = events.read_chunk()
            if chunk is END:
                made = self._close_core(None)
                events.finish()
            else:
                made = self._feed(chunk)
                if self._core.is_over:
                    made += self._close_core(None)
                    events.end()
        except REFUSALS:
            self._is_over = True
            raise
        except Exception as error:
            if self._is_over:
                raise  # of closing the source
            events.fail(error)
            return b"" if events.outcome is Outcome.CLOSED else self._close_core(error)
        return made

    def open(self) -> None:
        """Check the response now, as entering a `with` block does: a refusal is raised before the first byte."""
        try:
            self._events.open()
        except BaseException:
            self._is_over = True
            raise

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the source, if it is a response or a generator. A second close does nothing."""
        self._is_over = True
        self._events.close()


class AsyncByteStream(_ByteStream):
    """ByteStream for asyncio and trio; `async with` closes the source."""

    __module__ = "ssescan"
    __slots__ = ("__weakref__",)

    _payloads = AsyncPayloadStream

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        while not self._is_over:
            if made := await self._advance():
                return made
        raise StopAsyncIteration

    async def _advance(self) -> bytes:
        """Read once; return the bytes to send. Twin of ByteStream._advance."""
        events = self._events
        try:
            chunk = await events.read_chunk()
            if chunk is END:
                made = self._close_core(None)
                await events.finish()
            else:
                made = self._feed(chunk)
                if self._core.is_over:
                    made += self._close_core(None)
                    await events.end()
        except REFUSALS:
            self._is_over = True
            raise
        except Exception as error:
            if self._is_over:
                raise  # of closing the source
            await events.fail(error)
            return b"" if events.outcome is Outcome.CLOSED else self._close_core(error)
        except BaseException as error:  # the read was cancelled: the source may have lost a part of the stream
            self._is_over = True
            await events.fail(error)
            raise
        return made

    async def open(self) -> None:
        """Check the response now, as entering an `async with` block does."""
        try:
            await self._events.open()
        except BaseException:
            self._is_over = True
            raise

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the source, if it is a response or an async generator. A second close does nothing."""
        self._is_over = True
        await self._events.aclose()
