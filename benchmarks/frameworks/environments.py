"""The environments of frameworks and tools in build/, where they stay, and the programs that run in them."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.suites.server import ROOT

VERSIONS = (
    "import importlib.metadata as m, json; print(json.dumps({d.name.lower(): d.version for d in m.distributions()}))"
)
VARIABLES = {
    "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT))),
    # LiteLLM reads its prices from its own folder, not from the network. ddtrace reports nothing about itself.
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
    "DD_REMOTE_CONFIGURATION_ENABLED": "false",
}


class Wrong(Exception):
    """An error: the results differ, or acceleration did not do what the table says. The text tells both."""


def environment(folder: Path, requires: Iterable[str]) -> Path:
    """Return the Python of an environment, and make it if it is not there. Raises CalledProcessError."""
    python, installed = folder / "bin" / "python", folder / "installed"
    wanted = "\n".join(requires)
    if not (installed.is_file() and installed.read_text() == wanted):
        print(f"installing {wanted.replace(chr(10), ', ')}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *requires], check=True)
        installed.write_text(wanted)
    return python


def output(python: Path, *arguments: str) -> Any:
    """Return the JSON in the last line that a program prints. Raises Wrong if it fails."""
    done = subprocess.run(
        [python, "-W", "ignore", *arguments],
        env={**os.environ, **VARIABLES},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Wrong(f"expected a result of {arguments[2:4]}, got exit status {done.returncode}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def versions(python: Path, names: Iterable[str]) -> dict[str, str]:
    """Return the versions of the distributions that an environment has, of these."""
    installed = output(python, "-c", VERSIONS)
    return {name: installed[name] for name in names if name in installed}


def today() -> str:
    return date.today().isoformat()


def interpreter() -> str:
    """Return the interpreter, as the results name it: "CPython 3.11.7"."""
    return f"{platform.python_implementation()} {platform.python_version()}"
