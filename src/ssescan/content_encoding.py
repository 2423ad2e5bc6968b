"""Content-Encoding: decompress the chunks of a body in steps of bounded size.

HTTP clients decompress a whole read at once, and 64 KiB of gzip may be 64 MiB of zeros. Here no step returns more than
STEP bytes, and all bytes that can be decoded come out: no event is held back. RFC 9110 section 8.4, RFC 1950 to 1952,
RFC 7932 (br), RFC 8878 and 9659 (zstd). Recognizes the clients by the attributes of their responses, and imports none.
"""

from __future__ import annotations

import zlib
from abc import ABC, abstractmethod
from importlib import import_module

from .byte_source import header_of
from .sources import library_of
from .stalls import running_trio

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from typing import Any

STEP = 65536  # bytes, the most that comes out at once
MAX_SIZE_OF_A_TURN = 2**20  # bytes that one chunk may decode to before other tasks run
WINDOW = 4096  # bytes, the most that goes in at once: the rest after a member is copied for each member
GZIP_MAGIC = b"\x1f\x8b"
# Some versions of the packages for br and zstd cannot limit their output. A slice of this many bytes completes at most
# one block of br (16 MiB), as the header of the next one does not fit, or 16 blocks of zstd (128 KiB each).
SLICE = {"br": 8, "zstd": 64}
MAX_WINDOW_LOG = 23  # 8 MiB, the largest window that RFC 9659 allows for zstd in HTTP

SUPPORTED = "gzip, deflate, br or zstd was expected"
# The registered codings. Some servers send other words, such as "utf-8" or "none": see encoding_check.py.
REGISTERED = frozenset((
    "aes128gcm", "br", "compress", "dcb", "dcz", "deflate", "exi", "gzip", "pack200-gzip", "x-compress", "x-gzip",
    "zstd",
))  # fmt: skip
OTHER_NAMES = {
    "brotli": "br", "x-br": "br", "x-brotli": "br", "zlib": "deflate", "x-deflate": "deflate", "x-zstd": "zstd",
}  # fmt: skip


def words_of(response: Any) -> list[str]:
    """Return the words of the Content-Encoding of a response, in lower case, without their parameters and quotes."""
    words = header_of(response.headers, "Content-Encoding").lower().split(",")
    return [name for word in words if (name := word.partition(";")[0].strip(' \t"'))]


def codings_of(response: Any) -> list[str]:
    """Return the content codings of a response in the order in which they were applied, without identity."""
    return [coding for word in words_of(response) if (coding := OTHER_NAMES.get(word, word)) in REGISTERED]


def why_unsupported(codings: list[str]) -> str:
    """Return why a body with these codings cannot be read, and what to do; "" if it can be read."""
    if len(codings) > 1:
        return "one coding was expected: each multiplies the size that a hostile body may unfold to"
    if not codings or codings[0] in ("gzip", "x-gzip", "deflate"):
        return ""
    if codings[0] not in PACKAGES:
        return SUPPORTED
    if _package_for(codings[0]) is None:
        return f"to read it, install one of the packages {', '.join(INSTALLS[codings[0]])}"
    return ""


class BodyDecoder:
    """The decoder of one body.

    `codings`: supported ones, see `why_unsupported`. `error`: the class of the exception for bytes that are not valid.
    """

    __slots__ = ("_coding", "_decoder", "_error")

    def __init__(self, codings: list[str], error: Callable[[str], Exception]) -> None:
        self._coding = codings[0]
        self._decoder: _Decoder = DECODERS[self._coding]()
        self._error = error

    def decode(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the bytes that the chunk completes, at most STEP, or those of a SLICE, at once."""
        try:
            yield from self._decoder.decode(chunk)
        except self._decoder.invalid as error:
            raise self._invalid(error) from error

    def flush(self) -> None:
        """Check the end of the body."""
        if not self._decoder.may_end:
            raise self._invalid("it ends within a frame")

    def _invalid(self, reason: object) -> Exception:
        text = f"the body cannot be decoded as {self._coding}, the Content-Encoding of the response: {reason}"
        return self._error(text)


class _Decoder(ABC):
    """A decoder of one content coding.

    `invalid`: the exception for bytes that are not of this coding. `may_end`: whether the body may end here. With most
    codings it may always: servers flush each event and close without the end of the coding, and no client minds.
    """

    __slots__ = ()

    invalid: type[Exception] = zlib.error
    may_end = True

    @abstractmethod
    def decode(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the bytes that the chunk completes."""


class _Members(_Decoder):
    """Decoder of a format of zlib, of which several bodies ("members") may follow one another.

    Bytes after a member that do not begin another one are ignored, as other clients do.
    """

    __slots__ = ("_held", "_ignoring", "_inflate")

    def __init__(self) -> None:
        self._inflate: Any = None
        self._held = b""  # the first of the two bytes that begin a member
        self._ignoring = False

    def decode(self, chunk: bytes) -> Iterator[bytes]:
        for at in range(0, len(chunk), WINDOW):
            piece = chunk[at : at + WINDOW]
            while piece and not self._ignoring:
                if self._inflate is None or self._inflate.eof:
                    piece = self._next_member(piece)
                    continue
                yield from _inflated(self._inflate, piece)
                piece = self._inflate.unused_data

    def _next_member(self, piece: bytes) -> bytes:
        """Return the piece if it begins a member; b"" if it does not, or if it is too short to decide."""
        piece = self._held + piece
        self._held = b"" if len(piece) > 1 else piece
        if self._held:
            return b""
        wbits = self._wbits(piece)
        self._ignoring = not wbits
        if self._ignoring:
            return b""
        self._inflate = zlib.decompressobj(wbits)
        return piece

    @abstractmethod
    def _wbits(self, piece: bytes) -> int:
        """Return zlib's `wbits` for a member that begins like this; 0 if it does not begin one."""


class _Gzip(_Members):
    """Decoder of gzip (RFC 1952)."""

    __slots__ = ()

    def _wbits(self, piece: bytes) -> int:
        return 31 if self._inflate is None or piece.startswith(GZIP_MAGIC) else 0


class _Deflate(_Members):
    """Decoder of deflate: the zlib format (RFC 1950), or without its header (RFC 1951), as some servers send it."""

    __slots__ = ("_first", "_unsure")

    def __init__(self) -> None:
        super().__init__()
        self._first = 0  # the wbits of the first member
        self._unsure = False  # without a header, only decoding shows whether other bytes are another member

    def decode(self, chunk: bytes) -> Iterator[bytes]:
        try:
            for step in super().decode(chunk):
                self._unsure = False
                yield step
        except zlib.error:
            if not self._unsure:
                raise
            self._ignoring = True

    def _wbits(self, piece: bytes) -> int:
        has_header = piece[0] & 0x0F == 8 and int.from_bytes(piece[:2], "big") % 31 == 0
        self._unsure = self._first < 0
        self._first = self._first or (zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS)
        return self._first if has_header or self._first < 0 else 0


def _inflated(inflate: Any, data: bytes) -> Iterator[bytes]:
    while True:
        step: bytes = inflate.decompress(data, STEP)
        if step:
            yield step
        data = inflate.unconsumed_tail
        if inflate.eof or (not data and len(step) < STEP):
            return


class _Brotli(_Decoder):
    """Decoder of br (RFC 7932), with the package brotli or brotlicffi."""

    __slots__ = ("_is_limited", "_process", "invalid")

    def __init__(self) -> None:
        brotli: Any = _package_for("br")
        decompressor = brotli.Decompressor()
        self.invalid: type[Exception] = brotli.error
        self._process: Any = getattr(decompressor, "process", None) or decompressor.decompress
        self._is_limited = hasattr(decompressor, "can_accept_more_data")  # since 1.2

    def decode(self, chunk: bytes) -> Iterator[bytes]:
        if not self._is_limited:
            yield from filter(None, map(self._process, _sliced(chunk, SLICE["br"])))
            return
        step = self._process(chunk, output_buffer_limit=STEP)
        while step:
            yield step
            step = self._process(b"", output_buffer_limit=STEP)


class _Zstd(_Decoder):
    """Decoder of zstd (RFC 8878): every frame, with a window of at most 8 MiB.

    With the standard library (3.14 on), or the package backports.zstd or zstandard.
    """

    __slots__ = ("_decompressor", "_is_limited", "_new", "invalid")

    def __init__(self) -> None:
        zstd: Any = _package_for("zstd")
        self.invalid: type[Exception] = zstd.ZstdError
        self._is_limited = hasattr(zstd, "DecompressionParameter")
        if self._is_limited:
            options = {zstd.DecompressionParameter.window_log_max: MAX_WINDOW_LOG}
            self._new: Callable[[], Any] = lambda: zstd.ZstdDecompressor(options=options)
        else:
            context = zstd.ZstdDecompressor(max_window_size=1 << MAX_WINDOW_LOG)
            self._new = context.decompressobj
        self._decompressor: Any = None  # None: between two frames

    @property
    def may_end(self) -> bool:  # type: ignore[override]  # of a class attribute
        return self._decompressor is None

    def decode(self, chunk: bytes) -> Iterator[bytes]:
        for piece in _sliced(chunk, WINDOW if self._is_limited else SLICE["zstd"]):
            yield from self._frames(piece)

    def _frames(self, piece: bytes) -> Iterator[bytes]:
        while piece:
            frame = self._decompressor = self._decompressor or self._new()
            if self._is_limited:
                step = frame.decompress(piece, STEP)
                while step:
                    yield step
                    step = b"" if frame.eof or frame.needs_input else frame.decompress(b"", STEP)
            elif step := frame.decompress(piece):
                yield step
            piece = b""
            if frame.eof:
                piece = frame.unused_data
                self._decompressor = None


def _sliced(chunk: bytes, size: int) -> Iterator[bytes]:
    return (chunk[at : at + size] for at in range(0, len(chunk), size))


DECODERS: dict[str, type[_Decoder]] = {
    "gzip": _Gzip,
    "x-gzip": _Gzip,
    "deflate": _Deflate,
    "br": _Brotli,
    "zstd": _Zstd,
}
PACKAGES: dict[str, tuple[str, ...]] = {
    "br": ("brotli", "brotlicffi"),
    "zstd": ("compression.zstd", "backports.zstd", "zstandard"),
}
INSTALLS: dict[str, tuple[str, ...]] = {"br": ("brotli", "brotlicffi"), "zstd": ("backports.zstd", "zstandard")}


def _package_for(coding: str) -> Any:
    for name in PACKAGES[coding]:
        try:
            return import_module(name)
        except ImportError:
            pass
    return None


def decode_raw_in_steps(response: Any) -> bool:
    """Decode the body of a response of httpx or httpx2 in steps; a body that cannot be decoded is not changed.

    Replaces iter_raw() of a response that was not read yet. Its iter_bytes() stays the client's own, so that wrappers
    around it keep working. Returns False for the response of another library that has an iter_raw().
    """
    codings = codings_of(response)
    library = library_of(response, "DecodingError")
    if library is None:
        return not hasattr(response, "iter_raw")
    if not codings or response.iter_raw.__module__ == __name__:
        return True
    if not why_unsupported(codings):
        decoder = BodyDecoder(codings, library.DecodingError)
        raw, araw = response.iter_raw, response.aiter_raw

        def remove() -> None:  # else the response would hold itself
            del response.iter_raw, response.aiter_raw

        def iter_raw(chunk_size: int | None = None) -> Iterator[bytes]:
            remove()
            return _decoded(raw(), decoder)

        def aiter_raw(chunk_size: int | None = None) -> AsyncIterator[bytes]:
            remove()
            return _AsyncDecoded(araw(), decoder)

        response.iter_raw, response.aiter_raw = iter_raw, aiter_raw
    # The client's own decoder has nothing left to decode.
    response._decoder = import_module(f"{library.__name__}._decoders").IdentityDecoder()  # noqa: SLF001
    return True


def decoded_chunks(response: Any, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Return the decoded chunks of a body, or the same chunks if they cannot be decoded.

    `response`: of urllib3 or http.client, for its headers and the exceptions of its library.
    """
    decoder = _decoder_for(response)
    return chunks if decoder is None else _decoded(chunks, decoder)


def adecoded_chunks(response: Any, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Return the decoded chunks of a body of aiohttp, as decoded_chunks does."""
    decoder = _decoder_for(response)
    return chunks if decoder is None else _AsyncDecoded(chunks, decoder)


def _decoder_for(response: Any) -> BodyDecoder | None:
    codings = codings_of(response)
    if not codings or why_unsupported(codings):
        return None
    if library := library_of(response, "ClientPayloadError"):  # aiohttp
        return BodyDecoder(codings, library.ClientPayloadError)
    error = getattr(getattr(library_of(response, "exceptions"), "exceptions", None), "DecodeError", OSError)
    return BodyDecoder(codings, error)  # DecodeError: urllib3's


def _decoded(chunks: Iterator[bytes], decoder: BodyDecoder) -> Iterator[bytes]:
    for chunk in chunks:
        yield from decoder.decode(chunk)
    decoder.flush()


async def _let_others_run() -> None:
    """Suspend once: a chunk may decode to gigabytes, and timers and other tasks must not wait for that."""
    if trio := running_trio():
        await trio.lowlevel.checkpoint()
    else:
        import asyncio

        await asyncio.sleep(0)


class _AsyncDecoded:
    """The asynchronous _decoded. Not a generator: callers would have to close one that they do not read to its end."""

    __slots__ = ("_chunks", "_decoder", "_pieces", "_size")

    def __init__(self, chunks: AsyncIterator[bytes], decoder: BodyDecoder) -> None:
        self._chunks = chunks
        self._decoder = decoder
        self._pieces: Iterator[bytes] = iter(())
        self._size = 0  # bytes of the current chunk since other tasks could run

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        while (piece := next(self._pieces, None)) is None:
            try:
                chunk = await anext(self._chunks)
            except StopAsyncIteration:
                self._decoder.flush()
                raise
            self._pieces = self._decoder.decode(chunk)
            self._size = 0
        self._size += len(piece)
        if self._size > MAX_SIZE_OF_A_TURN:
            self._size = 0
            await _let_others_run()
        return piece

    async def aclose(self) -> None:
        """Close the source of the chunks, as httpx2 does when its iteration ends."""
        chunks: Any = self._chunks
        if hasattr(chunks, "aclose"):
            await chunks.aclose()
