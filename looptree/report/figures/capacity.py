"""The curve of a buffer sizing: the least objective against the capacity, fused and layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from looptree.report.figures.style import (
    BLUE,
    COLUMN,
    FAINT,
    INK,
    VERMILION,
    capacity_axis,
    in_unit,
    new_figure,
    plain_marks,
    short,
    styled,
)
from looptree.report.proof import NOUNS
from looptree.report.sizing.drawn import drawn
from looptree.report.sizing.tables import UNITS
from looptree.sizing import Point, Sizing, answers, knees
from looptree.sizing.answers import minimum
from looptree.units import format_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def capacity_figure(sizing: Sizing) -> Figure:
    """Both curves on logarithmic axes, the minimum, the knees, and the smallest buffer within 5 % of the minimum.

    A smallest buffer that is far below the next one is left out: all others would be crowded at the right edge.
    Between two points the value of the smaller one holds. A point that is not proven hangs above its bound.
    """
    least = minimum(sizing)
    alone, fused = drawn(sizing.layer_by_layer), drawn(sizing.fused)
    values = [*(p.value for p in (*alone, *fused)), least]
    scaled, unit = in_unit(values, UNITS[sizing.objective])
    factor = max(values) / max(scaled) if max(scaled) else 1.0
    with styled():
        figure = new_figure(COLUMN, 2.5)
        axes = figure.add_subplot()
        axes.axhline(least / factor, color=FAINT, linewidth=0.8, zorder=0)
        _curve(axes, alone, factor, VERMILION, "s", "layer by layer")
        _curve(axes, fused, factor, BLUE, "o", "fused")
        _named(axes, sizing, factor)
        capacity_axis(axes, [p.capacity_bytes for p in fused], f"capacity of {short(sizing.buffer)}")
        axes.set_yscale("log")
        plain_marks(axes, "y")
        noun = NOUNS[sizing.objective]
        axes.set_ylabel(
            f"{noun} ({unit}{' cycles' if sizing.objective == 'latency' else ''})".replace("( ", "(").replace(" ()", "")
        )
        axes.set_title(f"{short(sizing.network)} on {short(sizing.architecture)}", loc="left")
        axes.legend(loc="lower right", bbox_to_anchor=(1, 0.98), ncols=2)
        axes.annotate(
            "compulsory minimum" if sizing.objective == "offchip" else "minimum",
            (0, least / factor),
            xycoords=("axes fraction", "data"),
            xytext=(4, 2),
            textcoords="offset points",
            fontsize=7,
        )
    return figure


def _curve(axes: Axes, points: Sequence[Point], factor: float, color: str, marker: str, label: str) -> None:
    sizes = [point.capacity_bytes for point in points]
    values = [point.value / factor for point in points]
    axes.plot(sizes, values, color=color, marker=marker, markersize=3.5, label=label, drawstyle="steps-post")
    open_ = [point for point in points if point.status != "optimal"]
    if open_:
        axes.vlines(
            [p.capacity_bytes for p in open_],
            [p.bound / factor for p in open_],
            [p.value / factor for p in open_],
            color=color,
            linewidth=0.8,
            linestyles="dotted",
        )


def _named(axes: Axes, sizing: Sizing, factor: float) -> None:
    """Knees get a ring; the buffer within 5 % of the minimum gets a line."""
    for point in (point for point in knees(sizing.fused) if point in drawn(sizing.fused)):
        axes.plot(
            point.capacity_bytes, point.value / factor, "o", markersize=8, markerfacecolor="none", markeredgecolor=INK
        )
        low = point.value < 1.5 * sizing.fused[-1].value
        axes.annotate(
            f"knee {format_size(point.capacity_bytes)}",
            (point.capacity_bytes, point.value / factor),
            xytext=(4, 7) if low else (-5, -9),
            textcoords="offset points",
            ha="left" if low else "right",
            fontsize=7,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
        )
    near = next(answer for answer in answers(sizing) if answer.share == 0.05)
    axes.axvline(near.capacity_bytes, color=INK, linewidth=0.7, linestyle=(0, (3, 2)), zorder=0)
    axes.annotate(
        f"minimum + 5 %:\n{format_size(near.capacity_bytes)}",
        (near.capacity_bytes, 0.6),
        xycoords=("data", "axes fraction"),
        xytext=(-3, 0),
        textcoords="offset points",
        ha="right",
        fontsize=7,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
    )
