"""Bodies without the label of an event stream: the first bytes show their kind (R39, R42 of docs/rules.md).

Turns them into event streams. Does no I/O, and knows no format.
"""

from __future__ import annotations

from ..scanner._shared import BYTE_ORDER_MARK
from .payloads import NotJson, load

JSON_TYPES = ("application/json",)
LINES_TYPES = (
    "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonl", "application/jsonlines",
    "application/x-jsonlines", "application/json-lines", "application/stream+json",
)  # fmt: skip
OTHER_TYPES = ("", "text/plain", "application/octet-stream", "binary/octet-stream")
"""The types from servers that do not label what they send."""
EVENT_STREAM = "text/event-stream"
CONTENT_TYPES = (EVENT_STREAM, *JSON_TYPES, *LINES_TYPES, *OTHER_TYPES)

FIELDS = (b"data:", b"event:", b"id:", b"retry:", b":")
"""The first bytes of event streams. JSON cannot begin with them."""
SPACE = b" \t\r\n"
MAX_FIRST_LINE = 65536  # bytes: a longer one is taken for the only one
GOES_ON = (b"{", b"[", b",", b":")
"""The ends of lines within JSON that is indented."""
# Between the tokens of JSON, a line end is as good as a space.
LINE_ENDS_TO_SPACES = bytes.maketrans(b"\r\n", b"  ")


class Body:
    """A body whose kind its first bytes decide: `feed` its chunks, then `close`; both return an event stream.

    `reads`, `size`: how many chunks and bytes came. `is_value`: it is one JSON value, which becomes one event.
    `is_refused`: it is neither an event stream nor JSON; `head` has what came, without leading white space.
    """

    __slots__ = ("_in_line", "_kind", "_searched", "_type", "head", "is_refused", "is_value", "reads", "size")

    def __init__(self, media_type: str) -> None:
        self._type = media_type
        self._kind = ""  # until it is known: "events", "value" or "lines"
        self._in_line = False
        self._searched = 0  # how far the first line has no end
        self.head: bytes = b""
        self.is_refused: bool = False
        self.is_value: bool = False
        self.reads: int = 0
        self.size: int = 0

    @property
    def is_event_stream(self) -> bool:
        """Whether the body is an event stream as it comes, or may still be one."""
        return self._kind in ("", "events") and not self.is_refused

    def feed(self, chunk: bytes) -> bytes:
        self.reads += 1
        self.size += len(chunk)
        if self._kind:
            return self._converted(chunk)
        if len(self.head) > len(BYTE_ORDER_MARK):
            self.head += chunk
        else:
            self.head = _without_space(self.head + chunk)  # at once: its amount has no limit
        begins = self.head.removeprefix(BYTE_ORDER_MARK)
        if begins and not BYTE_ORDER_MARK.startswith(begins):
            self._kind = self._kind_of(begins)
        return self._begin() if self._kind else b""

    def close(self) -> bytes:
        """End the body; return what is still missing of the event stream."""
        made = b""
        if not self._kind and not self.is_refused:
            begins = self.head.removeprefix(BYTE_ORDER_MARK)
            is_json = begins.startswith((b"{", b"[")) or self._type in JSON_TYPES
            self._kind = "value" if is_json else ""
            self.is_refused = not is_json
            made = self._begin() if is_json else b""
        return made + b"\n\n" if self.is_value else made

    def _kind_of(self, begins: bytes) -> str:
        """Return the kind of a body that begins so; "" if it takes more to know it, or if it is refused."""
        if begins.startswith(FIELDS):
            return "events"
        if any(field.startswith(begins) for field in FIELDS):
            return ""
        if begins.startswith((b"{", b"[")):
            return self._kind_of_json(begins)
        if self._type in JSON_TYPES:
            return "value"
        self.is_refused = True
        return ""

    def _kind_of_json(self, begins: bytes) -> str:
        is_list, has_lines = begins.startswith(b"["), self._type in LINES_TYPES
        if is_list and not has_lines:
            return "value"
        ends = [at for end in (b"\n", b"\r") if (at := begins.find(end, self._searched)) >= 0]
        if not ends:
            self._searched = len(begins)
            return "" if len(begins) <= MAX_FIRST_LINE else "lines" if has_lines else "value"
        line = begins[: min(ends)]
        try:
            load(line)
        except NotJson:
            # Under a type of lines, it may be a line that was damaged.
            return "lines" if has_lines and not is_list and not line.rstrip().endswith(GOES_ON) else "value"
        return "lines"

    def _begin(self) -> bytes:
        head, self.head = self.head, b""
        self.is_value = self._kind == "value"
        if self._kind == "events":
            return head
        return (b"data: " if self.is_value else b"") + self._converted(head.removeprefix(BYTE_ORDER_MARK))

    def _converted(self, chunk: bytes) -> bytes:
        if self._kind == "events":
            return chunk
        if self.is_value:
            return chunk.translate(LINE_ENDS_TO_SPACES)
        made = []
        for number, piece in enumerate(chunk.replace(b"\r", b"\n").split(b"\n")):
            if number and self._in_line:
                made.append(b"\n\n")
                self._in_line = False
            if not self._in_line and (line := piece.lstrip(SPACE)):
                made.append(b"data: " + line)
                self._in_line = True
            elif self._in_line:
                made.append(piece)
        return b"".join(made)


def _without_space(head: bytes) -> bytes:
    """Return the beginning of a body without white space, but with its byte order mark."""
    head = head.lstrip(SPACE)
    if head.startswith(BYTE_ORDER_MARK):
        return BYTE_ORDER_MARK + head[len(BYTE_ORDER_MARK) :].lstrip(SPACE)
    return head
