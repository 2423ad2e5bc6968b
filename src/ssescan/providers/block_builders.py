"""The blocks of a message that is being read: each write to a block returns its part.

What they add up to, and the rules that hold among them, are in `message_builder.py`. Knows no wire format.
"""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from .._nested import TOO_DEEP
from .message import MediaBlock, ReasoningBlock, RefusalBlock, ServerToolResultBlock, TextBlock, ToolCall
from .parts import (
    Citation,
    Media,
    Part,
    Raw,
    ReasoningDelta,
    RefusalDelta,
    Signature,
    TextDelta,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from .message import Block
    from .message_builder import ChoiceBuilder

__all__ = [
    "BlockBuilder",
    "CallBuilder",
    "CompleteBlock",
    "MediaBuilder",
    "ReasoningBuilder",
    "RefusalBuilder",
    "TextBuilder",
    "compact",
]


def compact(value: Any) -> str:
    """Return a value as JSON text: arguments that came as an object are text as well.

    What could just be read may be nested too deeply to be written, where frames and nesting share one limit (before
    3.12), as there are more frames now: then give what is no JSON, so that the call is invalid, and says why.
    """
    try:
        return msgspec.json.encode(value).decode()
    except RecursionError:
        return TOO_DEEP


class BlockBuilder:
    """A block of a choice. `native`: fields of its provider alone, for to_turn."""

    __slots__ = ("choice", "emit", "native", "number", "signed")
    kind: ClassVar[str]

    def __init__(self, choice: ChoiceBuilder) -> None:
        self.choice: int = choice.index
        self.emit: Callable[[Part], None] = choice.emit
        self.number: int = len(choice.blocks)
        self.native: dict[str, Any] = {}
        self.signed: str | None = None
        choice.blocks.append(self)
        choice.latest_of[type(self)] = self

    def sign(self, data: str, *, id: str | None = None, fmt: str | None = None) -> None:
        """Attach a signature, which the provider wants back with this block; "" is none."""
        if data:
            self.signed = data
            self.emit(Signature(choice=self.choice, block=self.number, data=data, id=id, fmt=fmt))

    def block(self) -> Block:
        """Return the block so far."""
        raise AssertionError("every kind of block says how it is given")  # pragma: no cover


class _Written(BlockBuilder):
    """A block that text is written to, piece by piece."""

    # A StringIO, and not a list of the pieces: for deltas of a few characters it takes a tenth of the memory. (Python
    # 3.11 keeps the pieces in it, until it is read.)
    __slots__ = ("_buffer", "write")

    def __init__(self, choice: ChoiceBuilder) -> None:
        super().__init__(choice)
        self._begin()

    def _begin(self) -> None:
        self._buffer = StringIO(newline="\n")  # not None, the default: that would make LF of CR
        self.write: Callable[[str], int] = self._buffer.write

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
        """Compare with the whole text that the provider sends at the end; add the rest that was not streamed.

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


class TextBuilder(_Written):
    """Text of the answer."""

    __slots__ = ("citations",)
    kind = "text"

    def __init__(self, choice: ChoiceBuilder) -> None:
        super().__init__(choice)
        self.citations: list[dict[str, Any]] = []

    def delta(self, text: str) -> TextDelta:
        self.write(text)
        return TextDelta(choice=self.choice, block=self.number, text=text)

    def cite(self, items: list[dict[str, Any]]) -> None:
        """Attach citations, in the provider's shape and with `unit`."""
        if items:
            self.citations += items
            self.emit(Citation(choice=self.choice, block=self.number, items=items))

    def block(self) -> Block:
        return TextBlock(self.text, list(self.citations), self.signed, dict(self.native))


class ReasoningBuilder(_Written):
    """What the model thought."""

    __slots__ = ("said",)
    kind = "reasoning"
    said: Literal["text", "summary"]

    def __init__(self, choice: ChoiceBuilder) -> None:
        super().__init__(choice)
        self.said = "text"

    def delta(self, text: str) -> Part:
        self.write(text)
        return ReasoningDelta(choice=self.choice, block=self.number, text=text, kind=self.said)

    def block(self) -> Block:
        return ReasoningBlock(self.text, self.said, self.signed, dict(self.native))


class RefusalBuilder(_Written):
    """Text in which the model declines."""

    __slots__ = ()
    kind = "refusal"

    def delta(self, text: str) -> Part:
        self.write(text)
        return RefusalDelta(choice=self.choice, block=self.number, text=text)

    def block(self) -> Block:
        return RefusalBlock(self.text, dict(self.native))


class CompleteBlock(BlockBuilder):
    """A block that comes whole."""

    __slots__ = ("made",)
    kind = "whole"

    def __init__(self, choice: ChoiceBuilder, made: Block) -> None:
        super().__init__(choice)
        self.made: Block = made

    def block(self) -> Block:
        return msgspec.structs.replace(self.made, native=dict(self.native))


class MediaBuilder(BlockBuilder):
    """An image, sound, a film."""

    __slots__ = ("data", "media", "partial", "transcript", "url")
    kind = "media"

    def __init__(self, choice: ChoiceBuilder, media: str | None) -> None:
        super().__init__(choice)
        self.media: str | None = media
        self.data: list[str] = []
        self.transcript: list[str] = []
        self.partial: bool = False
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


class CallBuilder(_Written):
    """A call of a tool: its arguments are written; it starts when its name is known."""

    __slots__ = ("custom", "cut", "ended", "id", "name", "result", "server", "started", "whole")
    kind = "call"

    def __init__(
        self, choice: ChoiceBuilder, id: str | None, name: str | None, *, server: bool = False, custom: bool = False
    ) -> None:
        super().__init__(choice)
        self.id: str | None = id or None
        self.name: str = name or ""
        self.server: bool = server
        self.custom: bool = custom
        self.started: bool = False
        self.ended: bool = False
        self.cut: bool = False
        self.result: ServerToolResultBlock | None = None
        self.whole: str = ""  # arguments that came whole, and count unless others are streamed
        choice.calls.append(self)
        choice.has_client_calls |= not server
        if self.name:
            self.start()

    def start(self) -> None:
        """Emit the start of the call, and the arguments that came before its name."""
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
        """Set the name, if there is none yet."""
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
