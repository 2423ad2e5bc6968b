"""The tables of by-hand.md and httpx2.md: what other code makes of a stream, and what ssescan makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import httpx2
import pytest

import ssescan

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADERS = {"content-type": "text/event-stream"}
INVALID_UTF8 = ["UnicodeDecodeError"]


def blocks(chunks: list[bytes]) -> list[str]:
    """Return the data of a buffer that is split at blank lines, a common loop."""
    found, buffer = [], b""
    for chunk in chunks:
        buffer += chunk
        while b"\n\n" in buffer:
            block, buffer = buffer.split(b"\n\n", 1)
            if block.startswith(b"data: "):
                try:
                    found.append(block[6:].decode())
                except UnicodeDecodeError as error:
                    return [type(error).__name__]
    return found


def lines(chunks: list[bytes]) -> list[str]:
    """Return the data of lines that begin with `data: `, a common loop."""

    class Body(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            return iter(chunks)

    transport = httpx.MockTransport(lambda request: httpx.Response(200, headers=HEADERS, stream=Body()))
    with httpx.Client(transport=transport) as client, client.stream("GET", "http://mock/") as response:
        return [line[6:] for line in response.iter_lines() if line.startswith("data: ")]


A, B = ("message", "a", ""), ("message", "b", "")
# The name of the row, the stream, the results by lines, by blocks, and of ssescan: event, data, id.
TABLE: tuple[tuple[str, list[bytes], list[str], list[str], list[tuple[str, str, str]]], ...] = (
    ("CRLF", [b"data: a\r\n\r\ndata: b\r\n\r\n"], ["a", "b"], [], [A, B]),
    ("CR", [b"data: a\r\rdata: b\r\r"], ["a", "b"], [], [A, B]),
    ("line ends that differ", [b"data: a\r\n\ndata: b\n\n"], ["a", "b"], ["a\r", "b"], [A, B]),
    ("U+2028", ["data: a\u2028b\n\n".encode()], ["a"], ["a\u2028b"], [("message", "a\u2028b", "")]),
    ("U+0085", ["data: a\x85b\n\n".encode()], ["a"], ["a\x85b"], [("message", "a\x85b", "")]),
    ("form feed", [b"data: a\x0cb\n\n"], ["a"], ["a\x0cb"], [("message", "a\x0cb", "")]),
    ("a cut character", [b"data: \xc3", b"\xa9\n\n"], ["é"], ["é"], [("message", "é", "")]),
    ("no UTF-8", [b"data: \xff\n\n"], ["\ufffd"], INVALID_UTF8, [("message", "\ufffd", "")]),
    ("mark", [b"\xef\xbb\xbfdata: a\n\ndata: b\n\n"], ["b"], ["b"], [A, B]),
    ("no space", [b"data:a\n\n"], [], [], [A]),
    ("two spaces", [b"data:  a\n\n"], [" a"], [" a"], [("message", " a", "")]),
    ("data alone", [b"data\n\ndata:\n\n"], [], [], [("message", "", "")] * 2),
    ("several lines", [b"data: a\ndata: b\n\n"], ["a", "b"], ["a\ndata: b"], [("message", "a\nb", "")]),
    ("event before", [b"event: x\ndata: a\n\n"], ["a"], [], [("x", "a", "")]),
    ("id before", [b"id: 1\ndata: a\n\n"], ["a"], [], [("message", "a", "1")]),
    ("comment before", [b": x\ndata: a\n\n"], ["a"], [], [A]),
    ("event after", [b"data: a\nevent: x\n\n"], ["a"], ["a\nevent: x"], [("x", "a", "")]),
    ("id after", [b"data: a\nid: 1\n\ndata: b\n\n"], ["a", "b"], ["a\nid: 1", "b"], [("message", "a", "1"), ("message", "b", "1")]),
    ("blank lines", [b"data: a\n\n\ndata: b\n\n"], ["a", "b"], ["a"], [A, B]),
    ("an end within an event", [b"data: a\n\ndata: b"], ["a", "b"], ["a"], [A]),
)  # fmt: skip


@pytest.mark.parametrize(
    ("chunks", "by_lines", "by_blocks", "events"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_table_of_by_hand(
    chunks: list[bytes], by_lines: list[str], by_blocks: list[str], events: list[tuple[str, str, str]]
) -> None:
    assert lines(chunks) == by_lines
    assert blocks(chunks) == by_blocks
    with ssescan.iter_events(chunks) as stream:
        assert [(event.event, event.data, event.id) for event in stream] == events
    assert stream.outcome is (ssescan.Outcome.CUT if chunks[-1].endswith(b"b") else ssescan.Outcome.ENDED)


# httpx2.md


def of_httpx2(chunks: list[bytes]) -> list[tuple[str, str, str, int | None]]:
    class Body(httpx2.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            return iter(chunks)

    transport = httpx2.MockTransport(lambda request: httpx2.Response(200, headers=HEADERS, stream=Body()))
    with httpx2.Client(transport=transport) as client, client.stream("GET", "http://mock/") as response:
        return [(event.event, event.data, event.id, event.retry) for event in httpx2.EventSource(response)]


@pytest.mark.parametrize(
    ("body", "alone", "accelerated"),
    [
        (b"\xef\xbb\xbfdata: a\n\n", [], [("message", "a", "", None)]),
        (b"retry: -5\ndata: a\n\n", [("message", "a", "", -5)], [("message", "a", "", None)]),
        (b"retry: 1_0\ndata: a\n\n", [("message", "a", "", 10)], [("message", "a", "", None)]),
        (b"retry:  7 \ndata: a\n\n", [("message", "a", "", 7)], [("message", "a", "", None)]),
        ("retry: \u0663\ndata: a\n\n".encode(), [("message", "a", "", 3)], [("message", "a", "", None)]),
        (b"retry: 1000000000000000\ndata: a\n\n", [("message", "a", "", 10**15)], [("message", "a", "", None)]),
    ],
)
def test_httpx2_differences(body: bytes, alone: object, accelerated: object) -> None:
    assert of_httpx2([body]) == alone
    with ssescan.accelerate("httpx2"):
        assert of_httpx2([body]) == accelerated


@pytest.mark.parametrize(
    "block", [b"event: x", b"id: 1", b"id", b"retry: 5", b"event:", b"data", b": x", b"data: \xff"]
)
def test_httpx2_equal_results(block: bytes) -> None:
    body = block + b"\n\ndata: a\n\n\ndata: cut"
    alone = of_httpx2([body])
    with ssescan.accelerate("httpx2"):
        assert of_httpx2([body]) == alone
        assert of_httpx2([body[at : at + 1] for at in range(len(body))]) == alone
