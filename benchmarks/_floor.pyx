# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
# cython: freethreading_compatible=True, auto_pickle=False
"""What cannot be saved: making the str and the object of each event in C, where somebody else knows where it lies.

Nothing is scanned here. `Floor` is told where each event's data begins and how long it is, and gives one object after
the other to a Python loop; the object is of the shape of ssescan.ServerSentEvent, and made and read the same way.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.object cimport PyObject
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.string cimport memcpy

cdef extern from "Python.h":
    str PyUnicode_New(Py_ssize_t size, Py_UCS4 largest)
    void *PyUnicode_DATA(object text)
    ctypedef struct PyTypeObject:
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

cdef str MESSAGE = "message"
cdef str NO_ID = ""


@cython.final
cdef class Event:
    cdef readonly str event
    cdef readonly str data
    cdef readonly str id
    cdef readonly cython.py_int retry


cdef struct Span:
    const char *at
    Py_ssize_t size


cdef class Floor:
    """An iterator of events. `spans`: the chunk, start and length of the data of each, bytes.

    `known_ascii`: make strings the quickest way there is, which is open to those who know that all of it is ASCII;
    else by PyUnicode_DecodeUTF8, which finds out.
    """

    cdef list chunks    # kept, as the spans point into them
    cdef Span *spans
    cdef Py_ssize_t next
    cdef Py_ssize_t count
    cdef bint known_ascii

    def __cinit__(self, list chunks, list spans, bint known_ascii):
        cdef Py_ssize_t index
        self.chunks = chunks
        self.known_ascii = known_ascii
        self.count = len(spans)
        self.spans = <Span *>PyMem_Malloc(max(self.count, 1) * sizeof(Span))
        if self.spans == NULL:
            raise MemoryError()
        for index, (chunk, start, size) in enumerate(spans):
            if not 0 <= start <= start + size <= len(<bytes?>chunks[chunk]):
                raise ValueError("a span lies outside its chunk")
            self.spans[index].at = PyBytes_AS_STRING(chunks[chunk]) + <Py_ssize_t>start
            self.spans[index].size = size

    def __dealloc__(self):
        PyMem_Free(self.spans)

    def rewind(self):
        """Begin again, and give itself."""
        self.next = 0
        return self

    def __iter__(self):
        return self

    def __next__(self):
        cdef Event made
        cdef Span *span
        cdef str data
        if self.next == self.count:
            raise StopIteration
        span = &self.spans[self.next]
        self.next += 1
        if self.known_ascii:
            data = PyUnicode_New(span.size, 0x7f)
            memcpy(PyUnicode_DATA(data), span.at, span.size)
        else:
            data = PyUnicode_DecodeUTF8(span.at, span.size, "replace")
        made = Event.__new__(Event)
        made.event = MESSAGE
        made.data = data
        made.id = NO_ID
        made.retry = None
        return made


cdef PyMemberDef[4] FIELDS


cdef int list_fields() except -1:
    # As in ssescan's _compiled.pyx: reading a field is to cost the same here and there.
    cdef PyTypeObject *slots = <PyTypeObject *>Event
    cdef int i
    FIELDS[0].name = "event"
    FIELDS[1].name = "data"
    FIELDS[2].name = "id"
    FIELDS[3].name = "retry"
    for i in range(4):
        FIELDS[i].type = T_OBJECT_EX
        FIELDS[i].offset = sizeof(PyObject) + i * sizeof(PyObject *)
        FIELDS[i].flags = READONLY
        (<dict>slots.tp_dict)[FIELDS[i].name.decode()] = PyDescr_NewMember(slots, &FIELDS[i])
    PyType_Modified(slots)
    return 0


list_fields()
