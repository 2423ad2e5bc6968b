"""The message in the making: what adapters write to. Each thing written gives the part that tells of it.

What holds for every provider is kept here, so that no adapter has to: block numbers are dense, in order of appearance;
deltas are never empty; a call starts once its name is known, ends once, and before its choice finishes; a choice
finishes once. Text is gathered, never joined anew for a delta: all of it is linear. Knows no wire format.
"""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from .message import (
    Choice,
    MediaBlock,
    Message,
    RawBlock,
    ReasoningBlock,
    RedactedReasoningBlock,
    RefusalBlock,
    ServerToolResultBlock,
    TextBlock,
    ToolCall,
)
from .parts import (
    Citation,
    Error,
    Finish,
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

if TYPE_CHECKING:
    from collections.abc import Hashable
    from typing import Literal

    from .message import Block
    from .parts import FinishReason

__all__ = ["BlockDraft", "CallDraft", "ChoiceDraft", "Draft", "ReasoningDraft", "RefusalDraft", "TextDraft", "compact"]


def compact(value: Any) -> str:
    """Give a value as JSON text, as arguments that came as an object are given."""
    return msgspec.json.encode(value).decode()


class BlockDraft:
    """A block of a choice. `native`: what only its provider knows, for to_turn."""

    __slots__ = ("choice", "emit", "native", "number", "signed")
    kind: ClassVar[str]

    def __init__(self, choice: ChoiceDraft) -> None:
        self.choice = choice.index
        self.emit = choice.emit
        self.number = len(choice.blocks)
        self.native: dict[str, Any] = {}
        self.signed: str | None = None
        choice.blocks.append(self)
        choice.latest_of[type(self)] = self

    def sign(self, data: str, *, id: str | None = None, fmt: str | None = None) -> None:
        """Attach what the provider wants back with this block; "" is none."""
        if data:
            self.signed = data
            self.emit(Signature(choice=self.choice, block=self.number, data=data, id=id, fmt=fmt))

    def block(self) -> Block:
        """Give it as it stands."""
        raise AssertionError("every kind of block says how it is given")  # pragma: no cover


class _Written(BlockDraft):
    """A block that text is written to, piece by piece."""

    # A StringIO, and not a list of the pieces: for deltas of a few characters it takes a tenth of the memory.
    __slots__ = ("_buffer", "write")

    def __init__(self, choice: ChoiceDraft) -> None:
        super().__init__(choice)
        self._begin()

    def _begin(self) -> None:
        self._buffer = StringIO(newline="\n")  # not None, the default: that would make LF of CR
        self.write = self._buffer.write

    @property
    def text(self) -> str:
        return self._buffer.getvalue()

    @property
    def size(self) -> int:
        """How much was written, characters."""
        return self._buffer.tell()

    def delta(self, text: str) -> Part:
        """Write a piece that is not empty, and give its part."""
        raise AssertionError("every kind of text has its part")  # pragma: no cover

    def add(self, text: str | None) -> None:
        """Write a piece, if there is anything in it."""
        if text:
            self.emit(self.delta(text))

    def reconcile(self, whole: Any) -> None:
        """Compare with the text that the provider sent at last, whole; what was not streamed of it is added.

        Where it is another text, it is the one that counts. One that is empty, or absent, tells nothing.
        """
        if not isinstance(whole, str) or not whole:
            return
        size = self.size
        if len(whole) >= size and whole.startswith(self.text if size else ""):
            self.add(whole[size:])
            return
        data = {"choice": self.choice, "block": self.number, "streamed": self.text, "whole": whole}
        self.emit(Raw(choice=self.choice, block=self.number, name="mismatch", data=data))
        self._begin()
        self.write(whole)


class TextDraft(_Written):
    __slots__ = ("citations",)
    kind = "text"

    def __init__(self, choice: ChoiceDraft) -> None:
        super().__init__(choice)
        self.citations: list[dict[str, Any]] = []

    def delta(self, text: str) -> Part:
        self.write(text)
        return TextDelta(choice=self.choice, block=self.number, text=text)

    def cite(self, items: list[dict[str, Any]]) -> None:
        """Attach citations, in the provider's shape and with `unit`."""
        if items:
            self.citations += items
            self.emit(Citation(choice=self.choice, block=self.number, items=items))

    def block(self) -> Block:
        return TextBlock(self.text, list(self.citations), self.signed, dict(self.native))


class ReasoningDraft(_Written):
    __slots__ = ("said",)
    kind = "reasoning"
    said: Literal["text", "summary"]

    def __init__(self, choice: ChoiceDraft) -> None:
        super().__init__(choice)
        self.said = "text"

    def delta(self, text: str) -> Part:
        self.write(text)
        return ReasoningDelta(choice=self.choice, block=self.number, text=text, kind=self.said)

    def block(self) -> Block:
        return ReasoningBlock(self.text, self.said, self.signed, dict(self.native))


class RefusalDraft(_Written):
    __slots__ = ()
    kind = "refusal"

    def delta(self, text: str) -> Part:
        self.write(text)
        return RefusalDelta(choice=self.choice, block=self.number, text=text)

    def block(self) -> Block:
        return RefusalBlock(self.text, dict(self.native))


class _Whole(BlockDraft):
    """A block that comes whole."""

    __slots__ = ("made",)
    kind = "whole"

    def __init__(self, choice: ChoiceDraft, made: Block) -> None:
        super().__init__(choice)
        self.made = made

    def block(self) -> Block:
        return msgspec.structs.replace(self.made, native=dict(self.native))


class MediaDraft(BlockDraft):
    __slots__ = ("data", "media", "partial", "transcript", "url")
    kind = "media"

    def __init__(self, choice: ChoiceDraft, media: str | None) -> None:
        super().__init__(choice)
        self.media = media
        self.data: list[str] = []
        self.transcript: list[str] = []
        self.partial = False
        self.url: str | None = None

    def add(
        self,
        data: str | None = None,
        *,
        partial: bool = False,
        url: str | None = None,
        transcript: str | None = None,
    ) -> None:
        """Add a piece. What comes after a preview replaces it."""
        if not (data or url or transcript):
            return
        if partial or self.partial:
            self.data.clear()
        self.partial = partial
        if data:
            self.data.append(data)
        if transcript:
            self.transcript.append(transcript)
        self.url = url or self.url
        self.emit(
            Media(
                choice=self.choice,
                block=self.number,
                media=self.media,
                data=data or None,
                partial=partial,
                url=url or None,
                transcript=transcript or None,
            )
        )

    def block(self) -> Block:
        transcript = "".join(self.transcript)
        return MediaBlock(
            self.media, list(self.data), self.partial, self.url, transcript, self.signed, dict(self.native)
        )


class CallDraft(_Written):
    """A call of a tool: its arguments are written; it starts when its name is known."""

    __slots__ = ("custom", "cut", "ended", "id", "name", "result", "server", "started", "whole")
    kind = "call"

    def __init__(
        self, choice: ChoiceDraft, id: str | None, name: str | None, *, server: bool = False, custom: bool = False
    ) -> None:
        super().__init__(choice)
        self.id = id or None
        self.name = name or ""
        self.server = server
        self.custom = custom
        self.started = False
        self.ended = False
        self.cut = False
        self.result: ServerToolResultBlock | None = None
        self.whole = ""  # arguments that came whole, and count unless others are streamed
        choice.calls.append(self)
        if self.name:
            self.start()

    def start(self) -> None:
        """Tell of the call, and of the arguments that came before its name."""
        if self.started:
            return
        self.started = True
        self.emit(
            ToolCallStart(
                choice=self.choice,
                block=self.number,
                id=self.id,
                name=self.name,
                server=self.server,
                custom=self.custom,
            )
        )
        if self.size:
            self.emit(ToolCallDelta(choice=self.choice, block=self.number, json=self.text))

    def call_it(self, name: str | None) -> None:
        """Take the name, if it has none yet."""
        if name and not self.name:
            self.name = name
            self.start()

    def delta(self, text: str) -> Part:
        self.write(text)
        return ToolCallDelta(choice=self.choice, block=self.number, json=text)

    def add(self, text: str | None) -> None:
        if not text or self.ended:
            return
        if self.started:
            self.emit(self.delta(text))
        else:
            self.write(text)

    def end(self, *, cut: bool = False) -> None:
        """End the call, once."""
        if self.ended:
            return
        self.start()
        self.ended = True
        self.cut = cut
        self.emit(
            ToolCallEnd(
                choice=self.choice,
                block=self.number,
                id=self.id,
                name=self.name,
                json=self.arguments,
                cut=cut,
                server=self.server,
            )
        )

    @property
    def arguments(self) -> str:
        return self.text or self.whole or ("" if self.custom else "{}")

    def block(self) -> Block:
        return ToolCall(
            self.id,
            self.name,
            self.arguments,
            self.cut or not self.ended,
            self.server,
            self.custom,
            self.signed,
            self.result,
            dict(self.native),
        )


class ChoiceDraft:
    """One of the answers in the making.

    Formats that say nothing of blocks write through text(), reasoning(), refusal(): what is of one kind with what came
    last goes on with its block, a change of kind begins another. Those that number their blocks ask for them by key.
    """

    __slots__ = (
        "_keyed", "blocks", "calls", "details", "emit", "finished", "index", "latest_of", "native", "raw_reason",
        "reason", "stop_sequence",
    )  # fmt: skip

    def __init__(self, draft: Draft, index: int) -> None:
        self.index = index
        self.emit = draft.emit
        self.blocks: list[BlockDraft] = []
        self.latest_of: dict[type[BlockDraft], BlockDraft] = {}
        self.calls: list[CallDraft] = []
        self._keyed: dict[Hashable, BlockDraft] = {}
        self.reason: FinishReason | None = None  # as it is known so far: a later word replaces it
        self.raw_reason: str | None = None
        self.stop_sequence: str | None = None
        self.details: dict[str, Any] | None = None
        self.finished = False
        self.native: dict[str, Any] = {}

    # Blocks

    def last(self, kind: type[BlockDraft]) -> Any:
        """Give the block that is open, if it is of that kind, else a new one."""
        blocks = self.blocks
        if blocks and type(blocks[-1]) is kind:
            return blocks[-1]
        return kind(self)

    def latest(self, kind: type[BlockDraft]) -> Any:
        """Give the latest block of that kind, whatever came since; else a new one."""
        return self.latest_of.get(kind) or kind(self)

    def keyed(self, key: Hashable, kind: type[BlockDraft], *arguments: Any) -> Any:
        """Give the block of that kind and key, a new one if there is none."""
        block = self._keyed.get((key, kind))
        if block is None:
            block = self._keyed[key, kind] = kind(self, *arguments)
        return block

    def found(self, key: Hashable, kind: type[BlockDraft]) -> Any:
        """Give the block of that kind and key, None if there is none."""
        return self._keyed.get((key, kind))

    def text(self, text: str | None) -> None:
        if text:
            self.emit(self.last(TextDraft).delta(text))

    def reasoning(self, text: str | None) -> None:
        if text:
            self.emit(self.last(ReasoningDraft).delta(text))

    def refusal(self, text: str | None) -> None:
        if text:
            self.emit(self.last(RefusalDraft).delta(text))

    def redacted(self, data: str) -> BlockDraft:
        block = _Whole(self, RedactedReasoningBlock(data))
        self.emit(RedactedReasoning(choice=self.index, block=block.number, data=data))
        return block

    def result(
        self,
        id: str | None,
        name: str | None,
        data: Any,
        *,
        error: bool = False,
        status: str | None = None,
        call: CallDraft | None = None,
    ) -> None:
        """Add what a tool of the provider's own gave: as a block, or, where it came with its call, to that."""
        made = ServerToolResultBlock(id, name, data, error, status)
        if call is None:
            number = _Whole(self, made).number
        else:
            call.result = made
            number = call.number
        self.emit(
            ServerToolResult(
                choice=self.index, block=number, id=id, name=name, data=data, error=error, status=status
            )
        )

    def raw(self, name: str, data: Any) -> BlockDraft:
        """Add content of a kind that has no block of its own."""
        block = _Whole(self, RawBlock(name, data))
        self.emit(Raw(choice=self.index, block=block.number, name=name, data=data))
        return block

    # The end

    def end_calls(self, *, cut: bool) -> None:
        """End the calls that are open."""
        for call in self.calls:
            if not call.ended:
                call.end(cut=cut)

    def finish(self) -> None:
        """End the calls that are open, and tell why the choice ended, if that is known."""
        if self.finished:
            return
        reason = self.reason
        self.end_calls(cut=reason is None or reason in ("length", "content_filter", "error"))
        if reason is None:
            return
        self.finished = True
        if reason == "length" and self.blocks and isinstance(self.blocks[-1], CallDraft):
            # Ended by its provider, but for want of room: its part has been given, the message can still say so.
            self.blocks[-1].cut = True
        self.emit(
            Finish(
                choice=self.index,
                reason=reason,
                raw=self.raw_reason,
                stop_sequence=self.stop_sequence,
                details=self.details,
            )
        )

    @property
    def refused(self) -> bool:
        """Whether there is text in which the model declines."""
        return RefusalDraft in self.latest_of

    @property
    def has_calls(self) -> bool:
        """Whether there are calls that are the program's to make."""
        return any(not call.server for call in self.calls)

    def choice(self) -> Choice:
        """Give it as it stands."""
        return Choice(
            index=self.index,
            blocks=[block.block() for block in self.blocks],
            finish_reason=self.reason,
            raw_finish_reason=self.raw_reason,
            stop_sequence=self.stop_sequence,
            finish_details=self.details,
            native={name: value.plain() if hasattr(value, "plain") else value for name, value in self.native.items()},
        )


class Draft:
    """The message in the making. What was told of it and not taken yet is in `told`."""

    __slots__ = ("choices", "complete", "emit", "errors", "id", "model", "pings", "started", "told", "usage")

    def __init__(self) -> None:
        self.told: list[Part] = []
        self.emit = self.told.append
        self.choices: dict[int, ChoiceDraft] = {}
        self.id: str | None = None
        self.model: str | None = None
        self.started = False
        self.usage: Usage | None = None
        self.errors: list[Error] = []
        self.pings = 0
        self.complete = False

    def take(self) -> list[Part]:
        """Give what was told since the last time."""
        told = self.told[:]
        self.told.clear()
        return told

    def choice(self, index: int) -> ChoiceDraft:
        """Give the choice of that number, a new one if there is none."""
        choice = self.choices.get(index)
        if choice is None:
            choice = self.choices[index] = ChoiceDraft(self, index)
        return choice

    def start(self, id: str | None, model: str | None) -> None:
        """Take the id and the model, the first that are not empty, and tell of them once."""
        if not self.id and id:
            self.id = id
        if not self.model and model:
            self.model = model
        if not self.started and (self.id or self.model):
            self.started = True
            self.emit(Start(id=self.id, model=self.model))

    def count(self, usage: Usage) -> None:
        """Take a snapshot of the usage."""
        self.usage = usage
        self.emit(usage)

    def ping(self, text: str | None = None) -> None:
        """Take an event that is but a sign of life."""
        self.pings += 1
        self.emit(Ping(text=text))

    def fail(self, error: Error) -> None:
        """Take an error."""
        self.errors.append(error)
        self.emit(error)

    def finish(self) -> None:
        """Finish the choices, in the order of their numbers."""
        for index in sorted(self.choices):
            self.choices[index].finish()

    @property
    def all_finished(self) -> bool:
        """Whether there is a choice, and all that there are have said why they ended."""
        return bool(self.choices) and all(choice.reason is not None for choice in self.choices.values())

    def message(self, api: str | None) -> Message:
        """Give the message as it stands."""
        return Message(
            api=api,
            id=self.id,
            model=self.model,
            choices=[self.choices[index].choice() for index in sorted(self.choices)],
            usage=self.usage,
            errors=list(self.errors),
            complete=self.complete,
        )
