# Chunks to events, one at a time. Included by _compiled.pyx; twin of _python_pump.py.


cdef class EventPump:
    """Chunks to events, one at a time: an iterator that takes a chunk only when it has no event left.

    A chunk is scanned only as far as it is asked for, so `last_event_id` is that of the event given last, and not of
    one that came in the same chunk and was not given yet.

    Two ways to use it. As a base class of what is iterated over: `_open` gives the iterator of chunks, `_finish` is
    called once, when that has ended (None, and whether it was cut) or something was raised (the exception). Or from
    outside, by one who fetches the chunks himself: `push` one, `pop` until there is None, and in the end `finish`.

    Twin of EventPump in `_python.py`.
    """

    cdef Scanner scanner
    cdef object source
    cdef list leftover      # what the scanner's close() gave: a list that is popped from the end
    cdef flag reading
    cdef readonly bint over
    cdef readonly bint timing
    cdef readonly Py_ssize_t reads
    cdef readonly Py_ssize_t bytes_read
    cdef readonly Py_ssize_t events
    cdef object time

    def __init__(self, Scanner scanner not None, bint timing=False):
        self.scanner = scanner
        self.timing = timing
        inherit_next(type(self))

    @classmethod
    def __class_getitem__(cls, item):
        return GenericAlias(cls, item)

    @property
    def last_event_id(self):
        return self.scanner.id

    @property
    def retry(self):
        return self.scanner.time

    @property
    def received_ns(self):
        return self.time

    def _open(self):
        raise NotImplementedError("a subclass says where chunks come from")

    def _finish(self, error, cut):
        raise NotImplementedError("a subclass says what to do at the end")

    @cython.critical_section
    def push(self, chunk):
        """Take the next chunk. What is left of the one before is dropped: pop until there is None."""
        self.scanner.check_open()
        self.take(chunk)

    @cython.critical_section
    def pop(self):
        """Give the next thing in the chunk, None if there is none. Raises EventTooLarge."""
        item = self.next_item()
        if item is None:
            self.check_limit()
        return item

    @cython.critical_section
    def finish(self):
        """Take the end of the stream, which may leave something to pop; tell whether it was cut."""
        return self.take_end()

    @cython.critical_section
    def stop(self):
        """Drop what is left, and take no more."""
        self.end()

    def __iter__(self):
        return self

    @cython.critical_section
    def __next__(self):
        if self.reading:
            raise ValueError(ALREADY_READING)
        item = self.next_item()
        if item is None:
            item = self.read_on()
            if item is None:
                raise StopIteration
        return item

    cdef object read_on(self):
        """Take chunks until one completes something; None at the end."""
        try:
            return self.advance()
        except BaseException as error:
            self.reading = False
            self.end()
            self._finish(error, False)
            raise

    cdef object advance(self):
        self.check_limit()
        while not self.over:
            if self.source is None:
                self.source = self._open()
            self.reading = True
            chunk = next(self.source, END)
            self.reading = False
            if self.over:
                break  # stopped meanwhile, by another thread or by the source itself
            if chunk is END:
                self._finish(None, self.take_end())
            else:
                self.take(chunk)
            item = self.next_item()
            if item is not None:
                return item
            self.check_limit()
        return None

    cdef inline object next_item(self):
        cdef object item
        if self.leftover:
            item = self.leftover.pop()
        else:
            item = self.scanner.scan()
        if type(item) is ServerSentEvent:
            self.events += 1
        return item

    cdef int check_limit(self) except -1:
        """Raise what scan does not, if there is something to raise and it was not raised yet."""
        if self.scanner.failed and not self.over:
            self.over = True
            raise EventTooLarge(self.scanner.limit, self.scanner.size)
        return 0

    cdef int take(self, chunk) except -1:
        if self.timing:
            self.time = perf_counter_ns()
        self.reads += 1
        if type(chunk) is not bytes:
            chunk = chunk_bytes(chunk)
        self.bytes_read += PyBytes_GET_SIZE(chunk)
        self.scanner.put_away()
        self.scanner.push(<bytes>chunk)
        return 0

    cdef bint take_end(self) except -1:
        self.over = True
        self.leftover = self.scanner.take_end()
        self.leftover.reverse()
        return self.scanner.was_cut

    cdef int end(self) except -1:
        self.over = True
        self.leftover = None
        self.scanner.drop_chunk()
        self.scanner.clear_data()
        return 0


cdef int inherit_next(object cls) except -1:
    """Give a subclass of EventPump the slot for next() that it would have inherited, had it not been written in Cython.

    Cython lists __next__ among the methods, and for one of those Python gives a subclass a slot that looks it up by
    name: 20 ns an event.
    """
    cdef PyTypeObject *slots = <PyTypeObject *>cls
    cdef PyTypeObject *ours = <PyTypeObject *>EventPump
    if slots.tp_iternext != ours.tp_iternext and cls.__next__ is EventPump.__next__:
        slots.tp_iternext = ours.tp_iternext
    return 0
