"""The output of `ssescan read`: plain, as JSON, as a message."""

import base64
import json
import re
import threading
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

from ssescan import stream

from .answers import (
    CUT,
    DONE,
    ENDED,
    FAILED,
    OVERLOADED,
    PROVIDER,
    STOP,
    UNFINISHED,
    USAGE_CHUNK,
    WHOLE,
    chunk,
    error_line,
    event,
    summary_line,
    text,
    tool,
)
from .processes import RunHere, Server, running


def test_times_of_a_tape_are_those_of_its_recording(tmp_path: Path, run_here: RunHere) -> None:
    reads = [(500, b": ping\n\n"), (1500, text("He")), (2500, text("llo") + STOP), (4000, USAGE_CHUNK + DONE)]
    path = tmp_path / "x.tape"
    lines: list[dict[str, object]] = [{"ssescan_tape": 1}]
    lines += [{"ns": ms * 1_000_000, "data": base64.b64encode(data).decode()} for ms, data in reads]
    lines.append({"ns": 4_000_000_000, "outcome": "ended"})
    path.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))
    done = run_here("read", str(path))
    assert "first part after 1,500 ms, 4.00 s in total, 8.5 tokens/s, complete" in done.err
    path.write_bytes(b"".join(data for _, data in reads))  # a file without times has no rate
    assert "tokens/s" not in run_here("read", str(path)).err


def test_text_on_stdout_and_summary_on_stderr(server: Server, run_here: RunHere) -> None:
    done = run_here("read", server.answers_with(WHOLE))
    assert (done.status, done.out.decode()) == (ENDED, "Hello é\n")
    assert re.fullmatch(
        r"-- stop, 1,200 tokens in, 34 out \(8 reasoning\), 5 events, first part after \d+ ms, "
        r"\d+\.\d\d s in total, [\d,.]+ tokens/s, complete\n",
        done.err,
    )


@pytest.mark.parametrize("name", ["openai-chat", "openai-responses", "anthropic", "gemini"])
def test_api_is_detected_from_the_first_event(name: str, run_here: RunHere) -> None:
    body = files("ssescan.cli").joinpath("streams", f"{name}.sse").read_bytes()
    done = run_here("read", stdin=body)
    message = stream(body).collect()
    assert (done.status, message.api) == (ENDED, name)
    assert done.out.decode().rstrip("\n") == message.text.rstrip("\n") != ""
    assert done == run_here("read", "--api", name, stdin=body) or "first part after" in done.err


@pytest.mark.parametrize(
    ("pieces", "printed"),
    [(("a", "b"), "ab\n"), (("a\n",), "a\n"), (("a\n", "\n"), "a\n\n"), ((), ""), (("\n",), "\n"), (("a\r",), "a\r\n")],
)
def test_missing_line_feed_is_added(pieces: tuple[str, ...], printed: str, run_here: RunHere) -> None:
    done = run_here("read", stdin=text(*pieces) + STOP + DONE)
    assert (done.status, done.out.decode()) == (ENDED, printed)


def test_plain_output_is_the_unchanged_text(run_here: RunHere) -> None:
    odd = "\x1b[31m\x00\u202e\t漢\r\n\ud800"
    done = run_here("read", stdin=text(odd) + STOP)
    assert done.out.decode() == odd.replace("\ud800", "\ufffd") + "\n"


def test_plain_output_has_no_reasoning_or_calls(run_here: RunHere) -> None:
    calls = tool(0, '{"a":', name="one") + tool(0, "1}") + tool(1, "{}", name="two")
    body = chunk({"reasoning_content": "Hm."}) + text("Look.") + calls + chunk({}, finish="tool_calls") + DONE
    done = run_here("read", stdin=body)
    assert (done.status, done.out) == (ENDED, b"Look.\n")
    assert summary_line(done).startswith("-- tool_calls, no usage, 2 tool calls, ")


def test_refusal_is_printed_like_text(run_here: RunHere) -> None:
    done = run_here("read", stdin=chunk({"refusal": "I will "}) + chunk({"refusal": "not."}) + STOP + DONE)
    assert (done.status, done.out) == (ENDED, b"I will not.\n")
    assert summary_line(done).startswith("-- refusal, ")


def test_only_the_first_choice_is_printed(run_here: RunHere) -> None:
    others = chunk({"content": "B"}, index=1), chunk({}, index=1, finish="stop")
    body = others[0] + text("A") + STOP + others[1] + DONE
    done = run_here("read", stdin=body)
    assert (done.status, done.out) == (ENDED, b"A\n")
    assert "only choice 0 of 2 (--message has all)" in summary_line(done)
    assert [choice["text"] for choice in json.loads(run_here("read", "--message", stdin=body).out)["choices"]] == [
        "A",
        "B",
    ]


def test_revised_text_is_reported(run_here: RunHere) -> None:
    place = {"item_id": "i", "output_index": 0, "content_index": 0}
    item = {"id": "i", "type": "message", "role": "assistant", "content": []}
    body = (
        event({"type": "response.created", "response": {"id": "r", "model": "m", "output": []}})
        + event({"type": "response.output_item.added", "output_index": 0, "item": item})
        + event({"type": "response.output_text.delta", "delta": "draft"} | place)
        + event({"type": "response.output_text.done", "text": "revised"} | place)
        + event({"type": "response.completed", "response": {"id": "r", "model": "m", "status": "completed"}})
    )
    done = run_here("read", stdin=body)
    assert (done.status, done.out) == (ENDED, b"draft\n")
    assert "text revised after it was streamed (--message has the final text)" in summary_line(done)
    assert json.loads(run_here("read", "--message", stdin=body).out)["text"] == "revised"


def test_file_and_stdin_read_alike(file_of: Callable[[bytes], str], run_here: RunHere) -> None:
    for done in (run_here("read", file_of(WHOLE)), run_here("read", "-", stdin=WHOLE)):
        assert (done.status, done.out.decode()) == (ENDED, "Hello é\n")


def test_json_lines_are_the_parts(run_here: RunHere) -> None:
    done = run_here("read", "--json", stdin=WHOLE)
    assert (done.status, done.err) == (ENDED, "")
    lines = [json.loads(line) for line in done.out.splitlines()]
    times = [line.pop("received_ns") for line in lines]
    assert all(isinstance(time, int) for time in times)
    assert times == sorted(times)
    assert [line["type"] for line in lines] == ["Start", "TextDelta", "TextDelta", "Usage", "Finish", "End"]
    assert lines[2] == {"type": "TextDelta", "choice": 0, "block": 0, "text": "llo é"}
    assert lines[-1] == {"type": "End", "choice": 0, "complete": True}


def test_message_is_one_json_document(run_here: RunHere) -> None:
    done = run_here("read", "--message", stdin=WHOLE)
    assert (done.status, done.err) == (ENDED, "")
    assert done.out == stream(WHOLE).collect().to_json() + b"\n"


@pytest.mark.parametrize(("body", "status"), [(UNFINISHED, CUT), (OVERLOADED, PROVIDER), (b"", CUT)])
def test_incomplete_message_is_printed(body: bytes, status: int, run_here: RunHere) -> None:
    done = run_here("read", "--message", stdin=body)
    assert done.status == status
    error_line(done)
    assert done.out == stream(body, strict=False).collect().to_json() + b"\n"


def test_message_is_printed_after_a_dropped_connection(server: Server, run_here: RunHere) -> None:
    done = run_here("read", "--message", server.answers_with(UNFINISHED, dropped=True))
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


def test_time_to_first_part_starts_with_the_request(server: Server, run_here: RunHere) -> None:
    pause = threading.Event()
    url = server.answers_with(b": ping\n\n", lambda: pause.wait(0.3), WHOLE)
    found = re.search(r"first part after (\d+) ms", run_here("read", url).err)
    assert found
    assert int(found[1]) >= 300


@pytest.mark.parametrize(
    ("pieces", "options", "reasoning", "answer"),
    [
        (("<thi", "nk>Hm.</think>", "Yes."), (), "", "<think>Hm.</think>Yes."),
        (("<thi", "nk>Hm.</think>", "Yes."), ("--think-tags",), "Hm.", "Yes."),
        (("Hm.</th", "ink>Yes."), ("--think-tags",), "", "Hm.</think>Yes."),
        (("Hm.</th", "ink>Yes."), ("--think-tags=open",), "Hm.", "Yes."),
    ],
)
def test_think_tags(
    pieces: tuple[str, ...], options: tuple[str, ...], reasoning: str, answer: str, run_here: RunHere
) -> None:
    body = text(*pieces) + STOP + DONE
    message = json.loads(run_here("read", "--message", *options, "-", stdin=body).out)
    assert (message["reasoning"], message["text"]) == (reasoning, answer)
    assert run_here("read", *options, stdin=body).out.decode() == answer + "\n"


def test_think_tags_has_one_value(run_here: RunHere) -> None:
    done = run_here("read", "--think-tags=close", stdin=WHOLE)
    assert (done.status, done.out) == (2, b"")
    assert "--think-tags" in done.err


def test_rate_is_of_the_whole_time(server: Server, run_here: RunHere) -> None:
    pause = threading.Event()
    done = run_here("read", server.answers_with(text("a"), lambda: pause.wait(0.5), STOP + USAGE_CHUNK + DONE))
    found = re.search(r", ([\d.]+) s in total, ([\d.]+) tokens/s, complete\n\Z", done.err)
    assert found
    assert float(found[1]) >= 0.5
    assert float(found[2]) == pytest.approx(34 / float(found[1]), rel=0.05)


def test_time_is_that_of_the_last_part(server: Server, run_here: RunHere) -> None:
    pause = threading.Event()
    done = run_here("read", server.answers_with(text("a") + STOP + USAGE_CHUNK + DONE, lambda: pause.wait(0.9)))
    found = re.search(r", ([\d.]+) s in total,", done.err)
    assert found
    assert float(found[1]) < 0.9


def test_file_has_no_rate(tmp_path: Path, run_here: RunHere) -> None:
    (tmp_path / "answer.sse").write_bytes(text("a") + STOP + USAGE_CHUNK + DONE)
    assert "tokens/s" not in summary_line(run_here("read", str(tmp_path / "answer.sse")))


@pytest.mark.parametrize("option", ["--think-tags=closed", "--think-tags=OPEN"])
def test_other_value_of_think_tags(option: str, run_here: RunHere) -> None:
    done = run_here("read", option)
    assert (done.status, "--think-tags=open" in done.err) == (2, True)


@pytest.mark.parametrize("body", [text("a") + STOP + DONE, UNFINISHED])
def test_rate_is_omitted_without_usage(body: bytes, run_here: RunHere) -> None:
    done = run_here("read", stdin=body)
    assert re.search(r" ms, \d+\.\d\d s in total, (complete|cut)$", summary_line(done))
