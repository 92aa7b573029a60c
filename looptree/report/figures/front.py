"""A Pareto front: designs of which none is better in both of two quantities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from looptree.report.figures.style import BLUE, COLUMN, FAINT, new_figure, short, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
        for point in front:
            if point.label:
                axes.annotate(
                    short(point.label), (point.x, point.y), xytext=(4, 3), textcoords="offset points", fontsize=7
                )
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        axes.set_title(title, loc="left")
        axes.margins(0.12)
    return figure
