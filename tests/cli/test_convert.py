"""`ssescan convert`: the output as it arrives, every exit status, wrong use, and a reader that leaves."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from ssescan import Transcoder, stream

from .answers import (
    CUT,
    DONE,
    ENDED,
    FAILED,
    OTHER,
    OVERLOADED,
    PROVIDER,
    REFUSED,
    STOP,
    UNFINISHED,
    USAGE,
    WHOLE,
    text,
)
from .processes import Done, RunHere, Server, run_on_terminal, run_with_full_disk, running

ERROR = b'event: error\ndata: {"type":"error","error":'


def error_line(done: Done) -> str:
    line = done.err.splitlines()[-1]
    assert line.startswith("ssescan: "), done.err
    return line


def test_file_becomes_the_stream_of_another_api(run_here: RunHere, file_of: Callable[[bytes], str]) -> None:
    done = run_here("convert", "--to", "anthropic", file_of(WHOLE))
    transcoder = Transcoder("anthropic")
    expected = transcoder.feed(WHOLE) + transcoder.close()
    assert (done.status, done.err) == (ENDED, "")
    assert done.out == expected
    assert done.out.endswith(b'event: message_stop\ndata: {"type":"message_stop"}\n\n')


def test_the_same_format_passes_unchanged(run_here: RunHere, file_of: Callable[[bytes], str]) -> None:
    done = run_here("convert", "--to", "openai-chat", file_of(b": hello\r\n\r\n" + WHOLE))
    assert (done.status, done.out) == (ENDED, b": hello\r\n\r\n" + WHOLE)


def test_url_with_the_options_of_curl(run_here: RunHere, server: Server) -> None:
    url = server.answers_with(WHOLE, path="/v1/chat/completions")
    done = run_here("convert", url, "--to", "anthropic", "-H", "X-Key: k", "-d", "{}", "--model", "other")
    assert done.status == ENDED
    (request,) = server.received
    assert (request.method, request.body, request.all("x-key")) == ("POST", b"{}", ["k"])
    message = stream(done.out, "anthropic").collect()
    assert (message.text, message.model) == ("Hello é", "other")


def test_output_comes_as_the_source_sends(server: Server) -> None:
    seen = threading.Event()
    url = server.answers_with(text("Hello"), lambda: seen.wait(60), STOP + DONE)
    with running("convert", "--to", "anthropic", url) as process:
        assert process.stdout is not None
        begun = b""
        while b"Hello" not in begun:
            begun += process.stdout.read(4096)
        assert b"message_stop" not in begun
        seen.set()
        assert b"message_stop" in process.stdout.read()
        assert process.wait() == ENDED


@pytest.mark.parametrize("body", [UNFINISHED, UNFINISHED + b'data: {"id":', UNFINISHED + DONE, b"", b": ping\n\n"])
def test_cut_source_is_status_3_with_the_error_of_the_target(body: bytes, run_here: RunHere, file_of: Any) -> None:
    done = run_here("convert", "--to", "anthropic", file_of(body))
    assert done.status == CUT
    assert ERROR in done.out
    assert b"message_stop" not in done.out
    assert "ended before" in error_line(done) or "cut before its end" in error_line(done)


def test_provider_error_is_status_6(run_here: RunHere, file_of: Any) -> None:
    done = run_here("convert", "--to", "openai-chat", file_of(OVERLOADED))
    assert done.status == PROVIDER
    assert done.out.splitlines()[-2].startswith(b'data: {"error":')
    assert b"DONE" not in done.out
    assert "overloaded_error" in error_line(done)


def test_refusal_is_status_4_without_output(run_here: RunHere, server: Server) -> None:
    url = server.answers_with(b'{"error":{"message":"No."}}', status=429, content_type="application/json")
    done = run_here("convert", "--to", "anthropic", url)
    assert (done.status, done.out) == (REFUSED, b"")
    assert "429" in error_line(done)
    url = server.answers_with(b"<html></html>", content_type="text/html")
    done = run_here("convert", "--to", "anthropic", url)
    assert (done.status, done.out) == (REFUSED, b"")


def test_dropped_connection_is_status_5_with_the_error(run_here: RunHere, server: Server) -> None:
    url = server.answers_with(UNFINISHED, dropped=True)
    done = run_here("convert", "--to", "anthropic", url)
    assert done.status == FAILED
    assert ERROR in done.out
    assert "after 2 events" in error_line(done)


def test_unknown_format_is_status_1(run_here: RunHere, file_of: Any) -> None:
    done = run_here("convert", "--to", "anthropic", file_of(b'data: {"a": 1}\n\n' * 20))
    assert done.status == OTHER
    assert ERROR in done.out
    assert "--api" in error_line(done)


def test_note_names_what_the_format_cannot_express(run_here: RunHere, file_of: Any) -> None:
    done = run_here("convert", "--to", "openai-chat", "--api", "anthropic", file_of(anthropic_answer()))
    assert done.status == ENDED
    assert "note: openai-chat has no place for" in done.err
    assert "1 Usage" in done.err
    done = run_here("convert", "--to", "openai-chat", "--include-usage", file_of(anthropic_answer()))
    assert "Usage" not in done.err
    assert b'"prompt_tokens"' in done.out


def anthropic_answer() -> bytes:
    transcoder = Transcoder("anthropic")
    return transcoder.feed(WHOLE) + transcoder.close()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "--to"),
        (("--to", "claude"), "did you mean 'anthropic'"),
        (("--to", "vercel"), "did you mean 'ai-sdk-ui'"),
        (("--to", "gemini-interactions"), "expected one of 'openai-chat'"),
        (("--to", "anthropic", "--api", "ai-sdk-ui"), "expected one of 'openai-chat'"),
        (("--to", "anthropic", "/no/such/file"), "expected a file"),
        (("--to", "anthropic", "-H", "A: b", "-"), "needs a URL"),
    ],
)
def test_wrong_use_is_status_2(arguments: tuple[str, ...], words: str, run_here: RunHere) -> None:
    done = run_here("convert", *arguments)
    assert (done.status, done.out) == (USAGE, b"")
    assert words in error_line(done)


def test_help_has_an_example(run_here: RunHere) -> None:
    assert b"ssescan convert --to anthropic recorded.sse" in run_here("convert", "--help").out


def test_reader_that_leaves_ends_it(server: Server) -> None:
    gone = threading.Event()
    url = server.answers_with(text("Hello"), lambda: gone.wait(60), *[text("x") * 2000] * 200)
    with running("convert", "--to", "anthropic", url) as process:
        assert process.stdout is not None
        process.stdout.read(10)
        process.stdout.close()
        gone.set()
        assert process.wait() == OTHER
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_full_disk_is_one_line() -> None:
    done = run_with_full_disk("convert", "--to", "anthropic", stdin=WHOLE)
    assert done.status == OTHER
    assert "expected to write the output" in error_line(done)


def test_standard_input_is_the_default(run_here: RunHere) -> None:
    done = run_here("convert", "--to", "openai-chat", "--think-tags=open", stdin=text("Hm.</think>Hello") + STOP + DONE)
    assert done.status == ENDED
    message = stream(done.out).collect()
    assert (message.reasoning, message.text) == ("Hm.", "Hello")


def test_terminal_gets_no_control_characters(file_of: Callable[[bytes], str]) -> None:
    shown = run_on_terminal("convert", "--to", "anthropic", file_of(text("a\x9b31mb") + STOP + DONE))
    assert "\x9b" not in shown
    assert json.loads(next(line for line in shown.splitlines() if "31mb" in line)[6:])["delta"]["text"] == "a\x9b31mb"


def test_ends_like_read(file_of: Callable[[bytes], str], run_here: RunHere) -> None:
    for body in (WHOLE, UNFINISHED, OVERLOADED, b"data: hello\n\n"):
        name = file_of(body)
        assert run_here("convert", "--to", "anthropic", name).status == run_here("read", name).status
