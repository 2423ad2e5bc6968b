"""From what a scanner gives to parts, for every format alike: where the rules stand that no format should repeat.

No I/O: the caller feeds payloads, comments and lines as they come, and last the end. Besides choosing the format
decoder, it handles `[DONE]`, blank payloads, comments within data, payloads that are not JSON or several JSON values,
stray lines and `error:` lines; and it says whether the stream was cut or a success, and what a strict stream raises.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from ..errors import ProviderError, StreamCut, UnknownFormat
from ..scanner import Comment, ServerSentEvent, UnknownLine
from ..scanner._shared import BYTE_ORDER_MARK
from .format_decoder import error_of
from .formats import checked_api, decoder_class, detect
from .message_builder import MessageBuilder
from .parts import OUR_KINDS, End, Error, Ping, Raw
from .payloads import DONE, NotJson, StrayLines, load, shown, values

if TYPE_CHECKING:
    from ..errors import SsescanError
    from .format_decoder import FormatDecoder
    from .message import Message
    from .parts import Part

__all__ = ["MessageDecoder"]

NO_MORE: Any = object()
SIGNS_OF_LIFE = ("ping", "keepalive", "response.keep_alive")
MAX_DAMAGED = 8
"""How many events in a row may be no JSON before one has told the format; with the next, it is unknown."""


class MessageDecoder:
    """One stream, as far as it has been read.

    `format_decoder`: None until the first event shows the format, or confirms the one that was named. `done`: `[DONE]`
    came, and nothing after it counts. `over`: the last part was given.
    """

    __slots__ = (
        "_named",
        "_reader",
        "_stray",
        "_truncated",
        "_undecided",
        "_unknown",
        "_whole_at",
        "builder",
        "done",
        "format_decoder",
        "over",
    )

    def __init__(self, api: str | None, reader: Any, limit: int | None) -> None:
        """Take the reader that the payloads come from, for what it knows besides; and the limit of an event, bytes."""
        self._named = checked_api(api)
        self._reader = reader
        self._stray = StrayLines(limit)
        self._truncated = False
        # The first event, if it was no JSON, and no other has told the format yet.
        self._undecided: ServerSentEvent | None = None
        self._whole_at = -1  # the number of events before a value that stray lines gave, whole
        self.format_decoder: FormatDecoder | None = None
        self.builder: MessageBuilder = MessageBuilder()
        self.done: bool = False
        self.over: bool = False

    @property
    def api(self) -> str | None:
        return self._named if self.format_decoder is None else self.format_decoder.api

    @property
    def message(self) -> Message:
        return self.builder.message(self.api)

    def _name(self) -> str | None:
        name: str | None = self._reader._event_name
        return name

    def feed(self, payload: bytes) -> list[Part]:
        """Take the data of an event, whatever it is, the thorough way."""
        at_end = self._reader._over  # the end of the stream came before the blank line
        if self.builder.notes.whole_body:
            payload = payload.removeprefix(BYTE_ORDER_MARK)
        stripped = payload.strip()
        if not stripped:
            self._truncated |= at_end
            self.builder.notes.pings += 1  # a sign of life, and no more
        elif stripped.startswith(b"[DONE]"):
            self.done = True
        elif stripped.startswith(b":"):  # a comment that a proxy put into data
            self.builder.ping(shown(stripped[1:].strip()))
        else:
            return self._feed_values(payload, at_end=at_end)
        return self.builder.drain()

    def _feed_values(self, payload: bytes, *, at_end: bool) -> list[Part]:
        parts: list[Part] = []
        damaged = False  # the line before was no JSON: a run of such is one error
        following = values(payload)
        value = next(following, NO_MORE)
        while value is not NO_MORE:
            present, value = value, next(following, NO_MORE)
            if present is DONE:
                self.done = True
                break
            if not isinstance(present, NotJson):
                damaged = False
                parts += self._feed_value(present, payload)
                continue
            if value is NO_MORE and (at_end or self.builder.notes.whole_body):
                self._truncated = True
                break
            if not damaged:
                damaged = True
                parts += self._damaged(payload, present)
        return parts

    def _damaged(self, payload: bytes, error: NotJson) -> list[Part]:
        if self.api is None:
            self._wait_for_json(payload)
        self.builder.fail(Error(kind="decode", message=shown(payload), raw=str(error)))
        return self.builder.drain() if self.api is not None else []

    def _feed_value(self, value: Any, payload: bytes) -> list[Part]:
        if self.format_decoder is None and (told := self._before_format(value, payload)) is not None:
            return told
        format_decoder = self.format_decoder or self._settle(value, payload)
        parts = format_decoder.feed(value)
        return [*self.builder.drain(), *parts]  # first the parts from before it gave up

    def _before_format(self, value: Any, payload: bytes) -> list[Part] | None:
        """Take what tells no format, whoever sends it: signs of life, and what is no event."""
        if isinstance(value, dict) and (value.get("type") or self._name()) in SIGNS_OF_LIFE and "error" not in value:
            self.builder.ping()
        elif not isinstance(value, (dict, list)) and self._named is None:
            self._undecided = self._undecided or self._event(payload)
            self.builder.emit(Raw(name=self._name() or "value", data=value))
        else:
            return None
        return self.builder.drain()

    def _settle(self, value: Any, payload: bytes) -> FormatDecoder:
        """Find the format. One that was named is taken, unless the event is unmistakably of another."""
        name = self._name()
        api = detect(value, name, guess=self._named is None) or self._named
        if api is None:
            raise self._unknown_format(payload)
        # Not `self._name`: the format decoder must not keep this object alive, nor the stream.
        self.format_decoder = decoder_class(api)(self.builder, partial(getattr, self._reader, "_event_name"))
        return self.format_decoder

    def _wait_for_json(self, payload: bytes) -> None:
        """Take it that a stream that did not tell its format yet may have begun with an event that was damaged."""
        if self._undecided is None:
            self._undecided = self._event(payload)
        if len(self.builder.errors) == MAX_DAMAGED:
            raise UnknownFormat(self._undecided)

    def _unknown_format(self, payload: bytes) -> UnknownFormat:
        return UnknownFormat(self._undecided or self._event(payload))

    def _event(self, payload: bytes) -> ServerSentEvent:
        text = payload.decode("utf-8", "replace")
        return ServerSentEvent(self._name() or "message", text, self._reader.last_event_id)

    def feed_line(self, item: Any) -> list[Part]:
        """Take a comment, or a line of no field that the standard knows."""
        if type(item) is Comment:
            self.builder.emit(Ping(text=item.text))
        elif type(item) is UnknownLine:
            line = item.text
            name, colon, value = line.partition(":")
            if self._stray.wants(line):
                return self._feed_stray(self._stray.add(line))
            if colon and name == "error":
                self._whole_at = self._reader._events
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
        self._whole_at = self._reader._events
        return self._feed_value(value, payload)

    def feed_rest(self) -> list[Part]:
        """Take what came in one chunk with `[DONE]`, after it: nothing of it counts, but an error."""
        parts: list[Part] = []
        while (item := self._reader._pop()) is not None:
            try:
                value = load(item) if type(item) is bytes else None
            except NotJson:
                continue
            if isinstance(value, dict) and (value.get("error") or "error" in (value.get("type"), self._name())):
                parts += self._feed_value(value, item)
        return parts

    def end(self, *, cut: bool, failed: bool = False) -> list[Part]:
        """Take the end, give the last parts. `cut`: it came within a block. `failed`: something was raised."""
        if self.over:
            return []
        self.over = True
        reader = self._reader
        if self.api is None and self._undecided is not None and not failed:
            raise UnknownFormat(self._undecided)
        if text := self._stray.end():
            # A value that was begun and did not end.
            self._truncated = True
            self.builder.emit(Raw(name="line", data=text))
        # What a block that was cut short held may have been whole all the same.
        whole = reader.events > reader.events_before_close or self._whole_at == reader.events
        truncated = self._truncated or (cut and not whole) or reader.skipped > 0  # which leaves a hole
        format_decoder = self.format_decoder
        complete = False
        if format_decoder is not None:
            format_decoder.line_ended = not reader.cut_in_line
            format_decoder.finish()
            complete = format_decoder.complete and not self.builder.errors
        self.builder.complete = complete and not truncated and not failed
        self.builder.emit(End(complete=self.builder.complete))
        return self.builder.drain()

    def failure(self) -> SsescanError | None:
        """Give what a strict stream raises after its end: None for a success."""
        if self.builder.complete:
            return None
        errors = self.builder.errors
        if not errors:
            return StreamCut(self.message)
        # What the provider said comes before what we say of its bytes.
        error = next((error for error in errors if error.kind not in OUR_KINDS), errors[0])
        return ProviderError(self.api or "", error.kind, error.code, error.message, error.raw, self.message)
