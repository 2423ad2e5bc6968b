"""The message so far: format decoders write to it.

The rules for every provider are here and in `block_builders.py`: block numbers are dense, in order of appearance;
deltas are never empty; a call starts once its name is known, ends once, and before its choice finishes; a choice
finishes once, and content after its finish reopens it. Pieces of text are joined when the message is asked for: the
work is linear. Knows no wire format.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .block_builders import BlockBuilder, CallBuilder, CompleteBlock, ReasoningBuilder, RefusalBuilder, TextBuilder
from .finish_reasons import TRUNCATED, Ending, LostEvents, reason_of
from .message import Choice, Message, RawBlock, RedactedReasoningBlock, ServerToolResultBlock
from .parts import OUR_KINDS, Error, Finish, Part, Ping, Raw, RedactedReasoning, ServerToolResult, Start, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..scanner import EventReader
    from .parts import FinishReason

MAX_DAMAGED_KEPT = 100


class ChoiceBuilder:
    """One of the answers so far.

    Formats without blocks write through text(), reasoning() and refusal(): text of the kind that came last continues
    its block, text of another kind begins a new one. Formats with blocks make the builders of these themselves.
    """

    __slots__ = (
        "_keyed", "blocks", "calls", "emit", "ending", "finished", "has_client_calls", "index", "latest_of", "lost",
        "native",
    )  # fmt: skip

    def __init__(self, builder: MessageBuilder, index: int) -> None:
        self.index: int = index
        self.emit: Callable[[Part], None] = builder.emit
        self.blocks: list[BlockBuilder] = []
        self.latest_of: dict[type[BlockBuilder], BlockBuilder] = {}
        self.calls: list[CallBuilder] = []
        self.has_client_calls: bool = False  # calls that the program has to make
        self._keyed: dict[str, BlockBuilder] = {}
        self.ending: Ending = Ending()
        self.lost: LostEvents = builder.lost
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
        self.ending.reopen()
        block = CompleteBlock(self, RedactedReasoningBlock(data))
        block.emit_part(RedactedReasoning, data=data)
        return block

    def result(
        self, id: str | None, name: str | None, data: Any, *, error: bool = False, status: str | None = None,
        call: CallBuilder | None = None,
    ) -> BlockBuilder:  # fmt: skip
        """Add the result of a tool that the provider runs: to its call, if it came with that, else as a block."""
        self.ending.reopen()
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

    @property
    def reason(self) -> FinishReason | None:
        """The finish reason, as it is known so far."""
        return self.ending.reason

    def end(
        self, reason: FinishReason, raw: str | None, *, stop_sequence: str | None = None,
        details: dict[str, Any] | None = None, before_content: bool = False,
    ) -> None:  # fmt: skip
        """Set the finish reason. `before_content`: it came before the content, which does not reopen the choice."""
        ending = self.ending
        ending.reason, ending.raw, ending.stop_sequence, ending.details = reason, raw, stop_sequence, details
        ending.before_content = before_content
        ending.had_reason = True
        ending.lost = self.lost.count

    def end_by_word(
        self, word: str | None, own: Mapping[str, FinishReason] | None = None, *, stop_sequence: str | None = None,
        details: dict[str, Any] | None = None, before_content: bool = False,
    ) -> None:  # fmt: skip
        """Set the finish reason that a provider's word means, if it means one. `own`: see reason_of()."""
        if reason := reason_of(word or "", own):
            self.end(reason, word, stop_sequence=stop_sequence, details=details, before_content=before_content)

    def stop_for_calls(self) -> None:
        """Replace "stop", in formats that say it of every answer: by "tool_calls" with calls, "refusal" with one."""
        if self.ending.reason == "stop":
            self.ending.reason = "tool_calls" if self.has_client_calls else "refusal" if self.refused else "stop"

    def end_calls(self, *, cut: bool) -> None:
        """End the calls that are open."""
        for call in self.calls:
            if not call.ended:
                call.end(cut=cut)

    def finish(self) -> None:
        """End the open calls, and emit the finish reason, if it is known."""
        if self.finished:
            return
        ending = self.ending
        own = [call for call in self.calls if not call.server]
        for call in self.calls:
            doubtful = self._doubts(call, last=bool(own) and call is own[-1])
            if call.ended:
                # Its part was returned, but the message can still say so.
                call.cut |= doubtful
            else:
                call.end(cut=doubtful, lost=ending.lost if ending.reason else None)
        if ending.reason is None:
            return
        self.finished = True
        reason, sequence, details = ending.reason, ending.stop_sequence, ending.details
        self.emit(Finish(choice=self.index, reason=reason, raw=ending.raw, stop_sequence=sequence, details=details))

    def _doubts(self, call: CallBuilder, *, last: bool) -> bool:
        """Return whether a call may be incomplete, by the reason of the end. `last`: of the program's own calls."""
        reason = self.ending.reason
        if reason == "length":
            if call.ended:  # by its provider: for want of room, if nothing followed
                return last or call is self.blocks[-1] or not (call.server or call.is_whole)
            return last or call.server or call.custom or not call.is_whole
        if reason == "other":  # nobody knows what the word means
            return not (call.ended and call.server)
        if self.ending.assumed or reason in ("refusal", "pause"):
            return not (call.server or call.is_whole)
        return not call.ended and (reason is None or reason in ("content_filter", "error"))

    @property
    def has_cut_calls(self) -> bool:
        """Whether a call of the program's is cut, though the finish reason does not say that the answer was."""
        return self.ending.reason not in TRUNCATED and any(call.cut and not call.server for call in self.calls)

    @property
    def refused(self) -> bool:
        """Whether there is text in which the model declines."""
        return RefusalBuilder in self.latest_of

    def choice(self) -> Choice:
        """Return the choice so far."""
        return Choice(
            index=self.index,
            blocks=[block.block() for block in self.blocks],
            finish_reason=self.ending.reason,
            raw_finish_reason=self.ending.raw,
            stop_sequence=self.ending.stop_sequence,
            finish_details=self.ending.details,
            native={name: value.plain() if hasattr(value, "plain") else value for name, value in self.native.items()},
        )


class MessageBuilder:
    """The message so far. `parts`: those that were emitted since the last drain()."""

    __slots__ = ("_reader", "choices", "complete", "emit", "errors", "id", "lost", "model", "parts", "started", "usage")

    def __init__(self, reader: EventReader[Any]) -> None:
        self._reader = reader
        self.lost: LostEvents = LostEvents(reader)
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
        """Emit a snapshot of the usage; the message keeps the last. Zeros and nulls do not replace numbers."""
        if self.usage is not None and not _has_numbers(usage) and _has_numbers(self.usage):
            return
        self.usage = usage
        self.emit(usage)

    def ping(self, text: str | None = None) -> None:
        """Emit a Ping for an event that is only a keep-alive."""
        self._reader.keep_alives += 1
        self.emit(Ping(text=text))

    def fail(self, error: Error) -> None:
        """Emit an error. Of payloads that are not JSON, the message keeps the first few."""
        self.lost.damaged += error.kind == "decode"
        if error.kind != "decode" or len(self.errors) < MAX_DAMAGED_KEPT:
            self.errors.append(error)
        self.emit(error)

    def assume_finish(self, raw: str) -> None:
        """End the choices that have content, if the provider gave no finish reason at all, and no error."""
        choices = self.choices.values()
        if self.errors or any(choice.ending.had_reason for choice in choices):
            return
        for choice in choices:
            if choice.blocks:
                choice.end("stop", raw)
                choice.stop_for_calls()
                choice.ending.assumed = True

    def finish(self) -> None:
        """Finish the choices, in the order of their numbers; note an error for each that ended with one.

        No error is added to those that the provider reported itself.
        """
        is_known = any(error.kind not in OUR_KINDS for error in self.errors)
        for index in sorted(self.choices):
            choice = self.choices[index]
            if choice.reason == "error" and not choice.finished and not is_known:
                raw, message = choice.ending.raw, choice.ending.message
                self.fail(Error(choice=index, kind=raw, message=message, raw=choice.ending.details or raw))
            choice.finish()

    @property
    def all_finished(self) -> bool:
        """Whether there is a choice, and all choices have a finish reason."""
        return bool(self.choices) and all(choice.reason is not None for choice in self.choices.values())

    @property
    def has_cut_calls(self) -> bool:
        """Whether a call is cut, in a choice that does not say so."""
        return any(choice.has_cut_calls for choice in self.choices.values())

    @property
    def is_empty(self) -> bool:
        """Whether nothing of an answer came."""
        return not any(choice.blocks or choice.reason for choice in self.choices.values())

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


def _has_numbers(usage: Usage) -> bool:
    return any((usage.input, usage.output, usage.reasoning, usage.cache_read, usage.cache_write, usage.total))
