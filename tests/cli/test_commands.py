"""The command line as a whole: help, version, a missing extra, `doctor`, and the demo."""

import json
import os
import re
import sys
import tomllib
from importlib import metadata
from importlib.resources import files
from pathlib import Path

import pytest

from ssescan import Outcome, backend, iter_events
from ssescan.cli.command import installed
from ssescan.cli.doctor import EXTRAS
from ssescan.cli.playback import Scene, scenes
from ssescan.dropin.sdk.known_versions import TESTED_VERSIONS

from .processes import SDKS, Done, environment, run, without

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
STREAMS = {"openai-chat": 39, "openai-responses": 40, "anthropic": 27, "gemini": 6}


def test_help_names_every_command() -> None:
    done = run("--help")
    assert done.status == 0
    assert re.search(r"3 it was cut, 4 the response was refused, .*6 the provider", done.out.decode(), re.DOTALL)
    for command in ("cat", "read", "ask", "check", "record", "replay", "run", "demo", "doctor"):
        assert re.search(rf"^  {command}  ", done.out.decode(), re.MULTILINE)
        assert run(command, "--help").status == 0


def test_no_command_is_wrong_use() -> None:
    done = run()
    assert (done.status, done.out) == (2, b"")
    assert "Usage: ssescan" in done.err


def test_unknown_command_is_wrong_use() -> None:
    done = run("mew")
    assert (done.status, done.out) == (2, b"")
    assert re.fullmatch(r"ssescan: .*'mew'.*\n", done.err)


def test_version() -> None:
    assert re.fullmatch(rb"ssescan (\d\S*|\(not installed\))\r?\n", run("--version").out)


@pytest.mark.parametrize(
    ("package", "arguments"),
    [
        ("click", ("doctor",)),
        ("msgspec", ("cat", "--json")),
        ("msgspec", ("read",)),
        ("httpx", ("cat", "http://127.0.0.1:9/")),
        ("rich", ("demo",)),
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
def test_demo_streams_are_complete(name: str) -> None:
    body = files("ssescan.cli").joinpath("streams", f"{name}.sse").read_bytes()
    assert (b"\r\n\r\n" in body) == (name == "gemini"), "only Gemini sends CRLF; has git changed the file?"
    assert not body.isascii()
    with iter_events(body) as stream:
        payloads = [event.data for event in stream if event.data != "[DONE]"]
    assert len(payloads) + (name == "openai-chat") == STREAMS[name]
    assert all(isinstance(json.loads(payload), dict) for payload in payloads)
    assert stream.outcome is Outcome.ENDED


@pytest.mark.parametrize("scene", scenes(), ids=lambda scene: scene.name)
def test_demo_cuts_at_difficult_places(scene: Scene) -> None:
    """The demo cuts within lines, before the last byte of a blank line, and within characters."""
    *starts, _last = (write[-1:] for write in scene.writes)
    assert starts.count(b"\n") > len(starts) // 4
    assert sum(byte not in b"\r\n" for byte in starts) > len(starts) // 6
    assert (b"\r" in starts) == (scene.name == "gemini")
    if not b"".join(scene.writes).isascii():
        assert any(byte > b"\x7f" for byte in starts)


@pytest.mark.parametrize("wanted", ["python", backend])
def test_demo_reads_every_stream(wanted: str) -> None:
    done = run("demo", "--pace", "0", env=environment(SSESCAN_BACKEND=wanted))
    out = done.out.decode()
    assert done.status == 0
    assert ("the pure-Python scanner" in out) == (wanted == "python")
    for name, events in STREAMS.items():
        assert re.search(rf"\$ ssescan cat http://127.0.0.1:\d+/{name}\n", out)
        assert re.search(rf"{name} .* {events} .* 0 ended", out)
        body = files("ssescan.cli").joinpath("streams", f"{name}.sse").read_bytes()
        scene = out.partition(f"/{name}\n")[2].encode()
        assert list(iter_events(scene))[:events] == list(iter_events(body))
    assert re.search(r"cut .* 12 .* 3 cut", out)
    assert done.err.count("\n") == 1


def test_demo_ends_with_1_if_a_scene_fails(tmp_path: Path) -> None:
    done = run("demo", "--pace", "0", env=without(("httpx",), tmp_path))  # then `cat` cannot read a URL
    assert done.status == 1
    assert "expected 0" in done.out.decode()
