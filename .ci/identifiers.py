"""Compare the wheels that cibuildwheel would build with .ci/identifiers.list, so that no platform is lost unnoticed.

python .ci/identifiers.py                    exit status 1 if they differ
python .ci/identifiers.py --write            write the list again
python .ci/identifiers.py --wheels FOLDER    exit status 1 if it lacks a wheel of the list, the pure wheel or the sdist

`cibuildwheel --print-build-identifiers` needs neither the platform nor a container.
"""

from __future__ import annotations

import re
import subprocess
import sys
from argparse import ArgumentParser
from difflib import unified_diff
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIST = Path(__file__).with_name("identifiers.list")  # a line per platform, with its interpreters
# The tag of a wheel has a version before the machine; the identifier has none.
VERSIONED = re.compile(r"(manylinux|musllinux|macosx|android|ios|pyodide|pyemscripten)\d*(?:_\d+)*_(?=[a-z])")


def expected() -> list[str]:
    """Return the identifiers of the list."""
    lines = [line.split(":") for line in LIST.read_text(encoding="utf-8").splitlines()]
    return sorted(f"{python}-{platform}" for platform, pythons in lines for python in pythons.split())


def planned(package: Path) -> list[str]:
    """Return the identifiers that cibuildwheel would build. Exit if it fails."""
    found = []
    for platform in ("linux", "macos", "windows", "pyodide", "android", "ios"):
        command = [sys.executable, "-m", "cibuildwheel", "--print-build-identifiers", "--platform", platform, package]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"cibuildwheel failed for {platform} (see .ci/requirements-wheels.txt): {done.stderr.strip()}")
        found += done.stdout.split()
    return sorted(found)


def identifier_of(name: str) -> str:
    """Return the identifier of a file in dist/, "pure" for the pure wheel, "sdist" for the sdist."""
    if name.endswith(".tar.gz"):
        return "sdist"
    _, _, _, abi, platforms = name.removesuffix(".whl").split("-")
    platform = VERSIONED.sub(r"\1_", platforms.partition(".")[0]).replace("pyemscripten_", "pyodide_")
    return "pure" if platforms == "any" else f"{abi}-{platform}"


def main(arguments: list[str] | None = None) -> int:
    parser = ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--wheels", metavar="FOLDER", type=Path, help="compare the files in this folder")
    parser.add_argument("--write", action="store_true", help="write the list again")
    parser.add_argument("package", nargs="?", type=Path, default=ROOT, help="another checkout")
    options = parser.parse_args(arguments)
    if options.wheels:
        wanted = sorted([*expected(), "pure", "sdist"])
        found = sorted(identifier_of(path.name) for path in options.wheels.iterdir())
    else:
        found = planned(options.package)
        if options.write:
            by_platform: dict[str, list[str]] = {}
            for one in found:
                python, _, platform = one.partition("-")
                by_platform.setdefault(platform, []).append(python)
            lines = [f"{platform}: {' '.join(pythons)}\n" for platform, pythons in sorted(by_platform.items())]
            LIST.write_text("".join(lines), encoding="utf-8")
        wanted = expected()
    for line in unified_diff(wanted, found, "expected", "found", lineterm="", n=0):
        print(line)
    print(f"{len(found)} found, {len(wanted)} expected by .ci/identifiers.list")
    if found != wanted:
        print("Correct [tool.cibuildwheel] in pyproject.toml, or the matrix in .github/workflows/wheels.yml,")
        print("or accept the change: python .ci/identifiers.py --write")
    return int(found != wanted)


if __name__ == "__main__":
    sys.exit(main())
