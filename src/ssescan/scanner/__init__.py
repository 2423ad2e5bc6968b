"""Bytes to events. Picks the backend: the compiled scanner where it can be loaded, else the one in pure Python.

Knows nothing of HTTP, JSON or providers, and depends on nothing. `SSESCAN_BACKEND=compiled` or `python` in the
environment forces one. `backend` says which runs, `backend_reason` why, where it is not the compiled one.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False

__all__ = [
    "Comment",
    "EventIterator",
    "EventReader",
    "ReaderState",
    "Scanner",
    "ServerSentEvent",
    "UnknownLine",
    "backend",
    "backend_reason",
]

backend: str
backend_reason: str

_forced = os.environ.get("SSESCAN_BACKEND", "")

if TYPE_CHECKING:
    from ._compiled import Comment, EventIterator, EventReader, ReaderState, Scanner, ServerSentEvent, UnknownLine
else:
    if _forced == "python":
        backend_reason = "SSESCAN_BACKEND=python is set"
    elif _forced in ("", "compiled"):
        try:
            # Fails, too, where there is an extension that this interpreter cannot load, as in a subinterpreter.
            from ._compiled import (
                Comment,
                EventIterator,
                EventReader,
                ReaderState,
                Scanner,
                ServerSentEvent,
                UnknownLine,
            )

            backend_reason = ""
        except ImportError as error:
            if _forced:
                raise ImportError(
                    f"SSESCAN_BACKEND=compiled is set, but the extension cannot be loaded: {error}; unset it, or "
                    "install ssescan from a wheel for this platform, or where there is a C compiler"
                ) from error
            backend_reason = f"the extension cannot be loaded: {error}"
    else:
        raise ImportError(f"SSESCAN_BACKEND must be 'compiled', 'python' or unset, not {_forced!r}")

    backend = "python" if backend_reason else "compiled"
    if backend_reason:
        from ._python import Comment, EventIterator, EventReader, ReaderState, Scanner, ServerSentEvent, UnknownLine
