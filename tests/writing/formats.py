"""The formats that are written, with their grammar; and helpers that write parts and read the bytes again."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ssescan import Transcoder, UnknownFormat, Writer, stream
from ssescan.providers import formats

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ssescan.providers import Message, Part

WRITTEN: tuple[Any, ...] = formats.WRITTEN_APIS
READ_AGAIN: tuple[Any, ...] = tuple(api for api in WRITTEN if api in formats.APIS)
"""Those that ssescan reads as well."""
FIXED: dict[str, Any] = {"id": "msg_1", "model": "a-model", "created": 1}


def check(api: str, data: bytes) -> bool:
    """Check a stream by the grammar of its format; return whether it ends in success."""
    module = import_module(f"{__package__}.grammar.{api.replace('-', '_')}")
    ended_well: bool = module.check(data)
    return ended_well


def written(api: Any, parts: Iterable[Part], **options: Any) -> tuple[bytes, Writer]:
    """Write parts, and close the writer."""
    writer = Writer(api, **FIXED | options)
    data = b"".join([writer.write(part) for part in parts])
    return data + writer.close(), writer


def read_again(api: Any, data: bytes) -> Message:
    """Read what was written, with strict=False."""
    return stream(data, api, strict=False).collect()


def transcoded(to: Any, chunks: Iterable[bytes], **options: Any) -> tuple[bytes, Transcoder]:
    """Pass chunks through a Transcoder, and close it."""
    transcoder = Transcoder(to, **options)
    data = b"".join([transcoder.feed(chunk) for chunk in chunks])
    return data + transcoder.close(), transcoder


@cache
def bodies(shared: Path) -> list[tuple[str, bytes, Message]]:
    """Return the recorded streams of a known format: name, bytes, message."""
    found = []
    for file in sorted([*shared.glob("corpus/**/*.sse"), *shared.glob("wire/*.sse")]):
        data = file.read_bytes()
        try:
            found.append((file.name, data, stream(data, strict=False).collect()))
        except UnknownFormat:
            continue
    return found
