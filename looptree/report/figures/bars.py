"""Energy and latency as stacked bars: by component in total, and group by group, one plan beside the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from looptree.model.result import GroupResult
from looptree.report.figures.style import INK, PAGE, color, new_figure, short, styled
from looptree.report.html.shown import ShownPlan
from looptree.units import COUNTS, PICOJOULES, Scale, Units, scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Parts = Mapping[str, Fraction]


def energy_figure(plans: Sequence[ShownPlan]) -> Figure:
    """Energy by component: in total, and of each group of the last plan beside the same layers in the others."""
    return _figure(plans, "energy", PICOJOULES, energy_parts)


def latency_figure(plans: Sequence[ShownPlan]) -> Figure:
    """Latency by the component that bounds each group, in the same way."""
    return _figure(plans, "latency", COUNTS, latency_parts)


def energy_parts(result: GroupResult) -> Parts:
    """Energy of a group in pJ by component."""
    return {name: sum(actions.values(), Fraction(0)) for name, actions in result.energy.per_component.items()}


def latency_parts(result: GroupResult) -> Parts:
    """Cycles of a group, under the name of its bottleneck."""
    return {result.bottleneck: result.latency_cycles}


def _figure(plans: Sequence[ShownPlan], noun: str, units: Units, parts: Callable[[GroupResult], Parts]) -> Figure:
    last = plans[-1]
    names = list(energy_parts(last.groups[0].result))
    totals = [_sum([parts(group.result) for group in plan.groups]) for plan in plans]
    groups = [[_sum(_of_layers(plan, group.result, parts)) for plan in plans] for group in last.groups]
    unit = scale([sum(total.values(), Fraction(0)) for total in totals], units)
    finer = scale([sum(found.values(), Fraction(0)) for row in groups for found in row], units)
    with styled():
        figure = new_figure(PAGE, 2.4)
        left, right = figure.subplots(1, 2, width_ratios=[max(1, len(plans)), 9])
        stack(left, range(len(plans)), totals, names, unit, 0.7)
        left.set_xticks(range(len(plans)), [plan.title.replace(" ", "\n", 1) for plan in plans])
        left.set_ylabel(f"{noun} ({_unit(unit, units)})")
        width = 0.84 / len(plans)
        for at in range(len(plans)):
            places = [index + (at - (len(plans) - 1) / 2) * width for index in range(len(groups))]
            stack(right, places, [row[at] for row in groups], names, finer, width * 0.92, hatched=at < len(plans) - 1)
        _group_marks(right, len(groups))
        right.set_ylabel(_unit(finer, units))
        beside = f"; hatched: the same layers {plans[0].title}" if len(plans) > 1 else ""
        right.set_xlabel(f"fusion group, in the order in which they run{beside}")
        right.set_title(f"{short(last.design.workload.name)} on {short(last.design.architecture.name)}", loc="left")
        legend(right, names, totals, "bound by " if units is COUNTS else "")
    return figure


def _unit(unit: Scale, units: Units) -> str:
    return f"{unit.unit} cycles".strip() if units is COUNTS else unit.unit


def _of_layers(plan: ShownPlan, result: GroupResult, parts: Callable[[GroupResult], Parts]) -> list[Parts]:
    """The parts of the groups of another plan that hold only layers of this group."""
    layers = set(result.einsums)
    return [parts(group.result) for group in plan.groups if layers.issuperset(group.result.einsums)]


def _sum(found: Sequence[Parts]) -> dict[str, Fraction]:
    total: dict[str, Fraction] = {}
    for parts in found:
        for name, value in parts.items():
            total[name] = total.get(name, Fraction(0)) + value
    return total


def stack(
    axes: Axes,
    places: Sequence[float],
    rows: Sequence[Mapping[str, Fraction]],
    names: Sequence[str],
    unit: Scale,
    width: float,
    *,
    hatched: bool = False,
) -> None:
    """Bars at some places, the parts of each on top of each other."""
    below = [0.0] * len(rows)
    for index, name in enumerate(names):
        heights = [float(row.get(name, Fraction(0)) / unit.factor) for row in rows]
        axes.bar(
            places,
            heights,
            width,
            bottom=below,
            color=color(index),
            edgecolor="white",
            linewidth=0.3,
            hatch="//////" if hatched else None,
        )
        below = [low + height for low, height in zip(below, heights, strict=True)]


def _group_marks(axes: Axes, count: int) -> None:
    step = max(1, -(-count // 30))
    axes.set_xticks(range(0, count, step), [str(index + 1) for index in range(0, count, step)])
    axes.set_xlim(-0.7, count - 0.3)


def legend(
    axes: Axes,
    names: Sequence[str],
    totals: Sequence[Mapping[str, Fraction]],
    before: str = "",
) -> None:
    """The parts that some bar has, above the picture; `before` says how they belong to it."""
    from matplotlib.patches import Patch

    shown = [
        Patch(facecolor=color(index), label=f"{before}{name}")
        for index, name in enumerate(names)
        if any(total.get(name) for total in totals)
    ]
    axes.legend(handles=shown, ncols=len(shown), labelcolor=INK, loc="lower right", bbox_to_anchor=(1, 0.98))
