"""The ends of `ssescan read`: every exit status, and the line with the reason."""

import json
import re
import signal
import sys
import threading
from pathlib import Path

import pytest

from ssescan import StreamCut, stream
from ssescan.providers.formats import APIS

from .answers import (
    ALL_FORMATS,
    CUT,
    DONE,
    ENDED,
    FAILED,
    INTERRUPTED,
    OTHER,
    OVERLOADED,
    PROVIDER,
    REFUSED,
    STOP,
    UNFINISHED,
    USAGE,
    WHOLE,
    error_line,
    event,
    summary_line,
    text,
    tool,
)
from .processes import RunHere, Server, run_with_full_disk, running


@pytest.mark.parametrize("options", ALL_FORMATS)
@pytest.mark.parametrize(
    "body",
    [
        UNFINISHED,  # the source ends, but the answer is cut
        UNFINISHED + b'data: {"id":',
        WHOLE[: WHOLE.index(b'"stop"')],
        UNFINISHED + DONE,
        OVERLOADED[: OVERLOADED.index(b"event: error")],
    ],
)
def test_cut_answer_is_status_3_after_the_output(body: bytes, options: tuple[str, ...], run_here: RunHere) -> None:
    done = run_here("read", *options, stdin=body)
    assert done.status == CUT
    assert "cut before its end" in error_line(done)
    with pytest.raises(StreamCut) as raised:
        stream(body).collect()
    if not options:
        assert done.out.decode() == raised.value.message.text + "\n"
        assert summary_line(done).endswith(", cut")


@pytest.mark.parametrize("options", [(), ("--json",), ("--api", "anthropic")])
@pytest.mark.parametrize("body", [b"", b"<html>\n</html>\n\n", b": ping\n\n", b"data: \n\n", DONE])
def test_stream_without_an_answer_is_status_3(body: bytes, options: tuple[str, ...], run_here: RunHere) -> None:
    done = run_here("read", *options, stdin=body)
    assert done.status == CUT
    assert "expected an answer from standard input" in error_line(done)
    assert f"{len(body)} byte" in done.err
    assert "-- " not in done.err
    if "--json" not in options:
        assert done.out == b""


@pytest.mark.parametrize("options", ALL_FORMATS)
def test_provider_error_is_status_6_with_its_text(options: tuple[str, ...], run_here: RunHere) -> None:
    done = run_here("read", *options, stdin=OVERLOADED)
    assert done.status == PROVIDER
    for words in ("(anthropic)", "kind overloaded_error: Over␛loaded", "after 4 events", "may work later"):
        assert words in error_line(done)
    if not options:
        assert done.out == b"Hi\n"
        assert summary_line(done).endswith(", error")


@pytest.mark.parametrize(
    ("error", "texts", "advice"),
    [
        ({"message": "No.", "type": "invalid_request_error", "code": "context_length_exceeded"}, ("kind ", "code "), "-d"),
        ({"message": "No.", "type": "insufficient_quota", "code": "insufficient_quota"}, ("kind insuf",), "billing"),
        ({"message": "No.", "code": 401}, ("code 401: No.",), "-H"),
        ({"message": "No.", "type": "authentication_error", "code": 503}, ("code 503",), "later"),
        ({"message": "No.", "type": "invalid_request_error", "code": 429}, ("code 429",), "later"),
        ({"message": "No.", "type": "not_found_error"}, ("kind not_found_error",), "name of the model"),
        ({"message": "No.", "type": "request_too_large"}, ("kind request_too_large",), "shorter body"),
        ({"message": "No.", "type": "server_error"}, ("kind server_error: No.",), "later"),
        ({"message": "No."}, ("No.",), "ask again"),
    ],
)  # fmt: skip
def test_advice_depends_on_the_providers_error(
    error: object, texts: tuple[str, ...], advice: str, run_here: RunHere
) -> None:
    done = run_here("read", stdin=UNFINISHED + event({"error": error}))
    assert (done.status, done.out) == (PROVIDER, b"Hello\n")
    for words in texts:
        assert words in error_line(done)
    assert advice in error_line(done).rpartition(";")[2]


def test_error_before_the_api_is_known(run_here: RunHere) -> None:
    done = run_here("read", stdin=b'error: {"message": "No.", "code": 429}\n\n')
    assert (done.status, done.out) == (PROVIDER, b"")
    assert "got an error of the provider, code 429: No., after 0 events" in error_line(done)


def test_event_that_is_not_json_is_reported_at_the_end(run_here: RunHere) -> None:
    done = run_here("read", stdin=text("a") + b"data: {oops\n\n" + text("b") + STOP)
    assert (done.status, done.out) == (PROVIDER, b"ab\n")
    assert "{oops" in error_line(done)


@pytest.mark.parametrize("options", ALL_FORMATS)
@pytest.mark.parametrize("body", [b'data: {"a": "\x1b"}\n\n', b"data: hello\n\n", b": ping\n\ndata: hello\n\n"])
def test_unknown_format_is_status_1_and_names_the_option(
    body: bytes, options: tuple[str, ...], run_here: RunHere
) -> None:
    done = run_here("read", *options, stdin=body)
    assert done.status == OTHER
    assert "--api" in error_line(done)
    assert "\x1b" not in done.err
    if options != ("--json",):
        assert done.out == b""


def test_api_option_for_an_unknown_first_event(run_here: RunHere) -> None:
    body = event({"unheard": "of"}) * 9 + WHOLE  # up to eight are a preamble
    assert run_here("read", stdin=body).status == OTHER
    done = run_here("read", "--api", "openai-chat", stdin=body)
    assert (done.status, done.out.decode()) == (ENDED, "Hello é\n")


@pytest.mark.parametrize("options", ALL_FORMATS)
def test_refused_status_shows_the_body(server: Server, options: tuple[str, ...], run_here: RunHere) -> None:
    url = server.answers_with(b'{"error":\n "no \x1bkey"}', status=401, content_type="application/json")
    done = run_here("read", *options, url + "?key=secret")
    assert (done.status, done.out) == (REFUSED, b"")
    for words in ("401 Unauthorized", "application/json", '{"error": "no ␛key"}', url):
        assert words in error_line(done)
    assert "-- " not in done.err
    assert "secret" not in done.err


def test_other_content_type_is_refused(server: Server, run_here: RunHere) -> None:
    done = run_here("read", server.answers_with(b"<p>hello", content_type="text/html"))
    assert (done.status, done.out) == (REFUSED, b"")
    assert "'text/html': <p>hello" in error_line(done)


def test_json_response_is_read(server: Server, run_here: RunHere) -> None:
    choice = {"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}
    body = json.dumps({"id": "c", "object": "chat.completion", "choices": [choice]}, indent=1).encode()
    done = run_here("read", server.answers_with(body, content_type="application/json"))
    assert (done.status, done.out) == (ENDED, b"Hello\n")
    done = run_here("read", server.answers_with(b'{"error": {"message": "No."}}', content_type="application/json"))
    assert (done.status, done.out) == (PROVIDER, b"")


@pytest.mark.parametrize("options", ALL_FORMATS)
def test_dropped_connection_is_status_5_after_the_output(
    server: Server, options: tuple[str, ...], run_here: RunHere
) -> None:
    done = run_here("read", *options, server.answers_with(UNFINISHED, dropped=True))
    assert done.status == FAILED
    assert f"after 2 events and {len(UNFINISHED)} bytes" in error_line(done)
    if not options:
        assert done.out == b"Hello\n"
        assert summary_line(done).endswith(", failed")


def test_missing_server_is_status_5(run_here: RunHere) -> None:
    with Server() as closed:
        url = closed.answers_with()
    done = run_here("read", url)
    assert (done.status, done.out) == (FAILED, b"")
    assert url in error_line(done)


def test_idle_stall_is_status_5(server: Server, run_here: RunHere) -> None:
    never = threading.Event()
    done = run_here("read", "--idle", "0.2", server.answers_with(UNFINISHED, never.wait))
    never.set()
    assert (done.status, done.out) == (FAILED, b"Hello\n")
    assert "--idle" in error_line(done)


def test_progress_stall_is_status_5(server: Server, run_here: RunHere) -> None:
    stopped = threading.Event()
    pings = [part for _ in range(1000) for part in (b": ping\n", lambda: stopped.wait(0.05))]
    done = run_here("read", "--progress", "0.3", server.answers_with(UNFINISHED, *pings))
    stopped.set()
    assert (done.status, done.out) == (FAILED, b"Hello\n")
    assert "--progress" in error_line(done)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--json", "--message"),
        ("--api", "mew"),
        ("--api", ""),
        ("--raw",),
        ("no such file",),
        (".",),
        ("-H", "A: b"),
        ("-d", "x", "-"),
        ("-X", "POST", "file"),
        ("--idle", "1"),
        ("--progress", "-1"),
        ("http:///path",),
        ("one", "two"),
    ],
)
def test_wrong_use_is_status_2(arguments: tuple[str, ...], run_here: RunHere) -> None:
    done = run_here("read", *arguments)
    assert (done.status, done.out) == (USAGE, b"")
    assert re.fullmatch(r"ssescan: .+ \(see 'ssescan read --help'\)\n", done.err)


def test_unknown_api_error_lists_the_known_ones(run_here: RunHere) -> None:
    done = run_here("read", "--api", "mew")
    assert all(repr(name) in done.err for name in APIS)
    assert all(name in run_here("read", "--help").out.decode() for name in APIS)


def test_question_is_posted_as_by_curl(server: Server, tmp_path: Path, run_here: RunHere) -> None:
    (tmp_path / "ask.json").write_text('{"stream": true}')
    url = server.answers_with(WHOLE)
    done = run_here(
        "read", "-H", "Content-Type: application/json", "-H", "A: b", "-d", f"@{tmp_path / 'ask.json'}", url
    )
    (request,) = server.received
    assert (done.status, request.method, request.body) == (ENDED, "POST", b'{"stream": true}')
    assert (request.all("a"), request.all("accept")) == (["b"], ["text/event-stream"])


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_closed_pipe_is_silent(options: tuple[str, ...]) -> None:
    with running("read", *options) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(text("a"))
        process.stdout.read(1)
        process.stdout.close()
        process.stdin.write(text("b"))
        assert process.wait() == OTHER  # although the source is still open
        assert process.stderr.read() == b""


def test_closed_pipe_is_silent_with_message() -> None:
    with running("read", "--message") as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        process.stdin.write(WHOLE)
        process.stdin.close()
        assert process.wait() == OTHER
        assert process.stderr.read() == b""


@pytest.mark.parametrize("body", [WHOLE, UNFINISHED])
@pytest.mark.parametrize("options", ALL_FORMATS)
def test_full_disk_is_status_1(options: tuple[str, ...], body: bytes) -> None:
    done = run_with_full_disk("read", *options, stdin=body)
    assert done.status == OTHER
    assert re.fullmatch(r"ssescan: expected to write the output, got .+\n", done.err)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for one process on Windows")
def test_ctrl_c_is_status_130() -> None:
    with running("read") as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(text("a"))
        assert process.stdout.read(1) == b"a"
        process.send_signal(signal.SIGINT)
        assert process.wait() == INTERRUPTED
        assert process.stdout.read() == b""
        assert re.fullmatch(rb"-- no finish reason, no usage, 1 event, .*, closed\n", process.stderr.read())


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for one process on Windows")
def test_ctrl_c_prints_the_message_so_far() -> None:
    larger_than_a_pipe = b": %s\n\n" % (b"x" * 1024) * 512
    with running("read", "--message") as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(text("a") + larger_than_a_pipe)  # returns after the process has read the start
        process.send_signal(signal.SIGINT)
        assert process.wait() == INTERRUPTED
        message = json.loads(process.stdout.read())
        assert (message["text"], message["complete"]) == ("a", False)
        assert process.stderr.read() == b""


@pytest.mark.parametrize("options", ALL_FORMATS)
def test_accept_done_takes_done_as_the_end(options: tuple[str, ...], run_here: RunHere) -> None:
    assert run_here("read", *options, stdin=UNFINISHED + DONE).status == CUT
    done = run_here("read", *options, "--accept-done", stdin=UNFINISHED + DONE)
    assert done.status == ENDED
    assert "ssescan: " not in done.err
    for body in (UNFINISHED, UNFINISHED + tool(0, '{"a', name="x") + DONE):
        assert run_here("read", *options, "--accept-done", stdin=body).status == CUT
