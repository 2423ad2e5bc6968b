# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
# cython: freethreading_compatible=True, auto_pickle=False, embedsignature=False
"""Bytes to events, compiled.

Twin of `_python.py` and `_python_core.py`: same names, same behaviour, same texts; tests feed both the same bytes. Both
follow WHATWG HTML section 9.2.6, "Interpreting an event stream".

A chunk is scanned in place: memchr finds line ends, and a value becomes a str directly from the chunk's memory. Bytes
are copied only where a chunk ends within a block, or an event has several data lines: the unfinished line into `line`,
finished data lines into `data`. So a stream whose chunks are whole events of one data line each is never copied, and
any other is copied at most twice.

Nothing here calls Python code between two consistent states: errors are made last.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Realloc
from cpython.ref cimport PyObject
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.string cimport memchr, memcmp, memcpy

import sys
from types import GenericAlias

from ..errors import EventTooLarge
from . import _shared as shared
from ._shared import asked_bytes, check_not_asking, chunk_bytes

__all__ = [
    "Comment", "EventIterator", "EventReader", "EventRun", "ReaderState", "Scanner", "ServerSentEvent", "UnknownLine",
]

cdef extern from "Python.h":
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *size) except NULL
    str PyUnicode_New(Py_ssize_t size, Py_UCS4 largest)
    void *PyUnicode_DATA(object text)
    const Py_ssize_t PY_SSIZE_T_MAX
    ctypedef struct PyTypeObject:
        const char *tp_name
        object (*tp_new)(type cls, PyObject *args, PyObject *kwargs)
        object (*tp_iternext)(object self)
        void *tp_vectorcall
        PyObject *tp_dict
    ctypedef struct PyMemberDef:
        const char *name
        int type
        Py_ssize_t offset
        int flags
    object PyDescr_NewMember(PyTypeObject *cls, PyMemberDef *member)
    void PyType_Modified(PyTypeObject *cls)

cdef extern from "structmember.h":
    const int T_OBJECT_EX
    const int READONLY

cdef const unsigned char *BYTE_ORDER_MARK = b"\xef\xbb\xbf"
cdef const char *NO_CHUNK = b""  # not NULL: C does not define how that compares or subtracts
cdef str MESSAGE = "message"
cdef object END = object()
cdef set scanners_asking = shared.asking

# Names of events that came, so that scanners share them: each keeps the last, and idle they are many. Bounded, since
# a server chooses the names.
cdef dict shared_names = {}

cdef enum:
    SMALLEST_BUFFER = 512   # the most that CPython's allocator for small objects serves
    LARGEST_KEPT = 1 << 16  # a larger buffer is not kept from one unfinished line to the next
    MAX_CACHED_NAME = 64
    MAX_SHARED_NAMES = 256
    MAX_RETRY_DIGITS = 15

cdef enum:  # of `state`, see _states.py
    OPEN, FAILED, CLOSED


ctypedef unsigned char flag

include "_compiled_bytes.pxi"
include "_compiled_events.pxi"


cdef class Scanner:
    """Scanner(*, max_event_size=67108864, oversize='raise', empty_events=False, comments=False, unknown=False, \
unterminated='drop')\n--\n\nBytes in, events out (WHATWG HTML section 9.2.6). No I/O; the chunks may be cut anywhere.

    `max_event_size`: the limit on one block or one comment, bytes, line ends not counted; a security limit. None: no
    limit. `oversize`: "raise" EventTooLarge, or "skip" the event and go on. `empty_events`: also dispatch blocks that
    set event, id or retry but no data. `comments`, `unknown`: also return Comment and UnknownLine, in order, among the
    events. `unterminated`: "drop" a block that the end of the stream cut short, as the standard says, or "dispatch" it.

    `last_event_id`: changes at the blank line that ends a block. `retry`: the last valid reconnection time, ms, or
    None. `pending`: bytes fed since the last blank line, line ends included. `skipped`: events dropped for their size.
    `cut`: after close(), whether the stream ended within a block.
    """

    # The current chunk. `next_lf` and `next_cr`: where the next of each is, `end` if there is none, stale if not after
    # `at`. Each is searched for only when the last one found was passed: searching both again for every line would
    # make a chunk of nothing but CR quadratic.
    cdef bytes chunk
    cdef const char *at
    cdef const char *end
    cdef const char *next_lf
    cdef const char *next_cr

    # The unfinished line. `line_size` includes dropped bytes.
    cdef Buffer line
    cdef Py_ssize_t line_size

    # The block: its data is one line that `held` points to, in the chunk or in `line`, or it is in `data`.
    cdef Buffer data
    cdef const char *held
    cdef Py_ssize_t held_size, size
    cdef str event, block_id
    cdef cython.py_int block_retry

    # The stream.
    cdef str _last_event_id
    cdef cython.py_int _retry
    cdef str cached_name
    cdef str event_name     # with `payloads`: the name of the event returned last, None if it had none
    cdef Py_ssize_t limit
    cdef readonly Py_ssize_t pending, skipped
    cdef readonly bint cut

    cdef unsigned char state
    cdef unsigned char byte_order_mark  # how many bytes of it have come; 3: it came, or something else did
    cdef flag cut_in_line   # the end of the stream came within a line
    cdef flag after_cr      # an LF that comes now belongs to the CR before it
    cdef flag comment       # the unfinished line is one
    cdef flag dropping      # the unfinished line is over the limit: only its size is kept
    cdef flag has_data, has_field
    cdef flag has_set_id    # a block of this stream set the last event ID
    cdef flag skipping      # the block is over the limit

    cdef flag skip, empty_events, comments, unknown, dispatch_unterminated
    cdef flag payloads      # set by an EventReader: return the data of an event as bytes, and no event

    def __cinit__(self, *args, **kwargs):
        # Memory is sound even if a subclass does not call __init__.
        self.limit = PY_SSIZE_T_MAX
        self._last_event_id = ""
        self.drop_chunk()

    def __init__(self, *args, **kwargs):
        self.limit, self.skip, self.empty_events, self.comments, self.unknown, self.dispatch_unterminated = (
            shared.scanner_options(self, *args, **kwargs)
        )
        self._last_event_id = ""
        self._retry = None
        self.begin()

    def __dealloc__(self):
        release(&self.line)
        release(&self.data)

    def __sizeof__(self):
        return type(self).__basicsize__ + self.line.capacity + self.data.capacity

    def __reduce__(self):
        raise TypeError(shared.SCANNER_IS_NO_VALUE)

    __class_getitem__ = classmethod(GenericAlias)

    # These lock: in a free-threaded build, the value could be replaced before they hold a reference to it.

    @property
    @cython.critical_section
    def last_event_id(self):
        return self._last_event_id

    @property
    @cython.critical_section
    def retry(self):
        return self._retry

    @cython.critical_section
    def feed(self, chunk):
        """Accept the next bytes of the stream; return the events that they complete, in order.

        `chunk`: anything with the buffer protocol; it may be changed once feed has returned. TypeError for anything
        else; ValueError after close() or EventTooLarge. EventTooLarge for a block over the limit.
        """
        cdef list items
        if type(chunk) is not bytes:
            chunk = asked_bytes(self, chunk_bytes, chunk)
        if self.state != OPEN or scanners_asking:  # the latter by any scanner, which is rare
            check_not_asking(self)
            if self.state != OPEN:
                raise ValueError(shared.FED_AFTER_TOO_LARGE if self.state == FAILED else shared.FED_AFTER_CLOSE)
        items = []
        try:
            self.begin_chunk(<bytes>chunk)
            while (item := self.scan()) is not None:
                items.append(item)
        except BaseException:
            self.abandon()
            raise
        if self.state == FAILED:
            raise EventTooLarge(self.limit, self.size, items)
        return items

    @cython.critical_section
    def close(self):
        """End the stream; return the events that this completes: none, unless unterminated="dispatch"."""
        check_not_asking(self)
        return self.end_stream()

    cdef list end_stream(self):
        cdef list items = []
        cdef Py_ssize_t size
        if self.state == FAILED:
            self.cut = True
        if self.state != OPEN:
            return items
        self.state = CLOSED
        # Before anything that takes memory: a part of a byte order mark is text, and so an unfinished line.
        self.cut_in_line = self.line_size != 0 or 0 < self.byte_order_mark < 3
        self.cut = self.has_field or (self.cut_in_line and not self.comment)
        if self.dispatch_unterminated:
            if 0 < self.byte_order_mark < 3:
                self.keep_byte_order_mark()
            if self.line_size and not self.dropping:
                size = self.line_size
                self.line_size = 0
                items.append(self.process_line(self.line.at, size))
            if self.state == FAILED:
                raise EventTooLarge(self.limit, self.size)
            items.append(self.end_block())
        self.clear_line()
        self.clear_data()
        self.drop_chunk()
        return [item for item in items if item is not None]

    @cython.critical_section
    def reset(self):
        """Make ready for another stream. Options, last_event_id and retry are kept: a reconnect needs them."""
        check_not_asking(self)
        self.begin()

    @cython.final
    cdef void begin(self) noexcept:
        self.state = OPEN
        self.cut = self.cut_in_line = self.has_set_id = self.after_cr = False
        self.byte_order_mark = 0
        self.pending = self.skipped = 0
        self.drop_chunk()
        self.clear_line()
        self.clear_block()

    @cython.final
    cdef void abandon(self) noexcept:
        """End in the middle of the stream: memory ran out, or the caller does not want the rest.

        Nothing may point into a chunk that goes, and nothing may be joined to the part before the gap. A stream that
        has ended already was cut or not, and stays so.
        """
        if self.state != CLOSED:
            self.cut = True
        if self.state == OPEN:
            self.state = CLOSED
        self.drop_chunk()
        self.clear_line()
        self.clear_block()

    @cython.final
    cdef void drop_chunk(self) noexcept:
        self.at = self.end = self.next_lf = self.next_cr = NO_CHUNK
        self.chunk = None

    @cython.final
    cdef void clear_line(self) noexcept:
        release(&self.line)
        self.line_size = 0
        self.comment = self.dropping = False

    @cython.final
    cdef void clear_data(self) noexcept:
        self.has_data = False
        self.held = NULL
        release(&self.data)

    @cython.final
    cdef void clear_block(self) noexcept:
        self.size = 0
        self.has_field = self.skipping = False
        self.clear_data()
        self.event = None
        self.block_id = None
        self.block_retry = None

    @cython.final
    cdef int begin_chunk(self, bytes chunk) except -1:
        """Begin to scan a chunk. The rest of the one before is dropped."""
        self.copy_held()
        self.chunk = chunk
        self.at = PyBytes_AS_STRING(chunk)
        self.end = self.at + PyBytes_GET_SIZE(chunk)
        if self.byte_order_mark < 3:
            self.skip_byte_order_mark()
        if self.after_cr and self.at < self.end:
            self.after_cr = False
            if self.at[0] == c"\n":
                self.at += 1
                if self.pending:
                    self.pending += 1  # else it belongs to the blank line, after which counting begins
        self.next_lf = self.next_cr = self.at  # stale: nothing was searched yet
        return 0

    @cython.final
    cdef int skip_byte_order_mark(self) except -1:
        while self.at < self.end and self.byte_order_mark < 3:
            if <unsigned char>self.at[0] != BYTE_ORDER_MARK[self.byte_order_mark]:
                if self.byte_order_mark:
                    self.keep_byte_order_mark()
                self.byte_order_mark = 3
                return 0
            self.at += 1
            self.pending += 1
            self.byte_order_mark += 1
        return 0

    @cython.final
    cdef int keep_byte_order_mark(self) except -1:
        """Put the bytes of an incomplete byte order mark at the start of the first line."""
        append(&self.line, <const char *>BYTE_ORDER_MARK, self.byte_order_mark, self.limit)
        self.line_size = self.byte_order_mark
        return 0

    @cython.final
    cdef object scan(self):
        """Return the next event that the chunk completes.

        None: the chunk is used up and its rest was kept; or the limit was passed, and `state` is FAILED.
        """
        cdef const char *line = self.at
        cdef const char *stop
        cdef Py_ssize_t size
        cdef object item
        if (
            self.end - line > 7 and memcmp(line, b"data: ", 6) == 0
            and not self.line_size and not self.has_field and not self.skipping
        ):
            # Streams are full of blocks of one data line, whole in the chunk. They need none of the state for blocks
            # that come in parts.
            stop = self.find_line_end()
            size = stop - line
            if size <= self.limit and self.end - stop > 1 and stop[0] == stop[1] == c"\n":
                self.at = stop + 2
            elif size <= self.limit and self.end - stop > 3 and memcmp(stop, b"\r\n\r\n", 4) == 0:
                self.at = stop + 4
            else:
                stop = NULL
            if stop != NULL:
                self.pending = 0
                if self.payloads:
                    self.event_name = None
                    return PyBytes_FromStringAndSize(line + 6, size - 6)
                return make_event(MESSAGE, decode_inline(line + 6, size - 6), self._last_event_id, None)
        while self.at < self.end:
            line = self.at
            stop = self.find_line_end()
            if stop == self.end:
                break
            self.at = stop + 1
            if stop[0] == c"\r":
                if self.at == self.end:
                    self.after_cr = True
                elif self.at[0] == c"\n":
                    self.at += 1
            self.pending += self.at - line
            size = stop - line
            if self.line_size:
                if size:
                    self.keep(line, size)
                    if self.state == FAILED:
                        break
                self.line_size = 0
                if self.dropping:
                    self.dropping = False
                    if not self.comment:
                        self.has_field = True
                    continue
                line = self.line.at
                size = self.line.size
                self.line.size = 0
            item = self.process_line(line, size) if size else self.end_block()
            if item is not None:
                return item
        self.keep_rest()
        return None

    @cython.final
    cdef inline const char *find_line_end(self) noexcept:
        if self.at[0] == c"\n":
            return self.at  # a blank line, mostly
        if self.next_lf <= self.at:
            self.next_lf = <const char *>memchr(self.at, c"\n", self.end - self.at)
            if self.next_lf == NULL:
                self.next_lf = self.end
        if self.next_cr <= self.at:
            self.next_cr = <const char *>memchr(self.at, c"\r", self.end - self.at)
            if self.next_cr == NULL:
                self.next_cr = self.end
        return min(self.next_lf, self.next_cr)

    @cython.final
    cdef int keep_rest(self) except -1:
        """Copy the rest of a chunk that is used up, and release it."""
        cdef const char *rest = self.at
        cdef Py_ssize_t size = self.end - rest
        self.copy_held()  # first, as it may lie in the buffer that the unfinished line is written to
        if not self.line_size and (not size or self.line.capacity > LARGEST_KEPT):
            release(&self.line)
        if size:
            self.at = self.end
            self.pending += size
            self.keep(rest, size)
        self.drop_chunk()
        return 0

    @cython.final
    cdef inline int copy_held(self) except -1:
        """Copy the held data line, before its memory is released or used again."""
        if self.held != NULL:
            if self.held_size:
                append(&self.data, self.held, self.held_size, self.limit)
            self.held = NULL
        return 0

    @cython.final
    cdef int keep(self, const char *piece, Py_ssize_t size) except -1:
        """Keep a piece of the unfinished line, or refuse it if that makes the block too large."""
        cdef Py_ssize_t whole
        if not self.line_size:
            self.comment = piece[0] == c":"
        self.line_size += size
        whole = self.line_size if self.comment else self.size + self.line_size
        if whole > self.limit:
            self.overflow(whole)
            if self.state == FAILED:
                return 0
            if self.line_size > self.limit:
                self.dropping = True
                release(&self.line)
        if not self.dropping:
            append(&self.line, piece, size, self.limit)
        return 0

    @cython.final
    cdef inline object process_line(self, const char *line, Py_ssize_t size):
        """Process a line that is not blank; return it if it is a wanted comment or unknown line."""
        cdef const char *value
        cdef const char *end = line + size
        if line[0] == c":":
            if size > self.limit:
                self.overflow(size)
            elif self.comments:
                value = value_of(line, 0, end)
                return make_text(Comment, decode(value, end - value))
            return None
        self.has_field = True
        self.size += size
        if self.size > self.limit:
            self.overflow(self.size)
            if self.state == FAILED or size > self.limit:
                return None
        if is_field(line, size, b"data", 4):
            if not self.skipping:
                value = value_of(line, 4, end)
                self.add_data(value, end - value)
        elif is_field(line, size, b"event", 5):
            value = value_of(line, 5, end)
            self.event = self.decode_name(value, end - value)
        elif is_field(line, size, b"id", 2):
            value = value_of(line, 2, end)
            if memchr(value, 0, end - value) == NULL:
                self.block_id = decode(value, end - value)
        elif is_field(line, size, b"retry", 5):
            value = value_of(line, 5, end)
            self.parse_retry(value, end)
        elif self.unknown:
            return make_text(UnknownLine, decode(line, size))
        return None

    @cython.final
    cdef inline int add_data(self, const char *value, Py_ssize_t size) except -1:
        if not self.has_data:
            self.has_data = True
            self.held = value
            self.held_size = size
            return 0
        self.copy_held()
        append(&self.data, b"\n", 1, self.limit)
        append(&self.data, value, size, self.limit)
        return 0

    @cython.final
    cdef str decode_name(self, const char *name, Py_ssize_t size):
        """Decode the name of an event. Usually it is the same as that of the previous event."""
        cdef Py_ssize_t cached_size
        cdef const char *cached
        cdef str decoded
        if size > MAX_CACHED_NAME:
            return decode(name, size)
        if self.cached_name is not None:
            cached = PyUnicode_AsUTF8AndSize(self.cached_name, &cached_size)
            if cached_size == size and memcmp(cached, name, size) == 0:
                return self.cached_name
        decoded = decode(name, size)
        if len(shared_names) < MAX_SHARED_NAMES:
            decoded = shared_names.setdefault(decoded, decoded)
        else:
            decoded = shared_names.get(decoded, decoded)
        self.cached_name = decoded
        return decoded

    @cython.final
    cdef int parse_retry(self, const char *digit, const char *end) except -1:
        cdef long long milliseconds = 0
        if digit == end or end - digit > MAX_RETRY_DIGITS:
            return 0
        while digit < end:
            if not c"0" <= digit[0] <= c"9":
                return 0
            milliseconds = milliseconds * 10 + (digit[0] - c"0")
            digit += 1
        self._retry = self.block_retry = milliseconds
        return 0

    @cython.final
    cdef inline object end_block(self):
        """Process a blank line."""
        cdef object event = None
        cdef const char *data = NO_CHUNK
        cdef Py_ssize_t size = 0
        self.pending = 0
        if not self.has_field and not self.skipping:
            return None
        if self.block_id is not None:
            self._last_event_id = self.block_id
            self.has_set_id = True
        if self.skipping:
            pass
        elif self.has_data:
            if self.held != NULL:
                data, size = self.held, self.held_size
            elif self.data.size:  # else the buffer may be NULL
                data, size = self.data.at, self.data.size
            if self.payloads:
                self.event_name = self.event
                event = PyBytes_FromStringAndSize(data, size)
            else:
                event = self.dispatch(decode(data, size))
        elif self.empty_events and not (self.event is None and self.block_id is None and self.block_retry is None):
            event = self.dispatch("")
        self.clear_block()
        return event

    @cython.final
    cdef inline ServerSentEvent dispatch(self, str data):
        return make_event(self.event or MESSAGE, data, self._last_event_id, self.block_retry)

    @cython.final
    cdef void overflow(self, Py_ssize_t size) noexcept:
        """Note that the block, or a comment, is over the limit. The caller of scan raises the error."""
        if self.skip:
            if not self.skipping:
                self.skipping = True
                self.skipped += 1
                self.clear_data()
            return
        self.state = FAILED
        self.size = size
        self.pending += self.end - self.at
        self.drop_chunk()
        self.clear_line()
        self.clear_data()


present(Scanner, "ssescan.Scanner", NULL)

include "_compiled_reader.pxi"
include "_compiled_runs.pxi"
