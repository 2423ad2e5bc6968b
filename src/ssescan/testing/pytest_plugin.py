"""The pytest fixture `replay_server`: `pytest_plugins = ["ssescan.testing.pytest_plugin"]` in conftest.py loads it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from .server import ReplayServer
from .server import replay_server as _replay_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def replay_server() -> Iterator[Callable[..., ReplayServer]]:
    """Return `ssescan.testing.replay_server`; each server that a test starts with it runs until the test ends."""
    with ExitStack() as servers:

        def start(*tapes: Any, **options: Any) -> ReplayServer:
            return servers.enter_context(_replay_server(*tapes, **options))

        yield start
