"""The rules of WHATWG HTML section 9.2.6, one by one, in every cut."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

BOM = b"\xef\xbb\xbf"

# name, stream, events as (event, data, id, retry)
STREAMS: list[tuple[str, bytes, list[Any]]] = [
    ("a data line makes a message", b"data: a\n\n", [("message", "a", "", None)]),
    ("CR ends lines", b"data: a\r\rdata: b\r\r", [("message", "a", "", None), ("message", "b", "", None)]),
    ("CRLF ends lines", b"data: a\r\n\r\ndata: b\r\n\r\n", [("message", "a", "", None), ("message", "b", "", None)]),
    ("line ends may be mixed", b"data: a\r\ndata: b\rdata: c\n\r\n", [("message", "a\nb\nc", "", None)]),
    ("LF CR are two line ends", b"data: a\n\rdata: b\n\n", [("message", "a", "", None), ("message", "b", "", None)]),
    ("other separators are text", "data: a\u2028b\u2029c\u0085d\x0be\x0cf\x1cg\x1eh\n\n".encode(),
        [("message", "a\u2028b\u2029c\u0085d\x0be\x0cf\x1cg\x1eh", "", None)]),
    ("data lines are joined with LF", b"data: a\ndata: b\ndata\ndata:\n\n", [("message", "a\nb\n\n", "", None)]),
    ("only the first space after the colon is dropped", b"data:  a\n\n", [("message", " a", "", None)]),
    ("a tab after the colon stays", b"data:\ta\n\n", [("message", "\ta", "", None)]),
    ("the space may be missing", b"data:a\n\n", [("message", "a", "", None)]),
    ("the colon may be missing", b"data\n\n", [("message", "", "", None)]),
    ("an empty data line makes an event", b"data:\n\n", [("message", "", "", None)]),
    ("more colons belong to the value", b"data: a: b\n\n", [("message", "a: b", "", None)]),
    ("no data, no event", b"event: x\nid: 1\nretry: 5\n\n: c\n\n\n\n", []),
    ("event names the type, for one block", b"event: x\ndata: 1\n\ndata: 2\n\n",
        [("x", "1", "", None), ("message", "2", "", None)]),
    ("the name of a block without data is forgotten", b"event: x\n\ndata: 1\n\n", [("message", "1", "", None)]),
    ("an empty event name is message", b"event: x\nevent\ndata: 1\n\n", [("message", "1", "", None)]),
    ("the last event name wins", b"event: x\nevent: y\ndata\n\n", [("y", "", "", None)]),
    ("field names are case-sensitive", b"Data: a\nDATA: b\ndata: c\n\n", [("message", "c", "", None)]),
    ("a space before the colon makes another field", b"data : a\ndata: b\n\n", [("message", "b", "", None)]),
    ("a space before the name makes another field", b" data: a\ndata: b\n\n", [("message", "b", "", None)]),
    ("longer names are other fields", b"datas: a\nevents: b\nids: c\ndata: d\n\n", [("message", "d", "", None)]),
    ("an id stays", b"id: 1\ndata: a\n\ndata: b\n\n", [("message", "a", "1", None), ("message", "b", "1", None)]),
    ("an empty id clears the id", b"id: 1\ndata: a\n\nid\ndata: b\n\n", [("message", "a", "1", None), ("message", "b", "", None)]),
    ("an id without data counts for the next event", b"id: 1\n\ndata: a\n\n", [("message", "a", "1", None)]),
    ("an id with NUL is ignored", b"id: 1\nid: 2\0\ndata: a\n\n", [("message", "a", "1", None)]),
    ("NUL in data is text", b"data: a\0b\n\n", [("message", "a\0b", "", None)]),
    ("retry belongs to its block", b"retry: 10\ndata: a\n\ndata: b\n\n", [("message", "a", "", 10), ("message", "b", "", None)]),
    ("retry may have leading zeros", b"retry: 0010\ndata\n\n", [("message", "", "", 10)]),
    ("retry may have fifteen digits", b"retry: 999999999999999\ndata\n\n", [("message", "", "", 999999999999999)]),
    *[(f"retry ignores {value!r}", b"retry: 7\nretry:" + value + b"\ndata\n\n", [("message", "", "", 7)])
      for value in (b"", b" ", b"-5", b"+5", b"1_000", b"  5", b" 5 ", b"5.0", b"0x5", "٣".encode(), b"1000000000000000", b"5\0")],
    ("a comment makes no event", b": data: a\n:\n:data: b\ndata: c\n\n", [("message", "c", "", None)]),
    ("a comment and a blank line make no second event", b"id: 1\ndata: a\n\n: ping\n\n\n", [("message", "a", "1", None)]),
    ("a field within a line is text", b": data: a\n\nxdata: b\n\nx: data: c\n\n", []),
    ("one byte order mark is dropped", b"\xef\xbb\xbfdata: a\n\n", [("message", "a", "", None)]),
    ("the second byte order mark is text", b"\xef\xbb\xbf\xef\xbb\xbfdata: a\ndata: b\n\n", [("message", "b", "", None)]),
    ("a byte order mark elsewhere is text", b"data: \xef\xbb\xbfa\n\n\xef\xbb\xbfdata: b\n\n", [("message", "\ufeffa", "", None)]),
    ("half a byte order mark is text", b"\xef\xbbdata: a\ndata: b\n\n", [("message", "b", "", None)]),
    ("half a byte order mark and a line end", b"\xef\xbb\ndata: b\n\n", [("message", "b", "", None)]),
    ("a name may come again", b"event: a\ndata: b\n\nevent: a\ndata: c\ndata: d\n\n", [("a", "b", "", None), ("a", "c\nd", "", None)]),
    ("an unfinished block is dropped", b"data: a\n\ndata: b\n", [("message", "a", "", None)]),
    ("an unfinished line is dropped", b"data: a\n\ndata: b", [("message", "a", "", None)]),
    ("UTF-8 of every length", "data: aé漢🫖\n\n".encode(), [("message", "aé漢🫖", "", None)]),
    # Both scanners have fast paths for the second and the third event.
    *[(f"invalid UTF-8 {value!r} is replaced", b"data: a%bz\nevent: %b\n\ndata: %b\n\nevent: %b\ndata: %b\n\n" % ((value,) * 5),
       [(text, f"a{text}z", "", None), ("message", text, "", None), (text, text, "", None)])
      for value, text in ((value, value.decode("utf-8", "replace")) for value in (b"\xff", b"\xc3", b"\xe2\x82", b"\xf0\x9f\xab", b"\xed\xa0\x80", b"\xc0\x80", b"\xf5\x80\x80\x80", b"\x80", b"\xfe\xff"))],
    ("an empty stream has no events", b"", []),
    ("line ends alone make no events", b"\n\r\r\n\n\r", []),
]  # fmt: skip


def read(scanner: Any, chunks: list[bytes]) -> list[tuple[str, str, str, int | None]]:
    events = [event for chunk in chunks for event in scanner.feed(chunk)] + scanner.close()
    return [(event.event, event.data, event.id, event.retry) for event in events]


@pytest.mark.parametrize(("stream", "events"), [s[1:] for s in STREAMS], ids=[s[0] for s in STREAMS])
def test_rule(scanners: Any, stream: bytes, events: list[Any]) -> None:
    assert read(scanners.Scanner(), [stream]) == events
    assert read(scanners.Scanner(), [bytes([byte]) for byte in stream]) == events
    for cut in range(len(stream) + 1):
        assert read(scanners.Scanner(), [stream[:cut], b"", stream[cut:]]) == events
    step = max(1, len(stream) // 5)
    cuts = [*range(0, len(stream), step), len(stream)]
    assert read(scanners.Scanner(), [stream[a:b] for a, b in pairwise(cuts)]) == events


class TestLineEnds:
    def test_event_does_not_wait_for_the_byte_after_cr(self, scanners: Any) -> None:
        scanner = scanners.Scanner()
        assert [event.data for event in scanner.feed(b"data: a\r\r")] == ["a"]

    def test_crlf_split_between_chunks(self, scanners: Any) -> None:
        scanner = scanners.Scanner()
        assert scanner.feed(b"data: a\r") == []
        assert scanner.feed(b"\ndata: b\r\n\r") == [scanners.ServerSentEvent(data="a\nb")]
        assert scanner.feed(b"\n") == []
        assert scanner.pending == 0
        assert scanner.feed(b"\n") == []

    def test_empty_chunk_between_cr_and_lf(self, scanners: Any) -> None:
        scanner = scanners.Scanner()
        assert [e.data for c in (b"data: a\r", b"", b"\n", b"data: b\n\n") for e in scanner.feed(c)] == ["a\nb"]


def pending_of(stream: bytes) -> int:
    """Return the number of bytes since the last blank line, in the simplest way."""
    mark = len(BOM) if stream.startswith(BOM) else 0
    pending = mark
    for line in stream[mark:].splitlines(keepends=True):
        pending = pending + len(line) if line.rstrip(b"\r\n") else 0
    return pending


class TestAttributes:
    def test_last_event_id_changes_at_the_blank_line(self, scanners: Any) -> None:
        scanner = scanners.Scanner()
        scanner.feed(b"id: 1\n")
        assert scanner.last_event_id == ""
        scanner.feed(b"\n")
        assert scanner.last_event_id == "1"
        scanner.feed(b"id: 2\ndata: x")
        scanner.close()
        assert scanner.last_event_id == "1"

    def test_retry_is_the_last_valid_value(self, scanners: Any) -> None:
        scanner = scanners.Scanner()
        seen = [scanner.retry]
        for chunk in (b"retry: 10\n", b"retry: x\nretry: 20\n\nretry: 30"):
            scanner.feed(chunk)
            seen.append(scanner.retry)
        scanner.close()
        assert [*seen, scanner.retry] == [None, 10, 20, 20]

    @pytest.mark.parametrize(
        ("stream", "pending"),
        [(b"", 0), (b"d", 1), (b"data: a\n", 8), (b"data: a\r\n", 9), (b"data: a\n\n", 0), (b"data: a\n\nid", 2),
         (b"data: a\n\nid\r\ndata: b", 11), (b": c\n", 4), (b"\n\n\r", 0), (b"\xef\xbb\xbf", 3), (b"\xef\xbbx", 3),
         (b"\xef\xbb\xbfa\n", 5)],
    )  # fmt: skip
    def test_pending_is_the_bytes_since_the_last_blank_line(self, scanners: Any, stream: bytes, pending: int) -> None:
        for chunks in ([stream], [bytes([byte]) for byte in stream]):
            scanner = scanners.Scanner()
            for chunk in chunks:
                scanner.feed(chunk)
            assert scanner.pending == pending

    @pytest.mark.parametrize("stream", [row[1] for row in STREAMS], ids=[row[0] for row in STREAMS])
    def test_pending_in_every_cut(self, scanners: Any, stream: bytes) -> None:
        for cut in range(len(stream) + 1):
            for end in range(cut, len(stream) + 1):
                scanner = scanners.Scanner()
                for chunk in (stream[:cut], stream[cut:end], b""):
                    scanner.feed(chunk)
                assert scanner.pending == pending_of(stream[:end]), cut

    @pytest.mark.parametrize(
        ("stream", "cut"),
        [(b"", False), (b"data: a\n\n", False), (b"data: a\n", True), (b"data: a", True), (b"x", True), (b"x\n", True),
         (b"data: a\n\n: c\n", False), (b"data: a\n\n: c", False), (b"id: 1\n", True), (b"id: 1\n\n", False),
         (b"\xef\xbb\xbf", False), (b"\xef\xbb", True), (b"data: a\n\n\n\r\n", False), (b": c\ndata: a\n: d", True)],
    )  # fmt: skip
    def test_cut_is_set_at_close(self, scanners: Any, stream: bytes, cut: bool) -> None:
        for chunks in ([stream], [bytes([byte]) for byte in stream]):
            scanner = scanners.Scanner()
            for chunk in chunks:
                scanner.feed(chunk)
            assert scanner.cut is False
            scanner.close()
            assert scanner.cut is cut


class TestClosing:
    def test_second_close_returns_nothing(self, scanners: Any) -> None:
        scanner = scanners.Scanner(unterminated="dispatch")
        scanner.feed(b"data: a")
        assert [event.data for event in scanner.close()] == ["a"]
        assert scanner.close() == []

    def test_feed_after_close_is_a_value_error(self, scanners: Any) -> None:
        scanner = scanners.Scanner()
        scanner.close()
        with pytest.raises(ValueError, match=r"after close.*reset"):
            scanner.feed(b"data: a\n\n")

    def test_reset_keeps_id_and_retry_only(self, scanners: Any) -> None:
        scanner = scanners.Scanner()
        scanner.feed(b"id: 7\nretry: 5\n\nid: 8\ndata: lost")
        scanner.close()
        scanner.reset()
        assert (scanner.last_event_id, scanner.retry, scanner.pending, scanner.cut) == ("7", 5, 0, False)
        assert scanner.feed(b"\xef\xbb\xbfdata: a\n\n") == [scanners.ServerSentEvent(data="a", id="7")]

    def test_reset_between_cr_and_lf_forgets_the_cr(self, scanners: Any) -> None:
        scanner = scanners.Scanner()
        scanner.feed(b"data: a\r")
        scanner.reset()
        assert scanner.feed(b"\ndata: b\n\n") == [scanners.ServerSentEvent(data="b")]

    def test_unterminated_block_is_dispatched_on_request(self, scanners: Any) -> None:
        for stream, expected in [
            (b"id: 3\nevent: x\ndata: a", [("x", "a", "3", None)]),
            (b"data: a\n", [("message", "a", "", None)]),
            (b"id: 3\nretry: 9", []),
            (b"data: a\n\n", [("message", "a", "", None)]),
        ]:
            scanner = scanners.Scanner(unterminated="dispatch")
            assert read(scanner, [stream]) == expected
        assert scanner.cut is False
        scanner.reset()
        scanner.feed(b"id: 4\ndata: a")
        scanner.close()
        assert (scanner.cut, scanner.last_event_id) == (True, "4")


class TestOptions:
    def test_empty_events_are_dispatched_on_request(self, scanners: Any) -> None:
        stream = b"event: x\n\nid: 1\n\nretry: 5\n\nevent\n\nid: \0\n\nretry: x\n\n: c\n\nother: y\n\n\n"
        assert read(scanners.Scanner(empty_events=True), [stream]) == [
            ("x", "", "", None), ("message", "", "1", None), ("message", "", "1", 5), ("message", "", "1", None),
        ]  # fmt: skip
        assert read(scanners.Scanner(), [stream]) == []

    def test_comments_and_unknown_lines_come_in_order(self, scanners: Any) -> None:
        stream = b": one\ndata: a\n:two\nerror: x\nnonsense\n\n:  three\n:\n: \xff\n"
        comment, unknown, event = scanners.Comment, scanners.UnknownLine, scanners.ServerSentEvent
        everything = [
            comment("one"), comment("two"), unknown("error: x"), unknown("nonsense"), event(data="a"),
            comment(" three"), comment(""), comment("\ufffd"),
        ]  # fmt: skip
        for comments in (True, False):
            for unknown_lines in (True, False):
                kinds = (event, *[comment] * comments, *[unknown] * unknown_lines)
                scanner = scanners.Scanner(comments=comments, unknown=unknown_lines)
                items = scanner.feed(stream)
                assert items == [item for item in everything if isinstance(item, kinds)]

    def test_known_fields_with_bad_values_are_not_unknown(self, scanners: Any) -> None:
        assert scanners.Scanner(unknown=True).feed(b"retry: x\nid: \0\nevent\n\n") == []

    def test_half_a_byte_order_mark_is_an_unknown_line(self, scanners: Any) -> None:
        for stream in (b"\xef", b"\xef\xbb", b"\xef\xbb\n", b"\xef\xbbx", b"\xef\xbb: c"):
            for chunks in ([stream], [stream[:1], stream[1:]]):
                scanner = scanners.Scanner(unknown=True, comments=True, unterminated="dispatch")
                items = [item for chunk in chunks for item in scanner.feed(chunk)] + scanner.close()
                assert items == [scanners.UnknownLine(stream.rstrip().decode("utf-8", "replace"))]

    def test_unterminated_comment_needs_dispatch(self, scanners: Any) -> None:
        for unterminated, expected in (("drop", []), ("dispatch", [scanners.Comment("x")])):
            scanner = scanners.Scanner(comments=True, unterminated=unterminated)
            scanner.feed(b": x")
            assert scanner.close() == expected


def test_more_event_names_than_the_cache_holds(scanners: Any) -> None:
    # The compiled scanners share a bounded cache of event names, and each keeps its last one.
    names = [f"name-{number}" for number in range(700)] + ["größe", "n" * 65, "message"]
    stream = "".join(f"event: {name}\ndata: {name}\n\n" for name in names).encode()
    for _ in range(2):
        scanner = scanners.Scanner()
        assert [(event.event, event.data) for event in scanner.feed(stream)] == [(name, name) for name in names]


@pytest.mark.parametrize(
    "names", [("content", "con"), ("con", "content"), ("ab", "ac"), ("x", ""), ("é", "e"), ("n" * 65, "n" * 64)]
)
def test_name_is_not_that_of_the_event_before(scanners: Any, names: tuple[str, str]) -> None:
    stream = "".join(f"event: {name}\ndata: a\n\n" for name in names).encode()
    assert [event.event for event in scanners.Scanner().feed(stream)] == [name or "message" for name in names]


@pytest.mark.parametrize("second", ["\n", "\r", "\r\n"], ids=["LF", "CR", "CRLF"])
@pytest.mark.parametrize("first", ["\n", "\r", "\r\n"], ids=["LF", "CR", "CRLF"])
def test_two_line_ends_of_any_kind_end_an_event(scanners: Any, first: str, second: str) -> None:
    stream = f"data: a{first}{second}data: b{first}{second}data: c\n\n".encode()
    expected = ["a\nb\nc"] if first + second == "\r\n" else ["a", "b", "c"]  # which is one line end
    assert [event.data for event in scanners.Scanner().feed(stream)] == expected
    assert [
        event.data for event in scanners.EventIterator(scanners.EventReader(scanners.Scanner()), iter([stream]))
    ] == expected
