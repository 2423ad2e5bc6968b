"""iter_events and its async twin, with the attributes at each event: any cuts, the same as a Scanner at once."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

from ssescan import EventTooLarge, Outcome, Scanner, StreamCut, aiter_events, iter_events

from ..choices import Choices
from ..driven import driven
from . import scanner

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

seeds = scanner.seeds


def check(data: bytes) -> int:
    """Read a source sync and async; compare with a Scanner that gets each line by itself."""
    chosen = Choices(data)
    options: dict[str, Any] = {
        "max_event_size": chosen.one_of((None, 8, 20, 100)),
        "comments": chosen.flag(),
        "unterminated": chosen.one_of(("drop", "dispatch")),
    }
    chunks = chosen.chunks()
    found = _read(chunks, options)
    assert found == driven(_aread(chunks, options)), "sync and async differ"
    events, outcome = found
    expected = Scanner(**options)
    plain: list[Any] = []
    try:
        plain += expected.feed(b"".join(chunks))
        plain += expected.close()
    except EventTooLarge as error:
        plain += error.events
        assert outcome == "failed", outcome
    else:
        assert outcome == ("cut" if expected.cut else "ended"), outcome
    assert [event for event, *_ in events] == plain
    assert pickle.loads(pickle.dumps(plain)) == plain
    return 3


def _state(stream: Any) -> tuple[Any, ...]:
    return stream.last_event_id, stream.retry


def _read(chunks: list[bytes], options: dict[str, Any]) -> tuple[list[Any], Outcome | None]:
    events = []
    with iter_events(iter(chunks), **options) as stream:
        try:
            for event in stream:
                events.append((event, *_state(stream)))
        except (EventTooLarge, StreamCut):
            pass
    return events, stream.outcome


async def _aread(chunks: list[bytes], options: dict[str, Any]) -> tuple[list[Any], Outcome | None]:
    async def source() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    events = []
    async with aiter_events(source(), **options) as stream:
        try:
            async for event in stream:
                events.append((event, *_state(stream)))
        except (EventTooLarge, StreamCut):
            pass
    return events, stream.outcome
