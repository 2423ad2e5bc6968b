"""The ends of a connection of an EventSource (WHATWG HTML section 9.2.3): it connects again, ends, or raises."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from .clients import ClientKind, every_client
from .server import Do

if TYPE_CHECKING:
    from collections.abc import Callable

    from .server import EventServer, Exchange

ONE, TWO, THREE, FOUR = (f"id: {number}\ndata: {number}\n\n".encode() for number in (1, 2, 3, 4))
EVENT_STREAM = "text/event-stream"
R = 3.0  # seconds: the default reconnection time


@dataclass(frozen=True)
class Case:
    """The answers of a server, and the expected data of events, IDs in requests, and waits in seconds."""

    name: str
    answers: Callable[[EventServer], list[Exchange]]
    data: list[str]
    ids: list[bytes | None]
    waits: list[float]
    errors: list[str | None]  # the types that on_reconnect gets

    def __str__(self) -> str:
        return self.name


ENDINGS = [
    Case(
        "a server that closes after two events",
        lambda server: [server.offers(ONE, TWO), server.offers(THREE), server.no_content()],
        ["1", "2", "3"], [None, b"2", b"3"], [R, R], [None, None],
    ),
    Case(
        "a body that is not complete",
        lambda server: [server.offers(ONE, Do.DROP), server.no_content()],
        ["1"], [None, b"1"], [R], ["RemoteProtocolError"],
    ),
    Case(
        "a body that ends with the connection",
        lambda server: [server.offers(ONE, framing="close"), server.no_content()],
        ["1"], [None, b"1"], [R], [None],
    ),
    Case(
        "a stop in the middle of an event",
        lambda server: [server.offers(ONE + b"id: 2\ndata: lo", Do.DROP), server.offers(TWO), server.no_content()],
        ["1", "2"], [None, b"1", b"2"], [R, R], ["RemoteProtocolError", None],
    ),
    Case(
        "an end in the middle of an event",
        lambda server: [server.offers(ONE + b"id: 2\ndata: lost\n"), server.offers(TWO), server.no_content()],
        ["1", "2"], [None, b"1", b"2"], [R, R], [None, None],
    ),
    Case(
        "many events in one chunk, and then nothing",
        lambda server: [server.offers(ONE + TWO + THREE + b"data", Do.DROP), server.no_content()],
        ["1", "2", "3"], [None, b"3"], [R], ["RemoteProtocolError"],
    ),
    Case(
        "a connection that is closed before the answer",
        lambda server: [server.raw(Do.DROP), server.offers(ONE), server.no_content()],
        ["1"], [None, None, b"1"], [R, R], ["RemoteProtocolError", None],
    ),
    Case(
        "a connection that is closed within the head",
        lambda server: [server.raw(b"HTTP/1.1 200 OK\r\nContent-Ty", Do.DROP), server.offers(ONE), server.no_content()],
        ["1"], [None, None, b"1"], [R, R], ["RemoteProtocolError", None],
    ),
    Case(
        "an answer that is not HTTP",
        lambda server: [server.raw(b"SSH-2.0-hello\r\n\r\n", Do.DROP), server.offers(ONE), server.no_content()],
        ["1"], [None, None, b"1"], [R, R], ["RemoteProtocolError", None],
    ),
    Case(
        "a stream of comments only",
        lambda server: [server.offers(b": ping\n\n", b":\n\n"), server.offers(ONE), server.no_content()],
        ["1"], [None, None, b"1"], [R, R], [None, None],
    ),
    Case(
        "an ID without an event",
        lambda server: [server.offers(b"id: 7\n\n"), server.no_content()],
        [], [None, b"7"], [R], [None],
    ),
    Case(
        "an ID that is not ASCII",
        lambda server: [server.offers("id: \u20ac \U0001fad6\ndata: 1\n\n".encode()), server.no_content()],
        ["1"], [None, "\u20ac \U0001fad6".encode()], [R], [None],
    ),
    Case(
        "an ID with spaces around it, which HTTP strips",
        lambda server: [server.offers(b"id:  a b \ndata: 1\n\n"), server.no_content()],
        ["1"], [None, b"a b"], [R], [None],
    ),
    Case(
        "an ID that a later event clears",
        lambda server: [server.offers(ONE + b"id\ndata: 2\n\n"), server.no_content()],
        ["1", "2"], [None, None], [R], [None],
    ),
    Case(
        "an event twice under one ID: both are kept",
        lambda server: [server.offers(ONE), server.offers(ONE + ONE), server.no_content()],
        ["1", "1", "1"], [None, b"1", b"1"], [R, R], [None, None],
    ),
    Case(
        "a server that sends retry",
        lambda server: [server.offers(b"retry: 1500\n\n" + ONE), server.offers(TWO), server.no_content()],
        ["1", "2"], [None, b"1", b"2"], [1.5, 1.5], [None, None],
    ),
    Case(
        "a retry in the block that was cut off",
        lambda server: [server.offers(ONE + b"retry: 150\n", Do.DROP), server.no_content()],
        ["1"], [None, b"1"], [0.15], ["RemoteProtocolError"],  # the standard: it takes effect when its line is read
    ),
    Case(
        "a retry of zero",
        lambda server: [server.offers(b"retry: 0\n\n" + ONE), server.no_content()],
        ["1"], [None, b"1"], [0.1], [None],
    ),
    Case(
        "a byte order mark before each stream",
        lambda server: [
            server.offers(b"\xef\xbb\xbf" + ONE + b"\xef\xbb", framing="close"),
            server.offers(b"\xef\xbb\xbf" + TWO, Do.DROP),
            server.offers(b"\xef\xbb\xbf" + THREE),
            server.no_content(),
        ],
        ["1", "2", "3"], [None, b"1", b"2", b"3"], [R, R, R], [None, "RemoteProtocolError", None],
    ),
    Case(
        "204 at once",
        lambda server: [server.no_content()],
        [], [None], [], [],
    ),
    Case(
        "204 with the content type of a stream",
        lambda server: [server.offers(status=204, framing="length")],
        [], [None], [], [],
    ),
]  # fmt: skip


@every_client
@pytest.mark.parametrize("case", ENDINGS, ids=str)
def test_endings_follow_the_standard(package: Any, server: EventServer, kind: ClientKind, case: Case) -> None:
    endpoint = server.endpoint(*case.answers(server))
    result = kind.read(package, endpoint.url)
    assert result.error is None
    assert result.outcome == "ended"
    assert result.data == case.data
    assert endpoint.ids == case.ids
    assert result.waits == case.waits
    assert [error for _, _, error in result.reconnects] == case.errors
    assert [delay / 1000 for _, delay, _ in result.reconnects] == case.waits


@every_client
def test_reconnects_after_a_reset_with_the_last_id(package: Any, server: EventServer, kind: ClientKind) -> None:
    first = server.offers(ONE, Do.WAIT, Do.RESET)
    endpoint = server.endpoint(first, server.offers(TWO), server.no_content())
    first.go()  # the reset may arrive before the event was read, and destroy it
    result = kind.read(package, endpoint.url)
    assert result.error is None
    assert result.data in (["1", "2"], ["2"])
    assert endpoint.ids == [None, b"1" if "1" in result.data else None, b"2"]
    assert result.reconnects[0][2] in ("ReadError", "RemoteProtocolError")


REFUSED = [
    pytest.param(status, headers, id=f"{status} {' '.join(headers)}".strip())
    for status, headers in [
        (201, ()), (202, ()), (206, ()), (300, ()), (301, ()), (304, ()), (307, ()), (400, ()), (401, ()), (403, ()),
        (404, ()), (405, ()), (410, ()), (429, ("Retry-After: 1",)), (500, ()), (502, ()), (503, ("Retry-After: 1",)),
        (504, ()), (305, ()),
    ]
]  # fmt: skip


@every_client
@pytest.mark.parametrize(("status", "headers"), REFUSED)
@pytest.mark.parametrize("reconnect", [False, True], ids=["first", "reconnect"])
def test_unexpected_status_is_raised_at_once(
    package: Any, server: EventServer, kind: ClientKind, status: int, headers: tuple[str, ...], reconnect: bool
) -> None:
    refusal = server.offers(b"no", b" stream", status=status, headers=headers, framing="length")
    if status == 304:  # has no body
        refusal = server.offers(status=status, framing="length")
    endpoint = server.endpoint(*([server.offers(ONE)] if reconnect else []), refusal)
    result = kind.read(package, endpoint.url)
    error: Any = result.error
    assert isinstance(error, package.UnexpectedStatus)
    assert error.status == status
    assert result.outcome == "failed"
    assert error.body == (b"" if status == 304 else b"no stream")
    assert error.response.status_code == status
    assert error.response.is_closed
    assert endpoint.ids == ([None, b"1"] if reconnect else [None])
    assert result.data == (["1"] if reconnect else [])
    assert result.waits == ([R] if reconnect else [])


@every_client
@pytest.mark.parametrize("content_type", ["text/html", "application/json", "text/event-stream-not", "", None])
def test_unexpected_content_type_is_raised_at_once(
    package: Any, server: EventServer, kind: ClientKind, content_type: str | None
) -> None:
    body = b"<!doctype html>" + b"x" * 70_000
    endpoint = server.endpoint(server.offers(body, content_type=content_type))
    result = kind.read(package, endpoint.url)
    error: Any = result.error
    assert isinstance(error, package.UnexpectedContentType)
    assert error.content_type == (content_type or "")
    assert error.body == body[:65536]
    assert error.response.is_closed
    assert len(endpoint.requests) == 1
    assert result.waits == []


@every_client
@pytest.mark.parametrize("content_type", ["text/event-stream", "Text/Event-Stream; charset=utf-8"])
def test_content_type_parameters_and_case_do_not_matter(
    package: Any, server: EventServer, kind: ClientKind, content_type: str
) -> None:
    endpoint = server.endpoint(server.offers(ONE, content_type=content_type), server.no_content())
    assert kind.read(package, endpoint.url).data == ["1"]


@every_client
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_each_attempt_follows_redirects_again(package: Any, server: EventServer, kind: ClientKind, status: int) -> None:
    there = server.endpoint(server.offers(ONE), server.offers(TWO), server.no_content())
    here = server.endpoint(server.redirects(there.url, status))
    result = kind.read(package, here.url)
    assert result.error is None
    assert result.data == ["1", "2"]
    assert here.ids == there.ids == [None, b"1", b"2"]


@every_client
@pytest.mark.parametrize("status", [301, 307])
def test_redirect_is_an_error_without_follow_redirects(
    package: Any, server: EventServer, kind: ClientKind, status: int
) -> None:
    there = server.repeats(ONE)
    here = server.endpoint(server.redirects(there.url, status))
    result = kind.read(package, here.url, follow_redirects=False)
    assert isinstance(result.error, package.UnexpectedStatus)
    assert (len(here.requests), len(there.requests)) == (1, 0)


@every_client
def test_endless_redirects_are_raised_at_once(package: Any, server: EventServer, kind: ClientKind) -> None:
    here = server.endpoint(server.redirects("", 301))
    result = kind.read(package, here.url)
    assert isinstance(result.error, kind.library.TooManyRedirects)
    assert result.waits == []


@every_client
def test_refused_connections_are_retried(package: Any, kind: ClientKind) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    result = kind.read(package, f"http://127.0.0.1:{port}", max_reconnects=3)
    assert isinstance(result.error, package.ReconnectsExhausted)
    assert isinstance(result.error.__cause__, kind.library.ConnectError)
    assert result.error.attempts == 3
    assert result.reconnects == [(1, 3000, "ConnectError"), (2, 4500, "ConnectError")]


@every_client
def test_reconnects_after_a_read_timeout(package: Any, server: EventServer, kind: ClientKind) -> None:
    silent = server.raw(Do.HOLD)
    endpoint = server.endpoint(silent, server.offers(ONE), server.no_content())
    result = kind.read(package, endpoint.url, timeout=kind.library.Timeout(20, read=0.5))
    assert result.data == ["1"]
    assert endpoint.ids == [None, None, b"1"]
    assert result.reconnects[0] == (1, 3000, "ReadTimeout")
    assert silent.is_hung_up()


@every_client
@pytest.mark.parametrize("answered", [False, True], ids=["no answer", "no more"])
def test_reconnects_after_an_idle_stall(package: Any, server: EventServer, kind: ClientKind, answered: bool) -> None:
    silent = server.offers(ONE, Do.HOLD) if answered else server.raw(Do.HOLD)
    endpoint = server.endpoint(silent, server.offers(TWO), server.no_content())
    result = kind.read(package, endpoint.url, stall=package.Stall(idle=0.5))
    assert result.data == (["1", "2"] if answered else ["2"])
    assert endpoint.ids == [None, b"1" if answered else None, b"2"]
    # In a sync stream the client's read timeout enforces this limit.
    assert result.reconnects[0] == (1, 3000, "StreamStalled" if kind.is_async else "ReadTimeout")
    assert silent.is_hung_up()


@every_client
def test_reconnects_after_a_stream_of_pings_only(package: Any, server: EventServer, kind: ClientKind) -> None:
    pings = server.offers(ONE, Do.PING)
    endpoint = server.endpoint(pings, server.offers(TWO), server.no_content())
    result = kind.read(package, endpoint.url, stall=package.Stall(progress=0.5))
    assert result.data == ["1", "2"]
    assert result.reconnects[0] == (1, 3000, "StreamStalled")
    assert pings.is_hung_up()


@every_client
def test_stream_of_one_byte_chunks(package: Any, server: EventServer, kind: ClientKind) -> None:
    steps: list[Any] = []
    for at in range(len(ONE)):
        steps += [ONE[at : at + 1], Do.WAIT]
    slow = server.offers(*steps)
    endpoint = server.endpoint(slow, server.no_content())
    slow.go(len(ONE))
    result = kind.read(package, endpoint.url)
    assert result.data == ["1"]
    assert endpoint.ids == [None, b"1"]


@every_client
def test_event_too_large_is_raised_after_earlier_events(package: Any, server: EventServer, kind: ClientKind) -> None:
    large = server.offers(ONE + TWO + b"data: " + b"x" * 100, Do.HOLD)
    endpoint = server.endpoint(large)
    result = kind.read(package, endpoint.url, scanner={"max_event_size": 50})
    assert isinstance(result.error, package.EventTooLarge)
    assert result.data == ["1", "2"]
    assert len(endpoint.requests) == 1
    assert large.is_hung_up()


@every_client
@pytest.mark.parametrize("gzip", [False, True])
def test_reconnects_after_a_cut_compressed_stream(
    package: Any, server: EventServer, kind: ClientKind, gzip: bool
) -> None:
    endpoint = server.endpoint(
        server.offers(ONE, Do.DROP, gzip=gzip), server.offers(TWO, gzip=gzip), server.no_content()
    )
    result = kind.read(package, endpoint.url)
    assert result.data == ["1", "2"]
    assert endpoint.ids == [None, b"1", b"2"]


@every_client
def test_reconnects_after_damaged_gzip(package: Any, server: EventServer, kind: ClientKind) -> None:
    wrong = server.offers(b"not gzip", headers=("Content-Encoding: gzip",))
    endpoint = server.endpoint(wrong, server.offers(ONE), server.no_content())
    result = kind.read(package, endpoint.url)
    assert result.data == ["1"]
    assert result.reconnects[0][2] == "DecodingError"


@every_client
@pytest.mark.parametrize(
    ("url", "header"),
    [("ftp://127.0.0.1/", {}), ("http://127.0.0.1:1/", {"x": "a\nb"})],
    ids=["not HTTP", "an illegal header"],
)
def test_request_that_the_client_refuses_is_raised_at_once(
    package: Any, kind: ClientKind, url: str, header: dict[str, str], server: EventServer
) -> None:
    if header:
        url = server.repeats(ONE).url
    result = kind.read(package, url, headers=header)
    assert isinstance(result.error, kind.library.UnsupportedProtocol | kind.library.LocalProtocolError)
    assert result.waits == []
