"""The server of the client's tests, for attacks."""

from client.conftest import one_server, server

__all__ = ["one_server", "server"]
