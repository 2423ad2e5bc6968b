"""The memory that a compiled scanner keeps, and that it lets go: `sys.getsizeof` counts its buffers."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(sys.implementation.name != "cpython", reason="counts references")
IDLE = 256  # bytes, the most that a scanner without buffers takes


@pytest.fixture(scope="module")
def scanner_class(both: tuple[Any, Any]) -> Any:
    return both[0].Scanner


def fed(scanner: Any, *chunks: bytes) -> int:
    """Return the size of a scanner after these chunks."""
    for chunk in chunks:
        scanner.feed(chunk)
    return sys.getsizeof(scanner)


def test_buffer_does_not_grow_beyond_the_limit(scanner_class: Any) -> None:
    pieces = [b"data: ", *[b"x" * 900] * 99]
    assert fed(scanner_class(max_event_size=90_000), *pieces) <= IDLE + 90_000


def test_small_limit_does_not_make_small_buffers(scanner_class: Any) -> None:
    scanner = scanner_class(max_event_size=100)
    sizes = {fed(scanner, b"x") for _ in range(100)}
    assert len(sizes) == 1


@pytest.mark.parametrize("size", [10, 1000, 100_000])
def test_nothing_is_kept_between_events(scanner_class: Any, size: int) -> None:
    line = b"data: " + b"x" * size
    scanner = scanner_class()
    assert fed(scanner, line) > size
    assert fed(scanner, b"\n") > size  # now it is data
    assert fed(scanner, line + b"\n") > 2 * size
    assert fed(scanner, b"\n") <= IDLE


@pytest.mark.parametrize("chunks", [(b"data: x\ndata: y\ndata: z",), (b"data: ", b"x\n"), (b"data: x\n", b"da")])
def test_nothing_is_kept_after_the_end(scanner_class: Any, chunks: tuple[bytes, ...]) -> None:
    for end in ("close", "reset"):
        scanner = scanner_class()
        assert fed(scanner, *chunks) > IDLE
        getattr(scanner, end)()
        assert sys.getsizeof(scanner) <= IDLE


def test_nothing_is_kept_after_a_stop(both: tuple[Any, Any]) -> None:
    scanner = both[0].Scanner(comments=True)
    reader = both[0].EventReader(scanner)
    reader.feed(b"data: x\n: c\n\n")
    assert reader.pop().text == "c"
    reader.stop()
    assert reader.pop() is None
    assert sys.getsizeof(scanner) <= IDLE


def test_data_of_a_skipped_event_is_not_kept(scanner_class: Any) -> None:
    scanner = scanner_class(max_event_size=1000, oversize="skip")
    assert fed(scanner, b"data: " + b"x" * 900 + b"\n", b"id: 1") > IDLE + 900
    # An id line within the limit still counts, so only that may be kept.
    for chunk in (b"\n" + b"data: " + b"y" * 90 + b"\n", *[b"data: " + b"z" * 90 + b"\n"] * 20):
        assert fed(scanner, chunk) <= IDLE + 512
    assert fed(scanner, b"id: 2") <= IDLE + 512
    scanner.feed(b"\n\n")
    assert (scanner.last_event_id, scanner.skipped) == ("2", 1)


@pytest.mark.parametrize("chunk", [b"data: a\n\n", b"data: a\ndata: b\n", b"data: a\n\ndata", b": c", b"id: 1\n\n\r"])
def test_chunk_is_let_go(scanner_class: Any, chunk: bytes) -> None:
    scanner, chunk = scanner_class(), bytes(bytearray(chunk))  # no constant, of which there may be more references
    before = sys.getrefcount(chunk)
    scanner.feed(chunk)
    assert sys.getrefcount(chunk) == before


# In a process of its own: the names that came are kept for all scanners of a process.
NAMES = """
from ssescan.scanner._compiled import Scanner

def are_shared(name):
    one, other = (Scanner().feed(b"event: %b\\ndata: x\\n\\n" % name)[0].event for _ in range(2))
    assert one == other == name.decode()
    return one is other

assert are_shared(b"content_block_delta")
assert are_shared(b"n" * 64)
assert not are_shared(b"n" * 65)
assert sum(are_shared(b"%d" % number) for number in range(300)) == 254
"""


@pytest.mark.skipif(sys.platform in ("emscripten", "ios", "android"), reason="no processes")
def test_short_names_are_shared_up_to_a_number(scanner_class: Any) -> None:
    subprocess.run([sys.executable, "-c", NAMES], check=True)


def test_scanner_without_init_has_no_limit(scanners: Any) -> None:
    class Bare(scanners.Scanner):  # type: ignore[misc]  # the base class is dynamic
        def __init__(self) -> None:
            pass

    assert [event.data for event in Bare().feed(b"data: a\n\nevent: b\ndata: c\n\n")] == ["a", "c"]


def test_second_init_begins_anew(scanners: Any) -> None:
    scanner = scanners.Scanner()
    scanner.feed(b"id: 1\nretry: 5\ndata: a\n\ndata: b")
    scanner.__init__()
    assert (scanner.last_event_id, scanner.retry, scanner.pending) == ("", None, 0)
    assert [event.data for event in scanner.feed(b"data: c\n\n")] == ["c"]
