"""The output items of an OpenAI response that is being written: each begins, grows, and is done.

An item writes its own events, and keeps its content as the bytes of JSON that it has written: the `.done` events and
the last event of the response repeat them without encoding them again. Twin of `_decoders/whole_items.py`, which reads
them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from ..base64_text import joined_base64
from ..json_bytes import encode_text, encode_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..parts import Media
    from ..written_calls import WrittenCall

IN_PROGRESS, COMPLETED, INCOMPLETE = "in_progress", "completed", "incomplete"
IMAGE_FORMATS = {"image/png": "png", "image/webp": "webp", "image/jpeg": "jpeg", "image/gif": "gif",
                 "image/svg+xml": "svg"}  # fmt: skip
TEXT_DELTA = b'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","sequence_number":'
TEXT_DELTA_END = b',"logprobs":[]}\n\n'


def listed(values: Iterable[bytes]) -> bytes:
    """Return a JSON array."""
    return b"[" + b",".join(values) + b"]"


class NumberedEvents:
    """Makes events with `sequence_number`, which has no gaps."""

    __slots__ = ("next_number",)

    def __init__(self, first: int = 0) -> None:
        self.next_number: Callable[[], int] = count(first).__next__

    def event(self, kind: bytes, rest: bytes) -> bytes:
        """Return an event. `kind`: its type without `response.`. `rest`: of its JSON, after the number."""
        template = b'event: response.%b\ndata: {"type":"response.%b","sequence_number":%d%b}\n\n'
        return template % (kind, kind, self.next_number(), rest)


class WrittenItem(ABC):
    """An output item. `block`: of the part that it was last written for. `place`: its id and index, in its events."""

    kind: ClassVar[str]

    def __init__(self, events: NumberedEvents, index: int, id: str, block: int) -> None:
        self.events: NumberedEvents = events
        self.block: int = block
        self.head: bytes = b'{"id":' + encode_text(id) + b',"type":"%b"' % self.kind.encode()
        self.index: bytes = b',"output_index":%d' % index
        self.place: bytes = b',"item_id":' + encode_text(id) + self.index
        self._whole: bytes | None = None

    def begin(self) -> bytes:
        return self._item_event(b"output_item.added", self.content(IN_PROGRESS))

    def end(self, status: str) -> bytes:
        """Return the events that say that the item is done. `status`: "completed" or "incomplete"."""
        made = self.finish_content()
        self._whole = self.content(status)
        return made + self._item_event(b"output_item.done", self._whole)

    def so_far(self) -> bytes:
        """Return the item as JSON: whole if it is done, else as far as it came."""
        return self.content(INCOMPLETE) if self._whole is None else self._whole

    def _item_event(self, kind: bytes, item: bytes) -> bytes:
        return self.events.event(kind, self.index + b',"item":' + item)

    @abstractmethod
    def content(self, status: str) -> bytes:
        """Return the item as JSON with the content so far."""

    @abstractmethod
    def finish_content(self) -> bytes:
        """Return the events that say that the content is done."""


class _PartKind:
    """The events and the JSON of one kind of part. `field`: of its text."""

    __slots__ = ("added", "delta", "delta_end", "done", "field", "index_name", "part_done", "type")

    def __init__(self, type: str, field: str, events: str, index_name: str, part_events: str = "content_part") -> None:
        self.type: bytes = type.encode()
        self.field: bytes = field.encode()
        self.index_name: bytes = index_name.encode()
        self.delta: bytes = f"{events}.delta".encode()
        self.done: bytes = f"{events}.done".encode()
        self.added: bytes = f"{part_events}.added".encode()
        self.part_done: bytes = f"{part_events}.done".encode()
        self.delta_end: bytes = b',"logprobs":[]' if type == "output_text" else b""

    def part(self, text: bytes, rest: bytes) -> bytes:
        return b'{"type":"%b","%b":"%b"%b}' % (self.type, self.field, text, rest)


TEXT = _PartKind("output_text", "text", "output_text", "content_index")
REFUSAL = _PartKind("refusal", "refusal", "refusal", "content_index")
REASONING_TEXT = _PartKind("reasoning_text", "text", "reasoning_text", "content_index")
SUMMARY = _PartKind("summary_text", "text", "reasoning_summary_text", "summary_index", "reasoning_summary_part")


class ItemWithParts(WrittenItem):
    """An item whose content is parts of text, one of which is open. `text`: of it, as JSON without the quotes."""

    def __init__(self, events: NumberedEvents, index: int, id: str, block: int) -> None:
        super().__init__(events, index, id, block)
        self.part_kind: _PartKind | None = None
        self.part_place: bytes = b""
        self.text: bytearray = bytearray()
        self.parts: dict[_PartKind, list[bytes]] = {}  # that are done, as JSON
        self.kinds: set[_PartKind] = set()  # of all parts

    def add(self, kind: _PartKind, block: int, text: str) -> bytes:
        """Return the events for a piece of text, in the open part if it has that kind and block."""
        made = self.begin_part(kind, block)
        encoded = encode_text(text)
        self.text += encoded[1:-1]
        return made + self.events.event(kind.delta, self.part_place + b',"delta":' + encoded + kind.delta_end)

    def begin_part(self, kind: _PartKind, block: int) -> bytes:
        """Return the events that make a part of that kind and block the open one."""
        if self.part_kind is kind and self.block == block:
            return b""
        made = self.finish_content()
        self.part_kind, self.block = kind, block
        self.kinds.add(kind)
        self.part_place = self.place + b',"%b":%d' % (kind.index_name, len(self._done_with(kind)))
        return made + self.events.event(kind.added, self.part_place + b',"part":' + kind.part(b"", self.rest()))

    def finish_content(self) -> bytes:
        kind = self.part_kind
        if kind is None:
            return b""
        made = self.before_part_ends()
        text = b',"%b":"%b"' % (kind.field, bytes(self.text)) + self.rest_of_done()
        part = self._open_part(kind)
        made += self.events.event(kind.done, self.part_place + text)
        made += self.events.event(kind.part_done, self.part_place + b',"part":' + part)
        self._done_with(kind).append(part)
        self.part_kind = None
        self.text.clear()
        self.forget_part()
        return made

    def _done_with(self, kind: _PartKind) -> list[bytes]:
        """Return the list that a part of that kind goes to: parts that share an index share it."""
        return self.parts.setdefault(SUMMARY if kind is SUMMARY else TEXT, [])

    def _open_part(self, kind: _PartKind) -> bytes:
        return kind.part(bytes(self.text), self.rest())

    def listed_parts(self, of: _PartKind) -> bytes:
        """Return the parts of `content` (TEXT) or `summary` (SUMMARY), the open one included."""
        parts = self.parts.get(of, [])
        kind = self.part_kind
        is_open = kind is not None and (kind is SUMMARY) == (of is SUMMARY)
        return listed([*parts, self._open_part(kind)] if is_open and kind is not None else parts)

    def before_part_ends(self) -> bytes:
        """Return the events that come before the end of the open part."""
        return b""

    def rest(self) -> bytes:
        """Return the JSON of the open part after its text."""
        return b""

    def rest_of_done(self) -> bytes:
        """Return the JSON of the event with the whole text after it."""
        return b""

    def forget_part(self) -> None:
        """Forget what belongs to the part that is done."""


class MessageItem(ItemWithParts):
    """Text and refusals, with annotations and log probabilities."""

    kind = "message"

    def __init__(self, events: NumberedEvents, index: int, id: str, block: int) -> None:
        super().__init__(events, index, id, block)
        self._annotations: list[bytes] = []
        self._logprobs: list[bytes] = []
        self._of_whole_part: list[dict[str, Any]] = []  # annotations without offsets, until the part ends

    def content(self, status: str) -> bytes:
        start = self.head + b',"status":"%b","role":"assistant","content":' % status.encode()
        return start + self.listed_parts(TEXT) + b"}"

    def rest(self) -> bytes:
        if self.part_kind is not TEXT:
            return b""
        return b',"annotations":' + listed(self._annotations) + self.rest_of_done()

    def rest_of_done(self) -> bytes:
        return b',"logprobs":' + listed(self._logprobs) if self.part_kind is TEXT else b""

    def annotate(self, annotation: dict[str, Any]) -> bytes:
        """Return the event of an annotation; b"" for one of the whole part, which waits for the end of the part."""
        if annotation["type"] == "url_citation" and "start_index" not in annotation:
            self._of_whole_part.append(annotation)
            return b""
        encoded = encode_value(annotation)
        rest = b',"annotation_index":%d,"annotation":%b' % (len(self._annotations), encoded)
        self._annotations.append(encoded)
        return self.events.event(b"output_text.annotation.added", self.part_place + rest)

    def before_part_ends(self) -> bytes:
        if not self._of_whole_part:
            return b""
        offsets = {"start_index": 0, "end_index": len(msgspec.json.decode(b'"%b"' % bytes(self.text)))}
        return b"".join([self.annotate(annotation | offsets) for annotation in self._of_whole_part])

    def add_logprobs(self, entries: list[dict[str, Any]]) -> bytes:
        """Return a delta without text: the tokens of the one before it."""
        encoded = [encode_value(entry) for entry in entries]
        self._logprobs += encoded
        return self.events.event(TEXT.delta, self.part_place + b',"delta":"","logprobs":' + listed(encoded))

    def forget_part(self) -> None:
        for known in (self._annotations, self._logprobs, self._of_whole_part):
            known.clear()


class ReasoningItem(ItemWithParts):
    """Reasoning: its summary, its text. `encrypted`: the opaque form, which comes with the end of the item."""

    kind = "reasoning"
    encrypted: str | None = None

    def content(self, status: str) -> bytes:
        made = self.head + b',"summary":' + self.listed_parts(SUMMARY)
        if self.parts.get(TEXT) or self.part_kind is REASONING_TEXT:
            made += b',"content":' + self.listed_parts(TEXT)
        if self.encrypted is not None:
            made += b',"encrypted_content":' + encode_text(self.encrypted)
        # The API refuses `status` in a reasoning item of the next request, so only one that is not whole has it.
        return made + (b',"status":"incomplete"}' if status == INCOMPLETE else b"}")


class CallItem(WrittenItem):
    """A call of a function. `status`: None until the call has ended."""

    kind = "function_call"
    field: ClassVar[bytes] = b"arguments"
    events_of: ClassVar[bytes] = b"function_call_arguments"

    def __init__(self, events: NumberedEvents, index: int, id: str, block: int, call: WrittenCall) -> None:
        super().__init__(events, index, id, block)
        self._named: bytes = b',"call_id":' + encode_text(call.id) + b',"name":' + encode_text(call.name)
        self._arguments: bytearray = bytearray()  # as JSON without the quotes

    def content(self, status: str) -> bytes:
        return self.head + b',"status":"%b"%b%b}' % (status.encode(), self._named, self._whole_field())

    def _whole_field(self) -> bytes:
        return b',"%b":"%b"' % (self.field, bytes(self._arguments))

    def add(self, text: str) -> bytes:
        """Return the event with a piece of the arguments, b"" for an empty one."""
        if not text:
            return b""
        encoded = encode_text(text)
        self._arguments += encoded[1:-1]
        return self.events.event(self.events_of + b".delta", self.place + b',"delta":' + encoded)

    def finish_content(self) -> bytes:
        return self.events.event(self.events_of + b".done", self.place + self._whole_field())


class CustomCallItem(CallItem):
    """A call whose argument is plain text. `is_converted`: the parts have JSON: its text is written at its end."""

    kind = "custom_tool_call"
    field = b"input"
    events_of = b"custom_tool_call_input"

    def __init__(
        self, events: NumberedEvents, index: int, id: str, block: int, call: WrittenCall, *, is_converted: bool
    ) -> None:
        super().__init__(events, index, id, block, call)
        self._held: list[str] | None = [] if is_converted else None

    def add(self, text: str) -> bytes:
        if self._held is None:
            return super().add(text)
        self._held.append(text)
        return b""

    def add_whole(self, arguments: str) -> bytes | None:
        """Return the event with the text in whole arguments; None if the text was written as it came."""
        if self._held is None:
            return None
        self._held = None
        return super().add(_input_of(arguments))

    def finish_content(self) -> bytes:
        return (self.add_whole("".join(self._held)) or b"" if self._held else b"") + super().finish_content()


class ImageItem(WrittenItem):
    """An image that the model made."""

    kind = "image_generation_call"

    def __init__(self, events: NumberedEvents, index: int, id: str, block: int, media: str) -> None:
        super().__init__(events, index, id, block)
        self._format: bytes = b',"output_format":"%b"' % IMAGE_FORMATS[media].encode()
        self._pieces: list[str] = []
        self._previews = 0

    def begin(self) -> bytes:
        made = super().begin()
        return made + b"".join(self.events.event(b"%b.%b" % (self.kind.encode(), step), self.place)
                               for step in (b"in_progress", b"generating"))  # fmt: skip

    def add(self, part: Media) -> bytes:
        """Return the event of a preview; keep a piece of the image."""
        data = part.data or ""
        if not part.partial:
            self._pieces.append(data)
            return b""
        self._pieces.clear()
        rest = b',"partial_image_index":%d,"partial_image_b64":' % self._previews + encode_text(data) + self._format
        self._previews += 1
        return self.events.event(b"image_generation_call.partial_image", self.place + rest)

    def finish_content(self) -> bytes:
        return self.events.event(b"image_generation_call.completed", self.place) if self._pieces else b""

    def end(self, status: str) -> bytes:
        """Return the events that say that the image is done: it is if more than previews came, whatever ended."""
        return super().end(COMPLETED if self._pieces else "failed")

    def content(self, status: str) -> bytes:
        if status == INCOMPLETE:  # an image has no such status
            status = "generating"
        result = encode_text(joined_base64(self._pieces)) if self._pieces else b"null"
        return self.head + b',"status":"%b"%b,"result":%b}' % (status.encode(), self._format, result)


def _input_of(arguments: str) -> str:
    """Return the text in `{"input": text}`; other arguments as they are."""
    try:
        value = msgspec.json.decode(arguments)
    except (ValueError, RecursionError):
        return arguments
    if isinstance(value, dict) and value.keys() == {"input"} and isinstance(value["input"], str):
        return value["input"]
    return arguments
