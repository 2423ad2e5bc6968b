"""Control characters are escaped on a terminal, whatever their source. Pipes and files get them unchanged."""

import json
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from ssescan import stream

from .answers import STOP, WHOLE, chunk, event, text, tool
from .processes import SDKS, RunHere, Server, run_on_terminal, without, without_colors

BIDI = "".join(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))
CONTROLS = "".join(map(chr, (*range(0x20), *range(0x7F, 0xA0)))) + BIDI
MARKS = "\u061c\u200e\u200f"  # direction marks of ordinary text, which are harmless
EVIL = "\x1b]0;t\x07\x9b31m\x7f\u202e\u2066"  # without NUL and line ends, for file names and arguments
ODD = "a" + CONTROLS + MARKS + "\u200b\u2028\ufeff\u00e9\U0001f426\\z"
JSON = [("cat", "--json"), ("read", "--json"), ("read", "--message")]


def controls(shown: str) -> set[str]:
    """Return the control characters in a terminal's output, except colors and line ends."""
    return set(CONTROLS.replace("\n", "")) & set(without_colors(shown))


def odd_stream() -> bytes:
    """Return a stream with control characters in every text of a model or server."""
    calls = tool(0, json.dumps({"a": ODD}), name=ODD)
    return chunk({"reasoning_content": ODD}) + text(ODD) + calls + chunk({}, finish=ODD)


@pytest.mark.parametrize("options", JSON, ids=" ".join)
def test_json_on_a_terminal_is_escaped_and_equal(
    options: tuple[str, ...], file_of: Callable[[bytes], str], run_here: RunHere
) -> None:
    fields = f"id: {CONTROLS[14:]}{MARKS}\nevent: \x7f\x80\ndata: ".encode()
    file = file_of(odd_stream().replace(b"data: ", fields))
    shown = run_on_terminal(*options, file)
    assert controls(shown) == set()
    assert MARKS in shown
    piped = run_here(*options, file).out.decode()
    assert set(CONTROLS[32:]) & set(piped)
    on_terminal, in_pipe = ([json.loads(line) for line in lines.split("\n")[:-1]] for lines in (shown, piped))
    for line in on_terminal + in_pipe:
        line.pop("received_ns", None)
    assert on_terminal == in_pipe


def test_json_in_a_pipe_is_not_escaped(run_here: RunHere) -> None:
    assert (
        run_here("read", "--message", stdin=odd_stream()).out
        == stream(odd_stream(), strict=False).collect().to_json() + b"\n"
    )


@pytest.mark.parametrize("command", ["cat", "read"])
def test_direction_marks_are_kept(command: str, file_of: Callable[[bytes], str]) -> None:
    body = text(f"\u05d0{MARKS}\u05d1") + STOP if command == "read" else f"data: \u05d0{MARKS}\u05d1\n\n".encode()
    assert f"\u05d0{MARKS}\u05d1\n" in without_colors(run_on_terminal(command, file_of(body)))


@pytest.mark.parametrize("command", ["cat", "read"])
def test_streams_are_escaped(command: str, file_of: Callable[[bytes], str]) -> None:
    shown = run_on_terminal(command, file_of(b"id: \xc2\x9b\n" + odd_stream()), errors=True)
    assert controls(shown.replace("\t", "")) == set()


ERRORS = [
    event({"error": {"message": ODD, "type": ODD, "code": ODD}}),
    event({"error": ODD}),
    b"data: {" + EVIL.encode() + b"\n\n" + STOP,
    b"data: " + EVIL.encode() + b"\n\n",
    f"error: {EVIL}\n\n".encode(),
    b"<" + EVIL.encode() + b">\n\n",
]


@pytest.mark.parametrize("output", [True, False], ids=["terminal", "stderr alone"])
@pytest.mark.parametrize("command", ["cat", "read"])
@pytest.mark.parametrize("body", ERRORS, ids=range(len(ERRORS)))
def test_errors_in_a_stream_are_escaped(
    command: str, body: bytes, output: bool, file_of: Callable[[bytes], str]
) -> None:
    shown = run_on_terminal(command, file_of(text("a") + body), output=output, errors=True)
    assert controls(shown) == set()


@pytest.mark.parametrize("output", [True, False], ids=["terminal", "stderr alone"])
@pytest.mark.parametrize("how", [{"status": 400}, {"content_type": "text/\x9bhtml"}], ids=["status", "type"])
def test_refused_response_is_escaped(how: dict[str, object], output: bool, server: Server) -> None:
    url = server.answers_with(EVIL.encode(), path="/%C2%9B%E2%80%AE", **how)
    shown = run_on_terminal("cat", url.replace("%C2%9B%E2%80%AE", "\x9b\u202e"), output=output, errors=True)
    assert "127.0.0.1" in shown
    assert controls(shown) == set()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not allow such names")
@pytest.mark.parametrize("output", [True, False], ids=["terminal", "stderr alone"])
@pytest.mark.parametrize(
    "body", [b"data: a\n\ndata: b", b"<p>\n\n", WHOLE[:-30]], ids=["cut", "no event", "cut answer"]
)
def test_file_name_is_escaped(body: bytes, output: bool, tmp_path: Path, run_here: RunHere) -> None:
    for name in (EVIL, "a\nb", "a\rb\u2028c"):
        file = tmp_path / name
        file.write_bytes(body)
        for command in ("cat", "read"):
            shown = run_on_terminal(command, str(file), output=output, errors=True)
            assert controls(shown) == set()
    assert "a␊b" in run_here("cat", str(tmp_path / "a\nb")).err if body.startswith(b"data: a") else True


WRONG = [
    (EVIL,),
    (f"--{EVIL}",),
    (f"-{EVIL}",),
    *(
        (command, *rest)
        for command in ("cat", "read")
        for rest in (
            (EVIL,),
            ("a", EVIL),
            (f"--{EVIL}",),
            (f"-{EVIL}",),
            ("--idle", EVIL),
            ("-H", EVIL, "http://h/"),
            ("-H", f"{EVIL}: a", "http://h/"),
            ("-X", EVIL, "http://h/"),
            ("-d", f"@{EVIL}", "http://h/"),
            ("-X", "GET", EVIL),
            (f"http://{EVIL}/",),
            (f"http://127.0.0.1:9/{EVIL}",),
            ("http://127.0.0.1:9/\x9b\u202e",),
            (f"http://[{EVIL}",),
        )
    ),
    ("read", "--api", EVIL),
    ("run", EVIL),
    ("run", "-m", EVIL),
    ("run", "--accelerate", EVIL, "x.py"),
    ("demo", EVIL),
    ("demo", "--pace", EVIL),
    ("doctor", EVIL),
]


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_wrong_arguments_are_escaped(number: int) -> None:
    shown = run_on_terminal(*WRONG[number], output=bool(number % 2), errors=True)
    assert shown.startswith("ssescan: ")
    assert controls(shown) == set()


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_doctor_output_is_escaped(options: tuple[str, ...], tmp_path: Path) -> None:
    # A package with control characters in its version.
    folder = tmp_path / "trio-9.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Name: trio\nVersion: 9\x9b31m\x7f\u202e{version('click')}\n", encoding="utf-8")
    shown = run_on_terminal("doctor", *options, PYTHONPATH=without(SDKS, tmp_path)["PYTHONPATH"])
    assert version("click") in shown
    assert controls(shown) == set()
    if options:
        assert json.loads(shown)["packages"]["trio"].startswith("9\x9b31m\x7f\u202e")
