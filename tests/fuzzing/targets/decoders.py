"""Each decoder: documented exceptions only, one End and last, sync as async, and no cut changes anything."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

from ssescan import ProviderError, SsescanError, StreamCut, UnknownFormat
from ssescan.providers import End, Message, Part, astream, stream

from ..choices import Choices, cut
from ..driven import driven
from .answers import FORMATS, LAST_WORDS, seeds

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["check", "seeds"]


def check(data: bytes) -> int:
    """Read the stream in chunks, at once, byte by byte, async, and a cut piece of it."""
    chosen = Choices(data)
    options: dict[str, Any] = {
        "api": chosen.one_of(FORMATS),
        "accept_done": chosen.flag(),
        "think_tags": chosen.one_of((False, True, "open")),
    }
    part = chosen.number(256)
    chunks = chosen.chunks()
    body = b"".join(chunks)
    parts, message, api = found = read(body, options)
    assert parts == [] or (isinstance(parts[-1], End) and sum(isinstance(one, End) for one in parts) == 1), parts
    for other in (chunks, cut(body, [1]), cut(body, [3])):
        assert read_chunks(other, options) == found, f"{other!r} {options!r}"
    assert driven(aread(chunks, options)) == found, "sync and async differ"
    assert pickle.loads(pickle.dumps(message)) == message
    if message.complete and api in LAST_WORDS and b"\\u" not in body:
        assert any(word in body for word in LAST_WORDS[api]), f"complete without a last word: {message!r}"
    strict(body, options, message, parts)
    read(body[: len(body) * part // 256], options)
    return 7


def read(data: bytes, options: dict[str, Any]) -> tuple[list[Part], Message, str | None]:
    return read_chunks([data], options)


def read_chunks(chunks: list[bytes], options: dict[str, Any]) -> tuple[list[Part], Message, str | None]:
    """Return all that a stream gives, with strict=False, which raises UnknownFormat only."""
    given = stream(iter(chunks), strict=False, **options)
    try:
        parts = list(given)
    except UnknownFormat:
        parts = []
    return parts, given.message, given.api


async def aread(chunks: list[bytes], options: dict[str, Any]) -> tuple[list[Part], Message, str | None]:
    async def source() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    given = astream(source(), strict=False, **options)
    parts = []
    try:
        parts = [part async for part in given]
    except UnknownFormat:
        parts = []
    return parts, given.message, given.api


def strict(data: bytes, options: dict[str, Any], message: Message, parts: list[Part]) -> None:
    """Read with strict=True: it raises a documented error, unless the message is complete."""
    given = stream(data, **options)
    seen: list[Part] = []
    raised: SsescanError | None = None
    try:
        seen.extend(given)
    except UnknownFormat:
        return
    except SsescanError as error:
        raised = error
    if raised is None:
        assert message.complete or not parts
    else:
        assert isinstance(raised, (ProviderError, StreamCut)), f"not documented for a body of bytes: {raised!r}"
        assert not message.complete, raised
        assert raised.message == message
    assert seen == parts
