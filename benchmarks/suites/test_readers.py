"""All readers that are timed read the same, and the payloads are what they are named for."""

from __future__ import annotations

import json
import shutil
import unicodedata
from pathlib import Path

import pytest

import ssescan
from benchmarks.suites import bare_cost, node_parser, payloads, readers
from benchmarks.suites.measure import Lab, Table

SIZES = [*payloads.CUTS.values(), 1]

# As many events as make a few chunks at every cut; of the image one that is small, for readers that are quadratic.
EVENTS = {name: stream.make(120) for name, stream in payloads.STREAMS.items() if name != "image"}
EVENTS["image"] = payloads.image(1, 8 * payloads.KIB)


def expected(events: list[bytes]) -> list[str]:
    """Return what is between `data: ` and the line end, found without any scanner."""
    return [event.rstrip(b"\r\n").rpartition(b"data: ")[2].decode() for event in events]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("stream", "reader"), [(stream, reader) for stream in EVENTS for reader in readers.able(stream)]
)
def test_every_reader_reads_the_same(stream: str, reader: str, size: int | None) -> None:
    seen: list[str] = []
    readers.able(stream)[reader](payloads.cut(EVENTS[stream], size), seen)
    assert seen == expected(EVENTS[stream])


@pytest.mark.skipif(bool(node_parser.missing()), reason=node_parser.missing())
@pytest.mark.parametrize("stream", EVENTS)
def test_parser_on_node_reads_the_same_in_every_way(stream: str) -> None:
    for size in SIZES:
        chunks = payloads.cut(EVENTS[stream], size)
        assert node_parser.ask(chunks, 0)["strings"] == dict.fromkeys(node_parser.WAYS, expected(EVENTS[stream]))
    times = node_parser.times(chunks, rounds=2)
    assert list(times)[2:] == [f"{node_parser.PACKAGE}, {way}" for way in node_parser.WAYS]
    assert all(0 < time < 10 for time in times.values())


def test_without_node_a_note_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    table = Table()
    monkeypatch.setattr(node_parser, "INSTALLED", tmp_path / "package.json")
    monkeypatch.setattr(shutil, "which", lambda name: name)
    node_parser.rows(table, Lab())
    monkeypatch.setattr(shutil, "which", lambda name: None)
    node_parser.rows(table, Lab())
    assert (table.rows, table.figures) == ([], {})
    assert ["make peers-on-node" in note for note in table.notes] == [True, False]


def test_readers_say_what_they_leave_out() -> None:
    assert readers.READERS.keys() == {readers.OURS, readers.PURE, readers.BY_HAND, *readers.LIBRARIES}
    work = {name: readers.work_of(read) for name, read in readers.READERS.items()}
    assert all(one.reads.endswith(".") and one.leaves_out.endswith(".") for one in work.values())
    assert {name for name, one in work.items() if one.leaves_out == "nothing."} == {readers.OURS, readers.PURE}
    assert {name for name, one in work.items() if "Quadratic" in one.leaves_out} == readers.QUADRATIC


def test_pure_copy_reads_by_the_pure_scanner() -> None:
    pure, (event,) = readers.pure_ssescan(), readers.pure_ssescan().iter_events([b"data: a\n\n"])
    assert (pure.backend, pure.Scanner.feed.__code__.co_filename.endswith("_python.py")) == ("python", True)
    assert type(event) is pure.ServerSentEvent
    assert type(event) is not ssescan.ServerSentEvent


def test_chat_event_has_258_bytes() -> None:
    events = payloads.openai_chat(100)
    assert {len(event) for event in events} == {258}
    assert all(json.loads(event[6:])["object"] == "chat.completion.chunk" for event in events)


def test_image_has_its_size_to_the_byte() -> None:
    for size in [*range(250, 300), payloads.IMAGE_SIZE]:
        (event,) = payloads.image(1, size)
        assert len(event) == size
        url = json.loads(event[6:])["choices"][0]["delta"]["images"][0]["image_url"]["url"]
        assert len(url.partition(",")[2]) % 4 == 0


@pytest.mark.parametrize("api", ["openai-responses", "anthropic", "gemini-interactions"])
def test_event_names_are_those_of_the_json(api: str) -> None:
    for number, event in enumerate(payloads.ANSWERS[api](10)):
        name, _, data = event.decode().removeprefix("event: ").partition("\ndata: ")
        payload = json.loads(data)
        assert payload.get("event_type", payload.get("type")) == name
        assert payload.get("sequence_number", number) == number


def test_multibyte_text_has_characters_of_every_length() -> None:
    names = [unicodedata.name(character, "") for character in payloads.MULTIBYTE_TEXT]
    assert any(name.startswith("CJK") for name in names)
    assert {"WATER WAVE", "ZERO WIDTH JOINER", "REGIONAL INDICATOR SYMBOL LETTER F"} < set(names)
    assert {len(character.encode()) for character in payloads.MULTIBYTE_TEXT} == {1, 2, 3, 4}


def test_bare_cost_makes_the_same_events() -> None:
    events = payloads.openai_chat(500)
    made = bare_cost.bare_cost(events)
    for _ in range(2):
        assert [(event.event, event.data, event.id, event.retry) for event in made.rewind()] == [
            ("message", event[6:-2].decode(), "", None) for event in events
        ]
