"""Responses that are not event streams: which are refused, what of their body is read, and the error for each.

Knows byte sources and clocks. Knows nothing of events.
"""

from __future__ import annotations

from .errors import UnexpectedContentType, UnexpectedStatus
from .sources import limited_reads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from typing import Any

    from .byte_source import ByteSource

__all__ = [
    "AFTER_END_TIMEOUT",
    "BELOW_400",
    "EVENT_STREAM",
    "MAX_REFUSED_BODY",
    "REFUSED_BODY_TIMEOUT",
    "is_refused",
    "read_body",
    "refusal",
]

# A refused body may stay open for ever: the error shows what came within the time.
MAX_REFUSED_BODY = 65536  # bytes
REFUSED_BODY_TIMEOUT = 1.0  # seconds
# The longest wait for the end of a body whose stream has ended. A new connection takes about as long.
AFTER_END_TIMEOUT = 0.1  # seconds
EVENT_STREAM = ("text/event-stream",)
BELOW_400 = range(400)


def is_refused(source: ByteSource, statuses: Container[int], content_types: Container[str]) -> bool:
    """Return whether a source is a response of another status or content type than these."""
    if source.status is None:
        return False
    return source.status not in statuses or bool(source.refused_redirect) or source.media_type not in content_types


def refusal(source: ByteSource, statuses: Container[int], body: bytes) -> UnexpectedStatus | UnexpectedContentType:
    """Return the error for a refused response, with the first MAX_REFUSED_BODY bytes of its body."""
    body = body[:MAX_REFUSED_BODY]
    if source.status is not None and (source.status not in statuses or source.refused_redirect):
        error = UnexpectedStatus(source.status, body, source.response)
        error.reason = source.refused_redirect
        return error
    return UnexpectedContentType(source.content_type or "", body, source.response)


def read_body(chunks: Iterator[Any], source: ByteSource, timeout: float) -> bytes:
    """Return the part of a body that comes within `timeout` seconds, up to MAX_REFUSED_BODY and a chunk.

    A timer interrupts a blocked read where the response has a socket of its own. Where it shares one, as with HTTP/2,
    httpx limits the read; else only the time between two reads is checked.
    """
    from time import monotonic

    body = bytearray()
    deadline = monotonic() + timeout
    timer = None
    if source.can_end_read:
        from threading import Timer

        timer = Timer(timeout, source.end_read)
        timer.daemon = True
        try:
            timer.start()
        except RuntimeError:  # there are too many threads
            return b""
    try:
        with limited_reads(source.response, timeout):
            for chunk in chunks:
                body += chunk
                if len(body) >= MAX_REFUSED_BODY or monotonic() > deadline:
                    break
    except Exception:  # noqa: BLE001, S110 - ignore read errors here: return what arrived
        pass
    finally:
        if timer is not None:
            timer.cancel()
            timer.join()  # once the response is closed, another may have the number of its socket
    return bytes(body)
