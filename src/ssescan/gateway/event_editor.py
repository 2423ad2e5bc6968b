"""Events in, the same events out, with the name of the model or the texts changed: no other byte.

No I/O. What the events of a format hold, `providers/_texts/` knows.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..providers.formats import texts_class
from ..providers.json_bytes import encode_text, encode_value
from ..providers.payloads import NotJson, load
from .event_blocks import EventBlock, event_frame
from .json_spans import spans
from .text_edits import TextEdits

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from ..providers.text_fields import Path, TextFields
    from .json_spans import Span
    from .redact import TextFilter
    from .text_edits import Frame

# JSON may spell a letter of a key as an escape.
ESCAPED_LETTER = re.compile(rb"\\u00[4-7]")


class EventEditor:
    """Changes the events of one stream. `model`: the name to put, None: it stays. `new_filter`, `kinds`: see Relay."""

    __slots__ = ("_edits", "_kinds", "_line_end", "_model", "_model_key", "_new_filter", "_prefix", "_texts")

    def __init__(self, model: str | None, new_filter: Callable[[], TextFilter] | None, kinds: Collection[str]) -> None:
        self._model = None if model is None else encode_text(model)
        self._new_filter = new_filter
        self._kinds = kinds
        self._texts: TextFields | None = None
        self._edits: TextEdits | None = None
        self._line_end = b"\n"
        self._model_key = b""
        # Of the last event: its beginning with the model's name, and where that name stands.
        self._prefix: tuple[bytes, Span] | None = None

    @property
    def api(self) -> str | None:
        """The format that the events are changed as."""
        return None if self._texts is None else self._texts.api

    def set_api(self, api: str) -> None:
        """Read the events from now on as those of a format."""
        self._texts = texts_class(api)()
        self._model_key = b'"%b"' % str(self._texts.model[0][-1]).encode()
        self._edits = None
        if self._new_filter is not None:
            self._edits = TextEdits(self._texts, self._new_filter, self._kinds)

    def edit(self, raw: bytes) -> bytes:
        """Return an event as it passes on, after what filters held of blocks that it ends."""
        block = EventBlock(raw)
        if not block.has_data or self._texts is None:
            return raw
        self._line_end = block.line_end
        if block.payload.strip().startswith(b"[DONE]"):
            return self.flush() + raw
        changes: list[tuple[Span, bytes]] = []
        if self._model is not None and self._may_name_the_model(block.payload):
            changes += self._model_changes(block.payload, self._model)
        frames: list[Frame] = []
        if self._edits is not None:
            frames += self._filter(self._edits, block, changes)
        return self._written(frames) + (block.edited(changes) if changes else raw)

    def rest(self, raw: bytes, *, is_failed: bool) -> bytes:
        """Return the last event, which no blank line ended, and what filters still hold.

        Of a stream that failed, or if filters could not read it, the event is dropped: a client drops it as well.
        """
        made = b"" if is_failed or not self._is_whole(raw) else self.edit(raw)
        held = self.flush()
        return made + self._line_end * 2 + held if made and held else made + held

    def _is_whole(self, raw: bytes) -> bool:
        block = EventBlock(raw)
        if self._edits is None or not block.has_data or block.payload.strip().startswith(b"[DONE]"):
            return True
        try:
            load(block.payload)
        except NotJson:
            return False
        return True

    def flush(self) -> bytes:
        """Return the events with what the filters still hold."""
        return b"" if self._edits is None else self._written(self._edits.flush())

    def _written(self, frames: list[Frame]) -> bytes:
        return b"".join([event_frame(name, encode_value(value), self._line_end) for name, value in frames])

    def _may_name_the_model(self, payload: bytes) -> bool:
        return self._model_key in payload or ESCAPED_LETTER.search(payload) is not None

    def _model_changes(self, payload: bytes, model: bytes) -> list[tuple[Span, bytes]]:
        if self._prefix is not None and payload.startswith(self._prefix[0]):
            return [(self._prefix[1], model)]  # the same beginning: what it means is the same
        paths = {path for own in self._paths() for path in (own, (0, *own))}
        found = [span for _, span in spans(payload, paths) if payload[span[0] : span[0] + 1] == b'"']
        if len(found) == 1:
            self._prefix = payload[: found[0][1]], found[0]
        return [(span, model) for span in found]

    def _paths(self) -> tuple[Path, ...]:
        return () if self._texts is None else self._texts.model

    def _filter(self, edits: TextEdits, block: EventBlock, changes: list[tuple[Span, bytes]]) -> list[Frame]:
        """Add the changes that filters make to an event; return the events before it."""
        try:
            value = load(block.payload)
        except NotJson:
            changes[:] = self._filter_lines(block)
            return []
        frames: list[Frame] = []
        places: dict[Path, bytes] = {}
        for prefix, event in _events(value):
            before, made = edits.edit(event, block.name)
            frames += before
            places |= {prefix + path: new for path, new in made.items()}
        changes += [(span, places[path]) for path, span in spans(block.payload, places)] if places else []
        return frames

    def _filter_lines(self, block: EventBlock) -> list[tuple[Span, bytes]]:
        """Filter data that is not JSON as it is: what a client makes of it is not known."""
        changes = []
        for span in block.lines():
            text = block.payload[slice(*span)].decode("utf-8", "replace")
            of: Any = self._new_filter() if self._new_filter is not None else None
            made = of.feed(text) + of.flush()
            if made != text:
                changes.append((span, " ".join(made.splitlines()).encode("utf-8", "replace")))
        return changes


def _events(value: Any) -> list[tuple[Path, dict[str, Any]]]:
    """Return the events of a payload, mostly one, with their paths: Gemini may send several as a list."""
    if isinstance(value, list):
        return [((number,), item) for number, item in enumerate(value) if isinstance(item, dict)]
    return [((), value)] if isinstance(value, dict) else []
