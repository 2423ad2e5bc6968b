"""The content of a message of Chat Completions, in a delta or whole: text, reasoning, images, sound.

Knows what a message holds, and nothing of chunks and choices.
"""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING, Any

from ..block_builders import MediaBuilder, ReasoningBuilder
from ..format_decoder import FormatDecoder
from ..json_values import dict_of, text_of
from ..parts import Raw

if TYPE_CHECKING:
    from ..message_builder import ChoiceBuilder


class ContentDecoder(FormatDecoder):
    """The part of the decoder that makes blocks of content."""

    def flat(self, value: str | dict[str, Any] | None) -> str:
        if isinstance(value, dict) and isinstance(value.get("content"), str):
            value = value["content"]
        return self.text(value, "reasoning")

    def content(self, builder: ChoiceBuilder, parts: list[Any]) -> None:
        """Handle content that is a list (Mistral): text, thinking, images, and other kinds."""
        for part in parts:
            kind = part.get("type") if isinstance(part, dict) else None
            if isinstance(part, str):
                builder.text(part)
            elif kind == "text" and isinstance(part.get("text"), str):
                builder.text(part["text"])
            elif kind == "thinking":
                thoughts = part.get("thinking")
                if isinstance(thoughts, str):
                    builder.reasoning(thoughts)
                else:
                    for thought in self.objects(thoughts, "thinking"):
                        builder.reasoning(self.text(thought.get("text"), "thinking"))
            elif kind == "image_url":
                self.image(builder, part)
            else:
                self.emit(Raw(choice=builder.index, name=kind if isinstance(kind, str) else "content", data=part))

    def details(self, builder: ChoiceBuilder, details: list[Any], *, flat: bool) -> None:
        """Handle OpenRouter's reasoning_details; their text counts if there is no flat field beside them."""
        kept = builder.native.setdefault("reasoning_details", _Details())
        for detail in self.objects(details, "reasoning_details"):
            kept.add(detail)
            if not flat:
                builder.reasoning(text_of(detail.get("text")) or text_of(detail.get("summary")))
            for key in ("signature", "data"):
                if signature := text_of(detail.get(key)):
                    id, fmt = text_of(detail.get("id")) or None, text_of(detail.get("format")) or None
                    builder.latest(ReasoningBuilder).sign(signature, id=id, fmt=fmt)

    def audio(self, builder: ChoiceBuilder, audio: dict[str, Any]) -> None:
        block: MediaBuilder = builder.keyed("audio", MediaBuilder, "audio/*")
        block.native |= {key: audio[key] for key in ("id", "expires_at") if audio.get(key)}
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
            if name in ("text", "summary") and isinstance(value, str):
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

    def plain(self) -> list[dict[str, Any]]:
        return [
            entry | {name: text.getvalue() for name, text in self._texts[key].items()}
            for key, entry in self._entries.items()
        ]
