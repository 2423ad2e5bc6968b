"""The server of the tests of streams serves here as well."""

from streams.conftest import one_server, server

__all__ = ["one_server", "server"]
