"""Parts to the event stream of OpenAI Responses.

https://platform.openai.com/docs/api-reference/responses-streaming. One item of text, reasoning or an image is open at a
time, until another item begins; calls stay open beside it, until each ends. Twin of `_decoders/openai_responses.py`,
which reads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from ..format_writer import FormatWriter, WriterOptions
from ..formats import register_writer
from ..json_bytes import encode_text, encode_value
from ..json_values import without_unit
from ..written_calls import plain_id
from ..written_errors import responses_error
from .response_items import (
    COMPLETED,
    IMAGE_FORMATS,
    IN_PROGRESS,
    INCOMPLETE,
    REASONING_TEXT,
    REFUSAL,
    SUMMARY,
    TEXT,
    TEXT_DELTA,
    TEXT_DELTA_END,
    CallItem,
    CustomCallItem,
    ImageItem,
    ItemWithParts,
    MessageItem,
    NumberedEvents,
    ReasoningItem,
    WrittenItem,
    listed,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..message import Message
    from ..parts import (
        Citation,
        Error,
        Logprobs,
        Media,
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
    from ..written_calls import WrittenCall

I = TypeVar("I", bound=ItemWithParts)  # noqa: E741

INCOMPLETE_REASONS = {"length": "max_output_tokens", "content_filter": "content_filter"}
ENVELOPE: dict[str, Any] = {
    "background": False, "instructions": None, "max_output_tokens": None, "max_tool_calls": None, "metadata": {},
    "parallel_tool_calls": True, "previous_response_id": None, "reasoning": {"effort": None, "summary": None},
    "temperature": None, "text": {"format": {"type": "text"}}, "tool_choice": "auto", "tools": [], "top_p": None,
    "truncation": "disabled", "user": None,
}  # fmt: skip
"""The fields of the request that a response repeats, for those that `envelope` does not have."""
OWN_FIELDS = ("id", "object", "created_at", "model", "status", "error", "incomplete_details", "output", "usage")
"""The fields that say what the answer is; the request cannot."""
ANNOTATIONS = {
    "url_citation": ("url", "title", "start_index", "end_index"),
    "file_citation": ("file_id", "filename", "index"),
    "container_file_citation": ("container_id", "file_id", "filename", "start_index", "end_index"),
    "file_path": ("file_id", "index"),
}
"""The annotations of OpenAI, and the fields that each must have."""


@register_writer
class ResponsesWriter(FormatWriter):
    """Writer of "openai-responses". `_items`: all, in order. `_open`: the item that is not a call, if one is open."""

    api = "openai-responses"
    id_prefix = "resp_"

    def __init__(self, options: WriterOptions) -> None:
        super().__init__(options)
        envelope = ENVELOPE | dict(options.envelope or {})
        self._envelope = b"".join(
            b"," + encode_text(str(name)) + b":" + encode_value(value)
            for name, value in envelope.items()
            if name not in OWN_FIELDS
        )
        self._head = b""  # of every response object
        self._events = NumberedEvents()
        self._items: list[WrittenItem] = []
        self._open: MessageItem | ReasoningItem | ImageItem | None = None
        self._open_calls: dict[int, CallItem] = {}  # by block
        self._blocks: set[int] = set()  # that have content
        self._call_ids: set[str] = set()
        self._given_ids: set[str] = set()  # of items of reasoning
        # Of the deltas of the open part of text.
        self._text_block = -1
        self._text_place = b""
        self._keep_text: Callable[[bytes], None] = bytearray().extend

    def preamble(self) -> bytes:
        start = {"object": "response", "created_at": self.created, "model": self.model}
        self._head = b'{"id":' + encode_text(self.id) + b"," + encode_value(start)[1:-1] + self._envelope
        return self._response_event("created", IN_PROGRESS) + self._response_event("in_progress", IN_PROGRESS)

    def continue_after(self, message: Message, events: int) -> None:
        # What the first events said of the response and is not in the message must not differ from run to run.
        self.id = message.id or self.id or "resp_unknown"
        self.created = self.options.created or 0
        super().continue_after(message, events)
        self._events = NumberedEvents(events)

    def _response_event(self, name: str, status: str, **said: Any) -> bytes:
        """Return an event with the whole response. `said`: its error, why it is incomplete, its usage."""
        fields = {"status": status, "error": None, "incomplete_details": None, "usage": None} | said
        output = b',"output":' + listed([item.so_far() for item in self._items])
        response = self._head + b"," + encode_value(fields)[1:-1] + output + b"}"
        return self._events.event(name.encode(), b',"response":' + response)

    # Items

    def _item_id(self, prefix: str) -> str:
        """Return the id of the next item, which follows from the id of the response."""
        self.begin_id()
        return f"{prefix}_{plain_id(self.id)}_{len(self._items)}"

    def _begin_item(self, item: WrittenItem) -> bytes:
        self._items.append(item)
        self._blocks.add(item.block)
        return item.begin()

    def _close_open(self, status: str = COMPLETED) -> bytes:
        item, self._open = self._open, None
        self._text_block = -1
        return b"" if item is None else item.end(status)

    def _in_item(self, kind: type[I], prefix: str, block: int, id: str | None = None) -> tuple[bytes, I]:
        """Return the open item of that kind, and the events that begin it if it is not open yet."""
        item = self._open
        self._text_block = -1
        if isinstance(item, kind):
            self._blocks.add(block)
            return b"", item
        made = self.begin() + self._close_open()
        new: Any = kind(self._events, len(self._items), id or self._item_id(prefix), block)
        self._open = new
        return made + self._begin_item(new), new

    # Text

    def text(self, part: TextDelta) -> bytes:
        if part.block == self._text_block and part.text and not part.choice:
            text = encode_text(part.text)
            self._keep_text(text[1:-1])
            return b"%b%d%b%b%b" % (TEXT_DELTA, self._events.next_number(), self._text_place, text, TEXT_DELTA_END)
        return self._begin_text(part)

    def _begin_text(self, part: TextDelta) -> bytes:
        if not (self.is_written(part) and part.text):
            return b""
        made, item = self._in_item(MessageItem, "msg", part.block)
        made += item.add(TEXT, part.block, part.text)
        self._text_block, self._text_place = part.block, item.part_place + b',"delta":'
        self._keep_text = item.text.extend
        return made

    def refusal(self, part: RefusalDelta) -> bytes:
        if not (self.is_written(part) and part.text):
            return b""
        made, item = self._in_item(MessageItem, "msg", part.block)
        return made + item.add(REFUSAL, part.block, part.text)

    def citation(self, part: Citation) -> bytes:
        items = [annotation for item in part.items if (annotation := _annotation(item)) is not None]
        made, message = (b"", None) if part.choice or not items else self._text_of(part.block)
        if message is None:
            return self.lose(part)
        if len(items) < len(part.items):
            self.lost[part.type] += 1
        return made + b"".join([message.annotate(item) for item in items])

    def _text_of(self, block: int | None) -> tuple[bytes, MessageItem | None]:
        """Return the message whose open part is the text of a block, which may begin here; None if it is closed."""
        item = self._open_text(block)
        if item is not None or block is None or block in self._blocks:
            return b"", item
        made, item = self._in_item(MessageItem, "msg", block)
        return made + item.begin_part(TEXT, block), item

    def _open_text(self, block: int | None) -> MessageItem | None:
        item = self._open
        if isinstance(item, MessageItem) and item.part_kind is TEXT and block in (None, item.block):
            return item
        return None

    def logprobs(self, part: Logprobs) -> bytes:
        entries = [entry for entry in map(_logprob, part.entries) if entry is not None]
        item = self._open_text(part.block)
        if part.choice or item is None or not entries or len(entries) < len(part.entries):
            return self.lose(part)
        return item.add_logprobs(entries)

    # Reasoning

    def reasoning(self, part: ReasoningDelta) -> bytes:
        if not (self.is_written(part) and part.text):
            return b""
        made = self._close_signed(part.block)
        begun, item = self._in_item(ReasoningItem, "rs", part.block)
        kind = SUMMARY if part.kind == "summary" else REASONING_TEXT
        return made + begun + item.add(kind, part.block, part.text)

    def _close_signed(self, block: int) -> bytes:
        """Close an item of reasoning that is signed: what a signature stands for ends with its block."""
        item = self._open
        signed = isinstance(item, ReasoningItem) and item.encrypted is not None and item.block != block
        return self._close_open() if signed else b""

    def signature(self, part: Signature) -> bytes:
        item = self._open
        if not part.choice and isinstance(item, ReasoningItem) and item.block == part.block:
            item.encrypted = part.data
            return b""
        if part.choice or part.block in self._blocks:
            return self.lose(part)  # of text, of a call, or of reasoning that is closed
        return self._encrypted(part, part.id)

    def redacted(self, part: RedactedReasoning) -> bytes:
        return self._encrypted(part, None) if self.is_written(part) else b""

    def _encrypted(self, part: Signature | RedactedReasoning, id: str | None) -> bytes:
        """Return the events of an item of reasoning without text. It keeps its id: the next request must cite it."""
        made = self.begin() + self._close_open()
        if id in self._given_ids:
            id = None
        elif id is not None:
            self._given_ids.add(id)
        begun, item = self._in_item(ReasoningItem, "rs", part.block, id)
        item.encrypted = part.data
        return made + begun

    # Images

    def media(self, part: Media) -> bytes:
        item = self._open
        if not part.choice and isinstance(item, ImageItem) and item.block == part.block and part.data:
            return item.add(part)
        media = part.media or "image/png"
        if part.choice or part.block in self._blocks or media not in IMAGE_FORMATS or not part.data:
            return self.lose(part)
        self.is_written(part)
        made = self.begin() + self._close_open()
        item = ImageItem(self._events, len(self._items), self._item_id("ig"), part.block, media)
        self._open = item
        return made + self._begin_item(item) + item.add(part)

    # Calls

    def call_start(self, part: ToolCallStart) -> bytes:
        if part.server:
            return self.lose(part)
        call = self.new_call(part)
        if call is None:
            return b""
        self._make_id_unique(call)
        made = self.begin() + self._close_open()
        item = self._call_item(part, call)
        self._open_calls[part.block] = item
        return made + self._begin_item(item)

    def _make_id_unique(self, call: WrittenCall) -> None:
        """Replace an id that another call has: the SDK refuses a response with two calls of one id."""
        if call.id in self._call_ids:
            self.lost["ToolCallStart"] += 1
        while call.id in self._call_ids:
            call.id = self.new_call_id()
        self._call_ids.add(call.id)

    def _call_item(self, part: ToolCallStart, call: WrittenCall) -> CallItem:
        is_converted = not part.custom and part.name in self.options.custom_tools
        if not (part.custom or is_converted):
            return CallItem(self._events, len(self._items), self._item_id("fc"), part.block, call)
        id = self._item_id("ctc")
        return CustomCallItem(self._events, len(self._items), id, part.block, call, is_converted=is_converted)

    def call_delta(self, part: ToolCallDelta) -> bytes:
        call = self.call_of(part)
        return b"" if call is None else self._open_calls[part.block].add(call.add(part))

    def call_end(self, part: ToolCallEnd) -> bytes:
        call = self.call_of(part)
        if call is None:
            return b""
        item = self._open_calls.pop(part.block)
        rest = call.end(part)
        made = item.add_whole(part.json) if isinstance(item, CustomCallItem) else None
        if made is not None:
            call.is_in_doubt = part.cut
        elif rest is None:  # other arguments were written, and cannot be taken back
            self.lost[part.type] += 1
        made = item.add(rest or "") if made is None else made
        return made + item.end(INCOMPLETE if call.is_in_doubt else COMPLETED)

    # The end

    def success(self) -> bytes:
        finish = self.finishes[0]
        reason = INCOMPLETE_REASONS.get(finish.reason)
        status = COMPLETED if reason is None else INCOMPLETE
        made = self._close_open(status) + b"".join(item.end(INCOMPLETE) for item in self._open_calls.values())
        if finish.reason != (self._reason_read() if reason is None else finish.reason) or finish.stop_sequence:
            self.lost[finish.type] += 1
        details = None if reason is None else {"reason": reason}
        usage = None if self.usage is None else responses_usage(self.usage)
        return made + self._response_event(status, status, incomplete_details=details, usage=usage)

    def _reason_read(self) -> str:
        """Return the reason that a reader understands from a response that is completed."""
        if self._call_ids:
            return "tool_calls"
        kinds = {kind for item in self._items if isinstance(item, MessageItem) for kind in item.kinds}
        return "refusal" if kinds == {REFUSAL} else "stop"

    def failure(self, error: Error) -> bytes:
        usage = None if self.usage is None else responses_usage(self.usage)
        return self.begin() + self._response_event("failed", "failed", error=responses_error(error), usage=usage)


def _annotation(item: dict[str, Any]) -> dict[str, Any] | None:
    """Return a citation as an annotation, without offsets if it is of the whole block; None if there is none for it."""
    if item.get("unit") not in (None, "char", "block"):
        return None
    needed = ANNOTATIONS.get(str(item.get("type")))
    if needed is not None and all(name in item for name in needed):
        return without_unit(item)
    if not isinstance(item.get("url"), str):
        return None
    offsets = {name: item[name] for name in ("start_index", "end_index") if isinstance(item.get(name), int)}
    made = {"type": "url_citation", "url": item["url"], "title": str(item.get("title") or "")}
    return made | offsets if len(offsets) == 2 else made


def _logprob(entry: Any) -> dict[str, Any] | None:
    """Return the log probability of a token with all fields that a response has; None for one of another shape."""
    if not isinstance(entry, dict) or not isinstance(entry.get("token"), str) or "logprob" not in entry:
        return None
    others = entry.get("top_logprobs") or []
    if not isinstance(others, list):
        return None
    return _with_bytes(entry) | {"top_logprobs": [_with_bytes(other) for other in others if isinstance(other, dict)]}


def _with_bytes(entry: dict[str, Any]) -> dict[str, Any]:
    known = entry.get("bytes")
    of_token = list(str(entry.get("token", "")).encode("utf-8", "replace"))
    return {"token": entry.get("token"), "logprob": entry.get("logprob"), "bytes": of_token if known is None else known}


def responses_usage(usage: Usage) -> dict[str, Any]:
    """Return a usage as a response counts. A number that is not known is 0."""
    input, output, reasoning = usage.input or 0, usage.output or 0, usage.reasoning or 0
    total = usage.total
    if total is None or total == input + output + reasoning:  # the latter looks like reasoning beside the output
        total = input + output
    return {
        "input_tokens": input,
        "input_tokens_details": {"cached_tokens": usage.cache_read or 0, "cache_write_tokens": usage.cache_write or 0},
        "output_tokens": output,
        "output_tokens_details": {"reasoning_tokens": reasoning},
        "total_tokens": total,
    }
