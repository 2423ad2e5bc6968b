"""Parts to the event stream of Anthropic Messages.

https://docs.anthropic.com/en/docs/build-with-claude/streaming. One block is open at a time, with dense indexes; what
belongs to other blocks while a call is open is held until that call ends. Twin of `_decoders/anthropic.py`, which reads
it.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from ..format_writer import FormatWriter, WriterOptions
from ..formats import register_writer
from ..json_bytes import encode_text, encode_value
from ..json_values import without_unit
from ..written_calls import AFTER_TEXT, BEFORE_TEXT, WrittenCall
from ..written_errors import anthropic_error

if TYPE_CHECKING:
    from ..parts import (
        Citation,
        Error,
        Part,
        Ping,
        ReasoningDelta,
        RedactedReasoning,
        RefusalDelta,
        Signature,
        TextDelta,
        ToolCallDelta,
        ToolCallEnd,
        ToolCallStart,
        Usage,
    )

STOP_REASONS = {
    "stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal",
    "refusal": "refusal", "pause": "pause_turn", "other": "end_turn",
}  # fmt: skip
EMPTY_BLOCKS = {
    "text": {"type": "text", "text": ""},
    "thinking": {"type": "thinking", "thinking": "", "signature": ""},
}
CITATIONS = (
    "char_location", "page_location", "content_block_location", "web_search_result_location", "search_result_location",
)  # fmt: skip


def _event(name: bytes, rest: bytes) -> bytes:
    """Return an event. `rest`: of its JSON, after the type."""
    return b'event: %b\ndata: {"type":"%b"%b}\n\n' % (name, name, rest)


@register_writer
class AnthropicWriter(FormatWriter):
    """Writer of "anthropic". `_open`: the block that is open, as its number in the parts and its type."""

    api = "anthropic"
    id_prefix = "msg_"

    def __init__(self, options: WriterOptions) -> None:
        super().__init__(options)
        self._blocks = 0  # how many were begun
        self._open: tuple[int, str] | None = None
        self._open_call: WrittenCall | None = None
        self._text_head = b""  # of the deltas of the open block of text: until the text
        self._thinking: set[int] = set()  # the numbers of the blocks of reasoning that were begun
        # By block, while a call is open. A dict would look for its first entry longer and longer.
        self._held: OrderedDict[int, list[Part]] = OrderedDict()
        self._is_writing_held = False

    def preamble(self) -> bytes:
        usage = anthropic_usage(self.usage)
        if self.options.input_tokens is not None:
            usage["input_tokens"] = self.options.input_tokens
        message: dict[str, Any] = {
            "id": self.id, "type": "message", "role": "assistant", "model": self.model, "content": [],
            "stop_reason": None, "stop_sequence": None, "usage": usage | {"output_tokens": 0},
        }  # fmt: skip
        return _event(b"message_start", b',"message":' + encode_value(message))

    # Blocks

    def _held_back(self, part: Any) -> bool:
        """Return whether a part has to wait, because a call is open that it does not belong to; then keep it."""
        call = self._open_call
        if call is None or self._open is None or part.block == self._open[0]:
            return False
        self._held.setdefault(part.block, []).append(part)
        return True

    def _in_block(self, block: int, kind: str, content: dict[str, Any]) -> bytes:
        """Return the frames that make a block the open one, b"" if it is."""
        if self._open == (block, kind):
            return b""
        made = self.begin() + self._close_block()
        self._open = block, kind
        start = b',"index":%d,"content_block":' % self._blocks + encode_value(content)
        self._blocks += 1
        return made + _event(b"content_block_start", start)

    def _close_block(self) -> bytes:
        if self._open is None:
            return b""
        self._open = self._open_call = None
        self._text_head = b""
        return _event(b"content_block_stop", b',"index":%d' % (self._blocks - 1))

    def _delta_head(self, kind: str, field: str) -> bytes:
        """Return a delta of the open block until its value, which ends with `}}` and a blank line."""
        head = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":{"type":"%b","%b":'
        return head % (self._blocks - 1, kind.encode(), field.encode())

    def _delta(self, kind: str, field: str, value: bytes) -> bytes:
        return self._delta_head(kind, field) + value + b"}}\n\n"

    def _write_held(self) -> bytes:
        """Return the frames of the parts that waited for the call that has ended, until the next call that is open."""
        if self._is_writing_held:  # the loop that does goes on: a thousand calls must not nest a thousand times
            return b""
        self._is_writing_held = True
        made = []
        while self._held and self._open_call is None:
            made += [self.handlers[type(part)](self, part) for part in self._held.popitem(last=False)[1]]
        self._is_writing_held = False
        return b"".join(made)

    def _close_all(self) -> bytes:
        """Close the open block, and write everything that waited for it."""
        made = []
        while self._open is not None or self._held:
            made += [self._close_block(), self._write_held()]
        return b"".join(made)

    # Content

    def text(self, part: TextDelta) -> bytes:
        if self._open == (part.block, "text") and not part.choice:
            return self._text_head + encode_text(part.text) + b"}}\n\n"
        return self._piece_of_text(part)

    def _piece_of_text(self, part: TextDelta | RefusalDelta) -> bytes:
        if not self.is_written(part) or self._held_back(part):
            return b""
        start = self._in_block(part.block, "text", EMPTY_BLOCKS["text"])
        self._text_head = self._delta_head("text_delta", "text")
        return start + self._text_head + encode_text(part.text) + b"}}\n\n"

    def refusal(self, part: RefusalDelta) -> bytes:
        self.lost[part.type] += 1  # what says that the text is a refusal
        return self._piece_of_text(part)

    def reasoning(self, part: ReasoningDelta) -> bytes:
        if not self.is_written(part) or self._held_back(part):
            return b""
        return self._in_thinking(part.block) + self._delta("thinking_delta", "thinking", encode_text(part.text))

    def _in_thinking(self, block: int) -> bytes:
        self._thinking.add(block)
        return self._in_block(block, "thinking", EMPTY_BLOCKS["thinking"])

    def signature(self, part: Signature) -> bytes:
        if part.choice or not (part.block in self._thinking or part.id is not None):
            return self.lose(part)  # of a block that Anthropic does not sign
        if self._held_back(part):
            return b""
        if part.block in self._thinking and self._open != (part.block, "thinking"):
            return self.lose(part)  # the block is closed
        return self._in_thinking(part.block) + self._delta("signature_delta", "signature", encode_text(part.data))

    def redacted(self, part: RedactedReasoning) -> bytes:
        if not self.is_written(part) or self._held_back(part):
            return b""
        content = {"type": "redacted_thinking", "data": part.data}
        return self._in_block(part.block, "redacted_thinking", content) + self._close_block()

    def citation(self, part: Citation) -> bytes:
        items = [item for item in part.items if item.get("type") in CITATIONS]
        if not items or self._open is None or self._open[1] != "text":
            return self.lose(part)
        if len(items) < len(part.items):
            self.lost[part.type] += 1
        return b"".join(self._delta("citations_delta", "citation", encode_value(without_unit(item))) for item in items)

    # Calls

    def call_start(self, part: ToolCallStart) -> bytes:
        if part.server:
            return self.lose(part)
        if part.choice or not self._held_back(part):
            return self._begin_call(part)
        return b""

    def _begin_call(self, part: ToolCallStart) -> bytes:
        call = self.new_call(part)
        if call is None:
            return b""
        if call.custom:
            self.lost[part.type] += 1  # what says that the argument is plain text
        content = {"type": "tool_use", "id": call.id, "name": call.name, "input": {}}
        made = self._in_block(part.block, "tool_use", content)
        self._open_call = call
        return made

    def call_delta(self, part: ToolCallDelta) -> bytes:
        if not part.choice and self._held_back(part):
            return b""
        call = self.call_of(part)
        return self._arguments(call, call.add(part)) if call is not None else b""

    def call_end(self, part: ToolCallEnd) -> bytes:
        if not part.choice and self._held_back(part):
            return b""
        call = self.call_of(part)
        if call is None:
            return b""
        rest = call.end(part)
        if rest is None:  # other arguments were written, and cannot be taken back
            self.lost[part.type] += 1
            rest = ""
        return self._arguments(call, rest, is_last=True) + self._close_block() + self._write_held()

    def _arguments(self, call: WrittenCall, text: str, *, is_last: bool = False) -> bytes:
        """Return the delta for a fragment of arguments.

        The SDK parses each fragment, and raises an error where the arguments cannot be an object. So plain text, from a
        custom tool or from a model that made a mistake, becomes the object `{"input": text}`.
        """
        before = after = ""
        if not call.is_begun:
            text = call.held_space + text
            if text.isspace() and not is_last:
                call.held_space = text
                return b""
            call.is_begun = bool(text) or is_last
            if call.is_begun and not call.custom and text.strip() and not text.lstrip().startswith("{"):
                self.lost["ToolCallStart"] += 1
                call.custom = True
            before = BEFORE_TEXT if call.custom and call.is_begun else ""
        if is_last:
            after = AFTER_TEXT if call.custom else ""
        text = before + call.as_json(text) + after
        if not text or (is_last and text == "{}"):
            return b""
        return self._delta("input_json_delta", "partial_json", encode_text(text))

    # The end

    def success(self) -> bytes:
        finish = self.finishes[0]
        made = self._close_all()
        reason = STOP_REASONS[finish.reason]
        if finish.stop_sequence is not None and finish.reason == "stop":
            reason = "stop_sequence"
        elif finish.reason in ("other", "content_filter") or finish.stop_sequence is not None:
            self.lost[finish.type] += 1
        usage_seen = self.usage
        if usage_seen is not None and (usage_seen.input or 0) < (usage_seen.cache_read or 0):
            self.lost[usage_seen.type] += 1  # the source does not count what was read from a cache as input
        delta = {"stop_reason": reason, "stop_sequence": finish.stop_sequence}
        usage = {name: value for name, value in anthropic_usage(self.usage).items() if value or name == "output_tokens"}
        rest = b',"delta":' + encode_value(delta) + b',"usage":' + encode_value(usage)
        return made + _event(b"message_delta", rest) + _event(b"message_stop", b"")

    def failure(self, error: Error) -> bytes:
        return self._close_all() + _event(b"error", b',"error":' + encode_value(anthropic_error(error)))

    def ping(self, part: Ping) -> bytes:
        return _event(b"ping", b"")


def anthropic_usage(usage: Usage | None) -> dict[str, Any]:
    """Return a usage as Anthropic counts: the input without what was read from a cache, or written to it."""
    if usage is None:
        return {"input_tokens": 0, "output_tokens": 0}
    read, written = usage.cache_read or 0, usage.cache_write or 0
    made: dict[str, Any] = {
        "input_tokens": max((usage.input or 0) - read - written, 0),
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "output_tokens": usage.output or 0,
    }
    if usage.reasoning is not None:
        made["output_tokens_details"] = {"thinking_tokens": usage.reasoning}
    return made
