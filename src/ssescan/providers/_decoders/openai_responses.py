"""OpenAI Responses, and servers that speak like it.

An answer is a list of output items, which come as deltas and then whole. They are told apart by `output_index`, where
that is missing by the ids of the item and of the call, where these are missing too by what came last. What was streamed
is compared with what comes whole: that has the last word. https://platform.openai.com/docs/api-reference/responses-streaming
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import Struct

from ..block_builders import CallBuilder, MediaBuilder, ReasoningBuilder, RefusalBuilder, TextBuilder, compact
from ..format_decoder import DAMAGED, GUESS, FormatDecoder, arguments_of, dict_of, error_of, plain_number, text_of
from ..formats import register
from ..parts import Error, Logprobs, Usage
from .output_items import TEXTS, OutputItem, OutputItems, streamed_under

if TYPE_CHECKING:
    from ..message import Message
    from ..message_builder import ChoiceBuilder
    from ..parts import FinishReason, Part, TextDelta

__all__ = ["OpenAIResponses", "turn"]


class _Event(Struct, gc=False):
    type: str | None = None
    delta: Any = None
    output_index: int | None = None
    content_index: int | None = None
    item_id: str | None = None
    logprobs: list[Any] | None = None
    summary_index: int | None = None
    text: str | None = None
    refusal: str | None = None
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


INCOMPLETE: dict[str, FinishReason] = {"max_output_tokens": "length", "content_filter": "content_filter"}

PROGRESS = (".in_progress", ".searching", ".interpreting", ".generating", ".completed", ".failed", ".compacting")
"""Ends of the names of events about the progress of a hosted tool; the result stands in its item."""

RESULTS = ("results", "outputs", "output", "result", "action", "tools")
"""The fields of a hosted tool's item that may hold its result; the first counts. A web search has its action."""

ARGUMENTS = ("action", "operation", "actions", "queries", "arguments")
"""The fields that may hold its input."""


@register
class OpenAIResponses(FormatDecoder):
    """Events to parts."""

    api: ClassVar[str] = "openai-responses"
    event: type[Struct] = _Event

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._items = OutputItems()
        self._created: str | None = None  # the id of the response that was created last
        self.choice: ChoiceBuilder = self.builder.choice(0)
        self.choice.native["items"] = self._items
        # The text block that deltas with these indices are for.
        self._place: tuple[int | None, int | None] = (-1, -1)
        self._text: TextBuilder | None = None

    @classmethod
    def recognize(cls, value: dict[str, Any], name: str | None) -> int:
        if value.get("object") == "response":  # an answer that was not streamed
            return GUESS + 5
        kind = value.get("type") if isinstance(value.get("type"), str) else None
        if (kind or name or "").startswith("response."):
            return GUESS + 3
        error = value.get("error")
        if (name if kind is None else kind) == "error" and (
            "sequence_number" in value or (not error and "code" in value)
        ):
            return GUESS
        return GUESS - 1 if isinstance(error, dict) and kind == "error" and "param" in error else 0

    def feed(self, payload: bytes) -> list[Part] | TextDelta | None:
        try:
            event = self.decode(payload)
        except DAMAGED:
            return None
        # Streams are full of pieces of the text that came last.
        if (
            event.type == "response.output_text.delta"
            and self._text is not None
            and (event.output_index, event.content_index) == self._place
            and type(event.delta) is str
            and event.delta
            and not event.logprobs
        ):
            return self._text.delta(event.delta)
        return self.handle(event)

    def handle(self, event: _Event) -> list[Part] | None:
        self._text = None
        kind = event.type or self.name() or ""
        handler = HANDLERS.get(kind)
        if handler is not None:
            handler(self, event)
        elif event.error and not kind.startswith("response."):
            self._error(event)
        elif not (kind.startswith("response.") and kind.endswith(PROGRESS)):
            return None
        return self.builder.drain()

    def unfolded(self, value: dict[str, Any]) -> list[dict[str, Any]]:
        if value.get("object") != "response" or "type" in value:
            return [value]
        status = text_of(value.get("status"))
        ended = status if status in ("incomplete", "failed", "cancelled") else "completed"
        return [{"type": f"response.{ended}", "response": value}]

    # The response

    def _begin(self, event: _Event) -> None:
        response = event.response or {}
        id = text_of(response.get("id"))
        if (event.type or self.name()) == "response.created":
            if self._created is not None and (id != self._created or self.choice.reason is not None):
                # Another response, glued to the first. It numbers its items from 0 again.
                text = f"the stream began with response {self._created!r}, and another, {id!r}, begins within it"
                self.builder.fail(Error(kind="protocol", message=text, raw=response))
                self.choice.reason = None
                self._items.begin_anew()
            self._created = id
        self.builder.start(text_of(response.get("id")), text_of(response.get("model")))

    def _end(self, event: _Event) -> None:
        """Handle the terminal event: items that were not streamed or are still open, the usage, the finish reason."""
        response = event.response or {}
        self._begin(event)
        self._items.ended = True
        streamed = self._items.any_streamed
        seen: dict[str, int] = {}
        for index, item in enumerate(self.objects(response.get("output"), "output")):
            kind = text_of(item.get("type"))
            place = seen[kind] = seen.get(kind, -1) + 1
            known = self._known(item, self._items.of_type(kind, place))
            if known is None:
                known = self._announce(self._items.add(None if streamed else index, item))
            if not known.done:
                self._complete(known, item)
        self._items.end_calls()
        usage = response.get("usage")
        if isinstance(usage, dict):
            self.builder.count(usage_of(usage))
        elif usage is not None:
            self.keep(usage, "usage")
        status = self.text(response.get("status"), "status") or (event.type or self.name() or "").rpartition(".")[2]
        self.choice.raw_reason, self.choice.reason = status, "other"
        if status == "completed":
            calls = self.choice.has_client_calls
            only_refused = self.choice.refused and TextBuilder not in self.choice.latest_of
            self.choice.reason = "tool_calls" if calls else "refusal" if only_refused else "stop"
        elif status == "incomplete":
            self.choice.raw_reason = text_of(dict_of(response.get("incomplete_details")).get("reason")) or status
            self.choice.reason = INCOMPLETE.get(self.choice.raw_reason, "other")
        elif status == "failed":
            self.choice.reason = "error"
            self.fail(response.get("error"), "the response failed")

    def finish(self) -> None:
        self._items.end_calls()
        super().finish()

    def _known(self, item: dict[str, Any], same: OutputItem | None) -> OutputItem | None:
        """Return the streamed item, by its id, else by its type and place: some servers change ids on the way."""
        for name in ("id", "call_id"):
            if (id := text_of(item.get(name))) and (known := self._items.find(None, id)) is not None:
                return known
        return same

    def _error(self, event: _Event) -> None:
        flat = {"code": event.code, "message": event.message, "param": event.param}
        self.builder.fail(error_of(event.error or flat))

    def _ping(self, event: _Event) -> None:
        self.builder.ping()

    # Items

    def _item(self, event: _Event, kind: str) -> OutputItem:
        """Return the item of an event; an item that was not announced begins here, as one of that kind."""
        found = self._items.find(event.output_index, event.item_id)
        last = self._items.last
        if found is None and event.output_index is None and last is not None and last.type == kind and not last.done:
            found = last
        if found is None:
            item = {"type": kind} | ({"id": event.item_id} if event.item_id else {})
            found = self._announce(self._items.add(event.output_index, item))
            found.announced = False
        return found

    def _item_added(self, event: _Event) -> None:
        if event.item is None:
            return
        found = self._items.find(event.output_index, None) if event.output_index is not None else None
        if found is not None and not found.announced and found.type == text_of(event.item.get("type")):
            found.item, found.announced = event.item, True  # its deltas came first
        elif found is None or not found.announced:
            self._announce(self._items.add(event.output_index, event.item))

    def _item_done(self, event: _Event) -> None:
        if event.item is None:
            return
        ids = [id for name in ("id", "call_id") if (id := text_of(event.item.get(name)))]
        found = self._items.find(event.output_index, None) if event.output_index is not None else None
        if found is None and event.output_index is None:
            found = next((known for id in ids if (known := self._items.find(None, id))), None)
        if found is None:
            found = self._announce(self._items.add(event.output_index, event.item))
        self._complete(found, event.item)

    def _announce(self, item: OutputItem) -> OutputItem:
        """Begin the call that an item is, if it is one."""
        it = item.item
        id = text_of(it.get("call_id")) or text_of(it.get("id"))
        name = text_of(it.get("name"))
        if item.type == "function_call":
            item.call = CallBuilder(self.choice, id, name)
            item.call.whole = arguments_of(it.get("arguments"))
        elif item.type == "custom_tool_call":
            item.call = CallBuilder(self.choice, id, name, custom=True)
        elif item.type == "code_interpreter_call":
            item.call = CallBuilder(self.choice, id, "code_interpreter", server=True, custom=True)
        elif item.type.endswith("_call"):
            item.call = CallBuilder(self.choice, id, name or item.type.removesuffix("_call"), server=True)
        return item

    def _complete(self, item: OutputItem, whole: dict[str, Any]) -> None:
        """Handle an item that came whole."""
        if item.done:
            return
        item.done = True
        item.item = whole
        kind = text_of(whole.get("type")) or item.type
        if kind == "message":
            self._message(item, self.objects(whole.get("content"), "content"))
        elif kind == "reasoning":
            self._reasoning(item, whole)
        elif item.call is not None and not item.call.server:
            item.call.call_it(text_of(whole.get("name")))
            item.call.reconcile(arguments_of(whole.get("input" if item.call.custom else "arguments")))
            item.call.end(cut=whole.get("status") == "incomplete")
        elif item.call is not None:
            self._hosted(item, item.call, whole)
        else:
            self.choice.raw(kind or "item", whole)

    def _message(self, item: OutputItem, content: list[dict[str, Any]]) -> None:
        """Handle the parts of a message that came whole: each completes the streamed part, whatever its index was."""
        # By the index, if something was streamed under it; the rest in order.
        texts, refusals = dict(item.texts), dict(item.refusals)
        placed = {index: kinds.pop(index) for index, kinds in streamed_under(content, texts, refusals)}
        for index, part in enumerate(content):
            kind = part.get("type")
            left: dict[int, Any] = refusals if kind == "refusal" else texts if kind in TEXTS else {}
            block: Any = placed.get(index) or (left.pop(next(iter(left))) if left else None)
            if block is None:
                self._part(item, index, part)
            elif kind == "refusal":
                block.reconcile(self.text(part.get("refusal"), "refusal"))
            else:
                self._text_whole(block, part)

    def _reasoning(self, item: OutputItem, whole: dict[str, Any]) -> None:
        for name, said in (("summary", "summary"), ("content", "text")):
            for index, part in enumerate(self.objects(whole.get(name), name)):
                if text := self.text(part.get("text"), name):
                    self._thought(item, said, index).reconcile(text)
        encrypted = text_of(whole.get("encrypted_content"))
        if encrypted:
            block = item.thought or ReasoningBuilder(self.choice)
            block.sign(encrypted, id=text_of(whole.get("id")) or None)

    def _hosted(self, item: OutputItem, call: CallBuilder, whole: dict[str, Any]) -> None:
        """Handle the result of a tool that the provider runs."""
        status = text_of(whole.get("status")) or None
        asked = next((whole[name] for name in ARGUMENTS if whole.get(name)), None)
        if call.custom:
            call.reconcile(whole.get("code"))
        elif isinstance(asked, str):
            call.reconcile(asked)
        elif asked is not None:
            call.whole = compact(asked)
        call.end(cut=status == "incomplete")
        given = next((whole[name] for name in RESULTS if whole.get(name)), None)
        failed = bool(whole.get("error")) or status == "failed"
        if failed and whole.get("error"):
            given = whole["error"]
        if item.type == "image_generation_call":
            if isinstance(given, str):
                self._image(item, whole).add(given)
            given = None
        self.choice.result(call.id, None, given, error=failed, status=status, call=call)

    # What is in items

    def _part(self, item: OutputItem, index: int, part: dict[str, Any]) -> None:
        """Handle a part of a message that came whole."""
        kind = part.get("type")
        if kind == "refusal":
            self._refusal_of(item, index).reconcile(self.text(part.get("refusal"), "refusal"))
        elif kind in TEXTS:
            if part.get("text") or part.get("annotations"):
                self._text_whole(self._text_of(item, index), part)
        elif kind == "reasoning_text":
            self._thought(item, "text", index).reconcile(self.text(part.get("text"), "reasoning_text"))
        elif kind:
            self.choice.raw(str(kind), part)

    def _text_whole(self, block: TextBuilder, part: dict[str, Any]) -> None:
        block.reconcile(self.text(part.get("text"), "text"))
        cited = self.objects(part.get("annotations"), "annotations")
        block.cite([_cited(note) for note in cited[len(block.citations) :]])

    def _refusal_of(self, item: OutputItem, index: int) -> RefusalBuilder:
        key = (item.number, index)
        if (found := self.choice.found(key, RefusalBuilder)) is None:
            found = self.choice.keyed(key, RefusalBuilder)
            item.refusals[index] = found
        return found  # type: ignore[no-any-return]

    def _text_of(self, item: OutputItem, index: int) -> TextBuilder:
        key = (item.number, index)
        if (found := self.choice.found(key, TextBuilder)) is None:
            found = self.choice.keyed(key, TextBuilder)
            item.texts[index] = found
            if phase := item.item.get("phase"):
                found.native["phase"] = phase
        return found  # type: ignore[no-any-return]

    def _thought(self, item: OutputItem, said: Any, index: int) -> ReasoningBuilder:
        key = (item.number, said, index)
        if (found := self.choice.found(key, ReasoningBuilder)) is None:
            found = self.choice.keyed(key, ReasoningBuilder)
            found.said = said
            item.thought = found
        return found  # type: ignore[no-any-return]

    def _image(self, item: OutputItem, of: dict[str, Any]) -> MediaBuilder:
        media = f"image/{text_of(of.get('output_format')) or 'png'}"
        block: MediaBuilder = self.choice.keyed((item.number, "image"), MediaBuilder, media)
        return block

    def _part_added(self, event: _Event) -> None:
        part = event.part or {}
        item = self._item(event, "message")
        if part.get("type") == "output_text" and part.get("text"):
            self._text_of(item, event.content_index or 0).add(self.text(part["text"], "text"))

    def _part_done(self, event: _Event) -> None:
        if event.part:
            self._part(self._item(event, "message"), event.content_index or 0, event.part)

    def _text_delta(self, event: _Event) -> None:
        block = self._text_of(self._item(event, "message"), event.content_index or 0)
        block.add(self.text(event.delta, "delta"))
        if event.logprobs:
            self.emit(Logprobs(block=block.number, entries=event.logprobs))
        if event.output_index is not None:
            self._place, self._text = (event.output_index, event.content_index), block

    def _text_done(self, event: _Event) -> None:
        if event.text:
            self._text_of(self._item(event, "message"), event.content_index or 0).reconcile(event.text)

    def _annotation(self, event: _Event) -> None:
        if event.annotation:
            block = self._text_of(self._item(event, "message"), event.content_index or 0)
            block.cite([_cited(event.annotation)])

    def _refusal_delta(self, event: _Event) -> None:
        item = self._item(event, "message")
        self._refusal_of(item, event.content_index or 0).add(self.text(event.delta, "delta"))

    def _refusal_done(self, event: _Event) -> None:
        if event.refusal:
            item = self._item(event, "message")
            self._refusal_of(item, event.content_index or 0).reconcile(event.refusal)

    def _summary_delta(self, event: _Event) -> None:
        item = self._item(event, "reasoning")
        self._thought(item, "summary", event.summary_index or 0).add(self.text(event.delta, "delta"))

    def _summary_done(self, event: _Event) -> None:
        text = event.text or self.text((event.part or {}).get("text"), "text")
        if text:
            self._thought(self._item(event, "reasoning"), "summary", event.summary_index or 0).reconcile(text)

    def _reasoning_delta(self, event: _Event) -> None:
        item = self._item(event, "reasoning")
        self._thought(item, "text", event.content_index or 0).add(self.text(event.delta, "delta"))

    def _reasoning_done(self, event: _Event) -> None:
        if event.text:
            self._thought(self._item(event, "reasoning"), "text", event.content_index or 0).reconcile(event.text)

    def _arguments(self, event: _Event) -> None:
        """Handle a piece of a call's arguments, or all of them."""
        kind = (event.type or self.name() or "").split(".")[1]
        announced = {"function_call_arguments": "function_call", "mcp_call_arguments": "mcp_call"}.get(kind)
        announced = announced or {"custom_tool_call_input": "custom_tool_call"}.get(kind, "code_interpreter_call")
        item = self._item(event, announced)
        call = item.call
        if call is None or call.ended:
            return
        call.add(arguments_of(event.delta))
        if (event.type or self.name() or "").endswith(".done"):
            item.confirmed = True
            call.reconcile(arguments_of(event.arguments or event.input or event.code))

    def _partial_image(self, event: _Event) -> None:
        item = self._item(event, "image_generation_call")
        self._image(item, {"output_format": event.output_format}).add(event.partial_image_b64, partial=True)

    def _audio(self, event: _Event) -> None:
        self.choice.keyed("audio", MediaBuilder, "audio/*").add(self.text(event.delta, "delta"))

    def _transcript(self, event: _Event) -> None:
        self.choice.keyed("audio", MediaBuilder, "audio/*").add(transcript=self.text(event.delta, "delta"))

    def _nothing(self, event: _Event) -> None:
        """Handle an event without news."""


HANDLERS = {
    "response.output_text.delta": OpenAIResponses._text_delta,
    "response.output_text.done": OpenAIResponses._text_done,
    "response.output_text.annotation.added": OpenAIResponses._annotation,
    "response.refusal.delta": OpenAIResponses._refusal_delta,
    "response.refusal.done": OpenAIResponses._refusal_done,
    "response.reasoning_summary_text.delta": OpenAIResponses._summary_delta,
    "response.reasoning_summary_text.done": OpenAIResponses._summary_done,
    "response.reasoning_summary_part.added": OpenAIResponses._nothing,
    "response.reasoning_summary_part.done": OpenAIResponses._summary_done,
    "response.reasoning_text.delta": OpenAIResponses._reasoning_delta,
    "response.reasoning_text.done": OpenAIResponses._reasoning_done,
    "response.reasoning_part.added": OpenAIResponses._nothing,
    "response.reasoning_part.done": OpenAIResponses._part_done,
    "response.content_part.added": OpenAIResponses._part_added,
    "response.content_part.done": OpenAIResponses._part_done,
    "response.output_item.added": OpenAIResponses._item_added,
    "response.output_item.done": OpenAIResponses._item_done,
    "response.function_call_arguments.delta": OpenAIResponses._arguments,
    "response.function_call_arguments.done": OpenAIResponses._arguments,
    "response.mcp_call_arguments.delta": OpenAIResponses._arguments,
    "response.mcp_call_arguments.done": OpenAIResponses._arguments,
    "response.custom_tool_call_input.delta": OpenAIResponses._arguments,
    "response.custom_tool_call_input.done": OpenAIResponses._arguments,
    "response.code_interpreter_call_code.delta": OpenAIResponses._arguments,
    "response.code_interpreter_call_code.done": OpenAIResponses._arguments,
    "response.image_generation_call.partial_image": OpenAIResponses._partial_image,
    "response.audio.delta": OpenAIResponses._audio,
    "response.audio.done": OpenAIResponses._nothing,
    "response.audio.transcript.delta": OpenAIResponses._transcript,
    "response.audio.transcript.done": OpenAIResponses._nothing,
    "response.created": OpenAIResponses._begin,
    "response.queued": OpenAIResponses._begin,
    "response.in_progress": OpenAIResponses._begin,
    "response.completed": OpenAIResponses._end,
    "response.incomplete": OpenAIResponses._end,
    "response.failed": OpenAIResponses._end,
    "response.cancelled": OpenAIResponses._end,
    "response.keep_alive": OpenAIResponses._ping,
    "keepalive": OpenAIResponses._ping,
    "ping": OpenAIResponses._ping,
    "error": OpenAIResponses._error,
}


def _cited(annotation: dict[str, Any]) -> dict[str, Any]:
    return annotation | {"unit": "char"} if "start_index" in annotation else annotation


def usage_of(usage: dict[str, Any]) -> Usage:
    """Return the usage in neutral terms."""
    of_input, of_output = dict_of(usage.get("input_tokens_details")), dict_of(usage.get("output_tokens_details"))
    return Usage(
        input=plain_number(usage.get("input_tokens")),
        output=plain_number(usage.get("output_tokens")),
        reasoning=plain_number(of_output.get("reasoning_tokens")),
        cache_read=plain_number(of_input.get("cached_tokens")),
        cache_write=plain_number(of_input.get("cache_write_tokens")),
        total=plain_number(usage.get("total_tokens")),
        raw=usage,
    )


def turn(message: Message) -> list[dict[str, Any]]:
    """Return the output items for `input`: ids, encrypted content and phases as they came."""
    return list(message.choice.native.get("items", []))
