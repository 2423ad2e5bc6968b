"""docs/benchmarks.md, from page.md and the results: every figure in it is one of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from string import Template

from benchmarks.report.results import Results
from benchmarks.suites import accelerate, breakdown, over_http, payloads, providers, readers, scanner
from benchmarks.suites.measure import Times, in_bytes, in_words, listed

TEMPLATE = Path(__file__).with_name("page.md")

MANY, ONE = breakdown.PACES
CUT_GROUPS = {
    "an event" if size == "event" else size: scanner.group_name("openai_chat", size) for size in payloads.CUTS
}
KIND_GROUPS = {
    name.replace("_", " "): scanner.group_name(name, "event")
    for name in payloads.STREAMS
    if name not in ("openai_chat", "image")
}

# Of a whole: two measurements of the same differ by about as much.
NOISE = 0.02


def stages(found: Results, program: str, pace: str) -> Times:
    """Return the cost of each stage. Below the noise of the measurements, it is 0."""
    to_bytes, to_events, total = breakdown.stages(found.figures, program, pace).values()
    to_bytes, to_events = min(to_bytes, total), min(to_events, total)
    if to_events - to_bytes < NOISE * total:
        to_events = to_bytes
    return dict(zip(breakdown.STAGES, (to_bytes, to_events - to_bytes, total - to_events), strict=True))


def whole(found: Results, program: str, pace: str) -> float:
    return breakdown.stages(found.figures, program, pace)[breakdown.OBJECTS]


def objects(found: Results, api: str) -> list[float]:
    """Return the time to read a format from memory: by its SDK, by that accelerated, by ssescan."""
    by_sdk = found.figures[f"{api}, objects of the SDK, from memory"]
    ours = found.figures[f"{api}, bytes to parts"]
    return [by_sdk[accelerate.PLAIN], by_sdk[accelerate.ACCELERATED], ours[providers.PARTS]]


# Words and tables


def us(seconds: float) -> str:
    """Return a time in us, with as many digits as are reliable."""
    value = seconds * 1e6
    return f"{value:.0f}" if value >= 20 else f"{value:.1f}" if value >= 3 else f"{value:.2f}"


def title(reader: str) -> str:
    """Return a reader's name for the page."""
    names = {readers.OURS: "ssescan", readers.PURE: "ssescan, pure Python", readers.BY_HAND: "split by hand"}
    return names.get(reader, reader)


def times_as_long(slow: float, quick: float) -> str:
    ratio = slow / quick
    return f"{ratio:.0f} times" if ratio >= 10 else f"{ratio:.1f} times"


def table(head: Sequence[str], lines: Iterable[Sequence[str]], figures: bool = True) -> str:
    """Return a table. The first column is to the left, and the others to the right if they are figures."""
    ruler = ["---", *["---:" if figures else "---"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ruler, *lines))


def matrix(found: Results, columns: dict[str, str]) -> str:
    """Return a table with a line for each reader, and a column for each group, in us."""
    groups = [found.figures[group] for group in columns.values()]
    names = dict.fromkeys(name for times in groups for name in times)
    lines = [[title(name), *(us(times[name]) if name in times else "" for times in groups)] for name in names]
    return table(["reader", *columns], lines)


def listing(groups: dict[str, Times], words: Callable[[float], str]) -> str:
    """Return a table with a line for each group."""
    named = {group: {title(name): figure for name, figure in of.items()} for group, of in groups.items()}
    return table(["group", "figures"], [[group, listed(of, words)] for group, of in named.items()], figures=False)


# The parts of the page


def gains(found: Results) -> dict[str, str]:
    """Return the figures of the first paragraphs."""
    sdk, accelerated, ours, aiohttp, hand = breakdown.PROGRAMS
    many = {program: whole(found, program, MANY) for program in breakdown.PROGRAMS}
    one = {program: whole(found, program, ONE) for program in breakdown.PROGRAMS}
    anthropic_sdk, anthropic_accelerated, _ = objects(found, "anthropic")
    lines = [
        [program, us(many[program]), f"{round(1 / many[program], -3):,.0f}", us(one[program])]
        for program in breakdown.PROGRAMS
    ]
    return {
        "gain_table": table(["program", MANY, "events a second and core", ONE], lines),
        "sdk_to_accelerated": times_as_long(many[sdk], many[accelerated]),
        "sdk_to_httpx": times_as_long(many[sdk], many[ours]),
        "sdk_to_aiohttp": times_as_long(many[sdk], many[aiohttp]),
        "sdk_to_httpx_one": times_as_long(one[sdk], one[ours]),
        "sdk_one": us(one[sdk]),
        "sdk_waking": f"{100 * stages(found, sdk, ONE)[breakdown.BYTES] / one[sdk]:.0f}",
        "ours_waking": f"{100 * stages(found, ours, ONE)[breakdown.BYTES] / one[ours]:.0f}",
        "sdk_busy": f"{100 * one[sdk] * 100:.1f}",
        "httpx_many": us(many[ours]),
        "httpx_client": us(stages(found, ours, MANY)[breakdown.BYTES]),
        "hand_many": us(many[hand]),
        "anthropic_sdk": us(anthropic_sdk),
        "anthropic_gain": times_as_long(anthropic_sdk, anthropic_accelerated),
        "openai_sdk": us(objects(found, "openai-chat")[0]),
    }


def stages_table(found: Results) -> str:
    lines = []
    for pace in breakdown.PACES:
        for program in breakdown.PROGRAMS:
            cost = stages(found, program, pace)
            lines.append([f"{program}, {pace}", *map(us, cost.values()), us(sum(cost.values()))])
    return table(["us an event", "HTTP client", "events", "JSON, objects", "all"], lines)


def target(words: str) -> str:
    """Return a target with the word that says whether more is better or less."""
    if words.endswith("x") and not words.startswith("within "):
        return f"at least {words}"
    words = words.removeprefix("within ")
    return f"at most {words}" if words[0].isdigit() else words


def targets_table(kept: list[Results]) -> str:
    by_version = [{row.what: row for row in found.rows} for found in kept]
    lines = []
    for what, row in by_version[-1].items():
        measured = [rows.get(what) for rows in by_version]
        cells = ["" if one is None else one.measured + ", missed" * (not one.reached) for one in measured]
        lines.append([what, target(row.wanted), *cells])
    return table(["", "target", *(found.python for found in kept)], lines)


def figures_table(found: Results) -> str:
    """Return the figures that have no other place on the page."""
    shown = {*CUT_GROUPS.values(), *KIND_GROUPS.values(), *map(breakdown.group_name, breakdown.PACES)}
    rest = {group: times for group, times in found.figures.items() if group not in shown}
    return listing(rest, in_words)


def runs_table(kept: list[Results]) -> str:
    lines = [["measured on", *(found.day for found in kept)]]
    lines += [[name, *(found.versions.get(name, "") for found in kept)] for name in kept[-1].versions]
    return table(["", *(found.python for found in kept)], lines, figures=False)


def page(kept: list[Results]) -> str:
    """Return the page of the results; the details are those of the last."""
    found = kept[-1]
    work = [[title(name), *readers.work_of(read)] for name, read in readers.READERS.items()]
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        gains(found),
        day=found.day,
        python=found.python,
        machine=found.machine,
        compiler=found.compiler,
        wait=f"{over_http.MODEL_PACE:g}",
        stages_table=stages_table(found),
        targets_table=targets_table(kept),
        cuts_table=matrix(found, CUT_GROUPS),
        kinds_table=matrix(found, KIND_GROUPS),
        work_table=table(["reader", "reads", "leaves out"], work, figures=False),
        figures_table=figures_table(found),
        sizes_table=listing(found.sizes, in_bytes),
        notes="\n".join(f"- {note}" for note in found.notes),
        runs_table=runs_table(kept),
    )
