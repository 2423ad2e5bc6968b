"""`ssescan doctor`: show what is installed here, which scanner runs and why.

Needs only click, so that it runs if another package is missing.
"""

import json
import os
import platform
import sys
from typing import Any

import click

from .. import backend, scanner
from .command import installed, version
from .exits import Exit
from .output import write_json
from .visible import visible

# Distribution -> the extra that installs it. tests/cli compares this table with pyproject.toml.
EXTRAS = {
    "click": "cli", "rich": "cli", "httpx": "httpx", "httpx2": "httpx2", "msgspec": "providers", "matplotlib": "plots",
    "starlette": "replay", "uvicorn": "replay",
}  # fmt: skip
# Packages that ssescan works with, if the user has them.
OTHERS = (
    "aiohttp", "anthropic", "google-genai", "httpx-sse", "niquests", "openai", "requests", "sseclient-py", "trio",
    "urllib3",
)  # fmt: skip


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON.")
def command(*, as_json: bool) -> Exit:
    """Show what is installed here, which scanner runs, and why."""
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
        "backend": backend,
        "backend_reason": scanner.backend_reason,
        "SSESCAN_BACKEND": os.environ.get("SSESCAN_BACKEND"),
        "packages": {name: installed(name) for name in (*EXTRAS, *OTHERS)},
    }


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
    if others := [(name, found) for name in OTHERS if (found := packages[name])]:
        lines += ["also here, and known to ssescan", *aligned(others)]
    return "\n".join(lines)


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
