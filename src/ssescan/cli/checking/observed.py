"""One recorded stream, taken apart: its bytes, its events with their reads, and the message that they make.

Reads the tape from memory, without waiting. Raises the errors of `stream` for a response that it refuses.
"""

from dataclasses import dataclass, field
from typing import Any

from ... import Outcome, Scanner, ServerSentEvent, errors
from ...providers import Message, Part, stream
from ...providers.bodies import EVENT_STREAM, Body
from ...providers.formats import Api
from ...providers.message_decoder import KEEP_ALIVES
from ...scanner import Comment, UnknownLine
from ...testing import Tape
from .arrival import Read


@dataclass
class Observed:
    """The pieces of a stream.

    `media_type`: "" if there is none, or no response. `begins`: the first bytes. `reads`: with their times; empty if
    the tape has none. `is_json`: the body is one JSON value, not a stream. `pending`: bytes after the last blank line.
    `message`: None if the events are of no known format.
    """

    media_type: str = ""
    begins: bytes = b""
    reads: list[Read] = field(default_factory=list)
    is_json: bool = False
    events: list[ServerSentEvent] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    pending: int = 0
    line_ends: dict[str, int] = field(default_factory=dict)
    message: Message | None = None
    parts: list[Part] = field(default_factory=list)

    @property
    def payloads(self) -> list[str]:
        """The data of the events."""
        return [event.data for event in self.events]

    @property
    def keep_alives(self) -> int:
        """The number of comments, of events without data, and of pings."""
        return len(self.comments) + sum(is_keep_alive(event) for event in self.events)


def is_keep_alive(event: ServerSentEvent) -> bool:
    """Return whether an event keeps the connection open, and says nothing."""
    return event.event in KEEP_ALIVES or event.data.strip() == "" or event.data.lstrip().startswith(":")


def observed(tape: Tape, api: Api | None, *, accept_done: bool = False) -> Observed:
    """Read a stream from memory, and return its pieces. `api`, `accept_done`: as for `stream`."""
    source = tape.sync_byte_source()
    seen = Observed(source.media_type, b"".join(chunk.data for chunk in tape.chunks[:8])[:200])
    seen.message, seen.parts = answer_of(tape, api, accept_done=accept_done)
    body = None if tape.status is None or source.media_type == EVENT_STREAM else Body(source.media_type)
    scanner: Scanner[Any] = Scanner(comments=True, unknown=True, max_event_size=None)
    for chunk in tape.chunks:
        items = scanner.feed(chunk.data if body is None else body.feed(chunk.data))
        seen.events += (events := [item for item in items if isinstance(item, ServerSentEvent)])
        seen.comments += [item.text for item in items if isinstance(item, Comment)]
        seen.unknown += [item.text for item in items if isinstance(item, UnknownLine)]
        if chunk.time_ns is not None:
            made = sum(not is_keep_alive(event) for event in events)
            seen.reads.append(Read(chunk.time_ns, made, len(chunk.data), not scanner.pending))
    if body is not None:
        body.close()
        seen.is_json = body.is_value
    seen.pending = scanner.pending
    whole = b"".join(chunk.data for chunk in tape.chunks)
    both = whole.count(b"\r\n")
    seen.line_ends = {"CRLF": both, "CR": whole.count(b"\r") - both, "LF": whole.count(b"\n") - both}
    return seen


def answer_of(tape: Tape, api: Api | None, *, accept_done: bool) -> tuple[Message | None, list[Part]]:
    """Return the message of a stream and its parts; None and no parts if its events are of no known format."""
    parts: list[Part] = []
    read = stream(tape, api, strict=False, accept_done=accept_done)
    try:
        with read:
            parts.extend(read)
    except errors.UnknownFormat:
        return None, []
    except (errors.UnexpectedStatus, errors.UnexpectedContentType, errors.UnsupportedEncoding):
        raise
    except (ConnectionError, errors.SsescanError):
        if tape.outcome is not Outcome.FAILED:
            raise
    return (read.message, parts) if read.api else (None, [])
