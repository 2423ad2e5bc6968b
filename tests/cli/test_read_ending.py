"""How `ssescan read` ends: every exit status, and the line that tells why."""

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
    event,
    text,
    the_failure,
    the_summary,
)
from .tools import Server, into_a_full_disk, run, running


@pytest.mark.parametrize("options", ALL_FORMATS)
@pytest.mark.parametrize(
    "body",
    [
        UNFINISHED,  # the source ends well, the answer does not
        UNFINISHED + b'data: {"id":',
        WHOLE[: WHOLE.index(b'"stop"')],
        UNFINISHED + DONE,
        OVERLOADED[: OVERLOADED.index(b"event: error")],
    ],
)
def test_a_cut_answer_is_status_3_after_what_came(body: bytes, options: tuple[str, ...]) -> None:
    done = run("read", *options, stdin=body)
    assert done.status == CUT
    assert "cut before its end" in the_failure(done)
    with pytest.raises(StreamCut) as raised:
        stream(body).collect()
    if not options:
        assert done.out.decode() == raised.value.message.text + "\n"
        assert the_summary(done).endswith(", cut")


@pytest.mark.parametrize("options", [(), ("--json",), ("--api", "anthropic")])
@pytest.mark.parametrize("body", [b"", b"<html>\n</html>\n\n", b": ping\n\n", b"data: \n\n", DONE])
def test_a_stream_without_an_answer_is_status_3(body: bytes, options: tuple[str, ...]) -> None:
    done = run("read", *options, stdin=body)
    assert done.status == CUT
    assert "expected an answer from standard input" in the_failure(done)
    assert f"{len(body)} byte" in done.err
    assert "-- " not in done.err
    if "--json" not in options:
        assert done.out == b""


@pytest.mark.parametrize("options", ALL_FORMATS)
def test_an_error_of_the_provider_is_status_6_and_told_in_its_words(options: tuple[str, ...]) -> None:
    done = run("read", *options, stdin=OVERLOADED)
    assert done.status == PROVIDER
    for told in ("(anthropic)", "kind overloaded_error: Over␛loaded", "after 4 events", "may take it later"):
        assert told in the_failure(done)
    if not options:
        assert done.out == b"Hi\n"
        assert the_summary(done).endswith(", error")


@pytest.mark.parametrize(
    ("error", "told", "advice"),
    [
        ({"message": "No.", "type": "invalid_request_error", "code": "context_length_exceeded"}, ("kind ", "code "), "-d"),
        ({"message": "No.", "type": "insufficient_quota", "code": "insufficient_quota"}, ("kind insuf",), "billing"),
        ({"message": "No.", "code": 401}, ("code 401: No.",), "-H"),
        ({"message": "No.", "type": "server_error"}, ("kind server_error: No.",), "later"),
        ({"message": "No."}, ("No.",), "ask again"),
    ],
)  # fmt: skip
def test_what_to_do_depends_on_the_providers_error(error: object, told: tuple[str, ...], advice: str) -> None:
    done = run("read", stdin=UNFINISHED + event({"error": error}))
    assert (done.status, done.out) == (PROVIDER, b"Hello\n")
    for words in told:
        assert words in the_failure(done)
    assert advice in the_failure(done).rpartition(";")[2]


def test_an_error_that_came_before_the_api_was_known_is_told() -> None:
    done = run("read", stdin=b'error: {"message": "No.", "code": 429}\n\n')
    assert (done.status, done.out) == (PROVIDER, b"")
    assert "got an error of the provider, code 429: No., after 0 events" in the_failure(done)


def test_an_event_that_is_no_json_is_told_of_when_the_rest_was_printed() -> None:
    done = run("read", stdin=text("a") + b"data: {oops\n\n" + text("b") + STOP)
    assert (done.status, done.out) == (PROVIDER, b"ab\n")
    assert "{oops" in the_failure(done)


@pytest.mark.parametrize("options", ALL_FORMATS)
@pytest.mark.parametrize("body", [b'data: {"a": "\x1b"}\n\n', b"data: hello\n\n", b": ping\n\ndata: hello\n\n"])
def test_an_unknown_format_is_status_1_and_names_the_option(body: bytes, options: tuple[str, ...]) -> None:
    done = run("read", *options, stdin=body)
    assert done.status == OTHER
    assert "--api" in the_failure(done)
    assert "\x1b" not in done.err
    if options != ("--json",):
        assert done.out == b""


def test_a_format_that_is_named_is_taken_where_the_first_event_says_nothing() -> None:
    body = event({"unheard": "of"}) + WHOLE
    assert run("read", stdin=body).status == OTHER
    done = run("read", "--api", "openai-chat", stdin=body)
    assert (done.status, done.out.decode()) == (ENDED, "Hello é\n")


@pytest.mark.parametrize("options", ALL_FORMATS)
def test_an_error_status_is_refused_and_told_with_its_body(server: Server, options: tuple[str, ...]) -> None:
    url = server.answers_with(b'{"error":\n "no \x1bkey"}', status=401, content_type="application/json")
    done = run("read", *options, url + "?key=secret")
    assert (done.status, done.out) == (REFUSED, b"")
    for told in ("401 Unauthorized", "application/json", '{"error": "no ␛key"}', url):
        assert told in the_failure(done)
    assert "-- " not in done.err
    assert "secret" not in done.err


def test_another_content_type_is_refused(server: Server) -> None:
    done = run("read", server.answers_with(b"<p>hello", content_type="text/html"))
    assert (done.status, done.out) == (REFUSED, b"")
    assert "'text/html': <p>hello" in the_failure(done)


def test_a_response_that_is_one_json_document_is_read(server: Server) -> None:
    choice = {"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}
    body = json.dumps({"id": "c", "object": "chat.completion", "choices": [choice]}, indent=1).encode()
    done = run("read", server.answers_with(body, content_type="application/json"))
    assert (done.status, done.out) == (ENDED, b"Hello\n")
    done = run("read", server.answers_with(b'{"error": {"message": "No."}}', content_type="application/json"))
    assert (done.status, done.out) == (PROVIDER, b"")


@pytest.mark.parametrize("options", ALL_FORMATS)
def test_a_dropped_connection_is_status_5_after_what_came(server: Server, options: tuple[str, ...]) -> None:
    done = run("read", *options, server.answers_with(UNFINISHED, dropped=True))
    assert done.status == FAILED
    assert f"after 2 events and {len(UNFINISHED)} bytes" in the_failure(done)
    if not options:
        assert done.out == b"Hello\n"
        assert the_summary(done).endswith(", failed")


def test_a_server_that_is_not_there_is_status_5() -> None:
    with Server() as closed:
        url = closed.answers_with()
    done = run("read", url)
    assert (done.status, done.out) == (FAILED, b"")
    assert url in the_failure(done)


def test_idle_ends_a_silent_stream_with_status_5(server: Server) -> None:
    never = threading.Event()
    done = run("read", "--idle", "0.2", server.answers_with(UNFINISHED, never.wait))
    never.set()
    assert (done.status, done.out) == (FAILED, b"Hello\n")
    assert "--idle" in the_failure(done)


def test_progress_ends_a_stream_of_pings_with_status_5(server: Server) -> None:
    stopped = threading.Event()
    pings = [part for _ in range(1000) for part in (b": ping\n", lambda: stopped.wait(0.05))]
    done = run("read", "--progress", "0.3", server.answers_with(UNFINISHED, *pings))
    stopped.set()
    assert (done.status, done.out) == (FAILED, b"Hello\n")
    assert "--progress" in the_failure(done)


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
def test_wrong_use_is_status_2_and_one_line(arguments: tuple[str, ...]) -> None:
    done = run("read", *arguments)
    assert (done.status, done.out) == (USAGE, b"")
    assert re.fullmatch(r"ssescan: .+ \(see 'ssescan read --help'\)\n", done.err)


def test_an_unknown_api_is_told_with_those_that_are_known() -> None:
    done = run("read", "--api", "mew")
    assert all(repr(name) in done.err for name in APIS)
    assert all(name in run("read", "--help").out.decode() for name in APIS)


def test_a_question_is_posted_as_by_curl(server: Server, tmp_path: Path) -> None:
    (tmp_path / "ask.json").write_text('{"stream": true}')
    url = server.answers_with(WHOLE)
    done = run("read", "-H", "Content-Type: application/json", "-H", "A: b", "-d", f"@{tmp_path / 'ask.json'}", url)
    (request,) = server.received
    assert (done.status, request.method, request.body) == (ENDED, "POST", b'{"stream": true}')
    assert (request.all("a"), request.all("accept")) == (["b"], ["text/event-stream"])


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_reader_that_leaves_ends_it_quietly(options: tuple[str, ...]) -> None:
    with running("read", *options) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(text("a"))
        process.stdout.read(1)
        process.stdout.close()
        process.stdin.write(text("b"))
        assert process.wait() == OTHER  # although the source is open still
        assert process.stderr.read() == b""


def test_a_reader_of_the_message_that_left_ends_it_quietly() -> None:
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
def test_a_full_disk_is_status_1_and_one_line(options: tuple[str, ...], body: bytes) -> None:
    done = into_a_full_disk("read", *options, stdin=body)
    assert done.status == OTHER
    assert re.fullmatch(r"ssescan: expected to write the output, got .+\n", done.err)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for one process on Windows")
def test_ctrl_c_is_status_130_without_a_traceback() -> None:
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
    more_than_a_pipe_holds = b": %s\n\n" % (b"x" * 1024) * 512
    with running("read", "--message") as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(text("a") + more_than_a_pipe_holds)  # that it was written proves that its start was read
        process.send_signal(signal.SIGINT)
        assert process.wait() == INTERRUPTED
        message = json.loads(process.stdout.read())
        assert (message["text"], message["complete"]) == ("a", False)
        assert process.stderr.read() == b""
