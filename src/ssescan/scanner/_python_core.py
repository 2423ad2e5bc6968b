"""The state of one stream, and how chunks change it: the core of the scanner in pure Python.

Twin of the methods of Scanner in `_compiled.pyx` that no caller sees. State that both have has the same name, apart
from a leading underscore; the unfinished line and the data of a block are kept in different ways. A scanner and an
event reader share a core, so its names have no underscore. Knows nothing of locks, and gets options that were checked.
"""

from __future__ import annotations

import sys

from ..errors import EventTooLarge
from ._python_events import Comment, MutableEvent, ServerSentEvent, UnknownLine, make_event, make_text
from ._shared import BYTE_ORDER_MARK
from ._states import CLOSED, FAILED, OPEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

NOTHING: Iterator[Any] = iter(())  # of a chunk that completes no event
# Pieces of an unfinished line that are shorter than this are gathered, so that a piece costs no object of its own.
SMALL_PIECE = 4096
GATHERED = 65536
MAX_RETRY_DIGITS = 15


class ScannerCore:
    """The state of a scanner. `abandon`, `begin`, `scan` and `end_stream` change it as `_states.py` describes."""

    __slots__ = (
        "after_cr", "block_id", "block_retry", "byte_order_mark", "comments", "cut", "cut_in_line", "data",
        "dispatch_unterminated", "dropping", "empty_events", "event", "event_name", "gathered", "has_field",
        "has_set_id", "last_event_id", "limit", "line_size", "payloads", "pending", "pieces", "retry", "size", "skip",
        "skipped", "skipping", "state", "unknown",
    )  # fmt: skip

    def __init__(self) -> None:
        self.payloads = False  # set by an EventReader: return the data of an event as bytes, and no event
        self.event_name: str | None = None  # with `payloads`: the name of the event returned last, or None
        self.set_options(sys.maxsize, False, False, False, False, False)

    def set_options(
        self, limit: int, skip: bool, empty_events: bool, comments: bool, unknown: bool, dispatch_unterminated: bool
    ) -> None:
        """Set the options, as scanner_options() returns them, and make ready for a first stream."""
        self.limit, self.skip, self.empty_events = limit, skip, empty_events
        self.comments, self.unknown, self.dispatch_unterminated = comments, unknown, dispatch_unterminated
        self.last_event_id = ""
        self.retry: int | None = None
        self.begin()

    def begin(self) -> None:
        """Make ready for a stream. Options, last_event_id and retry are kept."""
        self.state = OPEN
        self.cut = False
        self.cut_in_line = False  # the end of the stream came within a line
        self.has_set_id = False  # a block of this stream set the last event ID
        self.byte_order_mark = 0  # how many bytes of it have come; 3: it came, or something else did
        self.after_cr = False  # an LF that comes now belongs to the CR before it
        self.pending = self.skipped = 0
        # The unfinished line: long pieces as they came, short ones gathered.
        self.pieces: list[bytes] = []
        self.gathered = bytearray()
        self.clear_line()
        self.clear_block()

    def clear_line(self) -> None:
        self.pieces.clear()
        self.gathered.clear()
        self.line_size = 0  # dropped bytes included
        self.dropping = False  # the line is over the limit: only its size and its first byte are kept

    def clear_block(self) -> None:
        self.size = 0  # of its lines
        self.has_field = False
        self.skipping = False  # the block is over the limit
        self.event: str | None = None
        self.data: bytes | bytearray | None = None
        self.block_id: str | None = None
        self.block_retry: int | None = None

    def abandon(self) -> None:
        """End in the middle of the stream: memory ran out, or the caller does not want the rest.

        Nothing may be joined to the part before the gap. A stream that has ended already was cut or not, and stays so.
        """
        if self.state is not CLOSED:
            self.cut = True
        if self.state is OPEN:
            self.state = CLOSED
        self.clear_line()
        self.clear_block()

    def end_stream(self) -> list[Any]:
        """End the stream; return the events that this completes."""
        if self.state is FAILED:
            self.cut = True
        if self.state is not OPEN:
            return []
        self.state = CLOSED
        # Before anything that takes memory: a part of a byte order mark is text, and so an unfinished line.
        self.cut_in_line = self.line_size != 0 or 0 < self.byte_order_mark < 3
        self.cut = self.has_field or (self.cut_in_line and not self.starts_with_colon())
        items: list[Any] = []
        if self.dispatch_unterminated:
            if 0 < self.byte_order_mark < 3:
                self.gathered += BYTE_ORDER_MARK[: self.byte_order_mark]
                self.line_size = self.byte_order_mark
            line = self.finish_line(b"")
            items = [self.process_line(line) if line else None, self.end_block()]
        self.clear_line()
        self.data = None
        return [item for item in items if item is not None]

    def scan(self, chunk: bytes) -> Iterator[Any]:
        """Return an iterator of the events that a chunk completes. Exhaust it before the next chunk."""
        if self.byte_order_mark < 3:
            chunk = self.skip_byte_order_mark(chunk)
        if self.after_cr and chunk:
            self.after_cr = False
            if chunk[0] == 10:
                chunk = chunk[1:]
                if self.pending:
                    self.pending += 1  # else it belongs to the blank line, after which counting begins
        # `13 in chunk`, not `b"\r" in chunk`: that is ten times slower, as it first tries to take bytes for a number.
        if 13 in chunk or self.size + self.line_size + len(chunk) > self.limit:
            return self.scan_lines(chunk)
        end = chunk.find(b"\n")
        if end < 0:
            if chunk:
                self.pending += len(chunk)
                self.line_size += len(chunk)
                if len(chunk) < SMALL_PIECE and len(self.gathered) < GATHERED:
                    self.gathered += chunk  # as append does, without the call
                else:
                    self.append(chunk)
            return NOTHING
        if not self.pending and chunk.endswith(b"\n\n"):
            # One event a chunk, which is how models send.
            if end == len(chunk) - 2:
                if chunk.startswith(b"data: "):
                    return iter((self.make_event(chunk[6:-2]),))
            elif (
                chunk.startswith(b"event: ")
                and chunk.startswith(b"data: ", end + 1)
                and chunk.find(b"\n", end + 7) == len(chunk) - 2
            ):
                return iter((self.make_event(chunk[end + 7 : -2], chunk[7:end]),))
        if (
            self.gathered.startswith(b"data: ")
            and chunk.startswith(b"\n", end + 1)
            and self.data is None
            and not self.pieces
            and not self.skipping
            and chunk.find(b"\n", end + 2) < 0
        ):
            # The end of one event and the beginning of the next: a common case if chunks cut events.
            return self.finish_block(chunk, end)
        return self.scan_blocks(chunk)

    def finish_block(self, chunk: bytes, end: int) -> Iterator[ServerSentEvent | bytes]:
        """Process the rest of a block's one data line, up to `end`, the blank line, and the start of the next line."""
        line = self.join_line(chunk[:end])
        if self.has_field:
            self.data = line[6:]
            yield self.end_block()
        else:
            self.pending = 0
            yield self.make_event(line[6:])
        self.pending = self.line_size = len(chunk) - end - 2
        if self.line_size:
            self.append(chunk[end + 2 :])

    def make_event(self, data: bytes, name: bytes | None = None) -> ServerSentEvent | bytes:
        """Dispatch a block of one data line, or of its name and one: streams are full of these."""
        if self.payloads:
            self.event_name = None if name is None else name.decode("utf-8", "replace")
            return data
        made: Any = MutableEvent()
        made.event = name.decode("utf-8", "replace") if name else "message"
        made.data = data.decode("utf-8", "replace")
        made.id = self.last_event_id
        made.retry = None
        made.__class__ = ServerSentEvent
        return made  # type: ignore[no-any-return]

    def scan_blocks(self, chunk: bytes) -> Iterator[Any]:
        """Scan a chunk without CR that is too short to reach the limit. The fast path."""
        if self.line_size:
            begun, _, chunk = chunk.partition(b"\n")
            self.pending += len(begun) + 1
            line = self.join_line(begun)
            if line.startswith(b"data: ") and chunk.startswith(b"\n") and not self.has_field and not self.skipping:
                chunk = chunk[1:]
                self.pending = 0
                yield self.make_event(line[6:])
            else:
                item = self.process_line(line)
                if item is not None:
                    yield item
                if chunk.startswith(b"\n"):
                    # A blank line follows. End the block here: split() below would join its end to the next block.
                    chunk = chunk[1:]
                    item = self.end_block()
                    if item is not None:
                        yield item
        blocks = chunk.split(b"\n\n")
        rest = blocks.pop()
        for block in blocks:
            if not self.pending:  # then nothing of the block came before
                if block.startswith(b"data: "):
                    if 10 not in block:
                        yield self.make_event(block[6:])
                        continue
                elif block.startswith(b"event: "):
                    name, _, line = block.partition(b"\n")
                    if line.startswith(b"data: ") and 10 not in line:
                        yield self.make_event(line[6:], name[7:])
                        continue
            for line in block.split(b"\n"):
                self.pending += len(line) + 1
                item = self.process_line(line) if line else self.end_block()
                if item is not None:
                    yield item
            item = self.end_block()
            if item is not None:
                yield item
        if 10 in rest:  # lines of an unfinished block; the first may be blank, if it is the third LF in a row
            *lines, rest = rest.split(b"\n")
            for line in lines:
                self.pending += len(line) + 1
                item = self.process_line(line) if line else self.end_block()
                if item is not None:
                    yield item
        if rest:
            self.pending += len(rest)
            self.line_size += len(rest)
            self.append(rest)

    def scan_lines(self, chunk: bytes) -> Iterator[Any]:
        """Scan any chunk: line by line, looking at the limit each time."""
        if not chunk:
            return
        lines = chunk.splitlines()
        self.after_cr = chunk[-1] == 13
        unfinished = lines.pop() if chunk[-1] not in b"\r\n" else b""
        whole: list[bytes] = []  # the lines with their ends, once their sizes are needed
        counted = 0  # how many of the lines `pending` counts, or were before the last blank line
        try:
            if self.line_size and lines:
                lines[0] = self.finish_line(lines[0])
            for index, line in enumerate(lines):
                if line:
                    item = self.process_line(line)
                elif index == 0 and self.dropping:
                    self.has_field |= not self.starts_with_colon()
                    self.clear_line()
                    continue
                else:
                    counted = index + 1
                    item = self.end_block()
                if item is not None:
                    if counted <= index:  # a comment or an unknown line
                        whole = whole or chunk.splitlines(keepends=True)
                        self.pending += sum(map(len, whole[counted : index + 1]))
                        counted = index + 1
                    yield item
            if unfinished:
                self.keep(unfinished)
        except EventTooLarge:
            self.count_lines(chunk, counted)  # and the lines that are not scanned any more
            raise
        if counted < len(lines) or unfinished:
            self.count_lines(chunk, counted)

    def count_lines(self, chunk: bytes, first: int) -> None:
        """Let `pending` count the lines of a chunk from the first that it does not count yet."""
        self.pending += sum(map(len, chunk.splitlines(keepends=True)[first:])) if first else len(chunk)

    def skip_byte_order_mark(self, chunk: bytes) -> bytes:
        """Return the chunk without the bytes of the mark; with them, if the mark was not completed."""
        start = BYTE_ORDER_MARK[: self.byte_order_mark] + chunk
        if BYTE_ORDER_MARK.startswith(start):
            self.byte_order_mark = self.pending = len(start)
            return b""
        self.byte_order_mark = 3
        if start.startswith(BYTE_ORDER_MARK):
            self.pending = 3
            return start[3:]
        self.pending = 0  # the bytes that came before are counted again, with the rest
        return start

    def starts_with_colon(self) -> bool:
        return (self.pieces[0] if self.pieces else self.gathered)[:1] == b":"

    def keep(self, piece: bytes) -> None:
        """Keep a piece of the unfinished line, or refuse it if that makes the block too large."""
        self.line_size += len(piece)
        comment = self.starts_with_colon() if self.line_size > len(piece) else piece[0] == 58
        size = self.line_size if comment else self.size + self.line_size
        if size > self.limit:
            self.overflow(size)
            if self.line_size > self.limit and not self.dropping:
                # Only the first byte, which marks a comment, still matters.
                self.pieces.clear()
                self.gathered[:] = b":" if comment else b"x"
                self.dropping = True
        if not self.dropping:
            self.append(piece)

    def append(self, piece: bytes) -> None:
        """Append to the unfinished line: a long piece is not copied, a short one makes no object."""
        if len(piece) < SMALL_PIECE:
            self.gathered += piece
            if len(self.gathered) < GATHERED:
                return
            piece = b""
        if self.gathered:
            self.pieces.append(bytes(self.gathered))
            self.gathered.clear()
        if piece:
            self.pieces.append(piece)

    def finish_line(self, rest: bytes) -> bytes:
        """Return the unfinished line with its rest; b"" if it was dropped, as `dropping` then still says."""
        if rest:
            self.keep(rest)
        if self.dropping:
            return b""
        return self.join_line(b"")

    def join_line(self, rest: bytes) -> bytes:
        """Return the unfinished line with its rest, where nothing can be over the limit."""
        line = b"".join([*self.pieces, self.gathered, rest])
        if self.pieces:
            self.pieces.clear()
        self.gathered.clear()
        self.line_size = 0
        return line

    def process_line(self, line: bytes) -> Any:
        """Process a line that is not blank; return it if it is a wanted comment or unknown line."""
        length = len(line)
        if line[0] == 58:
            if length > self.limit:
                self.overflow(length)
            elif self.comments:
                text = line[2:] if line[1:2] == b" " else line[1:]
                return make_text(Comment, text.decode("utf-8", "replace"))
            return None
        self.has_field = True
        self.size += length
        if self.size > self.limit:
            self.overflow(self.size)
            if length > self.limit:
                return None
        name, _, value = line.partition(b":")
        if value[:1] == b" ":
            value = value[1:]
        if name == b"data":
            if self.skipping:
                pass
            elif self.data is None:
                self.data = value
            else:
                if not isinstance(self.data, bytearray):
                    self.data = bytearray(self.data)
                self.data += b"\n"
                self.data += value
        elif name == b"event":
            self.event = value.decode("utf-8", "replace")
        elif name == b"id":
            if b"\0" not in value:
                self.block_id = value.decode("utf-8", "replace")
        elif name == b"retry":
            if len(value) <= MAX_RETRY_DIGITS and value.isdigit():
                self.retry = self.block_retry = int(value)
        elif self.unknown:
            return make_text(UnknownLine, line.decode("utf-8", "replace"))
        return None

    def end_block(self) -> Any:
        """Process a blank line."""
        self.pending = 0
        if not self.has_field and not self.skipping:
            return None
        data = self.data
        if self.block_id is not None:
            self.last_event_id = self.block_id
            self.has_set_id = True
        event: ServerSentEvent | bytes | None = None
        if self.skipping:
            pass
        elif data is not None and self.payloads:
            self.event_name = self.event
            event = bytes(data)
        elif data is not None or (
            self.empty_events and (self.event, self.block_id, self.block_retry) != (None, None, None)
        ):
            text = data.decode("utf-8", "replace") if data else ""
            event = make_event(self.event or "message", text, self.last_event_id, self.block_retry)
        self.clear_block()
        return event

    def overflow(self, size: int) -> None:
        """Note that the block, or a comment, is over the limit."""
        if self.skip:
            if not self.skipping:
                self.skipping = True
                self.skipped += 1
                self.data = None
            return
        self.state = FAILED
        self.clear_line()
        self.data = None
        raise EventTooLarge(self.limit, size)
