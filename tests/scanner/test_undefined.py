"""Undefined behaviour of the C code: a sanitizer in the compiled extension ends the process if it finds any."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import ssescan

SOURCE = Path(ssescan.__file__).with_name("scanner") / "_compiled.c"
LINKER = shlex.split(sysconfig.get_config_var("LDSHARED") or "cc -shared")
# The checks that gcc and clang share, and that Python's headers pass.
CHECKS = "alignment,bounds,nonnull-attribute,null,pointer-overflow,shift,signed-integer-overflow"
OPTIONS = ["-O1", "-fPIC", "-w", f"-fsanitize={CHECKS}", "-fno-sanitize-recover=all"]

FEED = """
import importlib.util, random, sys
import ssescan.scanner
spec = importlib.util.spec_from_file_location("ssescan.scanner._compiled", sys.argv[1])
module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)

scanner = module.Scanner()
assert scanner.feed(b"data:\\n") == []  # the scanner copies zero bytes of this line
assert [event.data for event in scanner.feed(b"\\n")] == [""]
reader = module.EventReader(module.Scanner())
assert reader.pop() is None  # before the first chunk
assert reader.close() is None

sys.path.insert(0, sys.argv[2])
from fuzzing.targets import scanner as target
assert target._compiled is module
chance = random.Random(1)
for _ in range(400):
    target.check(b"".join(chance.choices(target.PIECES, k=chance.randrange(1, 25))) + chance.randbytes(13))
"""


@pytest.mark.skipif(not SOURCE.exists(), reason="no C file next to the module (installed from a wheel)")
@pytest.mark.skipif(shutil.which(LINKER[0]) is None, reason=f"no C compiler {LINKER[0]!r}")
def test_no_undefined_behaviour_in_c(tmp_path: Path) -> None:
    include = f"-I{sysconfig.get_path('include')}"
    sanitized = tmp_path / f"_compiled{sysconfig.get_config_var('EXT_SUFFIX')}"
    if subprocess.run([*LINKER, *OPTIONS, "-x", "c", os.devnull, "-o", tmp_path / "empty"], check=False).returncode:
        pytest.skip(f"{LINKER[0]!r} does not support -fsanitize, or has no libubsan")
    subprocess.run([*LINKER, *OPTIONS, include, SOURCE, "-o", sanitized], check=True)
    # The pure backend, so that no other _compiled loads.
    finished = subprocess.run(
        [sys.executable, "-c", FEED, sanitized, Path(__file__).parents[1]],
        env={**os.environ, "SSESCAN_BACKEND": "python"}, capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr[-3000:]
