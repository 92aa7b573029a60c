"""The layer graph with its fusion groups as frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

from looptree.graph.box import NODE_HEIGHT, NODE_WIDTH
from looptree.report.figures.style import BLUE, INK, PAGE, VERMILION, new_figure, short, styled
from looptree.report.html.groups import graph_data
from looptree.report.html.shown import ShownPlan

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PIXELS_PER_INCH = 110
_TALLEST = 40.0


def graph_figure(plan: ShownPlan) -> Figure:
    """Groups run in the order of their numbers. A dashed line is a tensor that goes off chip, a solid one stays."""
    data = graph_data(plan)
    width = max(PAGE / 2, data["width"] / _PIXELS_PER_INCH)
    height = min(_TALLEST, max(1.0, width * data["height"] / data["width"])) + 0.3
    with styled():
        from matplotlib.patches import FancyBboxPatch, Rectangle

        figure = new_figure(width, height)
        axes = figure.add_subplot()
        for number, (x, y, w, h) in enumerate(data["frames"], start=1):
            frame = FancyBboxPatch((x, y), w, h, "round,pad=0,rounding_size=5", facecolor="#EAF2F8", edgecolor=BLUE)
            axes.add_patch(frame)
            axes.text(x + 5, y + 13, str(number), fontsize=6, color=BLUE, fontweight="bold")
        for edge in data["edges"]:
            style, color = ("dashed", VERMILION) if edge["off"] else ("solid", INK)
            points = edge["points"]
            axes.plot([p[0] for p in points], [p[1] for p in points], color=color, linewidth=0.7, linestyle=style)
        for node in data["nodes"]:
            box = Rectangle(
                (node["x"], node["y"]),
                NODE_WIDTH,
                NODE_HEIGHT,
                facecolor="white",
                edgecolor=INK,
                linewidth=0.6,
                zorder=3,
            )
            axes.add_patch(box)
            middle = node["x"] + NODE_WIDTH / 2, node["y"] + NODE_HEIGHT / 2
            axes.text(*middle, short(node["name"]), fontsize=5.5, ha="center", va="center", zorder=4)
        axes.set_xlim(0, data["width"])
        axes.set_ylim(data["height"], 0)
        axes.set_aspect("equal")
        axes.axis("off")
        axes.set_title(
            f"{short(plan.design.workload.name)}, {plan.title}: dashed lines go off chip", loc="left", fontsize=7
        )
    return figure
