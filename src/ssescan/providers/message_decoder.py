"""From the items of an event reader to parts: the rules that every format shares.

No I/O: the caller feeds payloads, comments and lines as they come, and closes at the end. Besides choosing the format
decoder, it handles `[DONE]`, blank payloads, comments within data, payloads that are not JSON or several JSON values,
stray lines and `error:` lines; and it decides whether the stream was cut, and which error a strict stream raises.
"""

from __future__ import annotations

import re
from functools import partial
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any

from ..errors import ProviderError, SsescanError, StreamCut, StreamStalled, UnknownFormat
from ..outcome import Outcome
from ..scanner import Comment, ServerSentEvent, UnknownLine
from ..scanner._shared import BYTE_ORDER_MARK
from .block_lines import CONTINUES, BlockLines
from .format_decoder import DAMAGED, decoder, refuse, unknown_event
from .formats import APIS, checked_api, decoder_class, detect, has_others, known_apis
from .message_builder import MessageBuilder
from .parts import OUR_KINDS, End, Error, Part, Ping, Raw, TextDelta
from .payloads import DONE, NotJson, StrayLines, load, shown, values
from .provider_errors import error_in, error_of
from .surrogates import Halves
from .think_tags import ThinkTags

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from ..scanner import EventReader
    from .format_decoder import FormatDecoder, Parts
    from .message import Message

NO_MORE: Any = object()
KEEP_ALIVES = ("ping", "keepalive", "response.keep_alive")
MAX_UNKNOWN = 8
"""The number of damaged or unknown events that are allowed before the format is known (R46 of docs/rules.md)."""
BEGINS_JSON = re.compile(r"\s*(?:\{\s*\"|\[\s*[{\[\"])")
MAX_BEGINNING = 200  # characters of the lines of no event that an exception shows

# The states of a decoder, and the next one after each input; None: that cannot come. `format_decoder` is None while the
# decoder is undecided, `done` is set by `[DONE]`, after which only errors count, and `closed` is set by close() and
# fail(). More than MAX_UNKNOWN payloads that show no format raise UnknownFormat. `docs/inside.md` has the same table.
DECODER_INPUTS = ("payload of a format", "keep-alive", "damaged payload", "[DONE]", "close() or fail()")
DECODER_STATES: dict[str, tuple[str | None, ...]] = {
    "undecided": ("decoding", "undecided", "undecided", "done", "closed"),
    "decoding": ("decoding", "decoding", "decoding", "done", "closed"),
    "done": ("done", "done", "done", "done", "closed"),
    "closed": (None, None, None, None, "closed"),
}


def is_of_transport(error: BaseException | None) -> bool:
    """Return whether an error says that a connection broke, or that nothing came: not wrong use, nor a limit."""
    if isinstance(error, (SsescanError, TypeError, ValueError)):
        return isinstance(error, StreamStalled)
    return isinstance(error, Exception)


class MessageDecoder:
    """Turns the items of one stream into parts.

    `api`: as named, until the first event shows the format. `format_decoder`: None until then. `builder`: the message
    so far. `done`: only errors count from now on (`[DONE]` came). `closed`: the last part was returned.
    """

    __slots__ = (
        "_accept_done", "_beginning", "_block_lines", "_failure", "_guessed", "_halves", "_held", "_named", "_reader",
        "_shows_lines", "_stray", "_strict", "_tags", "_truncated", "_undecided", "_unknown", "_whole_at", "builder",
        "closed", "done", "format_decoder",
    )  # fmt: skip

    def __init__(
        self, api: str | None, reader: EventReader[Any], limit: int | None, *, strict: bool, accept_done: bool = False,
        think_tags: bool | Literal["open"] = False,
    ) -> None:  # fmt: skip
        """`reader`: the source of everything that is fed. `limit`: of an event, bytes. Else as for stream()."""
        self._named = checked_api(api)
        self._accept_done = accept_done
        self._reader = reader
        self._strict = strict
        self._stray = StrayLines(limit)
        self._block_lines = BlockLines(limit)
        self._beginning = ""  # of the lines of no event
        self._shows_lines = True
        self._truncated = False
        # The first event, if it was damaged or unknown, and no other had shown the format yet.
        self._undecided: ServerSentEvent | None = None
        self._unknown = 0  # how many such events there were
        self._guessed = False  # no event has shown the format for sure
        self._whole_at = -1  # the number of events before a complete value in stray lines
        self.builder: MessageBuilder = MessageBuilder(reader)
        self.format_decoder: FormatDecoder | None = None
        self._halves = Halves()
        self._tags = ThinkTags(open=think_tags == "open") if think_tags else None
        self._held: Any = None  # `decode` of the format decoder, while it may not take the fast path
        self.done: bool = False
        self.closed: bool = False
        self._failure: SsescanError | None = None

    @property
    def api(self) -> str | None:
        return self._named if self.format_decoder is None else self.format_decoder.api

    @property
    def message(self) -> Message:
        message = self.builder.message(self.api)
        return message if self._tags is None else self._tags.message(message)

    @property
    def fast_feed(self) -> Callable[[Any], Parts | None] | None:
        """The fast path of `feed`, None until the format is known. Where it returns None, feed() the same item."""
        if self.format_decoder is None:
            return None
        return self.format_decoder.feed if self._tags is None else self._feed_tagged

    def feed(self, item: Any) -> list[Part]:
        """Accept a payload, a comment or an unknown line; return its parts. Raises UnknownFormat."""
        parts = self._feed_payload(item) if type(item) is bytes else self._feed_line(item)
        return parts if self._tags is None else self._tags.feed(parts)

    def _feed_tagged(self, item: Any) -> list[Part] | None:
        """Return the parts of the fast path, with reasoning for what is between tags."""
        parts = None if self.format_decoder is None else self.format_decoder.feed(item)
        if parts is None or self._tags is None:
            return None
        return self._tags.feed([parts] if type(parts) is TextDelta else parts)  # type: ignore[arg-type]

    def feed_rest(self) -> list[Part]:
        """Return the errors in the rest of the chunk after `[DONE]`, and ignore everything else."""
        parts: list[Part] = []
        while (item := self._reader.pop()) is not None:
            if type(item) is not bytes:
                continue
            try:
                value = self._named_error(load(item))
            except NotJson:
                continue
            if isinstance(value, dict) and error_in(value, self.event_name()) is not None:
                parts += self._feed_value(value, item, may_have_halves=b"\\u" in item)
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
            raise self.unknown_format(b"")
        parts = self._end(cut=outcome is Outcome.CUT, failed=False)
        if self._strict:
            self._failure = self.why_failed()
        return parts

    def pop_failure(self) -> SsescanError | None:
        """Return, once, the error that a strict stream raises at its end; None before close(), or for a success."""
        failure, self._failure = self._failure, None
        return failure

    def fail(self, error: BaseException | None = None) -> list[Part]:
        """End the message after an error of the source or of a feed(); return the last parts.

        If the provider's last word had come, an error of the transport changes nothing: the message may be complete.
        """
        decoder = self.format_decoder
        harmless = decoder is not None and decoder.has_last_word and is_of_transport(error)
        return self._end(cut=False, failed=not harmless)

    def unknown_format(self, payload: bytes) -> UnknownFormat:
        """Return the error for a stream of no known format, or of a format other than the required one."""
        error = UnknownFormat(self._undecided or self._event(payload))
        error.formats = known_apis()
        return error

    def event_name(self) -> str | None:
        """Return the name of the current event, None if it has none."""
        return self._reader.event_name

    def _feed_first(self, payload: bytes) -> Parts | None:
        """Return the parts of a first event that is of one format for sure; None if it has to be looked at.

        For a short stream, the thorough way of its first event would cost as much as all others.
        """
        reader = self._reader
        if self._block_lines.lines or reader.is_over or reader.whole_body or reader.event_name is not None:
            return None
        if self._named is None and has_others():
            return None  # nobody knows which events another format has
        for api in APIS if self._named is None else (self._named,):
            first = decoder_class(api).first
            if first is None:
                continue
            try:
                event = decoder(first)(payload)
            except DAMAGED:
                continue
            self._guessed = False
            return self._decode_as(api).handle(event)
        return None

    def _decode_as(self, api: str) -> FormatDecoder:
        """Make the decoder of a format, and decode with it from now on."""
        # Not `self.event_name`: the format decoder must not keep this object alive.
        made = decoder_class(api)(self.builder, partial(getattr, self._reader, "event_name"))
        self.format_decoder = made
        return made

    def _feed_payload(self, payload: bytes) -> list[Part]:
        if self.format_decoder is None and (first := self._feed_first(payload)) is not None:
            return first  # type: ignore[return-value]
        if self._block_lines.lines:
            joined = self._block_lines.joined(payload, self._reader.events)
            if joined is None:
                return self._feed_apart(payload)
            self._block_lines.pop()
            payload = joined
        at_end = self._reader.is_over  # the end of the stream came before the blank line
        if self._reader.whole_body:
            payload = payload.removeprefix(BYTE_ORDER_MARK)
        stripped = payload.strip()
        if not stripped:
            self._truncated |= at_end
            self._reader.keep_alives += 1
            self.builder.lost.blank += 1
        elif stripped.startswith(b"[DONE]"):
            self.done = True
        elif stripped.startswith(b":"):  # a comment that a proxy put into data
            self.builder.ping(shown(stripped[1:].strip()))
        else:
            return self._feed_values(payload, at_end=at_end)
        return self.builder.drain()

    def _feed_apart(self, payload: bytes) -> list[Part]:
        """Return the parts of a payload, and of the lines of its block that are not a part of it, in their order."""
        if not self._block_lines.follow(payload):
            return [*self._feed_block_lines(), *self._feed_payload(payload)]
        lines = self._block_lines.pop()
        parts = self._feed_payload(payload)
        return parts if self.done else [*parts, *self._feed_unknown_lines(lines)]

    def _feed_values(self, payload: bytes, *, at_end: bool) -> list[Part]:
        parts: list[Part] = []
        may_have_halves = b"\\u" in payload
        damaged = False  # the value before was not JSON: a run of these is one error
        for value, following in pairwise(chain(values(payload, halves=True), (NO_MORE,))):
            if value is DONE:
                self.done = True
                break
            if not isinstance(value, NotJson):
                damaged = False
                parts += self._feed_value(value, payload, may_have_halves=may_have_halves)
            elif following is NO_MORE and (at_end or self._reader.whole_body):
                self._truncated = True
                if self._reader.whole_body:
                    self._show_line(shown(payload))
            elif not damaged:
                damaged = True
                parts += self._damaged(payload, value)
        return parts

    def _damaged(self, payload: bytes, error: NotJson) -> list[Part]:
        if self.api is None:
            self._count_unknown(payload)
        self.builder.fail(Error(kind="decode", message=shown(payload), raw=str(error)))
        return self.builder.drain() if self.api is not None else []

    def _named_error(self, value: Any) -> Any:
        """Return an event that only its name says to be an error as an object."""
        if self.event_name() != "error" or isinstance(value, dict):
            return value
        is_list = isinstance(value, list) and any(isinstance(element, dict) for element in value)
        return value if is_list else {"error": value}

    def _hold(self) -> None:
        """Keep the next event from the fast path: there is something that comes before it."""
        if self._held is None and self.format_decoder is not None:
            self._held, self.format_decoder.decode = self.format_decoder.decode, refuse

    def _feed_value(self, value: Any, payload: bytes, *, may_have_halves: bool) -> list[Part]:
        """Return the parts of a value of a payload, which may have others.

        `may_have_halves`: whether the payload has escapes, which is looked for once in all its values.
        """
        if self._held is not None and self.format_decoder is not None:
            self.format_decoder.decode, self._held = self._held, None
        value = self._named_error(value)
        format_decoder = self.format_decoder
        if format_decoder is None or self._guessed:
            format_decoder = self._choose_format(value)
        if format_decoder is None:
            return self._before_format(value, payload)
        format_decoder.payload = payload
        parts = format_decoder.feed_value(value)
        format_decoder.payload = b""
        parts = [*self.builder.drain(), *parts]  # first the parts that the fast path emitted
        if self._undecided is None and not self.builder.started and any(type(part) is Raw for part in parts):
            self._undecided = self._event(payload)
        halves = self._halves
        if halves.waiting or may_have_halves:
            parts = halves.feed(parts)
            if halves.waiting:
                self._hold()  # the next event may bring the other half
        return parts

    def _choose_format(self, value: Any) -> FormatDecoder | None:
        """Find the format. A named one, or a guess, is used unless an event is unmistakably of another.

        Errors only allow a guess, as several formats have the same; once there is an answer, the format stays.
        """
        name, present = self.event_name(), self.format_decoder
        if present is None and is_keep_alive(value, name):
            return None
        if present is not None and (self.builder.started or not self.builder.is_empty):
            self._guessed = False
            return present
        api = detect(value, name, guess=False, named=self._named)
        self._guessed = api is None
        api = api or (present and present.api) or self._named or detect(value, name, guess=True)
        if api is not None and (present is None or present.api != api):
            self.builder.choices.clear()  # of a decoder that was tried, and read nothing
            present = self._decode_as(api)
        return present

    def _before_format(self, value: Any, payload: bytes) -> list[Part]:
        """Return the parts of a value that shows no format: a keep-alive, or an unknown event."""
        name = self.event_name()
        if is_keep_alive(value, name):
            self.builder.ping()
            return self.builder.drain()
        self._count_unknown(payload)
        several = isinstance(value, list) and any(isinstance(element, dict) for element in value)
        for element in value if several else [value]:
            self.builder.emit(unknown_event(element, name))
        return self.builder.drain()

    def _count_unknown(self, payload: bytes) -> None:
        """Note an event that shows no format. Raises UnknownFormat after too many."""
        self._unknown += 1
        if self._unknown > MAX_UNKNOWN:
            raise self.unknown_format(payload)
        if self._undecided is None:
            self._undecided = self._event(payload)

    def _event(self, payload: bytes) -> ServerSentEvent:
        text = payload.decode("utf-8", "replace")
        return ServerSentEvent(self.event_name() or "message", text, self._reader.last_event_id)

    def _feed_line(self, item: Any) -> list[Part]:
        """Decode a comment, or a line whose field the standard does not know."""
        if type(item) is Comment:
            self.builder.emit(Ping(text=item.text))
            return self.builder.drain()
        if type(item) is not UnknownLine:
            raise TypeError(
                f"an event stream, or its events (ssescan.ServerSentEvent), was expected, {type(item).__name__} came"
            )
        line, lines, events = item.text, self._block_lines, self._reader.events
        before = self._feed_block_lines() if lines.lines and lines.events != events else []
        if line[0] not in CONTINUES:
            lines.other_at = events
        elif lines.add(line, getattr(self._reader, "pending", 0), events):
            self._hold()
            return before
        if lines.lines:
            before += self._feed_block_lines()
        parts = self._feed_unknown_line(line)
        return before + parts if before else parts

    def _feed_block_lines(self) -> list[Part]:
        """Return the parts of the lines that were kept, and do not continue the data of their block."""
        return self._feed_unknown_lines(self._block_lines.pop())

    def _feed_unknown_lines(self, lines: list[str]) -> list[Part]:
        return [part for line in lines for part in self._feed_unknown_line(line)]

    def _feed_unknown_line(self, line: str) -> list[Part]:
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
            if self._shows_lines:
                self._show_line(line)
            self.builder.emit(Raw(name="line", data=line))
        return self.builder.drain()

    def _show_line(self, text: str) -> None:
        """Keep a line of no event for the text of an exception."""
        self._beginning += text[:MAX_BEGINNING] + "\n"
        self._shows_lines = len(self._beginning) < MAX_BEGINNING

    def _feed_stray(self, text: str) -> list[Part]:
        if not text:
            return []
        payload = text.encode("utf-8", "replace")
        may_have_halves = b"\\u" in payload
        parts: list[Part] = []
        for value in values(payload, halves=True):
            if value is DONE:
                self.done = True
                break
            if not isinstance(value, NotJson):
                self._whole_at = self._reader.events
                parts += self._feed_value(value, payload, may_have_halves=may_have_halves)
                continue
            self._show_line(text)
            self.builder.emit(Raw(name="line", data=text))
            if BEGINS_JSON.match(text):  # else a line of a log
                self._truncated = True
                self.builder.lost.damaged += 1
            parts += self.builder.drain()
        return parts

    def _end(self, *, cut: bool, failed: bool) -> list[Part]:
        if self.closed:
            return []
        self.closed = True
        reader = self._reader
        parts = self._feed_block_lines() if self._block_lines.lines else []
        if text := self._stray.end():
            # The end of the stream cut a value in stray lines.
            self._truncated = True
            self._show_line(text)
            self.builder.emit(Raw(name="line", data=text))
        # A block that was cut may still contain a complete value.
        whole = reader.events > reader.events_before_close or self._whole_at == reader.events
        truncated = self._truncated or (cut and not whole) or reader.skipped > 0  # a skipped event is missing
        complete = False
        if self.format_decoder is not None:
            self.format_decoder.line_ended = not reader.cut_in_line
            if self._accept_done and self.done and not truncated:
                self.builder.assume_finish("[DONE]")
            self.format_decoder.finish()
            complete = self.format_decoder.complete and not self.builder.errors
        self.builder.complete = complete and not truncated and not failed
        self.builder.emit(End(complete=self.builder.complete))
        parts += self.builder.drain()
        if self._halves.waiting:
            parts = self._halves.feed(parts)
        return parts if self._tags is None else self._tags.feed(parts)

    def why_failed(self) -> SsescanError | None:
        """Return the error that the message ended with, None for a success."""
        if self.builder.complete:
            return None
        errors = self.builder.errors
        if not errors:
            if self._undecided is not None and self.builder.is_empty:
                return self.unknown_format(b"")
            cut = StreamCut(self.message)
            cut.beginning = self._beginning[:MAX_BEGINNING]
            return cut
        # The provider's own error comes before ours about its bytes.
        error = next((error for error in errors if error.kind not in OUR_KINDS), errors[0])
        return ProviderError(self.api or "", error.kind, error.code, error.message, error.raw, self.message)


def is_keep_alive(value: Any, name: str | None) -> bool:
    """Return whether a value is an event that only says that the stream is alive, in any format."""
    return isinstance(value, dict) and (value.get("type") or name) in KEEP_ALIVES and "error" not in value
