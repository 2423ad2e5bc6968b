"""Charts: the timeline of an answer (the bytes of its reads, its parts, the first of them, stalls), and times as bars.

Needs matplotlib. Knows nothing of streams.
"""

import warnings
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from .timeline import Timeline
from .visible import visible

# Okabe and Ito's colors, which people with any color vision tell apart: https://jfly.uni-koeln.de/color/
COLORS = {
    "text": "#0072b2", "reasoning": "#cc79a7", "tool call": "#009e73", "media": "#e69f00", "ping": "#777777",
    "error": "#d55e00",
}  # fmt: skip
STALL, FIRST = "#d55e00", "#000000"
OURS, OTHERS = "#0072b2", "#999999"
# Text stays text in an SVG, and the same timeline gives the same file.
STYLE: Any = {"svg.fonttype": "none", "svg.hashsalt": "ssescan", "font.size": 9}


def draw(timeline: Timeline, path: str) -> None:
    """Write the chart of a timeline to a file, whose ending names the format. OSError if that fails."""
    with rc_context(STYLE), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a font may not have every character of a name
        figure = Figure(figsize=(8, 4), layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
        _draw_reads(above, timeline)
        _draw_parts(below, timeline)
        for axes in (above, below):
            for begin, end in timeline.stalls():
                axes.axvspan(begin, end, color=STALL, alpha=0.2, linewidth=0, label="_")
            if timeline.first is not None:
                axes.axvline(timeline.first, color=FIRST, linewidth=1, linestyle="--")
            axes.spines[["top", "right"]].set_visible(False)
        _name_marks(above, timeline)
        title = f"{visible(timeline.name)}\n{timeline.verdict}, {timeline.end:,.2f} s"
        figure.suptitle(title, parse_math=False, fontsize=10)
        _save(figure, path)


def draw_bench(groups: dict[str, dict[str, float]], path: str) -> None:
    """Write the bars of `ssescan bench` to a file: microseconds, by the title of a group. OSError if that fails."""
    with rc_context(STYLE):
        sizes = [len(times) + 1 for times in groups.values()]
        figure = Figure(figsize=(8, 0.6 + 0.3 * sum(sizes)), layout="constrained")
        panels = figure.subplots(len(groups), 1, squeeze=False, height_ratios=sizes)[:, 0]
        for axes, (title, times) in zip(panels, groups.items(), strict=True):
            names = sorted(times, key=times.__getitem__)
            colors = [OURS if name.startswith(("ssescan", "accelerated")) else OTHERS for name in names]
            drawn = axes.barh(names, [times[name] for name in names], color=colors)
            axes.bar_label(drawn, fmt="%.3g", padding=3)
            axes.invert_yaxis()
            axes.margins(x=0.1)
            axes.spines[["top", "right", "bottom"]].set_visible(False)
            axes.set_xticks([])
            axes.set_title(title.partition(" (")[0], loc="left", fontsize=9, parse_math=False)
        figure.supxlabel("microseconds of CPU an event; less is better", fontsize=9)
        _save(figure, path)


def _save(figure: Figure, path: str) -> None:
    figure.savefig(path, dpi=150, metadata={"Date": None} if path.lower().endswith(".svg") else None)


def _draw_reads(axes: Any, timeline: Timeline) -> None:
    moments, total, totals = [0.0], 0, [0]
    for moment, size in timeline.reads:
        total += size
        moments.append(moment)
        totals.append(total)
    axes.step([*moments, timeline.end], [*totals, total], where="post", color="#555555", linewidth=1)
    axes.plot(moments[1:], totals[1:], ".", color="#555555", markersize=4)
    axes.set_ylabel("bytes read")
    axes.set_ylim(bottom=0)


def _draw_parts(axes: Any, timeline: Timeline) -> None:
    kinds = [kind for kind in COLORS if kind in timeline.parts]
    for row, kind in enumerate(kinds):
        axes.eventplot(timeline.parts[kind], lineoffsets=row, linelengths=0.7, colors=COLORS[kind])
    axes.set_yticks(range(len(kinds)), [f"{kind} ({len(timeline.parts[kind]):,})" for kind in kinds])
    axes.set_ylim(len(kinds) - 0.4, -0.6)
    axes.set_xlabel("seconds since the request")
    axes.set_xlim(left=0)


def _name_marks(axes: Any, timeline: Timeline) -> None:
    top = axes.get_ylim()[1]
    if timeline.first is not None:
        text = f" first part {timeline.first * 1000:,.0f} ms"
        axes.annotate(text, (timeline.first, top), va="top", color=FIRST)
    for begin, end in timeline.stalls():
        axes.annotate(f" stall {end - begin:,.1f} s", (begin, top / 20), color=STALL)
