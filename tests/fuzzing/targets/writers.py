"""Each Writer: parts in any order give bytes that the grammar allows and the reader reads, and no success by mistake."""

from __future__ import annotations

from typing import Any

from writing.formats import READ_AGAIN
from writing.formats import check as check_grammar

from ssescan import Writer
from ssescan.providers import End, Error, Finish, Part, stream

from ..choices import Choices
from . import decoders
from .answers import FORMATS, WRITTEN, seeds

__all__ = ["check", "seeds"]


def check(data: bytes) -> int:
    """Write the parts of a stream, some of them dropped, doubled or moved, in each format."""
    chosen = Choices(data)
    api = chosen.one_of(FORMATS)
    changes = [(chosen.number(4), chosen.number(64), chosen.number(64)) for _ in range(chosen.number(5))]
    parts = _changed(decoders.read(chosen.rest(), {"api": api})[0], changes)
    for written in WRITTEN:
        _write(written, parts)
    return len(WRITTEN)


def _changed(parts: list[Part], changes: list[tuple[int, int, int]]) -> list[Part]:
    """Return the parts after changes: a kind of change, and two places."""
    parts = list(parts)
    for kind, first, second in changes:
        if not parts:
            break
        one, other = first % len(parts), second % len(parts)
        if kind == 0:
            del parts[one]
        elif kind == 1:
            parts.insert(other, parts[one])
        elif kind == 2:
            parts[one], parts[other] = parts[other], parts[one]
        else:
            parts = parts[: one + 1]
    end = next((place for place, part in enumerate(parts) if isinstance(part, End)), len(parts))
    return parts[: end + 1]  # End closes a Writer


def _write(api: Any, parts: list[Part]) -> None:
    writer = Writer(api, id="msg_1", model="m", created=1)
    data = b"".join([writer.write(part) for part in parts]) + writer.close()
    ended_well = check_grammar(api, data)
    finished = any(isinstance(part, Finish) for part in parts)
    failed = any(isinstance(part, Error) or (isinstance(part, End) and not part.complete) for part in parts)
    assert not ended_well or (finished and not failed), f"success without a finish: {data!r}"
    assert all(count > 0 for count in writer.lost.values()), writer.lost
    if api in READ_AGAIN and data:
        assert not stream(data, api, strict=False).collect().complete or ended_well, data
