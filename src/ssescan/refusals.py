"""Errors for responses that we refuse, with the beginning of their bodies.

Knows byte sources and clocks. Knows nothing of events.
"""

from __future__ import annotations

from .byte_source import header_of
from .errors import UnexpectedContentType, UnexpectedStatus
from .sources import limited_reads, note_on_body
from .stalls import END, Stall, waiter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Container, Iterator
    from typing import Any

    from .byte_source import ByteSource

# A refused body may stay open for ever: the error shows what came within the time.
MAX_REFUSED_BODY = 65536  # bytes
REFUSED_BODY_TIMEOUT = 1.0  # seconds
# The longest wait for the end of a body whose stream has ended. A new connection takes about as long.
AFTER_END_TIMEOUT = 0.1  # seconds
MAX_DIGITS = 15  # of a number of seconds
EVENT_STREAM = ("text/event-stream",)
BELOW_400 = range(400)


def is_refused(source: ByteSource, statuses: Container[int], content_types: Container[str]) -> bool:
    """Return whether a source is a response of another status or content type than these."""
    if source.status is None:
        return False
    return source.status not in statuses or bool(source.refused_redirect) or source.media_type not in content_types


def error_for(source: ByteSource, statuses: Container[int], body: bytes) -> UnexpectedStatus | UnexpectedContentType:
    """Return the error for a refused response, with the beginning of its body."""
    error: UnexpectedStatus | UnexpectedContentType
    if source.status is not None and (source.status not in statuses or source.refused_redirect):
        error = UnexpectedStatus(source.status, body, source.response)
        error.reason = source.refused_redirect
        error.retry_after = retry_after(getattr(source.response, "headers", {}))
    else:
        error = UnexpectedContentType(source.content_type or "", body, source.response)
    error.note = note_on_body(source.response, body)
    return error


def retry_after(headers: Any) -> float | None:
    """Return how long a response asks to wait, seconds; None if it does not say, or says it in no known form.

    RFC 9110 section 10.2.3: whole seconds, or a date, which is never before now. The greatest, if it says several.
    """
    value = header_of(headers, "Retry-After")
    if not value:
        return None
    import re

    waits = map(_wait, re.findall(r"(?:\s*[A-Za-z]+,)?[^,]+", value))  # of the forms of dates, two have a comma
    return max((wait for wait in waits if wait is not None), default=None)


def _wait(value: str) -> float | None:
    value = value.strip()
    if value.isascii() and value.replace(".", "", 1).isdigit():
        return float(value) if len(value) <= MAX_DIGITS else float("inf")
    from datetime import UTC
    from email.utils import parsedate_to_datetime
    from time import time

    try:
        date = parsedate_to_datetime(value)
        # RFC 9110 section 5.6.7: the form of asctime names no zone, and is in UTC as the others.
        return max((date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - time(), 0.0)
    except (ValueError, TypeError, OverflowError, OSError):
        return None


def read_body(chunks: Iterator[Any], response: Any, seconds: float) -> bytes:
    """Return the part of a body that comes within the time, at most MAX_REFUSED_BODY bytes. Ignores errors.

    httpx limits the time of a read; with other clients, only the time between two reads is checked.
    """
    from time import monotonic

    body = bytearray()
    deadline = monotonic() + seconds
    try:
        with limited_reads(response, seconds):
            for chunk in chunks:
                body += chunk
                if len(body) >= MAX_REFUSED_BODY or monotonic() > deadline:
                    break
    except Exception:  # noqa: BLE001, S110 - return what arrived
        pass
    return bytes(body[:MAX_REFUSED_BODY])


def read_body_in_time(chunks: Iterator[Any], source: ByteSource, seconds: float) -> bytes:
    """Return the part of a body that comes within the time, as read_body does.

    A timer interrupts a blocked read, if the response has a socket of its own: HTTP/2 shares one.
    """
    if not source.can_end_read:
        return read_body(chunks, source.response, seconds)
    from threading import Timer

    timer = Timer(seconds, source.end_read)
    timer.daemon = True
    try:
        timer.start()
    except RuntimeError:  # there are too many threads
        return b""
    try:
        return read_body(chunks, source.response, seconds)
    finally:
        timer.cancel()
        timer.join()  # once the response is closed, another may have the number of its socket


async def read_body_async(chunks: AsyncIterator[Any], seconds: float) -> bytes:
    """Return the part of a body that comes within the time, as read_body does; a timer interrupts a blocked read."""
    body = bytearray()
    wait = waiter(Stall(progress=seconds))
    try:
        while len(body) < MAX_REFUSED_BODY and (chunk := await wait.next_chunk(chunks, 0)) is not END:
            body += chunk
    except Exception:  # noqa: BLE001, S110 - return what arrived
        pass
    finally:
        wait.stop()
    return bytes(body[:MAX_REFUSED_BODY])
