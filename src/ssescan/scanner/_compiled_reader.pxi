# Chunks to events, one at a time. Included by _compiled.pyx; twin of _python_reader.py.


cdef extern from *:
    # What time.perf_counter_ns() gives, without the call and the int that it costs: 60 ns of each read.
    """
    #if PY_VERSION_HEX >= 0x030D0000
    static long long perf_counter_ns(void) {
        PyTime_t now;
        (void)PyTime_PerfCounterRaw(&now);
        return (long long)now;
    }
    #else
    static long long perf_counter_ns(void) { return (long long)_PyTime_GetPerfCounter(); }
    #endif
    """
    long long perf_counter_ns() noexcept


cdef class EventReader:
    """Chunks to events, one at a time: an iterator that takes a chunk only when it has no event left.

    A chunk is scanned only as far as it is asked for, so `last_event_id` is that of the event given last, and not of
    one that came in the same chunk and was not given yet.

    Two ways to use it. As a base class of what is iterated over: `_open` gives the iterator of chunks; `_finish` is
    called when all has been given (None, and whether the stream was cut), when something was raised (the exception; it
    is raised on, unless this returns True), or when a read returned after `_stop` (None, False). Or from outside, with
    chunks from elsewhere: `_feed` one, `_pop` until it returns None, and at the end `_close_input`.

    With `payloads`, the data of an event is given in place of the event, as the bytes that came, and no str is made of
    it; `_event_name` is then the name that the event had, None if it had none.

    Twin of EventReader in `_python_reader.py`.
    """

    cdef Scanner scanner
    cdef object source
    cdef list leftover      # what the scanner's close() gave: a list that is popped from the end
    cdef flag reading
    cdef flag over          # no chunk will be taken any more
    cdef flag ended         # the source ended, and _finish was not told of it yet
    cdef flag timing
    cdef readonly Py_ssize_t reads
    cdef readonly Py_ssize_t bytes_read
    cdef readonly Py_ssize_t _events    # events given so far
    cdef readonly Py_ssize_t _events_before_end     # of these, before the source ended
    cdef long long _received_ns     # of the last read, ns, with timing

    def __cinit__(self, *args, **kwargs):
        # Whatever a subclass does with __init__, there is a scanner.
        self.scanner = Scanner.__new__(Scanner)

    def __init__(self, Scanner scanner not None, bint timing=False, bint payloads=False):
        self.scanner = scanner
        scanner.payloads = payloads
        self.timing = timing
        inherit_next(type(self))

    def __reduce__(self):
        raise TypeError(STREAM_IS_NO_VALUE)

    @classmethod
    def __class_getitem__(cls, item):
        return GenericAlias(cls, item)

    # Getters take the lock: in a free-threaded build, what they give could be replaced while they take hold of it.

    @property
    @cython.critical_section
    def last_event_id(self):
        return self.scanner._last_event_id

    @property
    @cython.critical_section
    def retry(self):
        return self.scanner._retry

    @property
    @cython.critical_section
    def received_ns(self):
        return self._received_ns if self.timing and self.reads else None

    @property
    def skipped(self):
        return self.scanner.skipped

    @property
    def _over(self):
        return bool(self.over)

    @property
    @cython.critical_section
    def _event_name(self):
        return self.scanner.event_name

    @property
    def _cut_in_line(self):
        return bool(self.scanner.cut_in_line)

    def _open(self):
        """Give the iterator of chunks: a subclass's to say. Who pushes chunks does not iterate."""
        raise TypeError(NO_SOURCE)

    def _finish(self, error, cut):
        """Do what is to be done at the end: nothing, unless a subclass says so."""
        return False

    def _bytes_of(self, chunk):
        """Give the bytes of a chunk that is not exactly bytes; a subclass may know more kinds. TypeError for others."""
        return chunk_bytes(chunk)

    @cython.critical_section
    def _feed(self, chunk):
        """Take the next chunk. What is left of the one before is dropped: pop until there is None."""
        self.check_idle()
        self.feed(chunk)

    @cython.critical_section
    def _pop(self):
        """Give the next thing in the chunk, None if there is none. Raises EventTooLarge."""
        self.check_idle()
        item = self.next_item()
        if item is None:
            self.check_limit()
        return item

    @cython.critical_section
    def _close_input(self):
        """Take the end of the stream, which may leave something to pop; tell whether it was cut."""
        self.check_idle()
        self.close_input()
        return bool(self.scanner._cut)

    @cython.critical_section
    def _stop(self):
        """Drop what is left, and take no more."""
        self.stop()

    def __iter__(self):
        return self

    @cython.critical_section
    def __next__(self):
        self.check_idle()
        cdef object item = None
        cdef bint failed = True
        try:
            item = self.next_item()
            failed = False
        finally:
            # Not `except`, which costs though nothing is raised: 94 ns an event in 16 KiB chunks, 79 so.
            if failed and self.fail(sys.exc_info()[1]):
                raise StopIteration
        if item is None:
            item = self.read_on()
            if item is None:
                raise StopIteration
        return item

    cdef object read_on(self):
        cdef object item = None
        self.reading = True
        try:
            item = self.advance()
        except BaseException as error:
            if not self.fail(error):
                raise
        self.reading = False
        return item

    cdef bint fail(self, error) except -1:
        """Stop; return whether _finish takes what was raised for the end."""
        self.stop()
        self.reading = True
        try:
            return bool(self._finish(error, False))
        finally:
            self.reading = False

    cdef object advance(self):
        """Take chunks until one completes something; None at the end."""
        self.check_limit()
        while not self.over:
            if self.source is None:
                self.source = checked_source(self._open())
            chunk = next(self.source, END)
            if chunk is END and not self.over:
                self.close_input()
            elif self.over or not self.feed(chunk):
                # Stopped meanwhile, by another thread or by the source itself, which could not be closed while it ran.
                self._finish(None, False)
                break
            item = self.next_item()
            if item is not None:
                return item
            self.check_limit()
        if self.ended:
            self.ended = False
            self._finish(None, bool(self.scanner._cut))
        return None

    cdef inline object next_item(self):
        cdef object item
        if self.leftover:
            item = self.leftover.pop()
        else:
            item = self.scanner.scan()
        if type(item) is ServerSentEvent or type(item) is bytes:
            self._events += 1
        return item

    cdef int check_limit(self) except -1:
        """Raise what scan does not, if there is something to raise and it was not raised yet."""
        if self.scanner.failed and not self.over:
            self.over = True
            raise EventTooLarge(self.scanner.limit, self.scanner.size)
        return 0

    @cython.final
    cdef inline int check_idle(self) except -1:
        if self.reading:
            raise ValueError(ALREADY_READING)
        return 0

    cdef bint feed(self, chunk) except -1:
        """Hand a chunk to the scanner; return False if the reader was stopped when the chunk was asked for its bytes."""
        if self.timing:
            self._received_ns = perf_counter_ns()
        self.reads += 1
        if type(chunk) is not bytes:
            chunk = self.bytes_of(chunk)
            if chunk is None:
                return False
        self.bytes_read += PyBytes_GET_SIZE(chunk)
        self.scanner.begin_chunk(<bytes>chunk)
        return True

    cdef bytes bytes_of(self, chunk):
        """Return the bytes of a chunk; None if the reader was stopped meanwhile."""
        cdef flag reading = self.reading
        cdef flag over = self.over
        self.reading = True
        try:
            chunk = asked_bytes(self.scanner, self._bytes_of, chunk)
        finally:
            self.reading = reading
        return None if self.over != over else chunk

    cdef int close_input(self) except -1:
        self.over = self.ended = True
        self._events_before_end = self._events
        self.leftover = self.scanner.end_stream()
        self.leftover.reverse()
        return 0

    cdef int stop(self) except -1:
        self.over = True
        self.ended = False
        self.leftover = None
        self.scanner.abandon()
        return 0


cdef int inherit_next(object cls) except -1:
    """Give a subclass of EventReader the slot for next() that it would have inherited, had it not been written in Cython.

    Cython lists __next__ among the methods, and for one of those Python gives a subclass a slot that looks it up by
    name and calls it as a method, for every event.
    """
    cdef PyTypeObject *slots = <PyTypeObject *>cls
    cdef PyTypeObject *ours = <PyTypeObject *>EventReader
    if slots.tp_iternext != ours.tp_iternext and cls.__next__ is EventReader.__next__:
        slots.tp_iternext = ours.tp_iternext
    return 0


present(EventReader, "ssescan.scanner.EventReader", NULL)
