"""The answer of a model, in small parts: the same kinds for every API.

Frozen msgspec Structs, each tagged with its class name, in JSON as "type", in Python as the class attribute `type`.
Knows nothing of wire formats. Every part has `choice`, 0 but for requests that ask for several answers; what belongs to
content has `block`, which numbers the blocks of a choice in the order in which they first appeared, from 0, without
gaps, whatever numbers the provider uses. An absent value is None, a flag that is not set is False.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

from msgspec import Struct

from .._error_status import WITHOUT_STATUS, is_retryable, status_of
from .._nested import equal, flattened, is_deep, rebuilt, shown

__all__ = [
    "Citation", "End", "Error", "Finish", "FinishReason", "Logprobs", "Media", "Part", "Ping", "Raw", "ReasoningDelta",
    "RedactedReasoning", "RefusalDelta", "ServerToolResult", "Signature", "Start", "TextDelta", "ToolCallDelta",
    "ToolCallEnd", "ToolCallStart", "Usage",
]  # fmt: skip

FinishReason: TypeAlias = Literal[
    "stop", "length", "tool_calls", "content_filter", "refusal", "pause", "error", "other"
]


OUR_KINDS = WITHOUT_STATUS
"""Kinds of Error that are ours: the provider's bytes made no sense."""


class Nested:
    """The base of parts and blocks: the JSON that they hold may be nested too deeply for Python's own functions."""

    __slots__ = ()
    if TYPE_CHECKING:
        __struct_fields__: ClassVar[tuple[str, ...]]

    def __reduce__(self) -> Any:
        return (rebuilt, (flattened(self),)) if is_deep(self) else super().__reduce__()

    def __eq__(self, other: object) -> Any:
        try:
            return super().__eq__(other)
        except RecursionError:
            return equal(self, other)

    def __hash__(self) -> int:
        return super().__hash__()

    def __repr__(self) -> str:
        try:
            return super().__repr__()
        except RecursionError:
            fields = ", ".join(f"{name}={shown(getattr(self, name))}" for name in self.__struct_fields__)
            return f"{type(self).__name__}({fields})"


class Part(Nested, Struct, frozen=True, kw_only=True, tag_field="type", tag=True, gc=False):
    """The base of all parts: `type`, the name of the class, and `choice`, the answer that it belongs to."""

    # No cycles can form of what JSON holds, so the garbage collector need not look at parts (gc=False).
    type: ClassVar[str] = "Part"
    choice: int = 0

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.type = cls.__name__


class Start(Part, frozen=True, kw_only=True, gc=False):
    """The answer begins: its id and the model that gives it, once, as soon as the provider names either."""

    id: str | None = None
    model: str | None = None


class TextDelta(Part, frozen=True, kw_only=True, gc=False):
    """Text of the answer, never empty."""

    block: int = 0
    text: str


class ReasoningDelta(Part, frozen=True, kw_only=True, gc=False):
    """The model's reasoning, never empty. `kind`: the text itself, or a summary, where the provider says so."""

    block: int = 0
    text: str
    kind: Literal["text", "summary"] = "text"


class RefusalDelta(Part, frozen=True, kw_only=True, gc=False):
    """Text in which the model declines, never empty."""

    block: int = 0
    text: str


class Signature(Part, frozen=True, kw_only=True, gc=False):
    """A signature, which the provider wants back with a block, unchanged; it replaces an earlier one of the same block.

    `data`: opaque. `id`: of the item that it signs. `fmt`: how the provider names its format.
    """

    block: int = 0
    data: str
    id: str | None = None
    fmt: str | None = None


class RedactedReasoning(Part, frozen=True, kw_only=True, gc=False):
    """Reasoning that the provider encrypted whole; `data` is opaque and wanted back unchanged."""

    block: int = 0
    data: str


class ToolCallStart(Part, frozen=True, kw_only=True, gc=False):
    """A tool is about to be called. `id`: which its result must cite, None if the provider gives none.

    `server`: a tool of the provider's own, never to be handed to the program's functions. `custom`: the argument is
    plain text, not JSON.
    """

    block: int = 0
    id: str | None = None
    name: str
    server: bool = False
    custom: bool = False


class ToolCallDelta(Part, frozen=True, kw_only=True, gc=False):
    """A fragment of a call's arguments: text, or (Gemini) `partial`, the values of paths in them, as they came."""

    block: int = 0
    json: str = ""
    partial: list[Any] | None = None


class ToolCallEnd(Part, frozen=True, kw_only=True, gc=False):
    """A call is whole. `json`: all of its arguments as text, "{}" where none came; not parsed, so not proven JSON.

    `cut`: the provider did not confirm that they are complete: the call must not be made.
    """

    block: int = 0
    id: str | None = None
    name: str
    json: str = "{}"
    cut: bool = False
    server: bool = False


class ServerToolResult(Part, frozen=True, kw_only=True, gc=False):
    """The result of a tool of the provider's own. `data`: as it came. `error`: it failed. `status`: the provider's."""

    block: int = 0
    id: str | None = None
    name: str | None = None
    data: Any = None
    error: bool = False
    status: str | None = None


class Citation(Part, frozen=True, kw_only=True, gc=False):
    """Where statements come from. `items`: in the provider's shape, with `unit` added: what its offsets count.

    The units are "char", "byte", "page" and "block".
    `block`: None where it is for the answer as a whole.
    """

    block: int | None = None
    items: list[dict[str, Any]]

    @property
    def unit(self) -> str | None:
        """The unit of the first item's offsets, None where it has none."""
        return self.items[0].get("unit") if self.items else None


class Logprobs(Part, frozen=True, kw_only=True, gc=False):
    """Log probabilities (natural) of tokens that came with the same event, an entry a token, as the provider has it."""

    block: int | None = None
    entries: list[Any]


class Media(Part, frozen=True, kw_only=True, gc=False):
    """An image, sound, a film. `media`: its MIME type, as far as the provider says. `data`: base64, as it came.

    Pieces of one block are decoded each by itself, and their bytes joined. `partial`: a preview, which the next
    replaces. `url`: where it is, if it is not here. `transcript`: a fragment of the words spoken in it.
    """

    block: int = 0
    media: str | None = None
    data: str | None = None
    partial: bool = False
    url: str | None = None
    transcript: str | None = None


class Usage(Part, frozen=True, kw_only=True, gc=False):
    """Tokens so far. A snapshot, that replaces the one before; None where the provider does not say.

    `input` includes what was read from and written to a cache, `output` includes reasoning. `raw`: as it came.
    """

    input: int | None = None
    output: int | None = None
    reasoning: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    total: int | None = None
    raw: dict[str, Any] | None = None


class Finish(Part, frozen=True, kw_only=True, gc=False):
    """Why a choice ended. `raw`: the provider's word. There is no Finish if the provider never says it.

    `stop_sequence`: which one was met. `details`: further information of the provider.
    """

    reason: FinishReason
    raw: str | None = None
    stop_sequence: str | None = None
    details: dict[str, Any] | None = None


class Error(Part, frozen=True, kw_only=True, gc=False):
    """An error within the stream. Several may come; what came before stays valid.

    `kind`, `code`, `message`: the provider's, None where it has none. `raw`: as it came. Two kinds are ours: "decode",
    a payload that is not JSON (`message` has its first 200 bytes, `raw` the reason), and "protocol", a stream that
    contradicts itself. `status`: the HTTP status that the error stands for, from 400 to 599, None if it does not say:
    the stream itself had 200. `retryable`: whether the same request may succeed later, None if that is not known.
    """

    kind: str | None = None
    code: str | int | float | None = None
    message: str | None = None
    raw: Any = None

    @property
    def status(self) -> int | None:
        return status_of(self.kind, self.code, self.raw)

    @property
    def retryable(self) -> bool | None:
        return is_retryable(self.status, self.kind, self.code)


class Ping(Part, frozen=True, kw_only=True, gc=False):
    """A sign of life. `text`: of the comment that was it, if it was one."""

    text: str | None = None


class Raw(Part, frozen=True, kw_only=True, gc=False):
    """Something that has no other kind. `name`: what the provider calls it. `data`: as it came.

    Two names are ours: "mismatch" (a text that was sent whole is not the one that was streamed; the whole one counts)
    and "line" (a line that belongs to no field).
    """

    block: int | None = None
    name: str
    data: Any = None


class End(Part, frozen=True, kw_only=True, gc=False):
    """The stream is over; always the last part, exactly once. `complete`: every answer ended, and without an error."""

    complete: bool
