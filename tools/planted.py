"""Copies of the tree whose compiled scanner has a fault: a patch of tests/mutants. `mutants.py` describes these."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PATCHES = ROOT / "tests" / "mutants"
SCANNER = Path("src", "ssescan", "scanner")
MODULE = "_compiled" + str(sysconfig.get_config_var("EXT_SUFFIX"))
NEEDED = ("src/ssescan", "tests/conftest.py", "tests/fuzzing", "tests/scanner", "pyproject.toml")
EQUIVALENT = "Equivalent: "


def read(patch: Path) -> tuple[str, str | None, str]:
    """Return what becomes wrong, why nobody sees it (None: somebody must), and the diff."""
    text, diff = re.split(r"^(?=--- )", patch.read_text(encoding="utf-8"), maxsplit=1, flags=re.MULTILINE)
    wrong, *more = text.splitlines()
    return wrong, next((line.removeprefix(EQUIVALENT) for line in more if line.startswith(EQUIVALENT)), None), diff


def mutated(diff: str, root: Path = ROOT) -> tuple[str, str]:
    """Return the path of the file that a diff of one file changes, and the text of that file with the change.

    A hunk may have moved, but its lines must be in the file exactly once: else ValueError.
    """
    header, *hunks = re.split(r"^@@ .*\n", diff, flags=re.MULTILINE)
    path = header.split()[1].removeprefix("a/")
    text = (root / path).read_text(encoding="utf-8")
    for hunk in hunks:
        lines = hunk.splitlines(keepends=True)
        before, after = ("".join(line[1:] for line in lines if line[0] in kinds) for kinds in (" -", " +"))
        if text.count(before) != 1:
            raise ValueError(f"{path} must have these lines once, not {text.count(before)} times:\n{before}")
        text = text.replace(before, after)
    return path, text


def build(tree: Path, *flags: str, directives: tuple[str, ...] = ()) -> str | None:
    """Build the extension of a tree; return the error of a compiler, or None."""
    source = tree / SCANNER / "_compiled.pyx"
    options = [word for directive in directives for word in ("-X", directive)]
    translate = [sys.executable, "-m", "cython", "-3", *options, str(source)]
    compile_ = ["cc", "-shared", "-fPIC", "-w", *(flags or ("-O0",)), f"-I{sysconfig.get_path('include')}"]
    for command in (translate, [*compile_, str(source.with_suffix(".c")), "-o", str(source.with_name(MODULE))]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            return done.stderr[-2000:]
    return None


def copy(tree: Path) -> None:
    """Copy what the tests of the scanner need into a folder."""
    for name in NEEDED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("*.so", "*.c", "__pycache__"))
        else:
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tree / name)
