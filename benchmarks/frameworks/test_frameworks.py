"""The tables of the frameworks show the results beside them, and a wrong result is an error."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

import ssescan
from benchmarks.frameworks import __main__ as tool
from benchmarks.frameworks import measure, page, results, streams
from benchmarks.frameworks.answer import Answer
from benchmarks.frameworks.table import FRAMEWORKS, Row
from benchmarks.suites.sdks import sdk_client
from benchmarks.suites.server import ROOT, serving

ROW = Row("openai-chat", "Chat", "openai-chat")


@pytest.mark.parametrize("shown", page.PAGES, ids=lambda path: path.name)
def test_tables_are_those_of_the_results(shown: Path) -> None:
    text = shown.read_text(encoding="utf-8")
    assert page.PLACE.search(text)
    assert page.filled(text, results.load()) == text


def test_results_are_of_the_frameworks_in_the_table() -> None:
    found = results.load()
    assert list(found) == [of.package for of in FRAMEWORKS if of.package in found]
    for framework in FRAMEWORKS:
        if framework.package in found:
            kept = found[framework.package].rows
            assert [(row.title, row.reason) for row in kept] == [(row.title, row.reason) for row in framework.rows]
            assert all(row.read == (0 if row.reason else row.streams) for row in kept)


def test_every_framework_has_a_program_and_streams() -> None:
    for framework in FRAMEWORKS:
        assert (ROOT / "benchmarks" / "frameworks" / "programs" / f"{framework.program}.py").is_file()
        assert {stream for row in framework.rows for stream in (row.stream, *row.also)} <= streams.ANSWERS.keys()


@pytest.mark.parametrize("name", streams.ANSWERS)
def test_streams_are_whole_answers(name: str) -> None:
    message = ssescan.stream(streams.ANSWERS[name](12)).collect()
    assert message.complete
    assert message.usage
    assert len(message.tool_calls) == (2 if "calls" in name else 1 if "items" in name else 0)
    assert all(call.json() for call in message.tool_calls)


def test_accelerated_streams_are_counted_and_equal() -> None:
    def reader(url: str) -> Any:
        client = sdk_client("openai-chat", url)

        def read() -> Answer:
            answer = Answer()
            for chunk in client.chat.completions.create(model="m", messages=[], stream=True):
                answer.text += "".join(choice.delta.content or "" for choice in chunk.choices)
            return answer

        return read

    with serving(streams.__name__) as url:
        given = measure.measured({count: reader(url("openai-chat", count)) for count in (2, 4)}, 1)
    assert given["answer"]["text"] == " the river"
    assert (given["different"], given["streams"]["openai"]["read"]) == ([], given["read"])
    assert tool.checked(ROW, "openai-chat", given) is given


def test_results_that_differ_are_an_error() -> None:
    answers = iter(("first", "second", "third", "fourth", "fifth", "sixth"))
    given = measure.measured({1: lambda: Answer("same"), 2: lambda: Answer(next(answers))}, 2)
    assert len(given["different"]) == 3
    with pytest.raises(tool.Wrong, match="expected the same from openai-chat"):
        tool.checked(ROW, "openai-chat", given)


@pytest.mark.parametrize(("reason", "read"), [("", 2), ("", 0), ("it has a parser of its own", 3)])
def test_acceleration_must_be_as_the_table_says(reason: str, read: int) -> None:
    given: dict[str, Any] = {"different": [], "read": 3, "streams": {"openai": {"read": read}}, "left_alone": []}
    with pytest.raises(tool.Wrong, match="expected acceleration to read"):
        tool.checked(ROW._replace(reason=reason), "openai-chat", given)


def test_saved_results_are_loaded_unchanged(tmp_path: Path) -> None:
    row = results.Found("Chat", 2e-4, 1e-4, 3, 3, 0, ["openai-chat"], "")
    kept = {"llm": results.Measured("2026-11-29", "CPython 3.11.7", {"llm": "0.36"}, [row])}
    results.save(kept, tmp_path / "frameworks.json")
    assert results.load(tmp_path / "frameworks.json") == kept
    assert page.line("llm", {"llm": "0.36"}, row) == ["llm 0.36", "Chat", "200", "100", "2.0 times"]
    unread = msgspec.structs.replace(row, reason="it has a parser of its own")
    assert page.line("llm", {"llm": "0.36"}, unread)[-1] == "none"


def test_unknown_framework_is_an_error() -> None:
    command = [sys.executable, "-m", "benchmarks.frameworks", "nothing"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "got nothing" in done.stderr
