"""One plan, as tables and sentences."""

from __future__ import annotations

from fractions import Fraction

from rich.table import Table

from looptree.report.groups import GROUP_HEADER, group_cell, idle_in, on_chip_between
from looptree.report.planned import Planned, moved_bytes, offchip_bytes
from looptree.report.proof import NOUNS, proof
from looptree.report.table import Row, table
from looptree.report.text import counted
from looptree.units import BYTES, COUNTS, PICOJOULES, Units, format_percent, format_size, no_larger, scale


def plan_report(planned: Planned) -> list[str | Table]:
    """Title, totals, groups, and what is proven."""
    return [_title(planned), total_table(planned), group_table(planned), proof(planned.plan.statistics)]


def _title(planned: Planned) -> str:
    capacity = planned.capacity_bytes
    size = "unlimited" if capacity is None else format_size(capacity)
    layers, groups = counted(len(planned.workload.einsums), "layer"), counted(len(planned.plan.groups), "group")
    least = NOUNS[planned.plan.statistics.objective]
    return (
        f"{planned.workload.name} on {planned.architecture.name}, {planned.buffer} {size}: {layers} in {groups}, "
        f"least {least}{on_chip_between(planned.plan)}{idle_in(planned.plan)}"
    )


def total_table(planned: Planned) -> Table:
    """The totals of a plan."""
    evaluation = planned.plan.evaluation
    reads, writes = offchip_bytes(evaluation)
    rows = [
        _total("off-chip reads", reads, BYTES),
        _total("off-chip writes", writes, BYTES),
        _total(
            "off-chip total", evaluation.offchip_bytes, no_larger(BYTES, scale([reads], BYTES), scale([writes], BYTES))
        ),
        _total(f"{planned.buffer} needed", planned.demand, BYTES),
        _total("operations", evaluation.total_operations, COUNTS),
        _total("  recomputed", evaluation.recomputed_operations, COUNTS),
        _total("energy", evaluation.energy.total, PICOJOULES),
        _total("latency", evaluation.latency.overlapped, COUNTS, " cycles"),
    ]
    return table("In total", ["", "unit"], ["plan"], rows)


def _total(name: str, value: int | Fraction, units: Units, noun: str = "") -> Row:
    unit = scale([value], units)
    return [name, f"{unit.unit}{noun}".strip(), unit.text(value)]


def group_table(planned: Planned) -> Table:
    """The groups of a plan, in the order in which they run."""
    results = planned.results
    moved = scale([moved_bytes(result) for result in results], BYTES)
    held = scale([planned.group_demand(result) for result in results], BYTES)
    energy = scale([result.energy_pj for result in results], PICOJOULES)
    rows = [
        [
            group_cell(planned.workload, choice, between),
            moved.text(moved_bytes(result)),
            held.text(planned.group_demand(result)),
            energy.text(result.energy_pj),
            format_percent(result.recomputed, result.operations),
        ]
        for choice, between, result in zip(planned.plan.groups, planned.on_chip, results, strict=True)
    ]
    numbers = [f"off chip\n{moved.unit}", f"{planned.buffer}\n{held.unit}", f"energy\n{energy.unit}", "recom-\nputed"]
    return table("By fusion group", [GROUP_HEADER], numbers, rows)
