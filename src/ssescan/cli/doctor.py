"""`ssescan doctor`: show what is installed here, which scanner runs and why, and which SDKs can be accelerated.

Needs only click, so that it runs if another package is missing. It imports the SDKs that are installed, as only their
code shows whether acceleration covers it.
"""

import json
import os
import platform
import sys
import warnings
from importlib import import_module
from typing import Any

import click

from .. import accelerate, backend, scanner
from .._secrets import error_without_secrets
from ..dropin.sdk.known_versions import TESTED_VERSIONS
from ..dropin.sdk.libraries import LIBRARIES
from ..sources import CLIENTS
from .command import installed, version
from .exits import Exit
from .output import write_json
from .visible import visible

# Distribution -> the extra that installs it. tests/cli compares this table with pyproject.toml.
EXTRAS = {
    "click": "cli", "rich": "cli", "httpx": "httpx", "httpx2": "httpx2", "msgspec": "providers", "matplotlib": "plots",
    "regex": "redact", "starlette": "replay", "uvicorn": "replay",
}  # fmt: skip
# Packages that ssescan works with, if the user has them.
OTHERS = sorted({
    *CLIENTS, "anthropic", "google-genai", "httpcore", "httpcore2", "httpx-sse", "mcp", "openai", "sseclient-py",
    "trio",
} - EXTRAS.keys())  # fmt: skip

IS_ACCELERATED = "is accelerated"  # the end of the report on a library that is covered


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON.")
def command(*, as_json: bool) -> Exit:
    """Show what is installed here, which scanner runs and why, and which SDKs `accelerate` covers.

    \b
        ssescan doctor
        ssescan doctor --json > report.json
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    facts = examine()
    if as_json:
        write_json(json.dumps(facts).encode())
    else:
        click.echo(visible(report(facts), keep_lines=True))
    return Exit.ENDED


def examine() -> dict[str, Any]:
    """Return the facts about this installation."""
    return {
        "ssescan": version(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "gil": getattr(sys, "_is_gil_enabled", lambda: True)(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        **examine_backend(),
        "packages": {name: installed(name) for name in (*EXTRAS, *OTHERS)},
        "accelerate": {name: acceleration_of(name) for name in LIBRARIES if installed(name)},
    }


def examine_backend() -> dict[str, Any]:
    """Return which scanner runs, and why."""
    return {
        "backend": backend,
        "backend_reason": scanner.backend_reason,
        "SSESCAN_BACKEND": os.environ.get("SSESCAN_BACKEND"),
    }


def missing(module: str) -> ModuleNotFoundError | None:
    """Import a module of a library; return the error if this version of the library does not have it."""
    try:
        import_module(module)
    except ModuleNotFoundError as error:
        if not f"{module}.".startswith(f"{error.name}."):
            raise
        return error
    return None


def acceleration_of(name: str) -> dict[str, Any]:
    """Return whether `accelerate` covers the installed version of a library, the reason if not, the tested versions."""
    reason = None
    try:
        with warnings.catch_warnings(action="ignore"):
            errors = list(filter(None, map(missing, LIBRARIES[name].parts)))
            if len(errors) == len(LIBRARIES[name].parts):
                raise errors[0]  # noqa: TRY301
            with accelerate(name) as acceleration:
                report = acceleration.report[name]
        if not report.endswith(IS_ACCELERATED):
            reason = report
    except Exception as error:  # noqa: BLE001 - a library that cannot be imported may raise anything
        reason = f"it cannot be imported: {type(error).__name__}: {error_without_secrets(error)}"
    return {"covered": reason is None, "reason": reason, "tested": TESTED_VERSIONS[name]}


def report(facts: dict[str, Any]) -> str:
    """Return the facts as text."""
    packages = facts["packages"]
    extras = [(name, packages[name] or f"missing: pip install 'ssescan[{extra}]'") for name, extra in EXTRAS.items()]
    here = [
        ("python", f"{facts['python']}, GIL {'on' if facts['gil'] else 'off'}"),
        ("platform", f"{facts['platform']} ({facts['machine']})"),
        ("backend", backend_in_words(facts)),
    ]
    lines = [f"ssescan {facts['ssescan']}", *aligned(here), "extras", *aligned(extras)]
    if sdks := facts["accelerate"]:
        lines += ["SDKs, and whether accelerate covers them"]
        lines += aligned([(name, f"{packages[name]}  {in_words(found)}") for name, found in sdks.items()])
    if others := [(name, found) for name in OTHERS if (found := packages[name]) and name not in sdks]:
        lines += ["also here, and known to ssescan", *aligned(others)]
    return "\n".join(lines)


def in_words(found: dict[str, Any]) -> str:
    """Return whether a library is covered, as text."""
    if found["covered"]:
        return "covered"
    return f"not covered, the program works as without it: {' '.join(str(found['reason']).split())}"


def backend_in_words(facts: dict[str, Any]) -> str:
    """Return the backend, and for the slow one also why, and what to do."""
    if facts["backend"] == "compiled":
        return "compiled"
    if facts["SSESCAN_BACKEND"] == "python":
        remedy = "unset SSESCAN_BACKEND to let ssescan choose"
    else:
        remedy = (
            "install a wheel for this Python, or build one, with a C compiler and Python's headers:\n"
            "SSESCAN_BUILD_EXTENSION=yes pip install --force-reinstall --no-cache-dir --no-binary ssescan ssescan"
        )
    return f"python (the pure one, many times slower): {facts['backend_reason']}\n{remedy}"


def aligned(rows: list[tuple[str, str]]) -> list[str]:
    """Return the rows, indented, with their second column aligned, also if it has several lines."""
    width = max((len(name) for name, _ in rows), default=0) + 2
    return [f"  {name:{width}}{text}".replace("\n", "\n" + " " * (width + 2)) for name, text in rows]
