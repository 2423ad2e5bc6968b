"""The events of Chromium's EventSource for 1,984 streams, and of 369 recorded bodies."""

from __future__ import annotations

import base64
import json
import random
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SMALL = 3000  # bytes: smaller bodies are cut at every offset


def cut_at_random(body: bytes, chance: random.Random, cuts: int) -> list[bytes]:
    places = sorted(chance.randrange(len(body) + 1) for _ in range(cuts))
    return [body[a:b] for a, b in zip([0, *places], [*places, len(body)], strict=True)]


def read(module: Any, chunks: list[bytes]) -> list[Any]:
    scanner = module.Scanner()
    return [*(event for chunk in chunks for event in scanner.feed(chunk)), *scanner.close()]


def values(events: list[Any]) -> list[tuple[Any, ...]]:
    """Return the fields of the events: tuples compare faster than the events of the Python backend."""
    return [(type(event), event.event, event.data, event.id, event.retry) for event in events]


def test_same_events_as_chromium(scanners: Any, shared: Path) -> None:
    cases = json.loads((shared / "conformance" / "chromium-eventsource.json").read_bytes())["cases"]
    assert len(cases) == 1984
    chance = random.Random(9)
    for case in cases:
        stream = base64.b64decode(case["stream"])
        expected = [tuple(event) for event in case["events"]]
        for chunks in (
            [stream],
            [bytes([byte]) for byte in stream],
            *[cut_at_random(stream, chance, cuts) for cuts in (1, 2, 5, 10)],
        ):
            assert [(event.event, event.data, event.id) for event in read(scanners, chunks)] == expected, chunks


def bodies(shared: Path) -> Iterator[tuple[str, bytes, int]]:
    for record in json.loads((shared / "corpus" / "manifest.json").read_bytes())["files"]:
        yield record["file"], (shared / "corpus" / record["file"]).read_bytes(), record["events"]


def test_recorded_bodies_have_the_counted_events(scanners: Any, shared: Path) -> None:
    chance = random.Random(7)
    count = 0
    for name, body, events in bodies(shared):
        count += 1
        whole = read(scanners, [body])
        assert len(whole) == events, name
        if len(body) > SMALL:
            for cuts in (3, 30, 300):
                assert read(scanners, cut_at_random(body, chance, cuts)) == whole, name
    assert count == 369


def test_small_bodies_cut_at_every_offset(scanners: Any, shared: Path) -> None:
    count = 0
    for name, body, _ in bodies(shared):
        if len(body) > SMALL:
            continue
        count += 1
        whole = values(read(scanners, [body]))
        for cut in range(len(body) + 1):
            assert values(read(scanners, [body[:cut], body[cut:]])) == whole, (name, cut)
        assert values(read(scanners, [bytes([byte]) for byte in body])) == whole, name
    assert count > 100


def test_backends_agree_on_recorded_bodies(both: tuple[Any, Any], shared: Path) -> None:
    options: dict[str, Any] = {"comments": True, "unknown": True, "unterminated": "dispatch", "empty_events": True}
    for name, body, _ in bodies(shared):
        made = []
        for module in both:
            scanner = module.Scanner(**options)
            items = [*scanner.feed(body), *scanner.close()]
            made.append([repr(item) for item in items] + [scanner.last_event_id, scanner.pending, scanner.cut])
        assert made[0] == made[1], name


@pytest.fixture(autouse=True)
def _recorded_streams(shared: Path) -> None:
    """Skip every test here if the streams are missing."""
