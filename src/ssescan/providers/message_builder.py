"""The message so far: format decoders write to it.

The rules for every provider stand here and in `block_builders.py`: block numbers are dense, in order of appearance;
deltas are never empty; a call starts once its name is known, ends once, and before its choice finishes; a choice
finishes once. Pieces of text are joined when the message is asked for: the work is linear. Knows no wire format.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .block_builders import BlockBuilder, CallBuilder, CompleteBlock, ReasoningBuilder, RefusalBuilder, TextBuilder
from .message import Choice, Message, RawBlock, RedactedReasoningBlock, ServerToolResultBlock
from .parts import Error, Finish, FinishReason, Part, Ping, Raw, RedactedReasoning, ServerToolResult, Start, Usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..scanner import EventReader

MAX_DAMAGED_KEPT = 100


class ChoiceBuilder:
    """One of the answers so far.

    Formats without blocks write through text(), reasoning() and refusal(): text of the kind that came last continues
    its block, text of another kind begins a new one. Formats with blocks make the builders of these themselves.
    """

    __slots__ = (
        "_keyed", "blocks", "calls", "details", "emit", "finished", "has_client_calls", "index", "latest_of", "native",
        "raw_reason", "reason", "stop_sequence",
    )  # fmt: skip

    def __init__(self, builder: MessageBuilder, index: int) -> None:
        self.index: int = index
        self.emit: Callable[[Part], None] = builder.emit
        self.blocks: list[BlockBuilder] = []
        self.latest_of: dict[type[BlockBuilder], BlockBuilder] = {}
        self.calls: list[CallBuilder] = []
        self.has_client_calls: bool = False  # that are the program's to make
        self._keyed: dict[str, BlockBuilder] = {}
        self.reason: FinishReason | None = None  # as it is known so far: a later word replaces it
        self.raw_reason: str | None = None
        self.stop_sequence: str | None = None
        self.details: dict[str, Any] | None = None
        self.finished: bool = False
        self.native: dict[str, Any] = {}

    # Blocks

    def last(self, kind: type[BlockBuilder]) -> Any:
        """Return the open block, if it is of that kind, else a new one."""
        blocks = self.blocks
        if blocks and type(blocks[-1]) is kind:
            return blocks[-1]
        return kind(self)

    def latest(self, kind: type[BlockBuilder]) -> Any:
        """Return the latest block of that kind, open or not; else a new one."""
        return self.latest_of.get(kind) or kind(self)

    def keyed(self, key: str, kind: type[BlockBuilder], *arguments: Any) -> Any:
        """Return the block with that key, a new one if there is none."""
        block = self._keyed.get(key)
        if block is None:
            block = self._keyed[key] = kind(self, *arguments)
        return block

    def text(self, text: str | None) -> None:
        if text:
            self.emit(self.last(TextBuilder).delta(text))

    def reasoning(self, text: str | None) -> None:
        if text:
            self.emit(self.last(ReasoningBuilder).delta(text))

    def refusal(self, text: str | None) -> None:
        if text:
            self.emit(self.last(RefusalBuilder).delta(text))

    def redacted(self, data: str) -> BlockBuilder:
        block = CompleteBlock(self, RedactedReasoningBlock(data))
        block.emit_part(RedactedReasoning, data=data)
        return block

    def result(
        self, id: str | None, name: str | None, data: Any, *, error: bool = False, status: str | None = None,
        call: CallBuilder | None = None,
    ) -> BlockBuilder:  # fmt: skip
        """Add the result of a tool that the provider runs: to its call, if it came with that, else as a block."""
        made = ServerToolResultBlock(id, name, data, error, status)
        block: BlockBuilder = call or CompleteBlock(self, made)
        if call is not None:
            call.result = made
        block.emit_part(ServerToolResult, id=id, name=name, data=data, error=error, status=status)
        return block

    def raw(self, name: str, data: Any) -> BlockBuilder:
        """Add content of a kind that has no block of its own."""
        block = CompleteBlock(self, RawBlock(name, data))
        block.emit_part(Raw, name=name, data=data)
        return block

    # The end

    def end_calls(self, *, cut: bool) -> None:
        """End the calls that are open."""
        for call in self.calls:
            if not call.ended:
                call.end(cut=cut)

    def finish(self) -> None:
        """End the open calls, and emit the finish reason, if it is known."""
        if self.finished:
            return
        reason = self.reason
        self.end_calls(cut=reason is None or reason in ("length", "content_filter", "error"))
        if reason is None:
            return
        self.finished = True
        if reason == "length" and self.blocks and isinstance(self.blocks[-1], CallBuilder):
            # Its provider ended it for want of room: its part was returned, but the message can still say so.
            self.blocks[-1].cut = True
        raw, sequence, details = self.raw_reason, self.stop_sequence, self.details
        self.emit(Finish(choice=self.index, reason=reason, raw=raw, stop_sequence=sequence, details=details))

    @property
    def refused(self) -> bool:
        """Whether there is text in which the model declines."""
        return RefusalBuilder in self.latest_of

    def choice(self) -> Choice:
        """Return the choice so far."""
        return Choice(
            index=self.index,
            blocks=[block.block() for block in self.blocks],
            finish_reason=self.reason,
            raw_finish_reason=self.raw_reason,
            stop_sequence=self.stop_sequence,
            finish_details=self.details,
            native={name: value.plain() if hasattr(value, "plain") else value for name, value in self.native.items()},
        )


class MessageBuilder:
    """The message so far. `parts`: those that were emitted since the last drain()."""

    __slots__ = ("_reader", "choices", "complete", "emit", "errors", "id", "model", "parts", "started", "usage")

    def __init__(self, reader: EventReader[Any]) -> None:
        self._reader = reader
        self.parts: list[Part] = []
        self.emit: Callable[[Part], None] = self.parts.append
        self.choices: dict[int, ChoiceBuilder] = {}
        self.id: str | None = None
        self.model: str | None = None
        self.started: bool = False
        self.usage: Usage | None = None
        self.errors: list[Error] = []
        self.complete: bool = False

    def drain(self) -> list[Part]:
        """Return the parts since the last drain."""
        parts = self.parts[:]
        self.parts.clear()
        return parts

    def choice(self, index: int) -> ChoiceBuilder:
        """Return the choice of that number, a new one if there is none."""
        choice = self.choices.get(index)
        if choice is None:
            choice = self.choices[index] = ChoiceBuilder(self, index)
        return choice

    def start(self, id: str | None, model: str | None) -> None:
        """Set the id and the model, the first that are not empty, and emit Start once."""
        if not self.id and id:
            self.id = id
        if not self.model and model:
            self.model = model
        if not self.started and (self.id or self.model):
            self.started = True
            self.emit(Start(id=self.id, model=self.model))

    def count(self, usage: Usage) -> None:
        """Emit a snapshot of the usage; the message keeps the last."""
        self.usage = usage
        self.emit(usage)

    def ping(self, text: str | None = None) -> None:
        """Emit a Ping for an event that is only a sign of life."""
        self._reader.keep_alives += 1
        self.emit(Ping(text=text))

    def fail(self, error: Error) -> None:
        """Emit an error. Of payloads that are not JSON, the message keeps the first few."""
        if error.kind != "decode" or len(self.errors) < MAX_DAMAGED_KEPT:
            self.errors.append(error)
        self.emit(error)

    def finish(self) -> None:
        """Finish the choices, in the order of their numbers."""
        for index in sorted(self.choices):
            self.choices[index].finish()

    @property
    def all_finished(self) -> bool:
        """Whether there is a choice, and all choices have a finish reason."""
        return bool(self.choices) and all(choice.reason is not None for choice in self.choices.values())

    def message(self, api: str | None) -> Message:
        """Return the message so far."""
        return Message(
            api=api,
            id=self.id,
            model=self.model,
            choices=[self.choices[index].choice() for index in sorted(self.choices)],
            usage=self.usage,
            errors=list(self.errors),
            complete=self.complete,
        )
