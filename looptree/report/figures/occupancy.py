"""What the buffer holds over time, tensor by tensor, against its capacity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from looptree.model.groups import groups_of
from looptree.model.inference import infer
from looptree.model.occupancy import Demand, demands, lifetime, place_demands
from looptree.report.figures.style import INK, PAGE, color, in_unit, new_figure, short, styled
from looptree.report.html.shown import ShownPlan
from looptree.taxonomy.design import BoundChain, Design
from looptree.taxonomy.group_tensors import tensor_kinds
from looptree.units import BYTES, COUNTS, format_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BETWEEN = "between groups"
KINDS = {"weight": "weights", "input": "inputs", "intermediate": "intermediates", "output": "outputs"}
ORDER = (*KINDS.values(), BETWEEN)


@dataclass(frozen=True, slots=True)
class Period:
    """One fusion group of a plan.

    Attributes:
        start, end: cycles. held: bytes of each tensor while it runs, with its kind (one of `ORDER`).
        taken: bytes in total; less than the sum of `held` where layers that take turns share room.
    """

    start: float
    end: float
    held: Mapping[str, tuple[str, int]]
    taken: int


def periods(plan: ShownPlan, level: str) -> list[Period]:
    """The occupancy of a level, group after group."""
    design, live = plan.design, plan.design.architecture.allocation == "live"
    sizes = place_demands(design, infer(design))
    found: list[Period] = []
    clock = 0.0
    for chain, group in zip(groups_of(design, design.root), plan.evaluation.groups, strict=True):
        kinds = tensor_kinds(design.workload, chain.einsums)
        held = {
            tensor: (KINDS[kinds[tensor]], _bytes(demand, live))
            for (name, tensor), demand in demands(design, sizes, chain).items()
            if name == level and tensor is not None
        }
        for tensor, taken in _between(design, sizes, chain, level, live).items():
            held[tensor] = (BETWEEN, taken)
        end = clock + float(group.latency_cycles)
        found.append(Period(clock, end, held, group.occupancy[level][live]))
        clock = end
    return found


def _between(design: Design, sizes: Mapping[int, Demand], group: BoundChain, level: str, live: bool) -> dict[str, int]:
    """Bytes of each tensor that is stored further out and takes room while a group runs."""
    found: dict[str, int] = {}
    for chain, child in pairwise(design.path(group)):
        position = chain.children.index(child.id)
        for identity in chain.places:
            place = design.places[identity]
            if place.level == level and position in lifetime(design, place):
                found[place.tensor] = found.get(place.tensor, 0) + _bytes(sizes[identity], live)
    return found


def _bytes(demand: Demand, live: bool) -> int:
    return demand.live if live else demand.window


def occupancy_figure(plan: ShownPlan) -> Figure:
    """Time runs in cycles of the latency; the tensors of each group are stacked by kind, the line is the capacity."""
    level = plan.design.architecture.levels[1]
    spans = periods(plan, level.name)
    times, time_unit = in_unit([edge for span in spans for edge in (span.start, span.end)], COUNTS)
    top = max([span.taken for span in spans] + ([level.capacity_bytes] if level.capacity_bytes else []))
    (scaled_top,), unit = in_unit([top], BYTES)
    factor = top / scaled_top if scaled_top else 1.0
    with styled():
        figure = new_figure(PAGE, 2.4)
        axes = figure.add_subplot()
        for index, span in enumerate(spans):
            _pile(axes, (times[2 * index], times[2 * index + 1]), span, factor)
        if level.capacity_bytes:
            axes.axhline(level.capacity_bytes / factor, color=INK, linewidth=1)
            axes.annotate(
                f"capacity {format_size(level.capacity_bytes)}",
                (1, level.capacity_bytes / factor),
                xycoords=("axes fraction", "data"),
                xytext=(-2, 3),
                textcoords="offset points",
                ha="right",
                fontsize=7,
            )
        axes.set_xlim(0, times[-1] or 1)
        axes.set_ylim(0, scaled_top * 1.12)
        axes.set_xlabel(f"time ({time_unit} cycles)".replace("( ", "("))
        axes.set_ylabel(f"{short(level.name)} ({unit})")
        axes.set_title(f"{short(plan.design.workload.name)}, {plan.title}", loc="left")
        _legend(figure, spans)
    return figure


def _pile(axes: Axes, span: tuple[float, float], period: Period, factor: float) -> None:
    below = 0.0
    for _, (kind, taken) in sorted(period.held.items(), key=lambda item: (-ORDER.index(item[1][0]), item[0])):
        height, width = taken / factor, span[1] - span[0]
        look: dict[str, Any] = {"color": color(ORDER.index(kind)), "edgecolor": "white", "linewidth": 0.25}
        axes.bar(span[0], height, width, bottom=below, align="edge", **look)
        below += height
    if below > period.taken / factor * 1.0001:
        axes.plot(span, (period.taken / factor,) * 2, color=INK, linewidth=0.8, linestyle="dotted")


def _legend(figure: Figure, spans: Sequence[Period]) -> None:
    from matplotlib.patches import Patch

    used = {kind for span in spans for kind, _ in span.held.values()}
    shown = [Patch(facecolor=color(i), label=kind) for i, kind in enumerate(ORDER) if kind in used]
    figure.legend(handles=shown, loc="outside lower center", ncols=len(shown))
