"""Print every other Python from 3.11 on that this machine has, as VERSION=PATH, the newest last.

It prints each version once, and not the version that runs it. Exit status 1 if a required version is missing.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

REQUIRED = {"3.11", "3.12", "3.13"}
PLACES = (
    (Path.home() / ".pyenv" / "versions", "*/bin/python"),
    (Path("/usr/bin"), "python3.*"),
    (Path("/usr/local/bin"), "python3.*"),
)
# Fails where `make` could not make an environment.
QUESTION = 'import sys, venv, ensurepip; print("%d.%d" % sys.version_info[:2] + sys.abiflags)'


def main() -> int:
    this = "{}.{}{}".format(*sys.version_info[:2], sys.abiflags)
    found: dict[str, Path] = {}
    for folder, pattern in PLACES:
        for path in sorted(folder.glob(pattern)):
            if re.fullmatch(r"python(3\.\d+t?)?", path.name):
                answer = subprocess.run(
                    [path, "-c", QUESTION], capture_output=True, text=True, check=False
                ).stdout.strip()
                if re.fullmatch(r"3\.(1[1-9]|[2-9]\d)t?", answer) and answer != this:
                    found.setdefault(answer, path)
    print(*(f"{version}={path}" for version, path in sorted(found.items())))
    if missing := sorted(REQUIRED - found.keys() - {this}):
        print("not found on this machine: Python", ", ".join(missing), file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
