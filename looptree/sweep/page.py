"""The report of a sweep: one HTML file with its answers as charts and tables."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from looptree.report.html import Column, DataTable, Markup, Page, Section, element, folded, page_html
from looptree.report.html.charts import charts_data, charts_markup
from looptree.report.html.datatable import Cell
from looptree.report.html.panels import panel_chart
from looptree.sweep.answers import Row, columns_of
from looptree.sweep.pictured import PANELS, SURVEYED, Answers, quantity
from looptree.sweep.shown import HIDDEN, TEXT, headline, selected
from looptree.sweep.store import Store
from looptree.sweep.study import Study
from looptree.units import BYTES, COUNTS, PICOJOULES, Units

MOST = 1000  # rows of a table in a page
_UNITS: dict[str, Units] = {"B": BYTES, "pJ": PICOJOULES, "cycles": COUNTS, "operations": COUNTS}
_TITLES = {
    "front": "Pareto front",
    "best": "Best design per network",
    "all-networks": "One design for all networks",
    "spaces": "Search spaces side by side",
    "sensitivity": "Sensitivity to each parameter",
}


def sweep_html(study: Study, store: Store, names: Sequence[str], *, made_by: str) -> str:
    """The report of a study.

    Args:
        study: whose results. store: of them. names: numbers of the Pareto front. made_by: the program and its version.
    """
    answers = Answers.of(study, store, names)
    kinds = SURVEYED if study.group is not None else tuple(PANELS)
    sections = [_section(answers, store, kind) for kind in kinds if kind != "spaces" or len(study.spaces) > 1]
    said = headline(study, store, answers.rows)
    lead = [*([study.description] if study.description else []), f"{said[0].upper()}{said[1:]}."]
    return page_html(Page(f"Sweep {study.name}", lead, [*sections, _results(answers)], made_by))


def _section(answers: Answers, store: Store, kind: str) -> Section:
    rows = selected(answers.study, store, kind, answers.names)
    table = _table(answers.study, kind, _TITLES[kind], rows)
    charts = [panel_chart(panel) for panel in PANELS[kind](answers)]
    body = element("div", charts_markup(*charts), folded("Table of these numbers", table) if rows else _nothing())
    return Section(kind, _TITLES[kind], body, charts_data(*charts))


def _nothing() -> Markup:
    return element("p", "Nothing: no design is within all constraints, or nothing varies.", class_="note")


def _results(answers: Answers) -> Section:
    """All results, as far as a page should hold them."""
    some = answers.rows[:MOST]
    more = len(answers.rows) - len(some)
    said = f"The first {len(some):,}; {more:,} more are in the file of results." if more else ""
    table = _table(answers.study, "results", "Results", some)
    body = element("div", element("p", said) if said else None, folded("Table of results", table))
    return Section("results", "Results", body)


def _table(study: Study, key: str, caption: str, rows: Sequence[Row]) -> DataTable:
    keys = [name for name in columns_of(rows) if name not in HIDDEN]
    named = [name for name in keys if name in TEXT] + [name for name in keys if name not in TEXT]
    columns = [_column(study, name, rows) for name in named]
    cells = [[_cell(row.get(name)) for name in named] for row in rows]
    if rows and "plan" in rows[0]:
        columns.append(Column("plan"))
        cells = [[*line, str(row.get("plan") or "")] for line, row in zip(cells, rows, strict=True)]
    return DataTable(key, caption, tuple(columns), cells)


def _column(study: Study, name: str, rows: Sequence[Row]) -> Column:
    whole = all(isinstance(row.get(name), (int, float, type(None))) for row in rows)
    unit = quantity(study, name).unit if whole else ""
    units = _UNITS.get(unit)
    return Column(name, units, unit if units is COUNTS and unit == "cycles" else "")


def _cell(value: Any) -> Cell:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, int) else Fraction(value)
