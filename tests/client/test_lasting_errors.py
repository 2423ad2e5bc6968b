"""Errors that a retry cannot fix are raised at once; transport errors are retried."""

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
from ssescan.client.event_source_core import clear_frames
from ssescan.client.sending import is_transport_error

from .clients import ClientKind, every_client
from .server import EventServer

if TYPE_CHECKING:
    from collections.abc import Iterator

ONE = b"id: 1\ndata: 1\n\n"


class TlsServer(EventServer):
    """An EventServer with a certificate of its own authority, which clients do not trust by default."""

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


@every_client
def test_refused_certificate_is_raised_at_once(tls_server: TlsServer, kind: ClientKind) -> None:
    before = tls_server.handshakes
    result = kind.read(ssescan, https(tls_server.url), settings={"verify": True})
    assert type(result.error).__name__ == "ConnectError"
    assert tls_server.handshakes == before + 1
    assert result.waits == []


@every_client
def test_trusted_certificate(tls_server: TlsServer, kind: ClientKind) -> None:
    endpoint = tls_server.repeats(ONE)
    result = kind.read(ssescan, https(endpoint.url), at_most=2, settings={"verify": tls_server.trusted()})
    assert result.error is None
    assert result.data == ["1", "1"]


@every_client
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
def test_invalid_url_is_raised_at_once(kind: ClientKind, url: str, error: str) -> None:
    try:
        raised = kind.read(ssescan, url).error
    except Exception as error_of_client:  # before anything is sent
        raised = error_of_client
    assert type(raised).__name__ == error


@every_client
def test_redirect_to_another_protocol(server: EventServer, kind: ClientKind) -> None:
    endpoint = server.endpoint(server.offers(ONE), server.redirects("ftp://127.0.0.1/", 302))
    result = kind.read(ssescan, endpoint.url)
    assert type(result.error).__name__ == "UnsupportedProtocol"
    assert len(endpoint.requests) == 2


@every_client
def test_redirect_to_an_invalid_url(server: EventServer, kind: ClientKind) -> None:
    endpoint = server.endpoint(server.offers(ONE), server.redirects("http://127.0.0.1:port/", 302))
    result = kind.read(ssescan, endpoint.url)
    # httpx and older versions of httpx2 raise. Newer ones return the redirect, and do not follow it.
    expected = {"RemoteProtocolError"} if kind.library is httpx else {"RemoteProtocolError", "UnexpectedStatus"}
    assert type(result.error).__name__ in expected
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
def test_transport_errors(error: Exception, first: bool, later: bool) -> None:
    assert (is_transport_error(error, False), is_transport_error(error, True)) == (first, later)


@every_client
def test_error_in_the_callers_except_block_is_ignored(kind: ClientKind) -> None:
    # A caller that tries a mirror after a certificate was refused.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    try:
        raise REFUSED
    except ssl.SSLCertVerificationError:
        result = kind.read(ssescan, url, max_reconnects=3)
    assert isinstance(result.error, ssescan.ReconnectsExhausted)
    assert len(result.waits) == 2


@every_client
def test_causes_that_form_a_cycle(kind: ClientKind) -> None:
    broken = chained(httpx.ReadError("reset"), OSError("one"), OSError("two"), cyclic=True)
    library_error: Any = kind.library.ReadError("reset")
    library_error.__cause__ = broken

    class Transport(kind.library.BaseTransport, kind.library.AsyncBaseTransport):  # type: ignore[misc, name-defined]
        def handle_request(self, request: Any) -> Any:
            raise library_error

        async def handle_async_request(self, request: Any) -> Any:
            raise library_error

    result = kind.read(ssescan, "http://127.0.0.1/", settings={"transport": Transport()}, max_reconnects=3)
    assert isinstance(result.error, ssescan.ReconnectsExhausted)
    assert len(result.waits) == 2


def test_clearing_the_frames_of_a_cycle_ends() -> None:
    done = threading.Event()
    one, two = OSError("one"), OSError("two")
    one.__cause__, two.__cause__ = two, one

    def clear() -> None:
        clear_frames(one)
        done.set()

    thread = threading.Thread(target=clear, daemon=True)
    thread.start()
    assert done.wait(20)
    gc.collect()
