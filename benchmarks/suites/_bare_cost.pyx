# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
# cython: freethreading_compatible=True, auto_pickle=False
# distutils: extra_compile_args = -O3 -g0
"""The cost that no scanner can save: making the str and the object of each event in C.

Nothing is scanned here. `BareCost` knows where each event's data begins and how long it is, and yields one object after
the other to a Python loop; the object has the shape of ssescan.ServerSentEvent, and is made and read the same way. The
flags are those of the package's own setup.py.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.object cimport PyObject
from cpython.unicode cimport PyUnicode_DecodeUTF8

cdef extern from "Python.h":
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


cdef class BareCost:
    """An iterator of events. `spans`: the start and length of the data of each in the stream, bytes."""

    cdef bytes stream    # kept, as the spans point into it
    cdef Span *spans
    cdef Py_ssize_t next
    cdef Py_ssize_t count

    def __cinit__(self, bytes stream, list spans):
        cdef Py_ssize_t index
        self.stream = stream
        self.count = len(spans)
        self.spans = <Span *>PyMem_Malloc(max(self.count, 1) * sizeof(Span))
        if self.spans == NULL:
            raise MemoryError()
        for index, (start, size) in enumerate(spans):
            if not 0 <= start <= start + size <= len(stream):
                raise ValueError("a span lies outside the stream")
            self.spans[index].at = PyBytes_AS_STRING(stream) + <Py_ssize_t>start
            self.spans[index].size = size

    def __dealloc__(self):
        PyMem_Free(self.spans)

    def rewind(self):
        """Begin again, and return itself."""
        self.next = 0
        return self

    def __iter__(self):
        return self

    def __next__(self):
        cdef Event made
        cdef Span *span
        if self.next == self.count:
            raise StopIteration
        span = &self.spans[self.next]
        self.next += 1
        made = Event.__new__(Event)
        made.event = MESSAGE
        made.data = PyUnicode_DecodeUTF8(span.at, span.size, "replace")
        made.id = NO_ID
        made.retry = None
        return made


cdef PyMemberDef[4] FIELDS


cdef int list_fields() except -1:
    # As in ssescan's _compiled.pyx: reading a field must cost the same in both.
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
