"""A front of plans, as a table and sentences, and as exact plain data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from rich.table import Table

from looptree.architecture import Architecture
from looptree.report.planned import Planned
from looptree.report.proof import NOUNS, percent, space_name, space_sentences
from looptree.report.rows import plan_dict, statistics_dict
from looptree.report.table import table
from looptree.report.text import counted
from looptree.search import Front
from looptree.search.asked.objective import value
from looptree.taxonomy.reader import mapping_to_list
from looptree.units import BYTES, COUNTS, PICOJOULES, Units, scale
from looptree.workload import Workload

UNITS: Mapping[str, tuple[Units, str]] = {
    "capacity": (BYTES, ""),
    "offchip": (BYTES, ""),
    "energy": (PICOJOULES, ""),
    "latency": (COUNTS, " cycles"),
    "operations": (COUNTS, ""),
}
"""Of each axis the units, and what is counted."""
_SHORT = {"capacity": "capacity", "offchip": "off chip"}


@dataclass(frozen=True, slots=True)
class Fronted:
    """A front and what it is about."""

    workload: Workload
    architecture: Architecture
    front: Front
    seconds: float


def front_report(fronted: Fronted) -> list[str | Table]:
    """Title, points, and what is proven."""
    return [front_title(fronted), _points(fronted), front_proof(fronted)]


def front_title(fronted: Fronted) -> str:
    """What it is a front of."""
    nouns = [NOUNS[axis] for axis in fronted.front.axes]
    count = len(fronted.front.points)
    about = f"{fronted.workload.name} on {fronted.architecture.name}"
    if count == 1:
        return f"{about}: one plan is best along all of {', '.join(nouns)}"
    return f"{about}: {counted(count, 'plan')} that trade {', '.join(nouns[:-1])} for {nouns[-1]}"


def _points(fronted: Fronted) -> Table:
    """Each point with all metrics, those along the axes first."""
    front = fronted.front
    names = [*front.axes, *(name for name in UNITS if name not in front.axes)]
    columns = [[value(name, plan.evaluation) for plan in front.points] for name in names]
    units = [scale(column, UNITS[name][0]) for name, column in zip(names, columns, strict=True)]
    headers = [
        f"{_SHORT.get(name, name)}\n{unit.unit}{UNITS[name][1]}".strip()
        for name, unit in zip(names, units, strict=True)
    ]
    rows = [
        [
            counted(len(plan.groups), "group"),
            *(unit.text(Fraction(column[i])) for unit, column in zip(units, columns, strict=True)),
            "optimal" if plan.statistics.status == "optimal" else percent(plan.statistics.gap),
        ]
        for i, plan in enumerate(front.points)
    ]
    return table("Points", ["plan"], [*headers, "gap"], rows)


def front_proof(fronted: Fronted) -> str:
    """What is proven of the points, and what was searched."""
    front = fronted.front
    *others, last = sorted(front.axes, key=lambda axis: axis != "capacity")
    nouns = " and ".join(NOUNS[axis] for axis in others)
    first = (
        f"Each optimal plan has the least {NOUNS[last]} of all plans that take no more {nouns} than it does. "
        f"Searched in {fronted.seconds:.1f} s: {_status(front)}"
    )
    known = front.points[0].statistics if front.points else None
    return f"{first}\n{space_sentences(known.space)}" if known else first


def _status(front: Front) -> str:
    if front.status == "complete":
        return "the front is complete, there are no other points."
    shares = f"no plan is better than all of these along every axis by more than {percent(front.share)}"
    if front.status == "corners":
        others = "others lie above the lines between them" if math.isinf(front.share) else shares
        return f"every corner of the convex hull of all plans is here; {others}."
    why = "stopped" if front.status == "stopped" else "there are more points"
    if math.isfinite(front.share):
        return f"{why}; {shares}."
    if len(front.axes) == 3:
        return f"{why}, and nothing is proven of all of them together."
    return f"{why}; a plan between them may be better than its neighbours by {percent(front.gap)} at most."


def front_dict(fronted: Fronted, parameters: Mapping[str, int]) -> dict[str, Any]:
    """The front with every plan, and what no plan undercuts."""
    front = fronted.front
    space = front.points[0].statistics.space
    return {
        "network": fronted.workload.name,
        "parameters": dict(parameters),
        "architecture": fronted.architecture.name,
        "axes": list(front.axes),
        "status": front.status,
        "gap": front.gap,
        "share": None if math.isinf(front.share) else front.share,
        "seconds": fronted.seconds,
        "space": space_name(space),
        "points": [
            {
                "values": dict(zip(front.axes, values, strict=True)),
                "plan": plan_dict(Planned(fronted.workload, plan.architecture, plan)),
                "statistics": statistics_dict(plan.statistics),
                "mapping": mapping_to_list(plan.tree.root),
            }
            for values, plan in zip(front.values(), front.points, strict=True)
        ],
        "bounds": [
            {"capacity": bound.capacity, "weights": dict(bound.weights), "least": bound.least} for bound in front.bounds
        ],
    }
