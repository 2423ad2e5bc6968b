"""Check that a tree is ready for a release: python .ci/release.py --check v0.2.0.

The tag is the version of pyproject.toml and of CITATION.cff; the changelog has one section for it, with a date;
changes/ is empty. Exit status 1 otherwise, with a line that says what to do.
"""

from __future__ import annotations

import re
import sys
import tomllib
from argparse import ArgumentParser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def mistakes(tag: str, root: Path = ROOT) -> list[str]:
    """Return what must change before this tree is released under the tag."""
    found = []
    version = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    if tag != f"v{version}":
        found.append(f"the tag is {tag}, the version in pyproject.toml is {version}: the tag must be v{version}")
    if f"\nversion: {version}\n" not in (root / "CITATION.cff").read_text(encoding="utf-8"):
        found.append(f"CITATION.cff does not have the version {version}")
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    dates = re.findall(rf"^## {re.escape(version)} \((.*)\)$", changelog, re.MULTILINE)
    if len(dates) != 1 or not re.fullmatch(r"\d{4}-\d\d-\d\d", dates[0]):
        found.append(
            f"CHANGELOG.md must have one section '## {version} (year-month-day)', found {len(dates)}: {dates}; run "
            f"towncrier build --version {version}, or write the date, or merge the sections"
        )
    if left := sorted(path.name for path in (root / "changes").glob("*.md") if path.name != "README.md"):
        found.append(f"changes/ still contains {', '.join(left)}: run towncrier build --version {version}")
    return found


if __name__ == "__main__":
    parser = ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", metavar="TAG", required=True, help="the tag of the release")
    found = mistakes(parser.parse_args().check)
    print(*found, sep="\n", end="\n" * bool(found))
    sys.exit(bool(found))
