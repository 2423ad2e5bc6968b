"""That all who are timed read the same: before a benchmark compares two readers, they gave the same strings."""

from __future__ import annotations

import json

import floor
import peers
import pytest
import workloads

SIZES = [*workloads.CUTS.values(), 1]


def expected(name: str, events: list[bytes]) -> list[str]:
    """Give what is between `data: ` and the line end, found without any scanner."""
    end = b"\r\n\r\n" if name == "gemini" else b"\n\n"
    return [event.removesuffix(end).rpartition(b"data: ")[2].decode() for event in events]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("workload", "reader"), [(workload, reader) for workload in workloads.WORKLOADS for reader in peers.able(workload)]
)
def test_every_reader_gives_the_same_strings(workload: str, reader: str, size: int | None) -> None:
    events = workloads.WORKLOADS[workload].make(120)
    seen: list[str] = []
    peers.able(workload)[reader](workloads.cut(events, size), seen)
    assert seen == expected(workload, events)


def test_an_openai_event_has_258_bytes_and_is_json() -> None:
    events = workloads.openai_chat(100)
    assert {len(event) for event in events} == {258}
    assert all(json.loads(event[6:])["object"] == "chat.completion.chunk" for event in events)


@pytest.mark.parametrize("known_ascii", [True, False])
def test_the_floor_makes_the_same_events(known_ascii: bool) -> None:
    events = workloads.openai_chat(500)
    made = floor.floor(events, 16 * workloads.KIB, known_ascii=known_ascii)
    for _ in range(2):
        assert [(event.event, event.data, event.id, event.retry) for event in made.rewind()] == [
            ("message", event[6:-2].decode(), "", None) for event in events
        ]
