"""The content of a message of Chat Completions, in a delta or whole: text, reasoning, images, sound.

Knows what a message holds, and nothing of chunks and choices.
"""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING, Any

from ..block_builders import CallBuilder, MediaBuilder, ReasoningBuilder, RefusalBuilder, TextBuilder
from ..format_decoder import FormatDecoder
from ..json_values import arguments_of, dict_of, text_of
from ..parts import Raw
from ..surrogates import joined
from .chat_chunks import fragments

if TYPE_CHECKING:
    from ..message import Choice
    from ..message_builder import ChoiceBuilder
    from .chat_chunks import CallFragment, Delta


FLAT = ("reasoning_content", "reasoning", "reasoning_text", "thinking")
"""The names under which servers send reasoning as a text."""
TEXTS = ("text", "output_text")
THOUGHTS = ("thinking", "reasoning", "reasoning_text", "summary_text")
"""The types of content parts that are text, and reasoning."""
THOUGHT_FIELDS = ("thinking", "summary", "content", "text", "reasoning")
"""The fields of a part that may hold reasoning."""


class ContentDecoder(FormatDecoder):
    """The part of the decoder that makes blocks of content."""

    def reasoning(self, builder: ChoiceBuilder, delta: Delta) -> None:
        """Handle reasoning under all of its names; a piece that stands under several of them counts once."""
        pieces: list[str] = []
        for name in FLAT:
            value = getattr(delta, name)
            if value in (None, "", False):
                continue
            builder.native[name] = True
            if (piece := self._flat(value)) and piece not in pieces:
                pieces.append(piece)
                builder.reasoning(piece)
        said = bool(pieces)
        if delta.reasoning_details:
            said |= self.details(builder, delta.reasoning_details, flat=said)
        if delta.thinking_blocks:
            self._thinking_blocks(builder, delta.thinking_blocks, said=said)
        if delta.reasoning_opaque:
            builder.native["reasoning_opaque"] = delta.reasoning_opaque
            builder.latest(ReasoningBuilder).sign(delta.reasoning_opaque)

    def _flat(self, value: Any) -> str:
        if isinstance(value, dict) and value.get("content") is not None:
            value = value["content"]
        return self.text(value, "reasoning")

    def _thinking_blocks(self, builder: ChoiceBuilder, blocks: Any, *, said: bool) -> None:
        """Handle Anthropic's blocks within Chat: text, signatures, redacted blocks."""
        kept = builder.native.setdefault("thinking_blocks", _Details())
        for block in self.objects([blocks] if isinstance(blocks, dict) else blocks, "thinking_blocks"):
            if block.get("type") == "redacted_thinking":
                kept.add(block)
                builder.redacted(self.text(block.get("data"), "redacted_thinking"))
                continue
            text, signature = self.text(block.get("thinking"), "thinking_blocks"), text_of(block.get("signature"))
            thought = builder.latest_of.get(ReasoningBuilder)
            if signature and isinstance(thought, ReasoningBuilder) and text and text == thought.text:
                kept.add({**block, "thinking": ""} if kept.has_text else block)  # the whole of what was streamed
            else:
                kept.add(block)
                if not said:
                    builder.reasoning(text)
            if signature:
                latest = builder.latest(ReasoningBuilder)
                if latest.signed != signature:
                    latest.sign(signature)

    def content(self, builder: ChoiceBuilder, content: Any) -> None:
        """Handle content: a text, or a list of parts (Mistral, Databricks), or one part."""
        if isinstance(content, list):
            for part in content:
                self._part(builder, part)
        elif isinstance(content, dict):
            self._part(builder, content)
        else:
            builder.text(self.text(content, "content"))

    def _part(self, builder: ChoiceBuilder, part: Any) -> None:
        """Handle a part of content: text, reasoning, a refusal, an image, and other kinds."""
        kind = part.get("type") if isinstance(part, dict) else None
        if isinstance(part, str):
            builder.text(part)
        elif isinstance(part, dict) and kind in (None, *TEXTS) and isinstance(part.get("text"), (str, int, float)):
            builder.text(self.text(part["text"], "text"))
            self.keep_rest(part, ("text",), builder.index)
        elif kind in THOUGHTS:
            self.keep_rest(part, (*THOUGHT_FIELDS, "signature"), builder.index)
            for name in THOUGHT_FIELDS:
                self._thoughts(builder, part.get(name))
            if signature := text_of(part.get("signature")):
                builder.latest(ReasoningBuilder).sign(signature)
        elif kind == "refusal" and isinstance(part.get("refusal"), str):
            builder.refusal(part["refusal"])
            self.keep_rest(part, ("refusal",), builder.index)
        elif kind == "image_url":
            self.image(builder, part)
        else:
            self.emit(Raw(choice=builder.index, name=kind if isinstance(kind, str) else "content", data=part))

    def _thoughts(self, builder: ChoiceBuilder, thoughts: Any) -> None:
        if isinstance(thoughts, list):
            for thought in self.objects(thoughts, "thinking"):
                builder.reasoning(self.text(thought.get("text"), "thinking"))
                self.keep_rest(thought, ("text",), builder.index)
        else:
            builder.reasoning(self.text(thoughts, "thinking"))

    def not_streamed(self, builder: ChoiceBuilder, whole: Delta) -> Delta:
        """Return what a whole message adds to what was streamed of its choice.

        Some servers put the pieces of a text into messages: all but what was in deltas, and without a finish.
        """
        blocks = builder.blocks
        in_pieces = builder.native.setdefault("in_messages", not blocks) and builder.reason is None
        if not blocks:
            return whole
        text, thoughts = (
            plain(whole.content),
            next((self._flat(of) for name in FLAT if (of := getattr(whole, name))), ""),
        )
        self._reconcile(builder, TextBuilder, text, in_pieces)
        if TextBuilder in builder.latest_of:
            whole.content = None
        if ReasoningBuilder in builder.latest_of:
            self._reconcile(builder, ReasoningBuilder, thoughts, in_pieces)
            for name in (*FLAT, "thinking_blocks", "reasoning_opaque", "reasoning_details"):
                setattr(whole, name, None)
        if RefusalBuilder in builder.latest_of:
            whole.refusal = None
        if MediaBuilder in builder.latest_of:
            whole.audio = whole.images = None
        if any(isinstance(block, TextBuilder) and block.citations for block in blocks):
            whole.annotations = None
        if builder.calls:
            whole.tool_calls = [call for call in fragments(whole) if not _was_streamed(call, builder.calls)]
            whole.function_call = None
        return whole

    def _reconcile(self, builder: ChoiceBuilder, kind: type[Any], whole: str, in_pieces: bool) -> None:
        """Add the rest of a text that was not streamed; the whole one counts if they differ."""
        streamed: list[Any] = [block for block in builder.blocks if type(block) is kind]
        said = "".join([block.text for block in streamed])
        if not streamed or not whole or whole == said:
            return
        if whole.startswith(said):
            streamed[-1].add(whole[len(said) :])
        elif in_pieces:
            streamed[-1].add(whole)
        elif len(streamed) == 1:
            streamed[0].reconcile(whole)
        else:
            self.emit(Raw(choice=builder.index, name="message", data=whole))

    def details(self, builder: ChoiceBuilder, details: list[Any], *, flat: bool) -> bool:
        """Handle OpenRouter's reasoning_details; their text counts if there is no flat field beside them.

        Return whether they had a text that counts.
        """
        said = False
        kept = builder.native.setdefault("reasoning_details", _Details())
        for detail in self.objects(details, "reasoning_details"):
            kept.add(detail)
            if not flat:
                text = text_of(detail.get("text")) or text_of(detail.get("summary"))
                said |= bool(text)
                builder.reasoning(text)
            for key in ("signature", "data"):
                if signature := text_of(detail.get(key)):
                    id, fmt = text_of(detail.get("id")) or None, text_of(detail.get("format")) or None
                    builder.latest(ReasoningBuilder).sign(signature, id=id, fmt=fmt)
        return said

    def audio(self, builder: ChoiceBuilder, audio: dict[str, Any]) -> None:
        block: MediaBuilder = builder.keyed("audio", MediaBuilder, "audio/*")
        block.native |= {key: audio[key] for key in ("id", "expires_at") if audio.get(key)}
        self.keep_rest(audio, ("id", "expires_at", "data", "transcript"), builder.index)
        block.add(self.text(audio.get("data"), "audio"), transcript=self.text(audio.get("transcript"), "audio"))

    def image(self, builder: ChoiceBuilder, image: Any) -> None:
        where = dict_of(image).get("image_url")
        url = text_of(where if isinstance(where, str) else dict_of(where).get("url"))
        if not url:
            self.emit(Raw(choice=builder.index, name="image", data=image))
            return
        head, comma, data = url.partition(",")
        if comma and head.startswith("data:") and head.endswith(";base64"):
            block = MediaBuilder(builder, head[len("data:") : -len(";base64")] or None)
            block.add(data)
        else:
            block = MediaBuilder(builder, "image/*")
            block.add(url=url)
        block.native["image"] = image


class _Details:
    """reasoning_details as they are wanted back: the text of each joined, the rest as it came last."""

    __slots__ = ("_entries", "_texts")

    def __init__(self) -> None:
        self._entries: dict[Any, dict[str, Any]] = {}
        self._texts: dict[Any, dict[str, StringIO]] = {}

    def add(self, detail: dict[str, Any]) -> None:
        key = self._key(detail)
        entry = self._entries.setdefault(key, {})
        texts = self._texts.setdefault(key, {})
        for name, value in detail.items():
            if name in ("text", "summary", "thinking") and isinstance(value, str):
                entry.setdefault(name, "")
                texts.setdefault(name, StringIO(newline="\n")).write(value)
            elif value is not None or name not in entry:
                entry[name] = value

    def _key(self, detail: dict[str, Any]) -> Any:
        """Return the entry of a fragment: by its index, else its id; without both, the latest of its kind."""
        kind = detail.get("type") if isinstance(detail.get("type"), str) else None
        for name in ("index", "id"):
            if isinstance(value := detail.get(name), (int, str)):
                return name, value, kind
        last = next(reversed(self._entries), None)
        if last is not None and last[2] == kind and "data" not in detail and "signature" not in self._entries[last]:
            return last
        return "place", len(self._entries), kind

    @property
    def has_text(self) -> bool:
        return any(self._texts.values())

    def plain(self) -> list[dict[str, Any]]:
        return [
            entry | {name: joined(text.getvalue()) for name, text in self._texts[key].items()}
            for key, entry in self._entries.items()
        ]


def plain(content: Any) -> str:
    """Return the text of content: a text, or a list of parts, or one part."""
    if isinstance(content, list):
        return "".join([plain(part) for part in content])
    if isinstance(content, dict):
        return text_of(content.get("text")) if content.get("type") in (None, *TEXTS) else ""
    return text_of(content)


def _was_streamed(fragment: CallFragment, calls: list[CallBuilder]) -> bool:
    """Return whether a whole call was streamed before: the same id, or without ids the same name and arguments."""
    function = fragment.function
    if function is None:
        return False
    arguments = arguments_of(function.arguments)
    for call in calls:
        if fragment.id and call.id:
            if fragment.id == call.id:
                return True
        elif function.name == call.name and arguments in (call.text, call.arguments):
            return True
    return False


def reasoning_back(choice: Choice) -> dict[str, Any]:
    """Return the reasoning of a turn as signed reasoning came: under its names, with its signatures."""
    native = choice.native
    made: dict[str, Any] = {name: choice.reasoning for name in ("reasoning_text", "thinking") if native.get(name)}
    if "thinking_blocks" in native:
        made["thinking_blocks"] = list(native["thinking_blocks"])
    if "reasoning_opaque" in native:
        made["reasoning_opaque"] = native["reasoning_opaque"]
    return made
