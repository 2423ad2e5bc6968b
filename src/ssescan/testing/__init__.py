"""Tapes: streams recorded with their times, read again like a response, and replayed by a server.

Needs msgspec; `replay_server` and `replay_app` also need starlette and uvicorn. All of these are in the extra `replay`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

try:
    import msgspec as _msgspec  # noqa: F401
except ModuleNotFoundError as _error:
    raise ImportError(
        "ssescan.testing needs the package msgspec, which is not installed: pip install 'ssescan[replay]'",
        name="msgspec",
    ) from _error

from .._lazy import load as _load
from .recording import AsyncRecording, Recording
from .tapes import Chunk, RecordedRequest, Tape

if TYPE_CHECKING:
    from .asgi import replay_app
    from .server import ReplayServer, replay_server

__all__ = [
    "AsyncRecording", "Chunk", "RecordedRequest", "Recording", "ReplayServer", "Tape", "replay_app", "replay_server",
]  # fmt: skip

# The module of each name that is loaded at its first use: tapes alone do not need a server.
_LAZY = {"ReplayServer": "testing.server", "replay_app": "testing.asgi", "replay_server": "testing.server"}

if not TYPE_CHECKING:

    def __getattr__(name):
        if name not in _LAZY:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        thing = globals()[name] = _load(name, _LAZY[name])
        return thing
