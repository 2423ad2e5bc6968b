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
from benchmarks.frameworks import instrumentation, measure, page, results, streams, tools
from benchmarks.frameworks.answer import Answer
from benchmarks.frameworks.environments import Wrong
from benchmarks.frameworks.table import FRAMEWORKS, Row
from benchmarks.suites.sdks import sdk_client
from benchmarks.suites.server import ROOT, serving

ROW = Row("openai-chat", "Chat", "openai-chat")


@pytest.mark.parametrize("shown", page.PAGES, ids=lambda path: path.name)
def test_tables_are_those_of_the_results(shown: Path) -> None:
    text = shown.read_text(encoding="utf-8")
    assert page.PLACE.search(text)
    assert page.filled(text, results.load(results.FRAMEWORKS), results.load(results.OBSERVED)) == text


def test_results_are_of_the_frameworks_in_the_table() -> None:
    found = results.load(results.FRAMEWORKS)
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


@pytest.mark.parametrize("name", [name for name in streams.ANSWERS if not name.endswith("-error")])
def test_streams_are_whole_answers(name: str) -> None:
    message = ssescan.stream(streams.ANSWERS[name](12)).collect()
    assert message.complete
    assert message.usage
    assert len(message.tool_calls) == (2 if "calls" in name else 1 if "items" in name else 0)
    assert all(call.json() for call in message.tool_calls)


@pytest.mark.parametrize("api", ["openai-chat", "openai-responses", "anthropic"])
def test_streams_with_an_error_end_with_it(api: str) -> None:
    with pytest.raises(ssescan.ProviderError, match="too busy"):
        ssescan.stream(streams.ANSWERS[f"{api}-error"](12)).collect()


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
    with pytest.raises(Wrong, match="expected the same from openai-chat"):
        tool.checked(ROW, "openai-chat", given)


@pytest.mark.parametrize(("reason", "read"), [("", 2), ("", 0), ("it has a parser of its own", 3)])
def test_acceleration_must_be_as_the_table_says(reason: str, read: int) -> None:
    given: dict[str, Any] = {"different": [], "read": 3, "streams": {"openai": {"read": read}}, "left_alone": []}
    with pytest.raises(Wrong, match="expected acceleration to read"):
        tool.checked(ROW._replace(reason=reason), "openai-chat", given)


def test_saved_results_are_loaded_unchanged(tmp_path: Path) -> None:
    row = results.Found("Chat", 2e-4, 1e-4, 3, 3, 0, ["openai-chat"], "")
    kept = {"llm": results.Measured("2026-11-29", "CPython 3.11.7", {"llm": "0.36"}, [row])}
    file = results.FRAMEWORKS._replace(path=tmp_path / "frameworks.json")
    results.save(kept, file)
    assert results.load(file) == kept
    assert page.line("llm", {"llm": "0.36"}, row) == ["llm 0.36", "Chat", "200", "100", "2.0 times"]
    unread = msgspec.structs.replace(row, reason="it has a parser of its own")
    assert page.line("llm", {"llm": "0.36"}, unread)[-1] == "none"


def read(text: str, seconds: float = 0.1) -> dict[str, Any]:
    attributes = {"text": f"the{text} carries", "tokens": 512, "seconds": seconds}
    return {"name": "openai-chat, create()", "chunks": ["Chunk(the)"], "spans": [{"attributes": attributes}]}


def rounds(*reads: dict[str, Any]) -> list[dict[str, Any]]:
    """Return rounds of one stream each, of which the last has acceleration."""
    return [{"is_on": of is reads[-1], "reads": [of], "accelerated": int(of is reads[-1])} for of in reads]


def test_values_that_always_differ_are_left_out() -> None:
    same = rounds(read(" river", 0.1), read(" river", 0.2), read(" river", 0.3))
    assert instrumentation.compared(same) == ({"streams": 1, "spans": 1, "values": 2}, {"seconds"})


def test_functions_of_an_error_are_not_compared() -> None:
    trace = "Traceback:\n  in __stream__\nAPIError: too busy\n"
    given = {"error.stack": trace, "logfire.exception.fingerprint": "73b6532e", "message": "took 0.04s", "tokens": 9}
    assert tools.plain(given) == {"error.stack": "APIError: too busy", "message": "took 0s", "tokens": 9}


@pytest.mark.parametrize(
    ("other", "error"),
    [
        (read(" lake"), "the same spans of .*acceleration on.*the lake"),
        (read(" river") | {"spans": []}, "the same spans of .*missing"),
        (read(" river") | {"chunks": ["Chunk(the)", "Chunk(end)"]}, "the same chunks of .*None, 'Chunk.end"),
    ],
)
def test_what_acceleration_changes_is_an_error(other: dict[str, Any], error: str) -> None:
    with pytest.raises(Wrong, match=error):
        instrumentation.compared(rounds(read(" river"), read(" river"), other))


def test_tool_and_acceleration_must_take_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instrumentation, "APIS", ("openai-chat",))
    found = rounds(read(" river"), read(" river"))
    assert instrumentation.checked(found) is found
    with pytest.raises(Wrong, match="spans with the text and the tokens of openai-chat"):
        instrumentation.checked(rounds(read(" lake"), read(" river")))
    found[-1]["accelerated"] = 0
    with pytest.raises(Wrong, match="expected acceleration to read all of 1 streams"):
        instrumentation.checked(found)


def test_compared_tools_are_those_of_the_table() -> None:
    found = results.load(results.OBSERVED)
    assert list(found) == [name for name in instrumentation.TOOLS if name in found]
    for name, of in found.items():
        assert set(of.versions) == {
            *(it.partition("[")[0] for it in instrumentation.TOOLS[name]),
            *instrumentation.SDKS,
        }
        assert min(of.streams, of.spans, of.values) > 0


@pytest.mark.parametrize("command", ["benchmarks.frameworks", "benchmarks.frameworks.instrumentation"])
def test_unknown_name_is_an_error(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", command, "nothing"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "got nothing" in done.stderr
