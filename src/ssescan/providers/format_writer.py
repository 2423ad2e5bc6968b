"""The base class of the format writers: parts in, frames out, by the rules that all formats share.

A writer never says that an answer is whole if it is not: the finish reason and the success ending of a format are
written at the end, and only if every answer finished, no error came, and no call is in doubt. What a format cannot
express is counted in `lost`. A format adds one file in `_writers/`, which says how its frames look.
"""

from __future__ import annotations

import secrets
import time
from abc import ABC, abstractmethod
from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from .finish_reasons import TRUNCATED
from .parts import (
    OUR_KINDS,
    Citation,
    End,
    Error,
    Finish,
    Logprobs,
    Media,
    Part,
    Ping,
    Raw,
    ReasoningDelta,
    RedactedReasoning,
    RefusalDelta,
    ServerToolResult,
    Signature,
    Start,
    TextDelta,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
    Usage,
)
from .written_calls import WrittenCall, made_call_id

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from .message import Message

CUT = Error(kind="stream_cut", message="the stream ended before the answer did")
CUT_CALL = Error(kind="stream_cut", message="the arguments of a tool call are not whole")
EVENT_STREAM_HEADERS = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}


class WriterOptions(NamedTuple):
    """The options of a Writer; it explains them."""

    id: str | None = None
    model: str | None = None
    created: int | None = None
    input_tokens: int | None = None
    reasoning_field: str = "reasoning_content"
    include_usage: bool = False
    envelope: Mapping[str, Any] | None = None
    custom_tools: Collection[str] = ()


class FormatWriter(ABC):
    """Writes the frames of one format; `Writer` drives it.

    A subclass sets `api`, and defines how its content, its endings and its keep-alives look. `lost`, `headers`: see
    Writer. `options`: those of the writer. `is_begun`: the first frames were written. `calls`: by choice and block.
    `finishes`, `usage`: as they came; they are written at the end. `held_error`: of damaged events, for the end.
    """

    api: ClassVar[str]
    has_choices: ClassVar[bool] = False
    """Whether the format has several answers in one stream; if not, only choice 0 is written."""
    id_prefix: ClassVar[str] = ""
    """Of the ids of messages that are made."""
    handlers: ClassVar[dict[type[Any], Callable[[Any, Any], bytes]]]
    """The method for each kind of part."""

    def __init_subclass__(cls) -> None:
        cls.handlers = {
            Start: cls.start, TextDelta: cls.text, ReasoningDelta: cls.reasoning, RefusalDelta: cls.refusal,
            Signature: cls.signature, RedactedReasoning: cls.redacted, ToolCallStart: cls.call_start,
            ToolCallDelta: cls.call_delta, ToolCallEnd: cls.call_end, ServerToolResult: cls.result,
            Citation: cls.citation, Logprobs: cls.logprobs, Media: cls.media, Usage: cls.count,
            Finish: cls.finish, Ping: cls.ping, Raw: cls.lose,
        }  # fmt: skip

    def __init__(self, options: WriterOptions) -> None:
        self.options: WriterOptions = options
        self.lost: Counter[str] = Counter()
        self.headers: dict[str, str] = dict(EVENT_STREAM_HEADERS)
        self.id: str = options.id or ""
        self.model: str = options.model or ""
        self.created: int = int(time.time()) if options.created is None else options.created
        self.is_begun: bool = False
        self.calls: dict[tuple[int, int], WrittenCall] = {}
        self.finishes: dict[int, Finish] = {}
        self.seen_choices: dict[int, None] = {}
        self.usage: Usage | None = None
        self.held_error: Error | None = None
        self._call_counts: dict[int, int] = {}  # by choice
        self._made_call_ids = 0

    # What all formats share

    @property
    def is_finished(self) -> bool:
        """Whether every choice has a finish reason that is not an error, and nothing casts doubt on the answer."""
        finishes = self.finishes
        return (
            bool(finishes)
            and self.held_error is None
            and finishes.keys() >= self.seen_choices.keys()
            and "error" not in [finish.reason for finish in finishes.values()]
            and not self._has_calls_in_doubt
        )

    @property
    def _has_calls_in_doubt(self) -> bool:
        """Whether a call of the program's may not be whole, in a choice that does not say that it was cut short."""
        if not self.calls:
            return False
        reasons = {choice: finish.reason for choice, finish in self.finishes.items()}
        return any(
            call.is_in_doubt and not call.server and reasons.get(call.choice) not in TRUNCATED
            for call in self.calls.values()
        )

    def begin(self) -> bytes:
        """Return the first frames of the stream, once; afterwards b""."""
        if self.is_begun:
            return b""
        self.is_begun = True
        self.begin_id()
        return self.preamble()

    def begin_id(self) -> None:
        """Make the id of the message, if none was given."""
        self.id = self.id or self.id_prefix + secrets.token_hex(12)

    def continue_after(self, message: Message, events: int) -> None:
        """Continue a stream of which others wrote so many events, so that an error can end it."""
        self.id = message.id or self.id
        self.model = message.model or self.model
        self.begin()

    def start(self, part: Start) -> bytes:
        self.id = self.id or part.id or ""
        self.model = self.model or part.model or ""
        return self.begin()

    def is_written(self, part: Any) -> bool:
        """Return whether the choice of a part is written; if not, count the part as lost."""
        if part.choice and not self.has_choices:
            self.lost[part.type] += 1
            return False
        self.seen_choices[part.choice] = None
        return True

    def count(self, part: Usage) -> bytes:
        self.usage = part
        return b""

    def finish(self, part: Finish) -> bytes:
        if self.is_written(part):
            self.finishes[part.choice] = part
        return b""

    def lose(self, part: Part) -> bytes:
        self.lost[part.type] += 1
        return b""

    def error(self, part: Error) -> bytes:
        """Return the frames of an error, which end the answer; b"" for a damaged event, which waits for the end."""
        if part.kind in OUR_KINDS:
            self.held_error = self.held_error or part
            return b""
        return self.failure(part)

    def end(self, part: End) -> bytes:
        """Return the last frames."""
        begin = self.begin() if part.complete else b""
        return begin + (self.success() if part.complete and self.is_finished else self.failure(self._why_failed()))

    def _why_failed(self) -> Error:
        """Return the error for an answer that did not end well."""
        if self.held_error is not None:
            return self.held_error
        for finish in self.finishes.values():
            if finish.reason == "error":
                words = (finish.details or {}).get("message") or f"the model stopped with {finish.raw or 'an error'}"
                return Error(kind=finish.raw, message=str(words))
        return CUT_CALL if self._has_calls_in_doubt else CUT

    # Calls

    def new_call(self, part: ToolCallStart) -> WrittenCall | None:
        """Return the call that begins; None if it began before, or if its choice is not written."""
        key = part.choice, part.block
        if not self.is_written(part) or key in self.calls:
            return None
        index = self._call_counts.get(part.choice, 0)
        self._call_counts[part.choice] = index + 1
        call = self.calls[key] = WrittenCall(part, part.id or self.new_call_id(), index)
        return call

    def call_of(self, part: ToolCallDelta | ToolCallEnd) -> WrittenCall | None:
        """Return the open call of a part; None, and count the part as lost, if there is none."""
        call = self.calls.get((part.choice, part.block))
        if call is None or call.ended:
            self.lost[part.type] += 1
            return None
        return call

    def new_call_id(self) -> str:
        """Return a call id that no other call of the stream has got from here."""
        self.begin_id()
        self._made_call_ids += 1
        return made_call_id(self.id, self._made_call_ids - 1)

    # What each format defines

    @abstractmethod
    def preamble(self) -> bytes:
        """Return the frames before all content."""

    @abstractmethod
    def text(self, part: TextDelta) -> bytes: ...

    @abstractmethod
    def reasoning(self, part: ReasoningDelta) -> bytes: ...

    @abstractmethod
    def refusal(self, part: RefusalDelta) -> bytes: ...

    @abstractmethod
    def call_start(self, part: ToolCallStart) -> bytes: ...

    @abstractmethod
    def call_delta(self, part: ToolCallDelta) -> bytes: ...

    @abstractmethod
    def call_end(self, part: ToolCallEnd) -> bytes: ...

    @abstractmethod
    def success(self) -> bytes:
        """Return the last frames of an answer that is whole: the finish reasons, the usage, the success ending."""

    @abstractmethod
    def failure(self, error: Error) -> bytes:
        """Return the last frames of an answer that is not: the error in the format's own shape."""

    # A format that has a place for these overrides them.

    def ping(self, part: Ping) -> bytes:
        """Return a keep-alive: a comment, unless the format has its own, or none."""
        return b": ping\n\n"

    def signature(self, part: Signature) -> bytes:
        return self.lose(part)

    def redacted(self, part: RedactedReasoning) -> bytes:
        return self.lose(part)

    def result(self, part: ServerToolResult) -> bytes:
        return self.lose(part)

    def citation(self, part: Citation) -> bytes:
        return self.lose(part)

    def logprobs(self, part: Logprobs) -> bytes:
        return self.lose(part)

    def media(self, part: Media) -> bytes:
        return self.lose(part)
