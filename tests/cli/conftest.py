"""The server that the tests of the command line read from."""

import threading
from collections.abc import Iterator

import pytest

from .tools import Server


@pytest.fixture
def server() -> Iterator[Server]:
    """Serve from a thread for one test."""
    with Server() as serving:
        thread = threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield serving
        serving.shutdown()
        thread.join()
