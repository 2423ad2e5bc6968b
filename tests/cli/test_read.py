"""How `ssescan read` prints an answer and ends: plain, as JSON, as a message, on a terminal; every exit status."""

import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from ssescan import StreamCut, stream
from ssescan.providers.formats import APIS

from .tools import COMMAND, Done, Server, environment, on_a_terminal, run, running, without_colour

ENDED, OTHER, USAGE, CUT, REFUSED, FAILED, PROVIDER, INTERRUPTED = 0, 1, 2, 3, 4, 5, 6, 130
ALL_FORMATS = [(), ("--json",), ("--message",)]


def event(payload: object) -> bytes:
    """Return an event with the payload as its data."""
    return b"data: %s\n\n" % json.dumps(payload).encode()


def chunk(delta: dict[str, Any], *, index: int = 0, **fields: object) -> bytes:
    """Return an event of OpenAI's Chat Completions with one choice; `finish` is the choice's finish reason."""
    choice = {"index": index, "delta": delta, "finish_reason": fields.pop("finish", None)}
    return event({"id": "c1", "object": "chat.completion.chunk", "model": "m", "choices": [choice]} | fields)


def text(*pieces: str) -> bytes:
    return b"".join(chunk({"content": piece}) for piece in pieces)


def tool(index: int, arguments: str = "", **function: str) -> bytes:
    call = {"index": index, "function": function | {"arguments": arguments}}
    return chunk({"tool_calls": [call | ({"id": f"call_{index}"} if function else {})]})


USAGE_CHUNK = event({
    "id": "c1", "object": "chat.completion.chunk", "choices": [],
    "usage": {"prompt_tokens": 1200, "completion_tokens": 34, "completion_tokens_details": {"reasoning_tokens": 8}},
})  # fmt: skip
STOP = chunk({}, finish="stop")
DONE = b"data: [DONE]\n\n"
WHOLE = text("He", "llo é") + STOP + USAGE_CHUNK + DONE
UNFINISHED = text("He", "llo")
OVERLOADED = (
    b'event: message_start\ndata: {"type":"message_start","message":{"id":"m1","type":"message","role":"assistant",'
    b'"model":"c","content":[],"usage":{"input_tokens":3,"output_tokens":1}}}\n\n'
    b'event: content_block_start\ndata: {"type":"content_block_start","index":0,'
    b'"content_block":{"type":"text","text":""}}\n\n'
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
    b'"delta":{"type":"text_delta","text":"Hi"}}\n\n'
    b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Over\\u001bloaded"}}\n\n'
)
GEMINI_PARTIAL = b"".join(
    event({"candidates": [{"content": {"role": "model", "parts": [{"functionCall": call}]}, "index": 0} | finish]})
    for call, finish in (
        ({"name": "plan", "willContinue": True}, {}),
        ({"partialArgs": [{"jsonPath": "$.hours", "numberValue": 6}], "willContinue": True}, {}),
        ({}, {"finishReason": "STOP"}),
    )
)
SERVER_TOOL = b"".join(
    event(payload)
    for payload in (
        {"type": "message_start", "message": {"id": "m1", "model": "c", "content": [], "usage": {"input_tokens": 3}}},
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}},
        },
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "input_json_delta", "partial_json": '{"query": "tide"}'},
        },
        {"type": "content_block_stop", "index": 0},
        {
            "type": "content_block_start",
            "index": 1,
            "content_block": {"type": "web_search_tool_result", "tool_use_id": "s1", "content": []},
        },
        {"type": "content_block_stop", "index": 1},
        {"type": "content_block_start", "index": 2, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 2, "delta": {"type": "text_delta", "text": "At noon."}},
        {"type": "content_block_stop", "index": 2},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 9}},
        {"type": "message_stop"},
    )
)


def the_summary(done: Done) -> str:
    """Return the line on stderr that begins with --, of which there must be one."""
    (line,) = [line for line in done.err.splitlines() if line.startswith("-- ")]
    return line


def the_failure(done: Done) -> str:
    """Return the line on stderr that tells of a failure, of which there must be one, the last."""
    *others, line = done.err.splitlines()
    assert line.startswith("ssescan: "), done.err
    assert not [other for other in others if not other.startswith("-- ")]
    return line


# What is printed, and where


def test_plain_output_is_the_text_and_stderr_has_the_summary(server: Server) -> None:
    done = run("read", server.answers_with(WHOLE))
    assert (done.status, done.out.decode()) == (ENDED, "Hello é\n")
    assert re.fullmatch(
        r"-- stop, 1,200 tokens in, 34 out \(8 reasoning\), 5 events, first part after \d+ ms, complete\n", done.err
    )


@pytest.mark.parametrize("name", ["openai-chat", "openai-responses", "anthropic", "gemini"])
def test_every_api_is_known_by_its_first_event(name: str) -> None:
    body = files("ssescan.cli").joinpath("streams", f"{name}.sse").read_bytes()
    done = run("read", stdin=body)
    message = stream(body).collect()
    assert (done.status, message.api) == (ENDED, name)
    assert done.out.decode().rstrip("\n") == message.text.rstrip("\n") != ""
    assert done == run("read", "--api", name, stdin=body) or "first part after" in done.err


@pytest.mark.parametrize(
    ("pieces", "printed"),
    [(("a", "b"), "ab\n"), (("a\n",), "a\n"), (("a\n", "\n"), "a\n\n"), ((), ""), (("\n",), "\n"), (("a\r",), "a\r\n")],
)
def test_a_line_feed_is_added_where_the_text_does_not_end_with_one(pieces: tuple[str, ...], printed: str) -> None:
    done = run("read", stdin=text(*pieces) + STOP + DONE)
    assert (done.status, done.out.decode()) == (ENDED, printed)


def test_plain_output_is_the_text_as_it_came() -> None:
    odd = "\x1b[31m\x00\u202e\t漢\r\n\ud800"
    done = run("read", stdin=text(odd) + STOP)
    assert done.out.decode() == odd.replace("\ud800", "\ufffd") + "\n"


def test_reasoning_and_calls_of_tools_are_not_in_plain_output_and_told_of() -> None:
    calls = tool(0, '{"a":', name="one") + tool(0, "1}") + tool(1, "{}", name="two")
    body = chunk({"reasoning_content": "Hm."}) + text("Look.") + calls + chunk({}, finish="tool_calls") + DONE
    done = run("read", stdin=body)
    assert (done.status, done.out) == (ENDED, b"Look.\n")
    assert the_summary(done).startswith("-- tool_calls, no usage, 2 tool calls, ")


def test_a_refusal_is_printed_like_text() -> None:
    done = run("read", stdin=chunk({"refusal": "I will "}) + chunk({"refusal": "not."}) + STOP + DONE)
    assert (done.status, done.out) == (ENDED, b"I will not.\n")
    assert the_summary(done).startswith("-- refusal, ")


def test_of_several_choices_the_first_is_printed_and_the_others_told_of() -> None:
    others = chunk({"content": "B"}, index=1), chunk({}, index=1, finish="stop")
    body = others[0] + text("A") + STOP + others[1] + DONE
    done = run("read", stdin=body)
    assert (done.status, done.out) == (ENDED, b"A\n")
    assert "only choice 0 of 2 (--message has all)" in the_summary(done)
    assert [choice["text"] for choice in json.loads(run("read", "--message", stdin=body).out)["choices"]] == ["A", "B"]


def test_a_text_that_was_revised_when_it_was_whole_is_told_of() -> None:
    place = {"item_id": "i", "output_index": 0, "content_index": 0}
    item = {"id": "i", "type": "message", "role": "assistant", "content": []}
    body = (
        event({"type": "response.created", "response": {"id": "r", "model": "m", "output": []}})
        + event({"type": "response.output_item.added", "output_index": 0, "item": item})
        + event({"type": "response.output_text.delta", "delta": "draft"} | place)
        + event({"type": "response.output_text.done", "text": "revised"} | place)
        + event({"type": "response.completed", "response": {"id": "r", "model": "m", "status": "completed"}})
    )
    done = run("read", stdin=body)
    assert (done.status, done.out) == (ENDED, b"draft\n")
    assert "text revised after it was streamed (--message has what counts)" in the_summary(done)
    assert json.loads(run("read", "--message", stdin=body).out)["text"] == "revised"


def test_a_file_and_standard_input_read_alike(file_of: Callable[[bytes], str]) -> None:
    for done in (run("read", file_of(WHOLE)), run("read", "-", stdin=WHOLE)):
        assert (done.status, done.out.decode()) == (ENDED, "Hello é\n")


def test_json_lines_are_the_parts() -> None:
    done = run("read", "--json", stdin=WHOLE)
    assert (done.status, done.err) == (ENDED, "")
    lines = [json.loads(line) for line in done.out.splitlines()]
    times = [line.pop("received_ns") for line in lines]
    assert all(isinstance(time, int) for time in times)
    assert times == sorted(times)
    assert [line["type"] for line in lines] == ["Start", "TextDelta", "TextDelta", "Usage", "Finish", "End"]
    assert lines[2] == {"type": "TextDelta", "choice": 0, "block": 0, "text": "llo é"}
    assert lines[-1] == {"type": "End", "choice": 0, "complete": True}


def test_a_message_is_one_json_document() -> None:
    done = run("read", "--message", stdin=WHOLE)
    assert (done.status, done.err) == (ENDED, "")
    assert done.out == stream(WHOLE).collect().to_json() + b"\n"


@pytest.mark.parametrize(("body", "status"), [(UNFINISHED, CUT), (OVERLOADED, PROVIDER), (b"", CUT)])
def test_a_message_is_printed_also_where_it_is_not_complete(body: bytes, status: int) -> None:
    done = run("read", "--message", stdin=body)
    assert done.status == status
    the_failure(done)
    assert done.out == stream(body, strict=False).collect().to_json() + b"\n"


def test_a_message_is_printed_also_where_the_connection_was_dropped(server: Server) -> None:
    done = run("read", "--message", server.answers_with(UNFINISHED, dropped=True))
    assert (done.status, json.loads(done.out)["text"]) == (FAILED, "Hello")


def test_parts_are_printed_while_the_pipe_is_open() -> None:
    with running("read") as process:
        assert process.stdin
        assert process.stdout
        for piece in ("one", "zwei", "trois\n", "四"):
            process.stdin.write(text(piece))
            shown = b""
            while len(shown) < len(piece.encode()):
                byte = process.stdout.read(1)
                assert byte, "the process has ended"
                shown += byte
            assert shown.decode() == piece
        process.stdin.write(STOP)
        process.stdin.close()
        assert process.wait() == ENDED


def test_parts_are_printed_while_the_response_is_open(server: Server) -> None:
    read = threading.Event()
    with running("read", "--json", server.answers_with(text("a"), read.wait, STOP)) as process:
        assert process.stdout
        assert b'"Start"' in process.stdout.readline()
        assert b'"a"' in process.stdout.readline()
        read.set()
        assert b'"Finish"' in process.stdout.readline()
        assert b'"End"' in process.stdout.readline()
        assert process.wait() == ENDED


def test_the_time_to_the_first_part_counts_from_the_request_and_not_from_a_ping(server: Server) -> None:
    pause = threading.Event()
    url = server.answers_with(b": ping\n\n", lambda: pause.wait(0.3), WHOLE)
    found = re.search(r"first part after (\d+) ms", run("read", url).err)
    assert found
    assert int(found[1]) >= 300


# How it ends


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


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this platform")
@pytest.mark.parametrize("body", [WHOLE, UNFINISHED])
@pytest.mark.parametrize("options", ALL_FORMATS)
def test_a_full_disk_is_status_1_and_one_line(options: tuple[str, ...], body: bytes) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*COMMAND, "read", *options],
            input=body,
            stdout=full,
            stderr=subprocess.PIPE,
            env=environment(),
            check=False,
        )
    assert done.returncode == OTHER
    assert re.fullmatch(r"ssescan: expected to write the output, got .+\n", done.stderr.decode())


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


# On a terminal


def test_a_terminal_shows_reasoning_text_and_calls_apart_and_then_the_summary(file_of: Callable[[bytes], str]) -> None:
    body = (
        chunk({"reasoning_content": "Let me "})
        + chunk({"reasoning_content": "think."})
        + text("One ", "moment.")
        + tool(0, '{"a": ', name="first")
        + tool(0, "1}")
        + tool(1, "{}", name="second")
        + chunk({}, finish="tool_calls")
        + DONE
    )
    shown = on_a_terminal("read", file_of(body), errors=True)
    assert re.fullmatch(
        r'Let me think\.\n\nOne moment\.\n\ntool call first \{"a": 1\}\ntool call second \{\}\n\n'
        r"-- tool_calls, no usage, 2 tool calls, 9 events, first part after \d+ ms,\s+complete\n",
        without_colour(shown),
    )
    assert "\x1b[2mLet me \x1b[0m" in shown, "reasoning is dim"
    assert "One moment." in shown, "text is as it is"
    assert re.search(r"\x1b\[[\d;]*36m\{\"a\": \x1b\[0m", shown), "arguments are coloured"


def test_the_summary_goes_to_standard_error_on_a_terminal_too(file_of: Callable[[bytes], str]) -> None:
    assert without_colour(on_a_terminal("read", file_of(WHOLE))) == "Hello é\n\n"


def test_calls_that_are_assembled_side_by_side_are_named_at_each_turn(file_of: Callable[[bytes], str]) -> None:
    calls = tool(0, "[1", name="x") + tool(1, "[2", name="y") + tool(0, "]") + tool(1, "]")
    shown = without_colour(on_a_terminal("read", file_of(calls + chunk({}, finish="tool_calls"))))
    assert shown == "tool call x [1\ntool call y [2\ntool call x ]\ntool call y ]\n\n"


def test_a_call_that_was_cut_is_marked_on_a_terminal(file_of: Callable[[bytes], str]) -> None:
    shown = without_colour(on_a_terminal("read", file_of(tool(0, '{"a', name="x")), errors=True))
    assert shown.startswith('tool call x {"a (cut, not to be made)\n\n')
    assert "1 tool call (1 cut, not to be made)" in " ".join(shown.split())


def test_arguments_that_are_not_sent_as_text_are_shown_when_they_are_whole(file_of: Callable[[bytes], str]) -> None:
    assert without_colour(on_a_terminal("read", file_of(GEMINI_PARTIAL))) == 'tool call plan {"hours":6}\n\n'


def test_tools_of_the_providers_own_are_marked_on_a_terminal(file_of: Callable[[bytes], str]) -> None:
    shown = without_colour(on_a_terminal("read", file_of(SERVER_TOOL)))
    assert shown == 'provider\'s tool web_search {"query": "tide"}\nresult of web_search\n\nAt noon.\n\n'


def test_lines_and_tabs_of_a_text_are_where_the_model_put_them(file_of: Callable[[bytes], str]) -> None:
    long = "wide words " * 20
    shown = on_a_terminal("read", file_of(text("a\n", "\n\tb ", "c\t", "d\n\n", long) + STOP))
    assert shown == f"a\n\n\tb c\td\n\n{long}\n\n"


def test_nothing_in_a_stream_reaches_the_terminal_as_a_command(file_of: Callable[[bytes], str]) -> None:
    evil = "\x1b]0;title\x07\x9b31m\u202e[bold]"
    calls = tool(0, evil, name=evil)
    body = chunk({"reasoning_content": evil}) + text(evil) + chunk({"refusal": evil}) + calls
    shown = on_a_terminal("read", file_of(body + chunk({}, finish=evil)), errors=True)
    assert without_colour(shown).count("␛]0;title␇\\x9b31m\\u202e[bold]") >= 5
    assert not set("\x1b\x07\x9b\u202e") & set(without_colour(shown))


def test_a_terminal_without_colours_gets_none(file_of: Callable[[bytes], str]) -> None:
    shown = on_a_terminal("read", file_of(tool(0, "{}", name="x") + STOP), NO_COLOR="1")
    assert "tool call x {}" in without_colour(shown)
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", shown)


def test_json_on_a_terminal_is_json(file_of: Callable[[bytes], str]) -> None:
    lines = on_a_terminal("read", "--json", file_of(WHOLE), errors=True).splitlines()
    assert [json.loads(line)["type"] for line in lines][-1] == "End"
