"""The command line against a hostile server: bodies that unfold, and redirects that ask for keys."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from .results import GIVES_UP, MIB
from .test_bombs import ALLOWED, ENDLESS_LINE, bomb

if TYPE_CHECKING:
    from collections.abc import Iterator

from client.server import EventServer

LIMIT = 64 * MIB  # of the scanner, which the command line does not change
START = 64 * MIB  # of the interpreter with what a command imports
EVENT = b'data: {"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]}\n\n'
MEASURE = """
import resource, subprocess, sys
ended = subprocess.run([sys.executable, "-m", "ssescan", *sys.argv[1:]], capture_output=True)
print(ended.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, ended.stderr.decode())
"""


def run(*arguments: str) -> tuple[int, int, str]:
    """Run a command; return its exit status, the peak of its memory in bytes, and its standard error."""
    command = [sys.executable, "-c", MEASURE, *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=GIVES_UP)
    status, peak, said = ended.stdout.split(" ", 2)
    return int(status), int(peak) * (1 if sys.platform == "darwin" else 1024), said.strip()


@pytest.mark.parametrize("command", [("cat",), ("cat", "--raw"), ("cat", "--json"), ("read",)], ids=" ".join)
@pytest.mark.parametrize(("coding", "status"), [("gzip", 200), ("gzip", 500), ("gzip, gzip", 200), ("gzip, gzip", 500)])
def test_a_bomb_stays_small(server: EventServer, command: tuple[str, ...], coding: str, status: int) -> None:
    headers = (f"Content-Encoding: {coding}",)
    exchange = server.offers(bomb(coding, ENDLESS_LINE), status=status, headers=headers, framing="length")
    exit_status, peak, said = run(*command, exchange.url)
    assert exit_status == (5 if coding == "gzip" and status == 200 else 4), said
    assert len(said.splitlines()) == 1, said
    assert peak < START + LIMIT + ALLOWED, said


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[EventServer]:
    with EventServer() as server:
        yield server


KEYS = ["-H", "Authorization: Bearer SECRET", "-H", "x-api-key: SECRET", "-H", "Cookie: a=SECRET"]


@pytest.mark.parametrize("command", ["cat", "read"])
def test_keys_stay_at_their_origin(server: EventServer, elsewhere: EventServer, command: str) -> None:
    there = elsewhere.gives(EVENT)
    redirect = server.offers(status=302, content_type=None, framing="length", headers=(f"Location: {there.url}",))
    here = server.endpoint(redirect)
    status, _, said = run(command, *KEYS, here.url)
    assert status == 0, said
    assert here.requests[0].headers["x-api-key"] == b"SECRET"
    assert b"SECRET" not in b"".join(there.requests[0].headers.values())
    assert there.requests[0].headers["accept"] == b"text/event-stream"


@pytest.mark.parametrize("command", ["cat", "read"])
def test_a_body_stays_at_its_origin(server: EventServer, elsewhere: EventServer, command: str) -> None:
    there = elsewhere.gives(EVENT)
    redirect = server.offers(
        status=307, content_type=None, framing="length", headers=(f"Location: {there.url}?k=SECRET",)
    )
    status, _, said = run(command, *KEYS, "-d", "prompt=SECRET", server.endpoint(redirect).url)
    assert status == 4, said
    assert "307" in said
    assert "was not followed" in said
    assert "SECRET" not in said
    assert there.requests == []


@pytest.mark.parametrize("location", ["mailto:x", "javascript:alert(1)", "http://a..b/", f"http://{'a' * 64}.example/"])
@pytest.mark.parametrize("command", ["cat", "read"])
def test_a_redirect_to_an_invalid_url(server: EventServer, command: str, location: str) -> None:
    redirect = server.offers(status=302, content_type=None, framing="length", headers=(f"Location: {location}",))
    here = server.endpoint(redirect)
    status, _, said = run(command, here.url)
    assert status == 4, said
    assert said.startswith(
        f"ssescan: expected an event stream from {here.url}, got status 302, a redirect to an invalid"
    )
    assert "\n" not in said.rstrip("\n")


@pytest.mark.parametrize("command", ["cat", "read"])
def test_everything_goes_along_within_an_origin(server: EventServer, command: str) -> None:
    there = server.gives(EVENT)
    redirect = server.offers(status=307, content_type=None, framing="length", headers=(f"Location: {there.url}",))
    status, _, said = run(command, *KEYS, "-d", "prompt", server.endpoint(redirect).url)
    assert status == 0, said
    assert there.requests[0].headers["x-api-key"] == b"SECRET"
    assert there.requests[0].body == b"prompt"
