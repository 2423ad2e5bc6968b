"""`ssescan doctor`: what is installed here, which scanner runs and why.

Needs click alone, so that it runs where something is missing.
"""

import json
import os
import platform
import sys
from importlib import metadata
from typing import TypedDict

import click

from .. import backend, scanner
from .command import version
from .exits import Exit
from .visible import json_output, visible

# Distribution -> the extra that brings it. tests/cli holds this table against pyproject.toml.
EXTRAS = {
    "click": "cli",
    "rich": "cli",
    "httpx": "httpx",
    "httpx2": "httpx2",
    "msgspec": "providers",
    "matplotlib": "plots",
    "starlette": "replay",
    "uvicorn": "replay",
}
# What ssescan reads from, or puts its engine under, where the user has it.
OTHERS = (
    "aiohttp",
    "anthropic",
    "google-genai",
    "httpx-sse",
    "niquests",
    "openai",
    "requests",
    "sseclient-py",
    "trio",
    "urllib3",
)


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="The same as a line of JSON.")
def command(*, as_json: bool) -> Exit:
    """Say what is installed here, which scanner runs, and why."""
    facts = examine()
    if as_json:
        out = json_output()
        out.write(json.dumps(facts).encode() + b"\n")
        out.flush()
    else:
        click.echo(visible(report(facts), keep_lines=True))
    return Exit.ENDED


class Facts(TypedDict):
    """What is known of this installation."""

    ssescan: str
    python: str
    gil: bool
    platform: str
    machine: str
    backend: str
    backend_reason: str
    SSESCAN_BACKEND: str | None
    packages: dict[str, str | None]  # versions


def examine() -> Facts:
    """Return what is known of this installation."""
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


def report(facts: Facts) -> str:
    """Return the facts as lines for people."""
    packages = facts["packages"]
    lines = [
        f"ssescan {facts['ssescan']}",
        *aligned(
            [
                ("python", f"{facts['python']}, GIL {'on' if facts['gil'] else 'off'}"),
                ("platform", f"{facts['platform']} ({facts['machine']})"),
                ("backend", backend_in_words(facts)),
            ]
        ),
        "extras",
        *aligned([(name, packages[name] or missing(extra)) for name, extra in EXTRAS.items()]),
    ]
    if others := [(name, found) for name in OTHERS if (found := packages[name])]:
        lines += ["also here, and known to ssescan", *aligned(others)]
    return "\n".join(lines)


def missing(extra: str) -> str:
    """Return the words for a package that an extra would bring."""
    return f"missing: pip install 'ssescan[{extra}]'"


def backend_in_words(facts: Facts) -> str:
    """Return the backend, and where it is the slow one, why and what to do."""
    if facts["backend"] == "compiled":
        return "compiled"
    if facts["SSESCAN_BACKEND"] == "python":
        remedy = "unset SSESCAN_BACKEND to let ssescan choose"
    else:
        remedy = (
            "install a wheel for this Python, or build one where a C compiler and Python's headers are:\n"
            "SSESCAN_BUILD_EXTENSION=yes pip install --force-reinstall --no-cache-dir --no-binary ssescan ssescan"
        )
    return f"python (the pure one, many times slower): {facts['backend_reason']}\n{remedy}"


def aligned(rows: list[tuple[str, str]]) -> list[str]:
    """Return the rows indented, their second column aligned, also where it has several lines."""
    width = max((len(name) for name, _ in rows), default=0) + 2
    return [f"  {name:{width}}{text}".replace("\n", "\n" + " " * (width + 2)) for name, text in rows]


def installed(distribution: str) -> str | None:
    """Return the version of an installed distribution, None if there is none."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
