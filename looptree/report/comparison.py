"""A network layer by layer against fused, as tables and sentences."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from rich.table import Table

from looptree.report.compared import Compared
from looptree.report.groups import GROUP_HEADER, group_cell, idle_in, on_chip_between
from looptree.report.planned import moved_bytes, offchip_bytes
from looptree.report.proof import NOUNS, proof, verdict
from looptree.report.table import Row, table
from looptree.report.text import counted
from looptree.search.asked.objective import amount
from looptree.units import (
    BYTES,
    COUNTS,
    PICOJOULES,
    Scale,
    Units,
    format_factor,
    format_percent,
    format_ratio,
    format_size,
    no_larger,
    scale,
)


def comparison_report(compared: Compared) -> list[str | Table]:
    """Title, totals, groups, conclusion and what was searched."""
    return [
        _title(compared),
        summary_table(compared),
        group_table(compared),
        conclusion(compared),
        _searched(compared),
    ]


def _title(compared: Compared) -> str:
    capacity = compared.fused.capacity_bytes
    size = "unlimited" if capacity is None else format_size(capacity)
    layers = counted(len(compared.workload.einsums), "layer")
    groups = counted(len(compared.comparison.fused.groups), "group")
    return (
        f"{compared.workload.name} on {compared.architecture.name}, {compared.fused.buffer} {size}: "
        f"{layers}, fused into {groups}{on_chip_between(compared.comparison.fused)}{idle_in(compared.comparison.fused)}"
    )


def summary_table(compared: Compared) -> Table:
    """Totals of both plans and their ratio."""
    apart, fused = compared.comparison.layer_by_layer.evaluation, compared.comparison.fused.evaluation
    (apart_reads, apart_writes), (fused_reads, fused_writes) = offchip_bytes(apart), offchip_bytes(fused)
    moved = scale((apart_reads, fused_reads), BYTES), scale((apart_writes, fused_writes), BYTES)
    rows = [
        _total("off-chip reads", (apart_reads, fused_reads), BYTES),
        _total("off-chip writes", (apart_writes, fused_writes), BYTES),
        _total("off-chip total", (apart.offchip_bytes, fused.offchip_bytes), no_larger(BYTES, *moved)),
        _total(f"{compared.fused.buffer} needed", (compared.layer_by_layer.demand, compared.fused.demand), BYTES),
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
    fused, apart = compared.fused, compared.apart
    results = fused.results
    pairs = [(sum(moved_bytes(apart[einsum]) for einsum in result.einsums), moved_bytes(result)) for result in results]
    moved = scale([value for pair in pairs for value in pair], BYTES)
    held = scale([fused.group_demand(result) for result in results], BYTES)
    rows = [
        [
            group_cell(compared.workload, choice, between),
            moved.text(before),
            moved.text(after),
            held.text(fused.group_demand(result)),
            format_percent(result.recomputed, result.operations),
        ]
        for choice, between, result, (before, after) in zip(
            fused.plan.groups, fused.on_chip, results, pairs, strict=True
        )
    ]
    return table("By fusion group", [GROUP_HEADER], _headers(moved, held, fused.buffer), rows)


def _headers(moved: Scale, held: Scale, buffer: str) -> Sequence[str]:
    return [f"off chip\nalone {moved.unit}", f"off chip\nfused {moved.unit}", f"{buffer}\n{held.unit}", "recom-\nputed"]


def conclusion(compared: Compared) -> str:
    """What fusing brings, in one sentence."""
    apart, fused = compared.comparison.layer_by_layer, compared.comparison.fused
    before, after = apart.evaluation.offchip_bytes, fused.evaluation.offchip_bytes
    objective, better = compared.objective, apart.statistics.value - fused.statistics.value
    if after >= before:
        if better <= 0:
            return f"Fusing does not help here: no fused plan that was searched takes less {NOUNS[objective]}."
        return (
            f"Fused takes {amount(objective, fused.statistics.value)} instead of "
            f"{amount(objective, apart.statistics.value)} and moves {format_size(after)} off chip instead of "
            f"{format_size(before)}."
        )
    again, total = fused.evaluation.recomputed_operations, fused.evaluation.total_operations
    repeated = f"recomputes {format_percent(again, total)} of its operations" if again else "recomputes nothing"
    energies = fused.evaluation.energy.total, apart.evaluation.energy.total
    energy = f"; it takes {format_percent(*energies)} of the energy" if energies[1] else ""
    return (
        f"Fused moves {format_factor(before, after)} times fewer bytes off chip ({format_size(after)} instead of "
        f"{format_size(before)}) and {repeated}{energy}."
    )


def _searched(compared: Compared) -> str:
    """What is proven of both plans, and how."""
    apart = compared.comparison.layer_by_layer.statistics
    return f"{proof(compared.comparison.fused.statistics)}\nLayer by layer: {verdict(apart)}, in {apart.seconds:.1f} s."
