"""A network layer by layer against fused, as tables and sentences."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from rich.table import Table

from looptree.report.compared import Compared, group_results, moved_bytes, offchip_bytes
from looptree.report.groups import describe_choice
from looptree.report.table import Row, stacked, table
from looptree.report.text import counted, short_layers
from looptree.search import Statistics
from looptree.units import (
    BYTES,
    COUNTS,
    PICOJOULES,
    Scale,
    Units,
    format_percent,
    format_ratio,
    format_size,
    scale,
)


def comparison_report(compared: Compared) -> list[str | Table]:
    """Title, totals, groups, conclusion and what was searched."""
    return [
        _title(compared),
        summary_table(compared),
        group_table(compared),
        conclusion(compared),
        _searched(compared.objective, compared.comparison.fused.statistics),
    ]


def _title(compared: Compared) -> str:
    capacity = compared.architecture.levels[1].capacity_bytes
    size = "unlimited" if capacity is None else format_size(capacity)
    layers = counted(len(compared.workload.einsums), "layer")
    groups = counted(len(compared.comparison.fused.groups), "group")
    return (
        f"{compared.workload.name} on {compared.architecture.name}, {compared.buffer} {size}: "
        f"{layers}, fused into {groups}"
    )


def summary_table(compared: Compared) -> Table:
    """Totals of both plans and their ratio."""
    apart, fused = compared.comparison.layer_by_layer.evaluation, compared.comparison.fused.evaluation
    (apart_reads, apart_writes), (fused_reads, fused_writes) = offchip_bytes(apart), offchip_bytes(fused)
    rows = [
        _total("off-chip reads", (apart_reads, fused_reads), BYTES),
        _total("off-chip writes", (apart_writes, fused_writes), BYTES),
        _total("off-chip total", (apart.offchip_bytes, fused.offchip_bytes), BYTES),
        _total(f"{compared.buffer} needed", (compared.demand(apart), compared.demand(fused)), BYTES),
        _total("operations", (apart.total_operations, fused.total_operations), COUNTS),
        _total("  recomputed", (apart.recomputed_operations, fused.recomputed_operations), COUNTS),
        _total("energy", (apart.energy.total, fused.energy.total), PICOJOULES),
        _total("latency", (apart.latency.overlapped, fused.latency.overlapped), COUNTS, " cycles"),
    ]
    return table("In total", ["", "unit"], ["layer by layer", "fused", "ratio"], rows)


def _total(name: str, values: tuple[int | Fraction, int | Fraction], units: Units, noun: str = "") -> Row:
    unit = scale(values, units)
    apart, fused = values
    return [name, f"{unit.unit}{noun}".strip(), unit.text(apart), unit.text(fused), format_ratio(fused, apart)]


def group_table(compared: Compared) -> Table:
    """The groups of the fused plan, beside the same layers one by one."""
    plan = compared.comparison.fused
    apart = compared.apart
    results = group_results(plan)
    pairs = [(sum(moved_bytes(apart[einsum]) for einsum in result.einsums), moved_bytes(result)) for result in results]
    moved = scale([value for pair in pairs for value in pair], BYTES)
    held = scale([compared.group_demand(result) for result in results], BYTES)
    rows = [
        [
            stacked(short_layers(result.einsums), describe_choice(compared.workload, choice)),
            moved.text(before),
            moved.text(after),
            held.text(compared.group_demand(result)),
            format_percent(result.recomputed, result.operations),
        ]
        for choice, result, (before, after) in zip(plan.groups, results, pairs, strict=True)
    ]
    return table(
        "By fusion group",
        ["layers\n  [kept on chip] rank tile [kept] ..."],
        _headers(moved, held, compared.buffer),
        rows,
    )


def _headers(moved: Scale, held: Scale, buffer: str) -> Sequence[str]:
    return [f"off chip\nalone {moved.unit}", f"off chip\nfused {moved.unit}", f"{buffer}\n{held.unit}", "recom-\nputed"]


def conclusion(compared: Compared) -> str:
    """What fusing brings, in one sentence."""
    apart, fused = compared.comparison.layer_by_layer.evaluation, compared.comparison.fused.evaluation
    before, after = apart.offchip_bytes, fused.offchip_bytes
    if after >= before:
        return "Fusing does not help here: no fused plan that was searched moves fewer bytes off chip."
    again = fused.recomputed_operations
    repeated = (
        f"recomputes {format_percent(again, fused.total_operations)} of its operations"
        if again
        else "recomputes nothing"
    )
    energy = (
        f"; it takes {format_percent(fused.energy.total, apart.energy.total)} of the energy"
        if apart.energy.total
        else ""
    )
    return (
        f"Fused moves {format_ratio(before, after)} times fewer bytes off chip ({format_size(after)} instead of "
        f"{format_size(before)}) and {repeated}{energy}."
    )


def _searched(objective: str, statistics: Statistics) -> str:
    least = {"energy": "energy", "offchip": "off-chip transfers", "latency": "latency"}.get(objective, objective)
    return (
        f"Searched for the least {least} in {statistics.seconds:.1f} s: {statistics.space}. "
        f"{counted(statistics.groups_costed, 'distinct segment')}; the plan is evaluated by the exact model."
    )
