"""Writer: parts in, the bytes of a provider's event stream out. No I/O.

Accepts parts in any order until the end, and makes parts for a program that has none. The rules that all formats share
are in `format_writer.py`, the frames of each in `_writers/`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .format_writer import WriterOptions
from .formats import checked_written_api, writer_class
from .parts import (
    End,
    Error,
    Finish,
    Part,
    Ping,
    ReasoningDelta,
    RefusalDelta,
    TextDelta,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
    Usage,
)

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Collection, Mapping

    from .format_writer import FormatWriter
    from .formats import WrittenApi
    from .message import Message
    from .parts import FinishReason

CLOSED = "this writer was closed: the stream has ended; make a new Writer for the next one"

# The states of a writer, and the next one after each input; None: ValueError. `docs/inside.md` has the same table.
WRITER_INPUTS = ("content", "Error of the provider", "End or close()")
WRITER_STATES: dict[str, tuple[str | None, ...]] = {
    "new": ("open", "failed", "closed"),
    "open": ("open", "failed", "closed"),
    "failed": ("failed", "failed", "closed"),
    "closed": (None, None, "closed"),
}


class Writer:
    """Writes one answer as the event stream of an API: each method returns the bytes to send now, or b"".

    `api`: "openai-chat", "openai-responses", "anthropic", "gemini", or "ai-sdk-ui" (Vercel's UI message stream). `id`,
    `model`: as given, else those of the part Start, else made. `created`: Unix time, s; None: now. `input_tokens`: for
    the first event of "anthropic", which comes before the usage is known. `reasoning_field`: the field of
    "openai-chat" for reasoning. `include_usage`: write the usage chunk of "openai-chat", as the request's
    `stream_options` ask. `envelope`: fields of the request that "openai-responses" repeats, such as `tools`.
    `custom_tools`: the names of tools whose calls "openai-responses" gets as custom calls: plain text in place of JSON
    with the one field `input`.

    `write` takes the parts of a stream, in any order; only after `close()` or an End it raises ValueError. The other
    methods make the parts. `lost`: what the format cannot express, by the name of the part. `headers`: those that the
    response wants.
    """

    __module__ = "ssescan"
    __slots__ = ("_accepted", "_block", "_format", "_kind_of_block", "_state")

    def __init__(
        self, api: WrittenApi, *, id: str | None = None, model: str | None = None, created: int | None = None,
        input_tokens: int | None = None, reasoning_field: str = "reasoning_content", include_usage: bool = False,
        envelope: Mapping[str, Any] | None = None, custom_tools: Collection[str] = (),
    ) -> None:  # fmt: skip
        options = WriterOptions(
            id, model, created, input_tokens, reasoning_field, include_usage, envelope, frozenset(custom_tools)
        )
        self._format: FormatWriter = writer_class(checked_written_api(api))(options)
        self._state = "new"  # of WRITER_STATES
        self._accepted = self._format.handlers  # while the stream is open
        self._block = -1  # of the methods that make parts
        self._kind_of_block: type[Part] | None = None

    @property
    def api(self) -> str:
        """The format that is written."""
        return self._format.api

    @property
    def state(self) -> str:
        """One of WRITER_STATES."""
        return "open" if self._state == "new" and self._format.is_begun else self._state

    @property
    def lost(self) -> Counter[str]:
        """The number of parts that the format cannot express, by the name of the part."""
        return self._format.lost

    @property
    def headers(self) -> dict[str, str]:
        """The headers that the response wants."""
        return self._format.headers

    def write(self, part: Part) -> bytes:
        """Return the bytes for a part. TypeError for anything else, ValueError after close() or an End."""
        handler = self._accepted.get(type(part))
        return self._write_seldom(part) if handler is None else handler(self._format, part)

    def _write_seldom(self, part: Any) -> bytes:
        """Write an error or the end; drop a part after an error; refuse what is not a part."""
        if type(part) not in self._format.handlers and not isinstance(part, (Error, End)):
            raise TypeError(f"write() takes a part of ssescan.providers, such as TextDelta, not {type(part).__name__}")
        if self._state == "closed":
            raise ValueError(CLOSED)
        if isinstance(part, End):
            return self._end(part)
        if self._state == "failed":
            if not isinstance(part, (Finish, Usage, Error, Ping)):
                self.lost[part.type] += 1
            return b""
        made = self._format.error(part)
        if made:
            self._stop("failed")
        return made

    def _end(self, part: End) -> bytes:
        made = b"" if self._state == "failed" else self._format.end(part)
        self._stop("closed")
        return made

    def _stop(self, state: str) -> None:
        self._state, self._accepted = state, {}

    def close(self) -> bytes:
        """End the stream. Return the legal end after a finish, else an error; b"" if the stream has ended already."""
        return b"" if self._state == "closed" else self._end(End(complete=self._format.is_finished))

    def continue_after(self, message: Message, events: int) -> None:
        """Continue a stream of which others wrote so many events, so that an error can end it."""
        self._format.continue_after(message, events)

    # The same for a program that has no parts

    def text(self, text: str, *, choice: int = 0) -> bytes:
        """Return the bytes for a piece of the answer's text."""
        return self._piece(TextDelta, text, choice)

    def reasoning(self, text: str, *, choice: int = 0) -> bytes:
        """Return the bytes for a piece of the model's reasoning."""
        return self._piece(ReasoningDelta, text, choice)

    def refusal(self, text: str, *, choice: int = 0) -> bytes:
        """Return the bytes for a piece of text in which the model declines."""
        return self._piece(RefusalDelta, text, choice)

    def tool_call(self, name: str, arguments: str, *, id: str | None = None, choice: int = 0) -> bytes:
        """Return the bytes for a whole call. `arguments`: JSON text. `id`: None: one is made."""
        block = self._new_block(None)
        start = self.write(ToolCallStart(choice=choice, block=block, id=id, name=name))
        delta = self.write(ToolCallDelta(choice=choice, block=block, json=arguments)) if arguments else b""
        end = ToolCallEnd(choice=choice, block=block, id=id, name=name, json=arguments or "{}")
        return start + delta + self.write(end)

    def usage(
        self, *, input: int | None = None, output: int | None = None, reasoning: int | None = None,
        cache_read: int | None = None, cache_write: int | None = None,
    ) -> bytes:  # fmt: skip
        """Set the numbers of tokens, as in the part Usage. A number that a format needs and is not known is 0."""
        total = None if input is None or output is None else input + output
        return self.write(
            Usage(
                input=input, output=output, reasoning=reasoning, cache_read=cache_read, cache_write=cache_write,
                total=total,
            )
        )  # fmt: skip

    def finish(self, reason: FinishReason = "stop", *, stop_sequence: str | None = None, choice: int = 0) -> bytes:
        """Set the reason why a choice ended. It is written at the end of the stream."""
        return self.write(Finish(choice=choice, reason=reason, stop_sequence=stop_sequence))

    def error(
        self, message: str, *, kind: str | None = None, code: str | int | None = None, status: int | None = None
    ) -> bytes:
        """Return the bytes for an error, which ends the answer. `status`: the HTTP status that it stands for."""
        raw = None if status is None else {"status": status}
        return self.write(Error(kind=kind, code=code, message=message, raw=raw))

    def ping(self) -> bytes:
        """Return the bytes of a keep-alive, b"" if the format has none."""
        return self.write(Ping())

    def _piece(self, part: Any, text: str, choice: int) -> bytes:
        if not text:
            return b""
        block = self._block if self._kind_of_block is part else self._new_block(part)
        return self.write(part(choice=choice, block=block, text=text))

    def _new_block(self, kind: type[Part] | None) -> int:
        self._kind_of_block = kind
        self._block += 1
        return self._block
