"""Code of both backends that does not affect speed: checks of arguments, error texts, pickles, JSON.

Knows nothing of scanning.
"""

from __future__ import annotations

import sys
from _thread import get_ident

TYPE_CHECKING = False  # importing typing takes 9 ms, a third of the limit for the whole package
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Literal, NoReturn, TypedDict

    class StreamOptions(TypedDict, total=False):
        """The options of a Scanner that do not change the types that it returns."""

        max_event_size: int | None
        oversize: Literal["raise", "skip"]
        empty_events: bool
        unterminated: Literal["drop", "dispatch"]


DEFAULT_MAX_EVENT_SIZE = 64 * 2**20
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Nothing may use an EventReader while it waits for a chunk: two callers would each get half of a block. Nor while it
# asks a chunk for its bytes or calls _finish, which run the program's code as well.
ALREADY_READING = "this stream is being read already: a stream has one reader at a time"
SCANNER_IS_NO_VALUE = "a Scanner cannot be pickled or copied: it stands in the middle of a stream"
NO_SOURCE = "this iterator has no source: override _open, which returns an iterator of chunks"
STREAM_IS_NO_VALUE = "a stream cannot be pickled or copied: it reads from one source"
ALREADY_FED = "this scanner is being fed already: a chunk that is asked for its bytes must not use the scanner"
FED_AFTER_CLOSE = "feed() came after close(): call reset() to read another stream"
FED_AFTER_TOO_LARGE = "feed() came after EventTooLarge, the stream cannot be read on: call reset() to read another"


def _kind(value: object) -> str:
    return type(value).__name__


def _exact_str(name: str, value: object) -> str:
    if type(value) is str:
        return value
    if isinstance(value, str):
        return str.__str__(value)
    raise TypeError(f"{name} must be a str, not {_kind(value)}")


SCANNER_DOC = """Bytes in, events out (WHATWG HTML section 9.2.6). No I/O; the chunks may be cut anywhere.

    `max_event_size`: the limit on one block or one comment, bytes, line ends not counted; a security limit. None: no
    limit. `oversize`: "raise" EventTooLarge, or "skip" the event and go on. `empty_events`: also dispatch blocks that
    set event, id or retry but no data. `comments`, `unknown`: also return Comment and UnknownLine, in order, among the
    events. `unterminated`: "drop" a block that the end of the stream cut short, as the standard says, or "dispatch" it.

    `last_event_id`: changes at the blank line that ends a block. `retry`: the last valid reconnection time, ms, or
    None. `pending`: bytes fed since the last blank line, line ends included. `skipped`: events dropped for their size.
    `cut`: after close(), whether the stream ended within a block.
    """
"""The docstring of the pure Scanner; that of the compiled one has to stand in its source."""


# The next four have the signatures of the constructors that they are named after: the backends pass all arguments on,
# so that both refuse a wrong call with the same text.


def scanner_options(
    self: object,
    /,
    *,
    max_event_size: int | None = DEFAULT_MAX_EVENT_SIZE,
    oversize: Literal["raise", "skip"] = "raise",
    empty_events: bool = False,
    comments: bool = False,
    unknown: bool = False,
    unterminated: Literal["drop", "dispatch"] = "drop",
) -> tuple[int, bool, bool, bool, bool, bool]:
    """Check the arguments of a Scanner.

    Returns the limit (no limit: sys.maxsize), whether to skip events over it, empty_events, comments, unknown, and
    whether to dispatch an unterminated block.
    """
    if max_event_size is None:
        limit = sys.maxsize
    elif isinstance(max_event_size, bool) or not isinstance(max_event_size, int):
        raise TypeError(f"max_event_size must be an int (bytes) or None (no limit), not {_kind(max_event_size)}")
    elif max_event_size <= 0:
        raise ValueError(f"max_event_size must be positive (bytes) or None (no limit), not {int(max_event_size)}")
    else:
        limit = min(int(max_event_size), sys.maxsize)
    for name, flag in (("empty_events", empty_events), ("comments", comments), ("unknown", unknown)):
        if not isinstance(flag, bool):
            raise TypeError(f"{name} must be a bool, not {_kind(flag)}")
    for name, choice, a, b in (
        ("oversize", oversize, "raise", "skip"),
        ("unterminated", unterminated, "drop", "dispatch"),
    ):
        if _exact_str(name, choice) not in (a, b):
            raise ValueError(f"{name} must be {a!r} or {b!r}, not {choice!r}")
    return limit, oversize == "skip", empty_events, comments, unknown, unterminated == "dispatch"


def event_fields(
    cls: object, /, event: str = "message", data: str = "", id: str = "", retry: int | None = None
) -> tuple[str, str, str, int | None]:
    """Check the arguments of a ServerSentEvent, and make subclasses of str and int plain."""
    if retry is not None and type(retry) is not int:
        if isinstance(retry, bool) or not isinstance(retry, int):
            raise TypeError(f"retry must be an int (ms) or None, not {_kind(retry)}")
        retry = int.__add__(retry, 0)  # not __index__: on PyPy that asks the subclass
    return _exact_str("event", event), _exact_str("data", data), _exact_str("id", id), retry


def comment_text(cls: object, /, text: str) -> str:
    """Check the argument of a Comment."""
    return _exact_str("text", text)


def unknown_line_text(cls: object, /, text: str) -> str:
    """Check the argument of an UnknownLine."""
    return _exact_str("text", text)


scanner_options.__qualname__ = "Scanner.__init__"
event_fields.__qualname__ = "ServerSentEvent.__new__"
comment_text.__qualname__ = "Comment.__new__"
unknown_line_text.__qualname__ = "UnknownLine.__new__"


def refuse_change(self: object, name: str, value: object = None) -> NoReturn:
    """Refuse to set or delete an attribute of an immutable object."""
    raise AttributeError(f"{_kind(self)} is immutable, its attribute {name!r} cannot be set or deleted")


def itself(self: Any, memo: object = None) -> Any:
    """Copy an immutable object."""
    return self


def chunk_bytes(chunk: object) -> bytes:
    """Return the bytes of a chunk that is not exactly bytes: a copy, as its owner may change it."""
    if isinstance(chunk, str):
        raise TypeError(
            "a chunk must be bytes, not str: an event stream is UTF-8, pass the bytes as they were received"
        )
    try:
        view = memoryview(chunk)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"a chunk must be bytes or another bytes-like object, not {_kind(chunk)}") from None
    with view:  # released at once, on PyPy too: its owner may want to resize it
        if not view.c_contiguous:
            raise TypeError(f"a chunk must be contiguous, this {_kind(chunk)} is not: pass a copy of it, bytes(chunk)")
        return view.tobytes()


def checked_source(source: Any) -> Iterator[Any]:
    """Check the return value of `_open`, which subclasses of an EventIterator override."""
    if not hasattr(type(source), "__next__"):
        raise TypeError(f"_open must return an iterator of chunks, not {_kind(source)}")
    return source  # type: ignore[no-any-return]


# The scanners that wait for the bytes of a chunk, each with the thread that asks for them: another thread may use the
# scanner meanwhile, as nothing of the chunk was fed yet.
asking: set[tuple[int, int]] = set()


def check_not_asking(scanner: object) -> None:
    """Raise ValueError in the middle of `asked_bytes`, which is where a chunk's own code runs."""
    if (get_ident(), id(scanner)) in asking:
        raise ValueError(ALREADY_FED)


def asked_bytes(scanner: object, bytes_of: Callable[[Any], object], chunk: object) -> bytes:
    """Return the bytes of a chunk that is not exactly bytes; meanwhile, the scanner refuses to be used."""
    check_not_asking(scanner)
    key = (get_ident(), id(scanner))
    asking.add(key)
    try:
        made = bytes_of(chunk)
    finally:
        asking.discard(key)
    if type(made) is not bytes:  # a subclass of EventReader may return anything
        raise TypeError(f"bytes_of must return bytes, not {_kind(made)}")
    return made


def load_json(data: str) -> Any:
    """Parse the data of an event as JSON. ValueError if it is not JSON, or is nested too deeply."""
    import json

    try:
        return json.loads(data)
    except RecursionError:
        raise ValueError("the data is nested too deeply to be read as JSON") from None


def rebuild(name: str, values: tuple[Any, ...]) -> Any:
    """Return an event, a comment or an unknown line of the loaded backend: pickles call this."""
    from ssescan import scanner

    return getattr(scanner, name)(*values)
