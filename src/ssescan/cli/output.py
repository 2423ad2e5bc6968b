"""Output formats for events, for pipes and files: canonical SSE text, JSON lines, and the bytes as they came.

The output is UTF-8 on every platform and in every locale. `terminal.py` has the format for a terminal.
"""

import codecs
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from .. import EventStream, ServerSentEvent
from .exits import OutputFailed
from .visible import CARRIAGE_RETURN, CONTROLS, IN_JSON, LINE_FEED

RAW = CONTROLS | {0x0A: LINE_FEED + "\n", 0x0D: CARRIAGE_RETURN + "\n"}
SPLIT_CRLF, CRLF = f"{CARRIAGE_RETURN}\n{LINE_FEED}\n", f"{CARRIAGE_RETURN}{LINE_FEED}\n"


def write(data: bytes) -> None:
    """Write to standard output at once."""
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def write_json(document: bytes) -> None:
    """Write a line of JSON to standard output; on a terminal, the control characters in its strings are escaped."""
    if sys.stdout.isatty():
        document = document.decode().translate(IN_JSON).encode()
    write(document + b"\n")


class Format:
    """An output format: prints each item of a stream at once, and the text after the last one."""

    def show(self, item: Any, stream: Any, /) -> None:
        """Print one item, if there is anything to print."""

    def end(self, stream: Any) -> None:
        """Print the end, however the stream ended."""

    def close(self) -> None:
        """Restore the terminal, if the format changed it. A second call does nothing."""


class Plain(Format):
    """The canonical text of each event; the output is an event stream with the same events."""

    def __init__(self) -> None:
        self._id = ""

    def show(self, event: ServerSentEvent, stream: EventStream) -> None:
        lines = []
        if event.event != "message":
            lines.append(f"event: {event.event}")
        if event.id != self._id:
            lines.append(f"id: {event.id}")
            self._id = event.id
        if event.retry is not None:
            lines.append(f"retry: {event.retry}")
        # Not str.splitlines(), which also splits at U+2028 and others; in the data of an event, only LF ends a line.
        lines.extend(f"data: {line}" for line in event.data.split("\n"))
        write("\n".join([*lines, "", ""]).encode())


class JsonLines(Format):
    """One JSON object a line: event, data, id, retry (ms, null if none) and the stream's received_ns."""

    def __init__(self) -> None:
        import msgspec

        self._encode = msgspec.json.encode

    def show(self, event: ServerSentEvent, stream: EventStream) -> None:
        fields = {"event": event.event, "data": event.data, "id": event.id, "retry": event.retry}
        write_json(self._encode(fields | {"received_ns": stream.received_ns}))


class Raw(Format):
    r"""The bytes as they came, with visible control characters and line ends, and invalid UTF-8 as \xNN.

    `watch` prints the chunks on their way to the scanner. It holds back only an unfinished UTF-8 sequence, and the new
    line after a CR, whose LF may come with the next chunk.
    """

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")("backslashreplace").decode
        self._after_cr = False
        self._in_line = False

    def watch(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Print each chunk, then yield it unchanged."""
        for chunk in chunks:
            try:
                self._print(self._decode(chunk))
            except OSError as error:
                raise OutputFailed(error) from error
            yield chunk

    def end(self, stream: EventStream) -> None:
        """Print the rest of an unfinished UTF-8 sequence, and end the last line."""
        self._print(self._decode(b"", final=True))
        if self._in_line:
            write(b"\n")

    def _print(self, text: str) -> None:
        if not text:
            return
        # Only a line end becomes a glyph and a new line, so this finds nothing but CRLF.
        shown = text.translate(RAW).replace(SPLIT_CRLF, CRLF)
        if self._after_cr and text[0] != "\n":
            shown = "\n" + shown
        self._after_cr = text[-1] == "\r"
        if self._after_cr:
            shown = shown[:-1]
        self._in_line = not shown.endswith("\n")
        write(shown.encode())


def summary(events: int, stream: EventStream, seconds: float) -> str:
    """Return a summary of a stream: events, bytes, reads, outcome, seconds."""
    read = f"{counted(stream.bytes_read, 'byte')} in {counted(stream.reads, 'read')}"
    return f"{counted(events, 'event')}, {read}, {stream.outcome or 'open'}, {seconds:.2f} s"


def counted(number: int, thing: str) -> str:
    """Return "1 event", "1,234 events"."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
