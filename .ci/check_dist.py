"""What a wheel and an sdist hold: what they must, and nothing that they must not.

python .ci/check_dist.py FILE...     exit status 1 where something is wrong, with a line for each

Wheels: no tests, no sources of C or Cython, under 400 kB; py.typed and the stub; an extension, or none, as the name
says. Those for Linux: no debug sections, no newer glibc than manylinux2014's (riscv64: the oldest that it has), no
library but libc. Sdists: what a build, the tests and the Makefile need, and nothing that was built or fetched.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

MOST = 400_000  # bytes, of a wheel
GLIBC = (2, 17)  # manylinux2014's
GLIBC_OF_RISCV = (2, 39)
# libc and its parts, as each machine and each libc calls them.
LIBRARY = re.compile(r"lib(?:c|m|dl|pthread|rt)\.so\.\d|ld(?:64|-linux[\w-]*)\.so\.\d|libc\.musl-\w+\.so\.1|libc\.so")
FORBIDDEN = re.compile(r"(^|/)(tests?|benchmarks|docs)/|\.(c|h|pyx|pxi|pxd|o|a)$")
WANTED = ("ssescan/py.typed", "ssescan/scanner/_compiled.pyi", "ssescan/cli/streams/openai-chat.sse")
WANTED_OF_SDIST = (
    *("setup.py", "LICENSE", "CHANGELOG.md", "Makefile", "tests/conftest.py", "docs/index.md", "changes/README.md"),
    *(f"src/ssescan/scanner/_compiled{part}" for part in (".pyx", ".pyi", "_bytes.pxi", "_events.pxi", "_reader.pxi")),
    *(".ci/wheels", ".ci/node/package-lock.json", ".github/workflows/tests.yml", "benchmarks/guard.py"),
)


def look_into_wheel(path: Path) -> list[str]:
    found = []
    if path.stat().st_size >= MOST:
        found.append(f"it has {path.stat().st_size} bytes, and must have less than {MOST}")
    with zipfile.ZipFile(path) as wheel:
        names = wheel.namelist()
        found += [f"it must not hold {name}" for name in names if FORBIDDEN.search(name)]
        found += [f"it lacks {name}" for name in WANTED if name not in names]
        modules = [name for name in names if name.endswith((".so", ".pyd"))]
        if ("none-any" in path.name) != (not modules):
            found.append(f"by its name it is {'pure' if not modules else 'for a platform'}, but it holds {modules}")
        if "linux" in path.name.rpartition("-")[2]:
            newest = GLIBC_OF_RISCV if "riscv64" in path.name else GLIBC
            with tempfile.TemporaryDirectory() as folder:
                for name in modules:
                    found += look_into_module(Path(wheel.extract(name, folder)), newest)
    return found


def look_into_module(path: Path, glibc: tuple[int, ...]) -> list[str]:
    """Ask binutils for its sections, its symbols' versions, and the libraries that it needs."""
    sections, symbols, needed = (output("readelf", option, str(path)) for option in ("-SW", "--dyn-syms", "-d"))
    found = [f"{path.name} has the section {name}" for name in re.findall(r"\.debug_\w+", sections)]
    versions = {tuple(map(int, version.split("."))) for version in re.findall(r"@GLIBC_([\d.]+)", symbols)}
    found += [f"{path.name} wants glibc {'.'.join(map(str, one))}" for one in sorted(versions) if one > glibc]
    libraries = set(re.findall(r"\(NEEDED\).*\[(.*)\]", needed))
    found += [f"{path.name} wants the library {name}" for name in sorted(libraries) if not LIBRARY.fullmatch(name)]
    newest = ".".join(map(str, max(versions, default=(0,))))
    print(f"  {path.name}: {path.stat().st_size:,} bytes, glibc {newest} or newer, {', '.join(sorted(libraries))}")
    return found


def output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def look_into_sdist(path: Path) -> list[str]:
    with tarfile.open(path) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    found = [f"it lacks {name}" for name in WANTED_OF_SDIST if name not in names]
    built = re.compile(r"\.(so|pyc)$|/_compiled\.c$|(^|/)node_modules(/|$)")
    return found + [f"it must not hold {name}" for name in sorted(names) if built.search(name)]


def main(paths: list[str]) -> int:
    if not paths:
        print("which wheels and sdists? python .ci/check_dist.py FILE...")
        return 2
    count = 0
    for path in map(Path, paths):
        print(f"{path.name}: {path.stat().st_size:,} bytes")
        look = look_into_wheel if path.suffix == ".whl" else look_into_sdist
        for line in look(path):
            count += 1
            print(f"  WRONG: {line}")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
