"""Panels side by side: lines, Pareto fronts and bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from looptree.errors import InputError
from looptree.report.figures.style import (
    BLUE,
    COLUMN,
    FAINT,
    capacity_axis,
    color,
    new_figure,
    plain_marks,
    short,
    styled,
)
from looptree.report.panels import BarPanel, Panel, in_its_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ACROSS = 3
WIDE = 6.0  # largest over smallest value from which an axis is logarithmic
_MARKERS = "os^vDp*Xh"


def panels_figure(panels: Sequence[Panel | BarPanel]) -> Figure:
    """Up to three panels side by side, with one legend for all of them.

    Raises:
        InputError: there is nothing to draw.
    """
    if not panels:
        raise InputError("there is nothing to draw", hint="no design is within all constraints, or nothing varies")
    across = min(ACROSS, len(panels))
    rows = -(-len(panels) // across)
    names = list(dict.fromkeys(line.name for panel in panels if isinstance(panel, Panel) for line in panel.lines))
    beside = 0.3 + 0.058 * max(len(short(name, 34)) for name in names) if len(names) > 1 else 0.0
    tall = max((len(panel.bars) for panel in panels if isinstance(panel, BarPanel)), default=0)
    least = 2.6 if any(isinstance(panel, Panel) for panel in panels) else 1.2
    with styled():
        figure = new_figure(COLUMN * across * (1.25 if tall else 1) + beside, rows * max(least, 0.8 + 0.2 * tall))
        for index, panel in enumerate(panels, start=1):
            axes = figure.add_subplot(rows, across, index)
            if isinstance(panel, Panel):
                _lines(axes, panel, names)
            else:
                _bars(axes, panel)
            axes.set_title(short(panel.title, 64), loc="left")
        if len(names) > 1:
            handles = [_handle(names, name) for name in names]
            figure.legend(handles=handles, loc="outside right upper", handlelength=1.6)
    return figure


def _lines(axes: Axes, panel: Panel, names: Sequence[str]) -> None:
    marks = [mark for line in panel.lines for mark in line.marks]
    (x_by, x_unit), (y_by, y_unit) = (
        in_its_unit([getattr(mark, at) for mark in (*marks, *panel.behind)], quantity.unit)
        for at, quantity in (("x", panel.x), ("y", panel.y))
    )
    sizes = panel.x.unit == "B" and _wide([mark.x for mark in marks])
    if sizes:
        x_by, x_unit = 1.0, ""
    axes.plot([m.x / x_by for m in panel.behind], [m.y / y_by for m in panel.behind], "o", color=FAINT, markersize=2)
    for line in panel.lines:
        at = names.index(line.name)
        axes.plot(
            [mark.x / x_by for mark in line.marks],
            [mark.y / y_by for mark in line.marks],
            color=color(at) if len(names) > 1 else BLUE,
            marker=_MARKERS[at % len(_MARKERS)],
            markersize=3.5,
            linestyle="-" if panel.joined else "none",
            drawstyle="steps-post" if panel.steps else "default",
            linewidth=1,
        )
    _scales(axes, panel, x_by, y_by)
    if sizes:
        capacity_axis(axes, [int(mark.x) for mark in marks], panel.x.title)
    else:
        axes.set_xlabel(_label(panel.x.title, x_unit))
    axes.set_ylabel(_label(panel.y.title, y_unit))


def _scales(axes: Axes, panel: Panel, x_by: float, y_by: float) -> None:
    """Logarithmic where values span a lot."""
    marks = [mark for line in panel.lines for mark in line.marks] + list(panel.behind)
    for name, values in (("x", [mark.x / x_by for mark in marks]), ("y", [mark.y / y_by for mark in marks])):
        if _wide(values):
            (axes.set_xscale if name == "x" else axes.set_yscale)("log")
            plain_marks(axes, name)


def _wide(values: Sequence[float]) -> bool:
    return min(values) > 0 and max(values) >= WIDE * min(values)


def _bars(axes: Axes, panel: BarPanel) -> None:
    factor, unit = in_its_unit([bar.value for bar in panel.bars], panel.value.unit)
    places = range(len(panel.bars))
    lengths = [bar.value / factor for bar in panel.bars]
    axes.barh(places, lengths, 0.72, color=BLUE)
    axes.set_yticks(places, [short(bar.name, 34) for bar in panel.bars])
    axes.invert_yaxis()
    axes.set_xlabel(_label(panel.value.title, unit))
    if _wide(lengths):
        axes.set_xscale("log")
        axes.set_xlim(min(lengths) / 2, max(lengths) * 1.2)
        plain_marks(axes, "x")
    for place, bar in zip(places, panel.bars, strict=True):
        if bar.note:
            at = (1.01, place)
            axes.annotate(short(bar.note, 40), at, xycoords=("axes fraction", "data"), va="center", fontsize=6)


def _label(title: str, unit: str) -> str:
    return f"{title} ({unit})" if unit else title


def _handle(names: Sequence[str], name: str) -> object:
    from matplotlib.lines import Line2D

    at = names.index(name)
    return Line2D(
        [], [], color=color(at), marker=_MARKERS[at % len(_MARKERS)], markersize=3.5, linewidth=1, label=short(name, 34)
    )
