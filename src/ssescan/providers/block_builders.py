"""The blocks of a message that is being read: each write to a block returns, or emits, its part.

The message that they make, and the rules among blocks, are in `message_builder.py`. Knows no wire format.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from io import StringIO
from typing import TYPE_CHECKING, Any

import msgspec

from . import message, parts
from .parts import ReasoningDelta, RefusalDelta, TextDelta, ToolCallDelta
from .surrogates import joined

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from .finish_reasons import Ending, LostEvents
    from .message_builder import ChoiceBuilder


PLAIN_TEXT = ("custom", "code_interpreter")
"""The kinds of calls whose argument is plain text, not JSON."""


class BlockBuilder(ABC):
    """A block of a choice. `native`: fields of its provider alone, for to_turn."""

    __slots__ = ("before", "choice", "emit", "ending", "native", "number", "signed")

    def __init__(self, choice: ChoiceBuilder) -> None:
        self.choice: int = choice.index
        self.ending: Ending = choice.ending
        self.emit: Callable[[parts.Part], None] = choice.emit
        self.native: dict[str, Any] = {}
        self.signed: str | None = None
        self.number: int = -1
        self.before: BlockBuilder | None = None  # the block of its kind that came before it
        self.place(choice)

    def place(self, choice: ChoiceBuilder) -> None:
        """Accept the next place among the blocks of the choice."""
        self.number = len(choice.blocks)
        choice.blocks.append(self)
        self.before = choice.latest_of.get(type(self))
        choice.latest_of[type(self)] = self

    def emit_part(self, kind: Callable[..., parts.Part], **fields: Any) -> None:
        """Emit a part of this block."""
        self.emit(kind(choice=self.choice, block=self.number, **fields))

    def sign(self, data: str, *, id: str | None = None, fmt: str | None = None) -> None:
        """Attach a signature, which the next request must send back with this block. Does nothing for ""."""
        if data:
            self.signed = data
            self.emit_part(parts.Signature, data=data, id=id, fmt=fmt)

    @abstractmethod
    def block(self) -> message.Block:
        """Return the block so far."""


class _Written(BlockBuilder):
    """A block that text is written to, piece by piece."""

    # A StringIO, and not a list of the pieces: for deltas of a few characters it takes a tenth of the memory. (Python
    # 3.11 keeps the pieces in it, until it is read.)
    __slots__ = ("_buffer", "write")

    def __init__(self, choice: ChoiceBuilder) -> None:
        super().__init__(choice)
        self._clear()

    def _clear(self) -> None:
        self._buffer = StringIO(newline="\n")  # not None, the default, which would turn CR into LF
        self.write: Callable[[str], int] = self._buffer.write

    @property
    def text(self) -> str:
        return joined(self._buffer.getvalue())

    @property
    def pieces(self) -> str:
        """The text as `size` counts it: with halves of characters that are not joined yet."""
        return self._buffer.getvalue()

    @property
    def size(self) -> int:
        """The number of characters that were written."""
        return self._buffer.tell()

    @abstractmethod
    def delta(self, text: str) -> parts.Part:
        """Write a piece that is not empty, and return its part."""

    def add(self, text: str | None) -> None:
        """Write a piece, if there is anything in it."""
        if text:
            self.emit(self.delta(text))

    def reconcile(self, whole: Any) -> None:
        """Compare with the complete text that the provider sends at the end; add the rest that was not streamed.

        If the two differ, the complete text counts. An empty or absent one is ignored.
        """
        if not isinstance(whole, str) or not whole:
            return
        text = self.text if self.size else ""
        if whole.startswith(text):
            self.add(whole[len(text) :])
            return
        data = {"choice": self.choice, "block": self.number, "streamed": self.text, "whole": whole}
        self.emit_part(parts.Raw, name="mismatch", data=data)
        self._clear()
        self.write(whole)


class TextBuilder(_Written):
    """Text of the answer."""

    __slots__ = ("citations",)

    def __init__(self, choice: ChoiceBuilder) -> None:
        super().__init__(choice)
        self.citations: list[dict[str, Any]] = []

    def delta(self, text: str) -> TextDelta:
        if self.ending.reason is not None:
            self.ending.reopen()  # content after a finish
        self.write(text)
        return TextDelta(choice=self.choice, block=self.number, text=text)

    def cite(self, items: list[dict[str, Any]]) -> None:
        """Attach citations, in the provider's shape and with `unit`."""
        if items:
            self.citations += items
            self.emit_part(parts.Citation, items=items)

    def block(self) -> message.Block:
        return message.TextBlock(self.text, list(self.citations), self.signed, dict(self.native))


class ReasoningBuilder(_Written):
    """The model's reasoning."""

    __slots__ = ("said",)

    def __init__(self, choice: ChoiceBuilder, said: Literal["text", "summary"] = "text") -> None:
        super().__init__(choice)
        self.said: Literal["text", "summary"] = said

    def delta(self, text: str) -> parts.Part:
        if self.ending.reason is not None:
            self.ending.reopen()  # content after a finish
        self.write(text)
        return ReasoningDelta(choice=self.choice, block=self.number, text=text, kind=self.said)

    def block(self) -> message.Block:
        return message.ReasoningBlock(self.text, self.said, self.signed, dict(self.native))


class RefusalBuilder(_Written):
    """Text in which the model declines."""

    __slots__ = ()

    def delta(self, text: str) -> parts.Part:
        if self.ending.reason is not None:
            self.ending.reopen()  # content after a finish
        self.write(text)
        return RefusalDelta(choice=self.choice, block=self.number, text=text)

    def block(self) -> message.Block:
        return message.RefusalBlock(self.text, dict(self.native))


class CompleteBlock(BlockBuilder):
    """A block that arrives complete."""

    __slots__ = ("made",)

    def __init__(self, choice: ChoiceBuilder, made: message.Block) -> None:
        super().__init__(choice)
        self.made: message.Block = made

    def block(self) -> message.Block:
        return msgspec.structs.replace(self.made, native=dict(self.native))


class MediaBuilder(BlockBuilder):
    """An image, a sound or a video."""

    __slots__ = ("data", "media", "partial", "transcript", "url")

    def __init__(self, choice: ChoiceBuilder, media: str | None) -> None:
        super().__init__(choice)
        self.media: str | None = media
        self.data: list[str] = []
        self.transcript: list[str] = []
        self.partial: bool = False
        self.url: str | None = None

    @classmethod
    def begin(cls, choice: ChoiceBuilder, media: str | None, *, in_pieces: bool) -> MediaBuilder:
        """Return the open block, if it is of that type and such media come in pieces; else a new one."""
        latest = choice.blocks[-1] if choice.blocks else None
        if in_pieces and isinstance(latest, MediaBuilder) and latest.media == media:
            return latest
        return cls(choice, media)

    def add(
        self, data: str | None = None, *, partial: bool = False, url: str | None = None, transcript: str | None = None
    ) -> None:
        """Add a piece. The piece after a preview replaces it."""
        if not (data or url or transcript):
            return
        self.ending.reopen()
        if partial or self.partial:
            self.data.clear()
        self.partial = partial
        if data:
            self.data.append(data)
        if transcript:
            self.transcript.append(transcript)
        self.url = url or self.url
        transcript = transcript or None
        self.emit_part(
            parts.Media, media=self.media, data=data or None, partial=partial, url=url or None, transcript=transcript
        )

    def block(self) -> message.Block:
        data, transcript, native = list(self.data), joined("".join(self.transcript)), dict(self.native)
        return message.MediaBlock(self.media, data, self.partial, self.url, transcript, self.signed, native)


class CallBuilder(_Written):
    """A call of a tool: its arguments are written; it starts when its name is known.

    `held`: more of the name may come, so it does not start by itself. `kind`: see ToolCall.
    """

    __slots__ = (
        "cut", "ended", "held", "id", "kind", "lost", "lost_before", "name", "result", "server", "started", "whole",
    )  # fmt: skip

    def __init__(
        self, choice: ChoiceBuilder, id: str | None, name: str | None, *, server: bool = False,
        kind: str = "function", held: bool = False,
    ) -> None:  # fmt: skip
        self.server: bool = server
        super().__init__(choice)
        self.id: str | None = id or None
        self.name: str = name or ""
        self.kind: str = kind
        self.held: bool = held
        self.started: bool = False
        self.ended: bool = False
        self.cut: bool = False
        self.result: message.ServerToolResultBlock | None = None
        self.lost: LostEvents = choice.lost
        self.lost_before: int = choice.lost.count  # before the call began
        if self.number >= 0:
            choice.ending.reopen()
        self.whole: str = ""  # complete arguments, used unless arguments are streamed
        if self.name and not held:
            self.start()

    def place(self, choice: ChoiceBuilder) -> None:
        super().place(choice)
        choice.calls.append(self)
        choice.has_client_calls |= not self.server

    @property
    def custom(self) -> bool:
        """Whether the argument is plain text, not JSON."""
        return self.kind in PLAIN_TEXT

    def start(self) -> None:
        """Emit the start of the call, and the arguments that came before its name."""
        if self.started:
            return
        self.started = True
        self.held = False
        self.emit_part(parts.ToolCallStart, id=self.id, name=self.name, server=self.server, custom=self.custom)
        if self.size:
            self.emit_part(ToolCallDelta, json=self.text)

    def set_name(self, name: str | None) -> None:
        """Set the name, if there is none yet."""
        if name and not self.name:
            self.name = name
            if not self.held:
                self.start()

    def delta(self, text: str) -> parts.Part:
        if self.ending.reason is not None:
            self.ending.reopen()  # content after a finish
        self.write(text)
        return ToolCallDelta(choice=self.choice, block=self.number, json=text)

    def add(self, text: str | None) -> None:
        if not text:
            return
        if self.ended:
            self.add_late(text)
        elif self.started:
            self.emit(self.delta(text))
        else:
            self.ending.reopen()
            self.write(text)

    def add_late(self, data: Any) -> None:
        """Keep arguments that came after the end of the call, which was not its end then: it is cut."""
        self.ending.reopen()
        self.cut = True
        self.emit_part(parts.Raw, name="arguments", data=data)

    def miss_piece(self) -> None:
        """Note that something came for the call, and may be a piece of it, which is not read: it is cut at its end."""
        self.lost_before = -1  # less than any number of lost events

    def end(self, *, cut: bool = False, lost: int | None = None) -> None:
        """End the call, once. One of the program's without a name is cut: it cannot be made.

        It is cut also if an event was lost within it; `lost`: until then, None: until now.
        """
        if self.ended:
            return
        self.start()
        self.ended = True
        self.cut = cut = (
            cut or not (self.name or self.server) or self._has_gap(self.lost.count if lost is None else lost)
        )
        self.emit_part(parts.ToolCallEnd, id=self.id, name=self.name, json=self.arguments, cut=cut, server=self.server)

    def _has_gap(self, lost: int) -> bool:
        if lost > self.lost_before:
            return True
        # The event before it may have been its first, and a blank one a piece of it.
        return (self.lost_before > 0 or self.lost.blank > 0) and not self.custom and not self.is_whole

    @property
    def is_whole(self) -> bool:
        """Whether the arguments are JSON; plain text always is."""
        if self.custom:
            return True
        try:
            msgspec.json.decode(self.arguments)
        except (ValueError, RecursionError):
            return False
        return True

    @property
    def arguments(self) -> str:
        return self.text or self.whole or ("" if self.custom else "{}")

    def block(self) -> message.Block:
        return message.ToolCall(
            self.id, self.name, self.arguments, self.cut or not self.ended, self.server, self.custom, self.signed,
            self.result, dict(self.native), self.kind,
        )  # fmt: skip
