"""What a wheel and an sdist hold: what they must, and nothing that they must not.

python .ci/look_into.py FILE...     exit status 1 where something is wrong, with a line for each

Wheels: no tests, no sources of C or Cython, no debug sections, under 400 kB; py.typed and the stub; compiled ones need
no newer glibc than manylinux2014 has, and no library but libc. Sdists: all that a build and the tests need.
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
FORBIDDEN = re.compile(r"(^|/)(tests?|benchmarks|docs)/|\.(c|h|pyx|pxi|pxd|o|a)$")
WANTED = ("ssescan/py.typed", "ssescan/scanner/_compiled.pyi", "ssescan/cli/streams/openai-chat.sse")
WANTED_OF_SDIST = ("setup.py", "tests/conftest.py", "src/ssescan/scanner/_compiled.pyx", "CHANGELOG.md", "LICENSE")


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
        with tempfile.TemporaryDirectory() as folder:
            for name in modules:
                found += look_into_module(Path(wheel.extract(name, folder)))
    return found


def look_into_module(path: Path) -> list[str]:
    """Ask binutils for its sections, its symbols' versions, and the libraries that it needs."""
    sections, symbols, needed = (output("readelf", option, str(path)) for option in ("-SW", "--dyn-syms", "-d"))
    found = [f"{path.name} has the section {name}" for name in re.findall(r"\.debug_\w+", sections)]
    versions = {tuple(map(int, version.split("."))) for version in re.findall(r"@GLIBC_([\d.]+)", symbols)}
    found += [f"{path.name} wants glibc {'.'.join(map(str, one))}" for one in sorted(versions) if one > GLIBC]
    libraries = set(re.findall(r"\(NEEDED\).*\[(.*)\]", needed))
    found += [f"{path.name} wants the library {name}" for name in sorted(libraries - {"libc.so.6", "libpthread.so.0"})]
    newest = ".".join(map(str, max(versions, default=(0,))))
    print(f"  {path.name}: {path.stat().st_size:,} bytes, glibc {newest} or newer, {', '.join(sorted(libraries))}")
    return found


def output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def look_into_sdist(path: Path) -> list[str]:
    with tarfile.open(path) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    found = [f"it lacks {name}" for name in WANTED_OF_SDIST if name not in names]
    return found + [
        f"it must not hold {name}" for name in sorted(names) if name.endswith((".so", ".pyc", "_compiled.c"))
    ]


def main(paths: list[str]) -> int:
    if not paths:
        print("which wheels and sdists? python .ci/look_into.py FILE...")
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
