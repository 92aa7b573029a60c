"""A Pareto front: designs of which none is better in both of two quantities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from looptree.report.figures.style import BLUE, COLUMN, FAINT, in_unit, new_figure, plain_marks, short, styled
from looptree.report.front import UNITS, Fronted
from looptree.report.proof import NOUNS
from looptree.report.text import counted
from looptree.search.asked.objective import value

if TYPE_CHECKING:
    from matplotlib.figure import Figure


MOST_LABELS = 6
"""A front with more points has no labels: they would lie on each other."""


@dataclass(frozen=True, slots=True)
class FrontPoint:
    """A design. Attributes: x, y: what both shall be small. label: written beside it; may be empty."""

    x: float
    y: float
    label: str = ""


def undominated(points: Sequence[FrontPoint]) -> list[FrontPoint]:
    """Points than which no other is at least as good in both and better in one, by x.

    >>> [p.label for p in undominated([FrontPoint(1, 9, "a"), FrontPoint(2, 9, "b"), FrontPoint(3, 4, "c")])]
    ['a', 'c']
    """
    found: list[FrontPoint] = []
    for point in sorted(points, key=lambda p: (p.x, p.y)):
        if not found or point.y < found[-1].y:
            found.append(point)
    return found


def front_figure(points: Sequence[FrontPoint], x_label: str, y_label: str, title: str = "") -> Figure:
    """The front as a staircase: below and to the left of it there is nothing; other points are faint."""
    front = undominated(points)
    with styled():
        figure = new_figure(COLUMN, 2.5)
        axes = figure.add_subplot()
        behind = [point for point in points if point not in front]
        axes.plot([p.x for p in behind], [p.y for p in behind], "o", color=FAINT, markersize=3)
        axes.step([p.x for p in front], [p.y for p in front], where="post", color=BLUE, linewidth=1)
        axes.plot([p.x for p in front], [p.y for p in front], "o", color=BLUE, markersize=4)
        for point in front if len(front) <= MOST_LABELS else ():
            if point.label:
                axes.annotate(
                    short(point.label), (point.x, point.y), xytext=(4, 3), textcoords="offset points", fontsize=7
                )
        for name, values in (("x", [p.x for p in points]), ("y", [p.y for p in points])):
            if _spread(values):
                axes.set(**{f"{name}scale": "log"})
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        axes.set_title(title, loc="left")
        axes.margins(0.12)
        plain_marks(axes, *(name for name in ("x", "y") if getattr(axes, f"get_{name}scale")() == "log"))
    return figure


def plans_figure(fronted: Fronted) -> Figure:
    """A front of plans along its first two axes; of few points each says how many groups its plan has."""
    columns, labels = [], []
    for axis in fronted.front.axes[:2]:
        units, noun = UNITS[axis]
        numbers, unit = in_unit([value(axis, plan.evaluation) for plan in fronted.front.points], units)
        columns.append(numbers)
        labels.append(f"{NOUNS[axis]} ({f'{unit}{noun}'.strip()})" if unit or noun else NOUNS[axis])
    groups = [counted(len(plan.groups), "group") for plan in fronted.front.points]
    points = [FrontPoint(x, y, label) for x, y, label in zip(*columns, groups, strict=True)]
    title = f"{short(fronted.workload.name)} on {short(fronted.architecture.name)}"
    return front_figure(points, labels[0], labels[1], title)


def _spread(values: Sequence[float]) -> bool:
    """Whether values need a logarithmic axis."""
    return bool(values) and min(values) > 0 and max(values) > 20 * min(values)
