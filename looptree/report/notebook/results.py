"""Plans, evaluations, comparisons, sizings, fronts and networks in a notebook, and as rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from looptree.model.result import Evaluation, plain
from looptree.report.html.markup import Markup, element, joined
from looptree.report.notebook.parts import Row, rows_of, shown, table_of
from looptree.report.proof import NOUNS, verdict
from looptree.report.sizing.rows import COLUMNS as POINT_COLUMNS
from looptree.report.sizing.sentences import conclusion, title
from looptree.report.text import counted, short_layers
from looptree.search import Comparison, Front, Plan
from looptree.search.asked.objective import amount
from looptree.sizing import Sizing
from looptree.units import format_count, format_energy, format_percent, format_ratio, format_size
from looptree.workload import Workload


@rows_of.register
def _(value: Evaluation) -> list[Row]:
    return [
        {
            "group": index,
            "layers": " ".join(group.einsums),
            "offchip_reads_bytes": group.offchip_reads_bytes,
            "offchip_writes_bytes": group.offchip_writes_bytes,
            **{f"{level}_window_bytes": sizes[0] for level, sizes in group.occupancy.items()},
            **{f"{level}_live_bytes": sizes[1] for level, sizes in group.occupancy.items()},
            "operations": group.operations,
            "recomputed": group.recomputed,
            "energy_pj": plain(group.energy_pj),
            "latency_cycles": plain(group.latency_cycles),
            "bottleneck": group.bottleneck,
        }
        for index, group in enumerate(value.groups)
    ]


@rows_of.register
def _(value: Plan) -> list[Row]:
    return rows_of(value.evaluation)


@rows_of.register
def _(value: Comparison) -> list[Row]:
    plans = {"layer by layer": value.layer_by_layer, "fused": value.fused}
    return [{"plan": name, **row} for name, plan in plans.items() for row in rows_of(plan)]


@rows_of.register
def _(value: Sizing) -> list[Row]:
    kinds = {"layer by layer": value.layer_by_layer, "fused": value.fused}
    return [
        {
            column: name
            if column == "plan"
            else len(getattr(point, column))
            if column in ("groups", "resident")
            else getattr(point, column)
            for column in POINT_COLUMNS
        }
        for name, points in kinds.items()
        for point in points
    ]


@rows_of.register
def _(value: Workload) -> list[Row]:
    return [
        {
            "layer": einsum.name,
            "operation": einsum.operation,
            "ranks": " ".join(f"{rank}{extent}" for rank, extent in einsum.ranks.items()),
            "reads": " ".join(einsum.reads),
            "output": einsum.output.tensor,
            "output_bytes": value.tensors[einsum.output.tensor].size_bytes,
            "operations": einsum.operations,
        }
        for einsum in value.einsums
    ]


@shown.register
def _(value: Evaluation) -> Markup:
    fits = "every memory level fits" if value.fits else "does not fit"
    return joined(element("p", f"{value.headline}; {fits}"), _groups(value))


@shown.register
def _(value: Plan) -> Markup:
    found = f"Least {NOUNS[value.statistics.objective]}: {verdict(value.statistics)}."
    return joined(element("p", found), shown(value.evaluation))


@shown.register
def _(value: Comparison) -> Markup:
    apart, fused = value.layer_by_layer.evaluation, value.fused.evaluation
    measures: list[tuple[str, Callable[[Evaluation], Any], Callable[[Any], str]]] = [
        ("off chip", lambda e: e.offchip_bytes, format_size),
        ("operations", lambda e: e.total_operations, format_count),
        ("recomputed", lambda e: e.recomputed_operations, format_count),
        ("energy", lambda e: e.energy.total, format_energy),
        ("cycles", lambda e: e.latency.overlapped, format_count),
    ]
    rows = [[name, text(of(apart)), text(of(fused)), format_ratio(of(fused), of(apart))] for name, of, text in measures]
    table = table_of(["", "layer by layer", "fused", "ratio"], rows)
    return joined(table, element("p", f"Fused: {verdict(value.fused.statistics)}."), _groups(fused))


@shown.register
def _(value: Sizing) -> Markup:
    pairs = zip(value.layer_by_layer, value.fused, strict=True)
    rows = [
        [format_size(fused.capacity_bytes), f"{alone.value:,.0f}", f"{fused.value:,.0f}", fused.status]
        for alone, fused in pairs
    ]
    unit = {"offchip": "bytes", "energy": "pJ", "latency": "cycles", "operations": "operations"}[value.objective]
    table = table_of([value.buffer, f"layer by layer, {unit}", f"fused, {unit}", "status"], rows)
    return joined(element("p", title(value)), table, *(element("p", line) for line in conclusion(value).split("\n")))


@shown.register
def _(value: Workload) -> Markup:
    rows = [[str(cell) for cell in row.values()] for row in rows_of(value)]
    head = f"{value.name}: {len(value.einsums)} layers, {format_count(value.operations)} operations"
    return joined(element("p", head), table_of(list(rows_of(value)[0]), rows))


def _groups(value: Evaluation) -> Markup:
    levels = [name for name in value.groups[0].occupancy if name != value.off_chip]
    rows = [
        [
            short_layers(group.einsums),
            f"{group.offchip_reads_bytes + group.offchip_writes_bytes:,}",
            *(f"{group.occupancy[level][0]:,}" for level in levels),
            format_percent(group.recomputed, group.operations),
            format_energy(group.energy_pj),
            format_count(group.latency_cycles),
            group.bottleneck,
        ]
        for group in value.groups
    ]
    headers = ["layers", "off-chip bytes", *(f"{n} window bytes" for n in levels)]
    return table_of([*headers, "recomputed", "energy", "cycles", "bottleneck"], rows)


@rows_of.register
def _(value: Front) -> list[Row]:
    return [
        {
            **dict(zip(value.axes, values, strict=True)),
            "groups": len(plan.groups),
            "offchip_bytes": plan.evaluation.offchip_bytes,
            "energy_pj": plain(plan.evaluation.energy.total),
            "latency_cycles": plain(plan.evaluation.latency.overlapped),
            "recomputed": plan.evaluation.recomputed_operations,
            "status": plan.statistics.status,
        }
        for values, plan in zip(value.values(), value.points, strict=True)
    ]


@shown.register
def _(value: Front) -> Markup:
    rows = [
        [*(amount(axis, number) for axis, number in zip(value.axes, values, strict=True)), str(len(plan.groups))]
        for values, plan in zip(value.values(), value.points, strict=True)
    ]
    head = f"{counted(len(value.points), 'plan')} that trade {' for '.join(NOUNS[axis] for axis in value.axes)}"
    return joined(element("p", head), table_of([*(NOUNS[axis] for axis in value.axes), "groups"], rows))
