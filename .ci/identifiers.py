"""The wheels that cibuildwheel would build, compared with the list that is kept: no platform vanishes unnoticed.

python .ci/identifiers.py --check    exit status 1 where they differ
python .ci/identifiers.py --write    keep what it would build now
python .ci/identifiers.py --wheels FOLDER    exit status 1 where the distributions in it are not those of the list, one
                                             wheel for all else, and one sdist

It asks `cibuildwheel --print-build-identifiers` for each platform, which needs neither the platform nor a container.
"""

from __future__ import annotations

import re
import subprocess
import sys
from argparse import ArgumentParser
from difflib import unified_diff
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KEPT = Path(__file__).with_name("identifiers.list")
# Before the machine, a wheel's platform has the version of the system that it needs, and an identifier has not.
VERSIONED = re.compile(r"(manylinux|musllinux|macosx|android|ios|pyodide|pyemscripten)\d*(?:_\d+)*_(?=[a-z])")
PLATFORMS = ("linux", "macos", "windows", "pyodide", "android", "ios")


def would_be_built(package: Path) -> list[str]:
    """Ask cibuildwheel. RuntimeError where it does not answer."""
    found = []
    for platform in PLATFORMS:
        question = ["--print-build-identifiers", "--platform", platform, str(package)]
        done = subprocess.run(
            [sys.executable, "-m", "cibuildwheel", *question], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(
                f"cibuildwheel should have told what it would build for {platform}, and failed: {done.stderr.strip()}\n"
                "it stands in .ci/requirements-wheels.txt, and what it reads in pyproject.toml"
            )
        found += sorted(done.stdout.split())
    return found


def compare(kept: list[str], now: list[str]) -> str:
    """Give the difference, "" where there is none."""
    return "\n".join(unified_diff(kept, now, "kept", "found", lineterm="", n=0))


def of_file(name: str) -> str:
    """Give what a distribution is by the name of its file: an identifier, "pure", or "sdist"."""
    if name.endswith(".tar.gz"):
        return "sdist"
    _, _, _, abi, platforms = name.removesuffix(".whl").split("-")
    if platforms == "any":
        return "pure"
    platform = VERSIONED.sub(r"\1_", platforms.partition(".")[0]).replace("pyemscripten_", "pyodide_")
    return f"{abi}-{platform}"


def check_wheels(folder: Path) -> int:
    """Say what is missing in a folder of distributions, or too much; give the exit status."""
    found = sorted(of_file(path.name) for path in folder.iterdir())
    wanted = sorted([*KEPT.read_text(encoding="utf-8").split(), "pure", "sdist"])
    if difference := compare(wanted, found):
        print(difference)
        print(
            f"\n{folder} holds other distributions than .ci/identifiers.list says, with one sdist and one pure wheel:"
        )
        print("the matrix of .github/workflows/wheels.yml and [tool.cibuildwheel] in pyproject.toml must name the same")
        return 1
    print(f"{len(found)} distributions: all of .ci/identifiers.list, the wheel for all else, the sdist")
    return 0


def main(arguments: list[str] | None = None) -> int:
    parser = ArgumentParser(description=str(__doc__).partition("\n")[0])
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="compare (what it does unless told to write)")
    what.add_argument("--wheels", metavar="FOLDER", type=Path, help="look at distributions that were built")
    what.add_argument("--write", action="store_true", help="keep what would be built now")
    parser.add_argument("package", nargs="?", type=Path, default=ROOT, help="another checkout than this")
    options = parser.parse_args(arguments)
    if options.wheels:
        return check_wheels(options.wheels)
    try:
        now = would_be_built(options.package)
    except RuntimeError as error:
        print(error)
        return 1
    if options.write:
        KEPT.write_text("\n".join(now) + "\n", encoding="utf-8")
    difference = compare(KEPT.read_text(encoding="utf-8").split(), now)
    if difference:
        print(difference)
        print(
            "\nother wheels would be built than .ci/identifiers.list says: mend [tool.cibuildwheel] in pyproject.toml,"
        )
        print("or, if that is how it should be, keep the new list: python .ci/identifiers.py --write")
        return 1
    print(f"{len(now)} wheels, as .ci/identifiers.list says")
    return 0


if __name__ == "__main__":
    sys.exit(main())
