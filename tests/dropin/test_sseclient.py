"""SSEClient and Event: like sseclient-py 1.9.0, except where it violates the standard."""

from __future__ import annotations

import io
import json
import struct
from typing import TYPE_CHECKING, Any

import pytest
import requests
import sseclient as original
import urllib3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from streams.server import Do

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from streams.server import Server


def fields(events: Any) -> list[tuple[Any, ...]]:
    return [(event.id, event.event, event.data, event.retry) for event in events]


def read(module: Any, chunks: Any, *encoding: str) -> list[tuple[Any, ...]]:
    return fields(module.SSEClient(chunks, *encoding).events())


def test_exports_are_those_of_the_original(sseclient: Any) -> None:
    assert sseclient.__all__ == original.__all__
    assert hasattr(sseclient, "Event")


# Streams that both read alike: in one chunk, in several, byte by byte.
SAME = {
    "a line": b"data: Hello\n\n",
    "two lines": b"data: Hello\ndata:World\n\n",
    "two events": b"data: Hello\n\ndata: World\n\n",
    "nothing": b"",
    "blank lines first": "\n\n\n\nid: 1\ndata: \u6211\u73fe\n\n".encode(),
    "an id, a retry and a name": "id: 1\nretry: 10000\nevent: greeting \ndata: \u20ac\u8c46\u8150  \n\n".encode(),
    "an empty name": b"event:\ndata: Hello\n\n",
    "a field without colon": b"data\ndata: x\nevent\n\n",
    "an empty data line": b"data:\n\n",
    "empty data lines": b"data:\ndata: one\ndata:\ndata: two\ndata:\n\n",
    "no data": b"event: greeting\nid: 1\nretry: 5\n\n",
    "comments": b"data: Hello\n\n:nothing\n\n:\n\ndata: World\n: in between\ndata: !\n\n",
    "unknown fields": b"date: x\ndata: y\nDATA: z\n\n",
    "a line of spaces": b" \n  \ndata: a\n \n\n",
    "one space only": b"data:  x\ndata:\ty\n\n",
    "CRLF": "data: Aslak\r\n\r\ndata: Helles\u00f8y\r\n\r\n".encode(),
    "CR": "data: Aslak\r\rdata: Helles\u00f8y\r\r".encode(),
    "other separators": "data: a\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029\n\n".encode(),
    "much": b"data: " + b"a" * 10_000 + b"\n\n",
}


@pytest.mark.parametrize("case", SAME)
def test_streams_read_as_by_the_original(sseclient: Any, case: str) -> None:
    stream = SAME[case]
    expected = read(original, [stream])
    for chunks in (
        [stream],
        [struct.pack("B", byte) for byte in stream],
        [stream[:9], b"", stream[9:]],
        [bytearray(stream)],
    ):
        assert read(sseclient, chunks) == expected


TEXT = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=9)
FIELD = st.tuples(st.sampled_from(["data: ", "data:", "event:", ":", "x:"]), TEXT).map("".join)
BLOCK = st.tuples(TEXT.map("id: x".__add__), st.lists(FIELD, max_size=4), TEXT.map("data:".__add__))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(blocks=st.lists(BLOCK, max_size=4), end=st.sampled_from(["\n", "\r\n", "\r"]), size=st.integers(1, 40))
def test_generated_streams_with_ids_read_as_by_the_original(
    sseclient: Any, blocks: list[tuple[str, list[str], str]], end: str, size: int
) -> None:
    text = "".join("".join(line + end for line in (first, *others, last, "")) for first, others, last in blocks)
    stream = text.encode()
    chunks = [stream[start : start + size] for start in range(0, len(stream), size)]
    assert read(sseclient, chunks) == read(original, [stream])


def test_recorded_bodies_read_as_by_the_original(sseclient: Any, shared: Path) -> None:
    same = 0
    for record in json.loads((shared / "corpus" / "manifest.json").read_bytes())["files"]:
        stream = (shared / "corpus" / record["file"]).read_bytes()
        ours, theirs = read(sseclient, [stream]), read(original, [stream])
        # The original dispatches a cut block, and does not keep the last ID.
        assert [event[1:3] for event in ours] == [event[1:3] for event in theirs][: len(ours)], record["file"]
        assert len(ours) == record["events"]
        same += ours == theirs
    assert same > 300


# Intended differences (docs/sseclient.md): the stream, the events of the drop-in, the events of the original. The
# sections are those of WHATWG HTML.
DIFFERENCES: dict[str, tuple[bytes, list[tuple[Any, ...]], list[tuple[Any, ...]] | type[Exception]]] = {
    # 9.2.6: "Once the end of the file is reached, any pending data must be discarded."
    "the last block is cut": (b"data: a\n\ndata: b\n", [(None, "message", "a", None)], [(None, "message", "a", None), (None, "message", "b", None)]),
    # 9.2.6: "Set the last event ID string of the event source to the value of the last event ID buffer. The buffer does
    # not get reset"
    "the id is kept": (b"id: 1\ndata: a\n\ndata: b\n\n", [("1", "message", "a", None), ("1", "message", "b", None)], [("1", "message", "a", None), (None, "message", "b", None)]),
    "the id is emptied": (
        b"id: 1\ndata: a\n\nid\ndata: b\n\ndata: c\n\n",
        [("1", "message", "a", None), ("", "message", "b", None), ("", "message", "c", None)],
        [("1", "message", "a", None), ("", "message", "b", None), (None, "message", "c", None)],
    ),
    "the id stands in a block without data": (b"id: 1\n\ndata: a\n\n", [("1", "message", "a", None)], [(None, "message", "a", None)]),
    # 9.2.6: "If the field value does not contain U+0000 NULL"
    "an id with NUL": (b"id: 1\0\ndata: a\n\n", [(None, "message", "a", None)], [("1\0", "message", "a", None)]),
    # 9.2.6: "If the field value consists of only ASCII digits"
    "retry that is not a number": (b"retry: soon\ndata: a\n\n", [(None, "message", "a", None)], [(None, "message", "a", "soon")]),
    # 9.2.5: stream = [ bom ] *event
    "a byte order mark": (b"\xef\xbb\xbfdata: a\n\n", [(None, "message", "a", None)], []),
    # 9.2.6: "Streams must be decoded using the UTF-8 decode algorithm", which replaces invalid bytes
    "bytes that are not UTF-8": (b"data: a\xff\n\n", [(None, "message", "a\ufffd", None)], UnicodeDecodeError),
    # 9.2.5: end-of-line = ( cr lf / cr / lf ), in any mix
    "mixed line ends": (b"data: a\n\r\ndata: b\n\n", [(None, "message", "a", None), (None, "message", "b", None)], [(None, "message", "a\nb", None)]),
}  # fmt: skip


@pytest.mark.parametrize("case", DIFFERENCES)
def test_standard_wins_over_sseclient_py(sseclient: Any, case: str) -> None:
    stream, ours, theirs = DIFFERENCES[case]
    for chunks in ([stream], [struct.pack("B", byte) for byte in stream]):
        assert read(sseclient, chunks) == ours
    if isinstance(theirs, list):
        assert read(original, [stream]) == theirs
    else:
        with pytest.raises(theirs):
            read(original, [stream])


def test_other_encodings(sseclient: Any) -> None:
    stream = "data: na\u00efve \u20ac\n\n"
    for encoding in ("UTF8", "cp1252", "utf-16", "utf-8-sig"):
        data = stream.encode(encoding)
        for chunks in ([data], [struct.pack("B", byte) for byte in data]):
            assert read(sseclient, chunks, encoding) == [(None, "message", "na\u00efve \u20ac", None)], encoding
    assert read(sseclient, ["data: \xe9\n\n".encode()], "ascii") == [(None, "message", "\ufffd\ufffd", None)]


def test_unknown_encoding_is_refused_at_the_first_event(sseclient: Any) -> None:
    for module in (sseclient, original):
        client = module.SSEClient([b"data: a\n\n"], "no-such-encoding")
        with pytest.raises(LookupError):
            next(client.events())


# The event


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("7",),
        (None, "x"),
        (None, "x", "d"),
        ("7", "x", "data", "100"),
        (None, "message", "d" * 9, 100),
        ("", "", "", ""),
    ],
    ids=str,
)
def test_events_have_the_values_and_text_of_the_original(sseclient: Any, arguments: tuple[Any, ...]) -> None:
    ours, theirs = sseclient.Event(*arguments), original.Event(*arguments)
    assert vars(ours) == vars(theirs)
    assert str(ours) == str(theirs)


def test_event_can_be_changed(sseclient: Any) -> None:
    event: Any = next(sseclient.SSEClient([b"data: a\n\n"]).events())
    event.data = "changed"
    event.seen = True
    assert (event.data, event.seen) == ("changed", True)
    assert type(event) is sseclient.Event


# The source


def test_events_arrive_with_their_chunks(sseclient: Any) -> None:
    sent = []

    def chunks() -> Iterator[bytes]:
        for chunk in (b"data: a\r\r", b"data: b\n\ndata: c", b"\n\n"):
            sent.append(chunk)
            yield chunk

    assert [(event.data, len(sent)) for event in sseclient.SSEClient(chunks()).events()] == [
        ("a", 1),
        ("b", 2),
        ("c", 3),
    ]


def test_close_closes_the_source(sseclient: Any) -> None:
    source: Any = io.BytesIO(b"data: a\n\n")
    client = sseclient.SSEClient(source)
    events = client.events()
    assert next(events).data == "a"
    assert list(events) == []
    assert not source.closed
    client.close()
    assert source.closed
    with pytest.raises(AttributeError):
        sseclient.SSEClient([b""]).close()


def test_second_iteration_continues(sseclient: Any) -> None:
    source = (chunk for chunk in [b"data: a\n\n", b"data: b\n\n"])
    client = sseclient.SSEClient(source)
    assert next(client.events()).data == "a"
    assert next(client.events()).data == "b"


def test_exceptions_of_the_source_pass(sseclient: Any) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"data: a\n\n"
        raise OSError("gone")

    events = sseclient.SSEClient(chunks()).events()
    assert next(events).data == "a"
    with pytest.raises(OSError, match="gone"):
        next(events)


@pytest.mark.parametrize(
    "source", [5, None, ["data: a\n\n"], io.StringIO("data: a\n\n")], ids=["int", "None", "list", "StringIO"]
)
def test_wrong_sources_are_refused(sseclient: Any, source: Any) -> None:
    with pytest.raises(TypeError):
        list(sseclient.SSEClient(source).events())


@pytest.mark.parametrize("framing", ["chunked", "close"])
def test_events_arrive_from_an_open_requests_response(sseclient: Any, server: Server, framing: Any) -> None:
    exchange = server.offers(b"data: a\n\n", Do.WAIT, b"data: b\n\n", framing=framing)
    with requests.get(exchange.url, stream=True, timeout=30) as response:
        events = sseclient.SSEClient(response).events()
        assert next(events).data == "a"  # while the server waits
        exchange.go()
        assert [event.data for event in events] == ["b"]


def test_broken_connection_raises_the_requests_error(sseclient: Any, server: Server) -> None:
    raised = []
    for module in (sseclient, original):
        exchange = server.offers(b"data: " + b"x" * 200 + b"\n\n", Do.DROP)
        with requests.get(exchange.url, stream=True, timeout=30) as response:
            with pytest.raises(requests.exceptions.ChunkedEncodingError) as caught:
                list(module.SSEClient(response).events())
        raised.append(caught.value)
    assert [type(error.args[0]) for error in raised] == [urllib3.exceptions.ProtocolError] * 2


def test_requests_response_with_loaded_body_reads_twice(sseclient: Any, server: Server) -> None:
    exchange = server.offers(b"data: a\n\n", framing="close")
    with requests.get(exchange.url, timeout=30) as response:
        for _ in range(2):
            assert [event.data for event in sseclient.SSEClient(response).events()] == ["a"]
