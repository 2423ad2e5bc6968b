"""From the items of an event reader to parts: the rules that every format shares.

No I/O: the caller feeds payloads, comments and lines as they come, and closes at the end. Besides choosing the format
decoder, it handles `[DONE]`, blank payloads, comments within data, payloads that are not JSON or several JSON values,
stray lines and `error:` lines; and it decides whether the stream was cut, and which error a strict stream raises.
"""

from __future__ import annotations

from functools import partial
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any

from ..errors import ProviderError, StreamCut, UnknownFormat
from ..outcome import Outcome
from ..scanner import Comment, ServerSentEvent, UnknownLine
from ..scanner._shared import BYTE_ORDER_MARK
from .format_decoder import error_of
from .formats import checked_api, decoder_class, detect
from .message_builder import MessageBuilder
from .parts import OUR_KINDS, End, Error, Part, Ping, Raw
from .payloads import DONE, NotJson, StrayLines, load, shown, values

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..errors import SsescanError
    from ..scanner import EventReader
    from .format_decoder import FormatDecoder, Parts
    from .message import Message

NO_MORE: Any = object()
SIGNS_OF_LIFE = ("ping", "keepalive", "response.keep_alive")
MAX_DAMAGED = 8
"""How many errors may come before an event shows the format; after these, a damaged event raises UnknownFormat."""

# The states of a decoder, and the next one after each input; None: that cannot come. `format_decoder` is None while the
# decoder is undecided, `done` is set by `[DONE]`, after which only errors count, and `closed` is set by close() and
# fail(). A payload that shows no format raises UnknownFormat. `docs/inside.md` has the same table.
DECODER_INPUTS = ("payload of a format", "sign of life", "damaged payload", "[DONE]", "close() or fail()")
DECODER_STATES: dict[str, tuple[str | None, ...]] = {
    "undecided": ("decoding", "undecided", "undecided", "done", "closed"),
    "decoding": ("decoding", "decoding", "decoding", "done", "closed"),
    "done": ("done", "done", "done", "done", "closed"),
    "closed": (None, None, None, None, "closed"),
}


class MessageDecoder:
    """Turns the items of one stream into parts.

    `api`: as named, until the first event shows the format. `format_decoder`: None until then. `builder`: the message
    so far. `done`: only errors count from now on (`[DONE]` came). `closed`: the last part was returned.
    """

    __slots__ = (
        "_failure", "_named", "_reader", "_stray", "_strict", "_truncated", "_undecided", "_whole_at", "builder",
        "closed", "done", "format_decoder",
    )  # fmt: skip

    def __init__(self, api: str | None, reader: EventReader[Any], limit: int | None, *, strict: bool) -> None:
        """`reader`: the source of everything that is fed. `limit`: of an event, bytes."""
        self._named = checked_api(api)
        self._reader = reader
        self._strict = strict
        self._stray = StrayLines(limit)
        self._truncated = False
        # The first event, if it was not JSON, and no other has shown the format yet.
        self._undecided: ServerSentEvent | None = None
        self._whole_at = -1  # the number of events before a whole value that stray lines held
        self.builder: MessageBuilder = MessageBuilder(reader)
        self.format_decoder: FormatDecoder | None = None
        self.done: bool = False
        self.closed: bool = False
        self._failure: SsescanError | None = None

    @property
    def api(self) -> str | None:
        return self._named if self.format_decoder is None else self.format_decoder.api

    @property
    def message(self) -> Message:
        return self.builder.message(self.api)

    @property
    def fast_feed(self) -> Callable[[Any], Parts | None] | None:
        """The fast path of `feed`, None until the format is known. Where it returns None, feed() the same item."""
        return None if self.format_decoder is None else self.format_decoder.feed

    def feed(self, item: Any) -> list[Part]:
        """Accept a payload, a comment or an unknown line; return its parts. Raises UnknownFormat."""
        return self._feed_payload(item) if type(item) is bytes else self._feed_line(item)

    def feed_rest(self) -> list[Part]:
        """Return the errors in what the reader still holds after `[DONE]`: nothing else of it counts."""
        parts: list[Part] = []
        while (item := self._reader.pop()) is not None:
            try:
                value = load(item) if type(item) is bytes else None
            except NotJson:
                continue
            if isinstance(value, dict) and (value.get("error") or "error" in (value.get("type"), self.event_name())):
                parts += self._feed_value(value, item)
        return parts

    def close(self, outcome: Outcome | None) -> list[Part]:
        """End the message, return the last parts. `outcome`: of the stream. Raises UnknownFormat.

        Returns [] if the program closed the stream, or it failed: then fail() has ended the message.
        """
        if outcome is Outcome.CLOSED or outcome is Outcome.FAILED:
            self.closed = True
            return []
        if self.api is None and self._undecided is not None and not self.closed:
            self.closed = True
            raise UnknownFormat(self._undecided)
        parts = self._end(cut=outcome is Outcome.CUT, failed=False)
        if self._strict:
            self._failure = self.why_failed()
        return parts

    def pop_failure(self) -> SsescanError | None:
        """Return, once, the error that a strict stream raises at its end; None before close(), or for a success."""
        failure, self._failure = self._failure, None
        return failure

    def fail(self) -> list[Part]:
        """End the message after an error of the source or of a feed(); return the last parts."""
        return self._end(cut=False, failed=True)

    def unknown_format(self, payload: bytes) -> UnknownFormat:
        """Return the error for a stream of no known format, or of another than it must be."""
        return UnknownFormat(self._undecided or self._event(payload))

    def event_name(self) -> str | None:
        """Return the name of the current event, None if it has none."""
        return self._reader.event_name

    def _feed_payload(self, payload: bytes) -> list[Part]:
        at_end = self._reader.is_over  # the end of the stream came before the blank line
        if self._reader.whole_body:
            payload = payload.removeprefix(BYTE_ORDER_MARK)
        stripped = payload.strip()
        if not stripped:
            self._truncated |= at_end
            self._reader.keep_alives += 1
        elif stripped.startswith(b"[DONE]"):
            self.done = True
        elif stripped.startswith(b":"):  # a comment that a proxy put into data
            self.builder.ping(shown(stripped[1:].strip()))
        else:
            return self._feed_values(payload, at_end=at_end)
        return self.builder.drain()

    def _feed_values(self, payload: bytes, *, at_end: bool) -> list[Part]:
        parts: list[Part] = []
        damaged = False  # the value before was not JSON: a run of these is one error
        for value, following in pairwise(chain(values(payload), (NO_MORE,))):
            if value is DONE:
                self.done = True
                break
            if not isinstance(value, NotJson):
                damaged = False
                parts += self._feed_value(value, payload)
            elif following is NO_MORE and (at_end or self._reader.whole_body):
                self._truncated = True
            elif not damaged:
                damaged = True
                parts += self._damaged(payload, value)
        return parts

    def _damaged(self, payload: bytes, error: NotJson) -> list[Part]:
        if self.api is None:
            if self._undecided is None:
                self._undecided = self._event(payload)
            if len(self.builder.errors) == MAX_DAMAGED:
                raise UnknownFormat(self._undecided)
        self.builder.fail(Error(kind="decode", message=shown(payload), raw=str(error)))
        return self.builder.drain() if self.api is not None else []

    def _feed_value(self, value: Any, payload: bytes) -> list[Part]:
        if self.format_decoder is None and (parts := self._before_format(value, payload)) is not None:
            return parts
        format_decoder = self.format_decoder or self._choose_format(value, payload)
        parts = format_decoder.feed_value(value)
        return [*self.builder.drain(), *parts]  # first the parts from before it gave up

    def _before_format(self, value: Any, payload: bytes) -> list[Part] | None:
        """Return the parts of a value that shows no format: a sign of life, or no event at all. None for others."""
        name = self.event_name()
        if isinstance(value, dict) and (value.get("type") or name) in SIGNS_OF_LIFE and "error" not in value:
            self.builder.ping()
        elif not isinstance(value, (dict, list)) and self._named is None:
            self._undecided = self._undecided or self._event(payload)
            self.builder.emit(Raw(name=name or "value", data=value))
        else:
            return None
        return self.builder.drain()

    def _choose_format(self, value: Any, payload: bytes) -> FormatDecoder:
        """Find the format. A named one is used unless the event is unmistakably of another."""
        api = detect(value, self.event_name(), guess=self._named is None) or self._named
        if api is None:
            raise self.unknown_format(payload)
        # Not `self.event_name`: the format decoder must not keep this object alive.
        self.format_decoder = decoder_class(api)(self.builder, partial(getattr, self._reader, "event_name"))
        return self.format_decoder

    def _event(self, payload: bytes) -> ServerSentEvent:
        text = payload.decode("utf-8", "replace")
        return ServerSentEvent(self.event_name() or "message", text, self._reader.last_event_id)

    def _feed_line(self, item: Any) -> list[Part]:
        """Decode a comment, or a line whose field the standard does not know."""
        if type(item) is Comment:
            self.builder.emit(Ping(text=item.text))
        elif type(item) is UnknownLine:
            line = item.text
            name, colon, value = line.partition(":")
            if self._stray.wants(line):
                return self._feed_stray(self._stray.add(line))
            if colon and name == "error":
                self._whole_at = self._reader.events
                try:
                    raw = load(value.encode())
                except NotJson:
                    raw = value.strip()
                self.builder.fail(error_of(raw or line))
            else:
                self.builder.emit(Raw(name="line", data=line))
        else:
            raise TypeError(
                f"an event stream, or its events (ssescan.ServerSentEvent), was expected, {type(item).__name__} came"
            )
        return self.builder.drain()

    def _feed_stray(self, text: str) -> list[Part]:
        if not text:
            return []
        payload = text.encode("utf-8", "replace")
        try:
            value = load(payload)
        except NotJson:
            self.builder.emit(Raw(name="line", data=text))
            return self.builder.drain()
        self._whole_at = self._reader.events
        return self._feed_value(value, payload)

    def _end(self, *, cut: bool, failed: bool) -> list[Part]:
        if self.closed:
            return []
        self.closed = True
        reader = self._reader
        if text := self._stray.end():
            # A value that began and did not end.
            self._truncated = True
            self.builder.emit(Raw(name="line", data=text))
        # A block that was cut short may hold a whole value all the same.
        whole = reader.events > reader.events_before_close or self._whole_at == reader.events
        truncated = self._truncated or (cut and not whole) or reader.skipped > 0  # skipped events leave a hole
        complete = False
        if self.format_decoder is not None:
            self.format_decoder.line_ended = not reader.cut_in_line
            self.format_decoder.finish()
            complete = self.format_decoder.complete and not self.builder.errors
        self.builder.complete = complete and not truncated and not failed
        self.builder.emit(End(complete=self.builder.complete))
        return self.builder.drain()

    def why_failed(self) -> SsescanError | None:
        """Return the error that the message ended with, None for a success."""
        if self.builder.complete:
            return None
        errors = self.builder.errors
        if not errors:
            return StreamCut(self.message)
        # The provider's own error comes before ours about its bytes.
        error = next((error for error in errors if error.kind not in OUR_KINDS), errors[0])
        return ProviderError(self.api or "", error.kind, error.code, error.message, error.raw, self.message)
