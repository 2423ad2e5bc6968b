"""Build the compiled scanner. Everything else is in pyproject.toml.

SSESCAN_BUILD_EXTENSION=yes makes a failed build an error, =no builds no extension. If it is not set, a failed build is
reported, and ssescan runs in pure Python.
"""

import os
import shlex
import shutil
import sys
import sysconfig
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

WANTED = os.environ.get("SSESCAN_BUILD_EXTENSION", "")
if WANTED not in ("", "yes", "no"):
    sys.exit(f"SSESCAN_BUILD_EXTENSION must be 'yes', 'no' or unset, not {WANTED!r}")
MODULE = "src/ssescan/scanner/_compiled"
DEPENDS = [f"{MODULE}_{part}.pxi" for part in ("bytes", "events", "reader", "runs")]
BUILT = f"ssescan/scanner/_compiled*{sysconfig.get_config_var('EXT_SUFFIX')}"
FLAGS = ["-O3", "-g0"] if os.name == "posix" else []  # debug sections would be two thirds of the file


class BuildExtension(build_ext):
    """build_ext that reports a failed build and continues, unless the extension is required."""

    def run(self) -> None:
        try:
            super().run()
        except Exception as error:
            compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")[0]
            reason = f"{type(error).__name__}: {error}"
            if os.name == "posix" and not shutil.which(compiler):
                reason = f"the C compiler {compiler!r} was not found (Debian, Ubuntu: apt-get install gcc)"
            elif not any(Path(sysconfig.get_path(name), "Python.h").exists() for name in ("include", "platinclude")):
                reason = "the Python headers were not found (Debian, Ubuntu: apt-get install python3-dev)"
            for stale in [*Path("src").glob(BUILT), *Path("build").glob(f"*/{BUILT}")]:
                stale.unlink()  # a file of an earlier build would be used instead
            if WANTED == "yes":
                raise SystemExit(f"ssescan build: FAILED, SSESCAN_BUILD_EXTENSION=yes requires it: {reason}") from error
            notice = "the compiled scanner was NOT built: ssescan will run in pure Python, many times slower. Why:"
            print(f"ssescan build: {notice}\nssescan build: {reason}", file=sys.stderr, flush=True)
            self.extensions = []


extension = Extension("ssescan.scanner._compiled", [f"{MODULE}.pyx"], depends=DEPENDS, extra_compile_args=FLAGS)
setup(ext_modules=[extension] if WANTED != "no" else [], cmdclass={"build_ext": BuildExtension})
