"""`ssescan check`: its requests, its exit statuses, and its answers to what is not a stream."""

import io
import json
import os
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ssescan.cli import main

from .answers import (
    DONE,
    ENDED,
    FAILED,
    INTERRUPTED,
    OTHER,
    OVERLOADED,
    REFUSED,
    STOP,
    UNFINISHED,
    USAGE,
    WHOLE,
    error_line,
    text,
)
from .processes import RunHere, Server, close_pipe_early, run_on_terminal
from .test_plot import tape_of

KEY = "sk-proj-0123456789SECRET"
GAP = 0.01  # seconds


def slowly(*events: bytes, gap: float = GAP) -> list[Any]:
    """Return the writes of a server that makes one event after the other, `gap` seconds apart."""
    return [write for event in events for write in (event, lambda: time.sleep(gap))]


def row(out: bytes, name: str) -> str:
    """Return the text of a row of the report."""
    (line,) = [line for line in out.decode().splitlines() if line.startswith(f"  {name} ")]
    return line.removeprefix(f"  {name}").strip()


def test_good_stream_is_status_0(server: Server, run_here: RunHere) -> None:
    done = run_here("check", server.answers_with(*slowly(*[text("a")] * 12, STOP, DONE)))
    assert done.status == ENDED
    assert row(done.out, "response") == "status 200, text/event-stream, HTTP/1.1"
    assert row(done.out, "format") == "openai-chat"
    assert row(done.out, "events").startswith("not held back: 14 events came at ")
    assert row(done.out, "end") == "complete, stop"
    assert done.out.endswith(b"nothing to change\n")


def test_whole_body_at_once_is_held_back(server: Server, run_here: RunHere) -> None:
    url = server.answers_with(lambda: time.sleep(0.15), text(*["a"] * 30) + STOP + DONE)
    done = run_here("check", url)
    assert done.status == OTHER
    assert row(done.out, "events").startswith("held back: all 32 events came at once")
    assert "X-Accel-Buffering: no" in done.out.decode()


@pytest.mark.parametrize(
    ("events", "status", "said"),
    [((UNFINISHED,), OTHER, "the answer is not complete"), ((OVERLOADED,), OTHER, "overloaded_error, Over␛loaded")],
)
def test_incomplete_answers_are_status_1(
    events: tuple[bytes, ...], status: int, said: str, server: Server, run_here: RunHere
) -> None:
    done = run_here("check", server.answers_with(*events))
    assert done.status == status
    assert said in row(done.out, "end")


def test_accept_done_takes_done_as_the_end(server: Server, run_here: RunHere) -> None:
    url = server.answers_with(UNFINISHED + DONE)
    assert run_here("check", url).status == OTHER
    assert run_here("check", url, "--accept-done").status == ENDED


def test_broken_connection_has_a_report_and_status_5(server: Server, run_here: RunHere) -> None:
    done = run_here("check", server.answers_with(UNFINISHED, dropped=True))
    assert done.status == FAILED
    assert row(done.out, "end").startswith("the connection failed before the answer was complete (RemoteProtocolError")
    assert "after 2 events and " in error_line(done)


def test_stall_has_a_report_and_status_5(server: Server, run_here: RunHere) -> None:
    go_on = threading.Event()
    url = server.answers_with(UNFINISHED, lambda: go_on.wait(30))
    done = run_here("check", url, "--idle", "0.2")
    go_on.set()
    assert done.status == FAILED
    assert "find why the server sent nothing for 0.2" in done.out.decode()
    assert "a longer --idle or -m waits longer" in error_line(done)


def test_break_after_the_last_event_is_complete(server: Server, run_here: RunHere) -> None:
    done = run_here("check", server.answers_with(WHOLE, dropped=True))
    assert done.status == ENDED
    assert "the connection breaks after the last event" in row(done.out, "quirks")


def test_missing_keep_alive(server: Server, run_here: RunHere) -> None:
    url = server.answers_with(text("a"), lambda: time.sleep(0.25), STOP, DONE)
    assert run_here("check", url).status == ENDED
    done = run_here("check", url, "--max-silence", "0.2")
    assert done.status == OTHER
    assert "every 15 s" in done.out.decode()
    url = server.answers_with(text("a"), *slowly(*[b": ping\n\n"] * 6, gap=0.05), STOP, DONE)
    done = run_here("check", url, "--max-silence", "0.2")
    assert (done.status, row(done.out, "keep-alive")[:19]) == (ENDED, "6 comments or pings")


@pytest.mark.parametrize(
    ("how", "status", "said"),
    [
        (
            {"content_type": "text/html", "body": b"<!doctype html><title>Sign in</title>"},
            REFUSED,
            "got content type 'text/html': an HTML page, 'Sign in'; that is a page for people",
        ),
        ({"status": 401, "body": b'{"error": "no key"}'}, REFUSED, "got status 401 Unauthorized"),
        ({"status": 404, "body": b"gone"}, REFUSED, "got status 404 Not Found"),
        (
            {"content_type": "application/json", "body": b'{"choices": [{"message": {"content": "Hi"}}]}'},
            REFUSED,
            '"stream": true in the body',
        ),
        ({"body": b""}, OTHER, "got an empty body; check the URL"),
        ({"body": b": ping\n\n"}, OTHER, "got none in 8 bytes: : ping"),
        ({"body": b"<html><title>Oops</title>"}, OTHER, "an HTML page, 'Oops'; that is a page for people"),
        ({"body": b"upstream failed"}, OTHER, "got none in 15 bytes: upstream failed; is it an event stream?"),
        ({"content_type": "image/png", "body": b"\x89PNG"}, REFUSED, "got content type 'image/png'"),
    ],
)
def test_what_is_not_a_stream_is_one_line(
    how: dict[str, Any], status: int, said: str, server: Server, run_here: RunHere
) -> None:
    body = how.pop("body")
    done = run_here("check", server.answers_with(*([body] if body else []), **how))
    assert (done.status, done.out) == (status, b"")
    assert said in error_line(done)


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("http://127.0.0.1:9/",), FAILED, "check the address and that the server is up"),
        (("no-such-file",), USAGE, "expected a file to read, a URL or -"),
        (("http://127.0.0.1:9/", "--api", "opnai-chat"), USAGE, "did you mean 'openai-chat'?"),
        (("http://127.0.0.1:9/", "--model", "m"), USAGE, "expected --prompt, which --model belongs to"),
        (("http://127.0.0.1:9/", "--prompt", "Hi", "-d", "{}"), USAGE, "expected either --prompt"),
        (("http://127.0.0.1:9/", "--max-silence", "0"), USAGE, "over zero"),
    ],
)
def test_wrong_use(arguments: tuple[str, ...], status: int, said: str, run_here: RunHere) -> None:
    done = run_here("check", *arguments)
    assert (done.status, done.out) == (status, b"")
    assert said in error_line(done)


def test_tls_to_a_port_without_it(server: Server, run_here: RunHere) -> None:
    url = server.answers_with(WHOLE)
    done = run_here("check", url.replace("http:", "https:"))
    assert done.status == FAILED
    assert f"the server does not speak TLS on this port, try {url}" in error_line(done)


def test_request_is_that_of_curl_options(server: Server, run_here: RunHere) -> None:
    url = server.answers_with(WHOLE)
    assert run_here("check", url, "-H", "X-Id: 7", "--data-json", '{"stream": true}').status == ENDED
    (received,) = server.received
    assert (received.method, received.body, received.all("x-id")) == ("POST", b'{"stream": true}', ["7"])


def test_request_of_a_prompt_is_that_of_ask(server: Server, run_here: RunHere, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    base = server.answers_with(WHOLE, path="/v1/chat/completions").removesuffix("/chat/completions")
    asked = ("--model", "m", "--max-tokens", "7", "-H", "X-Id: 7")
    assert run_here("ask", "Hi é", "--url", base, *asked).status == ENDED
    assert run_here("check", base, "--prompt", "Hi é", *asked).status == ENDED
    first, second = server.received
    assert first == second
    monkeypatch.setenv("OPENAI_BASE_URL", base)
    assert run_here("check", "--prompt", "Hi é", *asked).status == ENDED
    assert server.received[2] == first


@pytest.mark.parametrize(("options", "said"), [(("--prompt", "Hi"), "(--model)"), (("-d", "{}"), "in the body (-d)")])
def test_advice_names_the_options_in_use(
    options: tuple[str, ...], said: str, server: Server, run_here: RunHere
) -> None:
    done = run_here("check", server.answers_with(status=404, path="/v1/chat/completions"), *options)
    assert done.status == REFUSED
    assert said in done.err.splitlines()[-1]


def test_json_is_one_object(server: Server, run_here: RunHere) -> None:
    done = run_here("check", server.answers_with(UNFINISHED, headers={"Via": "1.1 x"}), "--json")
    assert (done.status, done.out.count(b"\n")) == (OTHER, 1)
    found = json.loads(done.out)
    assert (found["format"], found["end"], found["headers"]["via"]) == ("openai-chat", "incomplete", "1.1 x")
    assert len(found["changes"]) == 1


def test_tape_shows_the_times_of_its_recording(tmp_path: Path, run_here: RunHere) -> None:
    tape = tape_of(tmp_path, (2.0, text(*["a"] * 30) + STOP + DONE))
    done = run_here("check", tape)
    assert done.status == OTHER
    assert "all 32 events came at once, after 2.00 s without one" in row(done.out, "events")
    assert run_here("check", tape_of(tmp_path, (0.1, UNFINISHED), end="failed")).status == FAILED
    assert run_here("check", tape_of(tmp_path, (0.1, UNFINISHED), end="closed")).status == ENDED


def test_file_is_judged_without_times(run_here: RunHere) -> None:
    done = run_here("check", stdin=WHOLE)
    assert done.status == ENDED
    assert "not known" in row(done.out, "events")
    assert done.out.endswith(b"nothing to change in what this shows\n")


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_no_key_is_printed(options: tuple[str, ...], server: Server, run_here: RunHere) -> None:
    echo = b'data: {"error": {"message": "bad key %s"}}\n\n' % KEY.encode()
    url = server.answers_with(echo, headers={"Via": KEY})
    done = run_here("check", f"{url}?key={KEY}", "-H", f"Authorization: Bearer {KEY}", *options)
    assert done.status == OTHER
    assert KEY not in done.out.decode() + done.err


class Interrupted(io.BufferedReader):
    """A pipe that brings one chunk, and then Ctrl-C."""

    reads = 0

    def read1(self, size: int = -1, /) -> bytes:
        self.reads += 1
        if self.reads > 1:
            raise KeyboardInterrupt
        return super().read1(size)


def test_interrupt_reports_on_what_came(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    ours, theirs = os.pipe()
    os.write(theirs, UNFINISHED)
    with Interrupted(io.FileIO(ours)) as pipe:
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=pipe))
        status = main(("check",))
    os.close(theirs)
    out, err = capfdbinary.readouterr()
    assert (status, err) == (INTERRUPTED, b"")
    assert row(out, "end") == "not known: the reading was stopped before the answer was complete"


def test_closed_pipe_is_silent(server: Server) -> None:
    status, errors = close_pipe_early(threading.Event(), "check", server.answers_with(WHOLE))
    assert (status in (ENDED, OTHER), errors) == (True, b"")


def test_terminal_has_lines_that_fit(server: Server) -> None:
    url = server.answers_with(lambda: time.sleep(0.15), b": ping\r\n" + text(*["a"] * 30) + UNFINISHED)
    out = run_on_terminal("check", url)
    assert max(map(len, out.splitlines())) <= 80
    assert "proxy_buffering off in the location" in " ".join(out.split())
    assert "X-Accel-Buffering: no" in " ".join(out.split())
