"""Energy, latency, room and roofline: by component, by group and by layer, one plan against the other."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import prod
from typing import Any

from looptree.architecture import Architecture
from looptree.model.result import GroupResult, plain
from looptree.report.html.charts import Chart, bars, charts_data, charts_markup
from looptree.report.html.datatable import CYCLES, Cell, Column, DataTable, term_link
from looptree.report.html.groups import energy_data
from looptree.report.html.markup import joined
from looptree.report.html.page import Section
from looptree.report.html.shown import ShownPlan
from looptree.report.planned import moved_bytes
from looptree.report.text import short_layers
from looptree.units import BYTES, COUNTS, PICOJOULES
from looptree.workload import Workload

Values = dict[str, float | int]
Rows = list[tuple[str, str, Values]]


def energy_section(plans: Sequence[ShownPlan]) -> Section:
    """Energy by component, by group, and by layer."""
    parts = list(plans[-1].evaluation.energy.per_component)
    total = [(plan.title, plan.title, energy_data(plan.evaluation.energy.per_component)) for plan in plans]
    charts = [
        bars("energy-total", "Energy by component", "All layers.", "pJ", parts, total, [_energy_table(plans)]),
        bars(
            "energy-groups",
            "Energy by fusion group",
            _beside(plans, "energy"),
            "pJ",
            parts,
            _by_group(plans, lambda result: energy_data(result.energy.per_component)),
            [_group_table(plan) for plan in plans],
        ),
    ]
    return Section("energy", "Energy", charts_markup(*charts), charts_data(*charts))


def latency_section(plans: Sequence[ShownPlan]) -> Section:
    """Latency by what bounds it, by group."""
    parts = list(plans[-1].groups[0].result.busy_cycles)
    total: Rows = []
    for plan in plans:
        bound: Values = dict.fromkeys(parts, 0)
        for group in plan.groups:
            bound[group.result.bottleneck] = bound.get(group.result.bottleneck, 0) + plain(group.result.latency_cycles)
        total.append((plan.title, plan.title, bound))
    caption = joined(
        "Each group takes as long as its busiest component, its ", term_link("bottleneck"), "; the colour says which."
    )
    charts = [
        bars("latency-total", "Latency by what bounds it", caption, "cycles", parts, total, [_latency_table(plans)]),
        bars(
            "latency-groups",
            "Latency by fusion group",
            _beside(plans, "latency"),
            "cycles",
            parts,
            _by_group(plans, lambda result: {result.bottleneck: plain(result.latency_cycles)}),
        ),
    ]
    return Section("latency", "Latency", charts_markup(*charts), charts_data(*charts))


def room_section(plans: Sequence[ShownPlan]) -> Section:
    """What each group needs of the outermost on-chip level, against its capacity."""
    architecture = plans[-1].design.architecture
    live = architecture.allocation == "live"
    charts: list[Chart] = []
    for level in architecture.levels[1:]:
        rows: Rows = [
            (str(index + 1), plans[-1].title, {level.name: group.result.occupancy[level.name][live]})
            for index, group in enumerate(plans[-1].groups)
        ]
        chart = bars(
            f"room-{len(charts)}",
            f"{level.name} by fusion group",
            joined(
                f"What {level.name} holds while each group{_of(plans)} runs, in ",
                term_link("live" if live else "window"),
                ", with what stays there for later groups. The line is the ",
                term_link("capacity"),
                ".",
            ),
            "B",
            [level.name],
            rows,
        )
        limit = {} if level.capacity_bytes is None else {"limit": ["capacity", level.capacity_bytes]}
        charts.append(Chart(chart.key, chart.kind, chart.title, chart.caption, {**chart.data, **limit}))
    return Section("room", "Buffer by group", charts_markup(*charts), charts_data(*charts))


def roofline_section(plans: Sequence[ShownPlan]) -> Section:
    """Operations per cycle against operations per off-chip byte, under what the hardware allows."""
    architecture, workload = plans[-1].design.architecture, plans[-1].design.workload
    off_chip = architecture.off_chip
    series = []
    for plan in plans:
        dots = []
        for index, group in enumerate(plan.groups):
            moved, result = moved_bytes(group.result), group.result
            if moved and result.latency_cycles and result.operations:
                dots.append(
                    {
                        "x": float(Fraction(result.operations, moved)),
                        "y": float(result.operations / result.latency_cycles),
                        "label": f"{index + 1}: {short_layers(result.einsums)}",
                        "group": index,
                    }
                )
        series.append({"name": plan.title, "plan": plan.key, "dots": dots})
    bandwidth = off_chip.bandwidth_bytes_per_cycle
    data: dict[str, Any] = {
        "series": series,
        "peak": peak(workload, architecture),
        "bandwidth": None if bandwidth is None else float(bandwidth),
        "level": off_chip.name,
        "unit": architecture.compute.name,
    }
    caption = joined(
        "Each point is a group: ",
        term_link("performance"),
        " against ",
        term_link("intensity"),
        ". The ",
        term_link("roof"),
        " is what the hardware can do at most. Fusing moves points to the right. Groups that move "
        "nothing off chip are not shown.",
    )
    tables = [_roofline_table(plan) for plan in plans]
    chart = Chart("roofline-chart", "roofline", "Roofline", caption, data, tables, titled=False)
    return Section("roofline", "Roofline", charts_markup(chart), charts_data(chart))


def peak(workload: Workload, architecture: Architecture) -> int:
    """Operations per cycle of the whole array: of the layer that can use most of it."""
    spatial = architecture.compute.spatial
    return max(prod(spatial.get(rank, 1) for rank in einsum.ranks) for einsum in workload.einsums)


def _by_group(plans: Sequence[ShownPlan], values: Any) -> Rows:
    """One row per group of the last plan, beside it the same layers in the other one."""
    rows: Rows = []
    for index, group in enumerate(plans[-1].groups):
        for plan in plans:
            found: Values = {}
            for other in plan.groups:
                if set(other.result.einsums) <= set(group.result.einsums):
                    for part, value in values(other.result).items():
                        found[part] = found.get(part, 0) + value
            rows.append((str(index + 1), plan.title, found))
    return rows


def _of(plans: Sequence[ShownPlan]) -> str:
    return f" of the {plans[-1].title} plan" if len(plans) > 1 else ""


def _beside(plans: Sequence[ShownPlan], what: str) -> str:
    if len(plans) == 1:
        return f"The {what} of each group, in the order in which they run; numbers as in the layer graph."
    return f"The {what} of each group of the {plans[-1].title} plan, beside the same layers {plans[0].title}."


def _energy_table(plans: Sequence[ShownPlan]) -> DataTable:
    columns = [Column("component and action"), *(Column(plan.title, PICOJOULES, term="energy") for plan in plans)]
    rows: list[list[Cell]] = [
        [f"{component}, {action}", *(plan.evaluation.energy.per_component[component][action] for plan in plans)]
        for component, actions in plans[-1].evaluation.energy.per_component.items()
        for action in actions
    ]
    rows.append(["total", *(plan.evaluation.energy.total for plan in plans)])
    return DataTable("energy", "Energy by component and action", tuple(columns), rows)


def _latency_table(plans: Sequence[ShownPlan]) -> DataTable:
    columns = [Column("component"), *(Column(plan.title, CYCLES, "cycles", "busy") for plan in plans)]
    compute = plans[-1].design.architecture.compute.name
    busy = [{compute: Fraction(p.evaluation.latency.compute), **p.evaluation.latency.memory} for p in plans]
    rows: list[list[Cell]] = [[name, *(found[name] for found in busy)] for name in busy[-1]]
    rows.append(["latency, transfers overlapped", *(plan.evaluation.latency.overlapped for plan in plans)])
    return DataTable("latency", "Busy cycles by component", tuple(columns), rows)


def _group_table(plan: ShownPlan) -> DataTable:
    levels = [level.name for level in plan.design.architecture.levels[1:]]
    components = list(plan.evaluation.energy.per_component)
    busy = list(plan.groups[0].result.busy_cycles)
    live = plan.design.architecture.allocation == "live"
    columns = (
        Column("group"),
        Column("layers"),
        Column("off-chip reads", BYTES, term="offchip_reads"),
        Column("off-chip writes", BYTES, term="offchip_writes"),
        *(Column(f"{name} needed", BYTES, term="buffer") for name in levels),
        Column("operations", COUNTS, term="operations"),
        Column("recomputed", COUNTS, term="recomputed"),
        *(Column(f"energy of {name}", PICOJOULES, term="energy") for name in components),
        Column("energy", PICOJOULES, term="energy"),
        *(Column(f"busy {name}", CYCLES, "cycles", "busy") for name in busy),
        Column("latency", CYCLES, "cycles", "latency"),
        Column("bottleneck", term="bottleneck"),
    )
    rows = [_group_row(index, group.result, levels, live) for index, group in enumerate(plan.groups)]
    return DataTable(f"groups-{plan.key}", f"Groups, {plan.title}", columns, rows)


def _group_row(index: int, result: GroupResult, levels: Sequence[str], live: bool) -> list[Cell]:
    return [
        str(index + 1),
        ", ".join(result.einsums),
        result.offchip_reads_bytes,
        result.offchip_writes_bytes,
        *(result.occupancy[name][live] for name in levels),
        result.operations,
        result.recomputed,
        *(sum(actions.values(), Fraction(0)) for actions in result.energy.per_component.values()),
        result.energy_pj,
        *result.busy_cycles.values(),
        result.latency_cycles,
        result.bottleneck,
    ]


def _roofline_table(plan: ShownPlan) -> DataTable:
    columns = (
        Column("group"),
        Column("layers"),
        Column("operations", COUNTS, term="operations"),
        Column("off-chip bytes", BYTES, term="offchip"),
        Column("latency", CYCLES, "cycles", "latency"),
    )
    rows: list[list[Cell]] = [
        [str(i + 1), ", ".join(g.result.einsums), g.result.operations, moved_bytes(g.result), g.result.latency_cycles]
        for i, g in enumerate(plan.groups)
    ]
    return DataTable(f"roofline-{plan.key}", f"Roofline, {plan.title}", columns, rows)
