# The items that a scanner returns: events, comments, unknown lines. Part of _compiled.pyx; twin of _python_events.py.


@cython.final
@cython.freelist(8)  # 8 ns an event, where each is gone before the next is made
cdef class ServerSentEvent:
    """ServerSentEvent(event="message", data="", id="", retry=None)\n--\n\nAn event (WHATWG HTML section 9.2.6).

    `event`: its type, "message" unless the stream named one. `data`: the data lines, joined with LF. `id`: the last
    event ID at dispatch, "" if none was sent yet. `retry`: the reconnection time that stood in this very block, ms, or
    None. Immutable and hashable. TypeError where a field is of another type.
    """

    # Fields typed as str and int cannot form cycles, so the garbage collector does not track events: that saves much of
    # their cost.
    cdef readonly str event
    cdef readonly str data
    cdef readonly str id
    cdef readonly cython.py_int retry

    __match_args__ = ("event", "data", "id", "retry")

    def json(self):
        """Parse `data` as JSON, by the standard library; ValueError if it is not JSON."""
        return shared.load_json(self.data)

    def __eq__(self, other):
        if type(other) is not ServerSentEvent:
            return NotImplemented
        return values(self) == values(<ServerSentEvent>other)

    def __hash__(self):
        return hash(values(self))

    def __repr__(self):
        return f"ServerSentEvent(event={self.event!r}, data={self.data!r}, id={self.id!r}, retry={self.retry!r})"

    def __reduce__(self):
        return shared.rebuild, ("ServerSentEvent", values(self))

    __copy__ = __deepcopy__ = shared.itself

    def __setattr__(self, name, value):
        shared.refuse_change(self, name)

    def __delattr__(self, name):
        shared.refuse_change(self, name)


cdef tuple values(ServerSentEvent event):
    return event.event, event.data, event.id, event.retry


cdef class _Text:
    """The base class of Comment and UnknownLine."""

    cdef readonly str text

    __match_args__ = ("text",)

    def __eq__(self, other):
        if type(other) is not type(self):
            return NotImplemented
        return self.text == (<_Text>other).text

    def __hash__(self):
        return hash((self.text,))

    def __repr__(self):
        return f"{type(self).__name__}(text={self.text!r})"

    def __reduce__(self):
        return shared.rebuild, (type(self).__name__, (self.text,))

    __copy__ = __deepcopy__ = shared.itself

    def __setattr__(self, name, value):
        shared.refuse_change(self, name)

    def __delattr__(self, name):
        shared.refuse_change(self, name)


@cython.final
cdef class Comment(_Text):
    """Comment(text)\n--\n\nA comment: a line that began with a colon.

    `text` is the line less the colon and one space after it.
    """


@cython.final
cdef class UnknownLine(_Text):
    """UnknownLine(text)\n--\n\nA line with a field name that the standard ignores. `text` is the whole line.
    """


cdef inline ServerSentEvent make_event(str event, str data, str id, cython.py_int retry):
    cdef ServerSentEvent made = ServerSentEvent.__new__(ServerSentEvent)
    made.event = event
    made.data = data
    made.id = id
    made.retry = retry
    return made


cdef object make_text(type cls, str text):
    cdef _Text made = Comment.__new__(Comment) if cls is Comment else UnknownLine.__new__(UnknownLine)
    made.text = text
    return made


# The constructors for Python code check the arguments and fill the object at once. `__init__` would run after that, and
# again for each direct call of it; `__cinit__` would run for make_event as well, which must not pay for it.
# (`X.__new__(X)` in this file calls the allocator that Cython wrote, not these.)

cdef object checked(object check, object cls, PyObject *args, PyObject *kwargs):
    cdef tuple positional = <tuple>args if args != NULL else ()
    cdef dict named = <dict>kwargs if kwargs != NULL else {}
    return check(cls, *positional, **named)


cdef object new_event(type cls, PyObject *args, PyObject *kwargs):
    event, data, id, retry = checked(shared.event_fields, cls, args, kwargs)
    return make_event(event, data, id, retry)


cdef object new_text(type cls, PyObject *args, PyObject *kwargs):
    check = shared.comment_text if cls is Comment else shared.unknown_line_text
    return make_text(cls, checked(check, cls, args, kwargs))


cdef void present(object cls, const char *name, object (*new)(type, PyObject *, PyObject *)) noexcept:
    """Name a class as the package presents it, to repr and to pickle, and give it its constructor."""
    cdef PyTypeObject *slots = <PyTypeObject *>cls
    slots.tp_name = name
    if new != NULL:
        slots.tp_new = new
        slots.tp_vectorcall = NULL  # Cython's own way to the allocator


cdef PyMemberDef[4] EVENT_FIELDS
cdef const char *EVENT_FIELD_NAMES[4]
EVENT_FIELD_NAMES[:] = ["event", "data", "id", "retry"]


cdef int list_fields() except -1:
    """Make the fields of an event plain slots, as __slots__ would: the interpreter reads those without a call.

    Cython makes getters, with which reading `event.data` takes 8 ns more. The instances of a class without C methods
    consist of its fields.
    """
    cdef PyTypeObject *slots = <PyTypeObject *>ServerSentEvent
    cdef int i
    if ServerSentEvent.__basicsize__ != sizeof(PyObject) + 4 * sizeof(PyObject *):
        return 0
    for i in range(4):
        EVENT_FIELDS[i].name = EVENT_FIELD_NAMES[i]
        EVENT_FIELDS[i].type = T_OBJECT_EX
        EVENT_FIELDS[i].offset = sizeof(PyObject) + i * sizeof(PyObject *)
        EVENT_FIELDS[i].flags = READONLY
        (<dict>slots.tp_dict)[EVENT_FIELDS[i].name.decode()] = PyDescr_NewMember(slots, &EVENT_FIELDS[i])
    PyType_Modified(slots)
    return 0


list_fields()
present(ServerSentEvent, "ssescan.ServerSentEvent", new_event)
present(Comment, "ssescan.Comment", new_text)
present(UnknownLine, "ssescan.UnknownLine", new_text)
