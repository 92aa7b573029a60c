"""The report of a front: plans of which none is better in everything, each with its groups, trees and steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import combinations

from looptree.report.front import Fronted, front_proof, front_title
from looptree.report.groups import describe_choice
from looptree.report.html.charts import Chart, Dot, charts_data, charts_markup, curve
from looptree.report.html.datatable import Cell, Column, DataTable, folded
from looptree.report.html.graph import graph_section
from looptree.report.html.markup import element, joined
from looptree.report.html.page import Page, Section, page_html
from looptree.report.html.shown import ShownPlan, shown_plan
from looptree.report.planned import Planned
from looptree.report.proof import NOUNS, verdict
from looptree.report.text import counted, short_layers
from looptree.search import Plan
from looptree.search.asked.objective import amount, value
from looptree.units import BYTES, COUNTS, PICOJOULES, Units

_COLUMNS: Mapping[str, tuple[Units, str, str, str]] = {
    "capacity": (BYTES, "", "buffer", "B"),
    "offchip": (BYTES, "", "offchip", "B"),
    "energy": (PICOJOULES, "", "energy", "pJ"),
    "latency": (COUNTS, "cycles", "latency", "cycles"),
    "operations": (COUNTS, "", "operations", "operations"),
}
"""Of each sum: its units in a table, what is counted, its definition, and its base unit in a chart."""


def front_html(fronted: Fronted, *, made_by: str) -> str:
    """The report of a front.

    Args:
        fronted: the front and what it is about. made_by: the program and its version.
    """
    plans = [_shown(fronted, number, plan) for number, plan in enumerate(fronted.front.points, start=1)]
    heading, _, lead = front_title(fronted).partition(": ")
    sections = [_front_section(fronted, plans), graph_section(plans)]
    return page_html(Page(heading, [f"{lead[0].upper()}{lead[1:]}."], sections, made_by))


def _shown(fronted: Fronted, number: int, plan: Plan) -> ShownPlan:
    planned = Planned(fronted.workload, plan.architecture, plan)
    return shown_plan(planned, key=f"point-{number}", title=f"point {number}")


def _front_section(fronted: Fronted, plans: Sequence[ShownPlan]) -> Section:
    charts = [_chart(fronted, x, y, plans) for x, y in combinations(fronted.front.axes, 2)]
    first, *searched = front_proof(fronted).split("\n")
    more = element("details", element("summary", "What was searched"), [element("p", line) for line in searched])
    body = joined(charts_markup(*charts), folded("Table of the points", _table(fronted)), element("p", first), more)
    return Section("front", "The front", body, charts_data(*charts))


def _chart(fronted: Fronted, x: str, y: str, plans: Sequence[ShownPlan]) -> Chart:
    dots = []
    for number, (plan, shown) in enumerate(zip(fronted.front.points, plans, strict=True), start=1):
        across, up = (float(value(axis, plan.evaluation)) for axis in (x, y))
        dots.append(Dot(across, up, f"point {number}", _lines(fronted, plan), plan=shown.key))
    title = f"{NOUNS[y][0].upper()}{NOUNS[y][1:]} against {NOUNS[x]}"
    caption = "Smaller is better along both axes. Choose a point to see its design here and in the layer graph below."
    axes = ((NOUNS[x], _COLUMNS[x][3]), (NOUNS[y], _COLUMNS[y][3]))
    flat = len(fronted.front.axes) == 2  # of three axes, a line between two points says nothing
    steps = flat and x == "capacity"
    return curve(f"front-{x}-{y}", title, caption, axes, {"plans": dots}, steps=steps, joined=flat)


def _lines(fronted: Fronted, plan: Plan) -> list[str]:
    """The design behind a point."""
    numbers = ", ".join(f"{NOUNS[name]} {amount(name, float(value(name, plan.evaluation)))}" for name in _COLUMNS)
    lines = [f"{counted(len(plan.groups), 'group')}: {numbers}.", f"{verdict(plan.statistics).capitalize()}."]
    for number, choice in enumerate(plan.groups, start=1):
        if len(choice.einsums) > 1:
            chosen = describe_choice(fronted.workload, choice)
            lines.append(f"Group {number}, {short_layers(choice.einsums)}: {chosen}")
    return lines


def _table(fronted: Fronted) -> DataTable:
    columns = [Column("point")]
    columns += [Column(NOUNS[name], units, noun, term) for name, (units, noun, term, _) in _COLUMNS.items()]
    columns += [Column("groups"), Column("status", term="status"), Column("gap", term="gap")]
    rows: list[list[Cell]] = [
        [
            f"point {number}",
            *(Fraction(value(name, plan.evaluation)) for name in _COLUMNS),
            len(plan.groups),
            plan.statistics.status,
            Fraction(plan.statistics.gap),
        ]
        for number, plan in enumerate(fronted.front.points, start=1)
    ]
    return DataTable("front", "Points of the front", tuple(columns), rows)
