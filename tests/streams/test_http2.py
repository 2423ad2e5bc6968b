"""HTTP/2: its connection is shared, so we cannot shut the socket. A refusal still does not wait for the body."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import h2.config
import h2.connection
import h2.events
import httpx
import httpx2
import pytest

from .server import WAIT_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator


def answer(listener: socket.socket) -> None:
    """Answer each request on one connection with status 500 and the start of a body, until it is closed."""
    listener.settimeout(WAIT_LIMIT)
    client, _ = listener.accept()
    with client:
        client.settimeout(WAIT_LIMIT)
        connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        connection.initiate_connection()
        client.sendall(connection.data_to_send())
        while received := client.recv(65536):
            for event in connection.receive_data(received):
                if isinstance(event, h2.events.RequestReceived):
                    headers = [(":status", "500"), ("content-type", "text/plain")]
                    connection.send_headers(event.stream_id, headers)
                    connection.send_data(event.stream_id, b"begin")
            client.sendall(connection.data_to_send())


@contextmanager
def served() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer, args=(listener,))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        thread.join(WAIT_LIMIT)
        assert not thread.is_alive()


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_refusal_does_not_wait_for_the_body(package: Any, library: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ssescan.streams.REFUSED_BODY_TIMEOUT", 0.05)
    with served() as url:
        settings: dict[str, Any] = {"http1": False, "http2": True, "timeout": None, "trust_env": False}
        with library.Client(**settings) as client:
            stream = package.connect(client, "GET", url)
            with pytest.raises(package.UnexpectedStatus) as caught:
                stream.open()
        assert caught.value.body == b"begin"
        assert caught.value.response.http_version == "HTTP/2"
        assert caught.value.response.request.extensions["timeout"]["read"] is None
