"""Bytes to events. Picks the backend: the compiled scanner where it can be loaded, else the one in pure Python.

Knows nothing of HTTP, JSON or providers, and depends on nothing. `SSESCAN_BACKEND=compiled` or `python` in the
environment forces one. `backend` is the name of the loaded one; `backend_reason` says why it is not the compiled one,
and is "" if it is.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False

__all__ = [
    "Comment", "EventIterator", "EventReader", "EventRun", "ReaderState", "Scanner", "ServerSentEvent", "UnknownLine",
    "backend", "backend_reason",
]  # fmt: skip

_forced = os.environ.get("SSESCAN_BACKEND", "")
if _forced not in ("", "compiled", "python"):
    raise ImportError(f"SSESCAN_BACKEND must be 'compiled', 'python' or unset, not {_forced!r}")

backend_reason: str = "SSESCAN_BACKEND=python is set" if _forced == "python" else ""
if TYPE_CHECKING or not backend_reason:
    try:
        # Fails, too, where there is an extension that this interpreter cannot load, as in a subinterpreter.
        from ._compiled import (
            Comment,
            EventIterator,
            EventReader,
            EventRun,
            ReaderState,
            Scanner,
            ServerSentEvent,
            UnknownLine,
        )
    except ImportError as _error:
        if _forced:
            raise ImportError(
                f"SSESCAN_BACKEND=compiled is set, but the extension cannot be loaded: {_error}; unset it, or "
                "install ssescan from a wheel for this platform, or where there is a C compiler"
            ) from _error
        backend_reason = f"the extension cannot be loaded: {_error}"
backend: str = "python" if backend_reason else "compiled"
if not TYPE_CHECKING and backend_reason:
    from ._python import (
        Comment,
        EventIterator,
        EventReader,
        EventRun,
        ReaderState,
        Scanner,
        ServerSentEvent,
        UnknownLine,
    )
