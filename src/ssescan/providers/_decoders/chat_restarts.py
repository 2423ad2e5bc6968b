"""Whether an answer of Chat Completions begins again within its stream, as it does where a gateway tries again.

The first answer may break off anywhere, and the text of both would be one. Ids that change with every chunk are
harmless, and so is a new id after reasoning only: some gateways join two models.
"""

from __future__ import annotations

from json.encoder import encode_basestring_ascii
from typing import TYPE_CHECKING, Any

from ..block_builders import TextBuilder
from ..json_values import text_of
from ..parts import Error
from .chat_chunks import says

if TYPE_CHECKING:
    from ..message_builder import MessageBuilder

ANYWHERE = b""  # bytes that every payload has
MIN_ID = 8  # characters: a shorter id in quotes may as well be a text
MAX_LOOKS = 8
"""The number of chunks whose ids are looked at, to find two in a row that have the same."""


class Restarts:
    """Looks at the ids of chunks, to find a role that comes again under another id, after content.

    `is_looking`: at the ids of all chunks, to find the one of the answer.
    """

    __slots__ = ("_builder", "_id", "_id_in_json", "_ids", "_looks", "_or_so", "_with_role", "is_looking")

    def __init__(self, builder: MessageBuilder) -> None:
        self._builder = builder
        self._id = ""  # of the chunk before, and then the id of the answer
        self._ids: dict[int, str] | None = None  # of each choice; None until two chunks had the same id
        self._with_role: set[int] = set()
        self._id_in_json: bytes = ANYWHERE
        self._or_so: bytes = ANYWHERE
        self._looks = 0
        self.is_looking: bool = True

    def has_known_id(self, payload: bytes) -> bool:
        """Return whether a payload has the id of the answer; of any other with a role, the id must be looked at."""
        return self._id_in_json in payload or self._or_so in payload

    def look_at(self, chunk: Any) -> None:
        """Look at a chunk before its content is added. Notes an error for a restart."""
        id = text_of(chunk.id)
        if self.is_looking:
            self._look_at_id(id)
        for choice in chunk.choices or ():
            if choice.finish_reason and not says(choice.delta) and not choice.message:
                continue  # an end begins nothing
            if choice.delta is not None and choice.delta.role:
                index = choice.index or 0
                if id and self._ids is not None:
                    self._look_at_role(index, id, self._ids)
                self._with_role.add(index)

    def _look_at_id(self, id: str) -> None:
        self._looks += 1
        if id and id == self._id:
            self._ids = {}
            quoted = encode_basestring_ascii(id).encode()
            self._id_in_json = self._or_so = quoted
            if len(id) < MIN_ID:
                self._id_in_json, self._or_so = b'"id":' + quoted, b'"id": ' + quoted
        self._id = id
        self.is_looking = self._ids is None and self._looks < MAX_LOOKS

    def _look_at_role(self, index: int, id: str, ids: dict[int, str]) -> None:
        before = ids.get(index, self._id)
        ids[index] = id
        choice = self._builder.choices.get(index)
        if before == id or choice is None or index not in self._with_role or choice.ending.had_reason:
            return
        if choice.calls or TextBuilder in choice.latest_of:
            text = f"the answer has the id {before!r}, and another, {id!r}, begins within it"
            self._builder.lost.damaged += 1  # the calls of the first one have no end
            self._builder.fail(Error(choice=index, kind="protocol", message=text, raw={"id": id}))
