"""`ssescan demo`: what it shows, without SDKs, without packages, and when something is not as expected."""

import dataclasses
import re
from pathlib import Path

import pytest

from ssescan import backend, stream
from ssescan.cli import demo_scenes
from ssescan.cli.exits import Exit

from .processes import SDKS, RunHere, environment, run, without


def test_whole_demo() -> None:
    done = run("demo", "--pace", "0", env=environment(PYTHONIOENCODING="ascii"))
    out = done.out.decode()
    assert done.status == 0, done.err
    assert backend in out.partition("\n")[0] or "pure-Python" in out
    assert re.findall(r"^exit status (\d): ", out, re.MULTILINE) == ["0", "3", "6"]
    assert demo_scenes.TEXT in out
    assert out.count("the same answer\n") == len(demo_scenes.PATHS)
    assert re.search(r"times as fast, with equal objects\n", out)
    assert "Everything is as expected." in out
    for verdict in ("1 tool call", "the stream was cut before its end", "kind overloaded_error: Overloaded"):
        assert verdict in done.err


def test_demo_without_sdks_in_pure_python(tmp_path: Path) -> None:
    done = run("demo", "--pace", "0", env=without(SDKS, tmp_path) | {"SSESCAN_BACKEND": "python", "COLUMNS": "40"})
    out = done.out.decode()
    assert done.status == 0, done.err
    assert "the pure-Python scanner" in " ".join(out.split())
    assert "$ python -m ssescan run program.py" in out
    shown = out.partition("The same answer")[2].partition("An answer that is cut")[0]
    assert all(len(line) <= 40 for line in shown.splitlines())


def test_missing_packages_are_all_named(tmp_path: Path) -> None:
    done = run("demo", env=without(("rich", "starlette", "uvicorn"), tmp_path))
    assert (done.status, done.out) == (1, b"")
    assert "missing: rich, starlette, uvicorn; pip install 'ssescan[cli,replay]'" in done.err


def test_wrong_status_is_told(run_here: RunHere, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = [dataclasses.replace(scene, expected=Exit.REFUSED) for scene in demo_scenes.scenes()[:1]]
    monkeypatch.setattr(demo_scenes, "scenes", lambda: wrong)
    monkeypatch.setattr(demo_scenes, "show_sdk", lambda _: True)
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    done = run_here("demo", "--pace", "0")
    assert done.status == 1
    assert "exit status 0, expected 4" in done.out.decode()
    assert "NOT everything is as expected." in done.out.decode()


def test_answers_are_what_the_scenes_say() -> None:
    message = stream(demo_scenes.answer()).collect()
    assert (message.reasoning, message.text) == (demo_scenes.REASONING, demo_scenes.TEXT)
    assert [call.name for call in message.tool_calls] == ["ferry_times"]
    assert not stream(demo_scenes.cut_answer(), strict=False).collect().complete
