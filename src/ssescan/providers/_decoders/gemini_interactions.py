"""Google Gemini, Interactions: steps; each has a start, deltas and a stop.

The `event_type` identifies an event, and is often the last key. The names that Interactions had at first are read as
well (`interaction.start`, `content.start`). https://ai.google.dev/api/interactions
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import Struct

from ..block_builders import CallBuilder, MediaBuilder, ReasoningBuilder, TextBuilder
from ..finish_reasons import OPEN, finish_reasons, is_open, plain_word, worse_of
from ..format_decoder import DAMAGED, GUESS, FormatDecoder, decoder
from ..formats import register
from ..json_values import arguments_of, counts, dict_of, is_same_text, text_of, with_unit
from ..parts import Error, Part, TextDelta, Usage
from ..provider_errors import error_of, given_error
from ..unknown_fields import fields_of, with_fields
from .interaction_steps import MEDIA, Step, Steps, as_parts, texts_of

if TYPE_CHECKING:
    from ..message import Message
    from ..message_builder import ChoiceBuilder


class _Event(Struct, gc=False):
    event_type: str | None = None
    index: int | None = None
    delta: dict[str, Any] | None = None
    step: dict[str, Any] | None = None
    content: dict[str, Any] | None = None
    interaction: dict[str, Any] | None = None
    usage: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None
    error: Any = None


class _FullEvent(_Event, gc=False):
    """An event that is read the thorough way. A status of its own is rare."""

    status: Any = None


REASONS = finish_reasons(other="cancelled")
"""The words that mean something else here than elsewhere."""


class _ExactEvent(_Event, gc=False, forbid_unknown_fields=True):
    """An event whose fields are all known."""

    event_id: Any = None


EVENT_FIELDS = fields_of(_FullEvent)
FIELDS = frozenset((
    "id", "model", "object", "status", "usage", "steps", "outputs", "error",
    # What was asked for, and how.
    "agent", "agent_config", "background", "continuation_token", "created", "environment", "generation_config", "input",
    "previous_interaction_id", "response_format", "response_mime_type", "response_modalities", "role", "service_tier",
    "store", "stream", "system_instruction", "tools", "updated",
))  # fmt: skip
"""The fields of an interaction that are read, or say nothing about the answer."""

ENDS = ("completed", "complete", "requires_action", "failed", "cancelled", "canceled", "incomplete")
"""The ends of the names of events after which nothing follows."""
WELL = ENDS[:3]
"""Those of answers that ended well."""

BEGINNINGS = ("interaction.created", "interaction.start")
"""The events that begin an interaction."""

ENDED_BADLY = {"failed": "the interaction failed", "cancelled": "the interaction was cancelled"}

KINDS = ("interaction.", "step.", "content.")  # how the kinds of events begin
WITH_NAME = ("function_call", "mcp_server_tool_call")
"""The types of calls that have a name, which may come late; any other is called by its type unless it has one."""
MAX_WHOLES = 8
"""The number of whole interactions in a stream whose steps are read; those of further ones are kept as Raw."""
STEP_FIELDS = {
    "model_output": ("content", "error"),
    "text": ("text", "annotations"),
    "thought": ("summary", "signature"),
    "function_call": ("name", "arguments", "signature"),
}
"""The fields that are read when such a step begins; of any other type, the step is kept as it comes."""

DELTA_FIELDS = {
    "text": ("text", "annotations"),
    "thought_summary": ("content",),
    "thought_signature": ("signature",),
    "arguments_delta": ("arguments",),
    "text_annotation_delta": ("annotations",),
    "text_annotation": ("annotations",),
}
"""The fields of deltas that are read, of the kinds that are not kept as they came."""


@register
class GeminiInteractions(FormatDecoder):
    """Events to parts."""

    api: ClassVar[str] = "gemini-interactions"
    event: type[Struct] = _FullEvent
    exact: type[Struct] | None = _ExactEvent

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._steps = Steps()
        self._wholes = 0  # the number of whole interactions whose steps were read
        self._by_index: dict[int, Step] = {}
        self.choice: ChoiceBuilder = self.builder.choice(0)
        self.choice.native["steps"] = self._steps

    @classmethod
    def recognize(cls, value: dict[str, Any], name: str | None) -> int:
        kind = value.get("event_type")
        if isinstance(kind, str) and (kind.startswith(KINDS) or kind == "error"):
            return GUESS + 6
        return GUESS + 5 if value.get("object") == "interaction" else 0  # an answer that was not streamed

    def feed(self, payload: bytes) -> list[Part] | TextDelta | None:
        try:
            event = self.decode(payload)
        except DAMAGED:
            return None
        # Streams are full of pieces of text and nothing else.
        delta = event.delta
        if delta is not None and len(delta) == 2 and delta.get("type") == "text" and event.event_type == "step.delta":
            step, text = self._by_index.get(event.index), delta.get("text")
            if (
                step is not None
                and step.content
                and type(block := step.content[-1]) is TextBuilder
                and type(text) is str
                and text
                and event.usage is None
                and event.metadata is None
                and block.ending.reason is None
            ):
                block.write(text)
                return TextDelta(block=block.number, text=text)
        self.payload = payload
        parts = self.handle(event)
        self.payload = b""
        return parts

    def look(self, value: dict[str, Any], unread: list[Part]) -> None:
        self.unknown.once("event", value, EVENT_FIELDS, unread)

    def learn(self) -> None:
        self.exact = with_fields(_ExactEvent, self.unknown.of("event"))
        self.decode = decoder(self.exact)

    def handle(self, event: _Event) -> list[Part] | None:
        kind = event.event_type or self.name() or ""
        total = event.usage or (event.metadata or {}).get("total_usage")
        if kind == "step.delta" or kind == "content.delta":
            if not self._delta(event):
                return None
        elif kind == "step.start" or kind == "content.start":
            self._begin(event.index, event.step or event.content or {})
        elif kind == "step.stop" or kind == "content.stop":
            self._stop(event.index)
        elif kind.startswith("interaction."):
            self._interaction(kind, event)
        elif event.error:
            self.builder.fail(error_of(event.error))
        elif kind != "done":
            return None
        if isinstance(total, dict):
            self.count(total)
        return self.builder.drain()

    def unfolded(self, value: dict[str, Any]) -> list[dict[str, Any]]:
        if value.get("object") != "interaction" or "event_type" in value:
            return [value]
        return [{"event_type": "interaction.completed", "interaction": value}]

    def _interaction(self, kind: str, event: _Event) -> None:
        interaction = event.interaction or {}
        id, known = text_of(interaction.get("id")), self.builder.id
        if kind in BEGINNINGS and id and known and id != known:
            text = f"the stream began with interaction {known!r}, and another, {id!r}, begins within it"
            self.builder.fail(Error(kind="protocol", message=text, raw=interaction))
            self.choice.ending.reopen()
        self.builder.start(id, text_of(interaction.get("model")))
        self.count(interaction.get("usage"))
        self.unknown.once("interaction", interaction, FIELDS, self.builder.parts)
        given = interaction.get("status") or getattr(event, "status", None)
        status, named = self.word(given, "status"), kind.rpartition(".")[2]
        goes_on = plain_word(status) in OPEN
        if named in ENDS:
            self._whole(interaction, goes_on=goes_on)
            if not (goes_on and named in WELL):
                # A status that is not a text is kept as Raw; the name of the event says that it ended, but not how.
                status = status or ("unknown" if given else "completed" if named in WELL else named)
                status = worse_of(status, named)
        if not is_open(status):
            self.choice.end_by_word(status, REASONS)
            self.choice.stop_for_calls()
        if error := given_error(interaction.get("error")) or given_error(event.error):
            self.fail(error, status, "")

    def _whole(self, interaction: dict[str, Any], *, goes_on: bool) -> None:
        """Read what only the whole interaction has. `goes_on`: it is not whole yet, and calls may be cut."""
        name = "steps" if interaction.get("steps") else "outputs"  # the older name
        given = self.objects(interaction.get(name), name)
        if not given:
            return
        if self._wholes == MAX_WHOLES:  # each costs a look at all steps
            self.keep(given, name)
            return
        self._wholes += 1
        streamed = list(self._steps.all)
        if streamed:
            given = [item for item in given if item.get("type") != "user_input"]
        said = "".join(block.text for step in streamed for block in step.texts)
        is_said = bool(said) and said == "".join(text for item in given for text in texts_of(item))
        for item in given:
            # Its place among the steps of its type counts: a whole interaction may have others besides.
            kind = text_of(item.get("type"))
            known = next((step for step in streamed if step.type == kind), None)
            if known is not None:
                streamed.remove(known)
                index = next(index for index, step in self._by_index.items() if step is known)
                self._complete(known, item, is_said=is_said)
            elif is_said and kind in ("model_output", "text"):
                continue  # the same text, in more steps
            else:
                index = max(self._by_index, default=-1) + 1
                self._begin(index, item)
            if not goes_on:
                self._stop(index)

    def _complete(self, step: Step, item: dict[str, Any], *, is_said: bool) -> None:
        """Add to a step what it has more as a whole. `is_said`: the text of all steps came."""
        if step.call is not None:
            self._complete_call(step.call, item)
        elif step.type == "thought" and (text := "".join(texts_of(item))):
            self._think(step).reconcile(text)
        elif step.type in ("model_output", "text") and not is_said and (text := "".join(texts_of(item))):
            if len(step.texts) > 1:
                self.keep(item, "mismatch")
            else:
                (step.texts or [self._text_of(step)])[0].reconcile(text)
        elif step.result:
            step.update(item)

    def _complete_call(self, call: CallBuilder, item: dict[str, Any]) -> None:
        call.id = call.id or text_of(item.get("id")) or None
        call.set_name(text_of(item.get("name")))
        given = arguments_of(item.get("arguments") or None)
        if not given or is_same_text(given, call.arguments):
            return
        if call.ended:
            call.add_late(given)
        elif call.size:
            call.reconcile(given)
        else:
            call.whole = given

    # Steps

    def _begin(self, index: int | None, item: dict[str, Any]) -> Step:
        index = len(self._by_index) if index is None else index
        kind = text_of(item.get("type"))
        before = self._by_index.get(index)
        if before is not None and before.call is not None and not before.call.ended:
            if before.call.id and before.call.id == item.get("id") and before.type == kind:
                return before  # its start was sent twice
            before.call.end(cut=True)  # another one took its place
        step = self._by_index[index] = Step(item)
        self._steps.all.append(step)
        id = text_of(item.get("id")) or None
        if kind in STEP_FIELDS:
            self.keep_rest(item, STEP_FIELDS[kind])
        if kind == "user_input":
            step.item = item  # of the user, and not a part of the answer
        elif kind in ("model_output", "text", *MEDIA):
            for part in [item] if kind in ("text", *MEDIA) else self.objects(as_parts(item.get("content")), kind):
                if part is not item and "text" in part:
                    self.keep_rest(part, DELTA_FIELDS["text"])
                self._add(step, part)
            if item.get("error"):
                self.builder.fail(error_of(item["error"]))
        elif kind == "thought":
            for part in self.objects(as_parts(item.get("summary")), kind):
                self.keep_rest(part, ("text",))
                self._think(step).add(self.text(part.get("text"), kind))
            if signature := self.text(item.get("signature"), kind):
                self._think(step).sign(signature)
        elif kind.endswith("_call"):
            server = kind != "function_call"
            tool = "function" if kind == "function_call" else kind.removesuffix("_call")
            name = self.word(item.get("name"), "name")
            step.call = CallBuilder(self.choice, id, name, server=server, kind=tool)  # its name may come with a delta
            if item.get("arguments"):
                step.call.whole = arguments_of(item["arguments"])
            step.call.sign(text_of(item.get("signature")))
        elif kind.endswith("_result"):
            step.result = True
        elif kind:
            self.choice.raw(kind, item)
        else:
            self.keep_rest(item, ())
        return step

    def _stop(self, index: int | None) -> None:
        step = self._by_index.get(len(self._by_index) - 1 if index is None else index)
        if step is None:
            return
        step.ended = True
        if step.call is not None:
            self._call_by_type(step.call)
            step.call.end()
        self._emit_result(step)

    def _call_by_type(self, call: CallBuilder) -> None:
        """Call a provider's tool by its type, if it has no name."""
        if call.server:
            call.set_name(call.kind)

    def _emit_result(self, step: Step) -> None:
        if step.result:
            step.result = False
            item = step.item
            name = text_of(item.get("name")) or step.type.removesuffix("_result")
            failed = item.get("is_error") is True
            block = self.choice.result(text_of(item.get("call_id")) or None, name, item.get("result"), error=failed)
            block.sign(text_of(item.get("signature")))

    def _delta(self, event: _Event) -> bool:
        """Handle a delta; return whether it is known."""
        delta = event.delta or {}
        kind = text_of(delta.get("type")) or _type_of(delta)
        index = max(len(self._by_index) - 1, 0) if event.index is None else event.index
        step = self._by_index.get(index)
        if step is None:
            # A step without a start event: the type of the delta shows that of the step.
            begun = {"thought_summary": "thought", "thought_signature": "thought", "arguments_delta": "function_call"}
            whole = kind.endswith(("_call", "_result"))
            step = self._begin(index, {"type": kind if whole else begun.get(kind, "model_output")})
        if step.type == "user_input":
            return False
        if kind in DELTA_FIELDS:
            self.keep_rest(delta, DELTA_FIELDS[kind])
        if kind == "text" or kind in MEDIA:
            self._add(step, delta)
        elif kind in ("text_annotation_delta", "text_annotation"):
            self._text_of(step).cite([_cited(note) for note in self.objects(delta.get("annotations"), kind)])
        elif kind == "thought_summary":
            content = dict_of(delta.get("content"))
            if not content and delta.get("content") is not None:
                self.keep(delta["content"], kind)
            if content.get("type") in MEDIA:
                self._add(step, content)
            else:
                self.keep_rest(content, ("text",))
                self._think(step).add(self.text(content.get("text"), kind))
        elif kind == "thought_signature":
            self._sign(step, delta)
        elif kind == "arguments_delta":
            if step.call is None:
                return False
            if step.type not in WITH_NAME:
                self._call_by_type(step.call)
            step.call.add(arguments_of(delta.get("arguments")))
        elif kind.endswith("_call") and step.call is not None:
            step.update(delta)
            step.call.id = step.call.id or text_of(delta.get("id")) or None
            name = self.word(delta.get("name"), "name")
            step.call.set_name(name)
            if name and name != step.call.name:
                self.keep(name, "name")  # the first one counts
            if step.type not in WITH_NAME:
                self._call_by_type(step.call)
            given = arguments_of(delta.get("arguments") or None)
            if given and not step.call.ended:
                step.call.whole = given
            elif given and given != step.call.arguments:
                step.call.add_late(given)
            self._sign(step, delta)
        elif kind.endswith("_result") and step.type.endswith("_result"):
            step.update(delta)
        else:
            if step.call is not None and delta:
                step.call.miss_piece()
            return False
        return True

    def _sign(self, step: Step, delta: dict[str, Any]) -> None:
        if signature := self.text(delta.get("signature"), "signature"):
            step.item["signature"] = signature
            (step.call or self._think(step)).sign(signature)

    def _think(self, step: Step) -> ReasoningBuilder:
        if step.thought is None:
            step.thought = ReasoningBuilder(self.choice, "summary")
        return step.thought

    def _text_of(self, step: Step) -> TextBuilder:
        if not step.content or not isinstance(step.content[-1], TextBuilder):
            step.content.append(TextBuilder(self.choice))
        return step.content[-1]  # type: ignore[return-value]  # it is one now

    def _add(self, step: Step, part: Any) -> None:
        """Add content, whole or a piece of it."""
        if not isinstance(part, dict):
            return
        kind = text_of(part.get("type"))
        if kind in MEDIA:
            mime = text_of(part.get("mime_type")) or f"{kind}/*"
            block = MediaBuilder.begin(self.choice, mime, in_pieces=kind == "audio")
            block.add(self.text(part.get("data"), kind), url=self.text(part.get("uri"), kind))
            step.content.append(part)
        elif kind == "text" or "text" in part:
            text = self._text_of(step)
            text.add(self.text(part.get("text"), "text"))
            text.cite([_cited(note) for note in self.objects(part.get("annotations"), "annotations")])
        else:
            self.keep(part, kind or "content")
            step.content.append(part)

    def finish(self) -> None:
        for step in self._steps.all:
            if step.call is not None:
                self._call_by_type(step.call)
            self._emit_result(step)
            if step.call is not None and not step.call.ended and not step.call.is_whole:
                step.call.end(cut=True)  # each step has an end of its own: without it, only JSON shows the whole call
        status = plain_word(self.choice.ending.raw or "")
        if status in ENDED_BADLY:
            self.fail(None, status, ENDED_BADLY[status])  # if no event said why
        super().finish()

    @property
    def has_last_word(self) -> bool:
        return self.choice.reason is not None

    @staticmethod
    def usage_of(usage: dict[str, Any]) -> Usage:
        names = (f"total_{name}_tokens" for name in ("input", "tool_use", "output", "thought", "cached"))
        input, tools, output, thoughts, cached, total = counts(usage, *names, "total_tokens")
        input = None if input is None and tools is None else (input or 0) + (tools or 0)
        output = None if output is None and thoughts is None else (output or 0) + (thoughts or 0)
        return Usage(input=input, output=output, reasoning=thoughts, cache_read=cached, total=total, raw=usage)


def _type_of(delta: dict[str, Any]) -> str:
    """Return the type of a delta that lost it: its fields show it."""
    if "text" in delta:
        return "text"
    if isinstance(delta.get("arguments"), str):
        return "arguments_delta"
    return "function_call" if "arguments" in delta or "name" in delta else ""


def _cited(annotation: dict[str, Any]) -> dict[str, Any]:
    if annotation.get("type") == "file_citation" and "page_number" in annotation:
        return with_unit(annotation, "page")
    # As in Google's other API, whose offsets count bytes.
    return with_unit(annotation, "byte" if "start_index" in annotation else None)


def turn(message: Message) -> list[dict[str, Any]]:
    """Return the steps for `input`, each with the signature that came with it."""
    return list(message.choice.native.get("steps", []))
