"""docs/benchmarks.md, made of page.md and of what the runs found: every figure in it is a run's."""

from __future__ import annotations

from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

import accelerate
import breakdown
import node
import over_http
import peers
import providers
import shapes
import workloads
from table import in_bytes, in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from results import Results

    Times = dict[str, float]

TEMPLATE = Path(__file__).with_name("page.md")

FORMATS = {
    "openai-chat": "OpenAI chat",
    "openai-responses": "OpenAI Responses",
    "anthropic": "Anthropic",
    "gemini": "Gemini",
}
SDK, ACCELERATED, PARTS = "the SDK", "accelerated", "ssescan.stream"
MANY, ONE = breakdown.PACES
SHAPES = {
    "openai_responses": "OpenAI Responses",
    "anthropic_messages": "Anthropic, pings",
    "gemini": "Gemini, CRLF",
    "multibyte": "Chinese, emoji",
    "tiny": "one word",
}


# Of a whole. Two measurements of the same differ by about as much.
NOISE = 0.02


# What is taken from a run


def whole(found: Results, program: str, pace: str) -> float:
    return found.figures[breakdown.group(program, pace)][breakdown.OBJECTS]


def stages(found: Results, program: str, pace: str) -> Times:
    """Give what each stage adds. Where one is below the noise of the measurements, it is 0."""
    upto = found.figures[breakdown.group(program, pace)]
    total = upto[breakdown.OBJECTS]
    to_bytes = min(upto[breakdown.BYTES], total)
    to_events = min(upto[breakdown.EVENTS], total)
    if to_events - to_bytes < NOISE * total:
        to_events = to_bytes
    added = (to_bytes, to_events - to_bytes, total - to_events)
    return dict(zip(breakdown.STAGES, added, strict=True))


def objects(found: Results, api: str) -> Times:
    """Give what it takes to read a format from memory: by its SDK, by that accelerated, by ours."""
    by_sdk = found.figures[f"{api}, objects of the SDK, from memory"]
    ours = found.figures[f"{api}, bytes to parts"]
    return {SDK: by_sdk[accelerate.PLAIN], ACCELERATED: by_sdk[accelerate.ACCELERATED], PARTS: ours[providers.PARTS]}


# How it is written


def us(seconds: float) -> str:
    """Write a time in us, with as many digits as it is good for."""
    value = seconds * 1e6
    return f"{value:.0f}" if value >= 20 else f"{value:.1f}" if value >= 3 else f"{value:.2f}"


def called(name: str) -> str:
    """Give a reader's name as it is written outside of benchmarks/."""
    return {peers.OURS: "ssescan", peers.PURE: "ssescan, pure Python", peers.BY_HAND: "split by hand"}.get(name, name)


def times_as_long(slow: float, quick: float) -> str:
    ratio = slow / quick
    return f"{ratio:.0f} times" if ratio >= 10 else f"{ratio:.1f} times"


def table(head: Sequence[str], lines: Iterable[Sequence[str]], figures: bool = True) -> str:
    """Write a table. The first column is to the left, and the others to the right if they are figures."""
    ruler = ["---", *["---:" if figures else "---"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ruler, *lines))


def matrix(columns: dict[str, Times], first: str) -> str:
    """Write a line for each who has a figure, and a column for each group of figures, in us."""
    names = list(dict.fromkeys(name for times in columns.values() for name in times))
    lines = [
        [called(name), *(us(times[name]) if name in times else "" for times in columns.values())] for name in names
    ]
    return table([first, *columns], lines)


# The parts of the page


def gains(found: Results) -> dict[str, str]:
    """Give what the first paragraphs say in figures."""
    sdk, accelerated, ours, aiohttp, hand = breakdown.PROGRAMS
    many = {program: whole(found, program, MANY) for program in breakdown.PROGRAMS}
    one = {program: whole(found, program, ONE) for program in breakdown.PROGRAMS}
    anthropic = objects(found, "anthropic")
    lines = [
        [program, us(many[program]), f"{round(1 / many[program], -3):,.0f}", us(one[program])]
        for program in breakdown.PROGRAMS
    ]
    head = ["program", f"{MANY}", "events a second and core", f"{ONE}"]
    return {
        "gain_table": table(head, lines),
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
        "anthropic_sdk": us(anthropic[SDK]),
        "anthropic_gain": times_as_long(anthropic[SDK], anthropic[ACCELERATED]),
        "openai_sdk": us(objects(found, "openai-chat")[SDK]),
    }


def stages_table(found: Results) -> str:
    lines = []
    for pace in breakdown.PACES:
        for program in breakdown.PROGRAMS:
            added = stages(found, program, pace)
            lines.append([f"{program}, {pace}", *map(us, added.values()), us(sum(added.values()))])
    return table(["us an event", "HTTP client", "events", "JSON, objects", "all"], lines)


def objects_table(found: Results) -> str:
    lines = []
    for api, title in FORMATS.items():
        slow, quicker, quickest = objects(found, api).values()
        ratios = times_as_long(slow, quicker), times_as_long(slow, quickest)
        lines.append([title, us(slow), us(quicker), ratios[0], us(quickest), ratios[1]])
    return table(["", SDK, ACCELERATED, "", PARTS, ""], lines)


def wanted(words: str) -> str:
    """Say of what is wanted whether more is better or less."""
    if words.endswith("x"):
        return f"at most {words.removeprefix('within ')}" if words.startswith("within ") else f"at least {words}"
    return f"at most {words}" if words[0].isdigit() else words


def wanted_table(kept: list[Results]) -> str:
    by_version = [{row.what: row for row in found.rows} for found in kept]
    lines = []
    for what, row in by_version[-1].items():
        cells = []
        for rows in by_version:
            mine = rows.get(what)
            cells.append("" if mine is None else mine.measured if mine.reached else f"**{mine.measured}, not reached**")
        lines.append([what, wanted(row.wanted), *cells])
    return table(["", "wanted", *(found.python for found in kept)], lines)


def node_table(found: Results) -> str:
    groups = {group.removesuffix(node.BESIDE): times for group, times in found.figures.items() if node.BESIDE in group}
    if not groups:
        return "Not measured: there was no Node."
    names = [peers.OURS, *node.WAYS.values()]
    lines = [[group, *(f"{times[name] * 1e9:,.0f}" for name in names)] for group, times in groups.items()]
    return table(["", *map(called, names)], lines)


def figures_table(found: Results) -> str:
    """Write the figures that have no place of their own on the page."""
    shown = {shapes.in_cut(size) for size in workloads.CUTS} | {shapes.of_shape(name) for name in SHAPES}
    shown |= {breakdown.group(program, pace) for program in breakdown.PROGRAMS for pace in breakdown.PACES}
    lines = [
        [group, ", ".join(f"{called(who)} {in_words(time)}" for who, time in times.items())]
        for group, times in found.figures.items()
        if group not in shown | {shapes.IMAGE_GROUP} and node.BESIDE not in group
    ]
    return table(["what", "who"], lines, figures=False)


def sizes_table(found: Results) -> str:
    lines = [
        [group, ", ".join(f"{called(who)} {in_bytes(size)}" for who, size in sizes.items())]
        for group, sizes in found.sizes.items()
    ]
    return table(["what", "who"], lines, figures=False)


def runs_table(kept: list[Results]) -> str:
    lines = [["measured on", *(found.day for found in kept)]]
    lines += [[name, *(found.versions.get(name, "") for found in kept)] for name in kept[-1].versions]
    return table(["", *(found.python for found in kept)], lines, figures=False)


def page(kept: list[Results]) -> str:
    """Write the page. `kept`: the runs; the details are those of the last."""
    found = kept[-1]
    cuts = {"an event" if size == "event" else size: found.figures[shapes.in_cut(size)] for size in workloads.CUTS}
    kinds = {title: found.figures[shapes.of_shape(name)] for name, title in SHAPES.items()}
    work = [[called(name), one.does, one.left_undone] for name, one in peers.work().items()]
    made = [[program, *of] for program, of in breakdown.MADE_OF.items()]
    image = found.figures[shapes.IMAGE_GROUP]
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        gains(found),
        day=found.day,
        python=found.python,
        machine=found.machine,
        compiler=found.compiler,
        wait=f"{over_http.AS_A_MODEL_SENDS:g}",
        stages_table=stages_table(found),
        made_table=table(["program", "HTTP client", "events", "JSON, objects"], made, figures=False),
        objects_table=objects_table(found),
        wanted_table=wanted_table(kept),
        cuts_table=matrix(cuts, "reader"),
        shapes_table=matrix(kinds, "reader"),
        image=", ".join(f"{called(name)} {time * 1e3:.3g}" for name, time in image.items()),
        work_table=table(["reader", "is given", "leaves undone"], work, figures=False),
        node_table=node_table(found),
        figures_table=figures_table(found),
        sizes_table=sizes_table(found),
        notes="\n".join(f"- {note}" for note in found.notes),
        runs_table=runs_table(kept),
    )
