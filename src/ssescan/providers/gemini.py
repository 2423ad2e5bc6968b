"""Google Gemini, streamGenerateContent, with `alt=sse` and without; and the early shape `content: [{text}]`.

Each event is a whole GenerateContentResponse, without a type or a name, and the stream just ends.
https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse
"""

from __future__ import annotations

import re
from io import StringIO
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import Struct

from .adapter import Adapter, error_of, plain_number, text_of
from .drafts import CallDraft, MediaDraft, ReasoningDraft, TextDraft, compact
from .parts import Citation, Logprobs, Raw, ToolCallDelta, Usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .drafts import BlockDraft, ChoiceDraft
    from .message import Message
    from .parts import FinishReason, Part

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
    modelVersion: str | None = None
    responseId: str | None = None
    promptFeedback: dict[str, Any] | None = None
    error: Any = None
    # The early shape.
    content: list[Any] | None = None
    meta: dict[str, Any] | None = None


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
"""The fields that say what a part is. One that has none of them is kept as Raw."""


class Gemini(Adapter):
    """Responses to parts."""

    api: ClassVar[str] = "gemini"
    event: ClassVar[type[Struct]] = _Event

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._candidates: dict[int, _Kept] = {}
        self._early = False

    def handle(self, event: _Event) -> Sequence[Part] | None:
        if event.error:
            self.draft.fail(error_of(event.error))
        elif event.content is not None:
            self._early_shape(event)
        elif event.candidates is None and event.usageMetadata is None and event.promptFeedback is None:
            if not (event.modelVersion or event.responseId):
                return None
        if not self.draft.started:
            self.draft.start(event.responseId, event.modelVersion)
        for candidate in event.candidates or ():
            self._candidate(candidate)
        if event.usageMetadata:
            self._count(event.usageMetadata)
        if event.promptFeedback and (blocked := text_of(event.promptFeedback.get("blockReason"))):
            choice = self.draft.choice(0)
            choice.raw_reason, choice.reason = f"PROMPT_BLOCKED:{blocked}", "content_filter"
            if message := event.promptFeedback.get("blockReasonMessage"):
                choice.details = {"blockReasonMessage": message}
        return self.draft.take()

    def _candidate(self, candidate: _Candidate) -> None:
        index = candidate.index or 0
        choice = self.draft.choice(index)
        kept = self._candidates.get(index)
        if kept is None:
            kept = self._candidates[index] = _Kept(choice)
        if candidate.content is not None:
            for part in candidate.content.parts or ():
                if isinstance(part, dict):
                    kept.take(part)
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

    def _reason(self, choice: ChoiceDraft) -> FinishReason:
        reason = REASONS.get(choice.raw_reason or "", "other")
        return "tool_calls" if reason == "stop" and choice.has_calls else reason

    def _logprobs(self, choice: ChoiceDraft, result: dict[str, Any]) -> None:
        chosen, top = _list(result.get("chosenCandidates")), _list(result.get("topCandidates"))
        if len(top) == len(chosen):
            chosen = [_dict(one) | {"topCandidates": _dict(of).get("candidates")} for one, of in zip(chosen, top, strict=True)]
        if chosen:
            self.emit(Logprobs(choice=choice.index, entries=chosen))

    def _sources(self, choice: ChoiceDraft, candidate: _Candidate) -> None:
        """Take what the answer rests on. Segments of grounding count UTF-8 bytes of their part."""
        items: list[dict[str, Any]] = []
        if candidate.groundingMetadata:
            items.append({"groundingMetadata": candidate.groundingMetadata, "unit": "byte"})
        if candidate.citationMetadata:
            citations = candidate.citationMetadata.get("citations", candidate.citationMetadata.get("citationSources"))
            items += [item for item in _list(citations) if isinstance(item, dict)]
        if items:
            if TextDraft in choice.latest_of:
                choice.latest(TextDraft).citations += items
            self.emit(Citation(choice=choice.index, items=items))
        if candidate.urlContextMetadata:
            self.emit(Raw(choice=choice.index, name="urlContextMetadata", data=candidate.urlContextMetadata))

    def _count(self, usage: dict[str, Any]) -> None:
        prompt, of_tools, candidates, thoughts, cached, total = (
            plain_number(usage.get(f"{name}TokenCount"))
            for name in ("prompt", "toolUsePrompt", "candidates", "thoughts", "cachedContent", "total")
        )
        if prompt is None and candidates is None and thoughts is None and total is None:
            return  # the first of Vertex may say only what kind of traffic it is
        self.draft.count(
            Usage(
                input=None if prompt is None and of_tools is None else (prompt or 0) + (of_tools or 0),
                output=(candidates or 0) + (thoughts or 0),
                reasoning=thoughts,
                cache_read=cached,
                total=total,
                raw=usage,
            )
        )

    def _early_shape(self, event: _Event) -> None:
        self._early = True
        choice = self.draft.choice(0)
        for part in event.content or ():
            choice.text(text_of(_dict(part).get("text")))
        usage = _dict(event.meta).get("usage")
        if isinstance(usage, dict):
            self.draft.count(Usage(total=plain_number(usage.get("tokens")), raw=usage))

    def finish(self) -> None:
        for choice in self.draft.choices.values():
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
    """The parts of a candidate: told of as blocks, and kept as they came, which is how they are wanted back.

    Pieces of text are joined, but never one that was signed with another.
    """

    __slots__ = ("_call", "_open", "_values", "choice", "parts")

    def __init__(self, choice: ChoiceDraft) -> None:
        self.choice = choice
        self.parts: list[dict[str, Any] | _Span | CallDraft] = []
        self._open: BlockDraft | None = None  # the block that the last span goes on with
        self._call: CallDraft | None = None  # one whose arguments are streamed
        self._values: _Values | None = None
        choice.native["parts"] = self

    def take(self, part: dict[str, Any]) -> None:
        text = part.get("text")
        if type(text) is str and text and len(part) == 1:
            # What streams are full of.
            block: Any = self.choice.last(TextDraft)
            if block is not self._open:
                self._span(block)
            self.choice.emit(block.delta(text))
            return
        signature = text_of(part.get("thoughtSignature"))
        kind = next((name for name in PARTS if part.get(name) is not None), None)
        if kind == "text":
            self._text(text_of(text), part, signature)
            return
        if kind == "functionCall" and isinstance(part["functionCall"], dict):
            self._function(part["functionCall"], part, signature)
            return
        self._open = None
        block = self._other(kind, part) if kind and isinstance(part.get(kind), dict) else None
        if block is None:
            name = next((name for name in part if name not in ("thought", "thoughtSignature")), "part")
            block = self.choice.raw(name, part)
        self.parts.append(part)
        block.sign(signature)

    def _span(self, block: Any, signature: str = "") -> None:
        self._open = None if signature else block
        before = self.parts[-1] if self.parts else None
        if isinstance(before, _Span) and before.block is block:
            before.stop = block.size
        self.parts.append(_Span(block, block.size, signature))

    def _text(self, text: str, part: dict[str, Any], signature: str) -> None:
        choice = self.choice
        kind: type[Any] = ReasoningDraft if part.get("thought") is True else TextDraft
        if text or not choice.blocks:
            block = choice.last(kind)
        else:
            block = choice.blocks[-1]  # an empty text brings a signature for what came before it
        if isinstance(block, (TextDraft, ReasoningDraft)):
            if signature or block is not self._open:
                self._span(block, signature)
            block.add(text)
        elif signature:
            self.parts.append({"text": "", "thoughtSignature": signature})
        block.sign(signature)

    def _function(self, function: dict[str, Any], part: dict[str, Any], signature: str) -> None:
        self._open = None
        name, goes_on = text_of(function.get("name")), function.get("willContinue") is True
        partial = function.get("partialArgs")
        if not function and self._call is None:
            return  # the end of a call that has ended
        if name or self._call is None:
            self.end(whole=True)
            call = self._call = CallDraft(self.choice, text_of(function.get("id")) or None, name)
            self._values = _Values()
            call.native["signature"] = signature
            self.parts.append(call)
            if isinstance(function.get("args"), dict):
                self._values.tree = function["args"]
        call, values = self._call, self._values
        if not goes_on and not partial:
            self.end(whole=True)
        call.sign(signature)
        if isinstance(partial, list) and partial and values is not None:
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
        if values.tree:
            call.whole = compact(values.tree)
        call.end(cut=not whole or values.lost)

    def _other(self, kind: str, part: dict[str, Any]) -> Any:
        choice, it = self.choice, part[kind]
        id = text_of(it.get("id")) or None
        if kind in ("inlineData", "fileData"):
            media = text_of(it.get("mimeType")) or None
            latest: Any = choice.blocks[-1] if choice.blocks else None
            joins = isinstance(latest, MediaDraft) and latest.media == media and (media or "").startswith("audio/")
            block = latest if joins else MediaDraft(choice, media)  # speech comes in many parts
            block.add(text_of(it.get("data")), url=text_of(it.get("fileUri")))
        elif kind in ("executableCode", "toolCall"):
            name = "code_execution" if kind == "executableCode" else text_of(it.get("toolType"))
            block = CallDraft(choice, id, name, server=True)
            asked = {key: value for key, value in it.items() if key != "id"} if kind == "executableCode" else it.get("args")
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
        """Give the parts for `contents`."""
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
                if text or part.signature:
                    made.append(
                        {"text": text}
                        | ({"thought": True} if isinstance(block, ReasoningDraft) else {})
                        | ({"thoughtSignature": part.signature} if part.signature else {})
                    )
            elif part.ended and not part.cut:
                function = {"id": part.id} if part.id else {}
                signature = part.native["signature"]
                made.append(
                    {"functionCall": function | {"name": part.name, "args": part.native["args"]}}
                    | ({"thoughtSignature": signature} if signature else {})
                )
        return made


class _Span:
    """A run of a block's text, that was one part, or several unsigned ones."""

    __slots__ = ("block", "signature", "start", "stop")

    def __init__(self, block: Any, start: int, signature: str) -> None:
        self.block = block
        self.start = start
        self.stop: int | None = None
        self.signature = signature


class _Values:
    """The arguments of a call, put together from the values of paths in them (`partialArgs`)."""

    __slots__ = ("_path", "_pieces", "lost", "tree")

    def __init__(self) -> None:
        self.tree: Any = {}
        self.lost = False  # something could not be put in its place
        self._path: str | None = None  # of a string that goes on
        self._pieces = StringIO(newline="\n")

    def add(self, value: Any) -> None:
        """Put a value in its place; a piece of a string that goes on waits for the rest of it."""
        if not isinstance(value, dict) or not isinstance(path := value.get("jsonPath"), str):
            self.lost = True
            return
        if isinstance(text := value.get("stringValue"), str):
            if path != self._path:
                self.close()
                self._path = path
            self._pieces.write(text)
            if value.get("willContinue") is not True:
                self.close()
            return
        self.close()
        if isinstance(value.get("boolValue"), bool):
            self._put(path, value["boolValue"])
        elif isinstance(value.get("numberValue"), (int, float)):
            self._put(path, value["numberValue"])
        elif "nullValue" in value:
            self._put(path, None)

    def close(self) -> None:
        """Put the string that went on in its place."""
        if self._path is not None:
            path, self._path = self._path, None
            text, self._pieces = self._pieces.getvalue(), StringIO(newline="\n")
            self._put(path, text)

    def _put(self, path: str, value: Any) -> None:
        steps = _steps(path)
        if not steps or not isinstance(steps[0], str):
            self.lost = True
            return
        place: Any = self.tree
        for step, following in zip(steps, [*steps[1:], None], strict=True):
            new: Any = value if following is None else {} if isinstance(following, str) else []
            if isinstance(step, str) and isinstance(place, dict):
                if following is None or step not in place:
                    place[step] = new
            elif isinstance(step, int) and isinstance(place, list) and step <= len(place):
                if step == len(place):
                    place.append(new)
                elif following is None:
                    place[step] = new
            else:
                self.lost = True  # a list with a gap, a field of what is no object
                return
            place = place[step]


STEP = re.compile(r"""\.([^.\[\]]+)|\[(\d{1,9})\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]""")
DEEPEST = 100  # steps of a path


def _steps(path: str) -> list[str | int] | None:
    """Split a path such as `$.a[0].b`; None where it is none, or too deep."""
    steps: list[str | int] = []
    at = 1
    while at < len(path):
        step = STEP.match(path, at)
        if step is None or len(steps) == DEEPEST:
            return None
        steps.append(int(step[2]) if step[2] is not None else step[1] or re.sub(r"\\(.)", r"\1", step[3] or step[4] or ""))
        at = step.end()
    return steps if path[:1] == "$" else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def turn(message: Message) -> dict[str, Any]:
    """Give the model's content for `contents`: its parts, each with the signature that came on it."""
    parts: list[dict[str, Any]] = message.choice.native.get("parts", [])
    return {"role": "model", "parts": parts or ([{"text": message.text}] if message.text else [])}
