"""How events look when nobody watches: canonical SSE text, JSON lines, and the bytes as they came.

A format is given every event as it arrives and flushes after each. Knows nothing of sources; the format for a terminal
is in `terminal.py`. The output is bytes in UTF-8 on every platform and in every locale.
"""

import codecs
from collections.abc import Iterable, Iterator

from .. import EventStream, ServerSentEvent
from .exits import OutputFailed
from .visible import CARRIAGE_RETURN, CONTROLS, LINE_FEED, json_output, output, visible

RAW = CONTROLS | {0x0A: LINE_FEED + "\n", 0x0D: CARRIAGE_RETURN + "\n"}
SPLIT_CRLF, CRLF = f"{CARRIAGE_RETURN}\n{LINE_FEED}\n", f"{CARRIAGE_RETURN}{LINE_FEED}\n"


class Plain:
    """The canonical text of each event: an event stream again, that reads as the same events."""

    def __init__(self) -> None:
        """Write to standard output."""
        self._out = output()
        self._id = ""

    def show(self, event: ServerSentEvent, stream: EventStream) -> None:
        """Print the lines of one event and the blank line after them."""
        lines = []
        if event.event != "message":
            lines.append(f"event: {event.event}")
        if event.id != self._id:
            lines.append(f"id: {event.id}")
            self._id = event.id
        if event.retry is not None:
            lines.append(f"retry: {event.retry}")
        # Parsed data has no line end but LF; str.splitlines would also split at U+2028 and its like.
        lines.extend(f"data: {line}" for line in event.data.split("\n"))
        self._out.write("\n".join([*lines, "", ""]).encode())
        self._out.flush()

    def end(self, stream: EventStream) -> None:
        """Print nothing."""


class JsonLines:
    """One JSON object a line: event, data, id, retry (ms, null if none), received_ns (as the stream's attribute)."""

    def __init__(self) -> None:
        """Write to standard output."""
        import msgspec

        self._out = json_output()
        self._encode = msgspec.json.encode

    def show(self, event: ServerSentEvent, stream: EventStream) -> None:
        """Print the line of one event."""
        fields = {"event": event.event, "data": event.data, "id": event.id, "retry": event.retry}
        self._out.write(self._encode(fields | {"received_ns": stream.received_ns}) + b"\n")
        self._out.flush()

    def end(self, stream: EventStream) -> None:
        """Print nothing."""


class Raw:
    r"""The bytes as they came, line ends and other control characters made visible, invalid UTF-8 as \xNN.

    It prints chunks (`watch` them on their way to the scanner), not events. Nothing is held back but the beginning of
    a UTF-8 sequence, and the new line after a CR: its LF may come with the next chunk.
    """

    def __init__(self) -> None:
        """Write to standard output."""
        self._out = output()
        self._decode = codecs.getincrementaldecoder("utf-8")("backslashreplace").decode
        self._after_cr = False
        self._in_line = False

    def watch(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the chunks unchanged, each of them printed before."""
        for chunk in chunks:
            try:
                self._print(self._decode(chunk))
            except OSError as error:
                raise OutputFailed(error) from error
            yield chunk

    def show(self, event: ServerSentEvent, stream: EventStream) -> None:
        """Print nothing: the bytes have been printed."""

    def end(self, stream: EventStream) -> None:
        """Print the rest of an unfinished UTF-8 sequence, and end the last line."""
        self._print(self._decode(b"", final=True))
        if self._in_line:
            self._out.write(b"\n")
            self._out.flush()

    def _print(self, text: str) -> None:
        if not text:
            return
        # In what is printed a new line stands after the glyph of a line end and nowhere else, so this finds CRLF alone.
        shown = text.translate(RAW).replace(SPLIT_CRLF, CRLF)
        if self._after_cr and text[0] != "\n":
            shown = "\n" + shown
        self._after_cr = text[-1] == "\r"
        if self._after_cr:
            shown = shown[:-1]
        self._in_line = not shown.endswith("\n")
        self._out.write(shown.encode())
        self._out.flush()


def summary(events: int, stream: EventStream, seconds: float) -> str:
    """Return what there is to say of a whole stream: events, bytes, reads, outcome, seconds."""
    return ", ".join(
        (
            counted(events, "event"),
            f"{counted(stream.bytes_read, 'byte')} in {counted(stream.reads, 'read')}",
            visible(str(stream.outcome or "open")),
            f"{seconds:.2f} s",
        )
    )


def counted(number: int, thing: str) -> str:
    """Return "1 event", "1,234 events"."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
