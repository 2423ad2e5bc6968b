"""The pytest plugin of ssescan, with the fixture `replay_server`; pytest finds it by an entry point.

pytest imports this file in every run. So it is not in the package, and imports nothing of ssescan before a test asks
for the fixture.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ssescan.testing import ReplayServer


@pytest.fixture
def replay_server() -> Iterator[Callable[..., ReplayServer]]:
    """Return `ssescan.testing.replay_server`; each server that a test starts with it runs until the test ends."""
    from ssescan import testing

    open_server = testing.replay_server
    with ExitStack() as servers:

        def start(*tapes: Any, **options: Any) -> ReplayServer:
            return servers.enter_context(open_server(*tapes, **options))

        yield start
