"""The changes that text filters make to the events of one stream: in which place, and which events have to be added.

Knows events as JSON values, and neither formats, which `providers/_texts/` has, nor bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ..providers.json_bytes import encode_text
from .json_text_filter import JsonTextFilter

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from ..providers.text_fields import Block, Path, TextField, TextFields
    from .redact import TextFilter

    Frame = tuple[str | None, dict[str, Any]]
    """An event to add: its name, and its value."""


class _OpenBlock(NamedTuple):
    """A block whose text goes on: its filter, and the event with its last piece."""

    filter: Any
    event: dict[str, Any]
    field: TextField
    name: str | None
    prefix: Path


class TextEdits:
    """Passes the texts of events through filters, one for each block. `kinds`: of the texts that are filtered."""

    def __init__(self, texts: TextFields, new: Callable[[], TextFilter], kinds: Collection[str]) -> None:
        self._texts = texts
        self._new = new
        self._kinds = kinds
        self._open: dict[Block, _OpenBlock] = {}

    def edit(self, value: dict[str, Any], name: str | None) -> tuple[list[Frame], dict[Path, bytes]]:
        """Return the events to add before an event, and the JSON to put at these paths of it."""
        prefix, event = self._texts.event(value)
        made: dict[Path, str] = {}
        fields = [field for field in self._texts.fields(event, name) if field.kind in self._kinds]
        last: dict[Block, TextField] = {}
        for field in fields:
            made[field.path] = self._fed(field, _OpenBlock(None, event, field, name, prefix))
            if field.block is not None:
                last[field.block] = field
        before: list[Frame] = []
        for ended in self._texts.ended(event, name):
            for block in [block for block in self._open if block[: len(ended)] == ended]:
                rest = self._open[block].filter.flush()
                if block in last:
                    made[last[block].path] += rest
                elif rest:
                    before.append(self._frame(self._open[block], rest))
                del self._open[block]
        return before, self._changes(prefix, fields, made, event)

    def flush(self) -> list[Frame]:
        """Return the events that have what the filters still hold, at the end of the stream."""
        frames = [(of, of.filter.flush()) for of in self._open.values()]
        self._open.clear()
        return [self._frame(of, rest) for of, rest in frames if rest]

    def _fed(self, field: TextField, new: _OpenBlock) -> str:
        """Return a text after its filter: the next piece of its block, or the whole text."""
        before = None if field.block is None else self._open.get(field.block)
        of = self._filter(field) if before is None else before.filter
        text: str = of.feed(field.value if isinstance(field.value, str) else str(field.value))
        if field.block is None:
            return text + str(of.flush())
        self._open[field.block] = new._replace(filter=of)
        return text

    def _filter(self, field: TextField) -> Any:
        return JsonTextFilter(self._new) if field.is_json else self._new()

    def _changes(
        self, prefix: Path, fields: list[TextField], made: dict[Path, str], event: dict[str, Any]
    ) -> dict[Path, bytes]:
        changes: dict[Path, bytes] = {}
        for field in fields:
            if made[field.path] == str(field.value):
                continue
            changes[prefix + field.path] = encode_text(made[field.path])
            if field.logprobs is not None:  # they would show what the filter took away
                there: Any = event
                for step in field.logprobs:
                    there = there[step]
                changes[prefix + field.logprobs] = b"[]" if isinstance(there, list) else b"null"
        return changes

    def _frame(self, of: _OpenBlock, text: str) -> Frame:
        value = self._texts.piece(of.event, of.field, text)
        for step in reversed(of.prefix):
            value = {str(step): value}
        name = of.name
        kind = value.get("type") or value.get("event_type")
        return kind if name is not None and isinstance(kind, str) else name, value
