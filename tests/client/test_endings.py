"""What follows each way in which a connection can end (WHATWG HTML section 9.2.3): another attempt, the end, an error."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from .clients import Way, every_way
from .server import Do

if TYPE_CHECKING:
    from collections.abc import Callable

    from .server import EventServer, Exchange

ONE, TWO, THREE, FOUR = (f"id: {number}\ndata: {number}\n\n".encode() for number in (1, 2, 3, 4))
EVENT_STREAM = "text/event-stream"
R = 3.0  # seconds: the default reconnection time


def no_more(server: EventServer) -> Exchange:
    """Say that the client is not to connect again."""
    return server.offers(status=204, content_type=None, framing="length")


@dataclass(frozen=True)
class Case:
    """Answers, and what is read of them: the data of events, the IDs that were sent, the waits in seconds."""

    name: str
    answers: Callable[[EventServer], list[Exchange]]
    data: list[str]
    ids: list[bytes | None]
    waits: list[float]
    errors: list[str | None]  # as on_reconnect was told

    def __str__(self) -> str:
        return self.name


ENDINGS = [
    Case(
        "a server that closes after two events",
        lambda server: [server.offers(ONE, TWO), server.offers(THREE), no_more(server)],
        ["1", "2", "3"], [None, b"2", b"3"], [R, R], [None, None],
    ),
    Case(
        "a body that is not complete",
        lambda server: [server.offers(ONE, Do.DROP), no_more(server)],
        ["1"], [None, b"1"], [R], ["RemoteProtocolError"],
    ),
    Case(
        "a body that ends with the connection",
        lambda server: [server.offers(ONE, framing="close"), no_more(server)],
        ["1"], [None, b"1"], [R], [None],
    ),
    Case(
        "a stop in the middle of an event",
        lambda server: [server.offers(ONE + b"id: 2\ndata: lo", Do.DROP), server.offers(TWO), no_more(server)],
        ["1", "2"], [None, b"1", b"2"], [R, R], ["RemoteProtocolError", None],
    ),
    Case(
        "an end in the middle of an event",
        lambda server: [server.offers(ONE + b"id: 2\ndata: lost\n"), server.offers(TWO), no_more(server)],
        ["1", "2"], [None, b"1", b"2"], [R, R], [None, None],
    ),
    Case(
        "many events in one chunk, and then nothing",
        lambda server: [server.offers(ONE + TWO + THREE + b"data", Do.DROP), no_more(server)],
        ["1", "2", "3"], [None, b"3"], [R], ["RemoteProtocolError"],
    ),
    Case(
        "a connection that is closed before the answer",
        lambda server: [server.raw(Do.DROP), server.offers(ONE), no_more(server)],
        ["1"], [None, None, b"1"], [R, R], ["RemoteProtocolError", None],
    ),
    Case(
        "a connection that is closed within the head",
        lambda server: [server.raw(b"HTTP/1.1 200 OK\r\nContent-Ty", Do.DROP), server.offers(ONE), no_more(server)],
        ["1"], [None, None, b"1"], [R, R], ["RemoteProtocolError", None],
    ),
    Case(
        "an answer that is no HTTP",
        lambda server: [server.raw(b"SSH-2.0-hello\r\n\r\n", Do.DROP), server.offers(ONE), no_more(server)],
        ["1"], [None, None, b"1"], [R, R], ["RemoteProtocolError", None],
    ),
    Case(
        "a stream of comments only",
        lambda server: [server.offers(b": ping\n\n", b":\n\n"), server.offers(ONE), no_more(server)],
        ["1"], [None, None, b"1"], [R, R], [None, None],
    ),
    Case(
        "an ID without an event",
        lambda server: [server.offers(b"id: 7\n\n"), no_more(server)],
        [], [None, b"7"], [R], [None],
    ),
    Case(
        "an ID that is not ASCII",
        lambda server: [server.offers("id: \u20ac \U0001fad6\ndata: 1\n\n".encode()), no_more(server)],
        ["1"], [None, "\u20ac \U0001fad6".encode()], [R], [None],
    ),
    Case(
        "an ID with spaces around it, which HTTP cannot carry",
        lambda server: [server.offers(b"id:  a b \ndata: 1\n\n"), no_more(server)],
        ["1"], [None, b"a b"], [R], [None],
    ),
    Case(
        "an ID that is taken back",
        lambda server: [server.offers(ONE + b"id\ndata: 2\n\n"), no_more(server)],
        ["1", "2"], [None, None], [R], [None],
    ),
    Case(
        "an event twice under one ID, which is nobody's to drop",
        lambda server: [server.offers(ONE), server.offers(ONE + ONE), no_more(server)],
        ["1", "1", "1"], [None, b"1", b"1"], [R, R], [None, None],
    ),
    Case(
        "a server that sends retry",
        lambda server: [server.offers(b"retry: 1500\n\n" + ONE), server.offers(TWO), no_more(server)],
        ["1", "2"], [None, b"1", b"2"], [1.5, 1.5], [None, None],
    ),
    Case(
        "a retry in the block that was cut off",
        lambda server: [server.offers(ONE + b"retry: 150\n", Do.DROP), no_more(server)],
        ["1"], [None, b"1"], [0.15], ["RemoteProtocolError"],  # by the letter: it counts as its line is read
    ),
    Case(
        "a retry of nothing",
        lambda server: [server.offers(b"retry: 0\n\n" + ONE), no_more(server)],
        ["1"], [None, b"1"], [0.1], [None],
    ),
    Case(
        "a byte order mark before each stream",
        lambda server: [
            server.offers(b"\xef\xbb\xbf" + ONE + b"\xef\xbb", framing="close"),
            server.offers(b"\xef\xbb\xbf" + TWO, Do.DROP),
            server.offers(b"\xef\xbb\xbf" + THREE),
            no_more(server),
        ],
        ["1", "2", "3"], [None, b"1", b"2", b"3"], [R, R, R], [None, "RemoteProtocolError", None],
    ),
    Case(
        "204 at once",
        lambda server: [no_more(server)],
        [], [None], [], [],
    ),
    Case(
        "204 with the content type of a stream",
        lambda server: [server.offers(status=204, framing="length")],
        [], [None], [], [],
    ),
]  # fmt: skip


@every_way
@pytest.mark.parametrize("case", ENDINGS, ids=str)
def test_after_each_ending_comes_what_the_standard_says(
    package: Any, server: EventServer, way: Way, case: Case
) -> None:
    endpoint = server.endpoint(*case.answers(server))
    told = way.read(package, endpoint.url)
    assert told.error is None
    assert told.outcome == "ended"
    assert told.data == case.data
    assert endpoint.ids == case.ids
    assert told.waits == case.waits
    assert [error for _, _, error in told.reconnects] == case.errors
    assert [delay / 1000 for _, delay, _ in told.reconnects] == case.waits


@every_way
def test_a_reset_connection_is_connected_to_again_with_the_last_id(package: Any, server: EventServer, way: Way) -> None:
    first = server.offers(ONE, Do.WAIT, Do.RESET)
    endpoint = server.endpoint(first, server.offers(TWO), no_more(server))
    # What a reset overtakes is lost in the system; it comes once the event was read: nothing else is.
    first.go()
    told = way.read(package, endpoint.url)
    assert told.error is None
    assert told.data in (["1", "2"], ["2"])
    assert endpoint.ids == [None, b"1" if "1" in told.data else None, b"2"]
    assert told.reconnects[0][2] in ("ReadError", "RemoteProtocolError")


REFUSED = [
    pytest.param(status, headers, id=f"{status} {' '.join(headers)}".strip())
    for status, headers in [
        (201, ()), (202, ()), (206, ()), (300, ()), (301, ()), (304, ()), (307, ()), (400, ()), (401, ()), (403, ()),
        (404, ()), (405, ()), (410, ()), (429, ("Retry-After: 1",)), (500, ()), (502, ()), (503, ("Retry-After: 1",)),
        (504, ()), (305, ()),
    ]
]  # fmt: skip


@every_way
@pytest.mark.parametrize(("status", "headers"), REFUSED)
@pytest.mark.parametrize("reconnect", [False, True], ids=["first", "reconnect"])
def test_any_status_but_200_is_an_error_after_one_attempt(
    package: Any, server: EventServer, way: Way, status: int, headers: tuple[str, ...], reconnect: bool
) -> None:
    refusal = server.offers(b"no", b" stream", status=status, headers=headers, framing="length")
    if status == 304:  # has no body
        refusal = server.offers(status=status, framing="length")
    endpoint = server.endpoint(*([server.offers(ONE)] if reconnect else []), refusal)
    told = way.read(package, endpoint.url)
    error: Any = told.error
    assert isinstance(error, package.UnexpectedStatus)
    assert error.status == status
    assert told.outcome == "failed"
    assert error.body == (b"" if status == 304 else b"no stream")
    assert error.response.status_code == status
    assert error.response.is_closed
    assert endpoint.ids == ([None, b"1"] if reconnect else [None])
    assert told.data == (["1"] if reconnect else [])
    assert told.waits == ([R] if reconnect else [])


@every_way
@pytest.mark.parametrize("content_type", ["text/html", "application/json", "text/event-stream-not", "", None])
def test_another_content_type_is_an_error_after_one_attempt(
    package: Any, server: EventServer, way: Way, content_type: str | None
) -> None:
    body = b"<!doctype html>" + b"x" * 70_000
    endpoint = server.endpoint(server.offers(body, content_type=content_type))
    told = way.read(package, endpoint.url)
    error: Any = told.error
    assert isinstance(error, package.UnexpectedContentType)
    assert error.content_type == (content_type or "")
    assert error.body == body[:65536]
    assert error.response.is_closed
    assert len(endpoint.requests) == 1
    assert told.waits == []


@every_way
@pytest.mark.parametrize("content_type", ["text/event-stream", "Text/Event-Stream; charset=utf-8"])
def test_parameters_and_case_of_the_content_type_do_not_matter(
    package: Any, server: EventServer, way: Way, content_type: str
) -> None:
    endpoint = server.endpoint(server.offers(ONE, content_type=content_type), no_more(server))
    assert way.read(package, endpoint.url).data == ["1"]


@every_way
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed_anew_at_each_attempt(package: Any, server: EventServer, way: Way, status: int) -> None:
    there = server.endpoint(server.offers(ONE), server.offers(TWO), no_more(server))
    here = server.endpoint(
        server.offers(status=status, content_type=None, framing="length", headers=(f"Location: {there.url}",))
    )
    told = way.read(package, here.url)
    assert told.error is None
    assert told.data == ["1", "2"]
    assert here.ids == there.ids == [None, b"1", b"2"]


@every_way
@pytest.mark.parametrize("status", [301, 307])
def test_a_redirect_that_is_not_to_be_followed_is_an_error(
    package: Any, server: EventServer, way: Way, status: int
) -> None:
    there = server.gives(ONE)
    here = server.endpoint(
        server.offers(status=status, content_type=None, framing="length", headers=(f"Location: {there.url}",))
    )
    told = way.read(package, here.url, follow_redirects=False)
    assert isinstance(told.error, package.UnexpectedStatus)
    assert (len(here.requests), len(there.requests)) == (1, 0)


@every_way
def test_a_chain_of_redirects_without_end_is_the_clients_error_after_one_attempt(
    package: Any, server: EventServer, way: Way
) -> None:
    here = server.endpoint(server.offers(status=301, content_type=None, framing="length", headers=("Location: ",)))
    told = way.read(package, here.url)
    assert isinstance(told.error, way.library.TooManyRedirects)
    assert told.waits == []


@every_way
def test_a_server_that_refuses_connections_is_tried_again(package: Any, way: Way) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    told = way.read(package, f"http://127.0.0.1:{port}", max_reconnects=3)
    assert isinstance(told.error, package.ReconnectsExhausted)
    assert isinstance(told.error.__cause__, way.library.ConnectError)
    assert told.error.attempts == 3
    assert told.reconnects == [(1, 3000, "ConnectError"), (2, 4500, "ConnectError")]


@every_way
def test_a_server_that_accepts_and_never_answers_is_tried_again_when_the_read_timeout_is_over(
    package: Any, server: EventServer, way: Way
) -> None:
    silent = server.raw(Do.HOLD)
    endpoint = server.endpoint(silent, server.offers(ONE), no_more(server))
    told = way.read(package, endpoint.url, timeout=way.library.Timeout(20, read=0.5))
    assert told.data == ["1"]
    assert endpoint.ids == [None, None, b"1"]
    assert told.reconnects[0] == (1, 3000, "ReadTimeout")
    assert silent.is_hung_up()


@every_way
@pytest.mark.parametrize("answered", [False, True], ids=["no answer", "no more"])
def test_a_stalled_connection_is_connected_to_again(
    package: Any, server: EventServer, way: Way, answered: bool
) -> None:
    silent = server.offers(ONE, Do.HOLD) if answered else server.raw(Do.HOLD)
    endpoint = server.endpoint(silent, server.offers(TWO), no_more(server))
    told = way.read(package, endpoint.url, stall=package.Stall(idle=0.5))
    assert told.data == (["1", "2"] if answered else ["2"])
    assert endpoint.ids == [None, b"1" if answered else None, b"2"]
    # A stream that blocks leaves that time to the client, whose word it is.
    assert told.reconnects[0] == (1, 3000, "StreamStalled" if way.is_async else "ReadTimeout")
    assert silent.is_hung_up()


@every_way
def test_a_stream_of_nothing_but_pings_is_connected_to_again(package: Any, server: EventServer, way: Way) -> None:
    pings = server.offers(ONE, Do.PING)
    endpoint = server.endpoint(pings, server.offers(TWO), no_more(server))
    told = way.read(package, endpoint.url, stall=package.Stall(progress=0.1))
    assert told.data == ["1", "2"]
    assert told.reconnects[0] == (1, 3000, "StreamStalled")
    assert pings.is_hung_up()


@every_way
def test_a_byte_at_a_time_is_a_stream_like_any_other(package: Any, server: EventServer, way: Way) -> None:
    steps: list[Any] = []
    for at in range(len(ONE)):
        steps += [ONE[at : at + 1], Do.WAIT]
    slow = server.offers(*steps)
    endpoint = server.endpoint(slow, no_more(server))
    slow.go(len(ONE))
    told = way.read(package, endpoint.url)
    assert told.data == ["1"]
    assert endpoint.ids == [None, b"1"]


@every_way
def test_an_event_over_the_limit_is_an_error_after_what_came_before_it(
    package: Any, server: EventServer, way: Way
) -> None:
    large = server.offers(ONE + TWO + b"data: " + b"x" * 100, Do.HOLD)
    endpoint = server.endpoint(large)
    told = way.read(package, endpoint.url, scanner={"max_event_size": 50})
    assert isinstance(told.error, package.EventTooLarge)
    assert told.data == ["1", "2"]
    assert len(endpoint.requests) == 1
    assert large.is_hung_up()


@every_way
@pytest.mark.parametrize("gzip", [False, True])
def test_a_compressed_stream_that_is_cut_is_connected_to_again(
    package: Any, server: EventServer, way: Way, gzip: bool
) -> None:
    endpoint = server.endpoint(server.offers(ONE, Do.DROP, gzip=gzip), server.offers(TWO, gzip=gzip), no_more(server))
    told = way.read(package, endpoint.url)
    assert told.data == ["1", "2"]
    assert endpoint.ids == [None, b"1", b"2"]


@every_way
def test_a_body_that_is_no_gzip_counts_as_a_failing_connection(package: Any, server: EventServer, way: Way) -> None:
    wrong = server.offers(b"this is no gzip", headers=("Content-Encoding: gzip",))
    endpoint = server.endpoint(wrong, server.offers(ONE), no_more(server))
    told = way.read(package, endpoint.url)
    assert told.data == ["1"]
    assert told.reconnects[0][2] == "DecodingError"


@every_way
@pytest.mark.parametrize(
    ("url", "header"),
    [("ftp://127.0.0.1/", {}), ("http://127.0.0.1:1/", {"x": "a\nb"})],
    ids=["no HTTP", "an illegal header"],
)
def test_what_the_client_refuses_to_send_is_raised_at_once(
    package: Any, way: Way, url: str, header: dict[str, str], server: EventServer
) -> None:
    if header:
        url = server.gives(ONE).url
    told = way.read(package, url, headers=header)
    assert isinstance(told.error, way.library.UnsupportedProtocol | way.library.LocalProtocolError)
    assert told.waits == []
