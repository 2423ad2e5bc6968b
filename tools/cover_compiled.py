"""Say which lines of the compiled scanner its tests do not reach: `make coverage-compiled`.

python tools/cover_compiled.py [PYTEST-ARGS...]

Cython builds the scanner with line tracing in a copy of the tree, in a temporary folder; the extension in use stays.
The tests of the scanner that feed it run there, 20 times slower than else. Those that let allocations fail do not: the
tracer itself would get no memory. So lines that only run without memory are in the list.

Exit status 0: at least 98 % of the lines ran; 2: fewer did; 1: the build or a test failed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from planted import ROOT, build, copy

NAMES = ("standard", "states", "limits", "event_reader", "bad_input", "values", "reentry", "runs", "memory")
TESTS = [f"tests/scanner/test_{name}.py" for name in NAMES]
FLAGS = ("-O0", "-DCYTHON_TRACE=1", "-DCYTHON_TRACE_NOGIL=1")
# Bodies of functions are counted. The body of the module, which an import runs, and the headers are not: of files that
# are included, Cython's plugin looks for them under the name of the file that includes them.
CONFIG = r"""[run]
plugins = Cython.Coverage
source = src/ssescan
[report]
exclude_lines =
    ^\S
    ^\s+@
    ^\s+(c?def|async def)\s.*:$
    ^\s+__(class_getitem|copy|hash|match_args|module)__ =
"""


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="ssescan-coverage-") as folder:
        tree = Path(folder)
        copy(tree)
        (tree / ".coveragerc").write_text(CONFIG, encoding="utf-8")
        if error := build(tree, *FLAGS, directives=("linetrace=True",)):
            print(error, file=sys.stderr)
            return 1
        shared = os.environ.get("SSESCAN_SHARED") or str(ROOT.parent / "shared")
        environment = {**os.environ, "PYTHONPATH": str(tree / "src"), "SSESCAN_SHARED": shared}
        run = ["run", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--backend=compiled", *sys.argv[1:], *TESTS]
        report = ["report", "--show-missing", "--include=*/scanner/_compiled*", "--precision=1", "--fail-under=98"]
        for arguments in (run, report):
            command = [sys.executable, "-m", "coverage", *arguments]
            if status := subprocess.run(command, cwd=tree, env=environment, check=False).returncode:  # noqa: S603
                return status
    return 0


if __name__ == "__main__":
    sys.exit(main())
