"""A source whose reads are noted on their way, without the secrets of its request.

A server may echo a key in its answer, or in the body of an error. Knows byte sources and the redaction of tapes.
"""

import time
from collections.abc import Iterator
from typing import Any

from ..byte_source import ByteSource
from ..sources import byte_source_of
from ..testing.recording import request_of
from ..testing.redaction import Redaction


def text_without_keys(text: str, response: Any) -> str:
    """Return a text that may quote a response, with "*" for the secrets of its request, also those that "..." cuts."""
    redaction = Redaction()
    request_of(response, redaction)  # it remembers the secrets
    pieces = [piece.encode("utf-8", "backslashreplace") for piece in text.split("...")]
    return "...".join(redaction.mask(piece).decode("utf-8", "replace") for piece in pieces)


class NotedReads:
    """A source of the same bytes, but for the secrets of the request, which become "*".

    `reads`: of each read so far, the `time.perf_counter_ns()` when it came, and its bytes.
    """

    def __init__(self, source: Any) -> None:
        self._inner = byte_source_of(source, "read")
        self._redaction = Redaction()
        request_of(self._inner.response, self._redaction)  # it remembers the secrets
        self.reads: list[tuple[int, int]] = []

    def sync_byte_source(self) -> ByteSource:
        """Return the chunks for a reader; `sources.py` calls this."""
        source = ByteSource(self._chunks, self._inner.response, self._inner.status)
        source.closed = self._inner.closed
        return source

    def headers(self) -> dict[str, str]:
        """Return the headers of the response without secrets, their names in lower case; {} if there is no response."""
        response = self._inner.response
        return {} if response is None else self._redaction.response_headers(response.headers.items())

    def _chunks(self) -> Iterator[bytes]:
        for chunk in self._inner.open():
            self.reads.append((time.perf_counter_ns(), len(chunk)))
            yield self._redaction.mask(bytes(chunk))
