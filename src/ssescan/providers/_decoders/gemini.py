"""Google Gemini, streamGenerateContent, with `alt=sse` and without; and the early shape `content: [{text}]`.

Each event is a whole GenerateContentResponse, without a type or a name, and the stream just ends.
https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta, MsgspecError, Struct

from ..block_builders import TextBuilder
from ..format_decoder import DAMAGED, GUESS, FormatDecoder, decoder
from ..formats import register
from ..json_values import dict_of, list_of, plain_number, text_of
from ..parts import Citation, Logprobs, Part, Raw, TextDelta, Usage
from ..payloads import convert
from ..provider_errors import error_in, error_of, is_success
from ..unknown_fields import fields_of, with_fields
from .gemini_parts import CandidateParts

if TYPE_CHECKING:
    from ..message import Message
    from ..message_builder import ChoiceBuilder


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
    modelVersion: Any = None
    responseId: Any = None


class _FirstEvent(_Event, gc=False):
    """An event before the model and the id are known: a wrong type of either is worth a Raw."""

    modelVersion: str | None = None
    responseId: str | None = None


class _ExactContent(_Content, gc=False, forbid_unknown_fields=True):
    role: Any = None


class _ExactCandidate(_Candidate, gc=False, forbid_unknown_fields=True):
    content: _ExactContent | None = None  # pyright: ignore[reportIncompatibleVariableOverride]


class _ExactEvent(_Event, gc=False, forbid_unknown_fields=True):
    """An event whose fields are all known."""

    candidates: list[_ExactCandidate] | None = None  # type: ignore[assignment]
    createTime: Any = None


EVENT_FIELDS, CANDIDATE_FIELDS, CONTENT_FIELDS = fields_of(_FirstEvent), fields_of(_Candidate), fields_of(_Content)

# Most events of a stream: a piece of text, of one candidate, and the usage. msgspec finds while it decodes whether an
# event is one of these, and has nothing besides; any other event is read again as an _Event.


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
    totalTokenCount: Annotated[int, Meta(gt=0)]  # zeros do not replace a usage
    promptTokensDetails: list[Any] | None = None


class _PlainEvent(Struct, gc=False, forbid_unknown_fields=True):
    candidates: tuple[_PlainCandidate]
    usageMetadata: _PlainUsage | None = None
    modelVersion: str = ""
    responseId: str = ""


COUNTS = [
    f"{name}TokenCount" for name in ("prompt", "toolUsePrompt", "candidates", "thoughts", "cachedContent", "total")
]

KEYS = ("candidates", "promptFeedback", "usageMetadata", "modelVersion", "responseId")  # that no other format has


@register
class Gemini(FormatDecoder):
    """Responses to parts."""

    api: ClassVar[str] = "gemini"
    event: type[Struct] = _FirstEvent
    exact: type[Struct] | None = _ExactEvent

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._candidates: dict[int, CandidateParts] = {}
        self._grounding: dict[int, dict[str, Any]] = {}  # as it is attached, of each candidate
        self._has_early_shape = False
        # The block that a plain event goes on with.
        self._plain_event: type[Struct] = _PlainEvent
        self._index = self._number = 0
        self._write: Any = None

    @classmethod
    def recognize(cls, value: dict[str, Any], name: str | None) -> int:
        if _has_key(value) or _is_early_shape(value) or _is_wrapped(value):
            return GUESS + 1
        inner = _wrapped(value)
        error = dict_of(value.get("error"))
        is_google = isinstance(error.get("status"), str) and isinstance(error.get("code"), int)
        return GUESS - 2 if inner is not None or is_google else 0

    def unwrapped(self, value: dict[str, Any]) -> dict[str, Any]:
        inner = _wrapped(value) if "response" in value else None
        return value if inner is None else inner | {name: value[name] for name in value if name != "response"}

    def unfolded(self, value: dict[str, Any]) -> list[dict[str, Any]]:
        given = value.get("candidates")
        if not isinstance(given, list) or all(map(_has_parts, given)):
            return [value]
        return [value | {"candidates": [_with_parts(of) for of in given]}]

    def feed(self, payload: bytes) -> list[Part] | tuple[Part, Part] | TextDelta | None:
        try:
            event = self.decode(payload)
        except MsgspecError:
            if not self._plain or (event := self.not_plain(payload)) is None:
                return None
        except DAMAGED:
            return None
        else:
            if self._plain:
                candidate = event.candidates[0]
                index = candidate.index
                if index == self._index and (text := candidate.content.parts[0].text):
                    self._write(text)
                    delta = TextDelta(choice=index, block=self._number, text=text)
                    usage = event.usageMetadata
                    if usage is None:
                        return delta
                    prompt, output, total = usage.promptTokenCount, usage.candidatesTokenCount, usage.totalTokenCount
                    # The provider's object: a plain event has no other fields. Decoding it into a dict costs more.
                    raw: dict[str, Any]
                    raw = {"promptTokenCount": prompt, "candidatesTokenCount": output, "totalTokenCount": total}
                    if usage.promptTokensDetails is not None:
                        raw["promptTokensDetails"] = usage.promptTokensDetails
                    counted = Usage(input=prompt, output=output, total=total, raw=raw)
                    self.builder.usage = counted
                    return (delta, counted)
        if event.candidates is None and event.usageMetadata is None and event.promptFeedback is None:
            return None  # it may be an error
        self.payload = payload
        parts = self.handle(event)
        self.payload = b""
        return parts

    def handle(self, event: Any) -> list[Part] | None:
        if isinstance(event, _PlainEvent):
            event = convert(msgspec.to_builtins(event), _Event)[0]
        self.expect_all(was_right=False)
        parts = self._event(event)
        if parts and self.event is _Event:
            self._expect_plain(event)
        return parts

    def _expect_plain(self, event: _Event) -> None:
        """Decode the next event as a plain one, if it probably continues the open text."""
        candidates = event.candidates
        if candidates is not None and len(candidates) == 1:
            kept = self._candidates[candidates[0].index or 0]
            block = kept.open
            # After a finish, text reopens the choice.
            if isinstance(block, TextBuilder) and kept.choice.blocks[-1] is block and kept.choice.reason is None:
                self.expect(self._plain_event)
                self._index, self._number, self._write = block.choice, block.number, block.write

    def look(self, value: dict[str, Any], unread: list[Part]) -> None:
        self.unknown.once("event", value, EVENT_FIELDS, unread)
        for candidate in list_of(value.get("candidates")):
            index = plain_number(dict_of(candidate).get("index")) or 0
            self.unknown.once("candidate", dict_of(candidate), CANDIDATE_FIELDS, unread, index)
            self.unknown.each(dict_of(dict_of(candidate).get("content")), CONTENT_FIELDS, unread, index)

    def learn(self) -> None:
        of_event, of_candidate = self.unknown.of("event"), self.unknown.of("candidate")
        candidate: Any = with_fields(_ExactCandidate, of_candidate)
        self.exact = with_fields(_ExactEvent, of_event, ("candidates", list[candidate] | None, None))
        candidate = with_fields(_PlainCandidate, of_candidate)
        self._plain_event = with_fields(_PlainEvent, of_event, ("candidates", tuple[candidate]))
        self.decode = decoder(self._plain_event if self._plain else self.exact)

    def _event(self, event: _Event) -> list[Part] | None:
        id, model = text_of(event.responseId), text_of(event.modelVersion)
        if event.error and not is_success(event.error):
            self.builder.fail(error_of(event.error))
        elif event.content is not None:
            self._read_early_shape(event)
        elif (
            event.candidates is None
            and event.usageMetadata is None
            and event.promptFeedback is None
            and (self.event is _Event or not (id or model))
        ):
            return None
        if self.event is not _Event:
            self.begin(id, model, _Event)
        for candidate in event.candidates or ():
            self._candidate(candidate)
        for candidate in event.candidates or ():
            if candidate.finishReason:
                self._end(candidate)
        if event.usageMetadata and (usage := self._usage(event.usageMetadata)):
            self.builder.count(usage)
        if event.promptFeedback:
            self.keep_rest(event.promptFeedback, ("blockReason", "blockReasonMessage"))
        if event.promptFeedback and (blocked := self.word(event.promptFeedback.get("blockReason"), "blockReason")):
            choice = self.builder.choice(0)
            message = event.promptFeedback.get("blockReasonMessage")
            details = {"blockReasonMessage": message} if message else None
            choice.end("content_filter", f"PROMPT_BLOCKED:{blocked}", details=details)
        return self.builder.drain()

    def _candidate(self, candidate: _Candidate) -> None:
        index = candidate.index or 0
        choice = self.builder.choice(index)
        kept = self._candidates.get(index)
        if kept is None:
            kept = self._candidates[index] = CandidateParts(choice, self)
        if candidate.content is not None:
            for part in candidate.content.parts or ():
                kept.add(part)
        if candidate.logprobsResult:
            self._logprobs(choice, candidate.logprobsResult)
        self._sources(choice, candidate)

    def _end(self, candidate: _Candidate) -> None:
        choice = self.builder.choice(candidate.index or 0)
        details = {"finishMessage": candidate.finishMessage} if candidate.finishMessage else None
        choice.end_by_word(candidate.finishReason, details=details)
        choice.stop_for_calls()

    def _logprobs(self, choice: ChoiceBuilder, result: dict[str, Any]) -> None:
        chosen, top = list_of(result.get("chosenCandidates")), list_of(result.get("topCandidates"))
        if len(top) == len(chosen):
            tops = [{"topCandidates": dict_of(of).get("candidates")} for of in top]
            chosen = [dict_of(one) | of for one, of in zip(chosen, tops, strict=True)]
        if chosen:
            self.emit(Logprobs(choice=choice.index, entries=chosen))
        elif any(result.values()):
            self.emit(Raw(choice=choice.index, name="logprobsResult", data=result))

    def _sources(self, choice: ChoiceBuilder, candidate: _Candidate) -> None:
        """Cite the sources of the answer. Segments of grounding count UTF-8 bytes of their part."""
        items: list[dict[str, Any]] = []
        if candidate.groundingMetadata:
            items.append({"groundingMetadata": candidate.groundingMetadata, "unit": "byte"})
        if candidate.citationMetadata:
            citations = candidate.citationMetadata.get("citations", candidate.citationMetadata.get("citationSources"))
            items += (cited := [item for item in list_of(citations) if isinstance(item, dict)])
            if not cited and any(candidate.citationMetadata.values()):
                self.emit(Raw(choice=choice.index, name="citationMetadata", data=candidate.citationMetadata))
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

    def has_content(self, value: dict[str, Any], *, known: bool) -> bool:
        return bool(value.get("candidates") or value.get("promptFeedback")) or (known and _is_early_shape(value))

    @staticmethod
    def _usage(usage: dict[str, Any]) -> Usage | None:
        """Return a usage in neutral terms; None if it only names the kind of traffic, as Vertex does at first."""
        prompt, of_tools, candidates, thoughts, cached, total = [plain_number(usage.get(name)) for name in COUNTS]
        if prompt is None and candidates is None and thoughts is None and total is None:
            return None
        if of_tools is not None:
            prompt = (prompt or 0) + of_tools
        output = (candidates or 0) + (thoughts or 0)
        return Usage(input=prompt, output=output, reasoning=thoughts, cache_read=cached, total=total, raw=usage)

    def _read_early_shape(self, event: _Event) -> None:
        self._has_early_shape = True
        choice = self.builder.choice(0)
        for part in self.objects(event.content, "content"):
            choice.text(self.text(part.get("text"), "content"))
        usage = dict_of(event.meta).get("usage")
        if isinstance(usage, dict):
            self.builder.count(Usage(total=plain_number(usage.get("tokens")), raw=usage))

    def finish(self) -> None:
        for kept in self._candidates.values():
            kept.end(whole=kept.choice.reason in ("stop", "tool_calls"))
        super().finish()

    @property
    def complete(self) -> bool:
        # The early shape does not mark its end: check at least that the last line is complete.
        return super().complete or (self._has_early_shape and self.line_ended)


def turn(message: Message) -> dict[str, Any]:
    """Return the model's content for `contents`: its parts, each with the signature that came with it."""
    parts = list(message.choice.native.get("parts", []))
    if not parts and message.text:
        parts = [{"text": message.text}]
    return {"role": "model", "parts": parts} if parts else {}


def _is_early_shape(value: dict[str, Any]) -> bool:
    """Return whether an event has the form of the first, unpublished streams: a list of texts, and `meta`."""
    content = value.get("content")
    return (
        "type" not in value
        and isinstance(content, list)
        and all(isinstance(part, dict) and isinstance(part.get("text"), str) for part in content)
        and isinstance(value.get("meta"), dict)
    )


def _has_parts(candidate: Any) -> bool:
    """Return whether a candidate has no content that is a text, and none of one part in place of a list."""
    content = dict_of(candidate).get("content")
    return not isinstance(content, str) and not isinstance(dict_of(content).get("parts"), (str, dict))


def _with_parts(candidate: Any) -> Any:
    """Return a candidate with a list of parts."""
    if _has_parts(candidate):
        return candidate
    content = candidate["content"]
    parts = {"parts": [content]} if isinstance(content, str) else content | {"parts": [content["parts"]]}
    return candidate | {"content": parts}


def _wrapped(value: dict[str, Any]) -> dict[str, Any] | None:
    """Return the event within an event of Code Assist: `{"response": …, "traceId": …}`; None for any other."""
    inner = value.get("response")
    if isinstance(inner, dict) and "type" not in value and (_has_key(inner) or error_in(inner, None) is not None):
        return inner
    return None


def _is_wrapped(value: dict[str, Any]) -> bool:
    inner = _wrapped(value)
    return inner is not None and _has_key(inner)


def _has_key(value: dict[str, Any]) -> bool:
    return any(key in value for key in KEYS)
