"""Test accelerate() with other versions of an SDK: fingerprints, and the tests of equality.

python tools/sdk_versions.py openai 2.20.0 2.54.0        make sdk-versions SDK=openai ARGS='--tests'

pip installs each version, with its dependencies, into a folder of its own under build/sdk-versions, where it stays.
Without versions, the tool takes those of VERSIONS, which are spread over the range and contain those that frameworks
bring. It prints a line for each version: whether it is accelerated, or the reason why not. With --tests, it also runs
the tests that compare the SDK with and without acceleration. Exit status 0: all versions are accelerated, and equal; 1:
not all.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "sdk-versions"
VERSIONS = {
    "openai": ("2.20.0", "2.32.0", "2.44.0", "2.54.0", "3.3.0", "3.20.0", "3.40.0", "3.54.0", "3.57.0"),
    "anthropic": ("0.60.0", "0.75.0", "0.90.0", "0.93.0", "0.105.2", "0.125.0", "1.8.0", "1.17.0", "2.0.0", "2.14.0"),
    "google-genai": ("1.60.0", "1.65.0", "1.75.0", "2.10.0", "2.22.0", "2.34.0", "3.0.0", "3.4.0", "3.6.1"),
}
# The module that every program imports, and the words in the names of the tests of equality.
MODULES = {"openai": "openai", "anthropic": "anthropic", "google-genai": "google.genai"}
TESTS = {"openai": "openai", "anthropic": "anthropic", "google-genai": "gemini or google or interactions"}
REPORT = "import ssescan, sys, {module}; print(ssescan.accelerate(sys.argv[1]).report[sys.argv[1]])"


def installed(sdk: str, version: str) -> Path:
    """Return the folder with a version of an SDK, and install it if it is not there. Raises CalledProcessError."""
    folder = FOLDER / f"{sdk}-{version}"
    if not folder.is_dir():
        unfinished = FOLDER / f"{sdk}-{version}.unfinished"
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target"]
        subprocess.run([*pip, str(unfinished), f"{sdk}=={version}"], check=True)  # noqa: S603
        unfinished.rename(folder)
    return folder


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python with the version in a folder."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(folder), str(ROOT / "src")))}
    command = [sys.executable, "-W", "ignore", *arguments]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603


def examine(sdk: str, version: str, tests: bool) -> bool:
    """Print a line about a version. Return whether it is accelerated and equal."""
    folder = installed(sdk, version)
    done = run(folder, "-c", REPORT.format(module=MODULES[sdk]), sdk)
    line = (done.stdout or done.stderr).strip().rpartition("\n")[2]
    print(line, flush=True)
    if not line.endswith("is accelerated"):
        return False
    if tests:
        done = run(folder, "-m", "pytest", "-q", "tests/accelerate", "-k", f"recorded or {TESTS[sdk]}")
        print(f"    {done.stdout.strip().rpartition(chr(10))[2]}", flush=True)
    return done.returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sdk", choices=VERSIONS)
    parser.add_argument("versions", nargs="*")
    parser.add_argument("--tests", action="store_true", help="also run the tests of equality")
    options = parser.parse_args()
    versions = options.versions or VERSIONS[options.sdk]
    results = [examine(options.sdk, version, options.tests) for version in versions]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
