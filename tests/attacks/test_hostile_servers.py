"""Thirteen hostile servers: reading them ends with the right error, in bounded memory and time.

The first of the thirteen are compression bombs: see test_bombs.py. Each other attack is read by httpx, httpx2 and
aiohttp, sync and async, in separate processes that measure their memory (reader.py). A Stall, the client, or the end of
the body limits the time; a reader that hangs fails the test.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from client.server import Do, EventServer
from client.test_lasting_errors import TlsServer, https

from .results import MIB, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

LIMIT = 100_000  # bytes, of one event
STALL = 0.5  # seconds without a byte, or without an event
ALLOWED = 32 * MIB  # of growth

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
TO_THE_CLOSE = HEAD + b"Connection: close\r\n\r\n"
EVENT = b"data: 1\n\n"

# The errors of the clients, and of ssescan, for broken connections and responses that violate HTTP.
BROKEN: set[str | None] = {
    "RemoteProtocolError", "ReadError", "ConnectError", "ClientPayloadError", "ClientOSError", "ClientResponseError",
    "ClientConnectorError", "ClientConnectorCertificateError", "ServerDisconnectedError", "ServerTimeoutError",
    "SocketTimeoutError", "TransferEncodingError", "ContentLengthError", "LineTooLong", "ConnectionResetError",
}  # fmt: skip


class Attack(NamedTuple):
    """A hostile server: its URLs, the allowed errors (None: no error), and the number of events (None: any)."""

    name: str
    urls: Callable[[EventServer], list[str]]
    ends: set[str | None]
    events: int | None = 0


def raw(*steps: bytes | Do) -> Callable[[EventServer], list[str]]:
    return lambda server: [server.raw(*steps).url]


def each(*answers: tuple[bytes | Do, ...]) -> Callable[[EventServer], list[str]]:
    return lambda server: [server.raw(*steps).url for steps in answers]


def loop(server: EventServer) -> list[str]:
    """Offer a URL that redirects to itself."""
    endpoint = server.endpoint()
    endpoint.answers = (server.redirects(endpoint.url),)
    return [endpoint.url]


def resets(server: EventServer) -> list[str]:
    """Offer a response that is reset after each of its bytes."""
    whole = CHUNKED + b"9\r\n" + EVENT + b"\r\n0\r\n\r\n"
    return [server.raw(whole[:size], Do.RESET).url for size in range(len(whole))]


ATTACKS = (
    Attack("a line that never ends", raw(TO_THE_CLOSE, *[b"a" * MIB] * 64), {"EventTooLarge"}),
    Attack("a header of a megabyte", raw(HEAD + b"X: " + b"a" * MIB + b"\r\n\r\n" + EVENT), BROKEN),
    Attack(
        "a wrong content-length",
        raw(HEAD + b"Content-Length: 1000000000000\r\n\r\n" + EVENT, Do.DROP),
        BROKEN,
        events=1,
    ),
    Attack(
        "broken chunks",
        each(
            (CHUNKED + b"9\r\n" + EVENT + b"\r\nzz\r\n", Do.DROP),
            (CHUNKED + b"9\r\n" + EVENT + b"\r\n-9\r\n" + EVENT, Do.DROP),
            (CHUNKED + b"9\r\n" + EVENT + b"\r\n" + b"f" * 40 + b"\r\n" + EVENT, Do.DROP),
            (CHUNKED + b"9\r\n" + EVENT + b"\r\n9;" + b"x" * 100_000 + b"\r\n" + EVENT, Do.DROP),
        ),
        BROKEN,
        events=None,  # clients differ in how much they return before the error
    ),
    Attack("a million comments", raw(TO_THE_CLOSE, b": a\n" * 1_000_000 + EVENT), {None}, events=1),
    Attack("a million ids", raw(TO_THE_CLOSE, b"".join(b"id: %d\n\n" % n for n in range(10**6)) + EVENT), {None}, 1),
    Attack("a byte at a time", raw(TO_THE_CLOSE + EVENT, Do.DRIP), {"StreamStalled"}, events=1),
    Attack("pings for ever", raw(TO_THE_CLOSE + EVENT, Do.PING), {"StreamStalled"}, events=1),
    Attack("redirects in a loop", loop, {"TooManyRedirects"}),
    Attack("closed at once", raw(Do.DROP), BROKEN),
    Attack("no answer", raw(Do.HOLD), {"StreamStalled", "ReadTimeout", "SocketTimeoutError", "ServerTimeoutError"}),
    Attack("a connection reset at any byte", resets, BROKEN | {None}, events=None),
)

CLIENTS = ("connect", "connect, httpx2", "aconnect", "aconnect, httpx2", "aiohttp")
SOURCES = ("EventSource", "EventSource, httpx2", "AsyncEventSource", "AsyncEventSource, httpx2")


@pytest.fixture(scope="module")
def tls_server() -> Iterator[TlsServer]:
    with TlsServer() as server:
        yield server


def results_of(
    server: EventServer, reader: str, attacks: Sequence[Attack]
) -> Iterator[tuple[Attack, list[dict[str, Any]]]]:
    """Read the URLs of all attacks in one process: starting one takes longer than most attacks."""
    urls = [attack.urls(server) for attack in attacks]
    results = iter(read(reader, LIMIT, STALL, *chain.from_iterable(urls)))
    for attack, its_urls in zip(attacks, urls, strict=True):
        yield attack, [next(results) for _ in its_urls]


@pytest.mark.parametrize("client", CLIENTS)
def test_attacks(server: EventServer, client: str) -> None:
    for attack, results in results_of(server, client, ATTACKS):
        for result in results:
            assert result["error"] in attack.ends, (attack.name, result)
            assert attack.events in (None, result["events"]), (attack.name, result)
            assert result["grown"] < ALLOWED, (attack.name, result)


@pytest.mark.parametrize("client", CLIENTS)
def test_failing_tls(tls_server: TlsServer, client: str) -> None:
    (result,) = read(client, LIMIT, STALL, https(tls_server.url))
    assert result["error"] in BROKEN, result
    assert result["grown"] < ALLOWED, result


# An EventSource reconnects, and stops after some attempts.
SOURCE_ERRORS: dict[str, Any] = {
    "a line that never ends": "EventTooLarge",
    "redirects in a loop": "TooManyRedirects",
}
SOURCE_ATTACKS = [attack for attack in ATTACKS if attack.events == 0]


@pytest.mark.parametrize("source", SOURCES)
def test_attacks_on_a_source(server: EventServer, source: str) -> None:
    for attack, (result,) in results_of(server, source, SOURCE_ATTACKS):
        assert result["error"] == SOURCE_ERRORS.get(attack.name, "ReconnectsExhausted"), (attack.name, result)
        assert result["grown"] < ALLOWED, (attack.name, result)
