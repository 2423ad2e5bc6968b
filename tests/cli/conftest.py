"""The server and the files that the tests of the command line read."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ssescan.cli import main

from .processes import Done, RunHere, Server, serving


@pytest.fixture
def server() -> Iterator[Server]:
    """Yield a server that runs in a thread for one test."""
    server = Server()
    with serving(server):
        yield server


@pytest.fixture
def file_of(tmp_path: Path) -> Callable[[bytes], str]:
    """Return a function that writes a stream to a file, and returns the file's name."""

    def write(stream: bytes) -> str:
        (tmp_path / "stream.sse").write_bytes(stream)
        return str(tmp_path / "stream.sse")

    return write


@pytest.fixture
def run_here(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> RunHere:
    """Return a function that runs `ssescan` in this process, which is much faster than another process."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)

    def run(*arguments: str, stdin: bytes = b"") -> Done:
        file = tmp_path_factory.mktemp("stdin") / "stdin"
        file.write_bytes(stdin)
        with file.open(encoding="utf-8") as opened:
            monkeypatch.setattr(sys, "stdin", opened)
            status = main(arguments)
        out, err = capfdbinary.readouterr()
        return Done(status, out, err.decode())

    return run
