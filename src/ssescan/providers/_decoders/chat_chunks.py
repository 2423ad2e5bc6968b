"""The chunks of Chat Completions as msgspec Structs, with the fields of all dialects that are read.

Three of each: a lenient one, for values of any type; an exact one, which refuses unknown fields and types; and a plain
one, which is a piece of text, or of reasoning, and nothing else. Knows what stands where, and not what it means.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Struct

from ..block_builders import PLAIN_TEXT
from ..json_values import arguments_of
from ..unknown_fields import with_fields


class Function(Struct, gc=False):
    name: str | None = None
    arguments: Any = None  # mostly a text


class Custom(Struct, gc=False):
    name: str | None = None
    input: Any = None  # mostly a text


class CallFragment(Struct, gc=False):
    index: int | None = None
    id: str | None = None
    function: Function | None = None
    custom: Custom | None = None
    extra_content: dict[str, Any] | None = None
    type: Any = None


class Delta(Struct, gc=False):
    role: Any = None
    content: Any = None  # mostly a text, or a list of parts
    tool_calls: list[CallFragment] | CallFragment | None = None  # one: R19 of docs/rules.md
    reasoning_content: Any = None
    reasoning: Any = None
    reasoning_text: Any = None
    thinking: Any = None
    thinking_blocks: list[Any] | dict[str, Any] | None = None
    reasoning_opaque: str | None = None
    reasoning_details: list[Any] | None = None
    refusal: Any = None
    function_call: Function | None = None
    annotations: list[Any] | None = None
    images: list[Any] | None = None
    audio: dict[str, Any] | None = None
    error: Any = None


def fragments(delta: Delta) -> list[CallFragment]:
    """Return the fragments of calls in a delta."""
    calls = delta.tool_calls
    return [calls] if isinstance(calls, CallFragment) else calls or []


def is_piece_lost(delta: dict[str, Any]) -> bool:
    """Return whether there is something in a delta, in or beside the place of a piece of a call, that is not read."""
    calls, function = delta.get("tool_calls"), delta.get("function_call")
    if not calls and not function:
        return False
    pieces = [piece for piece in (calls if isinstance(calls, list) else [calls]) if piece]
    if not all(isinstance(piece, dict) for piece in pieces):
        return True
    if any(piece.get("arguments") for piece in pieces):
        return True  # they belong into the function
    places = [function, *(piece.get(name) for piece in pieces for name in ("function", "custom"))]
    return any(place and not isinstance(place, dict) for place in places)


def says(delta: Delta | None) -> bool:
    """Return whether a delta has content of any kind."""
    return delta is not None and any(
        getattr(delta, name) not in (None, "", [], {})
        for name in delta.__struct_fields__
        if name not in ("role", "error")
    )


def kind_of(type: Any) -> str:
    """Return the kind of a call of a function by the type that it came with: the provider's own, if it is one."""
    return type if isinstance(type, str) and type not in ("", "null", *PLAIN_TEXT) else "function"


def called(fragment: CallFragment) -> tuple[str | None, str, str]:
    """Return the name, the arguments and the kind of a call, as a fragment has them."""
    function, custom = fragment.function, fragment.custom
    if function is not None:
        return function.name, arguments_of(function.arguments), kind_of(fragment.type)
    if custom is not None:
        return custom.name, arguments_of(custom.input), "custom"
    return None, "", kind_of(fragment.type)


class Choice(Struct, gc=False):
    index: int | None = None
    delta: Delta | None = None
    finish_reason: str | None = None
    logprobs: dict[str, Any] | None = None
    text: Any = None
    message: dict[str, Any] | str | None = None
    native_finish_reason: str | None = None
    error: Any = None
    usage: dict[str, Any] | None = None
    stop_reason: Any = None  # vLLM's: the stop sequence that was met, or the number of a token


def ends_name(choice: Choice) -> bool:
    """Return whether there is something in a choice after which the name of a call does not go on."""
    delta = choice.delta
    if choice.finish_reason or choice.message or choice.text:
        return True
    return delta is not None and not delta.tool_calls and says(delta)


class Chunk(Struct, gc=False):
    choices: list[Choice] | None = None
    usage: dict[str, Any] | None = None
    error: Any = None
    x_groq: dict[str, Any] | None = None
    citations: list[Any] | None = None
    search_results: list[Any] | None = None
    id: Any = None
    model: Any = None
    object: Any = None


class FirstChunk(Chunk, gc=False):
    """A chunk before the id and the model are known: a wrong type of either is worth a Raw."""

    id: str | None = None
    model: str | None = None
    object: str | None = None


Text: TypeAlias = str | dict[str, Any] | None


class ExactFunction(Function, gc=False, forbid_unknown_fields=True):
    """A function, or a piece of it, whose fields are all known."""


class ExactCustom(Custom, gc=False, forbid_unknown_fields=True):
    """A custom tool, or a piece of it, whose fields are all known."""


class ExactCallFragment(CallFragment, gc=False, forbid_unknown_fields=True):
    function: ExactFunction | None = None  # pyright: ignore[reportIncompatibleVariableOverride]
    custom: ExactCustom | None = None  # pyright: ignore[reportIncompatibleVariableOverride]


class ExactDelta(Delta, gc=False, forbid_unknown_fields=True):
    content: str | list[Any] | dict[str, Any] | None = None
    reasoning_content: Text = None
    reasoning: Text = None
    reasoning_text: Text = None
    thinking: Text = None
    refusal: str | None = None
    tool_calls: list[ExactCallFragment] | ExactCallFragment | None = None  # type: ignore[assignment]
    function_call: ExactFunction | None = None  # pyright: ignore[reportIncompatibleVariableOverride]


class ExactChoice(Choice, gc=False, forbid_unknown_fields=True):
    delta: ExactDelta | None = None  # pyright: ignore[reportIncompatibleVariableOverride]
    text: str | None = None


class ExactChunk(Chunk, gc=False, forbid_unknown_fields=True):
    """A chunk whose fields are all known."""

    choices: list[ExactChoice] | None = None  # type: ignore[assignment]
    created: Any = None
    system_fingerprint: Any = None
    service_tier: Any = None
    obfuscation: Any = None
    provider: Any = None


class ExactFirstChoice(ExactChoice, gc=False, forbid_unknown_fields=True):
    message: None = None  # pyright: ignore[reportIncompatibleVariableOverride]


class ExactFirstChunk(ExactChunk, gc=False, forbid_unknown_fields=True, kw_only=True):
    """A chunk that can be nothing else, with the id of the answer, and whose fields are all known."""

    object: Literal["chat.completion.chunk"]  # pyright: ignore[reportGeneralTypeIssues]
    id: Annotated[str, msgspec.Meta(min_length=1)]  # pyright: ignore[reportGeneralTypeIssues]
    choices: Annotated[list[ExactFirstChoice], msgspec.Meta(min_length=1)]  # type: ignore[assignment]
    model: str | None = None
    error: None = None


Nothing: TypeAlias = Literal[""] | None


class PlainDelta(Struct, gc=False, forbid_unknown_fields=True):
    content: str
    role: Any = None
    reasoning_content: Nothing = None
    reasoning: Nothing = None
    reasoning_details: tuple[()] | None = None
    refusal: Nothing = None
    tool_calls: tuple[()] | None = None
    function_call: None = None
    reasoning_text: Nothing = None
    thinking: Nothing = None
    annotations: tuple[()] | None = None
    images: tuple[()] | None = None
    audio: None = None


class PlainChoice(Struct, gc=False, forbid_unknown_fields=True):
    delta: PlainDelta
    index: int | None = None
    finish_reason: Nothing = None
    logprobs: None = None
    native_finish_reason: None = None
    stop_reason: None = None


class PlainChunk(Struct, gc=False, forbid_unknown_fields=True):
    choices: tuple[PlainChoice]
    id: str = ""
    model: str = ""
    object: Literal["chat.completion.chunk", "chat.completion", ""] = ""
    created: int = 0
    usage: None = None
    system_fingerprint: str | None = None
    service_tier: str | None = None
    obfuscation: str | None = None
    provider: str | None = None
    error: None = None


Names: TypeAlias = frozenset[tuple[str, bool]]


def exact_chunk(of_chunk: Names, of_choice: Names, of_delta: Names) -> type[Struct]:
    """Return the exact chunk that also accepts these fields."""
    delta: Any = with_fields(ExactDelta, of_delta)
    choice: Any = with_fields(ExactChoice, of_choice, ("delta", delta | None, None))
    return with_fields(ExactChunk, of_chunk, ("choices", list[choice] | None, None))


def plain_chunk(of_chunk: Names, of_choice: Names, of_delta: Names, thought: str = "") -> type[Struct]:
    """Return the plain chunk that also accepts these fields.

    `thought`: the field of the delta that has the piece, if it is one of reasoning; it is the attribute `content` then.
    """
    if not (of_chunk or of_choice or of_delta or thought):
        return PlainChunk
    plain = plain_thought(thought) if thought else PlainDelta
    delta: Any = with_fields(plain, of_delta)
    choice: Any = with_fields(PlainChoice, of_choice, ("delta", delta))
    return with_fields(PlainChunk, of_chunk, ("choices", tuple[choice]))


@cache
def plain_thought(name: str) -> type[Struct]:
    """Return the plain delta whose piece is reasoning, in the field of that name."""
    others = [of for of in msgspec.structs.fields(PlainDelta) if of.name not in ("content", name)]
    return msgspec.defstruct(
        "PlainThought",
        [
            ("content", str, msgspec.field(name=name)),
            ("no_content", Nothing, msgspec.field(name="content", default=None)),
            *((of.name, of.type, None) for of in others),
        ],
        gc=False,
        forbid_unknown_fields=True,
    )
