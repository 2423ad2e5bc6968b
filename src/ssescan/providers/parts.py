"""The answer of a model, in small parts: the same kinds for every API.

Frozen msgspec Structs, each tagged with its class name, in JSON as "type", in Python as the class attribute `type`.
Knows nothing of wire formats. Every part has `choice`: 0, unless the request asked for several answers. Parts of the
content also have `block`, the number of their block in the choice: from 0, without gaps, in order of appearance,
whatever numbers the provider uses. An absent value is None, a flag that is not set is False.
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
"""The kinds of Error that ssescan itself reports, for invalid data."""


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
    """The start of the answer: its id and its model, once, as soon as the provider sends one of them."""

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
    """A signature of a block, which the next request must send back unchanged. It replaces an earlier one of the block.

    `data`: opaque. `id`: the id of the signed item. `fmt`: the provider's name for the format.
    """

    block: int = 0
    data: str
    id: str | None = None
    fmt: str | None = None


class RedactedReasoning(Part, frozen=True, kw_only=True, gc=False):
    """Reasoning that the provider encrypted. `data`: opaque; the next request must send it back unchanged."""

    block: int = 0
    data: str


class ToolCallStart(Part, frozen=True, kw_only=True, gc=False):
    """The start of a tool call. `id`: the id that the result must cite, None if the provider sends none.

    `server`: the provider runs the tool, not the program. `custom`: the argument is plain text, not JSON.
    """

    block: int = 0
    id: str | None = None
    name: str
    server: bool = False
    custom: bool = False


class ToolCallDelta(Part, frozen=True, kw_only=True, gc=False):
    """A fragment of a call's arguments: `json`, a text, or (Gemini) `partial`, values with their JSON paths."""

    block: int = 0
    json: str = ""
    partial: list[Any] | None = None


class ToolCallEnd(Part, frozen=True, kw_only=True, gc=False):
    """The end of a tool call. `json`: all arguments as text, "{}" if there are none; they may not be valid JSON.

    `cut`: the provider did not confirm that the arguments are complete: do not make the call.
    """

    block: int = 0
    id: str | None = None
    name: str
    json: str = "{}"
    cut: bool = False
    server: bool = False


class ServerToolResult(Part, frozen=True, kw_only=True, gc=False):
    """The result of one of the provider's own tools. `data`, `status`: the provider's. `error`: whether it failed."""

    block: int = 0
    id: str | None = None
    name: str | None = None
    data: Any = None
    error: bool = False
    status: str | None = None


class Citation(Part, frozen=True, kw_only=True, gc=False):
    """The sources of statements. `items`: in the provider's shape, plus `unit`, the unit of their offsets.

    The units are "char", "byte", "page" and "block". `block`: None if the sources are those of the whole answer.
    """

    block: int | None = None
    items: list[dict[str, Any]]

    @property
    def unit(self) -> str | None:
        """The unit of the first item's offsets, None if it has none."""
        return self.items[0].get("unit") if self.items else None


class Logprobs(Part, frozen=True, kw_only=True, gc=False):
    """The log probabilities (natural) of the tokens in the same event: one entry per token, in the provider's shape."""

    block: int | None = None
    entries: list[Any]


class Media(Part, frozen=True, kw_only=True, gc=False):
    """An image, a sound or a video. `media`: its MIME type, None if the provider sends none. `data`: base64, unchanged.

    Decode each piece of a block by itself, and join the bytes. `partial`: a preview, which the next piece replaces.
    `url`: the address of data that is not in the stream. `transcript`: a fragment of the spoken words.
    """

    block: int = 0
    media: str | None = None
    data: str | None = None
    partial: bool = False
    url: str | None = None
    transcript: str | None = None


class Usage(Part, frozen=True, kw_only=True, gc=False):
    """The numbers of tokens so far. Each Usage replaces the one before. None: the provider did not send this number.

    `input` includes tokens read from and written to a cache, `output` includes reasoning. `raw`: the provider's object.
    """

    input: int | None = None
    output: int | None = None
    reasoning: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    total: int | None = None
    raw: dict[str, Any] | None = None


class Finish(Part, frozen=True, kw_only=True, gc=False):
    """The reason why a choice ended. `raw`: the provider's word for it. If the provider sends none, there is no Finish.

    `stop_sequence`: the stop sequence that ended the choice. `details`: further information from the provider.
    """

    reason: FinishReason
    raw: str | None = None
    stop_sequence: str | None = None
    details: dict[str, Any] | None = None


class Error(Part, frozen=True, kw_only=True, gc=False):
    """An error within the stream. There may be several; the parts before it stay valid.

    `kind`, `code`, `message`: the provider's, or None. `raw`: the provider's object. ssescan has two kinds: "decode",
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
    """A keep-alive. `text`: the text of the comment, None if it was not a comment."""

    text: str | None = None


class Raw(Part, frozen=True, kw_only=True, gc=False):
    """Everything that has no class of its own. `name`: the provider's name for it. `data`: unchanged.

    ssescan has two names: "mismatch" (the complete text differs from the streamed one; the complete one counts) and
    "line" (a line that is not a field).
    """

    block: int | None = None
    name: str
    data: Any = None


class End(Part, frozen=True, kw_only=True, gc=False):
    """The end of the stream: always the last part, exactly once. `complete`: every answer ended, without an error."""

    complete: bool
