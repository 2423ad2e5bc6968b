"""Check the contents of wheels and sdists: python .ci/check_dist.py FILE...

Exit status 1 if there are mistakes, with a line for each. Wheels: under 400 kB; no tests, no sources of C or Cython;
py.typed and the stub; an extension or none, as the name says. Extensions for Linux: no debug sections, no symbols newer
than the glibc of manylinux2014 (riscv64: its first glibc), no library except libc. Sdists: everything that a build, the
tests and the Makefile need; nothing that was built or fetched.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

MAX_WHEEL_BYTES = 640_000
GLIBC, GLIBC_RISCV = (2, 17), (2, 39)
# The parts of libc, with their names on every machine, for glibc and musl.
LIBRARY = re.compile(r"lib(?:c|m|dl|pthread|rt)\.so\.\d|ld(?:64|-linux[\w-]*)\.so\.\d|libc\.musl-\w+\.so\.1|libc\.so")
NOT_IN_WHEELS = re.compile(r"(^|/)(tests?|benchmarks|docs)/|\.(c|h|pyx|pxi|pxd|o|a)$")
NOT_IN_SDISTS = re.compile(r"\.(so|pyc)$|/_compiled\.c$|(^|/)node_modules(/|$)")
IN_WHEELS = (
    *("ssescan/py.typed", "ssescan/scanner/_compiled.pyi", "ssescan/cli/streams/openai-chat.sse", "pytest_ssescan.py"),
)
IN_SDISTS = (
    *("setup.py", "LICENSE", "CHANGELOG.md", "Makefile", "tests/conftest.py", "docs/index.md", "changes/README.md"),
    *(
        f"src/ssescan/scanner/_compiled{part}"
        for part in (".pyx", ".pyi", "_bytes.pxi", "_events.pxi", "_reader.pxi", "_runs.pxi")
    ),
    *(".ci/wheels", ".ci/node/package-lock.json", ".github/workflows/tests.yml", "benchmarks", "tools"),
)


def check_wheel(path: Path) -> list[str]:
    """Return the mistakes of a wheel."""
    size = path.stat().st_size
    found = [f"it has {size} bytes, must have less than {MAX_WHEEL_BYTES}"] if size >= MAX_WHEEL_BYTES else []
    with zipfile.ZipFile(path) as wheel, tempfile.TemporaryDirectory() as folder:
        names = wheel.namelist()
        found += [f"it must not contain {name}" for name in names if NOT_IN_WHEELS.search(name)]
        found += [f"{name} is missing" for name in IN_WHEELS if name not in names]
        modules = [name for name in names if name.endswith((".so", ".pyd"))]
        if ("none-any" in path.name) == bool(modules):
            found.append(f"a wheel of this name must contain {'no' if modules else 'an'} extension, found {modules}")
        if "linux" in path.name.rpartition("-")[2]:
            for name in modules:
                glibc = GLIBC_RISCV if "riscv64" in path.name else GLIBC
                found += check_extension(Path(wheel.extract(name, folder)), glibc)
    return found


def check_extension(path: Path, glibc: tuple[int, ...]) -> list[str]:
    """Return the mistakes in the sections, the versions of symbols and the libraries, as readelf shows them."""
    sections, symbols, dynamic = (
        subprocess.run(["readelf", option, path], capture_output=True, text=True, check=True).stdout  # noqa: S607
        for option in ("-SW", "--dyn-syms", "-d")
    )
    versions = sorted({tuple(map(int, version.split("."))) for version in re.findall(r"@GLIBC_([\d.]+)", symbols)})
    libraries = sorted(set(re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)))
    print(f"  {path.name}: {path.stat().st_size:,} bytes, glibc {versions[-1:]} or newer, {', '.join(libraries)}")
    return [
        *(f"{path.name} has the section {name}" for name in re.findall(r"\.debug_\w+", sections)),
        *(f"{path.name} needs glibc {version}" for version in versions if version > glibc),
        *(f"{path.name} needs the library {name}" for name in libraries if not LIBRARY.fullmatch(name)),
    ]


def check_sdist(path: Path) -> list[str]:
    """Return the mistakes of an sdist."""
    with tarfile.open(path) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    found = [f"{name} is missing" for name in IN_SDISTS if name not in names]
    return found + [f"it must not contain {name}" for name in sorted(names) if NOT_IN_SDISTS.search(name)]


def main(paths: list[str]) -> int:
    wrong = False
    for path in map(Path, paths):
        print(f"{path.name}: {path.stat().st_size:,} bytes")
        for line in check_wheel(path) if path.suffix == ".whl" else check_sdist(path):
            wrong = True
            print(f"  WRONG: {line}")
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]) if sys.argv[1:] else __doc__)
