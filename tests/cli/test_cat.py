"""`ssescan cat`: exit statuses, arrival while the source is open, and curl's options."""

import re
import shlex
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from .processes import COMMAND, Done, RunHere, Server, environment, run_with_full_disk, running

EVENT = b"data: a\n\n"
ENDED, OTHER, USAGE, CUT, REFUSED, FAILED, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130


def error_line(done: Done) -> str:
    """Return the only line on stderr."""
    assert re.fullmatch(r"ssescan: .+\n", done.err), done.err
    return done.err


def test_ended_stream_is_status_0(server: Server, run_here: RunHere) -> None:
    assert run_here("cat", server.answers_with(b"data: ", b"a\n", b"\n")) == Done(ENDED, EVENT, "")


@pytest.mark.parametrize("options", [(), ("--json",), ("--raw",)])
def test_cut_stream_is_status_3(server: Server, options: tuple[str, ...], run_here: RunHere) -> None:
    url = server.answers_with(EVENT, b"data: b\n")
    for done in (run_here("cat", *options, url), run_here("cat", *options, stdin=EVENT + b"data")):
        assert done.status == CUT
        assert "cut" in error_line(done)
        assert done.out.count(b"\n") == {(): 2, ("--json",): 1, ("--raw",): 3}[options]


@pytest.mark.parametrize("options", [(), ("--raw",)])
def test_refused_status_shows_the_body(server: Server, options: tuple[str, ...], run_here: RunHere) -> None:
    url = server.answers_with(b'{"error":\n "no \x1bkey"}', status=401, content_type="application/json")
    done = run_here("cat", *options, url + "?key=secret")
    assert (done.status, done.out) == (REFUSED, b"")
    for text in ("401 Unauthorized", "application/json", '{"error": "no ␛key"}', url):
        assert text in error_line(done)
    assert "secret" not in done.err


@pytest.mark.parametrize("options", [(), ("--raw",)])
def test_refused_content_type_shows_the_body(server: Server, options: tuple[str, ...], run_here: RunHere) -> None:
    done = run_here("cat", *options, server.answers_with(b"<p>" + b"hello " * 200, content_type="text/html"))
    assert (done.status, done.out) == (REFUSED, b"")
    assert "'text/html'" in error_line(done)
    assert "<p>hello" in done.err
    assert len(done.err) < 600


@pytest.mark.parametrize("options", [(), ("--raw",)])
def test_dropped_connection_is_status_5_after_the_output(
    server: Server, options: tuple[str, ...], run_here: RunHere
) -> None:
    done = run_here("cat", *options, server.answers_with(EVENT, b"data: b", dropped=True))
    assert done.status == FAILED
    assert done.out.startswith(b"data: a")
    assert "after 1 event and 16 bytes" in error_line(done)


def test_missing_server_is_status_5(run_here: RunHere) -> None:
    with Server() as closed:
        url = closed.answers_with()
    done = run_here("cat", url)
    assert (done.status, done.out) == (FAILED, b"")
    assert url in error_line(done)


def test_idle_stall_is_status_5(server: Server, run_here: RunHere) -> None:
    never = threading.Event()
    done = run_here("cat", "--idle", "0.2", server.answers_with(EVENT, never.wait))
    never.set()
    assert (done.status, done.out) == (FAILED, EVENT)
    assert "--idle" in error_line(done)


@pytest.mark.parametrize("options", [(), ("--raw",)])
def test_progress_stall_is_status_5(server: Server, options: tuple[str, ...], run_here: RunHere) -> None:
    stopped = threading.Event()
    pings = [part for _ in range(1000) for part in (b": ping\n", lambda: stopped.wait(0.05))]
    done = run_here("cat", *options, "--progress", "0.3", server.answers_with(EVENT, *pings))
    stopped.set()
    assert done.status == FAILED
    assert "--progress" in error_line(done)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--json", "--raw"),
        ("no such file",),
        (".",),
        ("-H", "A: b"),
        ("-d", "x", "-"),
        ("-X", "POST", "file"),
        ("--idle", "1"),
        ("--idle", "0", "http://127.0.0.1:9/"),
        ("--progress", "nan"),
        ("-H", "no colon", "http://127.0.0.1:9/"),
        ("-H", "A: b\nC: d", "http://127.0.0.1:9/"),
        ("-d", "@no such file", "http://127.0.0.1:9/"),
        ("http://[/",),
        ("http:///path",),
        ("http://a..b/",),
        (f"http://{'a' * 64}.example/",),
        ("-X", "\u00e9", "http://127.0.0.1:9/"),
        ("--unknown",),
        ("one", "two"),
    ],
)
def test_wrong_use_is_status_2(arguments: tuple[str, ...], run_here: RunHere) -> None:
    done = run_here("cat", *arguments)
    assert (done.status, done.out) == (USAGE, b"")
    assert "(see 'ssescan cat --help')" in error_line(done)


def test_events_are_printed_while_the_pipe_is_open() -> None:
    with running("cat") as process:
        assert process.stdin
        assert process.stdout
        for number in range(3):
            process.stdin.write(b"data: %d\n\n" % number)
            assert process.stdout.readline() + process.stdout.readline() == b"data: %d\n\n" % number
        process.stdin.close()
        assert process.wait() == ENDED


def test_raw_output_does_not_wait_after_cr() -> None:
    with running("cat", "--raw") as process:
        assert process.stdin
        assert process.stdout
        shown = b""
        for written, expected in ((b"a\r", "a␍"), (b"\r", "a␍\n␍"), (b"\n\xc3", "a␍\n␍␊\n"), (b"\xa9", "a␍\n␍␊\né")):
            process.stdin.write(written)
            while len(shown) < len(expected.encode()):
                byte = process.stdout.read(1)
                assert byte, "the process has ended"
                shown += byte
            assert shown == expected.encode()


def test_events_are_printed_while_the_response_is_open(server: Server) -> None:
    read = threading.Event()
    with running("cat", "--json", server.answers_with(b"data: a\r", b"\r", read.wait, b"data: b\n\n")) as process:
        assert process.stdout
        assert b'"a"' in process.stdout.readline()
        read.set()
        assert b'"b"' in process.stdout.readline()
        assert process.wait() == ENDED


@pytest.mark.parametrize("options", [(), ("--json",), ("--raw",)])
def test_closed_pipe_is_silent(options: tuple[str, ...]) -> None:
    with running("cat", *options) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(EVENT)
        process.stdout.read(1)
        process.stdout.close()
        process.stdin.write(EVENT)
        assert process.wait() == OTHER  # although the source is still open
        assert process.stderr.read() == b""


@pytest.mark.parametrize("options", [(), ("--json",), ("--raw",)])
def test_full_disk_is_status_1(options: tuple[str, ...]) -> None:
    done = run_with_full_disk("cat", *options, stdin=EVENT)
    assert done.status == OTHER
    assert "expected to write the output" in error_line(done)


def test_path_with_nul_is_wrong_use() -> None:
    program = "import sys; from ssescan.cli.command import run; sys.exit(run(['cat', 'a\\0b']))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, env=environment(), check=False)
    assert done.returncode == USAGE
    assert "expected a file to read" in error_line(Done(done.returncode, done.stdout, done.stderr.decode()))


@pytest.mark.skipif(sys.platform == "win32", reason="needs sh to close standard input")
def test_body_from_closed_stdin_is_wrong_use() -> None:
    command = shlex.join([*COMMAND, "cat", "-d", "@-", "http://127.0.0.1:9/"])
    done = subprocess.run(["sh", "-c", f"{command} <&-"], capture_output=True, env=environment(), check=False)
    assert done.returncode == USAGE
    assert "open standard input" in error_line(Done(done.returncode, done.stdout, done.stderr.decode()))


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for one process on Windows")
@pytest.mark.parametrize("options", [(), ("--json",), ("--raw",)])
def test_ctrl_c_is_status_130(options: tuple[str, ...]) -> None:
    with running("cat", *options) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(EVENT)
        process.stdout.read(1)
        process.send_signal(signal.SIGINT)
        assert process.wait() == INTERRUPTED
        assert process.stderr.read() == b""


def test_request_asks_for_an_event_stream(server: Server, run_here: RunHere) -> None:
    assert run_here("cat", server.answers_with(EVENT) + "?a=b").status == ENDED
    (request,) = server.received
    assert (request.method, request.path, request.body) == ("GET", "/?a=b", b"")
    assert request.all("accept") == ["text/event-stream"]
    assert request.all("content-type") == []


def test_headers_work_as_in_curl(server: Server, run_here: RunHere) -> None:
    options = ["A: b:c", "a:  second ", "Accept:", "User-Agent: me", "Empty;", "Name: Zoë"]
    assert (
        run_here("cat", server.answers_with(EVENT), *(part for text in options for part in ("-H", text))).status
        == ENDED
    )
    (request,) = server.received
    sent = {name: request.all(name) for name in ("a", "accept", "user-agent", "empty")}
    assert sent == {"a": ["b:c", "second"], "accept": [], "user-agent": ["me"], "empty": [""]}
    assert request.all("name") == ["Zoë".encode().decode("latin-1")]


def test_data_work_as_in_curl(server: Server, tmp_path: Path, run_here: RunHere) -> None:
    file = tmp_path / "body"
    file.write_bytes(b"from\r\na\nfile\0")
    url = server.answers_with(EVENT)
    assert run_here("cat", url, "-d", "x=é", "-d", f"@{file}", "-d", "@-", stdin=b"in\n").status == ENDED
    (request,) = server.received
    assert (request.method, request.body) == ("POST", "x=é&fromafile&in".encode())
    assert request.all("content-type") == ["application/x-www-form-urlencoded"]


def test_method_and_content_type_options(server: Server, run_here: RunHere) -> None:
    url = server.answers_with(EVENT)
    assert (
        run_here("cat", "-X", "PUT", "-d", '{"stream": true}', "-H", "content-type: application/json", url).status
        == ENDED
    )
    (request,) = server.received
    assert (request.method, request.body) == ("PUT", b'{"stream": true}')
    assert request.all("content-type") == ["application/json"]


@pytest.mark.parametrize("options", [("-X", "TWO WORDS"), ("-H", "na(me: value")])
def test_request_that_http_forbids_is_wrong_use(server: Server, options: tuple[str, ...], run_here: RunHere) -> None:
    done = run_here("cat", server.answers_with(EVENT), *options)
    assert (done.status, done.out, server.received) == (USAGE, b"", [])
    assert "check -X and -H" in error_line(done)


def test_redirects_are_followed(server: Server, run_here: RunHere) -> None:
    server.answers_with(EVENT, path="/there")
    url = server.answers_with(path="/here", status=307, headers={"Location": "/there"})
    assert run_here("cat", url) == Done(ENDED, EVENT, "")


def test_closed_stdout_is_an_error() -> None:
    script = 'exec "$@" >&-'
    if sys.platform == "win32":
        pytest.skip("no POSIX shell")
    done = subprocess.run(
        ["/bin/sh", "-c", script, "sh", *COMMAND, "cat"],
        input=EVENT,
        stderr=subprocess.PIPE,
        env=environment(),
        check=False,
    )
    assert done.returncode == OTHER
    assert error_line(Done(done.returncode, b"", done.stderr.decode()))


def test_bytes_without_an_event_are_reported(tmp_path: Path, run_here: RunHere) -> None:
    (tmp_path / "page.html").write_bytes(b"<html>\n</html>\n\n")
    done = run_here("cat", str(tmp_path / "page.html"))
    assert (done.status, done.out) == (ENDED, b"")
    assert "16 bytes came and no event; is it an event stream?" in done.err
