"""Reasoning between tags in the text, as local DeepSeek and Qwen models write it: `<think>…</think>`, and the answer.

The option `think_tags` (R33 of docs/rules.md). Parts and messages are read as if there were no tags, and changed here
on their way out: the format decoders know nothing of it, and a stream without the option pays nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from msgspec.structs import replace

from .message import Choice, ReasoningBlock, TextBlock
from .parts import End, Finish, Part, ReasoningDelta, TextDelta

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .message import Block, Message

OPENING, CLOSING = "<think>", "</think>"
MAX_SPACE = 64
"""The most white space that may stand before the opening tag, characters."""
Kind = Literal["text", "reasoning"]


def checked_think_tags(think_tags: Any) -> bool | Literal["open"]:
    """Return `think_tags` as it was passed. TypeError, ValueError if it is not True, False or "open"."""
    if isinstance(think_tags, bool) or think_tags == "open":
        return think_tags  # type: ignore[no-any-return]
    expected = f'think_tags must be True, False or "open", not {think_tags!r}'
    raise ValueError(expected) if isinstance(think_tags, str) else TypeError(expected)


class Tags:
    """The text of one answer, piece by piece: what is between the tags, and what comes after.

    Three states: before the opening tag, between the tags, after. A piece that may be the beginning of a tag waits.
    `open`: the text begins between the tags, since the opening one is in the prompt.
    """

    __slots__ = ("_open", "_state", "_waiting")

    def __init__(self, *, open: bool) -> None:
        self._open = open
        self._state: Literal["before", "between", "after"] = "before"
        self._waiting = ""

    def feed(self, text: str) -> list[tuple[Kind, str]]:
        """Return what a piece of text is, without the tags."""
        if self._state == "after":
            return [("text", text)]
        text, self._waiting = self._waiting + text, ""
        if self._state == "before":
            begun = text.lstrip()
            if len(text) - len(begun) > MAX_SPACE:
                begun = text  # an answer does not start with so much space
            if OPENING.startswith(begun):  # white space alone, too
                if begun != OPENING:
                    self._waiting = text
                    return []
                text = ""
            elif begun.startswith(OPENING):
                text = begun[len(OPENING) :]
            elif not self._open:
                self._state = "after"
                return [("text", text)]
            self._state = "between"
        return self._between(text)

    def _between(self, text: str) -> list[tuple[Kind, str]]:
        thought, tag, rest = text.partition(CLOSING)
        if tag:
            self._state = "after"
        else:
            kept = next((size for size in range(len(CLOSING) - 1, 0, -1) if text.endswith(CLOSING[:size])), 0)
            thought, self._waiting = text[: len(text) - kept], text[len(text) - kept :]
        found: list[tuple[Kind, str]] = [("reasoning", thought), ("text", rest)]
        return [(kind, piece) for kind, piece in found if piece]

    def close(self) -> list[tuple[Kind, str]]:
        """Return what still waits: it was not a tag."""
        waiting, self._waiting = self._waiting, ""
        kind: Kind = "reasoning" if self._state == "between" or (self._open and waiting.strip()) else "text"
        return [(kind, waiting)] if waiting else []


class _Choice:
    """The parts of one choice: its tags, and how far its blocks moved."""

    __slots__ = ("block", "reasoned", "split", "tags")

    def __init__(self, *, open: bool) -> None:
        self.tags = Tags(open=open)
        self.block = -1  # the text block that came last
        self.reasoned = False  # that block had reasoning
        self.split: int | None = None  # the text block that is two: the ones after it have a number more


class ThinkTags:
    """Changes the parts of one stream, and its message."""

    __slots__ = ("_choices", "_open")

    def __init__(self, *, open: bool) -> None:
        self._open = open
        self._choices: dict[int, _Choice] = {}

    def feed(self, parts: Iterable[Part]) -> list[Part]:
        made: list[Part] = []
        for part in parts:
            if type(part) is TextDelta:
                choice = self._choices.get(part.choice)
                if choice is None:
                    choice = self._choices[part.choice] = _Choice(open=self._open)
                if choice.block != part.block:
                    choice.block, choice.reasoned = part.block, False
                self._add(choice, part, choice.tags.feed(part.text), made)
                continue
            if isinstance(part, Finish):
                self._close(part.choice, made)
            elif isinstance(part, End):
                for index in self._choices:
                    self._close(index, made)
            made.append(self._moved(part))
        return made

    def _close(self, index: int, made: list[Part]) -> None:
        """Add what still waits of a choice."""
        choice = self._choices.get(index)
        if choice is not None:
            last = TextDelta(choice=index, block=choice.block, text="")
            self._add(choice, last, choice.tags.close(), made)

    def _add(self, choice: _Choice, delta: TextDelta, pieces: list[tuple[Kind, str]], made: list[Part]) -> None:
        for kind, text in pieces:
            if kind == "reasoning":
                choice.reasoned = True
                made.append(ReasoningDelta(choice=delta.choice, block=delta.block, text=text))
                continue
            if choice.reasoned and choice.split is None:
                choice.split = delta.block
            moved = choice.split is not None and delta.block >= choice.split
            made.append(TextDelta(choice=delta.choice, block=delta.block + moved, text=text))

    def _moved(self, part: Part) -> Part:
        """Return a part with the number that its block has now."""
        block, choice = getattr(part, "block", None), self._choices.get(part.choice)
        if block is None or choice is None or choice.split is None or block < choice.split:
            return part
        return replace(part, block=block + 1)

    def message(self, message: Message) -> Message:
        """Return a message whose reasoning stands in blocks of its own."""
        return replace(message, choices=[self._choice(choice) for choice in message.choices])

    def _choice(self, choice: Choice) -> Choice:
        tags = Tags(open=self._open)
        blocks: list[Block] = []
        last = max((number for number, block in enumerate(choice.blocks) if isinstance(block, TextBlock)), default=-1)
        for number, block in enumerate(choice.blocks):
            if not isinstance(block, TextBlock):
                blocks.append(block)
                continue
            pieces = tags.feed(block.text) + (tags.close() if number == last else [])
            thought, text = ("".join([piece for of, piece in pieces if of == kind]) for kind in ("reasoning", "text"))
            if thought:
                blocks.append(ReasoningBlock(thought, signature=None if text else block.signature))
            if text or not thought:
                blocks.append(replace(block, text=text))
        return replace(choice, blocks=blocks)
