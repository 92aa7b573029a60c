"""The roofline: what groups reach of what the hardware allows."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import prod
from typing import Any

from looptree.architecture import Architecture, Level
from looptree.report.html.charts import Chart, charts_data, charts_markup
from looptree.report.html.datatable import CYCLES, Cell, Column, DataTable, term_link
from looptree.report.html.markup import joined
from looptree.report.html.page import Section
from looptree.report.html.shown import ShownPlan
from looptree.report.planned import moved_bytes
from looptree.report.text import short_layers
from looptree.units import BYTES, COUNTS
from looptree.workload import Workload


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
    bandwidth = bytes_per_cycle(off_chip)
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


def bytes_per_cycle(level: Level) -> Fraction | None:
    """The most bytes that a level moves per cycle, reads and writes together; `None` where nothing limits them.

    >>> bytes_per_cycle(Level("DRAM", bandwidth_bytes_per_cycle=Fraction(16))), bytes_per_cycle(Level("DRAM"))
    (Fraction(16, 1), None)
    """
    word = Fraction(1) if level.ports is None else Fraction(level.word_bits or 8, 8)
    together = [limit.rate for limit in level.limits if limit.reads and limit.writes]
    reads = [limit.rate for limit in level.limits if not limit.writes]
    writes = [limit.rate for limit in level.limits if not limit.reads]
    if reads and writes:
        together.append(min(reads) + min(writes))
    return min(together) * word if together else None


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
