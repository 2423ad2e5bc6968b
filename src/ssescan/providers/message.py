"""The message that the parts of a stream form: plain data, a snapshot of the moment when the caller asked for it.

Immutable msgspec Structs that can be compared, pickled and converted to JSON. Knows no wire format: `native` has the
fields that only one provider needs in the next request; the provider's own file writes them, and reads them in `turn`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

import msgspec
from msgspec import Struct

from .._nested import TOO_DEEP
from .parts import Error, FinishReason, Nested, Usage

__all__ = [
    "Block", "Choice", "MediaBlock", "Message", "RawBlock", "ReasoningBlock", "RedactedReasoningBlock", "RefusalBlock",
    "ServerToolResultBlock", "TextBlock", "ToolCall",
]  # fmt: skip

Native: TypeAlias = dict[str, Any]


class TextBlock(Nested, Struct, frozen=True, tag="text"):
    """Text. `citations`: as in the part Citation. `signature`: see the part Signature."""

    type: ClassVar[str] = "text"
    text: str
    citations: list[dict[str, Any]] = []
    signature: str | None = None
    native: Native = {}


class ReasoningBlock(Nested, Struct, frozen=True, tag="reasoning"):
    """The model's reasoning; `kind` as in the part ReasoningDelta."""

    type: ClassVar[str] = "reasoning"
    text: str
    kind: Literal["text", "summary"] = "text"
    signature: str | None = None
    native: Native = {}


class RefusalBlock(Nested, Struct, frozen=True, tag="refusal"):
    """Text in which the model declines."""

    type: ClassVar[str] = "refusal"
    text: str
    native: Native = {}


class RedactedReasoningBlock(Nested, Struct, frozen=True, tag="redacted_reasoning"):
    """Reasoning that the provider encrypted."""

    type: ClassVar[str] = "redacted_reasoning"
    data: str
    native: Native = {}


class ServerToolResultBlock(Nested, Struct, frozen=True, tag="server_tool_result"):
    """The result of one of the provider's own tools; the fields are those of the part ServerToolResult."""

    type: ClassVar[str] = "server_tool_result"
    id: str | None = None
    name: str | None = None
    data: Any = None
    error: bool = False
    status: str | None = None
    native: Native = {}


class ToolCall(Nested, Struct, frozen=True, tag="tool_call"):
    """A call of a tool. The fields are those of the part ToolCallEnd; `arguments` is its `json`.

    `cut`: the arguments may be incomplete: do not make the call. `server`: one of the provider's own tools; such calls
    are in `blocks`, and not in `tool_calls`. `custom`: the argument is plain text. `result`: the result of the
    provider's tool, if it arrived with the call, and not as a separate block. `kind`: what is called, "function" for a
    function of the program, "custom" for a tool of the program that takes plain text; "computer", "local_shell",
    "shell" and "apply_patch" for the tools of OpenAI Responses that the program runs; else the provider's own word
    (R22 of docs/rules.md).
    """

    type: ClassVar[str] = "tool_call"
    id: str | None
    name: str
    arguments: str = "{}"
    cut: bool = False
    server: bool = False
    custom: bool = False
    signature: str | None = None
    result: ServerToolResultBlock | None = None
    native: Native = {}
    kind: str = "function"

    def json(self) -> Any:
        """Parse the arguments. ValueError if they are not JSON: models write invalid JSON, and streams are cut."""
        try:
            return msgspec.json.decode(self.arguments)
        except (ValueError, RecursionError) as error:
            raise ValueError(
                f"the arguments of the call of {self.name!r} are not JSON: {error}; `arguments` has them as text"
            ) from None

    @property
    def invalid(self) -> bool:
        """Whether the arguments should be JSON, and are not."""
        if self.custom:
            return False
        try:
            self.json()
        except ValueError:
            return True
        return False


class MediaBlock(Nested, Struct, frozen=True, tag="media"):
    """An image, a sound or a video. `data`: pieces of base64: decode each piece by itself, and join the bytes."""

    type: ClassVar[str] = "media"
    media: str | None = None
    data: list[str] = []
    partial: bool = False
    url: str | None = None
    transcript: str = ""
    signature: str | None = None
    native: Native = {}


class RawBlock(Nested, Struct, frozen=True, tag="raw"):
    """Content of a kind that has no block of its own."""

    type: ClassVar[str] = "raw"
    name: str
    data: Any = None
    native: Native = {}


Block: TypeAlias = (
    TextBlock
    | ReasoningBlock
    | RefusalBlock
    | RedactedReasoningBlock
    | ToolCall
    | ServerToolResultBlock
    | MediaBlock
    | RawBlock
)


class _Answer(Nested):
    """The properties of an answer that its blocks add up to."""

    __slots__ = ()
    if TYPE_CHECKING:

        @property
        def blocks(self) -> list[Block]: ...

    @property
    def text(self) -> str:
        """The text blocks, joined; "" if there is none."""
        return "".join([block.text for block in self.blocks if isinstance(block, TextBlock)])

    @property
    def reasoning(self) -> str:
        """The reasoning blocks, joined; "" if there is none."""
        return "".join([block.text for block in self.blocks if isinstance(block, ReasoningBlock)])

    @property
    def refusal(self) -> str:
        """The refusal blocks, joined; "" if there is none."""
        return "".join([block.text for block in self.blocks if isinstance(block, RefusalBlock)])

    @property
    def tool_calls(self) -> list[ToolCall]:
        """The calls that the program has to make, in order. Do not make a call that is `cut`."""
        return [block for block in self.blocks if isinstance(block, ToolCall) and not block.server]


class Choice(_Answer, Struct, frozen=True, kw_only=True):
    """One of the answers. `blocks`: all of it, in order."""

    index: int = 0
    blocks: list[Block] = []  # pyright: ignore[reportIncompatibleMethodOverride]  # a field in place of the property
    finish_reason: FinishReason | None = None
    raw_finish_reason: str | None = None
    stop_sequence: str | None = None
    finish_details: dict[str, Any] | None = None
    native: Native = {}

    def to_dict(self) -> dict[str, Any]:
        """Return the choice as JSON values."""
        return {
            "index": self.index,
            "text": self.text,
            "reasoning": self.reasoning,
            "refusal": self.refusal,
            "tool_calls": [_plain(call) for call in self.tool_calls],
            "finish_reason": self.finish_reason,
            "raw_finish_reason": self.raw_finish_reason,
            "stop_sequence": self.stop_sequence,
            "finish_details": self.finish_details,
            "blocks": [_plain(block) for block in self.blocks],
        }


NOTHING = Choice()


class Message(_Answer, Struct, frozen=True, kw_only=True):
    """The answer of a model, complete or so far.

    `complete`: every answer ended, and without an error; until the stream is over, False. `usage`: the last part Usage,
    None if none came. `errors`: the parts Error. `choices`: one, unless the request asked for several; `text`,
    `reasoning`, `refusal`, `tool_calls`, `blocks`, `finish_reason` and so on are those of choice 0. `api`: the format,
    None if the stream ended before it was known.
    """

    api: str | None = None
    id: str | None = None
    model: str | None = None
    choices: list[Choice] = []
    usage: Usage | None = None
    errors: list[Error] = []
    complete: bool = False

    @property
    def choice(self) -> Choice:
        """Choice 0; if there is none of that number, the first; if there is none, an empty one."""
        for choice in self.choices:
            if choice.index == 0:
                return choice
        return self.choices[0] if self.choices else NOTHING

    @property
    def blocks(self) -> list[Block]:
        """All of choice 0, in order."""
        return self.choice.blocks

    @property
    def finish_reason(self) -> FinishReason | None:
        """The reason why choice 0 ended, in words that are the same for all providers; None if it is not known."""
        return self.choice.finish_reason

    @property
    def raw_finish_reason(self) -> str | None:
        """The provider's word for the reason why choice 0 ended."""
        return self.choice.raw_finish_reason

    @property
    def stop_sequence(self) -> str | None:
        """The stop sequence that ended choice 0; None if there is none, or the provider does not send it."""
        return self.choice.stop_sequence

    def to_dict(self) -> dict[str, Any]:
        """Return the message as JSON values; `choices` only if there are several."""
        plain = {"api": self.api, "id": self.id, "model": self.model} | self.choice.to_dict()
        del plain["index"]
        plain |= {
            "usage": None if self.usage is None else _plain(self.usage),
            "errors": [_plain(error) for error in self.errors],
            "complete": self.complete,
        }
        if len(self.choices) > 1:
            plain["choices"] = [choice.to_dict() for choice in self.choices]
        return plain

    def to_json(self) -> bytes:
        """Return to_dict() as JSON, UTF-8. A value that is nested too deeply is replaced by "(nested too deeply)"."""
        plain = self.to_dict()
        try:
            return msgspec.json.encode(plain)
        except RecursionError:
            return msgspec.json.encode({name: _written(value) for name, value in plain.items()})

    def to_turn(self) -> Any:
        """Return the assistant's turn in the format of the provider's requests, to continue the conversation.

        Signatures, encrypted content and ids are as they came. openai-chat, anthropic: a dict for `messages`. gemini: a
        dict for `contents`. openai-responses, gemini-interactions: a list, to be added to `input`. Of choice 0. Calls
        that were cut are left out: they cannot be answered. Empty if nothing is left, so check before you append it.
        Its values belong to the message: copy them before you change them. ValueError if nothing in the stream showed
        the format.
        """
        if self.api is None:
            raise ValueError("the stream ended before its format was known: there is no turn to return")
        from .formats import turn_of

        return turn_of(self.api, self)


def _plain(struct: Struct) -> dict[str, Any]:
    plain: dict[str, Any]
    try:
        plain = msgspec.to_builtins(struct)
    except RecursionError:
        plain = {"type": struct.__struct_config__.tag}
        plain |= {name: _written(getattr(struct, name)) for name in struct.__struct_fields__}
    plain.pop("native", None)
    result = plain.get("result")
    if isinstance(result, dict):
        result.pop("native", None)
    return plain


def _written(value: Any) -> Any:
    """Return a value as JSON has it, if it can be written within others."""
    try:
        return msgspec.to_builtins([[[[value]]]])[0][0][0][0]
    except RecursionError:
        return TOO_DEEP
