"""The roofline: operations per cycle of each group against its operations per off-chip byte."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from looptree.report.figures.style import BLUE, COLUMN, INK, VERMILION, color, new_figure, plain_marks, short, styled
from looptree.report.html.roofline import bytes_per_cycle, peak
from looptree.report.html.shown import ShownPlan
from looptree.report.planned import moved_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def roofline_figure(plans: Sequence[ShownPlan]) -> Figure:
    """Groups that move nothing off chip, or take no time, are left out; the roof is what the hardware can do."""
    design = plans[-1].design
    top = peak(design.workload, design.architecture)
    bandwidth = bytes_per_cycle(design.architecture.off_chip)
    with styled():
        figure = new_figure(COLUMN, 2.5)
        axes = figure.add_subplot()
        reach = [top / 100, top] if bandwidth is None else [top / float(bandwidth)]
        for index, plan in enumerate(plans):
            dots = _dots(plan)
            reach += [x for x, _ in dots]
            shade = (VERMILION, BLUE)[index] if len(plans) == 2 else color(index)
            axes.plot(
                [x for x, _ in dots],
                [y for _, y in dots],
                "so^v"[index % 4],
                color=shade,
                markersize=3.5,
                alpha=0.75,
                markeredgewidth=0,
                label=plan.title,
                zorder=3,
            )
        low, high = min(reach) / 2, max(reach) * 2
        if bandwidth is None:
            axes.plot([low, high], [top, top], color=INK)
        else:
            ridge = top / float(bandwidth)
            name = f"{short(design.architecture.off_chip.name)}, {float(bandwidth):g} B/cycle"
            axes.plot([low, ridge, high], [low * float(bandwidth), top, top], color=INK, label=name)
        axes.annotate(
            f"{top:,} operations/cycle", (high, top), xytext=(0, 3), textcoords="offset points", ha="right", fontsize=7
        )
        axes.set(xscale="log", yscale="log", xlim=(low, high))
        plain_marks(axes, "x", "y")
        axes.set_xlabel("operations per off-chip byte")
        axes.set_ylabel("operations per cycle")
        axes.set_title(f"{short(design.workload.name)} on {short(design.architecture.name)}", loc="left")
        axes.legend(loc="lower right")
    return figure


def _dots(plan: ShownPlan) -> list[tuple[float, float]]:
    found = []
    for group in plan.groups:
        moved, result = moved_bytes(group.result), group.result
        if moved and result.latency_cycles and result.operations:
            found.append((result.operations / moved, float(result.operations / result.latency_cycles)))
    return found
