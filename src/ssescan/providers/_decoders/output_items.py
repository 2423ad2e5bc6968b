"""The output items of an OpenAI response: announced, then complete, then as the next request sends them back.

Knows items, and nothing of events. An item is found by its index, by its ids, or as the last one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..json_values import text_of

if TYPE_CHECKING:
    from ..block_builders import CallBuilder, MediaBuilder, ReasoningBuilder, RefusalBuilder, TextBuilder


EMPTY: tuple[Any, ...] = (None, "", [])
"""The values that never replace what is known."""

SHOWN = ("id", "call_id", "name")
"""The fields that show whether two items may be the same."""

NAMED = ("function_call", "custom_tool_call")
"""The types of calls that the program gave a name."""


class OutputItem:
    """An output item. `item`: the announced item, then the complete one."""

    __slots__ = (
        "announced",
        "call",
        "confirmed",
        "done",
        "image",
        "item",
        "parts",
        "refusals",
        "texts",
        "thoughts",
        "type",
    )

    def __init__(self, item: dict[str, Any]) -> None:
        self.item: dict[str, Any] = item
        self.type: str = text_of(item.get("type"))
        self.announced: bool = True  # by an event for the item, not by its first delta
        self.done: bool = False
        self.confirmed: bool = False  # the complete arguments arrived
        self.call: CallBuilder | None = None
        self.texts: dict[int, TextBuilder] = {}  # by content_index
        self.refusals: dict[int, RefusalBuilder] = {}
        self.thoughts: dict[tuple[str, int], ReasoningBuilder] = {}  # by kind and index
        self.image: MediaBuilder | None = None
        self.parts: dict[int, dict[str, Any]] = {}  # that began, of kinds that are not read before they come whole

    @property
    def is_bare(self) -> bool:
        """Whether it is a call of which only the name came."""
        call = self.call
        return call is not None and not (self.done or self.confirmed or call.size or call.whole) and bool(call.name)

    def is_another(self, item: dict[str, Any]) -> bool:
        """Return whether an item that comes under the index of this one is another: some proxies write 0 for all.

        The id of a call counts before that of its item, which changes on the way on some servers.
        """
        kind = text_of(item.get("type"))
        if self.announced and kind and self.type and kind != self.type:
            return True
        for name in ("call_id", "id"):
            known, given = text_of(self.item.get(name)), text_of(item.get(name))
            if known and given:
                return known != given
        return self.done and not item.items() <= self.item.items()


class OutputItems:
    """All output items, in order; `plain` returns them as an assistant's turn."""

    __slots__ = ("_by_id", "_by_index", "_by_type", "_open", "all", "ended", "is_index_shared", "last")

    def __init__(self) -> None:
        self.all: list[OutputItem] = []
        self.last: OutputItem | None = None
        self.ended: bool = False  # the end of the response came
        self.is_index_shared: bool = False  # by several items: then only their ids tell them apart
        self._by_index: dict[int, OutputItem] = {}
        self._by_id: dict[str, OutputItem] = {}
        self._by_type: dict[str, list[OutputItem]] = {}
        self._open: int = 0  # index in `all`: the calls of earlier items have ended

    def at(self, index: int | None) -> OutputItem | None:
        """Return the item with that index; None if there is none, or the index is missing."""
        return None if index is None else self._by_index.get(index)

    def find(self, index: int | None, id: str | None) -> OutputItem | None:
        """Return the item with that index; without an index of its own, with that id; without both, the last."""
        if index is not None:
            known = self._by_id.get(id) if id and self.is_index_shared else None
            return known or self._by_index.get(index)
        return self._by_id.get(id) if id else self.last

    def with_id_of(self, item: dict[str, Any]) -> OutputItem | None:
        """Return the item that shares an id with this one."""
        return next((known for id in _ids(item) if (known := self._by_id.get(id))), None)

    def last_if(self, item: dict[str, Any]) -> OutputItem | None:
        """Return the last item, if one without a known id may be the same: it is open, or a call that comes again."""
        last = self.last
        if last is None or last.type != item.get("type"):
            return None
        if last.done:
            again = last.call is not None and not _ids(item) and item.items() <= last.item.items()
            return last if again else None
        before = last.item
        return (
            None if any(before.get(name) and item.get(name) not in (None, "", before[name]) for name in SHOWN) else last
        )

    def add(self, index: int | None, item: dict[str, Any]) -> OutputItem:
        made = self.last = OutputItem(item)
        self.all.append(made)
        if index is not None:
            self._by_index[index] = made
        self._by_id.update(dict.fromkeys(_ids(item), made))
        self._by_type.setdefault(made.type, []).append(made)
        return made

    @property
    def any_streamed(self) -> bool:
        """Whether the current response has items."""
        return bool(self._by_type)

    def of_type(self, kind: str, place: int) -> OutputItem | None:
        """Return an item of the current response by its place among those of its type."""
        same = self._by_type.get(kind, ())
        return same[place] if place < len(same) else None

    def end_calls(self, *, assumed: bool = False) -> None:
        """End the calls that are open: cut, unless their arguments were confirmed.

        `assumed`: the provider gave no end, so that only the arguments show which calls are whole.
        """
        for item in self.all[self._open :]:
            if item.call is not None:
                item.call.set_name(None if item.type in NAMED else item.call.kind)
                item.call.end(cut=not (item.confirmed or (assumed and item.call.is_whole)))
        self._open = len(self.all)

    @property
    def unfinished(self) -> list[OutputItem]:
        """The items since the last end_calls() that did not come whole."""
        return [item for item in self.all[self._open :] if not item.done]

    def begin_again(self) -> None:
        """Forget indices, ids and places, not the items."""
        for known in (self._by_index, self._by_id, self._by_type):
            known.clear()
        self.last = None
        self.is_index_shared = False

    def plain(self) -> list[dict[str, Any]]:
        made: list[dict[str, Any]] = []
        for item in self.all:
            wanted = wanted_back(item)
            if wanted is not None:
                made.append(wanted)
            else:
                drop_thoughts(made)
        if not self.ended:
            drop_thoughts(made)
        return made


def drop_thoughts(items: list[dict[str, Any]]) -> None:
    """Drop reasoning items at the end: the API refuses them without the item that they led to."""
    while items and items[-1].get("type") == "reasoning":
        items.pop()


def with_known(whole: dict[str, Any], known: dict[str, Any], *, nested: bool = False) -> dict[str, Any]:
    """Return an item that came whole, with what was known of it before where it has nothing.

    R21 of docs/rules.md: a gateway may leave out of the end what it sent at the start. Its status is always new.
    `nested`: also in the objects of both, such as metadata.
    """
    missing = {
        name: value
        for name, value in known.items()
        if name != "status" and value not in EMPTY and _is_empty(name, whole.get(name))
    }
    if nested:
        for name, value in known.items():
            now = whole.get(name)
            if isinstance(now, dict) and isinstance(value, dict) and not value.keys() <= now.keys():
                missing[name] = value | now
    return whole | missing if missing else whole


def _is_empty(name: str, value: Any) -> bool:
    """Return whether a field has nothing: some servers send the word "null" as an id, or as a name."""
    return value in EMPTY or (value == "null" and name in SHOWN)


def _says(content: Any) -> bool:
    """Return whether there is anything in the content of a message."""
    parts = content if isinstance(content, list) else [content] if content else []
    return any(not isinstance(part, dict) or part.get("type") != "output_text" or part.get("text") for part in parts)


def _ids(item: dict[str, Any]) -> list[str]:
    return [id for name in ("id", "call_id") if (id := text_of(item.get(name)))]


def wanted_back(item: OutputItem) -> dict[str, Any] | None:
    """Return an item for `input`, complete or as far as it arrived; None for an incomplete call or reasoning item."""
    if item.call is not None and item.call.cut:
        return None
    if item.done and (_says(item.item.get("content")) or not item.texts):
        return item.item
    if item.call is not None and item.call.ended and item.type in NAMED:
        # All arguments arrived, but the event with the complete item did not.
        return item.item | {"input" if item.call.custom else "arguments": item.call.arguments, "status": "completed"}
    if item.type != "message":
        return None
    content = [
        {"type": "output_text", "text": block.text, "annotations": []} for block in item.texts.values() if block.size
    ]
    kept = {name: item.item[name] for name in ("id", "phase") if item.item.get(name)}
    return {"type": "message", "role": "assistant", "content": content} | kept if content else None
