"""The command line against a hostile server: compression bombs, and redirects that ask for keys."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from .results import MIB, WAIT_LIMIT
from .test_bombs import ALLOWED, ENDLESS_LINE, bomb

if TYPE_CHECKING:
    from collections.abc import Iterator

from client.server import EventServer

LIMIT = 64 * MIB  # the scanner's default
START = 64 * MIB  # of the interpreter with the imports of a command
EVENT = b'data: {"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]}\n\n'
MEASURE = """
import resource, subprocess, sys
ended = subprocess.run([sys.executable, "-m", "ssescan", *sys.argv[1:]], capture_output=True)
print(ended.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, ended.stderr.decode())
"""


def run(*arguments: str) -> tuple[int, int, str]:
    """Run a command. Return its exit status, its peak memory in bytes, and its standard error."""
    command = [sys.executable, "-c", MEASURE, *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=WAIT_LIMIT)
    status, peak, stderr = ended.stdout.split(" ", 2)
    return int(status), int(peak) * (1 if sys.platform == "darwin" else 1024), stderr.strip()


@pytest.mark.parametrize("command", [("cat",), ("cat", "--raw"), ("cat", "--json"), ("read",)], ids=" ".join)
@pytest.mark.parametrize(("coding", "status"), [("gzip", 200), ("gzip", 500), ("gzip, gzip", 200), ("gzip, gzip", 500)])
def test_bombs_stay_small(server: EventServer, command: tuple[str, ...], coding: str, status: int) -> None:
    headers = (f"Content-Encoding: {coding}",)
    exchange = server.offers(bomb(coding, ENDLESS_LINE), status=status, headers=headers, framing="length")
    exit_status, peak, stderr = run(*command, exchange.url)
    assert exit_status == (5 if coding == "gzip" and status == 200 else 4), stderr
    assert len(stderr.splitlines()) == 1, stderr
    assert peak < START + LIMIT + ALLOWED, stderr


@pytest.fixture(scope="module")
def other_origin() -> Iterator[EventServer]:
    with EventServer() as server:
        yield server


KEYS = ["-H", "Authorization: Bearer SECRET", "-H", "x-api-key: SECRET", "-H", "Cookie: a=SECRET"]


@pytest.mark.parametrize("command", ["cat", "read"])
def test_keys_are_not_sent_to_another_origin(server: EventServer, other_origin: EventServer, command: str) -> None:
    there = other_origin.repeats(EVENT)
    here = server.endpoint(server.redirects(there.url, 302))
    status, _, stderr = run(command, *KEYS, here.url)
    assert status == 0, stderr
    assert here.requests[0].headers["x-api-key"] == b"SECRET"
    assert b"SECRET" not in b"".join(there.requests[0].headers.values())
    assert there.requests[0].headers["accept"] == b"text/event-stream"


@pytest.mark.parametrize("command", ["cat", "read"])
def test_body_is_not_sent_to_another_origin(server: EventServer, other_origin: EventServer, command: str) -> None:
    there = other_origin.repeats(EVENT)
    here = server.endpoint(server.redirects(f"{there.url}?k=SECRET", 307))
    status, _, stderr = run(command, *KEYS, "-d", "prompt=SECRET", here.url)
    assert status == 4, stderr
    assert "307" in stderr
    assert "was not followed" in stderr
    assert "SECRET" not in stderr
    assert there.requests == []


@pytest.mark.parametrize("location", ["mailto:x", "javascript:alert(1)", "http://a..b/", f"http://{'a' * 64}.example/"])
@pytest.mark.parametrize("command", ["cat", "read"])
def test_redirect_to_an_invalid_url(server: EventServer, command: str, location: str) -> None:
    here = server.endpoint(server.redirects(location, 302))
    status, _, stderr = run(command, here.url)
    assert status == 4, stderr
    assert stderr.startswith(
        f"ssescan: expected an event stream from {here.url}, got status 302, a redirect to an invalid"
    )
    assert "\n" not in stderr.rstrip("\n")


@pytest.mark.parametrize("command", ["cat", "read"])
def test_same_origin_redirect_keeps_headers_and_body(server: EventServer, command: str) -> None:
    there = server.repeats(EVENT)
    here = server.endpoint(server.redirects(there.url, 307))
    status, _, stderr = run(command, *KEYS, "-d", "prompt", here.url)
    assert status == 0, stderr
    assert there.requests[0].headers["x-api-key"] == b"SECRET"
    assert there.requests[0].body == b"prompt"
