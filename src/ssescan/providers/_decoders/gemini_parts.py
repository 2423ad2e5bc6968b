"""The parts of a Gemini candidate: as blocks, and unchanged, because the next request must send them back unchanged.

Knows parts, and nothing of events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..block_builders import BlockBuilder, CallBuilder, MediaBuilder, ReasoningBuilder, TextBuilder
from ..format_decoder import text_or_raw
from ..json_values import arguments_of, compact, is_same_json, text_of
from ..parts import Raw, ToolCallDelta
from ..surrogates import joined
from .partial_arguments import PartialArguments

if TYPE_CHECKING:
    from ..format_decoder import FormatDecoder
    from ..message_builder import ChoiceBuilder

PARTS = (
    "text", "functionCall", "inlineData", "fileData", "executableCode", "codeExecutionResult", "toolCall",
    "toolResponse",
)  # fmt: skip
"""The fields that show the kind of a part. A part with none of them is kept as Raw."""

FUNCTION = ("id", "name", "args", "partialArgs", "willContinue")
"""The fields of a call that are read."""

KNOWN = {*PARTS, "thought", "thoughtSignature"}


class CandidateParts:
    """The parts of a candidate: as blocks, and as `plain` returns them for the next request.

    Pieces of text are joined, except pieces with a signature.
    """

    __slots__ = ("_by_id", "_call", "_decoder", "_values", "choice", "open", "parts")

    def __init__(self, choice: ChoiceBuilder, decoder: FormatDecoder) -> None:
        self.choice = choice
        self._decoder = decoder
        self.parts: list[dict[str, Any] | Span | CallBuilder] = []
        self.open: BlockBuilder | None = None  # the block that the last span belongs to, if more text may extend it
        self._call: CallBuilder | None = None  # one whose arguments are streamed
        self._values = PartialArguments()  # of that call
        self._by_id: dict[str, CallBuilder] = {}
        choice.native["parts"] = self

    def add(self, part: Any) -> None:
        if isinstance(part, str):
            part = {"text": part}
        if not isinstance(part, dict):
            self._values.lost = True  # of the call that goes on, if there is one
            self.choice.emit(Raw(choice=self.choice.index, name="part", data=part))
            return
        text = part.get("text")
        if isinstance(text, (int, float)):
            text = self._decoder.text(text, "text")
            part = part | {"text": text}
        if type(text) is str and text and len(part) == 1:
            # Most parts of a stream.
            block: Any = self.choice.last(TextBuilder)
            if block is not self.open:
                self._span(block)
            self.choice.emit(block.delta(text))
            return
        signature = text_or_raw(part.get("thoughtSignature"), "thoughtSignature", self.choice.emit)
        kinds = [name for name in PARTS if part.get(name) is not None]
        if len(kinds) > 1:
            self._split(part, kinds)
            return
        kind = kinds[0] if kinds else None
        # An unknown field beside a known one: keep it, and send it back with its part.
        beside = {name: value for name, value in part.items() if name not in KNOWN} if kind else {}
        if kind == "text" and isinstance(text, str):
            self._text(text, part, signature, beside)
        elif kind == "functionCall" and isinstance(part["functionCall"], dict):
            self._function(part["functionCall"], signature, beside)
        else:
            self.open = None
            self._values.lost |= kind == "functionCall"
            block = self._other(kind, part) if kind and isinstance(part.get(kind), dict) else None
            if block is None:
                name = next((name for name in part if name not in ("thought", "thoughtSignature")), "part")
                block = self.choice.raw(name, part)
            self.parts.append(part)
            block.sign(signature)
        for name, value in beside.items():
            self.choice.emit(Raw(choice=self.choice.index, name=name, data={name: value}))

    def _split(self, part: dict[str, Any], kinds: list[str]) -> None:
        """Add a part of several kinds as one part for each; the last has what stands beside them, the signature too."""
        kinds = [kind for kind in kinds if part[kind] != ""]
        rest = {name: value for name, value in part.items() if name not in PARTS}
        for kind in kinds[:-1]:
            self.add({kind: part[kind]} | ({"thought": True} if part.get("thought") is True else {}))
        self.add({kinds[-1]: part[kinds[-1]]} | rest)

    def _span(self, block: Any, signature: str = "", beside: dict[str, Any] | None = None) -> None:
        self.open = None if signature or beside else block
        before = self.parts[-1] if self.parts else None
        if isinstance(before, Span) and before.block is block:
            before.stop = block.size
        self.parts.append(Span(block, block.size, signature, beside or {}))

    def _text(self, text: str, part: dict[str, Any], signature: str, beside: dict[str, Any]) -> None:
        choice = self.choice
        thought = part.get("thought")
        kind: type[Any] = ReasoningBuilder if thought is True else TextBuilder
        if thought and thought is not True:
            self.choice.emit(Raw(choice=choice.index, name="thought", data=thought))
        # The signature in an empty text belongs to the block before it.
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
        self._decoder.keep_rest(function, FUNCTION, self.choice.index)
        goes_on = function.get("willContinue") is True
        partial = function.get("partialArgs")
        if not function and self._call is None:
            return  # the end of a call that has ended
        if name or self._call is None:
            self.end(whole=True)
            id = function.get("id")
            whole = not (partial or goes_on)
            if whole and isinstance(id, str) and id and self._repeats(id, name, function, signature, beside):
                return
            call = self._call = CallBuilder(self.choice, text_of(id) or None, name)
            if isinstance(id, str):
                call.native["id"] = id  # the next request has to send it back, even if it is empty
                self._by_id[id] = call
            self._values = PartialArguments()
            call.native |= {"signature": signature, "beside": beside}
            self.parts.append(call)
            if function.get("args") is not None:
                self._values.tree = function["args"]
        call, values = self._call, self._values
        if not partial and not goes_on:
            self.end(whole=True, own=True)
        call.sign(signature)
        if not partial:
            return
        if isinstance(partial, list):
            call.start()
            call.emit_part(ToolCallDelta, partial=partial)
            for value in partial:
                values.add(value)
        else:
            self.choice.emit(Raw(choice=self.choice.index, name="partialArgs", data=partial))
            values.lost = True
        if not goes_on:
            self.end(whole=True, own=True)

    def _repeats(self, id: str, name: str, function: dict[str, Any], signature: str, beside: dict[str, Any]) -> bool:
        """Return whether a call was sent before, under the same id; keep what is new about it.

        R20 of docs/rules.md: a signature comes with one of the two.
        """
        call = self._by_id.get(id)
        args = {} if function.get("args") is None else function["args"]
        if call is None or call.name != name or not is_same_json(call.native["args"], args):
            return False
        call.native["beside"] |= beside
        if signature and not call.signed:
            call.native["signature"] = signature
            call.sign(signature)
        elif signature and signature != call.signed:
            self.choice.emit(Raw(choice=self.choice.index, block=call.number, name="thoughtSignature", data=signature))
        return True

    def end(self, *, whole: bool, own: bool = False) -> None:
        """End the open call. If its `own` end is missing, the next call or the finish reason ends it.

        Without that end, and without any argument, nothing shows that the call is whole.
        """
        call, values = self._call, self._values
        if call is None:
            return
        self._call = None
        values.close()
        call.native["args"] = values.tree
        if values.tree != {}:
            call.whole = arguments_of(values.tree)
        call.end(cut=not whole or values.lost or not (own or call.whole))

    def _other(self, kind: str, part: dict[str, Any]) -> Any:
        choice, it = self.choice, part[kind]
        id = text_of(it.get("id")) or None
        if kind == "codeExecutionResult":
            return choice.result(id, "code_execution", it, error=it.get("outcome") != "OUTCOME_OK")
        if kind in ("inlineData", "fileData"):
            mime = text_of(it.get("mimeType"))
            media = MediaBuilder.begin(choice, mime or None, in_pieces=mime.startswith("audio/"))
            media.add(text_of(it.get("data")), url=text_of(it.get("fileUri")))
            return media
        if kind not in ("executableCode", "toolCall"):
            return choice.result(id, text_of(it.get("toolType")) or None, it.get("response"))
        if kind == "executableCode":
            name, asked = "code_execution", {key: value for key, value in it.items() if key != "id"}
        else:
            name, asked = text_of(it.get("toolType")), it.get("args")
        call = CallBuilder(choice, id, name, server=True, kind=name or "tool")
        call.whole = compact(asked) if asked else ""
        call.end()
        return call

    def plain(self) -> list[dict[str, Any]]:
        """Return the parts for `contents`."""
        texts: dict[int, str] = {}
        made: list[dict[str, Any]] = []
        for part in self.parts:
            if isinstance(part, dict):
                made.append(part)
            elif isinstance(part, Span):
                block = part.block
                if block.number not in texts:
                    texts[block.number] = block.pieces
                text = joined(texts[block.number][part.start : part.stop])
                if text or part.signature or part.beside:
                    thought = {"thought": True} if isinstance(block, ReasoningBuilder) else {}
                    made.append({"text": text} | thought | _signed(part.signature) | part.beside)
            elif part.ended and not part.cut:
                native = part.native
                id = {"id": native["id"]} if "id" in native else {}
                function = {"functionCall": id | {"name": part.name, "args": native["args"]}}
                made.append(function | _signed(native["signature"]) | native["beside"])
        return made


def _signed(signature: str) -> dict[str, Any]:
    return {"thoughtSignature": signature} if signature else {}


class Span:
    """A range of a block's text that arrived as one part, or as several parts without signatures."""

    __slots__ = ("beside", "block", "signature", "start", "stop")

    def __init__(self, block: Any, start: int, signature: str, beside: dict[str, Any]) -> None:
        self.beside = beside
        self.block = block
        self.start = start
        self.stop: int | None = None
        self.signature = signature
