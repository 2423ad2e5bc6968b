"""Show what changed, between two versions of an SDK, in the parts that accelerate() replaces or builds on.

python tools/sdk_diff.py openai 3.54.0 3.57.0        make sdk-diff SDK=openai OLD=3.54.0 NEW=3.57.0

pip installs both versions, with their dependencies, into temporary folders. For each changed part the tool prints a
diff, without comments, docstrings and annotations, and then the lines for known_versions.py. SDK is a package of
known_versions.py, also "pydantic". Exit status 0: nothing changed; 1: something changed; 2: it could not be compared.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from difflib import unified_diff
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {
    "openai": ("openai",),
    "anthropic": ("anthropic",),
    "google-genai": ("google",),
    "httpx2": ("httpx2",),
    "httpx-sse": ("httpx_sse",),
    "httpcore": ("httpcore", "h11"),
    "httpcore2": ("httpcore2", "h11"),
    "pydantic": ("pydantic", "pydantic_core"),
}


class PartOfSdk(NamedTuple):
    """A part in one version: its fingerprint and its source, both empty if the version does not have it."""

    fingerprint: str
    source: str


def known_parts(sdk: str) -> dict[str, tuple[str, ...]]:
    """Return the known fingerprints of an SDK's parts, by name."""
    from ssescan.dropin.sdk.known_versions import FINGERPRINTS

    return {
        name: known
        for fingerprints in FINGERPRINTS.values()
        for name, known in fingerprints.items()
        if name.partition(":")[0].partition(".")[0] in PACKAGES[sdk]
    }


def describe(sdk: str) -> dict[str, PartOfSdk]:
    """Return the parts of the SDK that this process can import."""
    from ssescan.dropin.sdk.fingerprints import find, fingerprint, normalized_source

    parts = {}
    for name in known_parts(sdk):
        try:
            import_module(name.partition(":")[0])
            part = find(name)
            parts[name] = PartOfSdk(fingerprint(part), normalized_source(part))
        except (ImportError, LookupError):
            parts[name] = PartOfSdk("", "")
    return parts


def describe_version(sdk: str, version: str, folder: Path) -> dict[str, PartOfSdk]:
    """Install a version into a folder and return its parts. Raises CalledProcessError."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", str(folder)]
    subprocess.run([*pip, f"{sdk}=={version}"], check=True)  # noqa: S603
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(folder), str(ROOT / "src")))}
    command = [sys.executable, __file__, "--describe", sdk]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603
    return {name: PartOfSdk(*part) for name, part in json.loads(done.stdout).items()}


def print_changes(sdk: str, old: dict[str, PartOfSdk], new: dict[str, PartOfSdk]) -> int:
    """Print the diff of each changed part, and the lines for known_versions.py. Return the number of changes."""
    known = known_parts(sdk)
    changed = [name for name in known if old[name] != new[name]]
    for name in changed:
        lines = unified_diff(old[name].source.splitlines(), new[name].source.splitlines(), "old", "new", lineterm="")
        print(f"{name}", *lines, "", sep="\n")
    print(f"{len(changed)} of {len(known)} parts changed.")
    unknown = [name for name in known if new[name].fingerprint not in known[name]]
    for name in unknown:
        if not new[name].fingerprint:
            print(f"{name} is missing")
            continue
        fingerprints = ", ".join(f'"{one}"' for one in (*known[name], new[name].fingerprint))
        print(f'    "{name}": ({fingerprints}),')
    if not unknown:
        print("known_versions.py has all fingerprints of the new version.")
    return len(changed)


def main() -> int:
    if sys.argv[1:2] == ["--describe"]:
        print(json.dumps(describe(sys.argv[2])))
        return 0
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sdk", choices=PACKAGES)
    parser.add_argument("old", help="a version that is supported")
    parser.add_argument("new", help="the version to compare with it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        try:
            old, new = (
                describe_version(options.sdk, version, Path(folder) / version) for version in (options.old, options.new)
            )
        except subprocess.CalledProcessError as error:
            print(f"exit status {error.returncode}: {' '.join(map(str, error.cmd))}", file=sys.stderr)
            return 2
    return 1 if print_changes(options.sdk, old, new) else 0


if __name__ == "__main__":
    sys.exit(main())
