"""Relay: a stream in, the same stream out, read on the way, and changed where asked; no I/O.

Without `model` and `filter` each chunk passes as it is. With one of them, whole events are held, and only the bytes of
the values that change are others.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from ..errors import SsescanError, UnknownFormat
from ..providers.format_writer import EVENT_STREAM_HEADERS
from ..providers.formats import checked_api, texts_class
from ..scanner import EventRun
from ..scanner._shared import DEFAULT_MAX_EVENT_SIZE, chunk_bytes
from .answer_reader import AnswerReader
from .byte_streams import AsyncByteStream, ByteStream
from .event_blocks import EventBlocks
from .event_editor import EventEditor
from .passed_errors import error_after
from .passed_events import PassedEvents, ignore

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import Literal, TypeAlias

    from typing_extensions import Buffer

    from ..providers.formats import Api
    from ..providers.message import Message
    from ..providers.parts import Part
    from ..providers.streams import AsyncEvents, SyncEvents
    from ..scanner import EventReader
    from ..stalls import Stall
    from .redact import TextFilter

    TextKind: TypeAlias = Literal["text", "reasoning", "arguments"]

TEXT_KINDS = ("text", "reasoning", "arguments")
TEXT_ONLY: tuple[TextKind, ...] = ("text",)

# The ways of a relay, and the next one after each input. `docs/inside.md` has the same table. `passing`: chunks pass,
# and events that are alike are read as one. `reading`: they pass, each read at once. `editing`: whole events pass.
RELAY_INPUTS = ("chunk", "read_from()", "close()")
RELAY_STATES: dict[str, tuple[str | None, ...]] = {
    "passing": ("passing", "reading", "closed"),
    "reading": ("reading", "reading", "closed"),
    "editing": ("editing", "editing", "closed"),
    "closed": (None, None, "closed"),
}


class Relay:
    """Passes a stream on in its own format: `feed` chunks of bytes, then `close`; both return bytes.

    `api`: the format; None: found from the first event. `model`: the name to put in place of the model's. `filter`:
    makes a TextFilter, such as Redact, one for each block. `fields`: what is filtered: "text", which refusals are too,
    "reasoning", "arguments" of calls. `on_part`: called with each part of the answer, as it came. `max_event_size`:
    bytes; a larger event raises EventTooLarge.

    Without options, `feed` returns exactly what came. Events are read as they come, and not kept.

    `message`: the message so far, as it came, not as it was changed. `headers`: those that the response wants.
    """

    __module__ = "ssescan"

    def __init__(
        self, *, api: Api | None = None, model: str | None = None, filter: Callable[[], TextFilter] | None = None,
        fields: Collection[TextKind] = TEXT_ONLY, on_part: Callable[[Part], object] | None = None,
        max_event_size: int | None = DEFAULT_MAX_EVENT_SIZE,
    ) -> None:  # fmt: skip
        self._api = checked_api(api)
        self._editor: EventEditor | None = None
        kinds = _checked(model, filter, fields, on_part)
        if model is not None or filter is not None:
            self._editor = EventEditor(model, filter, kinds)
        self._on_part = on_part or ignore
        self._blocks = EventBlocks()
        self._state = "passing"  # of RELAY_STATES
        if self._editor is not None:
            self._state = "editing"
        elif on_part is not None or max_event_size != DEFAULT_MAX_EVENT_SIZE:
            self._state = "reading"
        self._unsent: list[bytes] = []  # not returned, as an exception came
        self._answer = AnswerReader(None, api=self._api, max_event_size=max_event_size)
        self._passed = PassedEvents(self._answer)
        self._run = EventRun(self._passed.read)
        if self._state == "passing" and type(self) is Relay:
            self.feed = self._run.feed  # type: ignore[method-assign]  # it is all that feed() would do

    def read_from(self, reader: EventReader[Any] | None, max_event_size: int | None) -> None:
        """Read the events through a reader that is there already, which has to see each chunk at once."""
        self._answer = AnswerReader(reader, api=self._api, max_event_size=max_event_size)
        self._passed = PassedEvents(self._answer)
        if self._state == "passing":
            self._state = "reading"
            vars(self).pop("feed", None)

    @property
    def message(self) -> Message:
        """The message so far, as it came."""
        self._read_rest()
        return self._answer.message

    @property
    def api(self) -> str | None:
        """The format; as named, until the first event shows which it is."""
        return self._answer.decoder.api

    @property
    def lost(self) -> Counter[str]:
        """Nothing: the format stays."""
        return Counter()

    @property
    def headers(self) -> dict[str, str]:
        """The headers that the response wants."""
        return dict(EVENT_STREAM_HEADERS)

    @property
    def is_over(self) -> bool:
        """Whether nothing of the input passes any more: never before its end."""
        return False

    @property
    def failure(self) -> SsescanError | None:
        """The exception that a strict stream would raise at its end; None for a success."""
        self._read_rest()
        return self._passed.failure or self._answer.decoder.why_failed()

    def forbid_passing(self) -> None:
        """Do nothing: a body that is not an event stream passes as the event stream that it was made."""

    def feed(self, chunk: Buffer) -> bytes:
        """Accept the next bytes of the input; return those to send now.

        ValueError after close(). Raises EventTooLarge, what `filter` and `on_part` raise, and, if something is to be
        changed, UnknownFormat after several events of no known format: pass the exception to close().
        """
        if self._state == "reading":
            # In one function, as each call adds to the time of an event.
            if type(chunk) is not bytes:
                chunk = chunk_bytes(chunk)
            if self._passed.failure is None:
                try:
                    self._answer.feed(chunk, self._on_part)
                except UnknownFormat as error:  # of what passes, the format need not be known
                    self._passed.failure = error
                except BaseException:
                    self._unsent.append(chunk)
                    raise
            return chunk
        if self._state == "passing":
            return self._run.feed(chunk)
        if self._state == "closed":
            raise ValueError("this relay was closed: make a new one for the next stream")
        return self._edit(chunk if type(chunk) is bytes else chunk_bytes(chunk))

    _feed = feed  # as a ByteStream calls it

    def _edit(self, chunk: bytes) -> bytes:
        made: list[bytes] = []
        try:
            for piece, event in self._blocks.split(chunk):
                self._answer.feed(piece, self._on_part)
                if event:
                    made.append(self._edited(event))
        except BaseException:
            self._unsent += made
            raise
        return b"".join(made)

    def _edited(self, event: bytes) -> bytes:
        editor, api = self._editor, self._answer.api
        if editor is None or api is None:
            return event
        if editor.api != api:
            editor.set_api(api)
        return editor.edit(event)

    # The end

    def close(self, error: BaseException | None = None) -> bytes:
        """End the stream; return its last bytes. `error`: the exception that the source ended with.

        Without an error, nothing is added. With one, an answer that is not whole ends in the format's own error; b""
        if no event has shown the format. A second call returns b"".

        An event of which a part has passed cannot be taken back: it ends there, mostly as JSON that is not whole, and
        the error is the next event. With `model` or `filter`, such an event is dropped: it has not passed yet.
        """
        if self._state == "closed":
            return b""
        made = b"".join(self._unsent) + self._run.unsent
        is_asked = self._state != "passing" or error is not None  # else the rest is read if the message is
        if self._state == "editing":
            made += self._last_edited(is_failed=error is not None)
        elif error is not None:
            made += self._end_event()
        self._state = "closed"
        vars(self).pop("feed", None)
        return made + self._end(error) if is_asked else made

    def _read_rest(self) -> None:
        """Read what passed and was not read yet."""
        self._run.flush()
        self._passed.read_waiting()
        if self._state == "closed":
            self._end(None)

    def _last_edited(self, *, is_failed: bool) -> bytes:
        editor, rest, api = self._editor, self._blocks.rest(), self._answer.api
        if editor is None or api is None:
            return b"" if is_failed else rest
        if editor.api != api:
            editor.set_api(api)
        return editor.rest(rest, is_failed=is_failed)

    def _end_event(self) -> bytes:
        """Return the blank line after an event that has begun to pass, as another follows; read it as a client does.

        Nothing in the standard takes a field back, so a client gets the event with the data that came, then the error.
        """
        self._read_rest()
        if not self._answer.reader.pending or self._passed.failure is not None:
            return b""
        try:
            self._answer.feed(b"\n\n", self._on_part)
        except SsescanError as error:
            self._passed.failure = error
        return b"\n\n"

    def _end(self, error: BaseException | None) -> bytes:
        try:
            self._answer.close(self._on_part, error)
        except SsescanError as reason:  # no event showed a format
            self._passed.failure = reason
        answer = self._answer
        has_last_word = answer.decoder.format_decoder is not None and answer.decoder.format_decoder.has_last_word
        if error is None or answer.decoder.api is None or has_last_word:
            return b""
        return error_after(answer.message, answer.reader.events + self._run.joined, error)

    def ping(self) -> bytes:
        """Return a keep-alive in the form of the format; b"" if it has none, is not known yet, or within an event."""
        if self._state == "closed":
            return b""
        self._read_rest()
        api = self.api
        within = self._state != "editing" and self._answer.reader.pending
        if within or self._passed.failure is not None or api is None:
            return b""
        return texts_class(api).ping


def _checked(model: Any, filter: Any, fields: Any, on_part: Any) -> tuple[str, ...]:
    """Return the kinds of text to filter. TypeError, ValueError for wrong arguments."""
    if model is not None and not isinstance(model, str):
        raise TypeError(f"model must be a str or None, not {type(model).__name__}")
    for name, function in (("filter", filter), ("on_part", on_part)):
        if function is not None and not callable(function):
            raise TypeError(f"{name} must be a function or None, not {type(function).__name__}")
    kinds = (fields,) if isinstance(fields, str) else tuple(fields)
    unknown = [kind for kind in kinds if kind not in TEXT_KINDS]
    if unknown:
        raise ValueError(f"fields must be of {', '.join(map(repr, TEXT_KINDS))}, not {unknown[0]!r}")
    return kinds


def relay(source: SyncEvents, *, stall: Stall | None = None, **options: Any) -> ByteStream:
    """Read the stream of a model, and pass it on in its own format, as it arrives.

    `source`, `stall`: as for stream(). `options`: see Relay. A body that is JSON passes as an event stream.

    Returns a ByteStream. A response that is refused raises in `open()` or at the first read, before a byte is sent.
    Later failures end the output in the format's own error, and are kept at `error`.
    """
    return ByteStream(source, stall, "relay", Relay(**options), options)


def arelay(source: AsyncEvents, *, stall: Stall | None = None, **options: Any) -> AsyncByteStream:
    """Read the stream of a model asynchronously, and pass it on in its own format. Else as relay()."""
    return AsyncByteStream(source, stall, "arelay", Relay(**options), options)


for _public in (relay, arelay):
    _public.__module__ = "ssescan"
