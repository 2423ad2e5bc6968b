"""accelerate("httpcore"): the body of a chunked response is read as before, however it is cut and however it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import httpx2
import pytest

import ssescan

from .raw_http import HEAD, LIBRARIES, Order, RawServer, Seen, read_all

if TYPE_CHECKING:
    from collections.abc import Iterator

LENGTH_HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
CLOSE_HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
CONTINUE_HEAD = b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD
END = b"0\r\n\r\n"

# Bodies that end well: head, body.
COMPLETE: dict[str, tuple[bytes, bytes]] = {
    "plain": (HEAD, b"5\r\nhello\r\n7\r\n world!\r\n" + END),
    "upper and lower case": (HEAD, b"A\r\n0123456789\r\n0c\r\nab\r\n\r\n0\r\n\r\nX\r\n" + END),
    "leading zeros": (HEAD, b"0000000005\r\nhello\r\n000\r\n\r\n"),
    "as many digits as allowed": (HEAD, b"00000000000000000001\r\n!\r\n" + END),
    "extensions": (HEAD, b"5;a=b\r\nhello\r\n1\r\n!\r\n2;x\r\nab\r\n3\r\nabc\r\n0;y\r\n\r\n"),
    "spaces after the size": (HEAD, b"5 \r\nhello\r\n1\t\r\n!\r\n" + END),
    "trailers": (HEAD, b"5\r\nhello\r\n0\r\nA: b\r\nC: d\r\n\r\n"),
    "no chunks": (HEAD, END),
    "after a 100": (CONTINUE_HEAD, b"1\r\n!\r\n" + END),
    "connection: close": (CLOSE_HEAD, b"1\r\n!\r\n" + END),
    "more after the end": (HEAD, b"1\r\n!\r\n" + END + b"more"),
    "content-length": (LENGTH_HEAD, b"hello"),
}
# Bodies that are errors. The server closes the connection after them.
BROKEN: dict[str, bytes] = {
    "no size": b"1\r\n!\r\n\r\n!\r\n",
    "letters": b"1\r\n!\r\nxyz\r\n!\r\n",
    "negative": b"-1\r\n!\r\n",
    "plus": b"+1\r\n!\r\n",
    "underscore": b"1_0\r\n!\r\n",
    "prefix": b"0x1\r\n!\r\n",
    "space before the size": b" 1\r\n!\r\n",
    "too many digits": b"000000000000000000001\r\n!\r\n",
    "no CRLF after the data": b"1\r\n!1\r\n!\r\n" + END,
    "half a CRLF after the data": b"1\r\n!\rX\r\n" + END,
    "LF after the data": b"1\r\n!\n1\r\n!\r\n" + END,
    "LF after the size": b"1\n!\r\n",
    "broken trailer": b"1\r\n!\r\n0\r\nno trailer\r\n\r\n",
    "a size of 100 MB": b"6400000\r\nhello",
    "a size of 20 digits": b"ffffffffffffffffffff\r\nhello",
}
pytestmark = pytest.mark.usefixtures("restored")
ways = pytest.mark.parametrize("way", ["sync", "asyncio", "trio"])
libraries = pytest.mark.parametrize("library", LIBRARIES)


@pytest.fixture(scope="module")
def server() -> Iterator[RawServer]:
    with RawServer() as server:
        yield server


@pytest.fixture(scope="module")
def then(server: RawServer) -> str:
    return server.offers(HEAD + b"5\r\nagain\r\n" + END)


def cut(head: bytes, body: bytes) -> list[list[int]]:
    """Return the sizes of reads: the body cut at every byte, in pieces of 1, 2 and 3 bytes, and after half the head."""
    once = [[len(head) + place, len(body) - place] for place in range(len(body) + 1)]
    often = [[len(head), *[size] * (len(body) // size)] for size in (1, 2, 3)]
    return [*once, *often, [len(head) // 2, len(head) - len(head) // 2 + len(body)]]


def assert_same(
    library: str, way: str, orders: list[tuple[str, Order]], then: str, in_order: bool = True
) -> list[Seen]:
    """Assert that a program sees the same with and without accelerate(); the trace may be in any order. Return it."""
    plain = read_all(library, way, orders, then)
    with ssescan.accelerate("httpcore") as acceleration:
        assert "is accelerated" in acceleration.report["httpcore"]
        accelerated = read_all(library, way, orders, then)
    if not in_order:
        for one in (*plain, *accelerated):
            one.trace.sort(key=repr)
    for (url, order), one, other in zip(orders, plain, accelerated, strict=True):
        assert one == other, (url, order)
    return plain


@libraries
@ways
@pytest.mark.parametrize("name", COMPLETE)
def test_complete_body(server: RawServer, then: str, library: str, way: str, name: str) -> None:
    head, body = COMPLETE[name]
    url = server.offers(head + body)
    seen = assert_same(library, way, [(url, Order(sizes)) for sizes in cut(head, body)], then)
    assert all(one.error is None for one in seen)
    if name != "more after the end":
        assert {one.then for one in seen} == {b"again"}


@libraries
@ways
@pytest.mark.parametrize("name", BROKEN)
def test_broken_body(server: RawServer, then: str, library: str, way: str, name: str) -> None:
    body = BROKEN[name]
    url = server.offers(HEAD + body, closes=True)
    seen = assert_same(library, way, [(url, Order(sizes)) for sizes in cut(HEAD, body)], then)
    assert all(one.error[0] is LIBRARIES[library].RemoteProtocolError for one in seen)


@libraries
@ways
def test_connection_closed_at_every_byte(server: RawServer, then: str, library: str, way: str) -> None:
    body = b"5\r\nhello\r\n1\r\n!\r\n0\r\nA: b\r\n\r\n"
    orders = []
    for end in range(len(body)):
        url = server.offers(HEAD + body[:end], closes=True)
        orders += [(url, Order([len(HEAD) + place, end - place])) for place in (0, end // 2, end)]
    seen = assert_same(library, way, orders, then)
    assert all(one.error[0] is LIBRARIES[library].RemoteProtocolError for one in seen)


# httpcore does not close its generators; trio closes them after it warns, in any order.
@pytest.mark.filterwarnings("ignore:.*Async generator:ResourceWarning")
@libraries
@ways
def test_response_closed_early(server: RawServer, then: str, library: str, way: str) -> None:
    head, body = COMPLETE["plain"]
    url = server.offers(head + body)
    orders = [(url, Order(sizes, pieces)) for sizes in cut(head, body) for pieces in (1, 2)]
    seen = assert_same(library, way, orders, then, in_order=(library, way) != ("httpcore", "trio"))
    assert any(one.pieces == [b"hello"] for one in seen)


@libraries
@ways
def test_read_timeout(server: RawServer, then: str, library: str, way: str) -> None:
    body = b"5\r\nhello\r\n7\r\n wor"
    orders = []
    for end in (0, 1, 2, 3, 5, 8, 9, 10, 11, 12, 13, len(body)):
        url = server.offers(HEAD + body[:end])
        orders.append((url, Order([len(HEAD), end], timeout=0.01)))
    seen = assert_same(library, way, orders, then)
    assert all(one.error[0] is LIBRARIES[library].ReadTimeout for one in seen)


@libraries
@pytest.mark.parametrize("way", ["asyncio", "trio"])
def test_cancelled_read(server: RawServer, then: str, library: str, way: str) -> None:
    body = b"5\r\nhello\r\n7\r\n wor"
    orders = []
    for end in (8, 9, 10, 11, 12, 13, len(body)):
        url = server.offers(HEAD + body[:end])
        orders += [(url, Order([len(HEAD) + place, end - place], 1, cancels=True)) for place in (0, end)]
    seen = assert_same(library, way, orders, then)
    assert all(one.states[2] is True for one in seen)


@libraries
@ways
def test_header_without_end(server: RawServer, then: str, library: str, way: str) -> None:
    body = b"1\r\n!\r\n" + b"1" * 120_000
    url = server.offers(HEAD + body)
    (seen,) = assert_same(library, way, [(url, Order([len(HEAD), 50_000, 50_000, 20_006]))], then)
    assert seen.error[1] == "Receive buffer too long"


@libraries
@ways
def test_chunk_larger_than_a_read(server: RawServer, then: str, library: str, way: str) -> None:
    data = bytes(range(256)) * 4000
    body = b"%x\r\n%s\r\n" % (len(data), data) + END
    sizes = [len(HEAD), *[65536] * (len(body) // 65536), len(body) % 65536]
    seen = assert_same(library, way, [(server.offers(HEAD + body), Order(sizes))], then)
    assert b"".join(seen[0].pieces) == data
    assert max(map(len, seen[0].pieces)) == 65536


def test_only_when_named(server: RawServer, then: str) -> None:
    with ssescan.accelerate() as acceleration:
        assert "httpcore" not in acceleration.report
    with ssescan.accelerate("httpcore", "openai") as acceleration:
        assert list(acceleration.report) == ["httpcore", "openai"]


@pytest.mark.parametrize("client", [httpx.Client, httpx2.Client])
def test_chunks_are_counted(server: RawServer, client: Any) -> None:
    head, body = COMPLETE["plain"]
    url = server.offers(head + body)
    with ssescan.accelerate("httpcore") as acceleration, client() as http:
        before = acceleration.events["httpcore"]
        assert http.get(url).content == b"hello world!"
        assert acceleration.events["httpcore"] == before + 2


@libraries
def test_subclass_that_reads_in_another_way(server: RawServer, library: str) -> None:
    package = LIBRARIES[library]
    base: Any = package.HTTP11Connection
    url = package.URL(server.offers(HEAD + b"5\r\nhello\r\n" + END))
    events: list[Any] = []

    class Recording(base):  # type: ignore[misc]
        def _receive_event(self, timeout: float | None = None) -> Any:
            events.append(super()._receive_event(timeout))
            return events[-1]

    with ssescan.accelerate("httpcore"):
        stream = package._backends.sync.SyncBackend().connect_tcp("127.0.0.1", url.port)  # noqa: SLF001
        with Recording(origin=url.origin, stream=stream) as connection:
            assert connection.request("GET", url).content == b"hello"
    assert [type(event).__name__ for event in events] == ["Response", "Data", "EndOfMessage"]
