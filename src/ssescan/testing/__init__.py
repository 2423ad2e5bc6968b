"""Tapes: streams recorded with their times, read again like a response, and replayed by a server.

Needs msgspec; the server also needs starlette and uvicorn. All of these are in the extra `replay`.
"""

from __future__ import annotations

try:
    import msgspec as _msgspec  # noqa: F401
except ModuleNotFoundError as _error:
    raise ImportError(
        "ssescan.testing needs the package msgspec, which is not installed: pip install 'ssescan[replay]'",
        name="msgspec",
    ) from _error

from .recording import AsyncRecording, Recording
from .tapes import Chunk, RecordedRequest, Tape

__all__ = ["AsyncRecording", "Chunk", "RecordedRequest", "Recording", "Tape"]
