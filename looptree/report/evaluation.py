"""An evaluation as tables: buffers, transfers, operations, energy, latency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from rich.table import Table

from looptree.model.result import (
    Energy,
    Evaluation,
    GroupResult,
    Latency,
    Occupancy,
    PartOccupancy,
    Stepwise,
    Traffic,
)
from looptree.report.table import Row, table
from looptree.report.text import counted, short_layers
from looptree.taxonomy.design import Design
from looptree.units import PICOJOULES, format_count, format_energy, format_percent, scale

MOST_ROWS = 20
"""Rows of a table before the smallest are left out."""


def headline(design: Design, evaluation: Evaluation) -> str:
    """What was evaluated and the numbers that one looks for first."""
    layers = counted(len(design.workload.einsums), "layer")
    groups = counted(len(evaluation.groups), "group")
    fits = "every memory level fits" if evaluation.fits else "does not fit"
    total, again = evaluation.total_operations, evaluation.recomputed_operations
    recomputed = f"{format_percent(again, total)} recomputed" if again else "none recomputed"
    counted_as = "" if evaluation.convention == "own" else f", counted as {evaluation.convention} does"
    return (
        f"{design.workload.name} on {design.architecture.name}: {layers} in {groups}, {fits}{counted_as}\n"
        f"{counted(evaluation.offchip_bytes, 'byte')} off chip, {format_count(total)} operations ({recomputed})\n"
        f"{format_energy(evaluation.energy.total)}, {format_count(evaluation.latency.overlapped)} cycles, "
        f"most of them bound by {evaluation.latency.bottleneck}"
    )


def evaluation_tables(design: Design, evaluation: Evaluation, *, full: bool = False) -> list[Table]:
    """All tables of an evaluation, the most asked-for first.

    Args:
        design: what was evaluated.
        evaluation: its numbers.
        full: every row; otherwise tables per group, tensor and layer are cut after `MOST_ROWS` rows.
    """
    most = None if full else MOST_ROWS
    off_chip = evaluation.off_chip
    on_chip = {name: found for name, found in evaluation.occupancy.items() if name != off_chip}
    return [
        occupancy_table(evaluation.occupancy, design.architecture.allocation),
        *([group_table(evaluation.groups, list(on_chip), most)] if len(evaluation.groups) > 1 else []),
        *(tensor_table(name, found, most) for name, found in on_chip.items() if found.per_tensor),
        offchip_table(off_chip, evaluation.transfers[off_chip], most),
        transfer_table(evaluation.transfers),
        operation_table(evaluation, most),
        energy_table(evaluation.energy),
        latency_table(evaluation.latency, design.architecture.compute.name),
        *([layer_table(evaluation.latency.stepwise, most)] if evaluation.latency.stepwise is not None else []),
        *([area_table(evaluation)] if any(area is not None for area in evaluation.areas_mm2.values()) else []),
    ]


def occupancy_table(occupancy: Mapping[str, Occupancy], allocation: str) -> Table:
    """What each memory level has to hold against what it can."""
    listed: list[tuple[str, Occupancy | PartOccupancy]] = []
    for level, whole in occupancy.items():
        listed += [(level, whole), *((f"{level} {name}", part) for name, part in whole.partitions.items())]
    rows = []
    for level, found in listed:
        counted_bytes = found.live_bytes if allocation == "live" else found.window_bytes
        capacity = found.capacity_bytes
        used = ("-", "unlimited") if capacity is None else (format_percent(counted_bytes, capacity), f"{capacity:,}")
        fits = "yes" if found.fits else "NO"
        rows.append([level, f"{found.window_bytes:,}", f"{found.live_bytes:,}", used[1], used[0], fits])
    numbers = ["window bytes", "live bytes", "capacity bytes", f"used ({allocation})", "fits"]
    return table("Occupancy", ["level"], numbers, rows)


def tensor_table(level: str, occupancy: Occupancy, most: int | None) -> Table:
    """What each tensor takes at one memory level."""
    sizes = sorted(occupancy.per_tensor.items(), key=lambda item: (-item[1][0], -item[1][1]))
    rows = [[tensor, f"{window:,}", f"{live:,}"] for tensor, (window, live) in sizes]
    shared = sum(window for window, _ in occupancy.per_tensor.values()) > occupancy.window_bytes
    title = f"Occupancy of {level} by tensor{' (branches that take turns share the space)' if shared else ''}"
    return table(title, ["tensor"], ["window bytes", "live bytes"], _cut(rows, most))


def group_table(groups: Sequence[GroupResult], levels: Sequence[str], most: int | None) -> Table:
    """What each group of layers needs and moves."""
    rows = [
        [
            short_layers(group.einsums),
            f"{group.offchip_reads_bytes + group.offchip_writes_bytes:,}",
            *(f"{group.occupancy[level][0]:,}" for level in levels),
            format_percent(group.recomputed, group.operations),
            _cycles(group.latency_cycles),
            group.bottleneck,
        ]
        for group in groups
    ]
    numbers = ["off-chip bytes", *(f"{level} window bytes" for level in levels), "recomputed", "cycles", "bottleneck"]
    return table("Groups, one after the other", ["layers"], numbers, _cut(rows, most))


def offchip_table(level: str, per_tensor: Mapping[str, Traffic], most: int | None) -> Table:
    """What each tensor moves to and from the off-chip level."""
    moved = {tensor: t.reads_bytes + t.writes_bytes for tensor, t in per_tensor.items()}
    order = sorted(moved, key=lambda tensor: -moved[tensor])
    rows = [_traffic_row(t, per_tensor[t].reads_bytes, per_tensor[t].writes_bytes) for t in order]
    reads = sum(traffic.reads_bytes for traffic in per_tensor.values())
    total = _traffic_row("total", reads, sum(moved.values()) - reads)
    numbers = ["read bytes", "written bytes", "total bytes"]
    return table(f"Off-chip transfers ({level})", ["tensor"], numbers, _cut(rows, most), total=total)


def _traffic_row(name: str, reads: int, writes: int) -> Row:
    return [name, f"{reads:,}", f"{writes:,}", f"{reads + writes:,}"]


def transfer_table(transfers: Mapping[str, Mapping[str, Traffic]]) -> Table:
    """What each memory level reads and writes, compute included."""
    rows = []
    for level, per_tensor in transfers.items():
        found = per_tensor.values()
        words = sum(t.reads_words for t in found), sum(t.writes_words for t in found)
        moved = sum(t.reads_bytes for t in found), sum(t.writes_bytes for t in found)
        rows.append([level, *(f"{number:,}" for number in (*words, *moved))])
    return table("Transfers", ["level"], ["read words", "written words", "read bytes", "written bytes"], rows)


def operation_table(evaluation: Evaluation, most: int | None) -> Table:
    """Operations of each layer, and how many of them had been done before."""
    rows = [_operation_row(name, count.total, count.recomputed) for name, count in evaluation.operations.items()]
    total = _operation_row("total", evaluation.total_operations, evaluation.recomputed_operations)
    return table("Operations", ["layer"], ["operations", "recomputed", "share"], _cut(rows, most), total=total)


def _operation_row(name: str, total: int, recomputed: int) -> Row:
    return [name, f"{total:,}", f"{recomputed:,}", format_percent(recomputed, total)]


def energy_table(energy: Energy) -> Table:
    """Energy by component and action."""
    unit = scale([energy.total], PICOJOULES)
    rows = [
        [component, action, unit.text(pj), format_percent(pj, energy.total)]
        for component, actions in energy.per_component.items()
        for action, pj in actions.items()
    ]
    total = ["total", "", unit.text(energy.total), format_percent(energy.total, energy.total)]
    return table("Energy", ["component", "action"], [f"energy {unit.unit}", "share"], rows, total=total)


def area_table(evaluation: Evaluation) -> Table:
    """Area of what is on chip, as far as it is known."""

    def shown(area: Fraction | None) -> str:
        return "unknown" if area is None else f"{float(area):,.3f}"

    rows = [[name, shown(area)] for name, area in evaluation.areas_mm2.items()]
    return table("Area", ["component"], ["mm2"], rows, total=["total", shown(evaluation.area_mm2)])


def latency_table(latency: Latency, compute: str) -> Table:
    """Cycles each component is busy; the busiest one of each group makes the latency."""
    busy = {compute: Fraction(latency.compute), **latency.memory}
    rows = [
        [name, _cycles(cycles), "bottleneck" if name == latency.bottleneck else ""] for name, cycles in busy.items()
    ]
    if latency.stepwise is not None:
        bound = f"mostly {latency.stepwise.bottleneck}" if latency.stepwise.bottleneck else ""
        rows.append(["latency, step by step", _cycles(latency.stepwise.cycles), bound])
    elif latency.refused:
        rows.append(["latency, step by step", "-", latency.refused])
    total = ["latency, transfers overlapped", _cycles(latency.overlapped), ""]
    return table("Latency", ["component"], ["busy cycles", ""], rows, total=total)


def layer_table(steps: Stepwise, most: int | None) -> Table:
    """Cycles of the steps of each layer, by the component that takes longest in them."""
    components = list(steps.per_component)
    rows = [
        [
            layer,
            _cycles(steps.per_layer[layer]),
            format_percent(steps.per_layer[layer], steps.cycles),
            *(_cycles(of.get(component, Fraction(0))) for component in components),
            steps.bottlenecks[layer] or "-",
        ]
        for layer, of in steps.spent.items()
    ]
    numbers = ["cycles", "share", *(f"bound by {component}" for component in components), "bottleneck"]
    return table("Latency step by step, by layer", ["layer"], numbers, _cut(rows, most))


def _cycles(cycles: Fraction) -> str:
    return f"{cycles.numerator:,}" if cycles.denominator == 1 else f"{float(cycles):,.1f}"


def _cut(rows: Sequence[Row], most: int | None) -> Sequence[Row]:
    """The first rows, and how many were left out."""
    if most is None or len(rows) <= most:
        return rows
    shown = rows[: most - 1]
    return [*shown, [f"... and {len(rows) - len(shown)} more (--full shows all)", *[""] * (len(rows[0]) - 1)]]
