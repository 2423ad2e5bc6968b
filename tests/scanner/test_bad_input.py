"""Wrong use raises a clear TypeError or ValueError, and does not change the scanner."""

from __future__ import annotations

import array
import copy
import mmap
import pickle
from typing import Any

import pytest


def scanner_within_a_block(scanners: Any) -> Any:
    scanner = scanners.Scanner()
    scanner.feed(b"id: 1\ndata: a\n\nid: 2\ndata: b\nda")
    return scanner


@pytest.mark.parametrize(
    ("chunk", "text"),
    [("data: x\n\n", "bytes, not str"), (None, "not NoneType"), (1, "not int"), ([1, 2], "not list"),
     (memoryview(b"data: x\n\n")[::2], "contiguous"), (object(), "not object")],
)  # fmt: skip
def test_wrong_chunk_is_refused_and_nothing_is_lost(scanners: Any, chunk: Any, text: str) -> None:
    scanner = scanner_within_a_block(scanners)
    with pytest.raises(TypeError) as caught:
        scanner.feed(chunk)
    assert text in str(caught.value)
    assert (scanner.last_event_id, scanner.pending) == ("1", 16)
    assert scanner.feed(b"ta: c\n\n") == [scanners.ServerSentEvent(data="b\nc", id="2")]


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [({"max_event_size": 0}, ValueError, "must be positive (bytes) or None (no limit), not 0"),
     ({"max_event_size": -5}, ValueError, "not -5"), ({"max_event_size": "1"}, TypeError, "not str"),
     ({"max_event_size": True}, TypeError, "not bool"), ({"max_event_size": 1.0}, TypeError, "not float"),
     ({"oversize": "drop"}, ValueError, "'raise' or 'skip', not 'drop'"), ({"oversize": None}, TypeError, "not NoneType"),
     ({"unterminated": "raise"}, ValueError, "'drop' or 'dispatch', not 'raise'"),
     ({"comments": None}, TypeError, "comments must be a bool, not NoneType"), ({"unknown": 1}, TypeError, "not int"),
     ({"empty_events": "no"}, TypeError, "not str"), ({"max_size": 1}, TypeError, "unexpected keyword argument 'max_size'")],
)  # fmt: skip
def test_wrong_options_are_refused(scanners: Any, options: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        scanners.Scanner(**options)
    assert text in str(caught.value)


def test_options_are_keyword_only(scanners: Any) -> None:
    with pytest.raises(TypeError, match="positional"):
        scanners.Scanner(1024)


def test_buffers_are_chunks(scanners: Any) -> None:
    stream = b"data: a\n\n"
    with mmap.mmap(-1, len(stream)) as mapped:
        mapped[:] = stream
        for chunk in (
            bytearray(stream),
            memoryview(stream),
            memoryview(b"x" + stream + b"y")[1:-1],
            array.array("B", stream),
            mapped,
            type("Bytes", (bytes,), {})(stream),
        ):
            assert [event.data for event in scanners.Scanner().feed(chunk)] == ["a"]


def test_chunk_may_change_after_feed(scanners: Any) -> None:
    scanner = scanners.Scanner()
    chunk = bytearray(b"id: 1\nevent: x\ndata: a\nda")
    scanner.feed(chunk)
    chunk[:] = b"?" * len(chunk)
    chunk.clear()  # this fails if the scanner still holds the buffer
    assert scanner.feed(b"ta: b\n\n") == [scanners.ServerSentEvent("x", "a\nb", "1")]


def test_attributes_are_read_only(scanners: Any) -> None:
    scanner = scanners.Scanner()
    for name in ("last_event_id", "retry", "pending", "skipped", "cut"):
        with pytest.raises(AttributeError, match=f"attribute '{name}' of 'ssescan.Scanner' objects is not writable"):
            setattr(scanner, name, 1)
        with pytest.raises(AttributeError):
            delattr(scanner, name)


def test_scanner_cannot_be_pickled_or_copied(scanners: Any) -> None:
    for function in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="in the middle of a stream"):
            function(scanners.Scanner())


def test_scanner_can_be_subclassed(scanners: Any) -> None:
    class Counting(scanners.Scanner):  # type: ignore[misc]
        count = 0

        def feed(self, chunk: Any) -> list[Any]:
            events: list[Any] = super().feed(chunk)
            self.count += len(events)
            return events

    scanner = Counting(comments=True)
    scanner.feed(b"data: a\n\n:c\n")
    assert scanner.count == 2
    assert not hasattr(scanners.Scanner(), "__dict__")


def test_subclass_that_does_not_call_super_init(scanners: Any) -> None:
    class Subclass(scanners.Scanner):  # type: ignore[misc]
        def __init__(self) -> None:
            pass

    assert [event.data for event in Subclass().feed(b"data: a\n\n")] == ["a"]
