"""A tool call that a writer has begun: its arguments so far, and what is still to be written of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .json_bytes import encode_text

if TYPE_CHECKING:
    from .parts import ToolCallDelta, ToolCallEnd, ToolCallStart

BEFORE_TEXT = '{"input":"'
AFTER_TEXT = '"}'
MAX_ID = 40  # characters of a call id that is made: OpenAI takes no longer one back


def plain_id(id: str) -> str:
    """Return the last letters and digits of an id, for the ids of what belongs to it."""
    return re.sub(r"[^A-Za-z0-9]", "", id)[-24:]


def made_call_id(message_id: str, number: int) -> str:
    """Return a call id that follows from the id of the message: the same stream gives the same ids."""
    return f"call_{plain_id(message_id)}_{number}"[:MAX_ID]


class WrittenCall:
    """A call in the stream of one writer.

    `index`: among the calls of its choice. `id`: as it came, else made. `custom`: the argument is plain text. `ended`:
    its end came. `is_in_doubt`: its provider, or its text, does not show that the arguments are whole. `number`: of
    its block or item, as its format counts them. `is_begun`: the arguments were begun; `held_space`: the white space
    that came before.
    """

    __slots__ = (
        "_fragments", "choice", "custom", "ended", "held_space", "id", "index", "is_begun", "is_in_doubt", "name",
        "number", "server",
    )  # fmt: skip

    def __init__(self, part: ToolCallStart, id: str, index: int) -> None:
        self.choice: int = part.choice
        self.index: int = index
        self.id: str = id
        self.name: str = part.name
        self.custom: bool = part.custom
        self.server: bool = part.server
        self.ended: bool = False
        self.is_in_doubt: bool = True
        self.number: int = -1
        self.is_begun: bool = False
        self.held_space: str = ""
        self._fragments: list[str] = []

    def add(self, part: ToolCallDelta) -> str:
        """Add a fragment of the arguments; return it. A fragment of Gemini's paths and values has no text."""
        if part.json:
            self._fragments.append(part.json)
        return part.json

    def end(self, part: ToolCallEnd) -> str | None:
        """End the call; return the rest of its arguments. None: they differ from the fragments that were written."""
        self.ended = True
        written = "".join(self._fragments)
        self._fragments.clear()
        if not part.json.startswith(written):
            return None
        self.is_in_doubt = part.cut
        return part.json[len(written) :]

    def as_json(self, fragment: str) -> str:
        """Return a fragment of the arguments as the JSON of a function: plain text becomes the value of `input`."""
        if not self.custom:
            return fragment
        return encode_text(fragment)[1:-1].decode()
