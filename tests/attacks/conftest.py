"""The server of tests/client."""

from client.conftest import one_server, server

__all__ = ["one_server", "server"]
