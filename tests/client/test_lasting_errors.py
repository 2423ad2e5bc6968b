"""Errors that another attempt would meet again are raised at once; those that can pass are not."""

from __future__ import annotations

import gc
import socket
import ssl
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import trustme

import ssescan
from ssescan.client.event_source import _clear_frames
from ssescan.client.sending import is_transport_error

from .clients import Way, every_way
from .server import EventServer

if TYPE_CHECKING:
    from collections.abc import Iterator

ONE = b"id: 1\ndata: 1\n\n"


class TlsServer(EventServer):
    """An EventServer with a certificate of its own authority, which clients do not trust unless they are told to."""

    def __init__(self) -> None:
        super().__init__()
        self.authority = trustme.CA()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert("127.0.0.1").configure_cert(self._context)
        self.handshakes = 0

    def trusted(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return context

    def _serve(self, connection: socket.socket, number: int) -> None:
        self.handshakes += 1
        with suppress(ssl.SSLError, ConnectionError):
            super()._serve(self._context.wrap_socket(connection, server_side=True), number)
        connection.close()


def https(url: str) -> str:
    return url.replace("http://", "https://")


@pytest.fixture(scope="module")
def tls_server() -> Iterator[TlsServer]:
    with TlsServer() as server:
        yield server


@every_way
def test_a_certificate_that_is_refused(tls_server: TlsServer, way: Way) -> None:
    before = tls_server.handshakes
    told = way.read(ssescan, https(tls_server.url), settings={"verify": True})
    assert type(told.error).__name__ == "ConnectError"
    assert tls_server.handshakes == before + 1
    assert told.waits == []


@every_way
def test_a_certificate_that_is_trusted(tls_server: TlsServer, way: Way) -> None:
    endpoint = tls_server.gives(ONE)
    told = way.read(ssescan, https(endpoint.url), at_most=2, settings={"verify": tls_server.trusted()})
    assert told.error is None
    assert told.data == ["1", "1"]


@every_way
@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("ftp://127.0.0.1/", "UnsupportedProtocol"),
        ("127.0.0.1/", "UnsupportedProtocol"),
        ("http://127.0.0.1:99999/", "ValueError"),
        ("http://[::1/", "InvalidURL"),
        ("http://127.0.0.1:a/", "InvalidURL"),
    ],
)
def test_a_url_that_cannot_be_asked(way: Way, url: str, error: str) -> None:
    try:
        raised = way.read(ssescan, url).error
    except Exception as refused:  # by the client, before anything is sent
        raised = refused
    assert type(raised).__name__ == error


@every_way
def test_a_redirect_to_another_protocol(server: EventServer, way: Way) -> None:
    redirect = server.offers(status=302, content_type=None, framing="length", headers=("Location: ftp://127.0.0.1/",))
    endpoint = server.endpoint(server.offers(ONE), redirect)
    told = way.read(ssescan, endpoint.url)
    assert type(told.error).__name__ == "UnsupportedProtocol"
    assert len(endpoint.requests) == 2


@every_way
def test_a_redirect_to_an_invalid_url(server: EventServer, way: Way) -> None:
    headers = ("Location: http://127.0.0.1:port/",)
    redirect = server.offers(status=302, content_type=None, framing="length", headers=headers)
    endpoint = server.endpoint(server.offers(ONE), redirect)
    told = way.read(ssescan, endpoint.url)
    # httpx2 gives the redirect, without a request that would follow it.
    assert type(told.error).__name__ == ("RemoteProtocolError" if way.library is httpx else "UnexpectedStatus")
    assert len(endpoint.requests) == 2


def chained(outer: Exception, *causes: Exception, cyclic: bool = False) -> Exception:
    """Return an exception with its causes; with `cyclic` the last one has the first as its cause."""
    error: BaseException = outer
    for cause in causes:
        error.__cause__ = cause
        error = cause
    if cyclic:
        error.__cause__ = outer
    return outer


REFUSED = ssl.SSLCertVerificationError("certificate verify failed")


@pytest.mark.parametrize(
    ("error", "first", "later"),
    [
        (httpx.ConnectError("refused"), True, True),
        (httpx.ReadError("reset"), True, True),
        (httpx.DecodingError("cut"), True, True),
        (ConnectionResetError(), True, True),
        (chained(httpx.ConnectError("tls"), OSError(), REFUSED), False, True),
        (chained(httpx.ConnectError("tls"), OSError(), cyclic=True), True, True),
        (httpx.LocalProtocolError("header"), False, True),
        (httpx.UnsupportedProtocol("ftp"), False, False),
        (httpx.InvalidURL("port"), False, False),
        (httpx.TooManyRedirects("loop"), False, False),
        (ValueError("other"), False, False),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_can_pass(error: Exception, first: bool, later: bool) -> None:
    assert (is_transport_error(error, False), is_transport_error(error, True)) == (first, later)


@every_way
def test_an_error_that_the_program_handles_is_not_the_connections(way: Way) -> None:
    # A program that tries a mirror after a certificate was refused.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    try:
        raise REFUSED
    except ssl.SSLCertVerificationError:
        told = way.read(ssescan, url, max_reconnects=3)
    assert isinstance(told.error, ssescan.ReconnectsExhausted)
    assert len(told.waits) == 2


@every_way
def test_causes_that_form_a_cycle(way: Way) -> None:
    broken = chained(httpx.ReadError("reset"), OSError("one"), OSError("two"), cyclic=True)
    library_error: Any = way.library.ReadError("reset")
    library_error.__cause__ = broken

    class Transport(way.library.BaseTransport, way.library.AsyncBaseTransport):  # type: ignore[misc, name-defined]
        def handle_request(self, request: Any) -> Any:
            raise library_error

        async def handle_async_request(self, request: Any) -> Any:
            raise library_error

    told = way.read(ssescan, "http://127.0.0.1/", settings={"transport": Transport()}, max_reconnects=3)
    assert isinstance(told.error, ssescan.ReconnectsExhausted)
    assert len(told.waits) == 2


def test_clearing_the_frames_of_a_cycle_ends() -> None:
    done = threading.Event()
    one, two = OSError("one"), OSError("two")
    one.__cause__, two.__cause__ = two, one

    def clear() -> None:
        _clear_frames(one)
        done.set()

    thread = threading.Thread(target=clear, daemon=True)
    thread.start()
    assert done.wait(20)
    gc.collect()
