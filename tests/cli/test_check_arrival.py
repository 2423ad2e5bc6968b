"""The judgement of the times of a stream: held back, in batches, one by one, or not known. No clock is involved."""

from collections.abc import Sequence

import pytest

from ssescan.cli.checking.arrival import Read, arrival_of, longest_silence

MS = 1_000_000


def reads(*given: tuple[float, int] | tuple[float, int, int] | tuple[float, int, int, bool]) -> list[Read]:
    """Return reads of so many ms, events, bytes (100 for each event), and whether each ended between two events."""
    made = []
    for ms, events, *rest in given:
        size, is_whole = (*rest, *(100 * events, True)[len(rest) :])
        made.append(Read(int(ms * MS), events, int(size), bool(is_whole)))
    return made


def flow(events: int, gap: float, begin: float = 300) -> list[Read]:
    return reads(*((begin + gap * number, 1) for number in range(events)))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (reads((800, 40)), "all 40 events came at once, after 0.80 s without one"),
        (reads((800, 20), (801, 20)), "all 40 events"),
        (reads(*((800 + 0.04 * number, 1) for number in range(100))), "all 100 events"),  # one read, as 100 chunks
        (reads((20, 1), (900, 39)), "39 of 40 events came at once, after 0.88 s"),
        (reads((2000, 20), (2008, 20)), "all 40 events"),  # a client that was busy for a moment
    ],
)
def test_all_at_once_is_held_back(given: list[Read], said: str) -> None:
    found = arrival_of(given)
    assert (found.buffered, found.pattern) == (True, "at once")
    assert said in found.text


@pytest.mark.parametrize(
    ("given", "size"),
    [
        (reads((400, 12, 3971, False), (640, 13, 4096, False), (910, 13, 4096, False), (970, 2, 881)), "4 KiB"),
        (reads((400, 27, 3900, False), (450, 5)), "4 KiB"),
        (reads((900, 50, 7900, False), (1300, 25)), "8 KiB"),
        (reads((400, 9, 6000, False), (800, 9, 6100, False), (1200, 9, 5900, True), (1300, 1)), "5.9 KiB"),
    ],
)
def test_blocks_that_cut_events_are_a_buffer(given: list[Read], size: str) -> None:
    found = arrival_of(given)
    assert (found.buffered, found.pattern) == (True, "blocks")
    assert f"about {size}," in found.text


def test_even_batches_are_held_back() -> None:
    found = arrival_of(reads(*((300 + 210 * number, 10) for number in range(5))))
    assert (found.buffered, found.pattern) == (True, "batches")
    assert "about 10 events at a time, every 0.21 s" in found.text


@pytest.mark.parametrize(
    "given",
    [
        flow(40, 20),
        flow(40, 20, begin=9000),
        flow(12, 30, begin=60_000),  # a short answer after a long thought
        flow(200, 1, begin=200),  # a fast model after a wait: 1,000 events/s
        flow(4, 50),
        flow(30, 20) + reads((905, 5), (905.5, 5)),  # the end of some formats: several events at once
        reads((300, 5)) + flow(20, 15, begin=320),  # and their beginning
        reads(*((300 + 40 * number, 2) for number in range(20))),
        reads(*((300 + 50 * number, 5) for number in range(20))),  # batches that nobody notices
        reads(*((300 + 40 * number, 0, 1448, False) if number % 3 else (300 + 40 * number, 1) for number in range(21))),
    ],
)
def test_one_by_one_is_not_held_back(given: list[Read]) -> None:
    found = arrival_of(given)
    assert (found.buffered, found.pattern) == (False, "")
    assert found.text.startswith("not held back: ")


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ([], "0 events cannot show it"),
        (reads((900, 1)), "1 event cannot show it"),
        (flow(3, 200), "3 events cannot show it"),
        (reads((900, 3)), "3 events cannot show it"),
        (reads((900, 8)), "8 events came at once, and so few"),
        (reads((30, 40)), "within 0.03 s, which is too fast"),
        (reads((400, 20), (600, 10), (700, 10)), "40 events came at 3 moments"),
        # TCP starts slowly: each block of an answer that was there at once is larger than the one before.
        (reads((100, 60, 14480, False), (150, 120, 28960, False), (200, 40)), "3 moments"),
        (reads((100, 60, 14480, False), (150, 40)), "2 moments"),
    ],
)
def test_too_little_is_not_known(given: list[Read], why: str) -> None:
    found = arrival_of(given)
    assert (found.buffered, found.pattern) == (None, "")
    assert found.text.startswith("not known: ")
    assert why in found.text


@pytest.mark.parametrize(("moments", "longest"), [((0, 5, 20, 21), 15), ((0,), 0), ((), 0)])
def test_longest_silence(moments: Sequence[int], longest: int) -> None:
    assert longest_silence(moments) == longest
