"""That all who are timed read the same: before a benchmark compares two readers, they gave the same strings."""

from __future__ import annotations

import json
import shutil
import unicodedata
from typing import TYPE_CHECKING

import floor
import node
import peers
import pytest
import workloads
from table import Table

if TYPE_CHECKING:
    from pathlib import Path

SIZES = [*workloads.CUTS.values(), 1]

# Of each workload as many events as make a few chunks at every cut; of the image one, so small that in single bytes,
# too, it is read in no time by those to whom its length counts twice.
EVENTS = {
    **{name: workload.make(120) for name, workload in workloads.WORKLOADS.items()},
    workloads.IMAGE.name: workloads.image(1, 8 * workloads.KIB),
}


def expected(name: str, events: list[bytes]) -> list[str]:
    """Give what is between `data: ` and the line end, found without any scanner."""
    end = b"\r\n\r\n" if name == "gemini" else b"\n\n"
    return [event.removesuffix(end).rpartition(b"data: ")[2].decode() for event in events]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("workload", "reader"), [(workload, reader) for workload in EVENTS for reader in peers.able(workload)]
)
def test_every_reader_gives_the_same_strings(workload: str, reader: str, size: int | None) -> None:
    seen: list[str] = []
    peers.able(workload)[reader](workloads.cut(EVENTS[workload], size), seen)
    assert seen == expected(workload, EVENTS[workload])


@pytest.mark.parametrize("size", workloads.CUTS)
def test_who_is_not_too_slow_for_the_image_reads_all_of_it(size: str) -> None:
    chunks = workloads.cut(workloads.IMAGE.events(), workloads.CUTS[size])
    readers = peers.able("image", size)
    assert set(readers) == set(peers.able("image")) - peers.TOO_SLOW.get(("image", size), set())
    for name in set(readers) - peers.QUADRATIC:
        seen: list[str] = []
        readers[name](chunks, seen)
        assert [len(data) for data in seen] == [workloads.IMAGE_SIZE - len(b"data: \n\n")], name


@pytest.mark.skipif(bool(node.missing()), reason=node.missing())
@pytest.mark.parametrize("workload", EVENTS)
def test_the_parser_on_node_gives_the_same_strings(workload: str) -> None:
    for size in SIZES:
        seen = node.read(workloads.cut(EVENTS[workload], size))
        assert seen == dict.fromkeys(node.WAYS, expected(workload, EVENTS[workload]))


@pytest.mark.skipif(bool(node.missing()), reason=node.missing())
def test_the_parser_on_node_has_a_time_in_every_way() -> None:
    times = node.times(workloads.openai_chat(100), rounds=2, turns=1)
    assert list(times) == [peers.OURS, peers.PURE, *node.WAYS.values()]
    assert all(0 < time < 1 for time in times.values())


def test_without_node_the_report_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    table = Table()
    monkeypatch.setattr(node, "INSTALLED", tmp_path / "package.json")
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "npm" else name)
    node.rows(table)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    node.rows(table)
    assert (table.rows, table.figures) == ([], {})
    assert ["--fetch" in note for note in table.notes] == [True, False]
    with pytest.raises(RuntimeError, match="`npm` is wanted"):
        node.fetch()


def test_who_does_less_says_so() -> None:
    said = peers.work()
    assert set(said) == {*peers.able("openai_chat"), *peers.LIBRARIES}
    said[node.PACKAGE] = peers.work_of(node.read)
    assert all(work.does.endswith(".") and work.left_undone.endswith(".") for work in said.values())
    assert {name for name, work in said.items() if work.left_undone == "nothing."} == {peers.OURS, peers.PURE}
    assert {name for name, work in said.items() if "Quadratic" in work.left_undone} == peers.QUADRATIC


def test_an_openai_event_has_258_bytes_and_is_json() -> None:
    events = workloads.openai_chat(100)
    assert {len(event) for event in events} == {258}
    assert all(json.loads(event[6:])["object"] == "chat.completion.chunk" for event in events)


def test_an_image_has_its_size_to_the_byte_and_is_json() -> None:
    for size in [*range(250, 300), workloads.IMAGE_SIZE]:
        (event,) = workloads.image(1, size)
        assert len(event) == size
        url = json.loads(event[6:])["choices"][0]["delta"]["images"][0]["image_url"]["url"]
        assert len(url.partition(",")[2]) % 4 == 0


def test_the_responses_events_are_named_as_in_their_json() -> None:
    for number, event in enumerate(workloads.openai_responses(10)):
        name, _, data = event.decode().removeprefix("event: ").partition("\ndata: ")
        payload = json.loads(data)
        assert (payload["type"], payload["sequence_number"]) == (name, number)


def test_the_multibyte_text_has_chinese_and_emoji_and_characters_of_every_length() -> None:
    names = [unicodedata.name(character, "") for character in workloads.MULTIBYTE_TEXT]
    assert any(name.startswith("CJK") for name in names)
    assert {"WATER WAVE", "ZERO WIDTH JOINER", "REGIONAL INDICATOR SYMBOL LETTER F"} < set(names)
    assert {len(character.encode()) for character in workloads.MULTIBYTE_TEXT} == {1, 2, 3, 4}


@pytest.mark.parametrize("known_ascii", [True, False])
def test_the_floor_makes_the_same_events(known_ascii: bool) -> None:
    events = workloads.openai_chat(500)
    made = floor.floor(events, 16 * workloads.KIB, known_ascii=known_ascii)
    for _ in range(2):
        assert [(event.event, event.data, event.id, event.retry) for event in made.rewind()] == [
            ("message", event[6:-2].decode(), "", None) for event in events
        ]
