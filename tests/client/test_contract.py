"""LaunchDarkly's contract for SSE clients, case by case: github.com/launchdarkly/sse-contract-tests, `ssetests/tests_*.go`.

The cases are theirs, the code is ours. Three differ. They expect `Cache-Control: no-cache`; we send the `no-store` of
the standard. They have a "restart" that ends a connection and opens the next at once; our callers close the EventSource
and make another one with its last event ID. They wait for 500 ms of silence; we wait less.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .clients import ClientKind, every_client
from .server import Do

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .server import Endpoint, EventServer

MARK = b"\xef\xbb\xbf"
TOFU = "\u20ac\u8c46\u8150"


def cut(stream: bytes, size: int) -> list[bytes]:
    return [stream[at : at + size] for at in range(0, len(stream), size)]


# The chunks that are sent, and the events that are read: name, data, ID.
BASIC: dict[str, tuple[list[bytes], list[tuple[str, str, str]]]] = {
    "one-line message in one chunk": ([b"data: Hello\n\n"], [("message", "Hello", "")]),
    "one-line message in two chunks": ([b"data: Hel", b"lo\n\n"], [("message", "Hello", "")]),
    "two one-line messages in one chunk": (
        [b"data: Hello\n\ndata: World\n\n"], [("message", "Hello", ""), ("message", "World", "")],
    ),
    "one two-line message in one chunk": ([b"data: Hello\ndata:World\n\n"], [("message", "Hello\nWorld", "")]),
    "empty data": ([b"data:\n\n"], [("message", "", "")]),
    "event with specific type": ([b"event: greeting\ndata: Hello\n\n"], [("greeting", "Hello", "")]),
    "event with ID": ([b"id: abc\ndata: Hello\n\n"], [("message", "Hello", "abc")]),
    "event with type and ID": ([b"event: greeting\nid: abc\ndata: Hello\n\n"], [("greeting", "Hello", "abc")]),
    "ID with a null is ignored": ([b"id: a\x00bc\ndata: Hello\n\n"], [("message", "Hello", "")]),
    "last ID persists": (
        [b"id: abc\ndata: first\n\n", b"data: second\n\n"], [("message", "first", "abc"), ("message", "second", "abc")],
    ),
    "last ID is overridden by an empty one": (
        [b"id: abc\ndata: first\n\n", b"id: \ndata: second\n\n"],
        [("message", "first", "abc"), ("message", "second", "")],
    ),
    "fields in reverse order": ([b"data: Hello\nid: abc\nevent: greeting\n\n"], [("greeting", "Hello", "abc")]),
    "unknown field is ignored": ([b"event: greeting\ncolor: blue\ndata: Hello\n\n"], [("greeting", "Hello", "")]),
    "fields without leading space": ([b"event:greeting\ndata:Hello\n\n"], [("greeting", "Hello", "")]),
    "fields with extra leading space": ([b"event:  greeting\ndata:  Hello\n\n"], [(" greeting", " Hello", "")]),
    "field with no colon": ([b"data\n\ndata\ndata\n\n"], [("message", "", ""), ("message", "\n", "")]),
    "multi-byte characters": ([f"data: {TOFU}\n\n".encode()], [("message", TOFU, "")]),
    "multi-byte characters in single-byte pieces": (
        cut(f"data: {TOFU}\n\n".encode(), 1), [("message", TOFU, "")],
    ),
    "many messages in rapid succession": (
        [b"".join(b"data: message %d\n\n" % number for number in range(100))],
        [("message", f"message {number}", "") for number in range(100)],
    ),
}  # fmt: skip
BYTE_ORDER_MARK: dict[str, tuple[list[bytes], list[tuple[str, str, str]]]] = {
    "mark at the start": ([MARK + b"data: Hello\n\n"], [("message", "Hello", "")]),
    "mark before an event with type and ID": (
        [MARK + b"event: greeting\nid: abc\ndata: Hello\n\n"], [("greeting", "Hello", "abc")],
    ),
    "mark before several messages": (
        [MARK + b"data: First\n\ndata: Second\n\n"], [("message", "First", ""), ("message", "Second", "")],
    ),
    "a later mark is data": (
        [b"data: First\n\n", b"data: " + MARK + b"Second\n\n"],
        [("message", "First", ""), ("message", "\ufeffSecond", "")],
    ),
    "mark in two chunks": ([MARK[:2], MARK[2:] + b"data: Hello\n\n"], [("message", "Hello", "")]),
    "mark byte by byte": ([*cut(MARK, 1), b"data: Hello\n\n"], [("message", "Hello", "")]),
    "only the first mark is dropped": ([MARK + b"data: " + MARK + b"Hello\n\n"], [("message", "\ufeffHello", "")]),
    "no mark": ([b"data: Hello\n\n"], [("message", "Hello", "")]),
    "mark before several lines": ([MARK + b"data: Line1\ndata: Line2\n\n"], [("message", "Line1\nLine2", "")]),
    "mark before empty data": ([MARK + b"data:\n\n"], [("message", "", "")]),
}  # fmt: skip
LINES = {
    "one-line event": (["data: event 1", ""], ["event 1"]),
    "a one-line and a two-line event": (
        ["data: event 1", "", "data: event 2 line 1", "data: event 2 line 2", ""],
        ["event 1", "event 2 line 1\nevent 2 line 2"],
    ),
    "empty line at the beginning": (["data:", "data: line2", "data: line3", ""], ["\nline2\nline3"]),
    "empty line in the middle": (["data: line1", "data:", "data: line3", ""], ["line1\n\nline3"]),
    "one blank line too many": (["data: event 1", "", "", "data: event 2", ""], ["event 1", "event 2"]),
    "two blank lines too many": (["data: event 1", "", "", "", "data: event 2", ""], ["event 1", "event 2"]),
}


def line_feeds() -> Iterator[Any]:
    for end in ("\n", "\r\n", "\r"):
        for name, (lines, data) in LINES.items():
            stream = "".join(line + end for line in lines).encode()
            for size in (len(stream), 1, 2):
                events = [("message", one, "") for one in data]
                yield pytest.param(cut(stream, size), events, id=f"{name}, {end!r}, chunks of {size}")
    chunks = [b"data: Hello\r", b"\ndata: World\r", b"\n\r\ndata: OK\r", b"\n", b"\r", b"\n"]
    yield pytest.param(chunks, [("message", "Hello\nWorld", ""), ("message", "OK", "")], id="CR at the end of a chunk")


PARSED = [
    *(pytest.param(*case, id=name) for cases in (BASIC, BYTE_ORDER_MARK) for name, case in cases.items()),
    *line_feeds(),
]


@every_client
@pytest.mark.parametrize(("chunks", "events"), PARSED)
def test_parsing(
    package: Any, server: EventServer, kind: ClientKind, chunks: list[bytes], events: list[tuple[str, str, str]]
) -> None:
    endpoint = server.repeats(*chunks)
    result = kind.read(package, endpoint.url, at_most=len(events))
    assert result.error is None
    assert [(event.event, event.data, event.id) for event in result.events] == events
    assert len(endpoint.requests) == 1


COMMENTS = {
    "single comment": ([b":Hello\n"], ["Hello"]),
    "two comments in a row": ([b":Hello\n", b":World\n"], ["Hello", "World"]),
    "comment before event": ([b":Hello\n", b"data: Hi\n\n"], ["Hello", ("message", "Hi")]),
    "comment after event": ([b"data: Hi\n\n", b":Hello\n"], [("message", "Hi"), "Hello"]),
    "comment after a byte order mark": ([MARK + b":Hello\ndata: Hi\n\n"], ["Hello", ("message", "Hi")]),
}


@every_client
@pytest.mark.parametrize(("chunks", "expected"), COMMENTS.values(), ids=COMMENTS)
def test_comments_are_returned_on_request(
    package: Any, server: EventServer, kind: ClientKind, chunks: list[bytes], expected: list[Any]
) -> None:
    endpoint = server.repeats(*chunks, Do.HOLD)
    result = kind.read(package, endpoint.url, at_most=len(expected), scanner={"comments": True})
    assert [
        item.text if isinstance(item, package.Comment) else (item.event, item.data) for item in result.events
    ] == expected  # fmt: skip


SIZES = (
    1, 128, 512, 1023, 1024, 1025, 2048, 3999, 4094, 4096, 4098, 6144, 8189, 8192, 8195, 12288, 16384, 32768, 65536,
    262144, 1048576,
)  # fmt: skip


@every_client
def test_payload_sizes_on_an_open_stream(package: Any, server: EventServer, kind: ClientKind) -> None:
    for size in SIZES:
        endpoint = server.repeats(b"data: " + b"x" * size + b"\n\n", Do.HOLD)
        result = kind.read(package, endpoint.url, at_most=1)
        assert result.error is None
        assert len(result.data[0]) == size


@every_client
def test_default_method_and_headers(package: Any, server: EventServer, kind: ClientKind) -> None:
    endpoint = server.repeats(b"data: a\n\n")
    kind.read(package, endpoint.url, at_most=1)
    (request,) = endpoint.requests
    assert request.method == "GET"
    assert request.headers["accept"] == b"text/event-stream"
    assert request.headers["cache-control"] == b"no-store"
    assert "last-event-id" not in request.headers


@every_client
def test_204_halts_reconnection_attempts(package: Any, server: EventServer, kind: ClientKind) -> None:
    endpoint = server.endpoint(server.no_content())
    result = kind.read(package, endpoint.url)
    assert (result.events, result.error, result.waits, len(endpoint.requests)) == ([], None, [], 1)


@every_client
@pytest.mark.parametrize("status", [301, 307])
def test_redirect_is_followed(package: Any, server: EventServer, kind: ClientKind, status: int) -> None:
    there = server.repeats(b"data: hello\n\n", Do.HOLD)
    here = server.endpoint(server.redirects(there.url, status))
    result = kind.read(package, here.url, at_most=1)
    assert result.data == ["hello"]


@every_client
@pytest.mark.parametrize("status", [301, 307])
@pytest.mark.parametrize("location", ["empty", "missing"])
def test_redirect_without_target_does_not_loop(
    package: Any, server: EventServer, kind: ClientKind, status: int, location: str
) -> None:
    headers = ("Location: ",) if location == "empty" else ()
    endpoint = server.endpoint(server.offers(status=status, headers=headers, content_type=None, framing="length"))
    result = kind.read(package, endpoint.url)
    if location == "missing":
        assert isinstance(result.error, package.UnexpectedStatus)
        assert len(endpoint.requests) == 1
    else:  # the same URL again, until the client stops
        assert isinstance(result.error, kind.library.TooManyRedirects)
        assert 1 < len(endpoint.requests) <= 21
    assert result.waits == []


@every_client
def test_custom_headers(package: Any, server: EventServer, kind: ClientKind) -> None:
    endpoint = server.repeats(b"data: a\n\n")
    headers = {"header-name-1": "value-1", "header-name-2": "value-2"}
    kind.read(package, endpoint.url, at_most=1, headers=headers)
    assert {name: endpoint.requests[0].headers[name].decode() for name in headers} == headers


BODY: dict[str, Any] = {
    "headers": {"content-type": "application/json; charset=utf-8"},
    "content": '{"hello": "world"}',
}


def sent_the_body(endpoint: Endpoint, method: str) -> bool:
    return all(
        (request.method, request.headers["content-type"], request.body)
        == (method, b"application/json; charset=utf-8", b'{"hello": "world"}')
        for request in endpoint.requests
    )


@every_client
@pytest.mark.parametrize("method", ["POST", "REPORT"])
def test_request_with_a_body(package: Any, server: EventServer, kind: ClientKind, method: str) -> None:
    endpoint = server.repeats(b"data: a\n\n")
    assert kind.read(package, endpoint.url, at_most=1, method=method, **BODY).data == ["a"]
    assert sent_the_body(endpoint, method)


@every_client
def test_last_event_id_in_the_initial_request(package: Any, server: EventServer, kind: ClientKind) -> None:
    endpoint = server.repeats(b"data: a\n\n")
    kind.read(package, endpoint.url, at_most=1, last_event_id="abc")
    assert endpoint.ids == [b"abc"]


# The chunks before the connection breaks, the ID in the next request, and the data of the events.
BROKEN = {
    "ID of the last event": ([b"id: abc\ndata: Hello\n\n"], b"abc", ["Hello"]),
    "ID of the last event that had one": (
        [b"id: abc\ndata: Hello\n\n", b"data: World\n\n"], b"abc", ["Hello", "World"],
    ),
    "ID overridden with an empty value": (
        [b"id: abc\ndata: Hello\n\n", b"id: \ndata: World\n\n"], None, ["Hello", "World"],
    ),
    "partial messages are discarded": ([b"id: abc\ndata: Hello\n\nid: def\ndata: Goodbye"], b"abc", ["Hello"]),
}  # fmt: skip


@every_client
@pytest.mark.parametrize(("chunks", "sent", "data"), BROKEN.values(), ids=BROKEN)
def test_reconnects_after_a_broken_connection(
    package: Any, server: EventServer, kind: ClientKind, chunks: list[bytes], sent: bytes | None, data: list[str]
) -> None:
    again = server.offers(b"data: We meet again\n\n", b"id: ghi\ndata: World\n\n", Do.HOLD)
    endpoint = server.endpoint(server.offers(*chunks, Do.DROP), again)
    result = kind.read(package, endpoint.url, at_most=len(data) + 2, retry=0)
    assert result.data == [*data, "We meet again", "World"]
    assert endpoint.ids == [None, sent]
    assert [event.id for event in result.events[-2:]] == [(sent or b"").decode(), "ghi"]


@every_client
def test_body_is_sent_again_when_reconnecting(package: Any, server: EventServer, kind: ClientKind) -> None:
    endpoint = server.endpoint(server.offers(b"data: a\n\n", Do.DROP), server.offers(b"data: b\n\n"))
    assert kind.read(package, endpoint.url, at_most=2, method="POST", **BODY).data == ["a", "b"]
    assert len(endpoint.requests) == 2
    assert sent_the_body(endpoint, "POST")


@every_client
def test_read_timeout_can_be_set(package: Any, server: EventServer, kind: ClientKind) -> None:
    endpoint = server.endpoint(server.offers(b"data: Hello\n\n", Do.HOLD), server.offers(b"data: World\n\n"))
    result = kind.read(package, endpoint.url, at_most=2, timeout=kind.library.Timeout(20, read=0.5))
    assert result.data == ["Hello", "World"]
    assert result.reconnects == [(1, 3000, "ReadTimeout")]


@every_client
def test_restart_with_the_last_event_id(package: Any, server: EventServer, kind: ClientKind) -> None:
    endpoint = server.endpoint(
        server.offers(b"id: 5\ndata: Hello\n\n", Do.HOLD), server.offers(b"data: Thanks\n\n", Do.HOLD)
    )  # fmt: skip
    first = kind.read(package, endpoint.url, at_most=1)
    second = kind.read(package, endpoint.url, at_most=1, last_event_id=first.events[-1].id)
    assert first.data + second.data == ["Hello", "Thanks"]
    assert endpoint.ids == [None, b"5"]
