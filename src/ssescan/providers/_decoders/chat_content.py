"""The content of a message of Chat Completions, in a delta or whole: text, reasoning, images, sound.

Knows what a message holds, and nothing of chunks and choices.
"""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING, Any

from ..block_builders import MediaBuilder, ReasoningBuilder, TextBuilder
from ..format_decoder import FormatDecoder
from ..json_values import compact, dict_of, text_of
from ..parts import Raw
from ..surrogates import FLAT, THOUGHT_FIELDS, joined

if TYPE_CHECKING:
    from ..message import Choice
    from ..message_builder import ChoiceBuilder
    from .chat_chunks import Delta

TEXTS = ("text", "output_text")
THOUGHTS = ("thinking", "reasoning", "reasoning_text", "summary_text")
"""The types of content parts that are text, and reasoning."""


class ContentDecoder(FormatDecoder):
    """The part of the decoder that makes blocks of content."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._came: set[tuple[int, str, int]] = set()  # what a whole message may repeat, by its hash

    def is_new(self, builder: ChoiceBuilder, kind: str, value: Any) -> bool:
        """Note a signature, an image or an annotation; return whether it comes for the first time."""
        key = (builder.index, kind, hash(value if isinstance(value, str) else compact(value)))
        if key in self._came:
            return False
        self._came.add(key)
        return True

    def sign(self, builder: ChoiceBuilder, signature: str, **fields: Any) -> None:
        """Attach a signature to the reasoning that came last."""
        self.is_new(builder, "signature", signature)
        builder.latest(ReasoningBuilder).sign(signature, **fields)

    def reasoning(self, builder: ChoiceBuilder, delta: Delta) -> list[str]:
        """Handle reasoning under all of its names; a piece that stands under several of them counts once.

        Return the pieces.
        """
        pieces: list[str] = []
        for name in FLAT:
            value = getattr(delta, name)
            if value is None or value is False or value == "":
                continue
            builder.native[name] = True
            if (piece := self.flat(value)) and piece not in pieces:
                pieces.append(piece)
                builder.reasoning(piece)
        if delta.reasoning_details:
            self.details(builder, delta.reasoning_details, pieces)
        if delta.thinking_blocks:
            self._thinking_blocks(builder, delta.thinking_blocks, pieces)
        if delta.reasoning_opaque:
            builder.native["reasoning_opaque"] = delta.reasoning_opaque
            self.sign(builder, delta.reasoning_opaque)
        return pieces

    def flat(self, value: Any) -> str:
        """Return the reasoning of a field: a text, or an object that has one."""
        if isinstance(value, dict) and value.get("content") is not None:
            self.keep_rest(value, ("content",))
            value = value["content"]
        return self.text(value, "reasoning")

    def _thinking_blocks(self, builder: ChoiceBuilder, blocks: Any, pieces: list[str]) -> None:
        """Handle Anthropic's blocks within Chat: text, signatures, redacted blocks. `pieces`: see details()."""
        said = list(pieces)
        kept = builder.native.setdefault("thinking_blocks", Details())
        for block in self.objects([blocks] if isinstance(blocks, dict) else blocks, "thinking_blocks"):
            if block.get("type") == "redacted_thinking":
                kept.add(block)
                builder.redacted(self.text(block.get("data"), "redacted_thinking"))
                continue
            text, signature = self.text(block.get("thinking"), "thinking_blocks"), text_of(block.get("signature"))
            if signature and text and _is_text_of(builder.latest_of.get(ReasoningBuilder), text):
                kept.add({**block, "thinking": ""} if kept.has_text else block)  # the whole of what was streamed
            else:
                kept.add(block)
                if not is_said(text, said):
                    pieces.append(text)
                    builder.reasoning(text)
            if signature:
                latest = builder.latest(ReasoningBuilder)
                if latest.signed != signature:
                    self.sign(builder, signature)

    def content(self, builder: ChoiceBuilder, content: Any, thoughts: list[str]) -> None:
        """Handle content: a text, or a list of parts (Mistral, Databricks), or one part.

        `thoughts`: the reasoning beside it, which a part may repeat.
        """
        if isinstance(content, list):
            for part in content:
                self._part(builder, part, thoughts)
        elif isinstance(content, dict):
            self._part(builder, content, thoughts)
        else:
            builder.text(self.text(content, "content"))

    def _part(self, builder: ChoiceBuilder, part: Any, thoughts: list[str]) -> None:
        """Handle a part of content: text, reasoning, a refusal, an image, and other kinds."""
        kind = part.get("type") if isinstance(part, dict) else None
        if isinstance(part, str):
            builder.text(part)
        elif isinstance(part, dict) and kind in (None, *TEXTS) and isinstance(part.get("text"), (str, int, float)):
            builder.text(self.text(part["text"], "text"))
            self.keep_rest(part, ("text",), builder.index)
        elif kind in THOUGHTS:
            self.keep_rest(part, (*THOUGHT_FIELDS, "signature"), builder.index)
            for piece in self.thoughts_of(builder, part):
                if piece not in thoughts:
                    builder.reasoning(piece)
            for signature in signatures_of(part):
                self.sign(builder, signature)
        elif kind == "refusal" and isinstance(part.get("refusal"), str):
            builder.refusal(part["refusal"])
            self.keep_rest(part, ("refusal",), builder.index)
        elif kind == "image_url":
            self.image(builder, part)
        else:
            self.emit(Raw(choice=builder.index, name=kind if isinstance(kind, str) else "content", data=part))

    def thoughts_of(self, builder: ChoiceBuilder, part: dict[str, Any]) -> list[str]:
        """Return the reasoning of a part, from all of its fields; what stands in several of them counts once."""
        pieces: list[str] = []
        for name in THOUGHT_FIELDS:
            thoughts = part.get(name)
            if thoughts is None:
                continue
            texts: list[str] = []
            for thought in thoughts if isinstance(thoughts, list) else [thoughts]:
                if isinstance(thought, dict):
                    self.keep_rest(thought, ("text", "signature"), builder.index)
                text = thought.get("text") if isinstance(thought, dict) else thought
                texts.append(self.text(text, "thinking"))
            if (piece := "".join(texts)) and piece not in pieces:
                pieces.append(piece)
        return pieces

    def details(self, builder: ChoiceBuilder, details: list[Any], pieces: list[str]) -> None:
        """Handle OpenRouter's reasoning_details; their text counts if no field beside them has it.

        `pieces`: the reasoning of those; what counts is added.
        """
        said = list(pieces)
        kept = builder.native.setdefault("reasoning_details", Details())
        for detail in self.objects(details, "reasoning_details"):
            kept.add(detail)
            text = self._text_of_detail(detail)
            if not is_said(text, said):
                pieces.append(text)
                builder.reasoning(text)
            for key in ("signature", "data"):
                if signature := text_of(detail.get(key)):
                    id, fmt = text_of(detail.get("id")) or None, text_of(detail.get("format")) or None
                    self.sign(builder, signature, id=id, fmt=fmt)

    def _text_of_detail(self, detail: dict[str, Any]) -> str:
        pieces = (detail[name] for name in ("text", "summary") if detail.get(name) not in (None, "", False))
        return next((self.text(piece, "reasoning_details") for piece in pieces), "")

    def cite(self, builder: ChoiceBuilder, annotations: list[Any]) -> None:
        """Attach annotations to the text that came last."""
        items = self.objects(annotations, "annotations")
        for item in items:
            self.is_new(builder, "annotation", item)
        builder.latest(TextBuilder).cite([item | {"unit": "char"} for item in items])

    def audio(self, builder: ChoiceBuilder, audio: dict[str, Any]) -> None:
        block: MediaBuilder = builder.keyed("audio", MediaBuilder, "audio/*")
        block.native |= {key: audio[key] for key in ("id", "expires_at") if audio.get(key)}
        self.keep_rest(audio, ("id", "expires_at", "data", "transcript"), builder.index)
        block.add(self.text(audio.get("data"), "audio"), transcript=self.text(audio.get("transcript"), "audio"))

    def image(self, builder: ChoiceBuilder, image: Any) -> None:
        url = url_of(image)
        if not url:
            self.emit(Raw(choice=builder.index, name="image", data=image))
            return
        self.is_new(builder, "image", url)
        head, comma, data = url.partition(",")
        if comma and head.startswith("data:") and head.endswith(";base64"):
            block = MediaBuilder(builder, head[len("data:") : -len(";base64")] or None)
            block.add(data)
        else:
            block = MediaBuilder(builder, "image/*")
            block.add(url=url)
        block.native["image"] = image


class Details:
    """reasoning_details for the next request: the pieces of each text joined, the last value of any other field."""

    __slots__ = ("_entries", "_texts", "has_text")

    def __init__(self) -> None:
        self.has_text: bool = False
        self._entries: dict[Any, dict[str, Any]] = {}
        self._texts: dict[Any, dict[str, StringIO]] = {}

    def add(self, detail: dict[str, Any]) -> None:
        key = self._key(detail)
        entry = self._entries.setdefault(key, {})
        texts = self._texts.setdefault(key, {})
        for name, value in detail.items():
            if name in ("text", "summary", "thinking") and isinstance(value, str):
                entry.setdefault(name, "")
                self.has_text = True
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

    def plain(self) -> list[dict[str, Any]]:
        return [
            entry | {name: joined(text.getvalue()) for name, text in self._texts[key].items()}
            for key, entry in self._entries.items()
        ]


def url_of(image: Any) -> str:
    """Return the URL of an image; "" if it has none."""
    where = dict_of(image).get("image_url")
    return text_of(where if isinstance(where, str) else dict_of(where).get("url"))


def signatures_of(part: dict[str, Any]) -> list[str]:
    """Return the signatures of a part of reasoning, and of its summary (Databricks)."""
    inner = [thought for name in THOUGHT_FIELDS if isinstance(thoughts := part.get(name), list) for thought in thoughts]
    found = (text_of(dict_of(thought).get("signature")) for thought in (part, *inner))
    return [signature for signature in found if signature]


def is_said(text: str, pieces: list[str]) -> bool:
    """Return whether a text is one of the pieces, or a part of one, but for the space around it."""
    return any(text.strip() in piece for piece in pieces) if text else True


def _is_text_of(block: Any, text: str) -> bool:
    """Return whether a block of reasoning has this text. A long block is not joined to see that it has not."""
    return block is not None and len(text) <= block.size <= 2 * len(text) and text == block.text


def says_text(delta: Delta) -> bool:
    """Return whether a delta has content in the narrow sense."""
    return delta.content not in (None, "", [], {})


def plain(content: Any) -> str:
    """Return the text of content: a text, or a list of parts, or one part."""
    if isinstance(content, list):
        return "".join([plain(part) for part in content])
    if isinstance(content, dict):
        return text_of(content.get("text")) if content.get("type") in (None, *TEXTS) else ""
    return text_of(content)


def reasoning_back(choice: Choice) -> dict[str, Any]:
    """Return the reasoning of a turn as signed reasoning came: under its names, with its signatures."""
    native = choice.native
    made: dict[str, Any] = {name: choice.reasoning for name in ("reasoning_text", "thinking") if native.get(name)}
    if "thinking_blocks" in native:
        made["thinking_blocks"] = list(native["thinking_blocks"])
    if "reasoning_opaque" in native:
        made["reasoning_opaque"] = native["reasoning_opaque"]
    return made
