"""Intended differences from httpx-sse: the list of docs/httpx-sse.md, with the behaviour of both.

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

# The stream, the events of the drop-in, the events of httpx-sse.
CASES = {
    # 9.2.6: "If the data buffer is an empty string, set the data buffer and the event type buffer to the empty string
    # and return." After an id, httpx-sse dispatches an event for every blank line.
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
    "an unknown field after an id": (
        b"id: 7\ndata: a\n\nother: x\n\n",
        [("message", "a", "7", None)],
        [("message", "a", "7", None), ("message", "", "7", None)],
    ),
    # 9.2.5: stream = [ bom ] *event. The UTF-8 decoder drops it.
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
    "an invalid retry alone": (b"retry: -5\n\n", [], [("message", "", "", -5)]),
    # The standard dispatches neither. httpx-sse dispatches blocks without data if a value is not empty, the scanner if
    # there is a field line.
    "an empty id alone": (b"id\n\n", [("message", "", "", None)], []),
    "an empty event alone": (b"event:\n\n", [("message", "", "", None)], []),
    # The standard has no limit; ours is 31,000 years.
    "retry of sixteen digits": (
        b"retry: 1000000000000000\ndata: a\n\n",
        [("message", "a", "", None)],
        [("message", "a", "", 10**15)],
    ),
}


def read(module: Any, stream: bytes, headers: dict[str, str] | None = None) -> list[tuple[Any, ...]]:
    return fields(module.EventSource(answer(httpx, body(httpx, [stream]), headers)).iter_sse())


@pytest.mark.parametrize("case", CASES)
def test_standard_wins_over_httpx_sse(dropin: Any, case: str) -> None:
    stream, ours, theirs = CASES[case]
    assert read(dropin, stream) == ours
    if theirs is not None:
        assert read(httpx_sse, stream) == theirs


@pytest.mark.parametrize("case", CASES)
def test_decoders_follow_the_standard(dropin: Any, case: str) -> None:
    stream, ours, _ = CASES[case]
    lines, events = dropin._decoders.SSELineDecoder(), dropin._decoders.SSEDecoder()  # noqa: SLF001
    made = [events.decode(line) for line in lines.decode(stream.decode()) + lines.flush()]
    assert fields(event for event in made if event is not None) == ours


def counted_chunks(read: list[int]) -> Iterator[bytes]:
    for chunk in (b"data: a\r\r", b"data: b\r\n\r", b"\ndata: c\n\n"):
        yield chunk
        read.append(0)


def test_event_ended_by_cr_does_not_wait_for_the_next_chunk(dropin: Any) -> None:
    # 9.2.5: end-of-line = ( cr lf / cr / lf ): a CR ends the line, whether or not an LF follows.
    for module, expected in ((dropin, [0, 1, 2]), (httpx_sse, [1, 2, 2])):
        read: list[int] = []
        events = module.EventSource(answer(httpx, body(httpx, counted_chunks(read)))).iter_sse()
        result = [(event.data, len(read)) for event in events]
        assert result == list(zip("abc", expected, strict=True)), module.__name__


def test_line_ended_by_cr_does_not_wait(dropin: Any) -> None:
    decoder = dropin._decoders.SSELineDecoder()  # noqa: SLF001
    assert [decoder.decode(text) for text in ("a\r", "\n", "\r", "b\r\nc", "\r")] == [["a"], [], [""], ["b"], ["c"]]
    assert decoder.flush() == []


def test_charset_of_the_content_type_is_ignored(dropin: Any) -> None:
    # 9.2.5: "Event streams in this format must always be encoded as UTF-8."; 9.2.6: "Streams must be decoded using the
    # UTF-8 decode algorithm."
    headers = {"content-type": "text/event-stream; charset=iso-8859-1"}
    stream = "data: é\n\n".encode()
    assert read(dropin, stream, headers) == [("message", "é", "", None)]
    assert read(httpx_sse, stream, headers) == [("message", "Ã©", "", None)]
    lines = dropin._api._iter_sse_lines(answer(httpx, body(httpx, [stream[:7], stream[7:]]), headers))  # noqa: SLF001
    assert list(lines) == ["data: é", ""]


def test_both_replace_invalid_utf_8(dropin: Any) -> None:
    stream = b"data: a\xff\xe2\x82\n\ndata: \xf0\x9f\n\n"
    assert (
        read(dropin, stream)
        == read(httpx_sse, stream)
        == [("message", "a\ufffd\ufffd", "", None), ("message", "\ufffd", "", None)]
    )


def test_content_type_ignores_case(dropin: Any) -> None:
    # RFC 9110, section 8.3.1: "The type and subtype tokens are case-insensitive."
    headers = {"content-type": "Text/Event-Stream"}
    assert read(dropin, b"data: a\n\n", headers) == [("message", "a", "", None)]
    with pytest.raises(httpx_sse.SSEError):
        read(httpx_sse, b"data: a\n\n", headers)


def test_callers_headers_do_not_change(dropin: Any) -> None:
    for module, expected in ((dropin, {}), (httpx_sse, {"Accept": "text/event-stream", "Cache-Control": "no-store"})):
        headers: dict[str, str] = {}
        with httpx.Client(
            transport=httpx.MockTransport(lambda request: httpx.Response(200, headers=EVENT_STREAM))
        ) as http:
            with module.connect_sse(http, "GET", "http://host/", headers=headers):
                pass
        assert headers == expected


def test_limit_of_event_size(dropin: Any) -> None:
    # httpx-sse has no limit. The drop-in's is larger than real events, and stops a hostile body from filling memory.
    piece = b"x" * 2**20
    response = answer(httpx, body(httpx, [b"data: ", *[piece] * 97]))
    with pytest.raises(ssescan.EventTooLarge):
        list(dropin.EventSource(response).iter_sse())
    response = answer(httpx, body(httpx, [b"data: ", *[piece] * 65, b"\n\n"]))
    (event,) = dropin.EventSource(response).iter_sse()
    assert len(event.data) == 65 * 2**20
