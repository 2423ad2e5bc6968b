"""The fields that no decoder reads: which of them carry nothing, which were seen, and Structs that know these as well.

An event with a field that its Struct does not have is refused by msgspec (`forbid_unknown_fields`), so that streams
without such fields pay nothing for the look. The thorough way then keeps the field as Raw (R30 of docs/rules.md). A
field that stands in every event would be refused in every event: `with_fields` makes a Struct that knows it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from .parts import Raw
from .provider_errors import FIELDS as OF_ERRORS

if TYPE_CHECKING:
    from collections.abc import Collection

    from msgspec import Struct

    from .parts import Part

CARRY_NOTHING = frozenset(
    {
        # The event: its kind, its number, when it was made, what it was filled up with.
        "type", "object", "event_type", "event_id", "index", "sequence_number", "created", "created_at", "createTime",
        "timestamp", "obfuscation", "p", "padding",
        # The answer and its server, which the request, or the part Start, says already.
        "id", "model", "role", "status", "request_id", "requestId", "trace_id", "traceId", "generationId", "responseId",
        "modelVersion", "system_fingerprint", "service_tier", "provider", "seed",
        "native_finish_reason", "stream_options", "interaction_id",
        # The text, once more, as numbers.
        "token_id", "token_ids", "prompt_token_ids", "tokenCount", "avgLogprobs", "logprobs",
        # Filters that let the answer pass: one that does not is a finish reason.
        "prompt_filter_results", "content_filter_results", "content_filter_offsets", "content_filter_result",
        "safetyRatings",
        # How fast the server was.
        "timings", "time_info", "latency_checkpoint", "sla_metrics",
    }
)  # fmt: skip
"""The names of fields that say nothing about the answer, in every format and in every place."""

MAX_NAMES = 32
"""The number of names that are remembered for each place of a stream; a further name is Raw each time."""
NUMBERS = ("logprobs",)
"""Fields of that list that carry something after all, unless they are empty."""
Nothing: TypeAlias = tuple[()] | None
_PLAIN_NAME = re.compile(r'[^"\\\x00-\x1f]+')  # of a field that a Struct can have


class UnknownFields:
    """The fields of one stream that no decoder reads.

    `names`: those seen so far, of each place. `nulls`: those that were null, and carried nothing so far.
    """

    __slots__ = ("_last", "grown", "names", "nulls")

    def __init__(self) -> None:
        self.names: dict[str, frozenset[str]] = {}
        self.nulls: dict[str, frozenset[str]] = {}
        self.grown: bool = False  # since it was set to False
        self._last: dict[str, Any] = {}

    def each(self, value: dict[str, Any], known: Collection[str], parts: list[Part], choice: int = 0) -> None:
        """Add a Raw for every unknown field of an object that holds content."""
        if not value.keys() - known:
            return
        for name, data in value.items():
            if data is not None and name not in known and _carries(name, data):
                parts.append(Raw(choice=choice, name=name, data=data))

    def changed(self, value: dict[str, Any], known: Collection[str], parts: list[Part]) -> None:
        """Add a Raw for every unknown field whose value differs from the previous event's.

        For events that are a delta themselves, and have the fields of an event as well.
        """
        found: list[Part] = []
        self._note_nulls("event", value, known)
        self.each(value, known, found)
        for part in found:
            if isinstance(part, Raw) and (part.name not in self._last or self._last[part.name] != part.data):
                parts.append(part)
                if len(self._last) < MAX_NAMES or part.name in self._last:
                    self._last[part.name] = part.data

    def note(self, place: str, value: dict[str, Any], known: Collection[str]) -> None:
        """Remember the fields that carry nothing: the fast path may accept them."""
        seen = self.names.get(place, frozenset())
        if seen.issuperset(value.keys() - known):
            return
        new = CARRY_NOTHING.intersection(value).difference(known, seen)
        if new:
            self.names[place] = seen | new
            self.grown = True
        self._note_nulls(place, value, known)

    def _note_nulls(self, place: str, value: dict[str, Any], known: Collection[str]) -> None:
        """Remember the fields that are null: the fast path may accept them as long as they are."""
        seen = self.nulls.get(place, frozenset())
        new = [name for name, data in value.items() if data is None and name not in known and name not in seen]
        if new and len(seen) < MAX_NAMES:
            self.nulls[place] = seen.union(new[: MAX_NAMES - len(seen)])
            self.grown = True

    def read_elsewhere(self, place: str, name: str) -> None:
        """Let the fast path accept a field that is read only in events without other content."""
        seen = self.names.get(place, frozenset())
        if name not in seen:
            self.names[place] = seen | {name}
            self.grown = True

    def once(
        self, place: str, value: dict[str, Any], known: Collection[str], parts: list[Part], choice: int = 0
    ) -> None:
        """Add a Raw for every unknown field that comes for the first time in this place."""
        seen = self.names.get(place, frozenset())
        if seen.issuperset(value.keys() - known):
            return
        new = {
            name: data
            for name, data in value.items()
            if name not in known and name not in seen and (data is not None or name in CARRY_NOTHING)
        }
        self._note_nulls(place, value, known)
        if not new:
            return
        parts += [Raw(choice=choice, name=name, data=data) for name, data in new.items() if _carries(name, data)]
        if remembered := list(new)[: MAX_NAMES - len(seen)]:
            self.names[place] = seen.union(remembered)
            self.grown = True

    def of(self, place: str) -> frozenset[tuple[str, bool]]:
        """Return the names seen in a place that a Struct can have; with each, whether it was only null.

        A field of an event that may say that something failed is not among them: its next value may say so.
        """
        names, nulls = self.names.get(place, frozenset()), self.nulls.get(place, frozenset())
        if place == "event":
            names -= OF_ERRORS
        return frozenset((name, name not in names) for name in names | nulls if _PLAIN_NAME.fullmatch(name))


def _carries(name: str, data: Any) -> bool:
    """Return whether a field says something about the answer."""
    return name not in CARRY_NOTHING or (name in NUMBERS and bool(data))


@lru_cache(maxsize=256)
def fields_of(*structs: type[Struct]) -> frozenset[str]:
    """Return the names, in JSON, of the fields that these Structs have."""
    return frozenset(field.encode_name for struct in structs for field in msgspec.structs.fields(struct))


@lru_cache(maxsize=256)
def with_fields(struct: type[Struct], names: frozenset[tuple[str, bool]], *replaced: tuple[str, Any]) -> type[Struct]:
    """Return a Struct that accepts further fields, and has other types for some. It is cached: making it is slow.

    `names`: with each, whether it must be null.
    """
    known = fields_of(struct)
    extra = {name: is_null for name, is_null in sorted(names) if name not in known}
    if not extra and not replaced:
        return struct
    types: list[Any] = [None if is_null else Nothing if name in NUMBERS else Any for name, is_null in extra.items()]
    fields = [(f"_unknown_{number}", kind, None) for number, kind in enumerate(types)]
    return msgspec.defstruct(
        struct.__name__,
        [*replaced, *fields],
        bases=(struct,),
        rename=dict(zip([name for name, _, _ in fields], extra, strict=True)),
        forbid_unknown_fields=True,
        kw_only=True,
        gc=False,
    )
