"""The server and the files that the tests of the command line read."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .processes import Server


@pytest.fixture
def server() -> Iterator[Server]:
    """Yield a server that runs in a thread for one test."""
    with Server() as serving:
        thread = threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield serving
        serving.shutdown()
        thread.join()


@pytest.fixture
def file_of(tmp_path: Path) -> Callable[[bytes], str]:
    """Return a function that writes a stream to a file, and returns the file's name."""

    def write(stream: bytes) -> str:
        (tmp_path / "stream.sse").write_bytes(stream)
        return str(tmp_path / "stream.sse")

    return write
