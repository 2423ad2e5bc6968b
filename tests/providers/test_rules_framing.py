"""Rules R39 to R42 and R46 of docs/rules.md: framing, content types, and wires that are not known."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import ssescan
from ssescan import UnexpectedContentType, UnknownFormat
from ssescan.providers import Raw
from ssescan.providers.bodies import Body

from .assertions import APIS, DONE, framed, in_few_words, read, text
from .test_tables_chat import SAID_A, STOP, A, B, chunk

if TYPE_CHECKING:
    from streams.server import Server

CHAT = APIS[0]
AB = {"text": "ab", "finish": "stop"}
LINES = "".join(f"{json.dumps(event)}\n" for event in (A, B, STOP)).encode()
X = chunk({"content": "x"})
STREAM = framed(A, B, STOP, DONE)
INDENTED = "data: " + json.dumps(A, indent=1) + "\n\n"

SPLICED: dict[str, tuple[bytes, dict[str, Any]]] = {
    "data twice": (f"data: data: {text(A)}\n\n".encode() + framed(B, STOP, DONE), AB),
    "data twice before a comment": (framed(A) + b"data: data: : ping\n\n" + framed(B, STOP, DONE), AB),
    "data twice, each time": (b"".join(f"data: data: {text(event)}\n\n".encode() for event in (A, B, STOP, DONE)), AB),
    "two on a line, with data between": (f"data: {text(A)}data: {text(B)}\n\n".encode() + framed(STOP, DONE), AB),
    "two on a line": (f"data: {text(A)}{text(B)}\n\n".encode() + framed(STOP, DONE), AB),
    "three on a line, with space": (f"data: {text(A)} {text(B)}\t{text(STOP)}\n\n".encode() + framed(DONE), AB),
    "[DONE] on the line": (framed(A, B) + f"data: {text(STOP)}[DONE]\n\n".encode(), AB),
    "JSON over several lines, data on the first": (INDENTED.encode() + framed(B, STOP, DONE), AB),
    "a line without data after one with it": (f"data: {text(A)}\n{text(B)}\n\n".encode() + framed(STOP, DONE), AB),
    "the same, in mid-stream": (
        framed(X, X) + f"data: {text(A)}\n{text(B)}\n\n".encode() + framed(X, X, STOP, DONE),
        {"text": "xxabxx", "finish": "stop"},
    ),
    "two such lines": (
        framed(X, X) + f"data: {text(A)}\n{text(B)}\n{text(STOP)}\n\n".encode(),
        {"text": "xxab", "finish": "stop"},
    ),
    "a line without data before one with it": (
        framed(X, X) + f"event: x\n{text(A)}\ndata: {text(B)}\n\n".encode() + framed(STOP, DONE),
        {"text": "xxab", "finish": "stop"},
    ),
    "lines without data, with commas": (",\n".join(map(text, (A, B, STOP))).encode(), AB),
    "one line without data": ("".join(map(text, (A, B, STOP))).encode() + b"\n", AB),
    "data with a comma": (f"data: {text(A)},\n\n".encode() + framed(B, STOP, DONE), AB),
    "two of them": (INDENTED.encode() + INDENTED.replace('"a"', '"b"').encode() + framed(STOP, DONE), AB),
}


@pytest.mark.parametrize(("body", "expected"), SPLICED.values(), ids=SPLICED)
@pytest.mark.parametrize("api", [None, CHAT])
def test_values_that_are_framed_wrongly(body: bytes, expected: dict[str, Any], api: Any) -> None:
    """R40."""
    parts, message, _ = read(body, api)
    assert (in_few_words(message), message.errors, message.complete) == (expected, [], True)
    one_by_one = [body[at : at + 1] for at in range(len(body))]
    assert read(one_by_one, api)[:2] == (parts, message)


def test_finish_without_data_is_applied_in_its_place() -> None:
    """R6, R40: content follows it, which reopens the choice."""
    _, message, _ = read(framed(X, X) + f"data: {text(A)}\n{text(STOP)}\n\n".encode() + framed(B, X, DONE))
    assert (message.text, message.finish_reason, message.complete) == ("xxabx", None, False)


def call(arguments: str, **fields: Any) -> Any:
    return chunk({"tool_calls": [{"index": 0, "function": {"arguments": arguments}} | fields]})


CALL = call("", id="c", function={"name": "f", "arguments": '{"x":'})
CALLED = chunk(finish="tool_calls")
UNFRAMED: dict[str, tuple[bytes, str, bool]] = {
    "after data": (f"data: {text(call('1'))}\n{text(call('2'))}\n\n".encode(), '{"x":123}', True),
    "with a comma": (text(call("1")).encode() + b",\n", '{"x":13}', True),
    "damaged": (text(call("1")).encode() + b"}\n", '{"x":3}', False),
    "damaged in its middle": (text(call("1")).replace(":", "", 1).encode() + b"\n", '{"x":3}', False),
    "no JSON": (b"[INFO] still here\n", '{"x":3}', True),
}


@pytest.mark.parametrize(("line", "arguments", "whole"), UNFRAMED.values(), ids=UNFRAMED)
@pytest.mark.parametrize("api", [None, CHAT])
def test_line_without_data_in_a_call(line: bytes, arguments: str, whole: bool, api: Any) -> None:
    """R15, R40: a line of JSON that is lost cuts the call."""
    _, message, _ = read(framed(CALL) + line + framed(call("3}"), CALLED, DONE), api)
    (made,) = message.tool_calls
    assert (made.arguments, made.cut, message.complete) == (arguments, not whole, whole)


TYPES = [
    "application/json",
    None,
    "text/plain",
    "application/octet-stream",
    "application/x-ndjson",
    "application/jsonl",
]
BODIES = {
    "an event stream": STREAM,
    "an event stream with a BOM": b"\xef\xbb\xbf" + STREAM,
    "an event stream that begins with a comment": b": hi\n\n" + STREAM,
    "an event stream that begins with white space": b"\n  " + STREAM,
    "white space after a BOM": b"\xef\xbb\xbf \r\n" + STREAM,
    "JSON lines": LINES,
    "a JSON body": json.dumps(
        {"id": "c", "object": "chat.completion", "model": "m", "choices": [{"index": 0, "message": {"role": "assistant", "content": "ab"}, "finish_reason": "stop"}]}
    ).encode(),
    "a JSON body over several lines": json.dumps(
        {"object": "chat.completion", "choices": [{"message": {"content": "ab"}, "finish_reason": "stop"}]}, indent=1
    ).encode(),
    "a list over several lines": f"[{text(A)},\n{text(B)}\n,\n{text(STOP)}]".encode(),
}  # fmt: skip


@pytest.mark.parametrize("content_type", TYPES)
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("api", [None, CHAT])
def test_type_that_is_not_an_event_stream(server: Server, content_type: str | None, body: bytes, api: Any) -> None:
    """R39, R42: the first bytes decide."""
    with httpx.stream("GET", server.offers(body, content_type=content_type).url) as response:
        message = ssescan.stream(response, api).collect()
    assert in_few_words(message) == AB


@pytest.mark.parametrize("content_type", TYPES)
@pytest.mark.parametrize("indent", [None, 1])
def test_error_as_a_body(server: Server, content_type: str | None, indent: int | None) -> None:
    body = json.dumps({"error": {"code": 503, "message": "oh"}}, indent=indent).encode()
    with (
        httpx.stream("GET", server.offers(body, content_type=content_type).url) as response,
        pytest.raises(ssescan.ProviderError, match="oh"),
    ):
        ssescan.stream(response).collect()


def test_damaged_line_of_json_lines_does_not_hold_up_the_others() -> None:
    body = Body(media_type="application/x-ndjson")
    assert body.feed(b'{"a":1,"b\n{"c":2}\n') == b'data: {"a":1,"b\n\ndata: {"c":2}\n\n'


PAGES = [
    ("application/json", b"upstream connect error"),
    ("application/json", b"[ERROR] upstream connect error"),
    ("text/plain", b"{ upstream connect error }"),
]


@pytest.mark.parametrize(("content_type", "body"), PAGES)
@pytest.mark.parametrize("api", [None, CHAT])
def test_text_as_a_body_is_shown(server: Server, content_type: str, body: bytes, api: Any) -> None:
    """R37."""
    with (
        httpx.stream("GET", server.offers(body, content_type=content_type).url) as response,
        pytest.raises(ssescan.SsescanError, match="upstream connect error"),
    ):
        ssescan.stream(response, api).collect()


@pytest.mark.parametrize("content_type", TYPES)
@pytest.mark.parametrize("space", [b"\n", b"   \r\n"])
def test_white_space_before_a_body_takes_linear_time(content_type: str | None, space: bytes) -> None:
    """In quadratic time this would take hours, and as much memory as there is white space."""
    body = Body(media_type=content_type or "")
    for _ in range(400_000):
        assert body.feed(space) == b""
    assert body.head == b""
    assert in_few_words(read(body.feed(STREAM) + body.close())[1]) == AB


@pytest.mark.parametrize("content_type", TYPES)
def test_iter_events_refuses_and_names_the_way_out(server: Server, content_type: str | None) -> None:
    with (
        httpx.stream("GET", server.offers(STREAM, content_type=content_type).url) as response,
        pytest.raises(UnexpectedContentType, match="iter_bytes"),
    ):
        next(ssescan.iter_events(response))


@pytest.mark.parametrize("body", [b"<html>gateway</html>", b"no such model", b"", b"\xef\xbb", b"dat"])
@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-ndjson"])
def test_unlabelled_page_is_refused(server: Server, body: bytes, content_type: str | None) -> None:
    with (
        httpx.stream("GET", server.offers(body, content_type=content_type).url) as response,
        pytest.raises(UnexpectedContentType) as caught,
    ):
        ssescan.stream(response, strict=False).collect()
    assert caught.value.body == body
    assert caught.value.content_type == (content_type or "")


@pytest.mark.parametrize("content_type", TYPES)
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_body_in_pieces(content_type: str | None, body: bytes) -> None:
    pieces = Body(media_type=content_type or "")
    whole = Body(media_type=content_type or "")
    made = b"".join([*(pieces.feed(body[at : at + 1]) for at in range(len(body))), pieces.close()])
    assert made == whole.feed(body) + whole.close()
    assert (pieces.size, pieces.reads, whole.reads) == (len(body), len(body), 1)
    assert in_few_words(read(made)[1]) == AB


@pytest.mark.parametrize("end", [b"", b"\r\n", b" \r\n\r\n"])
def test_json_lines_come_as_they_are_sent(end: bytes) -> None:
    body = Body(media_type="application/json")
    assert body.feed(b' {"a":1}') == b""
    assert body.feed(b"\r") == b'data: {"a":1}\n\n'
    assert body.feed(b'\n\n\t{"b"') == b'data: {"b"'
    assert body.feed(b":2}" + end).rstrip() == b":2}"


@pytest.mark.parametrize("content_type", ["text/html", "image/png"])
def test_stream_refuses_other_types(server: Server, content_type: str) -> None:
    with (
        httpx.stream("GET", server.offers(STREAM, content_type=content_type).url) as response,
        pytest.raises(UnexpectedContentType),
    ):
        ssescan.stream(response).collect()


ACCEPTED = [
    "text/event-stream, text/event-stream",
    "application/json, text/event-stream; charset=utf-8",
    "text/html, text/event-stream",
    "text/event-stream;charset=utf-8",
    "TEXT/Event-Stream",
    "text/event-stream, garbage",
]
REFUSED = ["text/event-stream; charset=utf-8, text/html", "text/event-stream, text/plain", "text/event-streams"]


@pytest.mark.parametrize("content_type", ACCEPTED)
def test_last_valid_type_counts(server: Server, content_type: str) -> None:
    """R41."""
    with httpx.stream("GET", server.offers(STREAM, content_type=content_type).url) as response:
        assert next(ssescan.iter_events(response)).data == text(A)


@pytest.mark.parametrize("content_type", REFUSED)
def test_last_valid_type_is_refused(server: Server, content_type: str) -> None:
    with (
        httpx.stream("GET", server.offers(STREAM, content_type=content_type).url) as response,
        pytest.raises(UnexpectedContentType),
    ):
        next(ssescan.iter_events(response))


COHERE: list[Any] = [
    {"type": "message-start", "id": "c", "delta": {"message": {"role": "assistant", "content": []}}},
    {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "a"}}}},
    {"type": "message-end", "delta": {"finish_reason": "COMPLETE"}},
]
UNKNOWN = {
    "Cohere": framed(*COHERE, names="type"),
    "Assistants": framed(
        {"id": "thread_1", "object": "thread"}, {"id": "run_1", "object": "thread.run", "status": "queued"}
    ),
    "DashScope": framed({"output": {"text": "a", "finish_reason": "null"}, "request_id": "r"}),
    "nine of them": framed(*COHERE * 3),
}


@pytest.mark.parametrize("body", UNKNOWN.values(), ids=UNKNOWN)
def test_unknown_wire(body: bytes) -> None:
    """R46."""
    with pytest.raises(UnknownFormat) as caught:
        ssescan.stream(body).collect()
    assert all(api in str(caught.value) for api in (*APIS, "iter_events"))


@pytest.mark.parametrize("body", UNKNOWN.values(), ids=UNKNOWN)
@pytest.mark.parametrize("api", APIS)
def test_unknown_wire_under_a_name(body: bytes, api: Any) -> None:
    with pytest.raises(UnknownFormat, match="iter_events"):
        ssescan.stream(body, api).collect()


@pytest.mark.parametrize("count", [1, 3, 8])
@pytest.mark.parametrize("api", [None, CHAT])
def test_preamble(count: int, api: Any) -> None:
    preamble = [{"sources": [number]} for number in range(count)]
    parts, message, _ = read(framed(*preamble, A, STOP, DONE), api)
    assert in_few_words(message) == SAID_A
    assert message.complete
    assert [part.data for part in parts if isinstance(part, Raw)] == preamble


def test_preamble_of_nine_events_is_an_unknown_format() -> None:
    with pytest.raises(UnknownFormat):
        ssescan.stream(framed(*[{"sources": []}] * 9, A, STOP, DONE)).collect()


def test_ordinary_events_of_many_choices_are_not_a_preamble() -> None:
    assert in_few_words(read(framed(chunk() | {"choices": []}, A, STOP, DONE))[1]) == SAID_A
