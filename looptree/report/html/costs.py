"""Energy, latency and room: by component, by group and by layer, one plan against the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from looptree.architecture import Level
from looptree.model.layers import layer_energies
from looptree.model.result import Energy, GroupResult, plain
from looptree.report.html.charts import Chart, bars, charts_data, charts_markup
from looptree.report.html.datatable import CYCLES, Cell, Column, DataTable, term_link
from looptree.report.html.groups import energy_data
from looptree.report.html.markup import element, joined
from looptree.report.html.page import Section
from looptree.report.html.room import Rooms
from looptree.report.html.shown import ShownPlan
from looptree.units import BYTES, COUNTS, PICOJOULES

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
        _energy_by_layer(plans, parts),
    ]
    return Section("energy", "Energy", charts_markup(*charts), charts_data(*charts))


def latency_section(plans: Sequence[ShownPlan]) -> Section:
    """Latency by what bounds it, by group; components in the order, and so in the colours, that they have elsewhere."""
    parts = list(plans[-1].evaluation.energy.per_component)
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
            joined(
                _beside(plans, "latency"),
                " Exact numbers are in the table of the groups, under ",
                element("a", "energy", href="#energy"),
                ".",
            ),
            "cycles",
            parts,
            _by_group(plans, lambda result: {result.bottleneck: plain(result.latency_cycles)}),
        ),
        *_latency_by_layer(plans),
    ]
    return Section("latency", "Latency", charts_markup(*charts), charts_data(*charts))


def whole_layers(plan: ShownPlan) -> dict[str, Energy]:
    """Energy of each layer that runs by itself: all of that of its group."""
    return {g.result.einsums[0]: g.result.energy for g in plan.groups if len(g.result.einsums) == 1}


def _energy_by_layer(plans: Sequence[ShownPlan], parts: Sequence[str]) -> Chart:
    """What belongs to single layers, and behind the layers of each group what they share; before it the other plan."""
    plan, others = plans[-1], [(other.title, whole_layers(other)) for other in plans[:-1]]
    own = layer_energies(plan.design)
    bars_of: Rows = []
    listed: list[list[Cell]] = []
    for index, group in enumerate(plan.groups):
        shared = group.result.energy
        for name in group.result.einsums:
            alone = [(title, known.get(name)) for title, known in others]
            bars_of += [(name, title, energy_data(found.per_component)) for title, found in alone if found is not None]
            bars_of.append((name, plan.title, energy_data(own[name].per_component)))
            totals = [None if found is None else found.total for _, found in alone]
            listed.append([name, str(index + 1), *_components(own[name]), own[name].total, *totals])
            shared = shared.less(own[name])
        if shared.total:
            title = f"shared by group {index + 1}"
            bars_of.append((title, plan.title, energy_data(shared.per_component)))
            listed.append([title, str(index + 1), *_components(shared), shared.total, *(None for _ in others)])
    columns = (
        Column("layer"),
        Column("group"),
        *(Column(f"energy of {name}", PICOJOULES, term="energy") for name in parts),
        Column("energy", PICOJOULES, term="energy"),
        *(Column(f"energy {title}", PICOJOULES, term="energy") for title, _ in others),
    )
    caption = (
        "Of each layer: its operations, what they read and write at the innermost storage nodes, and what the nodes in "
        "its own branch exchange. What shared nodes exchange, and what leaks, stands behind the layers of its group."
    )
    if others:
        caption += f" Beside it all that the layer takes {others[0][0]}."
    table = DataTable("energy-layers", "Energy by layer", columns, listed)
    return bars("energy-layers", "Energy by layer", caption, "pJ", parts, bars_of, [table], across="layer")


def _components(energy: Energy) -> list[Fraction]:
    return [sum(actions.values(), Fraction(0)) for actions in energy.per_component.values()]


def _latency_by_layer(plans: Sequence[ShownPlan]) -> list[Chart]:
    """Cycles step by step, where they are known."""
    found = [plan.evaluation.latency.stepwise for plan in plans]
    if None in found:
        return []
    parts = list(plans[-1].evaluation.energy.per_component)
    rows: Rows = []
    listed: list[list[Cell]] = []
    for name in [name for group in plans[-1].groups for name in group.result.einsums]:
        per_plan = [steps.spent.get(name, {}) for steps in found if steps is not None]
        for plan, spent in zip(plans, per_plan, strict=True):
            rows.append((name, plan.title, {part: plain(cycles) for part, cycles in spent.items()}))
        bound = found[-1].bottlenecks.get(name) if found[-1] is not None else None
        listed.append([name, *(sum(spent.values(), Fraction(0)) for spent in per_plan), bound or "-"])
    columns = (
        Column("layer"),
        *(Column(plan.title, CYCLES, "cycles", "stepwise") for plan in plans),
        Column("bottleneck", term="bottleneck"),
    )
    caption = joined("The ", term_link("stepwise"), " of each layer, by the component that takes longest in its steps.")
    table = DataTable("latency-layers", "Latency by layer, step by step", columns, listed)
    return [
        bars(
            "latency-layers", "Latency by layer, step by step", caption, "cycles", parts, rows, [table], across="layer"
        )
    ]


def room_section(plans: Sequence[ShownPlan]) -> Section:
    """What each group needs of the on-chip levels, and what is held there meanwhile, against their capacity."""
    plan = plans[-1]
    rooms = Rooms(plan.design)
    held = [rooms.above(group.chain) for group in plan.groups]
    charts = [
        _room_chart(plans, level, [sum(above.get(level.name, {}).values()) for above in held])
        for level in plan.design.architecture.levels[1:]
    ]
    return Section("room", "Buffer by group", charts_markup(*charts), charts_data(*charts))


def _room_chart(plans: Sequence[ShownPlan], level: Level, held: Sequence[int]) -> Chart:
    plan, key = plans[-1], f"room-{plans[-1].design.architecture.depth(level.name)}"
    live = plan.design.architecture.allocation == "live"
    parts = ["of the group", "kept between groups"]
    rows: Rows = []
    listed: list[list[Cell]] = []
    for index, (group, others) in enumerate(zip(plan.groups, held, strict=True)):
        total = group.result.occupancy[level.name][live]
        rows.append((str(index + 1), plan.title, dict(zip(parts, (total - others, others), strict=True))))
        listed.append([str(index + 1), ", ".join(group.result.einsums), total - others, others, total])
    caption = joined(
        f"What {level.name} holds while each group{_of(plans)} runs, in ",
        term_link("live" if live else "window"),
        ": for the group itself, and tensors that ",
        term_link("resident", "stay on chip between groups"),
        ".",
    )
    columns = (Column("group"), Column("layers"), *(Column(part, BYTES) for part in parts), Column("total", BYTES))
    table = DataTable(key, f"{level.name} by fusion group", columns, listed)
    chart = bars(key, f"{level.name} by fusion group", caption, "B", parts, rows, [table])
    if level.total_bytes is None:
        return chart
    return replace(chart, data={**chart.data, "limit": ["capacity", level.total_bytes]})


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
