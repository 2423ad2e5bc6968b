"""The charts of docs/benchmarks.md, drawn of what a run found. SVG; text stays text; the same run, the same bytes."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import breakdown
import pages
import peers
import shapes
import workloads

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from results import Results

# Of Okabe and Ito: told apart by all eyes. Ours is the blue one everywhere.
BLUE, ORANGE, GREEN, GREY, SKY = "#0072B2", "#E69F00", "#009E73", "#999999", "#56B4E9"
STAGE_COLORS = dict(zip(breakdown.STAGES, (GREY, ORANGE, BLUE), strict=True))

STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "ssescan",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": "white",
    "figure.constrained_layout.use": True,
}


def bars(axes: Any, labels: list[str], values: list[float], colours: list[str]) -> None:
    """Draw a bar each, the first at the top, with its figure at its end."""
    drawn = axes.barh(labels, values, color=colours)
    axes.bar_label(drawn, labels=[pages.us(value * 1e-6) for value in values], padding=3)
    axes.invert_yaxis()
    axes.margins(x=0.12)


def draw_breakdown(found: Results, figure: Any) -> None:
    """Stacked bars: the five programs, at the two paces."""
    panels = figure.subplots(1, len(breakdown.PACES), sharey=True)
    for axes, pace in zip(panels, breakdown.PACES, strict=True):
        stages = [pages.stages(found, program, pace) for program in breakdown.PROGRAMS]
        left = [0.0] * len(stages)
        for stage, label in zip(breakdown.STAGES, ("HTTP client", "events", "JSON, objects"), strict=True):
            widths = [one[stage] * 1e6 for one in stages]
            axes.barh(breakdown.PROGRAMS, widths, left=left, color=STAGE_COLORS[stage], label=label)
            left = [before + width for before, width in zip(left, widths, strict=True)]
        for row, total in enumerate(left):
            axes.annotate(pages.us(total * 1e-6), (total, row), (4, 0), textcoords="offset points", va="center")
        axes.set(title=pace, xlabel="us of CPU an event")
        axes.margins(x=0.14)
    panels[0].invert_yaxis()
    panels[-1].legend(loc="lower right", frameon=False)


def draw_readers(found: Results, figure: Any) -> None:
    """Bars: what each reader takes to make events of chunks."""
    axes = figure.subplots()
    times = found.figures[shapes.in_cut("event")]
    labels = list(times)
    colours = [BLUE if name in (peers.OURS, peers.PURE) else GREY for name in labels]
    bars(axes, [pages.called(name) for name in labels], [times[name] * 1e6 for name in labels], colours)
    axes.set(xlabel="us of CPU an event (258 bytes, one a chunk); less is better")


def draw_cuts(found: Results, figure: Any) -> None:
    """Lines: the same stream in chunks of other sizes."""
    axes = figure.subplots()
    sizes = [size for size in workloads.CUTS if size != "event"]
    names = list(found.figures[shapes.in_cut(sizes[0])])
    for name in names:
        ours = name in (peers.OURS, peers.PURE)
        values = [found.figures[shapes.in_cut(size)][name] * 1e6 for size in sizes]
        axes.plot(
            sizes,
            values,
            color=BLUE if ours else GREY,
            linestyle="--" if name == peers.PURE else "-",
            marker="o",
            linewidth=2 if ours else 1,
        )
    # Names at the right, the lower ones moved down where two would lie on one another.
    last = sorted(names, key=lambda name: found.figures[shapes.in_cut(sizes[-1])][name], reverse=True)
    above = float("inf")
    for name in last:
        value = found.figures[shapes.in_cut(sizes[-1])][name] * 1e6
        above = min(value, above / 1.28)
        axes.annotate(pages.called(name), (sizes[-1], value), (1.03, above), ("axes fraction", "data"), va="center")
    axes.set(yscale="log", ylabel="us of CPU an event", xlabel="bytes a chunk")
    axes.yaxis.set_major_formatter("{x:g}")


def draw_objects(found: Results, figure: Any) -> None:
    """Bars: from bytes to objects, for each format."""
    panels = figure.subplots(1, len(pages.FORMATS), sharey=True)
    for axes, (api, title) in zip(panels, pages.FORMATS.items(), strict=True):
        times = pages.objects(found, api)
        bars(axes, list(times), [time * 1e6 for time in times.values()], [GREY, SKY, BLUE])
        axes.set(title=title, xlabel="us an event")
        axes.margins(x=0.3)
    # Each panel inverted the one axis that all share.
    panels[0].set_ylim(sorted(panels[0].get_ylim(), reverse=True))


CHARTS: dict[str, tuple[Callable[[Results, Any], None], tuple[float, float]]] = {
    "breakdown.svg": (draw_breakdown, (10, 3.2)),
    "objects.svg": (draw_objects, (10, 2.2)),
    "readers.svg": (draw_readers, (8, 3.6)),
    "cuts.svg": (draw_cuts, (8, 4)),
}


def draw(found: Results, folder: Path) -> list[Path]:
    """Draw all into a folder, and give the files."""
    matplotlib: Any = import_module("matplotlib")
    new: Any = import_module("matplotlib.figure").Figure
    drawn = []
    with matplotlib.rc_context(STYLE):
        for name, (chart, size) in CHARTS.items():
            figure = new(figsize=size)
            chart(found, figure)
            figure.savefig(folder / name, format="svg", metadata={"Date": None, "Creator": "ssescan"})
            drawn.append(folder / name)
    return drawn
