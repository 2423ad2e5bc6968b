"""Transcoder: the bytes of a stream of one format in, those of a stream of another out; no I/O.

Any cuts of the input give the same bytes. A stream that is in the target's format already passes unchanged.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from ..errors import SsescanError
from ..providers.formats import checked_api
from ..providers.parts import End, Error, Finish, Ping
from ..providers.writer import Writer
from ..scanner._shared import DEFAULT_MAX_EVENT_SIZE, chunk_bytes
from .answer_reader import AnswerReader
from .byte_streams import AsyncByteStream, ByteStream
from .passed_errors import error_after, failure_part
from .whole_events import WholeEvents

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable
    from typing import Literal

    from typing_extensions import Buffer

    from ..providers.formats import Api, WrittenApi
    from ..providers.message import Message
    from ..providers.parts import Part
    from ..providers.streams import AsyncEvents, SyncEvents
    from ..scanner import EventReader
    from ..stalls import Stall

# The ways of a transcoder, and the next one after each input. `docs/inside.md` has the same table.
TRANSCODER_INPUTS = ("event of the target's format", "event of another format", "close()")
TRANSCODER_STATES: dict[str, tuple[str | None, ...]] = {
    "undecided": ("passing", "writing", "closed"),
    "passing": ("passing", "passing", "closed"),
    "writing": ("writing", "writing", "closed"),
    "closed": (None, None, "closed"),
}


class Transcoder:
    """Turns a stream of any format into one of another: `feed` chunks of bytes, then `close`; both return bytes.

    `to`: the format to write. `api`: the format to read; None: found from the first event. `accept_done`, `think_tags`:
    as for `stream`. `max_event_size`: bytes; a larger event raises EventTooLarge. `writer_options`: see Writer.

    `message`: the message so far. `lost`: what the target cannot express, by the name of the part. `headers`: those
    that the response wants.
    """

    __module__ = "ssescan"

    def __init__(
        self, to: WrittenApi, *, api: Api | None = None, accept_done: bool = False,
        think_tags: bool | Literal["open"] = False, max_event_size: int | None = DEFAULT_MAX_EVENT_SIZE,
        **writer_options: Any,
    ) -> None:  # fmt: skip
        self._writer = Writer(to, **writer_options)
        self._options: dict[str, Any] = {"api": checked_api(api), "accept_done": accept_done, "think_tags": think_tags}
        self._state = "undecided"  # of TRANSCODER_STATES
        self._may_pass = not (writer_options or think_tags)
        self._is_begun = False  # something was written
        self._early: list[Part] = []  # of unknown events before the format is known
        self._unsent: list[bytes] = []  # written, but not returned, as an exception came
        self._no_format: SsescanError | None = None
        self.read_from(None, max_event_size)

    def read_from(self, reader: EventReader[Any] | None, max_event_size: int | None) -> None:
        """Read the events through a reader that is there already; None: through a new one."""
        self._answer = AnswerReader(reader, max_event_size=max_event_size, **self._options)
        self._passed = WholeEvents(self._answer.reader)

    @property
    def message(self) -> Message:
        return self._answer.message

    @property
    def api(self) -> str | None:
        """The format of the input; as named, until the first event shows which it is."""
        return self._answer.decoder.api

    @property
    def lost(self) -> Counter[str]:
        return self._writer.lost

    @property
    def headers(self) -> dict[str, str]:
        return self._writer.headers

    @property
    def is_over(self) -> bool:
        """Whether nothing of the input can change the output any more, but an error after `[DONE]`."""
        return self._answer.decoder.done or self._writer.state == "failed"

    @property
    def failure(self) -> SsescanError | None:
        """The exception that a strict stream would raise at its end; None for a success."""
        return self._no_format or self._answer.decoder.why_failed()

    def feed(self, chunk: Buffer) -> bytes:
        """Accept the next bytes of the input; return those to send now: whole events.

        ValueError after close(). Raises EventTooLarge, and UnknownFormat after several events of no known format: pass
        the exception to close(), which returns what came before it as well.
        """
        # In one function, as each call adds to the time of an event.
        if type(chunk) is not bytes:
            chunk = chunk_bytes(chunk)
        parts: list[Part] = []
        add: Callable[[Part], object] = parts.append
        if self._state != "writing":
            if self._state == "closed":
                raise ValueError("this transcoder was closed: make a new one for the next stream")
            self._passed.add(chunk)
            if self._state == "undecided":
                add = partial(self._add_early, parts)
        try:
            self._answer.feed(chunk, add)
        except SsescanError:
            self._unsent.append(self._write(parts))
            raise
        if self._is_begun and len(parts) == 1:  # most chunks: in as few steps as possible
            return self._writer.write(parts[0])
        return self._write(parts)

    _feed = feed  # as a ByteStream calls it

    def close(self, error: BaseException | None = None) -> bytes:
        """End the stream; return its last bytes. `error`: the exception that the source ended with.

        An answer that was cut, or failed, ends in the target's own error. A second call returns b"".
        """
        if self._state == "closed":
            return b""
        parts: list[Part] = []
        # Now, as a reader that is closed does not say any more what is not whole.
        whole = b"" if self._state == "writing" else self._passed.pop()
        try:
            self._answer.close(parts.append, error)
        except SsescanError as reason:  # no event showed a format
            error = self._no_format = reason
        dropped = len([part for part in parts if isinstance(part, Error)])  # with the bytes after the last blank line
        end = parts.pop() if parts and isinstance(parts[-1], End) else End(complete=False)
        parts += self._ending(end, error)
        made = b"".join(self._unsent) + self._write(parts)
        if self._state == "passing":
            message, events = self._answer.message, self._answer.reader.events
            ending = error_after(message, events, error, self._writer, dropped)
            made += whole + self._passed.rest(drop_unfinished=bool(ending)) + ending
        self._state = "closed"
        return made

    def ping(self) -> bytes:
        """Return a keep-alive in the target's form, legal at this moment; b"" if there is none, or after the end."""
        return self._writer.write(Ping()) if self._state != "closed" and self._writer.state != "failed" else b""

    def forbid_passing(self) -> None:
        """Write the stream again, even if it has the target's format: its bytes are not an event stream."""
        self._may_pass = False

    def _write(self, parts: list[Part]) -> bytes:
        state = self._state
        if state == "passing":
            return b"" if self._answer.is_closed else self._passed.pop()
        if state == "undecided":
            self._choose_way()
            if self._state != "undecided":
                return self._write(parts)
            self._early += parts
            return b""
        if self._early:
            parts, self._early = [*self._early, *parts], []
        writer, write = self._writer, self._writer.write
        if self._is_begun:
            return b"".join([write(part) for part in parts])
        # Whether an early ping comes in the same chunk depends on the cuts.
        made = [write(part) for part in parts if writer.state != "new" or not isinstance(part, Ping)]
        self._is_begun = writer.state != "new"
        return b"".join(made)

    def _add_early(self, parts: list[Part], part: Part) -> None:
        """Add a part, and choose the way at once: a later event of the same chunk may show another format."""
        parts.append(part)
        if self._state == "undecided":
            self._choose_way()

    def _choose_way(self) -> None:
        """Choose the way once an event has shown the format; until then, hold everything."""
        api = self._answer.api
        if api is None and not self._answer.is_closed:
            return
        self._state = "passing" if api == self._writer.api and self._may_pass else "writing"
        if self._state == "writing":
            self._passed.stop()
        else:
            self._early = []

    def _ending(self, end: Any, error: BaseException | None) -> list[Part]:
        """Return the last parts, with a finish for each answer that is whole and has none, or with an error."""
        so_far = self._answer.decoder.builder
        if end.complete:
            bare = [index for index, choice in so_far.choices.items() if choice.reason is None]
            return [*[Finish(choice=index, reason="other") for index in sorted(bare)], end]
        if error is not None and not so_far.errors:
            return [failure_part(error), end]
        return [end]


def transcode(source: SyncEvents, to: WrittenApi, *, stall: Stall | None = None, **options: Any) -> ByteStream:
    """Read the stream of a model in any format, and write it in another, as it arrives.

    `source`, `stall`: as for stream(). `to`, `options`: see Transcoder.

    Returns a ByteStream. A response that is refused raises in `open()` or at the first read, before a byte is sent.
    Later failures end the output in the target's own error, and are kept at `error`.
    """
    return ByteStream(source, stall, "transcode", Transcoder(to, **options), options)


def atranscode(source: AsyncEvents, to: WrittenApi, *, stall: Stall | None = None, **options: Any) -> AsyncByteStream:
    """Read the stream of a model asynchronously, and write it in another format. Else as transcode()."""
    return AsyncByteStream(source, stall, "atranscode", Transcoder(to, **options), options)


for _public in (transcode, atranscode):
    _public.__module__ = "ssescan"
