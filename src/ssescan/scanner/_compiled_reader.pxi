# Chunks to events, one at a time. Included by _compiled.pyx; twin of _python_reader.py.


cdef extern from *:
    # The value of time.perf_counter_ns(), without the call and the int, which take 60 ns of each read.
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
    """Chunks in, events out, one at a time: `feed` a chunk, `pop` until it returns None, and at the end `close`.

    Twin of EventReader in `_python_reader.py`, which describes the arguments and attributes.
    """

    cdef Scanner scanner
    cdef list leftover      # the items that the scanner's close() returned, in reverse; None before, and after drop()
    cdef flag reading       # a caller is at work: it waits for a chunk, or code of the program's runs
    cdef flag timing
    cdef readonly bint is_over
    cdef readonly Py_ssize_t reads, bytes_read, events, events_before_close
    cdef public Py_ssize_t keep_alives
    cdef public bint whole_body
    cdef long long _received_ns

    def __cinit__(self, *args, **kwargs):
        # There is a scanner even if a subclass does not call __init__.
        self.scanner = Scanner.__new__(Scanner)

    def __init__(self, Scanner scanner not None, bint timing=False, bint payloads=False):
        self.scanner = scanner
        scanner.payloads = payloads
        self.timing = timing

    def __reduce__(self):
        raise TypeError(shared.STREAM_IS_NO_VALUE)

    __class_getitem__ = classmethod(GenericAlias)

    # These lock: in a free-threaded build, the value could be replaced before they hold a reference to it.

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
    @cython.critical_section
    def event_name(self):
        return self.scanner.event_name

    @property
    def progress(self):
        return self.events - self.keep_alives

    @property
    def has_set_id(self):
        return bool(self.scanner.has_set_id)

    @property
    def cut(self):
        return self.scanner.cut

    @property
    def cut_in_line(self):
        return bool(self.scanner.cut_in_line)

    def bytes_of(self, chunk):
        """Return the bytes of a chunk that is not exactly bytes. A subclass may know more kinds of chunks."""
        return chunk_bytes(chunk)

    @cython.critical_section
    def feed(self, chunk):
        """Accept the next chunk. Drops the rest of the one before: pop until there is None."""
        self.check_idle()
        self.begin_chunk(chunk)

    @cython.critical_section
    def pop(self):
        """Return the next event in the chunk, None if there is none. Raises EventTooLarge."""
        cdef bint failed = True
        self.check_idle()
        try:
            item = self.next_item()
            failed = False
        finally:
            if failed:
                self.drop()  # memory ran out: an event is lost, and the next one must not follow the gap
        if item is None:
            self.check_limit()
        return item

    @cython.critical_section
    def close(self):
        """End the stream, which may leave an event to pop."""
        self.check_idle()
        self.end_stream()

    @cython.critical_section
    def stop(self):
        """Drop the rest; nothing can be fed or popped any more."""
        self.drop()

    @cython.final
    cdef inline object next_item(self):
        cdef object item
        if self.leftover:
            item = self.leftover.pop()
        else:
            item = self.scanner.scan()
        if type(item) is ServerSentEvent or type(item) is bytes:
            self.events += 1
        return item

    @cython.final
    cdef int check_limit(self) except -1:
        """Raise EventTooLarge once, where scan() only noted it."""
        if self.scanner.state == FAILED and not self.is_over:
            self.is_over = True
            raise EventTooLarge(self.scanner.limit, self.scanner.size)
        return 0

    @cython.final
    cdef inline int check_idle(self) except -1:
        if self.reading:
            raise ValueError(shared.ALREADY_READING)
        return 0

    @cython.final
    cdef bint begin_chunk(self, chunk) except -1:
        """Pass a chunk to the scanner. Returns False if code of the chunk's own stopped the reader."""
        cdef bint failed = True
        if self.timing:
            self._received_ns = perf_counter_ns()
        self.reads += 1
        if type(chunk) is not bytes:
            chunk = self.other_bytes(chunk)
            if chunk is None:
                return False
        self.bytes_read += PyBytes_GET_SIZE(chunk)
        try:
            self.scanner.begin_chunk(<bytes>chunk)
            failed = False
        finally:
            if failed:
                self.drop()  # memory ran out, and the scanner may still point into the chunk before
        return True

    cdef bytes other_bytes(self, chunk):
        """Return the bytes of a chunk of another type; None if code of the chunk's own stopped the reader."""
        cdef flag reading = self.reading
        cdef flag was_over = self.is_over
        self.reading = True
        try:
            chunk = asked_bytes(self.scanner, self.bytes_of, chunk)
        finally:
            self.reading = reading
        return None if self.is_over != was_over else chunk

    @cython.final
    cdef int end_stream(self) except -1:
        self.is_over = True
        self.events_before_close = self.events
        self.leftover = self.scanner.end_stream()
        self.leftover.reverse()
        return 0

    @cython.final
    cdef int drop(self) except -1:
        self.is_over = True
        self.leftover = None
        self.scanner.abandon()
        return 0


cdef class ReaderState:
    """A base class of streams: the attributes that a stream has from its reader.

    Twin of ReaderState in `_python_reader.py`.
    """

    cdef readonly EventReader _reader

    def __cinit__(self, *args, **kwargs):
        self._reader = EventReader.__new__(EventReader)

    def __init__(self, EventReader reader not None):
        self._reader = reader

    def __reduce__(self):
        raise TypeError(shared.STREAM_IS_NO_VALUE)

    __class_getitem__ = classmethod(GenericAlias)

    @property
    def last_event_id(self):
        return self._reader.last_event_id

    @property
    def retry(self):
        return self._reader.retry

    @property
    def received_ns(self):
        return self._reader.received_ns

    @property
    def skipped(self):
        return self._reader.skipped

    @property
    def reads(self):
        return self._reader.reads

    @property
    def bytes_read(self):
        return self._reader.bytes_read


cdef class EventIterator(ReaderState):
    """An iterator of events that asks for a chunk only when its reader has no event left. A base class of streams.

    Twin of EventIterator in `_python_reader.py`, which describes `chunks` and the methods to override.
    """

    cdef object opened      # the iterator of chunks
    cdef flag ended         # the chunks ended, and _finish was not called yet

    def __init__(self, EventReader reader not None, chunks=None):
        self._reader = reader
        self.opened = chunks
        inherit_next(type(self))

    def _open(self):
        """Return the iterator of chunks."""
        raise TypeError(shared.NO_SOURCE)

    def _finish(self, error, cut):
        """Clean up at the end: a subclass may."""
        return False

    def _start(self):
        """Open the chunks before the first read."""
        reader = self._reader
        with cython.critical_section(reader):
            if reader.reading:
                raise ValueError(shared.ALREADY_READING)
            reader.reading = True
            try:
                if self.opened is None:
                    self.opened = shared.checked_source(self._open())
            except BaseException as error:
                reader.stop()
                self._finish(error, False)
                raise
            finally:
                reader.reading = False

    def __iter__(self):
        return self

    def __next__(self):
        cdef EventReader reader = self._reader
        cdef object item = None
        cdef bint failed = True
        with cython.critical_section(reader):
            reader.check_idle()
            try:
                item = reader.next_item()
                failed = False
            finally:
                # Not `except`, which costs time though nothing is raised: 94 ns an event in 16 KiB chunks, not 79.
                if failed:
                    reader.drop()  # first, as memory may have run out: what follows needs some
                    if self.fail(sys.exc_info()[1]):
                        raise StopIteration
            if item is None:
                item = self.read_on()
        if item is None:
            raise StopIteration
        return item

    @cython.final
    cdef object read_on(self):
        cdef object item = None
        self._reader.reading = True
        try:
            item = self.advance()
        except BaseException as error:
            if not self.fail(error):
                raise
        self._reader.reading = False
        return item

    cdef bint fail(self, error) except -1:
        """Stop; return whether _finish accepts the error as an ordinary end."""
        self._reader.drop()
        self._reader.reading = True
        try:
            return bool(self._finish(error, False))
        finally:
            self._reader.reading = False

    @cython.final
    cdef object advance(self):
        """Ask for chunks until one completes an event; None at the end."""
        cdef EventReader reader = self._reader
        reader.check_limit()
        while not reader.is_over:
            if self.opened is None:
                self.opened = shared.checked_source(self._open())
            chunk = next(self.opened, END)
            if chunk is END and not reader.is_over:
                reader.end_stream()
                self.ended = True
            elif reader.is_over or not reader.begin_chunk(chunk):
                # Stopped meanwhile, by another thread or by the source itself, which could not be closed while it ran.
                self._finish(None, False)
                break
            item = reader.next_item()
            if item is not None:
                return item
            reader.check_limit()
        if self.ended and reader.leftover is not None:
            self._finish(None, reader.scanner.cut)
        self.ended = False
        return None


cdef int inherit_next(object cls) except -1:
    """Set the slot for next() of a subclass to that of EventIterator, which it would inherit from a class in C.

    Cython lists __next__ among the methods, and for one of those Python gives a subclass a slot that looks it up by
    name and calls it as a method, for every event.
    """
    cdef PyTypeObject *slots = <PyTypeObject *>cls
    cdef PyTypeObject *ours = <PyTypeObject *>EventIterator
    if slots.tp_iternext != ours.tp_iternext and cls.__next__ is EventIterator.__next__:
        slots.tp_iternext = ours.tp_iternext
    return 0


present(EventReader, "ssescan.scanner.EventReader", NULL)
present(ReaderState, "ssescan.scanner.ReaderState", NULL)
present(EventIterator, "ssescan.scanner.EventIterator", NULL)
