"""Google Gemini, streamGenerateContent, with `alt=sse` and without; and the early shape `content: [{text}]`.

Each event is a whole GenerateContentResponse, without a type or a name, and the stream just ends.
https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

import msgspec
from msgspec import Struct

from ..block_builders import CallBuilder, MediaBuilder, ReasoningBuilder, TextBuilder, compact
from ..format_decoder import (
    DAMAGED,
    GUESS,
    FormatDecoder,
    decoder,
    dict_of,
    error_of,
    list_of,
    plain_number,
    text_of,
    text_or_raw,
)
from ..formats import register
from ..parts import Citation, Logprobs, Raw, TextDelta, ToolCallDelta, Usage
from ..payloads import convert
from .partial_arguments import PartialArguments

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..block_builders import BlockBuilder
    from ..message import Message
    from ..message_builder import ChoiceBuilder
    from ..parts import FinishReason, Part

__all__ = ["Gemini", "turn"]


class _Content(Struct, gc=False):
    parts: list[Any] | None = None


class _Candidate(Struct, gc=False):
    content: _Content | None = None
    index: int | None = None
    finishReason: str | None = None
    finishMessage: str | None = None
    groundingMetadata: dict[str, Any] | None = None
    citationMetadata: dict[str, Any] | None = None
    urlContextMetadata: dict[str, Any] | None = None
    logprobsResult: dict[str, Any] | None = None


class _Event(Struct, gc=False):
    candidates: list[_Candidate] | None = None
    usageMetadata: dict[str, Any] | None = None
    promptFeedback: dict[str, Any] | None = None
    error: Any = None
    # The early shape.
    content: list[Any] | None = None
    meta: dict[str, Any] | None = None


class _FirstEvent(_Event, gc=False):
    """An event with the fields that all events repeat."""

    modelVersion: str | None = None
    responseId: str | None = None


# What streams are full of: a piece of text, of one candidate, and the usage. That an event is one of these, and has
# nothing besides, is found by msgspec while it decodes; what is none is read again as an _Event.


class _PlainPart(Struct, gc=False, forbid_unknown_fields=True):
    text: str


class _PlainContent(Struct, gc=False, forbid_unknown_fields=True):
    parts: tuple[_PlainPart]
    role: Literal["model"] = "model"


class _PlainCandidate(Struct, gc=False, forbid_unknown_fields=True):
    content: _PlainContent
    index: int = 0


class _PlainUsage(Struct, gc=False, forbid_unknown_fields=True):
    promptTokenCount: int
    candidatesTokenCount: int
    totalTokenCount: int
    promptTokensDetails: list[Any] | None = None


class _PlainEvent(Struct, gc=False, forbid_unknown_fields=True):
    candidates: tuple[_PlainCandidate]
    usageMetadata: _PlainUsage | None = None
    modelVersion: str = ""
    responseId: str = ""


MAX_MISSED = 8
"""How many times an event may not be as plain as was expected, before none is expected to be so any more."""

REASONS: dict[str, FinishReason] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "CONTINUATION": "pause",
    **dict.fromkeys(
        ("SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY",
         "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "ESCALATION", "MODEL_ARMOR"),
        "content_filter",
    ),
    **dict.fromkeys(
        ("MALFORMED_FUNCTION_CALL", "MALFORMED_RESPONSE", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS",
         "MISSING_THOUGHT_SIGNATURE", "PUP_LIMITED_DISABLED"),
        "error",
    ),
}  # fmt: skip

PARTS = (
    "text", "functionCall", "inlineData", "fileData", "executableCode", "codeExecutionResult", "toolCall",
    "toolResponse",
)  # fmt: skip
"""The fields that say what a part is. A part with none of them is kept as Raw."""

KNOWN = {*PARTS, "thought", "thoughtSignature"}


COUNTS = tuple(
    f"{name}TokenCount" for name in ("prompt", "toolUsePrompt", "candidates", "thoughts", "cachedContent", "total")
)


KEYS = ("candidates", "promptFeedback", "usageMetadata", "modelVersion", "responseId")  # that no other format has


@register
class Gemini(FormatDecoder):
    """Responses to parts."""

    api: ClassVar[str] = "gemini"
    event: type[Struct] = _FirstEvent

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._candidates: dict[int, _Kept] = {}
        self._grounding: dict[int, dict[str, Any]] = {}  # as it is attached, of each candidate
        self._early = False
        # Whether the next event is read as a plain one, and the block that its text goes on with.
        self._plain = False
        self._missed = 0
        self._index = self._number = 0
        self._write: Any = None

    @classmethod
    def recognize(cls, value: dict[str, Any], name: str | None) -> int:
        if any(key in value for key in KEYS) or _is_early(value):
            return GUESS + 1
        error = dict_of(value.get("error"))
        return GUESS - 2 if isinstance(error.get("status"), str) and isinstance(error.get("code"), int) else 0

    def feed(self, payload: bytes) -> list[Part] | tuple[Part, Part] | TextDelta | None:
        try:
            event = self.decode(payload)
        except DAMAGED:
            return None
        if type(event) is _PlainEvent:
            candidate = event.candidates[0]
            index = candidate.index
            if index == self._index and (text := candidate.content.parts[0].text):
                self._write(text)
                delta = TextDelta(choice=index, block=self._number, text=text)
                usage = event.usageMetadata
                if usage is None:
                    return delta
                prompt, output, total = usage.promptTokenCount, usage.candidatesTokenCount, usage.totalTokenCount
                # As it came: it has these fields, or it would not be here. A dict made by the decoder is dearer.
                raw: dict[str, Any] = {
                    "promptTokenCount": prompt,
                    "candidatesTokenCount": output,
                    "totalTokenCount": total,
                }
                if usage.promptTokensDetails is not None:
                    raw["promptTokensDetails"] = usage.promptTokensDetails
                counted = Usage(input=prompt, output=output, total=total, raw=raw)
                self.builder.usage = counted
                return (delta, counted)
        return self.handle(event)

    def handle(self, event: Any) -> list[Part] | None:
        if type(event) is _PlainEvent:
            event = convert(msgspec.to_builtins(event), _Event)[0]
        if self._plain:
            # It was tried, and was not plain, or not for the block that is open.
            self._plain = False
            self._missed += 1
            self.decode = decoder(_Event)
        told = self._event(event)
        if told and self.event is _Event and self._missed < MAX_MISSED:
            self._expect_plain(event)
        return told

    def _expect_plain(self, event: _Event) -> None:
        """Read the next event as a plain one, if it may well go on with the text that is open."""
        candidates = event.candidates
        if candidates is not None and len(candidates) == 1:
            kept = self._candidates[candidates[0].index or 0]
            block = kept.open
            if isinstance(block, TextBuilder) and kept.choice.blocks[-1] is block:
                self._plain = True
                self.decode: Callable[[bytes], Any] = decoder(_PlainEvent)
                self._index, self._number, self._write = block.choice, block.number, block.write

    def _event(self, event: _Event) -> list[Part] | None:
        first = event if isinstance(event, _FirstEvent) else None
        if event.error:
            self.builder.fail(error_of(event.error))
        elif event.content is not None:
            self._early_shape(event)
        elif (
            event.candidates is None
            and event.usageMetadata is None
            and event.promptFeedback is None
            and (first is None or not (first.modelVersion or first.responseId))
        ):
            return None
        if first is not None:
            self.begin(first.responseId, first.modelVersion, _Event)
        for candidate in event.candidates or ():
            self._candidate(candidate)
        if event.usageMetadata and (usage := self._usage(event.usageMetadata)):
            self.builder.count(usage)
        blocked = self.text(event.promptFeedback.get("blockReason"), "blockReason") if event.promptFeedback else ""
        if event.promptFeedback and blocked:
            choice = self.builder.choice(0)
            choice.raw_reason, choice.reason = f"PROMPT_BLOCKED:{blocked}", "content_filter"
            if message := event.promptFeedback.get("blockReasonMessage"):
                choice.details = {"blockReasonMessage": message}
        return self.builder.drain()

    def _candidate(self, candidate: _Candidate) -> None:
        index = candidate.index or 0
        choice = self.builder.choice(index)
        kept = self._candidates.get(index)
        if kept is None:
            kept = self._candidates[index] = _Kept(choice)
        if candidate.content is not None:
            for part in candidate.content.parts or ():
                if isinstance(part, dict):
                    kept.add(part)
                else:
                    self.emit(Raw(choice=index, name="part", data=part))
        if candidate.logprobsResult:
            self._logprobs(choice, candidate.logprobsResult)
        self._sources(choice, candidate)
        if candidate.finishReason and candidate.finishReason != "FINISH_REASON_UNSPECIFIED":
            choice.raw_reason = candidate.finishReason
            choice.reason = self._reason(choice)
            if candidate.finishMessage:
                choice.details = {"finishMessage": candidate.finishMessage}

    def _reason(self, choice: ChoiceBuilder) -> FinishReason:
        reason = REASONS.get(choice.raw_reason or "", "other")
        return "tool_calls" if reason == "stop" and choice.has_client_calls else reason

    def _logprobs(self, choice: ChoiceBuilder, result: dict[str, Any]) -> None:
        chosen, top = list_of(result.get("chosenCandidates")), list_of(result.get("topCandidates"))
        if len(top) == len(chosen):
            chosen = [
                dict_of(one) | {"topCandidates": dict_of(of).get("candidates")}
                for one, of in zip(chosen, top, strict=True)
            ]
        if chosen:
            self.emit(Logprobs(choice=choice.index, entries=chosen))

    def _sources(self, choice: ChoiceBuilder, candidate: _Candidate) -> None:
        """Cite the sources of the answer. Segments of grounding count UTF-8 bytes of their part."""
        items: list[dict[str, Any]] = []
        if candidate.groundingMetadata:
            items.append({"groundingMetadata": candidate.groundingMetadata, "unit": "byte"})
        if candidate.citationMetadata:
            citations = candidate.citationMetadata.get("citations", candidate.citationMetadata.get("citationSources"))
            items += [item for item in list_of(citations) if isinstance(item, dict)]
        if items:
            if TextBuilder in choice.latest_of:
                self._attach(choice, items)
            self.emit(Citation(choice=choice.index, items=items))
        if candidate.urlContextMetadata:
            self.emit(Raw(choice=choice.index, name="urlContextMetadata", data=candidate.urlContextMetadata))

    def _attach(self, choice: ChoiceBuilder, items: list[dict[str, Any]]) -> None:
        """Attach sources to the text. Grounding is sent again as it grows: the last one counts."""
        for item in items:
            kept = self._grounding.get(choice.index) if "groundingMetadata" in item else None
            if kept is not None:
                kept["groundingMetadata"] = item["groundingMetadata"]
                continue
            kept = dict(item)
            choice.latest(TextBuilder).citations.append(kept)
            if "groundingMetadata" in item:
                self._grounding[choice.index] = kept

    def _usage(self, usage: dict[str, Any]) -> Usage | None:
        """Return the usage in neutral terms; None if it only names the kind of traffic, as Vertex does at first."""
        prompt, of_tools, candidates, thoughts, cached, total = [plain_number(usage.get(name)) for name in COUNTS]
        if prompt is None and candidates is None and thoughts is None and total is None:
            return None
        if of_tools is not None:
            prompt = (prompt or 0) + of_tools
        return Usage(
            input=prompt,
            output=(candidates or 0) + (thoughts or 0),
            reasoning=thoughts,
            cache_read=cached,
            total=total,
            raw=usage,
        )

    def _early_shape(self, event: _Event) -> None:
        self._early = True
        choice = self.builder.choice(0)
        for part in self.objects(event.content, "content"):
            choice.text(self.text(part.get("text"), "content"))
        usage = dict_of(event.meta).get("usage")
        if isinstance(usage, dict):
            self.builder.count(Usage(total=plain_number(usage.get("tokens")), raw=usage))

    def finish(self) -> None:
        for choice in self.builder.choices.values():
            if choice.reason == "stop":
                choice.reason = self._reason(choice)  # calls may have come after it
        for kept in self._candidates.values():
            kept.end(whole=kept.choice.reason in ("stop", "tool_calls"))
        super().finish()

    @property
    def complete(self) -> bool:
        # The early shape has no mark of its end: its last line must at least be whole.
        return super().complete or (self._early and self.line_ended)


class _Kept:
    """The parts of a candidate: as blocks, and as they came, since the API wants them back that way.

    Pieces of text are joined, but never one that was signed with another.
    """

    __slots__ = ("_call", "_values", "choice", "open", "parts")

    def __init__(self, choice: ChoiceBuilder) -> None:
        self.choice = choice
        self.parts: list[dict[str, Any] | _Span | CallBuilder] = []
        self.open: BlockBuilder | None = None  # the block that the last span goes on with
        self._call: CallBuilder | None = None  # one whose arguments are streamed
        self._values: PartialArguments | None = None
        choice.native["parts"] = self

    def add(self, part: dict[str, Any]) -> None:
        text = part.get("text")
        if type(text) is str and text and len(part) == 1:
            # What streams are full of.
            block: Any = self.choice.last(TextBuilder)
            if block is not self.open:
                self._span(block)
            self.choice.emit(block.delta(text))
            return
        signature = text_or_raw(part.get("thoughtSignature"), "thoughtSignature", self.choice.emit)
        kind = next((name for name in PARTS if part.get(name) is not None), None)
        # An unknown field beside a known one: keep it, and send it back with its part.
        beside = {name: value for name, value in part.items() if name not in KNOWN} if kind else {}
        if kind == "text" and isinstance(text, str):
            self._text(text, part, signature, beside)
        elif kind == "functionCall" and isinstance(part["functionCall"], dict):
            self._function(part["functionCall"], signature, beside)
        else:
            self.open = None
            block = self._other(kind, part) if kind and isinstance(part.get(kind), dict) else None
            if block is None:
                name = next((name for name in part if name not in ("thought", "thoughtSignature")), "part")
                block = self.choice.raw(name, part)
            self.parts.append(part)
            block.sign(signature)
        for name, value in beside.items():
            self.choice.emit(Raw(choice=self.choice.index, name=name, data={name: value}))

    def _span(self, block: Any, signature: str = "", beside: dict[str, Any] | None = None) -> None:
        self.open = None if signature or beside else block
        before = self.parts[-1] if self.parts else None
        if isinstance(before, _Span) and before.block is block:
            before.stop = block.size
        self.parts.append(_Span(block, block.size, signature, beside or {}))

    def _text(self, text: str, part: dict[str, Any], signature: str, beside: dict[str, Any]) -> None:
        choice = self.choice
        kind: type[Any] = ReasoningBuilder if part.get("thought") is True else TextBuilder
        # An empty text brings a signature for what came before it.
        block = choice.last(kind) if text or not choice.blocks else choice.blocks[-1]
        if isinstance(block, (TextBuilder, ReasoningBuilder)):
            if signature or beside or block is not self.open:
                self._span(block, signature, beside)
            block.add(text)
        elif signature:
            self.parts.append({"text": "", "thoughtSignature": signature} | beside)
        block.sign(signature)

    def _function(self, function: dict[str, Any], signature: str, beside: dict[str, Any]) -> None:
        self.open = None
        name = text_or_raw(function.get("name"), "functionCall", self.choice.emit)
        goes_on = function.get("willContinue") is True
        partial = function.get("partialArgs")
        if not function and self._call is None:
            return  # the end of a call that has ended
        if name or self._call is None:
            self.end(whole=True)
            call = self._call = CallBuilder(self.choice, text_of(function.get("id")) or None, name)
            self._values = PartialArguments()
            call.native |= {"signature": signature, "beside": beside}
            self.parts.append(call)
            if function.get("args") is not None:
                self._values.tree = function["args"]
        call, values = self._call, self._values
        if not goes_on and not partial:
            self.end(whole=True)
        call.sign(signature)
        if partial and not isinstance(partial, list) and values is not None:
            self.choice.emit(Raw(choice=self.choice.index, name="partialArgs", data=partial))
            values.lost = True
            if not goes_on:
                self.end(whole=True)
        elif partial and values is not None:
            call.start()
            self.choice.emit(ToolCallDelta(choice=self.choice.index, block=call.number, partial=partial))
            for value in partial:
                values.add(value)
            if not goes_on:
                self.end(whole=True)

    def end(self, *, whole: bool) -> None:
        """End the call that is open. Its end may be missing: then the next call, or the reason of the end, is it."""
        call, values = self._call, self._values
        if call is None or values is None:
            return
        self._call = self._values = None
        values.close()
        call.native["args"] = values.tree
        if values.tree != {}:
            call.whole = compact(values.tree)
        call.end(cut=not whole or values.lost)

    def _other(self, kind: str, part: dict[str, Any]) -> Any:
        choice, it = self.choice, part[kind]
        id = text_of(it.get("id")) or None
        if kind in ("inlineData", "fileData"):
            media = text_of(it.get("mimeType")) or None
            latest: Any = choice.blocks[-1] if choice.blocks else None
            joins = isinstance(latest, MediaBuilder) and latest.media == media and (media or "").startswith("audio/")
            block = latest if joins else MediaBuilder(choice, media)  # speech comes in many parts
            block.add(text_of(it.get("data")), url=text_of(it.get("fileUri")))
        elif kind in ("executableCode", "toolCall"):
            name = "code_execution" if kind == "executableCode" else text_of(it.get("toolType"))
            block = CallBuilder(choice, id, name, server=True)
            asked = (
                {key: value for key, value in it.items() if key != "id"} if kind == "executableCode" else it.get("args")
            )
            block.whole = compact(asked) if asked else ""
            block.end()
        elif kind == "codeExecutionResult":
            choice.result(id, "code_execution", it, error=it.get("outcome") != "OUTCOME_OK")
            block = choice.blocks[-1]
        else:
            choice.result(id, text_of(it.get("toolType")) or None, it.get("response"))
            block = choice.blocks[-1]
        return block

    def plain(self) -> list[dict[str, Any]]:
        """Return the parts for `contents`."""
        texts: dict[int, str] = {}
        made: list[dict[str, Any]] = []
        for part in self.parts:
            if isinstance(part, dict):
                made.append(part)
            elif isinstance(part, _Span):
                block = part.block
                if block.number not in texts:
                    texts[block.number] = block.text
                text = texts[block.number][part.start : part.stop]
                if text or part.signature or part.beside:
                    made.append(
                        {"text": text}
                        | ({"thought": True} if isinstance(block, ReasoningBuilder) else {})
                        | ({"thoughtSignature": part.signature} if part.signature else {})
                        | part.beside
                    )
            elif part.ended and not part.cut:
                function = {"id": part.id} if part.id else {}
                signature = part.native["signature"]
                made.append(
                    {"functionCall": function | {"name": part.name, "args": part.native["args"]}}
                    | ({"thoughtSignature": signature} if signature else {})
                    | part.native["beside"]
                )
        return made


class _Span:
    """A run of a block's text, that was one part, or several unsigned ones."""

    __slots__ = ("beside", "block", "signature", "start", "stop")

    def __init__(self, block: Any, start: int, signature: str, beside: dict[str, Any]) -> None:
        self.beside = beside
        self.block = block
        self.start = start
        self.stop: int | None = None
        self.signature = signature


def turn(message: Message) -> dict[str, Any]:
    """Return the model's content for `contents`: its parts, each with the signature that came with it."""
    parts = list(message.choice.native.get("parts", []))
    if not parts and message.text:
        parts = [{"text": message.text}]
    return {"role": "model", "parts": parts} if parts else {}


def _is_early(value: dict[str, Any]) -> bool:
    """Return whether an event has the form of the first, unpublished streams: a list of texts, and `meta`."""
    content = value.get("content")
    return (
        "type" not in value
        and isinstance(content, list)
        and all(isinstance(part, dict) and isinstance(part.get("text"), str) for part in content)
        and isinstance(value.get("meta"), dict)
    )
