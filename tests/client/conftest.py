"""One server for all tests. An error in one of its threads fails the test that is running."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .server import EventServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def one_server() -> Iterator[EventServer]:
    with EventServer() as server:
        yield server


@pytest.fixture
def server(one_server: EventServer) -> Iterator[EventServer]:
    """Yield the server, and check afterwards that it had no error."""
    before = len(one_server.offered)
    yield one_server
    errors = [exchange.error for exchange in one_server.offered[before:] if exchange.error is not None]
    one_server.forget()
    assert not errors, f"the server failed: {errors}"
