# Bytes: a buffer of them, text made from them, the parts of a line. Included by _compiled.pyx.
# Python has these built in, so they have no twin.

cdef struct Buffer:
    char *at
    Py_ssize_t size
    Py_ssize_t capacity


cdef int append(Buffer *buffer, const char *source, Py_ssize_t size, Py_ssize_t limit) except -1:
    """Append to a buffer, doubling it as needed, but not beyond the limit that it will never pass.

    The first piece must not be empty: the buffer is NULL, which memcpy must not get, not even to copy nothing.
    """
    cdef Py_ssize_t needed = buffer.size + size
    cdef Py_ssize_t capacity
    cdef void *grown
    if needed > buffer.capacity:
        capacity = max(buffer.capacity, SMALLEST_BUFFER // 2)
        while capacity < needed:
            capacity = capacity * 2 if capacity <= PY_SSIZE_T_MAX // 2 else needed
        capacity = max(needed, min(capacity, limit), min(<Py_ssize_t>SMALLEST_BUFFER, capacity))
        grown = PyMem_Realloc(buffer.at, capacity)
        if grown == NULL:
            raise MemoryError()
        buffer.at = <char *>grown
        buffer.capacity = capacity
    memcpy(buffer.at + buffer.size, source, size)
    buffer.size = needed
    return 0


cdef inline void release(Buffer *buffer) noexcept:
    if buffer.at != NULL:
        PyMem_Free(buffer.at)
        buffer.at = NULL
        buffer.size = buffer.capacity = 0


cdef inline bint is_ascii(const char *text, Py_ssize_t size) noexcept:
    # All of it, without an early end: a loop that compilers turn into vector instructions.
    cdef unsigned char seen = 0
    cdef Py_ssize_t i
    for i in range(size):
        seen |= <unsigned char>text[i]
    return seen < 0x80


cdef inline str decode_inline(const char *text, Py_ssize_t size):
    """Return bytes as text. `text` must not be NULL, not even for no bytes."""
    cdef str decoded
    if is_ascii(text, size):
        # For 250 bytes, 188 instructions where PyUnicode_DecodeUTF8 takes 351.
        decoded = PyUnicode_New(size, 0x7f)
        memcpy(PyUnicode_DATA(decoded), text, size)
        return decoded
    return PyUnicode_DecodeUTF8(text, size, "replace")


cdef str decode(const char *text, Py_ssize_t size):
    # One copy for all places but one: with many copies to make, compilers would make none.
    return decode_inline(text, size)


cdef inline bint is_field(const char *line, Py_ssize_t size, const char *name, Py_ssize_t length) noexcept:
    return size >= length and memcmp(line, name, length) == 0 and (size == length or line[length] == c":")


cdef inline const char *value_of(const char *line, Py_ssize_t length, const char *end) noexcept:
    """Return where the value begins in a line that ends at `end`: after a name of that length, a colon, one space."""
    cdef const char *value = line + length
    if value < end:
        value += 1
        if value < end and value[0] == c" ":
            value += 1
    return value
