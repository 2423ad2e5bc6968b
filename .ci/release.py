"""What a release must be, before anything is published: `python .ci/release.py --check v0.2.0`.

The tag is the version of pyproject.toml and of CITATION.cff; the changelog has a section of it, with a date; no
fragment is left over in changes/. Exit status 1 where one of these is not so, with what to do.
"""

from __future__ import annotations

import re
import sys
import tomllib
from argparse import ArgumentParser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def wrong(tag: str, root: Path = ROOT) -> list[str]:
    """Give what is wrong with releasing this tree under that tag."""
    found = []
    version = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    if tag != f"v{version}":
        found.append(
            f"the tag is {tag}, and the version in pyproject.toml {version}: they must be v{version} and {version}"
        )
    if f"\nversion: {version}\n" not in (root / "CITATION.cff").read_text(encoding="utf-8"):
        found.append(f"CITATION.cff has not the version {version}")
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    dates = re.findall(rf"^## {re.escape(version)} \((.*)\)$", changelog, re.MULTILINE)
    if len(dates) != 1 or not re.fullmatch(r"\d{4}-\d\d-\d\d", dates[0]):
        found.append(
            f"CHANGELOG.md must have one section '## {version} (year-month-day)', and has {len(dates)}: {dates}; "
            f"towncrier build --version {version}, or date the one that there is, or make one of two"
        )
    left = sorted(path.name for path in (root / "changes").glob("*.md") if path.name != "README.md")
    if left:
        found.append(f"changes/ still has {', '.join(left)}: towncrier build --version {version}")
    return found


def main() -> int:
    parser = ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--check", metavar="TAG", required=True, help="the tag that it is to be released under")
    found = wrong(parser.parse_args().check)
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
