"""Test accelerate() with other versions of an SDK: fingerprints, equality, speed.

python tools/sdk_versions.py openai 2.20.0 2.54.0        make sdk-versions SDK=openai ARGS='--tests'

pip installs each version, with its dependencies, into a folder of its own under build/sdk-versions, where it stays.
Without versions, the tool takes those of VERSIONS, which are spread over the range and contain those that frameworks
bring. It prints a line for each version: whether it is accelerated, or the reason why not. --mutations compares the
recorded streams and mutated events with and without acceleration, --tests runs all such tests, --own-tests fetches the
SDK's own tests of streams and runs them with and without acceleration, --speed measures, and --write keeps the results
for docs/versions.md and the tests. Exit status 0: all versions are accelerated, and equal; 1: not all.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from sdk_versions_page import DATA, ROOT, read_results, write_results

FOLDER = ROOT / "build" / "sdk-versions"
VERSIONS = {
    "openai": ("2.20.0", "2.32.0", "2.44.0", "2.54.0", "3.3.0", "3.20.0", "3.40.0", "3.54.0", "3.57.0"),
    "anthropic": ("0.60.0", "0.75.0", "0.90.0", "0.93.0", "0.105.2", "0.125.0", "1.8.0", "1.17.0", "2.0.0", "2.14.0"),
    "google-genai": ("1.60.0", "1.65.0", "1.75.0", "2.10.0", "2.22.0", "2.34.0", "3.0.0", "3.4.0", "3.6.1"),
}
# The words in the names of the tests of equality.
TESTS = {"openai": "openai", "anthropic": "anthropic", "google-genai": "gemini or google or interactions"}


def installed(package: str, version: str) -> Path:
    """Return the folder with a version of a package, and install it if it is not there. Raises CalledProcessError."""
    folder = FOLDER / f"{package}-{version}"
    if not folder.is_dir():
        unfinished = FOLDER / f"{package}-{version}.unfinished"
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target"]
        subprocess.run([*pip, str(unfinished), f"{package}=={version}"], check=True)  # noqa: S603
        unfinished.rename(folder)
    return folder


def run(folders: list[Path], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python with the packages in some folders, the first ones before the others."""
    path = os.pathsep.join(map(str, (*folders, ROOT / "src", ROOT)))
    command = [sys.executable, "-W", "ignore", *arguments]
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603


def examine(sdk: str, version: str, options: argparse.Namespace) -> dict[str, Any]:
    """Print lines about a version. Return the results, as in the data file; "is_equal" is false if a test failed."""
    folders = [installed(sdk, version)]
    if options.pydantic:
        folders.insert(0, installed("pydantic", options.pydantic))
    done = run(folders, "tools/sdk_installed.py", sdk, *(["--speed"] if options.speed else []))
    if done.returncode:
        print(f"{sdk} {version}: {done.stderr.strip()}", flush=True)
        return {"report": "could not be imported", "is_equal": False}
    results: dict[str, Any] = json.loads(done.stdout)
    print(results["report"], results.get("times_as_fast", ""), flush=True)
    results["is_equal"] = True
    if results["report"].endswith("is accelerated"):
        if options.mutations:
            tests = ("tests/accelerate/test_equal.py", "-k", f"(recorded or mutated) and ({TESTS[sdk]})")
            # An older pydantic than another SDK needs warns when that is imported.
            warnings = ("-W", "ignore") if options.pydantic else ()
            if passed(folders, *tests, *warnings, "--mutations", str(options.mutations)):
                results["mutations"] = options.mutations
            else:
                results["is_equal"] = False
        if options.tests and not passed(folders, "tests/accelerate", "-k", TESTS[sdk]):
            results["is_equal"] = False
        if options.own_tests and not passed_own_tests(sdk, folders, results):
            results["is_equal"] = False
    return results


def passed(folders: list[Path], *arguments: str) -> bool:
    """Run tests, print their summary, and return whether all passed."""
    done = run(folders, "-m", "pytest", "-q", "-rP", "-p", "no:cacheprovider", *arguments)
    for line in done.stdout.splitlines():
        if "seed" in line or line.startswith("FAILED"):
            print(f"    {line}")
    print(f"    {done.stdout.strip().rpartition(chr(10))[2]}", flush=True)
    return done.returncode == 0


def passed_own_tests(sdk: str, folders: list[Path], results: dict[str, Any]) -> bool:
    """Run the SDK's own tests, print their result and keep it. Return whether each had the same outcome."""
    done = run(folders, "tests/peers/run.py", f"{sdk}, accelerated", "--compare")
    lines = [line for line in done.stdout.splitlines() if "accelerate()" in line]
    print("\n".join(f"    {line}" for line in lines) or done.stdout + done.stderr, flush=True)
    counts = re.search(r"own tests: (\d+) passed", done.stdout)
    if done.returncode == 0 and counts:
        results["own_tests"] = int(counts[1])
    return done.returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sdk", choices=VERSIONS)
    parser.add_argument("versions", nargs="*")
    parser.add_argument("--tests", action="store_true", help="also run the tests of equality")
    parser.add_argument("--mutations", type=int, help="compare the recorded streams and so many mutated events")
    parser.add_argument("--own-tests", action="store_true", help="also run the SDK's own tests of streams")
    parser.add_argument("--speed", action="store_true", help="measure how many times as fast it is, from memory")
    parser.add_argument("--pydantic", metavar="VERSION", help="with this version of pydantic")
    parser.add_argument("--write", action="store_true", help=f"keep the results in {DATA.relative_to(ROOT)}")
    options = parser.parse_args()
    all_passed = True
    for version in options.versions or VERSIONS[options.sdk]:
        results = examine(options.sdk, version, options)
        is_equal = results.pop("is_equal")
        all_passed = all_passed and is_equal and results["report"].endswith("is accelerated")
        if options.write and is_equal:
            kept = read_results()
            name = f"{version} with pydantic {options.pydantic}" if options.pydantic else version
            known = kept.setdefault(options.sdk, {})
            known[name] = {**known.get(name, {}), **results}
            write_results(kept)
    return 0 if all_passed else 1


if __name__ == "__main__":
    sys.exit(main())
