"""Panels as charts of a page."""

from __future__ import annotations

from collections.abc import Sequence

from looptree.report.html.charts import Chart, Dot, bars, curve
from looptree.report.html.datatable import DataTable
from looptree.report.panels import BarPanel, Panel

WIDE = 20.0  # longest over shortest bar from which their axis is logarithmic


def panel_chart(panel: Panel | BarPanel, tables: Sequence[DataTable] = ()) -> Chart:
    """The chart of a panel; a click on a point shows the design behind it."""
    if isinstance(panel, BarPanel):
        part = panel.value.title
        rows = [(bar.name, bar.name, {part: bar.value}) for bar in panel.bars]
        values = [bar.value for bar in panel.bars]
        wide = min(values, default=0) > 0 and max(values) > WIDE * min(values)
        unit = panel.value.unit
        return bars(panel.key, panel.title, panel.caption, unit, [part], rows, tables, logarithmic=wide)
    series = {line.name: [Dot(mark.x, mark.y, mark.label, mark.details) for mark in line.marks] for line in panel.lines}
    axes = (panel.x.title, panel.x.unit), (panel.y.title, panel.y.unit)
    return curve(
        panel.key, panel.title, panel.caption, axes, series, steps=panel.steps, joined=panel.joined, tables=tables
    )
