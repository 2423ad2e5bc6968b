"""Whether an answer of Chat Completions begins again within its stream, as it does where a gateway tries again.

The first answer may break off anywhere, and the text of both would be one. Ids that change with every chunk are
harmless, and so is a new id after reasoning only: some gateways join two models.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..block_builders import TextBuilder
from ..json_values import text_of
from ..parts import Error

if TYPE_CHECKING:
    from ..message_builder import MessageBuilder

ANYWHERE, NOWHERE = b"", b"\0"  # bytes that every payload has, and none
MIN_ID = 8  # characters: a shorter id in quotes may as well be a text


class Restarts:
    """Looks at the ids of chunks, to find a role that comes again under another id, after content.

    `id_in_json`: bytes that a payload with the known id has. Of a payload with a role that lacks them, the id must be
    looked at; of no other.
    """

    __slots__ = ("_builder", "_changes", "_first", "_ids", "_with_role", "id_in_json")

    def __init__(self, builder: MessageBuilder) -> None:
        self._builder = builder
        self._first: str | None = None
        self._changes = False
        self._ids: dict[int, str] | None = None  # of each choice; None until two chunks had the same id
        self._with_role: set[int] = set()
        self.id_in_json = ANYWHERE

    def look_at(self, chunk: Any) -> None:
        """Look at a chunk before its content is added. Notes an error for a restart."""
        id = text_of(chunk.id)
        if id:
            self._look_at_id(id)
        for choice in chunk.choices or ():
            if choice.delta is not None and choice.delta.role:
                index = choice.index or 0
                if id and self._ids is not None:
                    self._look_at_role(index, id, self._ids)
                self._with_role.add(index)

    def _look_at_id(self, id: str) -> None:
        if self._first is None:
            self._first = id
        elif self._ids is None:
            self._changes |= id != self._first
            if not self._changes:
                self._ids = {}
                self.id_in_json = json.dumps(id).encode() if len(id) >= MIN_ID else NOWHERE

    def _look_at_role(self, index: int, id: str, ids: dict[int, str]) -> None:
        before = ids.get(index, self._first)
        ids[index] = id
        choice = self._builder.choices.get(index)
        if before == id or choice is None or index not in self._with_role or choice.ending.had_reason:
            return
        if choice.calls or TextBuilder in choice.latest_of:
            text = f"the answer has the id {before!r}, and another, {id!r}, begins within it"
            self._builder.lost.damaged += 1  # the calls of the first one have no end
            self._builder.fail(Error(choice=index, kind="protocol", message=text, raw={"id": id}))
