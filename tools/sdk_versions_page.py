"""The results that `sdk_versions.py` keeps, and the tables of docs/versions.md, which are made from them.

python tools/sdk_versions_page.py       writes the tables again
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "tests" / "accelerate" / "sdk_versions.json"
PAGE = ROOT / "docs" / "versions.md"
BEGIN, END = "<!-- made by tools/sdk_versions.py -->", "<!-- end -->"
APIS = {"openai-chat": "Chat Completions", "openai-responses": "Responses", "anthropic": "Messages", "gemini": "Gemini"}
# By SDK and version: frameworks whose newest release brings it.
BROUGHT_BY = {
    ("openai", "2.54.0"): "llama-index, mirascope, crewai",
    ("openai", "3.3.0"): "instructor, ragas",
    ("google-genai", "2.34.0"): "google-adk, pydantic-ai, LiteLLM",
}

Results = dict[str, dict[str, dict[str, Any]]]


def read_results() -> Results:
    """Return the results by SDK, and by version."""
    results: Results = json.loads(DATA.read_text("utf-8")) if DATA.is_file() else {}
    return results


def write_results(results: Results) -> None:
    """Write the results, sorted by version, and the page."""
    ordered = {sdk: dict(sorted(known.items(), key=lambda item: numbers(item[0]))) for sdk, known in results.items()}
    DATA.write_text(json.dumps(ordered, indent=1) + "\n", "utf-8")
    PAGE.write_text(with_tables(PAGE.read_text("utf-8"), ordered), "utf-8")


def numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", text)]


def with_tables(page: str, results: Results) -> str:
    """Return the page with the tables of these results."""
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n\n{tables(results)}\n{END}{after}"


def tables(results: Results) -> str:
    return "\n".join(table(sdk, known) for sdk, known in sorted(results.items(), reverse=True))


def table(sdk: str, known: dict[str, dict[str, Any]]) -> str:
    apis = [api for api in APIS if any(api in facts.get("times_as_fast", {}) for facts in known.values())]
    letters = list(dict.fromkeys(facts["inside"] for facts in known.values()))
    lines = [
        f"## {sdk}\n",
        "| version | pydantic | inside | mutated events | own tests | "
        + " | ".join(APIS[api] for api in apis)
        + " | |",
        "|---|---|---|---|---|" + "---|" * len(apis) + "---|",
    ]
    for name, facts in known.items():
        version = name.partition(" ")[0]
        is_accelerated = facts["report"].endswith("is accelerated")
        equal = [f"{facts[key]:,} equal" if key in facts else "" for key in ("mutations", "own_tests")]
        speed = facts.get("times_as_fast", {})
        cells = [version, facts["pydantic"], chr(ord("A") + letters.index(facts["inside"])), *equal]
        cells += [f"{speed[api]:g} times" if api in speed else "" for api in apis]
        # Only the point of a reason: the rest says what to install.
        note = BROUGHT_BY.get((sdk, version), "") if is_accelerated else reason(facts["report"])
        lines.append(f"| {' | '.join([*cells, note])} |")
    return "\n".join(lines) + "\n"


def reason(report: str) -> str:
    """Return the first reason why a version is left alone."""
    found = re.search(r"(left alone, because .*?)(, and |; )", report)
    words = (found[1] if found else report).replace("|", "\\|")
    return re.sub(r"([\w.]+):([\w.]+) is not", r"\2 of \1 is not", words)  # a shorter word in the table


if __name__ == "__main__":
    write_results(read_results())
