"""The errors that `Transcoder` and `Relay` end a stream with: of a source that failed, and after bytes that passed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ProviderError
from ..providers.format_writer import CUT
from ..providers.formats import WRITTEN_APIS
from ..providers.parts import OUR_KINDS, Error
from ..providers.writer import Writer
from ..providers.written_errors import interactions_frame

if TYPE_CHECKING:
    from typing import Any

    from ..providers.message import Message


def failure_part(error: BaseException) -> Error:
    """Return the exception that a source ended with as a client may see it: without its text, which may have a key."""
    words = f"the stream that this answer comes from failed ({type(error).__name__})"
    return Error(kind="stream_failed", message=str(error) if isinstance(error, ProviderError) else words)


def error_after(
    message: Message, events: int, error: BaseException | None, writer: Writer | None = None, dropped: int = 0
) -> bytes:
    """Return the error that a stream which passed must end with; b"" if it says itself how it ended.

    `message`: of the stream, whose format is known. `events`: how many passed. `error`: the exception that it ended
    with. `writer`: None: a new one. `dropped`: how many of its errors did not pass, the last ones.
    """
    passed = message.errors[: len(message.errors) - dropped]
    if message.complete or any(held.kind not in OUR_KINDS for held in passed):
        return b""
    api: Any = message.api
    part = None if error is None else failure_part(error)
    if api not in WRITTEN_APIS:
        return interactions_frame(part or next(iter(message.errors), CUT))
    writer = writer or Writer(api)
    writer.continue_after(message, events)
    if part is not None:
        return writer.write(part)
    return b"".join([writer.write(held) for held in message.errors]) + writer.close()
