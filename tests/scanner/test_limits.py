"""max_event_size: the bytes that count, the error, and the state after it."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from contextlib import suppress
from typing import Any

import pytest

from ssescan import EventTooLarge


def by_bytes(scanner: Any, stream: bytes) -> list[Any]:
    return [item for byte in stream for item in scanner.feed(bytes([byte]))]


BLOCKS = [
    (b"data: 1234\n", 10),
    (b"event: a\r\ndata: 12\r\n", 16),
    (b"id: 1\rdata: 2\r: not this\r", 12),
    (b"unknown lines count\n", 19),
    (b"data: unfinished", 16),
    (b"data\n\xef\xbb\xbf", 7),
    # Whole blocks, for which both scanners have fast paths.
    *[(b"data: 1234" + end * 2, 10) for end in (b"\n", b"\r\n", b"\r")],
    *[(b"event: a" + end + b"data: 12" + end * 2, 16) for end in (b"\n", b"\r\n", b"\r")],
    (b"data: a\n\ndata: 1234\n\ndata", 10),
    (b"data: a\r\n\r\ndata: 1234\r\n\r\ndata", 10),
    (b"data: a\n\ndata: 1234", 10),
    (b"x: a\n\nxx: 1234\n\n", 8),
]


class TestSize:
    @pytest.mark.parametrize(("block", "size"), BLOCKS)
    def test_limit_passes(self, scanners: Any, block: bytes, size: int) -> None:
        for feed in (by_bytes, lambda scanner, stream: scanner.feed(stream)):
            feed(scanners.Scanner(max_event_size=size), block)

    @pytest.mark.parametrize(("block", "size"), BLOCKS)
    def test_one_byte_more_raises(self, scanners: Any, block: bytes, size: int) -> None:
        for feed in (by_bytes, lambda scanner, stream: scanner.feed(stream)):
            with pytest.raises(EventTooLarge) as caught:
                feed(scanners.Scanner(max_event_size=size - 1), block)
            assert (caught.value.limit, caught.value.size) == (size - 1, size)
            assert str(size) in str(caught.value)
            assert str(size - 1) in str(caught.value)

    def test_blank_line_restarts_the_count(self, scanners: Any) -> None:
        scanner = scanners.Scanner(max_event_size=7)
        assert [event.data for event in scanner.feed(b"data: a\n\n" * 50)] == ["a"] * 50

    def test_single_comment_counts(self, scanners: Any) -> None:
        scanners.Scanner(max_event_size=7).feed(b": 12345\n: 12345\n")
        for feed in (by_bytes, lambda scanner, stream: scanner.feed(stream)):
            with pytest.raises(EventTooLarge) as caught:
                feed(scanners.Scanner(max_event_size=6), b": 12345\n")
            assert caught.value.size == 7

    def test_byte_order_mark_does_not_count(self, scanners: Any) -> None:
        by_bytes(scanners.Scanner(max_event_size=4), b"\xef\xbb\xbfdata\n")

    def test_no_limit(self, scanners: Any) -> None:
        assert (
            len(scanners.Scanner(max_event_size=None).feed(b"data: " + b"x" * (65 * 2**20) + b"\n\n")[0].data) > 2**26
        )

    def test_default_is_64_mebibytes(self, scanners: Any) -> None:
        scanners.Scanner().feed(b"data: ".ljust(64 * 2**20, b"x"))
        with pytest.raises(EventTooLarge) as caught:
            scanners.Scanner().feed(b"data: ".ljust(64 * 2**20 + 1, b"x"))
        assert caught.value.limit == 64 * 2**20

    def test_half_a_byte_order_mark_counts_at_the_end(self, scanners: Any) -> None:
        scanner = scanners.Scanner(max_event_size=1, unterminated="dispatch")
        assert scanner.feed(b"\xef\xbb") == []
        with pytest.raises(EventTooLarge) as caught:
            scanner.close()
        assert (caught.value.size, scanner.cut) == (2, True)


class TestAfterTheError:
    def test_error_has_the_earlier_events_of_the_chunk(self, scanners: Any) -> None:
        scanner = scanners.Scanner(max_event_size=10, comments=True)
        with pytest.raises(EventTooLarge) as caught:
            scanner.feed(b"data: a\n\n: c\ndata: 12345\n\ndata: b\n\n")
        assert caught.value.events == [scanners.ServerSentEvent(data="a"), scanners.Comment("c")]

    def test_feed_is_refused_until_reset(self, scanners: Any) -> None:
        scanner = scanners.Scanner(max_event_size=10)
        with pytest.raises(EventTooLarge):
            scanner.feed(b"id: 1\n\nid: 2\ndata: 1234567890\n\ndata: b\n\n")
        with pytest.raises(ValueError, match=r"EventTooLarge.*reset"):
            scanner.feed(b"data: c\n\n")
        assert scanner.close() == []
        assert scanner.cut is True
        scanner.reset()
        assert scanner.feed(b"data: d\n\n") == [scanners.ServerSentEvent(data="d", id="1")]

    @pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
    def test_pending_counts_dropped_bytes(self, scanners: Any, end: bytes) -> None:
        block = b"id: 1" + end + b"data: 123456789" + end * 2 + b"data: b" + end * 2
        for before in (b"", b"data: a" + end * 2, b": c" + end * 2 + b"id" + end * 2):
            for cut in range(len(before) + 1):
                scanner = scanners.Scanner(max_event_size=10)
                scanner.feed(before[:cut])
                with pytest.raises(EventTooLarge):
                    scanner.feed(before[cut:] + block)
                assert (scanner.pending, scanner.last_event_id) == (len(block), "")

    def test_error_can_be_pickled(self, scanners: Any) -> None:
        import pickle

        with pytest.raises(EventTooLarge) as caught:
            scanners.Scanner(max_event_size=10).feed(b"data: a\n\ndata: 1234567890\n\n")
        again = pickle.loads(pickle.dumps(caught.value))
        assert (again.limit, again.size, str(again)) == (10, 16, str(caught.value))
        assert [event.data for event in again.events] == ["a"]


class TestReset:
    @pytest.mark.parametrize(
        "before", [b"data: 1234", b"data: 12\nid", b": 12345678", b"data: 1234\n", b"data: 12345678"]
    )
    @pytest.mark.parametrize("oversize", ["raise", "skip"])
    def test_bytes_before_it_count_no_more(self, scanners: Any, before: bytes, oversize: str) -> None:
        scanner = scanners.Scanner(max_event_size=10, oversize=oversize)
        with suppress(EventTooLarge):
            by_bytes(scanner, before)
        scanner.reset()
        assert scanner.close() == []
        assert (scanner.cut, scanner.pending, scanner.skipped) == (False, 0, 0)
        scanner.reset()
        with suppress(EventTooLarge):
            by_bytes(scanner, before)
        scanner.reset()
        assert [event.data for event in by_bytes(scanner, b"data: 1234\n\n")] == ["1234"]


class TestSkipping:
    @pytest.mark.parametrize("feed", [by_bytes, lambda scanner, stream: scanner.feed(stream)], ids=["bytes", "whole"])
    def test_event_is_dropped_and_stream_continues(self, scanners: Any, feed: Any) -> None:
        scanner = scanners.Scanner(max_event_size=20, oversize="skip")
        stream = b"data: a\n\nid: 7\ndata: 12345678901234567890\nretry: 50\n\ndata: b\n\n"
        assert feed(scanner, stream) == [
            scanners.ServerSentEvent(data="a"),
            scanners.ServerSentEvent(data="b", id="7"),
        ]
        assert (scanner.skipped, scanner.retry, scanner.last_event_id) == (1, 50, "7")

    @pytest.mark.parametrize("feed", [by_bytes, lambda scanner, stream: scanner.feed(stream)], ids=["bytes", "whole"])
    def test_block_is_skipped_once(self, scanners: Any, feed: Any) -> None:
        scanner = scanners.Scanner(max_event_size=10, oversize="skip")
        assert feed(scanner, b"data: 1234567890\n" * 20 + b"\n" + b"data: 12345678901\n\n") == []
        assert scanner.skipped == 2

    def test_skipped_block_keeps_comments_and_unknown_lines(self, scanners: Any) -> None:
        scanner = scanners.Scanner(max_event_size=10, oversize="skip", comments=True, unknown=True)
        assert scanner.feed(b"data: 1234567890\n: c\nx\n\n") == [scanners.Comment("c"), scanners.UnknownLine("x")]

    def test_reset_clears_skipped(self, scanners: Any) -> None:
        scanner = scanners.Scanner(max_event_size=5, oversize="skip")
        scanner.feed(b"data: a\n\n")
        assert scanner.skipped == 1
        scanner.reset()
        assert scanner.skipped == 0

    def test_unfinished_oversize_block_is_cut(self, scanners: Any) -> None:
        for stream in (b"data: 1234567890", b"data: 1234567890\n"):
            scanner = scanners.Scanner(max_event_size=5, oversize="skip", unterminated="dispatch")
            scanner.feed(stream)
            assert scanner.close() == []
            assert scanner.cut is True


SKIPPING = {"max_event_size": 10, "oversize": "skip", "comments": True, "unknown": True}
# With these options: the stream, the texts of the items, last event ID, retry, skipped, cut.
OVERSIZE: list[tuple[bytes, list[str], str, int | None, int, bool]] = [
    (b": 12345678\ndata: a\n\n", ["12345678", "a"], "", None, 0, False),
    (b": 123456789\ndata: a\n\ndata: b\n\n", ["b"], "", None, 1, False),
    (b": 123456789\n\ndata: b\n\n", ["b"], "", None, 1, False),
    (b": 123456789\n: 123456789\ndata: a\n\n", [], "", None, 1, False),
    (b"data: a\n: 123456789\ndata: b\n\ndata: c\n\n", ["c"], "", None, 1, False),
    (b": 123456789\n", [], "", None, 1, False),
    (b": 123456789", [], "", None, 1, False),
    (b"data: a\nid: 123456\n\ndata: b\n\n", ["b"], "123456", None, 1, False),
    (b"id: 1234567\ndata: a\n\ndata: b\n\n", ["b"], "", None, 1, False),
    (b"data: a\nretry: 123\n\n", [], "", 123, 1, False),
    (b"retry: 1234\ndata: a\n\n", [], "", None, 1, False),
    (b"event: 1234\ndata: a\n\ndata: b\n\n", ["b"], "", None, 1, False),
    (b"unknown: 1\n\n", ["unknown: 1"], "", None, 0, False),
    (b"unknown: 12\n\n", [], "", None, 1, False),
    (b"unknown: 12\n", [], "", None, 1, True),
    (b"data: 12345\n\ndata: 12345\n\ndata: 1234\n\n", ["1234"], "", None, 2, False),
    (b"event: a\ndata: 1\n\ndata: b\n\n", ["b"], "", None, 1, False),
    (b"data: 123\ndata\ndata: a\n\ndata: b\n\n", ["b"], "", None, 1, False),
]


@pytest.mark.parametrize("unterminated", ["drop", "dispatch"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("row", OVERSIZE, ids=[repr(row[0])[2:-1] for row in OVERSIZE])
def test_oversize_lines_in_every_two_cuts(scanners: Any, row: Any, end: bytes, unterminated: str) -> None:
    stream = row[0].replace(b"\n", end)
    for first in range(len(stream) + 1):
        for second in range(first, len(stream) + 1):
            scanner = scanners.Scanner(**SKIPPING, unterminated=unterminated)
            chunks = (stream[:first], stream[first:second], stream[second:])
            items = [item for chunk in chunks for item in scanner.feed(chunk)]
            assert scanner.close() == []
            texts = [item.data if type(item) is scanners.ServerSentEvent else item.text for item in items]
            state = texts, scanner.last_event_id, scanner.retry, scanner.skipped, scanner.cut
            assert state == row[1:], chunks


def run_in_a_process(script: str, backend: str) -> None:
    pytest.importorskip("tracemalloc", reason="needs tracemalloc to count memory")
    if sys.platform in ("emscripten", "ios", "android"):
        pytest.skip("no processes in a browser or on a phone")
    subprocess.run([sys.executable, "-c", textwrap.dedent(script), backend], check=True, timeout=900)


def test_endless_line_keeps_limit_and_one_chunk_at_most(backend: str) -> None:
    run_in_a_process(
        """
        import importlib, sys, tracemalloc
        from ssescan import EventTooLarge
        Scanner = importlib.import_module(f"ssescan.scanner._{sys.argv[1]}").Scanner
        limit, chunk, total = 64 * 2**20, 65536, 2**30
        scanner = Scanner()
        tracemalloc.start()
        fed = 0
        try:
            while fed < total:
                # A new object each time, like those of a socket.
                scanner.feed(b"x" * chunk)
                fed += chunk
        except EventTooLarge as error:
            assert (error.limit, error.size) == (limit, limit + chunk), (error.limit, error.size)
            assert str(limit) in str(error) and str(limit + chunk) in str(error)
        else:
            raise AssertionError("no EventTooLarge in a gibibyte")
        held, peak = tracemalloc.get_traced_memory()
        # tracemalloc and the list of a thousand pieces need some ten kilobytes themselves.
        assert peak <= limit + 2 * chunk, f"held {peak - limit} bytes more than the limit"
        assert held < 2 * chunk, f"still holds {held} bytes after EventTooLarge"
        """,
        backend,
    )


def test_endless_skipped_line_is_not_kept(backend: str) -> None:
    run_in_a_process(
        """
        import importlib, sys, tracemalloc
        Scanner = importlib.import_module(f"ssescan.scanner._{sys.argv[1]}").Scanner
        limit, chunk, total = 2**20, 65536, 2**28
        scanner = Scanner(max_event_size=limit, oversize="skip")
        tracemalloc.start()
        for _ in range(total // chunk):
            assert scanner.feed(b"x" * chunk) == []
        held, peak = tracemalloc.get_traced_memory()
        assert peak <= limit + 2 * chunk, f"held {peak - limit} bytes more than the limit"
        assert scanner.feed(b"\\n") == []
        for _ in range(total // chunk):  # the lines after it in its block
            assert scanner.feed(b"data: " + b"x" * chunk + b"\\n") == []
        held, peak = tracemalloc.get_traced_memory()
        assert peak <= limit + 2 * chunk, f"held {peak - limit} bytes more than the limit"
        assert [event.data for event in scanner.feed(b"\\ndata: a\\n\\n")] == ["a"]
        assert scanner.skipped == 1
        """,
        backend,
    )


def test_memory_of_a_long_line_is_freed(backend: str) -> None:
    run_in_a_process(
        """
        import importlib, sys, tracemalloc
        scanner = importlib.import_module(f"ssescan.scanner._{sys.argv[1]}").Scanner()
        tracemalloc.start()
        scanner.feed(b"data: " + b"x" * 2**20)
        assert len(scanner.feed(b"\\n\\nda")) == 1  # this chunk ends within a line, like the next ones
        for _ in range(3):
            assert [event.data for event in scanner.feed(b"ta: x\\n\\nda")] == ["x"]
        held = tracemalloc.get_traced_memory()[0]
        assert held < 2**16, f"still holds {held} bytes"
        """,
        backend,
    )
