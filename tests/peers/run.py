"""Run the peers' own tests against ssescan: httpx-sse's on the drop-in, the SDKs' with `ssescan.accelerate()` on.

python tests/peers/run.py [SUITE ...]        exit status 1 if one fails or cannot be fetched

The tests come from the package registry, at the installed version, and stay in the environment's folder. A table names
the tests that are left out, with the reason. Each suite has a minimum of tests that must pass, so that a suite without
tests fails. Needs the extra `peers-tests`.

--compare is for other versions of an SDK, some of whose tests may fail in this environment: each test must have the
same outcome with and without accelerate(). `make sdk-versions SDK=openai ARGS='2.54.0 --own-tests'` runs it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from argparse import ArgumentParser
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
KEPT = Path(sys.prefix) / "peers-tests"
WAIT_LIMIT = 300  # seconds, for a download or a suite
LEAST_COMPARED = 40  # tests, of another version, that must pass

READS_PRIVATE_DATA = "it reads the private `_data` of a decoder within a stream, which the scanner does not fill"
NOT_IN_THE_SDIST = "its bodies (.inline-snapshot) are not in the sdist"


class Refused(Exception):
    """An error: a suite cannot run. The text says why, and what to do."""


@dataclass(frozen=True)
class Suite:
    """The tests of a peer, and how to run them.

    `package`: its name in the registry. `at_least`: the number of tests that must pass. `paths`: the tests, below the
    sdist or, with `installed`, below that package, whose tests are in its wheel. `renamed`: the package that the tests
    import, and its replacement. `accelerated`: the name for accelerate(). `backends`: of ssescan; "" is the default.
    `left_out`: tests, with the reason for each. `reads_events`: whether ssescan must have read some of their events. `config`, `plugins`: the suite's pytest options.
    """

    name: str
    package: str
    at_least: int
    paths: tuple[str, ...]
    installed: str = ""
    renamed: tuple[str, str] | None = None
    accelerated: str = ""
    backends: tuple[str, ...] = ("",)
    left_out: dict[str, str] = field(default_factory=dict)
    reads_events: bool = True
    config: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()


FUNCTION_LOOP = ("asyncio_default_fixture_loop_scope = function",)
SESSION_LOOP = ("asyncio_mode = auto", "asyncio_default_fixture_loop_scope = session", "filterwarnings = error")
SUITES = (
    Suite(
        "httpx-sse, the drop-in",
        "httpx-sse",
        59,
        ("tests",),
        renamed=("httpx_sse", "ssescan.dropin.httpx_sse"),
        backends=("compiled", "python"),
        config=FUNCTION_LOOP,
    ),
    Suite("httpx-sse, accelerated", "httpx-sse", 59, ("tests",), accelerated="httpx-sse", config=FUNCTION_LOOP),
    Suite(
        "openai, accelerated",
        "openai",
        1000,
        (
            "tests/test_streaming.py",
            "tests/test_sse_framing.py",
            "tests/test_stream_mode.py",
            "tests/lib/streaming",
            "tests/lib/chat",
            "tests/lib/test_streaming_deltas.py",
            "tests/lib/test_assistant_tool_call_deltas.py",
            "tests/lib/responses/test_responses.py",
            "tests/lib/responses/test_commentary_parsing.py",
            "tests/lib/responses/test_deferred_tools.py",
            "tests/lib/responses/test_lifecycle_replacements.py",
            "tests/lib/responses/test_null_content.py",
            "tests/lib/responses/test_null_output.py",
            "tests/lib/responses/test_null_output_items.py",
        ),
        accelerated="openai",
        config=SESSION_LOOP,
        left_out={
            "tests/test_sse_framing.py::test_cancellation_clears_partial_event_and_closes_response": READS_PRIVATE_DATA,
        }
        | {
            f"tests/lib/chat/test_completions_streaming.py::{name}": NOT_IN_THE_SDIST
            for name in (
                "test_parse_nothing",
                "test_parse_pydantic_model",
                "test_parse_pydantic_model_multiple_choices",
                "test_parse_max_tokens_reached",
                "test_parse_pydantic_model_refusal",
                "test_content_logprobs_events",
                "test_refusal_logprobs_events",
                "test_parse_pydantic_tool",
                "test_parse_multiple_pydantic_tools",
                "test_parse_strict_tools",
                "test_non_pydantic_response_format",
                "test_allows_non_strict_tools_but_no_parsing",
                "test_chat_completion_state_helper",
            )
        },
    ),
    Suite(
        "anthropic, accelerated",
        "anthropic",
        320,
        (
            "tests/test_streaming.py",
            "tests/lib/streaming",
            "tests/lib/test_refusal_fallback_streaming.py",
            "tests/lib/_parse",
            "tests/lib/tools/test_runner_eager_tools.py",
        ),
        accelerated="anthropic",
        config=SESSION_LOOP,
        plugins=("tests._alias_httpx",),
    ),
    Suite(
        "google-genai, accelerated",
        "google-genai",
        140,
        (
            "tests/client/test_async_stream.py",
            "tests/afc/test_generate_content_stream_afc.py",
            "tests/interactions/test_automatic_continuation.py",
            "tests/interactions/test_httpx_compat.py",
            "tests/interactions/test_integration.py",
        ),
        installed="google.genai",
        accelerated="google-genai",
        # `google` is a namespace package: without this the tests import a second copy of the SDK, as `genai`.
        config=("asyncio_mode = auto", "consider_namespace_packages = true", *FUNCTION_LOOP),
    ),
    # No test has a chunked body: they show that all other requests work. tests/accelerate/test_httpcore.py has the bodies.
    Suite(
        "httpcore, accelerated",
        "httpcore",
        190,
        ("tests/test_api.py", "tests/test_cancellations.py", "tests/_sync", "tests/_async"),
        accelerated="httpcore",
        reads_events=False,
        config=(*FUNCTION_LOOP, "markers =\n    copied_from: where a test is from"),
    ),
)


def folder_of(suite: Suite) -> Path:
    """Return the folder of the suite's tests, and fetch it first if it is missing."""
    try:
        installed = version(suite.package)
    except PackageNotFoundError:
        raise Refused(f"{suite.package} is not installed: run make test-peers") from None
    if suite.installed:
        spec = find_spec(suite.installed)
        if spec is None or not spec.submodule_search_locations:
            raise Refused(f"{suite.package} {installed} has no package {suite.installed}")
        return Path(spec.submodule_search_locations[0])
    folder = KEPT / f"{suite.package}-{installed}"
    if not folder.is_dir():
        fetch(suite.package, installed, folder)
    return folder


def fetch(package: str, installed: str, folder: Path) -> None:
    """Extract the tests from the sdist of that version."""
    KEPT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=KEPT) as scratch:
        print(f"==> fetching the sdist of {package} {installed}", flush=True)
        command = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps"]
        command += ["--no-binary", package, "-d", scratch, f"{package}=={installed}"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_LIMIT, check=False)
        except subprocess.TimeoutExpired:
            raise Refused(f"no sdist of {package} {installed} within {WAIT_LIMIT} s; check the network") from None
        found = list(Path(scratch).glob("*.tar.gz"))
        if done.returncode or len(found) != 1:
            raise Refused(
                f"cannot fetch the sdist of {package} {installed}; check the network and the package registry. pip "
                f"says:\n{done.stderr.strip()[-2000:]}"
            )
        unpacked = Path(scratch) / "unpacked"
        with tarfile.open(found[0]) as archive:
            archive.extractall(unpacked, filter="data")
        (root,) = unpacked.iterdir()
        fetched = dict(re.findall(r"^(Name|Version): (.+)$", (root / "PKG-INFO").read_text("utf-8"), re.MULTILINE))
        if fetched.get("Version") != installed:
            raise Refused(f"expected the sdist of {package} {installed}, got {fetched.get('Version')}")
        if not (root / "tests").is_dir():
            raise Refused(f"the sdist of {package} {installed} has no tests")
        # Keep the tests only: next to the sources they would import those.
        keep = unpacked / "kept"
        keep.mkdir()
        (root / "tests").rename(keep / "tests")
        keep.rename(folder)


def rename_imports(folder: Path, old: str, new: str) -> None:
    """Make the tests import another package. Change nothing else in them."""
    changed = 0
    for path in folder.rglob("*.py"):
        text = path.read_text("utf-8")
        text, from_lines = re.subn(rf"^(\s*from ){old}(?=[ .])", rf"\g<1>{new}", text, flags=re.MULTILINE)
        text, import_lines = re.subn(rf"^(\s*)import {old}$", rf"\1import {new} as {old}", text, flags=re.MULTILINE)
        if re.search(rf"^\s*(import|from) {old}\b", text, re.MULTILINE):
            raise Refused(f"{path.name} has an unknown form of import of {old}")
        changed += from_lines + import_lines
        path.write_text(text, "utf-8")
    if not changed:
        raise Refused(f"no test imports {old}")


def run(suite: Suite, backend: str, plain: bool, is_other_version: bool = False) -> dict[str, Any]:
    """Run a suite, and return the counts of the plugin. Other versions do not have all of its tests."""
    folder = folder_of(suite)
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / "suite"
        if suite.installed:
            root.mkdir()
            paths = [str(folder / path) for path in suite.paths]
        else:
            shutil.copytree(folder, root)
            paths = list(suite.paths)
        if is_other_version:
            paths = [path for path in paths if (root / path).exists()]
        if suite.renamed is not None:
            rename_imports(root, *suite.renamed)
        (root / "peers.ini").write_text("[pytest]\n" + "\n".join(suite.config) + "\n", "utf-8")
        counts = Path(scratch) / "counts.json"
        order = {
            "accelerated": "" if plain else suite.accelerated,
            "left_out": list(suite.left_out),
            "is_other_version": is_other_version,
            "reads_events": suite.reads_events,
            "counts": str(counts),
        }
        environment = {name: value for name, value in os.environ.items() if name != "SSESCAN_BACKEND"}
        environment["PYTHONPATH"] = os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])])
        environment["SSESCAN_PEERS_ORDER"] = json.dumps(order)
        if backend:
            environment["SSESCAN_BACKEND"] = backend
        command = [sys.executable, "-m", "pytest", "-q", "--tb=short", "-c", "peers.ini", "--rootdir", str(root)]
        command += ["-p", "no:cacheprovider", "-p", "peers_plugin"]
        for plugin in suite.plugins:
            command += ["-p", plugin]
        try:
            done = subprocess.run([*command, *paths], cwd=root, env=environment, timeout=WAIT_LIMIT, check=False)
        except subprocess.TimeoutExpired:
            raise Refused(f"it did not end within {WAIT_LIMIT} s") from None
        if not counts.is_file():
            raise Refused(f"pytest ended with status {done.returncode} before it ran a test")
        result: dict[str, Any] = json.loads(counts.read_text("utf-8"))
        result["status"] = done.returncode
        return result


def verdict(suite: Suite, result: dict[str, Any]) -> str:
    """Return the failure, or "" if the suite passed."""
    if result["status"]:
        return f"NO: {result['failed']} failed" if result["failed"] else f"NO: status {result['status']}"
    if result["passed"] < suite.at_least:
        return f"NO: {suite.at_least} had to pass"
    return ""


def compare(suite: Suite) -> bool:
    """Run a suite with and without accelerate(). Print and return whether each test has the same outcome."""
    plain, accelerated = (run(suite, "", is_plain, is_other_version=True) for is_plain in (True, False))
    differing = {
        test: (plain["outcomes"].get(test), accelerated["outcomes"].get(test))
        for test in plain["outcomes"].keys() | accelerated["outcomes"].keys()
        if plain["outcomes"].get(test) != accelerated["outcomes"].get(test)
    }
    for test, (before, after) in sorted(differing.items()):
        print(f"{test}: {before} without accelerate(), {after} with it")
    counts = ", ".join(f"{plain[name]} {name}" for name in ("passed", "failed", "skipped"))
    print(
        f"{suite.package} {version(suite.package)}, its own tests: {counts}; {len(differing)} differ with accelerate()"
    )
    return not differing and plain["passed"] >= LEAST_COMPARED and plain["failed"] <= plain["passed"] // 10


def main() -> int:
    parser = ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("suite", nargs="*", metavar="SUITE", help="the start of a suite's name; default: all")
    parser.add_argument("--plain", action="store_true", help="run the SDKs' tests without accelerate()")
    parser.add_argument("--compare", action="store_true", help="compare outcomes with and without accelerate()")
    arguments = parser.parse_args()
    if sys.prefix == sys.base_prefix:
        parser.error("run this in a virtual environment: it keeps the fetched tests there")
    chosen = [suite for suite in SUITES if not arguments.suite or suite.name.startswith(tuple(arguments.suite))]
    if not chosen:
        parser.error(f"no such suite; the suites are: {', '.join(suite.name for suite in SUITES)}")
    if arguments.compare:
        return 0 if all(compare(suite) for suite in chosen if suite.accelerated) else 1
    rows: list[tuple[str, ...]] = [("suite", "version", "backend", "passed", "skipped", "left out", "")]
    passed = True
    for suite in chosen:
        for backend in suite.backends:
            print(f"\n==> {suite.name}{', ' * bool(backend)}{backend}", flush=True)
            try:
                result = run(suite, backend, arguments.plain)
                wrong = verdict(suite, result)
                numbers = [str(result[name]) for name in ("passed", "skipped", "left_out")]
                rows.append((suite.name, version(suite.package), result["backend"], *numbers, wrong or "yes"))
            except Refused as refusal:
                wrong = f"NO: {refusal}"
                rows.append((suite.name, "", backend, "", "", "", wrong))
            passed = passed and not wrong
    print("\n" + table(rows))
    if arguments.plain:
        print("\nwithout accelerate(): --plain")
    for suite in chosen:
        for reason in dict.fromkeys(suite.left_out.values()):
            print(f"\nleft out of {suite.name}, because {reason}:")
            print("\n".join(f"  {test}" for test, cause in suite.left_out.items() if cause == reason))
    return 0 if passed else 1


def table(rows: list[tuple[str, ...]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, [*widths, 0], strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


if __name__ == "__main__":
    sys.exit(main())
