"""The charts of docs/benchmarks.md. SVG; text stays text; the same results give the same bytes."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.report import page
from benchmarks.report.results import Results
from benchmarks.suites import breakdown, readers

# The palette of Okabe and Ito, for all eyes. ssescan is blue everywhere.
BLUE, ORANGE, GREY = "#0072B2", "#E69F00", "#999999"
STAGE_COLORS = dict(zip(breakdown.STAGES, (GREY, ORANGE, BLUE), strict=True))

STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "ssescan",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.constrained_layout.use": True,
}


def draw_breakdown(found: Results, figure: Any) -> None:
    """Stacked bars: the five programs, at the two paces."""
    panels = figure.subplots(1, len(breakdown.PACES), sharey=True)
    for axes, pace in zip(panels, breakdown.PACES, strict=True):
        stages = [page.stages(found, program, pace) for program in breakdown.PROGRAMS]
        left = [0.0] * len(stages)
        for stage, label in zip(breakdown.STAGES, ("HTTP client", "events", "JSON, objects"), strict=True):
            widths = [one[stage] * 1e6 for one in stages]
            axes.barh(breakdown.PROGRAMS, widths, left=left, color=STAGE_COLORS[stage], label=label)
            left = [before + width for before, width in zip(left, widths, strict=True)]
        for row, total in enumerate(left):
            axes.annotate(page.us(total * 1e-6), (total, row), (4, 0), textcoords="offset points", va="center")
        axes.set(title=pace, xlabel="us of CPU an event")
        axes.margins(x=0.14)
    panels[0].invert_yaxis()
    panels[-1].legend(loc="lower right", frameon=False)


def draw_readers(found: Results, figure: Any) -> None:
    """Bars: the time of each reader to read events."""
    axes = figure.subplots()
    times = found.figures[page.CUT_GROUPS["an event"]]
    colors = [BLUE if name in (readers.OURS, readers.PURE) else GREY for name in times]
    drawn = axes.barh([page.title(name) for name in times], [time * 1e6 for time in times.values()], color=colors)
    axes.bar_label(drawn, labels=[page.us(time) for time in times.values()], padding=3)
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.set(xlabel="us of CPU an event (258 bytes, one a chunk); less is better")


CHARTS: dict[str, tuple[Callable[[Results, Any], None], tuple[float, float]]] = {
    "breakdown.svg": (draw_breakdown, (10, 3.2)),
    "readers.svg": (draw_readers, (8, 3.6)),
}


def draw(found: Results, folder: Path) -> None:
    """Draw all charts into a folder."""
    matplotlib: Any = import_module("matplotlib")
    new: Any = import_module("matplotlib.figure").Figure
    with matplotlib.rc_context(STYLE):
        for name, (chart, size) in CHARTS.items():
            figure = new(figsize=size)
            chart(found, figure)
            figure.savefig(folder / name, format="svg", metadata={"Date": None, "Creator": "ssescan"})
