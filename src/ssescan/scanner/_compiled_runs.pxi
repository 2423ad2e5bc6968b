# Runs of events that are alike. Included by _compiled.pyx; twin of _python_runs.py.

cdef enum:  # kinds of gaps
    TEXT, STRING, NUMBER, SPACES

cdef enum:
    MAX_GAPS = 8
    MAX_RUN = 24 << 10

cdef const char *ESCAPED = b'"\\/bfnrtu'

cdef struct Gap:
    int kind
    Py_ssize_t start, end  # in the shape


cdef inline bint is_plain_escape(const char *at, const char *end) noexcept:
    """Return whether four hexadecimal digits follow, and are not half a character."""
    cdef int i
    if end - at < 4:
        return False
    for i in range(4):
        if not (c"0" <= at[i] <= c"9" or c"a" <= (at[i] | 0x20) <= c"f"):
            return False
    return not ((at[0] | 0x20) == c"d" and at[1] >= c"8")


cdef inline bint is_plain(const char *at, const char *end) noexcept:
    """Return whether there are ASCII characters only, none of which JSON escapes, or escapes with."""
    # All of it, without an early end: a loop that compilers turn into vector instructions.
    cdef const unsigned char *text = <const unsigned char *>at
    cdef unsigned char odd = 0
    cdef Py_ssize_t i
    for i in range(end - at):
        odd |= (text[i] < 0x20) | (text[i] == c"\\") | (text[i] >= 0x80)
    return not odd


cdef const char *past_string(const char *at, const char *end, bint *ascii) noexcept:
    """Return the quote that ends a JSON string; NULL if it is not there, or the string is not plainly valid."""
    cdef const char *quote = <const char *>memchr(at, c'"', end - at)
    cdef unsigned char byte
    if quote == NULL or is_plain(at, quote):
        return quote
    while at < end:
        byte = <unsigned char>at[0]
        if byte == c'"':
            return at
        if byte < 0x20:
            return NULL
        if byte >= 0x80:
            ascii[0] = False
        elif byte == c"\\":
            at += 1
            if at == end or memchr(ESCAPED, at[0], 9) == NULL:
                return NULL
            if at[0] == c"u":
                if not is_plain_escape(at + 1, end):
                    return NULL
                at += 4
        at += 1
    return NULL


cdef inline const char *past_gap(int kind, const char *at, const char *end, bint *ascii) noexcept:
    """Return where what may stand in a gap ends; NULL if something else stands there."""
    cdef const char *start = at
    if kind == TEXT or kind == STRING:
        return past_string(at, end, ascii)
    if kind == SPACES:
        while at < end and at[0] == c" ":
            at += 1
        return at
    while at < end and c"0" <= at[0] <= c"9":
        at += 1
    return NULL if at == start or (start[0] == c"0" and at > start + 1) else at


cdef bint is_utf8(const char *text, Py_ssize_t size) except -1:
    try:
        PyUnicode_DecodeUTF8(text, size, "strict")
    except UnicodeDecodeError:
        return False
    return True


cdef inline Py_ssize_t size_of_event(const char *at, const char *end) noexcept:
    """Return the size up to a blank line, CR alone aside; of all if there is none."""
    cdef const char *found = at
    while found < end:
        found = <const char *>memchr(found, c"\n", end - found)
        if found == NULL:
            break
        found += 1
        if found < end and found[0] == c"\n":
            return found + 1 - at
        if end - found >= 2 and found[0] == c"\r" and found[1] == c"\n":
            return found + 2 - at
    return end - at


@cython.final
cdef class EventRun:
    """Twin of EventRun in `_python_runs.py`, which describes it."""

    cdef object read
    cdef bytes shape
    cdef Gap[MAX_GAPS] gaps
    cdef int count              # of the gaps
    cdef int text_gap           # which of them is the text
    cdef flag is_ascii          # the shape without its gaps
    cdef flag goes_on           # an event of this shape may be joined to the one before
    cdef Buffer text            # of the events that were joined
    cdef const char *piece      # of the event that matched last: its text
    cdef Py_ssize_t piece_size
    cdef readonly Py_ssize_t joined
    cdef readonly bytes unsent

    def __init__(self, read):
        self.read = read
        self.unsent = b""

    def __dealloc__(self):
        release(&self.text)

    @cython.critical_section
    def feed(self, chunk):
        """Accept the next chunk; return it."""
        cdef const char *at
        cdef const char *end
        cdef const char *start
        cdef Py_ssize_t size
        cdef bytes data = chunk if type(chunk) is bytes else chunk_bytes(chunk)
        self.unsent = data
        start = at = PyBytes_AS_STRING(data)
        end = at + PyBytes_GET_SIZE(data)
        while at < end:
            size = self.match(at, end)
            if size and self.goes_on and self.text.size + self.piece_size <= MAX_RUN:
                append(&self.text, self.piece, self.piece_size, PY_SSIZE_T_MAX)
                self.joined += 1
                at += size
                continue
            at = self.read_event(data, at - start, size)
        self.unsent = b""
        return data

    @cython.critical_section
    def flush(self):
        """Read what was joined."""
        self.read_joined()

    @cython.final
    cdef int read_joined(self) except -1:
        cdef bytes before, text
        if self.text.size and self.shape is not None:
            before = self.shape[:self.gaps[self.text_gap].start]
            text = PyBytes_FromStringAndSize(self.text.at, self.text.size)
            release(&self.text)
            self.joined -= 1
            self.read(before + text + self.shape[self.gaps[self.text_gap].end:], True)
        return 0

    @cython.final
    cdef const char *read_event(self, bytes data, Py_ssize_t start, Py_ssize_t size) except NULL:
        """Read an event, or the rest of a chunk that has no end of one; return where it ends. `size`: if it matches."""
        cdef const char *at = PyBytes_AS_STRING(data) + start
        cdef bint alike = size > 0
        self.read_joined()
        self.goes_on = False
        if not alike:
            size = size_of_event(at, PyBytes_AS_STRING(data) + PyBytes_GET_SIZE(data))
        found = self.read(data[start : start + size], alike)
        if found is not None:
            if not alike:
                self.set_shape(found[0], found[1])
            self.goes_on = True
        return at + size

    @cython.final
    cdef int set_shape(self, bytes event, gaps) except -1:
        cdef int number = 0
        cdef Py_ssize_t done = 0
        if event is None:
            raise TypeError("the event must be bytes, not None")
        self.count = 0
        self.shape = event
        self.is_ascii = True
        for kind, start, end in gaps:
            if not (number < MAX_GAPS and done <= start <= end <= PyBytes_GET_SIZE(event)):
                raise ValueError("gaps within the event were expected")
            self.gaps[number] = Gap(kind, start, end)
            self.is_ascii = self.is_ascii and event[done:start].isascii()
            if kind == TEXT:
                self.text_gap = number
            number += 1
            done = end
        self.is_ascii = self.is_ascii and event[done:].isascii()
        self.count = number
        return 0

    @cython.final
    cdef inline Py_ssize_t match(self, const char *at, const char *end) except -1:
        """Return the size of the event that begins there and has the shape; 0 if none does."""
        cdef const char *start = at
        cdef const char *shape
        cdef const char *past
        cdef Py_ssize_t done = 0, size
        cdef bint ascii = self.is_ascii
        cdef int i
        cdef Gap *gap
        if self.count == 0 or self.shape is None:  # None: the garbage collector was here
            return 0
        shape = PyBytes_AS_STRING(self.shape)
        for i in range(self.count):
            gap = &self.gaps[i]
            size = gap.start - done
            if end - at < size or memcmp(at, shape + done, size) != 0:
                return 0
            at += size
            past = past_gap(gap.kind, at, end, &ascii)
            if past == NULL:
                return 0
            if gap.kind == TEXT:
                self.piece, self.piece_size = at, past - at
            at = past
            done = gap.end
        size = PyBytes_GET_SIZE(self.shape) - done
        if end - at < size or memcmp(at, shape + done, size) != 0:
            return 0
        at += size
        if not self.piece_size or at - start > MAX_RUN or not (ascii or is_utf8(start, at - start)):
            return 0
        return at - start


present(EventRun, "ssescan.scanner.EventRun", NULL)
