"""`ssescan record`: the tape, its exit statuses, no secrets; and the commands that read tapes."""

import json
import os
import re
import signal
import time
from importlib.resources import files
from pathlib import Path

import pytest

from ssescan.testing import Tape

from .processes import RunHere, Server, run, running

EVENT = b"data: a\n\n"
CHAT = files("ssescan.cli").joinpath("streams", "openai-chat.sse").read_bytes()


def test_tape_has_the_request_and_every_read(server: Server, tmp_path: Path, run_here: RunHere) -> None:
    url = server.answers_with(EVENT, b"data: b\n", b"\n", path="/v1")
    asked = {"model": "m", "stream": True}
    header = "X-Api-Key: SECRET"
    done = run_here(
        "record", f"{url}?key=SECRET", "-o", str(tmp_path / "x.tape"), "-H", header, "-d", json.dumps(asked)
    )
    assert (done.status, done.out) == (0, b"")
    line = done.err.splitlines()[-1]
    assert re.fullmatch(r"ssescan: recorded 2 events, 18 bytes in [123] reads?, ended, \d\.\d\d s", line)
    tape = Tape.open(tmp_path / "x.tape")
    assert b"".join(chunk.data for chunk in tape.chunks) == EVENT + b"data: b\n\n"
    assert (tape.status, tape.outcome, tape.headers["content-type"]) == (200, "ended", "text/event-stream")
    assert tape.request is not None
    assert (tape.request.method, tape.request.url, tape.request.body) == ("POST", f"{url}?key=[redacted]", asked)
    assert tape.request.headers["x-api-key"] == "[redacted]"
    assert tape.began_ns is not None
    assert 0 < tape.began_ns <= (tape.chunks[0].time_ns or 0)
    assert b"SECRET" not in (tmp_path / "x.tape").read_bytes()


def test_cut_stream_is_status_3(server: Server, tmp_path: Path, run_here: RunHere) -> None:
    url = server.answers_with(EVENT, b"data: b\n")
    done = run_here("record", url, "-o", str(tmp_path / "x.tape"))
    assert done.status == 3
    assert "cut in the middle of an event" in done.err
    assert b"".join(chunk.data for chunk in Tape.open(tmp_path / "x.tape").chunks) == EVENT + b"data: b\n"


def test_refusal_is_status_4_and_on_the_tape(server: Server, tmp_path: Path, run_here: RunHere) -> None:
    url = server.answers_with(b'{"error": "busy"}', status=429, content_type="application/json")
    done = run_here("record", url, "-o", str(tmp_path / "x.tape"))
    assert done.status == 4
    tape = Tape.open(tmp_path / "x.tape")
    assert (tape.status, tape.chunks[0].data) == (429, b'{"error": "busy"}')
    again = run_here("cat", str(tmp_path / "x.tape"))
    assert again.status == 4
    assert "got status 429" in again.err


def test_dropped_connection_is_status_5(server: Server, tmp_path: Path, run_here: RunHere) -> None:
    url = server.answers_with(EVENT, dropped=True)
    done = run_here("record", url, "-o", str(tmp_path / "x.tape"))
    assert done.status == 5
    tape = Tape.open(tmp_path / "x.tape")
    assert (tape.outcome, tape.chunks[0].data) == ("failed", EVENT)
    assert tape.error.startswith("RemoteProtocolError: ")
    again = run_here("cat", str(tmp_path / "x.tape"))
    assert (again.status, again.out) == (5, EVENT)
    assert "the recorded stream failed here" in again.err


def test_unreachable_server_leaves_no_tape(tmp_path: Path, run_here: RunHere) -> None:
    assert run_here("record", "http://127.0.0.1:9/", "-o", str(tmp_path / "x.tape")).status == 5
    assert not (tmp_path / "x.tape").exists()


def test_json_is_recorded_whole(server: Server, tmp_path: Path, run_here: RunHere) -> None:
    lines = b'{"a": 1}\n' * 20_000
    for kind, dropped in (("application/x-ndjson", False), ("application/json; charset=utf-8", True)):
        url = server.answers_with(lines, content_type=kind, dropped=dropped)
        done = run_here("record", url, "-o", str(tmp_path / "x.tape"))
        assert done.status == (5 if dropped else 0)
        assert "ssescan: recorded 180,000 bytes in " in done.err
        tape = Tape.open(tmp_path / "x.tape")
        assert b"".join(chunk.data for chunk in tape.chunks) == lines
        assert tape.outcome == ("failed" if dropped else "ended")


def test_page_is_refused_and_on_the_tape(server: Server, tmp_path: Path, run_here: RunHere) -> None:
    done = run_here("record", server.answers_with(b"<html>", content_type="text/html"), "-o", str(tmp_path / "x.tape"))
    assert done.status == 4
    assert Tape.open(tmp_path / "x.tape").chunks[0].data == b"<html>"


def test_pipe_is_recorded(tmp_path: Path) -> None:
    assert run("record", "-o", str(tmp_path / "x.tape"), stdin=EVENT).status == 0
    tape = Tape.open(tmp_path / "x.tape")
    assert (tape.chunks[0].data, tape.request, tape.status) == (EVENT, None, None)


@pytest.mark.parametrize(("arguments", "text"), [((), "'-o'"), (("-o", "missing/x.tape"), "No such file")])
def test_wrong_output_is_wrong_use(arguments: tuple[str, ...], text: str, run_here: RunHere) -> None:
    done = run_here("record", *arguments, stdin=EVENT)
    assert done.status == 2
    assert text in done.err


def test_full_disk_is_status_1(server: Server, run_here: RunHere) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this platform")
    done = run_here("record", server.answers_with(EVENT), "-o", "/dev/full")
    assert done.status == 2  # not even its first line can be written
    assert "No space left" in done.err


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize(("sent", "status"), [("SIGINT", 130), ("SIGKILL", -9)])
def test_interrupted_recorder_keeps_every_read(sent: str, status: int, tmp_path: Path) -> None:
    path = tmp_path / "x.tape"
    with running("record", "-o", str(path)) as process:
        assert process.stdin is not None
        process.stdin.write(EVENT)
        while not (path.exists() and path.read_bytes().count(b"\n") == 2):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(getattr(signal, sent))
        assert process.wait() == status
    tape = Tape.open(path)
    assert [chunk.data for chunk in tape.chunks] == [EVENT]
    assert (tape.outcome, bool(tape.note)) == (("closed", False) if sent == "SIGINT" else (None, True))


def test_commands_read_tapes(server: Server, tmp_path: Path, run_here: RunHere) -> None:
    tape, plain = str(tmp_path / "x.tape"), str(tmp_path / "x.sse")
    Path(plain).write_bytes(CHAT)
    assert run_here("record", server.answers_with(CHAT), "-o", tape).status == 0
    for command in (("cat",), ("cat", "--raw"), ("read",), ("read", "--message"), ("convert", "--to", "anthropic")):
        found, expected = run_here(*command, tape), run_here(*command, plain)
        assert (found.status, found.out) == (expected.status, expected.out) == (0, expected.out)
    assert "tokens/s" in run_here("read", tape).err  # by the times of the recording
    assert "tokens/s" not in run_here("read", plain).err  # the time of reading a file says nothing


def test_note_on_a_tape_that_is_cut(server: Server, tmp_path: Path, run_here: RunHere) -> None:
    path = tmp_path / "x.tape"
    run_here("record", server.answers_with(EVENT), "-o", str(path))
    path.write_bytes(path.read_bytes()[:-5])
    done = run_here("cat", str(path))
    assert (done.status, done.out) == (0, EVENT)
    assert done.err.startswith("ssescan: note: the tape x.tape is not whole, cut after 1 read: it has no outcome; ")
    path.write_bytes(b'{"ssescan_tape":7}\n')
    done = run_here("cat", str(path))
    assert done.status == 2
    assert "expected a tape of version 1" in done.err
