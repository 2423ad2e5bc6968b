"""Compare what the tools that observe SDKs record with and without acceleration: `make instrumentation`.

python -m benchmarks.frameworks.instrumentation          all tools
python -m benchmarks.frameworks.instrumentation logfire  some; the results of the others stay

Each tool has an environment of its own in build/instrumentation, where it stays. A program reads streams of a server in
another process, in rounds without and with acceleration; once the tool starts first, once acceleration. Every round
must give the program the same chunks and errors, and the tool the same spans. A value of a span that already differs
between two rounds without acceleration, such as a duration, is left out. Exit status 1 where they are not the same,
where a span has no text or no tokens, or where acceleration did not read every stream.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from itertools import zip_longest
from typing import Any

from benchmarks.frameworks import page
from benchmarks.frameworks.environments import Wrong, environment, interpreter, output, today, versions
from benchmarks.frameworks.results import FRAMEWORKS, OBSERVED, Observed, load, save
from benchmarks.frameworks.streams import __name__ as streams
from benchmarks.frameworks.table import TITLES
from benchmarks.suites.server import ROOT, Url, serving

FOLDER = ROOT / "build" / "instrumentation"
ORDERS = ("tool first", "acceleration first")
MISSING = "(missing)"
COUNT = 6  # words, which the server's streams have
TEXT, TOKENS = "river carries", re.compile(r"\b51[23]\b")  # some tools add the token of Anthropic's first event
APIS = tuple(api for api in TITLES if api != "gemini")
STREAMS = tuple(f"{api}{kind}" for api in APIS for kind in ("", "-calls", "-error"))
SDKS = ("openai", "anthropic")
# What pip installs beside the SDKs; the distribution of the table is the first.
TOOLS = {
    "openllmetry": (
        "opentelemetry-instrumentation-openai",
        "opentelemetry-instrumentation-anthropic",
        "opentelemetry-sdk",
    ),
    "logfire": ("logfire[httpx]",),
    "langfuse": ("langfuse", "opentelemetry-instrumentation-anthropic"),
    "ddtrace": ("ddtrace",),
}

Round = dict[str, Any]


def leaves(value: Any, path: str = "") -> dict[str, Any]:
    """Return the values within lists and dicts, by their paths."""
    if not isinstance(value, dict | list) or not value:
        return {path: value}
    items = value.items() if isinstance(value, dict) else enumerate(value)
    return {key: leaf for name, of in items for key, leaf in leaves(of, f"{path}/{name}").items()}


def differences(expected: dict[str, Any], given: dict[str, Any]) -> list[str]:
    """Return the paths at which two have different values, or only one has a value."""
    return [path for path in expected | given if path not in expected or expected[path] != given.get(path, MISSING)]


def compared(rounds: list[Round]) -> tuple[dict[str, int], set[str]]:
    """Return the numbers of what is the same in all rounds, and the names of the values left out. Raises Wrong."""
    first, second, *_ = (of["reads"] for of in rounds if not of["is_on"])
    counts, left_out = {"streams": len(first), "spans": 0, "values": 0}, set[str]()
    for place, expected in enumerate(first):
        values = leaves(expected["spans"])
        changing = set(differences(values, leaves(second[place]["spans"]))) & values.keys()
        for of in rounds:
            name, given = f"{expected['name']}, acceleration {'on' if of['is_on'] else 'off'}", of["reads"][place]
            if given["chunks"] != expected["chunks"]:
                pairs = zip_longest(expected["chunks"], given["chunks"])
                raise Wrong(f"expected the same chunks of {name}, got {next(of for of in pairs if of[0] != of[1])}")
            found = leaves(given["spans"])
            if wrong := [path for path in differences(values, found) if path not in changing]:
                both = {path: (values.get(path, MISSING), found.get(path, MISSING)) for path in wrong[:3]}
                raise Wrong(f"expected the same spans of {name}, got {both}")
        counts["spans"] += len(expected["spans"])
        counts["values"] += len(values) - len(changing)
        left_out |= {path.rpartition("/")[2] for path in changing}
    return counts, left_out


def checked(rounds: list[Round]) -> list[Round]:
    """Return the rounds. Raises Wrong if the tool or acceleration did not take part."""
    for of in rounds:
        if of["accelerated"] != (len(of["reads"]) if of["is_on"] else 0):
            raise Wrong(f"expected acceleration to read all of {len(of['reads'])} streams, or none, got {of}"[:500])
        for api in APIS:
            spans = "".join(json.dumps(read["spans"]) for read in of["reads"] if read["name"].startswith(f"{api}, "))
            if TEXT not in spans or not TOKENS.search(spans):
                raise Wrong(f"expected spans with the text and the tokens of {api}, got {spans[:500]}")
    return rounds


def observed(tool: str, url: Url) -> Observed:
    """Compare in both orders. Raises Wrong, and CalledProcessError if the tool cannot be installed."""
    python = environment(FOLDER / tool, (*TOOLS[tool], *SDKS))
    found: dict[str, int] = {}
    left_out: set[str] = set()
    for order in ORDERS:
        urls = [text for stream in STREAMS for text in (stream, url(stream, COUNT))]
        rounds = output(python, "-m", "benchmarks.frameworks.observe", tool, order, *urls)
        found, changing = compared(checked(rounds))
        left_out |= changing
    names = [name.partition("[")[0] for name in (*TOOLS[tool], *SDKS)]
    return Observed(today(), interpreter(), versions(python, names), **found, left_out=sorted(left_out))


def main() -> int:
    parser = ArgumentParser("instrumentation", description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("tools", nargs="*", metavar="TOOL", help=", ".join(TOOLS))
    options = parser.parse_args()
    if unknown := set(options.tools) - TOOLS.keys():
        parser.error(f"expected some of {', '.join(TOOLS)}, got {', '.join(unknown)}")
    results, wrong = load(OBSERVED), 0
    with serving(streams) as url:
        for tool in options.tools or TOOLS:
            try:
                results[tool] = observed(tool, url)
                print(tool, results[tool], flush=True)
                save(results, OBSERVED)
            except (Wrong, subprocess.CalledProcessError) as error:
                print(f"{tool}: {error}", flush=True)
                wrong += 1
    page.write(load(FRAMEWORKS), results)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
