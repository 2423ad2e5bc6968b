"""Bodies whose Content-Encoding is not decoded: refuse them, and look at the bytes where its words mean nothing.

Some servers send words that are not codings, such as "utf-8", "none" or "aws-chunked", with a body that is not encoded.
Others send codings under names of their own. So the bytes decide. Loaded only for a body that has an encoding.
"""

from __future__ import annotations

from codecs import getincrementaldecoder

from .content_encoding import REGISTERED, SUPPORTED, codings_of, why_unsupported, words_of
from .errors import UnsupportedEncoding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from typing import Any

LOOKED_AT = 64  # bytes, after which no further chunk is looked at
CONTROLS = frozenset(range(32)) - frozenset(b"\t\r\n")


class TextCheck:
    """A check of the beginning of a body: text, or the bytes of a coding."""

    __slots__ = ("_decode", "_size")

    def __init__(self) -> None:
        self._decode: Any = getincrementaldecoder("utf-8")().decode
        self._size = 0

    @property
    def is_over(self) -> bool:
        return self._size >= LOOKED_AT

    def is_text(self, chunk: Any) -> bool:
        """Return whether a chunk goes on as text: UTF-8 without control characters."""
        self._size += len(chunk)
        try:
            self._decode(chunk)
        except UnicodeDecodeError:
            return False
        return CONTROLS.isdisjoint(bytes(chunk))


def checked_chunks(inner: Any, chunks: Any, is_decoded: bool, response: Any) -> Any:
    """Return the chunks of a body; a check of the first ones goes before them, if the words of its encoding need it.

    Raises UnsupportedEncoding, with `response`, for a body that nothing decodes. `inner`: the client's response within
    it. `is_decoded`: the client decoded the body, as far as it could.
    """
    codings, words = codings_of(inner), words_of(inner)
    advice = why_unsupported(codings)
    if advice and not is_decoded:
        raise _unsupported(codings, advice, response)
    # A client that decodes by itself knows the registered names only.
    unknown = [word for word in words if word not in REGISTERED and word != "identity"]
    if not unknown and not advice:
        return chunks
    error = _unsupported(unknown or codings, advice or SUPPORTED, response)
    return _Checked(chunks, error) if hasattr(chunks, "__aiter__") else _checked(iter(chunks), error)


def note_on_body(response: Any, body: bytes) -> str:
    """Return why the body of a refused response cannot be shown; "" if it can be."""
    codings, words = codings_of(response), words_of(response)
    advice = why_unsupported(codings)
    is_known = all(word in REGISTERED or word == "identity" for word in words)
    if (is_known and not advice) or TextCheck().is_text(body):
        return ""
    return f"the body has Content-Encoding {', '.join(words)}, which is not decoded ({advice or SUPPORTED})"


def _unsupported(words: list[str], advice: str, response: Any) -> UnsupportedEncoding:
    error = UnsupportedEncoding(", ".join(words), response)
    error.advice = advice
    return error


def _checked(chunks: Iterator[Any], error: UnsupportedEncoding) -> Iterator[Any]:
    check = TextCheck()
    for chunk in chunks:
        if not check.is_text(chunk):
            raise error
        yield chunk
        if check.is_over:
            break
    yield from chunks


class _Checked:
    """The asynchronous _checked. Not a generator: callers would have to close one that they do not read to its end."""

    __slots__ = ("_check", "_chunks", "_error")

    def __init__(self, chunks: Any, error: UnsupportedEncoding) -> None:
        self._chunks: Any = aiter(chunks)
        self._check = TextCheck()
        self._error = error

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        chunk = await anext(self._chunks)
        if not self._check.is_over and not self._check.is_text(chunk):
            raise self._error
        return chunk

    async def aclose(self) -> None:
        """Close the chunks, as their reader does that closes them by itself."""
        if hasattr(self._chunks, "aclose"):
            await self._chunks.aclose()
