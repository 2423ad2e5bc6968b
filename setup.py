"""Build the one compiled module, ssescan.scanner._compiled; everything else stands in pyproject.toml.

SSESCAN_BUILD_EXTENSION=yes   a failed build of the extension is an error (wheels for a platform)
SSESCAN_BUILD_EXTENSION=no    no extension: a pure-Python package (py3-none-any)
unset                         build it if that can be done; if not, say why, loudly, and go on without it
"""

import os
import pathlib
import shlex
import shutil
import sys
import sysconfig

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

WANTED = os.environ.get("SSESCAN_BUILD_EXTENSION", "")
if WANTED not in ("", "yes", "no"):
    sys.exit(f"SSESCAN_BUILD_EXTENSION must be 'yes', 'no' or unset, not {WANTED!r}")

POSIX = os.name == "posix"
SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")
COMPILED = Extension(
    "ssescan.scanner._compiled",
    sources=["src/ssescan/scanner/_compiled.pyx"],
    depends=[f"src/ssescan/scanner/_compiled_{part}.pxi" for part in ("bytes", "events", "reader")],
    # No debug sections: they are two thirds of the file, and nobody has the sources that they point to.
    extra_compile_args=["-O3", "-g0"] if POSIX else [],
)


def what_is_missing() -> str:
    """Name the part of a C tool chain that this machine lacks, or "" if none is."""
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")[0]
    if POSIX and shutil.which(compiler) is None:
        return f"the C compiler {compiler!r} was not found (Debian, Ubuntu: apt-get install gcc)"
    headers = [os.path.join(sysconfig.get_path(name), "Python.h") for name in ("include", "platinclude")]
    if not any(map(os.path.exists, headers)):
        return f"the Python headers were not found at {headers[0]} (Debian, Ubuntu: apt-get install python3-dev)"
    return ""


def forget_what_was_built(*folders: str) -> None:
    """Delete what earlier builds left in a checkout: it would be taken for what was not built now."""
    for folder in folders:
        for path in pathlib.Path(__file__).parent.glob(f"{folder}/ssescan/scanner/_compiled*{SUFFIX}"):
            path.unlink()


class BuildExtension(build_ext):
    """build_ext that, unless the extension is demanded, turns a failed build into a notice."""

    def run(self) -> None:
        """Build, or say why not."""
        # Where the extension is demanded, the tool chain decides: what cross-compiles has its headers elsewhere.
        reason = "" if WANTED == "yes" else what_is_missing()
        if not reason:
            try:
                super().run()
            except Exception as error:  # noqa: BLE001 - whatever a tool chain fails with
                reason = what_is_missing() or f"{type(error).__name__}: {error}"
        if not reason:
            return
        forget_what_was_built("src", "build/*")
        if WANTED == "yes":
            raise SystemExit(f"ssescan build: FAILED, and SSESCAN_BUILD_EXTENSION=yes demands it: {reason}")
        self.say("*" * 76)
        self.say("the compiled scanner was NOT built; ssescan will run in pure Python.")
        self.say(reason)
        self.say("SSESCAN_BUILD_EXTENSION=yes makes this an error, =no leaves it out in silence.")
        self.say("*" * 76)
        self.extensions = []  # so that nobody looks for the file that was not made

    def say(self, text: str) -> None:
        """Print where pip and build show it with -v, and make always."""
        print("ssescan build:", text, file=sys.stderr, flush=True)


if WANTED == "no":
    forget_what_was_built("build/*")  # not from src: there it is the one that this checkout runs

setup(
    ext_modules=[] if WANTED == "no" else [COMPILED],
    cmdclass={"build_ext": BuildExtension},
)
