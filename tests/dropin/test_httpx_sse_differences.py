"""What the drop-in does otherwise than httpx-sse, on purpose: the list of docs/httpx-sse.md, each with what httpx-sse does.

The standard is WHATWG HTML, sections 9.2.5 (parsing) and 9.2.6 (interpreting an event stream).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import httpx_sse
import pytest

import ssescan

from .responses import EVENT_STREAM, answer, body, fields

if TYPE_CHECKING:
    from collections.abc import Iterator

# What is sent, what the drop-in makes of it, what httpx-sse makes of it.
CASES = {
    # 9.2.6: "If the data buffer is an empty string, set the data buffer and the event type buffer to the empty string
    # and return." httpx-sse makes an event of every blank line once an id was sent.
    "a second blank line after an id": (
        b"id: 7\ndata: a\n\n\ndata: b\n\n",
        [("message", "a", "7", None), ("message", "b", "7", None)],
        [("message", "a", "7", None), ("message", "", "7", None), ("message", "b", "7", None)],
    ),
    "a comment after an id": (
        b"id: 7\ndata: a\n\n: ping\n\n",
        [("message", "a", "7", None)],
        [("message", "a", "7", None), ("message", "", "7", None)],
    ),
    "a line that is no field, after an id": (
        b"id: 7\ndata: a\n\nother: x\n\n",
        [("message", "a", "7", None)],
        [("message", "a", "7", None), ("message", "", "7", None)],
    ),
    # 9.2.5: stream = [ bom ] *event. The decoder of UTF-8 drops it.
    "a byte order mark": (b"\xef\xbb\xbfdata: a\n\n", [("message", "a", "", None)], []),
    "a byte order mark before a blank line": (b"\xef\xbb\xbf\ndata: a\n\n", [("message", "a", "", None)], None),
    # 9.2.6: "If the field value consists of only ASCII digits"
    "retry with a sign": (b"retry: -5\ndata: a\n\n", [("message", "a", "", None)], [("message", "a", "", -5)]),
    "retry with an underscore": (
        b"retry: 1_000\ndata: a\n\n",
        [("message", "a", "", None)],
        [("message", "a", "", 1000)],
    ),
    "retry with spaces": (b"retry:  7 \ndata: a\n\n", [("message", "a", "", None)], [("message", "a", "", 7)]),
    "retry with other digits": (
        "retry: \u0663\ndata: a\n\n".encode(),
        [("message", "a", "", None)],
        [("message", "a", "", 3)],
    ),
    "retry alone, and none that counts": (b"retry: -5\n\n", [], [("message", "", "", -5)]),
    # Not of the standard, which dispatches neither: httpx-sse dispatches blocks without data only where a value is not
    # empty, the scanner where a line stood.
    "an empty id alone": (b"id\n\n", [("message", "", "", None)], []),
    "an empty event alone": (b"event:\n\n", [("message", "", "", None)], []),
    # The standard has no limit; 31,000 years are one.
    "retry of sixteen digits": (
        b"retry: 1000000000000000\ndata: a\n\n",
        [("message", "a", "", None)],
        [("message", "a", "", 10**15)],
    ),
}


def read(module: Any, stream: bytes, headers: dict[str, str] | None = None) -> list[tuple[Any, ...]]:
    return fields(module.EventSource(answer(httpx, body(httpx, [stream]), headers)).iter_sse())


@pytest.mark.parametrize("case", CASES)
def test_the_standard_is_followed_where_httpx_sse_does_not(dropin: Any, case: str) -> None:
    stream, ours, theirs = CASES[case]
    assert read(dropin, stream) == ours
    if theirs is not None:
        assert read(httpx_sse, stream) == theirs


@pytest.mark.parametrize("case", CASES)
def test_the_decoders_follow_it_as_well(dropin: Any, case: str) -> None:
    stream, ours, _ = CASES[case]
    lines, events = dropin._decoders.SSELineDecoder(), dropin._decoders.SSEDecoder()
    made = [events.decode(line) for line in lines.decode(stream.decode()) + lines.flush()]
    assert fields(event for event in made if event is not None) == ours


def chunks_with_a_look(given: list[int]) -> Iterator[bytes]:
    for chunk in (b"data: a\r\r", b"data: b\r\n\r", b"\ndata: c\n\n"):
        yield chunk
        given.append(0)


def test_an_event_ended_by_cr_is_given_before_the_next_chunk_is_asked_for(dropin: Any) -> None:
    # 9.2.5: end-of-line = ( cr lf / cr / lf ): a CR ends the line, whether or not an LF follows.
    for module, chunks_asked_for in ((dropin, [0, 1, 2]), (httpx_sse, [1, 2, 2])):
        asked: list[int] = []
        events = module.EventSource(answer(httpx, body(httpx, chunks_with_a_look(asked)))).iter_sse()
        got = [(event.data, len(asked)) for event in events]
        assert got == list(zip("abc", chunks_asked_for, strict=True)), module.__name__


def test_a_line_ended_by_cr_is_given_at_once(dropin: Any) -> None:
    decoder = dropin._decoders.SSELineDecoder()
    assert [decoder.decode(text) for text in ("a\r", "\n", "\r", "b\r\nc", "\r")] == [["a"], [], [""], ["b"], ["c"]]
    assert decoder.flush() == []


def test_a_stream_is_utf_8_whatever_charset_is_named(dropin: Any) -> None:
    # 9.2.5: "Event streams in this format must always be encoded as UTF-8."; 9.2.6: "Streams must be decoded using the
    # UTF-8 decode algorithm."
    headers = {"content-type": "text/event-stream; charset=iso-8859-1"}
    stream = "data: é\n\n".encode()
    assert read(dropin, stream, headers) == [("message", "é", "", None)]
    assert read(httpx_sse, stream, headers) == [("message", "Ã©", "", None)]
    lines = dropin._api._iter_sse_lines(answer(httpx, body(httpx, [stream[:7], stream[7:]]), headers))
    assert list(lines) == ["data: é", ""]


def test_bytes_that_are_no_utf_8_are_replaced_by_both(dropin: Any) -> None:
    stream = b"data: a\xff\xe2\x82\n\ndata: \xf0\x9f\n\n"
    assert (
        read(dropin, stream)
        == read(httpx_sse, stream)
        == [("message", "a\ufffd\ufffd", "", None), ("message", "\ufffd", "", None)]
    )


def test_a_content_type_is_compared_without_regard_to_case(dropin: Any) -> None:
    # RFC 9110, section 8.3.1: "The type and subtype tokens are case-insensitive."
    headers = {"content-type": "Text/Event-Stream"}
    assert read(dropin, b"data: a\n\n", headers) == [("message", "a", "", None)]
    with pytest.raises(httpx_sse.SSEError):
        read(httpx_sse, b"data: a\n\n", headers)


def test_headers_are_not_written_into_the_callers_mapping(dropin: Any) -> None:
    for module, expected in ((dropin, {}), (httpx_sse, {"Accept": "text/event-stream", "Cache-Control": "no-store"})):
        headers: dict[str, str] = {}
        with httpx.Client(
            transport=httpx.MockTransport(lambda request: httpx.Response(200, headers=EVENT_STREAM))
        ) as http:
            with module.connect_sse(http, "GET", "http://host/", headers=headers):
                pass
        assert headers == expected


def test_an_event_may_be_large(dropin: Any) -> None:
    # httpx-sse has no limit; the drop-in's is far from what servers send, and keeps a hostile body from filling memory.
    piece = b"x" * 2**20
    response = answer(httpx, body(httpx, [b"data: ", *[piece] * 97]))
    with pytest.raises(ssescan.EventTooLarge):
        list(dropin.EventSource(response).iter_sse())
    response = answer(httpx, body(httpx, [b"data: ", *[piece] * 65, b"\n\n"]))
    (event,) = dropin.EventSource(response).iter_sse()
    assert len(event.data) == 65 * 2**20
