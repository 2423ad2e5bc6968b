"""`ssescan replay`: the server of the command line, its faults as `read` sees them, and how it ends."""

import json
import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import httpx
import pytest

from ssescan.testing import Tape

from .processes import GUARD, RunHere, run, running, without

STREAMS = files("ssescan.cli").joinpath("streams")
CHAT = STREAMS.joinpath("openai-chat.sse")


@contextmanager
def replaying(*arguments: str) -> Iterator[str]:
    """Run `ssescan replay` on a free port; yield its URL, which is the first line of its output."""
    with running("replay", *arguments, "--port", "0") as process:
        assert process.stdout is not None
        url = process.stdout.readline().decode().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", url)
        yield url


def test_read_reads_every_path(run_here: RunHere) -> None:
    expected = run_here("read", str(CHAT)).out
    with replaying(str(CHAT)) as url:
        for path in ("/v1/messages", "/v1/responses", "/v1beta/models/m:streamGenerateContent", "/any"):
            done = run_here("read", url + path, "-d", '{"stream": true}')
            assert (done.status, done.out) == (0, expected)


@pytest.mark.parametrize(
    ("option", "status", "text"),
    [
        ("--cut-at=5000", 5, "without sending complete message body"),
        ("--reset-at=5000", 5, "Connection reset"),
        ("--stall-at=5000", 5, "none came in time"),
        ("--status=429", 4, "got status 429"),
        ("--status=503", 4, "it may work later"),
    ],
)
def test_read_tells_each_fault(option: str, status: int, text: str, run_here: RunHere) -> None:
    idle = ("--idle", "0.5") if "stall" in option else ()
    with replaying(str(CHAT), option) as url:
        plain = run_here("read", url, *idle)
    with replaying(str(CHAT), "--chunk", "random:2") as url:
        asked = run_here("read", url, *idle, "-H", f"X-Ssescan-Replay: {option.removeprefix('--')}")
        whole = run_here("read", url, "-H", "X-Ssescan-Replay: chunk=event")
    for done in (plain, asked):
        assert done.status == status
        assert text in done.err
        assert bool(done.out) == (status == 5)  # what came is printed
    assert plain.out == asked.out
    assert (whole.status, whole.out) == (0, run_here("read", str(CHAT)).out)


def test_read_tells_a_tape_that_ends_too_early(tmp_path: Path, run_here: RunHere) -> None:
    data = CHAT.read_bytes()
    (tmp_path / "cut.sse").write_bytes(data[: data.rindex(b"\n\n", 0, 5000) + 2])
    with replaying(str(tmp_path / "cut.sse")) as url:
        assert run_here("read", url).status == 3
        assert run_here("read", f"{url}/v1/messages", "-d", '{"stream": true}').status == 6  # an error of that API


def test_options_and_several_tapes(tmp_path: Path) -> None:
    (tmp_path / "first.sse").write_bytes(b"data: first\n\n")
    (tmp_path / "second.sse").write_bytes(b"data: second\n\n")
    files_ = [str(tmp_path / name) for name in ("first.sse", "second.sse")]
    with replaying(*files_, "--chunk", "event", "--speed", "1") as url:
        assert [httpx.get(url, trust_env=False, timeout=GUARD).text for _ in range(3)] == [
            "data: first\n\n",
            "data: second\n\n",
            "data: second\n\n",
        ]


def test_har_is_replayed_without_its_pages(tmp_path: Path) -> None:
    request = {"method": "GET", "url": "http://host.example/", "headers": []}
    contents = [("text/html", "<html>"), ("text/event-stream", "data: 1\n\n"), ("text/event-stream", "data: 2\n\n")]
    entries = [
        {"request": request, "response": {"status": 200, "headers": [], "content": {"mimeType": kind, "text": text}}}
        for kind, text in contents
    ]
    (tmp_path / "page.har").write_text(json.dumps({"log": {"entries": entries}}))
    with replaying(str(tmp_path / "page.har")) as url:
        assert [httpx.get(url, trust_env=False, timeout=GUARD).text for _ in range(2)] == ["data: 1\n\n", "data: 2\n\n"]


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_interrupt_is_status_130_and_does_not_wait() -> None:
    with running("replay", str(CHAT), "--port", "0", "--stall-at", "10") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        url = process.stdout.readline().decode().strip()
        key = {"authorization": "Bearer SECRET"}  # no log has it
        with httpx.stream("GET", f"{url}/?key=SECRET", headers=key, trust_env=False, timeout=GUARD) as response:
            process.send_signal(signal.SIGINT)
            assert process.wait() == 130
            with pytest.raises(httpx.TransportError):
                response.read()
        said = process.stderr.read().decode()
    assert said == "ssescan: replays openai-chat.sse: 10,685 bytes in 1 chunk, without times\n"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((), "Missing argument 'TAPE...'"),
        (("missing.tape",), "expected a tape to replay, got 'missing.tape': No such file"),
        ((str(CHAT), "--chunk", "0"), "chunk must be at least 1, got 0"),
        ((str(CHAT), "--chunk", "events"), "'event' or 'random:SEED', got 'events'"),
        ((str(CHAT), "--speed", "-1"), "speed must be 0"),
        ((str(CHAT), "--cut-at", "-1"), "cut_at must be at least 0"),
        ((str(CHAT), "--status", "99"), "status must be from 200 to 599, got 99"),
        ((str(CHAT), "--port", "70000"), "'--port'"),
    ],
)
def test_wrong_use(arguments: tuple[str, ...], text: str, run_here: RunHere) -> None:
    done = run_here("replay", *arguments)
    assert done.status == 2
    assert text in done.err


def test_port_that_is_taken_is_status_1(run_here: RunHere) -> None:
    with replaying(str(CHAT)) as url:
        done = run_here("replay", str(CHAT), "--port", url.rpartition(":")[2])
    assert done.status == 1
    assert re.search(r"got .* in use.*; --port 0 chooses a free one\n$", done.err)


@pytest.mark.parametrize("package", ["starlette", "uvicorn"])
def test_missing_package_names_the_extra(package: str, tmp_path: Path) -> None:
    done = run("replay", str(CHAT), env=without((package,), tmp_path))
    assert done.status == 1
    assert f"expected the package '{package}' to be installed" in done.err
    assert "pip install 'ssescan[cli,replay]'" in done.err


def test_record_then_replay_is_the_same(tmp_path: Path, run_here: RunHere) -> None:
    first, second = tmp_path / "first.tape", tmp_path / "second.tape"
    with replaying(str(CHAT), "--chunk", "random:3") as url:
        assert run_here("record", url, "-o", str(first)).status == 0
    with replaying(str(first), "--speed", "1") as url:
        assert run_here("record", url, "-o", str(second)).status == 0
    assert [chunk.data for chunk in Tape.open(first).chunks] == [chunk.data for chunk in Tape.open(second).chunks]
    assert len(Tape.open(first).chunks) > 50
