"""The server of tests/streams."""

from streams.conftest import one_server, server

__all__ = ["one_server", "server"]
