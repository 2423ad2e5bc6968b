"""OpenAI Responses, and compatible servers.

An answer is a list of output items: deltas, and then the complete item. They are identified by `output_index`; without
it, by the ids of the item and of the call; without these, it is the last item. https://platform.openai.com/docs/api-reference/responses-streaming
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from msgspec import MsgspecError, Struct

from ..block_builders import MediaBuilder, ReasoningBuilder, RefusalBuilder, TextBuilder
from ..finish_reasons import ENDED_WELL, OPEN, finish_reasons, is_open, plain_word, reason_of, worse_of
from ..format_decoder import DAMAGED, GUESS, decoder
from ..formats import register
from ..json_values import arguments_of, dict_of, text_of
from ..parts import Error, Logprobs, Part, TextDelta, Usage
from ..provider_errors import error_of, given_error, with_beside
from ..unknown_fields import fields_of, with_fields
from .openai_usage import openai_usage
from .whole_items import NO_TEXT, PART_FIELDS, ItemDecoder, with_char_unit

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..message import Message
    from .output_items import OutputItem


class _Event(Struct, gc=False):
    type: str | None = None
    delta: Any = None
    output_index: int | None = None
    content_index: int | None = None
    item_id: str | None = None
    logprobs: list[Any] | None = None
    summary_index: int | None = None
    text: Any = None
    refusal: Any = None
    arguments: Any = None
    input: Any = None
    code: Any = None
    item: dict[str, Any] | None = None
    part: dict[str, Any] | None = None
    annotation: dict[str, Any] | None = None
    response: dict[str, Any] | None = None
    partial_image_b64: str | None = None
    output_format: str | None = None
    error: Any = None
    message: Any = None
    param: Any = None


class _ExactEvent(_Event, gc=False, forbid_unknown_fields=True):
    """An event whose fields are all known."""

    delta: str | dict[str, Any] | list[Any] | None = None
    text: str | None = None
    refusal: str | None = None
    sequence_number: Any = None
    obfuscation: Any = None


class _PlainEvent(Struct, gc=False, forbid_unknown_fields=True):
    """Most events of a stream: a piece of text."""

    type: Literal["response.output_text.delta"]
    delta: str
    output_index: int
    content_index: int | None = None
    item_id: str | None = None
    sequence_number: int = 0
    logprobs: tuple[()] | None = None
    obfuscation: str = ""


EVENT_FIELDS = fields_of(_Event) | {
    "annotation_index", "background", "name", "partial_image_index", "quality", "size", "summary_part",
}  # fmt: skip
"""The fields that are read, or repeat what the item has."""

REASONS = finish_reasons(other="incomplete")
"""The words that mean something else here than elsewhere."""

PROGRESS = (".in_progress", ".searching", ".interpreting", ".generating", ".completed", ".failed", ".compacting")
"""The suffixes of events about the progress of a hosted tool; the result is in its item."""

CALL_OF = {
    "function_call_arguments": "function_call",
    "mcp_call_arguments": "mcp_call",
    "custom_tool_call_input": "custom_tool_call",
    "code_interpreter_call_code": "code_interpreter_call",
}
"""The events that bring the arguments of a call, and the type of its item."""

PART_KINDS = ("output_text", "text", "refusal", "reasoning_text", "summary_text")
"""The kinds of parts, of a message or of reasoning, that are read."""

ENDS = ("completed", "incomplete", "failed", "cancelled", "canceled")
STATUSES = finish_reasons(other="incomplete cancelled")
"""The statuses that mean something else here than such a word elsewhere."""
ENDED_BADLY = {"failed": "the response failed", "cancelled": "the response was cancelled"}
ARGUMENTS = [f"response.{kind}.{end}" for kind in CALL_OF for end in ("delta", "done")]


@register
class OpenAIResponses(ItemDecoder):
    """Events to parts."""

    api: ClassVar[str] = "openai-responses"
    event: type[Struct] = _Event
    exact: type[Struct] | None = _ExactEvent

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._created: str | None = None  # the id of the response that was created last
        # The text block that plain events with these indices go on with.
        self._plain_event: type[Struct] = _PlainEvent
        self._block: Any = None
        self._index: int | None = -1
        self._part_index: int | None = -1
        self._size = self._number = 0
        self._write: Any = None

    @classmethod
    def recognize(cls, value: dict[str, Any], name: str | None) -> int:
        if value.get("object") == "response":  # an answer that was not streamed
            return GUESS + 5
        kind = value.get("type") if isinstance(value.get("type"), str) else None
        event = kind or name or ""
        if event.startswith("response."):
            return GUESS if event == "response.error" else GUESS + 3
        error = value.get("error")
        if (name if kind is None else kind) == "error" and (
            "sequence_number" in value or (not error and "code" in value)
        ):
            return GUESS
        return GUESS - 1 if isinstance(error, dict) and kind == "error" and "param" in error else 0

    def feed(self, payload: bytes) -> list[Part] | TextDelta | None:
        try:
            event = self.decode(payload)
        except MsgspecError:
            event = self.not_plain(payload) if self._plain else None
            return None if event is None else self.handle(event)
        except DAMAGED:
            return None
        if not self._plain:
            return self.handle(event)
        text = event.delta
        if event.output_index != self._index or event.content_index != self._part_index or not text:
            return None
        self._write(text)
        return TextDelta(block=self._number, text=text)

    def handle(self, event: _Event) -> list[Part] | None:
        if self._plain:
            self.expect_all(was_right=self._block.size > self._size)
        kind = event.type or self.name() or ""
        handler = self.handlers.get(kind)
        if handler is not None:
            handler(self, event)
        elif event.error and not kind.startswith("response."):
            beside = {"error": event.error, "code": event.code, "message": event.message}
            self.builder.fail(error_of(with_beside(beside)))
        elif not (kind.startswith("response.") and kind.endswith(PROGRESS)):
            return None
        return self.builder.drain()

    def look(self, value: dict[str, Any], unread: list[Part]) -> None:
        if text_of(value.get("type")).endswith(".delta"):
            self.unknown.changed(value, EVENT_FIELDS, unread)
            self.unknown.note("event", value, EVENT_FIELDS)
        else:
            self.unknown.once("event", value, EVENT_FIELDS, unread)

    def learn(self) -> None:
        known = self.unknown.of("event")
        self.exact, self._plain_event = with_fields(_ExactEvent, known), with_fields(_PlainEvent, known)
        self.decode = decoder(self._plain_event if self._plain else self.exact)

    def unfolded(self, value: dict[str, Any]) -> list[dict[str, Any]]:
        if value.get("object") != "response" or "type" in value:
            return [value]
        is_open = plain_word(text_of(value.get("status"))) in OPEN
        return [{"type": "response.done" if is_open else "response.completed", "response": value}]

    # The response

    def _begin(self, event: _Event) -> None:
        response = event.response or {}
        id = text_of(response.get("id"))
        if (event.type or self.name()) == "response.created":
            if self._created is not None and (id != self._created or self.choice.reason is not None):
                # A proxy joined a second response to the first. It numbers its items from 0 again.
                text = f"the stream began with response {self._created!r}, and another, {id!r}, begins within it"
                self.builder.fail(Error(kind="protocol", message=text, raw=response))
                self.choice.ending.reopen()
                self.items.begin_again()
            self._created = id
        self.builder.start(id, text_of(response.get("model")))

    def _go_on(self, event: _Event) -> None:
        """Handle the events before the terminal one."""
        self._begin(event)
        if error := given_error((event.response or {}).get("error")):
            self.fail(error, "failed", ENDED_BADLY["failed"])

    def _end(self, event: _Event) -> None:
        """Handle the terminal event: items that were not streamed or are still open, the usage, the finish reason."""
        response = event.response or {}
        self._begin(event)
        streamed = self.items.any_streamed
        self.goes_on = plain_word(text_of(response.get("status"))) in OPEN
        seen: dict[str, int] = {}
        for index, item in enumerate(self.objects(response.get("output"), "output")):
            kind = text_of(item.get("type"))
            place = seen[kind] = seen.get(kind, -1) + 1
            # Some servers change ids on the way: then the type and the place among those of that type count.
            known = self.items.with_id_of(item) or self.items.of_type(kind, place)
            self.complete_item(known or self.announce(None if streamed else index, item), item)
        self.end_items()
        self.count(response.get("usage"))
        self._finish(self.word(response.get("status"), "status"), response, event)
        self._fail_with(response)
        self.items.ended = self.choice.reason is not None

    def _finish(self, status: str, response: dict[str, Any], event: _Event) -> None:
        """Set the finish reason. The worst counts of the status, the name of the event, and the response's details."""
        named = (event.type or self.name() or "").rpartition(".")[2]
        if named != "done":
            status = worse_of(status, named)
        if is_open(status):
            return
        choice, reason = self.choice, reason_of(status, STATUSES)
        details = text_of(dict_of(response.get("incomplete_details")).get("reason"))
        explained = reason_of(details, REASONS) not in (None, *ENDED_WELL)
        if explained and reason != "error" and plain_word(status) not in ENDED_BADLY:
            choice.end_by_word(details, REASONS)
        elif reason == "stop":
            only_refused = choice.refused and TextBuilder not in choice.latest_of
            choice.end("tool_calls" if choice.has_client_calls else "refusal" if only_refused else "stop", status)
        else:
            choice.end_by_word(status, STATUSES)

    def _fail_with(self, response: dict[str, Any]) -> None:
        """Note the error of a response that ended, even if its status is that of a whole one."""
        status, error = plain_word(self.choice.ending.raw or ""), given_error(response.get("error"))
        if error or status in ENDED_BADLY:
            self.fail(error, status, ENDED_BADLY.get(status, ""))

    @property
    def complete(self) -> bool:
        if super().complete:
            return True
        # The provider may end an answer well, and drop a call of which it sent the name alone: that call is cut.
        given = self.choice.reason == "tool_calls" and not self.choice.ending.assumed
        return given and all(item.is_bare for item in self.items.all if item.call is not None and item.call.cut)

    @property
    def has_last_word(self) -> bool:
        return self.choice.reason is not None

    def finish(self) -> None:
        self.end_items(assumed=self.choice.ending.assumed)
        self.keep_unfinished()
        super().finish()

    def _ping(self, event: _Event) -> None:
        self.builder.ping()

    # Items

    def _item(self, event: _Event, kind: str) -> OutputItem:
        """Return the item of an event; an item that was not announced begins here, as one of that kind."""
        found = self.items.find(event.output_index, event.item_id)
        last = self.items.last
        if found is None and event.output_index is None and last is not None and last.type == kind and not last.done:
            found = last
        if found is None:
            item = {"type": kind} | ({"id": event.item_id} if event.item_id else {})
            found = self.announce(event.output_index, item)
            found.announced = False
        return found

    def _item_added(self, event: _Event) -> None:
        if event.item is None:
            return
        found = self.items.at(event.output_index)
        if found is not None and not found.announced and found.type == text_of(event.item.get("type")):
            found.item, found.announced = event.item, True  # its deltas came first
        elif found is None or not found.announced:
            self.announce(event.output_index, event.item)
        elif self.items.with_id_of(event.item) is None and found.is_another(event.item):
            self._share_index(event.output_index, event.item)

    def _item_done(self, event: _Event) -> None:
        if event.item is None:
            return
        found = self.items.at(event.output_index)
        if found is None and event.output_index is None:
            found = self.items.with_id_of(event.item) or self.items.last_if(event.item)
        elif found is not None and (self.items.is_index_shared or found.done or found.type != event.item.get("type")):
            known = self.items.with_id_of(event.item)
            if known is not None and known.type == event.item.get("type"):
                found = known
            elif found.is_another(event.item):
                found = self._share_index(event.output_index, event.item)
        self.complete_item(found or self.announce(event.output_index, event.item), event.item)

    def _share_index(self, index: int | None, item: dict[str, Any]) -> OutputItem:
        """Add an item under an index that another has."""
        self.items.is_index_shared = True
        return self.announce(index, item)

    # The blocks of items

    def _text_block(self, event: _Event) -> TextBuilder:
        return self.text_block(self._item(event, "message"), event.content_index or 0)

    def _refusal_block(self, event: _Event) -> RefusalBuilder:
        return self.refusal_block(self._item(event, "message"), event.content_index or 0)

    def _summary_block(self, event: _Event) -> ReasoningBuilder:
        return self.thought(self._item(event, "reasoning"), "summary", event.summary_index or 0)

    def _reasoning_block(self, event: _Event) -> ReasoningBuilder:
        return self.thought(self._item(event, "reasoning"), "text", event.content_index or 0)

    def _part_rest(self, event: _Event) -> None:
        """Keep what is not read of a part; a part of another kind is kept whole when it is done."""
        if event.part and event.part.get("type") in PART_KINDS:
            self.keep_rest(event.part, PART_FIELDS)

    def _part_added(self, event: _Event) -> None:
        self._part_rest(event)
        part = event.part or {}
        is_read = part.get("type") in PART_KINDS
        item = self._item(event, "reasoning" if part.get("type") == "reasoning_text" else "message")
        index = event.content_index or 0
        if is_read and any(part.get(name) not in (None, "", []) for name in PART_FIELDS):
            self.part(item, index, part)
        elif part and not is_read:
            item.parts[index] = part

    def _part_done(self, event: _Event) -> None:
        self._part_rest(event)
        if event.part:
            item = self._item(event, "message")
            item.parts.pop(event.content_index or 0, None)
            self.part(item, event.content_index or 0, event.part)

    def _text_delta(self, event: _Event) -> None:
        block = self.text_block(self._item(event, "message"), event.content_index or 0)
        block.add(self.text(event.delta, "delta"))
        if event.logprobs:
            block.emit_part(Logprobs, entries=event.logprobs)
        if event.output_index is not None:
            # After the end of the response there is no such block: text reopens it.
            self._index, self._part_index = event.output_index, event.content_index
            self._block, self._size, self._number, self._write = block, block.size, block.number, block.write
            self.expect(self._plain_event)

    def _text_done(self, event: _Event) -> None:
        if event.text not in NO_TEXT:
            self._text_block(event).reconcile(self.text(event.text, "text"))

    def _annotation(self, event: _Event) -> None:
        if event.annotation:
            self._text_block(event).cite([with_char_unit(event.annotation)])

    def _refusal_delta(self, event: _Event) -> None:
        self._refusal_block(event).add(self.text(event.delta, "delta"))

    def _refusal_done(self, event: _Event) -> None:
        if event.refusal not in NO_TEXT:
            self._refusal_block(event).reconcile(self.text(event.refusal, "refusal"))

    def _summary_delta(self, event: _Event) -> None:
        self._summary_block(event).add(self.text(event.delta, "delta"))

    def _summary_done(self, event: _Event) -> None:
        self._part_rest(event)
        whole = event.text if event.text not in NO_TEXT else (event.part or {}).get("text")
        if text := self.text(whole, "text"):
            self._summary_block(event).reconcile(text)

    def _reasoning_delta(self, event: _Event) -> None:
        self._reasoning_block(event).add(self.text(event.delta, "delta"))

    def _reasoning_done(self, event: _Event) -> None:
        if event.text not in NO_TEXT:
            self._reasoning_block(event).reconcile(self.text(event.text, "text"))

    def _arguments(self, event: _Event) -> None:
        """Handle a piece of a call's arguments, or all of them."""
        _, kind, end = (event.type or self.name() or "").split(".")
        item = self._item(event, CALL_OF[kind])
        call = item.call
        if call is None:
            self.keep(event.delta or event.arguments or event.input or event.code, "arguments")  # of no call
            return
        if end == "delta":
            call.add(arguments_of(event.delta))
            return
        whole = arguments_of(event.arguments or event.input or event.code)
        if not call.ended:
            # An end without the arguments confirms only what is whole by itself.
            item.confirmed |= bool(whole) or not call.size or call.is_whole
            call.reconcile(whole)
        elif whole and whole != call.arguments:
            call.add_late(whole)

    def _partial_image(self, event: _Event) -> None:
        item = self._item(event, "image_generation_call")
        self.image(item, event.output_format).add(event.partial_image_b64, partial=True)

    def _audio(self, event: _Event) -> None:
        self.choice.keyed("audio", MediaBuilder, "audio/*").add(self.text(event.delta, "delta"))

    def _transcript(self, event: _Event) -> None:
        self.choice.keyed("audio", MediaBuilder, "audio/*").add(transcript=self.text(event.delta, "delta"))

    def _nothing(self, event: _Event) -> None:
        """Handle an event that adds nothing."""

    handlers: ClassVar[dict[str, Callable[[OpenAIResponses, _Event], None]]] = {
        "response.output_text.delta": _text_delta,
        "response.output_text.done": _text_done,
        "response.output_text.annotation.added": _annotation,
        "response.refusal.delta": _refusal_delta,
        "response.refusal.done": _refusal_done,
        "response.reasoning_summary_text.delta": _summary_delta,
        "response.reasoning_summary_text.done": _summary_done,
        "response.reasoning_summary_part.added": _summary_done,
        "response.reasoning_summary_part.done": _summary_done,
        "response.reasoning_text.delta": _reasoning_delta,
        "response.reasoning_text.done": _reasoning_done,
        "response.reasoning_part.added": _part_added,
        "response.reasoning_part.done": _part_done,
        "response.content_part.added": _part_added,
        "response.content_part.done": _part_done,
        "response.output_item.added": _item_added,
        "response.output_item.done": _item_done,
        "response.image_generation_call.partial_image": _partial_image,
        "response.audio.delta": _audio,
        "response.audio.done": _nothing,
        "response.audio.transcript.delta": _transcript,
        "response.audio.transcript.done": _nothing,
        **dict.fromkeys(ARGUMENTS, _arguments),
        **dict.fromkeys(("response.created", "response.queued", "response.in_progress"), _go_on),
        **dict.fromkeys([f"response.{status}" for status in (*ENDS, "done")], _end),
        **dict.fromkeys(("response.keep_alive", "keepalive", "ping"), _ping),
    }

    @staticmethod
    def usage_of(usage: dict[str, Any]) -> Usage:
        return openai_usage(usage)


def turn(message: Message) -> list[dict[str, Any]]:
    """Return the output items for `input`: ids, encrypted content and phases as they came."""
    return list(message.choice.native.get("items", []))
