"""The charts of a study, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from looptree.report.figures.style import COLUMN, capacity_axis, color, new_figure, styled
from looptree.study import Chart, StudyResult
from looptree.units import format_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LEGEND_INSIDE = 5
"""More curves than this have their legend beside the chart."""
_SIZES = "bytes"


def study_figure(result: StudyResult) -> Figure:
    """Every chart of a study; axes of bytes are logarithmic."""
    beside = 2.4 if any(len(chart.curves) > _LEGEND_INSIDE for chart in result.charts) else 0
    with styled():
        figure = new_figure(COLUMN * len(result.charts) + beside, 2.8)
        for index, chart in enumerate(result.charts, start=1):
            _draw(figure.add_subplot(1, len(result.charts), index), chart)
    return figure


def _draw(axes: Axes, chart: Chart) -> None:
    for number, curve in enumerate(chart.curves):
        x, y = ([point[i] for point in curve.points] for i in (0, 1))
        line, marker = "-" if chart.joined else "none", "osv^Dp*Xh"[number % 9]
        axes.plot(x, y, color=color(number), linestyle=line, marker=marker, markersize=3.5, label=curve.label)
    if chart.x_label.startswith(_SIZES):
        capacity_axis(axes, [int(point[0]) for curve in chart.curves for point in curve.points], chart.x_label)
    else:
        axes.set_xlabel(chart.x_label)
    if not chart.linear_y:
        axes.set_yscale("log", base=2)
    axes.set_ylabel(chart.y_label)
    if chart.y_label.startswith(_SIZES):
        _mark_sizes(axes)
    axes.set_title(chart.title, loc="left")
    if len(chart.curves) > _LEGEND_INSIDE:
        axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1))
    else:
        axes.legend()


def _mark_sizes(axes: Axes) -> None:
    """Marks of the y axis at powers of four, with their units."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    axes.yaxis.set_major_locator(FixedLocator([4**power for power in range(20)]))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: format_size(int(value))))
