"""The output of `ssescan read` on a terminal."""

import json
import re
from collections.abc import Callable

from .answers import DONE, GEMINI_PARTIAL, SERVER_TOOL, STOP, UNFINISHED, WHOLE, chunk, text, tool
from .processes import run, run_on_terminal, without_colors


def test_terminal_separates_reasoning_text_and_calls(file_of: Callable[[bytes], str]) -> None:
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
    shown = run_on_terminal("read", file_of(body), errors=True)
    assert re.fullmatch(
        r'Let me think\.\n\nOne moment\.\n\ntool call first \{"a": 1\}\ntool call second \{\}\n\n'
        r"-- tool_calls, no usage, 2 tool calls, 9 events, first part after \d+ ms,\s+\d\.\d\d\s+s\s+in\s+total,\s+complete\n",
        without_colors(shown),
    )
    assert "\x1b[2mLet me \x1b[0m" in shown, "reasoning is dim"
    assert "One moment." in shown, "text has no style"
    assert re.search(r"\x1b\[[\d;]*36m\{\"a\": \x1b\[0m", shown), "arguments have a color"


def test_summary_goes_to_stderr_on_a_terminal(file_of: Callable[[bytes], str]) -> None:
    assert without_colors(run_on_terminal("read", file_of(WHOLE))) == "Hello é\n\n"


def test_parallel_calls_are_named_at_each_switch(file_of: Callable[[bytes], str]) -> None:
    calls = tool(0, "[1", name="x") + tool(1, "[2", name="y") + tool(0, "]") + tool(1, "]")
    shown = without_colors(run_on_terminal("read", file_of(calls + chunk({}, finish="tool_calls"))))
    assert shown == "tool call x [1\ntool call y [2\ntool call x ]\ntool call y ]\n\n"


def test_cut_call_is_marked(file_of: Callable[[bytes], str]) -> None:
    shown = without_colors(run_on_terminal("read", file_of(tool(0, '{"a', name="x")), errors=True))
    assert shown.startswith('tool call x {"a (cut, do not run)\n\n')
    assert "1 tool call (1 cut, do not run)" in " ".join(shown.split())


def test_structured_arguments_are_shown_when_complete(file_of: Callable[[bytes], str]) -> None:
    assert without_colors(run_on_terminal("read", file_of(GEMINI_PARTIAL))) == 'tool call plan {"hours":6}\n\n'


def test_provider_tools_are_marked(file_of: Callable[[bytes], str]) -> None:
    shown = without_colors(run_on_terminal("read", file_of(SERVER_TOOL)))
    assert shown == 'provider\'s tool web_search {"query": "tide"}\nresult of web_search\n\nAt noon.\n\n'


def test_lines_and_tabs_are_not_changed(file_of: Callable[[bytes], str]) -> None:
    long = "wide words " * 20
    shown = run_on_terminal("read", file_of(text("a\n", "\n\tb ", "c\t", "d\n\n", long) + STOP))
    assert shown == f"a\n\n\tb c\td\n\n{long}\n\n"


def test_terminal_output_is_escaped(file_of: Callable[[bytes], str]) -> None:
    evil = "\x1b]0;title\x07\x9b31m\u202e[bold]"
    calls = tool(0, evil, name=evil)
    body = chunk({"reasoning_content": evil}) + text(evil) + chunk({"refusal": evil}) + calls
    shown = run_on_terminal("read", file_of(body + chunk({}, finish=evil)), errors=True)
    assert without_colors(shown).count("␛]0;title␇\\x9b31m\\u202e[bold]") >= 5
    assert not set("\x1b\x07\x9b\u202e") & set(without_colors(shown))


def test_no_color(file_of: Callable[[bytes], str]) -> None:
    shown = run_on_terminal("read", file_of(tool(0, "{}", name="x") + STOP), NO_COLOR="1")
    assert "tool call x {}" in without_colors(shown)
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", shown)


def test_json_on_a_terminal_is_json(file_of: Callable[[bytes], str]) -> None:
    lines = run_on_terminal("read", "--json", file_of(WHOLE), errors=True).splitlines()
    assert [json.loads(line)["type"] for line in lines][-1] == "End"


def test_failure_is_folded_at_spaces(file_of: Callable[[bytes], str]) -> None:
    name = file_of(UNFINISHED)
    failure = run("read", name).err.splitlines()[-1]
    shown = without_colors(run_on_terminal("read", name, output=False, errors=True))
    assert all(len(line) <= 80 for line in shown.splitlines() if " " in line)
    assert failure in " ".join(shown.split())
