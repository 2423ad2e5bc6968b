"""EventRun: events that differ in one text are read as one; everything else is read as it came, in its order."""

from __future__ import annotations

import json
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from types import ModuleType

FIRST = b'event: e\ndata: {"n":1,"text":"a","pad":"xyz"}\n\n'
GAPS = [(2, 20, 21), (0, 30, 31), (1, 40, 43), (3, 44, 44)]
OTHER = b"event: ping\ndata: {}\n\n"
LARGEST = 24 * 2**10


def event(text: str | bytes, n: int | str = 7, pad: str = "p", spaces: int = 0) -> bytes:
    inside = text if isinstance(text, bytes) else json.dumps(text, ensure_ascii=False)[1:-1].encode()
    return b'event: e\ndata: {"n":%s,"text":"%b","pad":"%s"%s}\n\n' % (
        str(n).encode(), inside, pad.encode(), b" " * spaces,
    )  # fmt: skip


def passed(scanners: ModuleType, chunks: list[bytes], flush_after: int = -1) -> list[tuple[bytes, bool]]:
    """Return what a run read of the chunks, which it has to return. It learns the shape from FIRST."""
    found: list[tuple[bytes, bool]] = []

    def read(data: bytes, is_alike: bool) -> Any:
        found.append((data, is_alike))
        return (FIRST, GAPS) if data == FIRST or is_alike else None

    run = scanners.EventRun(read)
    for number, chunk in enumerate(chunks):
        assert run.feed(chunk) == chunk
        if number == flush_after:
            run.flush()
    run.flush()
    return found


def test_events_that_differ_in_a_text_are_read_as_one(scanners: ModuleType) -> None:
    chunks = [FIRST, event(" wörld"), event('"\\\n\u20ac', 80, "", 4), event(b"\\u00e9\\/", 0)]
    joined = FIRST.replace(b'"a"', '" wörld\\"\\\\\\n\u20ac\\u00e9\\/"'.encode())
    assert passed(scanners, chunks) == [(FIRST, False), (joined, True)]
    assert passed(scanners, [b"".join(chunks)]) == [(FIRST, False), (joined, True)]


def test_another_event_comes_after_what_was_joined(scanners: ModuleType) -> None:
    found = passed(scanners, [FIRST + event("b") + event("c") + OTHER + event("d") + event("e")])
    bc, e = (FIRST.replace(b'"a"', b'"%b"' % text) for text in (b"bc", b"e"))
    # The first event after another is read by itself: it shows whether texts go on.
    assert found == [(FIRST, False), (bc, True), (OTHER, False), (event("d"), True), (e, True)]


@pytest.mark.parametrize(
    "odd",
    [
        event(""),
        event(b"\\ud83d"),
        event(b"\\uDE00"),
        event(b"\\u12g4"),
        event(b"\\u123g"),
        event(b"\\x41"),
        event(b"a\tb"),
        event(b"a\x1fb"),
        event(b"\xe4\xbd"),
        event(b"\xed\xa0\x80"),
        event("a").replace(b'"p"', b'"\xff"'),
        event("a", "01"),
        event("a", ""),
        event("a", "1.5"),
        event("a", 1, 'a","text":"b'),
        event("a" * LARGEST),
        event("a").replace(b"\n\n", b"\r\n\r\n"),
        event("a")[:-1],
        event(b"\\u1").partition(b'","pad')[0],
        event(b'a\\"').partition(b'","pad')[0],
        event("a")[:-1] + b"data: b\n\n",
        b" " + event("a"),
    ],
)
def test_whatever_is_not_plainly_alike_is_read_as_it_came(scanners: ModuleType, odd: bytes) -> None:
    found = passed(scanners, [FIRST, odd])
    assert [is_alike for _, is_alike in found] == [False] * len(found)
    assert b"".join(data for data, _ in found) == FIRST + odd


@pytest.mark.parametrize(
    "other", [b"data: a\r\n\r\n", b"data: a\n\r\n", b"data: a\n:\nid\n\n", b"x\r\n:\r\n\r\n", b"\n\n"]
)
def test_other_events_are_read_one_by_one(scanners: ModuleType, other: bytes) -> None:
    assert passed(scanners, [other + OTHER + other]) == [(other, False), (OTHER, False), (other, False)]


def test_run_has_at_most_24_kib_of_text(scanners: ModuleType) -> None:
    third = event("b" * (LARGEST // 3))
    whole = FIRST.replace(b'"a"', b'"%b"' % (b"b" * LARGEST))
    read = [(FIRST, False), (whole, True), (third, True), (whole, True), (OTHER, False)]
    assert passed(scanners, [FIRST + third * 7 + OTHER]) == read


def test_a_long_run_is_read_in_pieces(scanners: ModuleType) -> None:
    found = passed(scanners, [FIRST, *[event("b" * 1000)] * 40])
    assert max(len(data) for data, _ in found) < LARGEST + 100
    assert sum(data.count(b"b") for data, _ in found) == 40_000
    assert len(found) < 8


def test_joined_counts_the_events_that_were_not_read(scanners: ModuleType) -> None:
    reads: list[bytes] = []

    def read(data: bytes, is_alike: bool) -> Any:
        reads.append(data)
        return FIRST, GAPS

    run = scanners.EventRun(read)
    for _ in range(2):
        for chunk in (FIRST, event("b"), event("c"), event("d"), OTHER):
            assert run.feed(chunk) is chunk
            assert run.unsent == b""
    assert len(reads) + run.joined == 10
    assert run.joined == 5


def test_a_chunk_is_kept_if_reading_it_fails(scanners: ModuleType) -> None:
    def read(data: bytes, is_alike: bool) -> None:
        raise KeyboardInterrupt

    run = scanners.EventRun(read)
    with pytest.raises(KeyboardInterrupt):
        run.feed(b"data: a\n\ndata: b\n\n")
    assert run.unsent == b"data: a\n\ndata: b\n\n"


def test_wrong_use(scanners: ModuleType) -> None:
    run = scanners.EventRun(lambda data, is_alike: (FIRST, [(0, 40, 30)]))
    assert run.unsent == b""
    assert type(run.feed(bytearray())) is bytes
    with pytest.raises(TypeError, match="bytes"):
        run.feed("data: a\n\n")
    with pytest.raises(ValueError, match=r"^gaps within the event were expected$"):
        run.feed(FIRST)
    with pytest.raises(TypeError, match=r"^the event must be bytes, not None$"):
        scanners.EventRun(lambda data, is_alike: (None, [])).feed(FIRST)


def test_gaps_may_touch_and_be_at_the_ends(scanners: ModuleType) -> None:
    for extra in range(5):
        gaps = [(3, 0, 0), *GAPS, (3, 44, 44), (3, 47, 47), *[(3, 47, 47)] * extra]
        run = scanners.EventRun(lambda data, is_alike, gaps=gaps: (FIRST, gaps))
        with pytest.raises(ValueError, match="gaps") if len(gaps) > 8 else nullcontext():
            run.feed(FIRST + event("b") + event("c"))
            assert run.joined == 2


def test_wrong_gaps_leave_no_shape(scanners: ModuleType) -> None:
    answers = iter([(FIRST, GAPS), (OTHER, [(0, 40, 30)])])
    alike: list[bool] = []

    def read(data: bytes, is_alike: bool) -> Any:
        alike.append(is_alike)
        return next(answers, None)

    run = scanners.EventRun(read)
    run.feed(FIRST)
    with pytest.raises(ValueError, match="gaps"):
        run.feed(OTHER)
    run.feed(event("b"))
    assert alike == [False, False, False]


@pytest.mark.parametrize("fixed", [b"\xff", b"\xed\xa0\x80", b"\xc3"])
@pytest.mark.parametrize("place", [b"n", b"pad", b"event: e"])
def test_a_shape_that_is_not_utf8_joins_nothing(scanners: ModuleType, fixed: bytes, place: bytes) -> None:
    shape = FIRST.replace(place, place + fixed, 1)
    at = shape.index(fixed)
    gaps = [(kind, *(edge + len(fixed) * (edge > at) for edge in edges)) for kind, *edges in GAPS]
    found: list[bytes] = []

    def read(event: bytes, is_alike: bool) -> Any:
        assert not is_alike
        found.append(event)
        return shape, gaps

    run = scanners.EventRun(read)
    run.feed(shape * 3)
    run.flush()
    assert (found, run.joined) == ([shape] * 3, 0)


def test_reading_may_feed_the_run(scanners: ModuleType) -> None:
    found: list[bytes] = []

    def read(data: bytes, is_alike: bool) -> Any:
        found.append(data)
        if len(found) < 9:
            run.feed(event("b") + OTHER)
        return FIRST, GAPS

    run = scanners.EventRun(read)
    assert run.feed(FIRST + event("c")) == FIRST + event("c")
    run.flush()
    assert b"".join(found).count(OTHER) <= 9


texts = st.text('aé€🌊"\\\n \ud83d', max_size=4).map(lambda text: json.dumps(text)[1:-1].encode()) | st.binary(
    max_size=3
)
events = st.builds(event, texts, st.sampled_from([0, 1, 20, "01"]), st.sampled_from(["", "q"]), st.integers(0, 2))


# A busy machine may be slow to make the first example.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(events | st.sampled_from([FIRST, OTHER, b"data: a\r\n\r\n"]), max_size=12), st.data())
def test_both_backends_read_the_same(both: tuple[Any, Any], made: list[bytes], data: st.DataObject) -> None:
    stream = FIRST + b"".join(made)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=4)))
    chunks = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    compiled, python = (passed(module, chunks, len(cuts) // 2) for module in both)
    assert compiled == python
