"""Bytes to events in pure Python, for platforms without the extension, and to compare it with.

Twin of `_compiled.pyx`: same names, same behaviour, same words; tests feed both the same bytes. Here speed comes from
doing much in few calls of the interpreter (`splitlines` splits bytes at LF, CR and CRLF and nowhere else), there from
looking at single bytes; so the two are shaped differently. WHATWG HTML section 9.2.6, "Interpreting an event stream",
is what both follow.
"""

from __future__ import annotations

import sys
from _thread import RLock
from types import GenericAlias

from ..errors import EventTooLarge
from ._python_events import Comment, EventInTheMaking, ServerSentEvent, UnknownLine, make_event, make_text, read_only
from ._python_reader import NOTHING, EventIterator, EventReader, ReaderState
from ._shared import (
    BYTE_ORDER_MARK,
    DEFAULT_MAX_EVENT_SIZE,
    FED_AFTER_CLOSE,
    FED_AFTER_TOO_LARGE,
    SCANNER_IS_NO_VALUE,
    asked_bytes,
    asking,
    check_not_asking,
    chunk_bytes,
    scanner_options,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, NoReturn, Self

__all__ = ["Comment", "EventIterator", "EventReader", "ReaderState", "Scanner", "ServerSentEvent", "UnknownLine"]

# Pieces of an unfinished line that are shorter than this are gathered, so that a piece costs no object of its own.
SMALL_PIECE = 4096
GATHERED = 65536
MAX_RETRY_DIGITS = 15


class Scanner:
    """Bytes in, events out (WHATWG HTML section 9.2.6). No I/O; the chunks may be cut anywhere.

    `max_event_size`: the limit on one block or one comment, bytes, line ends not counted; a security limit. None: no
    limit. `oversize`: "raise" EventTooLarge, or "skip" the event and go on. `empty_events`: also dispatch blocks that
    set event, id or retry but no data. `comments`, `unknown`: also return Comment and UnknownLine, in order, among the
    events. `unterminated`: "drop" a block that the end of the stream cut short, as the standard says, or "dispatch" it.

    `last_event_id`: changes at the blank line that ends a block. `retry`: the last valid reconnection time, ms, or
    None. `pending`: bytes fed since the last blank line, line ends included. `skipped`: events dropped for their size.
    `cut`: after close(), whether the stream ended within a block.
    """

    __module__ = "ssescan"
    __slots__ = (
        "_after_cr",
        "_block_id",
        "_block_retry",
        "_byte_order_mark",
        "_closed",
        "_comments",
        "_cut",
        "_cut_in_line",
        "_data",
        "_dispatch_unterminated",
        "_dropping",
        "_empty_events",
        "_event",
        "_event_name",
        "_failed",
        "_gathered",
        "_has_field",
        "_has_set_id",
        "_last_event_id",
        "_limit",
        "_line_size",
        "_lock",
        "_payloads",
        "_pending",
        "_pieces",
        "_retry",
        "_size",
        "_skip",
        "_skipped",
        "_skipping",
        "_unknown",
    )

    _lock: RLock
    _last_event_id: str
    _retry: int | None
    _pending: int
    _skipped: int
    _cut: bool
    _cut_in_line: bool  # the end of the stream came within a line
    _has_set_id: bool  # a block of this stream set the last event ID
    _payloads: bool  # set by an EventReader: give the data of an event, as bytes, and no event
    _event_name: str | None  # with `_payloads`: the name of the event given last, None if it had none

    # The stream.
    _byte_order_mark: int  # how many bytes of a byte order mark have come; 3: it came, or something else did
    _after_cr: bool  # an LF that comes now belongs to the CR before it
    _closed: bool
    _failed: bool

    # The unfinished line: long pieces as they came, short ones gathered.
    _pieces: list[bytes]
    _gathered: bytearray
    _line_size: int  # dropped bytes included
    _dropping: bool  # it is over the limit: only its size and its first byte are kept

    # The block.
    _size: int  # of its lines
    _has_field: bool
    _skipping: bool  # it is over the limit
    _event: str | None
    _data: bytes | bytearray | None
    _block_id: str | None
    _block_retry: int | None

    if not TYPE_CHECKING:
        __class_getitem__ = classmethod(GenericAlias)

    def __new__(cls, /, *args: object, **options: object) -> Self:
        # Whatever a subclass does with __init__, there is a scanner.
        self = super().__new__(cls)
        self._limit = sys.maxsize
        self._skip = self._empty_events = self._comments = self._unknown = self._dispatch_unterminated = False
        # A feed is one step to other threads, as it is in the compiled twin.
        self._lock = RLock()
        self._payloads = False
        self._event_name = None
        self._last_event_id = ""
        self._retry = None
        self._begin()
        return self

    def __init__(
        self,
        /,
        *,
        max_event_size: int | None = DEFAULT_MAX_EVENT_SIZE,
        oversize: Any = "raise",
        empty_events: bool = False,
        comments: bool = False,
        unknown: bool = False,
        unterminated: Any = "drop",
    ) -> None:
        (
            self._limit,
            self._skip,
            self._empty_events,
            self._comments,
            self._unknown,
            self._dispatch_unterminated,
        ) = scanner_options(
            self,
            max_event_size=max_event_size,
            oversize=oversize,
            empty_events=empty_events,
            comments=comments,
            unknown=unknown,
            unterminated=unterminated,
        )
        self._last_event_id = ""
        self._retry = None
        self._begin()

    if not TYPE_CHECKING:
        __new__.__wrapped__ = __init__  # so that inspect.signature() shows the options, as of the compiled twin

    last_event_id = read_only("ssescan.Scanner", "last_event_id")
    retry = read_only("ssescan.Scanner", "retry")
    pending = read_only("ssescan.Scanner", "pending")
    skipped = read_only("ssescan.Scanner", "skipped")
    cut = read_only("ssescan.Scanner", "cut")

    def __reduce__(self) -> NoReturn:
        raise TypeError(SCANNER_IS_NO_VALUE)

    def feed(self, chunk: Any) -> list[Any]:
        """Accept the next bytes of the stream; return the events that they complete, in order.

        `chunk`: anything with the buffer protocol; it may be changed once feed has returned. TypeError for anything
        else; ValueError after close() or EventTooLarge. EventTooLarge for a block over the limit.
        """
        if type(chunk) is not bytes:
            chunk = asked_bytes(self, chunk_bytes, chunk)
        with self._lock:
            if self._failed or self._closed or asking:  # the last by any scanner, which is rare
                self._check_open()
            items: list[Any] = []
            try:
                items.extend(self._scan(chunk))
            except EventTooLarge as error:
                error.events.extend(items)
                raise
            except BaseException:
                self._abandon()
                raise
            return items

    def close(self) -> list[Any]:
        """End the stream; return the events that this completes: none, unless unterminated="dispatch"."""
        check_not_asking(self)
        with self._lock:
            if self._closed:
                return []
            self._closed = True
            if self._failed:
                self._cut = True
                return []
            if 0 < self._byte_order_mark < 3:
                # The beginning of a byte order mark that never came whole is text.
                self._gathered += BYTE_ORDER_MARK[: self._byte_order_mark]
                self._line_size = self._byte_order_mark
            unfinished = self._line_size and not self._starts_with_colon()
            self._cut = bool(self._has_field or unfinished)
            self._cut_in_line = self._line_size != 0
            items: list[Any] = []
            if self._dispatch_unterminated:
                line = self._finish_line(b"")
                items += [self._process_line(line) if line else None, self._end_block()]
                items = [item for item in items if item is not None]
            self._clear_line()
            self._data = None
            return items

    def reset(self) -> None:
        """Make ready for another stream. Options, last_event_id and retry are kept: a reconnect needs them."""
        check_not_asking(self)
        with self._lock:
            self._begin()

    def _begin(self) -> None:
        self._closed = self._failed = self._cut = self._cut_in_line = self._has_set_id = False
        self._byte_order_mark = 0
        self._after_cr = False
        self._pending = self._skipped = 0
        self._pieces = []
        self._gathered = bytearray()
        self._clear_line()
        self._clear_block()

    def _abandon(self) -> None:
        """End where the stream cannot be followed: memory ran out, or nobody wants the rest.

        Nothing may be joined to what came before the gap. A stream that has ended already was cut or not, and stays so.
        """
        if not self._closed:
            self._closed = self._cut = True
        self._clear_line()
        self._clear_block()

    def _clear_line(self) -> None:
        self._pieces.clear()
        self._gathered.clear()
        self._line_size = 0
        self._dropping = False

    def _clear_block(self) -> None:
        self._size = 0
        self._has_field = False
        self._skipping = False
        self._event = self._data = self._block_id = self._block_retry = None

    def _check_open(self) -> None:
        check_not_asking(self)
        if self._failed:
            raise ValueError(FED_AFTER_TOO_LARGE)
        if self._closed:
            raise ValueError(FED_AFTER_CLOSE)

    def _scan(self, chunk: bytes) -> Iterator[Any]:
        """Return an iterator of the events that a chunk completes. Exhaust it before the next chunk."""
        if self._byte_order_mark < 3:
            chunk = self._skip_byte_order_mark(chunk)
        if self._after_cr and chunk:
            self._after_cr = False
            if chunk[0] == 10:
                chunk = chunk[1:]
                if self._pending:
                    self._pending += 1  # else it belongs to the blank line, after which counting begins
        # `13 in chunk`, not `b"\r" in chunk`: that is ten times slower, as it first tries to take bytes for a number.
        if 13 in chunk or self._size + self._line_size + len(chunk) > self._limit:
            return self._scan_lines(chunk)
        end = chunk.find(b"\n")
        if end < 0:
            if chunk:
                self._pending += len(chunk)
                self._line_size += len(chunk)
                if len(chunk) < SMALL_PIECE and len(self._gathered) < GATHERED:
                    self._gathered += chunk  # as _append does, without the call
                else:
                    self._append(chunk)
            return NOTHING
        if not self._pending and chunk.endswith(b"\n\n"):
            # One event a chunk, which is how models send.
            if end == len(chunk) - 2:
                if chunk.startswith(b"data: "):
                    return iter((self._make_event(chunk[6:-2]),))
            elif (
                chunk.startswith(b"event: ")
                and chunk.startswith(b"data: ", end + 1)
                and chunk.find(b"\n", end + 7) == len(chunk) - 2
            ):
                return iter((self._make_event(chunk[end + 7 : -2], chunk[7:end]),))
        if (
            self._gathered.startswith(b"data: ")
            and chunk.startswith(b"\n", end + 1)
            and self._data is None
            and not self._pieces
            and not self._skipping
            and chunk.find(b"\n", end + 2) < 0
        ):
            # The end of an event and the beginning of another, which is how those come that several chunks share.
            return self._finish_block(chunk, end)
        return self._scan_blocks(chunk)

    def _finish_block(self, chunk: bytes, end: int) -> Iterator[ServerSentEvent | bytes]:
        """Process the rest of a block's one data line, up to `end`, the blank line, and the start of the next line."""
        line = self._join_line(chunk[:end])
        if self._has_field:
            self._data = line[6:]
            yield self._end_block()
        else:
            self._pending = 0
            yield self._make_event(line[6:])
        self._pending = self._line_size = len(chunk) - end - 2
        if self._line_size:
            self._append(chunk[end + 2 :])

    def _make_event(self, data: bytes, name: bytes | None = None) -> ServerSentEvent | bytes:
        """Dispatch a block of one data line, or of its name and one: streams are full of these."""
        if self._payloads:
            self._event_name = None if name is None else name.decode("utf-8", "replace")
            return data
        made: Any = EventInTheMaking()
        made.event = name.decode("utf-8", "replace") if name else "message"
        made.data = data.decode("utf-8", "replace")
        made.id = self._last_event_id
        made.retry = None
        made.__class__ = ServerSentEvent
        return made  # type: ignore[no-any-return]

    def _scan_blocks(self, chunk: bytes) -> Iterator[Any]:
        """Scan a chunk the quick way: one that has no CR in it, and is too short for anything to pass the limit."""
        if self._line_size:
            begun, _, chunk = chunk.partition(b"\n")
            self._pending += len(begun) + 1
            line = self._join_line(begun)
            if line.startswith(b"data: ") and chunk.startswith(b"\n") and not self._has_field and not self._skipping:
                chunk = chunk[1:]
                self._pending = 0
                yield self._make_event(line[6:])
            else:
                item = self._process_line(line)
                if item is not None:
                    yield item
                if chunk.startswith(b"\n"):
                    # Most often, that was all of its block. Else the first of the others would not be a quick one.
                    chunk = chunk[1:]
                    item = self._end_block()
                    if item is not None:
                        yield item
        blocks = chunk.split(b"\n\n")
        rest = blocks.pop()
        for block in blocks:
            if not self._pending:  # then nothing of the block came before
                if block.startswith(b"data: "):
                    if 10 not in block:
                        yield self._make_event(block[6:])
                        continue
                elif block.startswith(b"event: "):
                    name, _, line = block.partition(b"\n")
                    if line.startswith(b"data: ") and 10 not in line:
                        yield self._make_event(line[6:], name[7:])
                        continue
            for line in block.split(b"\n"):
                self._pending += len(line) + 1
                item = self._process_line(line) if line else self._end_block()
                if item is not None:
                    yield item
            item = self._end_block()
            if item is not None:
                yield item
        if rest[:1] == b"\n":
            # The third LF in a row, or the first of the chunk: a blank line too.
            rest = rest[1:]
            item = self._end_block()
            if item is not None:
                yield item
        if rest:
            if 10 in rest:
                lines = rest.split(b"\n")
                rest = lines.pop()
                for line in lines:
                    self._pending += len(line) + 1
                    item = self._process_line(line)
                    if item is not None:
                        yield item
            if rest:
                self._pending += len(rest)
                self._line_size += len(rest)
                self._append(rest)

    def _scan_lines(self, chunk: bytes) -> Iterator[Any]:
        """Scan any chunk: line by line, looking at the limit each time."""
        if not chunk:
            return
        lines = chunk.splitlines()
        self._after_cr = chunk[-1] == 13
        unfinished = lines.pop() if chunk[-1] not in b"\r\n" else b""
        whole: list[bytes] = []  # the lines with their ends, once their sizes are needed
        counted = 0  # how many of the lines `pending` counts, or were before the last blank line
        try:
            if self._line_size and lines:
                lines[0] = self._finish_line(lines[0])
            for index, line in enumerate(lines):
                if line:
                    item = self._process_line(line)
                elif index == 0 and self._dropping:
                    self._end_dropped_line()
                    continue
                else:
                    counted = index + 1
                    item = self._end_block()
                if item is not None:
                    if counted <= index:  # a comment or an unknown line
                        whole = whole or chunk.splitlines(keepends=True)
                        self._pending += sum(map(len, whole[counted : index + 1]))
                        counted = index + 1
                    yield item
            if unfinished:
                self._keep(unfinished)
        except EventTooLarge:
            self._count_lines(chunk, counted)  # and the lines that are not scanned any more
            raise
        if counted < len(lines) or unfinished:
            self._count_lines(chunk, counted)

    def _count_lines(self, chunk: bytes, first: int) -> None:
        """Let `pending` count the lines of a chunk from the first that it does not count yet."""
        self._pending += sum(map(len, chunk.splitlines(keepends=True)[first:])) if first else len(chunk)

    def _skip_byte_order_mark(self, chunk: bytes) -> bytes:
        for index, byte in enumerate(chunk):
            if byte != BYTE_ORDER_MARK[self._byte_order_mark]:
                if self._byte_order_mark:
                    began = BYTE_ORDER_MARK[: self._byte_order_mark]
                    self._byte_order_mark = 3
                    self._pending = 0  # these bytes are counted again, with the rest
                    return began + chunk[index:]
                self._byte_order_mark = 3
                return chunk
            self._byte_order_mark += 1
            self._pending += 1
            if self._byte_order_mark == 3:
                return chunk[index + 1 :]
        return b""

    def _starts_with_colon(self) -> bool:
        return (self._pieces[0] if self._pieces else self._gathered)[:1] == b":"

    def _keep(self, piece: bytes) -> None:
        """Keep a piece of the unfinished line, or refuse it if that makes the block too large."""
        self._line_size += len(piece)
        comment = self._starts_with_colon() if self._line_size > len(piece) else piece[0] == 58
        size = self._line_size if comment else self._size + self._line_size
        if size > self._limit:
            self._overflow(size)
            if self._line_size > self._limit and not self._dropping:
                # Only the first byte, which marks a comment, still matters.
                first = b":" if comment else b"x"
                self._pieces.clear()
                self._gathered.clear()
                self._gathered += first
                self._dropping = True
        if not self._dropping:
            self._append(piece)

    def _append(self, piece: bytes) -> None:
        """Append to the unfinished line: a long piece is not copied, a short one makes no object."""
        if len(piece) < SMALL_PIECE:
            self._gathered += piece
            if len(self._gathered) < GATHERED:
                return
            piece = b""
        if self._gathered:
            self._pieces.append(bytes(self._gathered))
            self._gathered.clear()
        if piece:
            self._pieces.append(piece)

    def _finish_line(self, rest: bytes) -> bytes:
        """Return the unfinished line with its rest; b"" if it was dropped, as _dropping then still says."""
        if rest:
            self._keep(rest)
        if self._dropping:
            return b""
        return self._join_line(b"")

    def _join_line(self, rest: bytes) -> bytes:
        """Return the unfinished line with its rest, where nothing can be over the limit."""
        line = b"".join([*self._pieces, self._gathered, rest])
        if self._pieces:
            self._pieces.clear()
        self._gathered.clear()
        self._line_size = 0
        return line

    def _end_dropped_line(self) -> None:
        if not self._starts_with_colon():
            self._has_field = True
        self._clear_line()

    def _process_line(self, line: bytes) -> Any:
        """Process a line that is not blank; return it if it is a wanted comment or unknown line."""
        length = len(line)
        if line[0] == 58:
            if length > self._limit:
                self._overflow(length)
            elif self._comments:
                text = line[2:] if line[1:2] == b" " else line[1:]
                return make_text(Comment, text.decode("utf-8", "replace"))
            return None
        self._has_field = True
        self._size += length
        if self._size > self._limit:
            self._overflow(self._size)
            if length > self._limit:
                return None
        name, _, value = line.partition(b":")
        if value[:1] == b" ":
            value = value[1:]
        if name == b"data":
            if self._skipping:
                pass
            elif self._data is None:
                self._data = value
            else:
                if not isinstance(self._data, bytearray):
                    self._data = bytearray(self._data)
                self._data += b"\n"
                self._data += value
        elif name == b"event":
            self._event = value.decode("utf-8", "replace")
        elif name == b"id":
            if b"\0" not in value:
                self._block_id = value.decode("utf-8", "replace")
        elif name == b"retry":
            if len(value) <= MAX_RETRY_DIGITS and value.isdigit():
                self._retry = self._block_retry = int(value)
        elif self._unknown:
            return make_text(UnknownLine, line.decode("utf-8", "replace"))
        return None

    def _end_block(self) -> Any:
        """Process a blank line."""
        self._pending = 0
        if not self._has_field and not self._skipping:
            return None
        data = self._data
        if self._block_id is not None:
            self._last_event_id = self._block_id
            self._has_set_id = True
        event: ServerSentEvent | bytes | None = None
        if not self._skipping:
            if data is not None and self._payloads:
                self._event_name = self._event
                event = bytes(data)
            elif data is not None:
                event = make_event(
                    self._event or "message", data.decode("utf-8", "replace"), self._last_event_id, self._block_retry
                )
            elif self._empty_events and (self._event, self._block_id, self._block_retry) != (None, None, None):
                event = make_event(self._event or "message", "", self._last_event_id, self._block_retry)
        self._clear_block()
        return event

    def _overflow(self, size: int) -> None:
        """Note that the block, or a comment, is over the limit."""
        if self._skip:
            if not self._skipping:
                self._skipping = True
                self._skipped += 1
                self._data = None
            return
        self._failed = True
        self._clear_line()
        self._data = None
        raise EventTooLarge(self._limit, size)
