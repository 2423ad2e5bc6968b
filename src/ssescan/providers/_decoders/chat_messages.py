"""The parts that a whole message of Chat Completions adds to those that were streamed of its choice (R26).

Only what is equal to what was streamed is a repetition, and adds nothing. Some servers put the pieces of a text into
messages: all but what was in deltas, and without a finish. Knows nothing of events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from ..block_builders import MediaBuilder, ReasoningBuilder, RefusalBuilder, TextBuilder
from ..json_values import dict_of, text_of
from ..parts import Raw
from ..surrogates import FLAT, joined
from .chat_chunks import called, fragments
from .chat_content import TEXTS, THOUGHTS, ContentDecoder, Details, is_said, plain, signatures_of, url_of

if TYPE_CHECKING:
    from typing import TypeAlias

    from ..message_builder import ChoiceBuilder
    from .chat_calls import ChatCall, ChatCalls
    from .chat_chunks import CallFragment, Delta

    Kind: TypeAlias = Literal["whole", "unsure", "growing", "pieces"]

REASONING = (*FLAT, "thinking_blocks", "reasoning_opaque", "reasoning_details")
"""The fields of a message that hold reasoning."""
CALLS = ("tool_calls", "function_call")


class WholeMessageDecoder(ContentDecoder):
    """The part of the decoder that compares whole messages with what was streamed."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._calls: dict[int, ChatCalls] = {}
        self._kinds: dict[int, Kind] = {}  # what the messages of each choice are

    def note_message(self, builder: ChoiceBuilder) -> None:
        """Note that a message comes, and whether it is the first content of its choice."""
        self._kinds.setdefault(builder.index, "whole" if builder.blocks else "unsure")

    def not_streamed(self, builder: ChoiceBuilder, whole: Delta, beside: Delta | None, *, ends: bool) -> Delta:
        """Return what a message has and the deltas had not.

        `beside`: the delta in the same choice, which was handled. `ends`: a finish reason comes with the message.
        """
        _drop_what_stands_in(beside, whole)
        if not builder.blocks and not self._calls.get(builder.index):
            _number_calls(whole)
            return whole
        has_thoughts = ReasoningBuilder in builder.latest_of
        lone = sum(map(bool, (whole.content, whole.refusal, *(getattr(whole, name) for name in REASONING)))) == 1
        self._content(builder, whole, ends=ends, lone=lone)
        if has_thoughts:
            self._reasoning(builder, whole, ends=ends, lone=lone)
        if RefusalBuilder in builder.latest_of:
            self._add_rest(builder, RefusalBuilder, self.text(whole.refusal, "refusal"), ends=ends, lone=lone)
            whole.refusal = None
        if whole.images:
            whole.images = [image for image in whole.images if self._is_new_image(builder, image)]
        if whole.annotations:
            whole.annotations = [of for of in whole.annotations if self.is_new(builder, "annotation", of)]
        self._sound(builder, whole)
        self._whole_calls(builder, whole, ends=ends)
        return whole

    def _in_pieces(self, builder: ChoiceBuilder) -> bool:
        return self._kinds.get(builder.index) != "whole" and builder.reason is None

    # Text and reasoning

    def _content(self, builder: ChoiceBuilder, whole: Delta, *, ends: bool, lone: bool) -> None:
        """Leave the parts of the content that add something: of kinds that were not streamed, and other images."""
        content, has = whole.content, builder.latest_of
        if TextBuilder in has:
            self._add_rest(builder, TextBuilder, plain(content), ends=ends, lone=lone)
        if not isinstance(content, (list, dict)):
            whole.content = None if TextBuilder in has and isinstance(content, str) else content
            return
        left: list[Any] = []
        refused: list[str] = []
        for part in content if isinstance(content, list) else [content]:
            it = dict_of(part)
            kind = it.get("type")
            if TextBuilder in has and (isinstance(part, str) or (it and kind in (None, *TEXTS))):
                self.keep_rest(it, ("text",), builder.index)
            elif kind == "refusal" and RefusalBuilder in has:
                refused.append(text_of(it.get("refusal")))
            elif (kind not in THOUGHTS or ReasoningBuilder not in has) and (
                kind != "image_url" or self._is_new_image(builder, part)
            ):
                left.append(part)
            elif kind in THOUGHTS:
                for signature in signatures_of(it):
                    if self.is_new(builder, "signature", signature):
                        builder.latest(ReasoningBuilder).sign(signature)
        if ReasoningBuilder in has:
            self._thoughts_in_parts(builder, content, ends=ends, lone=lone)
        self._add_rest(builder, RefusalBuilder, "".join(refused), ends=ends, lone=lone)
        whole.content = left or None

    def _thoughts_in_parts(self, builder: ChoiceBuilder, content: Any, *, ends: bool, lone: bool) -> None:
        parts = content if isinstance(content, list) else [content]
        thoughts = [part for part in parts if isinstance(part, dict) and part.get("type") in THOUGHTS]
        text = "".join(["".join(self.thoughts_of(builder, part)) for part in thoughts])
        self._add_rest(builder, ReasoningBuilder, text, ends=ends, lone=lone)

    def _reasoning(self, builder: ChoiceBuilder, whole: Delta, *, ends: bool, lone: bool) -> None:
        """Add the rest of the reasoning, and signatures that did not come."""
        given = whole.thinking_blocks
        blocks: list[dict[str, Any]] = [dict_of(of) for of in (given if isinstance(given, list) else [given])]
        details: list[dict[str, Any]] = [dict_of(of) for of in whole.reasoning_details or ()]
        texts = [self.flat(of) for name in FLAT if (of := getattr(whole, name))]
        texts.append("".join([text_of(block.get("thinking")) for block in blocks]))
        texts.append("".join([text_of(of.get("text")) or text_of(of.get("summary")) for of in details]))
        self._add_rest(builder, ReasoningBuilder, _reasoning_of(builder, texts), ends=ends, lone=lone)
        opaque = whole.reasoning_opaque
        if opaque and self.is_new(builder, "signature", opaque):
            builder.native["reasoning_opaque"] = opaque
            builder.latest(ReasoningBuilder).sign(opaque)
        for name, objects in (("thinking_blocks", blocks), ("reasoning_details", details)):
            self._signatures(builder, name, objects)
        for name in REASONING:
            setattr(whole, name, None)

    def _signatures(self, builder: ChoiceBuilder, name: str, objects: list[dict[str, Any]]) -> None:
        for it in objects:
            found = [signature for key in ("signature", "data") if (signature := text_of(it.get(key)))]
            new = [signature for signature in found if self.is_new(builder, "signature", signature)]
            if not new:
                continue
            kept = builder.native.setdefault(name, Details())
            texts = ("text", "summary", "thinking")
            kept.add({key: "" if key in texts else value for key, value in it.items()} if kept.has_text else it)
            if it.get("type") == "redacted_thinking":
                builder.redacted(new[0])
                continue
            id, fmt = text_of(it.get("id")) or None, text_of(it.get("format")) or None
            for signature in new:
                builder.latest(ReasoningBuilder).sign(signature, id=id, fmt=fmt)

    def _add_rest(self, builder: ChoiceBuilder, kind: type[Any], whole: str, *, ends: bool, lone: bool) -> None:
        """Add the rest of a text that was not streamed; the whole one counts if they differ.

        `lone`: the message has nothing else. Then a piece that comes twice at the start is not a repetition.
        """
        latest: Any = builder.latest_of.get(kind)
        if latest is None or not whole:
            return
        in_pieces, known = self._in_pieces(builder), self._kinds.get(builder.index)
        if in_pieces and known == "pieces" and not ends:
            latest.add(whole)
            return
        streamed = _text_before(latest, len(whole))
        if streamed is not None and whole.startswith(streamed):
            if streamed == whole and in_pieces and known == "unsure" and lone and not ends:
                self._kinds[builder.index] = "pieces"
                latest.add(whole)
                return
            if len(whole) > len(streamed) > 0 and known == "unsure":
                self._kinds[builder.index] = "growing"
            latest.add(whole[len(streamed) :])
        elif in_pieces:
            if known == "unsure":
                self._kinds[builder.index] = "pieces"
            latest.add(whole)
        elif latest.before is None:
            latest.reconcile(whole)
        else:
            self.emit(Raw(choice=builder.index, name="message", data=whole))

    # Images, sound, calls

    def _is_new_image(self, builder: ChoiceBuilder, image: Any) -> bool:
        url = url_of(image)
        return not url or self.is_new(builder, "image", url)

    def _sound(self, builder: ChoiceBuilder, whole: Delta) -> None:
        """Leave the sound that did not come."""
        block = builder.latest_of.get(MediaBuilder)
        if whole.audio is None or not isinstance(block, MediaBuilder):
            return
        sound = builder.keyed("audio", MediaBuilder, "audio/*") if "id" in block.native else None
        if sound is None:
            return
        audio = dict(whole.audio)
        for name, pieces in (("data", sound.data), ("transcript", sound.transcript)):
            text = text_of(audio.get(name))
            size = sum(map(len, pieces))
            if size and len(text) >= size and text.startswith("".join(pieces)):
                audio[name] = text[size:]
            elif size and text:
                del audio[name]
                self.emit(Raw(choice=builder.index, name="audio", data={name: text}))
        whole.audio = audio

    def _whole_calls(self, builder: ChoiceBuilder, whole: Delta, *, ends: bool) -> None:
        """Complete the calls that were streamed, and leave the others."""
        calls = self._calls.get(builder.index)
        if calls is None or not calls.all:
            _number_calls(whole)
            return
        in_pieces = self._in_pieces(builder) and not ends
        left: list[CallFragment] = []
        known = len(calls.all)
        for place, fragment in enumerate(fragments(whole)):
            name, arguments, _ = called(fragment)
            call = calls.of_whole(place, fragment.id, name, arguments)
            if call is not None:
                call.complete(name, arguments, in_pieces=in_pieces)
                self.attach_extra(call, fragment)
            else:
                if not fragment.id and name:
                    fragment.index = -1 - known - place  # that of no other call
                left.append(fragment)
        whole.tool_calls = left
        function = whole.function_call
        if function is not None:
            arguments = function.arguments if isinstance(function.arguments, str) else ""
            call = calls.of_whole(0, None, function.name, arguments)
            if call is not None:
                call.complete(function.name, arguments, in_pieces=in_pieces)
                whole.function_call = None

    def attach_extra(self, call: ChatCall, fragment: CallFragment) -> None:
        """Attach what Google puts beside a call: its signature."""
        if fragment.extra_content:
            call.native["extra_content"] = fragment.extra_content
            signature = text_of(dict_of(fragment.extra_content.get("google")).get("thought_signature"))
            if signature != call.signed:
                call.attach(signature)


def _text_before(latest: Any, most: int) -> str | None:
    """Return the text of a block and of those of its kind before it; None if it is surely longer than `most`.

    Each half of a character counts as one until it is joined.
    """
    pieces: list[str] = []
    size, block = 0, latest
    while block is not None:
        size += block.size
        if size > 2 * most:
            return None
        pieces.append(block.pieces)
        block = block.before
    return joined("".join(reversed(pieces)))


def _reasoning_of(builder: ChoiceBuilder, texts: list[str]) -> str:
    """Return the reasoning under all names as one text: what was streamed comes first, and nothing counts twice."""
    kept: list[str] = []
    for text in sorted(texts, key=len, reverse=True):
        if not is_said(text, kept):
            kept.append(text)
    if len(kept) > 1:
        streamed = _text_before(builder.latest_of[ReasoningBuilder], sum(map(len, kept)))
        kept.sort(key=lambda text: (streamed is None or not text.startswith(streamed), texts.index(text)))
    return "".join(kept)


def _number_calls(whole: Delta) -> None:
    """Add numbers to the calls of a message that has none: without ids, they would be taken for one."""
    for place, fragment in enumerate(fragments(whole)):
        if fragment.index is None and not fragment.id:
            fragment.index = place


def _drop_what_stands_in(beside: Delta | None, whole: Delta) -> None:
    """Remove from a message all that the delta beside it has too, by its kind."""
    if beside is None:
        return
    for names in (REASONING, CALLS, ("refusal",), ("annotations",), ("images",), ("audio",)):
        if any(getattr(beside, name) not in (None, "", [], {}) for name in names):
            for name in names:
                setattr(whole, name, None)
