"""Energy and latency layer by layer as stacked bars, one plan beside the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from looptree.model.layers import layer_energies
from looptree.model.result import Energy
from looptree.report.figures.bars import legend, stack
from looptree.report.figures.style import PAGE, new_figure, short, styled
from looptree.report.html.costs import whole_layers
from looptree.report.html.shown import ShownPlan
from looptree.units import COUNTS, PICOJOULES, Units, scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Parts = Mapping[str, Fraction]


def layers_figure(plans: Sequence[ShownPlan]) -> Figure:
    """Of each layer of the last plan what belongs to it alone; hatched beside it, all that it takes in the other plan.

    Below, the latency step by step, where it is known. What layers of a group share is in none of the bars.
    """
    last = plans[-1]
    names = [name for group in last.groups for name in group.result.einsums]
    energies = [*(whole_layers(plan) for plan in plans[:-1]), layer_energies(last.design)]
    energy = [[_by_component(found.get(name)) for name in names] for found in energies]
    known = [plan.evaluation.latency.stepwise for plan in plans]
    spent = [[dict(found.spent.get(name, {})) for name in names] for found in known if found is not None]
    with styled():
        figure = new_figure(PAGE, 2.2 + 1.6 * (len(spent) == len(plans)))
        rows = figure.subplots(2 if len(spent) == len(plans) else 1, 1, sharex=True, squeeze=False)[:, 0]
        parts = list(last.evaluation.energy.per_component)
        _bars(rows[0], energy, parts, PICOJOULES, "energy", "")
        if len(rows) > 1:
            _bars(rows[1], spent, parts, COUNTS, "latency", "cycles")
        size = 6.5 if len(names) <= 24 else max(3.0, 160 / len(names))
        rows[-1].set_xticks(range(len(names)), [short(name, 18) for name in names], rotation=90, fontsize=size)
        rows[-1].set_xlim(-0.7, len(names) - 0.3)
        beside = f"; hatched: {plans[0].title}" if len(plans) > 1 else ""
        rows[0].set_title(f"{short(last.design.workload.name)} by layer, {last.title}{beside}", loc="left")
    return figure


def _by_component(energy: Energy | None) -> Parts:
    if energy is None:
        return {}
    return {name: sum(actions.values(), Fraction(0)) for name, actions in energy.per_component.items()}


def _bars(
    axes: Axes, plans: Sequence[Sequence[Parts]], parts: Sequence[str], units: Units, noun: str, counted: str
) -> None:
    unit = scale([sum(found.values(), Fraction(0)) for rows in plans for found in rows], units)
    width = 0.84 / len(plans)
    for at, rows in enumerate(plans):
        places = [index + (at - (len(plans) - 1) / 2) * width for index in range(len(rows))]
        stack(axes, places, rows, parts, unit, width * 0.92, hatched=at < len(plans) - 1)
    axes.set_ylabel(f"{noun} ({f'{unit.unit} {counted}'.strip()})")
    legend(axes, parts, [found for rows in plans for found in rows])
