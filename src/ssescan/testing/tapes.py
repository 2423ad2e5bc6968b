"""Tape: the reads of one recorded stream, with its request, status and headers; a source for every reader of ssescan.

`tape_format.py` has the format of the files, `archives.py` those of other programs, `recording.py` writes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, overload

import msgspec

from ..byte_source import ByteSource
from ..outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from typing_extensions import Buffer

    from ..sources import AsyncSource, SyncSource
    from .recording import AsyncRecording, Recording


class Chunk(NamedTuple):
    """One read of a stream: the bytes, and when they arrived."""

    time_ns: int | None
    """Nanoseconds since the request was sent, or since the recording began; None if the file has no times."""
    data: bytes


class RecordedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The request of a tape, without its secrets: "[redacted]" stands in their places."""

    method: str
    url: str
    headers: dict[str, str] = {}
    """With names in lower case."""
    body: Any = None
    """The value of JSON, or a text; None if there was none, or none that can be shown without secrets."""


class Tape:
    """A recorded stream, wholly in memory. `iter_events`, `stream`, `transcode` and their async twins read it.

    `chunks`: a tuple of Chunk, in the order in which they arrived, decoded if the response had a Content-Encoding.
    `request`: a RecordedRequest, None if it is not known. `status`, `headers`: of the response, names in lower case;
    None and {} if it is not known. `encoding`: its Content-Encoding, "" if it had none. `began_ns`: when the headers
    arrived, as the times of the chunks; None if that is not known. `outcome`: how the source ended, an Outcome; None if
    that is not known. `error`: the text of the error that it failed with, "" for none. `note`: what is missing of the
    file, "" for nothing. `name`: of the file, without its folder.

    Reading a tape takes no longer than reading from memory: only a replay keeps the times. One whose source failed
    fails again at its end, with a ConnectionError.
    """

    def __init__(
        self, chunks: Iterable[Chunk | tuple[int | None, Buffer] | Buffer], *, request: RecordedRequest | None = None,
        status: int | None = None, headers: Mapping[str, str] | None = None, encoding: str = "",
        began_ns: int | None = None, outcome: Outcome | None = None, error: str = "", note: str = "", name: str = "",
    ) -> None:  # fmt: skip
        if isinstance(chunks, (str, bytes, bytearray, memoryview)) or not isinstance(chunks, Iterable):
            raise TypeError(f"a tape is made of several chunks, such as [body], not of one {type(chunks).__name__}")
        self.chunks: tuple[Chunk, ...] = tuple(map(_chunk, chunks))
        self.request = request
        self.status = status
        self.headers: dict[str, str] = {key.lower(): value for key, value in (headers or {}).items()}
        # The chunks are decoded.
        self.encoding: str = encoding or self.headers.get("content-encoding", "")
        self.headers.pop("content-encoding", None)
        self.began_ns = began_ns
        self.outcome = outcome
        self.error = error
        self.note = note
        self.name = name

    @classmethod
    def open(cls, path: str | os.PathLike[str], index: int = 0) -> Tape:
        """Read a tape, a HAR file, a cassette of VCR.py (YAML or JSON), or any other file as the bytes of a stream.

        `index`: of the entry of a HAR file, or of the interaction of a cassette. A tape that was cut anywhere opens up
        to its last whole read, and `note` says so. Any other file has one chunk, and no times.

        OSError if the file cannot be read. ValueError if there is no such entry, or if the file is damaged. ImportError
        for YAML without the package pyyaml.
        """
        tapes = cls.open_all(path)
        if not isinstance(index, int) or isinstance(index, bool):
            raise TypeError(f"index must be an int, not {type(index).__name__}")
        if not 0 <= index < len(tapes):
            listed = "; ".join(f"{number}: {tape._title}" for number, tape in enumerate(tapes)) or "none"  # noqa: SLF001
            raise ValueError(f"expected the index of an entry in {Path(path).name}, got {index}; entries: {listed}")
        return tapes[index]

    @classmethod
    def open_all(cls, path: str | os.PathLike[str]) -> list[Tape]:
        """Read every entry of a HAR file or of a cassette as a tape; of any other file, one. Errors as for open()."""
        from .archives import har_tapes, vcr_tapes
        from .tape_format import is_tape, read_tape

        file = _file(path)
        data = file.read_bytes()
        if is_tape(data):
            tapes = [read_tape(data, file.name)]
        else:
            found = har_tapes(data, file.name)
            if found is None:
                found = vcr_tapes(data, file.name)
            tapes = [Tape([data] if data else [])] if found is None else found
        for tape in tapes:
            tape.name = file.name
        return tapes

    @overload
    @staticmethod
    def record(source: SyncSource, path: str | os.PathLike[str], *, asked_ns: int | None = None) -> Recording: ...  # type: ignore[overload-overlap]
    @overload
    @staticmethod
    def record(source: AsyncSource, path: str | os.PathLike[str], *, asked_ns: int | None = None) -> AsyncRecording: ...
    @staticmethod
    def record(source: Any, path: str | os.PathLike[str], *, asked_ns: int | None = None) -> Recording | AsyncRecording:
        """Return a source with the same bytes, which writes each read to a tape before it passes it on.

        `source`: anything that iter_events or aiter_events takes. `path`: of the file, which is replaced. `asked_ns`:
        time.perf_counter_ns() when the request was sent, from which the times of the tape count; without it, they
        count from this call.

        Each read is in the file, and survives the end of the process, before the reader gets it. What may be a secret
        in the request never reaches the file, and an echo of it in the response is masked with "*".

        TypeError for a source that cannot be read, OSError if the file cannot be written.
        """
        from .recording import record

        return record(source, path, asked_ns)

    @property
    def size(self) -> int:
        """The number of bytes of all chunks."""
        return sum(len(chunk.data) for chunk in self.chunks)

    def sync_byte_source(self) -> ByteSource:
        """Return the chunks for a synchronous reader; `sources.py` calls this."""
        return _TapeSource(self, self._iterate)

    def async_byte_source(self) -> ByteSource:
        """Return the chunks for an asynchronous reader; `sources.py` calls this."""
        return _TapeSource(self, self._aiterate)

    def _iterate(self) -> Iterator[bytes]:
        for chunk in self.chunks:
            yield chunk.data
        self._fail_again()

    async def _aiterate(self) -> AsyncIterator[bytes]:
        for chunk in self._iterate():
            yield chunk

    def _fail_again(self) -> None:
        if self.outcome is Outcome.FAILED:
            raise ConnectionError(f"the recorded stream failed here: {self.error or 'its tape does not say why'}")

    @property
    def _title(self) -> str:
        asked = "" if self.request is None else f"{self.request.method} {self.request.url}, "
        return f"{asked}status {self.status}, {self.headers.get('content-type') or 'no content type'}"

    def __repr__(self) -> str:
        end = self.note or self.outcome or "no outcome"
        return f"<Tape {self.name!r}: {len(self.chunks)} reads, {self.size} bytes, {end}>"


class _TapeSource(ByteSource):
    """The byte source of a tape. The tape is its response, if the tape has one."""

    __slots__ = ()

    def __init__(self, tape: Tape, open_chunks: Any) -> None:
        super().__init__(open_chunks, None if tape.status is None else tape, tape.status)
        self.closed = True  # a tape has nothing to close

    @property
    def has_connection(self) -> bool:
        return False


def _file(path: Any) -> Path:
    if isinstance(path, (str, os.PathLike)):
        return Path(path)
    made = "Tape([...]) makes a tape of bytes"
    raise TypeError(f"a tape is opened by its path, a str or os.PathLike, not {type(path).__name__}; {made}")


def _chunk(chunk: Any) -> Chunk:
    if isinstance(chunk, tuple):
        time_ns, data = chunk
        return Chunk(time_ns, bytes(memoryview(data)))
    return Chunk(None, bytes(memoryview(chunk)))
