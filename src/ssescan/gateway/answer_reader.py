"""The parts of a stream that comes chunk by chunk, for the code that writes it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..outcome import Outcome
from ..providers.message_decoder import MessageDecoder
from ..providers.parts import TextDelta
from ..providers.payload_streams import PayloadReader
from ..providers.streams import checked_bool
from ..providers.think_tags import checked_think_tags
from ..scanner import Scanner

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from ..providers.message import Message
    from ..providers.parts import Part
    from ..scanner import EventReader


class AnswerReader:
    """Reads one stream: `feed` its chunks, then `close`; both call `add` with each part, the last of which is End."""

    __slots__ = ("_feed", "_is_fast", "_next", "_push", "decoder", "is_closed", "reader")

    def __init__(
        self, reader: EventReader[Any] | None, *, api: str | None, max_event_size: int | None,
        accept_done: bool = False, think_tags: bool | Literal["open"] = False,
    ) -> None:  # fmt: skip
        """`reader`: of the stream that the chunks come from; None: a new one."""
        if reader is None:
            scanner = Scanner(max_event_size=max_event_size, comments=True, unknown=True, unterminated="dispatch")
            reader = PayloadReader(scanner, timing=False, payloads=True)
        self.reader: Any = reader
        self.decoder: MessageDecoder = MessageDecoder(
            api,
            reader,
            max_event_size,
            strict=False,
            accept_done=checked_bool(accept_done, "accept_done"),
            think_tags=checked_think_tags(think_tags),
        )
        self.is_closed: bool = False
        self._push, self._next = self.reader.feed, self.reader.pop
        self._feed: Callable[[Any], Any] = self.decoder.feed
        self._is_fast = False

    @property
    def message(self) -> Message:
        return self.decoder.message

    @property
    def api(self) -> str | None:
        """The format of the stream; None until an event has shown it, whatever was named."""
        decoder = self.decoder.format_decoder
        return None if decoder is None else decoder.api

    def feed(self, chunk: bytes | None, add: Callable[[Part], object]) -> Any:
        """Add the parts of a chunk. Raises EventTooLarge and UnknownFormat after those before.

        `chunk`: None: add those of the events that the reader still has. Returns the part of the last event, if it was
        a piece of text on the fast path; something else if not.
        """
        if chunk is not None:
            self._push(chunk)
        # All in one function, as each further call adds to the time of an event.
        decoder, pop, feed = self.decoder, self._next, self._feed
        made: Any = None
        while not decoder.done:
            # Most events are a piece of text, which never ends the message.
            while (item := pop()) is not None and type(made := feed(item)) is TextDelta:
                add(made)
            if item is None:
                return made
            for part in decoder.feed(item) if made is None else made:
                add(part)
            if not self._is_fast and (fast := decoder.fast_feed):
                self._feed, self._is_fast = fast, True
                feed = fast
        for part in decoder.feed_rest():
            add(part)
        return None

    def close(self, add: Callable[[Part], object], error: BaseException | None = None) -> None:
        """Add the last parts. `error`: that the source ended with."""
        if self.is_closed:
            return
        self.is_closed = True
        if error is not None:
            for part in self.decoder.fail(error):
                add(part)
            return
        if not self.reader.is_over:
            self.reader.close()
        self.feed(None, add)
        is_cut = self.reader.cut and not self.decoder.done
        for part in self.decoder.close(Outcome.CUT if is_cut else Outcome.ENDED):
            add(part)
