"""The compiled scanner in very many cuts, each stream after another in the same Scanner: no cut changes the events.

It is fast, as it runs little Python code. What it finds is fuzzed by the target `scanner` too, which has the twin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ssescan.errors import EventTooLarge
from ssescan.scanner import _compiled

from ..choices import cut
from .scanner import Case, feed, seeds

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MAX_INPUT", "check", "seeds"]

MAX_INPUT = 64  # bytes: short streams are read more often
MAX_PLACES = 32  # of cuts: of a longer stream, its size says which places


def check(data: bytes) -> int:
    """Feed a Scanner, and let an EventReader read: at once, and in every two chunks, among others."""
    case = Case(data)
    stream = b"".join(case.chunks)
    scanner = _compiled.Scanner(**case.options)
    count = 1
    feed(scanner, [stream])  # sets the last event ID and the retry that each later stream begins with
    for payloads, read in ((False, feed), (case.payloads, iterate)):
        expected = None
        for chunks in cuts(stream, case.chunks):
            scanner.reset()
            found = read(scanner, chunks, payloads)
            count += 1
            if found != expected:
                assert expected is None, f"(cut, whole) = {found!r}, {expected!r}\ncut = {chunks!r}\n{case!r}"
                expected = found
    return count


def cuts(stream: bytes, chosen: list[bytes]) -> Iterator[list[bytes]]:
    """Yield the stream at once, in the chosen chunks, in small ones, and in two and in more chunks at each place."""
    yield [stream]
    yield chosen
    for size in (1, 2, 3, 5):
        yield cut(stream, [size])
    step = len(stream) // MAX_PLACES + 1
    for at in range(1 + len(stream) % step, len(stream), step):
        head, tail = stream[:at], stream[at:]
        yield [head, tail]
        yield [head, tail[:1], b"", tail[1:]]


def iterate(scanner: Any, chunks: list[bytes], payloads: bool) -> Any:
    """Return the same, of an EventReader."""
    reader = _compiled.EventReader(scanner, False, payloads)
    events: list[Any] = []
    is_too_large = False
    try:
        events.extend(_compiled.EventIterator(reader, iter(chunks)))
    except EventTooLarge:
        is_too_large = True
    return events, is_too_large, reader.event_name, reader.last_event_id, reader.retry, reader.skipped, scanner.cut
