"""Clients that a replay server meets by accident: each gets an answer, and the next one is served as always."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from ssescan.testing import ReplayServer, Tape, replay_server

from .test_replay import PATHS, raw

if TYPE_CHECKING:
    from collections.abc import Iterator

TAPE = Tape([b"data: a\n\n", b"data: b\n\n"])
BODY = b"data: a\n\ndata: b\n\n"
WAIT = 20.0  # seconds
POST = b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"


@pytest.fixture(scope="module")
def server() -> Iterator[ReplayServer]:
    with replay_server(TAPE) as server:
        yield server


def connected(server: ReplayServer) -> socket.socket:
    parts = urlsplit(server.url)
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=WAIT)


def talk(server: ReplayServer, *pieces: bytes) -> bytes:
    """Send the pieces, each in a packet of its own; return all that comes back."""
    received = b""
    with connected(server) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for piece in pieces:
                connection.sendall(piece)
            while got := connection.recv(65536):
                received += got
        except ConnectionError:
            pass
    return received


def check_alive(server: ReplayServer) -> None:
    assert talk(server, b"GET / HTTP/1.0\r\n\r\n").endswith(b"\r\n\r\n" + BODY)


@pytest.mark.parametrize("body", [b'{"a":', b"\xff\xfe{}", b"[]", b"5", b"model=m", b"[" * 100_000])
@pytest.mark.parametrize("path", list(PATHS.values()))
def test_body_that_is_not_json_is_status_400(path: str, body: bytes, server: ReplayServer) -> None:
    before = len(server.requests)
    head, rest, _ = raw(server.url, path, body)
    assert head.startswith(b"HTTP/1.1 400 ")
    expected = f"expected a JSON object as the body of a request for {path.partition('?')[0]}, got {len(body)} bytes"
    assert rest.decode().startswith(expected)
    assert len(server.requests) == before  # it uses up no tape


def test_other_paths_and_empty_bodies_get_the_stream(server: ReplayServer) -> None:
    assert b"data: b" in raw(server.url, "/other", b"[")[1]
    assert b"data: b" in raw(server.url, "/v1/messages", b"")[1]


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /\r\n\r\n",
        b"hello\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00" + b"\xff" * 600,
        b"GET / HTTP/1.1\r\n\r\n",
        POST + b"Content-Length: -1\r\n\r\n",
        POST + b"Content-Length: 99999999999999999999999\r\n\r\n",
        POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
    ids=range(8),
)
def test_requests_that_are_not_http_are_status_400(request_: bytes, server: ReplayServer) -> None:
    assert talk(server, request_).startswith(b"HTTP/1.1 400 ")
    check_alive(server)


def test_http_1_0_gets_the_body_until_the_connection_closes(server: ReplayServer) -> None:
    for header, expected in (("", BODY), ("X-Ssescan-Replay: cut-at=5\r\n", BODY[:5])):
        answer = talk(server, f"GET / HTTP/1.0\r\n{header}\r\n".encode())
        head, _, body = answer.partition(b"\r\n\r\n")
        assert body == expected
        assert b"chunked" not in head.lower()


def test_slow_request(server: ReplayServer) -> None:
    request = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert b"data: b" in talk(server, *(bytes([byte]) for byte in request))


def test_many_beginnings_of_keys_take_no_time(server: ReplayServer) -> None:
    body = b'{"messages": "%s"}' % (b"sk-" * 100_000)  # the server keeps requests without their keys
    assert b"data: b" in raw(server.url, "/v1/messages", body)[1]


def test_head_has_no_body(server: ReplayServer) -> None:
    answer = talk(server, b"HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"\r\n\r\n")
    assert b"data:" not in answer


def test_two_requests_at_once_are_answered_in_turn(server: ReplayServer) -> None:
    first = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = talk(server, first + first.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert answer.count(b"data: b") == 2


def test_clients_that_leave(server: ReplayServer) -> None:
    for begin in (b"", b"GET / HT", POST + b"Content-Length: 50\r\n\r\n{", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"):
        with connected(server) as connection:
            connection.sendall(begin)
        check_alive(server)


def test_client_that_does_not_read_holds_up_no_other() -> None:
    tape = Tape([b"x" * 200_000] * 50)  # more than any buffer of the system
    with replay_server(tape) as server, connected(server) as idle:
        idle.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(10) == b"HTTP/1.1 2"
        assert len(talk(server, b"GET / HTTP/1.0\r\n\r\n")) > tape.size


@pytest.mark.parametrize(
    ("values", "error"),
    [
        (["cut-at=\u00e9"], "expected a number for cut-at"),
        (["cut-at=" + "9" * 5000], "expected a number for cut-at"),
        (["speed=nan"], "speed must be 0"),
        (["speed=inf"], "speed must be 0"),
        (["speed="], "expected a number for speed, got ''"),
        (["="], "expected the options speed, chunk, cut-at"),
        (["status=99"], "status must be from 200 to 599"),
        (["cut-at=1", "chunk=x"], "expected a number of bytes, 'event' or 'random:SEED' for chunk"),
    ],
)
def test_wrong_options_of_a_request(values: list[str], error: str, server: ReplayServer) -> None:
    request = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    for value in values:
        request += b"X-Ssescan-Replay: " + value.encode("latin-1") + b"\r\n"
    answer = talk(server, request + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert error in answer.decode()


def test_several_headers_with_options_add_up(server: ReplayServer) -> None:
    headers = "X-Ssescan-Replay: cut-at=3\r\nX-Ssescan-Replay: chunk=1\r\n"
    assert raw(server.url, headers=headers)[1] == b"1\r\nd\r\n1\r\na\r\n1\r\nt\r\n"
