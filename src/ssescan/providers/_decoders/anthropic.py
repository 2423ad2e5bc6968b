"""Anthropic Messages, the beta blocks included, and compatible gateways and servers.

The `type` of the JSON identifies an event; the name of the event is only a hint, and often lost on the way.
https://docs.anthropic.com/en/docs/build-with-claude/streaming
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, Union

from msgspec import Struct

from .. import message as blocks
from ..block_builders import BlockBuilder, CallBuilder, ReasoningBuilder, TextBuilder
from ..format_decoder import DAMAGED, GUESS, FormatDecoder, decoder
from ..formats import register
from ..json_values import arguments_of, counts, dict_of, text_of, with_unit, without_unit
from ..parts import Error, Part, Raw, TextDelta, Usage
from ..provider_errors import error_of, with_beside
from ..unknown_fields import fields_of, with_fields
from .anthropic_deltas import by_type
from .openai_usage import openai_usage

if TYPE_CHECKING:
    from collections.abc import Callable


class _Delta(Struct, gc=False):
    type: str | None = None
    text: Any = None  # mostly a text
    partial_json: Any = None  # mostly a text
    thinking: Any = None
    signature: str | None = None
    citation: dict[str, Any] | None = None
    content: Any = None
    encrypted_content: str | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: dict[str, Any] | None = None


class _Event(Struct, gc=False):
    type: str | None = None
    index: int | None = None
    delta: _Delta | None = None
    content_block: dict[str, Any] | None = None
    message: dict[str, Any] | str | None = None
    usage: dict[str, Any] | None = None
    error: Any = None
    request_id: str | None = None


class _Exact(Struct, gc=False, forbid_unknown_fields=True, tag_field="type"):
    """A delta that has the piece of its own type and nothing else, as nearly all have: msgspec finds that."""

    type: ClassVar[str]


class _ExactText(_Exact, gc=False, tag="text_delta"):
    type: ClassVar[str] = "text_delta"
    text: str | None = None
    signature: Literal[""] | None = None  # some servers put it beside the others


class _ExactThinking(_Exact, gc=False, tag="thinking_delta"):
    type: ClassVar[str] = "thinking_delta"
    thinking: str | None = None
    signature: Literal[""] | None = None


class _ExactJson(_Exact, gc=False, tag="input_json_delta"):
    type: ClassVar[str] = "input_json_delta"
    partial_json: str | None = None


class _ExactSignature(_Exact, gc=False, tag="signature_delta"):
    type: ClassVar[str] = "signature_delta"
    signature: str | None = None


class _ExactCitation(_Exact, gc=False, tag="citations_delta"):
    type: ClassVar[str] = "citations_delta"
    citation: dict[str, Any] | None = None


EXACT_DELTAS: tuple[type[_Exact], ...] = (_ExactText, _ExactThinking, _ExactJson, _ExactSignature, _ExactCitation)


class _ExactEvent(_Event, gc=False, forbid_unknown_fields=True):
    """An event whose fields are all known."""

    # The fields that are read of these have the same names as those of _Delta.
    delta: _ExactText | _ExactThinking | _ExactJson | _ExactSignature | _ExactCitation | None = None  # type: ignore[assignment] # pyright: ignore[reportIncompatibleVariableOverride]


EVENT_FIELDS, DELTA_FIELDS = fields_of(_Event), fields_of(_Delta)
FIELDS_OF_TYPE = {delta.type: fields_of(delta) | {"type"} for delta in EXACT_DELTAS}
"""The fields that the fast path reads of a delta, by its type."""

CALLS: dict[str, Any] = {
    "tool_use": {},
    "server_tool_use": {"server": True, "kind": "server_tool_use"},
    "mcp_tool_use": {"server": True, "kind": "mcp_tool_use"},
}
"""The blocks that call a tool: whether the provider runs it, and the kind of the call."""

READ = {"text": ("text", "citations"), "thinking": ("thinking", "signature"), "redacted_thinking": ("data",)}
"""The fields that are read of the blocks that are not kept as they came."""

MESSAGE_FIELDS = ("content", "stop_reason", "stop_sequence", "stop_details", "usage")
"""The fields that are read of a message."""

UNITS = {
    "char_location": "char",
    "page_location": "page",
    "content_block_location": "block",
    "search_result_location": "block",
}

TOTALS = (
    "input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens", "output_tokens_details",
    "cache_creation", "server_tool_use", "service_tier", "inference_geo", "iterations", "fallback_credit", "speed",
    "prompt_tokens", "completion_tokens", "total_tokens",
)  # fmt: skip
"""The fields of a usage. Each keeps its value until a later usage has the field too."""

KINDS = ("message_start", "message_delta", "message_stop")  # that no other format has


@register
class Anthropic(FormatDecoder):
    """Events to parts."""

    api: ClassVar[str] = "anthropic"
    event: type[Struct] = _Event
    exact: type[Struct] | None = _ExactEvent

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._blocks: dict[int, BlockBuilder] = {}
        # The text, the reasoning and the calls that came under the index of a block of another kind.
        self._beside: dict[tuple[int, type[BlockBuilder]], BlockBuilder] = {}
        self._usage: dict[str, Any] = {}
        self._began, self._id = False, ""  # whether a message began, and its id
        self._stopped = False
        self._goes_on = False  # something of the answer came after `message_stop`
        self._open: set[int] = set()  # the blocks that began by an event of their own
        # The text block that deltas with this index are for.
        self._index: int | None = -1
        self._text: TextBuilder | None = None
        self._write: Any = None
        self._number = 0
        self._text_delta: type[Any] = _ExactText

    @classmethod
    def recognize(cls, value: dict[str, Any], name: str | None) -> int:
        kind = value.get("type") if isinstance(value.get("type"), str) else None
        event = kind or name or ""
        if event in KINDS or (event == "message" and "stop_reason" in value) or event.startswith("content_block_"):
            return GUESS + 2
        error = value.get("error")
        return GUESS - 1 if isinstance(error, dict) and kind == "error" and "param" not in error else 0

    def feed(self, payload: bytes) -> list[Part] | TextDelta | None:
        try:
            event = self.decode(payload)
        except DAMAGED:
            return None
        # Most events of a stream: a piece of the text that came last.
        delta = event.delta
        if (
            type(delta) is self._text_delta
            and event.index == self._index
            and event.type == "content_block_delta"
            and delta.text
            and self._text is not None
        ):
            self._write(delta.text)
            return TextDelta(block=self._number, text=delta.text)
        return self.handle(event)

    def look(self, value: dict[str, Any], unread: list[Part]) -> None:
        self.unknown.once("event", value, EVENT_FIELDS, unread)
        delta = dict_of(value.get("delta"))
        self.unknown.each(delta, DELTA_FIELDS, unread)
        self.unknown.note("delta", delta, FIELDS_OF_TYPE.get(text_of(delta.get("type")), DELTA_FIELDS))

    def learn(self) -> None:
        deltas = tuple(with_fields(delta, self.unknown.of("delta")) for delta in EXACT_DELTAS)
        self._text_delta = deltas[0]
        self.exact = with_fields(_ExactEvent, self.unknown.of("event"), ("delta", Union[(*deltas, None)], None))
        self.decode = decoder(self.exact)

    def handle(self, event: _Event) -> list[Part] | None:
        kind = event.type or self.name()
        if kind == "content_block_delta":
            known = self._delta(event)
        else:
            handler = self.handlers.get(kind or "")
            known = handler is not None or bool(event.error)
            if handler is not None:
                handler(self, event)
            elif known:
                self._error(event)
        return self.builder.drain() if known else None

    def _message_start(self, event: _Event) -> None:
        message = event.message if isinstance(event.message, dict) else {}
        id = text_of(message.get("id"))
        if self._began:
            if id != self._id:  # else it was sent twice
                text = f"the stream began with message {self._id!r}, and another, {id!r}, begins within it"
                self.builder.fail(Error(kind="protocol", message=text, raw=message))
            return
        self._began, self._id = True, id
        self.builder.start(id, text_of(message.get("model")))
        self.keep_rest(message, MESSAGE_FIELDS)
        self.count(message.get("usage"))
        choice = self.builder.choice(0)
        # An answer that another program began (programmatic tool calls) has its reason here.
        choice.end_by_word(
            self.word(message.get("stop_reason"), "stop_reason"),
            stop_sequence=text_of(message.get("stop_sequence")) or None,
            details=dict_of(message.get("stop_details")) or None, before_content=True,
        )  # fmt: skip
        content = message.get("content")
        if isinstance(content, str) and content:
            content = {"type": "text", "text": content}
        for index, block in enumerate(self.objects(content, "content")):
            self._begin(index, block)

    def _block_start(self, event: _Event) -> None:
        if event.content_block is not None:
            index = len(self._blocks) if event.index is None else event.index
            self._begin(index, event.content_block)
            self._open.add(index)

    def _begin(self, index: int, block: dict[str, Any]) -> None:
        """Begin a block, with the content that it has from its start."""
        self._goes_on = self._stopped
        choice = self.builder.choice(0)
        kind = text_of(block.get("type"))
        before = self._blocks.get(index)
        if isinstance(before, CallBuilder) and not before.ended:
            if kind in CALLS and before.id and before.id == text_of(block.get("id")):
                return  # its start was sent twice
            before.end(cut=True)  # another one took its place
        native = {name: value for name, value in block.items() if value is not None and name not in ("type", "text")}
        self._text = None
        for beside in (TextBuilder, ReasoningBuilder, CallBuilder):
            self._beside.pop((index, beside), None)
        builder: BlockBuilder
        if kind == "text":
            builder = TextBuilder(choice)
            builder.cite([_cited(item) for item in self.objects(block.get("citations"), "citations")])
            builder.add(self.text(block.get("text"), kind))
        elif kind == "thinking":
            builder = ReasoningBuilder(choice)
            builder.add(self.text(block.get("thinking"), kind))
            builder.sign(self.word(block.get("signature"), "signature"))
        elif kind == "redacted_thinking":
            builder = choice.redacted(self.text(block.get("data"), kind))
        elif kind in CALLS:
            builder = CallBuilder(choice, text_of(block.get("id")), text_of(block.get("name")), **CALLS[kind])
            builder.native = native | {"type": kind}
            if block.get("input"):
                builder.whole = arguments_of(block["input"])  # counts, unless fragments come
        elif kind.endswith("_tool_result"):
            content = block.get("content")
            failed = bool(block.get("is_error")) or text_of(dict_of(content).get("type")).endswith("_error")
            builder = choice.result(text_of(block.get("tool_use_id")) or None, kind, content, error=failed)
            builder.native = native
        else:
            if kind == "fallback" and (model := text_of(dict_of(block.get("to")).get("model"))):
                self.builder.model = model
            builder = choice.raw(kind or "content_block", block)
        if kind in READ:
            self.keep_rest(block, READ[kind])
        self._blocks[index] = builder

    def _index_of(self, event: _Event) -> int:
        """Return the index that an event is for, the last one if it has none."""
        return max(len(self._blocks) - 1, 0) if event.index is None else event.index

    def _delta(self, event: _Event) -> bool:
        """Handle a delta; return whether it is known."""
        delta = event.delta
        if delta is None:
            return False
        self._goes_on = self._stopped
        index = self._index_of(event)
        block = self._blocks.get(index)
        kind = delta.type
        if kind == "text_delta":
            # A delta of a block that never began begins it. The type of the delta decides about its kind.
            text = self._expected(index, TextBuilder)
            if delta.text is None:
                return False
            text.add(self.text(delta.text, kind))
            self._index, self._text, self._number, self._write = event.index, text, text.number, text.write
        elif kind == "thinking_delta":
            self._expected(index, ReasoningBuilder).add(self.text(delta.thinking, kind))
        elif kind == "input_json_delta" and (call := self._expected_call(index, delta)) is not None:
            call.add(arguments_of(delta.partial_json))
        elif kind == "signature_delta":
            signed = self._beside.get((index, ReasoningBuilder)) or block or self._expected(index, ReasoningBuilder)
            signed.sign(delta.signature or "")
        elif kind == "citations_delta":
            text = self._expected(index, TextBuilder)
            if delta.citation is None:
                return False
            text.cite([_cited(delta.citation)])
        elif kind == "compaction_delta" and block is not None:
            compacted = {"content": delta.content, "encrypted_content": delta.encrypted_content}
            block.native |= compacted
            block.emit_part(Raw, name=kind, data={"type": kind} | compacted)
        else:
            if isinstance(block, CallBuilder):
                block.miss_piece()
            return False
        return True

    def _expected(self, index: int, kind: type[Any]) -> Any:
        """Return the block of that kind for an index, begun here if it was not: beside one of another kind."""
        if index not in self._blocks:
            self._blocks[index] = kind(self.builder.choice(0))
        block = self._blocks[index]
        if type(block) is not kind:
            block = self._beside.get((index, kind)) or self._beside.setdefault(
                (index, kind), kind(self.builder.choice(0))
            )
        return block

    def _expected_call(self, index: int, delta: _Delta) -> CallBuilder | None:
        """Return the call for an index; one without a name if its start is missing, so that it is cut.

        None for a block that is kept as it came, which may have such deltas.
        """
        block = self._blocks.get(index)
        if block is not None and not isinstance(block, CallBuilder):
            if not isinstance(block, (TextBuilder, ReasoningBuilder)) or not delta.partial_json:
                return None
            block = self._beside.get((index, CallBuilder))
            if block is None:
                block = self._beside[index, CallBuilder] = CallBuilder(self.builder.choice(0), None, None)
        elif block is None:
            block = self._blocks[index] = CallBuilder(self.builder.choice(0), None, None)
        return block  # type: ignore[return-value]  # those beside are of their kind

    def _block_stop(self, event: _Event) -> None:
        index = self._index_of(event)
        self._open.discard(index)
        block = self._blocks.get(index)
        if isinstance(block, CallBuilder):
            block.end()

    def _message_delta(self, event: _Event) -> None:
        choice = self.builder.choice(0)
        delta = event.delta
        self.count(event.usage)
        if delta is not None and delta.stop_reason:
            self._text = None  # text after it reopens the choice
            choice.end_by_word(delta.stop_reason, stop_sequence=delta.stop_sequence, details=delta.stop_details)

    def _message_stop(self, event: _Event) -> None:
        self.count(event.usage)
        self._stopped, self._goes_on = True, False
        self._text = None  # text after it is read the thorough way

    def _ping(self, event: _Event) -> None:
        self.builder.ping()

    def _error(self, event: _Event) -> None:
        error = error_of(with_beside({"error": event.error, "message": event.message}))
        raw = {"type": "error", "error": event.error} | ({"request_id": event.request_id} if event.request_id else {})
        self.builder.fail(Error(kind=error.kind, code=error.code, message=error.message, raw=raw))

    def count(self, usage: Any) -> None:
        """Count totals: a value that is not null replaces the one before."""
        if not isinstance(usage, dict) or not usage:
            super().count(usage or None)
            return
        # Only known totals are kept from event to event: a stream may have any number of other fields.
        self._usage |= {name: usage[name] for name in TOTALS if usage.get(name) is not None}
        self.builder.count(self.usage_of(usage | self._usage))

    def unfolded(self, value: dict[str, Any]) -> list[dict[str, Any]]:
        if value.get("type") == "content_block_delta":
            return by_type(value)
        if value.get("type") != "message":
            return [value]
        delta = {name: value.get(name) for name in ("stop_reason", "stop_sequence", "stop_details")}
        count = len(value["content"]) if isinstance(value.get("content"), list) else 0
        return [
            {"type": "message_start", "message": value},
            *({"type": "content_block_stop", "index": index} for index in range(count)),
            {"type": "message_delta", "delta": delta},
            {"type": "message_stop"},
        ]

    def finish(self) -> None:
        choice = self.builder.choice(0)
        for call in choice.calls:
            # Each block has an end of its own. Some servers leave it out: then the end of the message confirms calls
            # whose arguments are whole, and no others. So does `[DONE]`, if it counts as the end.
            confirmed = choice.ending.assumed or (self._stopped and choice.reason == "tool_calls")
            if not call.ended and not (confirmed and _is_object(call)):
                call.end(cut=True)
        super().finish()

    @property
    def complete(self) -> bool:
        if self._stopped:
            ending = self.builder.choice(0).ending
            # Without any reason, no block may be open, and nothing may follow the end.
            is_over = not (ending.had_reason or self._open or self._goes_on)
            return (ending.reason is not None or is_over) and not self.builder.has_cut_calls
        return super().complete and not self.builder.choice(0).ending.before_content

    @property
    def has_last_word(self) -> bool:
        return self._stopped

    handlers: ClassVar[dict[str, Callable[[Anthropic, _Event], None]]] = {
        "message_start": _message_start,
        "content_block_start": _block_start,
        "content_block_stop": _block_stop,
        "message_delta": _message_delta,
        "message_stop": _message_stop,
        "ping": _ping,
    }

    @staticmethod
    def usage_of(usage: dict[str, Any]) -> Usage:
        # `input_tokens` does not include the tokens read from and written to a cache: add them.
        fresh, write, read, output = counts(usage, *TOTALS[:4])
        known = [count for count in (fresh, write, read) if count is not None]
        if not known and output is None:
            return openai_usage(usage)
        (reasoning,) = counts(dict_of(usage.get("output_tokens_details")), "thinking_tokens")
        input = sum(known) if known else None
        return Usage(input=input, output=output, reasoning=reasoning, cache_read=read, cache_write=write, raw=usage)


def _is_object(call: CallBuilder) -> bool:
    """Return whether the arguments are a whole JSON object, as they are where none came."""
    return call.is_whole and call.arguments.lstrip().startswith("{")


def _cited(citation: Any) -> dict[str, Any]:
    cited = dict_of(citation)
    return with_unit(cited, UNITS.get(text_of(cited.get("type"))))


def turn(message: blocks.Message) -> dict[str, Any]:
    """Return the assistant's message for `messages`: all blocks in order, with signatures and encrypted content."""
    content = [made for block in message.blocks if (made := _content(block)) is not None]
    return {"role": "assistant", "content": content} if content else {}


def _content(block: blocks.Block) -> dict[str, Any] | None:
    match block:
        case blocks.TextBlock(text=text, citations=citations):
            if not text.strip():
                return None  # the API refuses text that is empty, or only white space
            cited = [without_unit(item) for item in citations]
            return {"type": "text", "text": text} | ({"citations": cited} if cited else {})
        case blocks.ReasoningBlock(text=text, signature=signature):
            # The API refuses thinking without its signature: it was cut, or comes from another server.
            return {"type": "thinking", "thinking": text, "signature": signature} if signature else None
        case blocks.RedactedReasoningBlock(data=data):
            return {"type": "redacted_thinking", "data": data}
        case blocks.ToolCall(cut=False):
            try:
                arguments = block.json()
            except ValueError:
                arguments = None
            if not isinstance(arguments, dict):
                arguments = {"INVALID_JSON": block.arguments}  # Anthropic's own word for arguments that are not JSON
            return {"type": "tool_use", "id": block.id} | block.native | {"name": block.name, "input": arguments}
        case blocks.ServerToolResultBlock(name=name, native=native):
            return {"type": name} | native
        case blocks.RawBlock(data=dict() as data, native=native):
            return data | native
    return None
