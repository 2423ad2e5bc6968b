"""Bytes to events in pure Python, for platforms without the extension, and to compare it with.

Twin of `_compiled.pyx`: same names, same behaviour, same texts; tests feed both the same bytes. Here speed comes from
few calls of the interpreter that do much (`splitlines` splits bytes at LF, CR and CRLF and nowhere else), there from
looking at single bytes; so their structures differ. Both follow WHATWG HTML section 9.2.6, "Interpreting an event
stream". `_python_core.py` does the scanning.
"""

from __future__ import annotations

from _thread import RLock
from operator import attrgetter
from types import GenericAlias

from ..errors import EventTooLarge
from . import _shared as shared
from ._python_core import ScannerCore
from ._python_events import Comment, ServerSentEvent, UnknownLine
from ._python_reader import EventIterator, EventReader, ReaderState
from ._python_runs import EventRun
from ._shared import asking
from ._states import FAILED, OPEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn, Self

__all__ = [
    "Comment", "EventIterator", "EventReader", "EventRun", "ReaderState", "Scanner", "ServerSentEvent", "UnknownLine",
]  # fmt: skip


def read_only(name: str) -> Any:
    """Return a property over an attribute of the core: read-only, with the errors of the compiled twin."""

    def refuse(self: object, value: object = None) -> NoReturn:
        raise AttributeError(f"attribute {name!r} of 'ssescan.Scanner' objects is not writable")

    return property(attrgetter(f"_core.{name}"), refuse, refuse)


class Scanner:
    __doc__ = shared.SCANNER_DOC
    __module__ = "ssescan"
    __slots__ = ("_core", "_lock")

    _core: ScannerCore
    _lock: RLock

    __class_getitem__: Any = classmethod(GenericAlias)

    def __new__(cls, /, *args: object, **options: object) -> Self:
        # There is a core even if a subclass does not call __init__.
        self = super().__new__(cls)
        self._core = ScannerCore()
        self._lock = RLock()  # a feed is one step to other threads, as it is in the compiled twin
        return self

    def __init__(self, /, *args: Any, **options: Any) -> None:
        self._core.set_options(*shared.scanner_options(self, *args, **options))

    if not TYPE_CHECKING:
        __new__.__wrapped__ = shared.scanner_options  # so that inspect.signature() shows them, as of the compiled twin

    last_event_id = read_only("last_event_id")
    retry = read_only("retry")
    pending = read_only("pending")
    skipped = read_only("skipped")
    cut = read_only("cut")

    def __reduce__(self) -> NoReturn:
        raise TypeError(shared.SCANNER_IS_NO_VALUE)

    def feed(self, chunk: Any) -> list[Any]:
        """Accept the next bytes of the stream; return the events that they complete, in order.

        `chunk`: anything with the buffer protocol; it may be changed once feed has returned. TypeError for anything
        else; ValueError after close() or EventTooLarge. EventTooLarge for a block over the limit.
        """
        core = self._core
        if type(chunk) is not bytes:
            chunk = shared.asked_bytes(core, shared.chunk_bytes, chunk)
        with self._lock:
            if core.state is not OPEN or asking:  # the latter by any scanner, which is rare
                shared.check_not_asking(core)
                if core.state is not OPEN:
                    raise ValueError(shared.FED_AFTER_TOO_LARGE if core.state is FAILED else shared.FED_AFTER_CLOSE)
            items: list[Any] = []
            try:
                items.extend(core.scan(chunk))
            except EventTooLarge as error:
                error.events.extend(items)
                raise
            except BaseException:
                core.abandon()
                raise
            return items

    def close(self) -> list[Any]:
        """End the stream; return the events that this completes: none, unless unterminated="dispatch"."""
        shared.check_not_asking(self._core)
        with self._lock:
            return self._core.end_stream()

    def reset(self) -> None:
        """Make ready for another stream. Options, last_event_id and retry are kept: a reconnect needs them."""
        shared.check_not_asking(self._core)
        with self._lock:
            self._core.begin()
