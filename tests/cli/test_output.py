"""The output of `ssescan cat`: canonical text, JSON lines, raw bytes, and the format for a terminal."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from ssescan import iter_events

from .processes import RunHere, Server, run_on_terminal, without_colors

ODD = (
    b"\xef\xbb\xbf: a comment\r\nretry: 70\r\nid: 1\rdata:one\ndata\ndata: \xe2\x80\xa8two \r\n\r\n"
    b'event: \xc3\xa9v\ndata:  spaced\x00\xff\n\nid\ndata:{"n": 1.0}\n\n'
    b"retry: 5\n\ndata\n\nid: 2\n\nevent:x\ndata: last \xf0\x9f\x90\xa6\nretry: x\n\n"
)


def test_plain_output_is_canonical(run_here: RunHere) -> None:
    stream = b"id:1\rdata:one\ndata\ndata: two \r\n\r\nevent: message\ndata:x\n\nretry: 7\nid\nevent:e\ndata:y\n\n"
    assert run_here("cat", stdin=stream).out == (
        b"id: 1\ndata: one\ndata: \ndata: two \n\ndata: x\n\nevent: e\nid: \nretry: 7\ndata: y\n\n"
    )


def test_plain_output_reads_as_the_same_events(run_here: RunHere) -> None:
    once = run_here("cat", stdin=ODD)
    assert list(iter_events(once.out)) == list(iter_events(ODD))
    assert run_here("cat", stdin=once.out).out == once.out


def test_file_and_stdin_read_alike(tmp_path: Path, run_here: RunHere) -> None:
    file = tmp_path / "odd.sse"
    file.write_bytes(ODD)
    assert run_here("cat", str(file)) == run_here("cat", "-", stdin=ODD) == run_here("cat", stdin=ODD)


def test_json_lines_have_every_field(run_here: RunHere) -> None:
    lines = [json.loads(line) for line in run_here("cat", "--json", stdin=ODD).out.splitlines()]
    times = [line.pop("received_ns") for line in lines]
    assert lines == [{"event": e.event, "data": e.data, "id": e.id, "retry": e.retry} for e in iter_events(ODD)]
    assert all(isinstance(time, int) for time in times)
    assert times == sorted(times)


@pytest.mark.parametrize(
    ("stream", "shown"),
    [
        (b"data: a\n\n", "data: a␊\n␊\n"),
        (b"data: a\r\n\r\n", "data: a␍␊\n␍␊\n"),
        (b"data: a\r\r", "data: a␍\n␍\n"),
        (b"a\r\n\rb\n\r", "a␍␊\n␍\nb␊\n␍\n"),
        (b"a\tb\x00\x1b\x7f\n", "a␉b␀␛␡␊\n"),
        (b"\xef\xbb\xbfid: \xc2\x85\n", "\\ufeffid: \\x85␊\n"),
        (b"data: \xe2\x80\xa8 \xff \xc3\xa9 \xed\xa0\x80\n", "data: \\u2028 \\xff é \\xed\\xa0\\x80␊\n"),
        (b"no end", "no end\n"),
        (b"half \xf0\x9f", "half \\xf0\\x9f\n"),
        (b"", ""),
    ],
)
def test_raw_shows_every_byte(stream: bytes, shown: str, run_here: RunHere) -> None:
    assert run_here("cat", "--raw", stdin=stream).out.decode() == shown


def test_raw_output_does_not_depend_on_chunks(server: Server, run_here: RunHere) -> None:
    stream = b"data: a\r\n\r\nb\r\rc\n \xf0\x9f\x90\xa6 \xff\r"
    byte_by_byte = server.answers_with(*(bytes([byte]) for byte in stream))
    assert run_here("cat", "--raw", byte_by_byte).out == run_here("cat", "--raw", stdin=stream).out


def test_wide_characters_are_folded_by_width(file_of: Callable[[bytes], str]) -> None:
    shown = without_colors(run_on_terminal("cat", file_of("data: x{}\n\n".format("漢" * 60).encode())))
    assert shown.split("\n")[1:3] == ["x" + "漢" * 39, "漢" * 21]


def test_terminal_shows_header_data_and_summary(file_of: Callable[[bytes], str]) -> None:
    long = '{"z": 1.50, "a": [1e3,  null], "text": "' + "wide words " * 20 + '", "z": "twice"}'
    shown = run_on_terminal(
        "cat", file_of(f"id: 7\nretry: 90\nevent: e\ndata: {long}\n\ndata: [DONE]\ndata: 2\n\n".encode())
    )
    folded = "\n".join(long[at : at + 80] for at in range(0, len(long), 80))
    assert re.fullmatch(
        r"#1  e  id=7  retry=90  \+0 ms\n" + re.escape(folded) + r"\n\n"
        r"#2  message  id=7  \+0 ms\n\[DONE\]\n2\n\n"
        r"-- 2 events, \d+ bytes in 1 read, ended, \d+\.\d\d s\n",
        without_colors(shown),
    )
    assert re.search(r"\x1b\[[0-9;]*32m\"twice\"", shown), "strings in JSON are green"
    assert "\x1b[" not in shown.partition("[DONE]")[2].partition("\n\n")[0], "only JSON has a color"


def test_no_color(file_of: Callable[[bytes], str]) -> None:
    shown = run_on_terminal("cat", file_of(b'data: {"a": 1}\n\n'), NO_COLOR="1")
    assert '{"a": 1}' in without_colors(shown)
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", shown)


def test_terminal_output_is_escaped(file_of: Callable[[bytes], str]) -> None:
    evil = "\x1b]0;title\x07\x9b31m\u202e"
    shown = run_on_terminal("cat", file_of(f"event: {evil}\nid: {evil}\ndata: {evil}[bold]\n\n".encode()))
    assert without_colors(shown).count("␛]0;title␇\\x9b31m\\u202e") == 3
    assert "[bold]" in shown
    assert not set("\x1b\x07\x9b\u202e") & set(without_colors(shown))


def test_terminal_shows_that_the_stream_was_cut(file_of: Callable[[bytes], str]) -> None:
    assert ", cut, " in run_on_terminal("cat", file_of(b"data: a\n\ndata: b"))
