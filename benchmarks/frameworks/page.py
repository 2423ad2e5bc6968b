"""The tables of the frameworks in docs/frameworks.md and README.md, made from the results, between two comments."""

from __future__ import annotations

import re
from collections.abc import Iterable

from benchmarks.frameworks.results import DOCS, Found, Measured, Observed
from benchmarks.report.page import table, us

# The distributions of the README's table.
README_FRAMEWORKS = ("langchain", "pydantic-ai", "openai-agents", "litellm")
SDKS = ("openai", "anthropic", "google-genai")
PLACE = re.compile(r"(<!-- (\S+): written by `make \w+` -->\n).*?(<!-- end -->)", re.DOTALL)


def line(name: str, versions: dict[str, str], row: Found) -> list[str]:
    """Return a line of the table of gains."""
    gain = "none" if row.reason else f"{row.gain:.1f} times"
    return [f"{name} {versions[name]}", row.title, us(row.off), us(row.on), gain]


def lines(results: dict[str, Measured], names: Iterable[str]) -> list[list[str]]:
    return [line(name, results[name].versions, row) for name in names for row in results[name].rows]


HEAD = ("framework", "API", "off, us", "on, us", "gain")


def gains(results: dict[str, Measured], names: Iterable[str]) -> str:
    """Return the table of gains."""
    return table(HEAD, lines(results, names)).replace("--- | ---:", "--- | ---", 1)


def versions(results: dict[str, Measured]) -> str:
    """Return the table of the SDKs that frameworks bring."""
    return table(
        ["framework", *SDKS],
        [[f"{name} {of.versions[name]}", *(of.versions.get(sdk, "") for sdk in SDKS)] for name, of in results.items()],
        figures=False,
    )


def reasons(results: dict[str, Measured]) -> str:
    """Return the table of what gains nothing."""
    return table(
        ["framework", "API", "why"],
        [[name, row.title, row.reason] for name, of in results.items() for row in of.rows if row.reason],
        figures=False,
    )


def observed(results: dict[str, Observed]) -> str:
    """Return the table of the tools that observe."""
    return table(
        ["tool", "streams", "spans", "values", "left out"],
        [
            [
                f"{name} {next(iter(of.versions.values()))}",
                *map(str, (of.streams, of.spans, of.values)),
                ", ".join(f"`{key}`" for key in of.left_out),
            ]
            for name, of in results.items()
        ],
        figures=False,
    )


def filled(text: str, results: dict[str, Measured], tools: dict[str, Observed]) -> str:
    """Return a page with its tables made of the results."""
    tables = {
        "versions": lambda: versions(results),
        "gains": lambda: gains(results, results),
        "reasons": lambda: reasons(results),
        "observed": lambda: observed(tools),
        "most-used": lambda: gains(results, (name for name in README_FRAMEWORKS if name in results)),
    }
    return PLACE.sub(lambda found: f"{found[1]}\n{tables[found[2]]()}\n\n{found[3]}", text)


PAGES = (DOCS / "frameworks.md", DOCS.parent / "README.md")


def write(results: dict[str, Measured], tools: dict[str, Observed]) -> None:
    """Write the tables into the pages."""
    for page in PAGES:
        page.write_text(filled(page.read_text(encoding="utf-8"), results, tools), encoding="utf-8")
