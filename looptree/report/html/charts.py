"""Charts as data: what a script draws, with a table of the same numbers below each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from looptree.report.html.datatable import DataTable, folded
from looptree.report.html.markup import Markup, element, joined


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart.

    Attributes:
        key: id of its element. kind: which script draws it.
        title: what it shows. caption: what to see in it. data: as the script wants it. tables: of its numbers.
        titled: the title stands above it.
    """

    key: str
    kind: str
    title: str
    caption: Markup | str
    data: Mapping[str, Any]
    tables: Sequence[DataTable] = ()
    titled: bool = True

    def markup(self) -> Markup:
        """The place where it is drawn, and its tables."""
        return element(
            "figure",
            element("h3", self.title) if self.titled else None,
            element("div", id=self.key, class_="chart", data_chart=self.kind, role="group", aria_label=self.title),
            element("figcaption", self.caption),
            folded("Table of these numbers", *self.tables) if self.tables else None,
        )


def charts_markup(*charts: Chart) -> Markup:
    """Several charts one after the other."""
    return joined(*(chart.markup() for chart in charts))


def charts_data(*charts: Chart) -> dict[str, Any]:
    """Their data, by the id of their element."""
    return {chart.key: dict(chart.data) for chart in charts}


def bars(
    key: str,
    title: str,
    caption: Markup | str,
    unit: str,
    parts: Sequence[str],
    rows: Sequence[tuple[str, str, Mapping[str, float | int]]],
    tables: Sequence[DataTable] = (),
    *,
    across: str = "group",
    logarithmic: bool = False,
) -> Chart:
    """Stacked bars.

    Args:
        key: of the chart. title: of the chart. caption: of the chart. tables: of the chart.
        unit: of the values: `pJ`, `B`, `cycles`, ...
        parts: what is stacked, in the order of the colours.
        rows: (row, bar, value by part); bars of one row stand side by side.
        across: what a row is. logarithmic: for bars of one part each, of which one is many times another.
    """
    data = {
        "unit": unit,
        "across": across,
        "log": logarithmic,
        "parts": list(parts),
        "bars": [{"row": row, "bar": bar, "values": dict(values)} for row, bar, values in rows],
    }
    return Chart(key, "bars", title, caption, data, tables)


@dataclass(frozen=True, slots=True)
class Dot:
    """A point of a curve.

    Attributes:
        x, y: where. label: in a few words. details: lines with the design behind it.
        ringed: it stands out. plan: key of a plan of the page that it shows when it is chosen.
    """

    x: float | int
    y: float | int
    label: str
    details: Sequence[str] = ()
    ringed: bool = False
    plan: str = ""


def curve(
    key: str,
    title: str,
    caption: Markup | str,
    axes: tuple[tuple[str, str], tuple[str, str]],
    series: Mapping[str, Sequence[Dot]],
    *,
    rules: Sequence[tuple[str, float | int]] = (),
    steps: bool = False,
    joined: bool = True,
    tables: Sequence[DataTable] = (),
) -> Chart:
    """Curves or a Pareto front: a click on a point shows the design behind it.

    Args:
        key: of the chart. title: of the chart. caption: of the chart. tables: of the chart.
        axes: (title, unit) across and upwards; logarithmic where all values are above zero.
        series: points by name. rules: (name, value) of level lines, such as a minimum.
        steps: from one point to the next the value stays, then drops. joined: a line goes through the points.
    """
    data = {
        "axes": [list(axis) for axis in axes],
        "series": [{"name": name, "dots": [_dot_data(dot) for dot in dots]} for name, dots in series.items()],
        "rules": [list(rule) for rule in rules],
        "steps": steps,
        "joined": joined,
    }
    return Chart(key, "curve", title, caption, data, tables)


def _dot_data(dot: Dot) -> dict[str, Any]:
    more = {"ringed": True} if dot.ringed else {}
    return {"x": dot.x, "y": dot.y, "label": dot.label, "details": list(dot.details), **more} | (
        {"plan": dot.plan} if dot.plan else {}
    )
