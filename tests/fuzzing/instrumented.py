"""A copy of the package whose extension counts which of its branches ran, for libFuzzer."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

import ssescan

# gcc has no counters that libFuzzer reads.
COVERAGE = "-fsanitize-coverage=inline-8bit-counters,pc-table"
COMPARES = ",trace-cmp"  # what the code compares bytes with is tried in the input; it takes half of the speed
FLAGS = ("-fPIC", "-shared", "-O2", "-w")
CLANGS = ("clang", *(f"clang-{version}" for version in range(22, 11, -1)))


def environment(folder: Path, *, compares: bool) -> dict[str, str]:
    """Make the copy in a folder; return the variables that a process needs to import and to measure it.

    `compares`: whether libFuzzer also sees what the code compares.

    Without clang or the C file that Cython made, the copy has the compiled scanner as it is: only Python code guides
    the fuzzer then, the twin among it.
    """
    package = Path(ssescan.__file__).parent
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(package, folder / "ssescan", ignore=shutil.ignore_patterns("__pycache__"))
    source = package / "scanner" / "_compiled.c"
    clang = next(filter(None, map(shutil.which, CLANGS)), None)
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(Path(__file__).parents[1])])}
    if clang is None or not source.exists():
        missing = "clang (Debian, Ubuntu: apt-get install clang)" if clang is None else f"{source}, which a build makes"
        print(f"the compiled scanner does not guide the fuzzer, only its twin does: it needs {missing}", flush=True)
        return variables
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    target = folder / "ssescan" / "scanner" / f"_compiled{suffix}"
    include = f"-I{sysconfig.get_path('include')}"
    coverage = COVERAGE + COMPARES if compares else COVERAGE
    subprocess.run([clang, coverage, *FLAGS, include, source, "-o", target], check=True)
    # The functions that count are in this library of atheris; they must be there before the extension is loaded.
    return variables | {"LD_PRELOAD": str(Path(sysconfig.get_path("platlib")) / "ubsan_with_fuzzer.so")}
