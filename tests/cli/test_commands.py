"""The command line as a whole: help, version, completion, --debug, a missing extra, `doctor`, the package's streams."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from importlib.resources import files
from pathlib import Path

import pytest

from ssescan import Outcome, backend, iter_events
from ssescan.cli import main
from ssescan.cli.command import COMMANDS, installed
from ssescan.cli.doctor import EXTRAS
from ssescan.dropin.sdk.known_versions import TESTED_VERSIONS

from .processes import GUARD, SDKS, Done, RunHere, environment, run, without

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
STREAMS = {"openai-chat": 39, "openai-responses": 40, "anthropic": 27, "gemini": 6}


def test_help_names_every_command() -> None:
    done = run("--help")
    assert done.status == 0
    assert re.search(r"3 it was cut, 4 the response was refused, .*6 the provider", done.out.decode(), re.DOTALL)
    for command in COMMANDS:
        assert re.search(rf"^  {command}  ", done.out.decode(), re.MULTILINE)


def test_no_command_is_wrong_use() -> None:
    done = run()
    assert (done.status, done.out) == (2, b"")
    assert "Usage: ssescan" in done.err


def test_unknown_command_is_wrong_use() -> None:
    done = run("mew")
    assert (done.status, done.out) == (2, b"")
    assert re.fullmatch(r"ssescan: .*'mew'; the commands are cat, .*\n", done.err)
    assert "got 'rcord'; did you mean 'record'?" in run("rcord").err


def test_version() -> None:
    assert re.fullmatch(rb"ssescan (\d\S*|\(not installed\))\r?\n", run("--version").out)


@pytest.mark.parametrize(
    ("package", "arguments"),
    [
        ("click", ("doctor",)),
        ("msgspec", ("cat", "--json")),
        ("msgspec", ("read",)),
        ("httpx", ("cat", "http://127.0.0.1:9/")),
        ("rich", ("bench",)),
    ],
)
def test_missing_package_names_the_extra(package: str, arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = run(*arguments, env=without((package,), tmp_path))
    assert (done.status, done.out) == (1, b"")
    assert re.fullmatch(rf"ssescan: .*'{package}'.*pip install 'ssescan\[cli\]'\n", done.err)


def test_plain_output_needs_no_extra_package(tmp_path: Path) -> None:
    done = run("cat", stdin=b"data: a\n\n", env=without(("rich", "httpx", "msgspec"), tmp_path))
    assert (done.status, done.out, done.err) == (0, b"data: a\n\n", "")


@pytest.fixture(scope="module")
def doctor() -> tuple[Done, Done]:
    """Return the JSON and the text of `doctor`, which takes long to import all SDKs."""
    return run("doctor", "--json"), run("doctor")


def test_doctor_shows_backend_python_and_packages(doctor: tuple[Done, Done]) -> None:
    as_json, done = doctor
    facts = json.loads(as_json.out)
    assert facts["backend"] == backend
    assert facts["python"].endswith(".".join(map(str, sys.version_info[:3])))
    assert facts["packages"]["click"] == metadata.version("click")
    assert (done.status, done.err) == (0, "")
    rows = dict(line.split(maxsplit=1) for line in done.out.decode().splitlines() if line.startswith("  "))
    assert rows["click"] == facts["packages"]["click"]
    assert rows["python"].startswith(facts["python"])
    assert rows["platform"].startswith(facts["platform"])
    assert rows["backend"].startswith(backend)


def test_doctor_explains_the_pure_backend(tmp_path: Path) -> None:
    done = run("doctor", env=without(SDKS, tmp_path) | {"SSESCAN_BACKEND": "python"})
    assert done.status == 0
    assert re.search(r"backend +python .*SSESCAN_BACKEND", done.out.decode())
    assert "unset SSESCAN_BACKEND" in done.out.decode()


def test_doctor_shows_whether_acceleration_covers_an_sdk(doctor: tuple[Done, Done]) -> None:
    facts = json.loads(doctor[0].out)["accelerate"]
    assert "httpx2" in facts
    shown = doctor[1].out.decode()
    for name, found in facts.items():
        assert (found["covered"], found["reason"]) == (True, None), name
        assert found["tested"] == TESTED_VERSIONS[name]
        assert re.search(rf"^  {name} +{re.escape(metadata.version(name))}  covered$", shown, re.MULTILINE)


def test_doctor_shows_why_an_sdk_is_not_covered(tmp_path: Path) -> None:
    sources = {
        "httpx2/_sse.py": "class _SSEParser: ...",
        "httpx_sse/_api.py": "raise RuntimeError('a\x1b build')",
        "openai/_base_client.py": "import no_such_module",
        "anthropic/__init__.py": "import openai",
    }
    for module, source in sources.items():
        (tmp_path / module).parent.mkdir()
        (tmp_path / module).with_name("__init__.py").touch()
        (tmp_path / module).write_text(source)
    changed = environment()
    changed["PYTHONPATH"] = f"{tmp_path}{os.pathsep}{changed['PYTHONPATH']}"
    done = run("doctor", env=changed)
    assert (done.status, done.err) == (0, "")
    for name, words in (
        ("httpx2", "httpx2 .* left alone, because .*; httpx2 .* is as expected"),
        ("httpx-sse", "it cannot be imported: RuntimeError: a␛ build"),
        ("openai", "it cannot be imported: ModuleNotFoundError: .*'no_such_module'"),
        ("anthropic", "it cannot be imported: ModuleNotFoundError: .*'anthropic._base_client'"),
    ):
        if installed(name):
            wanted = rf"^  {name} +\S+  not covered, the program works as without it: {words}"
            assert re.search(wanted, done.out.decode(), re.MULTILINE)


def test_doctor_knows_the_packages_of_every_extra() -> None:
    extras = tomllib.loads(PYPROJECT.read_text())["project"]["optional-dependencies"]
    named = {re.split(r"[^\w.-]", requirement)[0] for extra in extras.keys() - {"all"} for requirement in extras[extra]}
    assert named == set(EXTRAS)
    assert all(any(re.match(rf"{name}\b", line) for line in extras[extra]) for name, extra in EXTRAS.items())


@pytest.mark.parametrize("name", STREAMS)
def test_streams_of_the_package_are_complete(name: str) -> None:
    body = files("ssescan.cli").joinpath("streams", f"{name}.sse").read_bytes()
    assert (b"\r\n\r\n" in body) == (name == "gemini"), "only Gemini sends CRLF; has git changed the file?"
    assert not body.isascii()
    with iter_events(body) as stream:
        payloads = [event.data for event in stream if event.data != "[DONE]"]
    assert len(payloads) + (name == "openai-chat") == STREAMS[name]
    assert all(isinstance(json.loads(payload), dict) for payload in payloads)
    assert stream.outcome is Outcome.ENDED


@pytest.mark.parametrize("name", COMMANDS)
def test_every_help_has_an_example(name: str, run_here: RunHere) -> None:
    done = run_here(name, "--help")
    assert done.status == 0
    usage, _, rest = done.out.decode().partition("\n\n")
    assert usage.startswith(f"Usage: ssescan {name} ")
    assert re.search(rf"^ {{4,}}.*\bssescan {name}\b", rest, re.MULTILINE)
    assert "--debug" in rest


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("re",), ["plain,read", "plain,record", "plain,replay"]),
        (("--ver",), ["plain,--version"]),
        (("read", "--api", "open"), ["plain,openai-chat", "plain,openai-responses"]),
        (("convert", "--to", "anth"), ["plain,anthropic"]),
        (("cat", "rec"), ["file,rec"]),
        (("replay", "a.tape", "b"), ["file,b"]),
        (("bench", "--p"), ["plain,--peers", "plain,--plot"]),
    ],
)
def test_shell_completion(
    words: tuple[str, ...], expected: list[str], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_SSESCAN_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", " ".join(["ssescan", *words]))
    monkeypatch.setenv("COMP_CWORD", str(len(words)))
    with pytest.raises(SystemExit):
        main([])
    assert capfd.readouterr().out.split() == expected


@pytest.mark.skipif(shutil.which("bash") is None or os.name != "posix", reason="bash is not installed")
def test_completion_in_bash(tmp_path: Path) -> None:
    program = tmp_path / "ssescan"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m ssescan "$@"\n')
    program.chmod(0o755)
    lines = (
        'eval "$(_SSESCAN_COMPLETE=bash_source ssescan)"',  # as docs/cli.md says
        "COMP_WORDS=(ssescan do) COMP_CWORD=1",
        "_ssescan_completion ssescan",
        'echo "${COMPREPLY[@]}"',
        "complete -p ssescan",
    )
    changed = environment()
    changed["PATH"] = f"{tmp_path}{os.pathsep}{changed['PATH']}"
    command = ["bash", "--norc", "-c", "\n".join(lines)]
    done = subprocess.run(command, env=changed, capture_output=True, text=True, timeout=GUARD, check=False)
    assert done.stdout.splitlines() == ["doctor", "complete -o nosort -F _ssescan_completion ssescan"], done.stderr


@pytest.mark.parametrize("arguments", [("--debug", "read"), ("read", "--debug")])
def test_debug_shows_tracebacks_without_secrets(arguments: tuple[str, ...], run_here: RunHere) -> None:
    url = "http://127.0.0.1:9/?key=SECRET"
    header = "Authorization: Bearer SECRET"
    plain, done = (run_here(*words, url, "-H", header) for words in (("read",), arguments))
    assert (plain.status, plain.err.count("\n")) == (done.status, 1) == (5, 1)
    assert done.err.endswith(plain.err)
    assert "Traceback (most recent call last):" in done.err
    assert re.search(r"^ConnectError: ", done.err, re.MULTILINE)  # the cause, of httpx
    assert done.err.index("ConnectError") < done.err.index("\nFailure\n")
    assert "SECRET" not in done.err


def test_debug_changes_nothing_without_a_failure(run_here: RunHere) -> None:
    done = run_here("cat", "--debug", stdin=b"data: a\n\n")
    assert (done.status, done.out, done.err) == (0, b"data: a\n\n", "")
